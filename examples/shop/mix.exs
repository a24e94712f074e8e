# SPDX-License-Identifier: Apache-2.0
defmodule Shop.Umbrella.MixProject do
  use Mix.Project

  def project do
    [
      apps_path: "apps",
      version: "VERSION" |> Path.expand(__DIR__) |> File.read!() |> String.trim(),
      start_permanent: Mix.env() == :prod,
      deps: [],
      releases: [
        shop: [
          applications: [shop: :permanent, shop_web: :permanent, runtime_tools: :permanent]
        ]
      ]
    ]
  end
end
