/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The right to write, and freezing: who makes a freeze EBUSY, who gets EPERM
 * afterwards, and that under any number of threads nobody gets EPERM from a
 * freeze that then fails, and no write is done after one that succeeded.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/topology.h"
#include "unit.h"

#define ENTRIES 16u

/*
 * The thread sanitizer takes pages that are mapped in the place of the same
 * pages for a write to them, racing with those who read.
 */
const char *__tsan_default_suppressions(void);

const char *__tsan_default_suppressions(void)
{
	return "race:region_remap\n";
}

/* Loops: both types, not mapped and mapped. */
#define SHAPES 4

static struct map *shape(int i)
{
	struct map *map =
		unit_map(i / 2 ? BPF_MAP_TYPE_PERCPU_ARRAY : BPF_MAP_TYPE_ARRAY,
			 8, ENTRIES, 0);

	if (i % 2)
		ck_assert_int_eq(map_mmap(map, PROT_READ | PROT_WRITE), 0);
	return map;
}

/* Room for a value of any CPUs, each slot 'value'. */
static uint64_t *value_of(uint64_t value)
{
	static uint64_t slots[MAP_CPUS_MAX];
	uint32_t i;

	for (i = 0; i < topology_cpus(); i++)
		slots[i] = value;
	return slots;
}

static void assert_frozen(struct map *map)
{
	uint64_t *value = value_of(9);
	uint32_t key = 0;
	struct map_batch batch = {
		.keys = &key,
		.values = value,
		.count = 1,
		.elem_flags = 1,
	};
	struct region *region;
	uint32_t n;
	int fd;

	ck_assert(map_frozen(map));
	ck_assert_int_eq(map_freeze(map), -EPERM);
	ck_assert_int_eq(map_write_get(map), -EPERM);
	/* Before anything else is looked at. */
	ck_assert_int_eq(map_update_elem(map, &key, value, 99), -EPERM);
	key = ENTRIES;
	ck_assert_int_eq(map_update_elem(map, &key, value, 0), -EPERM);
	ck_assert_int_eq(map_update_percpu_elem(map, &key, value, 0, 0),
			 -EPERM);
	ck_assert_int_eq(map_delete_elem(map, &key), -EPERM);
	ck_assert_int_eq(map_lookup_and_delete_elem(map, &key, value), -EPERM);
	ck_assert_int_eq(map_update_batch(map, &batch), -EPERM);
	ck_assert_int_eq(map_delete_batch(map, &batch), -EPERM);
	ck_assert_int_eq(map_lookup_and_delete_batch(map, &batch), -EPERM);
	ck_assert_uint_eq(batch.count, 1);
	ck_assert_int_eq(map_write(map, value, 8, 0), -EPERM);
	ck_assert_int_eq(map_write(map, value, 0, 0), -EPERM);
	ck_assert_int_eq(map_clear(map), -EPERM);
	ck_assert_int_eq(map_mmap(map, PROT_READ | PROT_WRITE), -EPERM);
	/* Nor is there a way around us. */
	for (n = 0; (region = map_region(map, n)); n++) {
		fd = unit_reopen(region, O_RDWR);
		ck_assert_int_ge(fd, 0);
		ck_assert_int_eq(pwrite(fd, value, 8, 0), -1);
		ck_assert_int_eq(errno, EPERM);
		ck_assert_ptr_eq(mmap(NULL, 8, PROT_WRITE, MAP_SHARED, fd, 0),
				 MAP_FAILED);
		close(fd);
	}
}

static void assert_holds(struct map *map, uint32_t key, uint64_t value)
{
	uint64_t *got = value_of(~value);
	uint32_t i;

	ck_assert_int_eq(map_lookup_elem_sys_only(map, &key, got), 0);
	for (i = 0; i < map_value_slots(map); i++)
		ck_assert_uint_eq(got[i], value);
}

START_TEST(test_freeze)
{
	struct map *map = shape(_i);
	uint64_t *buf = value_of(0);
	uint32_t next;

	ck_assert_int_eq(unit_update(map, 3, value_of(77), BPF_ANY), 0);
	ck_assert(!map_frozen(map));
	ck_assert_int_eq(map_freeze(map), 0);
	assert_frozen(map);
	assert_holds(map, 3, 77);
	assert_holds(map, 4, 0);
	ck_assert_int_eq(map_get_next_key(map, NULL, &next), 0);
	ck_assert_int_eq(
		map_read(map, buf, 8, 3 * map->ops->map_record_size(map)), 8);
	ck_assert_uint_eq(buf[0], 77);
	/* A mapping for reading can still be made. */
	ck_assert_int_eq(map_mmap(map, PROT_READ), 0);
	assert_frozen(map);
	assert_holds(map, 3, 77);
	unit_put_map(map);
}
END_TEST

START_TEST(test_mapped_for_reading)
{
	struct map *map = shape(_i);

	ck_assert_int_eq(map_mmap(map, PROT_READ), 0);
	ck_assert_int_eq(unit_update(map, 3, value_of(78), BPF_ANY), 0);
	assert_holds(map, 3, 78);
	ck_assert_int_eq(map_freeze(map), 0);
	assert_frozen(map);
	assert_holds(map, 3, 78);
	unit_put_map(map);
}
END_TEST

START_TEST(test_right_to_write)
{
	struct map *map = shape(_i);

	ck_assert_int_eq(map_write_get(map), 0);
	ck_assert_int_eq(map_write_get(map), 0);
	ck_assert_int_eq(map_freeze(map), -EBUSY);
	ck_assert_int_eq(unit_update(map, 0, value_of(1), BPF_ANY), 0);
	map_write_put(map);
	ck_assert_int_eq(map_freeze(map), -EBUSY);
	ck_assert(!map_frozen(map));
	map_write_put(map);
	ck_assert_int_eq(map_freeze(map), 0);
	assert_frozen(map);
	assert_holds(map, 0, 1);
	unit_put_map(map);
}
END_TEST

/* Any region of the map, by a descriptor or what is mapped through one. */
START_TEST(test_open_elsewhere)
{
	struct map *map = shape(_i);
	struct region *region;
	uint32_t n;
	void *other;
	int fd;

	for (n = 0; (region = map_region(map, n)); n++) {
		fd = unit_reopen(region, O_RDWR);
		ck_assert_int_ge(fd, 0);
		ck_assert_int_eq(map_freeze(map), -EBUSY);
		other = mmap(NULL, region->size, PROT_READ, MAP_SHARED, fd, 0);
		ck_assert_ptr_ne(other, MAP_FAILED);
		close(fd);
		ck_assert_int_eq(map_freeze(map), -EBUSY);
		ck_assert(!map_frozen(map));
		ck_assert_int_eq(unit_update(map, 1, value_of(n), BPF_ANY), 0);
		assert_holds(map, 1, n);
		munmap(other, region->size);
	}
	ck_assert_uint_eq(n, map_value_slots(map));
	ck_assert_int_eq(map_freeze(map), 0);
	assert_frozen(map);
	unit_put_map(map);
}
END_TEST

/* A child's mapping counts until the child is gone, whatever we unmap. */
START_TEST(test_mapped_by_child)
{
	struct map *map = shape(_i);
	struct region *region = map_region(map, 0);
	int fd = unit_reopen(region, O_RDWR);
	int hold[2];
	void *other;
	char byte;
	pid_t pid;

	other = mmap(NULL, region->size, PROT_READ | PROT_WRITE, MAP_SHARED, fd,
		     0);
	ck_assert_ptr_ne(other, MAP_FAILED);
	close(fd);
	ck_assert_int_eq(pipe(hold), 0);
	pid = fork();
	ck_assert_int_ge(pid, 0);
	if (pid == 0) {
		close(hold[1]);
		_exit(read(hold[0], &byte, 1) == 0 ? 0 : 1);
	}
	munmap(other, region->size);
	close(hold[0]);
	/* The child has our own mapping and descriptor as well. */
	ck_assert_int_eq(map_freeze(map), -EBUSY);
	close(hold[1]);
	ck_assert_int_eq(waitpid(pid, NULL, 0), pid);
	ck_assert_int_eq(map_freeze(map), 0);
	unit_put_map(map);
}
END_TEST

START_TEST(test_readers_elsewhere)
{
	struct map *map = shape(_i);
	struct region *region = map_region(map, 0);
	int fd = unit_reopen(region, O_RDONLY);
	uint64_t *other;

	ck_assert_int_eq(unit_update(map, 0, value_of(5), BPF_ANY), 0);
	other = mmap(NULL, region->size, PROT_READ, MAP_SHARED, fd, 0);
	ck_assert_ptr_ne(other, MAP_FAILED);
	ck_assert_int_eq(map_freeze(map), 0);
	assert_frozen(map);
	ck_assert_uint_eq(*other, 5);
	ck_assert_int_eq(mprotect(other, region->size, PROT_READ | PROT_WRITE),
			 -1);
	munmap(other, region->size);
	close(fd);
	unit_put_map(map);
}
END_TEST

/*
 * Threads that count up an element each.  What a thread was told is the
 * truth: the element holds its last write that succeeded, and after the
 * first EPERM there is no other answer.
 */
#define WRITERS 3

struct writer {
	struct map *map;
	uint32_t index;
	uint64_t done;	/* last value written */
	uint64_t other; /* answers that were neither */
	uint64_t again; /* successes after EPERM */
	pthread_t thread;
};

static atomic_bool stop;
static atomic_uint rounds; /* of all writers */

static void *writer(void *arg)
{
	struct writer *w = arg;
	uint32_t nslots = map_value_slots(w->map);
	uint64_t *slots = calloc(nslots, sizeof(*slots));
	bool refused = false;
	uint32_t i;
	int err;

	while (!atomic_load(&stop) || !refused) {
		for (i = 0; i < nslots; i++)
			slots[i] = w->done + 1;
		err = map_update_elem(w->map, &w->index, slots, BPF_ANY);
		if (!err) {
			w->done++;
			w->again += refused;
		} else if (err == -EPERM) {
			refused = true;
		} else {
			w->other++;
		}
		/* Let go now and then, or a freeze never finds it idle. */
		if (atomic_fetch_add(&rounds, 1) % 8 == 0)
			sched_yield();
		if (atomic_load(&stop) && !map_frozen(w->map))
			break;
	}
	free(slots);
	return (void *)(uintptr_t)refused;
}

static void writers_start(struct writer *writers, struct map *map)
{
	uint32_t i;

	atomic_store(&stop, false);
	atomic_store(&rounds, 0);
	for (i = 0; i < WRITERS; i++) {
		writers[i] = (struct writer){ .map = map, .index = i };
		ck_assert_int_eq(pthread_create(&writers[i].thread, NULL,
						writer, &writers[i]),
				 0);
	}
}

static void writers_end(struct writer *writers, bool refused)
{
	void *was_refused;
	uint32_t i;

	atomic_store(&stop, true);
	for (i = 0; i < WRITERS; i++) {
		pthread_join(writers[i].thread, &was_refused);
		ck_assert_int_eq(was_refused != NULL, refused);
		ck_assert_uint_eq(writers[i].other, 0);
		ck_assert_uint_eq(writers[i].again, 0);
		assert_holds(writers[i].map, i, writers[i].done);
	}
}

/* A freeze that fails is not felt. */
START_TEST(test_failing_freeze_under_writers)
{
	struct map *map = shape(_i);
	int fd = unit_reopen(map_region(map, map_value_slots(map) - 1), O_RDWR);
	struct writer writers[WRITERS];
	unsigned int i;

	writers_start(writers, map);
	for (i = 0; i < 3000 || atomic_load(&rounds) < 10000; i++)
		ck_assert_int_eq(map_freeze(map), -EBUSY);
	writers_end(writers, false);
	close(fd);
	ck_assert_int_eq(map_freeze(map), 0);
	unit_put_map(map);
}
END_TEST

/* A freeze that succeeds is final. */
START_TEST(test_freeze_under_writers)
{
	struct map *map = shape(_i);
	struct writer writers[WRITERS];
	uint64_t before[64];
	uint64_t after[64];
	int err;

	writers_start(writers, map);
	while (atomic_load(&rounds) < 1000)
		sched_yield();
	while ((err = map_freeze(map)) == -EBUSY)
		sched_yield();
	ck_assert_int_eq(err, 0);
	ck_assert_int_eq(map_read(map, before, sizeof(before), 0),
			 map_read(map, after, sizeof(after), 0));
	writers_end(writers, true);
	ck_assert_int_gt(map_read(map, after, sizeof(after), 0), 0);
	ck_assert_mem_eq(before, after, ENTRIES * 8);
	assert_frozen(map);
	unit_put_map(map);
}
END_TEST

static void *reader(void *arg)
{
	struct map *map = arg;
	uint32_t nslots = map_value_slots(map);
	uint64_t *slots = calloc(nslots, sizeof(*slots));
	uintptr_t bad = 0;
	uint32_t key = 2;
	uint32_t i;

	while (!atomic_load(&stop)) {
		bad += map_lookup_elem_sys_only(map, &key, slots) != 0;
		for (i = 0; i < nslots; i++)
			bad += slots[i] != 5;
		atomic_fetch_add(&rounds, 1);
	}
	free(slots);
	return (void *)bad;
}

/* Whether it fails or not, those who read notice nothing. */
START_TEST(test_freeze_under_readers)
{
	struct map *map = shape(_i);
	int fd = unit_reopen(map_region(map, map_value_slots(map) - 1), O_RDWR);
	pthread_t threads[2];
	void *bad;
	int i;

	ck_assert_int_eq(unit_update(map, 2, value_of(5), BPF_ANY), 0);
	atomic_store(&stop, false);
	atomic_store(&rounds, 0);
	for (i = 0; i < 2; i++)
		ck_assert_int_eq(pthread_create(&threads[i], NULL, reader, map),
				 0);
	for (i = 0; i < 500 || atomic_load(&rounds) < 2000; i++)
		ck_assert_int_eq(map_freeze(map), -EBUSY);
	close(fd);
	ck_assert_int_eq(map_freeze(map), 0);
	assert_frozen(map);
	atomic_store(&stop, true);
	for (i = 0; i < 2; i++) {
		pthread_join(threads[i], &bad);
		ck_assert_ptr_null(bad);
	}
	unit_put_map(map);
}
END_TEST

static void *freezer(void *arg)
{
	struct map *map = arg;
	int err;

	while ((err = map_freeze(map)) == -EBUSY)
		sched_yield();
	return (void *)(intptr_t)err;
}

/* One of them does it, the others are told that it is done. */
START_TEST(test_freeze_by_threads)
{
	struct map *map = shape(_i);
	pthread_t threads[4];
	int successes = 0;
	void *err;
	int i;

	for (i = 0; i < 4; i++)
		ck_assert_int_eq(
			pthread_create(&threads[i], NULL, freezer, map), 0);
	for (i = 0; i < 4; i++) {
		pthread_join(threads[i], &err);
		successes += !err;
		ck_assert(!err || (intptr_t)err == -EPERM);
	}
	ck_assert_int_eq(successes, 1);
	assert_frozen(map);
	unit_put_map(map);
}
END_TEST

static void *opener(void *arg)
{
	struct map *map = arg;
	uintptr_t bad = 0;
	ssize_t res;
	int fd;

	while (!atomic_load(&stop)) {
		fd = unit_reopen(map_region(map, 0), O_RDWR);
		if (fd < 0) {
			bad++;
			continue;
		}
		/* From here to close the map is not frozen, or was before. */
		res = pwrite(fd, "x", 1, 0);
		if (res != 1 && errno != EPERM)
			bad++;
		close(fd);
		atomic_fetch_add(&rounds, 1);
	}
	return (void *)bad;
}

/*
 * Against opens that come at any moment: an open waits for the lease and
 * signals us, so SIGIO is ignored as region.h says.
 */
START_TEST(test_freeze_under_opens)
{
	struct map *map = shape(_i);
	pthread_t thread;
	void *bad;
	int err;

	signal(SIGIO, SIG_IGN);
	atomic_store(&stop, false);
	atomic_store(&rounds, 0);
	ck_assert_int_eq(pthread_create(&thread, NULL, opener, map), 0);
	while (atomic_load(&rounds) < 100)
		sched_yield();
	while ((err = map_freeze(map)) == -EBUSY)
		sched_yield();
	ck_assert_int_eq(err, 0);
	assert_frozen(map);
	atomic_store(&stop, true);
	pthread_join(thread, &bad);
	ck_assert_ptr_null(bad);
	unit_put_map(map);
}
END_TEST

void unit_suite(Suite *suite)
{
	TCase *tcase = unit_case(suite, "freeze");

	tcase_add_loop_test(tcase, test_freeze, 0, SHAPES);
	tcase_add_loop_test(tcase, test_mapped_for_reading, 0, SHAPES);
	tcase_add_loop_test(tcase, test_right_to_write, 0, SHAPES);
	tcase_add_loop_test(tcase, test_open_elsewhere, 0, SHAPES);
	tcase_add_loop_test(tcase, test_mapped_by_child, 0, SHAPES);
	tcase_add_loop_test(tcase, test_readers_elsewhere, 0, SHAPES);

	tcase = unit_case(suite, "threads");
	tcase_add_loop_test(tcase, test_failing_freeze_under_writers, 0,
			    SHAPES);
	tcase_add_loop_test(tcase, test_freeze_under_writers, 0, SHAPES);
	tcase_add_loop_test(tcase, test_freeze_under_readers, 0, SHAPES);
	tcase_add_loop_test(tcase, test_freeze_by_threads, 0, SHAPES);
	tcase_add_loop_test(tcase, test_freeze_under_opens, 0, SHAPES);
}
