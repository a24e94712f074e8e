#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# A wrong project or file, each with the exact message and exit status.  P stands for the project's
# folder; nothing may be left in the store.
set -eu
cd "$(dirname "$0")/../.."
. tests/tools/live.sh

# ---- a project that is right ----

good=$work/good
p=$work/p
mkdir -p "$good/lib/one/ebin" "$good/lib/two/ebin"
for name in one two; do
  printf -- '-module(%s).\n' "$name" >"$work/$name.erl"
  erlc -o "$good/lib/$name/ebin" "$work/$name.erl"
done
cat >"$good/lib/one/ebin/one.app" <<'APP'
{application, one, [{description, ""}, {vsn, "1.0.0"}, {modules, [one]}, {registered, [one_server]},
  {applications, [kernel, stdlib, two]}]}.
APP
cat >"$good/lib/two/ebin/two.app" <<'APP'
{application, two, [{description, ""}, {vsn, "1.0.0"}, {modules, [two]}, {registered, []},
  {applications, [kernel, stdlib]}]}.
APP
cat >"$good/relevo.yaml" <<'YAML'
release: one
applications: {one: permanent}
libs: [lib]
YAML

rows=0
# Back to the project that is right.
fresh () {
  rm -rf "$p"
  cp -r "$good" "$p"
}
# bad STATUS MESSAGE [OPTION...]: what `relevo build` says of the project as it is now.
bad () {
  want=$1 message=$2
  shift 2
  rows=$((rows + 1))
  expect "$want" "$relevo" build -C "$p" "$@"
  # How many folders there are depends on what is installed.
  said=$(printf '%s' "$said" | sed "s|$p|P|g; s|$work|W|g; s|in [0-9]* folders|in N folders|")
  [ "$said" = "relevo: $message" ] || fail "row $rows: want: $message
but: $said"
  left=$(cd "$p" && find . -path './releases*' -type f)
  [ -z "$left" ] || fail "row $rows leaves $left behind"
  fresh
}
yaml () { printf '%b' "$1" >"$p/relevo.yaml"; }
# A good relevo.yaml, and more keys.
more () {
  cp "$good/relevo.yaml" "$p/relevo.yaml"
  printf '%s\n' "$@" >>"$p/relevo.yaml"
}
# In the .app file of one: OLD becomes NEW.
app () { sed -i "s/$1/$2/" "$p/lib/one/ebin/one.app"; }
fresh

expect 0 "$relevo" build -q -C "$p"
fresh

# ---- relevo.yaml itself ----

yaml 'relase: x\n'
bad 2 'P/relevo.yaml:1:1: there is no key "relase"
Did you mean "release"?'
yaml 'release: x\n'
bad 2 'P/relevo.yaml: the key "applications" is missing'
yaml 'applications: {a: permanent}\n'
bad 2 'P/relevo.yaml: the key "release" is missing'
yaml 'release: [x]\n'
bad 2 'P/relevo.yaml:1:1: release: want a text (in quotes, if it looks like a number)'
yaml 'release: x\nstrip: maybe\n'
bad 2 'P/relevo.yaml:2:1: strip: want true or false'
yaml 'release: x\nconfig:\n  syss: x\n'
bad 2 'P/relevo.yaml:3:3: there is no key "config.syss"
Did you mean "config.sys"?'
yaml 'release: x\nconfig: x\n'
bad 2 'P/relevo.yaml:2:1: config: want keys below it'
# Where rollouts are written down.
state () { yaml "release: x\napplications: {a: permanent}\nstate: {$1}\n"; }
state 'etcd: 10.0.0.9'
bad 2 'P/relevo.yaml:3:9: state.etcd: want a list of URLs: [https://10.0.0.9:2379]'
state 'etcd: [10.0.0.9:2379]'
bad 2 'P/relevo.yaml:3:9: state.etcd: want URLs that begin with https:// or http://'
state 'etcd: [https://a:2379], lease: 1s'
bad 2 'P/relevo.yaml:3:33: state.lease: want a time from 2s to 10m'
state 'etcd: [https://a:2379], file: x'
bad 2 'P/relevo.yaml: state: want "file" or "etcd", not both'
state 'ca: x.pem'
bad 2 'P/relevo.yaml: state: want "etcd" with its other keys'
state 'etcd: [https://a:2379], cert: x.pem'
bad 2 'P/relevo.yaml: state: want "cert" with "key"'
state 'etcd: [https://a:2379], user: ci'
bad 2 'P/relevo.yaml: state: want "user" with "password_file" or "password_env"'
state 'etcd: [https://a:2379], password_env: X'
bad 2 'P/relevo.yaml: state: want "user" with its password'
yaml 'release: x\nversion: {from: moon}\n'
bad 2 'P/relevo.yaml:2:1: version: want a version such as "1.4.0", or {from: app}, or {from: git}'
yaml 'release: x\nversion: 1.4\n'
bad 2 'P/relevo.yaml:2:1: version: want a text (in quotes, if it looks like a number)'
yaml 'release: x\nversion: "1/4"\n'
bad 2 'P/relevo.yaml:2:1: version: want a version of letters, digits and _ . - + ~'
# shellcheck disable=SC2016 # nothing is meant to be expanded
for word in '$(id)' 'a;b' 'a`b' '../x' 'a b' '-a' '.a' "a'b" 'a"b' 'a&b' 'a|b' 'a%b' 'ä'; do
  yaml "release: '$(printf %s "$word" | sed "s/'/''/g")'\n"
  bad 2 'P/relevo.yaml:1:1: release: want a name of letters, digits and _ . -'
done
yaml 'release: x\napplications: {a: always}\n'
bad 2 'P/relevo.yaml:2:16: applications: want permanent, transient, temporary, load or none'
yaml 'release: x\nlibs: lib\n'
bad 2 'P/relevo.yaml:2:1: libs: want a list: [one, two]'
yaml 'release: x\nrelease: y\n'
bad 2 'P/relevo.yaml:2:1: this key is here already'
yaml 'release: x\n\tbad\n'
bad 2 'P/relevo.yaml:2:1: found a tab character that violates indentation'
yaml '- x\n'
bad 2 'P/relevo.yaml: want keys and values'
yaml 'release: x\nlibs: [1]\n'
bad 2 'P/relevo.yaml:2:1: libs: want a text (in quotes, if it looks like a number)'
yaml 'release: "unfinished\n'
bad 2 'P/relevo.yaml:2:1: found unexpected end of stream'
yaml 'release: x\nreleases: []\n'
bad 2 'P/relevo.yaml:2:1: releases: want a list of releases, at the top of the file only'
yaml 'releases: [{applications: {one: permanent}}]\n'
bad 2 'P/relevo.yaml:1:1: releases: want a name in each: [{release: NAME, …}, …]'
yaml 'releases: [{release: a, applicatoins: {one: permanent}}]\n'
bad 2 'P/relevo.yaml:1:25: there is no key "applicatoins"
Did you mean "applications"?'
yaml 'libs: [lib]\nreleases: [{release: a}, {release: b}]\n'
bad 2 'P/relevo.yaml describes several releases: a, b
Name one, or set "default_release".'
yaml 'libs: [lib]\nreleases: [{release: a}, {release: b}]\n'
bad 3 'P/relevo.yaml: there is no release "c"
There is: a, b' c
yaml 'releases: [{release: a, releases: []}]\n'
bad 2 'P/relevo.yaml:1:25: releases: want a list of releases, at the top of the file only'
bad 3 'P/relevo.yaml: there is no release "other"
There is: one' other
more 'overlay_vars: {a: [1]}'
bad 2 'P/relevo.yaml:4:16: overlay_vars.a: want a text, a number, true or false'
more 'config: {providers: "{X, 1}"}'
bad 2 'P/relevo.yaml:4:10: config.providers: want a list: [one, two]'
more 'hooks: {befor: x}'
bad 2 'P/relevo.yaml:4:9: there is no key "hooks.befor"
Did you mean "hooks.before"?'
rm "$p/relevo.yaml"
bad 3 'no P/relevo.yaml here
Write one (relevo init), or say where it is: -C DIR'
yaml 'release: one\napplications: {one: permanent}\n'
bad 3 'P: no compiled applications in _build/prod/lib or _build/default/lib
Compile first (MIX_ENV=prod mix compile), or set "libs".'

# ---- applications ----

more 'libs2: x'
bad 2 'P/relevo.yaml:4:1: there is no key "libs2"
Did you mean "libs"?'
yaml 'release: one\napplications: {nowhere: permanent}\nlibs: [lib]\n'
bad 3 'P/relevo.yaml: no application nowhere
Looked for nowhere.app in N folders; is it compiled, and its folder in "libs"?'
yaml 'release: one\napplications: {one: permanent}\nlibs: [libb]\n'
bad 3 'P: no compiled applications in P/libb
Compile first (MIX_ENV=prod mix compile), or set "libs".'
rm -r "$p/lib/two"
bad 3 'P/relevo.yaml: no application two (needed by one)
Looked for two.app in N folders; is it compiled, and its folder in "libs"?'
yaml 'release: one\napplications: {one: permanent, two: load}\nlibs: [lib]\n'
bad 2 'P/relevo.yaml: one is permanent, but it needs two, which is load
Start two, or make all that need it load or none; or take the risk: skip_mode_validation_for: [one]'
yaml 'release: one\napplications: {one: permanent, kernel: load}\nlibs: [lib]\n'
bad 2 'P/relevo.yaml: stdlib is permanent, but it needs kernel, which is load
Start kernel, or make all that need it load or none; or take the risk: skip_mode_validation_for: [stdlib]'
yaml 'release: one\napplications: {one: permanent, stdlib: transient}\nlibs: [lib]\n'
bad 2 'P/relevo.yaml: applications: stdlib must be permanent, not transient'
more 'skip_mode_validation_for: [three]'
bad 2 'P/relevo.yaml: skip_mode_validation_for: three is not in the release'
app '{vsn, "1.0.0"}, ' ''
bad 2 'P/relevo.yaml: P/lib/one/ebin/one.app: "vsn" is missing; add {vsn, …}: a version in double quotes, without a slash'
app '"1.0.0"' '1.0.0'
bad 2 'P/relevo.yaml: P/lib/one/ebin/one.app:1:49: unexpected .'
app '{modules, \[one\]}' '{modules, one}'
bad 2 'P/relevo.yaml: P/lib/one/ebin/one.app:1: "modules" must be a list of atoms'
app ']}\.$' ']}'
bad 2 'P/relevo.yaml: P/lib/one/ebin/one.app:3:1: the file ends without the final dot'
app '^{application' '{applikation'
bad 2 'P/relevo.yaml: P/lib/one/ebin/one.app: must hold {application, Name, [{Key, Value}, …]}.'
app 'application, one' 'application, uno'
bad 2 'P/relevo.yaml: P/lib/one/ebin/one.app: holds the application uno, under another'\''s name'
: >"$p/lib/one/ebin/one.app"
bad 2 'P/relevo.yaml: P/lib/one/ebin/one.app:1:1: there is no term'
rm "$p/lib/one/ebin/one.beam"
bad 3 'P/lib/one/ebin/one.app names the module one, but P/lib/one/ebin/one.beam is not there
Compile one again.'
echo 'no beam' >"$p/lib/one/ebin/one.beam"
bad 2 'P/lib/one/ebin/one.beam: not a BEAM file'
head -c 100 "$good/lib/one/ebin/one.beam" >"$p/lib/one/ebin/one.beam"
bad 2 "P/lib/one/ebin/one.beam: cut off: 100 bytes of $(stat -c %s "$good/lib/one/ebin/one.beam")"
app '{modules, \[one\]}' '{modules, [one, two]}'; cp "$good/lib/two/ebin/two.beam" "$p/lib/one/ebin/"
bad 2 '1 module names are used twice:
  two: in one-1.0.0 (P/lib/one/ebin) and two-1.0.0 (P/lib/two/ebin)'
app 'stdlib, two\]' 'stdlib], included_applications, [two]'
bad 2 'P/relevo.yaml: P/lib/one/ebin/one.app:2: "applications" must be a list of atoms'
sed -i 's/stdlib\]/stdlib, one]/' "$p/lib/two/ebin/two.app"
bad 2 'one and two wait for each other in a circle: take one out of another'\''s applications'
sed -i 's/{registered, \[\]}/{registered, [one_server]}/' "$p/lib/two/ebin/two.app"
bad 2 '1 registered names are used twice:
  one_server: in one-1.0.0 (P/lib/one/ebin) and two-1.0.0 (P/lib/two/ebin)
Where an .app claims a name that its application does not have, relevo.yaml corrects it: registered: {APPLICATION: [NAME, ...]}'
app 'stdlib, two\]}' 'stdlib, two]}, {included_applications, [two]}'
bad 2 'P/relevo.yaml: two is included by one application and needed by another; one of them is P/lib/one/ebin/one.app
If that is meant, name it in "applications": {two: permanent}'

# ---- configuration, templates, overlays, hooks, the OTP ----

more 'config: {sys: none.config}'
bad 3 'cannot open P/none.config: No such file or directory'
more 'config: {sys: sys.config}'; echo '{one, []}.' >"$p/sys.config"
bad 2 'P/sys.config: want one list of {Application, [{Key, Value}]}'
more 'config: {sys: sys.config}'; echo '[{one, x}].' >"$p/sys.config"
bad 2 'P/sys.config:1: want {Application, [{Key, Value}]}'
more 'config: {sys: sys.config}'; printf '[{one,\n [}].' >"$p/sys.config"
bad 2 'P/sys.config:2:3: unexpected }'
more 'config: {sys: sys.config}'; printf '[]. []. ' >"$p/sys.config"
bad 2 'P/sys.config:1:5: only one term is expected'
more 'config: {runtime: runtime.exs}'; : >"$p/runtime.exs"
bad 2 'P/relevo.yaml: config.runtime and config.providers need elixir in the release, and no application needs it'
more 'config: {vm_args: none}'
bad 3 'cannot open P/none: No such file or directory'
more 'overlays: [none]'
bad 3 'overlay: cannot find P/none: No such file or directory'
more 'overlays: [over]'; mkdir "$p/over"; printf 'a\n{{ b' >"$p/over/x.mustache"
bad 2 'overlay: P/over/x.mustache:2: {{ without }}'
more 'overlays: [over]'; mkdir "$p/over"; printf 'a\n\n{{ b }}' >"$p/over/x.mustache"
bad 2 'overlay: P/over/x.mustache:3: there is no value for {{b}}
Give one in "overlay_vars".'
more 'hooks: {before: "exit 7"}'
bad 1 'P/relevo.yaml: hook "exit 7" ended with status 7'
more 'erts: none/at/all'
bad 3 'P/relevo.yaml: erts: P/none/at/all is no installed Erlang/OTP: cannot open P/none/at/all/releases/start_erl.data: No such file or directory'
more 'upgrade: {from: ["0.1.0"]}'
bad 3 'no one-0.1.0 in P/releases, and no file 0.1.0
Build it first, or leave it out of --from and "upgrade.from".'
more 'version: {from: git}'
bad 3 'P/relevo.yaml: version: {from: git}: P is in no git repository with a commit'

# ---- what Elixir evaluates: its own words follow ----

# begins STATUS MESSAGE: the same, but only the beginning is compared.
begins () {
  rows=$((rows + 1))
  expect "$1" "$relevo" build -C "$p"
  said=$(printf '%s' "$said" | sed "s|$p|P|g")
  case $said in
    "relevo: $2"*) ;;
    *) fail "row $rows: want: $2…
but: $said" ;;
  esac
  fresh
}
evaluated='what P/relevo.yaml configures cannot be evaluated:
'
more 'config: {sys: c.exs}'
printf 'import Config\nconfig :one, a: ' >"$p/c.exs"
begins 2 "$evaluated** (TokenMissingError) "
more 'config: {sys: c.exs}'
printf 'import Config\nconfig :one, b: fn -> 1 end, c: 1' >"$p/c.exs"
begins 2 "$evaluated** (RuntimeError) these values cannot be written to a file (functions, processes, references):
  config :one, :b: #Function<"
more 'config: {sys: c.exs}'
printf 'import Config\nimport_config "gone.exs"' >"$p/c.exs"
begins 2 "$evaluated** (File.Error) could not read file \"P/gone.exs\": no such file or directory"
mkdir "$p/rel"
printf 'a\n<%%= @release.nothing %%>' >"$p/rel/vm.args.eex"
begins 2 "$evaluated** (KeyError) key :nothing not found"
more 'config: {providers: ["Nonsense"]}' 'applications: {one: permanent, elixir: permanent}'
sed -i 2d "$p/relevo.yaml"
begins 2 "$evaluated** (RuntimeError) config.providers: want {Module, argument}, not Nonsense"
more 'config: {providers: ["{Nonsense, 1}"]}' 'applications: {one: permanent, elixir: permanent}'
sed -i 2d "$p/relevo.yaml"
begins 2 "$evaluated** (UndefinedFunctionError) function Nonsense.init/1 is undefined (module Nonsense is not available)"

echo "ok: $rows rows"
