# SPDX-License-Identifier: Apache-2.0
# See tests/tools/layers.
BEGIN {
	level["base"] = 0; level["release"] = 1; level["upgrade"] = 2
	level["k8s"] = 3; level["docker"] = 3; level["cmd"] = 4
	adapter["archive"] = adapter["archive_entry"] = "release/archive.c"
	adapter["git2"] = "release/git.c"
	adapter["yaml"] = "base/yaml.c"
	adapter["curl/curl"] = "base/http.c"
	adapter["sqlite3"] = "upgrade/rollout/journal.c"
	adapter["microhttpd"] = "base/httpd.c"
	adapter["libdeflate"] = "base/deflate.c"
	adapter["zlib"] = "base/deflate.c"
	adapter["pcre2"] = "upgrade/regex.c"
	adapter["openssl/evp"] = "base/hash.c"
	adapter["openssl/err"] = adapter["openssl/ssl"] = "upgrade/node/tls.c"
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
