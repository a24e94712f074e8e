#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# What a user meets first: help, misspelt words, exit statuses, JSON errors, completions, manual
# pages.
set -eu
cd "$(dirname "$0")/../.."
. tests/tools/live.sh

expect 0 "$relevo"
contains "$out" "Usage: relevo COMMAND"
expect 0 "$relevo" --version
contains "$out" "relevo 0."
expect 2 "$relevo" buidl
contains "$said" 'Did you mean "build"?'
expect 2 "$relevo" build --ouput x
contains "$said" "Did you mean --out?"
expect 2 "$relevo" plan one
contains "$said" "too few arguments, want: OLD NEW"
expect 2 "$relevo" build one two
contains "$said" '"two" is one argument too many'
expect 2 "$relevo" build --out
contains "$said" "--out wants a value"
expect 2 "$relevo" node install x@y z --bake soon
contains "$said" 'want a time such as 30s'
ok

# Options may stand before the command, and between its words; errors name all of it.
expect 0 "$relevo" -q help plan
contains "$out" "Usage: relevo plan"
expect 2 "$relevo" --appups rel plan one
contains "$said" "plan: too few arguments"
export SOME_COOKIE=c
expect 3 "$relevo" --cookie-env SOME_COOKIE node -t 1s ping nobody@127.0.0.1 --port 1
expect 2 "$relevo" node --timeout 1s pong
contains "$said" 'there is no command "node pong"
Did you mean "node ping"?
See: relevo help node'
expect 2 "$relevo" node ping
contains "$said" "node ping: too few arguments, want: NODE
See: relevo help node ping"
expect 2 "$relevo" node ping a@b --jsno
contains "$said" "node ping: there is no option --jsno
Did you mean --json?
See: relevo help node ping"
expect 2 "$relevo" --quiet
contains "$said" "--quiet of which command?"
ok

# Times are read as they are printed.
for time in 0 30 30s '30 s' 500ms '0.5 s' 1.5s 5m 5min '5min 3s' 5min3s 1h '2h 5min' '1d 2h' 365d; do
  expect 2 "$relevo" node install x@y --bake "$time"
  contains "$said" "too few arguments"
done
for time in '' soon 5x 5minutes 366d 1e3s -1s '5 5s' ms 1..2s 999999999999999999999 inf; do
  expect 2 "$relevo" node install x@y z "--bake=$time"
  contains "$said" "--bake: want a time such as 30s"
done
ok

# Every command has help, no line of which is too long, and a manual page that groff understands.
narrow () {
  LC_ALL=C tr -d '\200-\277' <"$work/out" | awk -v most="$2" 'length($0) > most && $1 !~ /^(Usage:|[a-z]*:)$/ && split($0, w, " ") > 1 {
    print FILENAME ": " $0; bad = 1 } END { exit bad }' || fail "$1: longer than $2"
}
manual () {
  expect 0 "$relevo" help --man "$@"
  contains "$out" ".SH NAME"
  groff -K utf8 -man -Tutf8 -ww "$work/out" >"$work/page" 2>"$work/groff" || fail "man $*: $(cat "$work/groff")"
  [ ! -s "$work/groff" ] || fail "man $*: $(cat "$work/groff")"
}
manual
for name in $("$relevo" help --names); do
  for below in '' $("$relevo" help --names "$name"); do
    # shellcheck disable=SC2086 # none, or a word
    expect 0 "$relevo" help "$name" $below
    contains "$out" "Usage: relevo $name${below:+ $below}"
    narrow "$name $below" 80
    # shellcheck disable=SC2086
    manual "$name" $below
  done
done
expect 0 "$relevo" help
narrow help 80
expect 0 "$relevo" help config
contains "$out" "config.runtime"
narrow config 80
manual config
contains "$out" "config.runtime"
expect 0 "$relevo" help exit
contains "$out" "refused, nothing was changed"
expect 2 "$relevo" help plna
contains "$said" 'Did you mean "plan"?'
ok

# On a terminal, as wide as that.
if command -v script >/dev/null; then
  for width in 50 90; do
    script -qec "stty cols $width; $relevo help node install" "$work/typescript" </dev/null >"$work/typed" || fail script
    tr -d '\r' <"$work/typed" | sed 's/\x1b\[[0-9;]*[A-Za-z]//g' >"$work/out"
    widest=$(LC_ALL=C tr -d '\200-\277' <"$work/out" | awk 'length($0) > most { most = length($0) } END { print most }')
    [ "$widest" -le $width ] || fail "$widest columns on a terminal of $width"
    [ "$widest" -gt $((width - 12)) ] || fail "only $widest columns on a terminal of $width"
  done
  ok
fi

# ---- completions ----

mkdir -p "$work/project/releases/site-1.0.0" "$work/project/releases/site-1.1.0"
printf 'release: site\nversion: "2"\napplications: {web: permanent}\n' >"$work/project/relevo.yaml"
for shell in bash zsh fish; do
  expect 0 "$relevo" completion "$shell"
  cp "$work/out" "$work/completion.$shell"
done
expect 2 "$relevo" completion tcsh
mkdir "$work/bin"
ln -s "$relevo" "$work/bin/relevo"
cat >"$work/try.bash" <<'BASH'
. ../completion.bash
COMP_WORDS=("$@") COMP_CWORD=$(($# - 1))
_relevo
echo "${COMPREPLY[*]}"
BASH
# completes SHELL: in the words of that shell, which LINE TAB gives.
completes () {
  [ "$1" = "$2" ] || fail "$shell: $3: \"$1\" is not \"$2\""
}
bash_try () { (cd "$work/project" && PATH="$work/bin:$PATH" bash ../try.bash "$@"); }
shell=bash
completes "$(bash_try relevo pl)" plan "relevo pl"
completes "$(bash_try relevo -q node in)" "info install" "relevo -q node in"
completes "$(bash_try relevo node install --ba)" --bake "relevo node install --ba"
completes "$(bash_try relevo node install --bake 1m x@y 1.)" "1.1.0 1.0.0" "relevo node install x@y 1."
completes "$(bash_try relevo plan 1.0)" 1.0.0 "relevo plan 1.0"
completes "$(bash_try relevo build --from 1.1)" 1.1.0 "relevo build --from 1.1"
completes "$(bash_try relevo build --out rel)" releases "relevo build --out rel"
completes "$(bash_try relevo help conf)" config "relevo help conf"
completes "$(bash_try relevo help node che)" check "relevo help node che"
completes "$(bash_try relevo completion f)" fish "relevo completion f"
ok
if command -v fish >/dev/null; then
  shell=fish
  fish_try () {
    (cd "$work/project" && HOME=$work PATH="$work/bin:$PATH" fish -c \
      "source ../completion.fish; complete -C '$1'" 2>&1 | cut -f1 | tr '\n' ' ')
  }
  completes "$(fish_try 'relevo pl')" "plan " "relevo pl"
  completes "$(fish_try 'relevo -q node in')" "info install " "relevo -q node in"
  completes "$(fish_try 'relevo node install --ba')" "--bake " "relevo node install --ba"
  completes "$(fish_try 'relevo plan 1.0')" "1.0.0 " "relevo plan 1.0"
  completes "$(fish_try 'relevo help conf')" "config " "relevo help conf"
  completes "$(fish_try 'relevo completion ')" "bash fish zsh " "relevo completion"
  ok
fi
if command -v zsh >/dev/null; then
  cat >"$work/try.zsh" <<'ZSH'
zmodload zsh/zpty
zpty z zsh -f -i
said () { local part; all=; while zpty -r z part; do all+=$part; [[ $all = *$1* ]] && return; done }
zpty -w z 'PS1=; unset zle_bracketed_paste; autoload -U compinit; compinit -u -D; source ../completion.zsh'
zpty -w z 'show () { print -r -- "<""$BUFFER"">"; BUFFER= }; zle -N show; bindkey "^X" show'
zpty -w z 'zle-line-init () { print -r -- "<""zle"">" }; zle -N zle-line-init'
said '<zle>'
for line in "$@"; do
  zpty -w -n z "$line"$'\t\x18'
  said '>'
  print -r -- "$all" | tr -d '\r' | sed 's/.*<\(.*\)>.*/\1/'
done
zpty -d z
ZSH
  (cd "$work/project" && HOME=$work PATH="$work/bin:$PATH" TERM=xterm timeout 60 zsh -f ../try.zsh \
    'relevo pl' 'relevo node inst' 'relevo plan 1.0' 'relevo help conf' >"$work/zsh" 2>&1) || fail "zsh: $(cat "$work/zsh")"
  for line in 'relevo plan' 'relevo node install' 'relevo plan 1.0.0' 'relevo help config'; do
    grep -qF "$line" "$work/zsh" || fail "zsh: no \"$line\" in $(cat "$work/zsh")"
  done
  ok
fi

# What make install puts somewhere make uninstall takes away.
unset MAKEFLAGS MAKELEVEL
variant=$(basename "$(dirname "$relevo")")
make -s install VARIANT="$variant" PREFIX=/usr DESTDIR="$work/root" >"$work/log" 2>&1 || fail "$(cat "$work/log")"
for file in bin/relevo bin/kubectl-relevo share/man/man1/relevo.1 share/man/man1/relevo-node-install.1 share/man/man5/relevo.yaml.5 \
    share/bash-completion/completions/relevo share/zsh/site-functions/_relevo share/fish/vendor_completions.d/relevo.fish; do
  [ -s "$work/root/usr/$file" ] || fail "make install makes no $file"
done
make -s uninstall VARIANT="$variant" PREFIX=/usr DESTDIR="$work/root" >"$work/log" 2>&1
[ -z "$(find "$work/root" ! -type d)" ] || fail "left: $(find "$work/root" ! -type d)"
ok

expect 3 "$relevo" plan --json "$work/none.tar.gz" "$work/none"
contains "$out" '"reason": "NotFound"'
contains "$out" '"exit": 3'
ok

# An installation has its own cookie.
expect 2 env -u RELEASE_COOKIE HOME=/nonexistent "$relevo" node ping shop@127.0.0.1
contains "$said" "--cookie-file INSTALLATION/releases/COOKIE"
ok

# No colour and no progress where nobody looks.
"$relevo" help | grep -q "$(printf '\033')" && fail "colour in a pipe"
ok

echo "ok: $checks groups of checks"
