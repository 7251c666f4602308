/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The elements file of arrays and per-CPU arrays: any offset and length, the
 * end, and setting all of it to zero.
 */
#include <errno.h>
#include <stdlib.h>

#include "shapes.h"

/* The file's bytes as a whole: 'bytes' of them at 'model'. */
struct file {
	struct shape s;
	size_t bytes;
	unsigned char *model;
	unsigned char *buf;
};

static void file_open(struct file *file, int i)
{
	shape_open(&file->s, i);
	file->bytes = file->s.record * file->s.map->max_entries;
	file->model = calloc(1, file->bytes + 64);
	file->buf = malloc(file->bytes + 64);
	ck_assert(file->model && file->buf);
}

static void file_close(struct file *file)
{
	free(file->model);
	free(file->buf);
	shape_close(&file->s);
}

static void assert_file(struct file *file)
{
	memset(file->buf, 0xee, file->bytes + 64);
	ck_assert_int_eq(map_read(file->s.map, file->buf, file->bytes + 64, 0),
			 file->bytes);
	ck_assert_mem_eq(file->buf, file->model, file->bytes);
	ck_assert_int_eq(file->buf[file->bytes], 0xee);
}

/* In small files every offset, in larger ones those about each record. */
static size_t next_offset(const struct file *file, size_t off)
{
	size_t record = file->s.record;

	if (file->bytes <= 256 || off % record < 2 || off % record > record - 3)
		return off + 1;
	return off + record - 2 - off % record;
}

static const size_t lengths[] = { 0, 1,	 2,  3,	 4,  5,	 7, 8,
				  9, 13, 16, 17, 39, 40, 63 };

#define NLENGTHS (sizeof(lengths) / sizeof(lengths[0]))

START_TEST(test_read)
{
	struct file f;
	size_t off;
	size_t i;

	file_open(&f, _i);
	unit_fill(f.model, f.bytes, 7);
	ck_assert_int_eq(map_write(f.s.map, f.model, f.bytes, 0), f.bytes);
	assert_file(&f);
	for (off = 0; off <= f.bytes + 2; off = next_offset(&f, off)) {
		for (i = 0; i < NLENGTHS; i++) {
			size_t left = off < f.bytes ? f.bytes - off : 0;
			size_t want = lengths[i] < left ? lengths[i] : left;

			memset(f.buf, 0xee, 64);
			ck_assert_int_eq(
				map_read(f.s.map, f.buf, lengths[i], off),
				want);
			ck_assert_mem_eq(f.buf, f.model + off, want);
			ck_assert_int_eq(f.buf[want], 0xee);
		}
	}
	ck_assert_int_eq(map_read(f.s.map, f.buf, 8, UINT64_MAX), 0);
	ck_assert_int_eq(map_read(f.s.map, f.buf, 8, 1ull << 63), 0);
	file_close(&f);
}
END_TEST

/* Past the end is EPERM, as on a sealed memfd; across it is cut. */
START_TEST(test_write)
{
	unsigned char bytes[64];
	struct file f;
	size_t off;
	size_t i;

	file_open(&f, _i);
	for (off = 0; off <= f.bytes + 2; off = next_offset(&f, off)) {
		for (i = 0; i < NLENGTHS; i++) {
			size_t left = off < f.bytes ? f.bytes - off : 0;
			size_t want = lengths[i] < left ? lengths[i] : left;

			unit_fill(bytes, 64, (unsigned int)(off * 17 + i));
			memcpy(f.model + off, bytes, want);
			ck_assert_int_eq(
				map_write(f.s.map, bytes, lengths[i], off),
				want || !lengths[i] ? (int)want : -EPERM);
			if (f.bytes <= 256)
				assert_file(&f);
		}
	}
	assert_file(&f);
	ck_assert_int_eq(map_write(f.s.map, bytes, 8, UINT64_MAX), -EPERM);
	ck_assert_int_eq(map_write(f.s.map, bytes, 8, 1ull << 63), -EPERM);
	assert_file(&f);
	file_close(&f);
}
END_TEST

/* Records are the elements, in order; between array values may be padding. */
START_TEST(test_records_are_elements)
{
	struct file f;
	uint32_t i;

	file_open(&f, _i);
	shape_fill(&f.s);
	for (i = 0; i < f.s.map->max_entries; i++)
		memcpy(f.model + i * f.s.record, shape_value(&f.s, i),
		       f.s.bytes);
	assert_file(&f);
	/* Padding that the file wrote is nothing to an update. */
	memset(f.model, 0xcd, f.bytes);
	ck_assert_int_eq(map_write(f.s.map, f.model, f.bytes, 0), f.bytes);
	shape_fill(&f.s);
	for (i = 0; i < f.s.map->max_entries; i++)
		memcpy(f.model + i * f.s.record, shape_value(&f.s, i),
		       f.s.bytes);
	assert_file(&f);
	file_close(&f);
}
END_TEST

START_TEST(test_clear)
{
	struct region *region;
	struct file f;
	uint32_t n;

	file_open(&f, _i);
	ck_assert_int_eq(map_clear(f.s.map), 0);
	assert_file(&f);
	memset(f.model, 0xcd, f.bytes);
	ck_assert_int_eq(map_write(f.s.map, f.model, f.bytes, 0), f.bytes);
	ck_assert_int_eq(map_clear(f.s.map), 0);
	/* Reading a mapping brings pages back, so look at them first. */
	for (n = 0; (region = map_region(f.s.map, n)); n++)
		ck_assert_uint_lt(region_resident(region), 4096 + 1);
	memset(f.model, 0, f.bytes);
	assert_file(&f);
	shape_fill(&f.s);
	shape_assert_value(&f.s, 0);
	file_close(&f);
}
END_TEST

void unit_suite(Suite *suite)
{
	TCase *tcase = unit_case(suite, "file");

	tcase_add_loop_test(tcase, test_read, 0, SHAPES);
	tcase_add_loop_test(tcase, test_write, 0, SHAPES);
	tcase_add_loop_test(tcase, test_records_are_elements, 0, SHAPES);
	tcase_add_loop_test(tcase, test_clear, 0, SHAPES);
}
