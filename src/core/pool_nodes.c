/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * All nodes of a pool, one by one: taking back what the dead had in hand, and
 * the check of what holds for nodes.
 */
#include "core/pool.h"
#include "core/topology.h"

/* Elements of a shard at least. */
#define SHARD_ENTRIES 64u
#define SHARDS_MAX    64u

uint32_t pool_shards_for(uint32_t entries)
{
	uint32_t shards = topology_cpus();

	if (shards > SHARDS_MAX)
		shards = SHARDS_MAX;
	if (shards > entries / SHARD_ENTRIES)
		shards = entries / SHARD_ENTRIES;
	return shards ? shards : 1;
}

static void reclaim_node(const struct pool *pool, uint32_t node,
			 int (*is_linked)(void *arg, uint32_t node,
					  uint64_t mark),
			 void *arg)
{
	uint64_t *mark = &pool_node(pool, node)->mark;
	uint64_t was = shared_load(mark);

	switch (was & MARK_STATE) {
	case MARK_FREE:
		if (!pool_is_hinted(pool, node, pool_kind(pool, node, was)))
			pool_hint(pool, node);
		return;
	case MARK_TAKEN:
		if (!pool_is_dead(pool, was))
			return;
		break;
	case MARK_LINKED:
		break;
	default:
		return;
	}
	if (is_linked(arg, node, was))
		return;
	if ((was & MARK_STATE) == MARK_TAKEN)
		pool_release(pool, node, was);
	else if (shared_load(mark) == was)
		pool_drop(pool, node, was);
}

void pool_reclaim_nodes(const struct pool *pool,
			int (*is_linked)(void *arg, uint32_t node,
					 uint64_t mark),
			void *arg)
{
	uint32_t shard;
	uint32_t high;
	uint32_t n;

	for (shard = 0; shard < pool->shards; shard++) {
		high = shared_load(&pool_shard(pool, shard)->high);
		if (high > pool->span)
			high = pool->span;
		for (n = 0; n < high; n++)
			reclaim_node(pool, 1 + shard * pool->span + n,
				     is_linked, arg);
	}
}

/*
 * Only the dead of before the walk have no nodes after it; others who go
 * through the nodes at the same time may forget them too, which is as good.
 */
bool pool_reclaim(const struct pool *pool, int (*each_node)(void *arg),
		  void *arg)
{
	struct pool_owners *owners = pool_owners(pool);
	uint32_t reclaimed = shared_load(&owners->reclaimed);
	uint32_t deaths = shared_load(&owners->deaths);
	uint32_t word[TABLE_OWNERS + 1];
	uint32_t n;

	if (deaths == reclaimed)
		return false;
	for (n = 1; n <= TABLE_OWNERS; n++)
		word[n] = shared_load(&owners->word[n]);
	if (each_node(arg))
		return false;
	for (n = 1; n <= TABLE_OWNERS; n++)
		if ((word[n] & OWNER_STATE) == OWNER_DEAD)
			pool_owner_forget(pool, n, word[n]);
	shared_cas32(&owners->reclaimed, reclaimed, deaths);
	return true;
}

static const char *check_node(const struct pool *pool, const uint8_t *linked,
			      uint32_t node, struct pool_count *count)
{
	uint64_t mark = shared_load(&pool_node(pool, node)->mark);
	enum pool_kind kind = pool_kind(pool, node, mark);

	if ((mark & MARK_STATE) != MARK_FREE) {
		count->held += !linked[node];
		return NULL;
	}
	if (linked[node])
		return "an element's node is free";
	if (!pool_is_hinted(pool, node, kind))
		return "a free node cannot be found";
	count->free[kind]++;
	return NULL;
}

const char *pool_check(const struct pool *pool, const uint8_t *linked,
		       struct pool_count *count)
{
	const char *wrong;
	uint32_t shard;
	uint32_t high;
	uint32_t n;

	*count = (struct pool_count){ 0 };
	for (shard = 0; shard < pool->shards; shard++) {
		uint32_t first = 1 + shard * pool->span;

		high = shared_load(&pool_shard(pool, shard)->high);
		if (high > pool->span)
			return "more nodes than there are";
		for (n = 0; n < high; n++) {
			wrong = check_node(pool, linked, first + n, count);
			if (wrong)
				return wrong;
		}
		for (; n < pool->span; n++)
			count->free[pool_kind(pool, first + n, 0)]++;
	}
	return NULL;
}

uint32_t pool_count_owners(const struct pool *pool)
{
	uint32_t count = 0;
	uint32_t n;

	for (n = 1; n <= TABLE_OWNERS; n++)
		count += (shared_load(&pool_owners(pool)->word[n]) &
			  OWNER_STATE) != OWNER_NONE;
	return count;
}
