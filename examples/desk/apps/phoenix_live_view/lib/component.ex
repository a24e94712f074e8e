# SPDX-License-Identifier: Apache-2.0
defmodule Phoenix.Component do
  @moduledoc "Assigns, and templates over them."

  def assign(%{assigns: assigns} = socket, key, value) do
    case assigns do
      %{^key => ^value} -> socket
      _ -> %{socket | assigns: put(assigns, key, value)}
    end
  end

  def assign(socket, assigns), do: Enum.reduce(assigns, socket, fn {key, value}, socket -> assign(socket, key, value) end)

  def assign_new(%{assigns: assigns} = socket, key, fun) do
    if is_map_key(assigns, key), do: socket, else: assign(socket, key, fun.())
  end

  def update(%{assigns: assigns} = socket, key, fun), do: assign(socket, key, fun.(:erlang.map_get(key, assigns)))

  defp put(assigns, key, value) do
    assigns |> Map.put(key, value) |> Map.put(:__changed__, Map.put(assigns.__changed__, key, true))
  end

  @doc "A template: text with {expressions} in it, where @key is assigns.key."
  defmacro sigil_H({:<<>>, _, [text]}, _) do
    parts = Regex.split(~r/\{[^{}]*\}/, text, include_captures: true)
    {static, dynamic} = Enum.split_with(parts, &(not String.starts_with?(&1, "{")))
    assigns = Macro.var(:assigns, nil)

    quote do
      changed = Map.get(unquote(assigns), :__changed__)

      dynamic = fn track_changes? ->
        _ = changed
        unquote(Enum.map(dynamic, &expression(&1, assigns, __CALLER__)))
      end

      %Phoenix.LiveView.Rendered{
        static: unquote(static),
        dynamic: dynamic,
        fingerprint: unquote(:erlang.phash2({text, __CALLER__.line})),
        root: false
      }
    end
  end

  # A part is left out where none of its assigns changed, and the page has it already.
  defp expression(text, assigns, caller) do
    code = text |> String.slice(1..-2//1) |> Code.string_to_quoted!(file: caller.file, line: caller.line)
    {code, keys} = Macro.prewalk(code, [], &assign_of(&1, &2, assigns))
    changed = Macro.var(:changed, __MODULE__)
    track = Macro.var(:track_changes?, __MODULE__)

    test =
      Enum.reduce(keys, false, fn key, test ->
        quote do: Phoenix.LiveView.Engine.changed_assign?(unquote(changed), unquote(key)) or unquote(test)
      end)

    quote do: if(unquote(track) and not unquote(test), do: nil, else: unquote(code))
  end

  defp assign_of({:@, _, [{key, _, context}]}, keys, assigns) when is_atom(context) do
    {quote(do: unquote(assigns).unquote(key)), [key | keys]}
  end

  defp assign_of(code, keys, _assigns), do: {code, keys}
end

defmodule Phoenix.LiveComponent do
  @moduledoc "A part of a page with assigns of its own."
  @callback render(map) :: struct
  @callback update(map, struct) :: {:ok, struct}
  @optional_callbacks update: 2

  defmacro __using__(_opts) do
    quote do
      @behaviour Phoenix.LiveComponent
      import Phoenix.Component
      def __live__, do: %{kind: :component, lifecycle: %{}}
    end
  end
end
