/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Regions: creation and its limits, copying with and without a mapping, the
 * address space behind a mapping, attaching to what another one made.
 */
#include <byteswap.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/mempolicy.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "core/region.h"
#include "unit.h"

#define RW (PROT_READ | PROT_WRITE)

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
	ck_assert_str_eq(link, "/memfd:bpf-map:unit.name (deleted)");
	ck_assert_int_eq(fcntl(region.fd, F_GETFD), FD_CLOEXEC);
	region_release(&region);
}
END_TEST

START_TEST(test_size_is_sealed)
{
	struct region region = REGION_INIT;
	char byte = 1;

	unit_region(&region, 100, false);
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
		region_create(&region, "x", pages * UNIT_PAGE, NUMA_NO_NODE),
		-ENOMEM);
	ck_assert_int_eq(region_create(&region, "x", UINT64_MAX, NUMA_NO_NODE),
			 -ENOMEM);
	ck_assert_int_eq(region.fd, -1);
	ck_assert_uint_eq(unit_count_fds(), fds);
	ck_assert(region_too_large(UINT64_MAX));
	ck_assert(region_too_large(pages * UNIT_PAGE));
	ck_assert(!region_too_large(pages * UNIT_PAGE - 1));
	ck_assert(!region_too_large(0));
	unit_region(&region, pages * UNIT_PAGE - 1, false);
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

	ck_assert_int_eq(region_create(&region, "x", 3 * UNIT_PAGE, 0), 0);
	ck_assert_ptr_null(region.base);
	base = mmap(NULL, 3 * UNIT_PAGE, PROT_READ, MAP_SHARED, region.fd, 0);
	ck_assert_ptr_ne(base, MAP_FAILED);
	if (syscall(SYS_get_mempolicy, &mode, mask, 8 * sizeof(mask),
		    (char *)base + 2 * UNIT_PAGE, MPOL_F_ADDR) == 0) {
		ck_assert_int_eq(mode, MPOL_PREFERRED);
		ck_assert_uint_eq(mask[0], 1);
	} else {
		ck_assert_int_eq(errno, ENOSYS);
	}
	munmap(base, 3 * UNIT_PAGE);
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

	unit_region(&region, sizeof(model), _i);
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
	unsigned char *base;
	uint64_t seen;

	unit_region(&region, 2 * UNIT_PAGE, false);
	ck_assert_int_eq(region_store(&region, UNIT_PAGE, &word, 8), 0);
	ck_assert_int_eq(region_map(&region, RW, region.size), 0);
	ck_assert_int_eq(region_load(&region, UNIT_PAGE, &seen, 8), 0);
	ck_assert_uint_eq(seen, word);
	word++;
	ck_assert_int_eq(region_store(&region, UNIT_PAGE, &word, 8), 0);
	base = region.base;
	region_unmap(&region);
	ck_assert(!unit_readable(base));
	ck_assert_ptr_null(region.base);
	ck_assert_uint_eq(region.reserved, 0);
	ck_assert_int_eq(region.prot, 0);
	region_unmap(&region);
	ck_assert_int_eq(region_load(&region, UNIT_PAGE, &seen, 8), 0);
	ck_assert_uint_eq(seen, word);
	ck_assert_int_eq(region_map(&region, RW, region.size), 0);
	base = region.base;
	region_release(&region);
	ck_assert_int_eq(region.fd, -1);
	ck_assert(!unit_readable(base));
}
END_TEST

/*
 * Words of 8, 4 and 2 bytes at their natural places, alone and in a row, are
 * seen old or new while another thread writes them.
 */
static atomic_bool stop;

static void *word_writer(void *arg)
{
	struct region *region = arg;
	unsigned char bytes[24];
	unsigned char c = 0;

	while (!atomic_load(&stop)) {
		memset(bytes, ++c, sizeof(bytes));
		region_store(region, 8, bytes, 24);
		region_store(region, 32, bytes, 8);
		region_store(region, 44, bytes, 4);
		region_store(region, 54, bytes, 2);
	}
	return NULL;
}

static bool is_whole(const unsigned char *word, size_t size)
{
	return memcmp(word, word + 1, size - 1) == 0;
}

START_TEST(test_words_are_whole)
{
	struct region region = REGION_INIT;
	unsigned char bytes[24];
	pthread_t thread;
	int i;

	unit_region(&region, 64, true);
	atomic_store(&stop, false);
	ck_assert_int_eq(pthread_create(&thread, NULL, word_writer, &region),
			 0);
	for (i = 0; i < 300000; i++) {
		region_load(&region, 8, bytes, 24);
		ck_assert(is_whole(bytes, 8) && is_whole(bytes + 8, 8) &&
			  is_whole(bytes + 16, 8));
		region_load(&region, 32, bytes, 8);
		ck_assert(is_whole(bytes, 8));
		region_load(&region, 44, bytes, 4);
		ck_assert(is_whole(bytes, 4));
		region_load(&region, 54, bytes, 2);
		ck_assert(is_whole(bytes, 2));
	}
	atomic_store(&stop, true);
	pthread_join(thread, NULL);
	region_release(&region);
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

	unit_region(&region, 100, _i);
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
	char *bytes = malloc(64 * UNIT_PAGE);

	unit_region(&region, 64 * UNIT_PAGE, false);
	ck_assert_int_eq(region_load(&region, 0, bytes, 64 * UNIT_PAGE), 0);
	unit_assert_mem_zero(bytes, 64 * UNIT_PAGE);
	ck_assert_uint_eq(region_resident(&region), 0);
	ck_assert_int_eq(region_store(&region, 5 * UNIT_PAGE + 7, "x", 1), 0);
	ck_assert_uint_eq(region_resident(&region), UNIT_PAGE);
	ck_assert_int_eq(region_zero(&region, 5 * UNIT_PAGE, UNIT_PAGE), 0);
	ck_assert_uint_eq(region_resident(&region), 0);
	region_release(&region);
	free(bytes);
}
END_TEST

START_TEST(test_zero)
{
	unsigned char *model = malloc(4 * UNIT_PAGE);
	unsigned char *bytes = malloc(4 * UNIT_PAGE);
	uint64_t off[] = {
		0, 1, UNIT_PAGE - 1, UNIT_PAGE, UNIT_PAGE + 9, 3 * UNIT_PAGE
	};
	struct region region = REGION_INIT;
	size_t i;
	size_t j;

	unit_region(&region, 4 * UNIT_PAGE, _i);
	for (i = 0; i < sizeof(off) / sizeof(off[0]); i++) {
		for (j = i; j < sizeof(off) / sizeof(off[0]); j++) {
			unit_fill(model, 4 * UNIT_PAGE,
				  (unsigned int)(i * 8 + j));
			ck_assert_int_eq(
				region_store(&region, 0, model, 4 * UNIT_PAGE),
				0);
			memset(model + off[i], 0, off[j] - off[i]);
			ck_assert_int_eq(
				region_zero(&region, off[i], off[j] - off[i]),
				0);
			ck_assert_int_eq(
				region_load(&region, 0, bytes, 4 * UNIT_PAGE),
				0);
			ck_assert_mem_eq(bytes, model, 4 * UNIT_PAGE);
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

	unit_region(&region, 2 * UNIT_PAGE + 1, false);
	ck_assert_int_eq(region_map(&region, RW, 8 * UNIT_PAGE), 0);
	ck_assert_uint_eq(region.reserved, 8 * UNIT_PAGE);
	for (i = 0; i < 8; i++)
		ck_assert_int_eq(unit_readable(region.base + i * UNIT_PAGE),
				 i < 3);
	ck_assert(!unit_readable(region.base + 8 * UNIT_PAGE - 1));
	region_release(&region);
}
END_TEST

/* A mapping that cannot be made leaves the one there is. */
START_TEST(test_map_refused)
{
	struct region region = REGION_INIT;
	unsigned char *base;

	unit_region(&region, 2 * UNIT_PAGE, true);
	base = region.base;
	base[0] = 9;
	ck_assert_int_eq(region_map(&region, RW, 2 * UNIT_PAGE - 1), -ENOMEM);
	ck_assert_int_eq(region_map(&region, RW, UINT64_MAX), -ENOMEM);
	ck_assert_int_eq(region_map(&region, RW, 1ull << 62), -ENOMEM);
	ck_assert_ptr_eq(region.base, base);
	ck_assert_uint_eq(region.reserved, 2 * UNIT_PAGE);
	ck_assert_int_eq(base[0], 9);
	region_release(&region);
}
END_TEST

START_TEST(test_map_again)
{
	struct region region = REGION_INIT;
	unsigned char byte = 7;

	unit_region(&region, UNIT_PAGE, true);
	ck_assert_int_eq(region_store(&region, 3, &byte, 1), 0);
	ck_assert_int_eq(region_map(&region, PROT_READ, 4 * UNIT_PAGE), 0);
	ck_assert_int_eq(region.prot, PROT_READ);
	ck_assert_uint_eq(region.reserved, 4 * UNIT_PAGE);
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
	unsigned int fds;

	unit_region(&region, UNIT_PAGE, false);
	fds = unit_count_fds();
	ck_assert_int_eq(region_map(&region, PROT_READ, UNIT_PAGE), 0);
	ck_assert_uint_eq(unit_count_fds(), fds);
	ck_assert_int_eq(region_store(&region, 3, &byte, 1), 0);
	ck_assert_int_eq(region.base[3], 8);
	ck_assert_int_eq(mprotect(region.base, UNIT_PAGE, RW), -1);
	ck_assert_int_eq(errno, EACCES);
	ck_assert_int_eq(fcntl(region.fd, F_ADD_SEALS, F_SEAL_WRITE), 0);
	ck_assert_int_eq(region_store(&region, 3, &byte, 1), -EPERM);
	region_release(&region);
}
END_TEST

START_TEST(test_header)
{
	struct region_header good;
	struct region_header bad;

	memset(&good, 0, sizeof(good));
	ck_assert_int_eq(region_header_check(&good, 4096), -EUCLEAN);
	region_header_init(&good, 1, 77, REGION_LAYOUT(32, 16, 8), 4096);
	ck_assert_int_eq(region_header_check(&good, 4096), 0);
	ck_assert_uint_eq(good.map_type, 1);
	ck_assert_uint_eq(good.map_id, 77);
	ck_assert_uint_eq(good.layout, REGION_LAYOUT(32, 16, 8));
	ck_assert_int_eq(region_header_check(&good, 4095), -EUCLEAN);
	ck_assert_int_eq(region_header_check(&good, 4097), -EUCLEAN);
	bad = good;
	bad.magic = bswap_64(bad.magic);
	ck_assert_int_eq(region_header_check(&bad, 4096), -EPROTO);
	bad = good;
	bad.magic++;
	ck_assert_int_eq(region_header_check(&bad, 4096), -EUCLEAN);
	bad = good;
	bad.version++;
	ck_assert_int_eq(region_header_check(&bad, 4096), -EPROTO);
	/* Another version may have another size in that place. */
	bad.size++;
	ck_assert_int_eq(region_header_check(&bad, 4096), -EPROTO);
	bad = good;
	bad.size++;
	ck_assert_int_eq(region_header_check(&bad, 4096), -EUCLEAN);
	/* The type's business. */
	bad = good;
	bad.layout++;
	bad.map_type = UINT32_MAX;
	ck_assert_int_eq(region_header_check(&bad, 4096), 0);
}
END_TEST

/* The same memory by a descriptor of its own, which outlives the first. */
START_TEST(test_attach)
{
	struct region region = REGION_INIT;
	struct region other = REGION_INIT;
	uint64_t word = 0x1122334455667788;
	uint64_t seen;

	unit_region(&region, 12345, true);
	ck_assert_int_eq(region_attach(&other, region.fd), 0);
	ck_assert_int_ne(other.fd, region.fd);
	ck_assert_int_eq(fcntl(other.fd, F_GETFD), FD_CLOEXEC);
	ck_assert_uint_eq(other.size, 12345);
	ck_assert_ptr_null(other.base);
	ck_assert_int_eq(region_store(&region, 8, &word, 8), 0);
	ck_assert_int_eq(region_load(&other, 8, &seen, 8), 0);
	ck_assert_uint_eq(seen, word);
	region_release(&region);
	ck_assert_int_eq(region_map(&other, RW, other.size), 0);
	ck_assert_mem_eq(other.base + 8, &word, 8);
	region_release(&other);
}
END_TEST

/* Nothing is left of what cannot be attached. */
START_TEST(test_attach_refused)
{
	struct region region = REGION_INIT;
	int empty = memfd_create("unit", MFD_CLOEXEC);
	unsigned int fds = unit_count_fds();

	ck_assert_int_eq(region_attach(&region, empty), -EUCLEAN);
	ck_assert_uint_eq(unit_count_fds(), fds);
	ck_assert_int_eq(ftruncate(empty, 1), 0);
	unit_limit_fds(0);
	ck_assert_int_eq(region_attach(&region, empty), -EMFILE);
	unit_unlimit_fds();
	ck_assert_int_eq(region_attach(&region, -1), -EBADF);
	ck_assert_int_eq(region.fd, -1);
	ck_assert_int_eq(region_attach(&region, empty), 0);
	ck_assert_uint_eq(region.size, 1);
	region_release(&region);
	close(empty);
	ck_assert_uint_eq(unit_count_fds(), fds - 1);
}
END_TEST

void unit_suite(Suite *suite)
{
	TCase *tcase = unit_case(suite, "create");

	tcase_add_test(tcase, test_create);
	tcase_add_test(tcase, test_size_is_sealed);
	tcase_add_test(tcase, test_create_limit);
	tcase_add_test(tcase, test_create_without_descriptor);
	tcase_add_test(tcase, test_numa_node);
	tcase_add_test(tcase, test_numa_node_impossible);

	/* Loops: 0 through the descriptor, 1 mapped. */
	tcase = unit_case(suite, "copy");
	tcase_add_loop_test(tcase, test_copy, 0, 2);
	tcase_add_test(tcase, test_map_and_descriptor_agree);
	tcase_add_test(tcase, test_words_are_whole);
	tcase_add_loop_test(tcase, test_copy_outside, 0, 2);
	tcase_add_test(tcase, test_resident);
	tcase_add_loop_test(tcase, test_zero, 0, 2);

	tcase = unit_case(suite, "map");
	tcase_add_test(tcase, test_reserve);
	tcase_add_test(tcase, test_map_refused);
	tcase_add_test(tcase, test_map_again);
	tcase_add_test(tcase, test_map_for_reading);

	tcase = unit_case(suite, "attach");
	tcase_add_test(tcase, test_attach);
	tcase_add_test(tcase, test_attach_refused);
	tcase_add_test(tcase, test_header);
}
