#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# What a plan costs, beside OTP: Debian's ejabberd with three changed applications, the example, long chains of
# modules that depend on each other, the search for what changed, and what more changes add to it.
# Medians of BENCH_RUNS=5, with the largest peak of memory; OTP is measured with the start of its VM
# and without.  CPU is the time on all cores, which other work on the machine changes little.
set -eu
cd "$(dirname "$0")/../.."
relevo=$PWD/${RELEVO:-build/relevo}
measure=$PWD/${MEASURE:-build/release/tests/bench/measure}
runs=${BENCH_RUNS:-5}
work=$(mktemp -d "${TMPDIR:-/tmp}/relevo-bench.XXXXXX")
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT TERM HUP

# took NAME COMMAND...: milliseconds of each run into $work/times/NAME, those of all cores into
# $work/times/NAME.cpu, kilobytes into $work/peaks/NAME.
took () {
  name=$1
  shift
  "$measure" "$@" >"$work/took" 2>"$work/said" || { cat "$work/said" >&2; exit 1; }
  cut -d ' ' -f 1 "$work/took" >>"$work/times/$name"
  cut -d ' ' -f 2 "$work/took" >>"$work/peaks/$name"
  cut -d ' ' -f 3 "$work/took" >>"$work/times/$name.cpu"
}
# inside NAME COMMAND...: the same of what the command prints.
inside () {
  name=$1
  shift
  "$@" >"$work/took" 2>"$work/said" || { cat "$work/took" "$work/said" >&2; exit 1; }
  tail -n 1 "$work/took" >>"$work/times/$name"
}
median () { sort -n "$work/times/$1" | awk '{ all[NR] = $1 } END { print all[int((NR + 1) / 2)] }'; }
# row NAME WHAT [BESIDE]: with the ratio to another one.
row () {
  awk -v what="$2" -v ms="$(median "$1")" -v other="$([ $# -lt 3 ] || median "$3")" 'BEGIN {
    printf "  %-52s %9.1f ms%s\n", what, ms, (other == "" ? "" : sprintf("  %7.1f x", ms / other)) }'
}
peak () { sort -n "$work/peaks/$1" | awk 'END { printf "%.1f MB", $1 / 1024 }'; }

# ---- ejabberd ----

root=$(tests/tools/ejabberd)
mkdir "$work/times" "$work/peaks" "$work/libs" "$work/store"
cp -Rp "$root"/usr/lib/*-linux-gnu*/. "$work/libs"
cat >"$work/relevo.yaml" <<YAML
release: ejabberd
applications: {ejabberd: permanent, compiler: permanent, inets: permanent, mnesia: permanent,
  os_mon: permanent, cache_tab: permanent, eimp: permanent, fast_tls: permanent, fast_xml: permanent,
  fast_yaml: permanent, p1_acme: permanent, p1_utils: permanent, pkix: permanent,
  stringprep: permanent, yconf: permanent, xmpp: permanent}
libs: ["$root/usr/lib/erlang/lib", "$work/libs"]
links_to: ["$root/usr/share"]
YAML
# Other bytes for modules: text that no code refers to.
cat >"$work/touch.escript" <<'ERL'
#!/usr/bin/env escript
main(Files) ->
    [begin
         {ok, _, Chunks} = beam_lib:all_chunks(File),
         Text = proplists:get_value("StrT", Chunks, <<>>),
         {ok, Beam} = beam_lib:build_module(lists:keystore("StrT", 1, Chunks, {"StrT", <<Text/binary, "other">>})),
         ok = file:write_file(File, Beam)
     end || File <- Files].
ERL
"$relevo" build -q -C "$work" --out "$work/store" >/dev/null
old=$(echo "$work"/store/ejabberd-*/)
old=${old%/}
mkdir "$work/more"
for app in p1_xmpp p1_utils; do
  cp -Rp "$root/usr/lib/erlang/lib/$app"-* "$work/more"
  sed -i 's/{vsn, *"\([^"]*\)"}/{vsn,"\1.1"}/' "$work/more/$app"-*/ebin/*.app
done
sed -i 's/{vsn, *"\([^"]*\)"}/{vsn,"\1.1"}/' "$work"/libs/ejabberd-*/ebin/ejabberd.app
sed -i "s|^libs: .*|libs: [\"$work/more\", \"$root/usr/lib/erlang/lib\", \"$work/libs\"]|" "$work/relevo.yaml"
escript "$work/touch.escript" "$work"/libs/ejabberd-*/ebin/mod_roster.beam \
  "$work"/libs/ejabberd-*/ebin/ejabberd_c2s.beam "$work"/libs/ejabberd-*/ebin/mod_ping.beam \
  "$work"/more/p1_xmpp-*/ebin/xmpp_util.beam "$work"/more/p1_utils-*/ebin/p1_server.beam
"$relevo" build -q -C "$work" --out "$work/store" >/dev/null
new=$(find "$work/store" -mindepth 1 -maxdepth 1 -type d ! -path "$old")

# OTP makes the same relup: of the generated appups, put beside the .app files of a copy.
"$relevo" plan "$old" "$new" --out "$work/plan" >"$work/verdict"
cp -R "$new" "$work/with"
for appup in "$work"/plan/*.appup; do
  app=$(basename "$appup" .appup)
  cp "$appup" "$(dirname "$(find "$work/with/lib" -name "$app.app")")"
done
cat >"$work/relup.escript" <<'ERL'
#!/usr/bin/env escript
%% relup.escript OLD.rel NEW.rel GLOB...: milliseconds of make_relup alone.
main([Old, New | Globs]) ->
    Path = lists:append([filelib:wildcard(G) || G <- Globs]),
    Name = fun(File) -> filename:rootname(File) end,
    {Micro, {ok, _, _, _}} = timer:tc(fun() ->
        systools:make_relup(Name(New), [Name(Old)], [Name(Old)], [{path, Path}, noexec, silent, {outdir, "/tmp"}])
    end),
    io:format("~.1f~n", [Micro / 1000]).
ERL
# What changed, as OTP's tools can tell it: every folder of modules against its like.
cat >"$work/cmp.escript" <<'ERL'
#!/usr/bin/env escript
main([Old, New]) ->
    {Micro, _} = timer:tc(fun() ->
        [begin
             App = hd(string:split(filename:basename(Dir), "-", trailing)),
             [Other | _] = filelib:wildcard(New ++ "/lib/" ++ App ++ "-*"),
             beam_lib:cmp_dirs(Dir ++ "/ebin", Other ++ "/ebin")
         end || Dir <- filelib:wildcard(Old ++ "/lib/*")]
    end),
    io:format("~.1f~n", [Micro / 1000]).
ERL

# As other tools make releases: all files are read.
mkdir "$work/foreign"
cp -R "$old" "$new" "$work/foreign"
rm "$work"/foreign/*/releases/*/relevo.manifest.json

rel () { echo "$1"/releases/*/ejabberd.rel; }
for _ in $(seq "$runs"); do
  took start "$relevo" --version
  took plan "$relevo" plan "$old" "$new"
  took plan.foreign "$relevo" plan "$work/foreign/$(basename "$old")" "$work/foreign/$(basename "$new")"
  took plan.tarballs "$relevo" plan "$old.tar.gz" "$new.tar.gz"
  took appup "$relevo" appup "$old" "$new"
  took relup "$relevo" relup "$(rel "$work/with")" --from "$(rel "$old")" --lib "$old/lib" --lib "$work/with/lib" --out "$work"
  took systools.whole escript "$work/relup.escript" "$(rel "$old")" "$(rel "$work/with")" "$old/lib/*/ebin" "$work/with/lib/*/ebin"
  inside systools escript "$work/relup.escript" "$(rel "$old")" "$(rel "$work/with")" "$old/lib/*/ebin" "$work/with/lib/*/ebin"
  took cmp.whole escript "$work/cmp.escript" "$old" "$new"
  inside cmp escript "$work/cmp.escript" "$old" "$new"
done
modules=$(find "$old/lib" -name '*.beam' | wc -l)
echo "ejabberd, $(find "$old/lib" -mindepth 1 -maxdepth 1 | wc -l) applications, $modules modules, of which 5 changed in 3 applications; medians of $runs"
sed -n 's/^verdict/  verdict/p' "$work/verdict"
row start 'relevo --version'
row plan "relevo plan (all of it), $(peak plan)"
row plan.foreign "relevo plan without manifests, $(peak plan.foreign)"
row plan.tarballs "relevo plan of two tarballs, $(peak plan.tarballs)"
awk -v cmp="$(median cmp)" -v relup="$(median systools)" -v whole="$(median systools.whole)" -v plan="$(median plan)" 'BEGIN {
  printf "  %-52s %9.1f ms  %7.1f x\n", "OTP: cmp_dirs and make_relup, one start of erl", cmp + whole, (cmp + whole) / plan
  printf "  %-52s %9.1f ms  %7.1f x\n", "OTP: the same, without the start", cmp + relup, (cmp + relup) / plan }'
row relup 'relevo relup alone'
row systools.whole 'systools:make_relup, with the start of erl' relup
row systools 'systools:make_relup, without' relup
row appup 'relevo appup'
row cmp.whole 'beam_lib:cmp_dirs, with the start of erl' appup
row cmp 'beam_lib:cmp_dirs, without' appup
awk -v ms="$(median appup)" -v n="$modules" 'BEGIN { printf "  relevo appup: %.0f modules a second, of both releases\n", 2 * n / ms * 1000 }'

# ---- the example ----

tests/tools/example shop "$work/shop" 1.0.0 1.1.0 >/dev/null
old_shop=$work/shop/shop-1.0.0 new_shop=$work/shop/shop-1.1.0
shop_rel () { echo "$1"/releases/*/shop.rel; }
for _ in $(seq "$runs"); do
  took shop "$relevo" plan "$old_shop" "$new_shop"
  took shop.systools escript "$work/relup.escript" "$(shop_rel "$old_shop")" "$(shop_rel "$new_shop")" \
    "$old_shop/lib/*/ebin" "$new_shop/lib/*/ebin"
  inside shop.cmp escript "$work/cmp.escript" "$old_shop" "$new_shop"
done
echo "the example, shop 1.0.0 to 1.1.0"
row shop "relevo plan (all of it), $(peak shop)"
awk -v cmp="$(median shop.cmp)" -v whole="$(median shop.systools)" -v plan="$(median shop)" 'BEGIN {
  printf "  %-52s %9.1f ms  %7.1f x\n", "OTP: cmp_dirs and make_relup, one start of erl", cmp + whole, (cmp + whole) / plan }'

# ---- more changes ----

echo "the same two releases, with more modules of ejabberd changed"
before=0
for n in 1 40 80 120 160; do
  find "$new"/lib/ejabberd-*/ebin -name '*.beam' | sort | head -n "$n" >"$work/changed"
  tail -n +"$((before + 1))" "$work/changed" | xargs escript "$work/touch.escript"
  bytes=$(xargs cat <"$work/changed" | wc -c)
  [ $before -gt 0 ] || first=$bytes
  for _ in $(seq "$runs"); do took "changed.$n" "$relevo" plan "$old" "$new"; done
  row "changed.$n" "$n modules, $((bytes / 1024)) KB, $(peak "changed.$n"), $(median "changed.$n.cpu") ms CPU"
  [ $before = 0 ] ||
    awk -v more="$(median "changed.$n.cpu")" -v one="$(median changed.1.cpu)" -v kb="$(((bytes - first) / 1024))" \
      'BEGIN { printf "  %-52s %9.1f ms\n", "  more for each 100 KB, CPU", (more - one) / kb * 100 }'
  before=$n
done

# ---- chains ----

# chain N: two releases of one application of N modules, each of which depends on the next.
chain () {
  dir=$work/chain-$1
  for app in kernel-1 stdlib-1 sasl-3; do
    mkdir -p "$dir/lib/$app/ebin"
    echo "{application,${app%-*},[{vsn,\"${app#*-}\"},{description,\"\"},{modules,[]},{registered,[]},{applications,[]}]}." \
      >"$dir/lib/$app/ebin/${app%-*}.app"
  done
  for vsn in 1 2; do
    mkdir -p "$dir/lib/a-$vsn/ebin"
    awk -v n="$1" -v vsn="$vsn" 'BEGIN {
      printf "{application,a,[{vsn,\"%s\"},{description,\"\"},{registered,[]},{applications,[]},{modules,[m1", vsn
      for (i = 2; i <= n; i++) printf ",m%d", i
      print "]}]}." }' >"$dir/lib/a-$vsn/ebin/a.app"
    echo "{release,{\"a\",\"$vsn\"},{erts,\"1\"},[{kernel,\"1\"},{stdlib,\"1\"},{sasl,\"3\"},{a,\"$vsn\"}]}." >"$dir/$vsn.rel"
  done
  awk -v n="$1" 'BEGIN {
    script = "[{\"1\",[{load_module,m" n "}"
    for (i = n - 1; i > 0; i--) script = script ",{load_module,m" i ",[m" i + 1 "]}"
    script = script "]}]"
    print "{\"2\"," script "," script "}." }' >"$dir/lib/a-2/ebin/a.appup"
}
echo "a chain of modules in one appup"
for n in 100 1000 10000; do
  chain "$n"
  for _ in $(seq "$runs"); do
    took "chain.$n" "$relevo" relup "$dir/2.rel" --from "$dir/1.rel" --lib "$dir/lib" --out "$work"
  done
  row "chain.$n" "relevo relup, $n modules, $(median "chain.$n.cpu") ms CPU"
done
# Cubic: a thousand modules take half a minute, ten thousand half a day.
for n in 100 200; do
  [ -d "$work/chain-$n" ] || chain "$n"
  inside "otp.$n" escript "$work/relup.escript" "$work/chain-$n/1.rel" "$work/chain-$n/2.rel" "$work/chain-$n/lib/*/ebin"
  row "otp.$n" "systools:make_relup without the start, $n modules"
done
