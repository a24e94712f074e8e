# SPDX-License-Identifier: Apache-2.0
# A base for `relevo image build`: what ERTS, and the NIFs of OTP and of most dependencies, want of a system.
#   docker build -f docker/base.Dockerfile -t registry.example.com/base/beam:12 docker
ARG BASE=debian:12-slim
FROM ${BASE}
RUN apt-get update -q && apt-get install -qy --no-install-recommends ca-certificates libssl3 libstdc++6 libtinfo6 zlib1g && \
    rm -rf /var/lib/apt/lists/*
