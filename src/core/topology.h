/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the machine has: possible CPUs, memory and its nodes, as the kernel
 * counts them.  Read once, at first use; thread-safe.
 */
#ifndef CORE_TOPOLOGY_H
#define CORE_TOPOLOGY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Number of possible CPUs: 1 to MAP_CPUS_MAX.  Slots of a per-CPU map. */
unsigned int topology_cpus(void);

/* The calling thread's CPU, below topology_cpus(). */
unsigned int topology_this_cpu(void);

/* Bytes of memory. */
uint64_t topology_memory(void);

/* Is 'node' an online memory node? */
bool topology_node_online(int node);

/*
 * Parse a list such as "0-3,8" of CPUs or nodes.  The number past the last
 * one, 0 if the text is no such list.  'member' and 'found' may be NULL/-1:
 * else *found tells whether 'member' is in the list.
 */
unsigned int topology_parse_list(const char *text, long member, bool *found);

#endif
