/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Sealing a region against every kind of writer: who is in the way of it, and
 * that nobody gets in afterwards.
 */
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "core/region.h"
#include "unit.h"

#define RW (PROT_READ | PROT_WRITE)

static void assert_sealed(struct region *region)
{
	char byte = 0;

	ck_assert_int_eq(region_store(region, 1, &byte, 1), -EPERM);
	ck_assert_int_eq(region_zero(region, 0, UNIT_PAGE), -EPERM);
	ck_assert_int_eq(region_load(region, 1, &byte, 1), 0);
	ck_assert_int_eq(byte, 'b');
	ck_assert_int_eq(pwrite(region->fd, "x", 1, 0), -1);
	ck_assert_int_eq(errno, EPERM);
	ck_assert_ptr_eq(mmap(NULL, UNIT_PAGE, RW, MAP_SHARED, region->fd, 0),
			 MAP_FAILED);
	ck_assert_int_eq(errno, EPERM);
	ck_assert_int_eq(fcntl(region->fd, F_GET_SEALS),
			 F_SEAL_GROW | F_SEAL_SHRINK | F_SEAL_WRITE);
}

START_TEST(test_seal)
{
	struct region region = REGION_INIT;
	unsigned char *base;
	int fd;

	unit_region(&region, 2 * UNIT_PAGE, _i);
	ck_assert_int_eq(region_store(&region, 0, "abc", 3), 0);
	base = region.base;
	ck_assert_int_eq(region_probe_writers(&region), 0);
	ck_assert_int_eq(region_seal_write(&region), 0);
	assert_sealed(&region);
	ck_assert_ptr_eq(region.base, base);
	ck_assert(!base || base[2] == 'c');
	ck_assert(!base || mprotect(base, UNIT_PAGE, RW) < 0);

	/* An open made later cannot write either. */
	fd = unit_reopen(&region, O_RDWR);
	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(pwrite(fd, "x", 1, 0), -1);
	ck_assert_int_eq(errno, EPERM);
	close(fd);
	ck_assert_int_eq(region_map(&region, RW, region.size), -EPERM);
	ck_assert_int_eq(region_map(&region, PROT_READ, region.size), 0);
	assert_sealed(&region);
	region_release(&region);
}
END_TEST

START_TEST(test_seal_mapped_for_reading)
{
	struct region region = REGION_INIT;
	unsigned char *base;

	unit_region(&region, UNIT_PAGE, false);
	ck_assert_int_eq(region_store(&region, 0, "abc", 3), 0);
	ck_assert_int_eq(region_map(&region, PROT_READ, UNIT_PAGE), 0);
	base = region.base;
	ck_assert_int_eq(region_seal_write(&region), 0);
	ck_assert_ptr_eq(region.base, base);
	assert_sealed(&region);
	region_release(&region);
}
END_TEST

/* Sealing is refused and everything works as before. */
static void assert_busy(struct region *region)
{
	const unsigned char *base = region->base;
	unsigned char byte;
	unsigned char seen = 0;

	ck_assert_int_eq(region_load(region, 0, &byte, 1), 0);
	byte++;
	ck_assert_int_eq(region_seal_write(region), -EBUSY);
	ck_assert_ptr_eq(region->base, base);
	ck_assert_int_eq(region->prot, base ? RW : 0);
	ck_assert_int_eq(region_store(region, 0, &byte, 1), 0);
	if (base)
		*region->base = byte;
	ck_assert_int_eq(pread(region->fd, &seen, 1, 0), 1);
	ck_assert_int_eq(seen, byte);
	ck_assert_int_eq(fcntl(region->fd, F_GET_SEALS),
			 F_SEAL_GROW | F_SEAL_SHRINK);
}

/* Open for writing, then only mapped by way of that open, in any way. */
START_TEST(test_seal_busy)
{
	static const int prots[] = { RW, PROT_READ, PROT_NONE };
	struct region region = REGION_INIT;
	void *other;
	size_t i;
	int fd;

	unit_region(&region, 2 * UNIT_PAGE, _i);
	for (i = 0; i < sizeof(prots) / sizeof(prots[0]); i++) {
		fd = unit_reopen(&region, O_RDWR);
		ck_assert_int_ge(fd, 0);
		ck_assert_int_eq(region_probe_writers(&region), -EBUSY);
		assert_busy(&region);
		other = mmap(NULL, 2 * UNIT_PAGE, prots[i], MAP_SHARED, fd, 0);
		ck_assert_ptr_ne(other, MAP_FAILED);
		close(fd);
		ck_assert_int_eq(region_probe_writers(&region), -EBUSY);
		assert_busy(&region);
		ck_assert_int_eq(munmap(other, UNIT_PAGE), 0);
		assert_busy(&region);
		ck_assert_int_eq(munmap((char *)other + UNIT_PAGE, UNIT_PAGE),
				 0);
		ck_assert_int_eq(region_probe_writers(&region), 0);
	}
	fd = unit_reopen(&region, O_WRONLY);
	assert_busy(&region);
	close(fd);
	ck_assert_int_eq(region_seal_write(&region), 0);
	region_release(&region);
}
END_TEST

/* A mapping of the region's own descriptor, which the lease does not see. */
START_TEST(test_seal_busy_by_mapping)
{
	struct region region = REGION_INIT;
	void *other;

	unit_region(&region, UNIT_PAGE, _i);
	other = mmap(NULL, UNIT_PAGE, RW, MAP_SHARED, region.fd, 0);
	ck_assert_ptr_ne(other, MAP_FAILED);
	assert_busy(&region);
	munmap(other, UNIT_PAGE);
	ck_assert_int_eq(region_seal_write(&region), 0);
	region_release(&region);
}
END_TEST

START_TEST(test_seal_with_readers)
{
	struct region region = REGION_INIT;
	void *other;
	int fd;

	unit_region(&region, UNIT_PAGE, _i);
	ck_assert_int_eq(region_store(&region, 0, "abc", 3), 0);
	fd = unit_reopen(&region, O_RDONLY);
	ck_assert_int_ge(fd, 0);
	other = mmap(NULL, UNIT_PAGE, PROT_READ, MAP_SHARED, fd, 0);
	ck_assert_ptr_ne(other, MAP_FAILED);
	ck_assert_int_eq(region_seal_write(&region), 0);
	ck_assert_mem_eq(other, "abc", 3);
	assert_sealed(&region);
	munmap(other, UNIT_PAGE);
	close(fd);
	region_release(&region);
}
END_TEST

void unit_suite(Suite *suite)
{
	TCase *tcase = unit_case(suite, "seal");

	/* Loops: 0 through the descriptor, 1 mapped. */
	tcase_add_loop_test(tcase, test_seal, 0, 2);
	tcase_add_test(tcase, test_seal_mapped_for_reading);
	tcase_add_loop_test(tcase, test_seal_busy, 0, 2);
	tcase_add_loop_test(tcase, test_seal_busy_by_mapping, 0, 2);
	tcase_add_loop_test(tcase, test_seal_with_readers, 0, 2);
}
