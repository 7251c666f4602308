/* SPDX-License-Identifier: BSD-2-Clause */
#include "measure.h"

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
#include <sys/wait.h>
#include <unistd.h>

#include "stats.h"

#define PIECES	   15u	 /* of a measurement */
#define WARM_SHARE 5u	 /* before them, of their number */
#define PIECES_MAX 2048u /* where they cannot be as large as they should */

#define NS_MAX	   (PIECES_MAX + 1 + PIECES_MAX / WARM_SHARE)

/*
 * A measurement is made in pieces, of which the median counts: so what else
 * the CPU has to do falls out unless it takes most of the time.  Some more are
 * made before them, to have caches as they are in use, unless the number of
 * operations is fixed.
 */
struct pieces {
	unsigned int number;
	unsigned int warm; /* those before */
	uint64_t count;	   /* operations in each */
	uint64_t end;	   /* when no more are begun */
};

/* What the second process is told to do. */
struct command {
	size_t row;
	enum who who;
	struct pieces pieces;
};

/* Where the two processes meet before each piece and at the end. */
struct meeting {
	atomic_uint arrived;
	atomic_uint last; /* piece */
	int err;	  /* of the second */
	double ns[NS_MAX];
};

static struct meeting *meeting;
static unsigned int meetings; /* that this process was at */

static struct {
	pid_t pid; /* 0: not there */
	int commands;
} second;

bool by_two(const struct bench *bench, const struct row *row)
{
	return row->processes == 2 && (!row->once || bench->two_cpus);
}

static struct pieces pieces_of(const struct result *result, uint64_t end)
{
	const struct subject *s = &result->subject;
	struct pieces pieces = { .number = 1, .count = s->fixed, .end = end };
	uint64_t number;

	if (s->fixed)
		return pieces;
	pieces.count = result->count / PIECES;
	if (!pieces.count)
		pieces.count = 1;
	if (s->step)
		pieces.count += s->step - 1 - (pieces.count - 1) % s->step;
	if (s->most && pieces.count > s->most)
		pieces.count = s->most;
	number = result->count / pieces.count;
	pieces.number = number > PIECES_MAX ? PIECES_MAX : (unsigned int)number;
	if (!pieces.number)
		pieces.number = 1;
	pieces.warm = 1 + pieces.number / WARM_SHARE;
	return pieces;
}

static bool has_ended(pid_t pid)
{
	siginfo_t info = { 0 };

	return waitid(P_PID, (id_t)pid, &info, WEXITED | WNOHANG | WNOWAIT) <
		       0 ||
	       info.si_pid;
}

/* Wait for the other; 'child' is its id, if it is one. */
static void meet(pid_t child)
{
	unsigned int tries = 0;

	meetings += 2;
	atomic_fetch_add(&meeting->arrived, 1);
	while ((int)(atomic_load(&meeting->arrived) - meetings) < 0) {
		if (++tries % 256)
			continue;
		if (child && has_ended(child))
			break;
		sched_yield();
	}
}

/*
 * Is piece number i the last?  The first process says so, before both do it:
 * there are no more, or there is no more time.
 */
static bool is_last(const struct pieces *pieces, unsigned int i)
{
	return i + 1 >= pieces->number + pieces->warm ||
	       (i >= pieces->warm && now_ns() > pieces->end);
}

/* Both come to all meetings, whatever fails; 'err' may be an error already. */
static int run_beside(const struct method *method, struct subject *s,
		      const struct pieces *pieces, pid_t child, double *ns,
		      int err)
{
	uint64_t start;
	unsigned int i;

	for (i = 0; i == 0 || i - 1 != atomic_load(&meeting->last); i++) {
		if (!err && method->before)
			err = method->before(s, pieces->count);
		if (!s->second && is_last(pieces, i))
			atomic_store(&meeting->last, i);
		meet(child);
		start = now_ns();
		if (!err)
			err = method->run(s, pieces->count);
		ns[i] = (double)(now_ns() - start) / (double)pieces->count;
		if (!err && method->after)
			err = method->after(s, pieces->count);
	}
	return err;
}

static int run_alone(const struct method *method, struct subject *s,
		     struct pieces *pieces, double *ns)
{
	unsigned int i = 0;
	uint64_t start;
	bool last;
	int err = 0;

	do {
		last = is_last(pieces, i);
		if (method->before)
			err = method->before(s, pieces->count);
		start = now_ns();
		if (!err)
			err = method->run(s, pieces->count);
		ns[i++] = (double)(now_ns() - start) / (double)pieces->count;
		if (!err && method->after)
			err = method->after(s, pieces->count);
	} while (!err && !last);
	pieces->number = i - pieces->warm;
	return err;
}

static void obey(const struct command *command, const struct method *method,
		 struct subject *s, const struct bench *bench)
{
	int err = 0;

	if (!s->bench) {
		subject_init(s, bench, command->who);
		s->second = true;
		if (method->open)
			err = method->open(s);
	}
	meeting->err =
		run_beside(method, s, &command->pieces, 0, meeting->ns, err);
	meet(0);
}

static void second_process(const struct bench *bench,
			   const struct row *const *rows, size_t nrows, int fd)
{
	struct subject *subjects = calloc(nrows * WHOS, sizeof(*subjects));
	struct command command;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	cpus_pin(bench->other_cpu);
	while (subjects &&
	       read(fd, &command, sizeof(command)) == (ssize_t)sizeof(command))
		obey(&command, rows[command.row]->method[command.who],
		     &subjects[command.row * WHOS + command.who], bench);
	_exit(0);
}

int measure_start(const struct bench *bench, const struct row *const *rows)
{
	size_t nrows = 0;
	int fds[2];

	if (!bench->two_cpus)
		return 0;
	while (rows[nrows])
		nrows++;
	meeting = mmap(NULL, sizeof(*meeting), PROT_READ | PROT_WRITE,
		       MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (meeting == MAP_FAILED)
		return -errno;
	meetings = 0;
	if (pipe(fds) < 0)
		return -errno;
	fflush(NULL);
	second.pid = fork();
	if (second.pid == 0) {
		close(fds[1]);
		second_process(bench, rows, nrows, fds[0]);
	}
	close(fds[0]);
	second.commands = fds[1];
	return second.pid < 0 ? -errno : 0;
}

void measure_stop(void)
{
	if (second.pid > 0) {
		close(second.commands);
		waitpid(second.pid, NULL, 0);
		munmap(meeting, sizeof(*meeting));
	}
	second.pid = 0;
}

/* A piece takes as long as its slower process; both make operations. */
static int run_two(struct result *result, struct pieces *pieces, size_t n,
		   double *ns)
{
	struct subject *s = &result->subject;
	struct command command = { n, s->who, *pieces };
	unsigned int i;
	int err;
	meeting->err = -ECHILD;
	atomic_store(&meeting->last, UINT_MAX);
	if (second.pid <= 0 || has_ended(second.pid) ||
	    write(second.commands, &command, sizeof(command)) !=
		    (ssize_t)sizeof(command))
		return -ECHILD;
	err = run_beside(result->method, s, pieces, second.pid, ns, 0);
	meet(second.pid);
	pieces->number = atomic_load(&meeting->last) + 1 - pieces->warm;
	for (i = 0; i < pieces->number + pieces->warm; i++) {
		if (ns[i] < meeting->ns[i])
			ns[i] = meeting->ns[i];
		ns[i] /= 2;
	}
	return err ? err : meeting->err;
}

double measure(struct result *result, const struct row *row, size_t n,
	       double limit)
{
	const struct bench *bench = result->subject.bench;
	struct pieces pieces = pieces_of(result, now_ns() + (uint64_t)limit);
	double ns[NS_MAX];
	int err;

	if (row->apart)
		cpus_pin(bench->other_cpu);
	if (by_two(bench, row))
		err = run_two(result, &pieces, n, ns);
	else
		err = run_alone(result->method, &result->subject, &pieces, ns);
	if (row->apart)
		cpus_pin(bench->cpu);
	if (err) {
		result->err = err;
		result->method = NULL;
		return NAN;
	}
	return stats_of(ns + pieces.warm, pieces.number).median;
}
