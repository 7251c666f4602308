/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef FS_PRIVILEGES_H
#define FS_PRIVILEGES_H

#include <stdbool.h>

/* Has this process the capability, in its user namespace? */
bool privileges_have(int capability);

/*
 * Give up every capability but this one (-1: that too), for good: programs
 * that are run get none either.  For a process without threads.  0 or an errno.
 */
int privileges_drop(int keep);

#endif
