#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# What is in examples/k8s: the chart, rendered as Helm would, and the kustomization make the objects that relevo k8s
# manifests prints, and the shop is taken by a real API server.  What is wrong in values is refused.
set -u
cd "$(dirname "$0")/../.." || exit 1
# shellcheck source=tests/tools/live.sh
. tests/tools/live.sh
# shellcheck source=tests/tools/kube.sh
. tests/tools/kube.sh
tests/kube/binaries kubectl render >/dev/null || exit 77
image=host:5000/team/relevo:2

# normal FILE: its objects, as kustomize writes them.
normal () {
  mkdir -p "$work/normal"
  cp "$1" "$work/normal/all.yaml"
  echo 'resources: [all.yaml]' >"$work/normal/kustomization.yaml"
  kubectl kustomize "$work/normal" || fail "$1 is not read"
}
expect 0 "$relevo" k8s manifests -n shop --image $image
cp "$work/out" "$work/printed.yaml"
normal "$work/printed.yaml" >"$work/printed"
[ "$(grep -c '^kind:' "$work/printed")" = 7 ] || fail "not seven objects: $(grep '^kind:' "$work/printed")"

# ---- the chart ----

echo "image: $image" >"$work/values.yaml"
expect 0 render examples/k8s/chart shop "$work/values.yaml"
cp "$work/out" "$work/rendered.yaml"
normal "$work/rendered.yaml" | diff "$work/printed" - >"$work/diff" || fail "the chart makes something else: $(cat "$work/diff")"
ok
cat >"$work/values.yaml" <<YAML
image: $image
imagePullSecrets: [registry]
replicas: 1
agentCertificates: mine
resources: {limits: {memory: 64Mi}}
YAML
expect 0 render examples/k8s/chart shop "$work/values.yaml"
cp "$work/out" "$work/other.yaml"
normal "$work/other.yaml" >"$work/other"
for line in 'replicas: 1' '- name: registry' 'secretName: mine' 'memory: 64Mi'; do
  grep -qF -e "$line" "$work/other" || fail "no $line: $(cat "$work/other")"
done
echo 'image: ""' >"$work/values.yaml"
expect 1 render examples/k8s/chart shop "$work/values.yaml"
contains "$said" "one that has relevo in it"
ok

# ---- the kustomization, for another namespace, with another image ----

mkdir "$work/k"
cp -r examples/k8s "$work/k/base"
cat >"$work/k/kustomization.yaml" <<YAML
namespace: shop
bases: [base]
images: [{name: registry.example.com/relevo, newName: host:5000/team/relevo, newTag: "2"}]
YAML
kubectl kustomize "$work/k" >"$work/kustomized" || fail "not built"
diff "$work/printed" "$work/kustomized" >"$work/diff" || fail "the kustomization makes something else: $(cat "$work/diff")"
ok

# ---- taken by a server ----

start_kube
kubectl create namespace shop >/dev/null
kubectl create namespace relevo >/dev/null
expect 0 kubectl apply --dry-run=server -f "$work/other.yaml"
expect 0 kubectl apply -k examples/k8s
[ "$(echo "$out" | grep -c created)" = 7 ] || fail "not seven: $out"
expect 0 kubectl wait --timeout=60s --for=condition=Established crd/beamreleases.relevo.dev crd/beamdeployments.relevo.dev
expect 0 kubectl apply --dry-run=server -k examples/k8s/shop
[ "$(echo "$out" | grep -c 'created (server dry run)')" = 4 ] || fail "not four: $out"
expect 0 kubectl apply -k examples/k8s/shop
[ "$(kubectl get statefulset -n shop shop -o 'jsonpath={.spec.updateStrategy.type} {.spec.template.spec.containers[*].name}')" = "OnDelete app relevo-agent" ] ||
  fail "not patched: $(kubectl get statefulset -n shop shop -o yaml)"
ok
echo "ok: $checks checks"
