/* SPDX-License-Identifier: BSD-2-Clause */
#include "fs/options.h"

#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/topology.h"
#include "fs/io.h"
#include "fs/passthrough.h"

/* The words as given, before they are looked at. */
struct raw_options {
	char *words[2];
	int nwords;
	char *maps;
	char *memlimit;
	char *memlimit_user;
	char *io;
	int foreground;
	int debug;
	int help;
	int version;
};

enum { KEY_UNSAFE };

#define OPTION(template, field)                                  \
	{                                                        \
		template, offsetof(struct raw_options, field), 1 \
	}

static const struct fuse_opt option_table[] = {
	OPTION("maps=%s", maps), OPTION("memlimit=%s", memlimit),
	OPTION("memlimit_user=%s", memlimit_user), OPTION("io=%s", io),
	OPTION("-f", foreground), OPTION("--foreground", foreground),
	OPTION("-d", debug), OPTION("debug", debug), OPTION("-h", help),
	OPTION("--help", help), OPTION("-V", version),
	OPTION("--version", version),
	/* mount(8) passes these by default: see options_add_fixed. */
	FUSE_OPT_KEY("dev", KEY_UNSAFE), FUSE_OPT_KEY("suid", KEY_UNSAFE),
	FUSE_OPT_END
};

static const char usage[] =
	"usage: mapfs [-f] [-o OPTION[,OPTION...]] [SOURCE] DIR\n"
	"       mount -t fuse.mapfs [-o OPTION[,OPTION...]] SOURCE DIR\n"
	"Mount a filesystem of shared-memory maps at DIR.\n"
	"\n"
	"  -f, --foreground     stay in the foreground\n"
	"  -d, -o debug         print every request (implies -f)\n"
	"  -h, --help           print this\n"
	"  -V, --version        print versions\n"
	"  -o maps=FILE         make the maps whose specs FILE holds, one a line\n"
	"  -o memlimit=SIZE     memory all maps may take: bytes, or with k, m, g, t\n"
	"                       behind, or N% of the machine's (100%)\n"
	"  -o memlimit_user=SIZE  memory the maps of one user other than root may\n"
	"                       take (50%)\n"
	"  -o io=HOW            how element files reach memory: auto, passthrough,\n"
	"                       symlink, cached or daemon (auto)\n"
	"  -o allow_other       let other users in (default when root mounts)\n"
	"and the options of fuse(8).  See mapfs(1), mapfs(5).\n";

static int option_proc(void *data, const char *arg, int key,
		       struct fuse_args *outargs)
{
	struct raw_options *raw = data;

	(void)outargs;
	if (key == KEY_UNSAFE)
		return 0;
	if (key != FUSE_OPT_KEY_NONOPT)
		return 1;
	if (raw->nwords == 2) {
		fprintf(stderr, "mapfs: '%s': one word too many\n", arg);
		return -1;
	}
	raw->words[raw->nwords] = strdup(arg);
	if (!raw->words[raw->nwords++])
		return -1;
	return 0;
}

/* "4096", "512m", "50%". */
static int parse_size(const char *option, const char *text, uint64_t *size)
{
	static const char units[] = "kmgt";
	unsigned int shift = 0;
	const char *unit;
	uint64_t number;
	char *end;

	errno = 0;
	number = strtoull(text, &end, 10);
	if (*text < '0' || *text > '9' || errno)
		goto err;
	if (*end == '%' && !end[1] && number <= 100) {
		*size = topology_memory() / 100 * number;
		return 0;
	}
	if (*end) {
		unit = strchr(units, *end | 0x20);
		if (!unit || end[1])
			goto err;
		shift = 10 * (unsigned int)(unit - units + 1);
	}
	if (number > UINT64_MAX >> shift)
		goto err;
	*size = number << shift;
	return 0;

err:
	fprintf(stderr,
		"mapfs: %s=%s: neither a size (bytes, or k, m, g, t) "
		"nor a percentage\n",
		option, text);
	return -EINVAL;
}

static int parse_values(struct options *options, const struct raw_options *raw)
{
	int err;

	options->memlimit = topology_memory();
	options->memlimit_user = topology_memory() / 2;
	if (raw->memlimit) {
		err = parse_size("memlimit", raw->memlimit, &options->memlimit);
		if (err)
			return err;
	}
	if (raw->memlimit_user) {
		err = parse_size("memlimit_user", raw->memlimit_user,
				 &options->memlimit_user);
		if (err)
			return err;
	}
	options->io = IO_AUTO;
	if (raw->io && strcmp(raw->io, "auto") != 0) {
		options->io = io_mode_by_name(raw->io);
		if (options->io == IO_AUTO) {
			fprintf(stderr,
				"mapfs: io=%s: not auto, passthrough, "
				"symlink, cached or daemon\n",
				raw->io);
			return -EINVAL;
		}
	}
	options->foreground = raw->foreground || raw->debug;
	return 0;
}

/* The source may be as long as the kernel takes it. */
static int add_source(struct options *options, const struct raw_options *raw)
{
	char *arg;
	int err;

	if (asprintf(&arg, "-ofsname=%s,subtype=mapfs",
		     raw->nwords == 2 && !strpbrk(raw->words[0], ",\\") ?
			     raw->words[0] :
			     "mapfs") < 0) {
		fprintf(stderr, "mapfs: %s\n", strerror(ENOMEM));
		return -ENOMEM;
	}
	err = fuse_opt_add_arg(&options->args, arg);
	free(arg);
	return err;
}

/* fuse.conf(5) says whether others than root may let others in. */
static int options_add_fixed(struct options *options,
			     const struct raw_options *raw)
{
	if (add_source(options, raw) ||
	    fuse_opt_add_arg(&options->args,
			     "-onosuid,nodev,default_permissions") ||
	    (geteuid() == 0 &&
	     fuse_opt_add_arg(&options->args, "-oallow_other")) ||
	    (raw->debug && fuse_opt_add_arg(&options->args, "-odebug")))
		return -ENOMEM;
	return 0;
}

static int parse_mountpoint(struct options *options,
			    const struct raw_options *raw)
{
	const char *word;
	struct stat st;

	if (!raw->nwords) {
		fprintf(stderr, "mapfs: no mount point given\n%s", usage);
		return -EINVAL;
	}
	word = raw->words[raw->nwords - 1];
	/* mount.fuse3 -o drop_privileges: mounted already, on descriptor N. */
	if (strncmp(word, "/dev/fd/", 8) == 0)
		options->mountpoint = strdup(word);
	else
		options->mountpoint = realpath(word, NULL);
	/* A dead mount cannot be resolved: mount_prepare sees to it. */
	if (!options->mountpoint && errno == ENOTCONN && word[0] == '/')
		options->mountpoint = strdup(word);
	if (!options->mountpoint) {
		fprintf(stderr, "mapfs: %s: %s\n", word, strerror(errno));
		return -errno;
	}
	/* libfuse would mount the root over a file, and make it one. */
	if (stat(options->mountpoint, &st) == 0 && !S_ISDIR(st.st_mode) &&
	    strncmp(word, "/dev/fd/", 8) != 0) {
		fprintf(stderr, "mapfs: %s: %s\n", word, strerror(ENOTDIR));
		return -ENOTDIR;
	}
	return 0;
}

static void raw_release(struct raw_options *raw)
{
	free(raw->words[0]);
	free(raw->words[1]);
	free(raw->maps);
	free(raw->memlimit);
	free(raw->memlimit_user);
	free(raw->io);
}

static void print_version(void)
{
	printf("mapfs %s\nlibfuse %s, passthrough by %s\n", PACKAGE_VERSION,
	       fuse_pkgversion(), passthrough_by);
}

int options_parse(struct options *options, int argc, char **argv)
{
	struct fuse_args args = FUSE_ARGS_INIT(argc, argv);
	struct raw_options raw = { 0 };
	int res = 0;

	memset(options, 0, sizeof(*options));
	options->args = args;
	if (fuse_opt_parse(&options->args, &raw, option_table, option_proc)) {
		fputs(usage, stderr);
		res = -EINVAL;
	} else if (raw.help) {
		fputs(usage, stdout);
	} else if (raw.version) {
		print_version();
	} else {
		res = parse_values(options, &raw);
		if (!res)
			res = parse_mountpoint(options, &raw);
		if (!res)
			res = options_add_fixed(options, &raw);
		if (!res && raw.maps) {
			options->maps = raw.maps;
			raw.maps = NULL;
		}
		if (!res)
			res = 1;
	}
	raw_release(&raw);
	return res;
}

void options_release(struct options *options)
{
	fuse_opt_free_args(&options->args);
	free(options->mountpoint);
	free(options->maps);
}
