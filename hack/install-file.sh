#!/usr/bin/env bash
# Makes dist/install.yaml: config/default in one file, with the image given.
set -euo pipefail
cd "$(dirname "$0")/.."

image=${1:?usage: install-file.sh IMAGE}
kustomize=$PWD/bin/tools/kustomize
overlay=$PWD/dist/overlay

mkdir -p "$overlay"
trap 'rm -rf "$overlay"' EXIT
cd "$overlay"
rm -f kustomization.yaml
"$kustomize" create --resources ../../config/default
"$kustomize" edit set image "agentconnect/x-operator=$image"
"$kustomize" build . --output ../install.yaml
echo "dist/install.yaml"
