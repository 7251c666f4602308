/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Elements by mmap: loads and atomic adds at random places, found as
 * <mapfs/array.h> finds them, and the first touch of a mapping.
 */
#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "bench.h"
#include "kernel_map.h"
#include "mapfs/array.h"

#define SMALL_BYTES (SMALL_ENTRIES * 8)

static int map_elements(struct subject *s)
{
	int err = subject_open(s, "small", "elements", O_RDWR);

	return err ? err : subject_map(s, s->fd, SMALL_BYTES);
}

/* One memory for all processes; it is data.c's to unmap. */
static void *memory_of(const struct subject *s)
{
	return s->base ? s->base : s->bench->memory;
}

static int run_load(struct subject *s, uint64_t count)
{
	struct mapfs_array array = MAPFS_ARRAY(memory_of(s), SMALL_ENTRIES, 8);
	uint64_t sum = 0;

	while (count--) {
		uint32_t index = subject_random(s, SMALL_ENTRIES);
		uint64_t *value = mapfs_array_lookup(&array, index);

		if (value)
			sum += __atomic_load_n(value, __ATOMIC_RELAXED);
	}
	s->sink = sum;
	return 0;
}

static int run_load_plain(struct subject *s, uint64_t count)
{
	const uint64_t *array = memory_of(s);
	uint64_t sum = 0;

	while (count--) {
		uint32_t index = subject_random(s, SMALL_ENTRIES);

		sum += __atomic_load_n(&array[index], __ATOMIC_RELAXED);
	}
	s->sink = sum;
	return 0;
}

static int run_add(struct subject *s, uint64_t count)
{
	struct mapfs_array array = MAPFS_ARRAY(memory_of(s), SMALL_ENTRIES, 8);

	while (count--) {
		uint32_t index = subject_random(s, SMALL_ENTRIES);
		uint64_t *value = mapfs_array_lookup(&array, index);

		if (value)
			__atomic_fetch_add(value, 1, __ATOMIC_RELAXED);
	}
	return 0;
}

static int run_add_plain(struct subject *s, uint64_t count)
{
	uint64_t *array = memory_of(s);

	while (count--) {
		uint32_t index = subject_random(s, SMALL_ENTRIES);

		__atomic_fetch_add(&array[index], 1, __ATOMIC_RELAXED);
	}
	return 0;
}

/* bpf(2) has no add: a lookup and an update, which loses what comes between. */
static int run_add_bpf(struct subject *s, uint64_t count)
{
	union bpf_attr attr;
	uint64_t value;
	uint32_t key = 0;
	int err = 0;

	kernel_map_elem(&attr, s->bench->bpf_small, &key, &value);
	while (count-- && !err) {
		key = subject_random(s, SMALL_ENTRIES);
		err = kernel_map_call(BPF_MAP_LOOKUP_ELEM, &attr);
		value++;
		if (!err)
			err = kernel_map_call(BPF_MAP_UPDATE_ELEM, &attr);
	}
	return err;
}

static const struct method load_method = {
	.open = map_elements,
	.run = run_load,
};

static const struct method add_method = {
	.open = map_elements,
	.run = run_add,
};

static const struct method load_memory_method = { .run = run_load };
static const struct method load_plain_method = { .run = run_load_plain };
static const struct method add_memory_method = { .run = run_add };
static const struct method add_plain_method = { .run = run_add_plain };
static const struct method add_bpf_method = { .run = run_add_bpf };

#define ALL_MODES ((1u << MODES) - 1)

const struct row load_row = {
	.name = "mmap load",
	.method = {
		MAPFS(&load_method),
		[WHO_BPF] = &bpf_lookup_method,
		[WHO_MEMORY] = &load_memory_method,
		[WHO_PLAIN] = &load_plain_method,
	},
	.expect = { [WHO_MEMORY] = 1.05 },
	.expect_of = ALL_MODES,
};

const struct row add_row = {
	.name = "mmap atomic add",
	.method = {
		MAPFS(&add_method),
		[WHO_BPF] = &add_bpf_method,
		[WHO_MEMORY] = &add_memory_method,
		[WHO_PLAIN] = &add_plain_method,
	},
	.expect = { [WHO_MEMORY] = 1.05 },
	.expect_of = ALL_MODES,
};

const struct row add_two_row = {
	.name = "add, 2 processes",
	.method = {
		MAPFS(&add_method),
		[WHO_BPF] = &add_bpf_method,
		[WHO_MEMORY] = &add_memory_method,
	},
	.processes = 2,
	.alone = &add_row,
};

static int open_elements(struct subject *s)
{
	return subject_open(s, "small", "elements", O_RDWR);
}

static int open_mmapable(struct subject *s)
{
	s->fd = dup(s->bench->bpf_mmapable);
	return s->fd < 0 ? -errno : 0;
}

/* Map, store into every page, unmap.  Without a file: fresh memory. */
static int touch(const struct subject *s, size_t size)
{
	int flags = MAP_SHARED | (s->fd < 0 ? MAP_ANONYMOUS : 0);
	unsigned char *base;
	size_t at;

	base = mmap(NULL, size, PROT_READ | PROT_WRITE, flags, s->fd, 0);
	if (base == MAP_FAILED)
		return -errno;
	for (at = 0; at < size; at += 4096)
		__atomic_store_n(base + at, 1, __ATOMIC_RELAXED);
	return munmap(base, size) < 0 ? -errno : 0;
}

static int run_touch(struct subject *s, uint64_t count)
{
	int err = 0;

	while (count-- && !err)
		err = touch(s, 4096);
	return err;
}

static int run_touch_all(struct subject *s, uint64_t count)
{
	int err = 0;

	while (count-- && !err)
		err = touch(s, SMALL_BYTES);
	return err;
}

static const struct method touch_method = {
	.open = open_elements,
	.run = run_touch,
};

static const struct method touch_all_method = {
	.open = open_elements,
	.run = run_touch_all,
};

static const struct method touch_bpf_method = {
	.open = open_mmapable,
	.run = run_touch,
};

static const struct method touch_all_bpf_method = {
	.open = open_mmapable,
	.run = run_touch_all,
};

static const struct method touch_memory_method = { .run = run_touch };
static const struct method touch_all_memory_method = { .run = run_touch_all };

const struct row touch_row = {
	.name = "map, touch a page",
	.method = {
		MAPFS(&touch_method),
		[WHO_BPF] = &touch_bpf_method,
		[WHO_TMPFS] = &touch_method,
		[WHO_MEMORY] = &touch_memory_method,
	},
};

const struct row touch_all_row = {
	.name = "map, touch 196 pages",
	.method = {
		MAPFS(&touch_all_method),
		[WHO_BPF] = &touch_all_bpf_method,
		[WHO_TMPFS] = &touch_all_method,
		[WHO_MEMORY] = &touch_all_memory_method,
	},
};
