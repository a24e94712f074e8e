#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# What decides on a fleet: gates of each kind, no data, policies after a failure, hooks, and a rolling
# restart with drain, where the VM is kept by its start script.
# Parts: gates silence compare hooks
set -eu
cd "$(dirname "$0")/../.."
. tests/tools/live.sh
. tests/tools/fleet.sh

tests/tools/meter "$work/store" 1.0.0 1.1.0 3.1.0 >/dev/null
export RELEASE_KEEPER=start RELEASE_TRIAL_TIMEOUT=8
start_fleet 3

# A web server of OTP's own: a file for each node.
mkdir "$work/www"
web=$((port + 15))
erl -noinput -eval "{ok, _} = application:ensure_all_started(inets), {ok, _} = inets:start(httpd,
  [{port, $web}, {bind_address, {127,0,0,1}}, {server_name, \"health\"}, {server_root, \"$work\"},
   {document_root, \"$work/www\"}])" >"$work/web.log" 2>&1 &
pids="$pids $!"
for n in 1 2 3; do echo fine >"$work/www/meter$n"; done
serves () { "$relevo" node ping "$(fleet_node 1)" && grep -q . "$work/www/meter1"; }
wait_for 60 serves || fail "no web server: $(cat "$work/web.log")"

# health GATES: the target with these gates.
health () {
  fleet_yaml "${2:-}"
  sed -i "s|health: .*|health: $1|" "$fleet/relevo.yaml"
}
set_health () { "$relevo" node eval "$(fleet_node "$1")" "persistent_term:put(healthy, $2)" >/dev/null; }

if in_part gates; then

# ---- HTTP ----

health "[{http: {url: 'http://{host}:$web/{name}', expect: 200, body: fine, latency: 5s}}]" "bake: 1h"
begin_deploy 1.1.0
wait_for 180 said_so 'watching for 3600 s' || fail "does not come to bake: $(cat "$work/deploy.said")"
mv "$work/www/meter1" "$work/meter1"
end_deploy 5
contains "$(cat "$work/deploy.said")" "http://127.0.0.1:$web/meter1 answers with 404, not 200"
mv "$work/meter1" "$work/www/meter1"
all_run 1.0.0/1.0.0
ok

# Not well before anything was done: nothing is done.
echo ill >"$work/www/meter2"
# A node that was not looked at for three probes is out as well, which a busy machine may not manage in 900 ms.
health "[{http: {url: 'http://{host}:$web/{name}', body: fine}}]" "progress_timeout: 30s"
sed -i 's/probe: 300ms/probe: 5s/' "$fleet/relevo.yaml"
in_fleet 8 deploy 1.1.0 -t production
contains "$said" "1 of them are out, meter2@127.0.0.1 for one: http://127.0.0.1:$web/meter2 "
all_run 1.0.0/1.0.0
sed -i 's/probe: 5s/probe: 300ms/' "$fleet/relevo.yaml"
echo fine >"$work/www/meter2"
in_fleet 0 resume -t production
all_run 1.1.0/1.1.0
in_fleet 0 rollback -t production
ok

# ---- rpc: well, not well, nothing said ----

for n in 1 2 3; do set_health $n true; done
health "[{rpc: 'persistent_term:get(healthy)'}]"
in_fleet 0 deploy 1.1.0 -t production
in_fleet 0 rollback -t production
set_health 1 '{false, database}'
health "[{rpc: 'persistent_term:get(healthy)'}]" "bake: 1h"
set_health 1 true
begin_deploy 1.1.0
wait_for 180 said_so 'watching for 3600 s' || fail "does not come to bake: $(cat "$work/deploy.said")"
set_health 1 '{false, database}'
end_deploy 5
contains "$(cat "$work/deploy.said")" "is {false,database}, not ok"
all_run 1.0.0/1.0.0
ok

fi
if in_part silence; then

# ---- nothing said: before anything is changed, and at the end of a bake ----

for n in 1 2 3; do set_health $n true; done
set_health 1 unknown
health "[{rpc: 'persistent_term:get(healthy)'}]" "progress_timeout: 30s"
in_fleet 8 deploy 1.1.0 -t production
all_run 1.0.0/1.0.0
in_fleet 4 abort -t production
all_run 1.0.0/1.0.0
sed -i 's/bake: 3s/bake: 20s/' "$fleet/relevo.yaml"
set_health 1 ok
begin_deploy 1.1.0
wait_for 180 said_so 'watching for 20 s' || fail "does not come to bake: $(cat "$work/deploy.said")"
set_health 1 unknown
end_deploy 8
contains "$(cat "$work/deploy.said")" "its health is not known"
fleet_is 1.1.0/1.0.0 1.0.0/1.0.0 1.0.0/1.0.0
set_health 1 ok
in_fleet 0 resume -t production
all_run 1.1.0/1.1.0
in_fleet 0 rollback -t production
ok

# ---- what follows a failure ----

health "[{rpc: 'persistent_term:get(healthy)'}]" "on_failure: pause"
sed -i 's/bake: 3s/bake: 20s/' "$fleet/relevo.yaml"
begin_deploy 1.1.0
wait_for 180 said_so 'watching for 20 s' || fail "does not come to bake: $(cat "$work/deploy.said")"
set_health 1 false
end_deploy 8
contains "$(cat "$work/deploy.said")" "relevo promote -t production, or relevo abort"
fleet_is 1.1.0/1.0.0 1.0.0/1.0.0 1.0.0/1.0.0
in_fleet 0 abort -t production
all_run 1.0.0/1.0.0
set_health 1 true
ok

fi
if in_part compare; then

# ---- nodes with the release beside those without: no difference, no verdict, worse ----

health "[{compare: {metric: mailbox, min_samples: 2}}]"
in_fleet 0 deploy 1.1.0 -t production
in_fleet 0 rollback -t production
all_run 1.0.0/1.0.0
health "[{compare: {metric: mailbox, min_samples: 65000}}]" "progress_timeout: 30s"
in_fleet 8 deploy 1.1.0 -t production
contains "$said" "cannot be compared: mailbox: "
contains "$said" "fewer than 65000"
fleet_is 1.1.0/1.0.0 1.0.0/1.0.0 1.0.0/1.0.0
in_fleet 0 abort -t production
health "[{compare: {metric: memory}}]" "bake: 30s"
begin_deploy 1.1.0
wait_for 180 said_so 'watching for 30 s' || fail "does not come to bake: $(cat "$work/deploy.said")"
"$relevo" node eval "$(fleet_node 1)" 'persistent_term:put(leak, lists:seq(1, 4000000))' >/dev/null
end_deploy 5
contains "$(cat "$work/deploy.said")" "memory"
all_run 1.0.0/1.0.0
ok

fi

# ---- hooks, and a rolling restart ----

in_part hooks || { echo "ok: $checks checks"; exit 0; }

for n in 1 2 3; do set_health $n true; done
health "[{vitals: {run_queue: 1000}}]" "mode: restart"
cat >>"$fleet/relevo.yaml" <<YAML
    hooks:
      before: 'echo before \$RELEVO_VERSION >>$work/hooks'
      drain: 'echo drain \$RELEVO_NODE >>$work/hooks'
      undrain: 'echo undrain \$RELEVO_NODE >>$work/hooks'
      after: 'echo after >>$work/hooks'
      notify: 'jq -r .event >>$work/events'
YAML
in_fleet 0 deploy 1.1.0 -t production -v
contains "$said" "by a restart"
all_run 1.1.0/1.1.0
cat >"$work/want" <<'WANT'
before 1.1.0
drain meter1@127.0.0.1
undrain meter1@127.0.0.1
drain meter2@127.0.0.1
undrain meter2@127.0.0.1
drain meter3@127.0.0.1
undrain meter3@127.0.0.1
after
WANT
# After the canary whoever is known to be well is next.
for file in want hooks; do
  head -n 3 "$work/$file"
  sed -n '4,7p' "$work/$file" | sort
  tail -n +8 "$work/$file"
done >"$work/both"
[ "$(head -n 8 "$work/both")" = "$(tail -n +9 "$work/both")" ] || fail "hooks: $(cat "$work/hooks")"
[ "$(tr '\n' ' ' <"$work/events")" = "began done " ] || fail "told: $(cat "$work/events")"
in_fleet 0 rollback -t production
all_run 1.0.0/1.0.0
ok

# A release that does not boot: the canary falls back by itself, the others never had it.
in_fleet 5 deploy 3.1.0 -t production
all_run 1.0.0/1.0.0
[ "$(grep -c '^drain meter[23]' "$work/hooks")" = 4 ] || fail "others were drained: $(cat "$work/hooks")"
ok

# A hook before all that fails: nothing is changed.
sed -i 's|before: .*|before: "echo no >\&2; exit 3"|' "$fleet/relevo.yaml"
in_fleet 4 deploy 1.1.0 -t production
contains "$said" "hooks.before: ended with status 3: no"
all_run 1.0.0/1.0.0
ok

echo "ok: $checks checks"
