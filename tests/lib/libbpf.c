/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * libbpf RING USER: libbpf as it is, on the files stream of a ringbuf and of a
 * user_ringbuf, both of 4096 bytes.  It asks bpf(2) what map it has to do with,
 * which knows nothing of ours: that one call is answered here.
 */
#include <mapfs/mapfs.h>

#include <bpf/libbpf.h>
#include <dlfcn.h>
#include <errno.h>
#include <linux/bpf.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define SIZE	4096u
#define RECORDS 500u
#define LARGEST 900u
#define LONG	10000

static uint32_t map_type; /* of the map that libbpf asks for */

static void is(const char *name, long got, long want)
{
	if (got == want)
		printf("ok - %s\n", name);
	else
		printf("not ok - %s\n# got %ld, want %ld\n", name, got, want);
	fflush(stdout);
}

static long tell_info(const union bpf_attr *attr)
{
	struct bpf_map_info *info =
		(struct bpf_map_info *)(uintptr_t)attr->info.info;

	info->type = map_type;
	info->max_entries = SIZE;
	return 0;
}

/* In the place of libc's, for libbpf too. */
long syscall(long number, ...)
{
	static long (*next)(long number, ...);
	long arg[6];
	va_list args;
	int i;

	va_start(args, number);
	for (i = 0; i < 6; i++)
		arg[i] = va_arg(args, long);
	va_end(args);
	if (number == SYS_bpf && arg[0] == BPF_OBJ_GET_INFO_BY_FD)
		return tell_info((const union bpf_attr *)arg[1]);
	if (!next)
		*(void **)&next = dlsym(RTLD_NEXT, "syscall");
	return next(number, arg[0], arg[1], arg[2], arg[3], arg[4], arg[5]);
}

static int open_stream(const char *dir)
{
	char path[600];
	int fd;

	snprintf(path, sizeof(path), "%s/stream", dir);
	fd = open(path, O_RDWR | O_CLOEXEC);
	if (fd < 0) {
		perror(path);
		exit(EXIT_FAILURE);
	}
	return fd;
}

static struct mapfs_map *open_map(const char *dir)
{
	struct mapfs_map *map = mapfs_open(dir, O_RDWR);

	if (!map) {
		perror(dir);
		exit(EXIT_FAILURE);
	}
	return map;
}

/* Record n: so many bytes, all of them n. */
static size_t record_make(unsigned char *bytes, uint32_t n)
{
	size_t size = 1 + n * 37 % LARGEST;

	memset(bytes, (int)(n & 0xff), size);
	return size;
}

static bool record_is(uint32_t n, const void *data, size_t size)
{
	unsigned char want[LARGEST];

	return record_make(want, n) == size && !memcmp(want, data, size);
}

struct heard {
	uint32_t count;
	uint32_t wrong;
};

static int hear(void *context, void *data, size_t size)
{
	struct heard *heard = context;

	heard->wrong += !record_is(heard->count, data, size);
	heard->count++;
	return 0;
}

/* Another process, with some records that are discarded in between. */
static pid_t start_producer(const char *dir)
{
	unsigned char bytes[LARGEST];
	struct mapfs_map *map;
	pid_t pid = fork();
	uint32_t n;
	void *data;
	int err = 0;

	if (pid)
		return pid;
	map = open_map(dir);
	for (n = 0; n < RECORDS && !err;) {
		if (n % 3 == 0 && !mapfs_ring_reserve(map, n % 99, &data))
			mapfs_ring_discard(map, data);
		err = mapfs_ring_output(map, bytes, record_make(bytes, n));
		if (!err)
			n++;
		else if (err == -EAGAIN)
			err = usleep(50);
	}
	mapfs_close(map);
	_exit(err ? 1 : 0);
}

static void test_ring_buffer(const char *dir)
{
	struct heard heard = { 0 };
	struct ring_buffer *ring;
	struct mapfs_map *map = open_map(dir);
	int fd = open_stream(dir);
	int status = 1;
	int res = 1;
	pid_t pid;

	map_type = BPF_MAP_TYPE_RINGBUF;
	ring = ring_buffer__new(fd, hear, &heard, NULL);
	is("ring_buffer__new", ring ? 0 : -errno, 0);
	if (!ring)
		return;
	is("nothing to consume", ring_buffer__consume(ring), 0);
	is("nothing to poll", ring_buffer__poll(ring, 20), 0);
	pid = start_producer(dir);
	/* 0 also when there were discarded records alone. */
	while (heard.count < RECORDS && res >= 0)
		res = ring_buffer__poll(ring, LONG);
	waitpid(pid, &status, 0);
	is("the producer ends well", status, 0);
	is("every record", heard.count, RECORDS);
	is("and none is wrong", heard.wrong, 0);
	is("no more", ring_buffer__consume(ring), 0);
	heard.count = 7;
	is("one by write(2)", write(fd, "\7\7", 0) + write(fd, "ab", 2), 2);
	is("is consumed", ring_buffer__consume(ring), 1);
	is("a record is taken once", mapfs_ring_poll(map, 0), 0);
	ring_buffer__free(ring);
	close(fd);
	mapfs_close(map);
}

static void test_user_ring_buffer(const char *dir)
{
	unsigned char bytes[LARGEST];
	struct user_ring_buffer *ring;
	struct mapfs_map *map = open_map(dir);
	uint32_t wrong = 0;
	int fd = open_stream(dir);
	uint32_t n;
	void *data;
	int len;

	map_type = BPF_MAP_TYPE_USER_RINGBUF;
	ring = user_ring_buffer__new(fd, NULL);
	is("user_ring_buffer__new", ring ? 0 : -errno, 0);
	if (!ring)
		return;
	for (n = 0; n < RECORDS; n++) {
		size_t size = record_make(bytes, n);

		data = user_ring_buffer__reserve(ring, (uint32_t)size);
		if (!data || mapfs_ring_take(map, bytes, LARGEST) != -EAGAIN) {
			wrong++;
			break;
		}
		memset(data, (int)(n & 0xff), size);
		user_ring_buffer__submit(ring, data);
		if (n % 3 == 0) {
			data = user_ring_buffer__reserve(ring, 5);
			user_ring_buffer__discard(ring, data);
		}
		len = mapfs_ring_take(map, bytes, LARGEST);
		wrong += len < 0 || !record_is(n, bytes, (size_t)len);
	}
	is("libbpf produces: records", n, RECORDS);
	is("none is wrong", wrong, 0);
	is("no room", user_ring_buffer__reserve(ring, SIZE) ? 0 : errno, E2BIG);
	is("nothing is left", mapfs_ring_take(map, bytes, LARGEST), -EAGAIN);
	user_ring_buffer__free(ring);
	close(fd);
	mapfs_close(map);
}

int main(int argc, char **argv)
{
	if (argc != 3)
		return EXIT_FAILURE;
	test_ring_buffer(argv[1]);
	test_user_ring_buffer(argv[2]);
	return 0;
}
