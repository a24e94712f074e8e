#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# From machines where nothing runs to a fleet, by ssh alone: setup, again where something is missing, a
# hot deploy, a rollback; the nodes listen on the loopback of their machines, one behind a bastion.
# Parts: fleet odd
set -eu
cd "$(dirname "$0")/../.."
. tests/tools/live.sh
. tests/tools/own_network.sh
. tests/tools/machines.sh
export TMPDIR="$work" RELEASE_COOKIE="it's secret" XDG_STATE_HOME="$work/state"

tests/tools/meter "$work/store" 1.0.0 1.1.0 >/dev/null
mkdir "$work/project"
# What every session of ssh finds in its environment there.
node_env="SetEnv ERL_EPMD_ADDRESS=127.0.0.1 PATH=$work/bin:$PATH \"ERL_ZFLAGS=-kernel inet_dist_use_interface {127,0,0,1}\""
mkdir "$work/bin"

# in_project STATUS WORD...
in_project () {
  want=$1 status=0
  shift
  (cd "$work/project" && exec "$relevo" "$@") >"$work/out" 2>"$work/said" </dev/null || status=$?
  out=$(cat "$work/out") said=$(cat "$work/said")
  [ "$status" = "$want" ] || fail "relevo $* ended with $status, not $want: $out $said"
}
# yaml NODES [LINE]: each machine has the release in its own folder: one file system is all of theirs.
yaml () {
  printf 'release: meter\napplications: {meter: permanent}\nstore: %s\ntargets:\n  production:\n' "$work/store"
  printf '    nodes: [%s]\n    via: {ssh: "{host}"}\n    setup: {dir: %s}\n    timeout: 60s\n    strategy: {bake: 1s, probe: 300ms}\n' \
    "$1" "$work/srv/meter"
  [ -z "${2:-}" ] || printf '    %s\n' "$2"
} >"$work/project/relevo.yaml"
# What is in the folder /srv of a machine is its own.
own_srv () { on "$1" sh -c "mkdir -p '$work/srv' && mount -t tmpfs tmpfs '$work/srv'"; }
vm () { on "$1" pgrep -o -x beam.smp; }
has_no_vm () { ! vm "$1"; }
has_cookie () { [ "$(on "$1" stat -c %a "$work/srv/meter/releases/COOKIE")" = 600 ] &&
  [ "$(on "$1" cat "$work/srv/meter/releases/COOKIE")" = "$RELEASE_COOKIE" ]; }
releases () { "$relevo" node releases "$@" --timeout 60s | awk '$4 == "running" { runs = $2 } $3 == "permanent" { boots = $2 } END { print runs "/" boots }'; }
fleet_is () {
  is=$(releases meter@10.9.1.2 --via 'ssh:{host}') || true
  is="$is $(releases meter@10.9.2.2 --via 'ssh:{host}')" || true
  is="$is $(releases meter@10.9.3.2 --via 'ssh:{host},jump=10.9.8.2')" || true
  [ "$is" = "$1 $1 $1" ] || fail "the fleet is $is, not $1"
}

fleet () {
  for name in one two far bastion; do machine "$name"; own_srv "$name"; done
  wire one 1
  wire two 2
  wire bastion 8
  wire far 3 bastion
  for name in one two far bastion; do start_sshd "$name" "$node_env"; done
  far='{node: meter@10.9.3.2, via: {ssh: "{host}", jump: 10.9.8.2}}'
  yaml "meter@10.9.1.2, meter@10.9.2.2, $far"

  in_project 3 deploy 1.0.0 -t production
  contains "$said" "relevo setup -t production"
  in_project 0 setup 1.0.0 -t production --json
  check_document setup setup
  [ "$(jq -r '[.nodes[].runs] | join(" ")' "$work/out")" = "1.0.0 1.0.0 1.0.0" ] || fail "$out"
  fleet_is 1.0.0/1.0.0
  for name in one two far; do has_cookie "$name" || fail "no cookie on $name"; done
  ! grep -aq "it's secret" "$work/said" "$work/out" || fail "the cookie is told"
  ok

  # Nothing is missing; then much is.
  in_project 0 setup 1.0.0 -t production
  contains "$out" "meter@10.9.1.2: nothing was missing"
  pid=$(vm two)
  expect 0 "$relevo" node rpc meter@10.9.1.2 init stop '[]' --via ssh:10.9.1.2 --timeout 60s
  wait_for 60 has_no_vm one || fail "one does not stop"
  on one rm "$work/srv/meter/releases/NODE" "$work/srv/meter/releases/COOKIE"
  on one sh -c "echo x >>'$work'/srv/meter/lib/meter-1.0.0/ebin/meter.beam; rm '$work'/srv/meter/bin/meter"
  in_project 0 setup 1.0.0 -t production
  contains "$out" "meter@10.9.1.2: mended 2 files of meter 1.0.0"
  contains "$out" "meter@10.9.1.2: placed the cookie"
  contains "$out" "meter@10.9.1.2: named it meter@10.9.1.2"
  contains "$out" "meter@10.9.1.2: started"
  contains "$out" "meter@10.9.2.2: nothing was missing"
  [ "$(vm two)" = "$pid" ] || fail "two was restarted"
  fleet_is 1.0.0/1.0.0
  ok

  # On from there, hot, and back; what is setup then has the newer one.
  in_project 0 deploy 1.1.0 -t production
  contains "$said" "installed in"
  fleet_is 1.1.0/1.1.0
  [ "$(vm two)" = "$pid" ] || fail "two was restarted"
  in_project 0 setup 1.0.0 -t production
  contains "$out" "meter@10.9.3.2: runs 1.1.0"
  in_project 0 rollback -t production
  fleet_is 1.0.0/1.0.0
  [ "$(vm two)" = "$pid" ] || fail "two was restarted"
  ok

  # No sshd on one: what cannot be reached is not changed, and the others are not either.
  stop_sshd two
  in_project 3 deploy 1.1.0 -t production
  contains "$said" "meter@10.9.2.2 cannot be reached"
  in_project 3 setup 1.0.0 -t production
  contains "$said" "Is sshd up there"
  contains "$said" "Nothing was changed"
  start_sshd two "$node_env"
  fleet_is 1.0.0/1.0.0
  ok
}

# What is in the way.
odd () {
  machine one
  own_srv one
  wire one 1
  start_sshd one "$node_env"
  yaml meter@10.9.1.2 'via: {}'
  sed -i '/via: {ssh/d' "$work/project/relevo.yaml"
  in_project 2 setup 1.0.0 -t production
  yaml meter@10.9.1.2
  on one mkdir "$work/srv/meter"
  on one touch "$work/srv/meter/precious"
  in_project 4 setup 1.0.0 -t production
  contains "$said" "holds something else"
  on one test -e "$work/srv/meter/precious" || fail "it is gone"
  on one rm "$work/srv/meter/precious"
  ok

  # A disk that is full; one that was cut short is gone on with.
  on one mount -o remount,size=1m "$work/srv"
  in_project 4 setup 1.0.0 -t production
  contains "$said" "no room"
  on one sh -c "[ ! -e '$work/srv/meter/releases' ]" || fail "half a release"
  on one mount -o remount,size=0 "$work/srv"
  ok

  # systemd, or what its systemctl would do: the unit is written, enabled and started.
  on one mkdir -p /run/systemd/system
  cat >"$work/bin/systemctl" <<SYSTEMCTL
#!/bin/sh
echo "\$*" >>$work/systemctl.log
case \$1 in
  is-enabled) [ -e $work/enabled ] ;;
  enable) touch $work/enabled ;;
  restart) ERL_ZFLAGS='-kernel inet_dist_use_interface {127,0,0,1}' RELEASE_KEEPER=systemd setsid $work/srv/meter/bin/meter start >/dev/null 2>&1 </dev/null & ;;
esac
SYSTEMCTL
  chmod +x "$work/bin/systemctl"
  on one sh -c "mkdir '$work/units' && mount --bind '$work/units' /etc/systemd/system"
  yaml meter@10.9.1.2
  sed -i 's|setup: {|&systemd: true, |' "$work/project/relevo.yaml"
  in_project 0 setup 1.0.0 -t production
  contains "$out" "installed /etc/systemd/system/meter.service"
  contains "$out" "started by systemd"
  grep -q "ExecStart=\"$work/srv/meter/bin/meter\" start" "$work/units/meter.service" || fail "no unit"
  grep -q '^daemon-reload' "$work/systemctl.log" || fail "systemd was not told"
  in_project 0 setup 1.0.0 -t production
  contains "$out" "nothing was missing"
  # With another cookie nobody is let in.
  RELEASE_COOKIE=other in_project 4 setup 1.0.0 -t production
  contains "$said" "cookie"
  contains "$said" "Nothing was changed"
  has_cookie one || fail "the cookie is another"
  ok
}

for part in fleet odd; do ! in_part $part || $part; done
echo "ok: $checks checks"
