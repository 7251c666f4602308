/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * usage: bench [-m MAPFS] [-r MAPFS-RUN]
 *
 * Without a program what needs it is not measured.  With -c FD it is a caller:
 * see caller.h.
 *
 * This process mounts, waits and clears up; a child measures, so that nothing
 * is left behind however that ends.  (If this process is killed by SIGKILL,
 * its mounts go, but two directories stay.)
 */
#include "bench.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <linux/magic.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/statfs.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "caller.h"

#define ROUNDS	15u
#define SECONDS 65.0

/* The environment's number for 'name', or what it is without. */
static double number_from(const char *name, double def, double min)
{
	const char *text = getenv(name);
	double number;
	char *end;

	if (!text || !*text)
		return def;
	number = strtod(text, &end);
	if (*end || !(number >= min && number <= 1e6)) {
		fprintf(stderr, "bench: %s=%s: not a number from %g on\n", name,
			text, min);
		exit(2);
	}
	return number;
}

/* To be known before the run and not after it. */
static bool can_write(const char *path)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0666);

	if (fd < 0) {
		fprintf(stderr, "bench: %s: %s\n", path, strerror(errno));
		return false;
	}
	close(fd);
	return true;
}

static int make_dir(struct bench *bench)
{
	const char *tmp = getenv("TMPDIR");

	snprintf(bench->dir, sizeof(bench->dir), "%.*s/mapfs-bench-XXXXXX",
		 PATH_MAX - 64, tmp && *tmp ? tmp : "/tmp");
	return mkdtemp(bench->dir) ? 0 : -errno;
}

/* A directory of ours on tmpfs, if there is one to be found. */
static void make_tmpfs_dir(struct bench *bench)
{
	const char *const where[] = {
		"/dev/shm",
		getenv("XDG_RUNTIME_DIR"),
		"/tmp",
	};
	struct statfs fs;
	size_t i;

	for (i = 0; i < sizeof(where) / sizeof(where[0]); i++) {
		if (!where[i] || statfs(where[i], &fs) < 0 ||
		    fs.f_type != TMPFS_MAGIC)
			continue;
		snprintf(bench->tmpfs, sizeof(bench->tmpfs),
			 "%.40s/mapfs-bench-XXXXXX", where[i]);
		if (mkdtemp(bench->tmpfs))
			return;
	}
	bench->tmpfs[0] = '\0';
}

static int remove_file(const char *path, const struct stat *st, int type,
		       struct FTW *at)
{
	(void)st;
	(void)type;
	(void)at;
	return remove(path);
}

static void clear_up(struct bench *bench)
{
	mounts_stop(bench);
	if (bench->tmpfs[0])
		nftw(bench->tmpfs, remove_file, 8, FTW_DEPTH | FTW_PHYS);
	if (rmdir(bench->dir) < 0)
		fprintf(stderr, "bench: %s: %s\n", bench->dir, strerror(errno));
}

void bench_note(struct bench *bench, const char *format, ...)
{
	size_t len = strlen(bench->notes);
	char line[512];
	va_list args;

	va_start(args, format);
	vsnprintf(line, sizeof(line) - 1, format, args);
	va_end(args);
	strcat(line, "\n");
	if (!strstr(bench->notes, line))
		snprintf(bench->notes + len, sizeof(bench->notes) - len, "%s",
			 line);
}

static const struct part *const parts[] = { &mount_part, &hash_part, &lib_part,
					    &run_part };

#define NPARTS (sizeof(parts) / sizeof(parts[0]))

/* Is there a group in the part that was asked for, and its program? */
static bool is_wanted(const struct bench *bench, const struct part *part)
{
	const struct group *group = part->groups;

	if ((part == &mount_part || part == &lib_part) && !bench->mapfs)
		return false;
	if (part == &run_part && !bench->run)
		return false;
	while (group->name && !strstr(group->name, bench->rows))
		group++;
	return group->name;
}

static bool wants_mounts(const struct bench *bench)
{
	return is_wanted(bench, &mount_part) || is_wanted(bench, &lib_part);
}

/* In the child. */
static int measure_all(struct bench *bench)
{
	FILE *csv = fopen(bench->csv, "w");
	int err = 0;
	size_t i;

	if (!csv) {
		fprintf(stderr, "bench: %s: %s\n", bench->csv, strerror(errno));
		return 1;
	}
	report_csv_head(csv);
	for (i = 0; i < NPARTS && !err; i++) {
		if (is_wanted(bench, parts[i]))
			err = bench_run(bench, parts[i], csv);
		bench->notes[0] = '\0';
	}
	if (ferror(csv) && !err)
		err = -EIO;
	if (fclose(csv) && !err)
		err = -errno;
	if (!err)
		printf("\nThe same as CSV: %s\n", bench->csv);
	else
		fprintf(stderr, "bench: %s\n", strerror(-err));
	return err ? 1 : 0;
}

static pid_t start_child(struct bench *bench, const sigset_t *blocked)
{
	pid_t parent = getpid();
	pid_t pid = fork();

	if (pid)
		return pid;
	sigprocmask(SIG_UNBLOCK, blocked, NULL);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(1);
	exit(measure_all(bench));
}

/*
 * Until the child has ended, or a signal asks us to end and the child with
 * us: it may be waiting for a daemon that does not answer, so it is not waited
 * for.  The exit status.
 */
static int wait_for(pid_t child, const sigset_t *signals)
{
	int status;
	int sig;

	for (;;) {
		if (sigwait(signals, &sig))
			continue;
		if (sig != SIGCHLD) {
			kill(child, SIGKILL);
			return 128 + sig;
		}
		if (waitpid(child, &status, WNOHANG) == child)
			break;
	}
	if (WIFEXITED(status))
		return WEXITSTATUS(status);
	fprintf(stderr, "bench: %s\n", strsignal(WTERMSIG(status)));
	return 128 + WTERMSIG(status);
}

static int run(struct bench *bench)
{
	sigset_t signals;
	pid_t child;
	int res;

	/* What ends us waits until there is something to clear up. */
	sigemptyset(&signals);
	sigaddset(&signals, SIGINT);
	sigaddset(&signals, SIGTERM);
	sigaddset(&signals, SIGHUP);
	sigaddset(&signals, SIGQUIT);
	sigaddset(&signals, SIGCHLD);
	sigprocmask(SIG_BLOCK, &signals, NULL);
	if (wants_mounts(bench) && mounts_version(bench)) {
		fprintf(stderr, "bench: %s cannot be run\n", bench->mapfs);
		return 1;
	}
	res = make_dir(bench);
	if (res) {
		fprintf(stderr, "bench: %s: %s\n", bench->dir, strerror(-res));
		return 1;
	}
	make_tmpfs_dir(bench);
	cpus_choose(bench);
	cpus_pin(bench->cpu);
	if (wants_mounts(bench))
		mounts_start(bench);
	child = start_child(bench, &signals);
	res = child > 0 ? wait_for(child, &signals) : 1;
	clear_up(bench);
	return res;
}

static bool wants_any(const struct bench *bench)
{
	size_t i;

	for (i = 0; i < NPARTS; i++)
		if (is_wanted(bench, parts[i]))
			return true;
	return false;
}

static void parse_options(struct bench *bench, int argc, char **argv)
{
	int c;

	while ((c = getopt(argc, argv, "c:m:r:")) != -1) {
		switch (c) {
		case 'c':
			exit(caller_serve(atoi(optarg), STDOUT_FILENO, 0));
		case 'm':
			bench->mapfs = optarg;
			break;
		case 'r':
			bench->run = optarg;
			break;
		default:
			optind = argc + 1;
		}
	}
	if (optind == argc)
		return;
	fprintf(stderr, "usage: %s [-m MAPFS] [-r MAPFS-RUN]\n", argv[0]);
	exit(2);
}

int main(int argc, char **argv)
{
	struct bench bench = { 0 };

	parse_options(&bench, argc, argv);
	bench.rows = getenv("BENCH_ROWS");
	if (!bench.rows)
		bench.rows = "";
	bench.rounds = (unsigned int)number_from("BENCH_ROUNDS", ROUNDS, 1);
	bench.seconds = number_from("BENCH_SECONDS", SECONDS, 0.1);
	bench.csv = getenv("BENCH_CSV");
	if (!bench.csv || !*bench.csv)
		bench.csv = "bench.csv";
	if (!can_write(bench.csv))
		return 2;
	if (!wants_any(&bench)) {
		fprintf(stderr, "bench: BENCH_ROWS=%s: no such rows\n",
			bench.rows);
		return 2;
	}
	return run(&bench);
}
