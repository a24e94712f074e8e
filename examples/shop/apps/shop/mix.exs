# SPDX-License-Identifier: Apache-2.0
Code.require_file("nif.exs", __DIR__)

defmodule Shop.MixProject do
  use Mix.Project

  def project do
    [
      app: :shop,
      version: "../../VERSION" |> Path.expand(__DIR__) |> File.read!() |> String.trim(),
      build_path: "../../_build",
      config_path: "../../config/config.exs",
      deps_path: "../../deps",
      lockfile: "../../mix.lock",
      elixir: "~> 1.14",
      compilers: [:nif | Mix.compilers()],
      start_permanent: Mix.env() == :prod,
      deps: []
    ]
  end

  def application do
    [
      mod: {Shop.Application, []},
      extra_applications: [:logger, :crypto]
    ]
  end
end
