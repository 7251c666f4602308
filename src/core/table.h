/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Tables: maps in one region, with a header of the type's own behind the one
 * that every region has.  What such types have in common.
 */
#ifndef CORE_TABLE_H
#define CORE_TABLE_H

#include <stddef.h>

#include "core/map.h"

/* The first member of the type's struct, which is calloc's. */
struct table {
	struct map map;
	struct region region;
};

/* The hooks of the same names. */
void table_map_free(struct map *map);
uint64_t table_map_mem_usage(const struct map *map);
struct region *table_map_region(struct map *map, uint32_t n);

/*
 * For map_attach: a private copy of the type's header, 'size' bytes, of which
 * 'checked' is the start.  Others may be writing the region already, so
 * nothing but such a copy is looked at.  -EUCLEAN: the region is too small;
 * -EPROTO: of another layout.
 */
int table_copy_header(const struct region *region,
		      const struct region_header *checked, uint32_t layout,
		      void *header, size_t size);

#endif
