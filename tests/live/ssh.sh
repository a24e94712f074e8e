#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Nodes that listen on the loopback of their machines alone, reached by ssh, one of them from a bastion.
set -eu
cd "$(dirname "$0")/../.."
. tests/tools/live.sh
. tests/tools/own_network.sh
. tests/tools/machines.sh
export TMPDIR="$work" RELEASE_COOKIE=c

tests/tools/meter "$work/store" 1.0.0 >/dev/null
for name in one far bastion; do machine "$name"; done
wire one 1
wire bastion 8
wire far 3 bastion
for name in one far bastion; do start_sshd "$name"; done

# start_node MACHINE NET: what a node needs of its machine's network is loopback.
start_node () {
  mkdir "$work/$1"
  tar -xzf "$work/store/meter-1.0.0.tar.gz" -C "$work/$1"
  ERL_EPMD_ADDRESS=127.0.0.1 ERL_ZFLAGS='-kernel inet_dist_use_interface {127,0,0,1}' \
    RELEASE_DISTRIBUTION=name RELEASE_NODE="meter@10.9.$2.2" \
    on "$1" "$work/$1/bin/meter" start >"$work/$1.log" 2>&1 &
  pids="$pids $!"
}
start_node one 1
start_node far 3
# Whoever has to wait for ssh does so on a busy machine.
ping () {
  case "$*" in
    *--timeout*) "$relevo" node ping "$@" ;;
    *) "$relevo" node ping "$@" --timeout 60s ;;
  esac
}
node=meter@10.9.1.2
wait_for 120 ping "$node" --via ssh:10.9.1.2 || fail "$(ping "$node" --via ssh:10.9.1.2 2>&1; cat "$work/one.log")"
expect 3 ping "$node" --timeout 5s
contains "$said" "refused"
expect 0 "$relevo" node info "$node" --via 'ssh:{host}' --json --timeout 60s
[ "$(jq -r .version "$work/out")" = 1.0.0 ] || fail "$out"
expect 0 env RELEVO_VIA="ssh:ssh://$(id -un)@10.9.1.2:$ssh_port" "$relevo" node vitals "$node" --timeout 60s
ok

# From a bastion; with its own name for the node's machine, and by way of another account there.
wait_for 120 ping meter@10.9.3.2 --via 'ssh:{host},jump=10.9.8.2' ||
  fail "$(ping meter@10.9.3.2 --via 'ssh:{host},jump=10.9.8.2' 2>&1)"
expect 3 ping meter@10.9.3.2 --via 'ssh:{host}' --timeout 5s
ok

# As a target in relevo.yaml says; what is said beside it has more weight.
mkdir "$work/project"
printf 'a cookie of its own' >"$work/project/cookie"
chmod 600 "$work/project/cookie"
printf c >"$work/project/right"
chmod 600 "$work/project/right"
cat >"$work/project/relevo.yaml" <<YAML
release: meter
version: "1.0.0"
applications: {meter: permanent}
targets:
  production:
    nodes:
      - $node
      - {node: meter@10.9.3.2, via: {ssh: "{host}", jump: 10.9.8.2}}
    via: {ssh: "{host}"}
    cookie_file: right
    timeout: 60s
  wrong: {extends: production, cookie_file: cookie}
YAML
in_project () (cd "$work/project" && unset RELEASE_COOKIE && "$relevo" node "$@")
expect 0 in_project info "$node" --target production --json
[ "$(jq -r .version "$work/out")" = 1.0.0 ] || fail "$out"
expect 0 in_project vitals meter@10.9.3.2 --target production
expect 4 in_project ping "$node" --target wrong
contains "$said" "cookie"
expect 0 in_project ping "$node" --target wrong --cookie-file right
expect 3 in_project ping "$node" --target production --via "ssh:ssh://10.9.1.2:2223"
contains "$said" "Is sshd up there"
elsewhere () (export RELEVO_VIA=ssh:10.9.1.9 && in_project "$@")
expect 0 elsewhere ping "$node" --target production
expect 3 in_project ping meter@10.9.1.3 --target production
contains "$said" "Did you mean $node?"
expect 3 in_project ping "$node" --target elsewhere
contains "$said" "There is: production, wrong"
ok

# What cannot be.
expect 2 ping "$node" --via telnet:10.9.1.2
contains "$said" "ssh:USER@HOST"
expect 2 ping "$node" --via ssh:-oProxyCommand=true
expect 2 ping "$node" --via 'ssh:10.9.1.2 true'
expect 2 ping "$node" --via ssh:10.9.1.2,jump=-x
expect 3 env PATH=/nowhere "$relevo" node ping "$node" --via ssh:10.9.1.2
contains "$said" "OpenSSH client"
ok

# ssh says what is wrong, and relevo what to do.
on one true
expect 3 ping "$node" --via ssh:10.9.1.2,host=10.9.1.2
contains "$said" "nothing listens"
expect 3 ping other@10.9.1.2 --via ssh:10.9.1.2
contains "$said" "epmd knows no node called other"
expect 4 env RELEASE_COOKIE=x "$relevo" node ping "$node" --via ssh:10.9.1.2 --timeout 60s
contains "$said" "cookie"
expect 3 ping "$node" --via "ssh:ssh://10.9.1.2:2223"
contains "$said" "Is sshd up there"
cp "$machines/known" "$machines/known.right"
sed -i "s|^\(.10.9.1.2.:$ssh_port\).*|\1 $(cut -d' ' -f1,2 "$machines/far/host.pub")|" "$machines/known"
expect 3 ping "$node" --via ssh:10.9.1.2
contains "$said" "another key"
: >"$machines/known"
expect 3 ping "$node" --via ssh:10.9.1.2
contains "$said" "not in known_hosts"
cp "$machines/known.right" "$machines/known"
mv "$machines/key" "$machines/key.away"
ssh-keygen -q -t ed25519 -N '' -f "$machines/key.other"
cp "$machines/key.other" "$machines/key"
expect 3 ping "$node" --via ssh:10.9.1.2
contains "$said" "none of the keys"
cp "$machines/key.away" "$machines/key"
ok

# In the middle: of a call that takes long, its ssh is killed, or sshd with all its connections goes.
# Another test may have machines, too.
calls () { pgrep -f -- "$machines/config .*-W localhost:[0-9]* -- 10.9.1.2" >"$work/ssh.pid" && [ "$(wc -l <"$work/ssh.pid")" = 1 ]; }
begin_call () {
  "$relevo" node eval "$node" 'register(relevo_waits, self()), receive after 300000 -> ok end' --timeout 400s \
    --via ssh:10.9.1.2 >"$work/call.out" 2>"$work/call.said" &
  call=$!
  pids="$pids $call"
  wait_for 20 waits || fail "the call does not begin: $(cat "$work/call.said")"
}
waits () { "$relevo" node eval "$node" 'true = is_pid(whereis(relevo_waits))' --via ssh:10.9.1.2 --timeout 60s; }
end_call () {
  status=0
  wait "$call" || status=$?
  said=$(cat "$work/call.said")
  [ "$status" = 3 ] || fail "the call ended with $status: $said"
  contains "$said" "$1"
}
begin_call
wait_for 20 calls || fail "no ssh, or several: $(cat "$work/ssh.pid")"
kill -9 "$(cat "$work/ssh.pid")"
end_call "Killed"
expect 0 "$relevo" node eval "$node" 'exit(whereis(relevo_waits), kill)' --via ssh:10.9.1.2 --timeout 60s
begin_call
stop_sshd one
end_call "by ssh to 10.9.1.2"
expect 3 ping "$node" --via ssh:10.9.1.2
contains "$said" "Is sshd up there"
start_sshd one
expect 0 ping "$node" --via ssh:10.9.1.2
ok

# A machine that says nothing: the time is up when it is said to be.  And no ssh outlives its relevo.
on one kill -STOP "$(on one pgrep -o -x sshd)"
expect 3 ping "$node" --via ssh:10.9.1.2 --timeout 3s
"$relevo" node ping "$node" --via ssh:10.9.1.2 --timeout 60s >/dev/null 2>&1 &
call=$!
pids="$pids $call"
wait_for 20 pgrep -P "$call" || fail "no ssh"
pgrep -P "$call" >"$work/ssh.pid"
kill -9 "$call"
wait_for 20 gone "$(cat "$work/ssh.pid")" || fail "ssh outlives relevo"
on one kill -CONT "$(on one pgrep -o -x sshd)"
! pgrep -f -- "$machines/config .*-W localhost" >/dev/null || fail "an ssh is left: $(pgrep -af -- "$machines/config")"
ok

echo "ok: $checks checks"
