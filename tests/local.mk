# SPDX-License-Identifier: BSD-2-Clause
# make check runs them all; SEED=N replays what is random in them.
check_LIBRARIES =

include %D%/unit/local.mk
include %D%/model/local.mk
include %D%/kernel/local.mk
include %D%/death/local.mk
include %D%/fuzz/local.mk
include %D%/fs/local.mk
include %D%/lib/local.mk
include %D%/run/local.mk
include %D%/bench/local.mk
include %D%/soak/local.mk
