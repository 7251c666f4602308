/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Which element of an LRU goes next: a ring of ages.
 *
 * An element that is added gets the next position of the ring, which says of
 * which hash it is; its node has the position as its age, and copies of the
 * node inherit it.  A set of the positions that are occupied leads to the
 * oldest: the first one behind the youngest, going round.  From position to
 * element the way is through the hash: the node in that bucket which has that
 * age.
 *
 * To use an element marks it: LRU_MARKED in its age.  Who looks for a victim
 * passes over a marked one, once: it loses its mark and gets the youngest
 * position.  So victims are the oldest first, less those that were used.  After
 * LRU_PASSES positions a marked one will do.
 *
 * Positions go round.  One that is still occupied is left out, and so its
 * element counts as new once more: it has then stayed, in a map that had room,
 * while more than LRU_RING_ELEMENTS times max_entries were added.
 *
 * All this is advice: an age or a position that is wrong makes an element go
 * earlier or later than it should, and nothing else.  An element whose position
 * has got lost is found by hash_show_all, at the latest when nothing else is
 * left to evict.
 */
#include <errno.h>

#include "core/hash_table.h"

/* In shared memory: the next position of a ring, a cache line of its own. */
struct lru_tail {
	uint32_t next;
	uint32_t unused[15];
};

_Static_assert(sizeof(struct lru_tail) == 64, "region format");

static uint32_t *lru_next(const struct hash_map *hash, uint32_t part)
{
	return &((struct lru_tail *)(hash->pool.base +
				     hash->lru.tails_off))[part]
			.next;
}

static uint32_t *lru_slot(const struct hash_map *hash, uint32_t part,
			  uint32_t position)
{
	uint64_t slots = (uint64_t)hash->lru.mask + 1;

	return (uint32_t *)(hash->pool.base + hash->lru.slots_off) +
	       part * slots + (position & hash->lru.mask);
}

static void *lru_base(const struct hash_map *hash, uint32_t part)
{
	return hash->pool.base + part * hash->lru.occupied_stride;
}

uint32_t lru_part(const struct hash_map *hash, uint32_t node)
{
	return hash->lru.parts > 1 ? pool_home(&hash->pool, node) : 0;
}

uint64_t lru_layout(struct hash_map *hash, uint64_t off, uint32_t entries)
{
	struct hash_lru *lru = &hash->lru;
	uint32_t ring = LRU_RING_MIN;
	uint64_t size;

	lru->parts = hash->pool.exclusive ? hash->pool.shards : 1;
	while (ring / LRU_RING_ELEMENTS < entries / lru->parts)
		ring *= 2;
	lru->mask = ring - 1;
	off = (off + 63) & ~63ull;
	lru->tails_off = off;
	off += lru->parts * sizeof(struct lru_tail);
	size = bitset_init(&lru->occupied, off, ring, false);
	lru->occupied_stride = (size + 63) & ~63ull;
	off += lru->parts * lru->occupied_stride;
	lru->slots_off = off;
	return (off + (uint64_t)lru->parts * ring * sizeof(uint32_t) + 63) &
	       ~63ull;
}

static bool is_occupied(const struct hash_map *hash, uint32_t part,
			uint32_t position)
{
	return bitset_has(&hash->lru.occupied, lru_base(hash, part),
			  position & hash->lru.mask);
}

static void occupy(const struct hash_map *hash, uint32_t part,
		   uint32_t position)
{
	position &= hash->lru.mask;
	if (!bitset_shows(&hash->lru.occupied, lru_base(hash, part), position))
		bitset_add_again(&hash->lru.occupied, lru_base(hash, part),
				 position);
}

static void vacate(const struct hash_map *hash, uint32_t part,
		   uint32_t position)
{
	bitset_remove(&hash->lru.occupied, lru_base(hash, part),
		      position & hash->lru.mask);
}

uint32_t lru_append(struct hash_map *hash, uint32_t part, uint64_t h)
{
	uint32_t tries;
	uint32_t position = 0;

	for (tries = 0; tries <= hash->lru.mask; tries++) {
		position = shared_add(lru_next(hash, part), 1) & hash->lru.mask;
		if (!is_occupied(hash, part, position))
			break;
	}
	shared_store(lru_slot(hash, part, position), (uint32_t)(h >> 32));
	return position;
}

void lru_gone(const struct hash_map *hash, uint32_t node, uint32_t age)
{
	vacate(hash, lru_part(hash, node), age & LRU_POSITION);
}

void lru_mark(struct hash_map *hash, uint32_t node)
{
	uint32_t *age = &pool_node(&hash->pool, node)->age;
	uint32_t old = shared_load(age);

	/* Should the node be another's by now, that one counts as used. */
	if (!(old & LRU_MARKED))
		shared_cas32(age, old, old | LRU_MARKED);
}

void lru_inherit(const struct hash_map *hash, uint32_t copy, uint32_t old)
{
	uint32_t age = shared_load(&pool_node(&hash->pool, old)->age);

	shared_store(&pool_node(&hash->pool, copy)->age, age | LRU_MARKED);
}

/*
 * The position is occupied only now, as who looks for a victim vacates one
 * that leads to no node.
 *
 * The node before may have been renewed between the copying of its age and the
 * swap.  Who renews looks at the bucket's word afterwards and sees either that
 * it has moved, and leaves the old position occupied, or that it has not, and
 * then we see the new age here: if the node before still has the mark that was
 * noted in 'replaces' after its age was read, it has not been freed, and the
 * age is its own.
 */
void lru_settle(const struct hash_map *hash, uint32_t node, uint64_t mark)
{
	struct pool_node *at = pool_node(&hash->pool, node);
	uint64_t replaces = shared_load(&at->replaces);
	uint32_t old = (uint32_t)replaces;
	uint32_t mine = shared_load(&at->age);
	uint32_t newer = mine;

	if (pool_valid(&hash->pool, old)) {
		newer = shared_load(&pool_node(&hash->pool, old)->age);
		if (shared_load(&pool_node(&hash->pool, old)->mark) !=
		    mark_linked(replaces))
			newer = mine;
	}
	if (shared_load(&at->mark) != mark)
		return;
	if ((mine ^ newer) & LRU_POSITION) {
		newer |= mine & LRU_MARKED;
		if (shared_cas32(&at->age, mine, newer))
			mine = newer;
	}
	occupy(hash, lru_part(hash, node), mine & LRU_POSITION);
}

/* Does the position say of which hash its element is? */
static bool leads_to(const struct hash_map *hash, uint32_t part,
		     uint32_t position, uint64_t h)
{
	return position <= hash->lru.mask &&
	       shared_load(lru_slot(hash, part, position)) ==
		       (uint32_t)(h >> 32);
}

bool lru_is_shown(const struct hash_map *hash, uint32_t node, uint64_t h)
{
	uint32_t part = lru_part(hash, node);
	uint32_t position = shared_load(&pool_node(&hash->pool, node)->age) &
			    LRU_POSITION;

	return leads_to(hash, part, position, h) &&
	       bitset_shows(&hash->lru.occupied, lru_base(hash, part),
			    position);
}

void lru_show(struct hash_map *hash, uint32_t node, uint64_t h)
{
	uint32_t *age = &pool_node(&hash->pool, node)->age;
	uint32_t part = lru_part(hash, node);
	uint32_t old = shared_load(age);
	uint32_t position = old & LRU_POSITION;

	if (!leads_to(hash, part, position, h)) {
		position = lru_append(hash, part, h);
		if (!shared_cas32(age, old, position | (old & LRU_MARKED)))
			return;
	}
	occupy(hash, part, position);
}

/* The oldest position that is occupied, and when that was so. */
static bool lru_oldest(const struct hash_map *hash, uint32_t part,
		       uint32_t *position, uint32_t *since)
{
	const struct bitset *occupied = &hash->lru.occupied;
	uint32_t next;

	*since = shared_load(lru_next(hash, part));
	next = *since & hash->lru.mask;
	return bitset_next(occupied, lru_base(hash, part), next, position) ||
	       bitset_next(occupied, lru_base(hash, part), 0, position);
}

/*
 * Which element has the position: chain->found, and its age, in a chain that
 * was walked to its end.
 */
static bool lru_find(const struct hash_map *hash, uint32_t part,
		     uint32_t position, struct hash_chain *chain, uint32_t *age)
{
	uint32_t i;

	for (i = 0; i < chain->count; i++) {
		uint32_t node = chain->node[i];

		*age = shared_load(&pool_node(&hash->pool, node)->age);
		if ((*age & LRU_POSITION) == position &&
		    lru_part(hash, node) == part) {
			chain->found = node;
			chain->count = i;
			return true;
		}
	}
	return false;
}

/*
 * Vacate a position that was occupied 'since'.  Who was stopped meanwhile may
 * come too late: others vacated it, and went round the ring and gave it to
 * another element.
 */
static void vacate_since(struct hash_map *hash, uint32_t part,
			 uint32_t position, uint32_t since)
{
	struct hash_chain chain;
	uint32_t age;
	uint64_t h;

	vacate(hash, part, position);
	if (((position - since) & hash->lru.mask) >=
	    shared_load(lru_next(hash, part)) - since)
		return;
	h = (uint64_t)shared_load(lru_slot(hash, part, position)) << 32;
	if (!hash_walk(hash, hash_bucket(hash, h), NULL, &chain) &&
	    lru_find(hash, part, position, &chain, &age))
		occupy(hash, part, position);
}

/* A marked element gets the youngest position and loses its mark. */
static void lru_renew(struct hash_map *hash, uint32_t part, uint32_t position,
		      uint32_t since, const struct hash_chain *chain,
		      uint32_t age)
{
	uint64_t h = (uint64_t)shared_load(lru_slot(hash, part, position))
		     << 32;
	uint32_t newer = lru_append(hash, part, h);

	if (!shared_cas32(&pool_node(&hash->pool, chain->found)->age, age,
			  newer))
		return;
	occupy(hash, part, newer);
	if (hash_same(chain))
		vacate_since(hash, part, position, since);
}

static int lru_evict_one(struct hash_map *hash, uint32_t part,
			 struct hash_chain *chain, uint32_t position,
			 uint32_t since, uint32_t *node)
{
	uint64_t mark;
	int err;

	err = hash_unlink(hash, chain, &mark);
	if (err == -ENOMEM)
		return -EAGAIN;
	if (err)
		return err;
	vacate_since(hash, part, position, since);
	/* Who reclaims may have freed it already. */
	if (!pool_seize(&hash->pool, chain->found, mark))
		return -EAGAIN;
	*node = chain->found;
	return 0;
}

int lru_evict(struct hash_map *hash, uint32_t part, uint32_t *node)
{
	struct hash_chain chain;
	uint32_t position;
	uint32_t since;
	uint32_t tries;
	uint32_t age;
	int err;

	for (tries = 0; tries < 2 * LRU_PASSES; tries++) {
		uint64_t h;

		if (!lru_oldest(hash, part, &position, &since))
			return -EAGAIN;
		h = (uint64_t)shared_load(lru_slot(hash, part, position)) << 32;
		err = hash_walk(hash, hash_bucket(hash, h), NULL, &chain);
		if (err)
			return err;
		if (!lru_find(hash, part, position, &chain, &age))
			vacate_since(hash, part, position, since);
		else if ((age & LRU_MARKED) && tries < LRU_PASSES)
			lru_renew(hash, part, position, since, &chain, age);
		else
			return lru_evict_one(hash, part, &chain, position,
					     since, node);
	}
	return -EAGAIN;
}
