/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The system calls that come to the runner: one line each, of which the filter
 * is made and by which they are answered.
 *
 * bpf(2) does so always.  The others are what programs use to find out about
 * maps and their pins; they are left to the kernel unless they concern one.
 * What programs do most is asked about only where an argument says that it may
 * matter, as a call that comes to us costs ten times what it does otherwise,
 * and nothing is asked about that reads or writes.
 */
#ifndef RUN_SYSCALLS_H
#define RUN_SYSCALLS_H

#include "run/run.h"

struct syscall_entry {
	long nr;
	/* The result, a negative errno or CALL_CONTINUE. */
	int (*run)(struct call *call);
	/* Only if argument 'arg' & mask is value; 0: always. */
	unsigned int arg;
	uint32_t mask;
	uint32_t value;
};

#define SYSCALLS_MAX 32

/* The last has no run. */
extern const struct syscall_entry syscalls[];

const struct syscall_entry *syscall_find(long nr);

#endif
