# SPDX-License-Identifier: Apache-2.0
# An image with relevo and what compiles a project, for jobs of a CI.  Its context is what `make deb` made:
#   make deb && docker build -f examples/ci/relevo.Dockerfile -t relevo build/deb
ARG BASE=debian:12-slim
FROM ${BASE}
COPY relevo_*.deb /tmp/
RUN apt-get update -q && \
    apt-get install -qy --no-install-recommends ca-certificates git libcurl4 libgit2-1.5 make gcc libc6-dev erlang-base erlang-dev elixir /tmp/relevo_*.deb && \
    rm -rf /tmp/relevo_*.deb /var/lib/apt/lists/*
ENV LANG=C.UTF-8
CMD ["relevo", "help"]
