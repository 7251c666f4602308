/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Elements by read and write: one of 8 bytes at a random place, and whole
 * MiBs one after the other.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "bench.h"
#include "kernel_map.h"

static int open_small(struct subject *s)
{
	return subject_open(s, "small", "elements", O_RDWR);
}

static int run_pread(struct subject *s, uint64_t count)
{
	uint64_t value;

	while (count--) {
		uint32_t index = subject_random(s, SMALL_ENTRIES);

		if (pread(s->fd, &value, 8, (off_t)index * 8) != 8)
			return -EIO;
	}
	return 0;
}

static int run_pwrite(struct subject *s, uint64_t count)
{
	for (; count; count--) {
		uint32_t index = subject_random(s, SMALL_ENTRIES);

		if (pwrite(s->fd, &count, 8, (off_t)index * 8) != 8)
			return -EIO;
	}
	return 0;
}

static int run_bpf(struct subject *s, uint64_t count, int cmd)
{
	union bpf_attr attr;
	uint64_t value = 0;
	uint32_t key = 0;
	int err = 0;

	kernel_map_elem(&attr, s->bench->bpf_small, &key, &value);
	for (; count && !err; count--) {
		key = subject_random(s, SMALL_ENTRIES);
		err = kernel_map_call(cmd, &attr);
	}
	return err;
}

static int run_bpf_lookup(struct subject *s, uint64_t count)
{
	return run_bpf(s, count, BPF_MAP_LOOKUP_ELEM);
}

static int run_bpf_update(struct subject *s, uint64_t count)
{
	return run_bpf(s, count, BPF_MAP_UPDATE_ELEM);
}

static const struct method pread_method = {
	.open = open_small,
	.run = run_pread,
};

static const struct method pwrite_method = {
	.open = open_small,
	.run = run_pwrite,
};

const struct method bpf_lookup_method = { .run = run_bpf_lookup };
const struct method bpf_update_method = { .run = run_bpf_update };

const struct row pread_row = {
	.name = "pread 8 B",
	.method = {
		MAPFS(&pread_method),
		[WHO_BPF] = &bpf_lookup_method,
		[WHO_TMPFS] = &pread_method,
	},
	.expect = { [WHO_TMPFS] = 1.3, [WHO_BPF] = 0.9 },
	.expect_of = 1 << WHO_PASSTHROUGH,
};

const struct row pread_two_row = {
	.name = "pread, 2 processes",
	.method = {
		MAPFS(&pread_method),
		[WHO_BPF] = &bpf_lookup_method,
		[WHO_TMPFS] = &pread_method,
	},
	.processes = 2,
	.alone = &pread_row,
};

const struct row pwrite_row = {
	.name = "pwrite 8 B",
	.method = {
		MAPFS(&pwrite_method),
		[WHO_BPF] = &bpf_update_method,
		[WHO_TMPFS] = &pwrite_method,
	},
	.expect = { [WHO_TMPFS] = 1.3, [WHO_BPF] = 0.9 },
	.expect_of = 1 << WHO_PASSTHROUGH,
};

static int alloc_mib(struct subject *s)
{
	/* The values of a batch, then its keys. */
	s->buf = calloc(MIB + MIB / 2, 1);
	return s->buf ? 0 : -ENOMEM;
}

static int open_big(struct subject *s)
{
	int err = alloc_mib(s);

	return err ? err : subject_open(s, "big", "elements", O_RDWR);
}

static int run_read_mib(struct subject *s, uint64_t count)
{
	for (; count; count--)
		if (pread(s->fd, s->buf, MIB,
			  (off_t)(count % BIG_MIBS * MIB)) != MIB)
			return -EIO;
	return 0;
}

static int run_write_mib(struct subject *s, uint64_t count)
{
	for (; count; count--)
		if (pwrite(s->fd, s->buf, MIB,
			   (off_t)(count % BIG_MIBS * MIB)) != MIB)
			return -EIO;
	return 0;
}

static int batch_error(int64_t done)
{
	return done < 0 ? (int)done : -EIO;
}

static int run_lookup_batch(struct subject *s, uint64_t count)
{
	uint64_t *values = s->buf;
	uint32_t *keys = (uint32_t *)(values + MIB_ENTRIES);
	int64_t done;

	for (; count; count--) {
		done = kernel_map_lookup_batch(s->bench->bpf_big,
					       (uint32_t)(count % BIG_MIBS) *
						       MIB_ENTRIES,
					       keys, values, MIB_ENTRIES);
		if (done != MIB_ENTRIES)
			return batch_error(done);
	}
	return 0;
}

static int run_update_batch(struct subject *s, uint64_t count)
{
	int64_t done;

	for (; count; count--) {
		done = kernel_map_update_batch(
			s->bench->bpf_big,
			(uint32_t)(count % BIG_MIBS) * MIB_ENTRIES,
			s->bench->keys, s->buf, MIB_ENTRIES);
		if (done != MIB_ENTRIES)
			return batch_error(done);
	}
	return 0;
}

static const struct method read_mib_method = {
	.open = open_big,
	.run = run_read_mib,
};

static const struct method write_mib_method = {
	.open = open_big,
	.run = run_write_mib,
};

static const struct method lookup_batch_method = {
	.open = alloc_mib,
	.run = run_lookup_batch,
};

static const struct method update_batch_method = {
	.open = alloc_mib,
	.run = run_update_batch,
};

const struct row read_mib_row = {
	.name = "read 1 MiB",
	.method = {
		MAPFS(&read_mib_method),
		[WHO_BATCH] = &lookup_batch_method,
		[WHO_TMPFS] = &read_mib_method,
	},
	.bytes = MIB,
};

const struct row write_mib_row = {
	.name = "write 1 MiB",
	.method = {
		MAPFS(&write_mib_method),
		[WHO_BATCH] = &update_batch_method,
		[WHO_TMPFS] = &write_mib_method,
	},
	.bytes = MIB,
};
