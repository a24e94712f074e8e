# SPDX-License-Identifier: Apache-2.0
defmodule Desk.Umbrella.MixProject do
  use Mix.Project

  def project do
    [
      apps_path: "apps",
      version: "VERSION" |> Path.expand(__DIR__) |> File.read!() |> String.trim(),
      start_permanent: Mix.env() == :prod,
      deps: [],
      releases: [desk: [applications: [desk: :permanent]]]
    ]
  end
end
