# SPDX-License-Identifier: Apache-2.0
# The image that relevo itself runs from in a cluster: as operator, beside a node (agent), or before one starts
# (seed).  The program and what it loads to ask and to serve, no root, no compiler.  Its user is that of the
# releases' images, whose files it writes.  Its context is what `make tarball` made:
#   make tarball && docker build -f docker/relevo.Dockerfile -t relevo build
ARG BASE=debian:12-slim
FROM ${BASE}
ADD relevo-*-linux-*.tar.gz /opt/
RUN apt-get update -q && apt-get install -qy --no-install-recommends ca-certificates libcurl4 libgnutls30 libmicrohttpd12 && \
    rm -rf /var/lib/apt/lists/* && \
    mv /opt/relevo-*/bin/relevo /usr/bin/relevo && rm -r /opt/relevo-*
USER 65532:65532
ENV HOME=/tmp LANG=C.UTF-8
WORKDIR /tmp
ENTRYPOINT ["relevo"]
CMD ["help"]
