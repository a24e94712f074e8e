# SPDX-License-Identifier: Apache-2.0
defmodule Telemetry.MixProject do
  use Mix.Project

  def project do
    [
      app: :telemetry,
      version: "1.4.1",
      build_path: "../../_build",
      config_path: "../../config/config.exs",
      deps_path: "../../deps",
      lockfile: "../../mix.lock",
      elixir: "~> 1.14",
      start_permanent: Mix.env() == :prod,
      deps: []
    ]
  end

  def application do
    [mod: {:telemetry_app, []}, extra_applications: []]
  end
end
