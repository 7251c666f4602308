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

int generic_map_lookup_batch(struct map *map, struct map_batch *batch)
{
	const uint32_t room = batch->count;
	const size_t value_bytes = map_value_bytes(map);
	unsigned char *key = batch->keys;
	unsigned char *value = batch->values;
	const void *prev = batch->in_batch;
	unsigned char *next;
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

/*
 * Refusals that leave batch->count alone.  BPF_F_LOCK is the only flag that
 * bpf(2) has here, and it needs a lock in the value, which no map of ours has.
 */
static int batch_check(const struct map_batch *batch, const void *hook)
{
	if (!hook)
		return -EOPNOTSUPP;
	return batch->elem_flags ? -EINVAL : 0;
}

int map_lookup_batch(struct map *map, struct map_batch *batch)
{
	int err = batch_check(batch, (const void *)map->ops->map_lookup_batch);

	if (err || !batch->count)
		return err;
	return map->ops->map_lookup_batch(map, batch);
}

int map_update_batch(struct map *map, struct map_batch *batch)
{
	int err = map_write_get(map);

	if (err)
		return err;
	err = batch_check(batch, (const void *)map->ops->map_update_batch);
	if (!err && batch->count)
		err = map->ops->map_update_batch(map, batch);
	map_write_put(map);
	return err;
}
