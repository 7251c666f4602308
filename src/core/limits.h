/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Every limit of the core, with its unit and its reason.  Limits of the text
 * forms are in fmt/limits.h; the tests go to each limit, below and above it.
 */
#ifndef CORE_LIMITS_H
#define CORE_LIMITS_H

#include <stdint.h>

/* Bytes of a map's name, the terminating zero included: BPF_OBJ_NAME_LEN. */
#define MAP_NAME_LEN 16

/*
 * Largest map id.  bpf(2) hands out ids as positive ints and so do we.  An id
 * is never used twice: a mount that made this many maps makes no more.
 */
#define MAP_ID_MAX 0x7ffffffeu

/* Bytes of an array's value: the kernel rounds it up to 8 in a signed int. */
#define ARRAY_VALUE_MAX 0x7fffffffu

/*
 * Bytes of a per-CPU value, rounded up to 8: the kernel takes it from a
 * per-CPU chunk of this unit size.
 */
#define PERCPU_VALUE_MAX 32768u

/* CPUs a per-CPU map can have a slot for: the largest CONFIG_NR_CPUS. */
#define MAP_CPUS_MAX 8192u

/*
 * Bytes charged for a map beyond its data: the map's struct and the kernel's
 * inode, dentry and file of each of its memory files, rounded up.  It makes
 * even the smallest map cost something, so that a limit on memory is also a
 * limit on the number of maps.
 */
#define MAP_OVERHEAD 4096u

#endif
