/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Queues and stacks through libmapfs: a push and a pop is one operation.  Who
 * pops has pushed before, so that by two processes too there always is one.
 */
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "bench.h"
#include "kernel_map.h"
#include "mapfs/mapfs.h"

static int open_map(struct subject *s, const char *map)
{
	char path[PATH_MAX];

	subject_path(s, map, ".", path);
	s->map = mapfs_open(path, O_RDWR);
	return s->map ? 0 : -errno;
}

static int open_queue(struct subject *s)
{
	return open_map(s, "queue");
}

static int open_stack(struct subject *s)
{
	return open_map(s, "stack");
}

static int run(struct subject *s, uint64_t count)
{
	uint64_t value = count;
	int err = 0;

	while (count-- && !err) {
		err = mapfs_push(s->map, &value, MAPFS_ANY);
		if (!err)
			err = mapfs_pop(s->map, &value);
	}
	s->sink = value;
	return err;
}

static int open_kernel_queue(struct subject *s)
{
	s->fd = dup(s->bench->bpf_queue);
	return s->fd < 0 ? -errno : 0;
}

static int open_kernel_stack(struct subject *s)
{
	s->fd = dup(s->bench->bpf_stack);
	return s->fd < 0 ? -errno : 0;
}

static int run_kernel(struct subject *s, uint64_t count)
{
	uint64_t value = count;
	union bpf_attr attr;
	int err = 0;

	kernel_map_elem(&attr, s->fd, NULL, &value);
	while (count-- && !err) {
		err = kernel_map_call(BPF_MAP_UPDATE_ELEM, &attr);
		if (!err)
			err = kernel_map_call(BPF_MAP_LOOKUP_AND_DELETE_ELEM,
					      &attr);
	}
	s->sink = value;
	return err;
}

static const struct method queue_method = { .open = open_queue, .run = run };
static const struct method stack_method = { .open = open_stack, .run = run };
static const struct method kernel_queue_method = {
	.open = open_kernel_queue,
	.run = run_kernel,
};
static const struct method kernel_stack_method = {
	.open = open_kernel_stack,
	.run = run_kernel,
};

const struct row lib_queue_row = {
	.name = "lib: queue push+pop",
	.method = {
		MAPFS(&queue_method),
		[WHO_BPF] = &kernel_queue_method,
	},
};

const struct row lib_queue_two_row = {
	.name = "lib: queue, 2 proc.",
	.method = {
		MAPFS(&queue_method),
		[WHO_BPF] = &kernel_queue_method,
	},
	.processes = 2,
	.alone = &lib_queue_row,
};

const struct row lib_stack_row = {
	.name = "lib: stack push+pop",
	.method = {
		MAPFS(&stack_method),
		[WHO_BPF] = &kernel_stack_method,
	},
};

const struct row lib_stack_two_row = {
	.name = "lib: stack, 2 proc.",
	.method = {
		MAPFS(&stack_method),
		[WHO_BPF] = &kernel_stack_method,
	},
	.processes = 2,
	.alone = &lib_stack_row,
};
