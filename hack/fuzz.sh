#!/usr/bin/env bash
# Runs every fuzz target of the module, one after the other (go test takes only
# one at a time), each for the duration given: fuzz.sh 30s.
set -euo pipefail
cd "$(dirname "$0")/.."

duration=${1:?usage: fuzz.sh DURATION}

targets=$(git grep --untracked -oE '^func Fuzz[A-Za-z0-9_]+' -- '*_test.go')
while IFS=: read -r file func; do
  target=${func#func }
  echo "fuzz: $target in $(dirname "$file") for $duration"
  go test -run '^$' -fuzz "^$target\$" -fuzztime "$duration" "./$(dirname "$file")"
done <<<"$targets"
