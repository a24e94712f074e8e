# SPDX-License-Identifier: Apache-2.0
defmodule Phoenix.MixProject do
  use Mix.Project

  def project do
    [
      app: :phoenix,
      version: "1.8.8",
      build_path: "../../_build",
      config_path: "../../config/config.exs",
      deps_path: "../../deps",
      lockfile: "../../mix.lock",
      elixir: "~> 1.14",
      start_permanent: Mix.env() == :prod,
      deps: [{:bandit, in_umbrella: true}, {:telemetry, in_umbrella: true}]
    ]
  end

  def application do
    [extra_applications: [:logger]]
  end
end
