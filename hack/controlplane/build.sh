#!/usr/bin/env bash
# Builds etcd, kube-apiserver, kube-controller-manager and kubectl from Go
# modules into a cache outside the work tree, and prints that folder's path
# (what KUBEBUILDER_ASSETS wants) on standard output; progress goes to standard
# error. Binaries that are there already are kept. Interrupted, it loses the one
# binary under way; run twice at once, the second run waits for the first.
set -euo pipefail

if [ -n "${KUBEBUILDER_ASSETS:-}" ]; then
  echo "control plane: using KUBEBUILDER_ASSETS=$KUBEBUILDER_ASSETS" >&2
  echo "$KUBEBUILDER_ASSETS"
  exit 0
fi

cd "$(dirname "$0")"
# The work tree's own go settings must not leak into the nested module.
export GOWORK=off GOFLAGS=-mod=readonly CGO_ENABLED=0

required() { # module: the version go.mod requires
  awk -v module="$1" '$1 == module && $2 ~ /^v/ { print $2 }' go.mod
}
kube_version=$(required k8s.io/kubernetes)
etcd_version=$(required go.etcd.io/etcd/server/v3)
inputs=$(cat go.mod go.sum build.sh | sha256sum | cut -c1-12)
dir="${XDG_CACHE_HOME:-$HOME/.cache}/x-operator/controlplane/$kube_version-$inputs"
mkdir -p "$dir"

# Which component, of which package, stamped with which version.
stamp="-X k8s.io/component-base/version.gitVersion=$kube_version"
stamp+=" -X k8s.io/client-go/pkg/version.gitVersion=$kube_version"
components=(
  "etcd go.etcd.io/etcd/server/v3"
  "kube-apiserver k8s.io/kubernetes/cmd/kube-apiserver"
  "kube-controller-manager k8s.io/kubernetes/cmd/kube-controller-manager"
  "kubectl k8s.io/kubernetes/cmd/kubectl"
)

build() { # name package step
  local name=$1 package=$2 step=$3 started=$SECONDS
  if [ -x "$dir/$name" ]; then
    return
  fi
  echo "control plane: [$step/${#components[@]}] building $name (the first time takes minutes)..." >&2
  go build -trimpath -ldflags "-s -w $stamp" -o "$dir/.$name.tmp" "$package" >&2 &
  local compiler=$!
  trap 'kill "$compiler" 2>/dev/null || true; exit 130' INT TERM
  while kill -0 "$compiler" 2>/dev/null; do
    sleep 1
    if (( (SECONDS - started) % 30 == 29 )); then
      echo "control plane: [$step/${#components[@]}] $name: $((SECONDS - started)) s so far" >&2
    fi
  done
  wait "$compiler"
  trap - INT TERM
  mv "$dir/.$name.tmp" "$dir/$name"
  echo "control plane: [$step/${#components[@]}] $name built in $((SECONDS - started)) s" >&2
}

exec 9>"$dir/.lock"
if ! flock -n 9; then
  echo "control plane: another build is under way, waiting for it" >&2
  flock 9
fi
step=0
for component in "${components[@]}"; do
  step=$((step + 1))
  build ${component} "$step"
done
echo "control plane: Kubernetes $kube_version, etcd $etcd_version in $dir" >&2
echo "$dir"
