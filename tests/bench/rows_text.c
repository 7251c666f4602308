/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The files of text: entries/KEY, and dump as cat(1) reads and writes it.
 * What bpf(2) is measured at leaves out making and parsing text.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bench.h"
#include "kernel_map.h"

static int open_entries(struct subject *s)
{
	subject_path(s, "text", "entries", s->path);
	s->path_len = strlen(s->path);
	return 0;
}

/* Any of them; tmpfs has one file for all. */
static int open_entry(struct subject *s, int flags)
{
	if (s->who != WHO_TMPFS)
		snprintf(s->path + s->path_len, 16, "/%u",
			 subject_random(s, SMALL_ENTRIES));
	return open(s->path, flags | O_CLOEXEC);
}

static int run_entry_read(struct subject *s, uint64_t count)
{
	char text[64];
	ssize_t res;
	int fd;

	while (count--) {
		fd = open_entry(s, O_RDONLY);
		if (fd < 0)
			return -errno;
		res = read(fd, text, sizeof(text));
		close(fd);
		if (res <= 0)
			return -EIO;
	}
	return 0;
}

static int run_entry_write(struct subject *s, uint64_t count)
{
	ssize_t res;
	int fd;

	while (count--) {
		fd = open_entry(s, O_WRONLY | O_TRUNC);
		if (fd < 0)
			return -errno;
		res = write(fd, "1234567890\n", 11);
		if (close(fd) < 0 || res != 11)
			return -EIO;
	}
	return 0;
}

static const struct method entry_read_method = {
	.open = open_entries,
	.run = run_entry_read,
};

static const struct method entry_write_method = {
	.open = open_entries,
	.run = run_entry_write,
};

const struct row entry_read_row = {
	.name = "entries/KEY read",
	.method = {
		MAPFS(&entry_read_method),
		[WHO_BPF] = &bpf_lookup_method,
		[WHO_TMPFS] = &entry_read_method,
	},
};

const struct row entry_write_row = {
	.name = "entries/KEY write",
	.method = {
		MAPFS(&entry_write_method),
		[WHO_BPF] = &bpf_update_method,
		[WHO_TMPFS] = &entry_write_method,
	},
};

static int open_stat(struct subject *s)
{
	subject_path(s, "small", "elements", s->path);
	return 0;
}

static int run_stat(struct subject *s, uint64_t count)
{
	struct stat st;

	while (count--)
		if (stat(s->path, &st) < 0)
			return -errno;
	return 0;
}

static int run_info(struct subject *s, uint64_t count)
{
	struct bpf_map_info info;
	int err = 0;

	while (count-- && !err) {
		memset(&info, 0, sizeof(info));
		err = kernel_map_info(s->bench->bpf_small, &info);
	}
	return err;
}

static const struct method stat_method = {
	.open = open_stat,
	.run = run_stat,
};

static const struct method info_method = { .run = run_info };

const struct row stat_row = {
	.name = "stat elements",
	.method = {
		MAPFS(&stat_method),
		[WHO_BPF] = &info_method,
		[WHO_TMPFS] = &stat_method,
	},
};

const struct row stat_apart_row = {
	.name = "stat, other CPU",
	.method = {
		MAPFS(&stat_method),
		[WHO_BPF] = &info_method,
		[WHO_TMPFS] = &stat_method,
	},
	.apart = true,
};

static int open_dump(struct subject *s)
{
	subject_path(s, "dump", "dump", s->path);
	s->buf = calloc(1, CAT_BYTES);
	return s->buf ? 0 : -ENOMEM;
}

static int run_dump(struct subject *s, uint64_t count)
{
	int fd = open(s->path, O_RDONLY | O_CLOEXEC);
	size_t done = 0;
	ssize_t res;

	(void)count;
	if (fd < 0)
		return -errno;
	while ((res = read(fd, s->buf, CAT_BYTES)) > 0)
		done += (size_t)res;
	close(fd);
	return done == s->bench->text_len ? 0 : -EIO;
}

static int run_undump(struct subject *s, uint64_t count)
{
	int fd = open(s->path, O_WRONLY | O_TRUNC | O_CLOEXEC);
	int err;

	(void)count;
	if (fd < 0)
		return -errno;
	err = write_all(fd, s->bench->text, s->bench->text_len, CAT_BYTES);
	if (close(fd) < 0 && !err)
		err = -errno;
	return err;
}

static int run_walk(struct subject *s, uint64_t count)
{
	union bpf_attr next;
	union bpf_attr elem;
	uint64_t value;
	uint32_t key = 0;
	int err;

	kernel_map_elem(&next, s->bench->bpf_big, NULL, &key);
	kernel_map_elem(&elem, s->bench->bpf_big, &key, &value);
	while (count--) {
		err = kernel_map_call(BPF_MAP_GET_NEXT_KEY, &next);
		if (!err)
			err = kernel_map_call(BPF_MAP_LOOKUP_ELEM, &elem);
		if (err)
			return err;
		next.key = (uintptr_t)&key;
	}
	return 0;
}

static int run_update_all(struct subject *s, uint64_t count)
{
	union bpf_attr attr;
	uint64_t value;
	uint32_t key = 0;
	int err = 0;

	kernel_map_elem(&attr, s->bench->bpf_big, &key, &value);
	for (key = 0; key < count && !err; key++) {
		value = s->bench->values[key];
		err = kernel_map_call(BPF_MAP_UPDATE_ELEM, &attr);
	}
	return err;
}

static int open_batch(struct subject *s)
{
	s->buf = calloc(MIB + MIB / 2, 1);
	return s->buf ? 0 : -ENOMEM;
}

static int run_walk_batch(struct subject *s, uint64_t count)
{
	uint64_t *values = s->buf;
	uint32_t *keys = (uint32_t *)(values + MIB_ENTRIES);
	uint64_t at;
	int64_t done;

	for (at = 0; at < count; at += (uint64_t)done) {
		done = kernel_map_lookup_batch(s->bench->bpf_big, (uint32_t)at,
					       keys, values, MIB_ENTRIES);
		if (done <= 0)
			return done ? (int)done : -EIO;
	}
	return 0;
}

static int run_update_batch(struct subject *s, uint64_t count)
{
	uint64_t at;
	int64_t done;

	for (at = 0; at < count; at += (uint64_t)done) {
		uint64_t left = count - at;

		done = kernel_map_update_batch(
			s->bench->bpf_big, (uint32_t)at, s->bench->keys,
			s->bench->values + at,
			left < MIB_ENTRIES ? (uint32_t)left : MIB_ENTRIES);
		if (done <= 0)
			return done ? (int)done : -EIO;
	}
	return 0;
}

static const struct method dump_method = {
	.open = open_dump,
	.run = run_dump,
};

static const struct method undump_method = {
	.open = open_dump,
	.run = run_undump,
};

static const struct method walk_method = { .run = run_walk };
static const struct method update_all_method = { .run = run_update_all };

static const struct method walk_batch_method = {
	.open = open_batch,
	.run = run_walk_batch,
};

static const struct method update_batch_method = { .run = run_update_batch };

/* A line's on average: a value of ten digits, two blanks, and the key. */
#define LINE_BYTES (10 + 2 + 5.88889)

const struct row dump_row = {
	.name = "dump 1M, read",
	.method = {
		MAPFS(&dump_method),
		[WHO_BPF] = &walk_method,
		[WHO_BATCH] = &walk_batch_method,
		[WHO_TMPFS] = &dump_method,
	},
	.one_mode = true,
	.count = BIG_ENTRIES,
	.bytes = LINE_BYTES,
};

const struct row undump_row = {
	.name = "dump 1M, write",
	.method = {
		MAPFS(&undump_method),
		[WHO_BPF] = &update_all_method,
		[WHO_BATCH] = &update_batch_method,
		[WHO_TMPFS] = &undump_method,
	},
	.one_mode = true,
	.count = BIG_ENTRIES,
	.bytes = LINE_BYTES,
};
