#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# bin/NAME where a release was put in odd ways, or was left in an odd state: by links, without a
# cookie or with one that the VM would not take, after a power cut, under a starter that reaps nobody.
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
stop(_) -> ok.
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
  wait_for 30 test -e "$STARTED" || fail "does not start: $(cat "$work/log")"
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
# shellcheck disable=SC2016 # no expansion is meant
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
# shellcheck disable=SC2016
contains "$out" 'ExecStart="'"$work"'/a \"b\" 100%% $x/bin/tick" start'
ok

echo "ok: $checks groups of checks"
