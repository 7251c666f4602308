/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What fault.so, which the daemon is started with, shares with the test: a file
 * that MAPFS_FAULT names.
 *
 * fault.so counts the calls of the daemon and of libc that need memory or a
 * descriptor, those of libfuse only where 'all' says so, and lets one of them
 * fail.  It also counts the memory blocks that the daemon has.
 */
#ifndef SOAK_FAULT_H
#define SOAK_FAULT_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#define FAULT_VARIABLE "MAPFS_FAULT"

struct fault {
	_Atomic uint32_t nth;	  /* the call that fails, from 1 on; 0: none */
	_Atomic uint32_t seen;	  /* calls since the tester set this to 0 */
	_Atomic uint32_t lasting; /* and all calls after that one fail */
	_Atomic uint32_t all;
	_Atomic uint32_t blocks; /* of memory, that are not freed yet */
	_Atomic uint32_t lost;	 /* blocks that there was no room to note */
	char what[24];		 /* the call that failed */
};

#endif
