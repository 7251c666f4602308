/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Bitsets: every call against an array of bools, at the ends of words and of
 * levels; what a death between two levels leaves; threads; and memory that
 * holds nonsense.
 */
#include <pthread.h>
#include <stdlib.h>

#include "core/bitset.h"
#include "core/shared.h"
#include "model/rng.h"
#include "unit.h"

#define OFF 16 /* bytes before the set, and behind it */

/* Sizes about the ends of words, of one, two and three levels. */
static const uint32_t sizes[] = {
	1,    2,    63,	  64,	65,    127,    128,    129,
	4095, 4096, 4097, 5000, 70000, 262143, 262145,
};

/* Loops: each size, plain and inverted. */
#define SHAPES (2 * (int)(sizeof(sizes) / sizeof(sizes[0])))

struct fixture {
	struct bitset set;
	uint32_t bits;
	uint64_t bytes;
	unsigned char *base;
	bool *model;
};

static void bitset_open(struct fixture *f, int i)
{
	bool inverted = i % 2;

	f->bits = sizes[i / 2];
	f->bytes = bitset_init(&f->set, OFF, f->bits, inverted);
	f->base = calloc(1, f->bytes + OFF + OFF);
	f->model = calloc(f->bits, 1);
	ck_assert(f->base && f->model);
	memset(f->model, inverted, f->bits);
	if (inverted)
		bitset_trim(&f->set, f->base);
}

static void bitset_close(struct fixture *f)
{
	unit_assert_mem_zero(f->base, OFF);
	unit_assert_mem_zero(f->base + OFF + f->bytes, OFF);
	free(f->base);
	free(f->model);
}

static uint32_t model_next(const struct fixture *f, uint32_t from)
{
	while (from < f->bits && !f->model[from])
		from++;
	return from;
}

static void assert_next(struct fixture *f, uint32_t from)
{
	uint32_t expected = model_next(f, from);
	uint32_t n = 77;
	bool found = bitset_next(&f->set, f->base, from, &n);

	ck_assert_int_eq(found, expected < f->bits);
	ck_assert_uint_eq(n, found ? expected : 77);
}

static void assert_set(struct fixture *f)
{
	uint32_t count[] = { 0, 0 };
	uint32_t half = f->bits / 2;
	uint32_t wrong = 0;
	uint32_t n = 77;
	bool found;
	uint32_t i;

	for (i = 0; i < f->bits; i++) {
		wrong += bitset_has(&f->set, f->base, i) != f->model[i];
		wrong += bitset_shows(&f->set, f->base, i) != f->model[i];
		count[i >= half] += f->model[i];
	}
	ck_assert_uint_eq(wrong, 0);
	ck_assert_uint_eq(bitset_count(&f->set, f->base, 0), 0);
	ck_assert_uint_eq(bitset_count(&f->set, f->base, half), count[0]);
	ck_assert_uint_eq(bitset_count(&f->set, f->base, f->bits),
			  count[0] + count[1]);
	found = bitset_first(&f->set, f->base, &n);
	ck_assert_int_eq(found, count[0] + count[1] > 0);
	ck_assert_uint_eq(n, found ? model_next(f, 0) : 77);
	assert_next(f, 0);
	assert_next(f, f->bits - 1);
	assert_next(f, f->bits);
	assert_next(f, UINT32_MAX);
}

static void add(struct fixture *f, uint32_t n)
{
	bitset_add(&f->set, f->base, n);
	f->model[n] = true;
}

static void take_away(struct fixture *f, uint32_t n)
{
	bool was = f->model[n];

	f->model[n] = false;
	if (bitset_remove(&f->set, f->base, n) != was)
		ck_abort_msg("removing %u", n);
}

START_TEST(test_bytes)
{
	static const struct {
		uint32_t bits;
		uint32_t words;
		uint32_t levels;
	} sets[] = {
		{ 1, 1, 1 },
		{ 64, 1, 1 },
		{ 65, 3, 2 },
		{ 4096, 65, 2 },
		{ 4097, 68, 3 },
		{ 262144, 4161, 3 },
		{ 262145, 4164 + 1, 4 },
	};
	struct bitset set;
	size_t i;

	for (i = 0; i < sizeof(sets) / sizeof(sets[0]); i++) {
		ck_assert_uint_eq(bitset_init(&set, 8, sets[i].bits, false),
				  sets[i].words * 8);
		ck_assert_uint_eq(set.levels, sets[i].levels);
	}
	/* The most there can be. */
	ck_assert_uint_lt(bitset_init(&set, 8, 1u << 31, false),
			  (1ull << 28) * 65 / 64 + (1 << 20));
	ck_assert_uint_le(set.levels, BITSET_LEVELS);
}
END_TEST

START_TEST(test_at_first)
{
	struct fixture f;

	bitset_open(&f, _i);
	assert_set(&f);
	bitset_close(&f);
}
END_TEST

START_TEST(test_alone)
{
	uint32_t at[] = { 0, 1, 31, 62, 63, 64, 65, 4095, 4096, 4097 };
	struct fixture f;
	uint32_t i;

	bitset_open(&f, _i);
	for (i = 0; i < f.bits; i++)
		take_away(&f, i);
	assert_set(&f);
	for (i = 0; i < sizeof(at) / sizeof(at[0]); i++) {
		uint32_t n = at[i] < f.bits ? at[i] : f.bits - 1;

		add(&f, n);
		add(&f, n);
		assert_set(&f);
		assert_next(&f, n);
		assert_next(&f, n + 1);
		take_away(&f, n);
		take_away(&f, n);
		assert_set(&f);
	}
	bitset_close(&f);
}
END_TEST

START_TEST(test_random)
{
	struct rng rng = { (uint64_t)_i };
	struct fixture f;
	int round;
	int i;

	bitset_open(&f, _i);
	for (round = 0; round < 12; round++) {
		/* Now more come, now more go. */
		uint32_t odds = 2 + rng_below(&rng, 20);

		for (i = 0; i < 1000; i++) {
			uint32_t n = rng_below(&rng, f.bits);

			if (rng_one_in(&rng, odds) == round % 2)
				add(&f, n);
			else
				take_away(&f, n);
			if (i % 10 == 0)
				assert_next(&f, rng_below(&rng, f.bits));
		}
		assert_set(&f);
	}
	bitset_close(&f);
}
END_TEST

static uint64_t *upper_word(struct fixture *f, uint32_t level, uint32_t n)
{
	return (uint64_t *)(f->base + f->set.off[level]) + n / 64;
}

/* Killed after the lowest level: the member is there, and is not found. */
START_TEST(test_add_again)
{
	struct fixture f;
	uint32_t level;
	uint32_t n;

	bitset_open(&f, 2 * 12);
	for (level = 1; level < f.set.levels; level++) {
		add(&f, 69999);
		*upper_word(&f, level, 69999 >> 6 * level) = 0;
		ck_assert(bitset_has(&f.set, f.base, 69999));
		ck_assert(!bitset_shows(&f.set, f.base, 69999));
		ck_assert(!bitset_next(&f.set, f.base, 0, &n));
		bitset_add_again(&f.set, f.base, 69999);
		assert_set(&f);
		take_away(&f, 69999);
		assert_set(&f);
		/* Of one that is not there it is as good. */
		bitset_add_again(&f.set, f.base, 69999);
		f.model[69999] = true;
		assert_set(&f);
		take_away(&f, 69999);
	}
	bitset_close(&f);
}
END_TEST

/* Killed before the levels above heard of it: searches pass on. */
START_TEST(test_empty_words)
{
	struct fixture f;
	uint32_t n;

	bitset_open(&f, 2 * 12);
	add(&f, 100);
	add(&f, 69999);
	*upper_word(&f, 0, 100) = 0;
	f.model[100] = false;
	ck_assert(bitset_next(&f.set, f.base, 0, &n));
	ck_assert_uint_eq(n, 69999);
	ck_assert(bitset_first(&f.set, f.base, &n));
	ck_assert_uint_eq(n, 69999);
	/* And that one has mended it. */
	ck_assert_uint_eq(*upper_word(&f, 1, 100 / 64),
			  1ull << 69999 / 64 % 64 &
				  (69999 / 4096 ? 0 : UINT64_MAX));
	assert_set(&f);
	add(&f, 101);
	assert_set(&f);
	bitset_close(&f);
}
END_TEST

/* Whatever it holds: numbers within the set, and an end. */
START_TEST(test_nonsense)
{
	struct rng rng = { (uint64_t)_i };
	struct fixture f;
	uint32_t n;
	int round;
	int i;

	bitset_open(&f, _i);
	for (round = 0; round < 20; round++) {
		if (round)
			rng_fill(&rng, f.base + OFF, f.bytes);
		else
			memset(f.base + OFF, _i % 4 < 2 ? 0xff : 0, f.bytes);
		for (i = 0; i < 50; i++) {
			n = 0;
			bitset_next(&f.set, f.base, rng_below(&rng, f.bits),
				    &n);
			ck_assert_uint_lt(n, f.bits);
			n = 0;
			bitset_first(&f.set, f.base, &n);
			ck_assert_uint_lt(n, f.bits);
			bitset_remove(&f.set, f.base, n);
			bitset_add(&f.set, f.base, rng_below(&rng, f.bits));
			bitset_add_again(&f.set, f.base,
					 rng_below(&rng, f.bits));
			bitset_shows(&f.set, f.base, n);
		}
		bitset_count(&f.set, f.base, f.bits);
	}
	bitset_close(&f);
}
END_TEST

#define THREADS 4
#define TURNS	20000

/* Each moves members about; the one it holds is nobody else's. */
static void *mover(void *arg)
{
	struct fixture *f = arg;
	uint32_t n;
	int i;

	for (i = 0; i < TURNS; i++) {
		if (!bitset_first(&f->set, f->base, &n) ||
		    !bitset_remove(&f->set, f->base, n))
			continue;
		ck_assert(!__atomic_exchange_n(&f->model[n], true,
					       __ATOMIC_SEQ_CST));
		__atomic_store_n(&f->model[n], false, __ATOMIC_SEQ_CST);
		bitset_add(&f->set, f->base, n);
	}
	return NULL;
}

/* Few members in many words, so that words are empty all the time. */
START_TEST(test_threads)
{
	static const uint32_t members[] = { 0, 70, 4097, 69999 };
	pthread_t threads[THREADS];
	struct fixture f;
	size_t i;

	bitset_open(&f, 2 * 12);
	for (i = 0; i < 4; i++)
		bitset_add(&f.set, f.base, members[i]);
	for (i = 0; i < THREADS; i++)
		ck_assert_int_eq(pthread_create(&threads[i], NULL, mover, &f),
				 0);
	for (i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	for (i = 0; i < 4; i++)
		f.model[members[i]] = true;
	assert_set(&f);
	bitset_close(&f);
}
END_TEST

void unit_suite(Suite *suite)
{
	TCase *tcase = unit_case(suite, "set");

	tcase_add_test(tcase, test_bytes);
	tcase_add_loop_test(tcase, test_at_first, 0, SHAPES);
	tcase_add_loop_test(tcase, test_alone, 0, SHAPES);
	tcase_add_loop_test(tcase, test_random, 0, SHAPES);

	tcase = unit_case(suite, "broken");
	tcase_add_test(tcase, test_add_again);
	tcase_add_test(tcase, test_empty_words);
	tcase_add_loop_test(tcase, test_nonsense, 0, SHAPES);

	tcase = unit_case(suite, "threads");
	tcase_add_test(tcase, test_threads);
}
