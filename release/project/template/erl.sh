#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The VM of this release, wherever the release lies.
SELF=$0
while link=$(readlink "$SELF"); do
  case $link in
    /*) SELF=$link ;;
    *) SELF=$(dirname "$SELF")/$link ;;
  esac
done
BINDIR=$(CDPATH='' cd -P "$(dirname "$SELF")" && pwd -P)
ROOTDIR=${ERL_ROOTDIR:-$(dirname "$(dirname "$BINDIR")")}
EMU=beam
PROGNAME=$(basename "$0")
export BINDIR ROOTDIR EMU PROGNAME
exec "$BINDIR/erlexec" "$@"
