#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The configuration of a release is evaluated with its own code, in a VM of its own beside the
# node: by `node check` before anything of it is there, by `node install` before anything changes.
set -eu
cd "$(dirname "$0")/../.."
. tests/tools/live.sh

# ---- two releases: 1.1.0 asks its own code, its env.sh, and does what LAMP_WILL says ----

project=$work/project
mkdir -p "$project/config" "$project/appups/1.0.0-1.1.0"
cat >"$project/lamp.erl" <<'ERL'
-module(lamp).
-behaviour(application).
-behaviour(supervisor).
-export([start/2, stop/1, config_change/3, init/1]).
-ifdef(LIMIT).
-export([limit/0]).
-endif.
start(_, _) -> supervisor:start_link({local, lamp}, ?MODULE, []).
stop(_) -> ok.
config_change(Changed, New, Removed) -> persistent_term:put(lamp, {Changed, New, Removed}).
init([]) -> {ok, {#{}, []}}.
-ifdef(LIMIT).
limit() -> 7.
-endif.
ERL
echo 'config :lamp, limit: 1, secret_key: "hunter1", url: "http://u:hunter1@lamp/", old: true' >"$work/1.0.0.exs"
cat >"$work/1.1.0.exs" <<'EXS'
config :lamp, limit: :lamp.limit(), secret_key: "hunter2", url: "http://u:hunter2@lamp/", at: node(),
  colour: System.get_env("LAMP_COLOUR"), vsn: System.get_env("RELEASE_VSN"), wick: &String.trim/1
case System.get_env("LAMP_WILL") do
  "raise" -> raise "no wick"
  "quote" -> raise "the wick " <> "hunter" <> "3" <> " is burnt"
  "argue" -> raise ArgumentError, "no such oil: " <> inspect(hunter: System.get_env("LAMP_TIME"))
  "unset" -> System.fetch_env!("LAMP_NOT_THERE")
  "words" -> IO.puts("LAMP_OIL is " <> "hunter" <> "3"); System.halt(3)
  "crash" -> String.to_integer("hunter2")
  "hang" -> System.cmd("sleep", [System.get_env("LAMP_TIME")])
  "halt" -> IO.puts("LAMP_OIL is missing"); System.halt(3)
  "fun" -> config :lamp, hooks: [on: [now: fn -> 1 end]]
  "oil" -> config :lamp, oil: :rape
  "print" -> IO.puts("hello"); System.cmd("true", [])
  _ -> nil
end
EXS
echo '{"1.1.0",[{"1.0.0",[{load_module,lamp}]}],[{"1.0.0",[{load_module,lamp}]}]}.' \
  >"$project/appups/1.0.0-1.1.0/lamp.appup"
echo 'import Config; config :lamp, oil: :whale' >"$project/config/config.exs"
for version in 1.0.0 1.1.0; do
  ebin=$project/lib/lamp-$version/ebin
  mkdir -p "$ebin"
  limit=''
  [ $version = 1.0.0 ] || limit=-DLIMIT
  # shellcheck disable=SC2086 # $limit is one word or none
  erlc $limit -o "$ebin" "$project/lamp.erl"
  cat >"$ebin/lamp.app" <<APP
{application, lamp, [{description, ""}, {vsn, "$version"}, {modules, [lamp]}, {registered, [lamp]},
  {applications, [kernel, stdlib, elixir]}, {mod, {lamp, []}}, {env, [{wax, '$version'}, {same, 1}]},
  {compile_env, [{lamp, [oil], {ok, whale}}]}]}.
APP
  { echo 'import Config'; cat "$work/$version.exs"; } >"$project/config/runtime.exs"
  from=''
  [ $version = 1.0.0 ] || from='upgrade: {from: ["1.0.0"], appups: appups}'
  [ $version = 1.0.0 ] || echo 'export LAMP_COLOUR=green' >>"$project/env.sh"
  [ $version = 1.1.0 ] || echo '# nothing' >"$project/env.sh"
  cat >"$project/relevo.yaml" <<YAML
release: lamp
version: "$version"
applications: {lamp: permanent}
libs: [lib]
config: {sys: config/config.exs, runtime: config/runtime.exs, env: env.sh}
$from
YAML
  expect 0 "$relevo" build -q -C "$project" --out "$work/store" --overwrite
done
new=$work/store/lamp-1.1.0.tar.gz

start_epmd
export RELEASE_DISTRIBUTION=name RELEASE_NODE=lamp@127.0.0.1 RELEASE_COOKIE=c LAMP_TIME=$((600 + $$))
node=$RELEASE_NODE
mkdir "$work/run"
tar -xzf "$work/store/lamp-1.0.0.tar.gz" -C "$work/run"
"$work/run/bin/lamp" start >"$work/log" 2>&1 &
pids="$pids $!"
eval_there () { "$relevo" node eval "$node" "$1"; }
env_there () { eval_there "lists:sort(application:get_all_env(lamp))"; }
started () { eval_there "{started, _} = init:get_status()"; }
wait_for 40 started || fail "the lamp does not start: $(cat "$work/log")"
listing () { (cd "$work/run" && find . | sort); }
listing >"$work/before"
before=$(env_there)
will () { eval_there "os:putenv(\"LAMP_WILL\", \"$1\")" >/dev/null; }
# Nothing is left of a VM that evaluated: no file, no process.
unchanged () {
  listing >"$work/after"
  cmp -s "$work/before" "$work/after" || fail "left: $(diff "$work/before" "$work/after")"
  [ "$(env_there)" = "$before" ] || fail "another environment: $(env_there)"
  none_of "-relevo$work/run"
  none_of "sleep$LAMP_TIME"
}
none_of () {
  for file in /proc/[0-9]*/cmdline; do
    case $({ tr -d '\0' <"$file"; } 2>/dev/null) in
      *"$1"*) fail "a process is left: $(tr '\0' ' ' <"$file" | cut -c 1-200)" ;;
    esac
  done
}

# ---- what would change, before anything of it is there ----

will print
expect 0 "$relevo" node check "$node" "$new"
contains "$out" "lamp limit changed: 1 -> 7 (config_change/3 is told)"
contains "$out" "lamp colour added: ..."
contains "$out" "lamp wax changed: '1.0.0' -> '1.1.0'"
contains "$out" "lamp url changed: ... -> ..."
case $out in *hunter*|*green*|*http*) fail "a value is shown: $out" ;; esac
expect 0 "$relevo" node check "$node" "$new" --show-values
contains "$out" "lamp colour added: <<\"green\">>"
contains "$out" "lamp at added: 'lamp@127.0.0.1'"
contains "$out" "lamp old removed: true"
contains "$out" "lamp wax changed: '1.0.0' -> '1.1.0'"
contains "$out" 'lamp secret_key changed: "******" -> "******"'
contains "$out" 'lamp url changed: <<"http://******@lamp/">> -> '
contains "$out" "lamp wick added: fun 'Elixir.String':trim/1"
lacks () { case $1 in *"$2"*) fail "\"$2\" in: $1" ;; esac; }
lacks "$out" hunter
lacks "$out" "lamp same"
lacks "$out" "kernel "
expect 0 "$relevo" node check "$node" "$new" --json
contains "$out" '"key": "limit"'
contains "$out" '"heard": true'
lacks "$out" hunter
unchanged
ok

# ---- what cannot be ----

# refused WILL TEXT [OPTION...]
refused () {
  will "$1"
  text=$2
  shift 2
  expect 4 "$relevo" node check "$node" "$new" "$@"
  contains "$out" "$text"
  lacks "$out$said" hunter
  unchanged
}
refused raise "no wick"
refused quote "the wick ****** is burnt"
refused argue "no such oil: ******"
refused unset "the environment variable LAMP_NOT_THERE is not set"
refused words "ended with status 3; it said: LAMP_OIL is ******"
refused crash "the configuration of 1.1.0 cannot be made"
refused halt "ended with status 3; it said: LAMP_OIL is missing"
refused oil "lamp oil: not the value that it was compiled with"
refused hang "not evaluated within 4 s" --config-timeout 4s
ok

# ---- the same before an installation, which then uses what was evaluated ----

will raise
expect 4 "$relevo" node install "$node" "$new"
contains "$said" "no wick"
contains "$said" "still runs lamp 1.0.0"
[ "$(env_there)" = "$before" ] || fail "another environment: $(env_there)"
# Also what no file of text can hold.
will fun
expect 0 "$relevo" node install "$node" "$new"
contains "$said" "lamp limit changed: 1 -> 7"
contains "$said" "lamp hooks added"
expect 0 "$relevo" node eval "$node" '{ok, [{on, [{now, F}]}]} = application:get_env(lamp, hooks), F()'
contains "$out" 1
[ ! -e "$work/run/releases/1.1.0/start.boot.relevo" ] || fail "the boot file is still aside"
lacks "$said$out" hunter
after=$(env_there)
for part in "{limit,7}" '{colour,<<"green">>}' "{at,'lamp@127.0.0.1'}" '{vsn,<<"1.1.0">>}' \
  '{secret_key,<<"hunter2">>}' "{wax,'1.1.0'}"; do
  contains "$after" "$part"
done
lacks "$after" "{old,"
contains "$(eval_there 'persistent_term:get(lamp)')" "{limit,7}"
expect 0 "$relevo" node revert "$node"
[ "$(env_there)" = "$before" ] || fail "another environment: $(env_there)"
find "$work/run" -name 'relevo-vm*' -o -name '*.ready' -o -name '*.config.relevo' >"$work/left"
[ ! -s "$work/left" ] || fail "left: $(cat "$work/left")"
ok

echo "ok: $checks groups of checks"
