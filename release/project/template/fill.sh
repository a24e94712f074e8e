#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# fill.sh FILE: writes it with what the environment says in the place of ${NAME}, and of
# ${NAME:-DEFAULT} where that is neither unset nor empty.  Lines of comment stay as they are.
# shellcheck disable=SC2016,SC2154 # what is in quotes is looked for; eval sets variables
set -e
_missing=''
while IFS= read -r _rest || [ -n "$_rest" ]; do
  _line=''
  case ${_rest#"${_rest%%[![:space:]]*}"} in
    ['#%']*)
      printf '%s\n' "$_rest"
      continue
      ;;
  esac
  while :; do
    case $_rest in
      *'${'*'}'*) ;;
      *) break ;;
    esac
    _line=$_line${_rest%%'${'*}
    _rest=${_rest#*'${'}
    _what=${_rest%%'}'*}
    _rest=${_rest#*'}'}
    _name=${_what%%:-*}
    case $_name in
      '' | [0-9]* | *[!A-Za-z0-9_]*)
        _line="$_line\${$_what}"
        continue
        ;;
    esac
    eval "_value=\${$_name-} _set=\${$_name+yes}"
    case $_what in
      *:-*) _value=${_value:-"${_what#*:-}"} ;;
      *)
        case "$_set $_missing " in
          yes* | *" $_name "*) ;;
          *) _missing="$_missing $_name" ;;
        esac
        ;;
    esac
    _line=$_line$_value
  done
  printf '%s\n' "$_line$_rest"
done <"$1"
[ -z "$_missing" ] || {
  echo "$1: not in the environment:$_missing (\${NAME:-DEFAULT} gives a default)" >&2
  exit 1
}
