#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# What erl_tar and GNU tar unpack from a tarball of relevo is the tree it was made from, and
# relevo reads what GNU tar and erl_tar pack.
set -eu
cd "$(dirname "$0")/../.."
. tests/tools/live.sh

tests/tools/shop "$work/first" 1.0.0 >/dev/null
project=$work/project
cp -R build/shop/1.0.0 "$project"

# Names and sizes that a tarball has special ways for.
ten=0123456789
hundred=$ten$ten$ten$ten$ten$ten$ten$ten$ten$ten
extra=$project/extra/priv
mkdir -p "$extra/$hundred$hundred/$hundred/$hundred"
for length in 80 81 82 83 84 85 86 87 88 89 90 91 92 93 94 95 96 97 98 99; do
  echo "$length" >"$extra/$(echo "$hundred" | cut -c "1-$length")"
done
echo long >"$extra/$hundred$hundred/$hundred/$hundred/file"
echo 'with spaces' >"$extra/wäre schön, 名前 .txt"
: >"$extra/empty"
head -c 512 /dev/zero >"$extra/one block"
head -c 2000000 /dev/urandom >"$extra/random"
head -c 3000000 /dev/zero >"$extra/zeros"
echo '#!/bin/sh' >"$extra/program"
chmod 755 "$extra/program"
echo 'overlays: [extra]' >>"$project/relevo.yaml"

"$relevo" build -q -C "$project" --out "$work/store" >/dev/null
tree=$work/store/shop-1.0.0
tarball=$tree.tar.gz

# listing DIR: type, mode, size and digest of every file.
listing () {
  (cd "$1" && find . -type f ! -path ./releases/COOKIE -printf '%m %s ' -exec sha256sum {} \; | sort -k 4)
}

listing "$tree" >"$work/tree"
gzip -t "$tarball" || fail 'gzip finds it damaged'
mkdir "$work/gnu" "$work/erl"
tar -xzpf "$tarball" -C "$work/gnu" 2>"$work/said" || fail "GNU tar: $(cat "$work/said")"
[ ! -s "$work/said" ] || fail "GNU tar says: $(cat "$work/said")"
listing "$work/gnu" >"$work/by-gnu"
diff "$work/tree" "$work/by-gnu" || fail 'GNU tar unpacks something else'
ok

cat >"$work/tar.escript" <<'ERL'
#!/usr/bin/env escript
%% -*- coding: utf-8 -*-
main(["extract", Tarball, Dir]) ->
    ok = erl_tar:extract(Tarball, [compressed, {cwd, Dir}]);
main(["create", Tarball, Dir]) ->
    ok = file:set_cwd(Dir),
    {ok, Names} = file:list_dir("."),
    ok = erl_tar:create(Tarball, Names, [compressed]).
ERL
export LC_ALL=C.UTF-8
escript "$work/tar.escript" extract "$tarball" "$work/erl" || fail 'erl_tar cannot unpack it'
listing "$work/erl" >"$work/by-erl"
diff "$work/tree" "$work/by-erl" || fail 'erl_tar unpacks something else'
ok

# The other way round: the same files, whoever packed them, whatever the locale.
escript "$work/tar.escript" create "$work/erl.tar.gz" "$work/gnu"
for format in gnu pax ustar; do
  [ $format = ustar ] && rm -r "$work/gnu/priv"
  tar -C "$work/gnu" --format $format -czf "$work/$format.tar.gz" .
done
for by in erl gnu pax ustar; do
  for locale in C C.UTF-8; do
    LC_ALL=$locale "$relevo" diff "$tarball" "$work/$by.tar.gz" >"$work/out" 2>&1 ||
      fail "packed by $by, read in $locale: $(cat "$work/out")"
    contains "$(cat "$work/out")" 'applications are the same'
    ok
  done
done
echo "ok: $(wc -l <"$work/tree") files unpacked alike by GNU tar and erl_tar, $checks checks"
