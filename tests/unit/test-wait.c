/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The word by which additions are waited for: nobody sleeps past a wake, a
 * deadline or a step, and a wake costs nothing where nobody sleeps.
 */
#include <errno.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <time.h>

#include "core/wait.h"
#include "unit.h"

#define MS 1000000ull

static uint32_t word;
static uint64_t added;

START_TEST(test_nobody)
{
	word = 0;
	wait_wake(&word);
	ck_assert_uint_eq(word, 0);
}
END_TEST

START_TEST(test_wake_clears)
{
	word = 0;
	ck_assert_uint_eq(wait_announce(&word), 1);
	ck_assert_uint_eq(wait_announce(&word), 1);
	wait_wake(&word);
	ck_assert_uint_eq(word, 2);
	/* The count wraps. */
	word = UINT32_MAX;
	wait_wake(&word);
	ck_assert_uint_eq(word, 0);
}
END_TEST

/* The word has moved since it was announced: there is no sleep. */
START_TEST(test_moved)
{
	uint64_t start = wait_now();
	uint32_t announced;
	int i;

	word = 0;
	for (i = 0; i < 1000; i++) {
		announced = wait_announce(&word);
		wait_wake(&word);
		ck_assert_int_eq(wait_sleep(&word, announced, WAIT_FOREVER), 0);
	}
	ck_assert_uint_lt(wait_now() - start, 500 * WAIT_STEP);
}
END_TEST

START_TEST(test_deadlines)
{
	uint64_t start = wait_now();

	word = 0;
	wait_sleep(&word, wait_announce(&word), 0);
	wait_sleep(&word, wait_announce(&word), start - 1);
	ck_assert_int_eq(
		wait_sleep(&word, wait_announce(&word), wait_until(20 * MS)),
		0);
	ck_assert_uint_ge(wait_now() - start, 20 * MS);
	/* Nobody wakes: a step. */
	start = wait_now();
	ck_assert_int_eq(wait_sleep(&word, wait_announce(&word), WAIT_FOREVER),
			 0);
	ck_assert_uint_ge(wait_now() - start, WAIT_STEP);
	ck_assert_uint_eq(wait_until(UINT64_MAX), WAIT_FOREVER);
	ck_assert_uint_eq(wait_until(UINT64_MAX - 1), WAIT_FOREVER);
}
END_TEST

static void ignore(int sig)
{
	(void)sig;
}

START_TEST(test_signal)
{
	struct sigaction action = { .sa_handler = ignore };
	struct itimerspec soon = { .it_value = { 0, 10000000 } };
	timer_t timer;
	int err = 0;

	word = 0;
	ck_assert_int_eq(sigaction(SIGALRM, &action, NULL), 0);
	ck_assert_int_eq(timer_create(CLOCK_MONOTONIC, NULL, &timer), 0);
	/* Should the machine be so busy that it is over before the sleep. */
	while (!err) {
		ck_assert_int_eq(timer_settime(timer, 0, &soon, NULL), 0);
		err = wait_sleep(&word, wait_announce(&word), WAIT_FOREVER);
	}
	ck_assert_int_eq(err, -EINTR);
	timer_delete(timer);
}
END_TEST

#define ADDITIONS 20000u

static void *add(void *unused)
{
	unsigned int i;

	(void)unused;
	for (i = 0; i < ADDITIONS; i++) {
		shared_add(&added, 1);
		wait_wake(&word);
		/* Now and then, so that the other one sleeps. */
		if (i % 64 == 0)
			sched_yield();
	}
	return NULL;
}

/*
 * Each addition is seen, and not by sleeping for a whole step: but for an adder
 * that a busy machine stops between its addition and its wake.
 */
START_TEST(test_no_wake_is_lost)
{
	uint64_t steps = 0;
	uint64_t seen = 0;
	uint32_t announced;
	pthread_t thread;
	uint64_t start;

	word = 0;
	added = 0;
	ck_assert_int_eq(pthread_create(&thread, NULL, add, NULL), 0);
	while (seen < ADDITIONS) {
		announced = wait_announce(&word);
		if (__atomic_load_n(&added, __ATOMIC_SEQ_CST) != seen) {
			seen = shared_load(&added);
			continue;
		}
		start = wait_now();
		ck_assert_int_eq(wait_sleep(&word, announced, WAIT_FOREVER), 0);
		/* Awake after a step although there had been an addition. */
		if (wait_now() - start >= WAIT_STEP &&
		    __atomic_load_n(&word, __ATOMIC_SEQ_CST) == announced &&
		    shared_load(&added) != seen)
			steps++;
	}
	pthread_join(thread, NULL);
	ck_assert_uint_le(steps, 3);
}
END_TEST

void unit_suite(Suite *suite)
{
	TCase *tc = unit_case(suite, "wait");

	tcase_add_test(tc, test_nobody);
	tcase_add_test(tc, test_wake_clears);
	tcase_add_test(tc, test_moved);
	tcase_add_test(tc, test_deadlines);
	tcase_add_test(tc, test_signal);
	tcase_add_test(tc, test_no_wake_is_lost);
}
