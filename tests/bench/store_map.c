/* SPDX-License-Identifier: BSD-2-Clause */
/* mapfs: a map of the core, as who maps its region works on it. */
#include <errno.h>
#include <stdlib.h>

#include "core/map.h"
#include "core/topology.h"
#include "hash.h"

struct own {
	struct map *map;
	uint32_t second; /* owner */
};

struct map *store_map(const struct store *store)
{
	const struct own *own = store->own;

	return own->map;
}

static int make(struct store *store, const struct bench *bench)
{
	struct map_attr attr = {
		.map_type = bench->group->map_type,
		.key_size = KEY_SIZE,
		.value_size = store->value_size,
		.max_entries = bench->group->entries,
	};
	const struct map_ops *ops = map_type_ops(attr.map_type);
	struct charge charge = { 0 };
	struct own *own = calloc(1, sizeof(*own));
	int err;

	if (!own)
		return -ENOMEM;
	store->prefixes = ops->flags & MAP_PREFIXES;
	if (store->prefixes) {
		attr.key_size = PREFIX_KEY_SIZE;
		attr.map_flags = BPF_F_NO_PREALLOC;
	}
	err = map_create(&attr, &charge, NULL, &own->map);
	if (err)
		goto err_free;
	err = map_owner_get(own->map, &own->second);
	if (err)
		goto err_put;
	store->slots = map_value_slots(own->map);
	store->own = own;
	return 0;

err_put:
	map_put(own->map);
err_free:
	free(own);
	return err;
}

static void free_store(struct store *store)
{
	struct own *own = store->own;

	map_owner_end(own->map, own->second, false);
	map_put(own->map);
	map_free_wait();
	free(own);
}

static int second(struct store *store)
{
	struct own *own = store->own;

	map_owner_set(own->map, own->second);
	return 0;
}

static int lookup(struct store *store, const uint64_t *key, void *value)
{
	struct prefix_key prefix;

	return map_lookup_elem(store_map(store), store_key(store, key, &prefix),
			       value);
}

static int update(struct store *store, const uint64_t *key, const void *value)
{
	struct prefix_key prefix;

	return map_update_elem(store_map(store), store_key(store, key, &prefix),
			       value, BPF_ANY);
}

static int delete (struct store *store, const uint64_t *key)
{
	struct prefix_key prefix;

	return map_delete_elem(store_map(store),
			       store_key(store, key, &prefix));
}

const struct store_ops map_store_ops = {
	.make = make,
	.free = free_store,
	.second = second,
	.lookup = lookup,
	.update = update,
	.delete = delete,
};
