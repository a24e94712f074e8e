#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# What answers as an API server may on a bad day, or is none: busy, failing, elsewhere, cut off in the
# middle of an event, without end.  A real one: make kube.
set -u
cd "$(dirname "$0")/../.." || exit 1
# shellcheck source=tests/tools/live.sh
. tests/tools/live.sh
command -v socat >/dev/null || { echo "skip: no socat"; exit 77; }
kube=$(dirname "$relevo")/tests/helpers/kube
export KUBECONFIG="$work/kubeconfig"
cat >"$KUBECONFIG" <<YAML
current-context: test
clusters: [{name: here, cluster: {server: "http://127.0.0.1:$port/"}}]
contexts: [{name: test, context: {cluster: here}}]
YAML

# Each request is answered by the next of $work/answers/N, the last one again and again; what was asked
# is in $work/asked.
cat >"$work/answer" <<'SH'
read -r method path _
while read -r line; do [ "$line" != "$(printf '\r')" ] || break; done
exec 9>"$WORK/lock"
flock 9
echo "$method $path" >>"$WORK/asked"
n=$(wc -l <"$WORK/asked")
[ -e "$WORK/answers/$n" ] || n=$(ls "$WORK/answers" | sort -n | tail -n 1)
exec 9>&-
. "$WORK/answers/$n"
SH
WORK=$work socat "TCP-LISTEN:$port,bind=127.0.0.1,reuseaddr,fork" "SYSTEM:sh $work/answer" 2>"$work/socat" &
pids="$pids $!"
listens () { ss -tln "sport = $port" | grep -q LISTEN; }
wait_for 30 listens || fail "nobody listens"

# answers TEXT...: shell texts that answer, one a request.
answers () {
  rm -rf "$work/answers" "$work/asked"
  mkdir "$work/answers"
  i=0
  for text; do
    i=$((i + 1))
    cat >"$work/answers/$i" <<SH
say () { printf 'HTTP/1.1 %s\r\nConnection: close\r\nContent-Length: %s\r\n%s\r\n' "\$1" "\${#3}" "\$2"; printf '%s' "\$3"; }
events () { printf 'HTTP/1.1 200 OK\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n'; }
chunk () { printf '%x\r\n%s\r\n' "\${#1}" "\$1"; }
event () { chunk "{\"type\":\"\$1\",\"object\":{\"metadata\":{\"name\":\"\$2\",\"resourceVersion\":\"\$3\"}}}
"; }
list='{"metadata":{"resourceVersion":"7"},"items":[{"metadata":{"name":"a","resourceVersion":"1"}}]}'
$text
SH
  done
}
asked () { [ "$(wc -l <"$work/asked")" = "$1" ] || fail "asked: $(cat "$work/asked")"; }

# ---- one request ----

answers "say '429 Too Many' 'Retry-After: 1\r
' '{\"reason\":\"TooManyRequests\"}'" "say '200 OK' '' '{\"kind\":\"A\"}'"
expect 0 "$kube" ask GET /x
contains "$out" '{"kind":"A"}'
asked 2
ok
answers "say '503 No' '' '{\"message\":\"not now\"}'"
expect 3 "$kube" ask GET /x
contains "$said" "not now (503)"
asked 1
ok
answers "say '302 Found' 'Location: http://127.0.0.1:$port/y\r
' '{}'"
expect 2 "$kube" ask GET /x
contains "$said" "is no Kubernetes"
asked 1
ok
answers "say '200 OK' '' '<html>'"
expect 2 "$kube" ask GET /x
contains "$said" "is no Kubernetes"
answers "printf 'HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{'"
expect 3 "$kube" ask GET /x
answers "exit 0"
expect 3 "$kube" ask GET /x
contains "$said" "Empty reply"
ok

# ---- watches ----

heard () { grep -q "$1" "$work/heard"; }
hear () { wait_for 60 heard "$1" || fail "not heard: $1: $(cat "$work/heard") asked: $(cat "$work/asked")"; }
was_asked () { [ -e "$work/asked" ] && [ "$(wc -l <"$work/asked")" -ge "$1" ]; }
watch () {
  "$kube" watch /w 5 >"$work/heard" 2>&1 &
  watcher=$!
  pids="$pids $watcher"
}
stop_watch () {
  kill "$watcher"
  wait "$watcher" || fail "the watch ended with $?: $(cat "$work/heard")"
}
nth () { sed -n "$1p" "$work/asked"; }

# Cut in the middle of an event; refused; and on from what was whole.
answers "say '200 OK' '' \"\$list\"" \
  "events; event ADDED b 8; chunk '{\"type\":\"ADDED\",\"obj'" \
  "say '429 Busy' '' '{}'" \
  "events; event ADDED c 9; event DELETED a 10; sleep 5"
watch
hear '^gone a 10$'
stop_watch
[ "$(grep -v failed "$work/heard" | tr '\n' ';')" = 'added a 1;synced - -;added b 8;added c 9;gone a 10;' ] ||
  fail "$(cat "$work/heard")"
contains "$(nth 3)" "resourceVersion=8&"
contains "$(nth 4)" "resourceVersion=8&"
ok

# 410 as an answer: the whole list at once, and a list that fails takes nothing away.
answers "say '200 OK' '' \"\$list\"" "say '410 Gone' '' '{\"reason\":\"Expired\"}'" "say '500 No' '' '{}'" \
  "say '200 OK' '' '[]'" "say '200 OK' '' \"\$list\"" "events; sleep 5"
watch
wait_for 60 was_asked 6 || fail "asked: $(cat "$work/asked")"
stop_watch
[ "$(nth 3)" = "GET /w?limit=500" ] || fail "asked: $(nth 3)"
[ "$(grep -v failed "$work/heard" | tr '\n' ';')" = 'added a 1;synced - -;synced - -;' ] || fail "$(cat "$work/heard")"
ok

# An event without end is left, and does not fill the memory.
answers "say '200 OK' '' \"\$list\"" "events; while :; do chunk \"\$(printf '%65536s' x)\" || exit; done"
watch
hear 'an event is too large'
peak=$(awk '/VmHWM/ { print $2 }' "/proc/$watcher/status")
[ "$peak" -lt 60000 ] || fail "it had $peak kB"
stop_watch
ok

# ---- a token is for nobody on the way ----

sed -i 's/context: {cluster: here}/context: {cluster: here, user: u}/' "$KUBECONFIG"
echo 'users: [{name: u, user: {token: secret-word}}]' >>"$KUBECONFIG"
answers "say '200 OK' '' '{}'"
expect 2 "$kube" ask GET /x
contains "$said" "would be read by all on the way"
[ ! -e "$work/asked" ] || fail "it was sent"
case $said in *secret-word*) fail "told: $said" ;; esac
ok
echo "ok: $checks checks"
