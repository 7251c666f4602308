/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * array_of_maps and hash_of_maps: slots that hold other maps.
 *
 * What is in the slots is the ids of the maps, in a table that is an array or
 * a hash of our own with values of four bytes.  Which maps are held is written
 * down in private memory besides, by id and how often, and that is what counts:
 * whoever gets at the table's memory can change what a slot shows, but no
 * reference.  The table is nobody else's, so a lock around its changes does.
 *
 * The maps that are held are not maps of maps, so nothing can hold itself.
 */
#include <errno.h>
#include <limits.h>
#include <search.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/map.h"

/* Slots that a listing of an array looks at in one go. */
#define SCAN_SLOTS 1024u

/* A map that slots hold. */
struct held {
	uint32_t id; /* what the tree is in order of */
	uint32_t slots;
	struct map *map;
	struct map_space *space;
};

struct map_of_maps {
	struct map map;
	struct map meta;   /* map.inner_map_meta */
	struct map *table; /* of ids, 0 none */
	/* Held over every change of the table. */
	pthread_mutex_t lock;
	void *held;	       /* lock; tsearch(3) tree */
	_Atomic uint32_t used; /* slots that hold a map */
};

static struct map_of_maps *to_outer(const struct map *map)
{
	return (struct map_of_maps *)((char *)map -
				      offsetof(struct map_of_maps, map));
}

static int refuse_flags(struct map_refusal *refusal)
{
	return map_refuse(refusal, -EINVAL, "flags",
			  "this type does not take that one");
}

/*
 * In the kernel's order: a hash's number of entries, which takes memory, comes
 * after the example.
 */
static int outer_attr_check(const struct map_attr *attr, uint32_t table_type,
			    struct map_refusal *refusal)
{
	const struct map_ops *table_ops = map_type_ops(table_type);
	struct map_attr few = *attr;
	int err;

	if (few.max_entries > HASH_ENTRIES_MAX)
		few.max_entries = HASH_ENTRIES_MAX;
	err = table_ops->map_alloc_check(&few, refusal);
	if (err)
		return err;
	if (!attr->inner_map)
		return map_refuse(refusal, -EBADF, "inner",
				  "this type needs a map such as it is to "
				  "hold");
	if (attr->inner_map->inner_map_meta)
		return map_refuse(refusal, -EINVAL, "inner",
				  "a map of maps cannot be in another");
	return table_ops->map_alloc_check(attr, refusal);
}

static int check_value(const struct map_attr *attr, struct map_refusal *refusal)
{
	if (attr->value_size == sizeof(uint32_t))
		return 0;
	return map_refuse(refusal, -EINVAL, "value",
			  "a map of maps has values of 4 bytes, their ids");
}

static int array_of_maps_map_alloc_check(const struct map_attr *attr,
					 struct map_refusal *refusal)
{
	int err = check_value(attr, refusal);

	if (err)
		return err;
	if (attr->map_flags &
	    ~(uint32_t)(BPF_F_NUMA_NODE | BPF_F_RDONLY | BPF_F_WRONLY))
		return refuse_flags(refusal);
	return outer_attr_check(attr, BPF_MAP_TYPE_ARRAY, refusal);
}

static int htab_of_maps_map_alloc_check(const struct map_attr *attr,
					struct map_refusal *refusal)
{
	int err = check_value(attr, refusal);

	return err ? err : outer_attr_check(attr, BPF_MAP_TYPE_HASH, refusal);
}

/* What is to be compared with, and what can be told of it. */
static void set_meta(struct map *meta, const struct map *inner)
{
	meta->ops = inner->ops;
	meta->map_type = inner->map_type;
	meta->key_size = inner->key_size;
	meta->value_size = inner->value_size;
	meta->max_entries = inner->max_entries;
	meta->map_flags = inner->map_flags &
			  ~(uint32_t)(BPF_F_RDONLY | BPF_F_WRONLY);
	meta->map_extra = inner->map_extra;
	meta->numa_node = inner->numa_node;
	meta->id = inner->id;
}

static int outer_alloc(const struct map_attr *attr, uint32_t table_type,
		       struct map **map)
{
	struct map_of_maps *outer = calloc(1, sizeof(*outer));
	struct map_attr table = *attr;
	struct charge charge = { 0 };
	int err;

	if (!outer)
		return -ENOMEM;
	table.map_type = table_type;
	/* Its name shows in /proc, and has been checked by nobody yet. */
	memset(table.map_name, 0, sizeof(table.map_name));
	err = map_create(&table, &charge, NULL, &outer->table);
	if (err) {
		free(outer);
		return err;
	}
	pthread_mutex_init(&outer->lock, NULL);
	set_meta(&outer->meta, attr->inner_map);
	outer->map.inner_map_meta = &outer->meta;
	*map = &outer->map;
	return 0;
}

static int array_of_maps_map_alloc(struct map_attr *attr, struct map **map)
{
	return outer_alloc(attr, BPF_MAP_TYPE_ARRAY, map);
}

static int htab_of_maps_map_alloc(struct map_attr *attr, struct map **map)
{
	return outer_alloc(attr, BPF_MAP_TYPE_HASH, map);
}

static uint64_t outer_map_mem_usage(const struct map *map)
{
	const struct map *table = to_outer(map)->table;

	return table->ops->map_mem_usage(table);
}

static uint64_t outer_map_resident(struct map *map)
{
	return map_resident_bytes(to_outer(map)->table);
}

static uint64_t outer_map_used(struct map *map)
{
	return atomic_load(&to_outer(map)->used);
}

int map_inner_find(const struct map *map, const char *text, size_t len,
		   uint32_t *id)
{
	if (!map->space)
		return -ENOENT;
	return map->space->find(map->space, text, len, id);
}

void map_inner_name(const struct map *map, uint32_t id, char text[MAP_TEXT_LEN])
{
	if (map->space)
		map->space->name(map->space, id, text);
	else
		snprintf(text, MAP_TEXT_LEN, "%u", id);
}

/* ---------------------------------------------------------------- holding */

static int outer_map_fd_get_ptr(struct map *map, uint32_t id,
				struct map **inner)
{
	const struct map *meta = map->inner_map_meta;
	struct map *found;
	int err;

	if (!map->space)
		return -EBADF;
	err = map->space->get(map->space, id, &found);
	if (err)
		return err;
	if (meta->ops->map_meta_equal ? meta->ops->map_meta_equal(meta, found) :
					map_meta_equal(meta, found)) {
		*inner = found;
		return 0;
	}
	map->space->put(map->space, found);
	return -EINVAL;
}

static void outer_map_fd_put_ptr(struct map *map, struct map *inner)
{
	map->space->put(map->space, inner);
}

static uint32_t outer_map_fd_sys_lookup_elem(const struct map *inner)
{
	return inner->id;
}

static int held_compare(const void *a, const void *b)
{
	const struct held *x = a;
	const struct held *y = b;

	return x->id < y->id ? -1 : x->id > y->id;
}

static struct held *held_find(struct map_of_maps *outer, uint32_t id)
{
	const struct held key = { .id = id };
	struct held **found = tfind(&key, &outer->held, held_compare);

	return found ? *found : NULL;
}

/* A slot more holds the map: its reference goes over.  0 or -ENOMEM. */
static int hold(struct map_of_maps *outer, struct map *inner)
{
	uint32_t id = outer_map_fd_sys_lookup_elem(inner);
	struct held *held = held_find(outer, id);

	if (!held) {
		held = calloc(1, sizeof(*held));
		if (!held)
			return -ENOMEM;
		held->id = id;
		held->map = inner;
		held->space = outer->map.space;
		if (!tsearch(held, &outer->held, held_compare)) {
			free(held);
			return -ENOMEM;
		}
	}
	held->slots++;
	outer->used++;
	return 0;
}

/* A slot less does.  An id that nobody holds was never put there by us. */
static void let_go(struct map_of_maps *outer, uint32_t id)
{
	struct held *held = held_find(outer, id);
	struct map *inner;

	if (!held)
		return;
	inner = held->map;
	if (!--held->slots) {
		tdelete(held, &outer->held, held_compare);
		free(held);
	}
	outer->used--;
	outer_map_fd_put_ptr(&outer->map, inner);
}

static void held_free(void *node)
{
	struct held *held = node;

	while (held->slots--)
		held->space->put(held->space, held->map);
	free(held);
}

static void let_all_go(struct map_of_maps *outer)
{
	tdestroy(outer->held, held_free);
	outer->held = NULL;
	outer->used = 0;
}

static void outer_map_free(struct map *map)
{
	struct map_of_maps *outer = to_outer(map);

	let_all_go(outer);
	map_put_now(outer->table);
	pthread_mutex_destroy(&outer->lock);
	free(outer);
}

/* ---------------------------------------------------------------- slots */

/* The id in a slot, 0 if there is none. */
static uint32_t slot_id(const struct map_of_maps *outer, const void *key)
{
	uint32_t id;

	return map_lookup_elem_sys_only(outer->table, key, &id) ? 0 : id;
}

/* Put a map, whose reference is ours, into a slot. */
static int slot_set(struct map_of_maps *outer, const void *key,
		    struct map *inner, uint64_t flags)
{
	uint32_t id = outer_map_fd_sys_lookup_elem(inner);
	uint32_t old;
	int err;

	pthread_mutex_lock(&outer->lock);
	err = hold(outer, inner);
	if (err) {
		pthread_mutex_unlock(&outer->lock);
		outer_map_fd_put_ptr(&outer->map, inner);
		return err;
	}
	old = slot_id(outer, key);
	err = map_update_elem(outer->table, key, &id, flags);
	let_go(outer, err ? id : old);
	pthread_mutex_unlock(&outer->lock);
	return err;
}

static uint32_t value_id(const void *value)
{
	uint32_t id;

	memcpy(&id, value, sizeof(id));
	return id;
}

static bool has_index(const struct map *map, const void *key)
{
	return value_id(key) < map->max_entries;
}

static int array_of_maps_map_lookup_elem(struct map *map, const void *key,
					 void *value)
{
	uint32_t id = slot_id(to_outer(map), key);

	if (!id)
		return -ENOENT;
	if (value)
		memcpy(value, &id, sizeof(id));
	return 0;
}

static int htab_of_maps_map_lookup_elem(struct map *map, const void *key,
					void *value)
{
	return map_lookup_elem_sys_only(to_outer(map)->table, key, value);
}

/* The order of these checks, and that of the next, is the kernel's. */
static int array_of_maps_map_update_elem(struct map *map, const void *key,
					 const void *value, uint64_t flags)
{
	struct map *inner;
	int err;

	if (flags != BPF_ANY)
		return -EINVAL;
	if (!has_index(map, key))
		return -E2BIG;
	err = outer_map_fd_get_ptr(map, value_id(value), &inner);
	return err ? err : slot_set(to_outer(map), key, inner, BPF_ANY);
}

static int htab_of_maps_map_update_elem(struct map *map, const void *key,
					const void *value, uint64_t flags)
{
	struct map *inner;
	int err;

	if (flags & BPF_F_LOCK)
		return -EINVAL;
	err = outer_map_fd_get_ptr(map, value_id(value), &inner);
	return err ? err : slot_set(to_outer(map), key, inner, flags);
}

static int array_of_maps_map_delete_elem(struct map *map, const void *key)
{
	struct map_of_maps *outer = to_outer(map);
	const uint32_t none = 0;
	uint32_t id;
	int err = -ENOENT;

	if (!has_index(map, key))
		return -E2BIG;
	pthread_mutex_lock(&outer->lock);
	id = slot_id(outer, key);
	if (id)
		err = map_update_elem(outer->table, key, &none, BPF_ANY);
	if (!err)
		let_go(outer, id);
	pthread_mutex_unlock(&outer->lock);
	return err;
}

static int htab_of_maps_map_delete_elem(struct map *map, const void *key)
{
	struct map_of_maps *outer = to_outer(map);
	uint32_t id;
	int err;

	pthread_mutex_lock(&outer->lock);
	id = slot_id(outer, key);
	err = map_delete_elem(outer->table, key);
	if (!err)
		let_go(outer, id);
	pthread_mutex_unlock(&outer->lock);
	return err;
}

static int outer_map_get_next_key(struct map *map, const void *key,
				  void *next_key)
{
	return map_get_next_key(to_outer(map)->table, key, next_key);
}

static int outer_map_clear(struct map *map)
{
	struct map_of_maps *outer = to_outer(map);
	int err;

	pthread_mutex_lock(&outer->lock);
	err = map_clear(outer->table);
	if (!err)
		let_all_go(outer);
	pthread_mutex_unlock(&outer->lock);
	return err;
}

/* ---------------------------------------------------------------- listings */

/* Move on over slots that were never used.  False: they are the last. */
static bool skip_holes(struct map *table, uint64_t *pos)
{
	off_t off = lseek(map_region(table, 0)->fd,
			  (off_t)(*pos * sizeof(uint32_t)), SEEK_DATA);

	if (off < 0)
		return errno != ENXIO;
	if ((uint64_t)off / sizeof(uint32_t) > *pos)
		*pos = (uint64_t)off / sizeof(uint32_t);
	return true;
}

/* The positions of the table are its indexes. */
static int array_of_maps_map_seq_show_elem(struct map *map, uint64_t *pos,
					   void *keys, void *values,
					   uint32_t count)
{
	struct map *table = to_outer(map)->table;
	uint32_t index[SCAN_SLOTS];
	uint32_t id[SCAN_SLOTS];
	uint32_t *key = keys;
	uint32_t *value = values;
	uint32_t done = 0;
	int res = 0;
	int i;

	if (count > INT_MAX)
		count = INT_MAX;
	while (done < count && skip_holes(table, pos)) {
		res = map_seq_show_elem(table, pos, index, id, SCAN_SLOTS);
		if (res <= 0)
			break;
		for (i = 0; i < res; i++) {
			if (!id[i])
				continue;
			if (done == count) {
				*pos = index[i];
				return (int)done;
			}
			memcpy(key + done, &index[i], sizeof(index[i]));
			if (value)
				memcpy(value + done, &id[i], sizeof(id[i]));
			done++;
		}
	}
	return res < 0 && !done ? res : (int)done;
}

static int htab_of_maps_map_seq_show_elem(struct map *map, uint64_t *pos,
					  void *keys, void *values,
					  uint32_t count)
{
	return map_seq_show_elem(to_outer(map)->table, pos, keys, values,
				 count);
}

static int htab_of_maps_map_lookup_batch(struct map *map,
					 struct map_batch *batch)
{
	return map_lookup_batch(to_outer(map)->table, batch);
}

static int htab_of_maps_map_lookup_and_delete_batch(struct map *map,
						    struct map_batch *batch)
{
	struct map_of_maps *outer = to_outer(map);
	const unsigned char *value = batch->values;
	uint32_t i;
	int err;

	pthread_mutex_lock(&outer->lock);
	err = map_lookup_and_delete_batch(outer->table, batch);
	/* Refused outright, with EINVAL, it leaves count alone. */
	for (i = 0; err != -EINVAL && i < batch->count; i++)
		let_go(outer, value_id(value + i * sizeof(uint32_t)));
	pthread_mutex_unlock(&outer->lock);
	return err;
}

/* ---------------------------------------------------------------- the file */

static uint64_t array_of_maps_map_record_size(const struct map *map)
{
	return map->value_size;
}

static ssize_t array_of_maps_map_read(struct map *map, void *buf, size_t size,
				      uint64_t off)
{
	return map_read(to_outer(map)->table, buf, size, off);
}

static int write_slot(struct map *map, uint32_t index, const void *value)
{
	int err;

	if (value_id(value))
		return array_of_maps_map_update_elem(map, &index, value,
						     BPF_ANY);
	err = array_of_maps_map_delete_elem(map, &index);
	return err == -ENOENT ? 0 : err;
}

/* Whole ids, 0 to empty a slot: bytes up to the first that fails. */
static ssize_t array_of_maps_map_write(struct map *map, const void *buf,
				       size_t size, uint64_t off)
{
	const uint32_t step = map->value_size;
	const unsigned char *value = buf;
	size_t done;
	int err = 0;

	if (off % step || size % step)
		return -EINVAL;
	/* As the file of an array says of its end. */
	if (size && off / step >= map->max_entries)
		return -EPERM;
	for (done = 0; done < size && off / step < map->max_entries;
	     done += step, off += step) {
		err = write_slot(map, (uint32_t)(off / step), value + done);
		if (err)
			break;
	}
	return done ? (ssize_t)done : err;
}

#define OF_MAPS_OPS                                                     \
	.flags = MAP_OF_MAPS, .map_free = outer_map_free,               \
	.map_mem_usage = outer_map_mem_usage,                           \
	.map_resident = outer_map_resident, .map_used = outer_map_used, \
	.map_fd_get_ptr = outer_map_fd_get_ptr,                         \
	.map_fd_put_ptr = outer_map_fd_put_ptr,                         \
	.map_fd_sys_lookup_elem = outer_map_fd_sys_lookup_elem,         \
	.map_get_next_key = outer_map_get_next_key,                     \
	.map_update_batch = generic_map_update_batch,                   \
	.map_clear = outer_map_clear

const struct map_ops array_of_maps_map_ops = {
	OF_MAPS_OPS,
	.map_alloc_check = array_of_maps_map_alloc_check,
	.map_alloc = array_of_maps_map_alloc,
	.map_lookup_elem = array_of_maps_map_lookup_elem,
	.map_update_elem = array_of_maps_map_update_elem,
	.map_delete_elem = array_of_maps_map_delete_elem,
	.map_lookup_batch = generic_map_lookup_batch,
	.map_seq_show_elem = array_of_maps_map_seq_show_elem,
	.map_read = array_of_maps_map_read,
	.map_write = array_of_maps_map_write,
	.map_record_size = array_of_maps_map_record_size,
};

const struct map_ops htab_of_maps_map_ops = {
	OF_MAPS_OPS,
	.map_alloc_check = htab_of_maps_map_alloc_check,
	.map_alloc = htab_of_maps_map_alloc,
	.map_lookup_elem = htab_of_maps_map_lookup_elem,
	.map_update_elem = htab_of_maps_map_update_elem,
	.map_delete_elem = htab_of_maps_map_delete_elem,
	.map_lookup_batch = htab_of_maps_map_lookup_batch,
	.map_lookup_and_delete_batch = htab_of_maps_map_lookup_and_delete_batch,
	.map_delete_batch = generic_map_delete_batch,
	.map_seq_show_elem = htab_of_maps_map_seq_show_elem,
};
