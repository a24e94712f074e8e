#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Certificates that change on the disk, as a mounted secret does (all files of it at once, by a link): the agents and the
# operator take the new ones while they run, and speak with nobody any more who has old ones.  Pods are real nodes with
# real agents, the API server is a real one.
set -u
cd "$(dirname "$0")/../.." || exit 1
# shellcheck source=tests/tools/operated.sh
. tests/tools/operated.sh

# What lies in $tls is the first content of a secret; each file is a link to the one in ..data.
mount_secret () {
  mkdir "$tls/..first"
  for file in "$tls"/*; do
    mv "$file" "$tls/..first/"
    ln -s "..data/${file##*/}" "$file"
  done
  ln -s ..first "$tls/..data"
}
# renew NAME [OF]: another content, made anew; or a copy of OF.  It lies beside what is mounted.
renew () {
  mounted=$tls tls=$tls/..$1
  mkdir "$tls"
  if [ -n "${2:-}" ]; then cp "$mounted/..$2"/* "$tls/"; else pod_pki; fi
  tls=$mounted
}
swap () { ln -s "..$1" "$tls/..new" && mv -T "$tls/..new" "$tls/..data"; }
taken () { [ "$(grep -c 'the certificates were read anew' "$(pod_dir "$1")/log")" = "$2" ]; }
# all_taken TIMES
all_taken () {
  for nr in 0 1; do wait_for 100 taken "$nr" "$1" || fail "meter-$nr does not read them: $(tail -n 5 "$(pod_dir "$nr")/log")"; done
}
# asks_as FOLDER NR [FOLDER]: $code, for who has the certificates in the first, and believes the authority that is mounted,
# or in the other one.
asks_as () {
  code=$(curl -sS -o "$work/out" -w '%{http_code}' --max-time 20 --cacert "${3:-$tls}/ca.crt" --cert "$1/operator.crt" --key "$1/operator.key" \
    --connect-to "meter-$2.test.pod:443:$(pod_ip "$2"):$agents_port" "https://meter-$2.test.pod/v1/state" 2>"$work/said") || code=000
}
is_refused () { [ "$code" = 000 ] || [ "$code" = 403 ] || fail "$1: $code $(cat "$work/out")"; }

start_workload 2 1.0.0 1.1.0
mount_secret
start_operator one
beam_deployment 1.0.0
is_ready 300
pods_before=$(uids)
agents=$(cat "$(pod_dir 0)/agent" "$(pod_dir 1)/agent")
ok

# ---- all of them are new, those who vouch too: taken by whoever runs, and a release is rolled out ----
renew second
swap second
all_taken 1
asks_as "$tls" 0
[ "$code" = 200 ] || fail "the new ones are not taken: $code $(cat "$work/said")"
asks_as "$tls/..first" 0
is_refused "the old operator is still obeyed"
asks_as "$tls" 1 "$tls/..first"
contains "$(cat "$work/said")" certificate
beam_deployment 1.1.0
is_ready 300
all_run 1.1.0
same_pods
nowhere_restarted
[ "$agents" = "$(cat "$(pod_dir 0)/agent" "$(pod_dir 1)/agent")" ] || fail "other agents"
gone "$operator" && fail "the operator has ended: $(cat "$work/operator.one.log")"
ok

# ---- an operator whose certificate has run out is not obeyed, and agents whose have are not asked ----
renew third second
# -days 0: it runs out in the second in which it is made.
mounted=$tls tls=$tls/..third
for who in operator pod; do
  openssl x509 -req -in "$tls/$who.csr" -CA "$tls/ca.crt" -CAkey "$tls/ca.key" -CAcreateserial -days 0 -extfile "$tls/$who.ext" \
    -out "$tls/$who.crt" 2>/dev/null || fail "no certificate that runs out"
done
has_run_out () { ! openssl x509 -in "$1" -checkend 0; }
wait_for 10 has_run_out "$tls/operator.crt" || fail "it does not run out"
tls=$mounted
asks_as "$tls/..third" 0
is_refused "an operator is obeyed whose certificate has run out"
swap third
all_taken 2
asks_as "$tls/..second" 0
[ "$code" = 000 ] || fail "an agent is believed whose certificate has run out: $code"
contains "$(cat "$work/said")" expired
in_words () { condition Ready message | grep -q 'certificate has expired'; }
wait_for 100 in_words || fail "it is not told that they have run out: $(explain 2>&1)"
all_run 1.1.0
ok

# ---- a certificate without its key is not taken, and what was there before goes on ----
swap second
all_taken 3
is_ready 200
renew fourth second
cp "$tls/..third/operator.key" "$tls/..fourth/pod.key"
swap fourth
kept () { tail -n 3 "$(pod_dir "$1")/log" | grep -q 'the certificates are no good\|certificate'; }
for nr in 0 1; do wait_for 100 kept $nr || fail "it is not told: $(tail -n 5 "$(pod_dir $nr)/log")"; done
taken 0 3 || fail "they were read, and are no good"
asks_as "$tls" 0
[ "$code" = 200 ] || fail "an agent is silent: $code $(cat "$work/said")"
is_bd .status.stableRevision "$(meter_digest 1.1.0)"
same_pods
nowhere_restarted
ok
echo "ok: $checks checks"
