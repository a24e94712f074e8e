#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# What a program is started with is not always what it expects: closed descriptors, ignored signals,
# an output that takes nothing, pipes and devices where files should be.
set -eu
cd "$(dirname "$0")/../.."
. tests/tools/live.sh

p=$work/p
mkdir -p "$p/lib/one/ebin" "$p/lib/one/priv"
printf -- '-module(one).\n-export([f/0]).\nf() -> 1.\n' >"$work/one.erl"
erlc -o "$p/lib/one/ebin" "$work/one.erl"
cat >"$p/lib/one/ebin/one.app" <<'APP'
{application, one, [{description, ""}, {vsn, "1.0.0"}, {modules, [one]}, {registered, []},
  {applications, [kernel, stdlib]}]}.
APP
yaml () { printf '%s\n' "release: one" "libs: [lib]" "erts: none" 'applications: {one: permanent}' "$@" >"$p/relevo.yaml"; }
yaml
build () { "$relevo" build -C "$p" -o "$work/store" --overwrite; }
expect 0 build

# ---- an output that takes nothing ----

# lost COMMAND...: it fails, and says so, when its result is lost.
lost () {
  status=0
  "$@" >/dev/full 2>"$work/said" </dev/null || status=$?
  [ "$status" = 1 ] || fail "$* >/dev/full ended with $status"
  contains "$(cat "$work/said")" "to stdout"
  status=0
  "$@" >&- 2>"$work/said" </dev/null || status=$?
  [ "$status" = 1 ] || fail "$* >&- ended with $status"
}
lost "$relevo" help
lost "$relevo" inspect "$work/store/one-1.0.0"
lost "$relevo" inspect --json "$work/store/one-1.0.0"
lost build
lost "$relevo" build -C "$p" -o "$work/store" --overwrite --json
ok

# A reader that has seen enough is no failure that needs a word.
status=$( { "$relevo" help config; echo $? >&3; } 3>&1 >/dev/null 2>"$work/said")
[ "$status" = 0 ] || fail "help config ended with $status"
mkfifo "$work/reader"
for command in 'help config' "inspect $work/store/one-1.0.0" "build -C $p -o $work/store --overwrite"; do
  (exec 3<"$work/reader") &
  # shellcheck disable=SC2086 # words
  { wait $! || true; status=0; "$relevo" $command 2>"$work/said" || status=$?; } >"$work/reader"
  [ "$status" = 141 ] || fail "$command without a reader ended with $status"
  [ ! -s "$work/said" ] || fail "$command without a reader says $(cat "$work/said")"
done
ok

# ---- closed descriptors ----

# Files that are opened must not become what is talked to.
yaml 'hooks: {after: "echo heard; echo said >&2"}'
status=0
build <&- 2>&- >"$work/out" || status=$?
[ "$status" = 0 ] || fail "without stdin and stderr it ends with $status"
expect 0 "$relevo" inspect --verify "$work/store/one-1.0.0.tar.gz"
ok

# ---- signals ----

# Ignored by whoever starts it, SIGCHLD takes the exit status of children away.
yaml 'hooks: {after: "exit 3"}'
expect 1 sh -c 'trap "" CHLD; exec "$@"' sh env --ignore-signal=CHLD "$relevo" build -C "$p" -o "$work/store" --overwrite
contains "$said" 'ended with status 3'
# shellcheck disable=SC2016 # for the hook's shell
yaml 'hooks: {after: "kill -9 $$"}'
expect 1 build
contains "$said" 'ended with status 137 (Killed)'
ok

# ---- pipes and devices where files should be ----

# refused WHAT COMMAND...: soon, and by name.
refused () {
  what=$1
  shift
  expect 2 timeout 20 "$@"
  contains "$said" "$what"
}
yaml
mkfifo "$p/pipe"
mkfifo "$p/lib/one/priv/pipe"
refused 'priv/pipe: a named pipe, not a regular file' "$relevo" build -C "$p" -o "$work/store" --overwrite
rm "$p/lib/one/priv/pipe"
mkdir -p "$p/rel/overlays"
mkfifo "$p/rel/overlays/pipe"
refused 'overlays/pipe: a named pipe' "$relevo" build -C "$p" -o "$work/store" --overwrite
rm "$p/rel/overlays/pipe"
mkfifo "$p/lib/one/ebin/pipe.beam"
refused 'ebin/pipe.beam: a named pipe' "$relevo" build -C "$p" -o "$work/store" --overwrite
rm "$p/lib/one/ebin/pipe.beam"
# shellcheck disable=SC2016 # for the hook's shell
yaml 'hooks: {after: "mkfifo $RELEASE_ROOT/pipe"}'
refused '/pipe: a named pipe' "$relevo" build -C "$p" -o "$work/store" --overwrite
for key in sys vm_args remote_vm_args env runtime; do
  for file in "$p/pipe" /dev/zero; do
    yaml "config: {$key: '$file'}"
    [ "$key" != runtime ] || sed -i 's/{one: permanent}/{one: permanent, elixir: permanent}/' "$p/relevo.yaml"
    refused "$file: a" "$relevo" build -C "$p" -o "$work/store" --overwrite
  done
done
mkfifo "$p/pipe.rel"
refused 'a named pipe, not a regular file' "$relevo" script --lib /tmp "$p/pipe.rel"
for name in sys.exs vm.args.eex env.sh.eex runtime.exs; do
  mkfifo "$p/$name"
  key=${name%%.*}
  yaml "config: {$(echo "$key" | sed 's/vm/vm_args/'): '$p/$name'}"
  sed -i 's/{one: permanent}/{one: permanent, elixir: permanent}/' "$p/relevo.yaml"
  refused "$name: a named pipe" "$relevo" build -C "$p" -o "$work/store" --overwrite
done
yaml
mkdir "$work/new"
for name in mix.exs rebar.config rebar.lock; do
  mkfifo "$work/new/$name"
  status=0
  timeout 20 "$relevo" init -C "$work/new" >"$work/out" 2>&1 || status=$?
  [ "$status" != 124 ] || fail "init hangs on $name"
  rm "$work/new/$name"
done
for command in term beam 'build -C' inspect; do
  # shellcheck disable=SC2086 # words
  refused 'a named pipe, not a regular file' "$relevo" $command "$p/pipe"
done
yaml
expect 0 build
tree=$work/store/one-1.0.0
for file in releases/1.0.0/one.rel releases/1.0.0/relevo.manifest.json lib/one-1.0.0/ebin/one.beam lib/one-1.0.0/ebin/one.app; do
  mv "$tree/$file" "$work/kept"
  mkfifo "$tree/$file"
  for command in inspect 'inspect --verify' "plan $work/store/one-1.0.0.tar.gz"; do
    status=0
    # shellcheck disable=SC2086 # words
    timeout 20 "$relevo" $command "$tree" >"$work/out" 2>&1 || status=$?
    [ "$status" != 124 ] || fail "$command hangs on $file"
  done
  rm "$tree/$file"
  mv "$work/kept" "$tree/$file"
done
ok

# Files that a library opens.  The peer need only be there to be connected to.
start_epmd
ca=/etc/ssl/certs/ca-certificates.crt
for options in "--tls-ca $p/pipe" "--tls-ca $ca --tls-cert $p/pipe --tls-key $ca" "--tls-ca $ca --tls-cert $ca --tls-key $p/pipe"; do
  # shellcheck disable=SC2086 # words
  RELEASE_COOKIE=c refused "$p/pipe: a named pipe" "$relevo" node ping --port "$ERL_EPMD_PORT" $options one@127.0.0.1
done
ok

# What the user gives by <(…) or on stdin is no file on purpose.
mkfifo "$work/cookie"
for given in /dev/stdin /dev/fd/0 /proc/self/fd/0; do
  status=0
  echo secret | "$relevo" node ping --cookie-file "$given" --timeout 1s nobody@127.0.0.1 >"$work/out" 2>&1 || status=$?
  [ "$status" = 3 ] || fail "--cookie-file $given: $status $(cat "$work/out")"
done
refused 'cookie: a named pipe' "$relevo" node ping --cookie-file "$work/cookie" --timeout 1s nobody@127.0.0.1
ok

echo "ok: $checks groups of checks"
