# SPDX-License-Identifier: Apache-2.0
defmodule Desk.MixProject do
  use Mix.Project

  def project do
    [
      app: :desk,
      version: "../../VERSION" |> Path.expand(__DIR__) |> File.read!() |> String.trim(),
      build_path: "../../_build",
      config_path: "../../config/config.exs",
      deps_path: "../../deps",
      lockfile: "../../mix.lock",
      elixir: "~> 1.14",
      start_permanent: Mix.env() == :prod,
      deps: [{:phoenix_live_view, in_umbrella: true}]
    ]
  end

  def application do
    [mod: {Desk.Application, []}, extra_applications: [:logger]]
  end
end
