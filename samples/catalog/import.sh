#!/usr/bin/env bash
# Brings this machine's list of packages into the catalog that `mjolnir dev samples/catalog` serves. Again, later: what has changed is replaced.
#   ./import.sh [--data DIR] [--from FILE]   into the server that uses this data folder (usual: .mjolnir beside this file)
#   ./import.sh --print [--from FILE]        only prints the rows, as newline-delimited JSON
#   FILE is what `apt-cache dumpavail` printed, on any machine; without it the command is run.
set -euo pipefail

here=$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")
mjolnir=${MJOLNIR:-$here/../../mjolnir}
data=$here/.mjolnir from= print=
usage="usage: import.sh [--data DIR] [--from FILE] | import.sh --print [--from FILE]"
while [ $# -gt 0 ]; do
  case $1 in
    --data | --from)
      [ $# -ge 2 ] || { echo "$usage" >&2; exit 2; }
      if [ "$1" = --data ]; then data=$2; else from=$2; fi
      shift
      ;;
    --print) print=yes ;;
    *) echo "$usage" >&2; exit 2 ;;
  esac
  shift
done

list() {
  if [ -n "$from" ]; then
    cat -- "$from"
  else
    command -v apt-cache >/dev/null || { echo "import.sh: there is no apt-cache here. On a Debian or Ubuntu: apt-cache dumpavail > packages.txt, then --from packages.txt" >&2; return 1; }
    apt-cache dumpavail
  fi
}

rows() { list | LC_ALL=C awk -f "$here/packages.awk"; }

if [ -n "$print" ]; then
  rows
  exit
fi

folder=$(mktemp -d)
trap 'rm -rf -- "$folder"' EXIT
rows >"$folder/packages.ndjson"
[ -s "$folder/packages.ndjson" ] || { echo "import.sh: the list has no packages. Is it empty? (apt-get update)" >&2; exit 1; }
"$mjolnir" import "$folder/packages.ndjson" --data "$data" --existing replace
