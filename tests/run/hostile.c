/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a runner must survive: many at once, the killed, the forking, the
 * executing, and those who say what is not so.  Alone, by root, it tells the
 * same of the kernel.
 */
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "client.h"
#include "client_types.h"

#define THREADS 4
#define CALLS	400

/* Milliseconds that a group of liars has. */
#define LIARS_MS 300

static int one(int command, int fd, uint32_t key, uint64_t *value)
{
	return element(command, fd, &key, value, 0);
}

struct worker {
	int fd;
	uint32_t first;
	int bad;
};

static void *work(void *arg)
{
	struct worker *worker = arg;
	uint64_t value, found;
	uint32_t i;

	for (i = 0; i < CALLS; i++) {
		uint32_t key = worker->first + i % 64;

		value = (uint64_t)key << 32 | i;
		found = 0;
		if (one(BPF_MAP_UPDATE_ELEM, worker->fd, key, &value) ||
		    one(BPF_MAP_LOOKUP_ELEM, worker->fd, key, &found) ||
		    found != value)
			worker->bad++;
	}
	return NULL;
}

/* Threads of several processes, each with keys of its own. */
static int run_workers(int fd, uint32_t first)
{
	struct worker worker[THREADS];
	pthread_t thread[THREADS];
	int bad = 0;
	int i;

	for (i = 0; i < THREADS; i++) {
		worker[i].fd = fd;
		worker[i].first = first + 64 * (uint32_t)i;
		worker[i].bad = 0;
		pthread_create(&thread[i], NULL, work, &worker[i]);
	}
	for (i = 0; i < THREADS; i++) {
		pthread_join(thread[i], NULL);
		bad += worker[i].bad;
	}
	return bad;
}

static void check_parallel(int fd)
{
	int status, bad;
	pid_t pid = fork();

	if (pid == 0)
		_exit(run_workers(fd, 1024) != 0);
	bad = run_workers(fd, 0);
	is("threads of two processes at once",
	   waitpid(pid, &status, 0) == pid && status == 0 && !bad, 1);
}

static void on_alarm(int sig)
{
	(void)sig;
}

/*
 * Signals at any time: a call that was received is not done twice, so what is
 * deleted was there.
 */
static void check_signals(int fd)
{
	struct sigaction action = { .sa_handler = on_alarm };
	timer_t timer;
	struct sigevent event = { .sigev_notify = SIGEV_SIGNAL,
				  .sigev_signo = SIGUSR1 };
	struct itimerspec often = { { 0, 150000 }, { 0, 150000 } };
	uint64_t value = 1;
	int bad = 0;
	int i, res;

	sigaction(SIGUSR1, &action, NULL);
	timer_create(CLOCK_MONOTONIC, &event, &timer);
	timer_settime(timer, 0, &often, NULL);
	for (i = 0; i < CALLS; i++) {
		do
			res = one(BPF_MAP_UPDATE_ELEM, fd, 9, &value);
		while (res == -EINTR);
		bad += res != 0;
		do
			res = one(BPF_MAP_LOOKUP_AND_DELETE_ELEM, fd, 9,
				  &value);
		while (res == -EINTR);
		bad += res != 0;
	}
	timer_delete(timer);
	is("signals during calls", bad, 0);
}

/* Killed at any moment of a call, with threads of its own in others. */
static void check_killed(int fd)
{
	struct timespec pause = { 0, 0 };
	int died = 0;
	int i, status;
	pid_t pid;

	for (i = 0; i < 30; i++) {
		pid = fork();
		if (pid == 0) {
			for (;;)
				run_workers(fd, 2048);
		}
		pause.tv_nsec = 500000 + i * 100000;
		nanosleep(&pause, NULL);
		kill(pid, SIGKILL);
		died += waitpid(pid, &status, 0) == pid && WIFSIGNALED(status);
	}
	is("processes killed during calls", died, 30);
}

/* The other threads of one who executes are killed where they are. */
static void check_exec(int fd, char *self)
{
	int well = 0;
	int i, status;
	pid_t pid;

	for (i = 0; i < 10; i++) {
		pid = fork();
		if (pid == 0) {
			struct worker worker = { fd, 3000, 0 };
			struct timespec pause = { 0, 300000 };
			pthread_t thread;

			pthread_create(&thread, NULL, work, &worker);
			nanosleep(&pause, NULL);
			execl(self, self, "nothing", (char *)NULL);
			_exit(1);
		}
		well += waitpid(pid, &status, 0) == pid && status == 0;
	}
	is("exec during calls", well, 10);
}

/* Addresses come and go, and attrs change while they are read. */
struct lies {
	int fd;
	unsigned char *page;
	atomic_bool stop;
	uint32_t seed;
};

static uint32_t random_of(struct lies *lies)
{
	lies->seed = lies->seed * 1103515245u + 12345u;
	return lies->seed >> 8;
}

static void *come_and_go(void *arg)
{
	struct lies *lies = arg;

	while (!atomic_load(&lies->stop)) {
		mprotect(lies->page, 4096, PROT_NONE);
		mprotect(lies->page, 4096, PROT_READ | PROT_WRITE);
		lies->page[random_of(lies) % 168] =
			(unsigned char)random_of(lies);
	}
	return NULL;
}

/*
 * Random commands of what another thread changes.  Maps of any size would be
 * made, so not those; and programs and BTF neither.
 */
static void check_lies(int fd)
{
	static const int commands[] = {
		BPF_MAP_LOOKUP_ELEM,
		BPF_MAP_UPDATE_ELEM,
		BPF_MAP_DELETE_ELEM,
		BPF_MAP_GET_NEXT_KEY,
		BPF_MAP_LOOKUP_AND_DELETE_ELEM,
		BPF_MAP_LOOKUP_BATCH,
		BPF_MAP_LOOKUP_AND_DELETE_BATCH,
		BPF_MAP_UPDATE_BATCH,
		BPF_MAP_DELETE_BATCH,
		BPF_OBJ_GET_INFO_BY_FD,
		BPF_MAP_GET_NEXT_ID,
		BPF_OBJ_GET,
		BPF_OBJ_PIN,
	};
	struct lies lies = { .fd = fd, .seed = 1 };
	uint64_t end = now_ms() + LIARS_MS;
	pthread_t thread;
	uint32_t n = 0;

	lies.page = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	pthread_create(&thread, NULL, come_and_go, &lies);
	while (now_ms() < end) {
		union bpf_attr attr;
		int command = commands[n++ % (sizeof(commands) /
					      sizeof(commands[0]))];

		memset(&attr, 0, sizeof(attr));
		attr.map_fd = (uint32_t)fd;
		attr.key = ptr(lies.page + 4090);
		attr.value = ptr(lies.page);
		if (command >= BPF_MAP_LOOKUP_BATCH) {
			attr.batch.keys = ptr(lies.page);
			attr.batch.values = ptr(lies.page + 64);
			attr.batch.out_batch = ptr(lies.page + 4000);
			attr.batch.count = n % 3 ? n % 5000 : UINT32_MAX;
			attr.batch.map_fd = (uint32_t)fd;
		}
		bpf(command, &attr, sizeof(attr));
		bpf(command, lies.page, n % 200);
	}
	atomic_store(&lies.stop, true);
	pthread_join(thread, NULL);
	is("attrs and memory that change", n > 0, 1);
}

/* Types of all kinds, some of them in others. */
static uint32_t good_types(uint32_t *data)
{
	struct types types;
	uint32_t lock, inner, pointer, var;

	types_init(&types);
	lock = types_struct(&types, "bpf_spin_lock", 4);
	inner = types_with(&types, "inner", 8, lock, 4);
	pointer = types_pointer(&types, "kptr");
	types_add(&types, BTF_KIND_STRUCT, "value", 3, 32);
	types_member(&types, types.count + 1, 0);
	types_member(&types, pointer, 16);
	types_member(&types, TYPES_INT, 24);
	types_array(&types, inner, 1);
	types_add(&types, BTF_KIND_TYPEDEF, "name", 0, types.count);
	var = types_add(&types, BTF_KIND_VAR, "global", 0, types.count);
	types_word(&types, 1);
	types_add(&types, BTF_KIND_DATASEC, ".data", 1, 32);
	types_word(&types, var);
	types_word(&types, 0);
	types_word(&types, 16);
	return types_data(&types, data);
}

static uint32_t a_word(struct lies *lies, uint32_t word)
{
	switch (random_of(lies) % 4) {
	case 0:
		return random_of(lies) % 40;
	case 1:
		return word ^ 1u << random_of(lies) % 32;
	case 2:
		return (word & ~(31u << 24)) | random_of(lies) % 20 << 24;
	default:
		return UINT32_MAX - random_of(lies) % 4;
	}
}

/* A map of what was taken all the same, and a value through it. */
static void try_types(struct lies *lies, int btf)
{
	unsigned char value[256] = { 0 };
	union bpf_attr attr;
	uint32_t key = 0;
	int fd;

	memset(&attr, 0, sizeof(attr));
	attr.map_type = random_of(lies) % 2 ? BPF_MAP_TYPE_HASH :
					      BPF_MAP_TYPE_ARRAY;
	attr.key_size = 4;
	attr.value_size = 8u << random_of(lies) % 3;
	attr.max_entries = 1;
	attr.btf_fd = (uint32_t)btf;
	attr.btf_key_type_id = TYPES_INT;
	attr.btf_value_type_id = random_of(lies) % 16;
	fd = bpf_whole(BPF_MAP_CREATE, &attr);
	if (fd < 0)
		return;
	element(BPF_MAP_UPDATE_ELEM, fd, &key, value, 0);
	element(BPF_MAP_UPDATE_ELEM, fd, &key, value, BPF_F_LOCK);
	element(BPF_MAP_LOOKUP_ELEM, fd, &key, value, 0);
	close(fd);
}

/* Types that are made up: some are taken, and none does any harm. */
static void check_made_up_types(void)
{
	uint32_t good[TYPES_WORDS], data[TYPES_WORDS];
	uint32_t words = good_types(good), taken = 0, n = 0, at, i;
	struct lies lies = { .seed = 1 };
	uint64_t end = now_ms() + LIARS_MS;
	int btf;

	for (; now_ms() < end; n++) {
		memcpy(data, good, sizeof(data));
		for (i = 0; i < n % 4; i++) {
			at = random_of(&lies) % words;
			data[at] = a_word(&lies, data[at]);
		}
		btf = load_data(data, words);
		if (btf < 0)
			continue;
		taken++;
		try_types(&lies, btf);
		close(btf);
	}
	is("types that are made up", taken > 0 && taken < n, 1);
}

/* Slots of maps of maps, by many at once; and the ids of what they held. */
#define SLOTS	   4u
#define IDS_MAX	   65536u
#define SHARED_FD  700
#define SLOTTERS   3
#define SLOT_STEPS 4000

struct slots {
	int outer[2];
	atomic_uint count;
	uint32_t ids[IDS_MAX];
};

static int outer_of(uint32_t type, int inner)
{
	union bpf_attr attr;

	memset(&attr, 0, sizeof(attr));
	attr.map_type = type;
	attr.key_size = 4;
	attr.value_size = 4;
	attr.max_entries = SLOTS;
	attr.inner_map_fd = (uint32_t)inner;
	return bpf_whole(BPF_MAP_CREATE, &attr);
}

static int by_id(uint32_t id)
{
	union bpf_attr attr;

	memset(&attr, 0, sizeof(attr));
	attr.map_id = id;
	return bpf(BPF_MAP_GET_FD_BY_ID, &attr, 12);
}

/* An inner map, whose id is noted. */
static int inner_of(struct slots *slots)
{
	int fd = new_map(BPF_MAP_TYPE_HASH, 4, 8, 1, BPF_F_NO_PREALLOC);
	uint32_t n = atomic_fetch_add(&slots->count, 1);

	if (n < IDS_MAX)
		slots->ids[n] = id_of(fd);
	return fd;
}

/* A map of maps that goes with what it holds. */
static void leave_outer(int inner)
{
	int outer = outer_of(BPF_MAP_TYPE_ARRAY_OF_MAPS, inner);
	uint32_t key = 0;

	element(BPF_MAP_UPDATE_ELEM, outer, &key, &inner, 0);
	close(outer);
}

/* What an id in a slot was may have gone, but is never something else. */
static bool look_into(int outer, uint32_t key)
{
	uint32_t id = 0;
	int fd;
	bool right;

	if (element(BPF_MAP_LOOKUP_ELEM, outer, &key, &id, 0))
		return true;
	fd = by_id(id);
	right = fd == -ENOENT || id_of(fd) == id;
	if (fd >= 0)
		close(fd);
	return right;
}

/*
 * Others put another map at the shared descriptor meanwhile: not by the C
 * library, of which the thread sanitizer would say that it is a race.
 */
static bool slot_step(struct slots *slots, struct lies *lies)
{
	int outer = slots->outer[random_of(lies) % 2], inner, err;
	uint32_t key = random_of(lies) % SLOTS;

	switch (random_of(lies) % 8) {
	case 0:
		inner = inner_of(slots);
		err = element(BPF_MAP_UPDATE_ELEM, outer, &key, &inner, 0);
		if (random_of(lies) % 2)
			leave_outer(inner);
		syscall(SYS_dup3, inner, SHARED_FD, 0);
		close(inner);
		return !err;
	case 1:
		syscall(SYS_close, SHARED_FD);
		return true;
	case 2:
		inner = SHARED_FD;
		err = element(BPF_MAP_UPDATE_ELEM, outer, &key, &inner, 0);
		return !err || err == -EBADF;
	case 3:
	case 4:
		err = element(BPF_MAP_DELETE_ELEM, outer, &key, NULL, 0);
		return !err || err == -ENOENT;
	default:
		return look_into(outer, key);
	}
}

struct slotter {
	struct slots *slots;
	uint32_t seed;
	int bad;
};

static void *work_slots(void *arg)
{
	struct slotter *slotter = arg;
	struct lies lies = { .seed = slotter->seed };
	int i;

	for (i = 0; i < SLOT_STEPS / SLOTTERS; i++)
		if (!slot_step(slotter->slots, &lies))
			slotter->bad++;
	return NULL;
}

static int run_slotters(struct slots *slots, uint32_t seed)
{
	struct slotter slotter[SLOTTERS];
	pthread_t thread[SLOTTERS];
	int bad = 0;
	int i;

	for (i = 0; i < SLOTTERS; i++) {
		slotter[i] = (struct slotter){ slots, seed + (uint32_t)i, 0 };
		pthread_create(&thread[i], NULL, work_slots, &slotter[i]);
	}
	for (i = 0; i < SLOTTERS; i++) {
		pthread_join(thread[i], NULL);
		bad += slotter[i].bad;
	}
	return bad;
}

/* Maps that have not ended within a while. */
static uint32_t still_there(const struct slots *slots)
{
	uint64_t end = now_ms() + 5000;
	uint32_t count = atomic_load(&slots->count), left = 0, i;
	int fd;

	for (i = 0; i < count && i < IDS_MAX; i++) {
		while ((fd = by_id(slots->ids[i])) >= 0) {
			close(fd);
			if (now_ms() > end) {
				left++;
				break;
			}
			usleep(1000);
		}
	}
	return left;
}

/* No descriptor is closed when a slot lets go. */
static void check_emptied(int example)
{
	int outer = outer_of(BPF_MAP_TYPE_HASH_OF_MAPS, example);
	int files = parent_files();
	int inner = new_map(BPF_MAP_TYPE_HASH, 4, 8, 1, BPF_F_NO_PREALLOC);
	uint32_t key = 1;

	element(BPF_MAP_UPDATE_ELEM, outer, &key, &inner, 0);
	close(inner);
	/* Until that has been seen. */
	usleep(100000);
	element(BPF_MAP_DELETE_ELEM, outer, &key, NULL, 0);
	is("nothing of what was in a slot is open", parent_has(files), 1);
	close(outer);
}

static void check_parallel_slots(void)
{
	struct slots *slots = mmap(NULL, sizeof(*slots), PROT_READ | PROT_WRITE,
				   MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	int inner = new_map(BPF_MAP_TYPE_HASH, 4, 8, 1, BPF_F_NO_PREALLOC);
	int files = parent_files();
	int status, bad, i;
	pid_t pid[2];

	check_emptied(inner);
	slots->outer[0] = outer_of(BPF_MAP_TYPE_ARRAY_OF_MAPS, inner);
	slots->outer[1] = outer_of(BPF_MAP_TYPE_HASH_OF_MAPS, inner);
	for (i = 0; i < 2; i++) {
		pid[i] = fork();
		if (pid[i] == 0) {
			do
				bad = run_slotters(slots, 10u * (uint32_t)i);
			while (i);
			_exit(bad != 0);
		}
	}
	bad = run_slotters(slots, 99);
	is("slots, by threads of three processes",
	   waitpid(pid[0], &status, 0) == pid[0] && status == 0 && !bad, 1);
	kill(pid[1], SIGKILL);
	waitpid(pid[1], &status, 0);
	close(slots->outer[0]);
	close(slots->outer[1]);
	close(SHARED_FD);
	is("nothing of them is open", parent_has(files), 1);
	is("maps were made", atomic_load(&slots->count) > 100, 1);
	is("and none is left", still_there(slots), 0);
	close(inner);
	munmap(slots, sizeof(*slots));
}

/* What the kernel has and the runner has not. */
static void check_others(void)
{
	static const int others[] = { BPF_PROG_ATTACH, BPF_PROG_TEST_RUN,
				      BPF_LINK_CREATE, BPF_ITER_CREATE };
	union bpf_attr attr;
	size_t i;

	memset(&attr, 0, sizeof(attr));
	for (i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		is("a command without maps", bpf_whole(others[i], &attr),
		   -EOPNOTSUPP);
}

int main(int argc, char **argv)
{
	int fd;

	if (argc > 1)
		return strcmp(argv[1], "nothing") ?
			       (int)value_at(atoi(argv[1])) :
			       0;
	fd = new_map(BPF_MAP_TYPE_HASH, 4, 8, 4096, 0);
	is("a map", fd >= 0, 1);
	check_others();
	check_parallel(fd);
	check_signals(fd);
	check_killed(fd);
	check_exec(fd, argv[0]);
	/* Which may fill theirs. */
	check_lies(new_map(BPF_MAP_TYPE_HASH, 4, 8, 4096, 0));
	check_lies(outer_of(BPF_MAP_TYPE_HASH_OF_MAPS, fd));
	check_made_up_types();
	check_parallel_slots();
	check_provided();
	check_numbers(argv[0]);
	check_beside();
	is("and then as before", run_workers(fd, 0), 0);
	return failures != 0;
}
