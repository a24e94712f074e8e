# SPDX-License-Identifier: Apache-2.0
# See tests/tools/layers.
BEGIN {
	level["base"] = 0; level["erlang"] = 1; level["release"] = 2; level["upgrade"] = 3
	level["k8s"] = 4; level["docker"] = 4; level["cmd"] = 5
	# The rooms of a floor, from below; those on one line do not know each other.
	rooms("erlang/term"); rooms("erlang/beam"); rooms("erlang/code")
	rooms("release/files"); rooms("release/model"); rooms("release/read"); rooms("release/trust")
	rooms("release/store")
	rooms("release/project")
	rooms("release/build")
	rooms("docker")
	rooms("upgrade"); rooms("upgrade/diff upgrade/relup/translate"); rooms("upgrade/relup")
	rooms("upgrade/appup"); rooms("upgrade/verdict"); rooms("upgrade/plan")
	rooms("upgrade/node/wire upgrade/node/scripts"); rooms("upgrade/node"); rooms("upgrade/health"); rooms("upgrade/rehearse upgrade/rollout")
	adapter["archive"] = adapter["archive_entry"] = "release/files/archive.c"
	adapter["git2"] = "release/project/git.c"
	adapter["yaml"] = "base/yaml.c"
	adapter["curl/curl"] = "base/http.c"
	adapter["microhttpd"] = "base/serve.c"
	adapter["gnutls/gnutls"] = adapter["gnutls/x509"] = "base/serve.c"
	adapter["sqlite3"] = "upgrade/rollout/journal_sqlite.c"
	adapter["libdeflate"] = "base/deflate.c"
	adapter["dlfcn"] = "base/library.c"
	adapter["zstd"] = "base/zstd.c"
	adapter["zlib"] = "base/deflate.c"
	adapter["pcre2"] = "upgrade/relup/regex.c"
	for (i = split("cms err evp pem ssl x509v3", part, " "); i > 0; i--)
		adapter["openssl/" part[i]] = "base/openssl.h"
	adapter["base/openssl"] = "base/openssl.c base/hash.c release/trust/key.c release/trust/cms.c upgrade/node/wire/tls.c"
}
/^#include "/ {
	split($2, quoted, "\""); split(quoted[2], to, "/"); split(FILENAME, from, "/")
	here = folder(FILENAME); there = folder(quoted[2])
	if (!(to[1] in level))
		fault("includes " $2 ": not from the root of the sources")
	else if (level[to[1]] > level[from[1]])
		fault("includes " quoted[2] ", a floor above")
	else if (level[to[1]] == level[from[1]] && to[1] != from[1])
		fault("includes " quoted[2] ", a floor beside")
	else if (to[1] == from[1] && here != there)
		room_fault()
}
/^#include / {
	name = $2; gsub(/[<>"]|\.h/, "", name)
	if (name in adapter && index(" " adapter[name] " ", " " FILENAME " ") == 0)
		fault("includes " $2 ", which only " adapter[name] " may")
}
function rooms(names,   list, i) {
	order++
	for (i = split(names, list, " "); i > 0; i--)
		room[list[i]] = order
}
function folder(file) { sub(/\/[^\/]*$/, "", file); return file }
function room_fault() {
	if (!(here in room) || !(there in room))
		fault("includes " quoted[2] ": tests/tools/layers.awk knows no order of these rooms")
	else if (room[there] > room[here])
		fault("includes " quoted[2] ", a room above")
	else if (room[there] == room[here])
		fault("includes " quoted[2] ", a room beside")
}
function fault(what) { print FILENAME ":" FNR ": " what; bad = 1 }
END { if (!bad) print "layers: every include goes down"; exit bad }
