# SPDX-License-Identifier: Apache-2.0
defmodule Desk.Release do
  @moduledoc "What is called from outside: migrations, and what to do after an upgrade."

  @doc "Runs what the schema, a file with a line for each, does not have yet."
  def migrate do
    schema = Application.fetch_env!(:desk, :schema)
    done = if File.exists?(schema), do: File.read!(schema), else: ""
    new = for name <- Enum.sort(migrations()), not String.contains?(done, name), do: name
    for name <- new, do: IO.puts("== Running #{name}")
    File.write!(schema, Enum.map(new, &[&1, "\n"]), [:append])
    new
  end

  defp migrations do
    case File.ls(Application.app_dir(:desk, "priv/repo/migrations")) do
      {:ok, names} -> names
      {:error, :enoent} -> []
    end
  end

  def upgraded(from, to), do: :persistent_term.put(:desk_came, "#{from} to #{to}")
end
