/* SPDX-License-Identifier: BSD-2-Clause */
/* Array maps of many shapes, see shapes.h. */
#include "shapes.h"

#include <stdlib.h>

#define ARRAY	     BPF_MAP_TYPE_ARRAY
#define PERCPU_ARRAY BPF_MAP_TYPE_PERCPU_ARRAY

static const struct {
	uint32_t type;
	uint32_t value_size;
	uint32_t max_entries;
	uint32_t flags;
	bool unpriv;
	bool mapped;
} shapes[] = {
	{ ARRAY, 1, 1, 0, false, false },
	{ ARRAY, 8, 5, 0, false, false },
	{ ARRAY, 8, 5, 0, false, true },
	{ ARRAY, 5, 7, 0, false, false },
	{ ARRAY, 5, 7, 0, true, true },
	{ ARRAY, 5, 7, BPF_F_MMAPABLE, false, false },
	{ ARRAY, 5, 7, BPF_F_MMAPABLE, true, true },
	{ ARRAY, 4097, 4, BPF_F_NUMA_NODE | BPF_F_MMAPABLE, false, true },
	{ PERCPU_ARRAY, 1, 1, 0, false, false },
	{ PERCPU_ARRAY, 8, 5, 0, false, false },
	{ PERCPU_ARRAY, 8, 5, 0, true, true },
	{ PERCPU_ARRAY, 13, 6, 0, false, false },
	{ PERCPU_ARRAY, 13, 6, 0, false, true },
	{ PERCPU_ARRAY, PERCPU_VALUE_MAX, 3, 0, false, true },
};

_Static_assert(sizeof(shapes) / sizeof(shapes[0]) == SHAPES, "see shapes.h");

void shape_open(struct shape *shape, int i)
{
	struct map_attr attr = unit_attr(shapes[i].type, shapes[i].value_size,
					 shapes[i].max_entries,
					 shapes[i].flags);

	attr.unpriv = shapes[i].unpriv;
	ck_assert_int_eq(unit_create(&attr, &shape->map), 0);
	shape->mapped = shapes[i].mapped;
	if (shape->mapped)
		ck_assert_int_eq(map_mmap(shape->map, PROT_READ | PROT_WRITE),
				 0);
	shape->bytes = map_value_bytes(shape->map);
	shape->record = shape->map->ops->map_record_size(shape->map);
	shape->in = malloc(shape->bytes);
	shape->out = malloc(shape->bytes);
	ck_assert(shape->in && shape->out);
}

void shape_close(struct shape *shape)
{
	free(shape->in);
	free(shape->out);
	unit_put_map(shape->map);
}

const unsigned char *shape_value(struct shape *shape, uint32_t index)
{
	unit_fill(shape->in, shape->bytes, index + 1);
	return shape->in;
}

void shape_fill(struct shape *shape)
{
	uint32_t i;

	for (i = 0; i < shape->map->max_entries; i++)
		ck_assert_int_eq(unit_update(shape->map, i,
					     shape_value(shape, i), BPF_ANY),
				 0);
}

void shape_assert_value(struct shape *shape, uint32_t index)
{
	memset(shape->out, 0xee, shape->bytes);
	ck_assert_int_eq(unit_lookup(shape->map, index, shape->out), 0);
	ck_assert_mem_eq(shape->out, shape_value(shape, index), shape->bytes);
}
