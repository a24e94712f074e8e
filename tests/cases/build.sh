#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# What relevo.yaml can ask of `relevo build`, seen in the tree it makes; no node is started.
set -eu
cd "$(dirname "$0")/../.."
. tests/tools/live.sh

p=$work/p
mkdir -p "$p/lib/one/ebin" "$p/lib/one/priv" "$p/lib/one/src" "$p/lib/one/include"
printf -- '-module(one).\n-export([f/0]).\nf() -> 1.\n' >"$p/lib/one/src/one.erl"
erlc +debug_info -o "$p/lib/one/ebin" "$p/lib/one/src/one.erl"
echo secret >"$p/lib/one/priv/data"
echo '%% h' >"$p/lib/one/include/one.hrl"
app () {
  cat >"$p/lib/$1/ebin/$1.app" <<APP
{application, $1, [{description, ""}, {vsn, "$2"}, {modules, [$3]}, {registered, []},
  {applications, [kernel, stdlib]}]}.
APP
}
app one 1.0.0 one
yaml () { printf '%s\n' "release: one" "libs: [lib]" "$@" >"$p/relevo.yaml"; }
build () { expect 0 "$relevo" build -C "$p" -o "$work/store" --overwrite "$@"; }
tree=$work/store/one-1.0.0
has () { [ -e "$tree/$1" ] || fail "no $1"; }
lacks () { [ ! -e "$tree/$1" ] || fail "$1 is there"; }

# ---- what is packed of an application ----

yaml 'applications: {one: permanent}'
build
has lib/one-1.0.0/priv/data
lacks lib/one-1.0.0/src
[ "$(wc -c <"$tree/lib/one-1.0.0/ebin/one.beam")" -lt "$(wc -c <"$p/lib/one/ebin/one.beam")" ] || fail "not stripped"
yaml 'applications: {one: permanent}' 'strip: false' 'include_src: true'
build
has lib/one-1.0.0/src/one.erl
has lib/one-1.0.0/include/one.hrl
cmp -s "$tree/lib/one-1.0.0/ebin/one.beam" "$p/lib/one/ebin/one.beam" || fail "strip: false strips"
ok

# A module that the .app does not name would not be loaded.
cp "$p/lib/one/ebin/one.beam" "$p/lib/one/ebin/two.beam"
build
contains "$said" "one/ebin/two.beam is not among the modules of one.app"
rm "$p/lib/one/ebin/two.beam"
build
[ -z "$said" ] || fail "warns of nothing: $said"
ok

# ---- appups written by hand, where rebar3 leaves them ----

echo '{"1.0.0", [], []}.' >"$p/lib/one/src/one.appup.src"
build
cmp -s "$tree/lib/one-1.0.0/ebin/one.appup" "$p/lib/one/src/one.appup.src" || fail "src/one.appup.src is not taken"
echo '{"1.0.0", [{"0.9", []}], []}.' >"$p/lib/one/ebin/one.appup"
build
cmp -s "$tree/lib/one-1.0.0/ebin/one.appup" "$p/lib/one/ebin/one.appup" || fail "the compiled appup does not win"
rm "$p/lib/one/ebin/one.appup"
printf '{"1.0.0",\n [}.\n' >"$p/lib/one/src/one.appup.src"
expect 2 "$relevo" build -C "$p" -o "$work/store" --overwrite
contains "$said" "one.appup.src:2:"
rm "$p/lib/one/src/one.appup.src"
build
lacks lib/one-1.0.0/ebin/one.appup
ok

# ---- an .app that claims what another one registers ----

mkdir -p "$p/lib/other/ebin"
cat >"$p/lib/other/ebin/other.app" <<'APP'
{application, other, [{description, ""}, {vsn, "1"}, {modules, []}, {registered, [shared, other_sup]},
  {applications, [kernel, stdlib]}, {env, [{kept, "as it is"}]}]}.
APP
sed -i 's/{registered, \[\]}/{registered, [shared]}/' "$p/lib/one/ebin/one.app"
yaml 'applications: {one: permanent, other: permanent}'
expect 2 "$relevo" build -C "$p" -o "$work/store" --overwrite
contains "$said" "shared: in "
contains "$said" "relevo.yaml corrects it: registered: {APPLICATION: [NAME, ...]}"
yaml 'applications: {one: permanent, other: permanent}' 'registered: {other: [other_sup]}'
build
contains "$(tr -d ' \n' <"$tree/lib/other-1/ebin/other.app")" '{registered,[other_sup]},{applications,[kernel,stdlib]},{env,[{kept,"asitis"}]}'
expect 0 "$relevo" inspect "$tree.tar.gz"
cp "$tree/releases/one-1.0.0.rel" "$work/judge.rel"
(cd "$work" && expect 0 erl -noshell -eval '
  {ok, _, []} = systools:make_script("judge", [silent, {path, filelib:wildcard("'"$tree"'/lib/*/ebin")}]), halt().')
yaml 'applications: {one: permanent}' 'registered: {other: []}'
expect 2 "$relevo" build -C "$p" -o "$work/store" --overwrite
contains "$said" "registered: other is not in the release"
rm -r "$p/lib/other"
app one 1.0.0 one
ok

# ---- overlays ----

mkdir -p "$p/rel/overlays/etc" "$p/more/deep"
echo 'plain {{ release_name }}' >"$p/rel/overlays/etc/plain"
echo 'first' >"$p/rel/overlays/both"
echo 'second' >"$p/more/both"
printf '#!/bin/sh\n# {{release_name}} {{ release_version }} on {{erts_version}}: {{port}} {{on}} {{name}} {{otp}} {{code}}' >"$p/more/deep/run.mustache"
chmod 755 "$p/more/deep/run.mustache"
yaml 'applications: {one: permanent}' 'overlays: [more]' 'overlay_vars: {port: 4000, on: true, name: "ü ö", otp: 1.10, code: 007}'
build
[ "$(cat "$tree/etc/plain")" = 'plain {{ release_name }}' ] || fail "a plain file was changed"
[ "$(cat "$tree/both")" = second ] || fail "the later overlay does not win"
contains "$(cat "$tree/deep/run")" '# one 1.0.0 on '
contains "$(cat "$tree/deep/run")" ': 4000 true ü ö 1.10 007'
[ -x "$tree/deep/run" ] || fail "the mode of a template is lost"
lacks deep/run.mustache
ok

# ---- versions, wherever they come from, are words ----

# shellcheck disable=SC2016 # nothing is meant to be expanded
for version in '1.0;id' '$(id)' '1 0' '-1'; do
  app one "$version" one
  yaml 'applications: {one: permanent}'
  expect 2 "$relevo" build -C "$p" -o "$work/store"
  contains "$said" "\"$version\" cannot be the version of a release"
done
app one 1.0.0 one
ok

# ---- hooks ----

# shellcheck disable=SC2016 # for the hook's shell
yaml 'applications: {one: permanent}' 'hooks:' '  before: "echo $RELEASE_NAME >>seen; cp -r late/. lib/"' \
  '  after: "echo $RELEASE_NAME $RELEASE_VSN >>seen; echo made >$RELEASE_ROOT/made"'
mkdir -p "$p/late"
build
[ "$(cat "$p/seen")" = "$(printf 'one\none 1.0.0')" ] || fail "hooks saw $(cat "$p/seen")"
has made
tar -tzf "$tree.tar.gz" | grep -qx made || fail "what a hook made is not packed"
yaml 'applications: {one: permanent}' 'hooks: {after: "echo told >&2; exit 3"}'
expect 1 "$relevo" build -C "$p" -o "$work/store" --overwrite
contains "$said" 'hook "echo told >&2; exit 3" ended with status 3'
contains "$said" told
has made
ok

# ---- several releases ----

cat >"$p/relevo.yaml" <<'YAML'
libs: [lib]
strip: false
releases:
  - release: one
    applications: {one: permanent}
  - release: two
    version: "2.0.0"
    strip: true
    applications: {one: load}
YAML
expect 2 "$relevo" build -C "$p" -o "$work/store"
contains "$said" "describes several releases: one, two"
expect 3 "$relevo" build -C "$p" -o "$work/store" three
contains "$said" 'there is no release "three"'
contains "$said" 'There is: one, two'
build two
[ -d "$work/store/two-2.0.0" ] || fail "two was not built"
contains "$(cat "$work/store/two-2.0.0/releases/2.0.0/two.rel")" '{one,"1.0.0",load}'
build one
cmp -s "$tree/lib/one-1.0.0/ebin/one.beam" "$p/lib/one/ebin/one.beam" || fail "a key outside of the list does not count"
echo 'default_release: two' >>"$p/relevo.yaml"
build --json
contains "$out" '"name": "two"'
ok

# ---- the cookie ----

yaml 'applications: {one: permanent}'
build
lacks releases/COOKIE
yaml 'applications: {one: permanent}' 'cookie: monster'
build
[ "$(cat "$tree/releases/COOKIE")" = monster ] || fail "another cookie"
contains "$(tar -tvzf "$tree.tar.gz" releases/COOKIE)" '-rw-------'
ok

# ---- the ERTS of another OTP ----

root=$(erl -noshell -eval 'io:put_chars(code:root_dir()), halt().')
mkdir "$work/otp"
cp -r "$root/releases" "$root/bin" "$work/otp/"
cp -r "$root"/erts-* "$work/otp/erts-99.9"
ln -s "$root/lib" "$work/otp/lib"
sed -i 's/^[^ ]*/99.9/' "$work/otp/releases/start_erl.data"
echo 'packed' >"$work/otp/erts-99.9/bin/mark"
for erts in "$work/otp" "$work/otp/erts-99.9"; do
  yaml 'applications: {one: permanent}' "erts: '$erts'"
  build
  has erts-99.9/bin/mark
  contains "$(cat "$tree/releases/start_erl.data")" "99.9 1.0.0"
done
ok

# ---- development ----

yaml 'applications: {one: permanent}'
expect 0 "$relevo" build --dev -C "$p" -o "$work/dev"
dev=$work/dev/dev/one
[ "$(readlink "$dev/lib/one-1.0.0/ebin")" = "$p/lib/one/ebin" ] || fail "ebin is no link"
[ -L "$dev/lib/one-1.0.0/priv" ] || fail "priv is no link"
[ ! -L "$(echo "$dev"/erts-*/bin/erl)" ] || fail "erl is the one of the distribution"
[ -z "$(find "$work/dev" -name '*.tar.gz')" ] || fail "a tarball in development"
expect 0 "$dev/bin/one" eval 'io:format("~p", [one:f()])'
contains "$out" 1
ERL_FLAGS="-start_epmd false" expect 1 "$dev/bin/one" pid # which nobody answers; what connects makes a cookie
cookie=$(cat "$dev/releases/COOKIE")
expect 0 "$relevo" build --dev -C "$p" -o "$work/dev"
[ "$(cat "$dev/releases/COOKIE")" = "$cookie" ] || fail "the cookie changed under the system"
ok

# An overlay over it changes the tree, and nothing that the tree links to.
sum () { (cd "$p/lib" && find . -type f -exec cksum {} + | sort; cksum "$(command -v erl)") | cksum; }
before=$(sum)
mkdir -p "$p/dev/lib/one-1.0.0/ebin" "$p/dev/lib/one-1.0.0/priv/sub" "$p/dev/bin"
erts=$(basename "$(echo "$dev"/erts-*)")
mkdir -p "$p/dev/$erts/bin" "$p/lib/one/priv/folder"
echo mine >"$p/lib/one/priv/folder/file"
before=$(sum)
for file in lib/one-1.0.0/ebin/one.app lib/one-1.0.0/ebin/new lib/one-1.0.0/priv/data lib/one-1.0.0/priv/sub/new \
  lib/one-1.0.0/priv/folder "$erts/bin/heart" bin/mine; do
  echo overlaid >"$p/dev/$file"
done
echo 'overlaid' >"$p/dev/lib/one-1.0.0/ebin/one.beam.mustache"
beam=$erts/bin/beam.smp
yaml 'applications: {one: permanent}' 'overlays: [dev]'
expect 0 "$relevo" build --dev -C "$p" -o "$work/dev"
[ "$(sum)" = "$before" ] || fail "an overlay changed what was compiled, or the installed Erlang"
for file in ebin/one.app ebin/new ebin/one.beam priv/data priv/sub/new priv/folder; do
  [ "$(cat "$dev/lib/one-1.0.0/$file")" = overlaid ] || fail "$file is not the overlay's"
done
[ "$(cat "$dev/$erts/bin/heart")" = overlaid ] || fail "$erts/bin/heart is not the overlay's"
[ -L "$dev/$beam" ] || fail "what is not overlaid is no link any more"
rm -r "${p:?}/dev" "$p/lib/one/priv/folder"
ok

# ---- links that lead out of the project ----

# What the machine that builds has elsewhere is packed only when that was asked for.
yaml 'applications: {one: permanent}'
mkdir -p "$p/deps/data" "$work/beside" "$work/far/away"
echo inside >"$p/deps/data/file"
echo outside >"$work/beside/file"
echo hidden >"$work/beside/hidden"
chmod 600 "$work/beside/hidden"
chmod 644 "$work/beside/file"
ln -s ../../../deps/data/file "$p/lib/one/priv/inside"
build
[ "$(cat "$tree/lib/one-1.0.0/priv/inside")" = inside ] || fail "a link in the project is not followed"
[ -z "$said" ] || fail "warns of nothing: $said"
# A file of the project beside, if everybody may read it, with a word.
ln -s "$work/beside/file" "$p/lib/one/priv/beside"
build
[ "$(cat "$tree/lib/one-1.0.0/priv/beside")" = outside ] || fail "a link to the project beside is not followed"
contains "$said" "priv/beside leads out of the project: $work/beside/file is packed"
rm "$p/lib/one/priv/beside"
# leads WHERE LINK: refused, the store is as it was; packed when its folder is named.
leads () {
  target=$1 link=$p/$2
  mkdir -p "$(dirname "$link")"
  [ ! -e "$link" ] || mv "$link" "$work/away"
  ln -s "$target" "$link"
  sum=$(cksum "$tree.tar.gz")
  expect 4 "$relevo" build -C "$p" -o "$work/store" --overwrite
  contains "$said" "$2 leads out of the project, to $(realpath "$target"); nothing was changed"
  contains "$said" '"links_to"'
  [ "$(cksum "$tree.tar.gz")" = "$sum" ] || fail "$2: the store has changed"
  yaml 'applications: {one: permanent}' "links_to: ['$(dirname "$(realpath "$target")")']"
  status=0
  "$relevo" build -C "$p" -o "$work/store" --overwrite >"$work/out" 2>&1 || status=$?
  [ "$status" != 4 ] || fail "$2: $(cat "$work/out")"
  yaml 'applications: {one: permanent}'
  rm "$link"
  [ ! -e "$work/away" ] || mv "$work/away" "$link"
}
for place in lib/one/priv/link lib/one/priv/deep/link lib/one/ebin/link rel/overlays/link rel/overlays/x.mustache \
  rel/env.sh rel/vm.args rel/remote.vm.args config/sys.config; do
  leads /etc/passwd "$place"
  leads "$work/beside/hidden" "$place"
done
for place in lib/one/priv rel/overlays rel/overlays/folder lib/one/priv/folder; do leads "$work/far/away" "$place"; done
rmdir "$p/config"
# Mix links priv to the sources of a dependency, wherever they are.
mkdir -p "$work/far/away/priv"
echo there >"$work/far/away/priv/data"
touch "$work/far/away/mix.exs"
ln -s data "$work/far/away/priv/link"
mv "$p/lib/one/priv" "$work/away"
ln -s "$work/far/away/priv" "$p/lib/one/priv"
build
[ "$(cat "$tree/lib/one-1.0.0/priv/link")" = there ] || fail "the priv of a dependency elsewhere is not packed"
ln -s /etc/passwd "$work/far/away/priv/out"
expect 4 "$relevo" build -C "$p" -o "$work/store" --overwrite
contains "$said" 'priv/out leads out of the project, to /etc/passwd'
rm "$p/lib/one/priv"
mv "$work/away" "$p/lib/one/priv"
rm "$p/lib/one/priv/inside"
ok

# ---- git ----

git () { command git -c user.name=t -c user.email=t@t -c init.defaultBranch=main -C "$1" "$2" "$3" "$4" "$5" >/dev/null 2>&1; }
yaml 'applications: {one: permanent}' 'version: {from: git}'
printf 'seen\n' >"$p/.gitignore"
expect 3 "$relevo" build -C "$p" -o "$work/store"
contains "$said" "is in no git repository with a commit"
git "$p" init -q . --
git "$p" add -A . --
git "$p" commit -q -m first
expect 3 "$relevo" build -C "$p" -o "$work/store"
contains "$said" "no tag leads to commit"
contains "$said" "git tag v0.1.0"
git "$p" tag v1.5.0 -m x
provenance () { sed -n '/"provenance"/,/}/p' "$work/store/one-$1/releases/$1/relevo.manifest.json" | tr -d ' \n'; }
build
contains "$out" "one 1.5.0"
contains "$(provenance 1.5.0)" '"branch":"main","describe":"v1.5.0","dirty":false'
git "$p" commit -q --allow-empty -msecond
build
contains "$out" "one 1.5.0-1-g"
version=${out#one }
version=${version%% *}
# The same commit elsewhere: the same bytes.
git "$work" clone -q "$p" "$work/clone"
expect 0 "$relevo" build -C "$work/clone" -o "$work/cloned"
cmp -s "$work/store/one-$version.tar.gz" "$work/cloned/one-$version.tar.gz" || fail "the same commit gave other bytes"
echo 'more' >"$p/lib/one/priv/data"
build
contains "$out" "one $version-dirty"
contains "$(provenance "$version-dirty")" '"dirty":true'
# A folder that git ignores is no part of the repository.
printf 'seen\nrelevo.yaml\nlib\n' >"$p/.gitignore"
mkdir "$p/made"
echo made >>"$p/.gitignore"
cp -r "$p/lib" "$p/made/"
printf '%s\n' "release: one" "libs: [lib]" 'applications: {one: permanent}' >"$p/made/relevo.yaml"
expect 0 "$relevo" build -C "$p/made" -o "$work/store" --overwrite
[ -z "$(provenance 1.0.0)" ] || fail "an ignored folder has a provenance: $(provenance 1.0.0)"
ok

# ---- the newest of several versions that lie beside each other ----

mkdir -p "$work/otps/one-1.9.0" "$work/otps/one-1.10.0"
for version in 1.9.0 1.10.0; do
  cp -r "$p/lib/one/ebin" "$work/otps/one-$version/"
  sed -i "s/{vsn, \"1.0.0\"}/{vsn, \"$version\"}/" "$work/otps/one-$version/ebin/one.app"
done
printf '%s\n' "release: one" "libs: ['$work/otps']" 'applications: {one: permanent}' >"$p/relevo.yaml"
build
contains "$out" "one 1.10.0"
ok

# ---- a release that cannot take its place leaves what was there ----

fixed=$work/store/one-1.10.0
echo mine >"$fixed/mark"
rm "$fixed.tar.gz"
mkdir -p "$fixed.tar.gz/in the way"
expect 1 "$relevo" build -C "$p" -o "$work/store" --overwrite
contains "$said" "what was there is unchanged"
[ "$(cat "$fixed/mark")" = mine ] || fail "the old tree is gone"
[ -z "$(find "$work/store" -maxdepth 1 -name '.build*')" ] || fail "a failed build left something behind"
rm -r "$fixed.tar.gz"
build
[ ! -e "$fixed/mark" ] || fail "the new tree did not take its place"
[ -f "$fixed.tar.gz" ] || fail "the new tarball did not take its place"
ok

# ---- what it says in the end ----

store=$work/said.d
mkdir "$store"
version () {
  rm -rf "$work/apps"
  mkdir -p "$work/apps/one-$1"
  cp -r "$p/lib/one/ebin" "$work/apps/one-$1/"
  sed -i "s/{vsn, \"1.0.0\"}/{vsn, \"$1\"}/" "$work/apps/one-$1/ebin/one.app"
  printf '%s\n' "release: one" "libs: ['$work/apps']" 'erts: none' 'applications: {one: permanent}' "$2" >"$p/relevo.yaml"
}
# says LINE...: the last lines of the output, each beginning with what is wanted.
says () {
  tail -n $# "$work/out" >"$work/last"
  for want; do
    read -r line
    case $line in
      "$want"*) ;;
      *) fail "not \"$want\" but \"$line\" in: $out" ;;
    esac
  done <"$work/last"
}
version 1.0.0 'upgrade: {from: [previous]}'
expect 0 "$relevo" build -C "$p" -o "$store"
says "one 1.0.0  $store/one-1.0.0.tar.gz (" '' 'To start it, here or wherever the tarball is unpacked:' \
  "$store/one-1.0.0/bin/one start" 'For the next version to go over it while it runs:' 'relevo build --from 1.0.0'
# There is none before it.
contains "$said" "previous: no one older than 1.0.0 in $store, so there is no way from it"
version 1.0.1 'upgrade: {from: [previous]}'
expect 0 "$relevo" build -C "$p" -o "$store"
says "one 1.0.1  $store/one-1.0.1.tar.gz (" 'from 1.0.0: hot' '' 'To start it' "$store/one-1.0.1/bin/one start" \
  'To upgrade a node that runs 1.0.0:' "relevo node install NODE $store/one-1.0.1.tar.gz"
[ -z "$said" ] || fail "it says $said"
# The newest one that is older, not the newest there is.
version 1.0.3 ''
expect 0 "$relevo" build -q -C "$p" -o "$store"
says "one 1.0.3  $store/one-1.0.3.tar.gz ("
[ "$(wc -l <"$work/out")" = 1 ] || fail "-q says more: $out"
version 1.0.2 'upgrade: {from: [previous]}'
sed -i 's/{registered, \[\]}/{registered, []}, {runtime_dependencies, []}, {env, [{a, 1}]}/' "$work/apps/one-1.0.2/ebin/one.app"
expect 0 "$relevo" build -C "$p" -o "$store"
contains "$out" 'from 1.0.1: '
# Not hot: the reason, and where there is more.
cat >"$work/apps/one-1.0.2/ebin/one.appup" <<'APP'
{"1.0.2", [{"1.0.1", [restart_new_emulator]}], [{"1.0.1", []}]}.
APP
expect 0 "$relevo" build -C "$p" -o "$store" --overwrite
says 'from 1.0.1: restart' '' "all of it: relevo plan $store/one-1.0.1.tar.gz $store/one-1.0.2.tar.gz" '' 'To start it' \
  "$store/one-1.0.2/bin/one start" 'To upgrade a node that runs 1.0.1, by a restart:' \
  "relevo node install NODE $store/one-1.0.2.tar.gz --restart"
expect 0 "$relevo" build --dev -C "$p" -o "$store"
says "one 1.0.2  $store/dev/one (links" '' 'To start it:' "$store/dev/one/bin/one start"
ok

echo "ok: $checks groups of checks"
