# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=sh
# The test goes on in a network, and with mounts, of its own; tests/tools/live.sh comes first.

# shellcheck disable=SC2154 # work and ports_lock are of live.sh
if [ -z "${OWN_NETWORK:-}" ]; then
  rm -rf "$work" "$ports_lock"
  unshare --net --mount true 2>/dev/null || { echo "skip: no right to make networks"; exit 77; }
  OWN_NETWORK=yes exec unshare --net --mount "$0" "$@"
fi
ip link set lo up
