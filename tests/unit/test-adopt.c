/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Arrays whose data files another process made: the same memory, mapped or
 * through descriptors, and what is refused.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>

#include "core/topology.h"
#include "tables.h"

#define ENTRIES 600u /* more than a page */

/* Loops: both types, each with every protection. */
#define WAYS 6

static const int prots[] = { PROT_NONE, PROT_READ, PROT_READ | PROT_WRITE };

struct fixture {
	struct map_attr attr;
	struct map *map;
	uint32_t n;
	int fd[MAP_CPUS_MAX];
};

static void adopt_open(struct fixture *f, bool percpu)
{
	f->attr = unit_attr(percpu ? BPF_MAP_TYPE_PERCPU_ARRAY :
				     BPF_MAP_TYPE_ARRAY,
			    8, ENTRIES, percpu ? 0 : BPF_F_MMAPABLE);
	ck_assert_int_eq(unit_create(&f->attr, &f->map), 0);
	for (f->n = 0; map_region(f->map, f->n); f->n++)
		f->fd[f->n] = map_region(f->map, f->n)->fd;
	ck_assert_uint_eq(f->n, percpu ? topology_cpus() : 1);
}

static void assert_refused(struct fixture *f, int prot, int err)
{
	unsigned int fds = unit_count_fds();
	struct map *other = NULL;

	ck_assert_int_eq(map_adopt(&f->attr, f->fd, f->n, prot, true, &other),
			 err);
	ck_assert_ptr_null(other);
	ck_assert_uint_eq(unit_count_fds(), fds);
}

START_TEST(test_same_memory)
{
	int prot = prots[_i / 2];
	struct map *other;
	struct fixture f;
	uint32_t key;

	adopt_open(&f, _i % 2);
	ck_assert_int_eq(table_put(f.map, 7, BPF_ANY), 0);
	ck_assert_int_eq(map_adopt(&f.attr, f.fd, f.n, prot, true, &other), 0);
	ck_assert_uint_eq(other->map_type, f.attr.map_type);
	ck_assert_uint_eq(other->max_entries, ENTRIES);
	ck_assert_uint_eq(other->map_flags, f.attr.map_flags);
	ck_assert_uint_eq(other->charge.bytes, 0);
	ck_assert(table_has(other, 7));
	/* The descriptors write where the mapping only reads. */
	for (key = 0; key < ENTRIES; key++)
		ck_assert_int_eq(
			table_put(key % 2 ? other : f.map, key, BPF_EXIST), 0);
	ck_assert_uint_eq(table_count(f.map, 0, ENTRIES), ENTRIES);
	ck_assert_int_eq(table_put(other, ENTRIES, BPF_ANY), -E2BIG);
	/* Each has its own. */
	unit_put_map(f.map);
	ck_assert_uint_eq(table_count(other, 0, ENTRIES), ENTRIES);
	unit_put_map(other);
}
END_TEST

START_TEST(test_reader)
{
	uint64_t *value = table_value(3);
	struct map *other;
	struct fixture f;
	uint32_t key = 3;

	adopt_open(&f, _i % 2);
	ck_assert_int_eq(table_put(f.map, 3, BPF_ANY), 0);
	ck_assert_int_eq(
		map_adopt(&f.attr, f.fd, f.n, prots[_i / 2], false, &other), 0);
	ck_assert(table_has(other, 3));
	ck_assert_int_eq(table_put(other, 3, 99), -EPERM);
	ck_assert_int_eq(map_update_percpu_elem(other, &key, value, 0, 0),
			 -EPERM);
	ck_assert_int_eq(map_write(other, value, 8, 0), -EPERM);
	ck_assert_int_eq(map_clear(other), -EPERM);
	ck_assert_int_eq(map_freeze(other), -EPERM);
	ck_assert(table_has(f.map, 3));
	unit_put_map(other);
	unit_put_map(f.map);
}
END_TEST

START_TEST(test_refused)
{
	const int prot = prots[_i / 2];
	struct map *other;
	struct fixture f;
	int fd;

	adopt_open(&f, _i % 2);
	f.n++;
	f.fd[f.n - 1] = f.fd[0];
	assert_refused(&f, prot, -EINVAL);
	f.n = 0;
	assert_refused(&f, prot, -EINVAL);
	f.n = map_value_slots(f.map);
	f.attr.key_size = 8;
	assert_refused(&f, prot, -EINVAL);
	f.attr.key_size = 4;
	f.attr.value_size = 9;
	assert_refused(&f, prot, -EUCLEAN);
	f.attr.value_size = 8;
	f.attr.max_entries++;
	assert_refused(&f, prot, -EUCLEAN);
	f.attr.max_entries--;
	f.attr.map_type = BPF_MAP_TYPE_HASH;
	assert_refused(&f, prot, -EOPNOTSUPP);
	f.attr.map_type = 99;
	assert_refused(&f, prot, -EOPNOTSUPP);
	f.attr.map_type = f.map->map_type;
	fd = f.fd[f.n - 1];
	f.fd[f.n - 1] = -1;
	assert_refused(&f, prot, -EBADF);
	f.fd[f.n - 1] = unit_reopen(map_region(f.map, 0), O_RDONLY);
	if (prot & PROT_WRITE)
		assert_refused(&f, prot, -EACCES);
	close(f.fd[f.n - 1]);
	f.fd[f.n - 1] = fd;
	unit_limit_fds(f.n - 1);
	ck_assert_int_eq(map_adopt(&f.attr, f.fd, f.n, prot, true, &other),
			 -EMFILE);
	unit_unlimit_fds();
	unit_put_map(f.map);
}
END_TEST

void unit_suite(Suite *suite)
{
	TCase *tcase = unit_case(suite, "adopt");

	tcase_add_loop_test(tcase, test_same_memory, 0, WAYS);
	tcase_add_loop_test(tcase, test_reader, 0, WAYS);
	tcase_add_loop_test(tcase, test_refused, 0, WAYS);
}
