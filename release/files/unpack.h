// SPDX-License-Identifier: Apache-2.0
/* unpack.h - the files of a tarball, into a folder. */
#pragma once
#include "base/error.h"

/* Not synced: for trees that are built as a whole.  What archive_items() refuses is refused. */
must_check int archive_unpack(const char *tarball, const char *folder, struct error *err);
