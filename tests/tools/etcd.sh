# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=sh
# An etcd of a live test's own (tests/tools/live.sh comes first), on loopback: $etcd_url; its process is
# $etcd, what it says is in $work/etcd.log.

etcd_port=$((port + 12))
etcd_scheme=http
etcd_url=$etcd_scheme://127.0.0.1:$etcd_port
export ETCDCTL_API=3

# etcd_ctl WORD...
etcd_ctl () {
  # shellcheck disable=SC2086 # options
  etcdctl --endpoints "$etcd_url" ${etcd_options:-} "$@"
}
etcd_answers () { etcd_ctl get x; }
# begin_etcd OPTION...: the same data each time; returns at once.
begin_etcd () {
  etcd --data-dir "$work/etcd" --listen-client-urls "$etcd_url" --advertise-client-urls "$etcd_url" \
    --listen-peer-urls "http://127.0.0.1:$((etcd_port + 1))" \
    --initial-advertise-peer-urls "http://127.0.0.1:$((etcd_port + 1))" \
    --initial-cluster "default=http://127.0.0.1:$((etcd_port + 1))" "$@" >>"$work/etcd.log" 2>&1 &
  etcd=$!
  pids="$pids $etcd"
}
# shellcheck disable=SC2120 # with options or without
start_etcd () {
  begin_etcd "$@"
  wait_for 120 etcd_answers || fail "no etcd: $(tail -n 20 "$work/etcd.log")"
}
kill_etcd () {
  kill -9 "$etcd"
  wait "$etcd" 2>/dev/null || true
}
# use_etcd LEASE: a relevo.yaml of fleet_yaml writes down rollouts here from now on.
use_etcd () {
  # shellcheck disable=SC2034 # of tests/tools/fleet.sh
  fleet_state="state: {etcd: [$etcd_url], lease: $1}"
}
lock_is_free () { [ -z "$(etcd_ctl get --keys-only relevo/meter/production/lock)" ]; }
