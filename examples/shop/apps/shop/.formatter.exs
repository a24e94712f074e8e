# SPDX-License-Identifier: Apache-2.0
[
  inputs: ["{mix,nif,.formatter}.exs", "{lib,test}/**/*.{ex,exs}"]
]
