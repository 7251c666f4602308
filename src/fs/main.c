/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * mapfs: the daemon's start and end.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "fs/dir.h"
#include "fs/messages.h"
#include "fs/mount.h"
#include "fs/space.h"
#include "fs/waits.h"

/* Every map costs descriptors: take what the system lets a process have. */
static void raise_file_limit(void)
{
	struct rlimit limit;
	unsigned long most = 0;
	FILE *file = fopen("/proc/sys/fs/nr_open", "re");

	if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
		goto out;
	if (file && fscanf(file, "%lu", &most) == 1 && most > limit.rlim_max) {
		struct rlimit raised = { most, most };

		/* Root's to do. */
		if (setrlimit(RLIMIT_NOFILE, &raised) == 0)
			goto out;
	}
	limit.rlim_cur = limit.rlim_max;
	setrlimit(RLIMIT_NOFILE, &limit);
out:
	if (file)
		fclose(file);
}

static int fs_init(struct fs *fs, const struct options *options)
{
	memset(fs, 0, sizeof(*fs));
	fs->io_wanted = options->io;
	fs->access.uid = geteuid();
	fs->access.gid = getegid();
	/* As /tmp: everybody makes maps, nobody removes another's. */
	fs->access.mode = 01777;
	clock_gettime(CLOCK_REALTIME, &fs->start);
	fs->messages = messages_new();
	if (!fs->messages)
		return -ENOMEM;
	keys_init(&fs->keys);
	waits_init(&fs->waits);
	space_init(&fs->space);
	charge_domain_init(&fs->charges, options->memlimit,
			   options->memlimit_user);
	charge_domain_init(&fs->opens, UINT64_MAX, FS_OPENS_USER);
	charge_domain_init(&fs->drafts, UINT64_MAX, FS_DRAFTS_USER);
	return dirs_init(fs);
}

static void fs_release(struct fs *fs)
{
	dirs_release(fs);
	waits_release(&fs->waits);
	keys_release(&fs->keys);
	charge_domain_release(&fs->charges);
	charge_domain_release(&fs->opens);
	charge_domain_release(&fs->drafts);
	messages_free(fs->messages);
}

static int make_map(struct fs *fs, const char *line, size_t len,
		    struct fmt_error *error)
{
	struct creds creds = { geteuid(), getegid(), getpid() };
	mode_t mask = umask(0);
	struct spec spec;
	int res;

	umask(mask);
	res = spec_parse(line, len, true, &spec, error);
	if (res > 0)
		res = dir_create_map(fs, NULL, &spec, &creds, mask, NULL,
				     error);
	return res;
}

/* -o maps=FILE: all of them or no mount. */
static int make_maps(struct fs *fs, const char *path)
{
	struct fmt_error error = { "" };
	unsigned int number = 0;
	size_t size = 0;
	char *line = NULL;
	ssize_t len;
	int err = 0;
	FILE *file = fopen(path, "re");

	if (!file) {
		err = -errno;
		fprintf(stderr, "mapfs: %s: %s\n", path, strerror(-err));
		return err;
	}
	while (!err && (len = getline(&line, &size, file)) > 0) {
		number++;
		if (line[len - 1] == '\n')
			len--;
		err = make_map(fs, line, (size_t)len, &error);
		if (err)
			fprintf(stderr, "mapfs: %s:%u: %s\n", path, number,
				error.msg[0] ? error.msg : strerror(-err));
	}
	if (!err && ferror(file)) {
		err = -EIO;
		fprintf(stderr, "mapfs: %s: cannot be read\n", path);
	}
	free(line);
	fclose(file);
	return err;
}

static int run(struct options *options, int ready)
{
	struct attendant attendant = { .fd = -1 };
	struct fs fs;
	int err = 0;

	/* What mount.fuse3 has mounted is its own to take away. */
	if (strncmp(options->mountpoint, "/dev/fd/", 8) != 0)
		err = attendant_start(&attendant, options->mountpoint, ready);
	raise_file_limit();
	if (!err)
		err = fs_init(&fs, options);
	if (err) {
		fprintf(stderr, "mapfs: %s\n", strerror(-err));
		attendant_end(&attendant);
		return err;
	}
	if (options->maps)
		err = make_maps(&fs, options->maps);
	if (!err)
		err = mount_serve(&fs, options, &attendant, ready);
	attendant_end(&attendant);
	fs_release(&fs);
	return err;
}

/*
 * The child is the daemon; it keeps our stderr until the mount answers, so
 * that whatever goes wrong is said to the one who asked.  Without a word from
 * it, its end is the answer.
 */
static int run_in_background(struct options *options)
{
	int status;
	int fds[2];
	char byte;
	ssize_t res;
	pid_t pid;

	if (pipe2(fds, O_CLOEXEC) < 0 || (pid = fork()) < 0) {
		fprintf(stderr, "mapfs: %s\n", strerror(errno));
		return -errno;
	}
	if (pid == 0) {
		close(fds[0]);
		setsid();
		return run(options, fds[1]);
	}
	close(fds[1]);
	do
		res = read(fds[0], &byte, 1);
	while (res < 0 && errno == EINTR);
	if (res == 1)
		return 0;
	if (waitpid(pid, &status, 0) == pid && WIFSIGNALED(status))
		fprintf(stderr, "mapfs: the daemon died: %s\n",
			strsignal(WTERMSIG(status)));
	return -EIO;
}

int main(int argc, char **argv)
{
	struct options options;
	int res = options_parse(&options, argc, argv);

	if (res > 0)
		res = options.foreground ? run(&options, -1) :
					   run_in_background(&options);
	options_release(&options);
	return res < 0 ? 1 : 0;
}
