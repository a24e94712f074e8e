#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# relevo k8s install on a real API server: what it prints is there, twice is once, what others have set
# is theirs, who may not is told so.
set -u
cd "$(dirname "$0")/../.." || exit 1
# shellcheck source=tests/tools/live.sh
. tests/tools/live.sh
# shellcheck source=tests/tools/kube.sh
. tests/tools/kube.sh
start_kube

# No namespace of that name: the kinds are there before, and the same command goes on.
expect 3 "$relevo" k8s install -n shop
contains "$said" 'namespaces "shop" not found'
contains "$said" "3 objects were applied before that"
kubectl create namespace shop >/dev/null
expect 0 "$relevo" k8s install -n shop --json
check_document "k8s install" "k8s install"
[ "$(jq -r '[.objects[].change] | join(" ")' "$work/out")" = "unchanged unchanged unchanged created created created" ] ||
  fail "$out"
for kind in beamdeployments beamreleases beamupgrades; do
  expect 0 "$kube" ask GET /apis/relevo.dev/v1alpha1/namespaces/shop/$kind
done
ok

# It is what the manifests say, also where texts are empty (the core's group).
expect 0 "$relevo" k8s manifests -n shop
cp "$work/out" "$work/manifests.yaml"
kubectl get role -n shop relevo-operator -o json | jq -S .rules >"$work/installed"
kubectl create --dry-run=client -o json -f "$work/manifests.yaml" | jq -S 'select(.kind == "Role") | .rules' >"$work/printed"
diff "$work/printed" "$work/installed" >"$work/diff" || fail "the role is another: $(cat "$work/diff")"
kubectl auth can-i create pods --subresource=eviction -n shop --as system:serviceaccount:shop:relevo-operator >/dev/null || fail "it may not"
ok

expect 0 "$relevo" k8s install -n shop
[ "$(echo "$out" | grep -c unchanged)" = 6 ] || fail "twice is not once: $out"
contains "$out" "$kube_url, namespace shop"
ok

# Somebody else's change is theirs.
kubectl label --overwrite --field-manager=them role -n shop relevo-operator app.kubernetes.io/name=theirs >/dev/null
expect 7 "$relevo" k8s install -n shop
contains "$said" conflict
[ "$(kubectl get role -n shop relevo-operator -o 'jsonpath={.metadata.labels.app\.kubernetes\.io/name}')" = theirs ] ||
  fail "it was taken"
expect 0 "$relevo" k8s install -n shop --force
[ "$(echo "$out" | grep -c changed)" = 6 ] || fail "$out"
[ "$(kubectl get role -n shop relevo-operator -o 'jsonpath={.metadata.labels.app\.kubernetes\.io/name}')" = relevo ] ||
  fail "it was not taken"
ok

# Another namespace, by the context; somebody who may not; nowhere.
kubectl create namespace other >/dev/null
kubectl config set-context test --namespace other >/dev/null
expect 0 "$relevo" k8s install
contains "$out" "namespace other"
kubeconfig "$work/nobody" '{token: token-of-nobody}'
expect 2 "$relevo" k8s install --kubeconfig "$work/nobody"
contains "$said" 'User "nobody" cannot get'
contains "$said" "0 objects were applied"
expect 2 "$relevo" k8s install --context nowhere
contains "$said" "no context nowhere"
expect 3 env KUBECONFIG="$work/none" "$relevo" k8s install
contains "$said" "nothing says where Kubernetes is"
expect 3 "$relevo" k8s install --kubeconfig "$work/none"
ok
echo "ok: $checks checks"
