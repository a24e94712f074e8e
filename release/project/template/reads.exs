# SPDX-License-Identifier: Apache-2.0
# Whether what a project wrote in Elixir depends on nothing but its own text, and on which files
# that is: then the result can be kept (release/project/config_cache.h).
#
# What is not known to be pure is not: any call to another module that is not in the list, any
# call whose module is only known when it runs, whatever reads the clock, the environment, files,
# processes, or brings in names from elsewhere.
defmodule Relevo.Reads do
  @pure_modules ~w(Config Atom Float Integer Keyword List Map MapSet Range Regex String Tuple URI
    Version)a
  @impure_functions ~w(apply binding dbg exit function_exported? import macro_exported? make_ref
    node quote receive require self send spawn spawn_link spawn_monitor struct struct! super
    unquote use alias __ENV__ __CALLER__ __STACKTRACE__)a
  @random ~w(random shuffle take_random)a

  # The lines that stand before the answer: none when it cannot be kept.
  def lines(providers, files, templates) do
    codes = Enum.map(files, &quoted/1) ++ Enum.map(templates, &EEx.compile_file/1)

    if providers == [] and Enum.all?(codes, &pure?/1) do
      ["%% pure\n" | Enum.map(files ++ templates, &["%% read ", Path.expand(&1), "\n"])]
    else
      []
    end
  end

  # A plain sys.config is a term.
  defp quoted(file) do
    if String.ends_with?(file, ".exs"), do: Code.string_to_quoted!(File.read!(file)), else: nil
  end

  def pure?(code) do
    {_, pure} = Macro.prewalk(code, true, &{&1, &2 and ok?(&1)})
    pure
  end

  defp ok?({:., _, [_]}), do: true
  defp ok?({:., _, [Kernel, :to_string]}), do: true
  defp ok?({:., _, [{:__aliases__, _, [:EEx, :Engine]}, _]}), do: true
  defp ok?({:., _, [{:__aliases__, _, [:String, :Chars]}, :to_string]}), do: true
  defp ok?({:., _, [{:__aliases__, _, [:Enum]}, name]}), do: name not in @random
  defp ok?({:., _, [{:__aliases__, _, [module]}, _]}), do: module in @pure_modules
  # @release.name of a template
  defp ok?({:., _, [{{:., _, [{:__aliases__, _, [:EEx, :Engine]}, _]}, _, _}, _]}), do: true
  defp ok?({:., _, _}), do: false
  defp ok?({:import, _, [{:__aliases__, _, [:Config]}]}), do: true

  defp ok?({name, _, _}) when is_atom(name),
    do: name not in @impure_functions and not String.starts_with?(Atom.to_string(name), "def")

  defp ok?(_), do: true
end
