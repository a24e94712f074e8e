# SPDX-License-Identifier: Apache-2.0
# Random modes of the project's applications, as Mix judges them.
#
#   mix run --no-start modes.exs DIR COUNT SEED
#
# writes for each: DIR/N/relevo.yaml, and what Mix makes of the same: DIR/N/mix.rel, or
# DIR/N/mix.error with its message.
[dir, count, seed] = System.argv()
# Newer versions of Mix leave out of the path what the project does not name.
for ebin <- Path.wildcard("#{:code.root_dir()}/lib/sasl-*/ebin"), do: Code.append_path(ebin)
:rand.seed(:exsss, String.to_integer(seed))
config = Mix.Project.config()
lib = Path.join(Mix.Project.build_path(), "lib")

fixed = [
  {[], []},
  {[hen: :load], []},
  {[barn: :load], []},
  {[barn: :load, hen: :transient], []},
  {[hen: :load], [:barn]},
  {[coop: :permanent], []},
  {[coop: :none], []},
  {[stall: :permanent], []},
  {[stall: :permanent, coop: :load], []},
  {[sasl: :none], []},
  {[pond: :permanent], []},
  {[pond: :permanent, coop: :transient], []},
  {[stdlib: :load], []},
  {[kernel: :temporary], []},
  {[elixir: :permanent, iex: :permanent], []},
  {[iex: :load, logger: :none], []},
  {[runtime_tools: :temporary], []}
]

random = fn ->
  names = [:barn, :hen, :coop, :stall, :pond, :outside, :logger, :runtime_tools, :iex, :sasl, :crypto]
  modes = [:permanent, :permanent, :transient, :temporary, :load, :none]
  apps = for name <- Enum.shuffle(names), :rand.uniform(4) == 1, do: {name, Enum.random(modes)}
  {apps, for({name, _} <- apps, :rand.uniform(5) == 1, do: name)}
end

rows = fixed ++ for _ <- length(fixed)..(String.to_integer(count) - 1)//1, do: random.()

for {{apps, skip}, nr} <- Enum.with_index(rows) do
  place = Path.join(dir, Integer.to_string(nr))
  File.mkdir_p!(place)
  apps = if Keyword.has_key?(apps, :barn), do: apps, else: apps ++ [barn: :permanent]
  yaml = Enum.map_join(apps, ", ", fn {name, mode} -> "#{name}: #{mode}" end)

  File.write!(Path.join(place, "relevo.yaml"), """
  release: ranch
  version: "2.3.4"
  applications: {#{yaml}}
  skip_mode_validation_for: [#{Enum.join(skip, ", ")}]
  libs: [#{lib}]
  erts: none
  """)

  try do
    options = [applications: apps, skip_mode_validation_for: skip, version: "2.3.4"]
    release = Mix.Release.from_config!(:ranch, Keyword.put(config, :releases, ranch: options), [])

    case Mix.Release.make_boot_script(release, place <> "/mix", release.boot_scripts.start) do
      :ok -> :ok
      {:error, message} -> raise message
    end
  rescue
    error -> File.write!(Path.join(place, "mix.error"), Exception.message(error))
  end
end
