/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Batches: many elements in one call, by the rules of BPF_MAP_*_BATCH.  The
 * generic versions walk with get_next_key and serve every type whose token is
 * the last key visited.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/map.h"

/*
 * Keys that a batch may find and then not look up, more than there are places:
 * others delete them, or a table has been spoilt and its walk does not end.
 */
#define BATCH_MISSES 65536u

int generic_map_lookup_batch(struct map *map, struct map_batch *batch)
{
	const uint32_t room = batch->count;
	const size_t value_bytes = map_value_bytes(map);
	unsigned char *key = batch->keys;
	unsigned char *value = batch->values;
	const void *prev = batch->in_batch;
	unsigned char *next;
	uint64_t misses = map->max_entries + (uint64_t)BATCH_MISSES;
	uint32_t done = 0;
	int err = 0;

	batch->count = 0;
	next = malloc(map->key_size);
	if (!next)
		return -ENOMEM;
	while (done < room) {
		err = map_get_next_key(map, prev, next);
		/* Where there is nothing to store, NULL does no harm. */
		if (!err && (!batch->out_batch || !key || !value))
			err = -EFAULT;
		if (err)
			break;
		err = map_lookup_elem_sys_only(map, next, value);
		/* Gone since, or a slot that holds nothing: go on from it. */
		if (!err) {
			memcpy(key, next, map->key_size);
			key += map->key_size;
			value += value_bytes;
			done++;
		} else if (err != -ENOENT) {
			break;
		} else if (!misses--) {
			err = -EUCLEAN;
			break;
		}
		memcpy(batch->out_batch, next, map->key_size);
		prev = batch->out_batch;
		err = 0;
	}
	free(next);
	batch->count = done;
	return err;
}

int generic_map_update_batch(struct map *map, struct map_batch *batch)
{
	const uint32_t count = batch->count;
	const size_t value_bytes = map_value_bytes(map);
	const unsigned char *key = batch->keys;
	const unsigned char *value = batch->values;
	uint32_t i;
	int err;

	if (!count)
		return 0;
	batch->count = 0;
	if (!key || !value)
		return -EFAULT;
	for (i = 0; i < count; i++) {
		err = map->ops->map_update_elem(map, key, value,
						batch->elem_flags);
		if (err)
			return err;
		batch->count++;
		key += map->key_size;
		value += value_bytes;
	}
	return 0;
}

int generic_map_delete_batch(struct map *map, struct map_batch *batch)
{
	const uint32_t count = batch->count;
	const unsigned char *key = batch->keys;
	uint32_t i;
	int err;

	if (!count)
		return 0;
	batch->count = 0;
	if (!key)
		return -EFAULT;
	for (i = 0; i < count; i++, key += map->key_size) {
		err = map->ops->map_delete_elem(map, key);
		if (err)
			return err;
		batch->count++;
	}
	return 0;
}

/*
 * Refusals here leave batch->count alone.  BPF_F_LOCK is the only element flag
 * that bpf(2) has here, and it needs a lock in the value, which no map of ours
 * has.
 */
typedef int (*batch_hook_t)(struct map *map, struct map_batch *batch);

static int batch_run(struct map *map, struct map_batch *batch,
		     batch_hook_t hook)
{
	if (!hook)
		return -EOPNOTSUPP;
	if (batch->elem_flags)
		return -EINVAL;
	return hook(map, batch);
}

/* The right to write comes first, as for single elements. */
static int batch_write(struct map *map, struct map_batch *batch,
		       batch_hook_t hook)
{
	int err = map_write_get(map);

	if (err)
		return err;
	err = batch_run(map, batch, hook);
	map_write_put(map);
	return err;
}

int map_lookup_batch(struct map *map, struct map_batch *batch)
{
	return batch_run(map, batch, map->ops->map_lookup_batch);
}

int map_lookup_and_delete_batch(struct map *map, struct map_batch *batch)
{
	return batch_write(map, batch, map->ops->map_lookup_and_delete_batch);
}

int map_update_batch(struct map *map, struct map_batch *batch)
{
	return batch_write(map, batch, map->ops->map_update_batch);
}

int map_delete_batch(struct map *map, struct map_batch *batch)
{
	return batch_write(map, batch, map->ops->map_delete_batch);
}
