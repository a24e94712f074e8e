#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# What in examples/k8s is printed by relevo is what it prints now.
set -u
cd "$(dirname "$0")/../.." || exit 1
# shellcheck source=tests/tools/live.sh
. tests/tools/live.sh
RELEVO=$relevo tests/tools/k8s_examples "$work/k8s" || fail "not made"
for file in chart/crds/kinds.yaml chart/templates/roles.yaml operator.yaml shop/patch.yaml; do
  [ -s "$work/k8s/$file" ] || fail "$file is empty"
  cmp "examples/k8s/$file" "$work/k8s/$file" || fail "$file is another one now: tests/tools/k8s_examples makes it anew"
done
ok
echo "ok: $checks"
