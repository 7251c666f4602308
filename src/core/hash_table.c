/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Walks, and the two changes there are: an update, which puts a node into a
 * chain, and an unlinking, which takes one out.
 *
 * Both go the same way: walk; build the new chain; acknowledge what is to be
 * unlinked (see pool.h); swap the word; and only then acknowledge what is new,
 * which frees what it replaced.  If the process ends before the swap, its
 * nodes are unreachable and marked with its number; if after, they are in the
 * chain, and the next one to change it, or who reclaims, acknowledges them.
 */
#include "core/hash_table.h"

#include <errno.h>

#include "core/topology.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

uint64_t hash_of(const struct hash_map *hash, const void *key)
{
	return XXH3_64bits_withSeed(key, hash->table.map.key_size, hash->seed);
}

uint32_t hash_bucket(const struct hash_map *hash, uint64_t h)
{
	return hash->bucket_bits ? (uint32_t)(h >> (64 - hash->bucket_bits)) :
				   0;
}

uint64_t *hash_word(const struct hash_map *hash, uint32_t bucket)
{
	return (uint64_t *)(hash->pool.base + hash->buckets_off) + bucket;
}

void *hash_node_key(const struct hash_map *hash, uint32_t node)
{
	return pool_node(&hash->pool, node) + 1;
}

void *hash_node_slot(const struct hash_map *hash, uint32_t node, uint32_t cpu)
{
	if (!hash->slot)
		return (unsigned char *)pool_node(&hash->pool, node) +
		       hash->value_off;
	return hash->pool.base + hash->slots_off + cpu * hash->cpu_stride +
	       (uint64_t)(node - 1) * hash->slot;
}

void hash_load_value(const struct hash_map *hash, uint32_t node, void *value)
{
	unsigned char *to = value;
	uint32_t cpu;

	if (!hash->slot) {
		shared_copy_out(value, hash_node_slot(hash, node, 0),
				hash->table.map.value_size);
		return;
	}
	for (cpu = 0; cpu < hash->cpus; cpu++, to += hash->slot)
		shared_copy_out(to, hash_node_slot(hash, node, cpu),
				hash->slot);
}

static void store_value(const struct hash_map *hash, uint32_t node,
			const void *value)
{
	const unsigned char *from = value;
	uint32_t cpu;

	if (!hash->slot) {
		shared_copy_in(hash_node_slot(hash, node, 0), value,
			       hash->table.map.value_size);
		return;
	}
	for (cpu = 0; cpu < hash->cpus; cpu++, from += hash->slot)
		shared_copy_in(hash_node_slot(hash, node, cpu), from,
			       hash->slot);
}

static void copy_slots(const struct hash_map *hash, uint32_t to, uint32_t from)
{
	uint32_t cpu;

	for (cpu = 0; hash->slot && cpu < hash->cpus; cpu++)
		shared_copy_words(hash_node_slot(hash, to, cpu),
				  hash_node_slot(hash, from, cpu), hash->slot);
}

/* One CPU's slot; the others from the node before, or zero. */
static void store_slot(const struct hash_map *hash, uint32_t node, uint32_t old,
		       const struct hash_update *update)
{
	static const uint64_t zero[PERCPU_VALUE_MAX / 8];
	uint32_t cpu;

	if (old)
		copy_slots(hash, node, old);
	for (cpu = 0; !old && cpu < hash->cpus; cpu++)
		shared_copy_in(hash_node_slot(hash, node, cpu), zero,
			       hash->slot);
	shared_copy_in(hash_node_slot(hash, node, update->cpu), update->value,
		       hash->table.map.value_size);
}

/* Keys are 8-aligned in nodes, and nowhere else. */
static bool key_equal(const void *shared, const void *key, size_t len)
{
	const unsigned char *at = shared;
	const unsigned char *with = key;
	uint64_t word;

	for (; len >= 8; at += 8, with += 8, len -= 8) {
		memcpy(&word, with, 8);
		if (shared_load((const uint64_t *)at) != word)
			return false;
	}
	if (!len)
		return true;
	if (len == 4) {
		uint32_t half;

		memcpy(&half, with, 4);
		return shared_load((const uint32_t *)at) == half;
	}
	for (; len; at++, with++, len--)
		if (shared_load(at) != *with)
			return false;
	return true;
}

int hash_walk(const struct hash_map *hash, uint32_t bucket, const void *key,
	      struct hash_chain *chain)
{
	unsigned int tries;
	uint32_t node;

	chain->bucket = bucket;
	chain->word = hash_word(hash, bucket);
	for (tries = 0; tries < HASH_TRIES; tries++) {
		chain->was = shared_load(chain->word);
		chain->count = 0;
		chain->found = 0;
		for (node = (uint32_t)chain->was; node;
		     node = shared_load(&pool_node(&hash->pool, node)->next)) {
			if (!pool_valid(&hash->pool, node))
				break;
			if (key && key_equal(hash_node_key(hash, node), key,
					     hash->table.map.key_size)) {
				chain->found = node;
				break;
			}
			if (chain->count == HASH_CHAIN_MAX)
				break;
			chain->node[chain->count++] = node;
		}
		if (!hash_same(chain))
			continue;
		/* It ends where it should, or somebody has spoilt it. */
		return !node || chain->found ? 0 : -EUCLEAN;
	}
	return -EUCLEAN;
}

int hash_find(const struct hash_map *hash, uint32_t first, const void *key)
{
	uint32_t node = first;
	uint32_t count;

	for (count = 0; node; count++) {
		if (!pool_valid(&hash->pool, node) || count > HASH_CHAIN_MAX)
			return -EUCLEAN;
		if (key_equal(hash_node_key(hash, node), key,
			      hash->table.map.key_size))
			break;
		node = shared_load(&pool_node(&hash->pool, node)->next);
	}
	return (int)node;
}

uint32_t hash_shard(const struct hash_map *hash)
{
	return hash->pool.shards == 1 ? 0 :
					topology_this_cpu() % hash->pool.shards;
}

/* All nodes of a kind are in other hands.  Hints of an LRU may be missing. */
static bool wait_a_moment(struct hash_map *hash, enum pool_kind kind,
			  unsigned int tries)
{
	uint32_t waits = shared_load(&hash->waits[kind]);

	if (tries >= POOL_YIELDS && waits == POOL_PATIENCE / 2)
		hash_show_all(hash);
	return pool_wait(&hash->waits[kind], tries);
}

static int taken(struct hash_map *hash, enum pool_kind kind)
{
	pool_waited(&hash->waits[kind]);
	return 0;
}

/*
 * A node to replace 'old' by: a spare, or with the same result a credit.  Both
 * can be in other hands for a moment.
 */
static int take_replacement(struct hash_map *hash, uint32_t old, uint32_t *node)
{
	const struct pool *pool = &hash->pool;
	uint32_t shard = pool->exclusive ? pool_home(pool, old) :
					   hash_shard(hash);
	unsigned int tries = 0;

	do {
		if (!pool_take(pool, POOL_SPARE, shard, node) ||
		    !pool_take(pool, POOL_CREDIT, shard, node))
			return taken(hash, POOL_SPARE);
		hash_reclaim(hash);
	} while (wait_a_moment(hash, POOL_SPARE, tries++));
	return -ENOMEM;
}

/* A node to add an element by: a credit.  An LRU evicts if there is none. */
static int take_addition(struct hash_map *hash, uint32_t *node)
{
	uint32_t shard = hash_shard(hash);
	unsigned int tries = 0;
	int err;

	do {
		if (!pool_take(&hash->pool, POOL_CREDIT, shard, node))
			return taken(hash, POOL_CREDIT);
		if (hash_reclaim(hash))
			continue;
		if (!hash->lru.parts)
			return pool_take_last(&hash->pool, node) ? -E2BIG : 0;
		err = lru_evict(hash, hash->lru.parts > 1 ? shard : 0, node);
		if (!err)
			return taken(hash, POOL_CREDIT);
		if (err != -EAGAIN)
			return err;
	} while (wait_a_moment(hash, POOL_CREDIT, tries++));
	return -ENOMEM;
}

/* The word that makes 'head' the first node. */
static bool commit(const struct hash_chain *chain, uint32_t head)
{
	return shared_cas(chain->word, chain->was,
			  ((chain->was >> 32) + 1) << 32 | head);
}

/* Acknowledge a node that was in a chain when it had this mark. */
static uint64_t acknowledge(const struct hash_map *hash, uint32_t node,
			    uint64_t mark)
{
	if (hash->lru.parts && (mark & MARK_STATE) == MARK_TAKEN)
		lru_settle(hash, node, mark);
	return pool_ack(&hash->pool, node, mark);
}

bool hash_acknowledge(const struct hash_map *hash,
		      const struct hash_chain *chain, uint32_t node,
		      uint64_t *mark)
{
	*mark = shared_load(&pool_node(&hash->pool, node)->mark);
	if (!hash_same(chain))
		return false;
	*mark = acknowledge(hash, node, *mark);
	return *mark == mark_linked(*mark);
}

/* A node of ours, before the swap makes it everybody's, and its mark. */
struct made {
	uint32_t node;
	uint64_t mark;
};

static void set_made(const struct hash_map *hash, struct made *made,
		     uint32_t node)
{
	made->node = node;
	made->mark = shared_load(&pool_node(&hash->pool, node)->mark);
}

static void set_replaces(const struct hash_map *hash, uint32_t copy,
			 uint32_t old, uint64_t mark)
{
	shared_store(&pool_node(&hash->pool, copy)->replaces,
		     mark_version(mark) | old);
}

static uint32_t node_next(const struct hash_map *hash, uint32_t node)
{
	return shared_load(&pool_node(&hash->pool, node)->next);
}

static void set_next(const struct hash_map *hash, uint32_t node, uint32_t next)
{
	shared_store(&pool_node(&hash->pool, node)->next, next);
}

static void give_copies(struct hash_map *hash, const struct made *copy,
			uint32_t n)
{
	while (n--)
		pool_give(&hash->pool, copy[n].node);
}

/*
 * Copy the nodes before chain->found, the last one first, in front of *head,
 * which becomes the first copy.  -EAGAIN, -ENOMEM: no copies are left.
 */
static int copy_prefix(struct hash_map *hash, const struct hash_chain *chain,
		       struct made *copy, uint32_t *head)
{
	uint32_t i = chain->count;
	uint32_t node = 0;
	uint64_t mark;
	int err = 0;

	while (i--) {
		uint32_t old = chain->node[i];
		uint32_t n = chain->count - 1 - i;
		const struct pool_node *from = pool_node(&hash->pool, old);

		if (!hash_acknowledge(hash, chain, old, &mark))
			err = -EAGAIN;
		else
			err = take_replacement(hash, old, &node);
		if (err) {
			give_copies(hash, copy, n);
			return err;
		}
		set_made(hash, &copy[n], node);
		set_replaces(hash, node, old, mark);
		shared_store(&pool_node(&hash->pool, node)->age,
			     shared_load(&from->age));
		shared_copy_words(hash_node_key(hash, node), from + 1,
				  hash->node_words);
		copy_slots(hash, node, old);
		set_next(hash, node, *head);
		*head = node;
	}
	return 0;
}

/* After the swap: the copies are the elements now. */
static void acknowledge_copies(const struct hash_map *hash,
			       const struct made *copy, uint32_t count)
{
	uint32_t i;

	for (i = 0; i < count; i++)
		acknowledge(hash, copy[i].node, copy[i].mark);
}

int hash_unlink(struct hash_map *hash, const struct hash_chain *chain,
		uint64_t *mark)
{
	struct made copy[HASH_CHAIN_MAX];
	uint32_t head = node_next(hash, chain->found);
	int err;

	if (!hash_acknowledge(hash, chain, chain->found, mark))
		return -EAGAIN;
	err = copy_prefix(hash, chain, copy, &head);
	if (err)
		return err;
	if (!commit(chain, head)) {
		give_copies(hash, copy, chain->count);
		return -EAGAIN;
	}
	acknowledge_copies(hash, copy, chain->count);
	return 0;
}

int hash_unlink_all(struct hash_map *hash, const struct hash_chain *chain)
{
	uint64_t mark[HASH_CHAIN_MAX];
	uint32_t age[HASH_CHAIN_MAX];
	uint32_t i;

	for (i = 0; i < chain->count; i++) {
		if (!hash_acknowledge(hash, chain, chain->node[i], &mark[i]))
			return -EAGAIN;
		age[i] = shared_load(
			&pool_node(&hash->pool, chain->node[i])->age);
	}
	if (!commit(chain, 0))
		return -EAGAIN;
	for (i = 0; i < chain->count; i++) {
		if (hash->lru.parts)
			lru_gone(hash, chain->node[i], age[i]);
		pool_drop(&hash->pool, chain->node[i], mark[i]);
	}
	return 0;
}

/* A fresh node's own part, which no chain has a say in. */
static void fill_fresh(const struct hash_map *hash, uint32_t node,
		       const struct hash_update *update)
{
	shared_copy_in(hash_node_key(hash, node), update->key,
		       hash->table.map.key_size);
	if (!update->one_cpu)
		store_value(hash, node, update->value);
}

/*
 * Does a node that was taken for what an earlier walk found serve?  An addition
 * needs a credit; a credit can replace as well, but where each CPU has a share
 * of its own, only within the share.
 */
static bool serves(const struct hash_map *hash, const struct hash_chain *chain,
		   uint32_t fresh)
{
	const struct pool *pool = &hash->pool;
	uint64_t mark = shared_load(&pool_node(pool, fresh)->mark);

	if (!chain->found)
		return pool_kind(pool, fresh, mark) == POOL_CREDIT;
	return !pool->exclusive ||
	       pool_home(pool, fresh) == pool_home(pool, chain->found);
}

/* The node for an update that found what the chain says. */
static int take_fresh(struct hash_map *hash, const struct hash_chain *chain,
		      const struct hash_update *update, uint32_t *fresh)
{
	int err;

	if (*fresh) {
		if (serves(hash, chain, *fresh))
			return 0;
		pool_give(&hash->pool, *fresh);
		*fresh = 0;
	}
	err = chain->found ? take_replacement(hash, chain->found, fresh) :
			     take_addition(hash, fresh);
	if (!err)
		fill_fresh(hash, *fresh, update);
	return err;
}

/* Put the fresh node in front. */
static int add(struct hash_map *hash, const struct hash_chain *chain,
	       const struct hash_update *update, uint64_t h, uint32_t fresh)
{
	struct pool_node *node = pool_node(&hash->pool, fresh);
	struct made made;

	set_made(hash, &made, fresh);
	if (update->one_cpu)
		store_slot(hash, fresh, 0, update);
	set_replaces(hash, fresh, 0, 0);
	set_next(hash, fresh, (uint32_t)chain->was);
	if (hash->lru.parts)
		shared_store(&node->age,
			     lru_append(hash, lru_part(hash, fresh), h));
	/* Before the swap, so that nobody passes over the bucket after it. */
	if (!bitset_shows(&hash->groups, hash->pool.base,
			  chain->bucket / HASH_GROUP))
		bitset_add_again(&hash->groups, hash->pool.base,
				 chain->bucket / HASH_GROUP);
	if (!commit(chain, fresh))
		return -EAGAIN;
	acknowledge(hash, fresh, made.mark);
	return 0;
}

/* Put the fresh node in the place of chain->found. */
static int replace(struct hash_map *hash, const struct hash_chain *chain,
		   const struct hash_update *update, uint32_t fresh)
{
	struct pool_node *old = pool_node(&hash->pool, chain->found);
	struct made copy[HASH_CHAIN_MAX];
	struct made made;
	uint32_t head = fresh;
	uint64_t mark;
	int err;

	set_made(hash, &made, fresh);
	if (!hash_acknowledge(hash, chain, chain->found, &mark))
		return -EAGAIN;
	if (update->one_cpu)
		store_slot(hash, fresh, chain->found, update);
	set_replaces(hash, fresh, chain->found, mark);
	set_next(hash, fresh, shared_load(&old->next));
	if (hash->lru.parts)
		lru_inherit(hash, fresh, chain->found);
	err = copy_prefix(hash, chain, copy, &head);
	if (err)
		return err;
	if (!commit(chain, head)) {
		give_copies(hash, copy, chain->count);
		return -EAGAIN;
	}
	acknowledge(hash, fresh, made.mark);
	acknowledge_copies(hash, copy, chain->count);
	return 0;
}

static int update_check(const struct hash_chain *chain, uint64_t flags)
{
	if (chain->found)
		return flags == BPF_NOEXIST ? -EEXIST : 0;
	if (flags == BPF_EXIST)
		return -ENOENT;
	return chain->count == HASH_CHAIN_MAX ? -E2BIG : 0;
}

int hash_update(struct hash_map *hash, const struct hash_update *update)
{
	uint64_t h = hash_of(hash, update->key);
	struct hash_chain chain;
	unsigned int tries;
	uint32_t fresh = 0;
	int err = -EAGAIN;

	for (tries = 0; err == -EAGAIN && tries < HASH_TRIES; tries++) {
		err = hash_walk(hash, hash_bucket(hash, h), update->key,
				&chain);
		if (!err)
			err = update_check(&chain, update->flags);
		if (!err)
			err = take_fresh(hash, &chain, update, &fresh);
		if (err)
			break;
		err = chain.found ? replace(hash, &chain, update, fresh) :
				    add(hash, &chain, update, h, fresh);
	}
	if (err && fresh)
		pool_give(&hash->pool, fresh);
	return err == -EAGAIN ? -EUCLEAN : err;
}
