# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=sh
# An API server of Kubernetes, with an etcd, of a test's own (tests/tools/live.sh comes first), on
# loopback.  kubectl finds it by $KUBECONFIG: user admin, who may all.  What it says is in
# $work/apiserver.log.

# shellcheck source=tests/tools/etcd.sh
. tests/tools/etcd.sh
PATH=$(tests/kube/binaries):$PATH || exit 77
kube_port=$((port + 14))
kube_url=https://127.0.0.1:$kube_port
pki=$work/pki
export KUBECONFIG="$work/kubeconfig" HOME="$work"
kube=$(dirname "$relevo")/tests/helpers/kube

key () { openssl ecparam -name prime256v1 -genkey -noout -out "$pki/$1.key"; }
# certificate NAME SUBJECT USAGE
certificate () {
  key "$1"
  openssl req -new -key "$pki/$1.key" -subj "$2" -out "$pki/$1.csr"
  printf 'extendedKeyUsage=%s\nsubjectAltName=IP:127.0.0.1,DNS:kubernetes.test\n' "$3" >"$pki/$1.ext"
  openssl x509 -req -in "$pki/$1.csr" -CA "$pki/ca.crt" -CAkey "$pki/ca.key" -CAcreateserial -days 30 \
    -extfile "$pki/$1.ext" -out "$pki/$1.crt" 2>/dev/null
}

# kubeconfig FILE USER: a file for the user, who is a mapping as in kubeconfig files.
kubeconfig () {
  cat >"$1" <<YAML
apiVersion: v1
kind: Config
current-context: test
clusters: [{name: here, cluster: {server: "$kube_url", certificate-authority: $pki/ca.crt}}]
users: [{name: one, user: $2}]
contexts: [{name: test, context: {cluster: here, user: one}}]
YAML
}

# The same data each time; returns at once.
begin_apiserver () {
  kube-apiserver --etcd-servers="$etcd_url" --bind-address=127.0.0.1 --secure-port="$kube_port" \
    --advertise-address=127.0.0.1 --endpoint-reconciler-type=none --cert-dir="$pki" \
    --tls-cert-file="$pki/server.crt" --tls-private-key-file="$pki/server.key" --client-ca-file="$pki/ca.crt" \
    --token-auth-file="$pki/tokens" --authorization-mode=RBAC \
    --service-account-issuer=https://kubernetes.test --service-account-signing-key-file="$pki/accounts.key" \
    --service-account-key-file="$pki/accounts.key" --service-cluster-ip-range=10.0.0.0/24 \
    --disable-admission-plugins=ServiceAccount --profiling=false --audit-policy-file="$pki/audit.yaml" \
    --audit-log-path="$work/audit.log" "$@" >>"$work/apiserver.log" 2>&1 &
  apiserver=$!
  pids="$pids $apiserver"
}
kube_is_ready () { kubectl get --raw /readyz; }
# shellcheck disable=SC2120 # with options or without
start_apiserver () {
  begin_apiserver "$@"
  wait_for 180 kube_is_ready || fail "no API server: $(tail -n 20 "$work/apiserver.log")"
}
stop_apiserver () {
  kill -9 "$apiserver"
  wait "$apiserver" 2>/dev/null || true
}
# Also the roles that users get by default.
kube_has_roles () { kubectl get clusterrole view; }

# account_config SPACE NAME FILE: a kubeconfig for who has a token of that service account.
account_config () {
  account_token "$@" || fail "no token of $2: $(cat "$work/token.said")"
  kubeconfig "$3" "{tokenFile: $3.token}"
}
# account_token SPACE NAME FILE: another one, as the kubelet gets it in time; each is good for an hour.
account_token () {
  echo '{"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": {}}' >"$work/token.json"
  "$kube" ask POST "/api/v1/namespaces/$1/serviceaccounts/$2/token" "$work/token.json" >"$work/token.made" 2>"$work/token.said" || return
  jq -j .status.token "$work/token.made" >"$3.token.new"
  mv "$3.token.new" "$3.token"
}

start_kube () {
  mkdir -p "$pki"
  key ca
  openssl req -x509 -new -key "$pki/ca.key" -subj /CN=ca -days 30 -out "$pki/ca.crt"
  certificate server /CN=apiserver serverAuth
  certificate admin /O=system:masters/CN=admin clientAuth
  openssl genrsa -out "$pki/accounts.key" 2048 2>/dev/null
  echo 'token-of-admin,admin,1,"system:masters"' >"$pki/tokens"
  echo 'token-of-nobody,nobody,2' >>"$pki/tokens"
  # Who has asked for what, and got it: bodies are left out.
  cat >"$pki/audit.yaml" <<YAML
apiVersion: audit.k8s.io/v1
kind: Policy
omitStages: [RequestReceived]
rules: [{level: Metadata, userGroups: ["system:serviceaccounts"]}, {level: None}]
YAML
  kubeconfig "$KUBECONFIG" "{client-certificate: $pki/admin.crt, client-key: $pki/admin.key}"
  start_etcd
  start_apiserver
  wait_for 60 kube_has_roles || fail "no roles: $(tail -n 20 "$work/apiserver.log")"
}
