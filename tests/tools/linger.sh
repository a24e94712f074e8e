# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=sh
# Requests to the meter that take their time; it runs as $node.  Sourced behind live.sh.
# shellcheck disable=SC2154 # of live.sh, and of whoever sources this

# request MS: one that is there for so long (infinity: until it is told to stop), by the name of lingerer.
# Whether it came to its end is told by asked.
request () {
  "$relevo" node eval "$node" "persistent_term:put(asked, pending),
    spawn(fun() -> register(lingerer, self()), ok = meter:dawdle($1), persistent_term:put(asked, answered) end),
    timer:sleep(200)" >/dev/null || fail "nobody asks"
}
asked () { "$relevo" node rpc "$node" persistent_term get asked; }
# The code that it runs is old from now on: that of the release was loaded once more.
grow_old () { "$relevo" node eval "$node" 'code:purge(meter), {module, meter} = code:load_file(meter)' >/dev/null || fail "not loaded"; }
# linger MS: both
linger () { request "$1" && grow_old; }
lingers () { [ "$("$relevo" node eval "$node" 'is_pid(whereis(lingerer))')" = true ]; }
stop_lingerer () { "$relevo" node eval "$node" 'lingerer ! stop, timer:sleep(100)' >/dev/null; }
