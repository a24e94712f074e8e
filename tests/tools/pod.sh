# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=sh
# What tests of pods share (tests/tools/live.sh comes first): meters in a store, the folder from which
# they are seeded, certificates, an agent and curl as its operator.
# shellcheck disable=SC2154,SC2034 # of live.sh; used by those who source this

store=$work/remote
desired=$work/desired
tls=$work/tls
mkdir -p "$desired" "$tls"

# What relevo push --json told last, of a version.
note_digest () { echo "$out" | jq -r .digest >"$work/digest-$1"; }
meter_digest () { cat "$work/digest-$1"; }
# meters VERSION...: built and pushed.
meters () {
  tests/tools/meter "$work/built" "$@" >"$work/build.log" 2>&1 || fail "no meter: $(cat "$work/build.log")"
  for vsn in "$@"; do
    expect 0 "$relevo" push "$work/built/meter-$vsn.tar.gz" --store "$store" --json
    note_digest "$vsn"
  done
}
# meter_release VERSION: the document by which it is named.
meter_release () {
  printf '{"release":"meter","version":"%s","digest":"%s","source":"%s"}' "$1" "$(meter_digest "$1")" "$store"
}

# pod_key NAME SUBJECT SAN: signed by $tls/ca.crt
pod_key () {
  openssl req -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -keyout "$tls/$1.key" -subj "$2" \
    -out "$tls/$1.csr" 2>/dev/null
  printf 'subjectAltName=%s\nextendedKeyUsage=serverAuth,clientAuth\n' "$3" >"$tls/$1.ext"
  openssl x509 -req -in "$tls/$1.csr" -CA "$tls/ca.crt" -CAkey "$tls/ca.key" -CAcreateserial -days 30 \
    -extfile "$tls/$1.ext" -out "$tls/$1.crt" 2>/dev/null
}
pod_pki () {
  openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -keyout "$tls/ca.key" -subj /CN=ca \
    -days 30 -out "$tls/ca.crt" 2>/dev/null
  pod_key pod /CN=pod "DNS:*.${pod_space:-test}.pod"
  pod_key operator /CN=relevo-operator DNS:relevo-operator
  pod_key other /CN=other DNS:other
}

# start_agent ROOT NODE: $agent is its process, $agent_port where it is.
start_agent () {
  : >"$work/agent.log"
  "$relevo" agent --root "$1" --node "$2" --cookie-file "$work/cookie" --cert "$tls/pod.crt" --key "$tls/pod.key" \
    --ca "$tls/ca.crt" --listen 127.0.0.1:0 --probes 127.0.0.1:0 >>"$work/agent.log" 2>&1 &
  agent=$!
  pids="$pids $agent"
  wait_for 20 grep -q 'commands at port' "$work/agent.log" || fail "no agent: $(cat "$work/agent.log")"
  agent_port=$(sed -n 's/.*commands at port \([0-9]*\).*/\1/p' "$work/agent.log")
  probes_port=$(sed -n 's/.*probes at port \([0-9]*\).*/\1/p' "$work/agent.log")
}

# ask_agent WHO PATH [CURL'S OPTIONS...]: $code is the status, $out what it answered.
ask_agent () {
  who=$1 path=$2
  shift 2
  code=$(curl -sS -o "$work/out" -w '%{http_code}' --max-time 120 --cacert "$tls/ca.crt" --cert "$tls/$who.crt" --key "$tls/$who.key" \
    --connect-to "meter-0.test.pod:443:127.0.0.1:$agent_port" "$@" "https://meter-0.test.pod$path" 2>"$work/said") || code=000
  out=$(cat "$work/out" 2>/dev/null || true)
}
# order ACTION ID JSON: of the operator; JSON is merged over what all orders have.  $token, $attempt and $target are the others.
order () {
  jq -n --argjson token "$token" --arg attempt "$attempt" --argjson id "$2" --argjson release "$(meter_release "$target")" \
    --argjson more "${3:-{\}}" '{token: $token, attempt: $attempt, id: $id, release: $release, way: "hot", version: $release.version} + $more' \
    >"$work/order.json"
  ask_agent operator "/v1/$1" --data-binary @"$work/order.json" -H 'Prefer: wait=60'
}
# done_ok ACTION ID [JSON]: what takes longer than an answer may is asked for once more, as the operator does.
done_ok () {
  for _ in 1 2 3 4; do
    order "$@"
    [ "$code" = 202 ] || break
  done
  [ "$code $(got .outcome)" = '200 ok' ] || fail "$*: $code $out $(cat "$work/said") $(cat "$work/agent.log")"
}
got () { printf '%s\n' "$out" | jq -r "$1"; }
# is FILTER VALUE: of what was answered
is () { [ "$(got "$1")" = "$2" ] || fail "$1 is $(got "$1"), not $2: $code $out"; }
