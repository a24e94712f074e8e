#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Real code, recompiled with changes that change nothing (real.escript): RabbitMQ, ejabberd, and the libraries of
# Elixir.  No crash, an answer in seconds, and no reason that says of states, messages or calls what is not true.
#   tests/differential/real/real.sh [COUNT] [SEED]         RELEVO: the program, build/relevo otherwise
set -eu
count=${1:-3}
seed=${2:-${SEED:-1}}
relevo=$(realpath "${RELEVO:-build/relevo}")
here=$(realpath "$(dirname "$0")")
work=$(mktemp -d "${TMPDIR:-/tmp}/real.XXXXXX")
trap 'rm -rf "$work"' EXIT
LC_ALL=C.UTF-8
export LC_ALL ERL_CRASH_DUMP=/dev/null

# rabbitmq: a folder that holds its plugins, unpacked from Debian's package
rabbitmq () {
  mkdir "$work/debs"
  (cd "$work/debs" && apt-get download -qq rabbitmq-server >log 2>&1 && dpkg -x ./*.deb "$work/unpacked") ||
    { echo "skip: no package of RabbitMQ" >&2; exit 77; }
}
untrue='state_shape_changed|state_opaque|not_reversible|shared_struct_changed|message_unknown|answer_unknown|option_ignored|function_missing|made_at_start|wiring_changed|not_rebuilt|supervisor_opaque|supervisor_fails|process_not_found|module_gone|relup_failed'

# Milliseconds on all cores between two outputs of `times`: on a machine that is busy with other things, too.
cpu () {
  awk 'FNR == 2 { split($1 "m" $2, t, /[ms]+/); ms[NR] = (t[1] * 60 + t[2] + t[3] * 60 + t[4]) * 1000; last = NR }
       END { printf "%d", ms[last] - ms[2] }' "$work/before" "$work/after"
}

judge () {
  name=$1
  shift
  for nr in $(seq "$count"); do
    pair=$work/pair
    rm -rf "$pair"
    changed=$(escript "$here/real.escript" $((seed + nr)) "$pair" "$@")
    from=$(date +%s%N)
    times >"$work/before"
    "$relevo" plan -q --json "$pair/1" "$pair/2" >"$work/plan.json" || { echo "FAIL: $name, seed $((seed + nr))" >&2; exit 1; }
    times >"$work/after"
    took=$((($(date +%s%N) - from) / 1000000))
    jq -r '.reasons[] | .code + " " + (.module // .application // "") + ": " + .message' "$work/plan.json" >"$work/reasons"
    echo "$name: $changed modules changed, $(jq -r .verdict "$work/plan.json"), $(wc -l <"$work/reasons") reasons, $took ms ($(cpu) ms of CPU)"
    if grep -E "^($untrue) " "$work/reasons"; then bad=yes; fi
  done
}

bad=no
rabbitmq
# shellcheck disable=SC2046 # lists of folders
judge rabbitmq $(find "$work/unpacked" -path '*/plugins/*/ebin' -type d | sort)
if ejabberd=$("$here/../../tools/ejabberd" 2>/dev/null); then
  # shellcheck disable=SC2046
  judge ejabberd $(find "$ejabberd" -path '*/ebin/*.app' -exec dirname '{}' ';' | sort)
fi
elixir=$(elixir -e 'IO.puts(:code.lib_dir(:elixir))')
# shellcheck disable=SC2046
judge elixir $(find "$(dirname "$elixir")" -name ebin | sort)
[ "$bad" = no ] || { echo "real: reasons that are not true" >&2; exit 1; }
