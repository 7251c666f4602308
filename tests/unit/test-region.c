/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Regions: creation and its limits, copying with and without a mapping, the
 * address space behind a mapping, sealing against every kind of writer, and
 * headers.
 */
#include <byteswap.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/mempolicy.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "core/region.h"
#include "unit.h"

#define RW (PROT_READ | PROT_WRITE)

static uint64_t page;

static void setup(void)
{
	page = (uint64_t)sysconf(_SC_PAGESIZE);
}

static void make(struct region *region, uint64_t size, bool mapped)
{
	ck_assert_int_eq(region_create(region, "unit", size, NUMA_NO_NODE), 0);
	if (mapped)
		ck_assert_int_eq(region_map(region, RW, size), 0);
}

START_TEST(test_create)
{
	struct region region = REGION_INIT;
	char link[64] = "";
	char path[32];
	char byte = 1;
	struct stat st;

	ck_assert_int_eq(
		region_create(&region, "unit.name", 12345, NUMA_NO_NODE), 0);
	ck_assert_uint_eq(region.size, 12345);
	ck_assert_ptr_null(region.base);
	ck_assert_int_eq(fstat(region.fd, &st), 0);
	ck_assert_int_eq(st.st_size, 12345);
	ck_assert_uint_eq(region_resident(&region), 0);
	ck_assert_int_eq(region_load(&region, 12344, &byte, 1), 0);
	ck_assert_int_eq(byte, 0);
	ck_assert_uint_eq(region_resident(&region), 0);

	snprintf(path, sizeof(path), "/proc/self/fd/%d", region.fd);
	ck_assert_int_gt(readlink(path, link, sizeof(link) - 1), 0);
	ck_assert_str_eq(link, "/memfd:unit.name (deleted)");
	ck_assert_int_eq(fcntl(region.fd, F_GETFD), FD_CLOEXEC);
	region_release(&region);
}
END_TEST

START_TEST(test_size_is_sealed)
{
	struct region region = REGION_INIT;
	char byte = 1;

	make(&region, 100, false);
	ck_assert_int_eq(fcntl(region.fd, F_GET_SEALS),
			 F_SEAL_GROW | F_SEAL_SHRINK);
	ck_assert_int_eq(ftruncate(region.fd, 99), -1);
	ck_assert_int_eq(errno, EPERM);
	ck_assert_int_eq(ftruncate(region.fd, 101), -1);
	ck_assert_int_eq(errno, EPERM);
	ck_assert_int_eq(pwrite(region.fd, &byte, 1, 100), -1);
	ck_assert_int_eq(errno, EPERM);
	region_release(&region);
}
END_TEST

/* As large as the memory of the machine is too large, a page less is not. */
START_TEST(test_create_limit)
{
	uint64_t pages = (uint64_t)sysconf(_SC_PHYS_PAGES);
	struct region region = REGION_INIT;
	unsigned int fds = unit_count_fds();

	ck_assert_int_eq(
		region_create(&region, "x", pages * page, NUMA_NO_NODE),
		-ENOMEM);
	ck_assert_int_eq(region_create(&region, "x", UINT64_MAX, NUMA_NO_NODE),
			 -ENOMEM);
	ck_assert_int_eq(region.fd, -1);
	ck_assert_uint_eq(unit_count_fds(), fds);
	ck_assert(region_too_large(UINT64_MAX));
	ck_assert(region_too_large(pages * page));
	ck_assert(!region_too_large(pages * page - 1));
	ck_assert(!region_too_large(0));
	make(&region, pages * page - 1, false);
	ck_assert_uint_eq(region_resident(&region), 0);
	region_release(&region);
	ck_assert_uint_eq(unit_count_fds(), fds);
}
END_TEST

START_TEST(test_create_without_descriptor)
{
	struct region region = REGION_INIT;

	unit_limit_fds(0);
	ck_assert_int_eq(region_create(&region, "x", 8, NUMA_NO_NODE), -EMFILE);
	unit_unlimit_fds();
	ck_assert_int_eq(region.fd, -1);
	region_release(&region);
}
END_TEST

/* The policy is the object's: a mapping made later has it. */
START_TEST(test_numa_node)
{
	struct region region = REGION_INIT;
	unsigned long mask[16] = { 0 };
	int mode;
	void *base;

	ck_assert_int_eq(region_create(&region, "x", 3 * page, 0), 0);
	ck_assert_ptr_null(region.base);
	base = mmap(NULL, 3 * page, PROT_READ, MAP_SHARED, region.fd, 0);
	ck_assert_ptr_ne(base, MAP_FAILED);
	if (syscall(SYS_get_mempolicy, &mode, mask, 8 * sizeof(mask),
		    (char *)base + 2 * page, MPOL_F_ADDR) == 0) {
		ck_assert_int_eq(mode, MPOL_PREFERRED);
		ck_assert_uint_eq(mask[0], 1);
	} else {
		ck_assert_int_eq(errno, ENOSYS);
	}
	munmap(base, 3 * page);
	ck_assert_uint_eq(region_resident(&region), 0);
	region_release(&region);
}
END_TEST

START_TEST(test_numa_node_impossible)
{
	static const int nodes[] = { -2, 1023, 1024, 1 << 20, INT32_MAX };
	struct region region = REGION_INIT;
	unsigned int fds = unit_count_fds();
	size_t i;

	for (i = 0; i < sizeof(nodes) / sizeof(nodes[0]); i++)
		ck_assert_int_eq(region_create(&region, "x", 8, nodes[i]),
				 -EINVAL);
	ck_assert_int_eq(region.fd, -1);
	ck_assert_uint_eq(unit_count_fds(), fds);
}
END_TEST

/* Every offset and length within some words, each checked byte by byte. */
START_TEST(test_copy)
{
	unsigned char model[64] = { 0 };
	unsigned char bytes[64];
	struct region region = REGION_INIT;
	unsigned int salt = 0;
	size_t off;
	size_t len;

	make(&region, sizeof(model), _i);
	for (off = 0; off <= 24; off++) {
		for (len = 0; len <= sizeof(model) - off; len++) {
			unit_fill(bytes, len, salt++);
			memcpy(model + off, bytes, len);
			ck_assert_int_eq(region_store(&region, off, bytes, len),
					 0);
			ck_assert_int_eq(
				region_load(&region, 0, bytes, sizeof(bytes)),
				0);
			ck_assert_mem_eq(bytes, model, sizeof(model));
			memset(bytes, 0xee, sizeof(bytes));
			ck_assert_int_eq(region_load(&region, off, bytes, len),
					 0);
			ck_assert_mem_eq(bytes, model + off, len);
			ck_assert(len == sizeof(bytes) || bytes[len] == 0xee);
		}
	}
	region_release(&region);
}
END_TEST

/* The mapping and the descriptor are the same memory. */
START_TEST(test_map_and_descriptor_agree)
{
	struct region region = REGION_INIT;
	uint64_t word = 0x1122334455667788;
	uint64_t seen;

	make(&region, 2 * page, false);
	ck_assert_int_eq(region_store(&region, page, &word, 8), 0);
	ck_assert_int_eq(region_map(&region, RW, region.size), 0);
	ck_assert_int_eq(region_load(&region, page, &seen, 8), 0);
	ck_assert_uint_eq(seen, word);
	word++;
	ck_assert_int_eq(region_store(&region, page, &word, 8), 0);
	region_unmap(&region);
	ck_assert_ptr_null(region.base);
	region_unmap(&region);
	ck_assert_int_eq(region_load(&region, page, &seen, 8), 0);
	ck_assert_uint_eq(seen, word);
	region_release(&region);
	ck_assert_int_eq(region.fd, -1);
}
END_TEST

START_TEST(test_copy_outside)
{
	static const struct {
		uint64_t off;
		size_t len;
		int err;
	} at[] = {
		{ 100, 0, 0 },
		{ 99, 1, 0 },
		{ 0, 100, 0 },
		{ 100, 1, -EINVAL },
		{ 99, 2, -EINVAL },
		{ 0, 101, -EINVAL },
		{ 101, 0, -EINVAL },
		{ UINT64_MAX, 1, -EINVAL },
		{ UINT64_MAX - 1, 2, -EINVAL },
		{ 1, SIZE_MAX, -EINVAL },
	};
	char bytes[128] = "";
	struct region region = REGION_INIT;
	size_t i;

	make(&region, 100, _i);
	for (i = 0; i < sizeof(at) / sizeof(at[0]); i++) {
		ck_assert_int_eq(
			region_load(&region, at[i].off, bytes, at[i].len),
			at[i].err);
		ck_assert_int_eq(
			region_store(&region, at[i].off, bytes, at[i].len),
			at[i].err);
		ck_assert_int_eq(region_zero(&region, at[i].off, at[i].len),
				 at[i].err);
	}
	region_release(&region);
}
END_TEST

/* Through the descriptor nothing is allocated that was not written. */
START_TEST(test_resident)
{
	struct region region = REGION_INIT;
	char *bytes = malloc(64 * page);

	make(&region, 64 * page, false);
	ck_assert_int_eq(region_load(&region, 0, bytes, 64 * page), 0);
	unit_assert_mem_zero(bytes, 64 * page);
	ck_assert_uint_eq(region_resident(&region), 0);
	ck_assert_int_eq(region_store(&region, 5 * page + 7, "x", 1), 0);
	ck_assert_uint_eq(region_resident(&region), page);
	ck_assert_int_eq(region_zero(&region, 5 * page, page), 0);
	ck_assert_uint_eq(region_resident(&region), 0);
	region_release(&region);
	free(bytes);
}
END_TEST

START_TEST(test_zero)
{
	unsigned char *model = malloc(4 * page);
	unsigned char *bytes = malloc(4 * page);
	uint64_t off[] = { 0, 1, page - 1, page, page + 9, 3 * page };
	struct region region = REGION_INIT;
	size_t i;
	size_t j;

	make(&region, 4 * page, _i);
	for (i = 0; i < sizeof(off) / sizeof(off[0]); i++) {
		for (j = i; j < sizeof(off) / sizeof(off[0]); j++) {
			unit_fill(model, 4 * page, (unsigned int)(i * 8 + j));
			ck_assert_int_eq(
				region_store(&region, 0, model, 4 * page), 0);
			memset(model + off[i], 0, off[j] - off[i]);
			ck_assert_int_eq(
				region_zero(&region, off[i], off[j] - off[i]),
				0);
			ck_assert_int_eq(
				region_load(&region, 0, bytes, 4 * page), 0);
			ck_assert_mem_eq(bytes, model, 4 * page);
		}
	}
	region_release(&region);
	free(model);
	free(bytes);
}
END_TEST

/* What is reserved behind the region's pages cannot be touched. */
START_TEST(test_reserve)
{
	struct region region = REGION_INIT;
	uint64_t i;

	make(&region, 2 * page + 1, false);
	ck_assert_int_eq(region_map(&region, RW, 8 * page), 0);
	ck_assert_uint_eq(region.reserved, 8 * page);
	for (i = 0; i < 8; i++)
		ck_assert_int_eq(unit_readable(region.base + i * page), i < 3);
	ck_assert(!unit_readable(region.base + 8 * page - 1));
	region_release(&region);
}
END_TEST

/* A mapping that cannot be made leaves the one there is. */
START_TEST(test_map_refused)
{
	struct region region = REGION_INIT;
	unsigned char *base;

	make(&region, 2 * page, true);
	base = region.base;
	base[0] = 9;
	ck_assert_int_eq(region_map(&region, RW, 2 * page - 1), -ENOMEM);
	ck_assert_int_eq(region_map(&region, RW, UINT64_MAX), -ENOMEM);
	ck_assert_int_eq(region_map(&region, RW, 1ull << 62), -ENOMEM);
	ck_assert_ptr_eq(region.base, base);
	ck_assert_uint_eq(region.reserved, 2 * page);
	ck_assert_int_eq(base[0], 9);
	region_release(&region);
}
END_TEST

START_TEST(test_map_again)
{
	struct region region = REGION_INIT;
	unsigned char byte = 7;

	make(&region, page, true);
	ck_assert_int_eq(region_store(&region, 3, &byte, 1), 0);
	ck_assert_int_eq(region_map(&region, PROT_READ, 4 * page), 0);
	ck_assert_int_eq(region.prot, PROT_READ);
	ck_assert_uint_eq(region.reserved, 4 * page);
	ck_assert_int_eq(region.base[3], 7);
	region_release(&region);
}
END_TEST

/*
 * Only a seal is in the way of a store.  A mapping for reading does not count
 * as one that can write, which kernels before 6.7 would refuse once sealed.
 */
START_TEST(test_map_for_reading)
{
	struct region region = REGION_INIT;
	unsigned char byte = 8;

	make(&region, page, false);
	ck_assert_int_eq(region_map(&region, PROT_READ, page), 0);
	ck_assert_int_eq(region_store(&region, 3, &byte, 1), 0);
	ck_assert_int_eq(region.base[3], 8);
	ck_assert_int_eq(mprotect(region.base, page, RW), -1);
	ck_assert_int_eq(errno, EACCES);
	ck_assert_int_eq(fcntl(region.fd, F_ADD_SEALS, F_SEAL_WRITE), 0);
	ck_assert_int_eq(region_store(&region, 3, &byte, 1), -EPERM);
	region_release(&region);
}
END_TEST

static void assert_sealed(struct region *region)
{
	char byte = 0;

	ck_assert_int_eq(region_store(region, 1, &byte, 1), -EPERM);
	ck_assert_int_eq(region_zero(region, 0, page), -EPERM);
	ck_assert_int_eq(region_load(region, 1, &byte, 1), 0);
	ck_assert_int_eq(byte, 'b');
	ck_assert_int_eq(pwrite(region->fd, "x", 1, 0), -1);
	ck_assert_int_eq(errno, EPERM);
	ck_assert_ptr_eq(mmap(NULL, page, RW, MAP_SHARED, region->fd, 0),
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

	make(&region, 2 * page, _i);
	ck_assert_int_eq(region_store(&region, 0, "abc", 3), 0);
	base = region.base;
	ck_assert_int_eq(region_probe_writers(&region), 0);
	ck_assert_int_eq(region_seal_write(&region), 0);
	assert_sealed(&region);
	ck_assert_ptr_eq(region.base, base);
	ck_assert(!base || base[2] == 'c');
	ck_assert(!base || mprotect(base, page, RW) < 0);

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

	make(&region, page, false);
	ck_assert_int_eq(region_store(&region, 0, "abc", 3), 0);
	ck_assert_int_eq(region_map(&region, PROT_READ, page), 0);
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

	make(&region, 2 * page, _i);
	for (i = 0; i < sizeof(prots) / sizeof(prots[0]); i++) {
		fd = unit_reopen(&region, O_RDWR);
		ck_assert_int_ge(fd, 0);
		ck_assert_int_eq(region_probe_writers(&region), -EBUSY);
		assert_busy(&region);
		other = mmap(NULL, 2 * page, prots[i], MAP_SHARED, fd, 0);
		ck_assert_ptr_ne(other, MAP_FAILED);
		close(fd);
		ck_assert_int_eq(region_probe_writers(&region), -EBUSY);
		assert_busy(&region);
		ck_assert_int_eq(munmap(other, page), 0);
		assert_busy(&region);
		ck_assert_int_eq(munmap((char *)other + page, page), 0);
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

	make(&region, page, _i);
	other = mmap(NULL, page, RW, MAP_SHARED, region.fd, 0);
	ck_assert_ptr_ne(other, MAP_FAILED);
	assert_busy(&region);
	munmap(other, page);
	ck_assert_int_eq(region_seal_write(&region), 0);
	region_release(&region);
}
END_TEST

START_TEST(test_seal_with_readers)
{
	struct region region = REGION_INIT;
	void *other;
	int fd;

	make(&region, page, _i);
	ck_assert_int_eq(region_store(&region, 0, "abc", 3), 0);
	fd = unit_reopen(&region, O_RDONLY);
	ck_assert_int_ge(fd, 0);
	other = mmap(NULL, page, PROT_READ, MAP_SHARED, fd, 0);
	ck_assert_ptr_ne(other, MAP_FAILED);
	ck_assert_int_eq(region_seal_write(&region), 0);
	ck_assert_mem_eq(other, "abc", 3);
	assert_sealed(&region);
	munmap(other, page);
	close(fd);
	region_release(&region);
}
END_TEST

START_TEST(test_header)
{
	struct region_header good;
	struct region_header bad;

	memset(&good, 0, sizeof(good));
	ck_assert_int_eq(region_header_check(&good, 1, 2, 4096), -EUCLEAN);
	region_header_init(&good, 1, 77, REGION_LAYOUT(32, 16, 8), 4096);
	ck_assert_int_eq(
		region_header_check(&good, 1, REGION_LAYOUT(32, 16, 8), 4096),
		0);
	ck_assert_uint_eq(good.map_id, 77);
	ck_assert_int_eq(
		region_header_check(&good, 1, REGION_LAYOUT(32, 16, 9), 4096),
		-EPROTO);
	ck_assert_int_eq(region_header_check(&good, 2, good.layout, 4096),
			 -EUCLEAN);
	ck_assert_int_eq(region_header_check(&good, 1, good.layout, 4095),
			 -EUCLEAN);
	bad = good;
	bad.magic = bswap_64(bad.magic);
	ck_assert_int_eq(region_header_check(&bad, 1, good.layout, 4096),
			 -EPROTO);
	bad = good;
	bad.magic++;
	ck_assert_int_eq(region_header_check(&bad, 1, good.layout, 4096),
			 -EUCLEAN);
	bad = good;
	bad.version++;
	ck_assert_int_eq(region_header_check(&bad, 1, good.layout, 4096),
			 -EPROTO);
	bad = good;
	bad.size++;
	ck_assert_int_eq(region_header_check(&bad, 1, good.layout, 4096),
			 -EUCLEAN);
}
END_TEST

void unit_suite(Suite *suite)
{
	TCase *tcase = unit_case(suite, "create");

	tcase_add_checked_fixture(tcase, setup, NULL);
	tcase_add_test(tcase, test_create);
	tcase_add_test(tcase, test_size_is_sealed);
	tcase_add_test(tcase, test_create_limit);
	tcase_add_test(tcase, test_create_without_descriptor);
	tcase_add_test(tcase, test_numa_node);
	tcase_add_test(tcase, test_numa_node_impossible);

	/* Loops: 0 through the descriptor, 1 mapped. */
	tcase = unit_case(suite, "copy");
	tcase_add_checked_fixture(tcase, setup, NULL);
	tcase_add_loop_test(tcase, test_copy, 0, 2);
	tcase_add_test(tcase, test_map_and_descriptor_agree);
	tcase_add_loop_test(tcase, test_copy_outside, 0, 2);
	tcase_add_test(tcase, test_resident);
	tcase_add_loop_test(tcase, test_zero, 0, 2);

	tcase = unit_case(suite, "map");
	tcase_add_checked_fixture(tcase, setup, NULL);
	tcase_add_test(tcase, test_reserve);
	tcase_add_test(tcase, test_map_refused);
	tcase_add_test(tcase, test_map_again);
	tcase_add_test(tcase, test_map_for_reading);

	tcase = unit_case(suite, "seal");
	tcase_add_checked_fixture(tcase, setup, NULL);
	tcase_add_loop_test(tcase, test_seal, 0, 2);
	tcase_add_test(tcase, test_seal_mapped_for_reading);
	tcase_add_loop_test(tcase, test_seal_busy, 0, 2);
	tcase_add_loop_test(tcase, test_seal_busy_by_mapping, 0, 2);
	tcase_add_loop_test(tcase, test_seal_with_readers, 0, 2);

	tcase = unit_case(suite, "header");
	tcase_add_test(tcase, test_header);
}
