# SPDX-License-Identifier: Apache-2.0
# Stands for a migration; Desk.Release.migrate/0 goes by its name.
