/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * mapfs/array.h - elements of a mapped array, inline
 *
 * A map of type array is a plain C array in shared memory: element i is the
 * record_size bytes at offset i * record_size of the map's elements file, and
 * so is slot i of a per-CPU array in percpu/N.  This header turns an index
 * into a pointer to that element: a bounds check and an addition.
 *
 *	int fd = open("/mnt/maps/hits/elements", O_RDWR);
 *	void *base = mmap(NULL, 1024 * 8, PROT_READ | PROT_WRITE, MAP_SHARED,
 *			  fd, 0);
 *	struct mapfs_array hits = MAPFS_ARRAY(base, 1024, 8);
 *	uint64_t *hit = mapfs_array_lookup(&hits, 5);
 *
 *	if (hit)
 *		__atomic_fetch_add(hit, 1, __ATOMIC_RELAXED);
 *
 * Needs no library.  C and C++.
 */
#ifndef MAPFS_ARRAY_H
#define MAPFS_ARRAY_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* A mapped array.  Written once, then read by any number of threads. */
struct mapfs_array {
	unsigned char *base;  /* the mapping, from offset 0 */
	uint32_t max_entries; /* elements */
	uint32_t record_size; /* bytes from one element to the next */
	/*
	 * Applied to an index that passed the bounds check, so that a CPU
	 * that speculates past the check stays within a power of two.  All
	 * ones asks for no masking.  Only a mapping made to match may use
	 * another value: the next power of two of max_entries, less one, in
	 * a mapping with nothing to read behind the array.
	 */
	uint32_t index_mask;
};

/* A mapping of one's own: record_size as in the map's info file. */
#define MAPFS_ARRAY(base, max_entries, record_size)                    \
	{                                                              \
		(unsigned char *)(base), (max_entries), (record_size), \
			0xffffffffu                                    \
	}

/*
 * Address of element 'index', NULL if there is none.  Valid as long as the
 * mapping.  The element may be written by other processes at any time: use
 * atomic accesses for what is shared.  Thread-safe; async-signal-safe.
 */
static inline void *mapfs_array_lookup(const struct mapfs_array *array,
				       uint32_t index)
{
	if (index >= array->max_entries)
		return NULL;
	return array->base +
	       (size_t)(index & array->index_mask) * array->record_size;
}

#ifdef __cplusplus
}
#endif

#endif
