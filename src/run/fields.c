/* SPDX-License-Identifier: BSD-2-Clause */
#include "run/fields.h"

#include <errno.h>
#include <linux/btf.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "core/map.h"
#include "run/run.h"

struct fields {
	struct btf_fields in; /* a value */
	pthread_mutex_t lock;
};

/* Types of maps whose values may have a field. */
#define TYPE(type)   (1u << BPF_MAP_TYPE_##type)
#define LOCK_TYPES   (TYPE(HASH) | TYPE(ARRAY))
#define OBJECT_TYPES (LOCK_TYPES | TYPE(LRU_HASH))
#define KPTR_TYPES                                                  \
	(OBJECT_TYPES | TYPE(PERCPU_HASH) | TYPE(LRU_PERCPU_HASH) | \
	 TYPE(PERCPU_ARRAY))

static const uint32_t field_types[BTF_SPECIALS] = {
	[BTF_SPIN_LOCK] = LOCK_TYPES,	[BTF_RES_SPIN_LOCK] = LOCK_TYPES,
	[BTF_TIMER] = OBJECT_TYPES,	[BTF_WORKQUEUE] = OBJECT_TYPES,
	[BTF_TASK_WORK] = OBJECT_TYPES, [BTF_REFCOUNT] = KPTR_TYPES,
	[BTF_LIST_HEAD] = OBJECT_TYPES, [BTF_RB_ROOT] = OBJECT_TYPES,
	[BTF_KPTR] = KPTR_TYPES,
};

static int check_fields(const struct map *map, const struct btf_fields *fields)
{
	uint32_t i;

	if (fields->count &&
	    map->map_flags & (BPF_F_RDONLY_PROG | BPF_F_WRONLY_PROG))
		return -EACCES;
	for (i = 0; i < fields->count; i++)
		if (!(field_types[fields->field[i].special] &
		      1u << map->map_type))
			return -EOPNOTSUPP;
	return 0;
}

/* An array without a key's type is the global data of a program. */
static int check_array(const struct map *map, const struct btf *btf,
		       uint32_t key_id, uint32_t value_id)
{
	if (key_id)
		return btf_is_i32(btf, key_id) ? 0 : -EINVAL;
	return map->map_type == BPF_MAP_TYPE_ARRAY && map->max_entries == 1 &&
			       btf_kind(btf, value_id) == BTF_KIND_DATASEC ?
		       0 :
		       -EINVAL;
}

/* What a type of maps wants of its types. */
static int check_type(const struct map *map, const struct btf *btf,
		      uint32_t key_id, uint32_t value_id)
{
	/* What it holds are maps, of no type. */
	if (map->ops->flags & MAP_OF_MAPS)
		return -ENOTSUPP;
	if (map->ops->flags & MAP_FIXED_KEYS)
		return check_array(map, btf, key_id, value_id);
	if (map->ops->flags & MAP_PREFIXES)
		return btf_kind(btf, key_id) == BTF_KIND_STRUCT ? 0 : -EINVAL;
	if (map->map_type == BPF_MAP_TYPE_BLOOM_FILTER)
		return key_id ? -EINVAL : 0;
	return 0;
}

/* Types that say themselves whether a key's type can be left out. */
static bool key_optional(const struct map *map)
{
	return map->ops->flags &
		       (MAP_OF_MAPS | MAP_FIXED_KEYS | MAP_PREFIXES) ||
	       map->map_type == BPF_MAP_TYPE_BLOOM_FILTER;
}

static int new_fields(const struct btf_fields *in, struct fields **fieldsp)
{
	struct fields *fields = NULL;

	if (in->count) {
		fields = malloc(sizeof(*fields));
		if (!fields)
			return -ENOMEM;
		fields->in = *in;
		pthread_mutex_init(&fields->lock, NULL);
	}
	*fieldsp = fields;
	return 0;
}

int fields_make(const struct map *map, const struct btf *btf, uint32_t key_id,
		uint32_t value_id, struct fields **fields)
{
	struct btf_fields in;
	uint32_t size;
	int err;

	if (key_id ? !btf_size(btf, &key_id, &size) || size != map->key_size :
		     !key_optional(map))
		return -EINVAL;
	if (!btf_size(btf, &value_id, &size) || size != map->value_size)
		return -EINVAL;
	btf_find_fields(btf, value_id, &in);
	err = check_fields(map, &in);
	if (!err)
		err = check_type(map, btf, key_id, value_id);
	return err ? err : new_fields(&in, fields);
}

int fields_copy(const struct fields *fields, struct fields **copy)
{
	static const struct btf_fields none;

	return new_fields(fields ? &fields->in : &none, copy);
}

void fields_free(struct fields *fields)
{
	if (fields)
		pthread_mutex_destroy(&fields->lock);
	free(fields);
}

bool fields_equal(const struct fields *one, const struct fields *other)
{
	uint32_t i;

	if (!one || !other)
		return one == other;
	if (one->in.count != other->in.count)
		return false;
	for (i = 0; i < one->in.count; i++)
		if (one->in.field[i].special != other->in.field[i].special ||
		    one->in.field[i].off != other->in.field[i].off)
			return false;
	return true;
}

static void reset_one(const struct btf_fields *in, unsigned char *value)
{
	const uint32_t one = 1;
	uint32_t i;

	for (i = 0; i < in->count; i++) {
		const struct btf_field *field = &in->field[i];

		memset(value + field->off, 0, field->size);
		if (field->special == BTF_REFCOUNT)
			memcpy(value + field->off, &one, sizeof(one));
	}
}

/* Of a map that is per CPU a value is one for each. */
void fields_reset(const struct fields *fields, const struct map *map,
		  void *values, uint32_t count)
{
	size_t each = map->ops->flags & MAP_PERCPU ?
			      (map->value_size + 7ul) & ~7ul :
			      map->value_size;
	unsigned char *value = values;
	unsigned char *end;

	if (!fields)
		return;
	for (end = value + count * map_value_bytes(map); value < end;
	     value += each)
		reset_one(&fields->in, value);
}

bool fields_have_lock(const struct fields *fields)
{
	return fields && fields->in.mask & 1u << BTF_SPIN_LOCK;
}

void fields_lock(struct fields *fields, uint64_t flags)
{
	if (flags & BPF_F_LOCK && fields_have_lock(fields))
		pthread_mutex_lock(&fields->lock);
}

void fields_unlock(struct fields *fields, uint64_t flags)
{
	if (flags & BPF_F_LOCK && fields_have_lock(fields))
		pthread_mutex_unlock(&fields->lock);
}
