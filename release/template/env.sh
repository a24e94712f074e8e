#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Read by bin/NAME before anything else; set RELEASE_* variables and the VM's environment here.

# Work across machines: full node names.
# export RELEASE_DISTRIBUTION=name
# export RELEASE_NODE=name@host.example.com
