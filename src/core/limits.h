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

/* Bytes of what a map of a slot is called: a name, or "by-id/2147483646". */
#define MAP_TEXT_LEN 32

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

/* Elements of a hash: the kernel takes no more buckets than these. */
#define HASH_ENTRIES_MAX (1u << 27)

/* Bytes of key and value of a hash together: the kernel's largest kmalloc. */
#define HASH_SIZE_MAX 4194255u

/*
 * Nodes in one bucket.  With a seed that nobody knows, one of more than 30 is
 * not to be expected in the life of the universe.  Who asks for zero_seed and
 * lets others choose the keys gets E2BIG instead of ever longer walks.
 */
#define HASH_CHAIN_MAX 32u

/*
 * Nodes of a hash beyond its elements, for replacements: one for each process
 * or thread that is at it, a few more where a bucket holds many elements.  A
 * process that is stopped in the middle keeps its own, so there are plenty, but
 * for large values no more than the bytes allow.
 */
#define HASH_SPARES_MAX	  1024u
#define HASH_SPARES_MIN	  (HASH_CHAIN_MAX + 8u)
#define HASH_SPARES_BYTES (16u << 20)

/*
 * Processes that write one table at the same time.  A mark has room for
 * 4095; more than a thousand writers of one table is a mistake.
 */
#define TABLE_OWNERS 1023u

/* Bytes of a trie's key, and of its value, as in the kernel. */
#define LPM_KEY_MIN   5u
#define LPM_KEY_MAX   260u
#define LPM_VALUE_MAX 4194024u

/* Prefixes of a trie: a link has 31 bits for the number of a node. */
#define LPM_ENTRIES_MAX (1u << 30)

/*
 * Branches of a trie beyond those it can hold: a change copies one for each
 * bit of the key at most.  Enough for this many changes at once, but no more
 * than the bytes allow.
 */
#define LPM_SPARES_CHANGES 256u
#define LPM_SPARES_BYTES   (16u << 20)

/*
 * Positions of an LRU's ring at least, and for each element: how many
 * insertions an element can stay in a map that is never full before it counts
 * as new once more.
 */
#define LRU_RING_MIN	  4096u
#define LRU_RING_ELEMENTS 2u

/*
 * Positions that one eviction looks at before it takes a marked element: what
 * an insertion may cost where all elements are marked has to end somewhere.
 */
#define LRU_PASSES 16384u

/*
 * Bytes of a queue's or stack's value: the kernel's largest kmalloc.  Elements:
 * a slot's number has fewer bits than a word.
 */
#define QUEUE_VALUE_MAX	  4194304u
#define QUEUE_ENTRIES_MAX (1u << 30)

/* Bytes of a bloom filter's value: the kernel's largest kmalloc. */
#define BLOOM_VALUE_MAX 4194304u

/* Hash functions of a bloom filter: the kernel has four bits for them. */
#define BLOOM_HASHES_MAX 15u

/*
 * Bytes charged for a map beyond its data: the map's struct and the kernel's
 * inode, dentry and file of each of its memory files, rounded up.  It makes
 * even the smallest map cost something, so that a limit on memory is also a
 * limit on the number of maps.
 */
#define MAP_OVERHEAD 4096u

#endif
