# SPDX-License-Identifier: Apache-2.0
# Whether what a project wrote in Elixir depends on nothing but its own text, and on which files
# that is: then the result can be kept (release/project/config_cache.h).
#
# What is not known to be pure is not: any call to another module that is not in the list, any
# call whose module is only known when it runs, whatever reads the clock, the environment, files,
# processes, or brings in names from elsewhere.
#
# Functions without a name, and no module: to compile one takes as long as Elixir takes to start.
pure_modules = ~w(Config Atom Float Integer Keyword List Map MapSet Range Regex String Tuple URI
  Version)a

impure_functions = ~w(apply binding dbg exit function_exported? import macro_exported? make_ref
  node quote receive require self send spawn spawn_link spawn_monitor struct struct! super
  unquote use alias __ENV__ __CALLER__ __STACKTRACE__)a

random = ~w(random shuffle take_random)a

is_pure_node = fn
  {:., _, [_]} -> true
  {:., _, [Kernel, :to_string]} -> true
  {:., _, [{:__aliases__, _, [:EEx, :Engine]}, _]} -> true
  {:., _, [{:__aliases__, _, [:String, :Chars]}, :to_string]} -> true
  {:., _, [{:__aliases__, _, [:Enum]}, name]} -> name not in random
  {:., _, [{:__aliases__, _, [module]}, _]} -> module in pure_modules
  # @release.name of a template
  {:., _, [{{:., _, [{:__aliases__, _, [:EEx, :Engine]}, _]}, _, _}, _]} -> true
  {:., _, _} -> false
  {:import, _, [{:__aliases__, _, [:Config]}]} -> true
  {name, _, _} when is_atom(name) ->
    name not in impure_functions and not String.starts_with?(Atom.to_string(name), "def")
  _ -> true
end

is_pure = fn code ->
  {_, pure} = Macro.prewalk(code, true, &{&1, &2 and is_pure_node.(&1)})
  pure
end

# A plain sys.config is a term.
quoted = fn file ->
  if String.ends_with?(file, ".exs"), do: Code.string_to_quoted!(File.read!(file)), else: nil
end

# The lines that stand before the answer: none when it cannot be kept.
reads_of = fn providers, files, templates ->
  codes = Enum.map(files, quoted) ++ Enum.map(templates, &EEx.compile_file/1)

  if providers == [] and Enum.all?(codes, is_pure) do
    ["%% pure\n" | Enum.map(files ++ templates, &["%% read ", Path.expand(&1), "\n"])]
  else
    []
  end
end
