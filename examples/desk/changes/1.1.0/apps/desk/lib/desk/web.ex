# SPDX-License-Identifier: Apache-2.0
defmodule Desk.Endpoint do
  @moduledoc false
  use Phoenix.Endpoint, otp_app: :desk
  socket("/live", Phoenix.LiveView.Socket, websocket: true, longpoll: false)
  socket("/socket", Desk.UserSocket, websocket: true)
  socket("/staff", Desk.StaffSocket, websocket: true)
  plug(Desk.Router)
  def router, do: Desk.Router
end

defmodule Desk.Router do
  @moduledoc false
  use Phoenix.Router
  get("/version", Desk.PageController, :version)
  get("/clock", Desk.PageController, :clock)
  get("/came", Desk.PageController, :came)
  get("/slow", Desk.PageController, :slow)
  live("/counter", Desk.CounterLive)
  live("/notes", Desk.NotesLive)
end

defmodule Desk.PageController do
  @moduledoc false
  use Phoenix.Controller
  alias Plug.Conn

  def version(conn, _params), do: Conn.send_resp(conn, 200, "1.1.0\n")

  def clock(conn, _params), do: Conn.send_resp(conn, 200, "asked #{Desk.Clock.ask()}\n")

  # How it got here.
  def came(conn, _params), do: Conn.send_resp(conn, 200, :persistent_term.get(:desk_came, "from nowhere") <> "\n")

  # As long as a report takes to be made.
  def slow(conn, params) do
    Process.sleep(String.to_integer(params["ms"] || "20000"))
    Conn.send_resp(conn, 200, "slow, from #{version(conn, params).resp_body}")
  end
end

defmodule Desk.UserSocket do
  @moduledoc false
  use Phoenix.Socket
  channel("room:*", Desk.RoomChannel)
  @impl true
  def connect(_params, socket), do: {:ok, socket}
  @impl true
  def id(_socket), do: nil
end

defmodule Desk.StaffSocket do
  @moduledoc false
  use Phoenix.Socket
  channel("room:*", Desk.RoomChannel)
  @impl true
  def connect(_params, socket), do: {:ok, socket}
  @impl true
  def id(_socket), do: nil
end
