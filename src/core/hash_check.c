/* SPDX-License-Identifier: BSD-2-Clause */
/* Every invariant of a hash that nobody writes to meanwhile. */
#include <errno.h>
#include <stdlib.h>

#include "core/hash_table.h"

struct check {
	struct hash_map *hash;
	struct map_census *census;
	uint8_t *linked; /* a byte a node: it has been met in a chain */
	void *key;
	void *other; /* a key to compare with */
};

static int wrong(struct check *check, const char *what)
{
	check->census->wrong = what;
	return -EUCLEAN;
}

static void load_key(const struct check *check, uint32_t node, void *key)
{
	shared_copy_out(key, hash_node_key(check->hash, node),
			check->hash->table.map.key_size);
}

static int check_element(struct check *check, const struct hash_chain *chain,
			 uint32_t i)
{
	struct hash_map *hash = check->hash;
	uint32_t node = chain->node[i];
	uint64_t mark = shared_load(&pool_node(&hash->pool, node)->mark);
	uint64_t h;

	if (check->linked[node])
		return wrong(check, "a node is in two chains");
	check->linked[node] = 1;
	if (mark != mark_linked(mark))
		return wrong(check, "an element's node is not acknowledged");
	load_key(check, node, check->key);
	h = hash_of(hash, check->key);
	if (hash_bucket(hash, h) != chain->bucket)
		return wrong(check, "a key is in the wrong bucket");
	while (i--) {
		load_key(check, chain->node[i], check->other);
		if (!memcmp(check->key, check->other, hash->table.map.key_size))
			return wrong(check, "a key is there twice");
	}
	if (hash->lru.parts && !lru_is_shown(hash, node, h))
		return wrong(check, "an element cannot be evicted");
	check->census->elements++;
	return 0;
}

static int check_chains(struct check *check)
{
	struct hash_chain chain;
	uint32_t bucket = 0;
	uint32_t i;

	for (; hash_next_bucket(check->hash, &bucket); bucket++) {
		if (hash_walk(check->hash, bucket, NULL, &chain))
			return wrong(check, "a chain does not end");
		for (i = 0; i < chain.count; i++)
			if (check_element(check, &chain, i))
				return -EUCLEAN;
	}
	return 0;
}

static int check_nodes(struct check *check)
{
	struct map_census *census = check->census;
	struct pool_count count;
	const char *what;

	what = pool_check(&check->hash->pool, check->linked, &count);
	census->held = count.held;
	census->free = count.free[POOL_CREDIT];
	census->spare = count.free[POOL_SPARE];
	return what ? wrong(check, what) : 0;
}

static int check_sums(struct check *check)
{
	const struct map_census *census = check->census;
	const struct pool *pool = &check->hash->pool;

	if (census->held)
		return 0;
	if (census->elements + census->free != pool->credits)
		return wrong(check, "elements and room are not max_entries");
	if (census->spare != pool->nodes - pool->credits)
		return wrong(check, "spares have been lost or made");
	/* A credit that was taken can still be hinted at, and counts then. */
	if (pool_count_credits(pool) < census->free)
		return wrong(check, "more used entries than elements");
	return 0;
}

int hash_map_check(struct map *map, struct map_census *census)
{
	struct hash_map *hash = to_hash(map);
	struct check check = { .hash = hash, .census = census };
	int err = -ENOMEM;

	memset(census, 0, sizeof(*census));
	if (!map_write_get(map)) {
		hash_reclaim(hash);
		/*
		 * Positions are advice: one can get lost when a thread is
		 * stopped for long, and is found again like this before
		 * nothing is left to evict.
		 */
		if (hash->lru.parts)
			hash_show_all(hash);
		map_write_put(map);
	}
	check.linked = calloc(1, (size_t)hash->pool.nodes + 1);
	check.key = malloc(map->key_size);
	check.other = malloc(map->key_size);
	if (check.linked && check.key && check.other)
		err = check_chains(&check);
	if (!err)
		err = check_nodes(&check);
	if (!err)
		err = check_sums(&check);
	census->owners = pool_count_owners(&hash->pool);
	free(check.linked);
	free(check.key);
	free(check.other);
	return err;
}
