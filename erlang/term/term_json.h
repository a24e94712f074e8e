// SPDX-License-Identifier: Apache-2.0
/* term_json.h - Erlang terms as JSON, with nothing lost. */
#pragma once
#include "erlang/term/term.h"

#include <jansson.h>

/* The form, from which the term can be had back:
 *
 *	ok                      {"atom": "ok"}
 *	42                      42
 *	36893488147419103232    {"integer": "36893488147419103232"}     (over 53 bits)
 *	1.0                     1.0
 *	"text"                  {"string": "text"}      (lists that Erlang prints as text)
 *	[a, b]                  [{"atom": "a"}, {"atom": "b"}]
 *	[a | b]                 {"list": [{"atom": "a"}], "tail": {"atom": "b"}}
 *	{a, 1}                  {"tuple": [{"atom": "a"}, 1]}
 *	#{a => 1}               {"map": [[{"atom": "a"}, 1]]}
 *	<<"text">>              {"binary": "text"}      (bytes that are UTF-8)
 *	<<255>>                 {"base64": "/w=="}
 *	<<5:3>>                 {"base64": "oA==", "bits": 3}
 *	#m:r{f = 1}             {"record": {"module": "m", "name": "r", "exported": true,
 *	                                    "fields": [["f", 1]]}}
 *	pids, funs and the like {"external": "base64 of the external term format"}
 */
json_t *term_to_json(const struct term *term);
