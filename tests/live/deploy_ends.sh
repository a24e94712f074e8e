#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# How rollouts end that do not just go well: a failure that stops or waits, releases that are made
# permanent wave by wave, a VM that ends right after its installation, Ctrl-C twice, another deploy that
# takes the place of one that is not over; a hot way that leads through another release.
# Parts: failure died signals hops
# Long: supersede
set -eu
cd "$(dirname "$0")/../.."
. tests/tools/live.sh
. tests/tools/fleet.sh

tests/tools/meter "$work/store" 1.0.0 1.1.0 1.6.0 >/dev/null
start_fleet 3
lines_of_strategy () { fleet_yaml "$(printf '%s\n      ' "$@")"; }

# ---- what follows a failure ----

if in_part failure; then
  fleet_yaml "on_failure: stop"
  fleet_unwell 1.1.0
  in_fleet 6 deploy 1.1.0
  contains "$said" "relevo status -t production"
  case $said in *"going back"*) fail "nothing goes back: $said" ;; esac
  fleet_is 1.1.0/1.0.0 1.0.0/1.0.0 1.0.0/1.0.0
  in_fleet 6 status
  in_fleet 4 promote
  in_fleet 0 rollback
  all_run 1.0.0/1.0.0
  ok

  fleet_yaml "on_failure: pause"
  fleet_unwell 1.1.0
  in_fleet 8 deploy 1.1.0
  contains "$said" "relevo promote -t production"
  fleet_is 1.1.0/1.0.0 1.0.0/1.0.0 1.0.0/1.0.0
  in_fleet 8 status
  in_fleet 8 promote # it is no better
  in_fleet 0 abort
  all_run 1.0.0/1.0.0
  ok

  # Permanent wave by wave; what was made permanent goes back as well.
  lines_of_strategy "waves: [1, 2]" "pause: manual" "commit: wave"
  in_fleet 8 deploy 1.1.0
  fleet_is 1.1.0/1.0.0 1.0.0/1.0.0 1.0.0/1.0.0
  in_fleet 8 promote
  fleet_is 1.1.0/1.1.0 1.1.0/1.0.0 1.0.0/1.0.0
  in_fleet 0 abort
  all_run 1.0.0/1.0.0
  ok
fi

# ---- the VM ends when it has just got the release, before anybody looks, and is started again ----

if in_part died; then
  # As systemd does: it starts node 1 again whenever its VM ends, and ends with it.
  # shellcheck disable=SC2154 # boot_node sets it
  end "$node1"
  # shellcheck disable=SC2016 # of the shell inside
  RELEASE_NODE=$(fleet_node 1) RELEASE_KEEPER=test sh -c '
    trap "kill \$vm; exit" TERM
    while :; do "$1" start & vm=$!; wait "$vm" || true; done' keeper "$work/node1/bin/meter" >>"$work/node1.log" 2>&1 &
  pids="$pids $!"
  wait_for 180 fleet_node_up 1 || fail "node 1 does not start: $(cat "$work/node1.log")"
  # dies N M: the VM of node N, once, when node M has just got the release.
  dies () {
    cat >"$work/dies" <<HOOK
#!/bin/sh
echo "\$RELEVO_NODE" >>"$work/changed"
[ "\$RELEVO_NODE" = "$(fleet_node "$2")" ] && [ ! -e "$work/died" ] || exit 0
: >"$work/died"
"$relevo" node eval "$(fleet_node "$1")" 'erlang:halt(1, [{flush, false}])' >/dev/null 2>&1
until "$relevo" node eval "$(fleet_node "$1")" '{started, _} = init:get_status()' >/dev/null 2>&1; do
  sleep 0.2
done
HOOK
    chmod +x "$work/dies"
    rm -f "$work/died"
    : >"$work/changed"
    printf '    hooks: {after_node: %s}\n' "$work/dies" >>"$fleet/relevo.yaml"
  }
  fleet_yaml
  dies 1 1
  in_fleet 5 deploy 1.1.0
  contains "$said" "$(fleet_node 1) was restarted while it got 1.1.0, or right after: it runs 1.0.0 again"
  [ "$(cat "$work/changed")" = "$(fleet_node 1)" ] || fail "changed: $(cat "$work/changed")"
  all_run 1.0.0/1.0.0
  ok

  # Where it is permanent it comes back with the release, and was away all the same.
  lines_of_strategy "waves: [1, 3]" "commit: wave"
  dies 1 2
  in_fleet 5 deploy 1.1.0
  contains "$said" "$(fleet_node 1) is not well: the number of processes"
  contains "$said" "that were restarted"
  all_run 1.0.0/1.0.0
  ok
fi

# ---- Ctrl-C once, and twice ----

if in_part signals; then
  fleet_yaml
  # shellcheck disable=SC2016 # for the shell of the hook
  printf '    hooks: {before: "echo $$ >%s/hook; exec sleep 1000"}\n' "$work" >>"$fleet/relevo.yaml"
  begin_deploy 1.1.0
  hook_runs () { [ -s "$work/hook" ]; }
  wait_for 300 hook_runs || fail "the hook is not run: $(cat "$work/deploy.said")"
  kill -INT "$deploy"
  is_interrupted () { (cd "$fleet" && "$relevo" status --json) | jq -e '.paused == "interrupt"'; }
  wait_for 60 is_interrupted || fail "Ctrl-C is not heeded: $(cat "$work/deploy.said")"
  ! gone "$deploy" || fail "one Ctrl-C does not let a step end"
  kill -INT "$deploy"
  end_deploy 8
  contains "$(cat "$work/deploy.said")" "interrupted at once"
  contains "$(cat "$work/deploy.said")" "relevo resume -t production"
  wait_for 60 gone "$(cat "$work/hook")" || fail "the hook outlives relevo"
  all_run 1.0.0/1.0.0
  in_fleet 8 status
  in_fleet 8 resume
  contains "$said" "whether it is done is not known"
  in_fleet 4 abort
  all_run 1.0.0/1.0.0
  ok

  # With the canary installed; what it did is found, and not done again.
  fleet_yaml "bake: 20s"
  begin_deploy 1.1.0
  wait_said 'watching for 20 s'
  kill -INT "$deploy"
  kill -INT "$deploy"
  end_deploy 8
  fleet_is 1.1.0/1.0.0 1.0.0/1.0.0 1.0.0/1.0.0
  in_fleet 0 resume
  ! grep -q 'meter1.*installed' "$work/said" || fail "it was installed again: $said"
  all_run 1.1.0/1.1.0
  ok
fi

# ---- another release instead ----

if in_part supersede; then
  # One that waits.
  fleet_yaml "pause: manual"
  in_fleet 8 deploy 1.1.0
  in_fleet 4 deploy 1.6.0
  contains "$said" "--supersede"
  fleet_is 1.1.0/1.0.0 1.0.0/1.0.0 1.0.0/1.0.0
  in_fleet 3 deploy 9.9.9 --supersede
  in_fleet 8 status
  fleet_yaml
  in_fleet 0 deploy 1.6.0 --supersede --json
  check_document rollout "deploy --supersede"
  all_run 1.6.0/1.6.0
  in_fleet 0 history --json
  [ "$(jq -r '[.rollouts[].result] | join(" ")' "$work/out")" = "done superseded" ] || fail "$out"
  in_fleet 0 rollback
  all_run 1.0.0/1.0.0
  ok

  # One that is driven.
  fleet_yaml "bake: 1h"
  begin_deploy 1.1.0
  wait_said 'watching for 3600 s'
  in_fleet 7 deploy 1.6.0
  fleet_yaml
  in_fleet 0 deploy 1.6.0 --supersede
  end_deploy 7
  contains "$(cat "$work/deploy.said")" "superseded by another deploy"
  all_run 1.6.0/1.6.0
  in_fleet 0 rollback
  all_run 1.0.0/1.0.0
  ok

  # Nothing to supersede.
  in_fleet 0 deploy 1.1.0 --supersede
  all_run 1.1.0/1.1.0
  ok
fi

# ---- hot by way of another release ----

if in_part hops; then
  tests/tools/meter "$work/store" 1.8.0 >/dev/null
  fleet_yaml "mode: hot"
  in_fleet 4 deploy 1.8.0
  all_run 1.0.0/1.0.0
  lines_of_strategy "mode: hot" "hops: 2" "pause: manual"
  in_fleet 0 deploy 1.8.0 --dry-run
  contains "$said" "to 1.8.0 by way of 1.1.0"
  all_run 1.0.0/1.0.0
  # It waits on the way; whoever lets it go on is told where to.
  in_fleet 8 deploy 1.8.0
  fleet_is 1.1.0/1.0.0 1.0.0/1.0.0 1.0.0/1.0.0
  in_fleet 0 promote
  all_run 1.1.0/1.1.0
  in_fleet 0 rollback
  all_run 1.0.0/1.0.0
  lines_of_strategy "mode: hot" "hops: 2"
  in_fleet 0 deploy 1.8.0
  contains "$said" "to 1.8.0 by way of 1.1.0"
  all_run 1.8.0/1.8.0
  in_fleet 0 history --json
  [ "$(jq -r '[.rollouts[] | .version + " " + .result] | .[0:2] | join(", ")' "$work/out")" = "1.8.0 done, 1.1.0 done" ] ||
    fail "$out"
  [ "$(jq '[.rollouts[].commits] | all(. == null)' "$work/out")" = true ] || fail "commits from nowhere: $out"
  ok
  # What was committed between them, where the repository is that their manifests tell of.
  git -C "$fleet" init -q -b main
  for version in 1.1.0 between 1.8.0; do
    git -C "$fleet" -c user.name=n -c user.email=e -c commit.gpgsign=false commit -q --allow-empty -m "to $version"
    [ "$version" != between ] || continue
    manifest=$work/store/meter-$version/releases/$version/relevo.manifest.json
    jq --arg id "$(git -C "$fleet" rev-parse HEAD)" '.provenance.commit = $id' "$manifest" >"$work/manifest"
    cp "$work/manifest" "$manifest"
    rm "$work/store/meter-$version.tar.gz" # the folder beside it is looked at then
  done
  in_fleet 0 history --json
  check_document history history
  [ "$(jq -c '.rollouts[0].commits.added | map(.subject)' "$work/out")" = '["to 1.8.0","to between"]' ] || fail "other commits: $out"
  in_fleet 0 history
  contains "$out" "    2 commits"
  in_fleet 0 history -v
  contains "$out" "  to between"
  ok
fi

echo "ok: $checks checks"
