/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Hashes from element to element: get_next_key, the order of keys, batches and
 * their tokens, and listings that go on while elements come and go.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/hash_table.h"
#include "model/rng.h"
#include "tables.h"

#define MANY 200u

/* 'count' keys, each of them below 'count'. */
static void assert_each_once(const uint32_t *keys, uint32_t count)
{
	bool *seen = calloc(count, 1);
	uint32_t i;

	for (i = 0; i < count; i++) {
		ck_assert_uint_lt(keys[i], count);
		ck_assert(!seen[keys[i]]);
		seen[keys[i]] = true;
	}
	free(seen);
}

START_TEST(test_next_key)
{
	struct map *map = table_open(_i, MANY, 0);
	uint32_t keys[MANY];
	uint32_t key = 77;

	ck_assert_int_eq(map_get_next_key(map, NULL, &key), -ENOENT);
	ck_assert_int_eq(map_get_next_key(map, &key, &key), -ENOENT);
	ck_assert_uint_eq(key, 77);
	table_fill(map, 0, MANY);
	ck_assert_uint_eq(table_keys(map, keys, MANY), MANY);
	assert_each_once(keys, MANY);
	/* Behind the last one nothing is written. */
	key = 77;
	ck_assert_int_eq(map_get_next_key(map, &keys[MANY - 1], &key), -ENOENT);
	ck_assert_uint_eq(key, 77);
	/* One that is not there, or no longer, starts again. */
	key = MANY;
	ck_assert_int_eq(map_get_next_key(map, &key, &key), 0);
	ck_assert_uint_eq(key, keys[0]);
	ck_assert_int_eq(table_delete(map, keys[50]), 0);
	ck_assert_int_eq(map_get_next_key(map, &keys[50], &key), 0);
	ck_assert_uint_eq(key, keys[0]);
	ck_assert_int_eq(map_get_next_key(map, &keys[49], &key), 0);
	ck_assert_uint_eq(key, keys[51]);
	unit_put_map(map);
}
END_TEST

/* The key after next is asked for before the next one goes. */
START_TEST(test_drain)
{
	struct map *map = table_open(_i, MANY, 0);
	uint32_t next = 0;
	uint32_t key;
	uint32_t n = 0;
	int err;

	table_fill(map, 0, MANY);
	ck_assert_int_eq(map_get_next_key(map, NULL, &key), 0);
	do {
		err = map_get_next_key(map, &key, &next);
		ck_assert_int_eq(table_delete(map, key), 0);
		key = next;
		n++;
	} while (!err);
	ck_assert_uint_eq(n, MANY);
	table_fill(map, 0, MANY);
	for (n = 0; !map_get_next_key(map, NULL, &key); n++)
		ck_assert_int_eq(table_delete(map, key), 0);
	ck_assert_uint_eq(n, MANY);
	table_assert(map, 0);
	unit_put_map(map);
}
END_TEST

static void change(struct map *map)
{
	struct rng rng = { 99 };
	uint32_t i;

	for (i = 0; i < 2000; i++) {
		uint32_t key = rng_below(&rng, 2 * MANY);

		if (rng_one_in(&rng, 3))
			table_delete(map, key);
		else
			table_put(map, key, BPF_ANY);
	}
}

/*
 * With zero_seed two maps that had the same done to them have the same order;
 * without, no two maps have.
 */
START_TEST(test_order)
{
	uint32_t flags = _i / TABLES ? 0 : BPF_F_ZERO_SEED;
	struct map *map = table_open(_i % TABLES, MANY, flags);
	struct map *other = table_open(_i % TABLES, MANY, flags);
	uint32_t others[MANY];
	uint32_t keys[MANY];
	uint32_t count;

	table_pin(0);
	change(map);
	change(other);
	count = table_keys(map, keys, MANY);
	ck_assert_uint_eq(table_keys(other, others, MANY), count);
	ck_assert_uint_gt(count, MANY / 2);
	ck_assert_int_eq(!memcmp(keys, others, count * sizeof(*keys)), !!flags);
	unit_put_map(map);
	unit_put_map(other);
}
END_TEST

struct fixture {
	struct map *map;
	uint32_t keys[MANY + 2];
	unsigned char *values;
	uint32_t token;
	struct map_batch batch;
};

static void batch_open(struct fixture *f, struct map *map)
{
	f->map = map;
	f->values = malloc((MANY + 2) * map_value_bytes(map));
	ck_assert_ptr_nonnull(f->values);
}

static void batch_close(struct fixture *f)
{
	free(f->values);
	unit_put_map(f->map);
}

static void batch_reset(struct fixture *f, uint32_t count, const uint32_t *in)
{
	memset(f->keys, 0xee, sizeof(f->keys));
	memset(f->values, 0xee, (MANY + 2) * map_value_bytes(f->map));
	f->batch = (struct map_batch){
		.in_batch = in,
		.out_batch = &f->token,
		.keys = f->keys,
		.values = f->values,
		.count = count,
	};
}

/* Each key with its value, and nothing behind them. */
static void assert_batch(struct fixture *f, uint32_t count)
{
	const size_t bytes = map_value_bytes(f->map);
	uint32_t i;

	ck_assert_uint_eq(f->batch.count, count);
	for (i = 0; i < count; i++)
		ck_assert_mem_eq(f->values + i * bytes, table_value(f->keys[i]),
				 bytes);
	ck_assert_uint_eq(f->keys[count], 0xeeeeeeee);
}

typedef int (*batch_t)(struct map *map, struct map_batch *batch);

/* Loops: a lookup, and one that deletes, of each type. */
#define READERS (2 * TABLES)

static batch_t reader(int i)
{
	return i / TABLES ? map_lookup_and_delete_batch : map_lookup_batch;
}

START_TEST(test_batch_all)
{
	struct fixture f;
	uint32_t count;

	batch_open(&f, table_open(_i % TABLES, MANY, 0));
	for (count = MANY; count <= MANY + 1; count++) {
		ck_assert_int_eq(map_clear(f.map), 0);
		table_fill(f.map, 0, MANY);
		batch_reset(&f, count, NULL);
		ck_assert_int_eq(reader(_i)(f.map, &f.batch), -ENOENT);
		assert_batch(&f, MANY);
		assert_each_once(f.keys, MANY);
		/* The number of buckets: a power of two. */
		ck_assert_uint_eq(f.token, 256);
		table_assert(f.map, _i / TABLES ? 0 : MANY);
	}
	batch_close(&f);
}
END_TEST

/* Whole buckets, so fewer than asked for; each key once. */
START_TEST(test_batch_goes_on)
{
	uint32_t all[MANY];
	struct fixture f;
	uint32_t step;
	uint32_t done;
	int err;

	batch_open(&f, table_open(_i % TABLES, MANY, 0));
	for (step = 20; step < MANY; step += 17) {
		ck_assert_int_eq(map_clear(f.map), 0);
		table_fill(f.map, 0, MANY);
		done = 0;
		do {
			batch_reset(&f, step, done ? &f.token : NULL);
			err = reader(_i)(f.map, &f.batch);
			ck_assert(!err || err == -ENOENT);
			ck_assert(err || f.batch.count > step / 4);
			ck_assert_uint_le(f.batch.count, step);
			assert_batch(&f, f.batch.count);
			ck_assert_uint_le(done + f.batch.count, MANY);
			memcpy(all + done, f.keys, f.batch.count * 4);
			done += f.batch.count;
			table_assert(f.map, _i / TABLES ? MANY - done : MANY);
		} while (!err);
		ck_assert_uint_eq(done, MANY);
		assert_each_once(all, MANY);
	}
	batch_close(&f);
}
END_TEST

START_TEST(test_batch_empty)
{
	struct fixture f;

	batch_open(&f, table_open(_i % TABLES, MANY, 0));
	batch_reset(&f, 10, NULL);
	ck_assert_int_eq(reader(_i)(f.map, &f.batch), -ENOENT);
	assert_batch(&f, 0);
	ck_assert_uint_eq(f.token, 256);
	batch_close(&f);
}
END_TEST

START_TEST(test_batch_behind_the_end)
{
	static const uint32_t in[] = { 256, 257, 1u << 31, UINT32_MAX };
	struct fixture f;
	size_t i;

	batch_open(&f, table_open(_i % TABLES, MANY, 0));
	table_fill(f.map, 0, MANY);
	for (i = 0; i < sizeof(in) / sizeof(in[0]); i++) {
		batch_reset(&f, MANY, &in[i]);
		f.token = 77;
		f.batch.out_batch = i % 2 ? NULL : &f.token;
		ck_assert_int_eq(reader(_i)(f.map, &f.batch), -ENOENT);
		assert_batch(&f, 0);
		ck_assert_uint_eq(f.token, 77);
	}
	table_assert(f.map, MANY);
	batch_close(&f);
}
END_TEST

/* A token may come from another map: from that bucket on. */
START_TEST(test_batch_from_any_bucket)
{
	uint32_t before = MANY;
	struct fixture f;
	uint32_t in;

	batch_open(&f, table_open(_i, MANY, 0));
	table_fill(f.map, 0, MANY);
	for (in = 0; in < 256; in++) {
		batch_reset(&f, MANY, &in);
		ck_assert_int_eq(map_lookup_batch(f.map, &f.batch), -ENOENT);
		assert_batch(&f, f.batch.count);
		ck_assert_uint_le(f.batch.count, before);
		before = f.batch.count;
	}
	ck_assert_uint_lt(before, 20);
	batch_close(&f);
}
END_TEST

/* A map of one element has one bucket; one of three can have three in it. */
static uint32_t fill_one_bucket(struct map *map)
{
	const struct hash_map *hash = to_hash(map);
	uint32_t n = 0;
	uint32_t key;

	for (key = 0; n < 3; key++) {
		if (hash_bucket(hash, hash_of(hash, &key)) != 2)
			continue;
		table_fill(map, key, 1);
		n++;
	}
	return n;
}

START_TEST(test_batch_bucket_too_large)
{
	struct fixture f;
	uint32_t count;

	batch_open(&f, table_open(_i % TABLES, 3, 0));
	fill_one_bucket(f.map);
	for (count = 1; count < 3; count++) {
		batch_reset(&f, count, NULL);
		f.token = 77;
		ck_assert_int_eq(reader(_i)(f.map, &f.batch), -ENOSPC);
		ck_assert_uint_eq(f.batch.count, 0);
		ck_assert_uint_eq(f.token, 2);
	}
	table_assert(f.map, 3);
	batch_reset(&f, 3, &f.token);
	ck_assert_int_eq(reader(_i)(f.map, &f.batch), -ENOENT);
	assert_batch(&f, 3);
	ck_assert_uint_eq(f.token, 4);
	batch_close(&f);
}
END_TEST

/* Refused outright: nothing is touched, not even the count. */
START_TEST(test_batch_flags)
{
	static const uint64_t flags[] = { 1, 2, 4, 8, 1ull << 32, UINT64_MAX };
	struct map_batch none = { .flags = 1 };
	struct fixture f;
	size_t i;

	batch_open(&f, table_open(_i % TABLES, MANY, 0));
	table_fill(f.map, 0, MANY);
	for (i = 0; i < sizeof(flags) / sizeof(flags[0]); i++) {
		batch_reset(&f, 7, NULL);
		f.batch.flags = flags[i];
		ck_assert_int_eq(reader(_i)(f.map, &f.batch), -EINVAL);
		f.batch.flags = 0;
		f.batch.elem_flags = flags[i];
		ck_assert_int_eq(reader(_i)(f.map, &f.batch), -EINVAL);
		ck_assert_int_eq(map_delete_batch(f.map, &f.batch), -EINVAL);
		ck_assert_int_eq(map_update_batch(f.map, &f.batch), -EINVAL);
		ck_assert_uint_eq(f.batch.count, 7);
		ck_assert_uint_eq(f.keys[0], 0xeeeeeeee);
	}
	ck_assert_int_eq(reader(_i)(f.map, &none), -EINVAL);
	none.flags = 0;
	ck_assert_int_eq(reader(_i)(f.map, &none), 0);
	ck_assert_int_eq(map_delete_batch(f.map, &none), 0);
	ck_assert_int_eq(map_update_batch(f.map, &none), 0);
	table_assert(f.map, MANY);
	batch_close(&f);
}
END_TEST

/* Of a batch that is to be taken nothing gets lost. */
START_TEST(test_batch_null)
{
	struct fixture f;
	int what;

	batch_open(&f, table_open(_i % TABLES, MANY, 0));
	table_fill(f.map, 0, MANY);
	for (what = 0; what < 3; what++) {
		batch_reset(&f, MANY, NULL);
		if (what == 0)
			f.batch.keys = NULL;
		else if (what == 1)
			f.batch.values = NULL;
		else
			f.batch.out_batch = NULL;
		ck_assert_int_eq(reader(_i)(f.map, &f.batch), -EFAULT);
		ck_assert_uint_eq(f.batch.count, 0);
		table_assert(f.map, MANY);
	}
	batch_reset(&f, 1, NULL);
	f.batch.keys = NULL;
	ck_assert_int_eq(map_delete_batch(f.map, &f.batch), -EFAULT);
	ck_assert_uint_eq(f.batch.count, 0);
	batch_close(&f);
}
END_TEST

START_TEST(test_batch_update_and_delete)
{
	struct fixture f;
	uint32_t i;

	batch_open(&f, table_open(_i, MANY, 0));
	batch_reset(&f, MANY, NULL);
	for (i = 0; i < MANY; i++) {
		f.keys[i] = i % 150;
		memcpy(f.values + i * map_value_bytes(f.map),
		       table_value(f.keys[i]), map_value_bytes(f.map));
	}
	ck_assert_int_eq(map_update_batch(f.map, &f.batch), 0);
	ck_assert_uint_eq(f.batch.count, MANY);
	ck_assert_uint_eq(table_count(f.map, 0, MANY), 150);
	/* Up to the first that is not there: here for the second time. */
	f.batch.flags = 1;
	ck_assert_int_eq(map_delete_batch(f.map, &f.batch), -ENOENT);
	ck_assert_uint_eq(f.batch.count, 150);
	table_fill(f.map, 0, MANY);
	f.batch.count = 10;
	ck_assert_int_eq(map_delete_batch(f.map, &f.batch), 0);
	ck_assert_uint_eq(f.batch.count, 10);
	ck_assert_uint_eq(table_count(f.map, 10, MANY), MANY - 10);
	table_assert(f.map, MANY - 10);
	batch_close(&f);
}
END_TEST

/* Until the first that does not fit; an LRU has room for all. */
START_TEST(test_batch_update_when_full)
{
	struct fixture f;
	bool lru = _i >= 2;
	uint32_t i;

	batch_open(&f, table_open(_i, 100, 0));
	batch_reset(&f, MANY, NULL);
	for (i = 0; i < MANY; i++) {
		f.keys[i] = i;
		memcpy(f.values + i * map_value_bytes(f.map), table_value(i),
		       map_value_bytes(f.map));
	}
	ck_assert_int_eq(map_update_batch(f.map, &f.batch), lru ? 0 : -E2BIG);
	ck_assert_uint_eq(f.batch.count, lru ? MANY : 100);
	ck_assert_uint_eq(table_count(f.map, lru ? 100 : 0, 100), 100);
	table_assert(f.map, 100);
	batch_close(&f);
}
END_TEST

#define STAY 300u

struct listing {
	struct map *map;
	struct rng rng;
	uint64_t pos;
	unsigned int seen[STAY];
	uint32_t keys[64];
	unsigned char *values;
};

/* A piece of random size; those that stay are counted. */
static int list_piece(struct listing *l)
{
	const size_t bytes = map_value_bytes(l->map);
	uint32_t count =
		1 + rng_below(&l->rng, rng_one_in(&l->rng, 2) ? 3 : 64);
	uint64_t before = l->pos;
	bool plain = rng_one_in(&l->rng, 4);
	int n;
	int i;

	n = map_seq_show_elem(l->map, &l->pos, l->keys,
			      plain ? NULL : l->values, count);
	ck_assert_int_ge(n, 0);
	ck_assert_int_le(n, (int)count);
	ck_assert(l->pos > before || !n);
	ck_assert_uint_lt(l->pos, 1ull << 62);
	for (i = 0; i < n; i++) {
		if (l->keys[i] < STAY)
			l->seen[l->keys[i]]++;
		if (!plain)
			ck_assert_mem_eq(l->values + (size_t)i * bytes,
					 table_value(l->keys[i]), bytes);
	}
	return n;
}

/* Others come and go, those that stay are replaced. */
static void disturb(struct listing *l)
{
	uint32_t i;

	for (i = 0; i < 20; i++) {
		uint32_t key = rng_below(&l->rng, 3 * STAY);

		if (key < STAY)
			ck_assert_int_eq(table_put(l->map, key, BPF_EXIST), 0);
		else if (rng_one_in(&l->rng, 2))
			table_delete(l->map, key);
		else
			ck_assert_int_eq(table_put(l->map, key, BPF_ANY), 0);
	}
}

START_TEST(test_listing)
{
	struct listing l = { .rng = { (uint64_t)_i } };
	uint32_t pieces;
	uint32_t i;
	int round;

	l.map = table_open(_i % TABLES, 3 * STAY, _i % 3 ? 0 : BPF_F_ZERO_SEED);
	l.values = malloc(64 * map_value_bytes(l.map));
	ck_assert_int_eq(list_piece(&l), 0);
	table_fill(l.map, 0, STAY);
	for (round = 0; round < 10; round++) {
		memset(l.seen, 0, sizeof(l.seen));
		l.pos = 0;
		for (pieces = 0; list_piece(&l); pieces++) {
			ck_assert_uint_le(pieces, 3 * STAY);
			if (round % 2)
				disturb(&l);
		}
		for (i = 0; i < STAY; i++)
			ck_assert_uint_eq(l.seen[i], 1);
		/* Nothing again, but what is put behind that end. */
		ck_assert_int_eq(list_piece(&l), 0);
		table_put(l.map, STAY + (uint32_t)round, BPF_ANY);
		ck_assert_int_le(list_piece(&l), 1);
		ck_assert_int_eq(list_piece(&l), 0);
	}
	free(l.values);
	unit_put_map(l.map);
}
END_TEST

/* Whatever position somebody makes up, a listing ends. */
START_TEST(test_listing_from_anywhere)
{
	struct listing l = { .rng = { 1 } };
	int i;
	int pieces;

	l.map = table_open(_i, 3 * STAY, 0);
	l.values = malloc(64 * map_value_bytes(l.map));
	table_fill(l.map, 0, STAY);
	for (i = 0; i < 300; i++) {
		l.pos = rng_next(&l.rng) >> (2 + rng_below(&l.rng, 40));
		for (pieces = 0; list_piece(&l); pieces++)
			ck_assert_int_le(pieces, (int)STAY);
	}
	for (i = 0; i < (int)STAY; i++)
		ck_assert_uint_le(l.seen[i], 300);
	free(l.values);
	unit_put_map(l.map);
}
END_TEST

/* One key many times over, as only somebody who writes nonsense makes it. */
START_TEST(test_listing_of_one_key)
{
	struct map *map = table_open(_i, MANY, 0);
	struct hash_map *hash = to_hash(map);
	struct hash_chain chain;
	const uint32_t key = 0;
	uint32_t node[MANY];
	uint32_t other;
	uint64_t pos = 0;
	uint32_t i;
	int res;

	table_fill(map, 0, 12);
	for (i = 0; i < 12; i++) {
		ck_assert_int_eq(hash_walk(hash,
					   hash_bucket(hash, hash_of(hash, &i)),
					   &i, &chain),
				 0);
		node[i] = chain.found;
		ck_assert_uint_ne(node[i], 0);
	}
	for (i = 0; i < 12; i++) {
		memcpy(hash_node_key(hash, node[i]), &key, sizeof(key));
		pool_node(&hash->pool, node[i])->next = i < 11 ? node[i + 1] :
								 0;
	}
	*hash_word(hash, hash_bucket(hash, hash_of(hash, &key))) = node[0];
	for (i = 0; i < 100; i++) {
		res = map_seq_show_elem(map, &pos, &other, NULL, 1);
		if (res <= 0)
			break;
	}
	ck_assert_int_eq(res, -EUCLEAN);
	unit_put_map(map);
}
END_TEST

static void add_batches(Suite *suite)
{
	TCase *tcase = unit_case(suite, "batch");

	tcase_add_loop_test(tcase, test_batch_all, 0, READERS);
	tcase_add_loop_test(tcase, test_batch_goes_on, 0, READERS);
	tcase_add_loop_test(tcase, test_batch_empty, 0, READERS);
	tcase_add_loop_test(tcase, test_batch_behind_the_end, 0, READERS);
	tcase_add_loop_test(tcase, test_batch_from_any_bucket, 0, TABLES);
	tcase_add_loop_test(tcase, test_batch_bucket_too_large, 0, READERS);
	tcase_add_loop_test(tcase, test_batch_flags, 0, READERS);
	tcase_add_loop_test(tcase, test_batch_null, 0, READERS);
	tcase_add_loop_test(tcase, test_batch_update_and_delete, 0, TABLES);
	tcase_add_loop_test(tcase, test_batch_update_when_full, 0, TABLES);
}

void unit_suite(Suite *suite)
{
	TCase *tcase = unit_case(suite, "walk");

	tcase_add_loop_test(tcase, test_next_key, 0, TABLES);
	tcase_add_loop_test(tcase, test_drain, 0, TABLES);
	tcase_add_loop_test(tcase, test_order, 0, 2 * TABLES);
	tcase_add_loop_test(tcase, test_listing, 0, 3 * TABLES);
	tcase_add_loop_test(tcase, test_listing_from_anywhere, 0, TABLES);
	tcase_add_loop_test(tcase, test_listing_of_one_key, 0, TABLES);
	add_batches(suite);
}
