# SPDX-License-Identifier: Apache-2.0
defmodule Phoenix.LiveView.MixProject do
  use Mix.Project

  def project do
    [
      app: :phoenix_live_view,
      version: "1.2.9",
      build_path: "../../_build",
      config_path: "../../config/config.exs",
      deps_path: "../../deps",
      lockfile: "../../mix.lock",
      elixir: "~> 1.14",
      start_permanent: Mix.env() == :prod,
      deps: [{:phoenix, in_umbrella: true}]
    ]
  end

  def application do
    [extra_applications: [:logger]]
  end
end
