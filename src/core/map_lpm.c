/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * lpm_trie: the operations, and where things are in its region: header, the
 * leaves' owners, shards and hints, those of the branches, branches, leaves.
 * How the trie works is told in lpm_trie.h, where nodes come from in pool.h.
 */
#include <errno.h>
#include <stdlib.h>

#include "core/lpm_trie.h"
#include "core/topology.h"

#define LPM_PAGE 4096u

#define LPM_LAYOUT                                                          \
	REGION_LAYOUT(sizeof(struct lpm_header), sizeof(struct lpm_branch), \
		      sizeof(struct pool_node))

/*
 * Bytes of a value that are copied to the stack before they are known to be
 * whole, so that a lookup which fails in the end has not touched its output.
 */
#define BOUNCE 4096u

#define LPM_CREATE_FLAGS                                                     \
	(BPF_F_NO_PREALLOC | BPF_F_NUMA_NODE | BPF_F_RDONLY | BPF_F_WRONLY | \
	 BPF_F_RDONLY_PROG | BPF_F_WRONLY_PROG)

static int lpm_map_alloc_check(const struct map_attr *attr,
			       struct map_refusal *refusal)
{
	const uint32_t flags = attr->map_flags;

	if (!attr->max_entries)
		return map_refuse(refusal, -EINVAL, "entries",
				  "a trie has room for at least one");
	if (!(flags & BPF_F_NO_PREALLOC))
		return map_refuse(refusal, -EINVAL, "flags",
				  "a trie must be made with no_prealloc");
	if (flags & ~LPM_CREATE_FLAGS)
		return map_refuse(refusal, -EINVAL, "flags",
				  "this type does not take that one");
	if ((flags & BPF_F_RDONLY_PROG) && (flags & BPF_F_WRONLY_PROG))
		return map_refuse(refusal, -EINVAL, "flags",
				  "rdonly_prog and wronly_prog exclude "
				  "each other");
	if (attr->key_size < LPM_KEY_MIN || attr->key_size > LPM_KEY_MAX)
		return map_refuse(refusal, -EINVAL, "key",
				  "a trie's key is 4 bytes of prefix length "
				  "and 1 to 256 of data");
	if (!attr->value_size || attr->value_size > LPM_VALUE_MAX)
		return map_refuse(refusal, -EINVAL, "value",
				  "a trie's value has 1 to 4194024 bytes");
	if (attr->max_entries > LPM_ENTRIES_MAX)
		return map_refuse(refusal, -ENOMEM, "entries",
				  "a trie has at most 2^30");
	return 0;
}

static uint64_t page_up(uint64_t off)
{
	return (off + LPM_PAGE - 1) & ~(uint64_t)(LPM_PAGE - 1);
}

static void set_pool(struct pool *pool, uint64_t credits, uint64_t nodes,
		     uint32_t shards)
{
	pool->shards = shards;
	pool->span = (uint32_t)((nodes + shards - 1) / shards);
	pool->credits = credits ? (uint32_t)credits : pool->span * shards;
}

/* Leaves are replaced one by one: as many spares as processes at it. */
static uint64_t leaf_spares(uint64_t stride)
{
	uint64_t spares = HASH_SPARES_BYTES / stride;

	if (spares > HASH_SPARES_MAX)
		return HASH_SPARES_MAX;
	return spares < HASH_SPARES_MIN ? HASH_SPARES_MIN : spares;
}

/* As many changes as can be, each of a path as long as can be. */
static uint64_t branch_spares(const struct lpm_map *lpm, uint32_t max_entries)
{
	uint64_t path = (max_entries < lpm->bits ? max_entries : lpm->bits) + 2;
	uint64_t most = LPM_SPARES_BYTES / sizeof(struct lpm_branch);

	return path * LPM_SPARES_CHANGES < most ? path * LPM_SPARES_CHANGES :
						  most;
}

/* Everything that follows from attributes that are good: the bytes of it. */
static uint64_t layout(struct lpm_map *lpm, const struct map_attr *attr,
		       uint32_t shards)
{
	struct pool *leaves = &lpm->leaves;
	struct pool *branches = &lpm->branches;
	uint32_t key = (attr->key_size + 7) & ~7u;
	uint64_t off;

	lpm->bits = 8 * (attr->key_size - 4);
	lpm->value_off = (uint32_t)sizeof(struct pool_node) + key;
	leaves->stride = lpm->value_off + ((attr->value_size + 7) & ~7u);
	branches->stride = sizeof(struct lpm_branch);
	set_pool(leaves, attr->max_entries,
		 attr->max_entries + leaf_spares(leaves->stride), shards);
	set_pool(branches, 0,
		 attr->max_entries + branch_spares(lpm, attr->max_entries),
		 shards);
	off = pool_layout(leaves, LPM_PAGE);
	branches->owners_off = leaves->owners_off;
	off = pool_layout(branches, off);
	branches->nodes_off = page_up(off);
	off = page_up(branches->nodes_off + branches->nodes * branches->stride);
	leaves->nodes_off = off;
	return page_up(off + leaves->nodes * leaves->stride);
}

static void set_region(struct lpm_map *lpm, const struct region *region)
{
	lpm->table.region = *region;
	lpm->leaves.base = region->base;
	lpm->branches.base = region->base;
}

static void set_owner(struct lpm_map *lpm, uint32_t owner)
{
	lpm->leaves.owner = owner;
	lpm->branches.owner = owner;
}

static void init(struct lpm_map *lpm, const struct map_attr *attr)
{
	struct lpm_header *header = (struct lpm_header *)lpm->table.region.base;
	uint32_t owner = 0;

	header->key_size = attr->key_size;
	header->value_size = attr->value_size;
	header->max_entries = attr->max_entries;
	header->map_flags = attr->map_flags;
	header->shards = lpm->leaves.shards;
	header->numa_node = attr->numa_node;
	pool_init(&lpm->leaves);
	pool_init(&lpm->branches);
	region_header_init(&header->region, attr->map_type, 0, LPM_LAYOUT,
			   lpm->table.region.size);
	pool_owner_get(&lpm->leaves, &owner);
	set_owner(lpm, owner);
}

static int lpm_map_alloc(struct map_attr *attr, struct map **map)
{
	struct lpm_map *lpm = calloc(1, sizeof(*lpm));
	struct region region;
	int err;

	if (!lpm)
		return -ENOMEM;
	err = map_make_region(
		attr, layout(lpm, attr, pool_shards_for(attr->max_entries)),
		&region);
	if (err) {
		free(lpm);
		return err;
	}
	set_region(lpm, &region);
	init(lpm, attr);
	*map = &lpm->table.map;
	return 0;
}

/* The attributes in a header, if they are those of a map that can be. */
static int header_attr(const struct lpm_header *header, struct map_attr *attr)
{
	attr->map_type = header->region.map_type;
	attr->key_size = header->key_size;
	attr->value_size = header->value_size;
	attr->max_entries = header->max_entries;
	attr->map_flags = header->map_flags;
	attr->numa_node = header->numa_node;
	if (lpm_map_alloc_check(attr, NULL))
		return -EUCLEAN;
	/* Of a machine with other CPUs, or nonsense. */
	if (header->shards != pool_shards_for(attr->max_entries))
		return -EPROTO;
	return 0;
}

static int lpm_map_attach(const struct region_header *generic,
			  const struct region *region, struct map_attr *attr,
			  struct map **map)
{
	struct lpm_header header;
	struct lpm_map *lpm;
	int err;

	err = table_copy_header(region, generic, LPM_LAYOUT, &header,
				sizeof(header));
	if (!err)
		err = header_attr(&header, attr);
	if (err)
		return err;
	lpm = calloc(1, sizeof(*lpm));
	if (!lpm)
		return -ENOMEM;
	if (layout(lpm, attr, header.shards) != region->size) {
		free(lpm);
		return -EUCLEAN;
	}
	set_region(lpm, region);
	*map = &lpm->table.map;
	return 0;
}

static uint64_t lpm_map_used(struct map *map)
{
	struct lpm_map *lpm = to_lpm(map);
	unsigned int tries;
	uint32_t count;
	uint64_t was;
	int err;

	/*
	 * Not for the count, but so that who looks finds owners' numbers free.
	 * A freeze must not come between asking and reclaiming.
	 */
	if (!map_write_get(map)) {
		lpm_reclaim(lpm);
		map_write_put(map);
	}
	for (tries = 0; tries < LPM_TRIES; tries++) {
		was = shared_load(lpm_root(lpm));
		err = lpm_load_count(lpm, was, &count);
		if (!err)
			return count < map->max_entries ? count :
							  map->max_entries;
		if (!lpm_again(lpm, was, err))
			break;
	}
	return 0;
}

static int lpm_map_owner_get(struct map *map, uint32_t *owner)
{
	struct lpm_map *lpm = to_lpm(map);
	int err = pool_owner_get(&lpm->leaves, owner);

	/* The numbers of the dead come back when their nodes have. */
	if (err && lpm_reclaim(lpm))
		err = pool_owner_get(&lpm->leaves, owner);
	return err;
}

static void lpm_map_owner_set(struct map *map, uint32_t owner)
{
	set_owner(to_lpm(map), owner);
}

static void lpm_map_owner_end(struct map *map, uint32_t owner, bool clean)
{
	pool_owner_end(&to_lpm(map)->leaves, owner, clean);
}

/* Prefixes that a walk has met, which may contain what is looked up. */
struct met {
	uint32_t count;
	uint64_t leaf[LPM_DEPTH_MAX + 1];
	uint16_t bit[LPM_DEPTH_MAX + 1];
};

/* Down as the bits of the key say, without a look at what they pass over. */
static int descend(const struct lpm_map *lpm, uint64_t link,
		   const struct lpm_key *key, struct met *met)
{
	struct lpm_branch branch;
	int above = -1;
	int err;

	met->count = 0;
	while (link && !link_is_leaf(link)) {
		err = lpm_load_branch(lpm, link, &branch);
		if (err)
			return err;
		if (branch.bit >= lpm->bits || (int)branch.bit <= above)
			return -EUCLEAN;
		above = (int)branch.bit;
		if (branch.bit > key->prefixlen)
			return 0;
		if (branch.leaf) {
			met->leaf[met->count] = branch.leaf;
			met->bit[met->count++] = (uint16_t)branch.bit;
		}
		if (branch.bit == key->prefixlen)
			return 0;
		link = branch.child[lpm_bit(key->data, branch.bit)];
	}
	if (link) {
		met->leaf[met->count] = link;
		met->bit[met->count++] = (uint16_t)lpm->bits;
	}
	return 0;
}

/*
 * The longest prefix of those met that contains the key.  All contain the last
 * one, or are it, so what that has in common with the key tells of every one.
 */
static int choose(const struct lpm_map *lpm, const struct lpm_key *key,
		  const struct met *met, struct lpm_key *found, uint64_t *link)
{
	uint32_t n = met->count;
	uint32_t common = lpm->bits;
	uint32_t max;
	int err;

	while (n--) {
		if (n + 1 < met->count && met->bit[n] > common)
			continue;
		err = lpm_load_leaf(lpm, met->leaf[n], found, NULL, NULL);
		if (err)
			return err;
		max = key->prefixlen < found->prefixlen ? key->prefixlen :
							  found->prefixlen;
		common = lpm_common(key->data, found->data, max);
		if (common == found->prefixlen) {
			*link = met->leaf[n];
			return 0;
		}
	}
	return -ENOENT;
}

static int lookup_in(const struct lpm_map *lpm, uint64_t was,
		     const struct lpm_key *key, struct lpm_key *found,
		     void *value)
{
	struct lpm_key again;
	struct met met;
	uint64_t link;
	int err;

	err = descend(lpm, was, key, &met);
	if (!err)
		err = choose(lpm, key, &met, found, &link);
	if (!err && value)
		err = lpm_load_leaf(lpm, link, &again, value, NULL);
	return err;
}

static int lookup(struct map *map, const void *query, struct lpm_key *found,
		  void *value)
{
	const struct lpm_map *lpm = to_lpm(map);
	uint64_t bounce[BOUNCE / 8];
	void *to = map->value_size > sizeof(bounce) ? value : bounce;
	struct lpm_key key;
	unsigned int tries;
	uint64_t was;
	int err;

	memcpy(&key, query, map->key_size);
	if (key.prefixlen > lpm->bits)
		return -ENOENT;
	for (tries = 0; tries < LPM_TRIES; tries++) {
		was = shared_load(lpm_root(lpm));
		err = lookup_in(lpm, was, &key, found, value ? to : NULL);
		if (!lpm_again(lpm, was, err))
			break;
	}
	if (!err && value && to == bounce)
		memcpy(value, bounce, map->value_size);
	return err == -EAGAIN ? -EUCLEAN : err;
}

static int lpm_map_lookup_elem(struct map *map, const void *key, void *value)
{
	struct lpm_key found;

	return lookup(map, key, &found, value);
}

static int lpm_map_lookup_match(struct map *map, const void *key, void *match,
				void *value)
{
	struct lpm_key found;
	int err = lookup(map, key, &found, value);

	if (!err)
		memcpy(match, &found, map->key_size);
	return err;
}

/* Take a key over, if it is one. */
static int load_key(const struct map *map, const void *from,
		    struct lpm_key *key)
{
	memcpy(key, from, map->key_size);
	return key->prefixlen > to_lpm(map)->bits ? -EINVAL : 0;
}

static int lpm_map_update_elem(struct map *map, const void *key,
			       const void *value, uint64_t flags)
{
	struct lpm_key copy;

	if (flags > BPF_EXIST || load_key(map, key, &copy))
		return -EINVAL;
	return lpm_update(to_lpm(map), &copy, value, flags);
}

static int lpm_map_delete_elem(struct map *map, const void *key)
{
	struct lpm_key copy;

	if (load_key(map, key, &copy))
		return -EINVAL;
	return lpm_delete(to_lpm(map), &copy);
}

const struct map_ops lpm_map_ops = {
	.flags = MAP_TABLE | MAP_PREFIXES,
	.map_alloc_check = lpm_map_alloc_check,
	.map_alloc = lpm_map_alloc,
	.map_free = table_map_free,
	.map_mem_usage = table_map_mem_usage,
	.map_lookup_elem = lpm_map_lookup_elem,
	.map_lookup_match = lpm_map_lookup_match,
	.map_update_elem = lpm_map_update_elem,
	.map_delete_elem = lpm_map_delete_elem,
	.map_get_next_key = lpm_map_get_next_key,
	.map_lookup_batch = generic_map_lookup_batch,
	.map_update_batch = generic_map_update_batch,
	.map_delete_batch = generic_map_delete_batch,
	.map_used = lpm_map_used,
	.map_seq_show_elem = lpm_map_seq_show_elem,
	.map_clear = lpm_map_clear,
	.map_attach = lpm_map_attach,
	.map_owner_get = lpm_map_owner_get,
	.map_owner_set = lpm_map_owner_set,
	.map_owner_end = lpm_map_owner_end,
	.map_check = lpm_map_check,
	.map_region = table_map_region,
};
