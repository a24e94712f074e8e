#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# relevo inspect on what relevo, mix release, rebar3 and systools make of the examples.
set -eu
cd "$(dirname "$0")/../.."
. tests/tools/live.sh
root=$PWD

field () { echo "$out" | jq -r "$1"; }
# is FILTER VALUE: of the JSON that the last command printed.
is () { [ "$(field "$1")" = "$2" ] || fail "$1 is $(field "$1"), not $2"; }

# ---- relevo's ----
tests/tools/tally "$work/store" >/dev/null
for rel in "$work/store/tally-1.1.0" "$work/store/tally-1.1.0.tar.gz"; do
  expect 0 "$relevo" inspect --verify --json "$rel"
  is '.name + " " + .version + " " + .made_by' "tally 1.1.0 relevo"
  is '.erts_packed' true
  is '[.relup.from, .relup.to] | tostring' '[["1.0.0"],["1.0.0"]]'
  is '.upgrade | tostring' '{"from":true,"to":true,"missing":[]}'
  is '.verified.differences | length' 0
  is '.applications | map(.name + " " + .start) | join(", ")' \
    "kernel permanent, stdlib permanent, sasl permanent, tally permanent, tally_tcp permanent"
done
expect 0 "$relevo" inspect "$rel"
contains "$out" "tally 1.1.0, made by relevo"
contains "$out" "relup          from 1.0.0, back to 1.0.0"
contains "$out" "upgrade another release to it  yes"
ok

chmod +x "$work/store/tally-1.1.0/lib/tally-1.1.0/ebin/tally.app"
echo >>"$work/store/tally-1.1.0/bin/tally"
expect 4 "$relevo" inspect --verify "$work/store/tally-1.1.0"
contains "$out" "changed: bin/tally"
contains "$out" "other mode: lib/tally-1.1.0/ebin/tally.app"
contains "$said" "2 of its files differ"
ok

# ---- where it was built from ----
examples/otp/checkout 1.1.0 "$work/otp"
commit () {
  git -C "$work/otp" -c user.name=x -c user.email=x@localhost -c commit.gpgsign=false commit -q "$@"
}
git -C "$work/otp" init -q -b trunk
git -C "$work/otp" add .
commit -m one
git -C "$work/otp" -c tag.gpgsign=false tag v1.1.0
make -s -C "$work/otp"
expect 0 "$relevo" build -C "$work/otp" --out "$work/git"
expect 0 "$relevo" inspect --json "$work/git/tally-1.1.0.tar.gz"
is .provenance.commit "$(git -C "$work/otp" rev-parse HEAD)"
is '.provenance | .branch + " " + .describe + " " + (.dirty | tostring)' "trunk v1.1.0 false"
echo '# more' >>"$work/otp/relevo.yaml"
expect 0 "$relevo" build -C "$work/otp" --out "$work/git" --overwrite
expect 0 "$relevo" inspect "$work/git/tally-1.1.0"
contains "$out" " on trunk (v1.1.0"
contains "$out" ", with changes that were not committed"
ok

# ---- rebar3's, with ERTS and as links ----
cd "$work/otp"
mode () { sed "s/{mode, prod}/{mode, $1}/" "$root/examples/otp/rebar.config" | sed 's/"1.0.0"/"1.1.0"/' >rebar.config; }
rebar () { HOME=$work rebar3 "$@" >"$work/rebar.log" 2>&1 || fail "rebar3 $*: $(cat "$work/rebar.log")"; }
rebar tar
made=$work/otp/_build/default/rel/tally
for rel in "$made" "$made/tally-1.1.0.tar.gz"; do
  expect 0 "$relevo" inspect --json "$rel"
  is .made_by rebar3
  is '.applications | length' 5
  is '.upgrade.missing | map(.code) | join(" ")' "script_ignores_version rel_missing relup_missing"
done
mode dev
rm -rf _build/default/rel
rebar release
expect 0 "$relevo" inspect --json "$made"
is '.erts_packed' false
is '.applications | map(select(.packed)) | length' 5
expect 0 "$relevo" plan "$work/store/tally-1.0.0" "$made"
contains "$out" "verdict: hot"
ok

# ---- systools' ----
cp _build/default/rel/tally/releases/1.1.0/tally.rel .
echo '[].' >sys.config
erl -noshell -pa _build/default/lib/*/ebin -eval \
  'ok = systools:make_script("tally"), ok = systools:make_tar("tally", [{erts, code:root_dir()}]), halt().' >/dev/null
cd "$root"
expect 0 "$relevo" inspect --json "$work/otp/tally.tar.gz"
is .made_by systools
is '.erts_packed' true
is '.upgrade.missing | map(.code) | join(" ")' "releases_missing start_erl_missing script_missing relup_missing"
expect 3 "$relevo" inspect --verify "$work/otp/tally.tar.gz"
contains "$said" "has no manifest"
ok

# ---- Mix's, with ERTS and without ----
examples/shop/checkout 1.2.0 "$work/shop"
made=$work/shop/_build/prod/rel/shop
mix_release () {
  sed "s/runtime_tools: :permanent\]/&, include_erts: $1, steps: [:assemble, :tar]/" "$root/examples/shop/mix.exs" >"$work/shop/mix.exs"
  (cd "$work/shop" && rm -rf _build/prod/rel && MIX_ENV=prod mix release --overwrite) >"$work/mix.log" 2>&1 ||
    fail "mix release: $(cat "$work/mix.log")"
}
mix_release true
for rel in "$made" "$work/shop/_build/prod/shop-1.2.0.tar.gz"; do
  expect 0 "$relevo" inspect --json "$rel"
  is .made_by mix
  is '.elixir != null' true
  is '.protocols > 0' true
  is '.configuration.providers | map(.module + " " + .argument) | join(" ")' \
    "Elixir.Config.Reader \$RELEASE_ROOT/releases/1.2.0/runtime.exs"
  is '.upgrade.missing | map(.code) | join(" ")' "releases_missing script_ignores_trial rel_missing relup_missing"
done
mix_release false
expect 0 "$relevo" inspect --json "$made"
is '.erts_packed' false
is '.applications | map(select(.packed | not) | .name) | sort | join(" ")' \
  "compiler crypto kernel os_mon runtime_tools sasl stdlib"
expect 0 "$relevo" inspect "$made"
contains "$out" "of the host"
ok

expect 3 "$relevo" inspect "$work/none"
expect 2 "$relevo" inspect "$root/Makefile"
contains "$said" "not a tarball"
expect 3 "$relevo" inspect "$work/shop"
contains "$said" "no release in it"
ok

echo "ok: $checks groups of checks"
