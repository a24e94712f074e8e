#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Hooks of a fleet: what is run before, after and around a node, by a command, on the node, over HTTP;
# what is run once, with the new release's code, also when relevo is killed meanwhile; who is told, signed
# and as Slack wants it; a node is drained until nobody is served, and one that nobody keeps is started.
# Parts: around once told
set -eu
cd "$(dirname "$0")/../.."
. tests/tools/live.sh
. tests/tools/fleet.sh

tests/tools/meter "$work/store" 1.0.0 1.1.0 1.4.0 >/dev/null
export RELEASE_KEEPER=start RELEASE_TRIAL_TIMEOUT=20

# hooks [STRATEGY]: the target; its hooks come from standard input.
hooks () {
  fleet_yaml "${1:-}"
  { echo '    hooks:'; sed 's/^/      /'; } >>"$fleet/relevo.yaml"
}
said_in () { cat "$work/$1" 2>/dev/null || true; }
history_says () {
  in_fleet 0 history -t production -v -n 1
  contains "$out" "$1"
}
# A web server that keeps what it is told in $work/told.
catch () {
  mkdir -p "$work/told"
  socat "TCP-LISTEN:$1,fork,reuseaddr,bind=127.0.0.1" "EXEC:tests/tools/catch $work/told" 2>"$work/socat.log" &
  pids="$pids $!"
  wait_for 20 socat /dev/null "TCP:127.0.0.1:$1" || fail "nobody listens: $(cat "$work/socat.log")"
  rm -f "$work"/told/*.body "$work"/told/*.head
}

# ---- around each node, either way ----

if in_part around; then
start_fleet 2
web=$((port + 15))
catch "$web"
hooks "mode: restart" <<YAML
before: 'echo before \$RELEVO_VERSION \$RELEVO_HOOK; echo before >>$work/log'
before_node: 'echo before_node \$RELEVO_NODE >>$work/log'
drain: {rpc: 'file:write_file("$work/log", "drain " ++ atom_to_list(node()) ++ "\\n", [append])'}
drained: 'case file:read_file_info("$work/busy") of {ok, _} -> 3; _ -> 0 end'
drain_timeout: 60s
undrain: 'echo undrain \$RELEVO_NODE >>$work/log'
after_node: {http: 'http://127.0.0.1:$web/after/{name}'}
after: 'echo after >>$work/log'
YAML
touch "$work/busy"
begin_deploy 1.1.0
grew () { grep -q "^drain $(fleet_node 1)" "$work/log"; }
wait_for 180 grew || fail "is not drained: $(cat "$work/deploy.said" "$work/log")"
# It waits for those that are served, and changes nothing meanwhile.
sleep 1
all_run 1.0.0/1.0.0
rm "$work/busy"
end_deploy 0
all_run 1.1.0/1.1.0
for n in 1 2; do
  echo "before_node $(fleet_node $n)"; echo "drain $(fleet_node $n)"; echo "undrain $(fleet_node $n)"
done >"$work/around"
{ echo before; cat "$work/around"; echo after; } >"$work/want"
cmp -s "$work/want" "$work/log" || fail "hooks: $(cat "$work/log")"
[ "$(cat "$work"/told/*.head | grep -c '^POST /after/meter[12] ')" = 2 ] || fail "told: $(cat "$work"/told/*.head)"
[ "$(jq -r .node "$work"/told/*.body | sort | tr '\n' ' ')" = "$(fleet_node 1) $(fleet_node 2) " ] ||
  fail "told: $(cat "$work"/told/*.body)"
history_says "hooks.before: before 1.1.0 before"
ok

# Whoever is still served when the time is over is cut off, and that is written down.
hooks "mode: restart" <<YAML
drain: 'true'
drained: $port
drain_timeout: 1s
YAML
"$relevo" node eval "$(fleet_node 1)" "spawn(fun() -> {ok, L} = gen_tcp:listen(0, [{ip, {127,0,0,1}}]), {ok, P} = inet:port(L), persistent_term:put(web, P), {ok, _} = gen_tcp:accept(L), receive after infinity -> ok end end), timer:sleep(500), persistent_term:get(web)" >"$work/port"
sed -i "s/drained: .*/drained: $(cat "$work/port")/" "$fleet/relevo.yaml"
sleep 600 | socat - "TCP:127.0.0.1:$(cat "$work/port")" >/dev/null 2>&1 &
pids="$pids $!"
in_fleet 0 deploy 1.4.0 -t production --dry-run
contains "$out" "hooks: drain, drained"
contains "$out" "Nothing was changed."
in_fleet 0 deploy 1.4.0 -t production --dry-run --json
check_document rollout "deploy --dry-run"
[ "$(jq -r '.hooks | join(",")' "$work/out")" = drain,drained ] || fail "hooks: $out"
in_fleet 0 rollback -t production --to 1.0.0
in_fleet 0 deploy 1.1.0 -t production
in_fleet 0 history -t production -v -n 2
contains "$out" "1 were still served 1 s after it was drained, and are cut off"
ok

# A node that is not well when it is back is not undrained, and goes back; then it is.
rm -f "$work/log"
in_fleet 0 rollback -t production --to 1.0.0
hooks "mode: restart" <<YAML
drain: 'echo drain \$RELEVO_NODE >>$work/log'
undrain: 'echo undrain \$RELEVO_NODE >>$work/log'
failure: 'echo failure \$RELEVO_VERSION; echo failure >>$work/log'
YAML
# shellcheck disable=SC2016
sed -i "s|health: .*|health: [{rpc: 'element(3, meter:kind()) =:= list_to_atom(\"1.0.0\") orelse {no, element(3, meter:kind())}'}]|" "$fleet/relevo.yaml"
in_fleet 5 deploy 1.1.0 -t production
all_run 1.0.0/1.0.0
[ "$(sort "$work/log" | uniq -c | awk '{ print $1, $2, $3 }' | tr '\n' ',')" = \
  "2 drain $(fleet_node 1),1 failure ,1 undrain $(fleet_node 1)," ] || fail "hooks: $(cat "$work/log")"
# Which value, since when.
contains "$said" ", since "
[ "$(tail -n 1 "$work/log")" != failure ] || fail "failure came last: $(cat "$work/log")"
history_says "hooks.failure: failure 1.1.0"
ok

# A hook that fails before anything is changed there: tried again, then all is as it was.
hooks "" <<YAML
before_node: 'echo "no \$RELEVO_NODE" >&2; exit 3'
YAML
in_fleet 5 deploy 1.1.0 -t production
contains "$said" "hooks.before_node: ended with status 3: no $(fleet_node 1)"
all_run 1.0.0/1.0.0
hooks "" <<YAML
before: 'sleep 60'
timeout: 1s
YAML
in_fleet 4 deploy 1.1.0 -t production
contains "$said" "hooks.before"
all_run 1.0.0/1.0.0
# Exit statuses that no other test has: what is not expected, and what needs a person.
in_fleet 1 deploy 1.1.0 -t production --state "$work"
hooks "on_failure: stop" <<YAML
after_node: 'exit 1'
YAML
in_fleet 6 deploy 1.1.0 -t production --json
check_document rollout "deploy that needs a person"
contains "$said" "need a person"
in_fleet 6 status -t production --json
check_document rollout "status of it"
in_fleet 6 status -t production --watch --json
check_document rollout "a line of --watch"
ok
fi

# ---- once, with the code of the release that comes ----

if in_part once; then
start_fleet 1
hooks "" <<YAML
once: '{ok, V} = application:get_key(meter, vsn), {ok, C} = application:get_env(meter, colour), ok = file:write_file("$work/once", [V, \$ , atom_to_list(C), \$\\n], [append]), {migrated, V}'
YAML
in_fleet 0 deploy 1.1.0 -t production
all_run 1.1.0/1.1.0
[ "$(cat "$work/once")" = "1.1.0 1.1.0" ] || fail "it ran as: $(cat "$work/once")"
history_says 'hooks.once: {migrated,"1.1.0"}'
in_fleet 0 rollback -t production
ok

# One that fails: nothing is changed.
hooks "" <<YAML
once: 'error({no, table})'
YAML
in_fleet 4 deploy 1.1.0 -t production
contains "$said" "hooks.once: the code of 1.1.0, beside $(fleet_node 1): error: {no,table}"
all_run 1.0.0/1.0.0
hooks "" <<YAML
once: 'timer:sleep(infinity)'
timeout: 2s
YAML
in_fleet 4 deploy 1.1.0 -t production
contains "$said" "it did not end within 2 s"
hooks "" <<YAML
once: 'io:format("halfway"), {error, table}'
YAML
in_fleet 4 deploy 1.1.0 -t production
contains "$said" "halfway"
contains "$said" "{error,table}"
ok

# relevo is killed during it: whether it is done is not known, and a person says so.
slow () {
  hooks "" <<YAML
once: 'file:write_file("$work/once", "begun\\n", [append]), receive after 3000 -> file:write_file("$work/once", "done\\n", [append]) end'
YAML
  rm -f "$work/once"
  begin_deploy 1.1.0
  begun () { grep -q begun "$work/once"; }
  wait_for 180 begun || fail "it does not begin: $(cat "$work/deploy.said")"
  kill -9 "$deploy"
  wait "$deploy" || true
}
slow
in_fleet 6 status -t production
in_fleet 8 resume -t production
contains "$said" "was cut short"
contains "$said" "relevo promote --again -t production"
in_fleet 0 promote -t production
all_run 1.1.0/1.1.0
wait_for 60 grep -q "done" "$work/once" || fail "it did not end: $(cat "$work/once")"
[ "$(cat "$work/once")" = "$(printf 'begun\ndone')" ] || fail "it ran as: $(cat "$work/once")"
in_fleet 0 rollback -t production
slow
in_fleet 0 promote --again -t production
all_run 1.1.0/1.1.0
# And not before the first was over.
[ "$(tr '\n' ' ' <"$work/once")" = "begun done begun done " ] || fail "it ran as: $(cat "$work/once")"
in_fleet 0 rollback -t production
slow
in_fleet 4 abort -t production
contains "$said" "Nothing was changed"
all_run 1.0.0/1.0.0
ok
fi

# ---- told ----

if in_part told; then
start_fleet 1
web=$((port + 15))
catch "$web"
echo 'a key' >"$work/key"
export SLACK_URL="http://127.0.0.1:$web/services/T0/B0/secret"
hooks "" <<YAML
notify:
  - {url: 'http://127.0.0.1:$web/hook', key_file: $work/key}
  - {form: slack, url_env: SLACK_URL}
  - 'jq -r .event >>$work/events'
YAML
in_fleet 0 deploy 1.1.0 -t production
[ "$(tr '\n' ' ' <"$work/events")" = "began done " ] || fail "told: $(cat "$work/events")"
count=0
for head in "$work"/told/*.head; do
  body=${head%.head}.body
  case $(head -n 1 "$head") in
    "POST /hook "*)
      signature=$(openssl dgst -sha256 -hmac 'a key' <"$body" | sed 's/.*= //')
      grep -qix "x-relevo-signature: sha256=$signature" "$head" || fail "signed: $(cat "$head") not $signature"
      grep -qix "x-relevo-event: $(jq -r .event "$body")" "$head" || fail "$(cat "$head" "$body")" ;;
    "POST /services/T0/B0/secret "*)
      [ "$(jq -r 'keys | join(",")' "$body")" = text ] || fail "slack: $(cat "$body")" ;;
    *) fail "told: $(cat "$head")" ;;
  esac
  count=$((count + 1))
done
[ "$count" = 4 ] || fail "$count were told"
grep -rqx '{"text":"production: meter 1.1.0 on 1 nodes: done"}' "$work/told" || fail "slack: $(cat "$work"/told/*.body)"
ok

# One that is slow holds no way back up: it is told of it while the node goes back, and of the end after that.
# shellcheck disable=SC2016 # for the shell of the hook
hooks "" <<YAML
after_node: 'exit 1'
notify: 'event=\$(jq -r .event); if [ "\$event" = going_back ]; then until [ -e $work/is_back ]; do sleep 0.1; done; fi; echo \$event >>$work/events'
YAML
in_fleet 0 rollback -t production
: >"$work/events"
begin_deploy 1.1.0
goes_back () { fleet_runs 1.0.0/1.0.0 && said_so 'runs 1.0.0 again'; }
wait_for 180 goes_back || fail "it does not go back: $(cat "$work/deploy.said")"
[ "$(tr '\n' ' ' <"$work/events")" = "began " ] || fail "told: $(cat "$work/events")"
: >"$work/is_back"
end_deploy 5
[ "$(tr '\n' ' ' <"$work/events")" = "began going_back rolled_back " ] || fail "told: $(cat "$work/events")"
hooks "" <<YAML
notify: {form: slack, url_env: SLACK_URL}
YAML
in_fleet 0 deploy 1.1.0 -t production
ok

# Nobody there: it is said, without the secret, and nothing else depends on it.
in_fleet 0 rollback -t production
export SLACK_URL="http://127.0.0.1:$((port + 16))/services/T0/B0/secret"
in_fleet 0 deploy 1.1.0 -t production
contains "$said" "the URL in SLACK_URL cannot be reached"
case $said in *B0/secret*) fail "a secret is told: $said" ;; esac
unset SLACK_URL
in_fleet 0 rollback -t production
contains "$said" "the variable SLACK_URL is not set"
ok

# ---- nobody keeps it ----

# shellcheck disable=SC2154 # boot_node sets it
end "$node1"
unset RELEASE_KEEPER
boot_node 1
fleet_yaml "mode: restart"
in_fleet 4 deploy 1.1.0 -t production
contains "$said" "nobody is known to start the system again"
hooks "mode: restart" <<YAML
start: 'RELEASE_NODE=\$RELEVO_NODE $work/node1/bin/meter daemon'
YAML
in_fleet 0 deploy 1.1.0 -t production
all_run 1.1.0/1.1.0
RELEASE_NODE=$(fleet_node 1) "$work/node1/bin/meter" stop
ok
fi

echo "ok: $checks checks"
