#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Nodes that speak TLS, or IPv6, or have a fixed port and no epmd: what works, and every way in which
# certificates do not fit, told apart.
set -eu
cd "$(dirname "$0")/../.."
. tests/tools/live.sh

export HOME="$work" RELEASE_COOKIE=tasty
start_epmd

# ---- certificates ----

pki=$work/pki
mkdir "$pki"
# authority NAME
authority () {
  openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj "/CN=$1" \
    -keyout "$pki/$1.key" -out "$pki/$1.pem" 2>"$work/openssl" || fail "$(cat "$work/openssl")"
}
# certificate NAME AUTHORITY ALTERNATIVE-NAME
certificate () {
  openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj "/CN=$1" \
    -keyout "$pki/$1.key" -out "$pki/$1.csr" 2>"$work/openssl" || fail "$(cat "$work/openssl")"
  echo "subjectAltName=$3" >"$pki/ext"
  openssl x509 -req -in "$pki/$1.csr" -CA "$pki/$2.pem" -CAkey "$pki/$2.key" -CAcreateserial -days 2 \
    -extfile "$pki/ext" -out "$pki/$1.pem" 2>"$work/openssl" || fail "$(cat "$work/openssl")"
}
# certificate_of_name NAME AUTHORITY: it has a common name only.
certificate_of_name () {
  openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=localhost -keyout "$pki/$1.key" \
    -out "$pki/$1.csr" 2>"$work/openssl" || fail "$(cat "$work/openssl")"
  openssl x509 -req -in "$pki/$1.csr" -CA "$pki/$2.pem" -CAkey "$pki/$2.key" -CAcreateserial -days 2 \
    -out "$pki/$1.pem" 2>"$work/openssl" || fail "$(cat "$work/openssl")"
}
# revoke AUTHORITY LIST DAYS [CERTIFICATE]: LIST.pem is the authority, and what it takes back.
revoke () {
  printf '[ca]\ndefault_ca=a\n[a]\ndatabase=%s/%s.index\ndefault_md=sha256\n' "$pki" "$2" >"$pki/ca.conf"
  : >"$pki/$2.index"
  [ -z "${4-}" ] || openssl ca -config "$pki/ca.conf" -cert "$pki/$1.pem" -keyfile "$pki/$1.key" \
    -revoke "$pki/$4.pem" 2>"$work/openssl" || fail "$(cat "$work/openssl")"
  # shellcheck disable=SC2086 # the days are options
  openssl ca -config "$pki/ca.conf" -cert "$pki/$1.pem" -keyfile "$pki/$1.key" -gencrl $3 \
    -out "$pki/$2.crl" 2>"$work/openssl" || fail "$(cat "$work/openssl")"
  cat "$pki/$1.pem" "$pki/$2.crl" >"$pki/$2.pem"
}
authority ours
authority theirs
certificate node ours IP:127.0.0.1,IP:::1,DNS:localhost
certificate elsewhere ours DNS:elsewhere.example,IP:10.9.8.7
certificate_of_name named ours
revoke ours none_revoked "-crldays 2"
revoke ours node_revoked "-crldays 2" node
revoke ours outdated "-crl_lastupdate 20200101000000Z -crl_nextupdate 20200102000000Z"
certificate deploy ours DNS:deploy
certificate foreign theirs DNS:deploy
openssl ec -in "$pki/deploy.key" -aes128 -passout pass:secret -out "$pki/locked.key" 2>/dev/null

# ---- nodes ----

# start_tls NAME CERTIFICATE VERSION [OPTION...]
start_tls () {
  name=$1 certificate=$2 version=$3
  shift 3
  cat >"$work/$name.conf" <<ERL
[{server, [{certfile, "$pki/$certificate.pem"}, {keyfile, "$pki/$certificate.key"},
           {cacertfile, "$pki/ours.pem"}, {verify, verify_peer},
           {fail_if_no_peer_cert, true}, {versions, ['$version']}]},
 {client, [{cacertfile, "$pki/ours.pem"}, {verify, verify_peer}]}].
ERL
  erl -name "$name" -setcookie tasty -noinput -proto_dist inet_tls -ssl_dist_optfile "$work/$name.conf" \
    "$@" >"$work/$name.log" 2>&1 &
  pids="$pids $!"
}
# told STATUS TEXT NODE OPTION...: how a ping ends and what it says.
told () {
  want=$1 text=$2
  shift 2
  expect "$want" "$relevo" node ping "$@"
  contains "$out$said" "$text"
}

start_tls new@127.0.0.1 node tlsv1.3
start_tls old@127.0.0.1 node tlsv1.2
start_tls named@localhost named tlsv1.3
start_tls elsewhere@127.0.0.1 elsewhere tlsv1.3
start_tls ancient@127.0.0.1 node tlsv1.1
fixed=$((port + 2))
start_tls fixed@127.0.0.1 node tlsv1.3 -start_epmd false -erl_epmd_port "$fixed"
erl -name plain@127.0.0.1 -setcookie tasty -noinput >"$work/plain.log" 2>&1 &
pids="$pids $!"

ca="--tls-ca $pki/ours.pem"
ours="$ca --tls-cert $pki/deploy.pem --tls-key $pki/deploy.key"
# shellcheck disable=SC2086 # options, one a word, in all of this file
up () { "$relevo" node ping "$@"; }

# shellcheck disable=SC2086
for version in new old; do
  node=$version@127.0.0.1
  wait_for 20 up "$node" $ours || fail "$node: $(up "$node" $ours 2>&1) $(cat "$work/$node.log")"
  expect 0 "$relevo" node info "$node" $ours
  contains "$out" kernel
  # Eight megabytes, there and back.
  expect 0 "$relevo" node eval "$node" $ours 'erlang:md5(binary:copy(<<"12345678">>, 1048576)),
    byte_size(binary:copy(<<"12345678">>, 1048576))'
  [ "$out" = 8388608 ] || fail "eval: $out"
  expect 0 "$relevo" node eval "$node" $ours 'binary:copy(<<"12345678">>, 1048576)'
  [ "$(wc -c <"$work/out")" -gt 8388608 ] || fail "8 MB did not come back"
  ok

  told 4 "without a certificate" "$node" $ca
  told 4 "does not take our certificate" "$node" $ca --tls-cert "$pki/foreign.pem" --tls-key "$pki/foreign.key"
  told 4 "the node's certificate is not good" "$node" --tls-ca "$pki/theirs.pem" \
    --tls-cert "$pki/deploy.pem" --tls-key "$pki/deploy.key"
  contains "$said" "--tls-ca names the authority"
  RELEASE_COOKIE=other told 4 "refuses our cookie" "$node" $ours
  told 3 "there speaks TLS" "$node"
  contains "$said" "--tls-ca"
  ok
done

# shellcheck disable=SC2086
{
  wait_for 20 up fixed@127.0.0.1 --port "$fixed" $ours || fail "fixed: $(cat "$work/fixed@127.0.0.1.log")"
  # These never answer a ping.
  for name in elsewhere named ancient; do
    known () { $epmd -port "$ERL_EPMD_PORT" -names | grep -q "^name $name at port"; }
    wait_for 20 known || fail "$name: $(cat "$work/$name@"*.log)"
  done
  told 4 "certificate is not good: IP address mismatch" elsewhere@127.0.0.1 $ours
  contains "$said" "not made out to 127.0.0.1"
  told 4 "certificate is not good: hostname mismatch" named@localhost $ours
  contains "$said" "want it in subjectAltName"
  told 4 "version" ancient@127.0.0.1 $ours
  wait_for 20 up plain@127.0.0.1 || fail "plain: $(cat "$work/plain.log")"
  told 3 "speaks plain distribution" plain@127.0.0.1 $ours --timeout 4s
  told 3 "may not speak TLS" plain@127.0.0.1 --port "$ERL_EPMD_PORT" $ours --timeout 2s
  ok

  # What the authority has taken back.
  with="--tls-cert $pki/deploy.pem --tls-key $pki/deploy.key"
  expect 0 up new@127.0.0.1 --tls-ca "$pki/none_revoked.pem" $with
  told 4 "certificate is not good: certificate revoked" new@127.0.0.1 --tls-ca "$pki/node_revoked.pem" $with
  told 4 "CRL has expired" new@127.0.0.1 --tls-ca "$pki/outdated.pem" $with
  contains "$said" "list of revoked certificates"
  cat "$pki/theirs.pem" "$pki/none_revoked.pem" >"$pki/both.pem"
  expect 0 up new@127.0.0.1 --tls-ca "$pki/both.pem" $with
  ok

  # Files that cannot be used.
  told 2 "want --tls-ca" new@127.0.0.1 --tls-cert "$pki/deploy.pem" --tls-key "$pki/deploy.key"
  told 2 "a key its certificate" new@127.0.0.1 $ca --tls-key "$pki/deploy.key"
  told 2 "node.key: key values mismatch" new@127.0.0.1 $ca --tls-cert "$pki/deploy.pem" --tls-key "$pki/node.key"
  told 3 "cannot open $pki/nothing" new@127.0.0.1 --tls-ca "$pki/nothing"
  told 2 "authority $pki/ext" new@127.0.0.1 --tls-ca "$pki/ext"
  told 2 "key $pki/locked.key" new@127.0.0.1 $ca --tls-cert "$pki/deploy.pem" --tls-key "$pki/locked.key"
  ok
}

# ---- IPv6 ----

if grep -q '^00000000000000000000000000000001' /proc/net/if_inet6 2>/dev/null; then
  erl -name six@::1 -setcookie tasty -noinput -proto_dist inet6_tcp >"$work/six.log" 2>&1 &
  pids="$pids $!"
  wait_for 20 up six@::1 || fail "six: $(up six@::1 2>&1) $(cat "$work/six.log")"
  told 3 "epmd knows no node called seven" seven@::1
  told 3 "[::1]:1: connection refused" six@::1 --port 1
  ok
fi

echo "ok: $checks checks"
