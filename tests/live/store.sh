#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Parts: folder web registry login faults liar
# Releases pushed and pulled, byte for byte, and what is shared sent once: a folder, a web server (lighttpd),
# Docker's registry without and with passwords, tokens and TLS; cut connections, servers that die, content
# that is not what it should be, a registry that lies.
set -eu
cd "$(dirname "$0")/../.."
. tests/tools/live.sh

tests/tools/tally "$work/store" >/dev/null
one=$work/store/tally-1.0.0.tar.gz two=$work/store/tally-1.1.0.tar.gz
export HOME="$work/home" XDG_CACHE_HOME="$work/cache" DOCKER_CONFIG="$work/docker"
export RELEASE_COOKIE=c
unset REGISTRY_AUTH_FILE XDG_RUNTIME_DIR http_proxy https_proxy all_proxy HTTPS_PROXY SSL_CERT_FILE
mkdir -p "$HOME" "$DOCKER_CONFIG"
root=$PWD tools=$PWD/tests/tools
cd "$work"

# jq_is FILTER VALUE: of the document that was printed last.
jq_is () { [ "$(jq -r "$1" out)" = "$2" ] || fail "$1 is not $2: $(cat out)"; }
# A machine that never saw these releases.
elsewhere () { rm -rf cache pulled; }
# leftovers FOLDER: what a pull that failed has left there.
leftovers () { find "$1" -name '.pull.*' 2>/dev/null; }

# round STORE: what holds of every store.
round () {
  expect 0 "$relevo" push "$one" --store "$1" --json
  jq_is '.sent == .parts and .was_there == false' true
  expect 0 "$relevo" push "$one" --store "$1" --json
  jq_is .was_there true
  expect 0 "$relevo" push "$two" --store "$1" --tag stable --json
  jq_is '.sent_bytes * 100 < .size * 3 and .sent > 0' true
  digest=$(jq -r .digest out)
  expect 0 "$relevo" list tally --store "$1" --json
  jq_is 'map(.version) | join(" ")' "1.1.0 1.0.0"
  jq_is '.[0].tags | join(" ")' stable
  elsewhere
  expect 0 "$relevo" pull tally@1.0.0 --store "$1" --out pulled
  cmp pulled/tally-1.0.0.tar.gz "$one" || fail "1.0.0 came as something else"
  # Of the next one only what changed comes.
  expect 0 "$relevo" pull tally@stable --store "$1" --out pulled --json
  jq_is '.came_bytes * 100 < .size * 3 and .came > 0' true
  cmp pulled/tally-1.1.0.tar.gz "$two" || fail "1.1.0 came as something else"
  expect 0 "$relevo" pull "tally@$digest" --store "$1" --out pulled --json
  jq_is .was_there true
  # Another release of that version.
  expect 4 "$relevo" push "$work/other.tar.gz" --store "$1"
  contains "$said" "there already"
  expect 0 "$relevo" push "$work/other.tar.gz" --store "$1" --overwrite
  expect 4 "$relevo" pull tally@1.0.0 --store "$1" --out pulled
  contains "$said" "another one"
  expect 0 "$relevo" pull tally@1.0.0 --store "$1" --out pulled --overwrite
  cmp pulled/tally-1.0.0.tar.gz "$work/other.tar.gz" || fail "the other 1.0.0 came as something else"
  expect 3 "$relevo" pull tally@9.9.9 --store "$1" --out pulled
  expect 3 "$relevo" pull nobody@1.0.0 --store "$1" --out pulled
  [ -z "$(leftovers pulled)" ] || fail "left behind: $(leftovers pulled)"
}
"$relevo" keygen key --no-passphrase >/dev/null
cp "$one" other.tar.gz
"$relevo" sign other.tar.gz --key key >/dev/null

# start NAME COMMAND...: beside us; its process id is in $pid.
start () {
  name=$1
  shift
  "$@" >"$name.log" 2>&1 &
  pid=$!
  pids="$pids $pid"
}
listens () { curl -sk -o "$work/curled" "$1"; }

# ---- a folder ----

if in_part folder; then
  round "$work/shared"
  # Other tools read it, and two who push at once do not harm each other.
  expect 0 jq -e '.manifests | length == 3' shared/index.json
  for i in 1 2 3 4; do
    "$relevo" push "$one" --store race --tag "a$i" >"race.$i" 2>&1 &
    eval "racer$i=$!"
  done
  for i in 1 2 3 4; do eval "wait \$racer$i" || fail "pushed at once: $(cat "race.$i")"; done
  expect 0 "$relevo" list --store race --json
  jq_is '.[0].tags | length' 4
  ok

  # Blobs that only old versions had go; what has a tag of its own stays.
  blobs () { find shared/blobs -type f | wc -l; }
  before=$(blobs)
  expect 0 "$relevo" prune tally --keep 1 --store shared --dry-run --json
  jq_is '.[0].version' 1.0.0
  [ "$(blobs)" = "$before" ] || fail "a dry run removed blobs"
  expect 0 "$relevo" prune tally --keep 1 --store shared
  [ "$(blobs)" -lt "$before" ] || fail "no blob was removed"
  expect 3 "$relevo" pull tally@1.0.0 --store shared --out pulled
  elsewhere
  expect 0 "$relevo" pull tally@1.1.0 --store shared --out pulled
  expect 2 "$relevo" prune tally --store shared
  ok

  # Killed at any moment: nothing there, or all of it.
  for ms in 05 10 20 40 80 160; do
    rm -rf killed
    timeout -s KILL "0.0$ms" "$relevo" push "$one" --store killed >/dev/null 2>&1 || true
    elsewhere
    "$relevo" pull tally@1.0.0 --store killed --out pulled >/dev/null 2>&1 && cmp -s pulled/tally-1.0.0.tar.gz "$one" ||
      [ ! -e pulled/tally-1.0.0.tar.gz ] || fail "half of a release"
    expect 0 "$relevo" push "$one" --store killed
    expect 0 "$relevo" pull tally@1.0.0 --store killed --out pulled
  done
  ok

  # In a project the configured store is looked into, and what it has is verified.
  mkdir project
  printf '%s\n' 'release: tally' 'version: "1.2.0"' 'applications: {tally: permanent}' "store: file://$work/race" >project/relevo.yaml
  expect 0 "$relevo" push "$two" --store race
  cd project
  expect 0 "$relevo" plan tally@1.0.0 "$two"
  expect 0 "$relevo" plan 1.0.0 1.1.0
  cmp releases/tally-1.1.0.tar.gz "$two" || fail "what was pulled for the plan is something else"
  expect 3 "$relevo" plan 1.0.0 1.3.0
  expect 3 "$relevo" node install nobody@127.0.0.1 1.1.0 --port 1
  cp ../key.pub .
  echo 'trust: {keys: [key.pub]}' >>relevo.yaml
  rm -r releases
  expect 4 "$relevo" node install nobody@127.0.0.1 1.1.0 --port 1
  contains "$said" "is not signed"
  [ ! -e releases/tally-1.1.0.tar.gz ] || fail "what nobody vouches for was kept"
  expect 4 "$relevo" push "$two"
  expect 4 "$relevo" pull tally@1.0.0
  cd ..
  ok
fi

# ---- a web server ----

if in_part web; then
  mkdir web
  printf 'maker:geheim\n' >users
  # web PORT USERS: with a password where there are users.
  web () {
    cat >"web$1.conf" <<END
server.document-root = "$work/web"
server.bind = "127.0.0.1"
server.port = $1
server.modules = ("mod_auth", "mod_authn_file", "mod_webdav")
webdav.activate = "enable"
server.network-backend = "writev"
END
    [ -z "${2:-}" ] || cat >>"web$1.conf" <<END
auth.backend = "plain"
auth.backend.plain.userfile = "$work/$2"
auth.require = ("/" => ("method" => "basic", "realm" => "r", "require" => "valid-user"))
END
    start "web$1" /usr/sbin/lighttpd -D -f "web$1.conf"
    wait_for 20 listens "http://127.0.0.1:$1/" || fail "no web server: $(cat "web$1.log")"
  }
  web "$port"
  round "http://127.0.0.1:$port"
  expect 0 "$relevo" prune tally --keep 1 --store "http://127.0.0.1:$port"
  expect 3 "$relevo" pull tally@1.0.0 --store "http://127.0.0.1:$port" --out pulled
  elsewhere
  expect 0 "$relevo" pull tally@1.1.0 --store "http://127.0.0.1:$port" --out pulled
  ok

  # A proxy is asked where there is one.
  http_proxy="http://127.0.0.1:$((port + 9))" expect 3 "$relevo" list tally --store http://store.invalid
  expect 2 "$relevo" list tally --store "http://maker:geheim@127.0.0.1:$port"
  case $said in *geheim*) fail "a password is said: $said" ;; esac
  web $((port + 1)) users
  expect 4 "$relevo" list tally --store "http://127.0.0.1:$((port + 1))"
  echo "machine 127.0.0.1 login maker password geheim" >home/.netrc
  expect 0 "$relevo" list tally --store "http://127.0.0.1:$((port + 1))"
  ok

  # A connection that breaks off in the middle of a blob: the rest is asked for.
  elsewhere
  start cut "$tools/middleman" $((port + 2)) "$port" down 1000000 cut
  wait_for 20 grep -q ready cut.log || fail "no middleman: $(cat cut.log)"
  expect 0 "$relevo" pull tally@1.1.0 --store "http://127.0.0.1:$((port + 2))" --out pulled
  cmp pulled/tally-1.1.0.tar.gz "$two" || fail "after a cut another file came"
  ok
fi

# ---- registries ----

# registry PORT FOLDER [MORE LINES]: Docker's.
registry () {
  cat >"registry$1.yml" <<END
version: 0.1
log: {level: error, accesslog: {disabled: true}}
storage: {filesystem: {rootdirectory: "$work/$2"}, delete: {enabled: true}}
http: {addr: "127.0.0.1:$1", secret: s${4:-}}
${3:-}
END
  start "registry$1" docker-registry serve "registry$1.yml"
  wait_for 30 listens "http${4:+s}://127.0.0.1:$1/v2/" || fail "no registry: $(cat "registry$1.log")"
}

if in_part registry; then
  registry "$port" data
  store=oci+http://127.0.0.1:$port/acme
  round "$store"
  expect 0 "$relevo" list --store "$store" --json
  jq_is 'map(.name) | unique | join(" ")' tally
  # Another release takes what this one has already from its repository.
  "$root/examples/otp/checkout" 1.0.0 sibling
  make -s -C sibling
  sed -i 's/^release: tally/release: sibling/' sibling/relevo.yaml
  expect 0 "$relevo" build -q -C sibling --out "$work/store"
  expect 0 "$relevo" push store/sibling-1.0.0.tar.gz --store "$store" --json
  jq_is '.mounted > 3 and .sent_bytes * 20 < .size' true
  expect 0 "$relevo" pull sibling@1.0.0 --store "$store" --out pulled
  cmp pulled/sibling-1.0.0.tar.gz store/sibling-1.0.0.tar.gz || fail "the sibling came as something else"
  expect 0 "$relevo" prune tally --keep 1 --store "$store"
  expect 3 "$relevo" pull tally@1.0.0 --store "$store" --out pulled
  expect 0 "$relevo" pull tally@stable --store "$store" --out pulled
  # Versions that are no tags.
  expect 2 "$relevo" pull 'tally@1.0~1' --store "$store" --out pulled
  expect 2 "$relevo" push "$two" --store "$store" --tag 'a b'
  expect 2 "$relevo" list tally --store "oci+http://127.0.0.1:$port/UPPER"
  expect 2 "$relevo" list tally --store ftp://127.0.0.1
  expect 3 "$relevo" list tally --store "oci+http://127.0.0.1:$((port + 9))"
  # TLS is spoken where it is not said otherwise.
  expect 3 "$relevo" list tally --store "oci://127.0.0.1:$port/acme"
  ok
fi

# ---- who we are ----

# certificate NAME: of an authority that is its own, for this machine.
certificate () {
  openssl req -x509 -newkey rsa:2048 -nodes -keyout "$1.pem" -out "$1.crt" -days 2 -subj "/CN=$1" \
    -addext "subjectAltName=IP:127.0.0.1" 2>/dev/null
}
# shellcheck disable=SC2016 # a hash
hash='$2y$05$bPewFt9LE15V/hqXpTnyIekVeN2Wo73IjZ.rBhF0Fq4UuZqycMa8.' # of "geheim"
# logged_in HOST PASSWORD
logged_in () { printf '{"auths": {"%s": {"auth": "%s"}}}' "$1" "$(printf 'maker:%s' "$2" | base64)" >docker/config.json; }
silent () { case $said$out in *geheim*|*bWFrZXI*) fail "a secret is said: $said $out" ;; esac; }

if in_part login; then
  certificate registry
  printf 'maker:%s\n' "$hash" >htpasswd
  registry "$port" secret "auth: {htpasswd: {realm: r, path: \"$work/htpasswd\"}}" \
    ", tls: {certificate: \"$work/registry.crt\", key: \"$work/registry.pem\"}"
  host=127.0.0.1:$port
  # Not before the certificate is known, and then not without a login.
  expect 3 "$relevo" list tally --store "oci://$host/acme"
  export SSL_CERT_FILE="$work/registry.crt"
  expect 4 "$relevo" list tally --store "oci://$host/acme"
  contains "$said" "docker login"
  logged_in "$host" falsch
  expect 4 "$relevo" push "$one" --store "oci://$host/acme"
  logged_in "$host" geheim
  round "oci://$host/acme"
  silent
  ok

  # By a helper, and by the file that podman keeps.
  mkdir bin
  printf '%s\n' '#!/bin/sh' 'read -r host' "[ \"\$1 \$host\" = \"get $host\" ] || { echo 'credentials not found in native keychain'; exit 1; }" \
    "echo '{\"ServerURL\": \"x\", \"Username\": \"maker\", \"Secret\": \"geheim\"}'" >bin/docker-credential-vault
  chmod +x bin/docker-credential-vault
  echo '{"credsStore": "vault"}' >docker/config.json
  PATH=$work/bin:$PATH expect 0 "$relevo" list tally --store "oci://$host/acme"
  expect 3 "$relevo" list tally --store "oci://$host/acme"
  contains "$said" docker-credential-vault
  printf '{"credHelpers": {"%s": "vault"}}' "$host" >docker/config.json
  PATH=$work/bin:$PATH expect 0 "$relevo" list tally --store "oci://$host/acme"
  echo '{"credsStore": "../x"}' >docker/config.json
  expect 2 "$relevo" list tally --store "oci://$host/acme"
  logged_in "$host" geheim
  mkdir run
  mkdir run/containers
  mv docker/config.json run/containers/auth.json
  XDG_RUNTIME_DIR=$work/run expect 0 "$relevo" list tally --store "oci://$host/acme"
  echo 'no json' >docker/config.json
  expect 2 "$relevo" list tally --store "oci://$host/acme"
  silent
  ok

  # Tokens: everybody may pull, who is known may push.
  start tokens "$tools/token_server" $((port + 2)) registry.crt registry.pem maker geheim
  wait_for 20 grep -q ready tokens.log || fail "no tokens: $(cat tokens.log)"
  registry $((port + 1)) tokened "auth: {token: {realm: \"http://127.0.0.1:$((port + 2))/token\", service: tests, issuer: tests, rootcertbundle: \"$work/registry.crt\"}}"
  store=oci+http://127.0.0.1:$((port + 1))/acme
  rm docker/config.json
  expect 4 "$relevo" push "$one" --store "$store"
  logged_in "127.0.0.1:$((port + 1))" falsch
  expect 4 "$relevo" push "$one" --store "$store"
  logged_in "127.0.0.1:$((port + 1))" geheim
  round "$store"
  rm docker/config.json
  elsewhere
  expect 0 "$relevo" pull tally@1.1.0 --store "$store" --out pulled
  silent
  ok
fi

# ---- what goes wrong ----

# between LIMIT...: a middleman before the registry, at $port + 1.
between () {
  end "${man:-}"
  start man "$tools/middleman" $((port + 1)) "$port" "$@"
  man=$pid
  wait_for 20 grep -q ready man.log || fail "no middleman: $(cat man.log)"
}

if in_part faults; then
  registry "$port" data
  registry_pid=$pid
  direct=oci+http://127.0.0.1:$port/acme
  store=oci+http://127.0.0.1:$((port + 1))/acme
  # Cut on the way up and on the way down, in a small part and in a large one.
  for bytes in 20000 2500000 3000000; do
    rm -rf data/docker
    between up $bytes cut
    expect 0 "$relevo" push "$one" --store "$store"
    elsewhere
    between down $bytes cut
    expect 0 "$relevo" pull tally@1.0.0 --store "$store" --out pulled
    cmp pulled/tally-1.0.0.tar.gz "$one" || fail "cut at $bytes: another file came"
  done
  ok

  # The registry dies while we push: told, nothing to be pulled; later what is there is not sent again.
  rm -rf data/docker
  between up 3000000 "$registry_pid"
  expect 3 "$relevo" push "$one" --store "$store"
  contains "$said" "Nobody finds tally 1.0.0 there yet"
  registry "$port" data
  expect 3 "$relevo" pull tally@1.0.0 --store "$direct" --out pulled2
  expect 0 "$relevo" push "$one" --store "$direct" --json
  jq_is '.sent < .parts and .sent > 0' true
  # And while we pull.
  elsewhere
  between down 1000000 "$pid"
  expect 3 "$relevo" pull tally@1.0.0 --store "$store" --out pulled
  [ -z "$(ls -A pulled)" ] || fail "left behind: $(ls -A pulled)"
  registry "$port" data
  expect 0 "$relevo" pull tally@1.0.0 --store "$direct" --out pulled --json
  jq_is '.came < .parts' true
  ok

  # Content that is something else, with the right length and without.
  elsewhere
  find data/docker/registry/v2/blobs -size +100k -name data | head -n 1 >blobs
  while read -r blob; do
    cp "$blob" good
    printf X | dd of="$blob" bs=1 seek=5000 conv=notrunc 2>/dev/null
    elsewhere
    expect 4 "$relevo" pull tally@1.0.0 --store "$direct" --out pulled
    contains "$said" "something else"
    truncate -s 50000 "$blob"
    expect 4 "$relevo" pull tally@1.0.0 --store "$direct" --out pulled
    cp good "$blob"
  done <blobs
  [ -s blobs ] || fail "no blob to spoil"
  [ -z "$(ls -A pulled)" ] || fail "left behind: $(ls -A pulled)"
  expect 0 "$relevo" pull tally@1.0.0 --store "$direct" --out pulled
  # Another version in the place of this one.
  expect 0 "$relevo" push "$two" --store "$direct"
  curl -sf -H 'Accept: application/vnd.oci.image.manifest.v1+json' "http://127.0.0.1:$port/v2/acme/tally/manifests/1.0.0" >old.json
  curl -sf -X PUT -H 'Content-Type: application/vnd.oci.image.manifest.v1+json' --data-binary @old.json \
    "http://127.0.0.1:$port/v2/acme/tally/manifests/1.1.0"
  elsewhere
  expect 4 "$relevo" pull tally@1.1.0 --store "$direct" --out pulled
  contains "$said" "version 1.0.0"
  [ -z "$(ls -A pulled 2>/dev/null)" ] || fail "left behind: $(ls -A pulled)"
  ok
fi

# ---- a registry that lies ----

if in_part liar; then
  # What a registry says of a folder's content, as files: a web server gives out what we put there.
  for release in "$one" "$two"; do expect 0 "$relevo" push "$release" --store kept; done
  said_for () { jq -r --arg name "tally:$1" '.manifests[] | select(.annotations["org.opencontainers.image.ref.name"] == $name).digest' kept/index.json; }
  blob () { echo "lies/v2/acme/tally/blobs/$1"; }
  old=$(said_for 1.0.0) new=$(said_for 1.1.0)
  honest () {
    rm -rf lies/v2
    mkdir -p lies/v2/acme/tally/manifests lies/v2/acme/tally/blobs lies/v2/acme/tally/tags
    echo '{}' >lies/v2/index.html
    for digest in kept/blobs/sha256/*; do cp "$digest" "$(blob "sha256:${digest##*/}")"; done
    for version in 1.0.0 1.1.0; do
      cp "kept/blobs/sha256/$(said_for $version | cut -d: -f2)" lies/v2/acme/tally/manifests/$version
      cp lies/v2/acme/tally/manifests/$version "lies/v2/acme/tally/manifests/$(said_for $version)"
    done
    echo '{"name": "acme/tally", "tags": ["1.0.0", "1.1.0"]}' >lies/v2/acme/tally/tags/list
  }
  honest
  start httpd busybox httpd -f -p "127.0.0.1:$port" -h "$work/lies"
  wait_for 20 listens "http://127.0.0.1:$port/v2/" || fail "no web server: $(cat httpd.log)"
  store=oci+http://127.0.0.1:$port/acme
  # lied STATUS NAME: by what is there now; nothing is left of it.
  rows=0
  lied () {
    elsewhere
    expect "$1" "$relevo" pull "$2" --store "$store" --out pulled
    [ -z "$(ls -A pulled 2>/dev/null)" ] || fail "left behind: $(ls -A pulled)"
    rows=$((rows + 1))
    honest
  }
  elsewhere
  expect 0 "$relevo" pull tally@1.1.0 --store "$store" --out pulled
  expect 0 "$relevo" pull "tally@$old" --store "$store" --out pulled
  cmp pulled/tally-1.0.0.tar.gz "$one" || fail "1.0.0 came as something else"
  config=$(jq -r .config.digest lies/v2/acme/tally/manifests/1.1.0)
  part=$(jq -r '.layers | sort_by(.size)[-1].digest' lies/v2/acme/tally/manifests/1.1.0)
  other=$(jq -r '.layers | sort_by(.size)[0].digest' lies/v2/acme/tally/manifests/1.1.0)
  manifests=lies/v2/acme/tally/manifests
  cp $manifests/1.0.0 "$manifests/$new"; lied 4 "tally@$new"
  cp $manifests/1.0.0 $manifests/1.1.0; lied 4 tally@1.1.0
  echo ' ' >>"$manifests/$new"; lied 4 "tally@$new"
  echo '<html>Log in here</html>' >$manifests/1.1.0; lied 4 tally@1.1.0
  : >$manifests/1.1.0; lied 4 tally@1.1.0
  truncate -s 3G $manifests/1.1.0; lied 4 tally@1.1.0
  rm $manifests/1.1.0; lied 3 tally@1.1.0
  cp "$(blob "$other")" "$(blob "$part")"; lied 4 tally@1.1.0
  echo >>"$(blob "$part")"; lied 4 tally@1.1.0
  truncate -s -1 "$(blob "$part")"; lied 4 tally@1.1.0
  truncate -s 3G "$(blob "$part")"; lied 4 tally@1.1.0
  : >"$(blob "$part")"; lied 4 tally@1.1.0
  echo '<html>Log in here</html>' >"$(blob "$part")"; lied 4 tally@1.1.0
  rm "$(blob "$part")"; lied 3 tally@1.1.0
  echo '{}' >"$(blob "$config")"; lied 4 tally@1.1.0
  truncate -s 3G "$(blob "$config")"; lied 4 tally@1.1.0
  ok

  # What a list says is no name of a file, and nothing for a terminal.
  printf '{"name": "acme/tally", "tags": ["../../x", "1.1.0", "\\u001b[31mred", "a b"]}' >lies/v2/acme/tally/tags/list
  status=0
  "$relevo" list tally --store "$store" >out 2>said || status=$?
  [ $status = 0 ] || [ $status = 4 ] || fail "list ended with $status: $(cat said)"
  ! grep -q "$(printf '\033')" out said || fail "codes for the terminal come through"
  truncate -s 3G lies/v2/acme/tally/tags/list
  expect 2 "$relevo" list tally --store "$store"
  contains "$said" "more than"
  ok
fi

echo "ok: $checks groups of checks"
