#!/usr/bin/env bash
# Let `snakemake --profile NAME` find profiles/NAME of this checkout from any folder.
#   profiles/install.sh NAME
# Makes a link among the user's profiles. What is there already and is not this link stays.
set -euo pipefail
name=${1:?name of a profile}
source=$(cd "$(dirname "${BASH_SOURCE[0]}")/$name" && pwd -P)
folder=${XDG_CONFIG_HOME:-$HOME/.config}/snakemake
link=$folder/$name

if [ -e "$link" ] || [ -L "$link" ]; then
  if [ "$(readlink -f "$link")" = "$source" ]; then
    echo "already there: $link -> $source"
    exit 0
  fi
  echo "error: there is another profile of this name, $link; move it away," \
    "or use snakemake --profile $source" >&2
  exit 2
fi
mkdir -p "$folder"
ln -s "$source" "$link"
echo "$link -> $source; now: snakemake --profile $name …"
