#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# A node whose witnesses say different things of it: what booted, RELEASES, start_erl.data, the files,
# release_handler.  Each state has a name, relevo says what truly runs and boots, and each command
# leads out of it, or refuses and names the one that does.  Nothing is removed that runs or boots.
set -eu
cd "$(dirname "$0")/../.."
. tests/tools/live.sh
export TMPDIR="$work"

tests/tools/meter "$work/store" 1.0.0 1.1.0 >/dev/null
new=$work/store/meter-1.1.0.tar.gz run=$work/run records=$work/run/releases
start_epmd
export RELEASE_DISTRIBUTION=name RELEASE_NODE=meter@127.0.0.1 RELEASE_COOKIE=c
node=$RELEASE_NODE
is_up () { "$relevo" node eval "$node" '{started, _} = init:get_status()'; }
boot () {
  env "$@" "$run/bin/meter" start >"$work/log" 2>&1 &
  vm=$!
  pids="$pids $vm"
  wait_for 30 is_up || fail "does not start: $(cat "$work/log")"
}
vm=''
halt () {
  [ -n "$vm" ] || return 0
  kill -9 "$vm" 2>/dev/null || true
  wait_for 10 gone "$vm"
}
fresh () {
  halt
  rm -rf "$run"
  mkdir "$run"
  tar -xzf "$work/store/meter-1.0.0.tar.gz" -C "$run"
  boot A=b
}
# states RUNS BOOTS TROUBLE: what relevo says, and what the code says.
states () {
  expect 0 "$relevo" node info "$node"
  contains "$out" "runs meter $1"
  expect 0 "$relevo" node eval "$node" 'element(3, meter:kind())'
  contains "$out" "'$1'"
  expect 0 "$relevo" node releases "$node" --json
  shown=$(echo "$out" | tr -d ' \n')
  contains "$shown" "\"version\":\"$2\",\"state\":\"permanent\""
  case $3 in
    none) contains "$shown" '"trouble":null' ;;
    *) contains "$shown" "\"trouble\":{\"name\":\"$3\"" ;;
  esac
}
# refused_by COMMAND...: each ends with 6, names TROUBLE, and changes nothing.
refused_by () {
  for command; do
    case $command in
      install|check) set -- "$node" "$new" ;;
      remove) set -- "$node" 1.1.0 ;;
      *) set -- "$node" ;;
    esac
    expect 6 "$relevo" node "$command" "$@"
    contains "$said" "$trouble"
    contains "$said" "Nothing was changed"
  done
}
erts=$(tar -tzf "$new" | sed -n 's,^erts-\([^/]*\)/.*,\1,p' | head -n 1)
boots () { printf '%s %s' "$erts" "$1" >"$records/start_erl.data"; }
installed () { fresh && expect 0 "$relevo" node install -q "$node" "$new"; }

# The node died in a commit, between its files; and in one of --no-trial.
for next in commit revert install; do
  installed
  boots 1.1.0
  halt
  boot A=b
  states 1.1.0 1.1.0 records_behind
  case $next in
    install) expect 0 "$relevo" node install "$node" "$new" ;;
    *) expect 0 "$relevo" node $next "$node" ;;
  esac
  case $next in
    revert) states 1.0.0 1.0.0 none ;;
    *) states 1.1.0 1.1.0 none ;;
  esac
  halt
  boot A=b
  case $next in
    revert) states 1.0.0 1.0.0 none ;;
    *) states 1.1.0 1.1.0 none ;;
  esac
done
ok
installed
expect 0 "$relevo" node commit "$node"
boots 1.0.0
halt
boot A=b
states 1.0.0 1.0.0 records_behind
expect 0 "$relevo" node install "$node" "$new"
states 1.1.0 1.0.0 none
ok

# It died with RELEASES half written, of which a copy is there.
installed
cp "$records/RELEASES" "$records/RELEASES.relevo"
: >"$records/RELEASES"
boots 1.1.0
halt
boot A=b
states 1.1.0 1.1.0 records_cut
expect 0 "$relevo" node commit "$node"
states 1.1.0 1.1.0 none
ok

# start_erl.data names what is not there: nothing would boot.
fresh
boots 9.9.9
states 1.0.0 1.0.0 boots_nothing
expect 0 "$relevo" node install "$node" "$new"
states 1.1.0 1.0.0 none
halt
boot A=b
states 1.0.0 1.0.0 none
ok

# A tarball was unpacked over it by hand.
fresh
tar -xzf "$new" -C "$run"
states 1.0.0 1.1.0 boots_other
trouble=boots_other
refused_by check install revert remove
contains "$said" "relevo node commit $node"
expect 0 "$relevo" node commit "$node"
states 1.0.0 1.0.0 none
expect 0 "$relevo" node install "$node" "$new" --commit
states 1.1.0 1.1.0 none
ok

# Somebody started another version than the permanent one.
installed
expect 0 "$relevo" node revert "$node"
halt
boot RELEASE_VSN=1.1.0
states 1.1.0 1.0.0 booted_other
trouble=booted_other
refused_by check install revert remove
expect 0 "$relevo" node commit "$node"
states 1.1.0 1.1.0 none
ok

# An entry that release_handler made up: nothing that runs goes, and adopt puts it right.
fresh
rm "$records/RELEASES"
halt
boot A=b
cp "$new" "$records"
expect 0 "$relevo" node eval "$node" '{ok, _} = release_handler:unpack_release("meter-1.1.0")'
states 1.0.0 1.0.0 records_invented
trouble=records_invented
refused_by check install revert remove
contains "$said" "relevo node adopt $node"
expect 0 "$relevo" node adopt "$node"
states 1.0.0 1.0.0 none
expect 0 "$relevo" node remove "$node" 1.1.0
for there in "erts-$erts/bin/erl" lib/kernel-* lib/stdlib-* lib/sasl-* lib/meter-1.0.0/ebin/meter.beam; do
  # shellcheck disable=SC2086 # a glob
  ls $run/$there >/dev/null || fail "remove has deleted $there"
done
[ ! -e "$run/lib/meter-1.1.0" ] || fail "files are left of what was removed"
ok

# An entry of another tool that claims what runs: it may name anything.
installed
expect 0 "$relevo" node revert "$node"
cat >"$work/claim" <<ERL
{ok, [Entries]} = file:consult("$records/RELEASES"),
[{release, N, "1.1.0", E, L, S} | Rest] = Entries,
{release, _, _, _, Own, _} = hd(Rest),
ok = file:write_file("$records/RELEASES", io_lib:format("~tp.~n", [[{release, N, "1.1.0", E, L ++ Own ++ [{'../releases', "1.0.0", "/etc"}], S},
  setelement(5, hd(Rest), [])]])),
ok = supervisor:terminate_child(sasl_sup, release_handler), {ok, _} = supervisor:restart_child(sasl_sup, release_handler)
ERL
expect 0 "$relevo" node eval "$node" "$(cat "$work/claim")"
expect 0 "$relevo" node adopt "$node"
expect 0 "$relevo" node remove "$node" 1.1.0
for there in "erts-$erts/bin/erl" lib/kernel-* lib/stdlib-* lib/meter-1.0.0/ebin/meter.beam releases/1.0.0/start.boot; do
  # shellcheck disable=SC2086 # a glob
  ls $run/$there >/dev/null || fail "remove has deleted $there"
done
states 1.0.0 1.0.0 none
ok

# RELEASES of somebody else.
fresh
sed 's/permanent/old/' "$records/RELEASES" >"$work/RELEASES" && cp "$work/RELEASES" "$records/RELEASES"
states 1.0.0 1.0.0 records_differ
trouble=records_differ
refused_by check install revert remove
expect 0 "$relevo" node commit "$node"
states 1.0.0 1.0.0 none
ok

# A removal that was cut short, and files that somebody deleted: the same again, or another
# installation, always works.
for gone in lib/meter-1.1.0 releases/1.1.0 releases/1.1.0/start.boot lib/meter-1.1.0/ebin/meter.beam; do
  installed
  expect 0 "$relevo" node revert "$node"
  rm -r "${run:?}/$gone"
  expect 0 "$relevo" node remove "$node" 1.1.0
  expect 3 "$relevo" node remove "$node" 1.1.0
  expect 0 "$relevo" node install "$node" "$new"
  expect 0 "$relevo" node revert "$node"
  rm -r "${run:?}/$gone"
  expect 0 "$relevo" node install "$node" "$new"
  states 1.1.0 1.0.0 none
done
ok

# Another build of a version: refused where that version runs, told of in the check, brought anew where
# it does not run.
other=$work/other/meter-1.1.0.tar.gz
tests/tools/meter "$work/other" 1.0.0 >/dev/null
NOTE=new tests/tools/meter "$work/other" 1.1.0 >/dev/null
installed
for command in check install; do
  expect 4 "$relevo" node $command "$node" "$other"
  contains "$said" "runs another build of 1.1.0: lib/meter-1.1.0/priv/note"
done
expect 0 "$relevo" node install "$node" "$new"
expect 0 "$relevo" node revert "$node"
expect 0 "$relevo" node check "$node" "$new"
contains "$out" "0 B of"
expect 0 "$relevo" node check "$node" "$other"
case $out in *"0 B of"*) fail "the build that lies there was judged: $out" ;; esac
expect 0 "$relevo" node install "$node" "$other"
[ "$(cat "$run/lib/meter-1.1.0/priv/note")" = new ] || fail "the other build is not there"
states 1.1.0 1.0.0 none
ok

# Tables that are full, and folders that may not be written: check refuses as install does.
fresh
hold () {
  expect 0 "$relevo" node eval "$node" "spawn(fun() -> register(holder, self()), $1, receive stop -> ok end end), ok"
}
full () {
  for command in check install; do
    case $command in
      check) expect 4 "$relevo" node check "$node" "$new" ;;
      *) expect 4 "$relevo" node install "$node" "$new" --suspend-timeout 1s ;;
    esac
    contains "$said" "$1"
  done
}
halt
boot ERL_FLAGS='+P 1024'
hold '[spawn_link(fun() -> receive stop -> ok end end) || _ <- lists:seq(1, 1500), erlang:system_info(process_count) < 900]'
full "table of processes"
halt
boot ERL_FLAGS='+t 20000'
full "table of atoms"
halt
boot A=b
expect 0 "$relevo" node eval "$node" 'sys:suspend(meter_sup)'
full "meter_sup is suspended"
expect 0 "$relevo" node eval "$node" 'sys:resume(meter_sup)'
expect 0 "$relevo" node install "$node" "$new"
ok

# A way back that is said twice goes back once, and what was cut short is gone on with.
tests/tools/meter "$work/store" 2.3.0 >/dev/null
fresh
expect 0 "$relevo" node install -q "$node" "$new" --commit
expect 0 "$relevo" node revert "$node"
expect 4 "$relevo" node revert "$node"
fresh
tar -xzf "$work/store/meter-1.0.0.tar.gz" -C "$run"
expect 0 "$relevo" node install -q "$node" "$new"
expect 0 "$relevo" node revert "$node"
sed 's/"1.1.0"/"0.9.0"/' "$records/RELEASES" >"$work/RELEASES" && cp "$work/RELEASES" "$records/RELEASES"
expect 0 "$relevo" node eval "$node" 'ok = supervisor:terminate_child(sasl_sup, release_handler), {ok, _} = supervisor:restart_child(sasl_sup, release_handler)'
contains "$("$relevo" node releases "$node")" 0.9.0
expect 0 "$relevo" node revert "$node"
contains "$said" "name a version to go further back"
states 1.0.0 1.0.0 none
ok

# A way back that fails, so that the VM restarts, says so.
fresh
expect 0 "$relevo" node install -q "$node" "$work/store/meter-2.3.0.tar.gz"
(
  while ! gone "$vm"; do sleep 0.1; done
  exec env A=b "$run/bin/meter" start >>"$work/log" 2>&1
) &
pids="$pids $!"
expect 0 "$relevo" node revert "$node" --patience 30s
contains "$said" "by a restart of the VM, for the way back failed"
contains "$said" "is gone"
states 1.0.0 1.0.0 none
vm=$("$relevo" node eval "$node" 'list_to_integer(os:getpid())')
ok

# Two nodes from one folder.
fresh
RELEASE_NODE=second@127.0.0.1 "$run/bin/meter" start >"$work/log2" 2>&1 &
second=$!
pids="$pids $second"
wait_for 30 "$relevo" node ping second@127.0.0.1 || fail "the second does not start: $(cat "$work/log2")"
trouble=folder_shared
refused_by check install commit revert remove
contains "$said" "second@127.0.0.1"
end "$second"
expect 0 "$relevo" node install "$node" "$new"
states 1.1.0 1.0.0 none
ok

halt
echo "ok: $checks checks"
