/* SPDX-License-Identifier: BSD-2-Clause */
#include "core/table.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/shared.h"

static struct table *to_table(const struct map *map)
{
	return (struct table *)((char *)map - offsetof(struct table, map));
}

void table_map_free(struct map *map)
{
	struct table *table = to_table(map);

	region_release(&table->region);
	free(table);
}

uint64_t table_map_mem_usage(const struct map *map)
{
	return to_table(map)->region.size;
}

struct region *table_map_region(struct map *map, uint32_t n)
{
	return n ? NULL : &to_table(map)->region;
}

int table_copy_header(const struct region *region,
		      const struct region_header *checked, uint32_t layout,
		      void *header, size_t size)
{
	if (region->size < size)
		return -EUCLEAN;
	if (checked->layout != layout)
		return -EPROTO;
	shared_copy_out(header, region->base, size);
	memcpy(header, checked, sizeof(*checked));
	return 0;
}
