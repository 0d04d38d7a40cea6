#!/usr/bin/env bash
# Checks that go.mod and go.sum of every module in the tree are what
# `go mod tidy` would make of them.
set -euo pipefail
cd "$(dirname "$0")/.."

failed=0
while read -r modfile; do
  module=$(dirname "$modfile")
  if (cd "$module" && GOFLAGS=-mod=mod go mod tidy -diff); then
    echo "verify: module $module is tidy"
  else
    echo "verify: module $module is not tidy. Run 'go mod tidy' in that folder." >&2
    failed=1
  fi
done < <(git ls-files --cached --others --exclude-standard -- 'go.mod' '**/go.mod')
exit "$failed"
