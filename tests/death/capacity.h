/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Does a map hold exactly what it should, when nobody else works on it?
 */
#ifndef DEATH_CAPACITY_H
#define DEATH_CAPACITY_H

#include "elems.h"

/* Free nodes beyond max_entries in a map that nobody works on. */
uint32_t count_spares(struct map *map);

/*
 * Nothing is in anybody's hands any more, and elements and free places make
 * max_entries; 'owners' processes may write.  Complains otherwise, naming
 * 'when'.
 */
void check_census(struct map *map, uint32_t owners, const char *when);

/*
 * Every element listed, with a right value: how many.  Complains about any
 * other.  check_used: the same, and map_used_entries has that number.
 */
uint32_t list_elements(struct map *map, const char *when);
uint32_t check_used(struct map *map, const char *when);

/*
 * Fill the map up and see that it takes exactly max_entries (an LRU: holds
 * them, and an insert then evicts exactly one), replaces when it is full, and
 * takes as many again after everything has been deleted, and that there are
 * 'spares' then.  Numbers from CAPACITY_FIRST on are used.  The map is empty
 * afterwards.
 */
#define CAPACITY_FIRST (1u << 30)
void check_capacity(struct map *map, uint32_t owners, uint32_t spares,
		    const char *when);

#endif
