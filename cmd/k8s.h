// SPDX-License-Identifier: Apache-2.0
/* k8s.h - the commands of relevo k8s that lie in files of their own. */
#pragma once
#include "cmd/command.h"

extern const struct command k8s_status, k8s_pause, k8s_resume, k8s_promote, k8s_abort;
