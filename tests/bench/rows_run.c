/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Calls of bpf(2) under mapfs-run, by processes of their own for everybody:
 * the caller's orders and their results cost too little to count.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench.h"
#include "caller.h"

/* Orders take a few microseconds, and a piece must be long beside that. */
#define SLICE_MS 60

/* Who takes part. */
#define CALLERS \
	(1u << WHO_RUN | 1u << WHO_BPF | 1u << WHO_NOTIFY | 1u << WHO_FIFO)

static int start(struct bench *bench, enum who who)
{
	struct caller *caller = &bench->callers[who];
	int err = caller_start(caller, who == WHO_RUN ? bench->run : NULL,
			       who == WHO_NOTIFY);

	return err ? err :
		     caller_do(caller,
			       who == WHO_FIFO ? CALLER_ECHO : CALLER_READY, 0);
}

/* Who cannot be started or cannot call is left out, and the reason told. */
static int run_make(struct bench *bench)
{
	enum who who;
	int err;

	/* A caller may end at any time. */
	signal(SIGPIPE, SIG_IGN);
	memset(bench->left_out, 0, sizeof(bench->left_out));
	bench->callers = calloc(WHOS, sizeof(*bench->callers));
	if (!bench->callers)
		return -ENOMEM;
	for (who = 0; who < WHOS; who++) {
		err = CALLERS & 1u << who ? start(bench, who) : 0;
		if (!err)
			continue;
		snprintf(bench->left_out[who], sizeof(bench->left_out[who]),
			 "%s", strerror(-err));
		bench_note(bench, "%s: %s", who_names[who],
			   bench->left_out[who]);
	}
	return 0;
}

static void run_free(struct bench *bench)
{
	enum who who;

	for (who = 0; bench->callers && who < WHOS; who++)
		caller_end(&bench->callers[who]);
	free(bench->callers);
	bench->callers = NULL;
}

static int order(struct subject *s, enum caller_work work, uint64_t count)
{
	return caller_do(&s->bench->callers[s->who], work, count);
}

static int run_lookup(struct subject *s, uint64_t count)
{
	return order(s, CALLER_LOOKUP, count);
}

static int run_update(struct subject *s, uint64_t count)
{
	return order(s, CALLER_UPDATE, count);
}

static int run_hash_lookup(struct subject *s, uint64_t count)
{
	return order(s, CALLER_HASH_LOOKUP, count);
}

static int run_hash_update(struct subject *s, uint64_t count)
{
	return order(s, CALLER_HASH_UPDATE, count);
}

static int run_batch(struct subject *s, uint64_t count)
{
	return order(s, CALLER_BATCH, count);
}

static int run_echo(struct subject *s, uint64_t count)
{
	return order(s, CALLER_ECHO, count);
}

static const struct method lookup_method = { .run = run_lookup };
static const struct method update_method = { .run = run_update };
static const struct method hash_lookup_method = { .run = run_hash_lookup };
static const struct method hash_update_method = { .run = run_hash_update };
static const struct method batch_method = { .run = run_batch };
static const struct method echo_method = { .run = run_echo };

#define METHODS(m)                                                    \
	{                                                             \
		[WHO_RUN] = (m), [WHO_BPF] = (m), [WHO_NOTIFY] = (m), \
		[WHO_FIFO] = &echo_method                             \
	}

/* Of what moves few bytes. */
#define ELEMENT .expect = { [WHO_NOTIFY] = 4 }, .expect_of = 1 << WHO_RUN

static const struct row lookup_row = {
	.name = "lookup, array",
	.method = METHODS(&lookup_method),
	ELEMENT,
};

static const struct row update_row = {
	.name = "update, array",
	.method = METHODS(&update_method),
	ELEMENT,
};

static const struct row hash_lookup_row = {
	.name = "lookup, hash",
	.method = METHODS(&hash_lookup_method),
	ELEMENT,
};

static const struct row hash_update_row = {
	.name = "update, hash",
	.method = METHODS(&hash_update_method),
	ELEMENT,
};

static const struct row batch_row = {
	.name = "lookup of 1000, array",
	.method = METHODS(&batch_method),
};

static const struct row *const rows[] = { &lookup_row,	    &update_row,
					  &hash_lookup_row, &hash_update_row,
					  &batch_row,	    NULL };

static const struct group groups[] = {
	{ .name = "run",
	  .rows = rows,
	  .make = run_make,
	  .free = run_free,
	  .only = CALLERS,
	  .expected = true,
	  .slice_ms = SLICE_MS },
	{ 0 },
};

const struct part run_part = { groups, 0.3, run_print };
