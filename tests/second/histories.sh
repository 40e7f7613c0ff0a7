#!/usr/bin/env bash
# Random histories, made and evaluated by the program, evaluated again by tests/second/against.py: both find the same.
# SPECOLA_HISTORIES=N: so many (default 3); SPECOLA_SEED=N: from this seed on.
set -euo pipefail
T=$(mktemp -d)
trap 'rm -rf "$T"' EXIT
"$1" "$T" "${SPECOLA_HISTORIES:-3}" ${SPECOLA_SEED:+"$SPECOLA_SEED"} >"$T/said" 2>&1 || { cat "$T/said"; exit 1; }
grep SPECOLA_SEED "$T/said" || true
/usr/bin/python3 "$(dirname "${BASH_SOURCE[0]}")/against.py" "$T"
