#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# What share of a release goes over the wire when it is upgraded on a node: the shop from 1.0.0 to
# 1.1.0, which changes both its applications, and ejabberd with one changed module of its largest
# application.
set -eu
cd "$(dirname "$0")/../.."
. tests/tools/live.sh
start_epmd
export RELEASE_COOKIE=c RELEASE_DISTRIBUTION=name

# measure NAME OLD NEW: both tarballs.
measure () {
  RELEASE_NODE=$1@127.0.0.1
  export RELEASE_NODE
  mkdir "$work/run-$1"
  tar -xzf "$2" -C "$work/run-$1"
  "$work/run-$1/bin/$1" start >"$work/$1.log" 2>&1 &
  pids="$pids $!"
  wait_for 60 "$relevo" node releases "$RELEASE_NODE" || fail "$1 does not start: $(tail -n 20 "$work/$1.log")"
  # It answers before all is started.
  wait_for 60 started "$1" || fail "$1 is not started: $(tail -n 20 "$work/$1.log")"
  expect 0 "$relevo" node install "$RELEASE_NODE" "$3" --json
  lacked=$(field lacked_bytes) whole=$(field release_bytes)
  awk -v name="$1" -v lacked="$lacked" -v whole="$whole" 'BEGIN {
    printf "%-10s %9d of %9d bytes sent: %.2f %%\n", name, lacked, whole, 100 * lacked / whole }'
  expect 0 "$work/run-$1/bin/$1" stop
}
field () { sed -n "s/.*\"$1\": \([0-9]*\).*/\1/p" "$work/out"; }
started () {
  case $("$relevo" node rpc "$RELEASE_NODE" init get_status) in
    '{started,'*) "$relevo" node info "$RELEASE_NODE" --json | grep -q "\"$1\":" ;;
    *) return 1 ;;
  esac
}

export SHOP_PORT=$((port + 1))
tests/tools/shop "$work/shop" >/dev/null
measure shop "$work/shop/shop-1.0.0.tar.gz" "$work/shop/shop-1.1.0.tar.gz"

# ejabberd: the packaged one, and the same with another version and other bytes in one module.
root=$(tests/tools/ejabberd)
mkdir "$work/log" "$work/libs"
echo '{hosts: [localhost], loglevel: info, listen: [], modules: {mod_roster: {}, mod_ping: {}}}' \
  >"$work/ejabberd.yml"
cat >"$work/sys.config" <<CONFIG
[{ejabberd, [{config, "$work/ejabberd.yml"}, {log_path, "$work/log/ejabberd.log"}]},
 {mnesia, [{dir, "$work/spool"}]}].
CONFIG
cat >"$work/relevo.yaml" <<YAML
release: ejabberd
applications: {ejabberd: permanent, compiler: permanent, inets: permanent, mnesia: permanent,
  os_mon: permanent, cache_tab: permanent, eimp: permanent, fast_tls: permanent, fast_xml: permanent,
  fast_yaml: permanent, p1_acme: permanent, p1_utils: permanent, pkix: permanent,
  stringprep: permanent, yconf: permanent, xmpp: permanent}
libs: ["$root/usr/lib/erlang/lib", "$work/libs"]
links_to: ["$root/usr/share"]
config: {sys: sys.config}
upgrade: {from: [previous]}
YAML
cat >"$work/touch.escript" <<'ERL'
#!/usr/bin/env escript
main([File]) ->
    {ok, _, Chunks} = beam_lib:all_chunks(File),
    Text = proplists:get_value("StrT", Chunks, <<>>),
    {ok, Beam} = beam_lib:build_module(lists:keystore("StrT", 1, Chunks, {"StrT", <<Text/binary, "other">>})),
    ok = file:write_file(File, Beam).
ERL
cp -Rp "$root"/usr/lib/*-linux-gnu*/. "$work/libs"
"$relevo" build -q -C "$work" --out "$work/store" >/dev/null
app=$(find "$work/libs" -path "*/ejabberd-*/ebin/mod_roster.beam" | sed "s:/ebin/mod_roster.beam::;q")
escript "$work/touch.escript" "$app/ebin/mod_roster.beam"
sed -i 's/{vsn, *"\([^"]*\)"}/{vsn,"\1.1"}/' "$app/ebin/ejabberd.app"
old=$(echo "$work"/store/ejabberd-*.tar.gz)
"$relevo" build -q -C "$work" --out "$work/store" >/dev/null
new=$(find "$work/store" -name 'ejabberd-*.tar.gz' ! -path "$old")
measure ejabberd "$old" "$new"
