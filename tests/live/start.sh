#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# bin/NAME where a release was put in odd ways, or was left in an odd state: by links, without a
# cookie or with one that the VM would not take, after a power cut, under a starter that reaps nobody.
# shellcheck disable=SC2016,SC2089,SC2090 # $NAME and quotes are meant as they stand there
set -eu
cd "$(dirname "$0")/../.."
. tests/tools/live.sh
start_epmd
chmod 755 "$work"
mkdir -m 777 "$work/tmp"

p=$work/p
mkdir -p "$p/lib/tick/ebin" "$p/config"
cat >"$p/tick.erl" <<'ERL'
-module(tick).
-behaviour(application).
-export([start/2, stop/1, init/1]).
start(_, _) ->
    _ = file:write_file(os:getenv("STARTED", "/dev/null"), os:getpid()),
    supervisor:start_link({local, tick}, ?MODULE, []).
stop(_) ->
    case os:getenv("SLOWLY") of
        false -> ok;
        _ -> timer:sleep(2000)
    end.
init([]) -> {ok, {#{}, []}}.
ERL
erlc -o "$p/lib/tick/ebin" "$p/tick.erl"
cat >"$p/lib/tick/ebin/tick.app" <<'APP'
{application, tick, [{description, ""}, {vsn, "1.0.0"}, {modules, [tick]}, {registered, [tick]},
  {applications, [kernel, stdlib]}, {mod, {tick, []}}]}.
APP
echo '[{tick, [{colour, red}]}].' >"$p/config/sys.config"
yaml () { printf '%s\n' 'release: tick' 'libs: [lib]' 'applications: {tick: permanent}' "$@" >"$p/relevo.yaml"; }
build () { expect 0 "$relevo" build -q -C "$p" -o "$work/store" --overwrite; }
run=$work/run
unpack () {
  rm -rf "$run"
  mkdir "$run"
  tar -xzf "$work/store/tick-1.0.0.tar.gz" -C "$run"
}
yaml
build
unpack
export RELEASE_NODE=tick@127.0.0.1 RELEASE_DISTRIBUTION=name STARTED="$work/tmp/started"
# begin COMMAND...: in the background, until the application has started; $pid is what was begun.
begin () {
  rm -f "$STARTED"
  "$@" >"$work/log" 2>&1 &
  pid=$!
  pids="$pids $pid"
  wait_for 30 test -s "$STARTED" || fail "does not start: $(cat "$work/log")"
}

# ---- links ----

mkdir -p "$work/usr/bin" "$work/usr/local/bin" "$work/far/away"
ln -s ../../run/bin/tick "$work/usr/bin/tick"
ln -s ../../bin/tick "$work/usr/local/bin/tick"
ln -s "$work/usr/local/bin/tick" "$work/absolute"
ln -s "$run" "$work/current"
# The folder of a relative link is itself a link: it leads on from where it really lies.
ln -s ../usr/bin "$work/far/bin"
for way in "$work/usr/bin/tick" "$work/usr/local/bin/tick" "$work/absolute" "$work/current/bin/tick" "$work/far/bin/tick"; do
  expect 0 "$way" version
  [ "$out" = "tick 1.0.0" ] || fail "$way: $out"
done
(cd "$work/usr/bin" && ./tick version && PATH="$work/usr/local/bin:$PATH" && tick version) >"$work/out" || fail "from its folder, by PATH"
expect 0 "$work/usr/local/bin/tick" eval 'io:put_chars(os:getenv("RELEASE_SELF")).'
[ "$out" = "$run/bin/tick" ] || fail "is $out"
erl=$(echo "$run"/erts-*/bin/erl)
ln -s "../$(basename "$(dirname "$(dirname "$erl")")")/bin/erl" "$run/bin/erl"
ln -s bin/erl "$run/erl"
expect 0 "$run/erl" -noshell -boot "$run/releases/1.0.0/start_clean" -boot_var RELEASE_LIB "$run/lib" \
  -eval 'io:put_chars(code:root_dir()), halt().'
[ "$out" = "$run" ] || fail "erl by links finds $out"
ok

# ---- what follows the expression ----

expect 0 "$run/bin/tick" eval 'io:format("~p", [init:get_plain_arguments()]).' one 'two words' --three -4
[ "$out" = '["one","two words","--three","-4"]' ] || fail "arguments: $out"
expect 0 "$run/bin/tick" eval 'io:format("~p", [init:get_plain_arguments()])'
[ "$out" = '[]' ] || fail "arguments: $out"
ok

# ---- without a cookie, in a folder of somebody else's ----

[ ! -e "$run/releases/COOKIE" ] || fail "eval has made a cookie"
if [ "$(id -u)" = 0 ]; then
  stranger () { setpriv --reuid=65534 --regid=65534 --clear-groups env HOME=/nonexistent "$@"; }
  expect 0 stranger "$run/bin/tick" eval 'io:format("~p", [erlang:is_alive()]).'
  [ "$out" = false ] || fail "eval is a node"
  RELEASE_DISTRIBUTION=none expect 0 stranger "$run/bin/tick" eval 'halt(0)'
  RELEASE_DISTRIBUTION=none begin stranger "$run/bin/tick" start
  kill "$(cat "$STARTED")"
  wait "$pid" || fail "start without distribution: $(cat "$work/log")"
  ! grep -qi 'cookie\|cannot' "$work/log" || fail "start without distribution says: $(cat "$work/log")"
  expect 1 stranger "$run/bin/tick" start
  contains "$said" "set RELEASE_COOKIE"
  # One for its owner alone.
  (umask 077 && echo owner >"$run/releases/COOKIE")
  expect 0 stranger "$run/bin/tick" eval 'halt(0)'
  expect 1 stranger "$run/bin/tick" pid
  contains "$said" "cannot read $run/releases/COOKIE: set RELEASE_COOKIE"
  rm "$run/releases/COOKIE"
fi
ok

# ---- cookies that the VM would take for flags, or for none ----

for cookie in -setcookie +K --; do
  RELEASE_COOKIE=$cookie expect 1 "$run/bin/tick" start
  contains "$said" "a cookie cannot begin with - or +"
done
: >"$run/releases/COOKIE"
expect 1 "$run/bin/tick" start
contains "$said" "COOKIE is empty"
rm "$run/releases/COOKIE"
odd='a b"c\d$HOME#e`f'
export RELEASE_COOKIE="$odd"
begin "$run/bin/tick" start
expect 0 "$run/bin/tick" rpc 'io:put_chars(atom_to_list(erlang:get_cookie())).'
[ "$out" = "$odd" ] || fail "the cookie is $out"
expect 0 "$run/bin/tick" stop
unset RELEASE_COOKIE
for cookie in -x +x '""' '"a b"' '"a\nb"' ä "$(printf '%0256d' 0)"; do
  yaml "cookie: $cookie"
  expect 2 "$relevo" build -C "$p" -o "$work/store" --overwrite
  contains "$said" "relevo.yaml:4:1: cookie: want "
done
yaml
ok

# ---- names and cookies in vm.args are somebody's who edited it ----

for flag in '-sname other' '-name other@127.0.0.1' '-setcookie other'; do
  echo "+K true $flag # here" >>"$run/releases/1.0.0/vm.args"
  expect 1 "$run/bin/tick" start
  contains "$said" "take ${flag%% *} out of $run/releases/1.0.0/vm.args, and set RELEASE_"
  sed -i '$d' "$run/releases/1.0.0/vm.args"
done
echo '# -sname other' >>"$run/releases/1.0.0/vm.args"
expect 0 "$run/bin/tick" eval 'halt(0)'
ok

# ---- the vm.args of a project of rebar3: its name and cookie are where the script looks ----

unset RELEASE_NODE RELEASE_DISTRIBUTION
cat >"$p/config/vm.args" <<'ARGS'
# -name nobody
+K true -sname 'tick-a' +A 5
-setcookie crumb
-tick list "[a, b]" # -setcookie none
ARGS
yaml 'config: {vm_args: config/vm.args}'
expect 0 "$relevo" build -q -C "$p" -o "$work/store" --overwrite
contains "$said" "config/vm.args: bin/tick gives -sname tick-a and -setcookie to the VM itself: moved to env.sh and releases/COOKIE"
case $said in *crumb*) fail "the cookie is shown" ;; esac
unpack
[ "$(stat -c %a "$run/releases/COOKIE")" = 600 ] || fail "the cookie can be read by others"
begin "$run/bin/tick" start
host=$(hostname -s)
expect 0 "$run/bin/tick" rpc 'io:format("~p ~p ~p ~p", [node(), erlang:get_cookie(), application:get_env(tick, list), erlang:system_info(kernel_poll)]).'
[ "$out" = "'tick-a@$host' crumb {ok,[a,b]} true" ] || fail "is $out"
expect 0 "$run/bin/tick" eval 'io:format("~p", [node()]).'
[ "$out" = nonode@nohost ] || fail "eval is $out"
expect 0 "$run/bin/tick" stop
# What is said from outside counts.
RELEASE_NODE=tick-b RELEASE_COOKIE=other begin "$run/bin/tick" start
RELEASE_NODE=tick-b RELEASE_COOKIE=other expect 0 "$run/bin/tick" rpc 'io:format("~p ~p", [node(), erlang:get_cookie()]).'
[ "$out" = "'tick-b@$host' other" ] || fail "is $out"
RELEASE_NODE=tick-b RELEASE_COOKIE=other expect 0 "$run/bin/tick" stop
wrong () { # MESSAGE KEY...: vm.args on stdin
  cat >"$p/config/vm.args"
  message=$1
  shift
  yaml "$@"
  expect 2 "$relevo" build -q -C "$p" -o "$work/store" --overwrite
  contains "$said" "$message"
}
printf -- '-sname a\n-name b@c\n' | wrong "the node is named twice, -sname a and -name b@c: take one out" 'config: {vm_args: config/vm.args}'
printf -- '-setcookie a\n-setcookie b\n' | wrong "-setcookie stands there twice" 'config: {vm_args: config/vm.args}'
printf -- '-setcookie "a b"\n' | wrong "-setcookie: want 1 to 255 printable" 'config: {vm_args: config/vm.args}'
printf -- '-setcookie a\n' | wrong '-setcookie is not the "cookie" of' 'config: {vm_args: config/vm.args}' 'cookie: b'
printf -- '-sname a\n' | wrong 'take -sname out: bin/tick gives these VMs' 'config: {remote_vm_args: config/vm.args}'
echo 'export RELEASE_DISTRIBUTION=none' >"$p/config/env.sh"
printf -- '-sname a\n' | wrong 'has RELEASE_DISTRIBUTION=none: take one of them out' 'config: {vm_args: config/vm.args, env: config/env.sh}'
ok

# ---- files of relx that end in .src: what the environment says when the system starts ----

cat >"$p/config/vm.args.src" <<'ARGS'
# ${NOT_ASKED_FOR}
-name ${TICK_NODE:-tick}@127.0.0.1
-setcookie ${TICK_COOKIE}
-tick at '"${TICK_AT:-here and now}"'
ARGS
cat >"$p/config/sys.config.src" <<'CONFIG'
%% ${NOT_ASKED_FOR}
[{tick, [{port, ${TICK_PORT}}, {colour, ${TICK_COLOUR:-red}}, {name, "${TICK_NAME:-}"}]}].
CONFIG
yaml 'config: {vm_args: config/vm.args.src, sys: config/sys.config.src}'
build
unpack
expect 2 "$run/bin/tick" start
contains "$said" "TICK_COOKIE: is not in the environment"
export TICK_COOKIE=baked
expect 1 "$run/bin/tick" start
contains "$said" "sys.config.src: not in the environment: TICK_PORT (\${NAME:-DEFAULT} gives a default)"
export TICK_PORT=4000 TICK_NAME='$(id) `id` ${TICK_PORT} &'
begin "$run/bin/tick" start
expect 0 "$run/bin/tick" rpc 'io:format("~p ~p ~0p", [node(), erlang:get_cookie(), lists:sort(application:get_all_env(tick))]).'
[ "$out" = "'tick@127.0.0.1' baked "'[{at,"here and now"},{colour,red},{name,"$(id) `id` ${TICK_PORT} &"},{port,4000}]' ] || fail "is $out"
for file in "$run/tmp"/*; do
  [ "$(stat -c %a "$file")" = 600 ] || fail "$file can be read by others"
done
expect 0 "$run/bin/tick" eval 'application:load(tick), io:format("~p", [application:get_env(tick, port)]).'
[ "$out" = '{ok,4000}' ] || fail "eval has $out"

# An upgrade sees them as well: what the environment of the node says, and its env.sh.
sed -i 's/1\.0\.0/1.1.0/' "$p/lib/tick/ebin/tick.app"
echo '[{tick, [{port, ${TICK_PORT}}, {colour, ${TICK_COLOUR:-red}}, {new, "${TICK_NEW}"}]}].' >"$p/config/sys.config.src"
echo 'export TICK_NEW=fresh' >"$p/config/env.sh"
yaml 'config: {vm_args: config/vm.args.src, sys: config/sys.config.src, env: config/env.sh}' 'upgrade: {from: ["1.0.0"]}'
build
export RELEASE_COOKIE=baked
new=$work/store/tick-1.1.0.tar.gz
expect 0 "$relevo" node check tick@127.0.0.1 "$new"
contains "$out" 'tick new added'
case $out in *"tick port"*) fail "the port changes: $out" ;; esac
expect 0 "$relevo" node install tick@127.0.0.1 "$new" --commit
expect 0 "$run/bin/tick" rpc 'io:format("~p ~p", [application:get_env(tick, port), application:get_env(tick, new)]).'
[ "$out" = '{ok,4000} {ok,"fresh"}' ] || fail "after the upgrade: $out"
expect 0 "$relevo" node revert tick@127.0.0.1
expect 0 "$run/bin/tick" rpc 'io:format("~p ~p", [application:get_env(tick, port), application:get_env(tick, new)]).'
[ "$out" = '{ok,4000} undefined' ] || fail "after the way back: $out"

# The permanent release does not boot any more: docs/when-it-breaks.md.
expect 0 "$relevo" node install tick@127.0.0.1 "$new" --commit
expect 0 "$run/bin/tick" stop
mv "$run/lib/tick-1.1.0/ebin/tick.beam" "$work/tick.beam"
if "$run/bin/tick" start >"$work/log" 2>&1; then fail "boots without its module"; fi
RELEASE_VSN=1.0.0 begin "$run/bin/tick" start
expect 0 "$relevo" node releases tick@127.0.0.1
contains "$out" "1.0.0"
RELEASE_VSN=1.0.0 expect 0 "$run/bin/tick" version
[ "$out" = "tick 1.0.0" ] || fail "is $out"
expect 0 "$relevo" node commit tick@127.0.0.1
expect 0 "$run/bin/tick" stop
begin "$run/bin/tick" start
expect 0 "$run/bin/tick" version
[ "$out" = "tick 1.0.0" ] || fail "is $out"
mv "$work/tick.beam" "$run/lib/tick-1.1.0/ebin/tick.beam"
expect 0 "$run/bin/tick" stop
unset RELEASE_COOKIE
sed -i 's/1\.1\.0/1.0.0/' "$p/lib/tick/ebin/tick.app"

printf '[{tick, [{port, ${TICK_PORT}}]}\n' >"$p/config/sys.config.src"
expect 2 "$relevo" build -q -C "$p" -o "$work/store" --overwrite
contains "$said" "sys.config.src:2"
yaml
build
unpack
export RELEASE_NODE=tick@127.0.0.1 RELEASE_DISTRIBUTION=name
ok

# ---- a starter that never asks how its children ended ----

cat >"$work/starter" <<'SH'
#!/bin/sh
"$@" &
echo $! >"$work/vm"
# Not a shell's `wait`: what runs now reaps nobody.
exec sleep 600
SH
chmod 755 "$work/starter"
export work
begin "$work/starter" "$run/bin/tick" start
vm=$(cat "$work/vm")
RELEASE_STOP_TIMEOUT=15 expect 0 "$run/bin/tick" stop
grep -q '^State:.Z' "/proc/$vm/status" || fail "the VM was reaped: nothing is shown"
kill "$pid"
ok

# ---- what the system said of its process id is lost on its way ----

erl=$(echo "$run"/erts-*/bin/erl)
mv "$erl" "$erl.real"
# Swallows as many answers as lines of $work/swallow.
cat >"$erl" <<'SH'
#!/bin/sh
case " $* " in
  *" -hidden "*)
    echo "$RELEASE_EXPRESSION" >>"$work/asked"
    if [ -s "$work/swallow" ]; then
      sed -i '$d' "$work/swallow"
      exec "$0.real" "$@" >/dev/null
    fi ;;
esac
exec "$0.real" "$@"
SH
chmod 755 "$erl"
SLOWLY=yes begin "$run/bin/tick" start
vm=$(cat "$STARTED")
printf '1\n2\n3\n' >"$work/swallow"
: >"$work/asked"
expect 1 "$run/bin/tick" stop
contains "$said" 'tick@127.0.0.1 does not say its process id, but "": it was not told to stop'
! grep -q stop "$work/asked" || fail "it was told to stop"
echo 1 >"$work/swallow"
expect 0 "$run/bin/tick" stop
gone "$vm" || fail "stop returns, and the VM is there"
mv "$erl.real" "$erl"
ok

# ---- epmd still knows a node of this name ----

# late FILE [CODE]: a node as epmd knows it, until the file is gone.
late () {
  echo >"$1"
  erl -noshell -eval '
    Port = list_to_integer(os:getenv("ERL_EPMD_PORT")),
    {ok, S} = gen_tcp:connect({127,0,0,1}, Port, [binary, {active, false}]),
    {ok, L} = gen_tcp:listen(0, [{ip, {127,0,0,1}}]),
    {ok, At} = inet:port(L),
    [gen_tcp:close(L) || os:getenv("LISTENS") =:= false],
    Ask = <<120, At:16, 77, 0, 6:16, 5:16, 4:16, "tick", 0:16>>,
    ok = gen_tcp:send(S, [<<(byte_size(Ask)):16>>, Ask]),
    {ok, <<_, 0, _/binary>>} = gen_tcp:recv(S, 0),
    (fun Wait() -> case filelib:is_file("'"$1"'") of true -> timer:sleep(50), Wait(); false -> halt() end end)().' &
  late=$!
  pids="$pids $late"
  wait_for 30 epmd_knows || fail "epmd does not know it"
}
epmd_knows () { "${erl%/*}/epmd" -names | grep -q '^name tick at'; }
late "$work/late"
rm -f "$STARTED"
mv "${erl%/*}/epmd" "${erl%/*}/epmd.real"
cat >"${erl%/*}/epmd" <<'SH'
#!/bin/sh
[ "$*" != -names ] || echo >>"$work/names"
exec "$0.real" "$@"
SH
chmod 755 "${erl%/*}/epmd"
"$run/bin/tick" start >"$work/log" 2>&1 &
pids="$pids $!"
asks_again () { [ "$(wc -l <"$work/names")" -ge 5 ]; }
wait_for 30 asks_again || fail "does not wait: $(cat "$work/log")"
rm "$work/late"
mv "${erl%/*}/epmd.real" "${erl%/*}/epmd"
wait_for 30 test -s "$STARTED" || fail "does not start: $(cat "$work/log")"
expect 0 "$run/bin/tick" stop
# One that does listen is there: that is said at once, by the VM.
LISTENS=yes late "$work/late"
expect 1 "$run/bin/tick" start
contains "$out$said" "tick"
rm "$work/late"
wait "$late"
for _ in 1 2 3; do
  begin "$run/bin/tick" start
  kill -9 "$(cat "$STARTED")"
done
begin "$run/bin/tick" start
expect 0 "$run/bin/tick" stop
ok

# ---- what a power cut, or an upgrade that was cut short, has left ----

cp "$run/releases/start_erl.data" "$work/data"
: >"$run/releases/start_erl.data"
expect 1 "$run/bin/tick" version
contains "$said" "start_erl.data does not say which version to boot: name one of 1.0.0 by RELEASE_VSN"
[ "$(wc -l <"$work/said")" = 1 ] || fail "says more: $said"
RELEASE_VSN=1.0.0 expect 0 "$run/bin/tick" version
cp "$work/data" "$run/releases/start_erl.data.relevo"
expect 0 "$run/bin/tick" version
rm "$run/releases/start_erl.data.relevo"
rm "$run/releases/start_erl.data"
expect 1 "$run/bin/tick" start
contains "$said" "is $run a whole release?"
[ "$(wc -l <"$work/said")" = 1 ] || fail "says more: $said"
mv "$work/data" "$run/releases/start_erl.data"

config=$run/releases/1.0.0/sys.config
mv "$config" "$config.relevo"
echo '[{tick, [{colour, blue}]}].' >"$config"
begin "$run/bin/tick" start
expect 0 "$run/bin/tick" rpc 'io:format("~p", [application:get_env(tick, colour)]).'
[ "$out" = '{ok,red}' ] || fail "the configuration of the upgrade is kept: $out"
[ ! -e "$config.relevo" ] || fail "sys.config.relevo is still there"
expect 0 "$run/bin/tick" stop
ok

# ---- a unit for a place with odd letters ----

odd="$work/a \"b\" 100% \$x"
cp -R "$run" "$odd"
expect 0 "$odd/bin/tick" service
contains "$out" 'ExecStart="'"$work"'/a \"b\" 100%% $x/bin/tick" start'
ok

echo "ok: $checks groups of checks"
