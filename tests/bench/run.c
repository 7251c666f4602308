/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The run, group by group: calibrate, then rounds.  In each round the
 * competitors of a row run one after the other, beginning with another one
 * each time.
 */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "bench.h"
#include "measure.h"

#define CALIBRATE_NS 2000000 /* a measurement that can be trusted */
/* Other processes on the CPU can make it last; then less is measured. */
#define CALIBRATE_LIMIT_NS 50e6
#define LIMIT		   3
#define SLICE_MIN_MS	   2  /* unless the group needs more */
#define ROUNDS_MIN	   5u /* whatever the time */
#define LATE		   2  /* of a part's time: no more groups then */

/* How long a competitor takes for an operation, about; 0 if it is out. */
static double calibrate(struct result *result, const struct row *row, size_t n)
{
	double ns;

	result->count = 1;
	for (;;) {
		ns = measure(result, row, n, CALIBRATE_LIMIT_NS);
		if (!result->method)
			return 0;
		if (result->subject.fixed ||
		    ns * (double)result->count > CALIBRATE_NS)
			return ns;
		result->count *= 4;
	}
}

/* Modes that a row is measured in: all, or the first that is to be had. */
static bool takes_part(const struct bench *bench, const struct row *row,
		       enum who who)
{
	enum who other;

	if (!row->method[who] || bench->left_out[who][0])
		return false;
	if (bench->group->only && !(bench->group->only & 1u << who))
		return false;
	if ((row->apart || by_two(bench, row)) && !bench->two_cpus)
		return false;
	if (!row->one_mode || who >= MODES)
		return true;
	for (other = 0; other < who; other++)
		if (!bench->left_out[other][0])
			return false;
	return true;
}

static int results_init(struct results *results, const struct bench *bench,
			const struct row *row)
{
	enum who who;
	unsigned int i;

	results->group = bench->group;
	results->row = row;
	for (who = 0; who < WHOS; who++) {
		struct result *result = &results->by[who];

		subject_init(&result->subject, bench, who);
		result->subject.fixed = row->count;
		result->ns = calloc(bench->rounds, sizeof(*result->ns));
		if (!result->ns)
			return -ENOMEM;
		for (i = 0; i < bench->rounds; i++)
			result->ns[i] = NAN;
		if (!takes_part(bench, row, who))
			continue;
		result->method = row->method[who];
		if (result->method->open)
			result->err = result->method->open(&result->subject);
		if (result->err)
			result->method = NULL;
	}
	return 0;
}

/*
 * What a group is made of.  Rows of a fixed count (dumps, a thousand maps) may
 * take half of the time, and are left out of most rounds where that is
 * little; the others share the rest.
 */
struct plan {
	double slice; /* ns for a competitor of the others */
	unsigned int rounds;
	unsigned int every; /* from one to the next */
};

/* Who failed at what is done once has nothing to do the rest with. */
static void done_once(struct bench *bench, struct results *results)
{
	enum who who;

	for (who = 0; who < WHOS; who++) {
		const struct result *result = &results->by[who];

		if (!result->err)
			continue;
		snprintf(bench->left_out[who], sizeof(bench->left_out[who]),
			 "%s", strerror(-result->err));
		bench_note(bench, "%s: %s at %s: %s", results->group->name,
			   who_names[who], results->row->name,
			   bench->left_out[who]);
	}
}

/*
 * Fewer rounds where slices would be too short.  'fixed' is what those of a
 * fixed count take, to which comes half as much again untimed, before and
 * after; 'competitors' is the number of the others.
 */
static struct plan make_plan(const struct bench *bench, double total,
			     double fixed, unsigned int competitors)
{
	struct plan plan = { .rounds = bench->rounds };
	double least = 1e6 * (bench->group->slice_ms ? bench->group->slice_ms :
						       SLICE_MIN_MS);
	double rest;

	fixed *= 1.5 * bench->rounds;
	plan.every = (unsigned int)(fixed / (total / 2)) + 1;
	if (!competitors)
		return plan;
	rest = 0.9 * (total - fixed / plan.every) / competitors;
	if (rest / least < plan.rounds)
		plan.rounds = (unsigned int)(rest / least);
	if (plan.rounds < ROUNDS_MIN && bench->rounds >= ROUNDS_MIN)
		plan.rounds = ROUNDS_MIN;
	if (!plan.rounds)
		plan.rounds = 1;
	plan.slice = rest / plan.rounds;
	if (plan.slice < 1e6 * SLICE_MIN_MS)
		plan.slice = 1e6 * SLICE_MIN_MS;
	return plan;
}

static int calibrate_all(struct bench *bench, struct results *results,
			 size_t nrows, double total, struct plan *plan)
{
	unsigned int competitors = 0;
	double fixed = 0;
	enum who who;
	size_t i;

	for (i = 0; i < nrows; i++) {
		const struct row *row = bench->group->rows[i];
		int err = results_init(&results[i], bench, row);

		if (err)
			return err;
		for (who = 0; who < WHOS; who++) {
			struct result *result = &results[i].by[who];
			double ns = result->method ? calibrate(result, row, i) :
						     0;

			if (!ns)
				continue;
			if (row->once)
				result->ns[0] = ns;
			else if (result->subject.fixed)
				fixed += ns * (double)result->subject.fixed;
			else
				competitors++;
		}
		if (row->once)
			done_once(bench, &results[i]);
	}
	*plan = make_plan(bench, total, fixed, competitors);
	return 0;
}

/* How many operations the next slice has, by what this one took. */
static uint64_t next_count(const struct result *result, const struct row *row,
			   double slice, double ns)
{
	double count = slice / ns;

	if (row->processes == 2)
		count /= 2;
	if (result->method->before || result->method->after)
		count /= 2;
	return count < 1 ? 1 : (uint64_t)count;
}

static void run_row(struct results *results, size_t n, unsigned int round,
		    const struct plan *plan)
{
	const struct row *row = results->row;
	unsigned int i;

	for (i = 0; i < WHOS && !row->once; i++) {
		struct result *result = &results->by[(round + i) % WHOS];

		if (!result->method ||
		    (result->subject.fixed && round % plan->every))
			continue;
		result->ns[round] =
			measure(result, row, n, LIMIT * plan->slice);
		if (result->method)
			result->count = next_count(result, row, plan->slice,
						   result->ns[round]);
	}
}

static void progress(const struct group *group, unsigned int round,
		     unsigned int rounds)
{
	if (isatty(STDERR_FILENO))
		fprintf(stderr, "\r\033[K%s: round %u/%u", group->name, round,
			rounds);
}

static void progress_end(void)
{
	if (isatty(STDERR_FILENO))
		fprintf(stderr, "\r\033[K");
}

/* A thousand kernel maps are a thousand descriptors. */
static void raise_file_limit(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
		limit.rlim_cur = limit.rlim_max;
		setrlimit(RLIMIT_NOFILE, &limit);
	}
}

static double seconds_since(uint64_t start)
{
	return (double)(now_ns() - start) / 1e9;
}

static size_t count_rows(const struct group *group)
{
	size_t n = 0;

	while (group->rows[n])
		n++;
	return n;
}

/* Of the time, by rows; what needs long slices needs more of them, too. */
static double share_of(const struct group *group)
{
	return (double)count_rows(group) * (group->slice_ms ? 2 : 1);
}

/* 'rounds': how many they became, if that is less than there were. */
static int run_rounds(struct bench *bench, struct results *results,
		      size_t nrows, double seconds, unsigned int *rounds)
{
	struct plan plan;
	unsigned int round;
	uint64_t start;
	size_t i;
	int err;

	err = calibrate_all(bench, results, nrows, seconds * 1e9, &plan);
	if (err)
		return err;
	start = now_ns();
	for (round = 0; round < plan.rounds; round++) {
		if (round >= ROUNDS_MIN && seconds_since(start) > 1.3 * seconds)
			break;
		progress(bench->group, round + 1, plan.rounds);
		for (i = 0; i < nrows; i++)
			run_row(&results[i], i, round, &plan);
	}
	progress_end();
	if (*rounds > round)
		*rounds = round;
	return 0;
}

static int run_group(struct bench *bench, struct results *results, size_t nrows,
		     double seconds, unsigned int *rounds)
{
	enum who who;
	size_t i;
	int err;

	err = bench->group->make(bench);
	if (!err)
		err = measure_start(bench, bench->group->rows);
	if (!err)
		err = run_rounds(bench, results, nrows, seconds, rounds);
	measure_stop();
	for (i = 0; i < nrows && results[i].row; i++)
		for (who = 0; who < WHOS; who++)
			subject_release(&results[i].by[who].subject);
	bench->group->free(bench);
	return err;
}

int bench_run(struct bench *bench, const struct part *part, FILE *csv)
{
	unsigned int rounds = bench->rounds;
	uint64_t start = now_ns();
	struct results *results;
	const struct group *group;
	size_t nresults = 0;
	double shares = 0;
	size_t nrows = 0;
	enum who who;
	int err = 0;

	for (group = part->groups; group->name; group++) {
		nrows += count_rows(group);
		shares += share_of(group);
	}
	results = calloc(nrows, sizeof(*results));
	if (!results)
		return -ENOMEM;
	raise_file_limit();
	for (group = part->groups; group->name && !err; group++) {
		size_t n = count_rows(group);
		if (!strstr(group->name, bench->rows))
			continue;
		if (seconds_since(start) > LATE * bench->seconds * part->time) {
			bench_note(bench, "%s: there is no time left",
				   group->name);
			continue;
		}
		bench->group = group;
		err = run_group(bench, results + nresults, n,
				bench->seconds * part->time * share_of(group) /
					shares,
				&rounds);
		nresults += n;
	}
	if (!err)
		report(bench, part, results, nresults, rounds,
		       seconds_since(start), csv);
	while (nresults--)
		for (who = 0; who < WHOS; who++)
			free(results[nresults].by[who].ns);
	free(results);
	return err;
}
