#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The example's releases before OTP as the judge: the relup of 1.0.0 <-> 1.1.0, made by systools from
# the appups in the release, is the one in the release; the start scripts are systools' but for
# what Mix changes in them, too.
set -eu
cd "$(dirname "$0")/../.."
. tests/tools/live.sh

tests/tools/shop "$work/store" 1.0.0 1.1.0 >/dev/null
old=$work/store/shop-1.0.0 new=$work/store/shop-1.1.0
escript tests/differential/relup_judge.escript trees "$old" "$new"
escript tests/differential/boot_judge.escript "$old" "$new"
