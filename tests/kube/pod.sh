#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# What a pod has: a token, an authority and a namespace in files, the server in the environment.  As the
# service account of the operator it may what its role says, the Lease among it, and no more.
set -u
cd "$(dirname "$0")/../.." || exit 1
# shellcheck source=tests/tools/live.sh
. tests/tools/live.sh
# A /run of its own is where a pod's files are; as root, or where users may be root of their own.
unshare -rm mount -t tmpfs none /run 2>/dev/null || { echo "skip: no mount namespaces"; exit 77; }
# shellcheck source=tests/tools/kube.sh
. tests/tools/kube.sh
start_kube

kubectl create namespace shop >/dev/null
expect 0 "$relevo" k8s install -n shop
account=/api/v1/namespaces/shop/serviceaccounts/relevo-operator
echo '{"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": {}}' >"$work/request.json"
expect 0 "$kube" ask POST "$account/token" "$work/request.json"
jq -j .status.token "$work/out" >"$work/token"
[ -s "$work/token" ] || fail "no token: $out"

cat >"$work/in_pod" <<'SH'
mount -t tmpfs none /run
files=/run/secrets/kubernetes.io/serviceaccount
mkdir -p $files
cp "$1/token" $files/token
cp "$1/pki/ca.crt" $files/ca.crt
printf shop >$files/namespace
shift
exec "$@"
SH
# $pod COMMAND...: in it, the process that was started itself.
pod=$work/pod
cat >"$pod" <<SH
#!/bin/sh
exec env -u KUBECONFIG HOME=/nowhere KUBERNETES_SERVICE_HOST=127.0.0.1 KUBERNETES_SERVICE_PORT=$kube_port \\
  unshare -rm sh "$work/in_pod" "$work" "\$@"
SH
chmod +x "$pod"
[ "$(readlink -f /var/run)" = /run ] || { echo "skip: /var/run is not /run"; exit 77; }

expect 0 "$pod" "$kube" ask GET /api/v1/namespaces/shop/pods
contains "$out" '"kind":"PodList"'
expect 2 "$pod" "$kube" ask GET /api/v1/namespaces/shop/secrets
contains "$said" 'User "system:serviceaccount:shop:relevo-operator" cannot list'
expect 2 "$pod" "$kube" ask GET /api/v1/namespaces/default/pods
ok

# The Lease of that name, and no other.
"$pod" "$kube" elect relevo-operator pod-1 60 >"$work/elected" 2>&1 &
elected=$!
pids="$pids $elected"
leads () { grep -qx 'leads 1' "$work/elected"; }
wait_for 60 leads || fail "it does not lead: $(cat "$work/elected")"
[ "$(kubectl get lease -n shop relevo-operator -o 'jsonpath={.spec.holderIdentity}')" = pod-1 ] || fail "no Lease"
kill "$elected"
wait "$elected" || fail "it ended with $?: $(cat "$work/elected")"
ok

# What the operator watches and writes.
cat >"$work/deployment.json" <<'JSON'
{"apiVersion": "relevo.dev/v1alpha1", "kind": "BeamDeployment", "metadata": {"name": "shop", "namespace": "shop"},
 "spec": {"workloadRef": {"kind": "StatefulSet", "name": "shop"}, "releaseRef": {"name": "shop-1.1.0"}}}
JSON
path=/apis/relevo.dev/v1alpha1/namespaces/shop/beamdeployments
expect 0 kubectl apply -f "$work/deployment.json"
"$pod" "$kube" watch $path 60 >"$work/heard" 2>&1 &
watcher=$!
pids="$pids $watcher"
hears () { grep -q "^$1 shop/shop " "$work/heard"; }
wait_for 60 hears added || fail "not heard: $(cat "$work/heard")"
echo '{"apiVersion": "relevo.dev/v1alpha1", "kind": "BeamDeployment", "metadata": {"name": "shop", "namespace": "shop"},
 "status": {"observedGeneration": 1, "fencingToken": 1}}' >"$work/status.json"
expect 0 "$pod" "$kube" apply $path/shop/status "$work/status.json"
wait_for 60 hears changed || fail "not heard: $(cat "$work/heard")"
kill "$watcher"
wait "$watcher" || fail "the watch ended with $?"
expect 2 "$pod" "$kube" ask DELETE $path/shop
contains "$said" "cannot delete"
ok

# Without its files it is no pod.
rm "$work/token"
expect 2 "$pod" "$kube" ask GET /api/v1/namespaces/shop/pods
contains "$said" "/var/run/secrets/kubernetes.io/serviceaccount/token"
ok
echo "ok: $checks checks"
