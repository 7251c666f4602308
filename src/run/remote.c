/* SPDX-License-Identifier: BSD-2-Clause */
#include "run/remote.h"

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "core/map.h"
#include "lib/lib.h"
#include "run/object.h"

struct remote {
	struct map map;
	struct map_ops ops; /* those of the type that the daemon can do */
	struct mapfs_map *by;
};

static struct mapfs_map *by(const struct map *map)
{
	return ((const struct remote *)((const char *)map -
					offsetof(struct remote, map)))
		->by;
}

static int remote_lookup(struct map *map, const void *key, void *value)
{
	return mapfs_lookup(by(map), key, value);
}

/* What is no map has an id that is no map's: the daemon says when it is due. */
static int remote_update(struct map *map, const void *key, const void *value,
			 uint64_t flags)
{
	int err = mapfs_update(by(map), key, value, flags);
	uint32_t id;

	if (err != -EBADF || !(map->ops->flags & MAP_OF_MAPS))
		return err;
	memcpy(&id, value, sizeof(id));
	return id == OBJECT_NO_MAP ? -EINVAL : err;
}

static int remote_delete(struct map *map, const void *key)
{
	return mapfs_delete(by(map), key);
}

static int remote_next_key(struct map *map, const void *key, void *next)
{
	return mapfs_next_key(by(map), key, next);
}

static int remote_take(struct map *map, const void *key, void *value)
{
	return mapfs_lookup_and_delete(by(map), key, value);
}

static int remote_push(struct map *map, const void *value, uint64_t flags)
{
	return mapfs_push(by(map), value, flags);
}

static int remote_pop(struct map *map, void *value)
{
	return mapfs_pop(by(map), value);
}

static int remote_peek(struct map *map, void *value)
{
	return mapfs_peek(by(map), value);
}

static uint64_t remote_used(struct map *map)
{
	struct mapfs_info info = { .sz = sizeof(info) };

	return mapfs_info(by(map), &info) ? 0 : info.entries;
}

static uint64_t remote_mem_usage(const struct map *map)
{
	return by(map)->memlock;
}

/* Of a bucket, as many elements as there is room for, and where it ends. */
struct walk {
	struct mapfs_map *by;
	struct mapfs_iter iter;
	unsigned char *keys;
	unsigned char *values;
	size_t key_size;
	size_t value_size;
	uint32_t seen;	/* elements got */
	uint32_t whole; /* of those, in buckets that are there to the end */
	uint64_t end;	/* of these buckets */
};

/* 1; 0 at the end of the map; or a negative errno. */
static int walk_on(struct walk *walk)
{
	const uint64_t within = (1ull << MAP_POS_BUCKET) - 1;
	int res = mapfs_iter_next(walk->by, &walk->iter,
				  walk->keys + walk->seen * walk->key_size,
				  walk->values + walk->seen * walk->value_size);

	walk->seen += res > 0;
	if (!(walk->iter.position & within) || !res) {
		walk->whole = walk->seen;
		walk->end = walk->iter.position;
	}
	return res;
}

/* What is gone meanwhile is passed over. */
static int take_whole(struct walk *walk, const struct map_ops *ops)
{
	unsigned char *key = walk->keys, *value = walk->values;
	uint32_t n = walk->whole, i;
	int err = 0;

	for (i = walk->whole = 0; i < n && (!err || err == -ENOENT); i++) {
		memmove(key, walk->keys + i * walk->key_size, walk->key_size);
		memmove(value, walk->values + i * walk->value_size,
			walk->value_size);
		err = ops->map_lookup_and_delete_elem ?
			      mapfs_lookup_and_delete(walk->by, key, value) :
			      mapfs_delete(walk->by, key);
		if (err)
			continue;
		key += walk->key_size;
		value += walk->value_size;
		walk->whole++;
	}
	return err == -ENOENT ? 0 : err;
}

/* Whole buckets, as the core and the kernel give them. */
static int walk(struct map *map, struct map_batch *batch, bool take)
{
	struct walk walk = {
		.by = by(map),
		.keys = batch->keys,
		.values = batch->values,
		.key_size = map->key_size,
		.value_size = map_value_bytes(map),
	};
	uint32_t token = 0;
	int res = 1;
	int err = 0;

	if (batch->flags || batch->elem_flags)
		return -EINVAL;
	if (!batch->count)
		return 0;
	if (batch->in_batch)
		memcpy(&token, batch->in_batch, sizeof(token));
	walk.iter.position = (uint64_t)token << MAP_POS_BUCKET;
	while (res > 0 && walk.seen < batch->count)
		res = walk_on(&walk);
	batch->count = 0;
	if (res < 0)
		return res;
	if (take)
		err = take_whole(&walk, map->ops);
	batch->count = walk.whole;
	token = (uint32_t)(walk.end >> MAP_POS_BUCKET);
	memcpy(batch->out_batch, &token, sizeof(token));
	if (err)
		return err;
	return !res ? -ENOENT : walk.whole ? 0 : -ENOSPC;
}

static int remote_lookup_batch(struct map *map, struct map_batch *batch)
{
	return walk(map, batch, false);
}

static int remote_take_batch(struct map *map, struct map_batch *batch)
{
	return walk(map, batch, true);
}

static void remote_free(struct map *map)
{
	free((char *)map - offsetof(struct remote, map));
}

/* Put 'remote' in the place of a hook that the type has. */
#define REPLACE(ops, hook, remote) ((ops)->hook = (ops)->hook ? (remote) : NULL)

static void set_ops(struct map_ops *ops, const struct map_ops *type)
{
	*ops = (struct map_ops){
		.flags = type->flags,
		.map_lookup_elem = type->map_lookup_elem,
		.map_update_elem = type->map_update_elem,
		.map_delete_elem = type->map_delete_elem,
		.map_get_next_key = type->map_get_next_key,
		.map_lookup_and_delete_elem = type->map_lookup_and_delete_elem,
		.map_push_elem = type->map_push_elem,
		.map_pop_elem = type->map_pop_elem,
		.map_peek_elem = type->map_peek_elem,
		.map_lookup_batch = type->map_lookup_batch,
		.map_lookup_and_delete_batch =
			type->map_lookup_and_delete_batch,
		.map_update_batch = type->map_update_batch,
		.map_delete_batch = type->map_delete_batch,
		/* That there are some is asked; they are never called. */
		.map_attach_data = type->map_attach_data,
		.map_free = remote_free,
		.map_used = remote_used,
		.map_mem_usage = remote_mem_usage,
	};
	REPLACE(ops, map_lookup_elem, remote_lookup);
	REPLACE(ops, map_update_elem, remote_update);
	REPLACE(ops, map_delete_elem, remote_delete);
	REPLACE(ops, map_get_next_key, remote_next_key);
	REPLACE(ops, map_lookup_and_delete_elem, remote_take);
	REPLACE(ops, map_push_elem, remote_push);
	REPLACE(ops, map_pop_elem, remote_pop);
	REPLACE(ops, map_peek_elem, remote_peek);
	/* By keys where the core does it so. */
	if (ops->map_lookup_batch != generic_map_lookup_batch)
		REPLACE(ops, map_lookup_batch, remote_lookup_batch);
	REPLACE(ops, map_lookup_and_delete_batch, remote_take_batch);
	REPLACE(ops, map_update_batch, generic_map_update_batch);
	REPLACE(ops, map_delete_batch, generic_map_delete_batch);
}

struct map *remote_map(struct mapfs_map *map)
{
	struct remote *remote = calloc(1, sizeof(*remote));

	if (!remote)
		return NULL;
	remote->by = map;
	set_ops(&remote->ops, map_type_ops(map->attr.map_type));
	map_init(&remote->map, &map->attr, &remote->ops);
	return &remote->map;
}
