/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Bloom filters through libmapfs beside bpf(2), and records of ring buffers
 * from one process to another beside a pipe and a unix socket, which no system
 * call of bpf(2) can do.  An operation is the output or the taking of a record.
 */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "bench.h"
#include "kernel_map.h"
#include "mapfs/mapfs.h"

/* Open the map of this name, which is made by the first who does. */
static int open_made(struct subject *s, const char *name, const char *spec)
{
	char path[PATH_MAX];
	int err = mapfs_create(s->bench->mounts[s->who].path, spec);

	if (err && err != -EEXIST)
		return err;
	subject_path(s, name, ".", path);
	s->map = mapfs_open(path, O_RDWR);
	return s->map ? 0 : -errno;
}

/* ------------------------------------------------------------- filters */

/* Every other value is in. */
static int open_filter(struct subject *s)
{
	uint64_t value;
	int err = open_made(s, "seen",
			    "seen type bloom_filter value 8 entries 100000");

	for (value = 0; value < SMALL_ENTRIES && !err; value += 2)
		err = mapfs_push(s->map, &value, MAPFS_ANY);
	return err;
}

static int open_bpf_filter(struct subject *s)
{
	union bpf_attr attr;
	uint64_t value;
	int err = 0;

	s->fd = kernel_bloom_create(sizeof(value), SMALL_ENTRIES);
	if (s->fd < 0)
		return s->fd;
	kernel_map_elem(&attr, s->fd, NULL, &value);
	for (value = 0; value < SMALL_ENTRIES && !err; value += 2)
		err = kernel_map_call(BPF_MAP_UPDATE_ELEM, &attr);
	return err;
}

static int run_push(struct subject *s, uint64_t count)
{
	int err = 0;

	while (count-- && !err) {
		uint64_t value = subject_random(s, SMALL_ENTRIES);

		err = mapfs_push(s->map, &value, MAPFS_ANY);
	}
	return err;
}

static int run_peek(struct subject *s, uint64_t count)
{
	int err = 0;

	while (count-- && (!err || err == -ENOENT)) {
		uint64_t value = subject_random(s, SMALL_ENTRIES);

		err = mapfs_peek(s->map, &value);
	}
	return err == -ENOENT ? 0 : err;
}

static int run_bpf(struct subject *s, uint64_t count, int cmd)
{
	union bpf_attr attr;
	uint64_t value;
	int err = 0;

	kernel_map_elem(&attr, s->fd, NULL, &value);
	while (count-- && (!err || err == -ENOENT)) {
		value = subject_random(s, SMALL_ENTRIES);
		err = kernel_map_call(cmd, &attr);
	}
	return err == -ENOENT ? 0 : err;
}

static int run_bpf_push(struct subject *s, uint64_t count)
{
	return run_bpf(s, count, BPF_MAP_UPDATE_ELEM);
}

static int run_bpf_peek(struct subject *s, uint64_t count)
{
	return run_bpf(s, count, BPF_MAP_LOOKUP_ELEM);
}

static const struct method push_method = { open_filter, NULL, run_push, NULL };
static const struct method peek_method = { open_filter, NULL, run_peek, NULL };
static const struct method bpf_push_method = { open_bpf_filter, NULL,
					       run_bpf_push, NULL };
static const struct method bpf_peek_method = { open_bpf_filter, NULL,
					       run_bpf_peek, NULL };

const struct row bloom_push_row = {
	.name = "bloom: push",
	.method = { MAPFS(&push_method), [WHO_BPF] = &bpf_push_method },
};

const struct row bloom_peek_row = {
	.name = "bloom: peek",
	.method = { MAPFS(&peek_method), [WHO_BPF] = &bpf_peek_method },
};

/* ------------------------------------------------------------- records */

/* The first process produces, the second consumes, as much each. */
static int move(struct subject *s, uint64_t count,
		int (*put)(struct subject *s), int (*take)(struct subject *s))
{
	int err = 0;

	while (count-- && !err)
		err = s->second ? take(s) : put(s);
	return err;
}

static int buffer(struct subject *s, size_t size)
{
	s->size = size;
	s->buf = calloc(1, size);
	return s->buf ? 0 : -ENOMEM;
}

static int open_ring(struct subject *s, size_t size)
{
	int err = buffer(s, size);

	return err ? err :
		     open_made(s, "ring", "ring type ringbuf entries 1048576");
}

/* Who finds no room lets the other one run. */
static int put_ring(struct subject *s)
{
	int err;

	while ((err = mapfs_ring_output(s->map, s->buf, s->size)) == -EAGAIN)
		sched_yield();
	return err;
}

static int take_ring(struct subject *s)
{
	int len;

	while ((len = mapfs_ring_take(s->map, s->buf, s->size)) == -EAGAIN) {
		len = mapfs_ring_poll(s->map, -1);
		if (len < 0)
			break;
	}
	return len < 0 ? len : 0;
}

static int run_ring(struct subject *s, uint64_t count)
{
	return move(s, count, put_ring, take_ring);
}

/* Each process opens it by name, which is not needed after that. */
static int open_fifo(struct subject *s, size_t size)
{
	int err = buffer(s, size);

	if (err)
		return err;
	snprintf(s->path, sizeof(s->path), "%s/fifo-%zu", s->bench->dir, size);
	if (mkfifo(s->path, 0600) < 0 && errno != EEXIST)
		return -errno;
	s->fd = open(s->path, O_RDWR | O_CLOEXEC);
	return s->fd < 0 ? -errno : 0;
}

static int put_fifo(struct subject *s)
{
	return write_all(s->fd, s->buf, s->size, s->size);
}

static int take_fifo(struct subject *s)
{
	size_t left = s->size;
	ssize_t len;

	for (; left; left -= (size_t)len) {
		len = read(s->fd, s->buf, left);
		if (len <= 0)
			return len < 0 ? -errno : -EIO;
	}
	return 0;
}

static int run_fifo(struct subject *s, uint64_t count)
{
	unlink(s->path);
	return move(s, count, put_fifo, take_fifo);
}

/* A socket for each size, of datagrams; its name goes with the processes. */
static struct sockaddr_un socket_name(const struct subject *s)
{
	struct sockaddr_un name = { .sun_family = AF_UNIX };

	snprintf(name.sun_path + 1, sizeof(name.sun_path) - 1,
		 "mapfs-bench-%zu-%.60s", s->size,
		 strrchr(s->bench->dir, '/') + 1);
	return name;
}

static int open_socket(struct subject *s, size_t size)
{
	struct sockaddr_un name;
	int err = buffer(s, size);

	if (err)
		return err;
	s->fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (s->fd < 0)
		return -errno;
	name = socket_name(s);
	if (s->second &&
	    bind(s->fd, (struct sockaddr *)&name, sizeof(name)) < 0)
		return -errno;
	return 0;
}

static int put_socket(struct subject *s)
{
	return send(s->fd, s->buf, s->size, 0) < 0 ? -errno : 0;
}

static int take_socket(struct subject *s)
{
	return recv(s->fd, s->buf, s->size, 0) < 0 ? -errno : 0;
}

/* Both have opened theirs by now. */
static int run_socket(struct subject *s, uint64_t count)
{
	struct sockaddr_un name = socket_name(s);

	if (!s->second &&
	    connect(s->fd, (struct sockaddr *)&name, sizeof(name)) < 0)
		return -errno;
	return move(s, count, put_socket, take_socket);
}

#define RECORDS(size_)                                                        \
	static int open_ring_##size_(struct subject *s)                       \
	{                                                                     \
		return open_ring(s, size_);                                   \
	}                                                                     \
	static int open_fifo_##size_(struct subject *s)                       \
	{                                                                     \
		return open_fifo(s, size_);                                   \
	}                                                                     \
	static int open_socket_##size_(struct subject *s)                     \
	{                                                                     \
		return open_socket(s, size_);                                 \
	}                                                                     \
	static const struct method ring_##size_ = { open_ring_##size_, NULL,  \
						    run_ring, NULL };         \
	static const struct method fifo_##size_ = { open_fifo_##size_, NULL,  \
						    run_fifo, NULL };         \
	static const struct method socket_##size_ = { open_socket_##size_,    \
						      NULL, run_socket,       \
						      NULL };                 \
	const struct row ring_##size_##_row = {                               \
		.name = "ring: " #size_ " bytes",                             \
		.method = { MAPFS(&ring_##size_), [WHO_FIFO] = &fifo_##size_, \
			    [WHO_SOCKET] = &socket_##size_ },                 \
		.processes = 2,                                               \
		.bytes = (size_) / 2.0,                                       \
	}

RECORDS(16);
RECORDS(256);
RECORDS(4096);
RECORDS(65536);
