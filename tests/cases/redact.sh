#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# What redact.erl shows of a configuration: key | value | what a person may see of it.
set -eu
cd "$(dirname "$0")/../.."
table=$(mktemp "${TMPDIR:-/tmp}/relevo-redact.XXXXXX")
trap 'rm -f "$table" "$table.plain"' EXIT
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
"password" | "x" | "******"
<<"Password">> | <<"x">> | "******"
options | [{"password","x"},{"size",1}] | [{"password","******"},{"size",1}]
options | [{<<"password">>,<<"x">>}] | [{<<"password">>,"******"}]
options | ["password","x"] | ["password","******"]
options | [[password,"x"],[size,2]] | [[password,"******"],[size,2]]
options | #{"token" => 1,"size" => 2} | #{"size" => 2,"token" => "******"}
options | [{db_password_file,"/run/x"}] | [{db_password_file,"******"}]
options | {aws,[{access_key_id,"AKIA"},{region,"eu"}]} | {aws,[{access_key_id,"******"},{region,"eu"}]}
options | {secret,1,2,3} | {secret,"******"}
options | {one,{two,{three,[{jwt_issuer,"a"}]}}} | {one,{two,{three,[{jwt_issuer,"******"}]}}}
options | {{password,"x"},2} | {{password,"******"},2}
options | {[{password,"x"}]} | {[{password,"******"}]}
options | #{deep => #{deeper => [#{pwd => 1}]}} | #{deep => #{deeper => [#{pwd => "******"}]}}
options | #{<<"https://u:p@h/">> => 1} | #{<<"https://******@h/">> => 1}
options | [{a,1}|{password,"x"}] | [{a,1}|{password,"******"}]
private_key | <<1,2,3>> | "******"
hmac | [1,2,3] | "******"
signing_salt | <<"abc">> | "******"
live_view | [{signing_salt,"abc"}] | [{signing_salt,"******"}]
database_dsn | "x" | "******"
session_options | [{store,cookie}] | "******"
smtp | [{username,"u"},{password,"p"},{relay,"r"}] | [{username,"u"},{password,"******"},{relay,"r"}]
license_key | "1234" | "******"
oauth | [{client,1}] | "******"
passphrase | "x" | "******"
webhook | "https://hooks.example/T1/B2/x" | "******"
conn_str | "a" | "******"
url | "ecto://u:p@ss@db/shop" | "ecto://******@db/shop"
url | <<"ecto://u:p@@ss@db:5432/a@b">> | <<"ecto://******@b">>
url | "amqp://u:p/x@host" | "amqp://******@host"
url | "postgres://:only@host/x" | "postgres://******@host/x"
url | "postgres://user@host/x" | "postgres://******@host/x"
urls | ["http://a:b@c/","http://d/"] | ["http://******@c/","http://d/"]
url | "two https://a:b@c/ and https://d:e@f/" | "two https://******@c/ and https://******@f/"
url | "https://x.example/?token=1" | "https://x.example/?******"
url | "https://x.example/a?b" | "https://x.example/a?******"
url | "jdbc:mysql://h/db?user=a" | "jdbc:mysql://h/db?******"
header | "Bearer abc.def" | "Bearer ******"
header | <<"bearer   abc">> | <<"bearer ******">>
header | "Basic dTpw" | "Basic ******"
header | {"Authorization","Bearer abc"} | {"Authorization","******"}
header | "X-Api-Key: abc" | "******"
headers | [{"accept","x"},{"x-api-key","abc"}] | [{"accept","x"},{"x-api-key","******"}]
command | "psql --password hunter2 -h db" | "******"
command | "curl --api-key abc" | "******"
command | "run -password x" | "******"
command | <<"login --token=abc">> | <<"******">>
command | "PGPASSWORD=x psql" | "******"
command | "mysql --size 3" | "mysql --size 3"
ini | "password = x" | "******"
ini | <<"db_passwd: x">> | <<"******">>
ini | "{'secret': 'x'}" | "******"
ini | "PWD:x" | "******"
yaml | <<"a: 1\napi_token: x\n">> | <<"******">>
pem | "-----BEGIN CERTIFICATE-----" | "******"
id | "AKIAIOSFODNN7EXAMPLE" | "******"
id | <<"eyJhbGciOiJIUzI1NiJ9">> | <<"******">>
id | "ghp_16C7e42F292c6912E7710c838347Ae178B4a" | "******"
id | "0123456789012345678901234567" | "0123456789012345678901234567"
id | "a-name-that-is-rather-long-but-plain" | "a-name-that-is-rather-long-but-plain"
id | "shop-1.2.3" | "shop-1.2.3"
bytes | <<0,1,2,255>> | <<"******">>
bits | <<1:3>> | "******"
on | true | true
level | info | info
ratio | 0.5 | 0.5
many | 123456789012345678901234567890 | 123456789012345678901234567890
hook | fun lists:sort/1 | fun lists:sort/1
hook | fun() -> <<"x">> end | "******"
hook | {fun() -> <<"x">> end,1} | {"******",1}
module | 'Elixir.Shop.Cart' | 'Elixir.Shop.Cart'
empty | <<>> | <<>>
empty | "" | []
empty | #{} | #{}
greeting | <<"grüße"/utf8>> | <<"grüße"/utf8>>
token | 1 | "******"
token | true | "******"
TABLE
# Without --show-values: numbers, booleans and atoms.
plain=$table.plain
cat >"$plain" <<'TABLE'
port | 4000 | 4000
ratio | 0.5 | 0.5
on | true | true
level | info | info
nothing | [] | []
colour | <<"green">> | ...
name | "a list" | ...
ip | {127,0,0,1} | ...
pool | [{size,10}] | ...
options | #{a => 1} | ...
hook | fun() -> 1 end | ...
token | 1 | "******"
"token" | abc | "******"
TABLE
# shows TABLE SHOW-VALUES
shows () {
  # shellcheck disable=SC2016 # Erlang's own $
  TABLE=$1 SHOW=$2 erl -noshell -eval '
    Eval = fun(Text, Bound) ->
        {ok, Tokens, _} = erl_scan:string(Text ++ "."),
        {ok, Exprs} = erl_parse:parse_exprs(Tokens),
        erl_eval:exprs(Exprs, Bound)
      end,
    {ok, Script} = file:read_file("upgrade/node/scripts/redact.erl"),
    {value, _, Bound} = Eval(unicode:characters_to_list(Script),
                             [{list_to_atom("ShowValues"), list_to_atom(os:getenv("SHOW"))}]),
    Show = proplists:get_value($S, [{$S, V} || {Name, V} <- Bound, Name =:= list_to_atom("Show")]),
    {ok, Rows} = file:read_file(os:getenv("TABLE")),
    Wrong = [Row || Row <- string:lexemes(Rows, "\n"),
                    [Key, Text, Want] <- [string:split(Row, " | ", all)],
                    {value, K, _} <- [Eval(unicode:characters_to_list(Key), [])],
                    {value, V, _} <- [Eval(unicode:characters_to_list(Text), [])],
                    Got <- [Show(K, V)], Got =/= Want,
                    io:format("~ts: ~ts~n", [Row, Got]) =:= ok],
    halt(min(1, length(Wrong)))'
}
shows "$table" true
shows "$plain" false
echo "ok: $(cat "$table" "$plain" | wc -l) rows"
