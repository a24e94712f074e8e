#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Calls and evaluations on a real node whose tick time is 4 s.
set -eu
cd "$(dirname "$0")/../.."
. tests/tools/live.sh

export HOME="$work" RELEASE_COOKIE=tasty
start_epmd
erl -name a@127.0.0.1 -setcookie tasty -noinput -kernel net_ticktime 4 >"$work/a.log" 2>&1 &
pids="$pids $!"
wait_for 20 "$relevo" node ping a@127.0.0.1 || fail "$(cat "$work/a.log")"

expect 0 "$(dirname "$relevo")/tests/helpers/rpc" a@127.0.0.1
ok
# A state that is a native record, where there are any.
record='T = <<131, 67, 0, 0, 0, 1, 1, 119, 1, "m", 119, 1, "r", 119, 1, "x", 97, 7>>,
  case list_to_integer(erlang:system_info(otp_release)) > 28 of
      true -> {binary_to_term(T)};
      false -> none
  end'
expect 0 "$relevo" node eval a@127.0.0.1 "$record"
case $out in none|'{#m:r{x = 7}}') ;; *) fail "a native record: $out" ;; esac
ok
[ ! -s "$work/a.log" ] || fail "the node complains: $(cat "$work/a.log")"
ok

echo "ok: $checks checks"
