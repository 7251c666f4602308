/* SPDX-License-Identifier: BSD-2-Clause */
#include "core/pool.h"

#include <errno.h>
#include <sched.h>
#include <time.h>

#include "core/topology.h"

/* How often who would give up looks again because others gave back. */
#define POOL_TRIES 1024u

/* Credits are dealt out evenly; the rest of a shard's nodes are spares. */
static uint32_t shard_credits(const struct pool *pool, uint32_t shard)
{
	return pool->credits / pool->shards +
	       (shard < pool->credits % pool->shards);
}

static uint32_t in_shard(const struct pool *pool, uint32_t node)
{
	return node - 1 - pool_home(pool, node) * pool->span;
}

static enum pool_kind kind_at_first(const struct pool *pool, uint32_t node)
{
	return in_shard(pool, node) <
			       shard_credits(pool, pool_home(pool, node)) ?
		       POOL_CREDIT :
		       POOL_SPARE;
}

enum pool_kind pool_kind(const struct pool *pool, uint32_t node, uint64_t mark)
{
	enum pool_kind kind = kind_at_first(pool, node);

	return mark & MARK_AWAY ? !kind : kind;
}

static uint64_t mark_away(const struct pool *pool, uint32_t node,
			  enum pool_kind kind)
{
	return kind == kind_at_first(pool, node) ? 0 : MARK_AWAY;
}

static void *free_base(const struct pool *pool, uint32_t shard)
{
	return pool->base + shard * pool->free_stride;
}

uint64_t pool_layout(struct pool *pool, uint64_t off)
{
	uint64_t size = 0;

	pool->nodes = pool->shards * pool->span;
	if (!pool->owners_off) {
		pool->owners_off = off;
		off += sizeof(struct pool_owners);
	}
	off = (off + 63) & ~63ull;
	pool->shards_off = off;
	off += pool->shards * sizeof(struct pool_shard);
	/* All credits are free at first, and no other node is a credit. */
	size += bitset_init(&pool->free[POOL_CREDIT], off, pool->span, true);
	size += bitset_init(&pool->free[POOL_SPARE], off + size, pool->span,
			    false);
	pool->free_stride = (size + 63) & ~63ull;
	return off + pool->shards * pool->free_stride;
}

void pool_init(const struct pool *pool)
{
	uint32_t shard;
	uint32_t n;

	for (shard = 0; shard < pool->shards; shard++) {
		bitset_trim(&pool->free[POOL_CREDIT], free_base(pool, shard));
		for (n = shard_credits(pool, shard); n < pool->span; n++) {
			bitset_remove(&pool->free[POOL_CREDIT],
				      free_base(pool, shard), n);
			bitset_add(&pool->free[POOL_SPARE],
				   free_base(pool, shard), n);
		}
	}
}

/* A hint said that this node is free. */
static bool claim(const struct pool *pool, uint32_t node, enum pool_kind kind)
{
	uint64_t *mark = &pool_node(pool, node)->mark;
	uint64_t old = shared_load(mark);

	if ((old & MARK_STATE) != MARK_FREE ||
	    pool_kind(pool, node, old) != kind)
		return false;
	return shared_cas(mark, old,
			  (mark_version(old) + (1ull << 32)) |
				  (old & MARK_AWAY) |
				  (uint64_t)pool->owner << 3 | MARK_TAKEN);
}

/* From now on, who walks over the nodes goes as far as this one. */
static void raise_high(struct pool_shard *shard, uint32_t n)
{
	uint32_t high = shared_load(&shard->high);

	while (high <= n && !shared_cas32(&shard->high, high, n + 1))
		high = shared_load(&shard->high);
}

/* The node, or 0. */
static uint32_t take_recent(const struct pool *pool, enum pool_kind kind,
			    uint32_t shard)
{
	uint32_t *recent = &pool_shard(pool, shard)->recent[kind];
	const struct bitset *free = &pool->free[kind];
	uint32_t home;
	uint32_t node;

	if (!shared_load(recent))
		return 0;
	node = shared_swap(recent, 0);
	if (!pool_valid(pool, node) || !claim(pool, node, kind))
		return 0;
	/* Who reclaims may have put it there too. */
	home = pool_home(pool, node);
	if (bitset_has(free, free_base(pool, home), in_shard(pool, node)))
		bitset_remove(free, free_base(pool, home),
			      in_shard(pool, node));
	return node;
}

static uint32_t take_from(const struct pool *pool, enum pool_kind kind,
			  uint32_t shard)
{
	const struct bitset *free = &pool->free[kind];
	void *base = free_base(pool, shard);
	uint32_t node = take_recent(pool, kind, shard);
	uint32_t tries;
	uint32_t n;

	/* A hostile process could make up hints for ever. */
	for (tries = 0; !node && tries <= pool->span; tries++) {
		if (!bitset_first(free, base, &n))
			break;
		/* First, so that a hint that gets lost is within reach. */
		raise_high(pool_shard(pool, shard), n);
		if (bitset_remove(free, base, n) &&
		    claim(pool, 1 + shard * pool->span + n, kind))
			node = 1 + shard * pool->span + n;
	}
	return node;
}

int pool_take(const struct pool *pool, enum pool_kind kind, uint32_t shard,
	      uint32_t *node)
{
	uint32_t n = shard;
	uint32_t taken;

	do {
		taken = take_from(pool, kind, n);
		if (taken) {
			*node = taken;
			return 0;
		}
		n = n + 1 < pool->shards ? n + 1 : 0;
	} while (n != shard && !pool->exclusive);
	return -ENOMEM;
}

static bool is_free(const struct pool *pool, uint32_t node, enum pool_kind kind)
{
	uint64_t mark = shared_load(&pool_node(pool, node)->mark);

	return (mark & MARK_STATE) == MARK_FREE &&
	       pool_kind(pool, node, mark) == kind;
}

/* A node is in the bitset if it is free, and is not if it is taken. */
static void check_hint(const struct pool *pool, uint32_t node,
		       enum pool_kind kind)
{
	const struct bitset *free = &pool->free[kind];
	void *base = free_base(pool, pool_home(pool, node));
	uint32_t n = in_shard(pool, node);

	if (!is_free(pool, node, kind) && bitset_has(free, base, n))
		bitset_remove(free, base, n);
	if (is_free(pool, node, kind))
		bitset_add_again(free, base, n);
}

/* How often credits were given back. */
static uint32_t count_frees(const struct pool *pool)
{
	uint32_t count = 0;
	uint32_t shard;

	for (shard = 0; shard < pool->shards; shard++)
		count += shared_load(&pool_shard(pool, shard)->frees);
	return count;
}

/* Every hint there is, the recent ones first: from there they go to a bitset.
 */
static uint32_t take_any_credit(const struct pool *pool)
{
	const struct bitset *free = &pool->free[POOL_CREDIT];
	uint32_t shard;
	uint32_t node;
	uint32_t n;

	for (shard = 0; shard < pool->shards; shard++) {
		node = take_recent(pool, POOL_CREDIT, shard);
		if (node)
			return node;
	}
	for (shard = 0; shard < pool->shards; shard++) {
		void *base = free_base(pool, shard);

		for (n = 0; bitset_scan(free, base, n, &n); n++) {
			raise_high(pool_shard(pool, shard), n);
			node = 1 + shard * pool->span + n;
			if (bitset_remove(free, base, n) &&
			    claim(pool, node, POOL_CREDIT))
				return node;
		}
	}
	return 0;
}

/* If no credit was given back during the search, there was none at its end. */
int pool_take_last(const struct pool *pool, uint32_t *node)
{
	unsigned int tries;
	uint32_t taken;
	uint32_t frees;

	for (tries = 0; tries < POOL_TRIES; tries++) {
		frees = count_frees(pool);
		taken = take_any_credit(pool);
		if (taken) {
			*node = taken;
			return 0;
		}
		if (count_frees(pool) == frees)
			break;
	}
	return -ENOMEM;
}

static void add_to_free(const struct pool *pool, uint32_t node,
			enum pool_kind kind)
{
	bitset_add(&pool->free[kind], free_base(pool, pool_home(pool, node)),
		   in_shard(pool, node));
}

/*
 * Tell of a free node: as the recent one of the shard that we work in.  The
 * one that was recent goes to its bitset first, so that it is never out of
 * sight.  It may be taken meanwhile, and even be the recent one again, its hint
 * in the bitset gone: so both hints are looked at afterwards.
 */
static void hint(const struct pool *pool, uint32_t node, enum pool_kind kind)
{
	struct pool_shard *shard = pool_shard(
		pool, pool->shards == 1 ? 0 :
		      pool->exclusive	? pool_home(pool, node) :
					  topology_this_cpu() % pool->shards);
	uint32_t old = shared_load(&shard->recent[kind]);
	uint32_t swapped;

	if (old != node && pool_valid(pool, old))
		add_to_free(pool, old, kind);
	swapped = shared_swap(&shard->recent[kind], node);
	if (swapped != node && pool_valid(pool, swapped))
		check_hint(pool, swapped, kind);
	if (swapped != old && old != node && pool_valid(pool, old))
		check_hint(pool, old, kind);
	if (kind == POOL_CREDIT)
		shared_add(&shard->frees, 1);
}

/* From that mark to FREE, of this kind. */
static bool set_free(const struct pool *pool, uint32_t node, uint64_t mark,
		     enum pool_kind kind)
{
	if (!shared_cas(&pool_node(pool, node)->mark, mark,
			mark_version(mark) | mark_away(pool, node, kind) |
				MARK_FREE))
		return false;
	hint(pool, node, kind);
	return true;
}

bool pool_release(const struct pool *pool, uint32_t node, uint64_t mark)
{
	return set_free(pool, node, mark, pool_kind(pool, node, mark));
}

void pool_give(const struct pool *pool, uint32_t node)
{
	uint64_t mark = shared_load(&pool_node(pool, node)->mark);

	if ((mark & MARK_STATE) == MARK_TAKEN &&
	    mark_owner(mark) == pool->owner)
		pool_release(pool, node, mark);
}

uint64_t pool_ack(const struct pool *pool, uint32_t node, uint64_t mark)
{
	struct pool_node *at = pool_node(pool, node);
	uint64_t replaces;

	if ((mark & MARK_STATE) != MARK_TAKEN)
		return mark;
	replaces = shared_load(&at->replaces);
	/* Only what belongs to this life of the node counts. */
	if (shared_load(&at->mark) != mark)
		return shared_load(&at->mark);
	if (pool_valid(pool, (uint32_t)replaces))
		set_free(pool, (uint32_t)replaces, mark_linked(replaces),
			 pool_kind(pool, node, mark));
	shared_cas(&at->mark, mark, mark_linked(mark));
	return shared_load(&at->mark);
}

bool pool_drop(const struct pool *pool, uint32_t node, uint64_t mark)
{
	return set_free(pool, node, mark, POOL_CREDIT);
}

bool pool_seize(const struct pool *pool, uint32_t node, uint64_t mark)
{
	return shared_cas(&pool_node(pool, node)->mark, mark,
			  (mark_version(mark) + (1ull << 32)) |
				  mark_away(pool, node, POOL_CREDIT) |
				  (uint64_t)pool->owner << 3 | MARK_TAKEN);
}

bool pool_is_hinted(const struct pool *pool, uint32_t node, enum pool_kind kind)
{
	uint32_t shard;

	if (bitset_shows(&pool->free[kind],
			 free_base(pool, pool_home(pool, node)),
			 in_shard(pool, node)))
		return true;
	for (shard = 0; shard < pool->shards; shard++)
		if (shared_load(&pool_shard(pool, shard)->recent[kind]) == node)
			return true;
	return false;
}

void pool_hint(const struct pool *pool, uint32_t node)
{
	uint64_t mark = shared_load(&pool_node(pool, node)->mark);
	enum pool_kind kind = pool_kind(pool, node, mark);

	if ((mark & MARK_STATE) == MARK_FREE)
		bitset_add_again(&pool->free[kind],
				 free_base(pool, pool_home(pool, node)),
				 in_shard(pool, node));
}

/* Recent ones, but for those that are in a bitset as well. */
static uint32_t count_recent(const struct pool *pool, uint32_t shard)
{
	uint32_t node =
		shared_load(&pool_shard(pool, shard)->recent[POOL_CREDIT]);

	return pool_valid(pool, node) && is_free(pool, node, POOL_CREDIT) &&
	       !bitset_has(&pool->free[POOL_CREDIT],
			   free_base(pool, pool_home(pool, node)),
			   in_shard(pool, node));
}

/* Nodes that were never used are not looked at: their hints take no page. */
uint32_t pool_count_credits(const struct pool *pool)
{
	uint32_t count = 0;
	uint32_t credits;
	uint32_t shard;
	uint32_t high;

	for (shard = 0; shard < pool->shards; shard++) {
		high = shared_load(&pool_shard(pool, shard)->high);
		credits = shard_credits(pool, shard);
		if (high > pool->span)
			high = pool->span;
		count += bitset_count(&pool->free[POOL_CREDIT],
				      free_base(pool, shard), high);
		if (high < credits)
			count += credits - high;
		count += count_recent(pool, shard);
	}
	return count;
}

/* The same number in another life is another word. */
static uint32_t owner_word(uint32_t old, enum pool_owner state)
{
	return (old & ~OWNER_STATE) | state;
}

int pool_owner_get(const struct pool *pool, uint32_t *owner)
{
	struct pool_owners *owners = pool_owners(pool);
	uint32_t old;
	uint32_t n;

	for (n = 1; n <= TABLE_OWNERS; n++) {
		old = shared_load(&owners->word[n]);
		if ((old & OWNER_STATE) == OWNER_NONE &&
		    shared_cas32(&owners->word[n], old,
				 owner_word(old + OWNER_LIFE, OWNER_ALIVE))) {
			*owner = n;
			return 0;
		}
	}
	return -EUSERS;
}

void pool_owner_end(const struct pool *pool, uint32_t owner, bool clean)
{
	struct pool_owners *owners = pool_owners(pool);
	uint32_t old;

	if (owner < 1 || owner > TABLE_OWNERS)
		return;
	old = shared_load(&owners->word[owner]);
	if ((old & OWNER_STATE) != OWNER_ALIVE)
		return;
	if (clean)
		shared_cas32(&owners->word[owner], old,
			     owner_word(old, OWNER_NONE));
	else if (shared_cas32(&owners->word[owner], old,
			      owner_word(old, OWNER_DEAD)))
		shared_add(&owners->deaths, 1);
}

bool pool_is_dead(const struct pool *pool, uint64_t mark)
{
	uint32_t owner = mark_owner(mark);

	return owner <= TABLE_OWNERS &&
	       (shared_load(&pool_owners(pool)->word[owner]) & OWNER_STATE) ==
		       OWNER_DEAD;
}

bool pool_wait(uint32_t *waits, unsigned int tries)
{
	const struct timespec pause = { 0, 1000000 };
	uint32_t was;

	if (tries < POOL_YIELDS) {
		sched_yield();
		return true;
	}
	was = __atomic_fetch_add(waits, 1, __ATOMIC_RELAXED) %
	      (16 * POOL_PATIENCE);
	if (was >= POOL_PATIENCE || tries >= POOL_YIELDS + POOL_PATIENCE)
		return false;
	nanosleep(&pause, NULL);
	return true;
}

void pool_waited(uint32_t *waits)
{
	if (__atomic_load_n(waits, __ATOMIC_RELAXED))
		__atomic_store_n(waits, 0, __ATOMIC_RELAXED);
}

void pool_owner_forget(const struct pool *pool, uint32_t owner, uint32_t word)
{
	shared_cas32(&pool_owners(pool)->word[owner], word,
		     owner_word(word, OWNER_NONE));
}
