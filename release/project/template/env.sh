#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Read by bin/NAME before anything else; set RELEASE_* variables and the VM's environment here.

# Have OTP's heart start the system again when its VM ends or hangs, where nothing else does.
# case $RELEASE_COMMAND in
#   daemon*) export HEART_COMMAND="$RELEASE_SELF $RELEASE_COMMAND" ;;
# esac

# Work across machines: full node names.
# export RELEASE_DISTRIBUTION=name
# export RELEASE_NODE=name@host.example.com
