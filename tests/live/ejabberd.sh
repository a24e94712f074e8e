#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# A large system that knows nothing of relevo: Debian's ejabberd, a release of all its thirty
# applications, starts from the tarball and answers; while a client writes to itself, two of its
# modules become others, and the former ones again.
set -eu
cd "$(dirname "$0")/../.."
. tests/tools/live.sh

root=$(tests/tools/ejabberd)
mkdir "$work/log" "$work/run"
xmpp=$((port + 1))
cat >"$work/ejabberd.yml" <<YML
hosts: [localhost]
loglevel: info
listen: [{port: $xmpp, ip: 127.0.0.1, module: ejabberd_c2s, shaper: none}]
auth_method: anonymous
anonymous_protocol: sasl_anon
modules: {mod_roster: {}, mod_ping: {}, mod_version: {}}
YML
cat >"$work/sys.config" <<CONFIG
[{ejabberd, [{config, "$work/ejabberd.yml"}, {log_path, "$work/log/ejabberd.log"}]},
 {mnesia, [{dir, "$work/spool"}]}].
CONFIG
# project FOLDER-OF-EJABBERD: ejabberd includes what its dependencies need as well, so each is named.
project () {
  cat >"$work/relevo.yaml" <<YAML
release: ejabberd
applications: {ejabberd: permanent, compiler: permanent, inets: permanent, mnesia: permanent,
  os_mon: permanent, cache_tab: permanent, eimp: permanent, fast_tls: permanent, fast_xml: permanent,
  fast_yaml: permanent, p1_acme: permanent, p1_utils: permanent, pkix: permanent,
  stringprep: permanent, yconf: permanent, xmpp: permanent}
libs: ["$root/usr/lib/erlang/lib", "$1"]
links_to: ["$root/usr/share"]
config: {sys: sys.config}
upgrade: {from: [previous]}
YAML
}
project "$(echo "$root"/usr/lib/*-linux-gnu*)"
expect 0 "$relevo" build -C "$work" --out "$work/store"
contains "$out" "30 applications"
old=$(echo "$work"/store/ejabberd-*.tar.gz)
tar -xzf "$old" -C "$work/run"
mkdir "$work/changed"
cp -Rp "$root"/usr/lib/*-linux-gnu*/ejabberd-23.01-1 "$work/changed/ejabberd-23.01-2"
tests/live/ejabberd/change.escript "$work/changed/ejabberd-23.01-2/ebin"
project "$work/changed"
expect 0 "$relevo" build -C "$work" --out "$work/store"
contains "$out" "from 23.01-1: hot"
new=$(echo "$work"/store/*23.01-2*.tar.gz)
ok

start_epmd
export RELEASE_DISTRIBUTION=name RELEASE_NODE=ejabberd@127.0.0.1
"$work/run/bin/ejabberd" start >"$work/out.log" 2>&1 &
pid=$!
pids="$pids $pid"
wait_for 60 grep -q 'is started in the node' "$work/log/ejabberd.log" ||
  fail "ejabberd does not start: $(tail -n 20 "$work/out.log")"
RELEASE_COOKIE=$(cat "$work/run/releases/COOKIE")
export RELEASE_COOKIE
expect 0 "$relevo" node info "$RELEASE_NODE"
contains "$out" "xmpp"
expect 0 "$work/run/bin/ejabberd" rpc '{ok, Text} = ejabberd_admin:status(), io:format("~s~n", [Text]).'
contains "$out" "is running in that node"
ok

tests/live/ejabberd/client.escript "$xmpp" "$work/enough" >"$work/client" 2>&1 &
client=$!
pids="$pids $client"
# is NAME TIMES: what the client was told, so many times.
is () { [ "$(grep -c "^$1 at message" "$work/client")" = "$2" ]; }
wait_for 20 is ejabberd 1 || fail "no client: $(cat "$work/client")"
expect 0 "$relevo" node install "$RELEASE_NODE" "$new"
wait_for 20 is "ejabberd, another" 1 || fail "not upgraded: $(cat "$work/client")"
expect 0 "$relevo" node rpc "$RELEASE_NODE" ejabberd_c2s generation
expect 0 "$relevo" node revert "$RELEASE_NODE"
wait_for 20 is ejabberd 2 || fail "not taken back: $(cat "$work/client")"
expect 1 "$relevo" node rpc "$RELEASE_NODE" ejabberd_c2s generation
touch "$work/enough"
wait "$client" || fail "the client: $(cat "$work/client")"
clients=$(tail -n 1 "$work/client")
ok

expect 0 "$work/run/bin/ejabberd" stop
gone "$pid" || fail "still there after stop"
ok

echo "ok: $checks groups of checks; $clients"
