#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# relevo init finds the projects there are, and what it writes builds them: the examples, as their
# own relevo.yaml does.
set -eu
cd "$(dirname "$0")/../.."
. tests/tools/live.sh
root=$PWD

# ---- the shop ----
examples/shop/checkout 1.1.0 "$work/shop"
expect 4 "$relevo" init -C "$work/shop"
contains "$said" "is there already; nothing was changed"
mv "$work/shop/relevo.yaml" "$work/shop.yaml"
expect 0 "$relevo" init -C "$work/shop"
contains "$out" "Mix umbrella, release shop"
contains "$out" "MIX_ENV=prod mix compile && relevo build"
(cd "$work/shop" && MIX_ENV=prod mix compile) >"$work/log" 2>&1 || fail "mix compile: $(cat "$work/log")"
expect 0 "$relevo" build -C "$work/shop" --out "$work/a"
mv "$work/shop.yaml" "$work/shop/relevo.yaml"
expect 0 "$relevo" build -C "$work/shop" --out "$work/b"
cmp "$work/a/shop-1.1.0.tar.gz" "$work/b/shop-1.1.0.tar.gz" || fail "another shop"
expect 0 "$relevo" init -C "$work/shop" --force
contains "$out" "Next: relevo build"
ok

# ---- examples/otp, by rebar3 and by make ----
for compile in 'rebar3 compile' 'make -s'; do
  rm -rf "$work/otp"
  "$root/examples/otp/checkout" 1.1.0 "$work/otp"
  rm "$work/otp/relevo.yaml"
  (cd "$work/otp" && "$relevo" init) >"$work/log" || fail "init: $(cat "$work/log")"
  contains "$(cat "$work/log")" "rebar3 project, release tally"
  (cd "$work/otp" && HOME=$work $compile) >"$work/log" 2>&1 || fail "$compile: $(cat "$work/log")"
  expect 0 "$relevo" build -C "$work/otp"
  contains "$out" "tally 1.1.0"
done
tests/tools/tally "$work/c" 1.1.0 >/dev/null
cmp "$work/otp/releases/tally-1.1.0.tar.gz" "$work/c/tally-1.1.0.tar.gz" || fail "another tally"
ok

# ---- what is compiled by something else ----
mkdir "$work/plain"
cp -R "$work/otp/_build/default/lib" "$work/plain/deps"
mv "$work/plain/deps/tally_tcp/ebin" "$work/plain/ebin"
expect 0 "$relevo" init --json -C "$work/plain"
contains "$out" '"kind": "ebin folders"'
contains "$out" '"next": "relevo build -C '
expect 0 "$relevo" build -C "$work/plain"
contains "$out" "tally_tcp 1.1.0"
ok

# ---- a single Mix project ----
mkdir -p "$work/one/lib"
printf '/_build' >"$work/one/.gitignore"
cat >"$work/one/mix.exs" <<'EXS'
defmodule One.MixProject do
  use Mix.Project
  def project, do: [app: :one, version: "0.3.0", releases: releases()]
  def application, do: [extra_applications: [:logger]]
  defp releases do
    [
      # app: :two
      first: [
        applications: [one: :transient, inets: :load],
        strip_beams: false,
        include_erts: false,
        cookie: "crumb",
        steps: [:assemble, &__MODULE__.sign/1]
      ],
      second: [applications: [one: :permanent]]
    ]
  end
end
EXS
echo 'defmodule One do def one, do: 1 end' >"$work/one/lib/one.ex"
expect 0 "$relevo" init -C "$work/one"
contains "$out" "Mix project, release first"
contains "$out" "one of 2 releases"
contains "$out" "not taken over: steps (relevo help config"
contains "$out" "relevo.yaml, and /releases/ into .gitignore"
[ "$(cat "$work/one/.gitignore")" = "$(printf '/_build\n/releases/')" ] || fail ".gitignore: $(cat "$work/one/.gitignore")"
expect 0 "$relevo" init -C "$work/one" --force --json
contains "$out" '"gitignore": false'
contains "$out" '"steps"'
[ "$(wc -l <"$work/one/.gitignore")" = 2 ] || fail "twice in .gitignore"
contains "$(cat "$work/one/relevo.yaml")" "  one: transient
  inets: load"
(cd "$work/one" && MIX_ENV=prod mix compile) >"$work/log" 2>&1 || fail "mix compile: $(cat "$work/log")"
expect 0 "$relevo" build -C "$work/one"
contains "$out" "first 0.3.0"
[ -z "$(find "$work/one/releases/first-0.3.0" -name "erts-*")" ] || fail "include_erts: false packs one"
[ "$(cat "$work/one/releases/first-0.3.0/releases/COOKIE")" = crumb ] || fail "another cookie"
cmp "$work/one/_build/prod/lib/one/ebin/Elixir.One.beam" "$work/one/releases/first-0.3.0/lib/one-0.3.0/ebin/Elixir.One.beam" ||
  fail "strip_beams: false strips"
ok

expect 3 "$relevo" init -C "$work"
contains "$said" "no project that can be built"
[ ! -e "$work/relevo.yaml" ] || fail "something was written"
ok

echo "ok: $checks groups of checks"
