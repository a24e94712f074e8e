#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Rollouts that are written down in etcd: from any machine, over TLS and with a password; an etcd that
# is killed, slow, full, or takes the lease away; a relevo that is killed, or stopped and wakes too late.
# Parts: machines
# Long: away lease slow full
set -eu
cd "$(dirname "$0")/../.."
. tests/tools/live.sh
. tests/tools/fleet.sh
. tests/tools/etcd.sh

tests/tools/meter "$work/store" 1.0.0 1.1.0 1.4.0 >/dev/null
start_fleet 3

# ---- TLS, a password, an endpoint that is not there; a rollout that goes from machine to machine ----

if in_part machines; then
  pki=$work/pki
  mkdir "$pki"
  # authority NAME
  authority () {
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj "/CN=$1" \
      -keyout "$pki/$1.key" -out "$pki/$1.pem" 2>"$work/openssl" || fail "$(cat "$work/openssl")"
  }
  # certificate NAME AUTHORITY ALTERNATIVE-NAME [SUBJECT]
  certificate () {
    openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj "${4:-/CN=$1}" \
      -keyout "$pki/$1.key" -out "$pki/$1.csr" 2>"$work/openssl" || fail "$(cat "$work/openssl")"
    echo "subjectAltName=$3" >"$pki/ext"
    openssl x509 -req -in "$pki/$1.csr" -CA "$pki/$2.pem" -CAkey "$pki/$2.key" -CAcreateserial -days 2 \
      -extfile "$pki/ext" -out "$pki/$1.pem" 2>"$work/openssl" || fail "$(cat "$work/openssl")"
  }
  authority ours
  authority theirs
  certificate etcd ours IP:127.0.0.1
  certificate deploy ours DNS:deploy /O=deploy
  certificate named ours DNS:deploy
  certificate foreign theirs DNS:deploy
  etcd_url=https://127.0.0.1:$etcd_port
  etcd_options="--cacert $pki/ours.pem --cert $pki/deploy.pem --key $pki/deploy.key"
  start_etcd --cert-file "$pki/etcd.pem" --key-file "$pki/etcd.key" --trusted-ca-file "$pki/ours.pem" \
    --client-cert-auth
  { etcd_ctl user add root:of-all && etcd_ctl user add ci:for-ci && etcd_ctl user grant-role root root
    etcd_ctl role add deploys && etcd_ctl role grant-permission deploys --prefix=true readwrite relevo/
    etcd_ctl user grant-role ci deploys && etcd_ctl auth enable; } >"$work/etcdctl" 2>&1 ||
    fail "$(cat "$work/etcdctl")"

  # use CERTIFICATE AUTHORITY PASSWORD: the first endpoint is not there.
  use () {
    echo "$3" >"$work/password"
    fleet_state="state:
  etcd: [https://127.0.0.1:$((port + 19)), $etcd_url]
  ca: $pki/$2.pem
  cert: $pki/$1.pem
  key: $pki/$1.key
  user: ci
  password_file: $work/password"
  }
  use deploy theirs for-ci && fleet_yaml
  in_fleet 3 status
  contains "$said" "certificate"
  use foreign ours for-ci && fleet_yaml
  in_fleet 3 status
  use named ours for-ci && fleet_yaml
  in_fleet 2 status
  contains "$said" "no certificate that has a common name"
  use deploy ours wrong && fleet_yaml
  in_fleet 2 deploy 1.1.0
  contains "$said" "password"
  all_run 1.0.0/1.0.0
  ok

  use deploy ours for-ci && fleet_yaml "pause: manual"
  in_fleet 3 status
  contains "$said" "nothing was ever deployed"
  in_fleet 8 deploy 1.1.0
  [ ! -e "$work/state" ] || fail "there is a file as well"
  in_other 8 status
  in_other 0 promote
  all_run 1.1.0/1.1.0
  in_fleet 0 status --json
  check_document rollout status
  in_other 0 history -v
  contains "$out" "install 1.1.0"
  here=$(cd "$fleet" && "$relevo" history -v)
  in_other 0 history -v
  [ "$out" = "$here" ] || fail "here: $here; elsewhere: $out"
  in_other 0 history --json
  check_document history history
  ok

  # Two at once, and one that is told from elsewhere.
  in_other 0 rollback
  fleet_yaml "bake: 1h"
  begin_deploy 1.1.0
  wait_said 'watching for 3600 s'
  in_other 7 deploy 1.4.0
  contains "$said" "process $deploy on $(hostname) is at work on it"
  in_other 7 resume
  in_other 0 status
  contains "$out" "driven by process $deploy on"
  in_other 0 abort
  end_deploy 5
  all_run 1.0.0/1.0.0
  ok

  # The password is nowhere but in its file.
  ! grep -rq for-ci "$work"/*.said "$work/out" "$work/said" || fail "the password was said"
  ok
fi

# canary: three nodes, the first with the new release, and a relevo that watches it for an hour.
canary () {
  fleet_yaml "bake: 1h"
  begin_deploy 1.1.0
  wait_said 'watching for 3600 s'
}
half='1.1.0/1.0.0 1.0.0/1.0.0 1.0.0/1.0.0'

# ---- relevo is killed, etcd is killed and comes back, or does not ----

if in_part away; then
  start_etcd
  use_etcd 4s
  canary
  kill -9 "$deploy"
  wait "$deploy" 2>/dev/null || true
  wait_for 120 lock_is_free || fail "the lock of a dead relevo stays"
  in_other 6 status
  contains "$said" "whoever drove it is gone"
  in_other 0 abort
  all_run 1.0.0/1.0.0
  ok

  use_etcd 30s
  canary
  kill_etcd
  start_etcd
  in_fleet 0 status
  contains "$out" "driven by process $deploy"
  in_other 0 abort
  end_deploy 5
  all_run 1.0.0/1.0.0
  ok

  use_etcd 4s
  canary
  kill_etcd
  end_deploy 1
  contains "$(cat "$work/deploy.said")" "etcd does not answer"
  contains "$(cat "$work/deploy.said")" "relevo resume -t production"
  in_fleet 3 status
  contains "$said" "etcd does not answer"
  in_fleet 3 deploy 1.1.0
  # shellcheck disable=SC2086 # three words
  fleet_is $half
  start_etcd
  wait_for 120 lock_is_free || fail "the lock of a relevo that ended stays"
  in_other 0 abort
  all_run 1.0.0/1.0.0
  ok
fi

# ---- the lease is lost, and etcd dies when a step is written down ----

if in_part lease; then
  killer=$(dirname "$relevo")/tests/helpers/kill_at.so
  start_etcd
  use_etcd 20s
  canary
  lease=$(etcd_ctl lease list | tail -n 1)
  etcd_ctl lease revoke "$lease" >"$work/etcdctl"
  locked_again () { ! lock_is_free && [ "$(etcd_ctl lease list | tail -n 1)" != "$lease" ]; }
  wait_for 120 locked_again || fail "it did not take its lock again: $(cat "$work/deploy.said")"
  in_other 7 resume
  in_other 0 abort
  end_deploy 5
  all_run 1.0.0/1.0.0
  ok

  # It stands still after it wrote down what it is about to do; when it goes on there is no etcd.
  use_etcd 4s
  fleet_yaml "bake: 1s"
  (cd "$fleet" && exec env KILL_COUNT="$work/writes" LD_PRELOAD="$killer" "$relevo" deploy 1.1.0) \
    >"$work/out" 2>"$work/said" </dev/null || fail "$(cat "$work/said")"
  in_other 0 rollback
  (cd "$fleet" && exec env KILL_STOP=1 KILL_AT=$(($(cat "$work/writes") / 2)) LD_PRELOAD="$killer" \
    "$relevo" deploy 1.1.0) >"$work/deploy.out" 2>"$work/deploy.said" </dev/null &
  deploy=$!
  pids="$pids $deploy"
  stopped () { grep -q '^State:[[:space:]]*T' "/proc/$deploy/status"; }
  wait_for 180 stopped || fail "does not stop: $(cat "$work/deploy.said")"
  kill_etcd
  kill -CONT "$deploy"
  end_deploy 1
  contains "$(cat "$work/deploy.said")" "etcd does not answer"
  was=$(fleet_states)
  start_etcd
  wait_for 120 lock_is_free || fail "the lock of a relevo that ended stays"
  [ "$(fleet_states)" = "$was" ] || fail "without the lock the fleet went from $was to $(fleet_states)"
  in_other 0 resume
  all_run 1.1.0/1.1.0
  ok
fi

# ---- etcd is far away, or hangs ----

if in_part slow; then
  start_etcd
  delay=$(dirname "$relevo")/tests/helpers/delay
  "$delay" $((port + 14)) "$etcd_port" 150 &
  pids="$pids $!"
  "$delay" $((port + 15)) "$etcd_port" 60000 &
  pids="$pids $!"
  # through ENDPOINT...: looks at nodes no more often than can be written down.
  through () {
    fleet_state="state: {etcd: [$1], lease: 6s}"
    fleet_yaml
    sed -i 's/probe: 300ms/probe: 3s/' "$fleet/relevo.yaml"
  }
  through "http://127.0.0.1:$((port + 14))"
  in_fleet 0 deploy 1.1.0
  all_run 1.1.0/1.1.0
  through "http://127.0.0.1:$((port + 15))"
  in_fleet 3 rollback
  contains "$said" "etcd does not answer"
  all_run 1.1.0/1.1.0
  ok
  # The one that hangs is passed over.
  through "http://127.0.0.1:$((port + 15)), $etcd_url"
  in_fleet 0 rollback
  all_run 1.0.0/1.0.0
  ok
fi

# ---- etcd is full ----

if in_part full; then
  start_etcd --quota-backend-bytes=2000000
  use_etcd 4s
  canary
  head -c 300000 /dev/zero | tr '\0' x >"$work/much"
  fill () { ! etcd_ctl put much <"$work/much" >"$work/etcdctl" 2>&1; }
  wait_for 120 fill || fail "etcd is never full"
  contains "$(cat "$work/etcdctl")" "space exceeded"
  end_deploy 1
  contains "$(cat "$work/deploy.said")" "It is full: make room"
  contains "$(cat "$work/deploy.said")" "relevo resume -t production"
  # shellcheck disable=SC2086 # three words
  fleet_is $half
  wait_for 120 lock_is_free || fail "the lock of a relevo that ended stays"
  in_fleet 1 abort
  contains "$said" "It is full: make room"
  # shellcheck disable=SC2086 # three words
  fleet_is $half
  etcd_ctl del much >"$work/etcdctl"
  etcd_ctl compact "$(etcd_ctl get x -w json | jq .header.revision)" >"$work/etcdctl"
  etcd_ctl defrag >"$work/etcdctl"
  etcd_ctl alarm disarm >"$work/etcdctl"
  in_other 0 abort
  all_run 1.0.0/1.0.0
  ok
fi

echo "ok: $checks checks"
