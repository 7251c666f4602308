/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Ids: handed out in order and never twice, to the last one; objects found,
 * walked and forgotten; leaves used again; readers beside a writer.
 */
#include <errno.h>
#include <pthread.h>

#include "core/idr.h"
#include "core/limits.h"
#include "unit.h"

static struct idr idr;
static int objects[4 * IDR_LEAF];

static uint32_t add(void *object)
{
	uint32_t id;

	ck_assert_int_eq(idr_alloc(&idr, &id), 0);
	idr_publish(&idr, id, object);
	return id;
}

static void add_upto(uint32_t last)
{
	uint32_t id = 0;

	while (id < last) {
		id = add(NULL);
		idr_publish(&idr, id, &objects[id]);
	}
	ck_assert_uint_eq(id, last);
}

START_TEST(test_in_order)
{
	uint32_t id;

	ck_assert_int_eq(idr_init(&idr, MAP_ID_MAX), 0);
	for (id = 1; id <= 2 * IDR_LEAF + 5; id++)
		ck_assert_uint_eq(add(&objects[id]), id);
	for (id = 1; id <= 2 * IDR_LEAF + 5; id++)
		ck_assert_ptr_eq(idr_find(&idr, id), &objects[id]);
	idr_release(&idr);
}
END_TEST

START_TEST(test_find_nothing)
{
	uint32_t id;

	ck_assert_int_eq(idr_init(&idr, 5000), 0);
	ck_assert_ptr_null(idr_find(&idr, 0));
	ck_assert_ptr_null(idr_find(&idr, 1));
	ck_assert_ptr_null(idr_find(&idr, 5000));
	ck_assert_ptr_null(idr_find(&idr, 5001));
	ck_assert_ptr_null(idr_find(&idr, UINT32_MAX));
	ck_assert_int_eq(idr_alloc(&idr, &id), 0);
	ck_assert_ptr_null(idr_find(&idr, id));
	idr_publish(&idr, id, &objects[0]);
	ck_assert_ptr_eq(idr_find(&idr, id), &objects[0]);
	idr_remove(&idr, id);
	ck_assert_ptr_null(idr_find(&idr, id));
	ck_assert_uint_eq(add(&objects[1]), 2);
	idr_release(&idr);
}
END_TEST

/* An id that was taken and not used is gone as well. */
START_TEST(test_undo)
{
	uint32_t id;

	ck_assert_int_eq(idr_init(&idr, 100), 0);
	ck_assert_int_eq(idr_alloc(&idr, &id), 0);
	idr_remove(&idr, id);
	ck_assert_uint_eq(add(&objects[0]), id + 1);
	idr_release(&idr);
}
END_TEST

/* Around the size of a leaf, where the last id opens a leaf or fills one. */
START_TEST(test_last_id)
{
	const uint32_t max = IDR_LEAF - 2 + (uint32_t)_i;
	uint32_t id;

	ck_assert_int_eq(idr_init(&idr, max), 0);
	add_upto(max);
	ck_assert_ptr_eq(idr_find(&idr, max), &objects[max]);
	id = 77;
	ck_assert_int_eq(idr_alloc(&idr, &id), -ENOSPC);
	ck_assert_uint_eq(id, 77);
	idr_remove(&idr, 1);
	idr_remove(&idr, max);
	ck_assert_int_eq(idr_alloc(&idr, &id), -ENOSPC);
	ck_assert_ptr_eq(idr_find(&idr, 2), &objects[2]);
	ck_assert_ptr_null(idr_find(&idr, max));
	idr_release(&idr);
}
END_TEST

START_TEST(test_next)
{
	static const uint32_t stay[] = { 3, IDR_LEAF, 3 * IDR_LEAF + 1 };
	uint32_t id = 0;
	size_t i;

	ck_assert_int_eq(idr_init(&idr, MAP_ID_MAX), 0);
	ck_assert_ptr_null(idr_next(&idr, &id));
	ck_assert_uint_eq(id, 0);
	add_upto(3 * IDR_LEAF + 1);
	for (i = 0, id = 1; id <= 3 * IDR_LEAF + 1; id++) {
		if (id == stay[i])
			i++;
		else
			idr_remove(&idr, id);
	}
	for (i = 0, id = 0; i < 3; i++) {
		ck_assert_ptr_eq(idr_next(&idr, &id), &objects[stay[i]]);
		ck_assert_uint_eq(id, stay[i]);
	}
	ck_assert_ptr_null(idr_next(&idr, &id));
	ck_assert_uint_eq(id, stay[2]);

	/* From within a leaf that is gone, and from beyond. */
	id = IDR_LEAF + 500;
	ck_assert_ptr_eq(idr_next(&idr, &id), &objects[stay[2]]);
	id = MAP_ID_MAX;
	ck_assert_ptr_null(idr_next(&idr, &id));
	id = UINT32_MAX;
	ck_assert_ptr_null(idr_next(&idr, &id));
	ck_assert_uint_eq(id, UINT32_MAX);
	idr_release(&idr);
}
END_TEST

/* The table is as large as what is in it, not as what ever was. */
START_TEST(test_leaves_are_used_again)
{
	uint32_t id;
	int i;

	ck_assert_int_eq(idr_init(&idr, MAP_ID_MAX), 0);
	add_upto(IDR_LEAF);
	ck_assert_ptr_null(idr.spare);
	for (id = 1; id < IDR_LEAF; id++)
		idr_remove(&idr, id);
	ck_assert_ptr_nonnull(idr.spare);
	ck_assert_ptr_eq(idr_find(&idr, IDR_LEAF), &objects[IDR_LEAF]);
	for (i = 0; i < 20 * (int)IDR_LEAF; i++) {
		id = add(&objects[0]);
		ck_assert_ptr_eq(idr_find(&idr, id), &objects[0]);
		idr_remove(&idr, id);
		ck_assert_ptr_null(idr_find(&idr, id));
	}
	ck_assert_uint_eq(id, 21 * IDR_LEAF);
	ck_assert_ptr_eq(idr_find(&idr, IDR_LEAF), &objects[IDR_LEAF]);
	idr_release(&idr);
}
END_TEST

/* Two that are spare serve the next two, one after the other. */
START_TEST(test_spare_leaves)
{
	uint32_t id;

	ck_assert_int_eq(idr_init(&idr, MAP_ID_MAX), 0);
	add_upto(3 * IDR_LEAF - 1);
	for (id = 1; id < 2 * IDR_LEAF; id++)
		idr_remove(&idr, id);
	ck_assert_ptr_nonnull(idr.spare);
	ck_assert_uint_eq(add(&objects[0]), 3 * IDR_LEAF);
	ck_assert_ptr_nonnull(idr.spare);
	for (id = 0; id < 4 * IDR_LEAF;)
		id = add(&objects[0]);
	ck_assert_ptr_null(idr.spare);
	ck_assert_ptr_eq(idr_find(&idr, 3 * IDR_LEAF - 1),
			 &objects[3 * IDR_LEAF - 1]);
	idr_release(&idr);
}
END_TEST

/* A leaf that is empty and not full yet goes on being filled. */
START_TEST(test_leaf_emptied_while_filled)
{
	uint32_t id;

	ck_assert_int_eq(idr_init(&idr, MAP_ID_MAX), 0);
	add_upto(IDR_LEAF - 1);
	for (id = 1; id < IDR_LEAF; id++)
		idr_remove(&idr, id);
	id = add(&objects[5]);
	ck_assert_uint_eq(id, IDR_LEAF);
	id = 0;
	ck_assert_ptr_eq(idr_next(&idr, &id), &objects[5]);
	ck_assert_uint_eq(id, IDR_LEAF);
	idr_release(&idr);
}
END_TEST

/*
 * Readers beside a writer that keeps NOBJECTS ids alive.  A leaf that serves
 * other ids by the time it is read holds them at the same places, so whatever
 * is found for an id is the object of its number.
 */
#define NOBJECTS 64u

static _Atomic uint32_t alive[NOBJECTS];
static atomic_bool stop;

static void *reader(void *unused)
{
	uintptr_t bad = 0;
	uint32_t id = 1;

	(void)unused;
	while (!atomic_load(&stop)) {
		_Atomic uint32_t *seen = idr_find(&idr, id);

		if (seen && seen != &alive[id % NOBJECTS])
			bad++;
		if (seen && atomic_load(seen) % NOBJECTS != id % NOBJECTS)
			bad++;
		id = id % (40 * IDR_LEAF) + 1;
	}
	return (void *)bad;
}

START_TEST(test_readers)
{
	pthread_t threads[2];
	uint32_t n;
	void *bad;
	int i;

	ck_assert_int_eq(idr_init(&idr, MAP_ID_MAX), 0);
	atomic_store(&stop, false);
	for (i = 0; i < 2; i++)
		ck_assert_int_eq(
			pthread_create(&threads[i], NULL, reader, NULL), 0);
	for (n = 1; n <= 40 * IDR_LEAF; n++) {
		uint32_t id;

		if (n > NOBJECTS)
			idr_remove(&idr, n - NOBJECTS);
		ck_assert_int_eq(idr_alloc(&idr, &id), 0);
		ck_assert_uint_eq(id, n);
		atomic_store(&alive[id % NOBJECTS], id);
		idr_publish(&idr, id, &alive[id % NOBJECTS]);
	}
	atomic_store(&stop, true);
	for (i = 0; i < 2; i++) {
		pthread_join(threads[i], &bad);
		ck_assert_ptr_null(bad);
	}
	idr_release(&idr);
}
END_TEST

static void *allocator(void *ids)
{
	uint32_t *id = ids;
	uintptr_t bad = 0;
	int i;

	for (i = 0; i < (int)IDR_LEAF; i++) {
		if (idr_alloc(&idr, &id[i]))
			bad++;
		else
			idr_publish(&idr, id[i], &id[i]);
	}
	return (void *)bad;
}

START_TEST(test_writers)
{
	static uint32_t ids[3][IDR_LEAF];
	pthread_t threads[3];
	uint32_t id = 0;
	void *bad;
	int i;

	ck_assert_int_eq(idr_init(&idr, MAP_ID_MAX), 0);
	for (i = 0; i < 3; i++)
		ck_assert_int_eq(
			pthread_create(&threads[i], NULL, allocator, ids[i]),
			0);
	for (i = 0; i < 3; i++) {
		pthread_join(threads[i], &bad);
		ck_assert_ptr_null(bad);
	}
	for (i = 0; i < 3 * (int)IDR_LEAF; i++) {
		uint32_t *object = idr_next(&idr, &id);

		ck_assert_uint_eq(id, (uint32_t)i + 1);
		ck_assert_uint_eq(*object, id);
	}
	ck_assert_ptr_null(idr_next(&idr, &id));
	idr_release(&idr);
}
END_TEST

void unit_suite(Suite *suite)
{
	TCase *tcase = unit_case(suite, "idr");

	tcase_add_test(tcase, test_in_order);
	tcase_add_test(tcase, test_find_nothing);
	tcase_add_test(tcase, test_undo);
	tcase_add_loop_test(tcase, test_last_id, 0, 5);
	tcase_add_test(tcase, test_next);
	tcase_add_test(tcase, test_leaves_are_used_again);
	tcase_add_test(tcase, test_spare_leaves);
	tcase_add_test(tcase, test_leaf_emptied_while_filled);

	tcase = unit_case(suite, "threads");
	tcase_add_test(tcase, test_readers);
	tcase_add_test(tcase, test_writers);
}
