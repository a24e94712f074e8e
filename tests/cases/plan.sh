#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# diff, appup and plan through the program: small releases compiled here, exit statuses, files.
set -eu
cd "$(dirname "$0")/../.."
. tests/tools/live.sh

# release VERSION APP-VERSION BODY: a tree $work/VERSION with one module.
release () {
  root=$work/$1
  mkdir -p "$root/releases/$1" "$root/lib/web-$2/ebin"
  for app in kernel-8.5 stdlib-4.2 sasl-4.2; do
    mkdir -p "$root/lib/$app/ebin"
    cat >"$root/lib/$app/ebin/${app%-*}.app" <<APP
{application,${app%-*},[{vsn,"${app#*-}"},{description,""},{modules,[]},{registered,[]},{applications,[]}]}.
APP
  done
  cat >"$root/releases/$1/site.rel" <<REL
{release,{"site","$1"},{erts,"13.1.5"},[{kernel,"8.5"},{stdlib,"4.2"},{sasl,"4.2"},{web,"$2"}]}.
REL
  cat >"$root/lib/web-$2/ebin/web.app" <<APP
{application,web,[{vsn,"$2"},{description,""},{modules,[web]},{registered,[]},{applications,[kernel,stdlib]}]}.
APP
  echo "-module(web). -export([v/0]). v() -> $3." >"$work/web.erl"
  erlc -o "$root/lib/web-$2/ebin" "$work/web.erl"
}
release 1 1.0 one
release 2 1.1 two
release 3 1.1 three
tar -C "$work/2" -czf "$work/2.tar.gz" .

expect 0 "$relevo" diff "$work/1" "$work/2"
contains "$out" "web          1.0 to 1.1  changed"
contains "$out" "3 applications are the same; sys.config: same; vm.args: same"
expect 0 "$relevo" diff --json "$work/1" "$work/2"
echo "$out" | jq -e '.applications[3].modules == [{"name": "web", "change": "changed", "kinds": ["body"], "functions": ["v/0"], "roles": []}]' >/dev/null
ok

# A folder or a tarball, the plan is the same.
expect 0 "$relevo" plan --json "$work/1" "$work/2"
plan=$out
expect 0 "$relevo" plan --json "$work/1" "$work/2.tar.gz"
[ "$plan" = "$out" ] || fail "the tarball's plan is another"
echo "$plan" | jq -e '.verdict == "hot" and .reversible and .reasons == [] and
  .steps.up[2] == "{load,{web,brutal_purge,brutal_purge}}" and
  .applications[3].modules[0].instruction == "{load_module,web}"' >/dev/null || fail "$plan"
ok

# In a project, by version or by name and version; what is there as a file goes first.
mkdir -p "$work/project/releases"
printf 'release: site\nversion: "2"\napplications: {web: permanent}\n' >"$work/project/relevo.yaml"
named () {
  status=0
  (cd "$work/project" && "$relevo" "$@") >"$work/out" 2>"$work/said" </dev/null || status=$?
  out=$(cat "$work/out") said=$(cat "$work/said")
}
named plan 1 2
[ "$status" = 3 ] || fail "an empty store: $status $said"
contains "$said" "There is none yet: relevo build makes one."
cp -R "$work/1" "$work/project/releases/site-1"
cp "$work/2.tar.gz" "$work/project/releases/site-2.tar.gz"
named plan --json 1 site-2
[ "$plan" = "$out" ] || fail "by version: $said"
named diff 2 4
[ "$status" = 3 ] || fail "no such version: $status"
contains "$said" "4 is no file or folder, and no version of site in $work/project/releases"
contains "$said" "There: 2, 1."
cp -R "$work/3" "$work/project/2"
named inspect 2
contains "$out" "site 3"
ok

expect 0 "$relevo" plan --require hot "$work/1" "$work/2"
contains "$out" "verdict: hot, reversible"
contains "$out" "  web                    changed: body  load_module"
contains "$out" "   3  load web"
expect 0 "$relevo" plan -v "$work/1" "$work/2"
contains "$out" "  {load,{web,brutal_purge,brutal_purge}}"
expect 0 "$relevo" plan --format markdown "$work/1" "$work/2"
contains "$out" "### site 1 → 2: **hot**, reversible"
contains "$out" "3. load web"
expect 0 "$relevo" plan --format json "$work/1" "$work/2"
[ "$plan" = "$out" ] || fail "--format json is another thing than --json"
expect 2 "$relevo" plan --format html "$work/1" "$work/2"
contains "$said" "want text, markdown or json"
expect 4 "$relevo" plan --require restart "$work/2" "$work/3"
contains "$said" "the verdict is impossible, restart was wanted: web changed (web), but its version is still 1.1"
contains "$out" "version_not_bumped"
expect 0 "$relevo" plan --require hot --allow version_not_bumped "$work/2" "$work/3"
contains "$out" "allowed    version_not_bumped"
expect 2 "$relevo" plan --allow version_not_bumbed "$work/2" "$work/3"
contains "$said" "did you mean version_not_bumped?"
expect 2 "$relevo" plan --require perfect "$work/1" "$work/2"
ok

# What is written can be read: OTP consults it, relevo shows it.
expect 0 "$relevo" plan --out "$work/plan" "$work/1" "$work/2"
[ "$(cd "$work/plan" && echo *)" = "plan.json relup web.appup" ] || fail "not these files"
[ "$(cat "$work/plan/plan.json")" = "$plan" ] || fail "plan.json is another"
erl -noshell -eval 'lists:foreach(fun(F) -> {ok,[{_,[{_,_}|_]=_Up,_}]} = case file:consult(F) of
  {ok,[{V,[{A,_,S}|_],D}]} -> {ok,[{V,[{A,S}],D}]}; Other -> Other end end, init:get_plain_arguments()), halt().' \
  -extra "$work/plan/relup" "$work/plan/web.appup" || fail "OTP does not read it"
ok

# An appup written by hand.
mkdir -p "$work/appups/1-2"
expect 0 "$relevo" appup --out "$work/appups/1-2" "$work/1" "$work/2"
expect 0 "$relevo" appup --check --appups "$work/appups" "$work/1" "$work/2"
contains "$out" "1 changed application, 1 appup written by hand, nothing to complain of"
echo '{"1.1",[{"1.0",[]}],[{"1.0",[{load_module,web}]}]}.' >"$work/appups/1-2/web.appup"
expect 4 "$relevo" appup --check --appups "$work/appups" "$work/1" "$work/2"
contains "$out" "does not mention web, which was changed"
expect 0 "$relevo" plan --appups "$work/appups" "$work/1" "$work/2"
contains "$out" "verdict: hot, with warnings, reversible"
contains "$out" "appup_incomplete"
echo '{"1.2",[],[]}.' >"$work/appups/1-2/web.appup"
expect 4 "$relevo" plan --require hot --appups "$work/appups" "$work/1" "$work/2"
contains "$out" 'is not for version "1.1"'
ok

# No hot way from 4 to 6, for a gen_server cannot become a gen_statem; but there is one by way of 5.
module () { cat >"$work/web.erl" && erlc -o "$work/$1/lib/web-$2/ebin" "$work/web.erl"; }
release 4 4.0 four
release 5 5.0 five
release 6 6.0 six
module 4 4.0 <<'ERL'
-module(web). -behaviour(gen_server). -export([init/1,handle_call/3,handle_cast/2]).
init(_) -> {ok, 0}.
handle_call(_, _, N) -> {reply, N, N}.
handle_cast(_, N) -> {noreply, N}.
ERL
module 6 6.0 <<'ERL'
-module(web). -behaviour(gen_statem). -export([init/1,callback_mode/0,on/3]).
init(_) -> {ok, on, 0}.
callback_mode() -> state_functions.
on(_, _, N) -> {keep_state, N}.
ERL
mkdir "$work/store"
tar -C "$work/5" -czf "$work/store/site-5.tar.gz" .
cp -r "$work/1" "$work/store/site-1"
expect 4 "$relevo" plan --require hot "$work/4" "$work/6"
expect 0 "$relevo" plan --require hot "$work/4" "$work/6" --via "$work/store" --out "$work/hops"
contains "$out" "verdict: restart"
contains "$out" "hot in 2 hops"
contains "$out" "  4 to 5: hot, reversible"
contains "$out" "web changes in 5 and again in 6"
[ "$(cd "$work/hops" && echo */relup)" = "4-5/relup 5-6/relup" ] || fail "no relup for each hop"
expect 0 "$relevo" plan --json "$work/4" "$work/6" --via "$work/store"
echo "$out" | jq -e '.verdict == "restart" and [.via[] | .old.version + "-" + .new.version] == ["4-5","5-6"]' >/dev/null ||
  fail "$out"
rm "$work/store/site-5.tar.gz"
expect 4 "$relevo" plan --require hot "$work/4" "$work/6" --via "$work/store"
contains "$out" "no hot way by 0 releases between them either"
expect 0 "$relevo" plan "$work/6" "$work/4" --via "$work"
ok

expect 3 "$relevo" plan "$work/1" "$work/none"
rm "$work/2/lib/web-1.1/ebin/web.beam"
expect 3 "$relevo" plan "$work/1" "$work/2"
contains "$said" "module web"
ok

echo "ok: $checks groups of checks"
