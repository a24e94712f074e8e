#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The client of k8s/ against a real API server: who we are in each of the ways there are, requests and
# what the server says of them, lists and watches that break.
# Parts: credentials requests watch
set -u
cd "$(dirname "$0")/../.." || exit 1
# shellcheck source=tests/tools/live.sh
. tests/tools/live.sh
# shellcheck source=tests/tools/kube.sh
. tests/tools/kube.sh
start_kube

maps=/api/v1/namespaces/default/configmaps
# config_map NAME KEY VALUE: a file with one, as JSON.
config_map () {
  echo "{\"apiVersion\":\"v1\",\"kind\":\"ConfigMap\",\"metadata\":{\"name\":\"$1\",\"namespace\":\"default\"},\"data\":{\"$2\":\"$3\"}}" >"$work/$1.json"
}
is_admin () { expect 0 "$kube" ask GET "$maps"; contains "$out" '"kind":"ConfigMapList"'; ok; }

if in_part credentials; then
  # ---- a certificate, in files and inside ----
  is_admin
  kubeconfig "$work/data" "{client-certificate-data: $(base64 -w0 "$pki/admin.crt"), client-key-data: $(base64 -w0 "$pki/admin.key")}"
  sed -i "s|certificate-authority: [^}]*|certificate-authority-data: $(base64 -w0 "$pki/ca.crt")|" "$work/data"
  export KUBECONFIG="$work/data"
  is_admin

  # ---- tokens ----
  kubeconfig "$work/token" '{token: token-of-admin}'
  KUBECONFIG=$work/token is_admin
  echo token-of-admin >"$work/a-token"
  kubeconfig "$work/token_file" '{token: nobodys, tokenFile: a-token}'
  KUBECONFIG=$work/token_file is_admin
  kubeconfig "$work/nobody" '{token: token-of-nobody}'
  export KUBECONFIG="$work/nobody"
  expect 2 "$kube" ask GET "$maps"
  contains "$said" 'configmaps is forbidden: User "nobody" cannot list'
  contains "$said" "kubectl auth can-i"
  ok
  kubeconfig "$work/stranger" '{token: no-such-token}'
  KUBECONFIG=$work/stranger expect 2 "$kube" ask GET "$maps"
  contains "$said" "Unauthorized, 401"
  contains "$said" "log in again"
  ok
  kubeconfig "$work/as" "{client-certificate: $pki/admin.crt, client-key: $pki/admin.key, as: nobody}"
  KUBECONFIG=$work/as expect 2 "$kube" ask GET "$maps"
  contains "$said" 'User "nobody" cannot list'
  ok

  # ---- a program; it is asked once more when its token is not taken ----
  cat >"$work/who" <<'SH'
#!/bin/sh
echo asked >>"$COUNT"
case $KUBERNETES_EXEC_INFO in *'"interactive":false'*) ;; *) exit 9 ;; esac
token=$1
[ "$(wc -l <"$COUNT")" = 1 ] || token=token-of-admin
echo "{\"apiVersion\":\"client.authentication.k8s.io/v1beta1\",\"kind\":\"ExecCredential\",\"status\":{\"token\":\"$token\"}}"
SH
  chmod +x "$work/who"
  kubeconfig "$work/program" "{exec: {apiVersion: client.authentication.k8s.io/v1beta1, command: ./who, args: ['old; touch $work/shell'], env: [{name: COUNT, value: $work/count}]}}"
  export KUBECONFIG="$work/program"
  expect 2 "$kube" ask GET "$maps"
  contains "$said" "there is no token in it"
  rm -f "$work/count"
  sed -i "s|old; touch [^']*|old|" "$work/program"
  is_admin
  [ "$(wc -l <"$work/count")" = 2 ] || fail "the program was run $(wc -l <"$work/count") times"
  [ ! -e "$work/shell" ] || fail "a shell ran"
  ok
  sed -i "s|./who|./nobody-has-this|; s|{exec: {|{exec: {installHint: get it from the shop, |" "$work/program"
  expect 2 "$kube" ask GET "$maps"
  contains "$said" "get it from the shop"
  ok

  # ---- the server's certificate ----
  kubeconfig "$work/other_ca" '{token: token-of-admin}'
  sed -i "s|certificate-authority: [^}]*|certificate-authority: $pki/admin.crt|" "$work/other_ca"
  KUBECONFIG=$work/other_ca expect 3 "$kube" ask GET "$maps"
  contains "$said" certificate
  sed -i "s|certificate-authority: [^}]*|insecure-skip-tls-verify: true|" "$work/other_ca"
  KUBECONFIG=$work/other_ca is_admin
  kubeconfig "$work/named" '{token: token-of-admin}'
  sed -i "s|https://127.0.0.1|https://localhost|" "$work/named"
  KUBECONFIG=$work/named expect 3 "$kube" ask GET "$maps"
  contains "$said" "subject name"
  sed -i "s|cluster: {server|cluster: {tls-server-name: kubernetes.test, server|" "$work/named"
  KUBECONFIG=$work/named is_admin

  # ---- several files ----
  cat >"$work/first" <<YAML
current-context: theirs
users: [{name: one, user: {token: token-of-nobody}}]
YAML
  KUBECONFIG=$work/not-there:$work/first:$work/token CONTEXT=test expect 2 "$kube" ask GET "$maps"
  contains "$said" 'User "nobody"'
  KUBECONFIG=$work/first:$work/token expect 2 "$kube" ask GET "$maps"
  contains "$said" "there is no context theirs"
  ok
  export KUBECONFIG="$work/kubeconfig"
fi

if in_part requests; then
  config_map one a 1
  expect 0 "$kube" ask POST "$maps" "$work/one.json"
  expect 7 "$kube" ask POST "$maps" "$work/one.json"
  contains "$said" "AlreadyExists, 409"
  expect 3 "$kube" ask GET "$maps/two"
  contains "$said" 'configmaps "two" not found'
  expect 3 "$kube" ask GET /apis/example.com/v1/things
  echo '{"data":{"a":"2"}}' >"$work/patch.json"
  expect 0 "$kube" ask PATCH "$maps/one" "$work/patch.json" application/merge-patch+json
  contains "$out" '"a":"2"'
  ok
  # An old resourceVersion.
  expect 0 "$kube" ask GET "$maps/one"
  cp "$work/out" "$work/old.json"
  echo '{"data":{"a":"3"}}' >"$work/patch.json"
  expect 0 "$kube" ask PATCH "$maps/one" "$work/patch.json" application/merge-patch+json
  expect 7 "$kube" ask PUT "$maps/one" "$work/old.json"
  contains "$said" "Conflict, 409"
  ok
  # What the server does not like.
  echo '{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"No_Name"}}' >"$work/bad.json"
  expect 2 "$kube" ask POST "$maps" "$work/bad.json"
  contains "$said" "Invalid, 422"
  ok
  # Server-side apply: fields of another are theirs until they are taken.
  config_map shared a ours
  expect 0 "$kube" apply "$maps/shared" "$work/shared.json"
  config_map theirs a theirs
  sed -i 's/"name":"theirs"/"name":"shared"/' "$work/theirs.json"
  expect 0 kubectl apply --server-side --force-conflicts --field-manager=them -f "$work/theirs.json"
  expect 7 "$kube" apply "$maps/shared" "$work/shared.json"
  contains "$said" 'conflict with "them"'
  expect 0 "$kube" apply "$maps/shared" "$work/shared.json" force
  [ "$(kubectl get configmap shared -o 'jsonpath={.data.a}')" = ours ] || fail "not ours"
  expect 0 "$kube" ask DELETE "$maps/shared"
  expect 3 "$kube" ask GET "$maps/shared"
  ok
  # Nobody there, somebody else there.
  kubeconfig "$work/closed" '{token: x}'
  sed -i "s|$kube_url|https://127.0.0.1:1|" "$work/closed"
  KUBECONFIG=$work/closed expect 3 "$kube" ask GET "$maps"
  contains "$said" "https://127.0.0.1:1$maps: "
  kubeconfig "$work/etcd_there" '{}'
  sed -i "s|$kube_url|$etcd_url|" "$work/etcd_there"
  KUBECONFIG=$work/etcd_there expect 3 "$kube" ask GET "$maps"
  KUBECONFIG=$work/etcd_there expect 2 "$kube" ask GET /metrics
  contains "$said" "is no Kubernetes"
  ok
fi

if in_part watch; then
  heard () { grep -qx "$1" "$work/heard"; }
  hear () { wait_for 60 heard "$1" || fail "not heard: $1: $(cat "$work/heard")"; }
  add () { kubectl create configmap "$1" >/dev/null || fail "$1"; }
  for name in a b; do add $name; done
  "$kube" watch "$maps" 2 >"$work/heard" 2>&1 &
  watcher=$!
  pids="$pids $watcher"
  hear "synced - -"
  hear "added default/a .*"
  add c
  hear "added default/c .*"
  kubectl patch configmap c -p '{"data":{"x":"1"}}' >/dev/null
  hear "changed default/c .*"
  kubectl delete configmap b >/dev/null
  hear "gone default/b .*"
  ok

  # Watches that the server closes after two seconds say nothing twice, and lose nothing.
  before=$(wc -l <"$work/heard")
  watched () {
    [ "$(kubectl get --raw /metrics | sed -n \
      's/^apiserver_request_total{.*resource="configmaps".*verb="WATCH".* //p' | head -n 1)" -ge 2 ]
  }
  wait_for 60 watched || fail "no watch was closed"
  add d
  hear "added default/d .*"
  [ "$(wc -l <"$work/heard")" = $((before + 1)) ] || fail "more was heard: $(tail -n 3 "$work/heard")"
  ok

  # The server dies, things change after it is back, also while nobody watched; nothing is ever gone
  # that was not deleted.
  stop_apiserver
  hear "failed https.*"
  start_apiserver
  kubectl delete configmap a >/dev/null
  add e
  hear "gone default/a .*"
  hear "added default/e .*"
  [ "$(grep -c '^gone' "$work/heard")" = 2 ] || fail "gone: $(grep '^gone' "$work/heard")"
  [ "$(grep -c '^added default/c' "$work/heard")" = 1 ] || fail "c was added twice"
  ok

  # 410: it is stopped, all that it knows is compacted away, and it goes on.
  kill -STOP "$watcher"
  stop_apiserver
  start_apiserver --watch-cache=false
  add f
  kubectl delete configmap c >/dev/null
  add g
  revision=$(etcd_ctl get --write-out=json x | jq .header.revision)
  expect 0 etcd_ctl compact "$revision"
  kill -CONT "$watcher"
  hear "added default/f .*"
  hear "added default/g .*"
  hear "gone default/c .*"
  [ "$(grep -c '^gone' "$work/heard")" = 3 ] || fail "gone: $(grep '^gone' "$work/heard")"
  grep -qi 'failed a watch: .*\(too old\|compacted\)' "$work/heard" || fail "no 410: $(cat "$work/heard")"
  ok
  kill "$watcher"
  wait "$watcher" || fail "the watch ended with $?"
fi
echo "ok: $checks checks"
