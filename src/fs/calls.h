/* SPDX-License-Identifier: BSD-2-Clause */
/* MAPFS_IOC_CALL: operations for processes that cannot map a table. */
#ifndef FS_CALLS_H
#define FS_CALLS_H

#include "core/map.h"

/*
 * Run the call in 'buf', 8-aligned, as mapfs/ioctl.h has it; its answer takes
 * its place.  Errors also the operation's.
 */
int call_elem(struct map *map, void *buf, size_t size, bool readable,
	      bool writable);

#endif
