# SPDX-License-Identifier: Apache-2.0
defmodule ShopWeb.Application do
  @moduledoc false
  use Application

  @impl true
  def start(_type, _args), do: ShopWeb.Supervisor.start_link([])
end
