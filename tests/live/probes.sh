#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Each kind of gate against the real thing: web servers with and without TLS, sockets, commands, the
# vitals of a node, a Prometheus.  Each is well, then not, and says which value, against what, where.
set -eu
cd "$(dirname "$0")/../.."
. tests/tools/live.sh
. tests/tools/fleet.sh

probe=$(dirname "$relevo")/tests/helpers/probe
tests/tools/meter "$work/store" 1.0.0 >/dev/null
start_fleet 1
node=$(fleet_node 1)

# gate YAML: the only one of the target from now on.
gate () { { printf 'release: meter\napplications: {meter: permanent}\ntargets: {t: {nodes: [%s], timeout: 5s, health: [' "$node"
            printf '%s]}}\n' "$1"; } >"$fleet/relevo.yaml"; }
# look VERDICT [TEXT [BASELINE]]
looks () {
  (cd "$fleet" && "$probe" "$node" ${3:+"$3"}) >"$work/look" 2>"$work/said" || return 1
  [ "$(jq -r .verdict "$work/look")" = "$1" ] &&
    { [ -z "${2:-}" ] || jq -r '.findings[].text' "$work/look" | grep -qF -e "$2"; }
}
look () { looks "$@" || fail "$(cat "$fleet/relevo.yaml"): not $*: $(cat "$work/look" "$work/said")"; }
soon () { wait_for 10 looks "$@" || look "$@"; }
eval_there () { "$relevo" node eval "$node" "$1" >/dev/null; }

# ---- HTTP and HTTPS ----

mkdir "$work/www"
web=$((port + 15)) tls=$((port + 16)) slow=$((port + 17)) closed=$((port + 18)) prom=$((port + 19))
erl -noinput -eval "{ok, _} = application:ensure_all_started(inets), {ok, _} = inets:start(httpd,
  [{port, $web}, {bind_address, {127,0,0,1}}, {server_name, \"health\"}, {server_root, \"$work\"},
   {document_root, \"$work/www\"}, {mime_types, [{\"html\", \"text/html\"}]}])" >"$work/web.log" 2>&1 &
pids="$pids $!"
echo fine >"$work/www/meter1.html"
gate "{http: {url: 'http://{host}:$web/{name}.html', body: fine, header: 'Content-Type: text/html', latency: 4s}}"
soon pass
gate "{http: {url: 'http://{host}:$web/{name}.html', expect: 204}}"
look fail "http://127.0.0.1:$web/meter1.html answers with 200, not 204"
gate "{http: {url: 'http://{host}:$web/{name}.html', body: ready}}"
look fail 'answers without "ready"'
gate "{http: {url: 'http://{host}:$web/{name}.html', header: 'content-type: application/json'}}"
look fail 'answers without the header "content-type: application/json"'
gate "{http: {url: 'http://{host}:$closed/'}}"
look fail "127.0.0.1:$closed"
ok

mkdir "$work/slow"
socat "TCP-LISTEN:$slow,fork,reuseaddr,bind=127.0.0.1" "EXEC:tests/tools/catch $work/slow 200 1" \
  >"$work/slow.log" 2>&1 &
pids="$pids $!"
gate "{http: {url: 'http://{host}:$slow/', latency: 500ms}}"
soon fail "ms, over 500"
gate "{http: {url: 'http://{host}:$slow/', latency: 30s}}"
look pass
ok

openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=127.0.0.1 -addext 'subjectAltName=IP:127.0.0.1' \
  -keyout "$work/key.pem" -out "$work/ca.pem" >/dev/null 2>&1
(cd "$work/www" && exec openssl s_server -quiet -WWW -accept "127.0.0.1:$tls" -key "$work/key.pem" \
  -cert "$work/ca.pem") </dev/null >"$work/tls.log" 2>&1 &
pids="$pids $!"
gate "{http: {url: 'https://{host}:$tls/{name}.html', ca: $work/ca.pem, body: fine}}"
soon pass
gate "{http: {url: 'https://{host}:$tls/{name}.html'}}"
look fail 'certificate'
ok

# ---- TCP ----

gate "{tcp: {port: $web, latency: 4s}}"
look pass
gate "{tcp: {port: $closed}}"
look fail "127.0.0.1:$closed"
gate "{tcp: {port: $closed, host: '{host}'}}"
look fail
ok

# ---- a command: well, not well, nothing said ----

gate "{exec: '$work/check {node}'}"
# shellcheck disable=SC2016 # of that script
printf '#!/bin/sh\necho "asked of $1 ($RELEVO_NODE)"; exit "$(cat %s/status)"\n' "$work" >"$work/check"
chmod +x "$work/check"
echo 0 >"$work/status"
look pass
echo 2 >"$work/status"
look fail "ended with status 2: asked of $node ($node)"
echo 75 >"$work/status"
look none "asked of"
gate "{exec: 'sleep 60'}"
look none "sleep 60"
ok

# ---- rpc ----

gate "{rpc: 'persistent_term:get(healthy, unknown)'}"
look none "says nothing"
eval_there 'persistent_term:put(healthy, {low, disk})'
look fail "is {low,disk}, not ok"
eval_there 'persistent_term:put(healthy, true)'
look pass
gate "{rpc: 'no_such:thing()'}"
look fail "failed with"
ok

# ---- vitals ----

gate "{vitals: {run_queue: 1000, mailbox: 100, restarts: 0, crashes: 1, memory: 4000, memory_growth: 400, processes: 5000, ports: 500}}"
look pass
cp "$work/look" "$work/baseline"
look pass '' "$work/baseline"
eval_there 'exit(whereis(meter), kill)'
soon fail "the number of processes that were restarted (meter) is 1, over 0" "$work/baseline"
for _ in 1 2 3; do eval_there 'proc_lib:spawn(fun() -> exit(as_told) end)'; done
soon fail "the number of processes that crashed is 3, over 1" "$work/baseline"
eval_there 'P = spawn(fun() -> register(deaf, self()), receive never -> ok end end), [P ! N || N <- lists:seq(1, 200)], ok'
look fail "the mailbox of deaf"
look fail "is 200, over 100"
eval_there 'exit(whereis(deaf), kill)'
eval_there '[spawn(fun() -> receive never -> ok end end) || _ <- lists:seq(1, 6000)], ok'
look fail "the number of processes is"
gate "{vitals: {ports: 1}}"
look fail "the number of ports is"
gate "{vitals: {memory: 1}}"
look fail "the memory in MB is"
eval_there 'spawn(fun() -> persistent_term:put(big, binary:copy(<<0>>, 400000000)) end), ok'
gate "{vitals: {memory_growth: 100}}"
soon fail "% more" "$work/baseline"
eval_there 'persistent_term:erase(big), erlang:garbage_collect(), ok'
eval_there 'persistent_term:put(busy, [spawn(fun F() -> F() end) || _ <- lists:seq(1, erlang:system_info(schedulers_online) + 2)])'
gate "{vitals: {run_queue: 0}}"
soon fail "the run queue is"
eval_there '[exit(P, kill) || P <- persistent_term:get(busy)], ok'
ok

# ---- Prometheus ----

command -v prometheus >/dev/null || { echo "ok: $checks checks, without prometheus"; exit 0; }
printf 'shop_errors{node="meter1"} 0\n' >"$work/www/metrics"
cat >"$work/prometheus.yml" <<YAML
global: {scrape_interval: 1s}
scrape_configs:
  - job_name: shop
    static_configs: [{targets: ['127.0.0.1:$web']}]
YAML
prometheus --config.file="$work/prometheus.yml" --storage.tsdb.path="$work/tsdb" \
  --web.listen-address="127.0.0.1:$prom" >"$work/prometheus.log" 2>&1 &
pids="$pids $!"
query () { gate "{prometheus: {url: 'http://{host}:$prom', query: '$1', $2}}"; }
query 'shop_errors{node="{name}"}' 'max: 5'
soon pass
query 'shop_errors{node="{name}"} + 0.5' 'min: 0.75'
look fail 'shop_errors{node="meter1"} + 0.5 of http://127.0.0.1'
look fail 'is 0.5 for {"instance"'
look fail 'under 0.75'
printf 'shop_errors{node="meter1"} 9\n' >"$work/www/metrics"
query 'shop_errors' 'max: 5'
soon fail ' is 9 for '
look fail 'over 5'
query 'scalar(shop_errors)' 'max: 5'
look fail 'is 9, over 5'
query 'shop_errors{node="another"}' 'max: 5'
look none 'no data'
query 'shop_errors +' 'max: 5'
look none 'parse error'
gate "{prometheus: {url: 'http://127.0.0.1:$closed', query: 'up', max: 5}}"
look none 'up of http://127.0.0.1'
ok

echo "ok: $checks checks"
