#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Every document of --json is what docs/json-schema.json says, also where names are no UTF-8; every
# command has one or says that it has none.  Those of live nodes: tests/live/json.sh, tests/live/deploy.sh,
# tests/live/setup.sh.
set -eu
cd "$(dirname "$0")/../.."
. tests/tools/live.sh

# document STATUS NAME COMMAND...: what it prints is described under that name.
document () {
  want=$1 name=$2
  shift 2
  expect "$want" "$relevo" "$@" --json
  check_document "$name" "$*"
  echo "$name" >>"$work/seen"
}

for version in 1.0.0 1.1.0; do
  examples/otp/checkout $version "$work/$version"
  make -s -C "$work/$version"
done
document 0 init init --force -C "$work/1.0.0"
examples/otp/checkout 1.0.0 "$work/again"
cp "$work/again/relevo.yaml" "$work/1.0.0/relevo.yaml"
store=$work/$(printf 'st\351re')
document 0 build build -C "$work/1.0.0" --out "$store"
document 0 build build -C "$work/1.1.0" --out "$store" --from 1.0.0
document 0 build build -C "$work/1.0.0" --out "$store" --dev
old=$store/tally-1.0.0.tar.gz new=$store/tally-1.1.0.tar.gz
ok

document 0 inspect inspect "$old"
document 0 inspect inspect --verify "$store/tally-1.1.0"
cp -R "$store/tally-1.0.0" "$work/other"
echo >>"$work/other/bin/tally"
document 4 inspect inspect --verify "$work/other"
document 0 diff diff "$old" "$new"
document 0 plan plan "$old" "$new"
document 4 plan plan "$new" "$old" --require hot --via "$store"
document 0 appup appup "$old" "$new"
document 0 appup appup --out "$store/appups" "$old" "$new"
[ "$(jq '.written | length' "$work/out")" -gt 0 ] || fail "nothing was written: $out"
document 0 appup appup --check "$old" "$new"
ok

rel=$(echo "$store"/tally-1.1.0/releases/1.1.0/*.rel)
lib="$store/tally-1.1.0/lib"
document 0 script script "$rel" --lib "$lib" --out "$store/made"
document 0 relup relup "$rel" --from "$(echo "$store"/tally-1.0.0/releases/1.0.0/*.rel)" --lib "$lib" \
  --lib "$store/tally-1.0.0/lib" --out "$store/made"
document 0 term term "$rel" "$rel"
document 0 beam beam "$lib"/tally-*/ebin/*.beam
document 0 beam beam --md5 "$lib"/tally-*/ebin/*.beam
document 0 'beam --code' beam --code "$lib"/tally-*/ebin/*.beam
ok

document 0 keygen keygen "$store/key" --no-passphrase
document 0 sign sign "$store/tally-1.1.0" --key "$store/key"
document 0 verify verify "$store/tally-1.1.0" --trust "$store/key.pub"
ok

document 0 push push "$old" --store "$store/shared"
document 0 push push "$new" --store "$store/shared" --tag stable
document 0 list list --store "$store/shared"
document 0 pull pull tally@stable --store "$store/shared" --out "$work/pulled"
document 0 prune prune tally --keep 1 --store "$store/shared"
mkdir "$work/root"
document 0 image image build "$new" --base "$work/root" --unchecked --out "$work/images"
ok

# What fails is a document too, and has a code.
document 3 error plan "$store/none.tar.gz" "$new"
contains "$out" '"code": "not_found"'
document 2 error plan "$old"
contains "$out" '"code": "invalid_argument"'
document 2 error script "$rel"
contains "$out" '"otp": '
document 4 error build -C "$work/1.0.0" --out "$store"
document 2 error "$(printf 'b\351ild')"
document 2 error completion bash
contains "$out" "completion knows no --json"
ok

# The schema is not one that everything fits.
for wrong in '{}' '{"error": {}}' '{"error": {"code": 1, "reason": "", "message": "", "exit": 1}}' \
    '{"error": {"code": "", "reason": "", "message": "", "exit": 1, "more": 1}}' '' 'text'; do
  echo "$wrong" | "$schema" docs/json-schema.json error 2>/dev/null && fail "$wrong fits"
done
ok

# No command was forgotten.
for name in $("$relevo" help --names); do
  case $name in
    node | rehearse | help | completion) ;;
    deploy | setup | status | history | resume | pause | promote | abort | rollback) ;;
    # By make kube: tests/kube/install.sh.
    k8s) ;;
    # It has none, and tests/live/seed.sh.
    agent | seed | operator) ;;
    # Their documents are the field's: tests/cases/sbom.sh.
    sbom | provenance) ;;
    *) grep -qx "$name" "$work/seen" || fail "no document of $name was looked at" ;;
  esac
done
ok

echo "ok: $checks groups of checks"
