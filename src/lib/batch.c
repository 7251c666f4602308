/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Batches.  Where the daemon answers, a batch is a walk by position, or a call
 * for each element, and its token the position.
 */
#include <errno.h>
#include <string.h>

#include "lib/lib.h"

size_t mapfs_batch_token(struct mapfs_map *map)
{
	size_t token = sizeof(uint64_t);

	return map->attr.key_size > token ? map->attr.key_size : token;
}

static const struct map_ops *ops_of(const struct mapfs_map *map)
{
	return map_type_ops(map->attr.map_type);
}

/* A map of maps gives nothing out one by one. */
static int take_one(struct mapfs_map *map, const void *key, void *value)
{
	if (ops_of(map)->map_lookup_and_delete_elem)
		return mapfs_lookup_and_delete(map, key, value);
	return mapfs_delete(map, key);
}

/* 1, 0, or an error as of mapfs_iter_next; what is gone is passed over. */
static int next(struct mapfs_map *map, struct mapfs_iter *iter, void *key,
		void *value, bool take)
{
	int err;
	int res;

	do {
		res = mapfs_iter_next(map, iter, key, value);
		err = res > 0 && take ? take_one(map, key, value) : 0;
	} while (err == -ENOENT);
	return err ? err : res;
}

/* A lookup that takes, if it is to. */
static int walk(struct mapfs_map *map, struct map_batch *batch, bool take)
{
	struct mapfs_iter iter = MAPFS_ITER_INIT;
	const size_t value_bytes = lib_value_bytes(map);
	unsigned char *key = batch->keys;
	unsigned char *value = batch->values;
	uint32_t room = batch->count;
	int res = 1;

	if (!room)
		return 0;
	batch->count = 0;
	if (!batch->out_batch || !key || !value)
		return -EFAULT;
	if (batch->in_batch)
		memcpy(&iter.position, batch->in_batch, sizeof(iter.position));
	while (batch->count < room) {
		res = next(map, &iter, key, value, take);
		if (res <= 0)
			break;
		key += map->attr.key_size;
		value += value_bytes;
		batch->count++;
	}
	memcpy(batch->out_batch, &iter.position, sizeof(iter.position));
	return res ? (res < 0 ? res : 0) : -ENOENT;
}

/* A change of each element, up to the first that fails. */
static int each(struct mapfs_map *map, struct map_batch *batch)
{
	const size_t value_bytes = lib_value_bytes(map);
	const unsigned char *key = batch->keys;
	const unsigned char *value = batch->values;
	uint32_t count = batch->count;
	int err = 0;

	for (batch->count = 0; batch->count < count; batch->count++) {
		err = value ? mapfs_update(map, key, value, MAPFS_ANY) :
			      mapfs_delete(map, key);
		if (err)
			break;
		key += map->attr.key_size;
		value = value ? value + value_bytes : NULL;
	}
	return err;
}

/* Are there such batches, and the right to write if it is needed? */
static int begin(struct mapfs_map *map, bool has, bool writes)
{
	int err = writes ? lib_begin(map) : 0;

	return err || has ? err : -EOPNOTSUPP;
}

int mapfs_lookup_batch(struct mapfs_map *map, const void *in, void *out,
		       void *keys, void *values, uint32_t *count)
{
	struct map_batch batch = { .in_batch = in,
				   .out_batch = out,
				   .keys = keys,
				   .values = values,
				   .count = *count };
	int err = begin(map, ops_of(map)->map_lookup_batch, false);

	if (!err)
		err = map->core ? map_lookup_batch(map->core, &batch) :
				  walk(map, &batch, false);
	*count = batch.count;
	return lib_result(err);
}

int mapfs_lookup_and_delete_batch(struct mapfs_map *map, const void *in,
				  void *out, void *keys, void *values,
				  uint32_t *count)
{
	struct map_batch batch = { .in_batch = in,
				   .out_batch = out,
				   .keys = keys,
				   .values = values,
				   .count = *count };
	int err = begin(map, ops_of(map)->map_lookup_and_delete_batch, true);

	if (!err)
		err = map->core ?
			      map_lookup_and_delete_batch(map->core, &batch) :
			      walk(map, &batch, true);
	*count = batch.count;
	return lib_result(err);
}

int mapfs_update_batch(struct mapfs_map *map, const void *keys,
		       const void *values, uint32_t *count)
{
	struct map_batch batch = { .keys = (void *)keys,
				   .values = (void *)values,
				   .count = *count };
	int err = begin(map, ops_of(map)->map_update_batch, true);

	if (!err && *count && (!keys || !values))
		err = -EFAULT;
	else if (!err)
		err = map->core ? map_update_batch(map->core, &batch) :
				  each(map, &batch);
	*count = err == -EFAULT ? 0 : batch.count;
	return lib_result(err);
}

int mapfs_delete_batch(struct mapfs_map *map, const void *keys, uint32_t *count)
{
	struct map_batch batch = { .keys = (void *)keys, .count = *count };
	int err = begin(map, ops_of(map)->map_delete_batch, true);

	if (!err && *count && !keys)
		err = -EFAULT;
	else if (!err)
		err = map->core ? map_delete_batch(map->core, &batch) :
				  each(map, &batch);
	*count = err == -EFAULT ? 0 : batch.count;
	return lib_result(err);
}
