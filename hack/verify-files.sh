#!/usr/bin/env bash
# Checks what every file of the tree owes: Go code is formatted and begins with
# the two-line header, and no file names a path that exists on one machine only or
# the host of a package registry, which only somebody's own setup should know.
set -euo pipefail
cd "$(dirname "$0")/.."

failed=0
complain() { # what files
  echo "verify: $1:" >&2
  echo "$2" | sed 's/^/  /' >&2
  failed=1
}

files() { # patterns: the files that are there, tracked or new
  git ls-files --cached --others --exclude-standard --deduplicate -- "$@" | while read -r file; do
    [ -e "$file" ] && echo "$file"
  done || true
}

unformatted=$(files '*.go' | xargs -r gofmt -s -l)
[ -z "$unformatted" ] || complain "not formatted, run 'make fmt'" "$unformatted"

header=$(cat hack/boilerplate/boilerplate.go.txt)
headless=$(files '*.go' | while read -r file; do
  # A build constraint may stand before the header.
  cmp -s <(head -n 4 "$file" | grep -v -e '^//go:build' -e '^$' | head -n 2) <(echo "$header") || echo "$file"
done)
[ -z "$headless" ] || complain "without the header in hack/boilerplate/boilerplate.go.txt" "$headless"

places='(^|[^[:alnum:]_.-])/(work|root|home/[a-z]+)/[[:alnum:]_.-]'
hosts='(proxy|sum)[.]golang[.]org|registry[.]npmjs[.]org|deb[.]debian[.]org'
named=$(files | xargs -r grep -InE -e "$places" -e "$hosts" || true)
[ -z "$named" ] || complain "names a path of one machine or a registry's host" "$named"

[ "$failed" = 0 ] && echo "verify: formatting, headers and paths are as they should be"
exit "$failed"
