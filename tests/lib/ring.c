/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ring DIR: what the library does with the ring buffer DIR, which is empty, of
 * 65536 bytes: errnos, then processes that produce and consume, fork, and end.
 */
#include <mapfs/mapfs.h>

#include <errno.h>
#include <linux/bpf.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#define SIZE	  65536u
#define LARGEST	  (SIZE - 16)
#define PRODUCERS 3u
#define CONSUMERS 2u
#define RECORDS	  1000u

/* Long enough for what has to come, and for what must not. */
#define LONG  10000
#define SHORT 50

static const char *dir;
static struct mapfs_map *map;
static bool memory; /* records can be reserved */

/* In memory that all processes share. */
static struct {
	uint32_t seen[PRODUCERS][RECORDS];
	bool ended; /* no producer is left */
	uint32_t wrong;
} * shared;

static void is(const char *name, long got, long want)
{
	if (got == want)
		printf("ok - %s\n", name);
	else
		printf("not ok - %s\n# got %ld, want %ld\n", name, got, want);
	fflush(stdout);
}

static struct mapfs_map *open_again(int oflags)
{
	struct mapfs_map *other = mapfs_open(dir, oflags);

	if (!other) {
		perror(dir);
		exit(EXIT_FAILURE);
	}
	return other;
}

static uint64_t query(uint32_t what)
{
	uint64_t number = 1;

	return mapfs_ring_query(map, what, &number) ? UINT64_MAX : number;
}

/* ---------------------------------------------------------- one process */

static void test_output(void)
{
	static char bytes[LARGEST + 1];
	uint64_t number = 5;

	is("nothing to take", mapfs_ring_take(map, bytes, 9), -EAGAIN);
	is("errno", errno, EAGAIN);
	is("nothing comes", mapfs_ring_poll(map, 0), 0);
	is("nor later", mapfs_ring_poll(map, SHORT), 0);
	is("output", mapfs_ring_output(map, "hello", 5), 0);
	is("poll", mapfs_ring_poll(map, LONG), 1);
	is("for ever", mapfs_ring_poll(map, -1), 1);
	is("bytes", (long)query(BPF_RB_AVAIL_DATA), 16);
	is("size", (long)query(BPF_RB_RING_SIZE), SIZE);
	is("consumer", (long)query(BPF_RB_CONS_POS), 0);
	is("producer", (long)query(BPF_RB_PROD_POS), 16);
	is("no such number", (long)query(77), 0);
	is("too small", mapfs_ring_take(map, bytes, 4), -EMSGSIZE);
	is("much too small", mapfs_ring_take(map, bytes, 0), -EMSGSIZE);
	is("take", mapfs_ring_take(map, bytes, 5), 5);
	is("its bytes", memcmp(bytes, "hello", 5), 0);
	is("too large", mapfs_ring_output(map, bytes, LARGEST + 1), -E2BIG);
	is("far too large", mapfs_ring_output(map, bytes, 1ull << 40), -E2BIG);
	is("the largest", mapfs_ring_output(map, bytes, LARGEST), 0);
	is("full", mapfs_ring_output(map, bytes, 1), -EAGAIN);
	is("the largest is taken", mapfs_ring_take(map, bytes, sizeof(bytes)),
	   LARGEST);
	is("without bytes", mapfs_ring_output(map, NULL, 0),
	   memory ? 0 : -EOPNOTSUPP);
	if (memory)
		is("taken", mapfs_ring_take(map, bytes, 9), 0);
	is("the bytes of none", mapfs_ring_query(map, 0, &number), 0);
	is("are none", (long)number, 0);
}

static void test_reserve(void)
{
	void *first = NULL;
	void *second = NULL;
	char bytes[16];

	if (!memory) {
		is("reserve", mapfs_ring_reserve(map, 8, &first), -EOPNOTSUPP);
		is("commit", mapfs_ring_commit(map, bytes), -EOPNOTSUPP);
		is("discard", mapfs_ring_discard(map, bytes), -EOPNOTSUPP);
		return;
	}
	is("reserve", mapfs_ring_reserve(map, 5, &first), 0);
	is("aligned", (long)((uintptr_t)first % 8), 0);
	is("reserve behind", mapfs_ring_reserve(map, 8, &second), 0);
	memcpy(second, "eightof8", 8);
	is("commit", mapfs_ring_commit(map, second), 0);
	is("held up", mapfs_ring_take(map, bytes, 16), -EAGAIN);
	is("discard", mapfs_ring_discard(map, first), 0);
	is("take", mapfs_ring_take(map, bytes, 16), 8);
	is("its bytes", memcmp(bytes, "eightof8", 8), 0);
	is("commit again", mapfs_ring_commit(map, second), -EINVAL);
	is("discard of nothing", mapfs_ring_discard(map, bytes), -EINVAL);
	is("reserve too much", mapfs_ring_reserve(map, SIZE, &first), -E2BIG);
	is("all", mapfs_ring_reserve(map, LARGEST, &first), 0);
	is("no room", mapfs_ring_reserve(map, 1, &second), -EAGAIN);
	is("discard all", mapfs_ring_discard(map, first), 0);
	is("nothing was there", mapfs_ring_take(map, bytes, 16), -EAGAIN);
}

struct heard {
	size_t bytes;
	int result; /* of the second record */
	int count;
};

static int hear(void *context, void *data, size_t size)
{
	struct heard *heard = context;

	heard->bytes += size;
	heard->count++;
	is("all of its bytes", ((char *)data)[size - 1], 'x');
	return heard->count == 2 ? heard->result : 0;
}

static int count_bytes(void *context, void *data, size_t size)
{
	struct heard *heard = context;

	(void)data;
	heard->bytes += size;
	heard->count++;
	return 0;
}

/* A record without bytes is a record. */
static void test_consume_nothing(void)
{
	struct heard heard = { 0 };

	is("output of no bytes", mapfs_ring_output(map, NULL, 0), 0);
	is("and of one", mapfs_ring_output(map, "x", 1), 0);
	is("consume both", mapfs_ring_consume(map, count_bytes, &heard), 2);
	is("called for both", heard.count, 2);
	is("bytes of both", (long)heard.bytes, 1);
}

static void test_consume(void)
{
	static char bytes[10000];
	struct heard all = { 0 };
	struct heard two = { .result = 3 };
	struct heard fails = { .result = -ENOTDIR };
	int i;

	memset(bytes, 'x', sizeof(bytes));
	is("consume nothing", mapfs_ring_consume(map, hear, &all), 0);
	for (i = 0; i < 3; i++)
		mapfs_ring_output(map, bytes, i == 1 ? sizeof(bytes) : 7);
	is("consume", mapfs_ring_consume(map, hear, &all), 3);
	is("all bytes", (long)all.bytes, (long)sizeof(bytes) + 14);
	for (i = 0; i < 5; i++)
		mapfs_ring_output(map, bytes, 7);
	is("consume two", mapfs_ring_consume(map, hear, &two), 2);
	is("consume, and fail", mapfs_ring_consume(map, hear, &fails),
	   -ENOTDIR);
	is("one is left", mapfs_ring_take(map, bytes, 9), 7);
	is("and no more", mapfs_ring_take(map, bytes, 9), -EAGAIN);
}

static void test_reading(void)
{
	struct mapfs_map *writable = map;
	void *data;

	map = open_again(O_RDONLY);
	is("reading: output", mapfs_ring_output(map, "x", 1), -EPERM);
	is("reading: reserve", mapfs_ring_reserve(map, 1, &data), -EPERM);
	is("reading: take", mapfs_ring_take(map, &data, 1), -EPERM);
	is("reading: poll", mapfs_ring_poll(map, 0), -EPERM);
	is("reading: consume", mapfs_ring_consume(map, hear, NULL), -EPERM);
	is("reading: query", (long)query(BPF_RB_RING_SIZE), SIZE);
	mapfs_close(map);
	map = writable;
}

/* A hash has no records. */
static void test_others(void)
{
	struct mapfs_map *other;
	char path[600];
	char mnt[600];
	uint64_t number;
	void *data;

	snprintf(mnt, sizeof(mnt), "%s/..", dir);
	snprintf(path, sizeof(path), "%s/../other", dir);
	mapfs_create(mnt, "other type hash key 4 value 8 entries 8");
	other = mapfs_open(path, O_RDWR);
	is("a hash", !other, 0);
	is("hash: reserve", mapfs_ring_reserve(other, 8, &data), -EOPNOTSUPP);
	is("hash: commit", mapfs_ring_commit(other, &number), -EOPNOTSUPP);
	is("hash: output", mapfs_ring_output(other, "x", 1), -EOPNOTSUPP);
	is("hash: take", mapfs_ring_take(other, &number, 8), -EOPNOTSUPP);
	is("hash: poll", mapfs_ring_poll(other, 0), -EOPNOTSUPP);
	is("hash: consume", mapfs_ring_consume(other, hear, NULL), -EOPNOTSUPP);
	is("hash: query", mapfs_ring_query(other, 1, &number), -EOPNOTSUPP);
	mapfs_close(other);
	mapfs_destroy(path);
}

/* More than a write of the file stream can be, in a ring that has room. */
static void test_large(void)
{
	const uint64_t size = 4u << 20;
	char path[600];
	char mnt[600];
	struct mapfs_map *large;
	char *bytes = calloc(1, size);

	snprintf(mnt, sizeof(mnt), "%s/..", dir);
	snprintf(path, sizeof(path), "%s/../large", dir);
	is("create", mapfs_create(mnt, "large type ringbuf entries 4194304"),
	   0);
	large = mapfs_open(path, O_RDWR);
	is("open", large && bytes ? 0 : errno, 0);
	if (large && bytes) {
		is("the largest of a write",
		   mapfs_ring_output(large, bytes, 1044480), 0);
		is("one more", mapfs_ring_output(large, bytes, 1044481),
		   memory ? 0 : -EMSGSIZE);
		is("more than the ring",
		   mapfs_ring_output(large, bytes, size + 1), -E2BIG);
		is("take", mapfs_ring_take(large, bytes, size), 1044480);
	}
	mapfs_close(large);
	mapfs_destroy(path);
	free(bytes);
}

/* ------------------------------------------------------- many processes */

static pid_t start(void (*run)(uint32_t n), uint32_t n)
{
	pid_t pid = fork();

	if (pid)
		return pid;
	run(n);
	_exit(0);
}

static bool ends_well(pid_t pid)
{
	int status;

	return waitpid(pid, &status, 0) == pid && WIFEXITED(status) &&
	       !WEXITSTATUS(status);
}

/* What a record is made of: who wrote it, the how manieth, and filling. */
struct record {
	uint32_t producer;
	uint32_t number;
	uint32_t fill[128];
};

static size_t record_make(struct record *record, uint32_t n, uint32_t number)
{
	size_t words = number * 7 % 128;
	size_t i;

	record->producer = n;
	record->number = number;
	for (i = 0; i < words; i++)
		record->fill[i] = number ^ (uint32_t)i << 16 ^ n << 28;
	return 8 + 4 * words;
}

static void produce_one(uint32_t n, uint32_t number)
{
	struct record record;
	size_t size = record_make(&record, n, number);
	void *data = NULL;
	int err;

	do {
		if (memory && number % 2) {
			err = mapfs_ring_reserve(map, size, &data);
			if (!err) {
				memcpy(data, &record, size);
				err = mapfs_ring_commit(map, data);
			}
		} else {
			err = mapfs_ring_output(map, &record, size);
		}
		if (err == -EAGAIN)
			usleep(100);
	} while (err == -EAGAIN);
	if (err)
		_exit(1);
	if (memory && number % 5 == 0 &&
	    !mapfs_ring_reserve(map, size, &data) &&
	    mapfs_ring_discard(map, data))
		_exit(2);
}

/* With the parent's map, or one of its own. */
static void produce(uint32_t n)
{
	uint32_t number;

	if (n)
		map = open_again(O_RDWR);
	for (number = 0; number < RECORDS; number++)
		produce_one(n, number);
	if (n)
		mapfs_close(map);
}

static bool record_is_right(const struct record *record, int size)
{
	struct record want;

	return size >= 8 && record->producer < PRODUCERS &&
	       record->number < RECORDS &&
	       record_make(&want, record->producer, record->number) ==
		       (size_t)size &&
	       !memcmp(record, &want, (size_t)size);
}

static void consume(uint32_t n)
{
	uint32_t next[PRODUCERS] = { 0 };
	struct record record;
	bool ended;
	int res;

	map = open_again(O_RDWR);
	for (;;) {
		ended = __atomic_load_n(&shared->ended, __ATOMIC_ACQUIRE);
		res = mapfs_ring_poll(map, ended ? 0 : SHORT);
		if (res < 0 || (!res && ended))
			break;
		res = mapfs_ring_take(map, &record, sizeof(record));
		if (res == -EAGAIN)
			continue;
		if (!record_is_right(&record, res) ||
		    record.number < next[record.producer]) {
			__atomic_fetch_add(&shared->wrong, 1, __ATOMIC_RELAXED);
			continue;
		}
		next[record.producer] = record.number + 1;
		__atomic_fetch_add(
			&shared->seen[record.producer][record.number], 1,
			__ATOMIC_RELAXED);
	}
	mapfs_close(map);
	_exit(res ? (int)n + 1 : 0);
}

static void test_processes(void)
{
	pid_t producer[PRODUCERS];
	pid_t consumer[CONSUMERS];
	uint32_t once = 0;
	uint32_t well = 0;
	uint32_t i;

	for (i = 0; i < CONSUMERS; i++)
		consumer[i] = start(consume, i);
	for (i = 0; i < PRODUCERS; i++)
		producer[i] = start(produce, i);
	for (i = 0; i < PRODUCERS; i++)
		well += ends_well(producer[i]);
	is("producers end well", well, PRODUCERS);
	__atomic_store_n(&shared->ended, true, __ATOMIC_RELEASE);
	for (well = i = 0; i < CONSUMERS; i++)
		well += ends_well(consumer[i]);
	is("consumers end well", well, CONSUMERS);
	for (i = 0; i < PRODUCERS * RECORDS; i++)
		once += shared->seen[i / RECORDS][i % RECORDS] == 1;
	is("each record once", once, PRODUCERS * RECORDS);
	is("whole, and in order", shared->wrong, 0);
}

static void wait_and_take(uint32_t unused)
{
	char byte;

	(void)unused;
	if (mapfs_ring_poll(map, LONG) != 1 ||
	    mapfs_ring_take(map, &byte, 1) != 1)
		_exit(1);
}

static void on_alarm(int signo)
{
	(void)signo;
}

/* More than one, as the first can come before the wait. */
static void test_signal(void)
{
	const struct itimerval often = { { 0, 50000 }, { 0, 50000 } };
	const struct itimerval never = { 0 };
	struct sigaction action = { .sa_handler = on_alarm };
	int res;

	sigaction(SIGALRM, &action, NULL);
	setitimer(ITIMER_REAL, &often, NULL);
	res = mapfs_ring_poll(map, -1);
	setitimer(ITIMER_REAL, &never, NULL);
	is("a signal ends the wait", res, -EINTR);
}

static void test_waking(void)
{
	pid_t pid = start(wait_and_take, 0);

	usleep(SHORT * 1000);
	is("wake", mapfs_ring_output(map, "w", 1), 0);
	is("who waits is woken", ends_well(pid), 1);
}

/* ------------------------------------------------- ends, and beginnings */

static void reserve_and_stay(uint32_t unused)
{
	void *data;

	(void)unused;
	if (mapfs_ring_reserve(map, 100, &data))
		_exit(1);
	memset(data, 'x', 100);
	mapfs_ring_output(map, "mine", 4);
	for (;;)
		pause();
}

/* Two records are waited for: one that holds up, and one behind it. */
static void test_killed(void)
{
	char bytes[200];
	pid_t pid = start(reserve_and_stay, 0);
	int n;

	for (n = 0; n < LONG && query(BPF_RB_AVAIL_DATA) == 0 && n < 200; n++)
		usleep(1000);
	is("behind it", mapfs_ring_output(map, "behind", 6), 0);
	is("held up", mapfs_ring_poll(map, SHORT), 0);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	is("not any more", mapfs_ring_poll(map, LONG), 1);
	is("what it was done with", mapfs_ring_take(map, bytes, 200), 4);
	is("and what is behind", mapfs_ring_take(map, bytes, 200), 6);
	is("and no more", mapfs_ring_take(map, bytes, 200), -EAGAIN);
}

static void *inherited;

static void commit_inherited(uint32_t unused)
{
	void *data;

	(void)unused;
	if (mapfs_ring_commit(map, inherited) != -EINVAL)
		_exit(1);
	if (mapfs_ring_reserve(map, 3, &data))
		_exit(2);
	memcpy(data, "own", 3);
	if (mapfs_ring_commit(map, data))
		_exit(3);
}

static void test_fork(void)
{
	char bytes[16];

	is("reserve", mapfs_ring_reserve(map, 6, &inherited), 0);
	is("a child has records of its own",
	   ends_well(start(commit_inherited, 0)), 1);
	memcpy(inherited, "parent", 6);
	is("and the parent its", mapfs_ring_commit(map, inherited), 0);
	is("take", mapfs_ring_take(map, bytes, 16), 6);
	is("and the child's", mapfs_ring_take(map, bytes, 16), 3);
}

static void test_close(void)
{
	struct mapfs_map *other = open_again(O_RDWR);
	char byte;
	void *data;

	is("reserve", mapfs_ring_reserve(other, 6, &data), 0);
	is("output", mapfs_ring_output(map, "x", 1), 0);
	is("another's record", mapfs_ring_commit(map, data), -EINVAL);
	mapfs_close(other);
	is("close discards", mapfs_ring_poll(map, LONG), 1);
	is("take", mapfs_ring_take(map, &byte, 1), 1);
}

static void test_freeze(void)
{
	char bytes[8];

	is("output", mapfs_ring_output(map, "kept", 4), 0);
	is("freeze", mapfs_freeze(map), 0);
	is("frozen: output", mapfs_ring_output(map, "x", 1), -EPERM);
	is("frozen: take", mapfs_ring_take(map, bytes, 8), -EPERM);
	is("frozen: poll", mapfs_ring_poll(map, -1), -EPERM);
	is("frozen: it is there", (long)query(BPF_RB_AVAIL_DATA), 16);
}

int main(int argc, char **argv)
{
	struct mapfs_info info = { .sz = sizeof(info) };

	if (argc != 2)
		return EXIT_FAILURE;
	dir = argv[1];
	map = open_again(O_RDWR);
	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE,
		      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (shared == MAP_FAILED || mapfs_info(map, &info))
		return EXIT_FAILURE;
	memory = info.io == MAPFS_IO_MEMORY;
	test_output();
	test_reserve();
	test_consume();
	test_reading();
	test_others();
	test_large();
	test_processes();
	test_waking();
	test_signal();
	if (memory) {
		test_consume_nothing();
		test_killed();
		test_fork();
		test_close();
	}
	test_freeze();
	mapfs_close(map);
	return 0;
}
