#!/usr/bin/env bash
# Builds every kustomization under config/. (That a real API server takes what
# they make is a test: config/manifests_test.go.)
set -euo pipefail
cd "$(dirname "$0")/.."

failed=0
while read -r file; do
  # A component is built through an overlay that uses it.
  grep -q '^kind: Component$' "$file" && continue
  folder=$(dirname "$file")
  if bin/tools/kustomize build "$folder" >/dev/null; then
    echo "verify: $folder builds"
  else
    echo "verify: $folder does not build" >&2
    failed=1
  fi
done < <(git ls-files --cached --others --exclude-standard -- 'config/**/kustomization.yaml')
exit "$failed"
