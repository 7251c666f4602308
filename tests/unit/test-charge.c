/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Memory accounts: both limits at, below and above; root; what is given back;
 * many users, and many threads that must never pass a limit together.
 */
#include <errno.h>
#include <pthread.h>

#include "core/charge.h"
#include "unit.h"

#define USER  1000u
#define OTHER 1001u

static struct charge_domain domain;

static int take(uid_t uid, uint64_t bytes)
{
	struct charge charge = { &domain, uid, bytes };

	return charge_take(&charge);
}

static void give(uid_t uid, uint64_t bytes)
{
	struct charge charge = { &domain, uid, bytes };

	charge_give(&charge);
}

static void assert_usage(uid_t uid, uint64_t user, uint64_t total)
{
	struct charge_usage usage = charge_usage(&domain, uid);

	ck_assert_uint_eq(usage.user, user);
	ck_assert_uint_eq(usage.total, total);
}

START_TEST(test_no_domain)
{
	struct charge charge = { NULL, USER, UINT64_MAX };

	ck_assert_int_eq(charge_take(&charge), 0);
	charge_give(&charge);
}
END_TEST

START_TEST(test_user_limit)
{
	charge_domain_init(&domain, 1000, 100);
	ck_assert_int_eq(take(USER, 101), -EPERM);
	assert_usage(USER, 0, 0);
	ck_assert_int_eq(take(USER, 99), 0);
	ck_assert_int_eq(take(USER, 2), -EPERM);
	ck_assert_int_eq(take(USER, 1), 0);
	ck_assert_int_eq(take(USER, 1), -EPERM);
	assert_usage(USER, 100, 100);
	assert_usage(OTHER, 0, 100);
	ck_assert_int_eq(take(OTHER, 100), 0);
	assert_usage(OTHER, 100, 200);
	give(USER, 1);
	ck_assert_int_eq(take(USER, 1), 0);
	give(USER, 100);
	give(OTHER, 100);
	assert_usage(USER, 0, 0);
	charge_domain_release(&domain);
}
END_TEST

/* The user limit does not bind root, the limit of all does. */
START_TEST(test_total_limit)
{
	charge_domain_init(&domain, 1000, 600);
	ck_assert_int_eq(take(0, 1001), -EPERM);
	ck_assert_int_eq(take(0, 601), 0);
	ck_assert_int_eq(take(USER, 400), -EPERM);
	ck_assert_int_eq(take(USER, 399), 0);
	ck_assert_int_eq(take(OTHER, 1), -EPERM);
	ck_assert_int_eq(take(0, 1), -EPERM);
	assert_usage(0, 601, 1000);
	give(0, 601);
	ck_assert_int_eq(take(OTHER, 600), 0);
	ck_assert_int_eq(take(OTHER, 1), -EPERM);
	assert_usage(OTHER, 600, 999);
	give(OTHER, 600);
	give(USER, 399);
	assert_usage(USER, 0, 0);
	charge_domain_release(&domain);
}
END_TEST

START_TEST(test_no_limit_does_not_overflow)
{
	charge_domain_init(&domain, UINT64_MAX, UINT64_MAX);
	ck_assert_int_eq(take(USER, 1), 0);
	ck_assert_int_eq(take(USER, UINT64_MAX), -EPERM);
	ck_assert_int_eq(take(OTHER, UINT64_MAX), -EPERM);
	ck_assert_int_eq(take(USER, UINT64_MAX - 1), 0);
	ck_assert_int_eq(take(USER, 1), -EPERM);
	ck_assert_int_eq(take(0, UINT64_MAX), -EPERM);
	assert_usage(USER, UINT64_MAX, UINT64_MAX);
	give(USER, UINT64_MAX - 1);
	give(USER, 1);
	assert_usage(USER, 0, 0);
	charge_domain_release(&domain);
}
END_TEST

START_TEST(test_limit_zero)
{
	charge_domain_init(&domain, 0, 0);
	ck_assert_int_eq(take(USER, 0), 0);
	ck_assert_int_eq(take(USER, 1), -EPERM);
	ck_assert_int_eq(take(0, 1), -EPERM);
	give(USER, 0);
	assert_usage(USER, 0, 0);
	charge_domain_release(&domain);
}
END_TEST

/* In an order that grows and cuts the tree in many shapes. */
START_TEST(test_many_users)
{
	const uid_t n = 4099;
	uint64_t total = 0;
	uid_t i;

	charge_domain_init(&domain, UINT64_MAX, 5000);
	for (i = 0; i < n; i++) {
		ck_assert_int_eq(take(1 + i * 37 % n, 1 + i % 1000), 0);
		total += 1 + i % 1000;
	}
	for (i = 0; i < n; i++)
		assert_usage(1 + i * 37 % n, 1 + i % 1000, total);
	for (i = 0; i < n; i += 2) {
		give(1 + i * 37 % n, 1 + i % 1000);
		total -= 1 + i % 1000;
	}
	for (i = 0; i < n; i++)
		assert_usage(1 + i * 37 % n, i % 2 ? 1 + i % 1000 : 0, total);
	for (i = 1; i < n; i += 2)
		give(1 + i * 37 % n, 1 + i % 1000);
	assert_usage(1, 0, 0);
	charge_domain_release(&domain);
}
END_TEST

#define ROUNDS 5000

/* Of all threads: one alone may find the others' charges there every time. */
static _Atomic unsigned int taken;

static void *taker(void *arg)
{
	uid_t uid = (uid_t)(uintptr_t)arg;
	uintptr_t bad = 0;
	int i;

	for (i = 0; i < ROUNDS; i++) {
		struct charge_usage usage;
		int err = take(uid, 60);

		usage = charge_usage(&domain, uid);
		if (usage.user > 120 || usage.total > 200 ||
		    (err && err != -EPERM))
			bad++;
		if (!err) {
			taken++;
			give(uid, 60);
		}
	}
	return (void *)bad;
}

START_TEST(test_threads)
{
	pthread_t threads[4];
	void *bad;
	uintptr_t i;

	charge_domain_init(&domain, 200, 120);
	for (i = 0; i < 4; i++)
		ck_assert_int_eq(pthread_create(&threads[i], NULL, taker,
						(void *)(USER + i % 2)),
				 0);
	for (i = 0; i < 4; i++) {
		pthread_join(threads[i], &bad);
		ck_assert_ptr_null(bad);
	}
	ck_assert_uint_gt(taken, 0);
	assert_usage(USER, 0, 0);
	assert_usage(OTHER, 0, 0);
	charge_domain_release(&domain);
}
END_TEST

void unit_suite(Suite *suite)
{
	TCase *tcase = unit_case(suite, "charge");

	tcase_add_test(tcase, test_no_domain);
	tcase_add_test(tcase, test_user_limit);
	tcase_add_test(tcase, test_total_limit);
	tcase_add_test(tcase, test_no_limit_does_not_overflow);
	tcase_add_test(tcase, test_limit_zero);
	tcase_add_test(tcase, test_many_users);
	tcase_add_test(tcase, test_threads);
}
