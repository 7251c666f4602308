/* SPDX-License-Identifier: BSD-2-Clause */
/* Elements of arrays through libmapfs: by address, and by copy. */
#include <errno.h>
#include <fcntl.h>

#include "bench.h"
#include "mapfs/mapfs.h"

static int open_map(struct subject *s)
{
	char path[PATH_MAX];

	subject_path(s, "small", ".", path);
	s->map = mapfs_open(path, O_RDWR);
	return s->map ? 0 : -errno;
}

static int load_all(struct subject *s, const struct mapfs_array *array,
		    uint64_t count)
{
	uint64_t sum = 0;

	while (count--) {
		uint32_t index = subject_random(s, SMALL_ENTRIES);
		uint64_t *value = mapfs_array_lookup(array, index);

		if (value)
			sum += __atomic_load_n(value, __ATOMIC_RELAXED);
	}
	s->sink = sum;
	return 0;
}

static int run_load(struct subject *s, uint64_t count)
{
	struct mapfs_array array;
	int err = mapfs_array(s->map, 0, &array);

	return err ? err : load_all(s, &array, count);
}

/* The limit: the same bounds check, in memory of this process's own. */
static int run_load_memory(struct subject *s, uint64_t count)
{
	const uint64_t *memory = (const uint64_t *)s->bench->memory;
	uint64_t sum = 0;

	while (count--) {
		uint32_t index = subject_random(s, SMALL_ENTRIES);

		if (index < s->bench->memory_entries)
			sum += __atomic_load_n(&memory[index],
					       __ATOMIC_RELAXED);
	}
	s->sink = sum;
	return 0;
}

static int run_lookup(struct subject *s, uint64_t count)
{
	uint64_t value;
	int err = 0;

	while (count-- && !err) {
		uint32_t index = subject_random(s, SMALL_ENTRIES);

		err = mapfs_lookup(s->map, &index, &value);
	}
	s->sink = value;
	return err;
}

static int run_update(struct subject *s, uint64_t count)
{
	int err = 0;

	for (; count && !err; count--) {
		uint32_t index = subject_random(s, SMALL_ENTRIES);

		err = mapfs_update(s->map, &index, &count, 0);
	}
	return err;
}

static const struct method load_method = {
	.open = open_map,
	.run = run_load,
};
static const struct method load_memory_method = { .run = run_load_memory };
static const struct method lookup_method = {
	.open = open_map,
	.run = run_lookup,
};
static const struct method update_method = {
	.open = open_map,
	.run = run_update,
};

/* Nothing can be mapped in io=daemon. */
#define MAPPED (1u << WHO_PASSTHROUGH | 1u << WHO_SYMLINK | 1u << WHO_CACHED)

const struct row lib_load_row = {
	.name = "lib: load by address",
	.method = {
		[WHO_PASSTHROUGH] = &load_method,
		[WHO_SYMLINK] = &load_method,
		[WHO_CACHED] = &load_method,
		[WHO_BPF] = &bpf_lookup_method,
		[WHO_MEMORY] = &load_memory_method,
	},
	.expect = { [WHO_MEMORY] = 1.2 },
	.expect_of = MAPPED,
};

const struct row lib_lookup_row = {
	.name = "lib: mapfs_lookup",
	.method = {
		MAPFS(&lookup_method),
		[WHO_BPF] = &bpf_lookup_method,
		[WHO_MEMORY] = &load_memory_method,
	},
};

const struct row lib_update_row = {
	.name = "lib: mapfs_update",
	.method = {
		MAPFS(&update_method),
		[WHO_BPF] = &bpf_update_method,
	},
};
