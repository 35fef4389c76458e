#!/usr/bin/env bash
# Say in one line what is missing on this machine, and how to get it.
#   check_machine.sh PYTHON
set -u
python=${1:-python3}
how="on Debian or Ubuntu: sudo apt-get install"

fail() { echo "error: $1" >&2; exit 2; }

command -v git >/dev/null || fail "git is missing; $how git"
command -v "$python" >/dev/null || fail "$python is missing; $how python3 python3-venv"
version=$("$python" -c 'import sys; print("%d.%d" % sys.version_info[:2])')
case "$version" in
  3.11|3.12|3.13) ;;
  *) fail "$python is Python $version; allowed: 3.11, 3.12, 3.13; name another with make PYTHON=python3.12 …" ;;
esac
"$python" -c 'import ensurepip, venv' 2>/dev/null \
  || fail "Python's venv is missing; $how python3-venv"
