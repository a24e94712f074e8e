#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Who leads, by a real API server: one at a time, another takes over from one that is dead, stopped or
# cut off, never from one that is well, and each leadership has a greater number.
set -u
cd "$(dirname "$0")/../.." || exit 1
# shellcheck source=tests/tools/live.sh
. tests/tools/live.sh
# shellcheck source=tests/tools/kube.sh
. tests/tools/kube.sh
start_kube

# elect HOLDER SECONDS: its process is $elected, what it says is in $work/HOLDER.
elect () {
  "$kube" elect boss "$1" "$2" >"$work/$1" 2>&1 &
  elected=$!
  pids="$pids $elected"
}
says () { grep -q "$2" "$work/$1"; }
hear () { wait_for 120 says "$1" "$2" || fail "$1 did not say $2: $(cat "$work/$1")"; }
field () { kubectl get lease boss -o "jsonpath={.spec.$1}"; }

# ---- one leads, the other waits; what is given back is taken at once ----
elect one 600
one=$elected
hear one '^leads 1$'
[ "$(field holderIdentity)" = one ] || fail "$(field holderIdentity) holds it"
elect two 600
two=$elected
kill "$one"
hear one '^stops, leads: yes$'
wait "$one" || fail "one ended with $?: $(cat "$work/one")"
hear two '^leads 2$'
ok

# ---- killed: another leads when nothing was heard of it for the whole time, and not before ----
kill "$two"
hear two '^stops'
wait "$two" || fail "two ended with $?"
[ "$(field holderIdentity)" = "" ] || fail "it was not given back"
elect three 6
hear three '^leads 3$'
kill -9 "$elected"
wait "$elected" 2>/dev/null
elect four 6
four=$elected
hear four '^leads 4$'
[ "$(field leaseTransitions)" = 4 ] || fail "transitions: $(field leaseTransitions)"
ok

# ---- stopped, while another takes over; when it goes on, it leads no more and says so ----
kill -STOP "$four"
elect five 6
five=$elected
hear five '^leads 5$'
kill -CONT "$four"
hear four '^lost, leads: no$'
status=0
wait "$four" || status=$?
[ $status = 7 ] || fail "four ended with $status"
[ "$(field holderIdentity)" = five ] || fail "$(field holderIdentity) holds it"
ok

# ---- taken away by a person: lost at once ----
kubectl patch lease boss --type=merge -p '{"spec":{"holderIdentity":"person","leaseTransitions":6}}' >/dev/null
hear five 'person has taken it'
hear five '^lost, leads: no$'
wait "$five" && fail "five ended well"
ok

# ---- somebody else's change of its labels takes nothing away ----
kubectl patch lease boss --type=merge -p '{"spec":{"holderIdentity":""}}' >/dev/null
elect six 600
six=$elected
hear six '^leads 7$'
renewed=$(field renewTime)
kubectl label lease boss colour=red >/dev/null
kubectl patch lease boss --type=merge -p '{"metadata":{"annotations":{"a":"b"}}}' >/dev/null
renewed_again () { [ "$(field renewTime)" != "$renewed" ]; }
wait_for 200 renewed_again || fail "it was not renewed"
says six lost && fail "six lost it: $(cat "$work/six")"
[ "$(field leaseTransitions)" = 7 ] || fail "transitions: $(field leaseTransitions)"
kill "$six"
wait "$six" || fail "six ended with $?"
ok

# ---- the server is gone for longer than one may lead unseen ----
elect seven 6
seven=$elected
hear seven '^leads 8$'
stop_apiserver
hear seven '^lost, leads: no$'
hear seven 'could not be renewed'
wait "$seven" && fail "seven ended well"
ok

# ---- and for less than that ----
start_apiserver
elect eight 600
hear eight '^leads 9$'
stop_apiserver
start_apiserver
renewed=$(field renewTime)
wait_for 300 renewed_again || fail "it was not renewed"
says eight lost && fail "eight lost it: $(cat "$work/eight")"
ok
echo "ok: $checks checks"
