/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the rows work on.  Everybody has the same elements, written once from
 * end to end, so that no one reads holes.
 *
 *	small	elements that are read and written one by one
 *	big	elements that are read and written by the MiB
 *	text	entries/, apart as it makes mode cached drop what it caches
 *	dump	dump
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "bench.h"
#include "kernel_map.h"

static const struct map_data {
	const char *name;
	uint32_t entries;
} maps[] = {
	{ "small", SMALL_ENTRIES },
	{ "big", BIG_ENTRIES },
	{ "text", SMALL_ENTRIES },
	{ "dump", BIG_ENTRIES },
};

#define NMAPS (sizeof(maps) / sizeof(maps[0]))

/* Of ten digits, so that the size of a dump is known. */
static uint64_t value_of(uint32_t key)
{
	return 1000000000u + key * 2654435761u % 3000000000u;
}

static int make_buffers(struct bench *bench)
{
	char *at;
	uint32_t i;

	bench->keys = calloc(BIG_ENTRIES, sizeof(*bench->keys));
	bench->values = calloc(BIG_ENTRIES, sizeof(*bench->values));
	bench->text = malloc(BIG_ENTRIES * sizeof("1000000 4294967295"));
	bench->memory = mmap(NULL, SMALL_ENTRIES * 8, PROT_READ | PROT_WRITE,
			     MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (!bench->keys || !bench->values || !bench->text ||
	    bench->memory == MAP_FAILED)
		return -ENOMEM;
	at = bench->text;
	for (i = 0; i < BIG_ENTRIES; i++) {
		bench->keys[i] = i;
		bench->values[i] = value_of(i);
		at += sprintf(at, "%u %llu\n", i,
			      (unsigned long long)bench->values[i]);
	}
	bench->text_len = (size_t)(at - bench->text);
	memcpy(bench->memory, bench->values, SMALL_ENTRIES * 8);
	return 0;
}

static int write_file(const char *path, int flags, const void *buf, size_t size)
{
	int fd = open(path, flags | O_WRONLY | O_CLOEXEC, 0600);
	int err;

	if (fd < 0)
		return -errno;
	err = write_all(fd, buf, size, MIB);
	if (close(fd) < 0 && !err)
		err = -errno;
	return err;
}

static int make_map(const struct subject *s, const struct map_data *map)
{
	char path[PATH_MAX];
	char spec[128];
	int len;
	int err;

	snprintf(path, sizeof(path), "%.*s/create", PATH_MAX - 16,
		 s->bench->mounts[s->who].path);
	len = snprintf(spec, sizeof(spec),
		       "%s type array key 4 value 8 entries %u\n", map->name,
		       map->entries);
	err = write_file(path, 0, spec, (size_t)len);
	if (err)
		return err;
	subject_path(s, map->name, "elements", path);
	return write_file(path, 0, s->bench->values, map->entries * 8);
}

static int make_maps(const struct bench *bench, enum who mode)
{
	struct subject s;
	int err = 0;
	size_t i;

	subject_init(&s, bench, mode);
	for (i = 0; i < NMAPS && !err; i++)
		err = make_map(&s, &maps[i]);
	return err;
}

static int make_tmpfs_file(const struct bench *bench, const char *name,
			   const void *buf, size_t size)
{
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s/%s", bench->tmpfs, name);
	return write_file(path, O_CREAT | O_EXCL, buf, size);
}

static int make_tmpfs_files(const struct bench *bench)
{
	int err;

	if (!bench->tmpfs[0])
		return -ENODEV;
	err = make_tmpfs_file(bench, "small", bench->values, SMALL_ENTRIES * 8);
	if (!err)
		err = make_tmpfs_file(bench, "big", bench->values,
				      BIG_ENTRIES * 8);
	if (!err)
		err = make_tmpfs_file(bench, "text", "1234567890\n", 11);
	if (!err)
		err = make_tmpfs_file(bench, "dump", bench->text,
				      bench->text_len);
	return err;
}

static int make_kernel_maps(struct bench *bench)
{
	bench->bpf_small = kernel_map_create(SMALL_ENTRIES, 0);
	if (bench->bpf_small < 0)
		return bench->bpf_small;
	bench->bpf_big = kernel_map_create(BIG_ENTRIES, 0);
	if (bench->bpf_big < 0)
		return bench->bpf_big;
	bench->bpf_mmapable = kernel_map_create(SMALL_ENTRIES, BPF_F_MMAPABLE);
	return bench->bpf_mmapable < 0 ? bench->bpf_mmapable : 0;
}

static void leave_out(struct bench *bench, enum who who, const char *what,
		      int err)
{
	snprintf(bench->left_out[who], sizeof(bench->left_out[who]), "%s: %s",
		 what, strerror(-err));
}

int data_make(struct bench *bench)
{
	enum who mode;
	int err;

	err = make_buffers(bench);
	if (err)
		return err;
	err = make_kernel_maps(bench);
	if (err) {
		leave_out(bench, WHO_BPF, "bpf(BPF_MAP_CREATE)", err);
		leave_out(bench, WHO_BATCH, "bpf(BPF_MAP_CREATE)", err);
	}
	err = make_tmpfs_files(bench);
	if (err)
		leave_out(bench, WHO_TMPFS, "no file on tmpfs", err);
	for (mode = 0; mode < MODES; mode++) {
		if (bench->left_out[mode][0])
			continue;
		err = make_maps(bench, mode);
		if (err)
			leave_out(bench, mode, "making the maps", err);
	}
	return 0;
}

void data_free(struct bench *bench)
{
	free(bench->keys);
	free(bench->values);
	free(bench->text);
}
