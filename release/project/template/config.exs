# SPDX-License-Identifier: Apache-2.0
# Evaluates what a project wrote in Elixir, with the project's own Elixir: its configuration and
# its templates.
#
# stdin: one Erlang term, the map that configure.c makes.  stdout: {SysConfig, [{Name, Text}]}, the
# configuration that belongs into sys.config and the templates filled in.  Lines before it say what
# it was read from: reads.exs, which stands in front of this.
# Bytes are read and written unchanged by some versions of OTP only, text by all.
:io.setopts(:standard_io, encoding: :unicode)
{:ok, tokens, _} = :standard_io |> IO.read(:eof) |> String.to_charlist() |> :erl_scan.string()
{:ok, input} = :erl_parse.parse_term(tokens)

# What the project's code prints must not get between.
stdout = Process.group_leader()
Process.group_leader(self(), Process.whereis(:standard_error))
Enum.each(input.paths, &Code.prepend_path/1)

env = String.to_atom(System.get_env("MIX_ENV") || "prod")
# Mix is not there when Elixir is an embedded one, without its tools.
target = String.to_atom(System.get_env("MIX_TARGET") || "host")

{sys, sys_files} =
  cond do
    input.sys == "" ->
      {[], []}

    String.ends_with?(input.sys, ".exs") ->
      Config.Reader.read_imports!(input.sys, env: env, target: target)

    true ->
      {:ok, [terms]} = :file.consult(input.sys)
      {terms, [input.sys]}
  end

runtime =
  if input.runtime == "" do
    []
  else
    path = {:system, "RELEASE_ROOT", input.runtime}
    [{Config.Reader, path: path, env: env, target: target, imports: :disabled}]
  end

providers =
  Enum.map(input.providers, fn text ->
    case Code.eval_string(text) do
      {{module, argument}, _} when is_atom(module) -> {module, argument}
      _ -> raise "config.providers: want {Module, argument}, not #{text}"
    end
  end)

# A node that will boot again does not start distribution before it.
{before_reboot, after_reboot} =
  if input.reboot and not input.distribution do
    {[kernel: [start_distribution: false]], [kernel: [start_distribution: true]]}
  else
    {[], []}
  end

config =
  case runtime ++ providers do
    [] ->
      sys

    all ->
      init =
        Config.Provider.init(all, {:system, "RELEASE_SYS_CONFIG", ".config"},
          extra_config: after_reboot,
          prune_runtime_sys_config_after_boot: input.prune,
          reboot_system_after_config: input.reboot,
          validate_compile_env: input.compile_env
        )

      Config.Reader.merge(sys, init ++ before_reboot)
  end

release = Map.put(input.release, :config_providers, runtime ++ providers)
release = if Code.ensure_loaded?(Mix.Release), do: struct!(Mix.Release, release), else: release

texts =
  Enum.map(input.templates, fn {name, file} ->
    {name, EEx.eval_file(file, assigns: [release: release])}
  end)

unreadable =
  for {app, values} <- config, {key, value} <- values do
    text = :io_lib.format("~0tp.", [value])

    with {:ok, tokens, _} <- text |> :lists.flatten() |> :erl_scan.string(),
         {:ok, ^value} <- :erl_parse.parse_term(tokens) do
      nil
    else
      _ -> "\n  config #{inspect(app)}, #{inspect(key)}: #{inspect(value)}"
    end
  end

if message = unreadable |> Enum.filter(& &1) |> Enum.join() |> then(&(&1 != "" && &1)) do
  raise "these values cannot be written to a file (functions, processes, references):" <> message
end

Process.group_leader(self(), stdout)
reads = reads_of.(input.providers, sys_files, Enum.map(input.templates, &elem(&1, 1)))
answer = :io_lib.format("~0tp.", [{config, texts}])
IO.write(:standard_io, [reads, answer])
