#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# What relevo k8s manifests prints, told to a real API server: it takes all of it, the kinds hold what
# is meant and nothing else, the role allows what it says and no more.
set -u
cd "$(dirname "$0")/../.." || exit 1
# shellcheck source=tests/tools/live.sh
. tests/tools/live.sh
# shellcheck source=tests/tools/kube.sh
. tests/tools/kube.sh
start_kube

kubectl create namespace shop >/dev/null
expect 0 "$relevo" k8s manifests -n shop
cp "$work/out" "$work/manifests.yaml"
expect 0 kubectl apply --dry-run=server -f "$work/manifests.yaml"
[ "$(echo "$out" | grep -c 'created (server dry run)')" = 6 ] || fail "not six objects: $out"
expect 0 kubectl apply -f "$work/manifests.yaml"
expect 0 kubectl wait --timeout=60s --for=condition=Established crd/beamreleases.relevo.dev \
  crd/beamdeployments.relevo.dev crd/beamupgrades.relevo.dev
for crd in beamreleases beamdeployments beamupgrades; do
  faults=$(kubectl get crd $crd.relevo.dev -o 'jsonpath={.status.conditions[?(@.type=="NonStructuralSchema")]}')
  [ -z "$faults" ] || fail "$crd: $faults"
done
expect 0 kubectl apply -f "$work/manifests.yaml"
[ "$(echo "$out" | grep -c unchanged)" = 6 ] || fail "the same again is something else: $out"
ok

# What runs the operator, where an image is named.
expect 0 "$relevo" k8s manifests -n shop --image host:5000/relevo:1
cp "$work/out" "$work/operator.yaml"
expect 0 kubectl apply --dry-run=server -f "$work/operator.yaml"
contains "$out" "deployment.apps/relevo-operator created (server dry run)"
ok

# ---- objects ----

digest=sha256:$(printf '%064d' 7)
release () {
  cat <<YAML
apiVersion: relevo.dev/v1alpha1
kind: BeamRelease
metadata: {name: shop-1.1.0, namespace: shop}
spec:
  release: shop
  version: 1.1.0
  digest: $digest
  source: https://store.test/shop
YAML
}
deployment () {
  cat <<YAML
apiVersion: relevo.dev/v1alpha1
kind: BeamDeployment
metadata: {name: shop, namespace: shop}
spec:
  workloadRef: {kind: StatefulSet, name: shop}
  releaseRef: {name: shop-1.1.0}
  strategy:
    maxUnavailable: 25%
    waves:
    - {name: canary, pods: 1, pause: {type: Manual}}
    - {name: half, pods: 50%, minHealthySeconds: 120}
YAML
}
upgrade () {
  cat <<YAML
apiVersion: relevo.dev/v1alpha1
kind: BeamUpgrade
metadata: {name: shop-1, namespace: shop}
spec: {deploymentName: shop, toRevision: $digest, mode: Hot, attempt: 1}
YAML
}
for kind in release deployment upgrade; do
  $kind >"$work/$kind.yaml"
  expect 0 kubectl apply -f "$work/$kind.yaml"
  ok
done
# Those of the guide are taken, too.
# shellcheck disable=SC2016 # no command
sed -n '/^```yaml$/,/^```$/{/^```/!p}' docs/kubernetes.md >"$work/guide.yaml"
expect 0 kubectl apply --dry-run=server -f "$work/guide.yaml"
[ "$(echo "$out" | grep -c 'server dry run')" = 2 ] || fail "the guide: $out"
ok
get () { kubectl get -n shop "$1" "$2" -o "jsonpath={$3}"; }
is () { [ "$(get "$1" "$2" "$3")" = "$4" ] || fail "$1 $2 $3 is $(get "$1" "$2" "$3"), not $4"; ok; }
is bd shop .spec.strategy.upgradePolicy HotIfPossible
is bd shop '.spec.strategy.waves[0].minHealthySeconds' 60
is bd shop .spec.strategy.commit.policy AfterPromotion
is bd shop .spec.progressDeadlineSeconds 900
is bd shop .spec.workloadRef.apiVersion apps/v1
is bup shop-1 .spec.attempt 1
expect 0 kubectl get -n shop all
for name in beamdeployment beamrelease beamupgrade; do contains "$out" $name.relevo.dev/shop; done
ok

# wrong KIND SED WHAT: the object, changed like that, is refused with that word.
wrong () {
  sed "$2" "$work/$1.yaml" >"$work/wrong.yaml"
  cmp -s "$work/wrong.yaml" "$work/$1.yaml" && fail "$2 changes nothing"
  expect 1 kubectl apply --dry-run=server --validate=false -f "$work/wrong.yaml"
  contains "$said" "$3"
  ok
}
wrong release 's/sha256:/md5:/' spec.digest
wrong release 's/release: shop/release: "..\/shop"/' spec.release
wrong release '/source:/d' spec.source
wrong deployment 's/maxUnavailable: 25%/maxUnavailable: 0/' maxUnavailable
wrong deployment 's/maxUnavailable: 25%/maxUnavailable: 120%/' maxUnavailable
wrong deployment 's/kind: StatefulSet/kind: DaemonSet/' workloadRef.kind
wrong deployment 's/name: half/name: canary/' Duplicate
wrong deployment 's/type: Manual/type: Never/' pause.type
wrong deployment 's/minHealthySeconds: 120/minHealthySeconds: 2m/' minHealthySeconds
wrong deployment 's/maxUnavailable: 25%/mixedVersionPolicy: Never/' mixedVersionPolicy
wrong upgrade 's/attempt: 1/attempt: 0/' attempt
wrong upgrade 's/mode: Hot/mode: Later/' spec.mode

# What can be wished is read by somebody: each field is named in the sources.
kubectl get crd beamdeployments.relevo.dev beamreleases.relevo.dev -o json | jq -r '[.items[].spec.versions[0].schema
  .openAPIV3Schema.properties.spec | .. | .properties? // empty | keys[]] | unique[]' >"$work/fields"
[ "$(wc -l <"$work/fields")" -gt 30 ] || fail "these are not all fields: $(cat "$work/fields")"
while read -r field; do
  grep -q "\"$field\"" k8s/*.c || fail "nobody reads the field $field"
done <"$work/fields"
ok

# ---- the status, by the client, is a thing of its own ----

status () {
  cat >"$work/status.json" <<JSON
{"apiVersion": "relevo.dev/v1alpha1", "kind": "BeamDeployment", "metadata": {"name": "shop", "namespace": "shop"},
 "status": {"observedGeneration": 1, "stableRevision": "$digest", "updatedReplicas": 3, "currentWaveName": "half",
  "conditions": [{"type": "Ready", "status": "$1", "observedGeneration": 1, "lastTransitionTime": "2026-01-02T03:04:05Z",
   "reason": "$2", "message": "as it should be"}]}}
JSON
}
path=/apis/relevo.dev/v1alpha1/namespaces/shop/beamdeployments/shop
status False WaveSoaking
expect 0 "$kube" apply "$path/status" "$work/status.json"
echo '{"spec": {"paused": true}}' >"$work/spec.json"
expect 0 "$kube" ask PATCH "$path/status" "$work/spec.json" application/merge-patch+json
is bd shop .spec.paused false
is bd shop .metadata.generation 1
expect 1 kubectl wait -n shop --timeout=1s --for=condition=Ready bd/shop
status True Committed
expect 0 "$kube" apply "$path/status" "$work/status.json"
expect 0 kubectl wait -n shop --timeout=60s --for=condition=Ready bd/shop
expect 0 kubectl get -n shop bd
contains "$out" "RELEASE"
contains "$out" "shop-1.1.0"
contains "$out" "Committed"
ok
status True "not one word"
expect 2 "$kube" apply "$path/status" "$work/status.json"
contains "$said" "conditions.reason"
ok

# ---- the role ----

may () { kubectl auth can-i "$@" --as system:serviceaccount:shop:relevo-operator >/dev/null 2>&1; }
while read -r verb what; do
  # shellcheck disable=SC2086 # words
  may $verb $what -n shop || fail "it may not $verb $what"
done <<LIST
list beamdeployments.relevo.dev
patch beamdeployments.relevo.dev --subresource=status
create beamupgrades.relevo.dev
watch pods
create pods --subresource=eviction
list deployments.apps
create leases.coordination.k8s.io
update leases.coordination.k8s.io/relevo-operator
create events.events.k8s.io
LIST
ok
while read -r verb what; do
  # shellcheck disable=SC2086
  may $verb $what && fail "it may $verb $what"
done <<LIST
delete pods -n shop
patch pods -n shop
patch statefulsets.apps -n shop
create pods --subresource=exec -n shop
get secrets -n shop
update leases.coordination.k8s.io/another -n shop
create beamdeployments.relevo.dev -n shop
delete statefulsets.apps -n shop
list pods -n default
list nodes
create rolebindings.rbac.authorization.k8s.io -n shop
LIST
ok
echo "ok: $checks checks"
