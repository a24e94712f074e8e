# SPDX-License-Identifier: Apache-2.0
# Evaluates a project's configuration with the project's own Elixir, and prints what belongs
# into sys.config as one Erlang term.
#
# Arguments: the .exs file or "-"; the runtime .exs' place below the release's root or "-".
[sys, runtime] = System.argv()
env = String.to_atom(System.get_env("MIX_ENV") || "prod")

config = if sys == "-", do: [], else: Config.Reader.read!(sys, env: env, target: :host)

boot =
  if runtime == "-" do
    []
  else
    path = {:system, "RELEASE_ROOT", runtime}
    reader = {Config.Reader, path: path, env: env, target: :host, imports: :disabled}

    Config.Provider.init([reader], {:system, "RELEASE_SYS_CONFIG", ".config"},
      reboot_system_after_config: false,
      validate_compile_env: false
    )
  end

term = Config.Reader.merge(config, boot)
text = :io_lib.format("~0tp", [term])
:io.setopts(:standard_io, encoding: :unicode)

case :erl_scan.string(:lists.flatten([text, ?.])) do
  {:ok, tokens, _} ->
    case :erl_parse.parse_term(tokens) do
      {:ok, ^term} -> IO.write(text)
      _ -> raise "the configuration holds a value that a file cannot: a function, process or reference"
    end

  _ ->
    raise "the configuration holds a value that a file cannot: a function, process or reference"
end
