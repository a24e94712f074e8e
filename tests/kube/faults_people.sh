#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# What people do, and what they do wrong, while a release is rolled out or before; the names of the parts are those
# of the list of failures (docs/kubernetes.md).  Pods are real nodes with real agents, the API server is a real one.
# Parts: F13 F14 F17 F18 F22 F25
set -u
cd "$(dirname "$0")/../.." || exit 1
# shellcheck source=tests/tools/operated.sh
. tests/tools/operated.sh
each_part
manual='{"strategy": {"waves": [{"name": "canary", "pods": 1, "minHealthySeconds": 1, "pause": {"type": "Manual"}}]}}'

# F13: another release is wanted in the first wave: back, and then to that one, by the same pods.
if in_part F13; then
  begin_with 2 1.0.0 1.1.0 1.6.0
  beam_deployment 1.1.0 "$manual"
  when_says Paused True WaitingForPromotion
  beam_deployment 1.6.0
  is_ready 400
  all_run 1.6.0
  same_pods
  nowhere_restarted
  [ "$(kubectl get bup -n test -o json | jq -r '[.items | sort_by(.spec.attempt)[] | .status.result] | join(" ")')" = 'Superseded Committed' ] ||
    fail "not superseded: $(explain 2>&1)"
  is_bd '.status.rejectedRevisions[0]' ''
  ok
fi

# F14: promoted, and aborted, for a revision that is not under way: it means nothing, and that is told.
if in_part F14; then
  begin_with 2 1.0.0 1.1.0 1.6.0
  beam_deployment 1.1.0 "$manual"
  when_says Paused True WaitingForPromotion
  old=$(meter_digest 1.6.0)
  patch_bd "{\"spec\": {\"promotedRevision\": \"$old\", \"abortedRevision\": \"$old\"}}"
  when_event OtherRevision "spec.promotedRevision $old"
  when_event OtherRevision "spec.abortedRevision $old"
  asked_again
  says Paused True WaitingForPromotion || fail "it meant something: $(explain 2>&1)"
  has_release 1 1.1.0 || fail "meter-1 runs $(runs 1)"
  untouched 0
  patch_bd "{\"spec\": {\"promotedRevision\": \"$(meter_digest 1.1.0)\"}}"
  is_ready 300
  all_run 1.1.0
  has_event OtherRevision "$(meter_digest 1.1.0) means" && fail "it was told of the right one"
  ok
fi

# F17: a set whose pods Kubernetes replaces itself: that is told, and nothing is begun while it does.
if in_part F17; then
  begin_with 2 1.0.0 1.1.0
  set_path=/apis/apps/v1/namespaces/test/statefulsets/meter
  has_event RollingUpdate && fail "it was told of OnDelete"
  patch $set_path '{"spec": {"updateStrategy": {"type": "RollingUpdate"}}}'
  when_event RollingUpdate 'kubectl patch -n test statefulset meter'
  # As its controller says while it is at that; it is not here.
  patch $set_path/status '{"status": {"replicas": 2, "currentRevision": "meter-a", "updateRevision": "meter-b"}}'
  beam_deployment 1.1.0
  when_says Ready False WorkloadRolling
  contains "$(condition Ready message)" OnDelete
  asked_again
  attempts_are 1
  patch $set_path '{"spec": {"updateStrategy": {"type": "OnDelete", "rollingUpdate": null}}}'
  is_ready 300
  all_run 1.1.0
  same_pods
  ok
fi

# F18: an agent that its node does not let in: nothing is done to any pod, what is wrong is told, and it is
# tried again until it is right.
if in_part F18; then
  begin_with 2 1.0.0 1.1.0
  (umask 077 && printf another >"$work/other_cookie")
  end "$(cat "$(pod_dir 1)/agent")"
  run_agent 1 "$work/other_cookie"
  beam_deployment 1.1.0
  when_says Ready False WaitingToRetry
  contains "$(condition Ready message)" 'meter-1 cannot be reached'
  all_run 1.0.0
  for nr in 0 1; do untouched $nr; done
  is_bd '.status.rejectedRevisions[0]' ''
  end "$(cat "$(pod_dir 1)/agent")"
  run_agent 1 "$work/cookie"
  is_ready 300
  all_run 1.1.0
  same_pods
  nowhere_restarted
  ok
fi

# F22: the BeamDeployment is deleted in the middle: pods are left as they are; one of that name that is made
# anew is another, and takes over what there is.
if in_part F22; then
  begin_with 2 1.0.0 1.1.0
  beam_deployment 1.1.0 "$manual"
  when_says Paused True WaitingForPromotion
  expect 0 kubectl delete bd -n test meter
  asked_again
  has_release 1 1.1.0 || fail "meter-1 runs $(runs 1)"
  has_release 0 1.0.0 || fail "meter-0 runs $(runs 0)"
  same_pods
  beam_deployment 1.1.0
  is_ready 300
  all_run 1.1.0
  same_pods
  nowhere_restarted
  attempt_is .metadata.ownerReferences[0].uid "$(bd .metadata.uid)" || fail "an attempt of another"
  ok
fi

# F25: two releases side by side for longer than they may, as a wave waits for a person: that is told; where it
# is to be so, all go back.
if in_part F25; then
  begin_with 2 1.0.0 1.1.0
  says MixedVersions False OneVersion || fail "mixed: $(explain 2>&1)"
  beam_deployment 1.1.0 "$manual"
  when_says MixedVersions True Upgrading
  patch_bd '{"spec": {"strategy": {"maxMixedVersionSeconds": 5}}}'
  when_says MixedVersions True TooLong
  when_event MixedVersions maxMixedVersionSeconds
  says Paused True WaitingForPromotion || fail "it did something: $(explain 2>&1)"
  has_release 1 1.1.0 || fail "meter-1 runs $(runs 1)"
  patch_bd '{"spec": {"strategy": {"mixedVersionPolicy": "Rollback"}}}'
  ended_as RolledBack
  when_says Ready False RolledBack
  contains "$(condition Ready message)" 'two releases side by side for too long'
  says MixedVersions False OneVersion || fail "still mixed: $(explain 2>&1)"
  all_run 1.0.0
  untouched 0
  asked_again
  attempts_are 2
  same_pods
  ok
fi

echo "ok: $checks checks"
