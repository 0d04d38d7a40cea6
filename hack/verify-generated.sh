#!/usr/bin/env bash
# Proves that what is generated is current: copies the tree (tracked files and
# new ones, not ignored ones), removes what generators write, generates there and
# compares. So it changes nothing here, and sees a file that nobody committed as
# well as one that nothing makes any more.
set -euo pipefail
cd "$(dirname "$0")/.."
tools=$PWD/bin/tools

copy=$(mktemp -d)
trap 'rm -rf "$copy"' EXIT
git ls-files -z --cached --others --exclude-standard |
  tar --null --files-from=- --ignore-failed-read -cf - 2>/dev/null |
  tar -xf - -C "$copy"

cd "$copy"
git init -q
git add --all
find . -name 'zz_generated.*.go' -delete
rm -f config/crd/bases/*.yaml docs/api.md
make --no-print-directory generate TOOLS="$tools"

new=$(git ls-files --others --exclude-standard)
if ! git diff --exit-code || [ -n "$new" ]; then
  echo "verify: generated files differ from the committed ones. Run 'make generate' and commit the result." >&2
  echo "${new:+verify: not committed: $new}" >&2
  exit 1
fi
echo "verify: generated files are current"
