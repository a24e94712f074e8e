#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# docs/artifacts.md and docs/ci.md as they are written, block after block in a shell that ends at the first
# thing that fails; and the jobs of examples/ci, step after step.  registry.example.com is a registry here, with
# TLS and a password.
set -eu
cd "$(dirname "$0")/../.."
. tests/tools/live.sh
. tests/tools/own_network.sh

[ "$(id -u)" = 0 ] || { echo "skip: no root, who alone unpacks images"; exit 77; }
command -v mix >/dev/null || { echo "skip: no mix"; exit 77; }
root=$PWD
tests/tools/shop "$work/store" 1.1.0
mkdir -p "$work/home" "$work/bin" "$work/run"
ln -s "$relevo" "$work/bin/relevo"
export HOME="$work/home" XDG_CACHE_HOME="$work/cache" XDG_RUNTIME_DIR="$work/run" PATH="$work/bin:$PATH"
unset REGISTRY_AUTH_FILE DOCKER_CONFIG http_proxy https_proxy

# ---- what the examples take for granted: a registry, a base, a project in git ----

cd "$work"
echo '127.0.0.1 localhost registry.example.com' >hosts
mount --bind hosts /etc/hosts
mount -t tmpfs tmpfs /srv
openssl req -x509 -newkey rsa:2048 -nodes -keyout registry.pem -out registry.crt -days 2 -subj /CN=registry \
  -addext subjectAltName=DNS:registry.example.com 2>/dev/null
# shellcheck disable=SC2016 # a hash, of "geheim"
printf 'maker:%s\n' '$2y$05$bPewFt9LE15V/hqXpTnyIekVeN2Wo73IjZ.rBhF0Fq4UuZqycMa8.' >htpasswd
cat >registry.yml <<END
version: 0.1
log: {level: error, accesslog: {disabled: true}}
storage: {filesystem: {rootdirectory: "$work/data"}, delete: {enabled: true}}
http: {addr: "127.0.0.1:443", secret: s, tls: {certificate: "$work/registry.crt", key: "$work/registry.pem"}}
auth: {htpasswd: {realm: r, path: "$work/htpasswd"}}
END
docker-registry serve registry.yml >registry.log 2>&1 &
pids="$pids $!"
export SSL_CERT_FILE="$work/registry.crt"
wait_for 30 curl -sk https://registry.example.com/v2/ || fail "no registry: $(cat registry.log)"
echo geheim | skopeo login --username maker --password-stdin registry.example.com >/dev/null || fail "no login"

"$root/tests/tools/root" /srv/roots/bookworm store/shop-1.1.0.tar.gz
{ umoci init --layout base && umoci new --image base:12-slim && umoci unpack --image base:12-slim bundle &&
  cp -a /srv/roots/bookworm/. bundle/rootfs && umoci repack --image base:12-slim bundle &&
  skopeo copy -q oci:base:12-slim docker://registry.example.com/base/debian:12-slim; } >base.log 2>&1 || fail "no base: $(cat base.log)"

# Of a team: its authority, and a key that may sign code.
mkdir pki
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout pki/root.key -out pki/root.pem -days 2 -subj /CN=root 2>/dev/null
openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout pki/maker.key -out pki/maker.csr -subj /CN=maker 2>/dev/null
printf 'extendedKeyUsage = codeSigning\nkeyUsage = critical, digitalSignature\n' >pki/extensions
openssl x509 -req -in pki/maker.csr -CA pki/root.pem -CAkey pki/root.key -CAcreateserial -extfile pki/extensions -days 2 -out pki/maker.pem 2>/dev/null

# project NAME: the shop as it was compiled, in a repository of its own; a key of its CI.
export RELEVO_PASSPHRASE='much too long to guess'
project () {
  cp -R "$root/build/shop/1.1.0" "$1"
  cd "$1"
  git init -q -b main .
  printf '/_build/\n/releases/\n' >.gitignore
  git add -A
  git -c user.name=n -c user.email=e -c commit.gpgsign=false commit -qm one
  relevo keygen ci.key >/dev/null
}

# run_all WHAT [SHELL]: what stands in $work/steps; what is said, and each command, in $work/said.
run_all () {
  "${2:-sh}" -eux "$work/steps" >"$work/said" 2>&1 </dev/null || fail "$1: $(tail -n 20 "$work/said")"
  case $(cat "$work/said") in *"$RELEVO_PASSPHRASE"*) fail "$1: a secret is said" ;; esac
  ok
}

# ---- the documents ----

# split FILE: each of its indented blocks becomes block.1, block.2, ...
split () {
  rm -f "$work"/block.*
  awk -v to="$work/block." '/^    / { if (!inside) nr++; inside = 1; print substr($0, 5) >(to nr); next } { inside = 0 }' "$1"
  ls "$work"/block.* >/dev/null
}

project "$work/project"
split "$root/docs/artifacts.md"
blocks=0
while [ -e "$work/block.$((blocks + 1))" ]; do
  blocks=$((blocks + 1))
  # What somebody else has.
  case $(cat "$work/block.$blocks") in
    'relevo keygen'*) ln -s releases/shop-1.1.0.tar.gz . && relevo build -q --clean ;;
    'relevo push'*) cp --remove-destination releases/shop-1.1.0.tar.gz . ;;
    *'relevo build'*) rm -r releases ;;
    *'openssl cms'*)
      cp ../pki/*.pem .
      relevo sign shop-1.1.0.tar.gz --key ../pki/maker.key --certificate maker.pem >/dev/null
      relevo verify shop-1.1.0.tar.gz --authority root.pem >/dev/null
      tar -xzf shop-1.1.0.tar.gz releases/1.1.0/relevo.manifest.p7s
      ;;
  esac
  cp "$work/block.$blocks" "$work/steps"
  run_all "block $blocks of docs/artifacts.md"
done
[ "$blocks" -ge 6 ] || fail "$blocks blocks in docs/artifacts.md"
expect 0 jq -e .bomFormat shop.cdx.json
expect 0 jq -e .payload shop.intoto.json
expect 0 skopeo inspect docker://registry.example.com/acme/shop:1.1.0

# The configuration that it shows: an older release is refused, this one is not when it may be as old.
mkdir keys
cp release.key.pub keys/release.pub
cp ci.key.pub keys/ci.pub
awk '/^```/ { inside = $0 ~ /yaml$/; next } inside' "$root/docs/artifacts.md" >>relevo.yaml
expect 4 relevo verify shop-1.1.0.tar.gz
contains "$said" 1.4.0
sed -i 's/minimum: "1.4.0"/minimum: "1.1.0"/' relevo.yaml
expect 0 relevo verify shop-1.1.0.tar.gz
rm keys/release.pub
sed -i 's|keys/release.pub, ||' relevo.yaml
expect 4 relevo verify shop-1.1.0.tar.gz
ok

# Of another key, for a registry that does not have it.
rm -r "$work/data/docker/registry/v2/repositories/acme"
project "$work/job"
split "$root/docs/ci.md"
cat "$work"/block.* >"$work/steps"
run_all docs/ci.md
[ "$(grep -c '^+ relevo' "$work/said")" -ge 6 ] || fail "steps of docs/ci.md are missing: $(cat "$work/said")"

# ---- the jobs ----

# GitHub's composite action: each step with what it is given.
project "$work/action"
{
  echo 'input_version=1.1.0 input_store=oci://registry.example.com/action'
  echo 'input_base=oci://registry.example.com/base/debian:12-slim input_image=oci://registry.example.com/action/image'
  awk '
    /env: \{.*inputs/ {
      sub(/.*env: \{/, ""); sub(/\}[^}]*$/, ""); gsub(/: "\$\{\{ inputs\./, "=$input_"); gsub(/ \}\}",?/, "")
      print "export " $0; next
    }
    /run: \|/ { block = 1; next }
    /run: / { block = 0; sub(/.*run: /, ""); sub(/\}$/, ""); print; next }
    block && /^        / { print substr($0, 9); next }
    { block = 0 }
  ' "$root/examples/ci/action.yml"
} >"$work/steps"
mkdir "$work/temp"
RELEVO_KEY=$(cat ci.key)
export RELEVO_KEY RUNNER_TEMP="$work/temp"
run_all examples/ci/action.yml
[ "$(grep -c '^+ relevo' "$work/said")" = 4 ] || fail "steps of the action are missing: $(cat "$work/said")"
[ -z "$(ls -A "$work/temp")" ] || fail "the key stays where it was"
expect 0 relevo pull shop@1.1.0 --store oci://registry.example.com/action --out "$work/pulled" --trust ci.key.pub
expect 0 skopeo inspect docker://registry.example.com/action/image:1.1.0
ok

# GitLab's job.
project "$work/gitlab"
awk '/^  script:/ { inside = 1; next } inside && /^    - / { print substr($0, 7); next } { inside = 0 }' \
  "$root/examples/ci/gitlab-ci.yml" >"$work/steps"
export RELEVO_KEY="$work/gitlab/ci.key" CI_COMMIT_TAG=1.1.0 CI_REGISTRY=registry.example.com CI_REGISTRY_USER=maker \
  CI_REGISTRY_PASSWORD=geheim CI_REGISTRY_IMAGE=registry.example.com/gitlab/shop
run_all examples/ci/gitlab-ci.yml bash
[ "$(grep -c '^+ relevo' "$work/said")" = 5 ] || fail "steps of the job are missing: $(cat "$work/said")"
expect 0 relevo pull shop@1.1.0 --store oci://registry.example.com/gitlab/shop --out "$work/pulled" --overwrite --trust ci.key.pub
expect 0 skopeo inspect docker://registry.example.com/gitlab/shop/image:1.1.0
ok

echo "ok: $checks groups of checks"
