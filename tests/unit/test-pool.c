/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The pool: that there are exactly as many credits and spares as there should
 * be, whoever takes and gives; the lives of a node; shards; owners; and memory
 * that holds nonsense.
 */
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>

#include "core/pool.h"
#include "model/rng.h"
#include "unit.h"

#define STRIDE 40

static const struct {
	uint32_t credits;
	uint32_t shards;
	uint32_t span;
	bool exclusive;
} shapes[] = {
	{ 1, 1, 9, false },    { 10, 1, 18, false },	 { 100, 1, 164, false },
	{ 101, 4, 40, false }, { 3000, 3, 1100, false }, { 8, 4, 10, true },
	{ 300, 3, 200, true },
};

/* Loops: each shape. */
#define SHAPES ((int)(sizeof(shapes) / sizeof(shapes[0])))

static void pool_open(struct pool *pool, int i)
{
	uint64_t size;

	*pool = (struct pool){
		.owner = 1,
		.credits = shapes[i].credits,
		.shards = shapes[i].shards,
		.span = shapes[i].span,
		.exclusive = shapes[i].exclusive,
		.stride = STRIDE,
	};
	size = pool_layout(pool, 0);
	ck_assert_uint_eq(pool->nodes, pool->shards * pool->span);
	pool->nodes_off = (size + 63) & ~63ull;
	size = pool->nodes_off + (uint64_t)pool->nodes * STRIDE;
	pool->base = aligned_alloc(64, (size + 63) & ~63ull);
	ck_assert_ptr_nonnull(pool->base);
	memset(pool->base, 0, size);
	pool_init(pool);
	ck_assert_uint_eq(pool_count_credits(pool), pool->credits);
}

static void pool_close(struct pool *pool)
{
	free(pool->base);
}

static uint64_t mark_of(const struct pool *pool, uint32_t node)
{
	return shared_load(&pool_node(pool, node)->mark);
}

/* Take all there are of a kind, from every shard; how many. */
static uint32_t take_all(const struct pool *pool, enum pool_kind kind,
			 uint32_t *nodes)
{
	uint32_t count = 0;
	uint32_t shard;

	for (shard = 0; shard < pool->shards; shard++)
		while (!pool_take(pool, kind, shard, &nodes[count])) {
			uint64_t mark = mark_of(pool, nodes[count]);

			ck_assert(pool_valid(pool, nodes[count]));
			ck_assert_uint_eq(mark & MARK_STATE, MARK_TAKEN);
			ck_assert_uint_eq(mark_owner(mark), pool->owner);
			ck_assert_int_eq(pool_kind(pool, nodes[count], mark),
					 kind);
			count++;
		}
	return count;
}

static void give_all(const struct pool *pool, const uint32_t *nodes,
		     uint32_t count)
{
	while (count--)
		pool_give(pool, nodes[count]);
}

static uint32_t take_one(const struct pool *pool, enum pool_kind kind)
{
	uint32_t node;

	ck_assert_int_eq(pool_take(pool, kind, 0, &node), 0);
	return node;
}

/* As an update does it that is not interrupted. */
static void link_node(const struct pool *pool, uint32_t node, uint32_t old)
{
	pool_node(pool, node)->replaces =
		old ? mark_version(mark_of(pool, old)) | old : 0;
	pool_ack(pool, node, mark_of(pool, node));
}

static void assert_conserved(const struct pool *pool, uint32_t credits)
{
	uint32_t *nodes = malloc(pool->nodes * sizeof(*nodes));
	uint32_t count;

	ck_assert_uint_eq(pool_count_credits(pool), credits);
	count = take_all(pool, POOL_CREDIT, nodes);
	ck_assert_uint_eq(count, credits);
	ck_assert_uint_eq(pool_count_credits(pool), 0);
	count += take_all(pool, POOL_SPARE, nodes + count);
	ck_assert_uint_eq(count, pool->nodes - pool->credits + credits);
	give_all(pool, nodes, count);
	ck_assert_uint_eq(pool_count_credits(pool), credits);
	free(nodes);
}

static int compare_nodes(const void *a, const void *b)
{
	const uint32_t *x = a;
	const uint32_t *y = b;

	return *x < *y ? -1 : *x > *y;
}

START_TEST(test_all)
{
	struct pool pool;
	uint32_t *nodes;
	uint32_t count;
	uint32_t i;

	pool_open(&pool, _i);
	nodes = malloc(pool.nodes * sizeof(*nodes));
	count = take_all(&pool, POOL_CREDIT, nodes);
	ck_assert_uint_eq(count, pool.credits);
	count += take_all(&pool, POOL_SPARE, nodes + count);
	ck_assert_uint_eq(count, pool.nodes);
	qsort(nodes, count, sizeof(*nodes), compare_nodes);
	for (i = 0; i < count; i++)
		ck_assert_uint_eq(nodes[i], i + 1);
	give_all(&pool, nodes, count);
	assert_conserved(&pool, pool.credits);
	free(nodes);
	pool_close(&pool);
}
END_TEST

/* Shards have the same share of the credits, give or take one. */
START_TEST(test_shards)
{
	struct pool pool;
	uint32_t shard;
	uint32_t share;
	uint32_t node;
	uint32_t n;

	pool_open(&pool, _i);
	for (shard = 0; shard < pool.shards; shard++) {
		share = pool.credits / pool.shards +
			(shard < pool.credits % pool.shards);
		for (n = 0; n < share; n++) {
			ck_assert_int_eq(
				pool_take(&pool, POOL_CREDIT, shard, &node), 0);
			ck_assert_uint_eq(pool_home(&pool, node), shard);
		}
		if (!pool.exclusive)
			continue;
		ck_assert_int_eq(pool_take(&pool, POOL_CREDIT, shard, &node),
				 -ENOMEM);
	}
	pool_close(&pool);
}
END_TEST

/* Where one shard has none the others help, unless it is exclusive. */
START_TEST(test_from_other_shards)
{
	struct pool pool;
	uint32_t taken = 0;
	uint32_t node;

	pool_open(&pool, _i);
	while (!pool_take(&pool, POOL_CREDIT, pool.shards - 1, &node))
		taken++;
	ck_assert_uint_eq(taken, pool.exclusive ? pool.credits / pool.shards :
						  pool.credits);
	ck_assert_uint_eq(pool_count_credits(&pool), pool.credits - taken);
	pool_close(&pool);
}
END_TEST

/* Each life of a node has a version of its own. */
START_TEST(test_lives)
{
	struct pool pool;
	uint64_t before;
	uint32_t node;
	int i;

	pool_open(&pool, 0);
	for (i = 0; i < 5; i++) {
		before = mark_of(&pool, 1);
		node = take_one(&pool, POOL_CREDIT);
		ck_assert_uint_eq(node, 1);
		ck_assert_uint_gt(mark_version(mark_of(&pool, 1)),
				  mark_version(before));
		link_node(&pool, node, 0);
		ck_assert_uint_eq(mark_of(&pool, 1),
				  mark_linked(mark_of(&pool, 1)));
		ck_assert_uint_eq(pool_count_credits(&pool), 0);
		ck_assert(pool_drop(&pool, node, mark_of(&pool, node)));
		ck_assert_uint_eq(pool_count_credits(&pool), 1);
	}
	pool_close(&pool);
}
END_TEST

/* Only what we took, and only once. */
START_TEST(test_give)
{
	struct pool pool;
	struct pool other;
	uint32_t node;

	pool_open(&pool, 1);
	other = pool;
	other.owner = 2;
	node = take_one(&pool, POOL_CREDIT);
	pool_give(&other, node);
	ck_assert_uint_eq(pool_count_credits(&pool), 9);
	pool_give(&pool, node);
	ck_assert_uint_eq(pool_count_credits(&pool), 10);
	pool_give(&pool, node);
	node = take_one(&other, POOL_CREDIT);
	ck_assert_uint_eq(mark_owner(mark_of(&pool, node)), 2);
	link_node(&other, node, 0);
	pool_give(&other, node);
	ck_assert_uint_eq(pool_count_credits(&pool), 9);
	ck_assert(pool_drop(&pool, node, mark_of(&pool, node)));
	assert_conserved(&pool, 10);
	pool_close(&pool);
}
END_TEST

/*
 * What is replaced is freed as what its replacement was taken as, so that the
 * sums stay: loops over spare by spare, and a credit where there is no spare.
 */
START_TEST(test_replace)
{
	struct pool pool;
	uint64_t mark;
	uint32_t node;
	uint32_t old;
	int i;

	pool_open(&pool, 2);
	old = take_one(&pool, POOL_CREDIT);
	link_node(&pool, old, 0);
	for (i = 0; i < 500; i++) {
		node = take_one(&pool, _i ? POOL_CREDIT : POOL_SPARE);
		mark = mark_of(&pool, node);
		link_node(&pool, node, old);
		/* Who comes late with the mark of then does no harm. */
		pool_ack(&pool, node, mark);
		ck_assert_uint_eq(mark_of(&pool, old) & MARK_STATE, MARK_FREE);
		ck_assert_uint_eq(pool_count_credits(&pool), 99);
		old = node;
	}
	assert_conserved(&pool, 99);
	ck_assert(pool_drop(&pool, old, mark_of(&pool, old)));
	assert_conserved(&pool, 100);
	pool_close(&pool);
}
END_TEST

/* A mark of an earlier life acknowledges nothing. */
START_TEST(test_late_ack)
{
	struct pool pool;
	uint64_t before;
	uint32_t node;
	uint32_t old;

	pool_open(&pool, 0);
	old = take_one(&pool, POOL_CREDIT);
	link_node(&pool, old, 0);
	node = take_one(&pool, POOL_SPARE);
	before = mark_of(&pool, node);
	pool_give(&pool, node);
	ck_assert_uint_eq(take_one(&pool, POOL_SPARE), node);
	pool_node(&pool, node)->replaces = mark_version(mark_of(&pool, old)) |
					   old;
	pool_ack(&pool, node, before);
	ck_assert_uint_eq(mark_of(&pool, old) & MARK_STATE, MARK_LINKED);
	ck_assert_uint_eq(mark_of(&pool, node) & MARK_STATE, MARK_TAKEN);
	pool_close(&pool);
}
END_TEST

/* Of two who drop or seize the same node one succeeds. */
START_TEST(test_drop_and_seize)
{
	struct pool pool;
	uint64_t mark;
	uint32_t node;

	pool_open(&pool, 1);
	node = take_one(&pool, POOL_CREDIT);
	link_node(&pool, node, 0);
	mark = mark_of(&pool, node);
	ck_assert(pool_drop(&pool, node, mark));
	ck_assert(!pool_drop(&pool, node, mark));
	ck_assert(!pool_seize(&pool, node, mark));
	node = take_one(&pool, POOL_SPARE);
	link_node(&pool, node, 0);
	mark = mark_of(&pool, node);
	ck_assert(pool_seize(&pool, node, mark));
	ck_assert(!pool_drop(&pool, node, mark));
	ck_assert_uint_eq(mark_owner(mark_of(&pool, node)), 1);
	ck_assert_int_eq(pool_kind(&pool, node, mark_of(&pool, node)),
			 POOL_CREDIT);
	pool_close(&pool);
}
END_TEST

/* A free node that nothing leads to, as a death can leave it. */
START_TEST(test_hint)
{
	struct pool pool;
	uint32_t node;
	uint32_t n;

	pool_open(&pool, 0);
	node = take_one(&pool, POOL_CREDIT);
	ck_assert(!pool_is_hinted(&pool, node, POOL_CREDIT));
	pool_give(&pool, node);
	ck_assert(pool_is_hinted(&pool, node, POOL_CREDIT));
	pool_shard(&pool, 0)->recent[POOL_CREDIT] = 0;
	ck_assert(!pool_is_hinted(&pool, node, POOL_CREDIT));
	ck_assert_int_eq(pool_take(&pool, POOL_CREDIT, 0, &n), -ENOMEM);
	pool_hint(&pool, node);
	ck_assert(pool_is_hinted(&pool, node, POOL_CREDIT));
	ck_assert_uint_eq(pool_count_credits(&pool), 1);
	ck_assert_uint_eq(take_one(&pool, POOL_CREDIT), node);
	/* One that is not free gets none. */
	pool_hint(&pool, node);
	ck_assert(!pool_is_hinted(&pool, node, POOL_CREDIT));
	pool_close(&pool);
}
END_TEST

START_TEST(test_release)
{
	struct pool pool;
	struct pool dead;
	uint64_t mark;
	uint32_t node;

	pool_open(&pool, 1);
	dead = pool;
	dead.owner = TABLE_OWNERS;
	node = take_one(&dead, POOL_CREDIT);
	mark = mark_of(&pool, node);
	ck_assert_uint_eq(mark_owner(mark), TABLE_OWNERS);
	ck_assert(pool_release(&pool, node, mark));
	ck_assert(!pool_release(&pool, node, mark));
	assert_conserved(&pool, 10);
	pool_close(&pool);
}
END_TEST

static uint32_t owner_state(const struct pool *pool, uint32_t owner)
{
	return pool_owners(pool)->word[owner] & OWNER_STATE;
}

START_TEST(test_owners)
{
	struct pool pool;
	uint32_t owner = 77;
	uint32_t n;

	pool_open(&pool, 0);
	for (n = 1; n <= TABLE_OWNERS; n++) {
		ck_assert_int_eq(pool_owner_get(&pool, &owner), 0);
		ck_assert_uint_eq(owner, n);
		ck_assert_uint_eq(owner_state(&pool, n), OWNER_ALIVE);
	}
	ck_assert_int_eq(pool_owner_get(&pool, &owner), -EUSERS);
	ck_assert_uint_eq(owner, TABLE_OWNERS);
	pool_owner_end(&pool, 500, true);
	pool_owner_end(&pool, 400, false);
	pool_owner_end(&pool, 400, true);
	ck_assert_uint_eq(owner_state(&pool, 400), OWNER_DEAD);
	ck_assert_uint_eq(pool_owners(&pool)->deaths, 1);
	ck_assert_int_eq(pool_owner_get(&pool, &owner), 0);
	ck_assert_uint_eq(owner, 500);
	ck_assert_int_eq(pool_owner_get(&pool, &owner), -EUSERS);
	pool_owner_forget(&pool, 400, pool_owners(&pool)->word[400]);
	ck_assert_int_eq(pool_owner_get(&pool, &owner), 0);
	ck_assert_uint_eq(owner, 400);
	pool_close(&pool);
}
END_TEST

/* Numbers that nobody has, and the dead of an earlier life. */
START_TEST(test_owners_refused)
{
	struct pool pool;
	uint32_t owner;
	uint32_t word;

	pool_open(&pool, 0);
	pool_owner_end(&pool, 0, false);
	pool_owner_end(&pool, 1, false);
	pool_owner_end(&pool, TABLE_OWNERS + 1, false);
	pool_owner_end(&pool, UINT32_MAX, false);
	ck_assert_uint_eq(pool_owners(&pool)->deaths, 0);
	ck_assert_int_eq(pool_owner_get(&pool, &owner), 0);
	pool_owner_end(&pool, owner, false);
	word = pool_owners(&pool)->word[owner];
	pool_owner_forget(&pool, owner, word);
	ck_assert_int_eq(pool_owner_get(&pool, &owner), 0);
	pool_owner_end(&pool, owner, false);
	ck_assert_uint_ne(pool_owners(&pool)->word[owner], word);
	pool_owner_forget(&pool, owner, word);
	ck_assert_uint_eq(owner_state(&pool, owner), OWNER_DEAD);
	pool_close(&pool);
}
END_TEST

/* Nodes within the pool, and an end. */
START_TEST(test_nonsense)
{
	struct rng rng = { (uint64_t)_i };
	struct pool pool;
	uint32_t node;
	int round;
	int i;

	pool_open(&pool, _i);
	for (round = 0; round < 20; round++) {
		rng_fill(&rng, pool.base,
			 pool.nodes_off + (uint64_t)pool.nodes * STRIDE);
		for (i = 0; i < 20; i++) {
			enum pool_kind kind = i % 2;

			node = 1;
			pool_take(&pool, kind, rng_below(&rng, pool.shards),
				  &node);
			ck_assert(pool_valid(&pool, node));
			pool_ack(&pool, node, mark_of(&pool, node));
			pool_drop(&pool, node, mark_of(&pool, node));
			pool_hint(&pool, node);
			pool_count_credits(&pool);
		}
		pool_owner_get(&pool, &node);
	}
	pool_close(&pool);
}
END_TEST

#define THREADS 4
#define TURNS	20000

struct worker {
	pthread_t thread;
	struct pool pool;
	uint32_t shard;
};

/* Insert, replace and delete elements of its own, two at a time. */
static void *worker(void *arg)
{
	struct worker *w = arg;
	uint32_t element = 0;
	uint32_t node;
	int i;

	for (i = 0; i < TURNS; i++) {
		if (pool_take(&w->pool,
			      element && i % 3 ? POOL_SPARE : POOL_CREDIT,
			      w->shard, &node))
			continue;
		if (i % 5 == 0) {
			pool_give(&w->pool, node);
			continue;
		}
		link_node(&w->pool, node, element);
		element = node;
		if (i % 7 == 0) {
			ck_assert(pool_drop(&w->pool, element,
					    mark_of(&w->pool, element)));
			element = 0;
		}
	}
	if (element)
		ck_assert(pool_drop(&w->pool, element,
				    mark_of(&w->pool, element)));
	return NULL;
}

START_TEST(test_threads)
{
	struct worker workers[THREADS];
	struct pool pool;
	uint32_t i;

	pool_open(&pool, _i);
	for (i = 0; i < THREADS; i++) {
		workers[i].pool = pool;
		workers[i].pool.owner = i + 1;
		workers[i].shard = i % pool.shards;
		ck_assert_int_eq(pthread_create(&workers[i].thread, NULL,
						worker, &workers[i]),
				 0);
	}
	for (i = 0; i < THREADS; i++)
		pthread_join(workers[i].thread, NULL);
	assert_conserved(&pool, pool.credits);
	pool_close(&pool);
}
END_TEST

void unit_suite(Suite *suite)
{
	TCase *tcase = unit_case(suite, "nodes");

	tcase_add_loop_test(tcase, test_all, 0, SHAPES);
	tcase_add_loop_test(tcase, test_shards, 0, SHAPES);
	tcase_add_loop_test(tcase, test_from_other_shards, 0, SHAPES);
	tcase_add_test(tcase, test_lives);
	tcase_add_test(tcase, test_give);
	tcase_add_loop_test(tcase, test_replace, 0, 2);
	tcase_add_test(tcase, test_late_ack);
	tcase_add_test(tcase, test_drop_and_seize);
	tcase_add_test(tcase, test_hint);
	tcase_add_test(tcase, test_release);
	tcase_add_loop_test(tcase, test_nonsense, 0, SHAPES);
	tcase_add_loop_test(tcase, test_threads, 0, SHAPES);

	tcase = unit_case(suite, "owners");
	tcase_add_test(tcase, test_owners);
	tcase_add_test(tcase, test_owners_refused);
}
