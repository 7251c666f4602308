/* SPDX-License-Identifier: BSD-2-Clause */
/* Bloom filters: what is in is found, and how often what is not. */
#include <errno.h>
#include <stdio.h>

#include "tables.h"

#define BLOOM	BPF_MAP_TYPE_BLOOM_FILTER
#define RW	(PROT_READ | PROT_WRITE)

#define ENTRIES 1000u

static struct map_attr bloom_attr(uint32_t value_size, uint32_t max_entries,
				  uint64_t extra)
{
	struct map_attr attr = unit_attr(BLOOM, value_size, max_entries, 0);

	attr.key_size = 0;
	attr.map_extra = extra;
	return attr;
}

static struct map *bloom_open(uint32_t value_size, uint32_t max_entries,
			      uint64_t extra, uint32_t flags)
{
	struct map_attr attr = bloom_attr(value_size, max_entries, extra);
	struct map *map;

	attr.map_flags = flags;
	ck_assert_int_eq(unit_create(&attr, &map), 0);
	return map;
}

/* The values of a test: of 'salt', number n, 8 bytes. */
static uint64_t value_of(uint32_t n, uint64_t salt)
{
	return n * 0x9e3779b97f4a7c15ull + salt;
}

static void push(struct map *map, uint32_t first, uint32_t count)
{
	uint64_t value;

	for (; count; first++, count--) {
		value = value_of(first, 0);
		ck_assert_int_eq(map_push_elem(map, &value, BPF_ANY), 0);
	}
}

/* How many of 'count' values seem to be in. */
static uint32_t peek(struct map *map, uint32_t first, uint32_t count,
		     uint64_t salt)
{
	uint32_t in = 0;
	uint64_t value;
	int err;

	for (; count; first++, count--) {
		value = value_of(first, salt);
		err = map_peek_elem(map, &value);
		ck_assert(!err || err == -ENOENT);
		ck_assert_uint_eq(value, value_of(first, salt));
		in += !err;
	}
	return in;
}

static void assert_sound(struct map *map)
{
	struct map_census census;

	ck_assert_msg(!map_check(map, &census), "%s", census.wrong);
	ck_assert_ptr_null(census.wrong);
}

static const struct {
	uint32_t key, value, entries, flags;
	uint64_t extra;
	int err;
	const char *word;
} creations[] = {
	{ 0, 1, 1, 0, 0, 0, NULL },
	{ 0, 8, 1000, 0, 15, 0, NULL },
	{ 0, BLOOM_VALUE_MAX, 1, 0, 1, 0, NULL },
	{ 0, 4, 1, BPF_F_ZERO_SEED | BPF_F_RDONLY, 0, 0, NULL },
	{ 0, 4, 1, BPF_F_WRONLY_PROG, 0, 0, NULL },
	{ 0, BLOOM_VALUE_MAX + 1, 1, 0, 0, -E2BIG, "value" },
	{ 0, 0, 1, 0, 0, -EINVAL, "value" },
	{ 0, 8, 0, 0, 0, -EINVAL, "entries" },
	{ 4, 8, 1, 0, 0, -EINVAL, "key" },
	{ 0, 8, 1, 0, 16, -EINVAL, "extra" },
	{ 0, 8, 1, 0, 1ull << 32, -EINVAL, "extra" },
	{ 0, 8, 1, BPF_F_NO_PREALLOC, 0, -EINVAL, "flags" },
	{ 0, 8, 1, BPF_F_MMAPABLE, 0, -EINVAL, "flags" },
	{ 0, 8, 1, BPF_F_RDONLY_PROG | BPF_F_WRONLY_PROG, 0, -EINVAL, "flags" },
};

#define NCREATIONS ((int)(sizeof(creations) / sizeof(creations[0])))

START_TEST(test_create)
{
	struct map_attr attr = bloom_attr(creations[_i].value,
					  creations[_i].entries,
					  creations[_i].extra);
	struct map_refusal refusal = { "", "" };
	struct charge charge = { 0 };
	struct map *map;
	int err;

	attr.key_size = creations[_i].key;
	attr.map_flags = creations[_i].flags;
	err = map_create(&attr, &charge, &refusal, &map);
	ck_assert_int_eq(err, creations[_i].err);
	if (err) {
		ck_assert_str_eq(refusal.word, creations[_i].word);
		return;
	}
	ck_assert_uint_eq(map->map_extra, creations[_i].extra);
	ck_assert_uint_eq(map_used_entries(map), 0);
	assert_sound(map);
	unit_put_map(map);
}
END_TEST

/* Everything that was pushed is in, however much that was. */
START_TEST(test_no_false_negative)
{
	struct map *map = bloom_open(8, 1 + (uint32_t)_i * 50, (uint64_t)_i, 0);

	push(map, 0, 3000);
	ck_assert_uint_eq(peek(map, 0, 3000, 0), 3000);
	ck_assert_uint_le(map_used_entries(map), 3000);
	assert_sound(map);
	unit_put_map(map);
}
END_TEST

/* The rates of the kernel's filter at max_entries, in hundredths of a percent.
 */
static const struct {
	uint64_t extra;
	uint32_t least, most;
} rates[] = {
	{ 1, 3300, 4700 }, { 3, 200, 800 }, { 5, 10, 240 },
	{ 0, 10, 240 },	   { 10, 0, 20 },   { 15, 0, 10 },
};

START_TEST(test_rates)
{
	const uint32_t tries = 200000;
	struct map *map = bloom_open(8, ENTRIES, rates[_i].extra, 0);
	uint32_t rate;

	push(map, 0, ENTRIES);
	rate = (uint32_t)(peek(map, 0, tries, 12345) * 10000ull / tries);
	ck_assert_uint_ge(rate, rates[_i].least);
	ck_assert_uint_le(rate, rates[_i].most);
	/* And ten times as many as it is for. */
	if (rates[_i].extra == 5) {
		push(map, ENTRIES, 9 * ENTRIES);
		rate = (uint32_t)(peek(map, 0, tries, 12345) * 10000ull /
				  tries);
		ck_assert_uint_ge(rate, 9000);
	}
	unit_put_map(map);
}
END_TEST

/* Bits are a power of two, by the memory that they take. */
static const struct {
	uint32_t entries;
	uint64_t extra, bits;
} sizes[] = {
	{ 1, 1, 64 },
	{ 1, 15, 64 },
	{ 46, 1, 64 },
	{ 50, 1, 128 },
	{ 1000, 5, 8192 },
	{ 1000, 0, 8192 },
	{ 100000, 3, 524288 },
	{ 1u << 30, 15, 1ull << 32 },
	{ UINT32_MAX, 1, 1ull << 32 },
};

START_TEST(test_size)
{
	struct map *map = bloom_open(8, sizes[_i].entries, sizes[_i].extra, 0);

	ck_assert_uint_eq(map_region(map, 0)->size, 4096 + sizes[_i].bits / 8);
	push(map, 0, 10);
	ck_assert_uint_eq(peek(map, 0, 10, 0), 10);
	unit_put_map(map);
}
END_TEST

/* With the same seed 0 functions are 5, and another number is another. */
START_TEST(test_default_extra)
{
	struct map *five = bloom_open(8, 200, 5, BPF_F_ZERO_SEED);
	struct map *none = bloom_open(8, 200, 0, BPF_F_ZERO_SEED);
	uint32_t differ = 0;
	uint64_t value;
	uint32_t n;

	push(five, 0, 400);
	push(none, 0, 400);
	for (n = 400; n < 4400; n++) {
		value = value_of(n, 0);
		differ += map_peek_elem(five, &value) !=
			  map_peek_elem(none, &value);
	}
	ck_assert_uint_eq(differ, 0);
	unit_put_map(none);
	none = bloom_open(8, 200, 5, 0);
	push(none, 0, 400);
	for (n = 400; n < 4400; n++) {
		value = value_of(n, 0);
		differ += map_peek_elem(five, &value) !=
			  map_peek_elem(none, &value);
	}
	ck_assert_uint_gt(differ, 0);
	unit_put_map(none);
	unit_put_map(five);
}
END_TEST

/* Values of any length count to their last byte. */
START_TEST(test_value_sizes)
{
	static const uint32_t value_sizes[] = { 1, 3, 17, 300, 5000 };
	uint32_t size = value_sizes[_i];
	struct map *map = bloom_open(size, 1000, 10, 0);
	unsigned char value[5000];

	unit_fill(value, size, 1);
	ck_assert_int_eq(map_peek_elem(map, value), -ENOENT);
	ck_assert_int_eq(map_push_elem(map, value, BPF_ANY), 0);
	ck_assert_int_eq(map_peek_elem(map, value), 0);
	value[size - 1] ^= 1;
	ck_assert_int_eq(map_peek_elem(map, value), -ENOENT);
	unit_put_map(map);
}
END_TEST

START_TEST(test_refused)
{
	static const uint64_t flags[] = { BPF_NOEXIST, BPF_EXIST, 3,
					  BPF_F_LOCK,  8,	  1u << 31,
					  1ull << 32,  UINT64_MAX };
	struct map *map = bloom_open(8, 10, 0, 0);
	uint64_t value = 1;
	uint64_t key = 0;
	size_t i;

	for (i = 0; i < sizeof(flags) / sizeof(flags[0]); i++)
		ck_assert_int_eq(map_push_elem(map, &value, flags[i]), -EINVAL);
	ck_assert_int_eq(map_peek_elem(map, &value), -ENOENT);
	ck_assert_int_eq(map_pop_elem(map, &value), -EOPNOTSUPP);
	ck_assert_int_eq(map_delete_elem(map, &key), -EOPNOTSUPP);
	ck_assert_int_eq(map_get_next_key(map, NULL, &key), -EOPNOTSUPP);
	ck_assert_int_eq(map_lookup_and_delete_elem(map, &key, &value),
			 -EOPNOTSUPP);
	ck_assert_int_eq(map_mmap(map, RW), -EOPNOTSUPP);
	unit_put_map(map);
}
END_TEST

START_TEST(test_freeze)
{
	struct map *map = bloom_open(8, 100, 0, 0);
	uint64_t value = 99;

	push(map, 0, 20);
	ck_assert_int_eq(map_freeze(map), 0);
	ck_assert_int_eq(map_push_elem(map, &value, BPF_ANY), -EPERM);
	ck_assert_int_eq(map_push_elem(map, &value, BPF_EXIST), -EPERM);
	ck_assert_int_eq(map_clear(map), -EPERM);
	ck_assert_uint_eq(peek(map, 0, 20, 0), 20);
	assert_sound(map);
	unit_put_map(map);
}
END_TEST

START_TEST(test_clear)
{
	struct map *map = bloom_open(8, 100000, 0, 0);

	push(map, 0, 5000);
	ck_assert_uint_gt(map_used_entries(map), 4900);
	ck_assert_int_eq(map_clear(map), 0);
	ck_assert_uint_eq(map_used_entries(map), 0);
	ck_assert_uint_eq(peek(map, 0, 5000, 0), 0);
	push(map, 0, 10);
	ck_assert_uint_eq(peek(map, 0, 10, 0), 10);
	assert_sound(map);
	unit_put_map(map);
}
END_TEST

/* Others see the same filter, and readers cannot push. */
START_TEST(test_attach)
{
	struct map *map = bloom_open(8, ENTRIES, 7, _i ? BPF_F_ZERO_SEED : 0);
	struct map *writer = table_attach(map, RW);
	struct map *reader = table_attach(map, PROT_READ);
	uint64_t value = 3;
	uint32_t owner;

	ck_assert_uint_eq(reader->map_extra, 7);
	ck_assert_uint_eq(reader->value_size, 8);
	push(map, 0, 500);
	push(writer, 500, 500);
	ck_assert_uint_eq(peek(map, 0, 1000, 0), 1000);
	ck_assert_uint_eq(peek(reader, 0, 1000, 0), 1000);
	ck_assert_uint_eq(map_used_entries(reader), map_used_entries(map));
	ck_assert_int_eq(map_push_elem(reader, &value, BPF_ANY), -EPERM);
	ck_assert_int_eq(map_owner_get(writer, &owner), -EOPNOTSUPP);
	assert_sound(reader);
	unit_put_map(reader);
	unit_put_map(writer);
	unit_put_map(map);
}
END_TEST

/* A number of 4 bytes in the region's header, where it is and what it becomes.
 */
static const struct {
	uint64_t off;
	uint32_t number;
	int err;
} spoilt[] = {
	{ 12, 0xffffffff, -EPROTO },	  /* layout */
	{ 16, 1, -EUCLEAN },		  /* size */
	{ 24, 0, -EOPNOTSUPP },		  /* type */
	{ 32, 0, -EUCLEAN },		  /* value_size */
	{ 32, 0xffffffff, -EUCLEAN },	  /* the same */
	{ 36, 0, -EUCLEAN },		  /* max_entries */
	{ 36, 100000, -EUCLEAN },	  /* the same */
	{ 40, BPF_F_MMAPABLE, -EUCLEAN }, /* map_flags */
	{ 44, 16, -EUCLEAN },		  /* hashes */
	{ 44, 15, -EUCLEAN },		  /* the same, of another size */
};

#define NSPOILT ((int)(sizeof(spoilt) / sizeof(spoilt[0])))

START_TEST(test_attach_refused)
{
	struct map *map = bloom_open(8, ENTRIES, 1, 0);
	struct map_census census;

	ck_assert_int_eq(region_store(map_region(map, 0), spoilt[_i].off,
				      &spoilt[_i].number, 4),
			 0);
	table_assert_refused(table_fd(map), RW, spoilt[_i].err);
	table_assert_refused(table_fd(map), PROT_READ, spoilt[_i].err);
	ck_assert_int_eq(map_check(map, &census), -EUCLEAN);
	ck_assert_ptr_nonnull(census.wrong);
	/* Who has the map already goes by what it knows. */
	push(map, 0, 10);
	ck_assert_uint_eq(peek(map, 0, 10, 0), 10);
	unit_put_map(map);
}
END_TEST

void unit_suite(Suite *suite)
{
	TCase *tcase = unit_case(suite, "bloom");

	tcase_add_loop_test(tcase, test_create, 0, NCREATIONS);
	tcase_add_loop_test(tcase, test_no_false_negative, 0, 16);
	tcase_add_loop_test(tcase, test_rates, 0,
			    sizeof(rates) / sizeof(rates[0]));
	tcase_add_loop_test(tcase, test_size, 0,
			    sizeof(sizes) / sizeof(sizes[0]));
	tcase_add_test(tcase, test_default_extra);
	tcase_add_loop_test(tcase, test_value_sizes, 0, 5);
	tcase_add_test(tcase, test_refused);
	tcase_add_test(tcase, test_freeze);
	tcase_add_test(tcase, test_clear);
	tcase_add_loop_test(tcase, test_attach, 0, 2);
	tcase_add_loop_test(tcase, test_attach_refused, 0, NSPOILT);
}
