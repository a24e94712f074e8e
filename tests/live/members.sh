#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Targets whose nodes are not listed: by addresses and by SRV records of a name service, and a cluster that
# is found through one of its nodes.
set -eu
cd "$(dirname "$0")/../.."
. tests/tools/live.sh
. tests/tools/own_network.sh
. tests/tools/fleet.sh

tests/tools/meter "$work/store" 1.0.0 1.1.0 >/dev/null
printf 'nameserver 127.0.0.1\noptions timeout:2 attempts:1\n' >"$work/resolv.conf"
mount --bind "$work/resolv.conf" /etc/resolv.conf
"$(dirname "$relevo")/tests/helpers/dns" meter.test=127.0.0.1 two.test=127.0.0.1 '_meter._tcp.test>two.test' \
  'empty.test>two.test' >"$work/dns" 2>&1 &
pids="$pids $!"
wait_for 20 grep -q ready "$work/dns" || fail "no name service: $(cat "$work/dns")"
export RELEASE_COOKIE=c

start_epmd
# start_as NUMBER NODE
start_as () {
  mkdir "$work/node$1"
  tar -xzf "$work/store/meter-1.0.0.tar.gz" -C "$work/node$1"
  RELEASE_NODE=$2 "$work/node$1/bin/meter" start >"$work/node$1.log" 2>&1 &
  pids="$pids $!"
  wait_for 120 "$relevo" node eval "$2" '{started, _} = init:get_status()' || fail "$2 does not start: $(cat "$work/node$1.log")"
}
start_as 1 meter1@127.0.0.1
start_as 2 meter2@two.test
start_as 3 meter3@127.0.0.1

# found STATUS LINE: the nodes that a deploy would go to.
target () {
  { printf 'release: meter\napplications: {meter: permanent}\nstore: %s\n' "$work/store"
    printf 'targets:\n  base:\n    nodes: [nobody@127.0.0.1]\n    strategy: {bake: 1s, probe: 300ms}\n'
    printf '  production:\n    extends: base\n    %s\n' "$1"
  } >"$fleet/relevo.yaml"
}
found () {
  in_fleet 0 deploy 1.1.0 -t production --dry-run --json
  is=$(jq -r '[.nodes[].node] | join(" ")' "$work/out")
  [ "$is" = "$1" ] || fail "the nodes are $is, not $1"
}

target 'dns: meter1@meter.test'
found meter1@127.0.0.1
target 'dns: meter2@_meter._tcp.test'
found meter2@two.test
target 'dns: meter@nobody.test'
in_fleet 3 deploy 1.1.0 -t production
contains "$said" "nobody.test"
target 'dns: meter@_nobody._tcp.test'
in_fleet 3 deploy 1.1.0 -t production
target 'dns: shop'
in_fleet 2 deploy 1.1.0 -t production
printf '    nodes: [a@b.c]\n    dns: a@b.c\n' >>"$fleet/relevo.yaml"
sed -i '/dns: shop/d' "$fleet/relevo.yaml"
in_fleet 2 deploy 1.1.0 -t production
contains "$said" "one of nodes, dns and seed"
ok

# A cluster of two, and somebody else's node in it; it is found as it is, and deployed to.
target 'seed: meter1@127.0.0.1'
found meter1@127.0.0.1
erl -noshell -name other@127.0.0.1 -setcookie c -kernel inet_dist_use_interface '{127,0,0,1}' >"$work/other.log" 2>&1 </dev/null &
pids="$pids $!"
wait_for 60 "$relevo" node eval other@127.0.0.1 ok || fail "no other: $(cat "$work/other.log")"
for other in meter3 other; do
  expect 0 "$relevo" node eval meter1@127.0.0.1 "true = net_kernel:connect_node('$other@127.0.0.1')"
done
found "meter1@127.0.0.1 meter3@127.0.0.1"
contains "$said" "other@127.0.0.1 is of the cluster"
in_fleet 0 deploy 1.1.0 -t production
for n in meter1 meter3; do
  expect 0 "$relevo" node releases "$n@127.0.0.1"
  contains "$out" 1.1.0
done
in_fleet 0 status -t production
contains "$out" meter3@127.0.0.1
in_fleet 0 rollback -t production
target 'seed: nobody@127.0.0.1'
in_fleet 3 deploy 1.1.0 -t production
contains "$said" "seed"
ok

echo "ok: $checks checks"
