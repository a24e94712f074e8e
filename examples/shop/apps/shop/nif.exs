# SPDX-License-Identifier: Apache-2.0
defmodule Mix.Tasks.Compile.Nif do
  @moduledoc "Makes priv/price.so of c_src/price.c, by the C compiler that $CC names, or cc."
  use Mix.Task.Compiler

  @recursive true

  @source "c_src/price.c"
  @target "priv/price.so"

  @impl true
  def run(_args) do
    if Mix.Utils.stale?([@source], [@target]), do: compile(), else: {:noop, []}
  end

  @impl true
  def clean, do: File.rm(@target)

  defp compile do
    cc = System.get_env("CC", "cc")
    System.find_executable(cc) || Mix.raise("no C compiler #{cc}: install gcc")

    # Nothing of the place where it is compiled gets into the library.
    args = ~w(-O2 -std=c11 -Wall -Wextra -Werror -fPIC -shared -o #{@target} #{@source})

    case System.cmd(cc, ["-I", headers() | args], stderr_to_stdout: true) do
      {_said, 0} -> {:ok, []}
      {said, _status} -> Mix.raise("#{@source} does not compile:\n#{said}")
    end
  end

  defp headers do
    erts = "erts-#{:erlang.system_info(:version)}"
    folder = Path.join([:code.root_dir(), erts, "include"])
    File.exists?(Path.join(folder, "erl_nif.h")) || Mix.raise("no erl_nif.h: install erlang-dev")
    folder
  end
end
