#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# relevo agent beside a real node: every action over HTTPS, once however often it is sent, also when the
# agent is killed; nobody but the operator, and no older one, is obeyed.
set -eu
cd "$(dirname "$0")/../.."
. tests/tools/live.sh
. tests/tools/pod.sh
export TMPDIR="$work" XDG_CACHE_HOME="$work/cache"

root=$work/root node=meter@127.0.0.1
export ERL_ZFLAGS='-kernel inet_dist_use_interface {127,0,0,1}'
(umask 077 && echo c >"$work/cookie")
meters 1.0.0 1.1.0 1.2.0 1.6.0
pod_pki
meter_release 1.0.0 >"$desired/stable"
echo 5 >"$desired/token"
expect 0 "$relevo" seed --root "$root" --desired "$desired"
start_epmd

start_node () {
  RELEASE_DISTRIBUTION=name RELEASE_COOKIE=c RELEASE_NODE=$node "$root/bin/meter" start >>"$work/log" 2>&1 &
  vm=$!
  pids="$pids $vm"
  wait_for 60 "$relevo" node eval "$node" '{started, _} = init:get_status()' --cookie-file "$work/cookie" ||
    fail "it does not start: $(cat "$work/log")"
}

# ---- before there is a node ----

start_agent "$root" "$node"
probe () { code=$(curl -sS -o "$work/out" -w '%{http_code}' --max-time 60 "http://127.0.0.1:$probes_port$1"); out=$(cat "$work/out"); }
probe /healthz
[ "$code" = 200 ] || fail "not healthy: $code $out"
probe /livez/node
[ "$code" = 503 ] || fail "a node that is not there lives: $out"
ask_agent operator /v1/state
is .up false
is .token 5
probe /metrics
contains "$out" "relevo_node_up 0"
ok

start_node
up () { probe /readyz; [ "$code" = 200 ]; }
wait_for 30 up || fail "not ready: $out"
probe /livez/node
[ "$code" = 200 ] || fail "it does not live: $out"
probe /metrics
contains "$out" "relevo_node_up 1"
contains "$out" "relevo_node_processes "
ok

# ---- who is obeyed ----

token=5 attempt=shop-1 target=1.1.0
ask_agent other /v1/state
[ "$code" = 403 ] || fail "another one may ask: $code $out"
code=$(curl -sS -o "$work/out" -w '%{http_code}' --cacert "$tls/ca.crt" --connect-to "meter-0.test.pod:443:127.0.0.1:$agent_port" \
  https://meter-0.test.pod/v1/state 2>/dev/null) || true
[ "$code" = 403 ] || [ "$code" = 000 ] || fail "nobody in particular may ask: $code"
# Of another authority, with the right name.
mkdir "$work/foreign"
mine=$tls tls=$work/foreign
pod_pki
tls=$mine
cp "$work/foreign/operator.crt" "$tls/foreign.crt"
cp "$work/foreign/operator.key" "$tls/foreign.key"
ask_agent foreign /v1/state
[ "$code" = 403 ] || [ "$code" = 000 ] || fail "a stranger may ask: $code $out"
probe /v1/state
[ "$code" = 404 ] || fail "the state is told without TLS: $code $out"
token=4
order look 1
[ "$code" = 409 ] || fail "an older operator is obeyed: $code $out"
is .error.code fenced
is .outcome fenced
token=5
for body in '' '[]' '{"token": -1}' '{"token": 5, "id": 1}' '{"token":5,"id":1,"attempt":"a","release":{"release":"../../x"}}'; do
  ask_agent operator /v1/look --data-binary "$body"
  [ "$code" = 400 ] || fail "$body is taken: $code $out"
done
head -c 1100000 /dev/zero | tr '\0' ' ' >"$work/long"
ask_agent operator /v1/look --data-binary @"$work/long"
[ "$code" = 413 ] || fail "a long body is taken: $code $out"
ask_agent operator /v1/reboot
[ "$code" = 404 ] || fail "$code $out"
ok

# ---- an upgrade ----

done_ok look 1
is .facts.runs 1.0.0
is .facts.has false
is .facts.way hot
done_ok stage 2
is .facts.has true
born=$(got .facts.born)
done_ok install 3
is .facts.runs 1.1.0
is .facts.boots 1.0.0
baseline=$(got '{measures, census} | tojson')
done_ok probe 4 "{\"baseline\": $baseline}"
is .facts.health pass
# By other gates than the usual ones.
order probe 5 '{"health": [{"rpc": "meter:count() < 0"}, {"tcp": {"port": '"$probes_port"', "host": "127.0.0.1"}}]}'
is .facts.health fail
is '.findings | length' 1
done_ok commit 6
is .facts.boots 1.1.0
is .facts.born "$born"
ask_agent operator /v1/state
is .runs 1.1.0
is .last.action commit
is .doing null
is '.releases[] | select(.version == "1.1.0").digest' "$(meter_digest 1.1.0)"
ok

# Sent again it is told, not done; what comes too late is not done.
done_ok commit 6
order install 3
[ "$code" = 409 ] || fail "$code $out"
is .error.code past
ok

# What is stable now is there: a pod that is started anew boots it.
meter_release 1.1.0 >"$desired/stable"
expect 0 "$relevo" seed --root "$root" --desired "$desired"
contains "$out" "was there already"
ok

# ---- back ----

attempt=shop-2 token=6
done_ok look 10
is .facts.way hot
done_ok revert 11 '{"version": "1.0.0", "from": "1.0.0"}'
is .facts.runs 1.0.0
is .facts.boots 1.0.0
is .facts.born "$born"
ask_agent operator /v1/state
is .token 6
ok

# A restart is not the agent's to do.
order install 12 '{"way": "restart"}'
is .outcome refused
contains "$(got .text)" "evicting"
# A digest that the store does not have.
attempt=shop-3
order look 20 "{\"release\": $(meter_release 1.1.0 | sed 's/sha256:..../sha256:0000/')}"
is .outcome refused
ok

# ---- killed at any time ----

# One that takes 1.5 s to install: the agent dies, the request is sent again.
attempt=shop-4 target=1.6.0
done_ok look 30
done_ok stage 31
order install 32 &
asking=$!
doing () { ask_agent operator /v1/state; [ "$(got .doing.action)" = install ]; }
wait_for 20 doing || fail "it is not begun: $out"
is .doing.id 32
order install 33
[ "$code" = 409 ] || fail "two at once: $code $out"
is .error.code busy
kill -9 "$agent"
wait "$asking" 2>/dev/null || true
start_agent "$root" "$node"
grep -q 'install was cut short' "$work/agent.log" || fail "it does not know: $(cat "$work/agent.log")"
done_ok install 32
is .facts.runs 1.6.0
is .facts.boots 1.0.0
is .facts.born "$born"
# Once more, of an agent that has seen nothing of it.
kill -9 "$agent"
start_agent "$root" "$node"
done_ok install 32
is .facts.runs 1.6.0
installs=$("$relevo" node eval "$node" 'length([V || {_, V, _, _} <- release_handler:which_releases(), V =:= "1.6.0"]).' --cookie-file "$work/cookie")
[ "$installs" = 1 ] || fail "installed $installs times"
done_ok revert 34 '{"version": "1.0.0"}'
is .facts.runs 1.0.0
ok

# Told to end, it ends what is under way.
attempt=shop-5
done_ok look 40
done_ok stage 41
order install 42 &
asking=$!
wait_for 20 doing || fail "it is not begun: $out"
kill "$agent"
wait "$asking" || fail "it was cut short: $(cat "$work/agent.log")"
wait_for 20 gone "$agent" || fail "it does not end"
[ "$(jq -r .last.outcome "$root/.relevo/agent.json")" = ok ] || fail "$(cat "$root/.relevo/agent.json")"
start_agent "$root" "$node"
done_ok look 43
is .facts.runs 1.6.0
ok

# Secrets stay where they are.
! grep -qF "$(sed -n 2p "$tls/pod.key")" "$work/agent.log" || fail "the key was told"
! tr '\0' '\n' <"/proc/$agent/cmdline" | grep -qx c || fail "the cookie is in its arguments"
ok
echo "ok: $checks"
