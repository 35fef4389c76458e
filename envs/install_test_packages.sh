#!/usr/bin/env bash
# The tests look at pages in a real browser and run jobs on a throw-away SLURM and a throw-away PostgreSQL: install what
# is missing of these, on Debian and Ubuntu. Does nothing where all is there.
set -euo pipefail
PATH=$PATH:/usr/sbin:/sbin
have() { command -v "$1" >/dev/null; }
packages=()
if [ "${SCOPE_NO_CHROMIUM:-}" != 1 ] && ! have chromium && ! have chromium-browser; then
  # Ubuntu has it under another name, as a snap.
  grep -qi '^ID=ubuntu' /etc/os-release 2>/dev/null && packages+=(chromium-browser) || packages+=(chromium)
fi
# It builds the GPU's kernels for this processor, so that they can be tested without a card.
have g++ || packages+=(g++)
# Its votlint reads the VOTables as TOPCAT does.
have stilts || packages+=(stilts)
if [ "${SCOPE_NO_SLURM:-}" != 1 ]; then
  have slurmctld || packages+=(slurmctld)
  have slurmd || packages+=(slurmd)
  have sbatch || packages+=(slurm-client)
  have munged || packages+=(munge)
fi
if [ "${SCOPE_NO_POSTGRES:-}" != 1 ] && ! have initdb && ! ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1; then
  packages+=(postgresql)
fi
[ "${#packages[@]}" -gt 0 ] || exit 0

sudo=""
[ "$(id -u)" = 0 ] || sudo="sudo"
if ! command -v apt-get >/dev/null || { [ -n "$sudo" ] && ! command -v sudo >/dev/null; }; then
  echo "error: the tests need: ${packages[*]}; install them, or set SCOPE_NO_CHROMIUM=1," \
    "SCOPE_NO_SLURM=1 and SCOPE_NO_POSTGRES=1 to leave those tests out" >&2
  exit 2
fi
echo "Installing for the tests: ${packages[*]} …"
$sudo apt-get -qq update
$sudo env DEBIAN_FRONTEND=noninteractive \
  apt-get -qq install -y --no-install-recommends "${packages[@]}" >/dev/null
