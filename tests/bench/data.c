/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the rows work on.  Everybody has the same elements, written once from
 * end to end, so that no one reads holes.
 *
 *	small	elements that are read and written one by one
 *	big	elements that are read and written by the MiB
 *	text	entries/, apart as it makes mode cached drop what it caches
 *	dump	dump
 *	queue, stack	with nothing in them
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
	bench->memory_entries = SMALL_ENTRIES;
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

static int create_map(const struct subject *s, const char *name,
		      const char *type, uint32_t entries)
{
	char path[PATH_MAX];
	char spec[128];
	int len;

	snprintf(path, sizeof(path), "%.*s/create", PATH_MAX - 16,
		 s->bench->mounts[s->who].path);
	len = snprintf(spec, sizeof(spec), "%s type %s value 8 entries %u\n",
		       name, type, entries);
	return write_file(path, 0, spec, (size_t)len);
}

static int make_map(const struct subject *s, const struct map_data *map)
{
	char path[PATH_MAX];
	int err = create_map(s, map->name, "array key 4", map->entries);

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
	if (!err)
		err = create_map(&s, "queue", "queue", QUEUE_ENTRIES);
	return err ? err : create_map(&s, "stack", "stack", QUEUE_ENTRIES);
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
	if (bench->bpf_mmapable < 0)
		return bench->bpf_mmapable;
	bench->bpf_queue =
		kernel_queue_create(BPF_MAP_TYPE_QUEUE, QUEUE_ENTRIES);
	if (bench->bpf_queue < 0)
		return bench->bpf_queue;
	bench->bpf_stack =
		kernel_queue_create(BPF_MAP_TYPE_STACK, QUEUE_ENTRIES);
	return bench->bpf_stack < 0 ? bench->bpf_stack : 0;
}

static void leave_out(struct bench *bench, enum who who, const char *what,
		      int err)
{
	snprintf(bench->left_out[who], sizeof(bench->left_out[who]), "%s: %s",
		 what, strerror(-err));
}

/* Each competitor that takes no part is told of; there must be a mode left. */
static int count_modes(struct bench *bench)
{
	unsigned int modes = 0;
	enum who who;

	for (who = 0; who < WHOS; who++) {
		if (bench->left_out[who][0])
			bench_note(bench, "%s: %s", who_names[who],
				   bench->left_out[who]);
		else if (who < MODES)
			modes++;
	}
	if (modes)
		return 0;
	fputs(bench->notes, stderr);
	return -EOPNOTSUPP;
}

static int data_make(struct bench *bench)
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
	return count_modes(bench);
}

static void data_free(struct bench *bench)
{
	free(bench->keys);
	free(bench->values);
	free(bench->text);
}

static const struct row *const rows[] = {
	&pread_row,	    &pread_two_row,	&pwrite_row,
	&read_mib_row,	    &write_mib_row,	&load_row,
	&lib_load_row,	    &lib_lookup_row,	&lib_update_row,
	&lib_queue_row,	    &lib_queue_two_row, &lib_stack_row,
	&lib_stack_two_row, &bloom_push_row,	&bloom_peek_row,
	&ring_16_row,	    &ring_256_row,	&ring_4096_row,
	&ring_65536_row,    &add_row,		&add_two_row,
	&touch_row,	    &touch_all_row,	&entry_read_row,
	&entry_write_row,   &stat_row,		&stat_apart_row,
	&create_row,	    &create_many_row,	&rmdir_row,
	&dump_row,	    &undump_row,	NULL,
};

static const struct group groups[] = {
	{ .name = "mount",
	  .rows = rows,
	  .make = data_make,
	  .free = data_free,
	  .expected = true },
	{ 0 },
};

const struct part mount_part = { groups, 1, mount_print };
