/* SPDX-License-Identifier: BSD-2-Clause */
#include "fs/privileges.h"

#include <errno.h>
#include <linux/capability.h>
#include <stdint.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

static struct __user_cap_header_struct header = {
	.version = _LINUX_CAPABILITY_VERSION_3,
};

bool privileges_have(int capability)
{
	struct __user_cap_data_struct caps[_LINUX_CAPABILITY_U32S_3] = { 0 };

	return syscall(SYS_capget, &header, caps) == 0 &&
	       caps[CAP_TO_INDEX(capability)].effective &
		       CAP_TO_MASK(capability);
}

/* What a program of root's would get; EPERM where that cannot be changed. */
static void drop_bounds(int keep)
{
	int cap;

	for (cap = 0; prctl(PR_CAPBSET_READ, cap) >= 0; cap++)
		if (cap != keep)
			prctl(PR_CAPBSET_DROP, cap);
}

int privileges_drop(int keep)
{
	struct __user_cap_data_struct caps[_LINUX_CAPABILITY_U32S_3] = { 0 };

	drop_bounds(keep);
	if (keep >= 0 && privileges_have(keep)) {
		caps[CAP_TO_INDEX(keep)].permitted = CAP_TO_MASK(keep);
		caps[CAP_TO_INDEX(keep)].effective = CAP_TO_MASK(keep);
	}
	if (syscall(SYS_capset, &header, caps) < 0 ||
	    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return -errno;
	return 0;
}
