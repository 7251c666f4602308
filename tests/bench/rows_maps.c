/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Making and removing maps, a thousand at a time: by specs written to create
 * and rmdir; by bpf(BPF_MAP_CREATE) and close; and, to compare, files of the
 * same size on tmpfs by creat, ftruncate and unlink.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bench.h"
#include "kernel_map.h"

#define MAPS	    1000u
#define MAP_ENTRIES 1024u

static int open_create(struct subject *s)
{
	snprintf(s->path, sizeof(s->path), "%.*s/create", PATH_MAX - 32,
		 s->bench->mounts[s->who].path);
	s->fd = open(s->path, O_WRONLY | O_CLOEXEC);
	if (s->fd < 0)
		return -errno;
	s->path_len = strlen(s->path) - strlen("create");
	s->buf = malloc(MAPS * 64);
	return s->buf ? 0 : -ENOMEM;
}

static int print_spec(char *text, unsigned int number)
{
	return sprintf(text, "n%u type array key 4 value 8 entries %u\n",
		       number, MAP_ENTRIES);
}

static int run_create(struct subject *s, uint64_t count)
{
	char spec[64];
	unsigned int i;
	int len;

	for (i = 0; i < count; i++) {
		len = print_spec(spec, i);
		if (write(s->fd, spec, (size_t)len) != len)
			return -errno;
	}
	return 0;
}

static int print_specs(struct subject *s, uint64_t count)
{
	char *at = s->buf;
	unsigned int i;

	for (i = 0; i < count; i++)
		at += print_spec(at, i);
	return 0;
}

static int run_create_many(struct subject *s, uint64_t count)
{
	size_t len = strlen(s->buf);

	(void)count;
	return write(s->fd, s->buf, len) == (ssize_t)len ? 0 : -errno;
}

static int run_rmdir(struct subject *s, uint64_t count)
{
	unsigned int i;

	for (i = 0; i < count; i++) {
		snprintf(s->path + s->path_len, 16, "n%u", i);
		if (rmdir(s->path) < 0)
			return -errno;
	}
	return 0;
}

static int open_kernel(struct subject *s)
{
	s->buf = calloc(MAPS, sizeof(int));
	return s->buf ? 0 : -ENOMEM;
}

static int run_kernel_create(struct subject *s, uint64_t count)
{
	int *fds = s->buf;
	unsigned int i;

	for (i = 0; i < count; i++) {
		fds[i] = kernel_map_create(MAP_ENTRIES, 0);
		if (fds[i] < 0)
			return fds[i];
	}
	return 0;
}

static int run_kernel_close(struct subject *s, uint64_t count)
{
	int *fds = s->buf;
	unsigned int i;

	for (i = 0; i < count; i++)
		close(fds[i]);
	return 0;
}

static int open_files(struct subject *s)
{
	snprintf(s->path, sizeof(s->path), "%s/", s->bench->tmpfs);
	s->path_len = strlen(s->path);
	return 0;
}

static int run_file_create(struct subject *s, uint64_t count)
{
	unsigned int i;
	int err;
	int fd;

	for (i = 0; i < count; i++) {
		snprintf(s->path + s->path_len, 16, "n%u", i);
		fd = open(s->path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
		if (fd < 0)
			return -errno;
		err = ftruncate(fd, MAP_ENTRIES * 8) < 0 ? -errno : 0;
		close(fd);
		if (err)
			return err;
	}
	return 0;
}

static int run_unlink(struct subject *s, uint64_t count)
{
	unsigned int i;

	for (i = 0; i < count; i++) {
		snprintf(s->path + s->path_len, 16, "n%u", i);
		if (unlink(s->path) < 0)
			return -errno;
	}
	return 0;
}

static const struct method create_method = {
	.open = open_create,
	.run = run_create,
	.after = run_rmdir,
};

static const struct method create_many_method = {
	.open = open_create,
	.before = print_specs,
	.run = run_create_many,
	.after = run_rmdir,
};

static const struct method rmdir_method = {
	.open = open_create,
	.before = run_create,
	.run = run_rmdir,
};

static const struct method kernel_create_method = {
	.open = open_kernel,
	.run = run_kernel_create,
	.after = run_kernel_close,
};

static const struct method kernel_close_method = {
	.open = open_kernel,
	.before = run_kernel_create,
	.run = run_kernel_close,
};

static const struct method file_create_method = {
	.open = open_files,
	.run = run_file_create,
	.after = run_unlink,
};

static const struct method unlink_method = {
	.open = open_files,
	.before = run_file_create,
	.run = run_unlink,
};

const struct row create_row = {
	.name = "create, 1 a write",
	.method = {
		MAPFS(&create_method),
		[WHO_BPF] = &kernel_create_method,
		[WHO_TMPFS] = &file_create_method,
	},
	.one_mode = true,
	.count = MAPS,
};

const struct row create_many_row = {
	.name = "create, 1000 a write",
	.method = {
		MAPFS(&create_many_method),
		[WHO_BPF] = &kernel_create_method,
		[WHO_TMPFS] = &file_create_method,
	},
	.one_mode = true,
	.count = MAPS,
};

const struct row rmdir_row = {
	.name = "rmdir",
	.method = {
		MAPFS(&rmdir_method),
		[WHO_BPF] = &kernel_close_method,
		[WHO_TMPFS] = &unlink_method,
	},
	.one_mode = true,
	.count = MAPS,
};
