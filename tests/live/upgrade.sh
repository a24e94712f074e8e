#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Upgrades of a small node that go well, and those that must not: whatever fails, the node runs the
# old release or the new one, and relevo says which.
set -eu
cd "$(dirname "$0")/../.."
. tests/tools/live.sh

tests/tools/meter "$work/store" 1.0.0 1.1.0 1.2.0 1.3.0 1.4.0 1.5.0 1.6.0 >/dev/null
start_epmd
export RELEASE_DISTRIBUTION=name RELEASE_NODE=meter@127.0.0.1 RELEASE_COOKIE=c
node=$RELEASE_NODE

meter=''
start () {
  end "$meter"
  rm -rf "$work/run"
  mkdir "$work/run"
  tar -xzf "$work/store/meter-1.0.0.tar.gz" -C "$work/run"
  boot
}
boot () {
  "$work/run/bin/meter" start >"$work/log" 2>&1 &
  meter=$!
  pids="$pids $meter"
  wait_for 30 answers || fail "the meter does not start: $(cat "$work/log")"
}
call () { "$(echo "$work"/run/erts-*)/bin/erl_call" -c c -name "$node" -a "$1"; }
# Asks without counting: how often it is asked depends on the machine.
answers () {
  # The node answers before the meter does.
  case $(call 'meter kind' 2>/dev/null) in
    ''|*badrpc*) return 1 ;;
  esac
}
package () { echo "$work/store/meter-$1.tar.gz"; }
# is SHAPE VERSION: state, environment and code fit together, and the state was kept.
is () {
  kind=$(call 'meter kind')
  [ "$kind" = "{$1, {ok, '$2'}, '$2'}" ] || fail "the node is $kind, not $1 $2"
}
states () { "$relevo" node releases "$node" --json | tr -d ' \n'; }
state () { contains "$(states)" "\"version\":\"$1\",\"state\":\"$2\""; }

start
is single 1.0.0
[ "$(call 'meter count')" = 1 ] || fail "does not count"

# Up, again, commit, again, back, again.
expect 0 "$relevo" node install "$node" "$(package 1.1.0)" --bake 1s -v
contains "$out" "1.1.0, installed over 1.0.0"
for step in look preflight stage unpack files check install verify bake; do contains "$said" "$step: "; done
is pair 1.1.0
[ "$(call 'meter count')" = 2 ] || fail "the count was lost"
expect 0 "$relevo" node install "$node" "$(package 1.1.0)"
contains "$out" "runs meter 1.1.0; it is not committed"
expect 4 "$relevo" node install "$node" "$(package 1.4.0)"
contains "$said" "commit or revert it first"
expect 4 "$relevo" node remove "$node" 1.1.0
expect 4 "$relevo" node remove "$node" 1.0.0
expect 4 "$relevo" node commit "$node" 1.0.0
expect 0 "$relevo" node commit "$node" 1.1.0
expect 0 "$relevo" node commit "$node"
state 1.1.0 permanent
contains "$(cat "$work/run/releases/start_erl.data")" " 1.1.0"
expect 0 "$relevo" node revert "$node"
is single 1.0.0
[ "$(call 'meter count')" = 3 ] || fail "the count was lost on the way back"
state 1.0.0 permanent
contains "$(cat "$work/run/releases/start_erl.data")" " 1.0.0"
expect 0 "$relevo" node revert "$node" 1.0.0
expect 0 "$relevo" node remove "$node" 1.1.0
[ ! -e "$work/run/lib/meter-1.1.0" ] || fail "files are left of what was removed"
expect 3 "$relevo" node remove "$node" 1.1.0
ok

# Not committed: a restart goes back.
expect 0 "$relevo" node install "$node" "$(package 1.1.0)" --json
contains "$out" '"permanent": false'
kill -9 "$meter"
wait_for 5 gone "$meter" || fail "cannot be killed"
boot
is single 1.0.0
state 1.1.0 unpacked
expect 0 "$relevo" node install "$node" "$(package 1.1.0)" --commit
is pair 1.1.0
kill -9 "$meter"
wait_for 5 gone "$meter" || fail "cannot be killed"
boot
is pair 1.1.0
expect 0 "$relevo" node revert "$node" 1.0.0
ok

# What must fail, does, and leaves 1.0.0 running.
expect 5 "$relevo" node install "$node" "$(package 1.2.0)" --patience 30s
contains "$said" "restarted and runs 1.0.0 again"
wait_for 10 answers || fail "the node did not come back"
is single 1.0.0
expect 4 "$relevo" node install "$node" "$(package 1.3.0)"
contains "$said" "still runs meter 1.0.0"
is single 1.0.0
contains "$(call 'application which_applications')" '"1.0.0"'
expect 5 "$relevo" node install "$node" "$(package 1.4.0)" --bake 4s
contains "$said" "was taken back to 1.0.0"
is single 1.0.0
expect 4 "$relevo" node install "$node" "$(package 1.5.0)"
contains "$said" "no way back"
expect 0 "$relevo" node install "$node" "$(package 1.0.0)" --json
contains "$out" '"already": true'
expect 4 "$relevo" node install "$node" "$(package 1.5.0)" --json
contains "$out" '"exit": 4'
ok

# Damage: on the way, on the node before, on the node after.
head -c 1000000 "$(package 1.1.0)" >"$work/half.tar.gz"
expect 2 "$relevo" node install "$node" "$work/half.tar.gz"
expect 3 "$relevo" node install "$node" "$work/nothing.tar.gz"
is single 1.0.0
start
mkdir -p "$work/run/lib/meter-1.1.0/ebin"
echo half >"$work/run/lib/meter-1.1.0/ebin/meter.beam"
echo half >"$work/run/releases/meter-1.1.0.tar.gz.part"
expect 0 "$relevo" node install "$node" "$(package 1.1.0)"
is pair 1.1.0
expect 0 "$relevo" node revert "$node"
echo broken >"$work/run/lib/meter-1.1.0/ebin/meter.beam"
expect 0 "$relevo" node install "$node" "$(package 1.1.0)" -v
contains "$said" "whose files are damaged"
is pair 1.1.0
expect 0 "$relevo" node revert "$node"
ok

# Patched by hand: refused when the upgrade changes the module, told when it does not.
cp "$work/run/lib/meter-1.0.0/ebin/meter.beam" "$work/meter.beam"
sed 's/^count() -> .*/count() -> gen_server:call(meter, count, 4999)./' tests/live/meter/meter.erl >"$work/meter.erl"
erlc -DKIND="'1.0.0'" -o "$work" "$work/meter.erl"
patch () { "$relevo" node rpc "$node" code load_abs "\"$1\"" >/dev/null || fail "does not load $1"; }
"$relevo" node rpc "$node" code purge meter >/dev/null
patch "$work/meter"
expect 4 "$relevo" node install "$node" "$(package 1.1.0)"
contains "$said" "patched by hand"
contains "$said" "meter differs"
"$relevo" node rpc "$node" code purge meter >/dev/null
patch "$work/run/lib/meter-1.0.0/ebin/meter"
"$relevo" node rpc "$node" code purge meter >/dev/null
sed 's/^stop(_) -> ok/stop(_) -> stopped/' tests/live/meter/meter_sup.erl >"$work/meter_sup.erl"
erlc -o "$work" "$work/meter_sup.erl"
cmp -s "$work/meter_sup.beam" "$work/run/lib/meter-1.0.0/ebin/meter_sup.beam" && fail "not patched"
patch "$work/meter_sup"
expect 0 "$relevo" node install "$node" "$(package 1.1.0)"
contains "$said" "does not touch: meter_sup differs"
is pair 1.1.0
expect 0 "$relevo" node revert "$node"
is single 1.0.0
start
expect 0 "$relevo" node install "$node" "$(package 1.1.0)"
expect 0 "$relevo" node revert "$node"
ok

# Another build under a version that the node uses; RELEASES gone.
expect 0 "$relevo" node remove "$node" 1.1.0
cp -p "$work/run/lib/stdlib-"*/ebin/stdlib.appup "$work/stdlib.appup"
echo "%" >>"$(echo "$work/run/lib/stdlib-"*/ebin/stdlib.appup)"
expect 4 "$relevo" node install "$node" "$(package 1.1.0)"
contains "$said" "stdlib.appup differs"
cp -p "$work/stdlib.appup" "$(echo "$work/run/lib/stdlib-"*/ebin/stdlib.appup)"
mv "$work/run/releases/RELEASES" "$work/RELEASES"
expect 4 "$relevo" node install "$node" "$(package 1.1.0)"
contains "$said" "RELEASES is missing"
mv "$work/RELEASES" "$work/run/releases/RELEASES"
is single 1.0.0
ok

# What an upgrade that was cut short has left aside is put back first.
config=$work/run/releases/1.0.0/sys.config
cp "$config" "$work/config"
mv "$config" "$config.relevo"
echo '[{meter,[{colour,red}]}].' >"$config"
expect 4 "$relevo" node install "$node" "$(package 1.5.0)" -v
cmp -s "$config" "$work/config" || fail "sys.config was not put back"
[ ! -e "$config.relevo" ] || fail "sys.config.relevo is still there"
ok

# relevo goes away while the node installs: the node finishes; the same command again waits for it.
: >"$work/said"
"$relevo" node install "$node" "$(package 1.6.0)" -v >"$work/out" 2>"$work/said" &
victim=$!
installing () { grep -q '^install:' "$work/said"; }
wait_for 20 installing || fail "does not get to install: $(cat "$work/said")"
sleep 0.5
kill -9 "$victim"
expect 0 "$relevo" node install "$node" "$(package 1.6.0)" -v
contains "$out" "runs meter 1.6.0"
is single 1.6.0
expect 0 "$relevo" node revert "$node"
ok

# Two at once: one of them installs, both find it installed.
"$relevo" node install "$node" "$(package 1.6.0)" >"$work/first" 2>&1 &
first=$!
sleep 0.7
expect 0 "$relevo" node install "$node" "$(package 1.6.0)"
wait "$first" || fail "the first of two: $(cat "$work/first")"
is single 1.6.0
expect 0 "$relevo" node revert "$node"
ok

# The node is killed while it installs: it boots what it ran before.  Where that comes too late, once more.
status=0 tries=0
while [ "$status" = 0 ]; do
  tries=$((tries + 1))
  [ "$tries" -le 9 ] || fail "it is never caught while it installs: $(cat "$work/said")"
  : >"$work/said"
  "$relevo" node install "$node" "$(package 1.6.0)" -v --patience 3s >"$work/out" 2>"$work/said" &
  client=$!
  wait_for 20 installing || fail "does not get to install: $(cat "$work/said")"
  sleep 0.5
  kill -9 "$meter"
  wait "$client" || status=$?
  boot
  is single 1.0.0
done
[ "$status" = 3 ] || fail "ended with $status, not 3: $(cat "$work/said")"
expect 0 "$relevo" node install "$node" "$(package 1.6.0)" --commit
is single 1.6.0
ok

echo "ok: $checks checks"
