#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Signatures of a team that has a PKI: chain, purpose, validity, revocation; and openssl alone says the same.
set -eu
cd "$(dirname "$0")/../.."
. tests/tools/live.sh

tests/tools/tally "$work/store" 1.1.0 >/dev/null
cd "$work"
plain=store/tally-1.1.0.tar.gz

# ---- an authority, one below it, and who is vouched for ----

cat >ca.cnf <<'END'
[ca]
default_ca = own
[own]
dir = $ENV::CA
database = $dir/index
new_certs_dir = $dir
serial = $dir/serial
crlnumber = $dir/crlnumber
certificate = $dir.crt
private_key = $dir.key
default_md = sha256
default_days = 30
default_crl_days = 30
unique_subject = no
policy = any
[any]
commonName = supplied
[authority]
basicConstraints = critical, CA:true
keyUsage = critical, keyCertSign, cRLSign
[code]
keyUsage = critical, digitalSignature
extendedKeyUsage = codeSigning
[server]
keyUsage = critical, digitalSignature
extendedKeyUsage = serverAuth
[none]
keyUsage = critical, digitalSignature
[req]
distinguished_name = dn
[dn]
END
authority () { mkdir "$1" && : >"$1/index" && echo 01 >"$1/serial" && echo 01 >"$1/crlnumber"; }
# issue CA NAME EXTENSIONS [OPTION...]: a key, and a certificate for it.
issue () {
  ca=$1 name=$2 extensions=$3
  shift 3
  [ -e "$name.key" ] || "$relevo" keygen "$name.key" --type p256 --no-passphrase >/dev/null
  openssl req -new -key "$name.key" -subj "/CN=$name" -config ca.cnf -out "$name.csr" 2>>openssl.log
  CA=$ca openssl ca -batch -config ca.cnf -extensions "$extensions" -notext -in "$name.csr" -out "$name.crt" "$@" 2>>openssl.log ||
    fail "no certificate for $name: $(tail -n 5 openssl.log)"
}
root_of () {
  authority "$1"
  "$relevo" keygen "$1.key" --type p256 --no-passphrase >/dev/null
  openssl req -x509 -new -key "$1.key" -subj "/CN=$1" -days 30 -config ca.cnf -extensions authority -out "$1.crt" 2>>openssl.log
}
root_of root
root_of stranger
issue root between authority
authority between
for name in maker gone; do issue between $name code; done
issue between web server
issue between anything none
issue between old code -startdate 20200101000000Z -enddate 20200201000000Z
issue between early code -startdate 20990101000000Z -enddate 20990201000000Z
issue stranger other code
for name in maker gone web anything old early; do cat $name.crt between.crt >$name.pem; done
cat other.crt >other.pem
ok

# signed NAME: a release that NAME signed.
signed () {
  cp $plain "$1.tar.gz"
  expect 0 "$relevo" sign "$1.tar.gz" --key "$1.key" --certificate "$1.pem"
}
for name in maker gone web anything old early other; do signed $name; done
expect 2 "$relevo" sign maker.tar.gz --key maker.key --certificate other.pem
contains "$said" "not that of the key"
expect 2 "$relevo" sign maker.tar.gz --key maker.key --certificate maker.key
expect 0 "$relevo" verify maker.tar.gz --authority root.crt --json
[ "$(jq -r .subject out)" = CN=maker ] || fail "who signed it: $out"
# openssl alone says the same.
mkdir x
tar -xzf maker.tar.gz -C x releases/1.1.0/relevo.manifest.json releases/1.1.0/relevo.manifest.p7s
expect 0 openssl cms -verify -binary -inform DER -in x/releases/1.1.0/relevo.manifest.p7s \
  -content x/releases/1.1.0/relevo.manifest.json -CAfile root.crt -purpose any -out /dev/null
ok

# refused WHY RELEASE OPTION...
refused () {
  why=$1
  shift
  expect 4 "$relevo" verify "$@"
  contains "$said" "$why"
}
refused "not vouched for" other.tar.gz --authority root.crt
refused "not vouched for" maker.tar.gz --authority stranger.crt
refused expired old.tar.gz --authority root.crt
refused "not yet valid" early.tar.gz --authority root.crt
refused "sign code" web.tar.gz --authority root.crt
refused "sign code" anything.tar.gz --authority root.crt
refused "not signed" $plain --authority root.crt
# Without the one between there is no chain.
cp $plain short.tar.gz
expect 0 "$relevo" sign short.tar.gz --key maker.key --certificate maker.crt
refused "not vouched for" short.tar.gz --authority root.crt
expect 0 "$relevo" verify short.tar.gz --authority root.crt --authority between.crt
# Another manifest, a signature that is none.
mkdir t
tar -xzf maker.tar.gz -C t
echo >>t/releases/1.1.0/relevo.manifest.json
tar -czf changed.tar.gz -C t .
refused "changed" changed.tar.gz --authority root.crt
head -c 100 t/releases/1.1.0/relevo.manifest.p7s >short && mv short t/releases/1.1.0/relevo.manifest.p7s
tar -czf changed.tar.gz -C t .
expect 4 "$relevo" verify changed.tar.gz --authority root.crt
ok

# Who was revoked; where one authority tells what it revoked, all must.
expect 0 "$relevo" verify gone.tar.gz --authority root.crt
CA=between openssl ca -config ca.cnf -revoke gone.crt 2>>openssl.log
for ca in root between; do CA=$ca openssl ca -config ca.cnf -gencrl -out $ca.crl 2>>openssl.log; done
cat root.crt root.crl between.crl >root.pem
refused revoked gone.tar.gz --authority root.pem
expect 0 "$relevo" verify maker.tar.gz --authority root.pem
cat root.crt between.crl >half.pem
refused CRL maker.tar.gz --authority half.pem
expect 2 "$relevo" verify maker.tar.gz --authority maker.key
expect 3 "$relevo" verify maker.tar.gz --authority none.pem
# In a project, beside keys; and what comes from a store.
printf '%s\n' 'release: tally' 'version: "1.1.0"' 'applications: {tally: permanent}' 'trust: {authorities: [root.pem]}' >relevo.yaml
expect 0 "$relevo" verify maker.tar.gz
expect 4 "$relevo" verify gone.tar.gz
mkdir elsewhere
(cd elsewhere && "$relevo" push ../gone.tar.gz --store ../shared >/dev/null)
expect 4 "$relevo" pull tally@1.1.0 --store shared --out pulled
[ -z "$(ls -A pulled)" ] || fail "left behind: $(ls -A pulled)"
ok

echo "ok: $checks groups of checks"
