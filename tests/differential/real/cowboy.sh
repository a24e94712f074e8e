#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# tests/differential/real/cowboy.sh: what `node vitals` counts of a real Cowboy, of HTTP/1.1, HTTP/2 and
# WebSockets.  Cowboy is taken out of Debian's package of RabbitMQ.  RELEVO=build/relevo
set -eu
cd "$(dirname "$0")/../../.."
. tests/tools/live.sh
export TMPDIR="$work" RELEASE_COOKIE=c

mkdir "$work/debs" "$work/ebin"
(cd "$work/debs" && apt-get download -qq rabbitmq-server >log 2>&1 && dpkg -x ./*.deb "$work/rabbitmq") ||
  { echo "skip: no package of RabbitMQ"; exit 77; }
erlc -o "$work/ebin" tests/differential/real/slow_handler.erl
start_epmd
web=$((port + 15)) node=cowboy@127.0.0.1
paths=$(find "$work/rabbitmq" -path '*/plugins/*/ebin' -type d)
# shellcheck disable=SC2086 # several
erl -noinput -name "$node" -setcookie c -kernel inet_dist_use_interface '{127,0,0,1}' -pa "$work/ebin" $paths -eval "
  {ok, _} = application:ensure_all_started(cowboy),
  Routes = [{[\$/ | atom_to_list(A)], slow_handler, A} || A <- [ready, slow, stream, socket]],
  {ok, _} = cowboy:start_clear(web, [{ip, {127,0,0,1}}, {port, $web}],
                               #{env => #{dispatch => cowboy_router:compile([{'_', Routes}])}})" >"$work/node.log" 2>&1 &
pids="$pids $!"
ask () { curl -s -o "$work/answer" "$@"; }
wait_for 60 ask "http://127.0.0.1:$web/ready" || fail "no Cowboy: $(cat "$work/node.log")"
# counts CONNECTIONS REQUESTS
counts () { "$relevo" node vitals "$node" --json | jq -e ".connections == $1 and .requests == $2"; }
# begin CONNECTIONS REQUESTS WORD...: one more request, with these words for curl.
begin () {
  counted="$1 $2"
  shift 2
  ask "$@" &
  pids="$pids $!"
  # shellcheck disable=SC2086 # two
  wait_for 60 counts $counted || fail "not $counted: $("$relevo" node vitals "$node" --json)"
}
wait_for 60 counts 0 0 || fail "idle: $("$relevo" node vitals "$node" --json)"
begin 1 1 "http://127.0.0.1:$web/slow"
begin 2 2 --http2-prior-knowledge "http://127.0.0.1:$web/slow"
begin 3 3 --http2-prior-knowledge "http://127.0.0.1:$web/stream"
# A WebSocket is a connection, and no request.
begin 4 3 -N -H 'Connection: Upgrade' -H 'Upgrade: websocket' -H 'Sec-WebSocket-Version: 13' \
  -H 'Sec-WebSocket-Key: cmVsZXZvIHJlbGV2byEhIQ==' "http://127.0.0.1:$web/socket"
ok
echo "ok: $checks checks"
