/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Array maps of many shapes, for loop tests: both types, packed and padded,
 * with and without a mapping, made by the privileged and the others.
 */
#ifndef UNIT_SHAPES_H
#define UNIT_SHAPES_H

#include "unit.h"

#define SHAPES 14 /* loop tests run from 0 to SHAPES */

struct shape {
	struct map *map;
	bool mapped;
	size_t bytes;	    /* of a value, as map_value_bytes */
	size_t record;	    /* bytes from one to the next */
	unsigned char *in;  /* a value to write */
	unsigned char *out; /* a value that was read */
};

void shape_open(struct shape *shape, int i);
void shape_close(struct shape *shape);

/* Give every element a value of its own: shape_value of its index. */
void shape_fill(struct shape *shape);
/* That value, in shape->in.  The padding of per-CPU slots is part of it. */
const unsigned char *shape_value(struct shape *shape, uint32_t index);
/* Is that what element 'index' holds? */
void shape_assert_value(struct shape *shape, uint32_t index);

#endif
