/* SPDX-License-Identifier: BSD-2-Clause */
/* Maps of maps, and the maps in their slots. */
#include <mapfs/mapfs.h>

#include <errno.h>
#include <linux/bpf.h>
#include <stdio.h>

#include "api.h"

/* What is in slots is given out by id, of a hash alone, and gone then. */
static void test_slot_batches(struct mapfs_map *outer, struct mapfs_map *inner)
{
	struct mapfs_info of_inner = { .sz = sizeof(of_inner) };
	struct mapfs_info of_outer = { .sz = sizeof(of_outer) };
	uint32_t slot = 3, count = 5;
	uint32_t keys[5], ids[5];
	uint64_t token;
	bool is_hash;

	mapfs_info(inner, &of_inner);
	mapfs_info(outer, &of_outer);
	is_hash = of_outer.map_type == BPF_MAP_TYPE_HASH_OF_MAPS;
	is("put", mapfs_update_inner(outer, &slot, inner, MAPFS_ANY), 0);
	is("take a batch",
	   mapfs_lookup_and_delete_batch(outer, NULL, &token, keys, ids,
					 &count),
	   is_hash ? -ENOENT : -EOPNOTSUPP);
	if (is_hash) {
		is("of one", count, 1);
		is("its key", keys[0], 3);
		is("its id", ids[0], of_inner.id);
	}
	is("is it there?", mapfs_lookup(outer, &slot, ids),
	   is_hash ? -ENOENT : 0);
	is("put", mapfs_update_inner(outer, &slot, inner, MAPFS_ANY), 0);
	count = 1;
	is("delete a batch", mapfs_delete_batch(outer, &slot, &count),
	   is_hash ? 0 : -EOPNOTSUPP);
	is("is it there?", mapfs_lookup(outer, &slot, ids),
	   is_hash ? -ENOENT : 0);
	is("delete", mapfs_delete(outer, &slot), is_hash ? -ENOENT : 0);
}

/* The array i goes into a slot; x is one of another shape. */
static void test_slots(struct mapfs_map *outer, const char *mnt)
{
	char path[600];
	struct mapfs_map *inner;
	struct mapfs_map *held;
	uint64_t number = 77;
	uint32_t slot = 2;
	uint32_t first = 0;
	uint32_t id = 0;
	uint64_t got = 0;

	snprintf(path, sizeof(path), "%s/i", mnt);
	inner = mapfs_open(path, O_RDWR);
	is("nothing in the slot",
	   mapfs_open_inner(outer, &slot, O_RDWR) ? 0 : errno, ENOENT);
	test_slot_batches(outer, inner);
	is("put", mapfs_update_inner(outer, &slot, inner, MAPFS_ANY), 0);
	is("write", mapfs_update(inner, &first, &number, MAPFS_ANY), 0);
	mapfs_close(inner);
	is("remove", mapfs_destroy(path), 0);
	held = mapfs_open_inner(outer, &slot, O_RDWR);
	is("open the one without a name", held != NULL, 1);
	is("read", held ? mapfs_lookup(held, &first, &got) : -1, 0);
	is("what was written", (long)got, 77);
	is("its id", mapfs_lookup(outer, &slot, &id), 0);
	mapfs_close(held);
	snprintf(path, sizeof(path), "%s/x", mnt);
	inner = mapfs_open(path, O_RDONLY);
	is("put another shape", mapfs_update_inner(outer, &slot, inner, 0),
	   -EINVAL);
	mapfs_close(inner);
	is("an id", mapfs_update(outer, &slot, &id, MAPFS_ANY), 0);
	id = 0x7fffffff;
	is("no id", mapfs_update(outer, &slot, &id, MAPFS_ANY), -EBADF);
	is("delete", mapfs_delete(outer, &slot), 0);
	is("and again", mapfs_delete(outer, &slot), -ENOENT);
	is("the map has ended with it",
	   mapfs_open_inner(outer, &slot, O_RDWR) ? 0 : errno, ENOENT);
}

void test_inner(const char *mnt, struct mapfs_map *map)
{
	static const char *const outers[] = { "array_of_maps", "hash_of_maps" };
	struct mapfs_map *outer;
	char line[100];
	char path[600];
	size_t i;

	is("another shape",
	   mapfs_create(mnt, "x type array key 4 value 8 entries 9"), 0);
	for (i = 0; i < 2; i++) {
		is("inner",
		   mapfs_create(mnt, "i type array key 4 value 8 "
				     "entries 4"),
		   0);
		snprintf(line, sizeof(line),
			 "o type %s key 4 value 4 entries 5 inner i",
			 outers[i]);
		is("of maps", mapfs_create(mnt, line), 0);
		snprintf(path, sizeof(path), "%s/o", mnt);
		outer = mapfs_open(path, O_RDWR);
		is("open", outer != NULL, 1);
		if (outer)
			test_slots(outer, mnt);
		mapfs_close(outer);
		is("destroy", mapfs_destroy(path), 0);
	}
	snprintf(path, sizeof(path), "%s/x", mnt);
	is("destroy", mapfs_destroy(path), 0);
	is("no map of maps", mapfs_open_inner(map, line, O_RDWR) ? 0 : errno,
	   EOPNOTSUPP);
	is("nor to put", mapfs_update_inner(map, line, map, 0), -EOPNOTSUPP);
}
