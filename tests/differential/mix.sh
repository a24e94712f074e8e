#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# What `mix release` makes, beside what `relevo build` makes of the same compiled project: the
# example shop, an umbrella with everything in it, and random modes of its applications.
#   tests/differential/mix.sh [N] [SEED]
set -eu
cd "$(dirname "$0")/../.."
. tests/tools/live.sh
judge=tests/differential/mix/judge.escript
doc=$PWD/docs/mix-differences.md
count=${1:-60} seed=${2:-$(date +%s)}
export MIX_ENV=prod MIX_HOME="$work/mix" HEX_HOME="$work/hex"

# mix_release PROJECT INTO [NAME]
mix_release () {
  # shellcheck disable=SC2086 # one word or none
  (cd "$1" && mix release ${3:-} --quiet --overwrite --path "$2" >"$work/mix.log" 2>&1) ||
    fail "mix release: $(cat "$work/mix.log")"
}

# ---- the shop ----

tests/tools/shop "$work/store" 1.0.0 >/dev/null
mix_release build/shop/1.0.0 "$work/shop.mix"
"$judge" trees "$work/shop.mix" "$work/store/shop-1.0.0" shop 1.0.0 "$doc" built-in
ok

# ---- an umbrella ----

ranch=$work/ranch
put () {
  mkdir -p "$(dirname "$ranch/$1")"
  cat >"$ranch/$1"
}

# app NAME VERSION DEPS APPLICATION
app () {
  put "apps/$1/mix.exs" <<MIX
defmodule :"ranch_$1_mix" do
  use Mix.Project

  def project do
    [
      app: :$1,
      version: "$2",
      build_path: "../../_build",
      config_path: "../../config/config.exs",
      deps_path: "../../deps",
      lockfile: "../../mix.lock",
      deps: $3
    ]
  end

  def application, do: $4
end
MIX
}

put mix.exs <<'MIX'
defmodule Ranch.MixProject do
  use Mix.Project

  def project do
    [
      apps_path: "apps",
      version: "2.3.4",
      start_permanent: true,
      deps: [],
      default_release: :ranch,
      releases: [
        ranch: [
          applications: [barn: :permanent, stall: :transient, runtime_tools: :temporary],
          overlays: ["more"],
          config_providers: [{Barn.Provider, "/etc/ranch.config"}],
          reboot_system_after_config: true,
          prune_runtime_sys_config_after_boot: true
        ],
        coop: [
          version: "0.9.0",
          applications: [coop: :permanent, barn: :load],
          strip_beams: false,
          rel_templates_path: "none",
          runtime_config_path: false
        ]
      ]
    ]
  end
end
MIX
put relevo.yaml <<'YAML'
default_release: ranch
releases:
  - release: ranch
    version: "2.3.4"
    applications: {barn: permanent, stall: transient, runtime_tools: temporary}
    overlays: [more]
    config:
      providers: ['{Barn.Provider, "/etc/ranch.config"}']
      reboot_system_after_config: true
      prune_runtime_sys_config_after_boot: true
  - release: coop
    version: "0.9.0"
    applications: {coop: permanent, barn: load}
    strip: false
    templates: none
    config: {runtime: false}
YAML
app barn 1.0.0 '[{:hen, in_umbrella: true}, {:outside, path: "../../../outside", compile: "true"}]' \
  '[mod: {Barn, []}, extra_applications: [:logger]]'
put apps/barn/lib/barn.ex <<'EX'
defmodule Barn do
  use Application

  @colour Application.compile_env(:barn, :colour, :red)
  @doors Application.compile_env(:barn, [:doors, :front])

  defstruct [:hay]

  defprotocol Feed do
    def feed(animal)
  end

  defimpl Feed, for: Atom do
    def feed(animal), do: animal
  end

  def start(_, _), do: Supervisor.start_link([], strategy: :one_for_one)
  def look, do: {@colour, @doors}
end

defmodule Barn.Provider do
  @behaviour Config.Provider
  def init(path), do: {:checked, path}
  def load(config, {:checked, _}), do: Config.Reader.merge(config, barn: [provided: true])
end
EX
app hen 0.2.0 '[{:coop, in_umbrella: true, runtime: false}]' '[included_applications: [:coop]]'
put apps/hen/lib/hen.ex <<'EX'
defmodule Hen do
  def lay, do: :egg
end
EX
put apps/hen/priv/tools/weigh <<'SH'
#!/bin/sh
echo 12
SH
chmod +x "$ranch/apps/hen/priv/tools/weigh"
ln -s tools/weigh "$ranch/apps/hen/priv/link"
app coop 0.3.0 '[]' '[]'
put apps/coop/lib/coop.ex <<'EX'
defmodule Coop do
end
EX
app stall 0.4.0 '[]' '[extra_applications: [:crypto]]'
put apps/stall/lib/stall.ex <<'EX'
defmodule Stall do
  @walls Application.compile_env(:stall, :walls)
  def walls, do: @walls
end
defmodule Stall.Colour do
  @colour Application.compile_env(:barn, :colour)
  def colour, do: @colour
end
EX
# Needs what another one includes: in no release, but where the modes are tried.
app pond 0.5.0 '[{:coop, in_umbrella: true}]' '[]'
put apps/pond/lib/pond.ex <<'EX'
defmodule Pond do
end
EX
# A dependency by path, plain Erlang, with an application that it can do without.
put ../outside/ebin/outside.app <<'APP'
{application, outside, [{description, ""}, {vsn, "3.0.0"}, {modules, []}, {registered, []},
  {applications, [kernel, stdlib, observer_cli_that_is_not_here, xmerl]},
  {optional_applications, [observer_cli_that_is_not_here, xmerl]}]}.
APP
put config/config.exs <<'EX'
import Config
IO.puts("said while the configuration is read")
config :barn, colour: :green, doors: [front: 2], text: "Stroh für Ähren", map: %{1.5 => {:a, 'x'}}
import_config "#{config_env()}.exs"
EX
put config/prod.exs <<'EX'
import Config
config :stall, nothing: nil, list: [[], [1 | 2]], big: 12345678901234567890, re: "\x00\xFF"
EX
put config/runtime.exs <<'EX'
import Config
config :barn, at: System.get_env("BARN")
EX
put rel/vm.args.eex <<'EEX'
## <%= @release.name %> <%= @release.version %>
+Q 4096
<%= for {app, _} <- Enum.sort(@release.boot_scripts.start), do: "## #{app}\n" %>
EEX
put rel/remote.vm.args.eex <<'EEX'
## remote of <%= @release.name %>, erts <%= @release.erts_version %>, <%= @release.applications[:hen][:vsn] %>
EEX
put rel/env.sh.eex <<'EEX'
#!/bin/sh
export FARM_VERSION=<%= @release.version %>
EEX
put rel/overlays/etc/ranch.conf <<'CONF'
kept = <%= as it is %> {{too}}
CONF
put more/bin/milk <<'SH'
#!/bin/sh
SH
chmod +x "$ranch/more/bin/milk"
# What older Mix refuses and OTP allows: an optional application that is nowhere.
(cd "$ranch" && mix compile --no-deps-check >"$work/mix.log" 2>&1 && mix release --quiet --overwrite \
  --path "$work/refused" >"$work/mix.log" 2>&1) ||
  grep -q "depends on :observer_cli_that_is_not_here, which isn't" "$work/mix.log" || fail "mix: $(cat "$work/mix.log")"
expect 0 "$relevo" build -q -C "$ranch" -o "$work/store"
sed -i 's/observer_cli_that_is_not_here, //' "$work/outside/ebin/outside.app"
ok

mix_release "$ranch" "$work/ranch.mix"
expect 0 "$relevo" build -q -C "$ranch" -o "$work/store" --overwrite
"$judge" trees "$work/ranch.mix" "$work/store/ranch-2.3.4" ranch 2.3.4 "$doc" own
ok

mix_release "$ranch" "$work/coop.mix" coop
expect 0 "$relevo" build -q -C "$ranch" -o "$work/store" coop
"$judge" trees "$work/coop.mix" "$work/store/coop-0.9.0" coop 0.9.0 "$doc" built-in
ok

# ---- modes ----

echo "seed: $seed"
modes=$PWD/tests/differential/mix/modes.exs
(cd "$ranch" && mix run --no-start "$modes" "$work/modes" "$count" "$seed" >"$work/mix.log" 2>&1) ||
  fail "mix run: $(cat "$work/mix.log")"
for row in "$work"/modes/*; do
  if "$relevo" build -q --dev -C "$row" -o "$row/store" 2>"$row/relevo.error" >/dev/null; then
    rm "$row/relevo.error"
    cp "$row/store/dev/ranch/releases/2.3.4/ranch.rel" "$row/relevo.rel"
  fi
done
"$judge" modes "$work/modes" || fail "seed $seed"
ok

echo "ok: $checks groups of checks, seed $seed"
