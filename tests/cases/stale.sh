#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# What was compiled long ago, or for something else, is told by `relevo build`; and what is sound is not.
set -eu
cd "$(dirname "$0")/../.."
. tests/tools/live.sh

p=$work/p
build () { expect 0 "$relevo" build -C "$p" -o "$work/store" --overwrite; }
silent () {
  build
  [ -z "$said" ] || fail "warns of nothing: $said"
}
told () {
  build
  contains "$said" "$1"
  [ "$(grep -c '^warning' "$work/said")" = 1 ] || fail "says more: $said"
}
# age FILE...: all of the same old day
age () { find "$@" -exec touch -h -d 2020-01-01 {} +; }

# ---- Mix ----

mkdir -p "$p/lib"
cat >"$p/mix.exs" <<'EXS'
defmodule One.MixProject do
  use Mix.Project
  @version "1.0.0"
  def project, do: [app: :one, version: @version]
end
EXS
echo 'defmodule One do def one, do: 1 end' >"$p/lib/one.ex"
printf 'release: one\napplications: {one: permanent}\nlibs: [_build/prod/lib]\nerts: none\n' >"$p/relevo.yaml"
compile () { (cd "$p" && MIX_ENV=${1:-prod} mix compile) >"$work/log" 2>&1 || fail "mix compile: $(cat "$work/log")"; }
compile dev
expect 3 "$relevo" build -C "$p"
contains "$said" "no compiled applications in $p/_build/prod/lib, only in _build/dev/lib"
contains "$said" "Compile first (MIX_ENV=prod mix compile)"
sed -i /libs/d "$p/relevo.yaml"
expect 3 "$relevo" build -C "$p"
contains "$said" "no compiled applications in _build/prod/lib or _build/default/lib, only in _build/dev/lib"
compile
silent
# Nothing has changed but the times, as after a checkout.
age "$p/_build" "$p/mix.exs"
silent
echo 'defmodule One do def one, do: 2 end' >"$p/lib/one.ex"
told "$p/lib/one.ex is newer than what was compiled of one: compile again (MIX_ENV=prod mix compile)"
compile
silent
echo 'defmodule Two do def two, do: 2 end' >"$p/lib/two.ex"
age "$p/_build" "$p/mix.exs"
told "$p/lib/two.ex is newer than what was compiled of one: compile again (MIX_ENV=prod mix compile)"
rm "$p/lib/two.ex"
sed -i s/1.0.0/1.1.0/ "$p/mix.exs"
age "$p/mix.exs"
told "one was compiled as 1.0.0, but $p/mix.exs says 1.1.0: compile again"
sed -i 's/@version "1.1.0"/@version String.trim("1.1.0")/' "$p/mix.exs"
age "$p/mix.exs"
silent
ok

# ---- an application that is no more ----

mkdir -p "$p/_build/prod/lib/gone/ebin"
echo '{application, gone, [{description, ""}, {vsn, "1"}, {modules, []}, {registered, []}, {applications, [kernel, stdlib]}]}.' \
  >"$p/_build/prod/lib/gone/ebin/gone.app"
sed -i 's/{one: permanent}/{one: permanent, gone: permanent}/' "$p/relevo.yaml"
told "gone is packed, but the project has no such application any more: remove $p/_build/prod/lib/gone"
for file in mix.lock mix.exs; do
  cp "$p/mix.exs" "$work/mix.exs"
  case $file in
    mix.lock) echo '%{ "gone": {:hex, :gone, "1"} }' >"$p/mix.lock" ;;
    mix.exs) sed -i 's/app: :one/app: :one, deps: [{:gone, ">= 0.0.0"}]/' "$p/mix.exs" ;;
  esac
  age "$p/mix.exs"
  silent
  rm -f "$p/mix.lock"
  cp -p "$work/mix.exs" "$p/mix.exs"
  age "$p/mix.exs"
done
# A dependency that lies elsewhere may need it.
sed -i 's/app: :one/app: :one, deps: [{:other, path: "..\/other"}]/' "$p/mix.exs"
age "$p/mix.exs"
silent
ok

# ---- rebar3 ----

rm -rf "$p"
mkdir -p "$p/apps/one/src" "$p/_build/default/lib/one/ebin"
: >"$p/rebar.config"
echo '-module(one).' >"$p/apps/one/src/one.erl"
app () {
  echo "{application, one, [{description, \"\"}, {vsn, $1}, {modules, [one]}, {registered, []}, {applications, [kernel, stdlib]}]}."
}
app '"1.0.0"' >"$p/apps/one/src/one.app.src"
app '"1.0.0"' >"$p/_build/default/lib/one/ebin/one.app"
erlc -o "$p/_build/default/lib/one/ebin" "$p/apps/one/src/one.erl"
ln -s ../../../../apps/one/src "$p/_build/default/lib/one/src"
printf 'release: one\napplications: {one: permanent}\nerts: none\n' >"$p/relevo.yaml"
silent
age "$p/_build/default/lib/one/ebin/one.beam"
told "$p/apps/one/src/one.erl is newer than what was compiled of one: compile again (rebar3 compile)"
age "$p/apps"
silent
app '"1.1.0"' >"$p/apps/one/src/one.app.src"
told "one was compiled as 1.0.0, but $p/apps/one/src/one.app.src says 1.1.0: compile again (rebar3 compile)"
app git >"$p/apps/one/src/one.app.src"
silent
mkdir -p "$p/apps/two/src"
mv "$p/apps/one/src"/* "$p/apps/two/src"
mv "$p/apps/two/src/one.app.src" "$p/apps/two/src/two.app.src"
rm -r "$p/apps/one"
told "one is packed, but the project has no such application any more"
ok

echo "ok: $checks groups of checks"
