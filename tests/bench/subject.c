/* SPDX-License-Identifier: BSD-2-Clause */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "bench.h"
#include "mapfs/mapfs.h"

uint64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

void subject_init(struct subject *s, const struct bench *bench, enum who who)
{
	memset(s, 0, sizeof(*s));
	s->bench = bench;
	s->who = who;
	s->fd = -1;
	s->random = (uint64_t)getpid();
}

void subject_release(struct subject *s)
{
	if (s->base)
		munmap(s->base, s->size);
	if (s->fd >= 0)
		close(s->fd);
	mapfs_close(s->map);
	free(s->buf);
	s->base = NULL;
	s->fd = -1;
	s->buf = NULL;
	s->map = NULL;
}

/* On tmpfs a map is one file. */
void subject_path(const struct subject *s, const char *map, const char *file,
		  char path[PATH_MAX])
{
	if (s->who == WHO_TMPFS)
		snprintf(path, PATH_MAX, "%s/%s", s->bench->tmpfs, map);
	else
		snprintf(path, PATH_MAX, "%.*s/%s/%s", PATH_MAX - 64,
			 s->bench->mounts[s->who].path, map, file);
}

int subject_open(struct subject *s, const char *map, const char *file,
		 int flags)
{
	char path[PATH_MAX];

	subject_path(s, map, file, path);
	s->fd = open(path, flags | O_CLOEXEC);
	return s->fd < 0 ? -errno : 0;
}

int subject_map(struct subject *s, int fd, size_t size)
{
	void *base =
		mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

	if (base == MAP_FAILED)
		return -errno;
	s->base = base;
	s->size = size;
	return 0;
}

int write_all(int fd, const void *buf, size_t size, size_t piece)
{
	const char *at = buf;
	ssize_t res;

	for (; size; at += res, size -= (size_t)res) {
		res = write(fd, at, size < piece ? size : piece);
		if (res < 0)
			return -errno;
	}
	return 0;
}
