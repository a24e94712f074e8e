#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Parts: now older rehearsed
# examples/desk, made as Phoenix makes its systems, upgraded in front of open pages, channels,
# requests and visitors, and taken back.
set -eu
cd "$(dirname "$0")/../.."
. tests/tools/live.sh

tests/tools/desk "$work/store" 1.0.0 1.1.0 1.2.0 >/dev/null
tarball () { echo "$work/store/desk-$1.tar.gz"; }

start_epmd
node=desk@127.0.0.1
export DESK_SCHEMA="$work/schema"
export DESK_PORT=$((port + 1)) RELEASE_DISTRIBUTION=name RELEASE_NODE=$node RELEASE_COOKIE=desk
ask () { curl -sf "http://127.0.0.1:$DESK_PORT/$1"; }
# started TARBALL
started () {
  mkdir "$work/run"
  tar -xzf "$1" -C "$work/run"
  "$work/run/bin/desk" start >"$work/log" 2>&1 &
  pids="$pids $!"
  wait_for 60 ask version || fail "does not start: $(cat "$work/log")"
}
ended () { expect 0 "$work/run/bin/desk" stop; rm -r "$work/run"; }

# open NAME PATH: a connection whose lines go to $work/NAME, and come from `say NAME LINE`.
open () {
  mkfifo "$work/$1.in"
  bash -c 'exec 3<>"/dev/tcp/127.0.0.1/$0"; printf "GET %s HTTP/1.1\r\n\r\n" "$1" >&3
           cat <&3 >"$2" & cat "$2.in" >&3; wait' "$DESK_PORT" "$2" "$work/$1" &
  pids="$pids $!"
  eval "exec {fd_$1}>\"\$work/\$1.in\""
  heard "$1" "101 Switching"
}
say () { eval "printf '%s\n' \"\$2\" >&\$fd_$1"; }
has () { grep -qF -- "$2" "$work/$1"; }
heard () { wait_for 60 has "$1" "$2" || fail "$1 never heard \"$2\": $(cat "$work/$1")"; }
# last NAME TOPIC TEXT: what it shows now.
shows () { [ "$(grep "^$2 " "$work/$1" | tail -1)" = "$2 $3" ]; }
shown () { wait_for 60 shows "$@" || fail "$1 does not show \"$3\": $(cat "$work/$1")"; }
# Every file that a page, or what was shown of one, names.
assets () {
  for file in $(grep -o '/assets/[^ >]*' "$1"); do
    ask "${file#/}" >"$work/asset" || fail "$file is not there: $2"
  done
}

if in_part now; then
  # ---- what is said beforehand ----
  expect 0 "$relevo" plan "$(tarball 1.0.0)" "$(tarball 1.1.0)" --require hot_with_warnings
  contains "$out" "verdict: hot, with warnings, reversible"
  contains "$out" "migrations_added"
  contains "$out" "node eval NODE \"'Elixir.Desk.Release':migrate()\" --release desk-1.1.0.tar.gz"
  contains "$out" "Desk.NotesLive"
  contains "$out" "(live_view)"
  contains "$out" "change state (up) of Phoenix.LiveView.Channel"
  contains "$out" "start the child Desk.StaffSocket of Desk.Endpoint"
  expect 4 "$relevo" plan "$(tarball 1.1.0)" "$(tarball 1.2.0)" --require hot
  contains "$out" "state_shape_changed"
  contains "$out" "colour"
  expect 0 "$relevo" plan "$(tarball 1.1.0)" "$(tarball 1.2.0)" --require hot_with_warnings --allow state_shape_changed
  ok

  started "$(tarball 1.0.0)"
  open page /live/websocket
  say page "join lv:1 /counter"
  heard page "lv:1 joined"
  say page "lv:1 inc"
  shown page lv:1 "<p>count 1</p>"
  say page "join lv:2 /notes"
  heard page "lv:2 joined"
  say page "lv:2 add tea"
  shown page lv:2 "<p>notes tea</p>"
  open room /socket/websocket
  say room "join room:1"
  heard room "room:1 joined"
  say room "room:1 say hello"
  heard room "room:1 hello"
  ask slow?ms=20000 >"$work/slow" &
  slow=$!
  assets "$work/page" "before"
  ok

  # ---- whether what stands in for Phoenix is shaped as it ----
  expect 0 "$relevo" node eval "$node" "$(cat tests/live/desk/shapes.erl)"
  [ "$out" = "[]" ] || fail "of another shape than the real ones: $out"
  ok

  # ---- what would happen; migrations with the new code beside the node ----
  served () {
    "$relevo" node vitals "$node" --json >"$work/out" &&
      grep -q '"connections": 3' "$work/out" && grep -q '"requests": 1' "$work/out"
  }
  wait_for 30 served || fail "not two sockets and a request: $(cat "$work/out")"
  check_document "node vitals" "the vitals"
  expect 0 "$relevo" node check "$node" "$(tarball 1.1.0)"
  contains "$out" "1 of Desk.CounterLive: suspended"
  contains "$out" "1 of Desk.NotesLive: suspended"
  contains "$out" "1 of Desk.RoomChannel: suspended"
  expect 0 "$relevo" node eval "$node" "'Elixir.Desk.Release':migrate()" --release "$(tarball 1.1.0)"
  contains "$out" "20260101000000_add_author.exs"
  contains "$said" "== Running 20260101000000_add_author.exs"
  contains "$(cat "$work/schema")" "20260101000000_add_author.exs"
  expect 0 "$relevo" node eval "$node" "'Elixir.Desk.Release':migrate()" --release "$(tarball 1.1.0)"
  [ "$out" = "[]" ] || fail "migrated again: $out"
  expect 1 "$relevo" node eval "$node" "error(oops)" --release "$(tarball 1.1.0)"
  contains "$said" "oops"
  ok

  # ---- up ----
  expect 0 "$relevo" node install "$node" "$(tarball 1.1.0)" --json
  check_document "node install" "the report of an installation"
  contains "$out" '"endpoints": 1'
  contains "$out" '"rendered": 2'
  contains "$out" '"called": 1'
  contains "$(ask came)" "1.0.0 to 1.1.0"
  # Without a click, with their state; the one by its code_change.
  shown page lv:1 "<p>number 1</p>"
  shown page lv:2 "<p>notes tea by somebody</p>"
  say page "lv:1 inc"
  shown page lv:1 "<p>number 2</p>"
  say room "room:1 count"
  shown room room:1 "said 1, last nothing"
  # Visitors, a new socket, a new child; whoever is there loads what was named to them.
  ask counter >"$work/visitor"
  contains "$(cat "$work/visitor")" "/assets/app-5b8bb8ea3c243b5ce1e7bb9406ee7724.js"
  assets "$work/visitor" "after the installation"
  assets "$work/page" "after the installation"
  contains "$(ask clock)" "asked 1"
  open staff /staff/websocket
  say staff "join room:1"
  heard staff "room:1 joined"
  ok

  # ---- for good: a request of before ends by itself ----
  expect 0 "$relevo" node commit "$node" --drain 60s
  wait "$slow" || fail "the request of before did not end well"
  contains "$(cat "$work/slow")" "slow, from 1.0.0"
  assets "$work/page" "after the commit"
  assets "$work/visitor" "after the commit"
  contains "$(ask version)" 1.1.0
  ok

  # ---- back ----
  open new /live/websocket
  say new "join lv:3 /notes"
  heard new "lv:3 joined"
  expect 0 "$relevo" node revert "$node" 1.0.0
  shown page lv:1 "<p>count 2</p>"
  shown page lv:2 "<p>notes tea</p>"
  shown new lv:3 "<p>notes </p>"
  ask counter >"$work/visitor"
  contains "$(cat "$work/visitor")" "/assets/app-afda69885b389741d72e3deca138634a.js"
  assets "$work/visitor" "after the way back"
  assets "$work/new" "after the way back"
  say room "room:1 count"
  shown room room:1 "said 1"
  contains "$(ask came)" "1.1.0 to 1.0.0"
  ! ask clock >/dev/null || fail "the clock still runs"
  ok

  # ---- pages as they are, as was asked for ----
  expect 0 "$relevo" node install "$node" "$(tarball 1.1.0)" --no-render
  contains "$said" "3 pages show the old templates until they change: as was asked for"
  ask counter >"$work/visitor"
  contains "$(cat "$work/visitor")" "<p>number"
  shown page lv:1 "<p>count 2</p>"
  say page "lv:1 inc"
  shown page lv:1 "<p>number 3</p>"
  ended
  ok
fi

# ---- of versions of Phoenix and LiveView that are told otherwise, and that cannot render when they are told to ----

if in_part older; then
  for version in 1.0.0 1.1.0; do
    cp -R "build/desk/$version" "$work/project"
    sed -i 's/{vsn,"1\.8\.[0-9]*"}/{vsn,"1.7.12"}/' "$work"/project/_build/prod/lib/phoenix/ebin/phoenix.app
    sed -i 's/{vsn,"1\.2\.[0-9]*"}/{vsn,"1.1.16"}/' "$work"/project/_build/prod/lib/phoenix_live_view/ebin/phoenix_live_view.app
    expect 0 "$relevo" build -q -C "$work/project" --out "$work/older"
    rm -r "$work/project"
  done
  started "$work/older/desk-1.0.0.tar.gz"
  open tab /live/websocket
  say tab "join lv:1 /counter"
  heard tab "lv:1 joined"
  say tab "lv:1 inc"
  shown tab lv:1 "<p>count 1</p>"
  assets "$work/tab" "before"
  expect 0 "$relevo" node install "$node" "$work/older/desk-1.1.0.tar.gz"
  contains "$said" "1 endpoint read configuration and static files anew"
  contains "$said" "1 page shows the old template until it changes: versions of LiveView before 1.1.17"
  ask counter >"$work/visitor"
  contains "$(cat "$work/visitor")" "/assets/app-5b8bb8ea3c243b5ce1e7bb9406ee7724.js"
  assets "$work/visitor" "after the installation"
  assets "$work/tab" "after the installation"
  shown tab lv:1 "<p>count 1</p>"
  say tab "lv:1 inc"
  shown tab lv:1 "<p>number 2</p>"
  ended
  ok
fi

# ---- rehearsed, with pages open ----

if in_part rehearsed; then
  # rehearsed STATUS OPTION... NEW: from the release before.
  # shellcheck disable=SC2016 # of the shells in the rehearsal
  rehearsed () {
    want=$1
    shift
    expect "$want" "$relevo" rehearse "$@" --port-env DESK_PORT --ready 'curl -sf "http://127.0.0.1:$DESK_PORT/version"' \
      --load "exec '$PWD/tests/live/desk/visitors'" --json
  }
  rehearsed 0 "$(tarball 1.0.0)" "$(tarball 1.1.0)"
  [ "$(echo "$out" | jq -r '[.findings[] | select(.severity != "note")] | length')" = 0 ] || fail "found: $out"
  contains "$out" "2 pages were rendered anew"
  contains "$out" "1 endpoint read configuration and static files anew"
  # What nobody gives to pages that are open: refused; and seen to crash where that is allowed.
  rehearsed 4 "$(tarball 1.1.0)" "$(tarball 1.2.0)"
  [ "$(echo "$out" | jq -r '.findings[0].code')" = upgrade_refused ] || fail "not refused: $out"
  cp -R build/desk/1.2.0 "$work/project"
  sed -i 's/^upgrade:/upgrade:\n  allow: [state_shape_changed]/' "$work/project/relevo.yaml"
  mkdir "$work/allowed"
  cp "$(tarball 1.1.0)" "$work/allowed/"
  expect 0 "$relevo" build -q -C "$work/project" --out "$work/allowed"
  rehearsed 4 "$(tarball 1.1.0)" "$work/allowed/desk-1.2.0.tar.gz" --allow state_shape_changed
  echo "$out" | jq -e '.findings[] | select(.code == "process_crashed" and (.message | contains("Desk.NotesLive")))' >/dev/null ||
    fail "no page was seen to crash: $out"
  ok
fi

echo "ok: $checks groups of checks"
