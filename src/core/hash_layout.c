/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Where things are in a hash's region, in order: header, the pool's owners,
 * shards and hints, an LRU's rings, the set of groups, buckets, nodes, and the
 * per-CPU values, each CPU's together.
 */
#include <errno.h>
#include <stdlib.h>
#include <sys/random.h>

#include "core/hash_table.h"
#include "core/topology.h"

#define HASH_PAGE 4096u

#define HASH_LAYOUT                                                         \
	REGION_LAYOUT(sizeof(struct hash_header), sizeof(struct pool_node), \
		      sizeof(struct pool_shard))

/* Beyond this no region can be, so sums of a few of these do not overflow. */
#define HASH_SIZE_BOUND (1ull << 56)

static uint64_t page_up(uint64_t off)
{
	return (off + HASH_PAGE - 1) & ~(uint64_t)(HASH_PAGE - 1);
}

static bool is_lru(uint32_t map_type)
{
	return map_type == BPF_MAP_TYPE_LRU_HASH ||
	       map_type == BPF_MAP_TYPE_LRU_PERCPU_HASH;
}

/* An LRU for each CPU has a shard for each. */
uint32_t hash_shards(const struct map_attr *attr)
{
	return attr->map_flags & BPF_F_NO_COMMON_LRU ?
		       topology_cpus() :
		       pool_shards_for(attr->max_entries);
}

static uint32_t count_spares(uint64_t node_bytes)
{
	uint64_t spares = HASH_SPARES_BYTES / node_bytes;

	if (spares > HASH_SPARES_MAX)
		return HASH_SPARES_MAX;
	return spares < HASH_SPARES_MIN ? HASH_SPARES_MIN : (uint32_t)spares;
}

static void layout_node(struct hash_map *hash, const struct map_attr *attr,
			bool percpu)
{
	uint32_t key = (attr->key_size + 7) & ~7u;
	uint32_t value = (attr->value_size + 7) & ~7u;

	hash->value_off = (uint32_t)sizeof(struct pool_node) + key;
	hash->node_words = key + (percpu ? 0 : value);
	hash->slot = percpu ? value : 0;
	hash->cpus = percpu ? topology_cpus() : 1;
	hash->pool.stride = sizeof(struct pool_node) + hash->node_words;
}

static void layout_pool(struct hash_map *hash, const struct map_attr *attr,
			uint32_t shards)
{
	struct pool *pool = &hash->pool;
	uint32_t spares =
		count_spares(pool->stride + (uint64_t)hash->slot * hash->cpus);

	pool->credits = attr->max_entries;
	pool->shards = shards;
	pool->exclusive = attr->map_flags & BPF_F_NO_COMMON_LRU;
	spares /= shards;
	if (spares < HASH_SPARES_MIN)
		spares = HASH_SPARES_MIN;
	pool->span = (attr->max_entries + shards - 1) / shards + spares;
}

static uint32_t bits_for(uint32_t n)
{
	return n > 1 ? 32 - (uint32_t)__builtin_clz(n - 1) : 0;
}

uint64_t hash_layout(struct hash_map *hash, const struct map_attr *attr,
		     const struct map_ops *ops, uint32_t shards)
{
	struct pool *pool = &hash->pool;
	uint64_t off;
	uint32_t groups;

	layout_node(hash, attr, ops->flags & MAP_PERCPU);
	layout_pool(hash, attr, shards);
	off = pool_layout(pool, HASH_PAGE);
	if (is_lru(attr->map_type))
		off = lru_layout(hash, off, attr->max_entries);
	hash->bucket_bits = bits_for(attr->max_entries);
	groups = (hash_buckets(hash) + HASH_GROUP - 1) / HASH_GROUP;
	off += bitset_init(&hash->groups, off, groups, false);
	hash->buckets_off = page_up(off);
	off = page_up(hash->buckets_off + (uint64_t)hash_buckets(hash) * 8);
	pool->nodes_off = off;
	off = page_up(off + pool->nodes * pool->stride);
	hash->slots_off = off;
	hash->cpu_stride = page_up((uint64_t)pool->nodes * hash->slot);
	if (off > HASH_SIZE_BOUND ||
	    hash->cpu_stride > HASH_SIZE_BOUND / hash->cpus)
		return UINT64_MAX;
	return off + hash->cpu_stride * (hash->slot ? hash->cpus : 0);
}

/* The seed is nobody's to know, so that nobody can choose colliding keys. */
static uint64_t random_seed(void)
{
	uint64_t seed;

	while (getrandom(&seed, sizeof(seed), 0) != sizeof(seed))
		;
	return seed;
}

void hash_init(struct hash_map *hash, const struct map_attr *attr)
{
	struct hash_header *header =
		(struct hash_header *)hash->table.region.base;

	hash->seed = attr->map_flags & BPF_F_ZERO_SEED ? 0 : random_seed();
	header->key_size = attr->key_size;
	header->value_size = attr->value_size;
	header->max_entries = attr->max_entries;
	header->map_flags = attr->map_flags;
	header->cpus = topology_cpus();
	header->shards = hash->pool.shards;
	header->numa_node = attr->numa_node;
	header->seed = hash->seed;
	pool_init(&hash->pool);
	region_header_init(&header->region, attr->map_type, 0, HASH_LAYOUT,
			   hash->table.region.size);
}

/* The attributes in a header, if they are those of a map that can be. */
static int header_attr(const struct hash_header *header, struct map_attr *attr)
{
	if (header->cpus != topology_cpus())
		return -EPROTO;
	attr->map_type = header->region.map_type;
	attr->key_size = header->key_size;
	attr->value_size = header->value_size;
	attr->max_entries = header->max_entries;
	attr->map_flags = header->map_flags;
	attr->numa_node = header->numa_node;
	if (map_type_ops(attr->map_type)->map_alloc_check(attr, NULL) ||
	    attr->max_entries > HASH_ENTRIES_MAX)
		return -EUCLEAN;
	if (header->shards != hash_shards(attr))
		return -EUCLEAN;
	return 0;
}

int hash_map_attach(const struct region_header *generic,
		    const struct region *region, struct map_attr *attr,
		    struct map **map)
{
	struct hash_header header;
	struct hash_map *hash;
	int err;

	err = table_copy_header(region, generic, HASH_LAYOUT, &header,
				sizeof(header));
	if (!err)
		err = header_attr(&header, attr);
	if (err)
		return err;
	hash = calloc(1, sizeof(*hash));
	if (!hash)
		return -ENOMEM;
	if (hash_layout(hash, attr, map_type_ops(attr->map_type),
			header.shards) != region->size) {
		free(hash);
		return -EUCLEAN;
	}
	hash->seed = header.seed;
	hash->table.region = *region;
	hash->pool.base = region->base;
	*map = &hash->table.map;
	return 0;
}
