/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * After deaths: what is in nobody's hands any more goes back to the pool.  And
 * the check of every invariant.
 *
 * Nodes are looked at one by one, while others work on.  A node's key says in
 * which chain it must be if it is in one; that chain is walked and all its
 * nodes are acknowledged.  If the node is not among them, then
 *
 *	LINKED		it was deleted by one who has not freed it.  Should
 *			that one be alive, one of us two frees it.
 *	TAKEN by a dead	it was never linked: who unlinks a node
 *			acknowledges it first.
 *
 * and it is freed by a CAS from the mark that was seen, so nothing that
 * happens meanwhile can make this wrong.  Free nodes get their hints again.
 */
#include <errno.h>
#include <stdlib.h>

#include "core/hash_table.h"

struct reclaim {
	struct hash_map *hash;
	void *key; /* room for one */
};

/*
 * Is the node in the chain of its key?  All nodes of that chain are
 * acknowledged, and an LRU's is made to be found.  -EUCLEAN.
 */
static int is_in_chain(void *arg, uint32_t node, uint64_t was)
{
	const struct reclaim *reclaim = arg;
	struct hash_map *hash = reclaim->hash;
	struct hash_chain chain;
	unsigned int tries;
	uint64_t mark;
	uint64_t h;
	bool found;
	uint32_t i;
	int err;

	(void)was;
	shared_copy_out(reclaim->key, hash_node_key(hash, node),
			hash->table.map.key_size);
	h = hash_of(hash, reclaim->key);
	for (tries = 0; tries < HASH_TRIES; tries++) {
		err = hash_walk(hash, hash_bucket(hash, h), NULL, &chain);
		if (err)
			return err;
		found = false;
		for (i = 0; i < chain.count; i++) {
			if (!hash_acknowledge(hash, &chain, chain.node[i],
					      &mark))
				break;
			found = found || chain.node[i] == node;
		}
		if (i == chain.count && hash_same(&chain)) {
			if (found && hash->lru.parts)
				lru_show(hash, node, h);
			return found;
		}
	}
	return -EUCLEAN;
}

static int each_node(void *arg)
{
	struct reclaim reclaim = { .hash = arg };

	reclaim.key = malloc(reclaim.hash->table.map.key_size);
	if (!reclaim.key)
		return -ENOMEM;
	pool_reclaim_nodes(&reclaim.hash->pool, is_in_chain, &reclaim);
	free(reclaim.key);
	return 0;
}

bool hash_reclaim(struct hash_map *hash)
{
	return pool_reclaim(&hash->pool, each_node, hash);
}

void hash_show_all(struct hash_map *hash)
{
	each_node(hash);
}
