#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# shellcheck disable=SC2016 # filters of jq
# What a release is made of, and from what it was built: the documents say what the release, the lock file and
# git say; openssl alone checks who signed.  make schemas holds them against their published schemas.
set -eu
cd "$(dirname "$0")/../.."
. tests/tools/live.sh

jq_is () { [ "$(jq -r "$1" "$2")" = "$3" ] || fail "$1 is not $3: $(cat "$2")"; }

root=$PWD
examples/otp/checkout 1.1.0 "$work/project"
cd "$work/project"
export HOME="$work"
sed -i 's/{description,/{licenses, ["MIT", "As we like"]}, &/' apps/tally_tcp/src/tally_tcp.app.src
git init -q -b main .
git add -A
git -c user.name=n -c user.email=e -c commit.gpgsign=false commit -qm one
git tag v1.1.0
make -s
expect 0 "$relevo" build -q --out "$work/store"
tarball=$work/store/tally-1.1.0.tar.gz

# As Mix writes it; the applications are those of the example.
inner=$(printf i | sha256sum | cut -d' ' -f1)
outer=$(printf o | sha256sum | cut -d' ' -f1)
cat >mix.lock <<END
%{
  "tally": {:hex, :tally_package, "1.1.0", "$inner", [:rebar3], [{:other, "~> 1.0", [hex: :other, repo: "hexpm", optional: false]}], "hexpm", "$outer"},
  "tally_tcp": {:git, "https://me:geheim@git.example.com/tally_tcp.git", "0123456789012345678901234567890123456789", [branch: "main"]},
}
END
mkdir -p deps/tally
printf '{<<"licenses">>,[<<"Apache-2.0">>,<<"MIT">>]}.\n{<<"description">>,<<"counts">>}.\n' >deps/tally/hex_metadata.config
expect 0 "$relevo" sbom "$tarball"
cp "$work/out" sbom.json
jq_is .bomFormat sbom.json CycloneDX
jq_is .metadata.component.version sbom.json 1.1.0
jq_is '.components[] | select(.name == "tally").purl' sbom.json pkg:hex/tally_package@1.1.0
jq_is '.components[] | select(.name == "tally").hashes[0].content' sbom.json "$outer"
jq_is '.components[] | select(.name == "tally").licenses | map(.license.id) | join(" ")' sbom.json "Apache-2.0 MIT"
jq_is '.components[] | select(.name == "tally_tcp").licenses | map(.license.id // .license.name) | join(", ")' sbom.json "MIT, As we like"
jq_is '.components[] | select(.name == "tally_tcp").externalReferences[0].url' sbom.json https://git.example.com/tally_tcp.git
jq_is '.components | map(select(.name == "erts")) | length' sbom.json 1
jq_is '[.components[].name] | index("kernel") != null' sbom.json true
jq_is '.dependencies[] | select(.ref == "application:tally_tcp").dependsOn | index("application:tally") != null' sbom.json true
# Every reference is of something that is there, and nothing is there twice.
jq_is '([.components[]["bom-ref"]] + ["release"]) as $all | [.dependencies[] | .ref, .dependsOn[]] - $all | length' sbom.json 0
jq_is '[.components[]["bom-ref"]] | length == (unique | length)' sbom.json true
expect 0 "$relevo" sbom "$tarball"
cmp "$work/out" sbom.json || fail "the same release gives another document"
ok

# As rebar3 writes it.
mv mix.lock "$work/"
printf '{"1.2.0",[{<<"tally">>,{pkg,<<"tally_package">>,<<"1.1.0+b">>},0},{<<"tally_tcp">>,{git,"git@git.example.com:team/x.git",{ref,"0123456789012345678901234567890123456789"}},0}]}.\n[{pkg_hash,[{<<"tally">>,<<"AA">>}]},{pkg_hash_ext,[{<<"tally">>,<<"%s">>}]}].\n' \
  "$(echo "$outer" | tr a-f A-F)" >rebar.lock
expect 0 "$relevo" sbom "$tarball"
jq_is '.components[] | select(.name == "tally") | .purl + " " + .hashes[0].content' "$work/out" "pkg:hex/tally_package@1.1.0%2Bb $outer"
jq_is '.components[] | select(.name == "tally_tcp").externalReferences[0].url' "$work/out" ssh://git@git.example.com/team/x.git
[ -z "${SCHEMAS:-}" ] || cp "$work/out" by_rebar.json
echo '{' >rebar.lock
expect 2 "$relevo" sbom "$tarball"
rm rebar.lock
expect 0 "$relevo" sbom "$tarball"
jq_is '[.components[] | select(.purl)] | length' "$work/out" 0
cp "$work/mix.lock" .
ok

# From what it was built.
"$relevo" keygen key --no-passphrase >/dev/null
expect 2 "$relevo" provenance "$tarball"
expect 0 "$relevo" provenance "$tarball" --key key --source https://git.example.com/tally --builder https://ci.example.com/runs/7
cp "$work/out" envelope.json
jq -r .payload envelope.json | base64 -d >statement.json
jq_is .payloadType envelope.json application/vnd.in-toto+json
jq_is '.subject[0].digest.sha256' statement.json "$(sha256sum <"$tarball" | cut -d' ' -f1)"
jq_is .predicateType statement.json https://slsa.dev/provenance/v1
jq_is '.predicate.buildDefinition.resolvedDependencies[0].digest.gitCommit' statement.json "$(git rev-parse HEAD)"
jq_is '.predicate.buildDefinition.resolvedDependencies[0].uri' statement.json git+https://git.example.com/tally
jq_is '.predicate.buildDefinition.resolvedDependencies[1] | .uri + " " + .digest.sha256' statement.json "pkg:hex/tally_package@1.1.0 $outer"
jq_is '.predicate.buildDefinition.resolvedDependencies[2] | .name + " " + .uri' statement.json "tally_tcp git+https://git.example.com/tally_tcp.git"
jq_is '.predicate.runDetails.builder.id' statement.json https://ci.example.com/runs/7
jq_is '.predicate.buildDefinition.internalParameters.dirty' statement.json false
# Where it was cloned from, when nobody says; without a secret.
git remote add origin https://me:geheim@git.example.com/team/tally.git
expect 0 "$relevo" provenance "$tarball" --key key
case $(jq -r .payload "$work/out" | base64 -d) in
  *geheim*) fail "a secret is said" ;;
  *'"uri":"git+https://git.example.com/team/tally.git"'*) ;;
  *) fail "no origin: $(jq -r .payload "$work/out" | base64 -d)" ;;
esac
printf 'DSSEv1 28 application/vnd.in-toto+json %s ' "$(stat -c %s statement.json)" | cat - statement.json >covered
jq -r '.signatures[0].sig' envelope.json | base64 -d >sig
expect 0 openssl pkeyutl -verify -rawin -pubin -inkey key.pub -in covered -sigfile sig
echo >>covered
expect 1 openssl pkeyutl -verify -rawin -pubin -inkey key.pub -in covered -sigfile sig
ok

# Only from a commit, where that is asked for; a file that git does not know is no matter.
expect 0 "$relevo" build -q --clean --out "$work/store2"
echo '%% more' >>apps/tally/src/tally.erl
expect 4 "$relevo" build -q --clean --out "$work/store3"
contains "$said" "differ from the commit"
[ ! -e "$work/store3" ] || fail "something was built"
rm -rf .git
expect 4 "$relevo" build -q --clean --out "$work/store3"
ok

if [ -n "${SCHEMAS:-}" ]; then
  "$root/tests/tools/schemas" sbom.json envelope.json
  "$root/tests/tools/schemas" by_rebar.json envelope.json
fi
echo "ok: $checks groups of checks"
