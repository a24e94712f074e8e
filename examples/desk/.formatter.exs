[inputs: ["mix.exs", "config/*.exs", "apps/*/{lib,test}/**/*.ex", "apps/*/mix.exs"], line_length: 110]
