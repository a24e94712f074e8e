#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The VM of this release, wherever the release lies.
SELF=$(readlink "$0" || true)
BINDIR=$(CDPATH='' cd "$(dirname "${SELF:-$0}")" && pwd -P)
ROOTDIR=${ERL_ROOTDIR:-$(dirname "$(dirname "$BINDIR")")}
EMU=beam
PROGNAME=$(basename "$0")
export BINDIR ROOTDIR EMU PROGNAME
exec "$BINDIR/erlexec" "$@"
