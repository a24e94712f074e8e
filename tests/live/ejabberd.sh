#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# A large system that knows nothing of relevo: Debian's ejabberd, a release of all its thirty
# applications, starts from the tarball and answers.
set -eu
cd "$(dirname "$0")/../.."
. tests/tools/live.sh

root=$(tests/tools/ejabberd)
mkdir "$work/log" "$work/run"
cat >"$work/ejabberd.yml" <<'YML'
hosts: [localhost]
loglevel: info
listen: []
modules: {mod_roster: {}, mod_ping: {}}
YML
cat >"$work/sys.config" <<CONFIG
[{ejabberd, [{config, "$work/ejabberd.yml"}, {log_path, "$work/log/ejabberd.log"}]},
 {mnesia, [{dir, "$work/spool"}]}].
CONFIG
# ejabberd includes what its dependencies need as well, so each is named here.
cat >"$work/relevo.yaml" <<YAML
release: ejabberd
applications: {ejabberd: permanent, compiler: permanent, inets: permanent, mnesia: permanent,
  os_mon: permanent, cache_tab: permanent, eimp: permanent, fast_tls: permanent, fast_xml: permanent,
  fast_yaml: permanent, p1_acme: permanent, p1_utils: permanent, pkix: permanent,
  stringprep: permanent, yconf: permanent, xmpp: permanent}
libs: ["$root/usr/lib/erlang/lib", "$(echo "$root"/usr/lib/*-linux-gnu*)"]
config: {sys: sys.config}
YAML
expect 0 "$relevo" build -C "$work" --out "$work/store"
contains "$out" "30 applications"
tar -xzf "$work"/store/ejabberd-*.tar.gz -C "$work/run"
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
expect 0 "$work/run/bin/ejabberd" stop
gone "$pid" || fail "still there after stop"
ok

echo "ok: $checks groups of checks"
