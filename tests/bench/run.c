/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The run: calibrate, then rounds.  In each round the competitors of a row
 * run one after the other, beginning with another one each time.
 */
#include <errno.h>
#include <math.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench.h"
#include "stats.h"

static const struct row *const rows[] = {
	&pread_row,	&pread_two_row,	 &pwrite_row,	  &read_mib_row,
	&write_mib_row, &load_row,	 &add_row,	  &add_two_row,
	&touch_row,	&touch_all_row,	 &entry_read_row, &entry_write_row,
	&stat_row,	&stat_apart_row, &create_row,	  &create_many_row,
	&rmdir_row,	&dump_row,	 &undump_row,
};

#define NROWS	     (sizeof(rows) / sizeof(rows[0]))

#define PIECES	     15u     /* of a measurement */
#define CALIBRATE_NS 2000000 /* a measurement that can be trusted */
#define SLICE_MIN_NS 2000000.0
#define ROUNDS_MIN   5u /* whatever the time */

/* Where the two processes of a row with two meet before each piece. */
struct meeting {
	atomic_uint arrived;
	int err; /* of the second */
	double ns[PIECES];
};

static struct meeting *meeting;

/* Operations before a measurement, to have caches as they are in use. */
static int warm_up(struct result *result, const struct row *row,
		   struct subject *s)
{
	if (row->count)
		return 0;
	return result->method->run(s, result->count / 16 + 1);
}

/*
 * A measurement is made in pieces, of which the median counts: so what else
 * the CPU has to do falls out unless it takes most of the time.
 */
static unsigned int pieces_of(const struct result *result)
{
	return result->count < PIECES ? (unsigned int)result->count : PIECES;
}

static int run_piece(struct result *result, struct subject *s, double *ns)
{
	uint64_t count = result->count / pieces_of(result);
	uint64_t start = now_ns();
	int err = result->method->run(s, count);

	*ns = (double)(now_ns() - start) / (double)count;
	return err;
}

static bool has_ended(pid_t pid)
{
	siginfo_t info = { 0 };

	return waitid(P_PID, (id_t)pid, &info, WEXITED | WNOHANG | WNOWAIT) <
		       0 ||
	       info.si_pid;
}

/* Wait for the other before piece 'n'; 'child' is its id, if it is one. */
static void meet(unsigned int n, pid_t child)
{
	atomic_fetch_add(&meeting->arrived, 1);
	while (atomic_load(&meeting->arrived) < 2 * (n + 1) &&
	       !(child && has_ended(child)))
		sched_yield();
}

static void second_process(struct result *result, const struct row *row,
			   const struct bench *bench, enum who who)
{
	struct subject s;
	unsigned int i;
	int err = 0;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	cpus_pin(bench->other_cpu);
	subject_init(&s, bench, who);
	if (result->method->open)
		err = result->method->open(&s);
	if (!err)
		err = warm_up(result, row, &s);
	for (i = 0; i < pieces_of(result); i++) {
		meet(i, 0);
		if (!err)
			err = run_piece(result, &s, &meeting->ns[i]);
	}
	meeting->err = err;
	_exit(0);
}

/* A piece takes as long as its slower process; both make operations. */
static int measure_two(struct result *result, const struct row *row, double *ns)
{
	struct subject *s = &result->subject;
	double samples[PIECES] = { 0 };
	unsigned int i;
	pid_t pid;
	int err;

	memset(meeting, 0, sizeof(*meeting));
	meeting->err = -ECHILD;
	pid = fork();
	if (pid < 0)
		return -errno;
	if (pid == 0)
		second_process(result, row, s->bench, s->who);
	err = warm_up(result, row, s);
	for (i = 0; i < pieces_of(result); i++) {
		meet(i, pid);
		if (!err)
			err = run_piece(result, s, &samples[i]);
	}
	waitpid(pid, NULL, 0);
	if (!err)
		err = meeting->err;
	for (i = 0; i < pieces_of(result); i++) {
		if (samples[i] < meeting->ns[i])
			samples[i] = meeting->ns[i];
		samples[i] /= 2;
	}
	*ns = stats_of(samples, pieces_of(result)).median;
	return err;
}

static int run_pieces(struct result *result, double *ns)
{
	double samples[PIECES];
	unsigned int i;
	int err = 0;

	for (i = 0; i < pieces_of(result) && !err; i++)
		err = run_piece(result, &result->subject, &samples[i]);
	if (!err)
		*ns = stats_of(samples, pieces_of(result)).median;
	return err;
}

static int measure_one(struct result *result, const struct row *row, double *ns)
{
	const struct method *method = result->method;
	struct subject *s = &result->subject;
	uint64_t start;
	int err = 0;

	if (method->before)
		err = method->before(s, result->count);
	if (!err)
		err = warm_up(result, row, s);
	if (!err && row->count) {
		start = now_ns();
		err = method->run(s, row->count);
		*ns = (double)(now_ns() - start) / (double)row->count;
	} else if (!err) {
		err = run_pieces(result, ns);
	}
	if (!err && method->after)
		err = method->after(s, result->count);
	return err;
}

/* The time of an operation, in ns; NAN, and the competitor is given up. */
static double measure(struct result *result, const struct row *row)
{
	const struct bench *bench = result->subject.bench;
	double ns = NAN;
	int err;

	if (row->apart)
		cpus_pin(bench->other_cpu);
	if (row->processes == 2)
		err = measure_two(result, row, &ns);
	else
		err = measure_one(result, row, &ns);
	if (row->apart)
		cpus_pin(bench->cpu);
	if (err) {
		result->err = err;
		result->method = NULL;
		return NAN;
	}
	return ns;
}

/* How long a competitor takes for an operation, about; 0 if it is out. */
static double calibrate(struct result *result, const struct row *row)
{
	double ns;

	result->count = row->count ? row->count : 1;
	for (;;) {
		ns = measure(result, row);
		if (!result->method)
			return 0;
		if (row->count || ns * (double)result->count > CALIBRATE_NS)
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
	if ((row->apart || row->processes == 2) && !bench->two_cpus)
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

	results->row = row;
	for (who = 0; who < WHOS; who++) {
		struct result *result = &results->by[who];

		subject_init(&result->subject, bench, who);
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

static void results_release(struct results *results)
{
	enum who who;

	for (who = 0; who < WHOS && results->by[who].ns; who++) {
		subject_release(&results->by[who].subject);
		free(results->by[who].ns);
	}
}

/*
 * What a run is made of.  Rows of a fixed count (dumps, a thousand maps) may
 * take half of the time, and are left out of most rounds where that is
 * little; the others share the rest.
 */
struct plan {
	double slice;	    /* ns for a competitor of the others */
	unsigned int every; /* rounds from one to the next */
};

static struct plan make_plan(const struct bench *bench, struct results *results)
{
	double total = bench->seconds * 1e9;
	unsigned int competitors = 0;
	double fixed = 0;
	struct plan plan;
	enum who who;
	size_t i;

	for (i = 0; i < NROWS; i++) {
		const struct row *row = results[i].row;

		for (who = 0; who < WHOS; who++) {
			struct result *result = &results[i].by[who];
			double ns = result->method ? calibrate(result, row) : 0;

			if (!ns)
				continue;
			if (row->count)
				fixed += ns * (double)row->count;
			else
				competitors++;
		}
	}
	/* Half as much again for what goes untimed before and after. */
	fixed *= 1.5 * bench->rounds;
	plan.every = (unsigned int)(fixed / (total / 2)) + 1;
	plan.slice = SLICE_MIN_NS;
	if (competitors)
		plan.slice = (total - fixed / plan.every) / bench->rounds /
			     competitors * 0.9;
	if (plan.slice < SLICE_MIN_NS)
		plan.slice = SLICE_MIN_NS;
	return plan;
}

static void run_row(struct results *results, unsigned int round,
		    const struct plan *plan)
{
	const struct row *row = results->row;
	unsigned int i;
	double count;

	if (row->count && round % plan->every)
		return;
	for (i = 0; i < WHOS; i++) {
		struct result *result = &results->by[(round + i) % WHOS];

		if (!result->method)
			continue;
		result->ns[round] = measure(result, row);
		if (!result->method || row->count)
			continue;
		/* The next slice by what this one took. */
		count = plan->slice / result->ns[round];
		if (row->processes == 2)
			count /= 2;
		result->count = count < 1 ? 1 : (uint64_t)count;
	}
}

/* 0: the end. */
static void progress(unsigned int round, unsigned int rounds)
{
	if (!isatty(STDERR_FILENO))
		return;
	if (round)
		fprintf(stderr, "\rround %u/%u", round, rounds);
	else
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

int bench_run(struct bench *bench)
{
	struct results *results = calloc(NROWS, sizeof(*results));
	uint64_t start = now_ns();
	unsigned int round = 0;
	struct plan plan;
	int err = 0;
	size_t i;

	meeting = mmap(NULL, sizeof(*meeting), PROT_READ | PROT_WRITE,
		       MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (!results || meeting == MAP_FAILED)
		return -ENOMEM;
	raise_file_limit();
	for (i = 0; i < NROWS && !err; i++)
		err = results_init(&results[i], bench, rows[i]);
	if (!err) {
		plan = make_plan(bench, results);
		for (round = 0; round < bench->rounds; round++) {
			if (round >= ROUNDS_MIN &&
			    seconds_since(start) > 1.3 * bench->seconds)
				break;
			progress(round + 1, bench->rounds);
			for (i = 0; i < NROWS; i++)
				run_row(&results[i], round, &plan);
		}
		progress(0, 0);
		err = report(bench, results, NROWS, round,
			     seconds_since(start));
	}
	for (i = 0; i < NROWS; i++)
		if (results[i].row)
			results_release(&results[i]);
	munmap(meeting, sizeof(*meeting));
	free(results);
	return err;
}
