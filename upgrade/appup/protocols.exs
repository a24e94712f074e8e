# SPDX-License-Identifier: Apache-2.0
# Consolidated protocols lie in releases/VERSION/consolidated and belong to no application:
# point the code path at those of the other release, and load the ones that differ.
releases =
  cond do
    dir = System.get_env("RELDIR") -> dir
    root = System.get_env("RELEASE_ROOT") -> Path.join(root, "releases")
    true -> Path.join(List.to_string(:code.root_dir()), "releases")
  end

for entry <- :code.get_path(),
    String.ends_with?(List.to_string(entry), "releases/#{from}/consolidated"),
    do: :code.del_path(entry)

folder = Path.join([releases, to, "consolidated"])

if :code.add_patha(String.to_charlist(folder)) != true,
  do: raise("no folder of consolidated protocols: #{folder}")

for module <- modules do
  :code.purge(module)

  case :code.load_file(module) do
    {:module, ^module} -> :ok
    {:error, reason} -> raise "protocol #{inspect(module)} does not load: #{inspect(reason)}"
  end
end
