#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Who vouches for a release: keys are made, releases signed and verified, here and by openssl alone;
# whatever is done to a signed tarball, it is refused before anything is used of it.
set -eu
cd "$(dirname "$0")/../.."
. tests/tools/live.sh

tests/tools/tally "$work/store" >/dev/null
plain=$work/store/tally-1.1.0.tar.gz
good=$work/tally-1.1.0.tar.gz
bad=$work/bad.tar.gz
vsn=releases/1.1.0
unset RELEVO_PASSPHRASE
export RELEASE_COOKIE=c
cd "$work"

# ---- keys ----

echo geheim >pass
echo anders >other-pass
expect 2 setsid "$relevo" keygen a.key
contains "$said" "no terminal"
expect 0 "$relevo" keygen a.key --passphrase-file pass
[ "$(stat -c %a a.key)" = 600 ] || fail "others may read the key"
contains "$(cat a.key)" ENCRYPTED
expect 4 "$relevo" keygen a.key --passphrase-file pass
contains "$said" "is there already"
expect 0 "$relevo" keygen b.key --no-passphrase --type p256
expect 0 "$relevo" keygen c.key --no-passphrase
expect 2 "$relevo" keygen d.key --no-passphrase --type rsa
contains "$said" "ed25519 or p256"
expect 2 env RELEVO_PASSPHRASE= "$relevo" keygen d.key
[ ! -e d.key ] || fail "a key was made"
openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:2048 -out rsa.key 2>/dev/null
openssl pkey -in rsa.key -pubout -out rsa.pub
ok

# ---- signing ----

sign () { cp "$plain" "$good" && expect 0 "$relevo" sign "$good" "$@"; }
cp "$plain" "$good"
expect 2 "$relevo" sign "$good"
expect 2 setsid "$relevo" sign "$good" --key a.key
expect 2 "$relevo" sign "$good" --key a.key --passphrase-file other-pass
contains "$said" "the passphrase does not open"
expect 2 "$relevo" sign "$good" --key a.key.pub
expect 2 "$relevo" sign "$good" --key rsa.key
contains "$said" "another kind"
expect 3 "$relevo" sign none.tar.gz --key c.key
cmp "$plain" "$good" || fail "what was not signed has changed"
for key in a b c; do
  sign --key $key.key --passphrase-file pass
  expect 0 "$relevo" verify "$good" --trust $key.key.pub
  # openssl alone says the same.
  rm -rf x
  mkdir x
  tar -xzf "$good" -C x
  expect 0 openssl pkeyutl -verify -rawin -pubin -inkey $key.key.pub -in x/$vsn/relevo.manifest.json \
    -sigfile x/$vsn/relevo.manifest.sig
done
expect 0 "$relevo" verify "$good" --trust a.key.pub --trust c.key.pub --json
[ "$(printf %s "$out" | jq -r .key)" = c.key.pub ] || fail "another key: $out"
# A key in the environment's passphrase; a folder; a signature in place of another.
RELEVO_PASSPHRASE=geheim expect 0 "$relevo" sign x --key a.key
expect 0 "$relevo" verify x --trust a.key.pub
expect 4 "$relevo" verify x --trust c.key.pub
expect 0 "$relevo" sign "$good" --key b.key
expect 0 "$relevo" verify "$good" --trust b.key.pub
[ "$(tar -tzf "$good" | grep -c 'manifest\.sig$')" = 1 ] || fail "two signatures"
# All else is as it was built.
tar -tzf "$good" | grep -v '\.sig$' >signed.list
tar -tzf "$plain" | cmp - signed.list || fail "the files are others"
ok

# ---- a signed tarball, and what became of it ----

sign --key c.key
rm -rf tree
mkdir tree
tar -xzf "$good" -C tree
beam=lib/tally-1.1.0/ebin/tally.beam
[ -f "tree/$beam" ] || fail "no $beam"
rm -rf other
mkdir other
tar -xzf "$plain" -C other
RELEVO_PASSPHRASE=geheim expect 0 "$relevo" sign other --key a.key

rows=0
# refused NAME STATUS...: so it is by everybody, and why.
refused () {
  for command in "verify $bad" "node check nobody@127.0.0.1 $bad --port 1" "node install nobody@127.0.0.1 $bad --port 1"; do
    status=0
    # shellcheck disable=SC2086 # words
    "$relevo" $command --trust c.key.pub >out 2>said </dev/null || status=$?
    case $status,$command in
      4,*) ;;
      2,*|3,verify*) grep -q 'bad.tar.gz\|releases/\|manifest' said || fail "$1: $command: says not what: $(cat said)" ;;
      *) fail "$1: $command ended with $status: $(cat said)" ;;
    esac
  done
  rows=$((rows + 1))
}
pack () { tar -cf "$bad" -C t --owner=0 --group=0 . ; }
# tamper NAME COMMAND...: in a copy of the tree, which is packed again.
tamper () {
  name=$1
  shift
  rm -rf t
  cp -a tree t
  (cd t && "$@") || fail "$name: cannot be done"
  pack
  refused "$name"
}
one_byte () { printf X | dd of="$1" bs=1 seek="${2:-100}" conv=notrunc 2>/dev/null; }
append () { echo more >>"$1"; }
add () { mkdir -p "$(dirname "$1")" && echo more >"$1"; }

# As it is packed by any tar, it is good.
rm -rf t
cp -a tree t
pack
expect 0 "$relevo" verify "$bad" --trust c.key.pub
ok

tamper "a byte of a module" one_byte "$beam"
tamper "a module longer" append "$beam"
tamper "a module gone" rm "$beam"
tamper "a module of another name" mv "$beam" "${beam%.beam}2.beam"
tamper "two modules exchanged" sh -c "cp $beam x.beam; cp lib/kernel-*/ebin/kernel.beam $beam; cp x.beam lib/kernel-*/ebin/kernel.beam; rm x.beam"
tamper "an .app" append lib/tally-1.1.0/ebin/tally.app
tamper "the relup" append $vsn/relup
tamper "sys.config" append $vsn/sys.config
tamper "vm.args" append $vsn/vm.args
tamper "env.sh" append $vsn/env.sh
tamper "the boot file" one_byte $vsn/start.boot
tamper "the start script" append bin/tally
tamper "the .rel" append $vsn/tally.rel
tamper "the other .rel" append releases/tally-1.1.0.rel
tamper "the emulator" one_byte "$(cd tree && ls erts-*/bin/beam.smp)" 5000
tamper "a byte of the manifest" one_byte $vsn/relevo.manifest.json 12
tamper "a blank more in the manifest" append $vsn/relevo.manifest.json
tamper "no manifest" rm $vsn/relevo.manifest.json
tamper "an empty manifest" sh -c ": >$vsn/relevo.manifest.json"
tamper "the manifest of another release" sh -c "mkdir -p releases/1.0.0; mv $vsn/relevo.manifest.json releases/1.0.0/"
tamper "no signature" rm $vsn/relevo.manifest.sig
tamper "an empty signature" sh -c ": >$vsn/relevo.manifest.sig"
tamper "a byte of the signature" one_byte $vsn/relevo.manifest.sig 20
tamper "a signature longer" append $vsn/relevo.manifest.sig
tamper "a signature shorter" truncate -s 63 $vsn/relevo.manifest.sig
tamper "a huge signature" truncate -s 1M $vsn/relevo.manifest.sig
tamper "somebody else's signature" cp ../other/$vsn/relevo.manifest.sig $vsn/
tamper "the signature in text" sh -c "base64 <$vsn/relevo.manifest.sig >s; mv s $vsn/relevo.manifest.sig"
tamper "a module more" cp "$beam" lib/tally-1.1.0/ebin/more.beam
tamper "an application more" add lib/evil-1/ebin/evil.app
tamper "a file at the top" add run.sh
tamper "a file in bin" add bin/su
tamper "a cookie" add releases/COOKIE
tamper "records of another release" sh -c 'echo "[]." >releases/RELEASES'
tamper "a start of another version" sh -c 'echo "13.1 1.0.0" >releases/start_erl.data'
tamper "a start of another ERTS" sh -c 'echo "99.9 1.1.0" >releases/start_erl.data'
tamper "a configuration that is put in place" add releases/1.1.0/sys.config.relevo
tamper "what is to be started next" add releases/new_start_erl.data
tamper "a second release" sh -c "mkdir releases/1.2.0 && cp $vsn/tally.rel releases/1.2.0/"
tamper "setuid" chmod 4755 bin/tally
tamper "no longer executable" chmod 644 bin/tally
tamper "a link in place of a file" ln -sf /etc/passwd $vsn/vm.args
tamper "a link to a folder outside" ln -s /etc lib/etc
tamper "a file in place of a folder" sh -c "rm -rf lib/tally-1.1.0/ebin && echo x >lib/tally-1.1.0/ebin"

# What tar does with a file that is there twice: the last one counts.
gzip -dc "$good" >bad.tar
rm -rf t
mkdir -p "t/$(dirname "$beam")"
echo evil >"t/$beam"
tar -rf bad.tar -C t "$beam"
gzip -c bad.tar >"$bad"
refused "a second module of the same name"
gzip -dc "$good" >bad.tar
tar -rf bad.tar -P --transform='s|.*|../../evil|' "$work/pass"
gzip -c bad.tar >"$bad"
refused "a path that leads out"
gzip -dc "$good" >bad.tar
tar -rf bad.tar -P "$work/pass"
gzip -c bad.tar >"$bad"
refused "an absolute path"
head -c 100000 "$good" >"$bad"
refused "half of it"
head -c 20000000 /dev/zero | gzip >"$bad"
refused "nothing but zeros"
cp "$good" "$bad"
one_byte "$bad" 50000
refused "a byte of what is compressed"
cp "$plain" "$bad"
refused "not signed at all"

# ---- which keys, which versions ----

expect 4 "$relevo" verify "$good" --trust a.key.pub
contains "$said" "no trusted key"
expect 2 "$relevo" verify "$good" --trust c.key
expect 3 "$relevo" verify "$good" --trust none.pub
expect 2 "$relevo" verify "$good" --trust rsa.pub
expect 4 "$relevo" verify "$plain" --trust c.key.pub
contains "$said" "is not signed"
contains "$said" "relevo sign"
expect 0 "$relevo" verify "$plain"
contains "$out" "is not signed"
# In a project: its keys count, and the oldest version that may be used.
project () {
  printf '%s\n' 'release: tally' 'version: "1.1.0"' 'applications: {tally: permanent}' "trust: {keys: [$1]${2:-}}" >relevo.yaml
}
project c.key.pub
expect 0 "$relevo" verify "$good"
expect 4 "$relevo" verify "$plain"
expect 4 "$relevo" node check nobody@127.0.0.1 "$plain" --port 1
expect 3 "$relevo" node check nobody@127.0.0.1 "$good" --port 1
project b.key.pub
expect 4 "$relevo" verify "$good"
project c.key.pub ', minimum: "1.1.0"'
expect 0 "$relevo" verify "$good"
project c.key.pub ', minimum: "1.2.0"'
expect 4 "$relevo" verify "$good"
contains "$said" "older than 1.2.0"
expect 4 "$relevo" node install nobody@127.0.0.1 "$good" --port 1
# Without a key that is trusted nothing is used, where a signature is asked for.
printf '%s\n' 'release: tally' 'version: "1.1.0"' 'applications: {tally: permanent}' "trust: {require_signature: true}" >relevo.yaml
for release in "$plain" "$good"; do
  expect 4 "$relevo" verify "$release"
  expect 4 "$relevo" node install nobody@127.0.0.1 "$release" --port 1
done
contains "$said" "no key is trusted"
expect 0 "$relevo" verify "$good" --trust c.key.pub
# A fleet is no way round them.
project c.key.pub
echo 'targets: {fleet: {nodes: [nobody@127.0.0.1]}}' >>relevo.yaml
expect 4 "$relevo" deploy "$plain" --state rollouts.db
contains "$said" "is not signed"
ok

echo "ok: $checks groups of checks, $rows rows"
