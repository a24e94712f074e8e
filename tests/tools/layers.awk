# SPDX-License-Identifier: Apache-2.0
# See tests/tools/layers.
BEGIN {
	level["base"] = 0; level["erlang"] = 1; level["release"] = 2; level["upgrade"] = 3
	level["k8s"] = 4; level["docker"] = 4; level["cmd"] = 5
	adapter["archive"] = adapter["archive_entry"] = "release/files/archive.c"
	adapter["git2"] = "release/project/git.c"
	adapter["yaml"] = "base/yaml.c"
	adapter["curl/curl"] = "base/http.c"
	adapter["sqlite3"] = "upgrade/rollout/journal.c"
	adapter["microhttpd"] = "base/httpd.c"
	adapter["libdeflate"] = "base/deflate.c"
	adapter["zlib"] = "base/deflate.c"
	adapter["pcre2"] = "upgrade/relup/regex.c"
	adapter["openssl/evp"] = "base/hash.c"
	adapter["openssl/err"] = adapter["openssl/ssl"] = "upgrade/node/wire/tls.c"
}
/^#include "/ {
	split($2, quoted, "\""); split(quoted[2], to, "/"); split(FILENAME, from, "/")
	if (!(to[1] in level))
		fault("includes " $2 ": not from the root of the sources")
	else if (level[to[1]] > level[from[1]])
		fault("includes " quoted[2] ", a floor above")
	else if (level[to[1]] == level[from[1]] && to[1] != from[1])
		fault("includes " quoted[2] ", a room beside")
}
/^#include </ {
	name = $2; gsub(/[<>]|\.h/, "", name)
	if (name in adapter && adapter[name] != FILENAME)
		fault("includes " $2 ", which only " adapter[name] " may")
}
function fault(what) { print FILENAME ":" FNR ": " what; bad = 1 }
END { if (!bad) print "layers: every include goes down"; exit bad }
