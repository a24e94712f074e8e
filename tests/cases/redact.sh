#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# What redact.erl shows of a configuration: key | value | what a person may see of it.
set -eu
cd "$(dirname "$0")/../.."
table=$(mktemp "${TMPDIR:-/tmp}/relevo-redact.XXXXXX")
trap 'rm -f "$table"' EXIT
cat >"$table" <<'TABLE'
port | 4000 | 4000
colour | <<"green">> | <<"green">>
name | "a list" | "a list"
nothing | [] | []
ip | {127,0,0,1} | {127,0,0,1}
hours | [9,12,17] | [9,12,17]
pool | [{size,10},{name,<<"p">>}] | [{size,10},{name,<<"p">>}]
path | <<"/etc/shop/ca.pem">> | <<"/etc/shop/ca.pem">>
url | <<"http://shop.example/a">> | <<"http://shop.example/a">>
mail | <<"a@b.example">> | <<"a@b.example">>
secret_key_base | <<"x">> | "******"
'DbPassword' | "x" | "******"
<<"api_key">> | 1 | "******"
cookie | monster | "******"
repo | [{user,<<"u">>},{password,<<"p">>}] | [{user,<<"u">>},{password,"******"}]
repo | #{token => <<"t">>,size => 1} | #{size => 1,token => "******"}
repo | #{<<"salt">> => <<"t">>} | #{<<"salt">> => "******"}
credentials | [{user,<<"u">>}] | "******"
login | {basic_auth,<<"u">>,<<"p">>} | {basic_auth,"******"}
url | <<"ecto://shop:pw@db:5432/shop">> | <<"ecto://******@db:5432/shop">>
url | "redis://:pw@cache/0" | "redis://******@cache/0"
hook | <<"https://x.example/a?sid=1&b=2">> | <<"https://x.example/a?******">>
odbc | <<"Server=a;Password=b">> | <<"******">>
json | <<"{\"token\": \"t\"}">> | <<"******">>
pem | <<"-----BEGIN RSA">> | <<"******">>
deep | [{a,[{b,#{c => [{pwd,1}]}}]}] | [{a,[{b,#{c => [{pwd,"******"}]}}]}]
TABLE
# shellcheck disable=SC2016 # Erlang's own $
TABLE=$table erl -noshell -eval '
  Eval = fun(Text) ->
      {ok, Tokens, _} = erl_scan:string(Text ++ "."),
      {ok, Exprs} = erl_parse:parse_exprs(Tokens),
      erl_eval:exprs(Exprs, [])
    end,
  {ok, Script} = file:read_file("upgrade/node/scripts/redact.erl"),
  {value, _, Bound} = Eval(unicode:characters_to_list(Script)),
  Show = proplists:get_value($S, [{$S, V} || {Name, V} <- Bound, Name =:= list_to_atom("Show")]),
  {ok, Rows} = file:read_file(os:getenv("TABLE")),
  Wrong = [Row || Row <- string:lexemes(Rows, "\n"),
                  [Key, Text, Want] <- [string:split(Row, " | ", all)],
                  {value, K, _} <- [Eval(unicode:characters_to_list(Key))],
                  {value, V, _} <- [Eval(unicode:characters_to_list(Text))],
                  Got <- [Show(K, V)], Got =/= Want,
                  io:format("~ts: ~ts~n", [Row, Got]) =:= ok],
  halt(length(Wrong))'
echo "ok: $(wc -l <"$table") rows"
