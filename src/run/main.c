/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * mapfs-run: run a command whose bpf(2) calls for maps are answered here.
 */
#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "run/child.h"
#include "run/mount.h"
#include "run/run.h"
#include "run/serve.h"

static const char usage[] =
	"usage: mapfs-run [OPTIONS] COMMAND [ARGUMENT...]\n"
	"Run COMMAND with maps of mapfs in the place of the kernel's BPF maps.\n"
	"\n"
	"  -b, --bpffs DIR  let DIR stand for /sys/fs/bpf, where maps are pinned\n"
	"                 (default: a new directory, removed at the end)\n"
	"  -m, --mount DIR  let the maps be in the mapfs that is mounted at DIR,\n"
	"                 and pins names there\n"
	"  -t, --trace    print each call of bpf(2) and its result\n"
	"  -v, --verbose  tell what is refused, or only seems to be done\n"
	"  -h, --help     print this\n"
	"  -V, --version  print the version\n"
	"See mapfs-run(1).\n";

static const struct option long_options[] = {
	{ "bpffs", required_argument, NULL, 'b' },
	{ "mount", required_argument, NULL, 'm' },
	{ "trace", no_argument, NULL, 't' },
	{ "verbose", no_argument, NULL, 'v' },
	{ "help", no_argument, NULL, 'h' },
	{ "version", no_argument, NULL, 'V' },
	{ NULL, 0, NULL, 0 },
};

/* Directories that were given, or NULL. */
struct options {
	const char *bpffs;
	const char *mount;
};

/* 1: go on; 0: that was all; -1: an error, which has been printed. */
static int parse_options(struct run *run, struct options *options, int argc,
			 char **argv)
{
	int c;

	/* The command's options are its own. */
	while ((c = getopt_long(argc, argv, "+b:m:tvhV", long_options, NULL)) !=
	       -1) {
		switch (c) {
		case 'b':
			options->bpffs = optarg;
			break;
		case 'm':
			options->mount = optarg;
			break;
		case 't':
			run->trace = true;
			break;
		case 'v':
			run->verbose = true;
			break;
		case 'h':
			fputs(usage, stdout);
			return 0;
		case 'V':
			puts("mapfs-run " PACKAGE_VERSION);
			return 0;
		default:
			fputs(usage, stderr);
			return -1;
		}
	}
	if (options->bpffs && options->mount) {
		fprintf(stderr, "mapfs-run: pins are either in the mount or "
				"in another directory: not both -m and -b\n");
		return -1;
	}
	if (optind < argc)
		return 1;
	fprintf(stderr, "mapfs-run: no command given\n%s", usage);
	return -1;
}

/* Each map costs descriptors; the command has its limit already. */
static void raise_file_limit(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
		return;
	limit.rlim_cur = limit.rlim_max;
	setrlimit(RLIMIT_NOFILE, &limit);
}

/* Where maps and pins are to be.  -1: that cannot be, and it was said. */
static int open_places(struct run *run, const struct options *options)
{
	static struct mount mount;
	const char *place = options->mount ? options->mount : options->bpffs;
	int err = 0;

	if (options->mount) {
		err = mount_open(&mount, run, options->mount);
		run->mount = &mount;
	}
	if (!err)
		err = path_root_init(&run->bpffs, place);
	if (!err)
		return 0;
	fprintf(stderr, "mapfs-run: %s: %s\n",
		place ? place : "a directory for pins",
		err == -ENOTTY ? "no mapfs is mounted there" : strerror(-err));
	return -1;
}

static int serve(struct run *run, const struct options *options)
{
	sigset_t all, before;
	int err;

	if (open_places(run, options))
		return -1;
	/* What is made for a target has the target's. */
	umask(0);
	/* See region_seal_write. */
	signal(SIGIO, SIG_IGN);
	raise_file_limit();
	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, &before);
	err = objects_init(&run->objects);
	if (!err)
		err = serve_start(run);
	sigprocmask(SIG_SETMASK, &before, NULL);
	if (err)
		fprintf(stderr, "mapfs-run: %s\n", strerror(-err));
	return err;
}

int main(int argc, char **argv)
{
	struct run run = { 0 };
	struct options options = { 0 };
	struct child child;
	int status;
	int res = parse_options(&run, &options, argc, argv);

	if (res <= 0)
		return res ? CHILD_FAILED : 0;
	if (child_start(&child, argv + optind))
		return CHILD_FAILED;
	run.listener = child.listener;
	if (serve(&run, &options)) {
		kill(child.pid, SIGKILL);
		return CHILD_FAILED;
	}
	status = child_wait(&child);
	objects_end(&run.objects);
	path_root_release(&run.bpffs);
	child_exit(status);
}
