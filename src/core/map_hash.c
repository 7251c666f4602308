/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * hash, percpu_hash, lru_hash and lru_percpu_hash: the operations.  How the
 * table works is told in hash_table.h, where nodes come from in pool.h, and
 * what is evicted in map_lru.c.
 */
#include <errno.h>
#include <stdlib.h>

#include "core/hash_table.h"
#include "core/topology.h"

/*
 * Bytes of a value that are copied to the stack before they are known to be
 * whole, so that a lookup which fails in the end has not touched its output.
 */
#define BOUNCE 4096u

#define HASH_CREATE_FLAGS                                                    \
	(BPF_F_NO_PREALLOC | BPF_F_NO_COMMON_LRU | BPF_F_NUMA_NODE |         \
	 BPF_F_RDONLY | BPF_F_WRONLY | BPF_F_ZERO_SEED | BPF_F_RDONLY_PROG | \
	 BPF_F_WRONLY_PROG)

static int hash_flags_check(const struct map_attr *attr, bool percpu, bool lru,
			    struct map_refusal *refusal)
{
	const uint32_t flags = attr->map_flags;

	if (flags & ~HASH_CREATE_FLAGS)
		return map_refuse(refusal, -EINVAL, "flags",
				  "this type does not take that one");
	if ((flags & BPF_F_RDONLY_PROG) && (flags & BPF_F_WRONLY_PROG))
		return map_refuse(refusal, -EINVAL, "flags",
				  "rdonly_prog and wronly_prog exclude "
				  "each other");
	if (!lru && (flags & BPF_F_NO_COMMON_LRU))
		return map_refuse(refusal, -EINVAL, "flags",
				  "no_common_lru is for the LRU types");
	if (lru && (flags & BPF_F_NO_PREALLOC))
		return map_refuse(refusal, -EOPNOTSUPP, "flags",
				  "the LRU types do not take no_prealloc");
	if ((flags & BPF_F_NUMA_NODE) && attr->numa_node != NUMA_NO_NODE &&
	    (percpu || (flags & BPF_F_NO_COMMON_LRU)))
		return map_refuse(refusal, -EINVAL, "numa",
				  "a per-CPU map takes no memory node");
	return 0;
}

static int hash_attr_check(const struct map_attr *attr, bool percpu, bool lru,
			   struct map_refusal *refusal)
{
	int err = hash_flags_check(attr, percpu, lru, refusal);

	if (err)
		return err;
	if (!attr->max_entries)
		return map_refuse(refusal, -EINVAL, "entries",
				  "a hash has room for at least one");
	if (!attr->key_size)
		return map_refuse(refusal, -EINVAL, "key",
				  "a hash's key has at least one byte");
	if (!attr->value_size)
		return map_refuse(refusal, -EINVAL, "value",
				  "a hash's value has at least one byte");
	if ((uint64_t)attr->key_size + attr->value_size > HASH_SIZE_MAX)
		return map_refuse(refusal, -E2BIG, "value",
				  "key and value have at most 4194255 bytes");
	if (percpu && attr->value_size > PERCPU_VALUE_MAX)
		return map_refuse(refusal, -E2BIG, "value",
				  "a per-CPU value has at most 32768 bytes");
	if (attr->max_entries > HASH_ENTRIES_MAX)
		return map_refuse(refusal, -E2BIG, "entries",
				  "a hash has at most 2^27");
	return 0;
}

static int hash_map_alloc_check(const struct map_attr *attr,
				struct map_refusal *refusal)
{
	return hash_attr_check(attr, false, false, refusal);
}

static int percpu_hash_map_alloc_check(const struct map_attr *attr,
				       struct map_refusal *refusal)
{
	return hash_attr_check(attr, true, false, refusal);
}

static int lru_hash_map_alloc_check(const struct map_attr *attr,
				    struct map_refusal *refusal)
{
	return hash_attr_check(attr, false, true, refusal);
}

static int lru_percpu_hash_map_alloc_check(const struct map_attr *attr,
					   struct map_refusal *refusal)
{
	return hash_attr_check(attr, true, true, refusal);
}

/* An LRU for each CPU: each gets the same share of the elements. */
static void round_entries(struct map_attr *attr)
{
	uint32_t cpus = topology_cpus();
	uint32_t shares = (attr->max_entries + cpus - 1) / cpus;

	if (!(attr->map_flags & BPF_F_NO_COMMON_LRU))
		return;
	if (shares * cpus > HASH_ENTRIES_MAX)
		shares--;
	attr->max_entries = shares * cpus;
}

static int hash_map_alloc(struct map_attr *attr, struct map **map)
{
	struct hash_map *hash = calloc(1, sizeof(*hash));
	uint64_t size;
	int err;

	if (!hash)
		return -ENOMEM;
	round_entries(attr);
	size = hash_layout(hash, attr, map_type_ops(attr->map_type),
			   hash_shards(attr));
	err = map_make_region(attr, size, &hash->table.region);
	if (err) {
		free(hash);
		return err;
	}
	hash->pool.base = hash->table.region.base;
	hash_init(hash, attr);
	pool_owner_get(&hash->pool, &hash->pool.owner);
	*map = &hash->table.map;
	return 0;
}

static uint64_t hash_map_used(struct map *map)
{
	struct hash_map *hash = to_hash(map);
	uint32_t credits;

	/* A freeze must not come between asking and reclaiming. */
	if (!map_write_get(map)) {
		hash_reclaim(hash);
		map_write_put(map);
	}
	credits = pool_count_credits(&hash->pool);
	return credits < map->max_entries ? map->max_entries - credits : 0;
}

static int hash_map_owner_get(struct map *map, uint32_t *owner)
{
	struct hash_map *hash = to_hash(map);
	int err = pool_owner_get(&hash->pool, owner);

	/* The numbers of the dead come back when their nodes have. */
	if (err && hash_reclaim(hash))
		err = pool_owner_get(&hash->pool, owner);
	return err;
}

static void hash_map_owner_set(struct map *map, uint32_t owner)
{
	to_hash(map)->pool.owner = owner;
}

static void hash_map_owner_end(struct map *map, uint32_t owner, bool clean)
{
	pool_owner_end(&to_hash(map)->pool, owner, clean);
}

/* Find the key and copy from its node by 'load'. */
static int lookup(struct map *map, const void *key, uint32_t cpu,
		  void (*load)(const struct hash_map *hash, uint32_t node,
			       uint32_t cpu, void *value),
		  size_t size, void *value)
{
	const struct hash_map *hash = to_hash(map);
	uint32_t bucket = hash_bucket(hash, hash_of(hash, key));
	const uint64_t *word = hash_word(hash, bucket);
	uint64_t bounce[BOUNCE / 8];
	void *to = size > sizeof(bounce) ? value : bounce;
	unsigned int tries;
	uint64_t was;
	int node;

	if (!hash_may_have(hash, bucket))
		return -ENOENT;
	if (!value)
		size = 0;
	for (tries = 0; tries < HASH_TRIES; tries++) {
		was = shared_load(word);
		node = hash_find(hash, (uint32_t)was, key);
		if (node > 0 && size)
			load(hash, (uint32_t)node, cpu, to);
		if (shared_load(word) != was)
			continue;
		if (node > 0 && size && to == bounce)
			memcpy(value, bounce, size);
		return node ? node : -ENOENT;
	}
	return -EUCLEAN;
}

static void load_all(const struct hash_map *hash, uint32_t node, uint32_t cpu,
		     void *value)
{
	(void)cpu;
	hash_load_value(hash, node, value);
}

static void load_slot(const struct hash_map *hash, uint32_t node, uint32_t cpu,
		      void *value)
{
	shared_copy_out(value, hash_node_slot(hash, node, cpu),
			hash->table.map.value_size);
}

static int hash_map_lookup_elem_sys_only(struct map *map, const void *key,
					 void *value)
{
	int res = lookup(map, key, 0, load_all, map_value_bytes(map), value);

	return res < 0 ? res : 0;
}

/* Mark what a lookup found, unless the map is frozen or mapped for reading. */
static int mark_found(struct map *map, int res)
{
	struct hash_map *hash = to_hash(map);

	if (res < 0)
		return res;
	if (hash->lru.parts && !map_write_get(map)) {
		lru_mark(hash, (uint32_t)res);
		map_write_put(map);
	}
	return 0;
}

static int hash_map_lookup_elem_mark(struct map *map, const void *key,
				     void *value)
{
	return mark_found(map, lookup(map, key, 0, load_all,
				      map_value_bytes(map), value));
}

static int hash_map_lookup_percpu_elem(struct map *map, const void *key,
				       void *value, uint32_t cpu)
{
	if (cpu >= to_hash(map)->cpus)
		return -ENOENT;
	return mark_found(
		map, lookup(map, key, cpu, load_slot, map->value_size, value));
}

static int hash_map_lookup_elem(struct map *map, const void *key, void *value)
{
	uint32_t cpu = to_hash(map)->slot ? topology_this_cpu() : 0;

	return mark_found(
		map, lookup(map, key, cpu, load_slot, map->value_size, value));
}

static int hash_map_update_elem(struct map *map, const void *key,
				const void *value, uint64_t flags)
{
	const struct hash_update update = { key, value, flags, false, 0 };

	if (flags > BPF_EXIST)
		return -EINVAL;
	return hash_update(to_hash(map), &update);
}

static int hash_map_update_percpu_elem(struct map *map, const void *key,
				       const void *value, uint32_t cpu,
				       uint64_t flags)
{
	const struct hash_update update = { key, value, flags, true, cpu };

	if (flags > BPF_EXIST)
		return -EINVAL;
	if (cpu >= to_hash(map)->cpus)
		return -ENOENT;
	return hash_update(to_hash(map), &update);
}

/* Unlink the key, its value first to 'value' unless NULL. */
static int delete (struct map *map, const void *key, void *value)
{
	struct hash_map *hash = to_hash(map);
	uint32_t bucket = hash_bucket(hash, hash_of(hash, key));
	uint64_t bounce[BOUNCE / 8];
	size_t size = map_value_bytes(map);
	void *to = size > sizeof(bounce) ? value : bounce;
	struct hash_chain chain;
	unsigned int tries;
	uint64_t mark;
	uint32_t age;
	int err;

	if (!hash_may_have(hash, bucket))
		return -ENOENT;
	for (tries = 0; tries < HASH_TRIES; tries++) {
		err = hash_walk(hash, bucket, key, &chain);
		if (err)
			return err;
		if (!chain.found)
			return -ENOENT;
		if (value)
			hash_load_value(hash, chain.found, to);
		age = shared_load(&pool_node(&hash->pool, chain.found)->age);
		err = hash_unlink(hash, &chain, &mark);
		if (err == -EAGAIN)
			continue;
		if (err)
			return err;
		if (hash->lru.parts)
			lru_gone(hash, chain.found, age);
		pool_drop(&hash->pool, chain.found, mark);
		if (value && to == bounce)
			memcpy(value, bounce, size);
		return 0;
	}
	return -EUCLEAN;
}

static int hash_map_delete_elem(struct map *map, const void *key)
{
	return delete (map, key, NULL);
}

static int hash_map_lookup_and_delete_elem(struct map *map, const void *key,
					   void *value)
{
	return delete (map, key, value);
}

#define HASH_OPS                                                            \
	.map_alloc = hash_map_alloc, .map_free = table_map_free,            \
	.map_mem_usage = table_map_mem_usage,                               \
	.map_lookup_elem_sys_only = hash_map_lookup_elem_sys_only,          \
	.map_lookup_elem_mark = hash_map_lookup_elem_mark,                  \
	.map_update_elem = hash_map_update_elem,                            \
	.map_delete_elem = hash_map_delete_elem,                            \
	.map_get_next_key = hash_map_get_next_key,                          \
	.map_lookup_and_delete_elem = hash_map_lookup_and_delete_elem,      \
	.map_lookup_batch = hash_map_lookup_batch,                          \
	.map_lookup_and_delete_batch = hash_map_lookup_and_delete_batch,    \
	.map_update_batch = generic_map_update_batch,                       \
	.map_delete_batch = generic_map_delete_batch,                       \
	.map_used = hash_map_used, .map_lookup_elem = hash_map_lookup_elem, \
	.map_seq_show_elem = hash_map_seq_show_elem,                        \
	.map_clear = hash_map_clear, .map_attach = hash_map_attach,         \
	.map_owner_get = hash_map_owner_get,                                \
	.map_owner_set = hash_map_owner_set,                                \
	.map_owner_end = hash_map_owner_end, .map_check = hash_map_check,   \
	.map_region = table_map_region

#define PERCPU_HASH_OPS                                                  \
	HASH_OPS, .map_lookup_percpu_elem = hash_map_lookup_percpu_elem, \
		  .map_update_percpu_elem = hash_map_update_percpu_elem

const struct map_ops hash_map_ops = {
	HASH_OPS,
	.flags = MAP_TABLE,
	.map_alloc_check = hash_map_alloc_check,
};

const struct map_ops percpu_hash_map_ops = {
	PERCPU_HASH_OPS,
	.flags = MAP_TABLE | MAP_PERCPU,
	.map_alloc_check = percpu_hash_map_alloc_check,
};

const struct map_ops lru_hash_map_ops = {
	HASH_OPS,
	.flags = MAP_TABLE,
	.map_alloc_check = lru_hash_map_alloc_check,
};

const struct map_ops lru_percpu_hash_map_ops = {
	PERCPU_HASH_OPS,
	.flags = MAP_TABLE | MAP_PERCPU,
	.map_alloc_check = lru_percpu_hash_map_alloc_check,
};
