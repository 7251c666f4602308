/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Batches: what is counted, where a lookup goes on from, what is refused and
 * with which count.
 */
#include <errno.h>
#include <stdlib.h>

#include "shapes.h"

#define ROOM 20u /* elements; more than any shape has */

struct fixture {
	struct shape s;
	uint32_t max;
	uint32_t keys[ROOM + 1];
	unsigned char *values;
	uint32_t token;
	struct map_batch batch;
};

/* Outputs hold 0xee where nothing was written. */
static void batch_reset(struct fixture *f, uint32_t count)
{
	memset(f->keys, 0xee, sizeof(f->keys));
	memset(f->values, 0xee, (ROOM + 1) * f->s.bytes);
	f->batch = (struct map_batch){
		.out_batch = &f->token,
		.keys = f->keys,
		.values = f->values,
		.count = count,
	};
}

static void batch_open(struct fixture *f, int i)
{
	shape_open(&f->s, i);
	f->max = f->s.map->max_entries;
	f->values = malloc((ROOM + 1) * f->s.bytes);
	ck_assert_ptr_nonnull(f->values);
	f->token = 0xeeeeeeee;
	batch_reset(f, 0);
}

static void batch_close(struct fixture *f)
{
	free(f->values);
	shape_close(&f->s);
}

/* The batch holds 'n' elements from 'first' on, and nothing else. */
static void assert_batch(struct fixture *f, uint32_t first, uint32_t n)
{
	uint32_t i;

	ck_assert_uint_eq(f->batch.count, n);
	for (i = 0; i < n; i++) {
		ck_assert_uint_eq(f->keys[i], first + i);
		ck_assert_mem_eq(f->values + i * f->s.bytes,
				 shape_value(&f->s, first + i), f->s.bytes);
	}
	ck_assert_uint_eq(f->keys[n], 0xeeeeeeee);
	ck_assert_uint_eq(f->values[n * f->s.bytes], 0xee);
}

/* From the start, every count: filled is success, even with the last one. */
START_TEST(test_lookup_from_start)
{
	struct fixture f;
	uint32_t n;

	batch_open(&f, _i);
	shape_fill(&f.s);
	for (n = 1; n <= f.max; n++) {
		batch_reset(&f, n);
		ck_assert_int_eq(map_lookup_batch(f.s.map, &f.batch), 0);
		assert_batch(&f, 0, n);
		ck_assert_uint_eq(f.token, n - 1);
	}
	for (; n <= f.max + 2; n++) {
		batch_reset(&f, n);
		ck_assert_int_eq(map_lookup_batch(f.s.map, &f.batch), -ENOENT);
		assert_batch(&f, 0, f.max);
		ck_assert_uint_eq(f.token, f.max - 1);
	}
	batch_close(&f);
}
END_TEST

/* In steps of every size, with one token for in and out. */
START_TEST(test_lookup_goes_on)
{
	struct fixture f;
	uint32_t first;
	uint32_t step;

	batch_open(&f, _i);
	shape_fill(&f.s);
	for (step = 1; step <= f.max + 1; step++) {
		for (first = 0; first < f.max; first += step) {
			bool fits = f.max - first >= step;

			batch_reset(&f, step);
			f.batch.in_batch = first ? &f.token : NULL;
			ck_assert_int_eq(map_lookup_batch(f.s.map, &f.batch),
					 fits ? 0 : -ENOENT);
			assert_batch(&f, first, fits ? step : f.max - first);
		}
		/* Once more at the end: nothing, and the token stays. */
		batch_reset(&f, step);
		f.batch.in_batch = &f.token;
		ck_assert_uint_eq(f.token, f.max - 1);
		ck_assert_int_eq(map_lookup_batch(f.s.map, &f.batch), -ENOENT);
		assert_batch(&f, 0, 0);
		ck_assert_uint_eq(f.token, f.max - 1);
	}
	batch_close(&f);
}
END_TEST

START_TEST(test_lookup_from_outside)
{
	struct fixture f;
	uint32_t in[] = { 0, 1, 1u << 31, UINT32_MAX };
	size_t i;

	batch_open(&f, _i);
	shape_fill(&f.s);
	in[0] += f.max;
	in[1] += f.max;
	for (i = 0; i < 4; i++) {
		batch_reset(&f, 1);
		f.batch.in_batch = &in[i];
		ck_assert_int_eq(map_lookup_batch(f.s.map, &f.batch), 0);
		assert_batch(&f, 0, 1);
		ck_assert_uint_eq(f.token, 0);
	}
	batch_close(&f);
}
END_TEST

START_TEST(test_count_zero)
{
	struct map_batch none = { .count = 0 };
	struct fixture f;

	batch_open(&f, _i);
	ck_assert_int_eq(map_lookup_batch(f.s.map, &none), 0);
	ck_assert_int_eq(map_update_batch(f.s.map, &none), 0);
	none.elem_flags = 1;
	ck_assert_int_eq(map_lookup_batch(f.s.map, &none), -EINVAL);
	ck_assert_int_eq(map_update_batch(f.s.map, &none), -EINVAL);
	ck_assert_int_eq(map_freeze(f.s.map), 0);
	none.elem_flags = 0;
	ck_assert_int_eq(map_update_batch(f.s.map, &none), -EPERM);
	ck_assert_int_eq(map_lookup_batch(f.s.map, &none), 0);
	batch_close(&f);
}
END_TEST

/* Refused outright: the count is as it was. */
START_TEST(test_flags)
{
	static const uint64_t flags[] = {
		1, 2, 3, 4, 5, 8, 1ull << 32, UINT64_MAX,
	};
	struct fixture f;
	size_t i;

	batch_open(&f, _i);
	shape_fill(&f.s);
	for (i = 0; i < sizeof(flags) / sizeof(flags[0]); i++) {
		batch_reset(&f, 1);
		f.batch.elem_flags = flags[i];
		ck_assert_int_eq(map_lookup_batch(f.s.map, &f.batch), -EINVAL);
		ck_assert_uint_eq(f.batch.count, 1);
		ck_assert_uint_eq(f.keys[0], 0xeeeeeeee);
		f.keys[0] = 0;
		ck_assert_int_eq(map_update_batch(f.s.map, &f.batch), -EINVAL);
		ck_assert_uint_eq(f.batch.count, 1);
	}
	ck_assert_uint_eq(f.token, 0xeeeeeeee);
	shape_assert_value(&f.s, 0);
	batch_close(&f);
}
END_TEST

START_TEST(test_null_pointers)
{
	struct fixture f;
	int what;

	batch_open(&f, _i);
	for (what = 0; what < 3; what++) {
		batch_reset(&f, 1);
		if (what == 0)
			f.batch.keys = NULL;
		else if (what == 1)
			f.batch.values = NULL;
		else
			f.batch.out_batch = NULL;
		ck_assert_int_eq(map_lookup_batch(f.s.map, &f.batch), -EFAULT);
		ck_assert_uint_eq(f.batch.count, 0);
		/* At the end of the map there is nothing to store. */
		f.token = f.max - 1;
		f.batch.in_batch = &f.token;
		f.batch.count = 1;
		ck_assert_int_eq(map_lookup_batch(f.s.map, &f.batch), -ENOENT);
		ck_assert_uint_eq(f.batch.count, 0);
		f.keys[0] = 0;
		f.batch.count = 1;
		if (what == 2)
			break;
		ck_assert_int_eq(map_update_batch(f.s.map, &f.batch), -EFAULT);
		ck_assert_uint_eq(f.batch.count, 0);
	}
	/* An update has no use for tokens. */
	ck_assert_int_eq(map_update_batch(f.s.map, &f.batch), 0);
	ck_assert_uint_eq(f.batch.count, 1);
	batch_close(&f);
}
END_TEST

START_TEST(test_update)
{
	struct fixture f;
	uint32_t i;

	batch_open(&f, _i);
	batch_reset(&f, f.max);
	for (i = 0; i < f.max; i++) {
		f.keys[i] = f.max - 1 - i;
		memcpy(f.values + i * f.s.bytes, shape_value(&f.s, f.keys[i]),
		       f.s.bytes);
	}
	ck_assert_int_eq(map_update_batch(f.s.map, &f.batch), 0);
	ck_assert_uint_eq(f.batch.count, f.max);
	for (i = 0; i < f.max; i++)
		shape_assert_value(&f.s, i);
	batch_close(&f);
}
END_TEST

/* One key many times: the last value stays. */
START_TEST(test_update_again_and_again)
{
	struct fixture f;
	uint32_t i;

	batch_open(&f, _i);
	batch_reset(&f, ROOM);
	for (i = 0; i < ROOM; i++) {
		f.keys[i] = f.max - 1;
		memcpy(f.values + i * f.s.bytes,
		       shape_value(&f.s, i + 1 == ROOM ? f.max - 1 : i),
		       f.s.bytes);
	}
	ck_assert_int_eq(map_update_batch(f.s.map, &f.batch), 0);
	ck_assert_uint_eq(f.batch.count, ROOM);
	shape_assert_value(&f.s, f.max - 1);
	batch_close(&f);
}
END_TEST

/* Up to the first that fails, which is told by the count. */
START_TEST(test_update_fails_within)
{
	struct fixture f;
	uint32_t bad;
	uint32_t i;

	batch_open(&f, _i);
	for (bad = 0; bad < f.max; bad++) {
		ck_assert_int_eq(map_clear(f.s.map), 0);
		batch_reset(&f, f.max);
		for (i = 0; i < f.max; i++) {
			f.keys[i] = i == bad ? f.max : i;
			memcpy(f.values + i * f.s.bytes, shape_value(&f.s, i),
			       f.s.bytes);
		}
		ck_assert_int_eq(map_update_batch(f.s.map, &f.batch), -E2BIG);
		ck_assert_uint_eq(f.batch.count, bad);
		for (i = 0; i < bad; i++)
			shape_assert_value(&f.s, i);
		for (; i < f.max; i++) {
			ck_assert_int_eq(unit_lookup(f.s.map, i, f.s.out), 0);
			unit_assert_mem_zero(f.s.out, f.s.bytes);
		}
	}
	batch_close(&f);
}
END_TEST

START_TEST(test_frozen)
{
	struct fixture f;

	batch_open(&f, _i);
	shape_fill(&f.s);
	ck_assert_int_eq(map_freeze(f.s.map), 0);
	batch_reset(&f, f.max);
	ck_assert_int_eq(map_lookup_batch(f.s.map, &f.batch), 0);
	assert_batch(&f, 0, f.max);
	ck_assert_int_eq(map_update_batch(f.s.map, &f.batch), -EPERM);
	ck_assert_int_eq(map_delete_batch(f.s.map, &f.batch), -EPERM);
	ck_assert_int_eq(map_lookup_and_delete_batch(f.s.map, &f.batch),
			 -EPERM);
	ck_assert_uint_eq(f.batch.count, f.max);
	batch_close(&f);
}
END_TEST

/* Nothing can go from an array, whatever else is wrong. */
START_TEST(test_fixed_keys)
{
	struct map_batch none = { .elem_flags = 1 };
	struct fixture f;

	batch_open(&f, _i);
	shape_fill(&f.s);
	batch_reset(&f, 1);
	f.keys[0] = 0;
	ck_assert_int_eq(map_delete_batch(f.s.map, &f.batch), -EOPNOTSUPP);
	ck_assert_int_eq(map_lookup_and_delete_batch(f.s.map, &f.batch),
			 -EOPNOTSUPP);
	ck_assert_uint_eq(f.batch.count, 1);
	ck_assert_int_eq(map_delete_batch(f.s.map, &none), -EOPNOTSUPP);
	ck_assert_int_eq(map_lookup_and_delete_batch(f.s.map, &none),
			 -EOPNOTSUPP);
	shape_assert_value(&f.s, 0);
	batch_close(&f);
}
END_TEST

/* The flags of the batch itself mean nothing here, as in the kernel. */
START_TEST(test_batch_flags)
{
	struct fixture f;

	batch_open(&f, _i);
	shape_fill(&f.s);
	batch_reset(&f, 1);
	f.batch.flags = UINT64_MAX;
	ck_assert_int_eq(map_lookup_batch(f.s.map, &f.batch), 0);
	assert_batch(&f, 0, 1);
	ck_assert_int_eq(map_update_batch(f.s.map, &f.batch), 0);
	ck_assert_uint_eq(f.batch.count, 1);
	batch_close(&f);
}
END_TEST

/*
 * A type whose keys can be gone by the time they are looked up: of 0 to 9 the
 * odd ones are, and 8 cannot be read at all.
 */
static int holes_get_next_key(struct map *map, const void *key, void *next_key)
{
	uint32_t next = 0;

	(void)map;
	if (key) {
		memcpy(&next, key, sizeof(next));
		next++;
	}
	if (next == 10)
		return -ENOENT;
	memcpy(next_key, &next, sizeof(next));
	return 0;
}

static int holes_lookup_elem(struct map *map, const void *key, void *value)
{
	uint32_t index;

	(void)map;
	memcpy(&index, key, sizeof(index));
	if (index == 8)
		return -EIO;
	if (index % 2)
		return -ENOENT;
	memcpy(value, &index, sizeof(index));
	return 0;
}

static uint32_t holes_deleted;

static int holes_delete_elem(struct map *map, const void *key)
{
	uint32_t index;

	(void)map;
	memcpy(&index, key, sizeof(index));
	if (index % 2)
		return -ENOENT;
	holes_deleted = holes_deleted * 10 + index;
	return 0;
}

static const struct map_ops holes_ops = {
	.map_get_next_key = holes_get_next_key,
	.map_lookup_elem = holes_lookup_elem,
	.map_delete_elem = holes_delete_elem,
	.map_lookup_batch = generic_map_lookup_batch,
	.map_delete_batch = generic_map_delete_batch,
};

START_TEST(test_holes)
{
	struct map map = { .ops = &holes_ops, .key_size = 4, .value_size = 4 };
	uint32_t values[10];
	uint32_t keys[10];
	uint32_t token = 77;
	struct map_batch batch = {
		.out_batch = &token,
		.keys = keys,
		.values = values,
		.count = 3,
	};

	ck_assert_int_eq(map_lookup_batch(&map, &batch), 0);
	ck_assert_uint_eq(batch.count, 3);
	ck_assert_mem_eq(keys, ((uint32_t[]){ 0, 2, 4 }), 12);
	ck_assert_mem_eq(values, keys, 12);
	ck_assert_uint_eq(token, 4);
	/* What cannot be read ends it, behind what could. */
	batch.in_batch = &token;
	ck_assert_int_eq(map_lookup_batch(&map, &batch), -EIO);
	ck_assert_uint_eq(batch.count, 1);
	ck_assert_uint_eq(keys[0], 6);
	ck_assert_uint_eq(token, 7);
	/* A token moves over what is not there, up to the end. */
	token = 8;
	batch.count = 3;
	ck_assert_int_eq(map_lookup_batch(&map, &batch), -ENOENT);
	ck_assert_uint_eq(batch.count, 0);
	ck_assert_uint_eq(token, 9);
}
END_TEST

/* In their order, up to the first that fails. */
START_TEST(test_delete)
{
	struct map map = { .ops = &holes_ops, .key_size = 4, .value_size = 4 };
	uint32_t keys[] = { 8, 2, 6, 5, 4 };
	struct map_batch batch = { .keys = keys, .flags = 1 };

	ck_assert_int_eq(map_delete_batch(&map, &batch), 0);
	batch.count = 3;
	ck_assert_int_eq(map_delete_batch(&map, &batch), 0);
	ck_assert_uint_eq(batch.count, 3);
	ck_assert_uint_eq(holes_deleted, 826);
	batch.count = 5;
	ck_assert_int_eq(map_delete_batch(&map, &batch), -ENOENT);
	ck_assert_uint_eq(batch.count, 3);
	ck_assert_uint_eq(holes_deleted, 826826);
	batch.keys = NULL;
	ck_assert_int_eq(map_delete_batch(&map, &batch), -EFAULT);
	ck_assert_uint_eq(batch.count, 0);
	batch.elem_flags = 1;
	batch.count = 1;
	ck_assert_int_eq(map_delete_batch(&map, &batch), -EINVAL);
	ck_assert_uint_eq(batch.count, 1);
}
END_TEST

void unit_suite(Suite *suite)
{
	TCase *tcase = unit_case(suite, "lookup");

	tcase_add_loop_test(tcase, test_lookup_from_start, 0, SHAPES);
	tcase_add_loop_test(tcase, test_lookup_goes_on, 0, SHAPES);
	tcase_add_loop_test(tcase, test_lookup_from_outside, 0, SHAPES);
	tcase_add_test(tcase, test_holes);

	tcase = unit_case(suite, "update");
	tcase_add_loop_test(tcase, test_update, 0, SHAPES);
	tcase_add_loop_test(tcase, test_update_again_and_again, 0, SHAPES);
	tcase_add_loop_test(tcase, test_update_fails_within, 0, SHAPES);

	tcase = unit_case(suite, "delete");
	tcase_add_test(tcase, test_delete);
	tcase_add_loop_test(tcase, test_fixed_keys, 0, SHAPES);

	tcase = unit_case(suite, "refused");
	tcase_add_loop_test(tcase, test_count_zero, 0, SHAPES);
	tcase_add_loop_test(tcase, test_flags, 0, SHAPES);
	tcase_add_loop_test(tcase, test_batch_flags, 0, SHAPES);
	tcase_add_loop_test(tcase, test_null_pointers, 0, SHAPES);
	tcase_add_loop_test(tcase, test_frozen, 0, SHAPES);
}
