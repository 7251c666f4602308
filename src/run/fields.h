/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a map's BTF says of its values: that parts of them are locks, timers and
 * the like.  A target never sees what is in those, nor changes it: wherever
 * values go in or out, fields_reset makes of them what a new element has.
 *
 * NULL is a map whose values have no such parts.
 */
#ifndef RUN_FIELDS_H
#define RUN_FIELDS_H

#include <stdbool.h>
#include <stdint.h>

#include "run/btf.h"

struct fields;
struct map;

/*
 * Do these types fit the map?  The errnos and their order are those of
 * MAP_CREATE.  'fields' is set on success, for fields_free.
 */
int fields_make(const struct map *map, const struct btf *btf, uint32_t key_id,
		uint32_t value_id, struct fields **fields);

/* Others that are equal, or -ENOMEM. */
int fields_copy(const struct fields *fields, struct fields **copy);
void fields_free(struct fields *fields);

bool fields_equal(const struct fields *one, const struct fields *other);

/* 'count' values of the map, as it stores and gives them. */
void fields_reset(const struct fields *fields, const struct map *map,
		  void *values, uint32_t count);

/* Can BPF_F_LOCK be asked for? */
bool fields_have_lock(const struct fields *fields);

/*
 * Around a lookup or an update that may be with BPF_F_LOCK, of which there is
 * one at a time: a value of an array is so whole for all that are.
 */
void fields_lock(struct fields *fields, uint64_t flags);
void fields_unlock(struct fields *fields, uint64_t flags);

#endif
