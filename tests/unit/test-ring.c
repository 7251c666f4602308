/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Ring buffers: the kernel's layout, order, room, and what is left of those
 * who end with a record in hand.
 */
#include <errno.h>
#include <stdlib.h>

#include "core/ring.h"
#include "tables.h"

#define RW   (PROT_READ | PROT_WRITE)
#define SIZE 4096u

static const uint32_t types[] = {
	BPF_MAP_TYPE_RINGBUF,
	BPF_MAP_TYPE_USER_RINGBUF,
};

static struct map *ring_open(int i, uint32_t size)
{
	struct map_attr attr = unit_attr(types[i], 0, size, 0);
	struct map *map;

	attr.key_size = 0;
	ck_assert_int_eq(unit_create(&attr, &map), 0);
	return map;
}

static struct map *ring_attach(struct map *map, int prot)
{
	struct map *other = table_attach(map, prot);

	ck_assert_int_eq(map_attach_data(other, map_region(map, 1)->fd), 0);
	return other;
}

static void assert_ring(struct map *map, uint32_t records, uint32_t held)
{
	struct map_census census;

	ck_assert_msg(!map_check(map, &census), "%s", census.wrong);
	ck_assert_uint_eq(census.elements, records);
	ck_assert_uint_eq(census.held, held);
}

/* A record of 'len' bytes that belong to its number. */
static const unsigned char *bytes_of(uint32_t number, uint32_t len)
{
	static unsigned char bytes[1u << 20];

	unit_fill(bytes, len, number + 1);
	return bytes;
}

static int put(struct map *map, uint32_t number, uint32_t len)
{
	return map_output(map, bytes_of(number, len), len);
}

static void assert_get(struct map *map, uint32_t number, uint32_t len)
{
	unsigned char *bytes = malloc(len + 1);

	ck_assert_int_eq(map_pending(map), 1);
	ck_assert_int_eq(map_consume(map, bytes, len + 1), len);
	ck_assert_mem_eq(bytes, bytes_of(number, len), len);
	free(bytes);
}

static void assert_empty(struct map *map)
{
	char byte;

	ck_assert_int_eq(map_consume(map, &byte, 1), -EAGAIN);
	ck_assert_int_eq(map_pending(map), 0);
}

static const struct {
	uint32_t key, value, entries, flags;
	const char *word;
} creations[] = {
	{ 0, 0, 4096, 0, NULL },
	{ 0, 0, 1u << 20, 0, NULL },
	{ 0, 0, 8192, BPF_F_NUMA_NODE, NULL },
	{ 4, 0, 4096, 0, "key" },
	{ 0, 8, 4096, 0, "value" },
	{ 0, 0, 0, 0, "entries" },
	{ 0, 0, 2048, 0, "entries" },
	{ 0, 0, 12288, 0, "entries" },
	{ 0, 0, UINT32_MAX, 0, "entries" },
	{ 0, 0, 4096, BPF_F_RDONLY, "flags" },
	{ 0, 0, 4096, BPF_F_MMAPABLE, "flags" },
};

#define NCREATIONS ((int)(sizeof(creations) / sizeof(creations[0])))

START_TEST(test_create)
{
	struct map_attr attr = unit_attr(types[_i % 2], creations[_i / 2].value,
					 creations[_i / 2].entries,
					 creations[_i / 2].flags);
	struct map_refusal refusal = { "", "" };
	struct charge charge = { 0 };
	struct map *map;
	int err;

	attr.key_size = creations[_i / 2].key;
	err = map_create(&attr, &charge, &refusal, &map);
	if (creations[_i / 2].word) {
		ck_assert_int_eq(err, -EINVAL);
		ck_assert_str_eq(refusal.word, creations[_i / 2].word);
		return;
	}
	ck_assert_int_eq(err, 0);
	ck_assert_uint_eq(map_region(map, 1)->size,
			  8192 + 2ull * attr.max_entries);
	ck_assert_ptr_null(map_region(map, 2));
	assert_ring(map, 0, 0);
	assert_empty(map);
	unit_put_map(map);
}
END_TEST

/* What a consumer of the kernel's layout sees, word for word. */
START_TEST(test_layout)
{
	struct map *map = ring_open(_i, SIZE);
	const unsigned char *file = map_region(map, 1)->base;
	const uint64_t *consumer = (const uint64_t *)file;
	const uint64_t *producer = (const uint64_t *)(file + 4096);
	const uint32_t *data = (const uint32_t *)(file + 8192);
	void *record;

	ck_assert_int_eq(map_output(map, "abcde", 5), 0);
	ck_assert_uint_eq(*producer, 16);
	ck_assert_uint_eq(*consumer, 0);
	ck_assert_uint_eq(data[0], 5);
	ck_assert_uint_eq(data[1], 3);
	ck_assert_mem_eq(data + 2, "abcde", 5);
	ck_assert_int_eq(map_reserve(map, 24, &record), 0);
	ck_assert_ptr_eq(record, data + 6);
	ck_assert_uint_eq(*producer, 16);
	ck_assert_int_eq(map_finish(map, record, true), 0);
	ck_assert_uint_eq(*producer, 48);
	ck_assert_uint_eq(data[4], 24 | 0x40000000);
	ck_assert_uint_eq(map_query(map, BPF_RB_AVAIL_DATA), 48);
	ck_assert_uint_eq(map_query(map, BPF_RB_RING_SIZE), SIZE);
	ck_assert_uint_eq(map_query(map, BPF_RB_CONS_POS), 0);
	ck_assert_uint_eq(map_query(map, BPF_RB_PROD_POS), 48);
	ck_assert_uint_eq(map_query(map, 4), 0);
	ck_assert_uint_eq(map_used_entries(map), 48);
	/* As libbpf does it. */
	__atomic_store_n((uint64_t *)file, 16, __ATOMIC_RELEASE);
	assert_empty(map);
	ck_assert_uint_eq(*consumer, 48);
	unit_put_map(map);
}
END_TEST

/* The largest record, and the one that is too large. */
START_TEST(test_largest)
{
	struct map *map = ring_open(_i, 2 * SIZE);
	void *record = NULL;
	char byte;

	ck_assert_int_eq(map_reserve(map, 8177, &record), -E2BIG);
	ck_assert_int_eq(map_reserve(map, UINT64_MAX, &record), -E2BIG);
	ck_assert_int_eq(map_reserve(map, UINT64_MAX - 6, &record), -E2BIG);
	ck_assert_ptr_null(record);
	ck_assert_int_eq(put(map, 1, 8176), 0);
	ck_assert_int_eq(put(map, 2, 1), -EAGAIN);
	ck_assert_int_eq(put(map, 2, 0), -EAGAIN);
	ck_assert_int_eq(map_consume(map, &byte, 1), -EMSGSIZE);
	assert_get(map, 1, 8176);
	ck_assert_int_eq(put(map, 3, 0), 0);
	assert_get(map, 3, 0);
	assert_empty(map);
	unit_put_map(map);
}
END_TEST

/* Full to the last 8 bytes; room comes back with each record that is read. */
START_TEST(test_full)
{
	struct map *map = ring_open(_i, SIZE);
	uint32_t first = 0;
	uint32_t n;

	for (n = 0; put(map, n, 8) == 0; n++)
		;
	ck_assert_uint_eq(n, SIZE / 16 - 1);
	ck_assert_int_eq(put(map, n, 0), 0);
	ck_assert_int_eq(put(map, n, 0), -EAGAIN);
	assert_ring(map, n + 1, 0);
	for (; first < 10; first++)
		assert_get(map, first, 8);
	ck_assert_int_eq(put(map, 0, 160), -EAGAIN);
	ck_assert_int_eq(put(map, 777, 152), 0);
	for (; first < n; first++)
		assert_get(map, first, 8);
	assert_get(map, n, 0);
	assert_get(map, 777, 152);
	assert_empty(map);
	unit_put_map(map);
}
END_TEST

/* Round and round, with every length: in one piece, and the one that went in.
 */
START_TEST(test_wrap)
{
	struct map *map = ring_open(_i, SIZE);
	uint32_t n;

	for (n = 0; n < 5000; n++) {
		ck_assert_int_eq(put(map, n, n * 37 % 4081), 0);
		assert_get(map, n, n * 37 % 4081);
	}
	ck_assert_uint_gt(map_query(map, BPF_RB_PROD_POS), 2000 * SIZE);
	assert_ring(map, 0, 0);
	unit_put_map(map);
}
END_TEST

/* A header at the very end: where libbpf has the record's bytes. */
START_TEST(test_header_last)
{
	struct map *map = ring_open(_i, SIZE);
	unsigned char *data = map_region(map, 1)->base + 8192;
	unsigned char *want = _i ? data : data + SIZE;
	void *record;

	ck_assert_int_eq(put(map, 1, SIZE - 16), 0);
	assert_get(map, 1, SIZE - 16);
	ck_assert_int_eq(map_reserve(map, 40, &record), 0);
	ck_assert_ptr_eq(record, want);
	ck_assert_int_eq(map_finish(map, _i ? data + SIZE : data, false),
			 -EINVAL);
	shared_copy_in(record, bytes_of(2, 40), 40);
	ck_assert_int_eq(map_finish(map, record, false), 0);
	ck_assert_mem_eq(want, bytes_of(2, 40), 40);
	assert_get(map, 2, 40);
	assert_ring(map, 0, 0);
	unit_put_map(map);
}
END_TEST

/* Records are read in the order of their reservations, when all are done. */
START_TEST(test_order)
{
	struct map *map = ring_open(_i, SIZE);
	void *record[4];
	int i;

	for (i = 0; i < 4; i++) {
		ck_assert_int_eq(map_reserve(map, 8, &record[i]), 0);
		memcpy(record[i], bytes_of((uint32_t)i, 8), 8);
	}
	assert_ring(map, 0, 4);
	ck_assert_int_eq(map_finish(map, record[3], false), 0);
	ck_assert_int_eq(map_finish(map, record[1], true), 0);
	assert_empty(map);
	ck_assert_int_eq(map_finish(map, record[0], false), 0);
	assert_ring(map, 1, 1);
	assert_get(map, 0, 8);
	assert_empty(map);
	ck_assert_int_eq(map_finish(map, record[2], false), 0);
	assert_get(map, 2, 8);
	assert_get(map, 3, 8);
	assert_empty(map);
	/* Each but once, and nothing else. */
	for (i = 0; i < 4; i++)
		ck_assert_int_eq(map_finish(map, record[i], false), -EINVAL);
	ck_assert_int_eq(map_finish(map, (char *)record[0] + 1, false),
			 -EINVAL);
	ck_assert_int_eq(map_finish(map, (char *)record[0] - 16, false),
			 -EINVAL);
	ck_assert_int_eq(map_finish(map, &i, false), -EINVAL);
	unit_put_map(map);
}
END_TEST

/* Only discarded ones: they count, and the consumer is not moved by looking. */
START_TEST(test_discarded_only)
{
	struct map *map = ring_open(_i, SIZE);
	void *record;
	int i;

	for (i = 0; i < 3; i++) {
		ck_assert_int_eq(map_reserve(map, 100, &record), 0);
		ck_assert_int_eq(map_finish(map, record, true), 0);
	}
	ck_assert_int_eq(map_pending(map), 1);
	ck_assert_uint_eq(map_query(map, BPF_RB_CONS_POS), 0);
	ck_assert_int_eq(put(map, 5, 5), 0);
	assert_get(map, 5, 5);
	unit_put_map(map);
}
END_TEST

START_TEST(test_attach)
{
	struct map *map = ring_open(_i, SIZE);
	struct map *half = table_attach(map, RW);
	struct map *other = ring_attach(map, RW);
	struct map *reader = ring_attach(map, PROT_READ);
	struct map_census census;
	void *record;
	char byte;

	ck_assert_int_eq(map_reserve(half, 1, &record), -EINVAL);
	ck_assert_int_eq(map_finish(half, &byte, true), -EINVAL);
	ck_assert_int_eq(map_consume(half, &byte, 1), -EINVAL);
	ck_assert_int_eq(map_pending(half), -EINVAL);
	ck_assert_int_eq(map_clear(half), -EINVAL);
	ck_assert_int_eq(map_check(half, &census), -EINVAL);
	ck_assert_uint_eq(map_query(half, BPF_RB_RING_SIZE), 0);
	ck_assert_int_eq(map_attach_data(half, table_fd(map)), -EUCLEAN);
	ck_assert_int_eq(map_attach_data(other, map_region(map, 1)->fd),
			 -EINVAL);
	ck_assert_int_eq(put(other, 1, 10), 0);
	ck_assert_int_eq(put(map, 2, 20), 0);
	ck_assert_int_eq(map_pending(reader), 1);
	ck_assert_int_eq(map_consume(reader, &byte, 1), -EPERM);
	ck_assert_int_eq(map_reserve(reader, 1, &record), -EPERM);
	assert_get(map, 1, 10);
	assert_get(other, 2, 20);
	assert_ring(reader, 0, 0);
	unit_put_map(reader);
	unit_put_map(half);
	unit_put_map(other);
	assert_ring(map, 0, 0);
	unit_put_map(map);
}
END_TEST

/* One's record is not another's to finish. */
START_TEST(test_owners)
{
	struct map *map = ring_open(_i, SIZE);
	struct map *other = ring_attach(map, RW);
	unsigned char *base = map_region(map, 1)->base;
	unsigned char *theirs = map_region(other, 1)->base;
	void *record;

	ck_assert_int_eq(map_reserve(other, 8, &record), 0);
	ck_assert_int_eq(
		map_finish(map, (unsigned char *)record - theirs + base, false),
		-EINVAL);
	ck_assert_int_eq(map_finish(other, record, false), 0);
	ck_assert_int_eq(map_consume(map, &record, 8), 8);
	unit_put_map(other);
	unit_put_map(map);
}
END_TEST

/*
 * Who ends with records in hand, killed or not, holds up those behind it until
 * the map's maker learns of it.
 */
START_TEST(test_dead)
{
	struct map *map = ring_open(_i % 2, SIZE);
	uint32_t mine = to_ring(map)->pool.owner;
	uint32_t dead;
	void *record;
	int round;

	for (round = 0; round < 300; round++) {
		ck_assert_int_eq(map_owner_get(map, &dead), 0);
		ck_assert_int_eq(put(map, 1, 40), 0);
		to_ring(map)->pool.owner = dead;
		ck_assert_int_eq(map_reserve(map, 100, &record), 0);
		memset(record, 0xff, 100);
		/* Before its header, even. */
		((uint32_t *)record)[-2] = 0xffffffff;
		to_ring(map)->pool.owner = mine;
		ck_assert_int_eq(put(map, 2, 60), 0);
		to_ring(map)->pool.owner = dead;
		ck_assert_int_eq(map_reserve(map, 7, &record), 0);
		to_ring(map)->pool.owner = mine;
		ck_assert_int_eq(put(map, 3, 80), 0);
		assert_get(map, 1, 40);
		assert_empty(map);
		assert_ring(map, 0, 2);
		map_owner_end(map, dead, _i / 2);
		assert_get(map, 2, 60);
		assert_get(map, 3, 80);
		assert_empty(map);
		assert_ring(map, 0, 0);
	}
	unit_put_map(map);
}
END_TEST

/* Ended at each step of a reservation: the next one goes on from there. */
START_TEST(test_dead_between_steps)
{
	struct map *map = ring_open(_i, SIZE);
	struct ring_map *ring = to_ring(map);
	uint32_t dead;

	ck_assert_int_eq(put(map, 1, 8), 0);
	ck_assert_int_eq(map_owner_get(map, &dead), 0);
	/* The word, and not the position. */
	shared_store(ring_word(ring, 16), ring_word_make(ring, 16, 32, dead));
	ck_assert_int_eq(put(map, 2, 8), 0);
	assert_get(map, 1, 8);
	assert_empty(map);
	map_owner_end(map, dead, false);
	assert_get(map, 2, 8);
	/* The same, and nobody has come since. */
	ck_assert_int_eq(map_owner_get(map, &dead), 0);
	shared_store(ring_word(ring, 64), ring_word_make(ring, 64, 32, dead));
	map_owner_end(map, dead, false);
	assert_ring(map, 0, 0);
	ck_assert_uint_eq(*ring_producer(ring), 96);
	/* Done, and not said: who looks for a record finds it. */
	ck_assert_int_eq(put(map, 3, 8), 0);
	shared_store(ring_producer(ring), 96);
	assert_get(map, 3, 8);
	/* And who looks for room. */
	ck_assert_int_eq(put(map, 4, 8), 0);
	shared_store(ring_producer(ring), 112);
	ck_assert_int_eq(put(map, 5, 4064), 0);
	assert_get(map, 4, 8);
	assert_get(map, 5, 4064);
	unit_put_map(map);
}
END_TEST

/* A word of an older round is none, and the same place is used again. */
START_TEST(test_rounds)
{
	struct map *map = ring_open(_i, SIZE);
	struct ring_map *ring = to_ring(map);
	/* So that the round is about to go over. */
	const uint64_t far = (1ull << 55) - 2 * SIZE;
	uint32_t n;

	shared_store(ring_consumer(ring), far);
	shared_store(ring_producer(ring), far);
	shared_store(ring_reserved(ring), far);
	for (n = 0; n < 500; n++) {
		ck_assert_int_eq(put(map, n, 1000), 0);
		ck_assert_int_eq(put(map, n + 1, 33), 0);
		assert_get(map, n, 1000);
		assert_get(map, n + 1, 33);
	}
	assert_ring(map, 0, 0);
	unit_put_map(map);
}
END_TEST

/* A producer of libbpf's moves the position first, and says busy. */
START_TEST(test_foreign_producer)
{
	struct map *map = ring_open(1, SIZE);
	struct ring_map *ring = to_ring(map);
	uint32_t *data = (uint32_t *)ring_at(ring, 0);

	data[0] = 4 | 0x80000000;
	data[2] = 0x64636261;
	shared_store(ring_producer(ring), 16);
	assert_empty(map);
	/* One of ours comes behind. */
	ck_assert_int_eq(put(map, 1, 8), 0);
	assert_empty(map);
	shared_store(data, 4);
	ck_assert_int_eq(map_pending(map), 1);
	ck_assert_int_eq(map_consume(map, &data, 8), 4);
	assert_get(map, 1, 8);
	assert_ring(map, 0, 0);
	unit_put_map(map);
}
END_TEST

START_TEST(test_freeze)
{
	struct map *map = ring_open(_i, SIZE);
	void *record;
	char byte;

	ck_assert_int_eq(put(map, 1, 8), 0);
	ck_assert_int_eq(map_freeze(map), 0);
	ck_assert_int_eq(map_pending(map), 1);
	ck_assert_int_eq(map_consume(map, &byte, 1), -EPERM);
	ck_assert_int_eq(map_reserve(map, 8, &record), -EPERM);
	ck_assert_int_eq(put(map, 1, 8), -EPERM);
	ck_assert_int_eq(map_clear(map), -EPERM);
	assert_ring(map, 1, 0);
	unit_put_map(map);
}
END_TEST

START_TEST(test_clear)
{
	struct map *map = ring_open(_i, SIZE);
	void *record;

	ck_assert_int_eq(put(map, 1, 8), 0);
	ck_assert_int_eq(put(map, 2, 8), 0);
	ck_assert_int_eq(map_reserve(map, 8, &record), 0);
	memcpy(record, bytes_of(3, 8), 8);
	ck_assert_int_eq(map_clear(map), 0);
	assert_empty(map);
	ck_assert_int_eq(map_finish(map, record, false), 0);
	assert_get(map, 3, 8);
	unit_put_map(map);
}
END_TEST

/* bpf(2)'s operations: none of them. */
START_TEST(test_refused)
{
	struct map *map = ring_open(_i, SIZE);
	struct map_batch batch = { .count = 1 };
	uint64_t key = 0;

	ck_assert_int_eq(map_lookup_elem_sys_only(map, &key, &key),
			 -EOPNOTSUPP);
	ck_assert_int_eq(map_update_elem(map, &key, &key, 0), -EOPNOTSUPP);
	ck_assert_int_eq(map_delete_elem(map, &key), -EOPNOTSUPP);
	ck_assert_int_eq(map_get_next_key(map, NULL, &key), -EOPNOTSUPP);
	ck_assert_int_eq(map_lookup_and_delete_elem(map, &key, &key),
			 -EOPNOTSUPP);
	ck_assert_int_eq(map_push_elem(map, &key, 0), -EOPNOTSUPP);
	ck_assert_int_eq(map_peek_elem(map, &key), -EOPNOTSUPP);
	ck_assert_int_eq(map_lookup_batch(map, &batch), -EOPNOTSUPP);
	unit_put_map(map);
}
END_TEST

/* Words that are no positions, lengths that cannot be: told, never followed. */
static const struct {
	uint32_t region;
	uint64_t off;
	uint64_t word;
} spoilt[] = {
	{ 1, 0, 4 },
	{ 1, 0, UINT64_MAX },
	{ 1, 0, 1ull << 40 },
	{ 1, 4096, 12 },
	{ 1, 4096, UINT64_MAX },
	{ 1, 4096, 1ull << 63 },
	{ 1, 8192, 0x3fffffff },
	{ 1, 8192, UINT64_MAX },
	{ 1, 8192, 4090 },
	{ 0, 64, 4 },
	{ 0, 64, UINT64_MAX },
	{ 0, 64, 1ull << 40 },
	{ 0, 8192, 1 },
	{ 0, 8192, UINT64_MAX },
	{ 0, 8192 + 16, 2 },
	{ 0, 8192 + 32, UINT64_MAX },
	{ 0, 8192 + 32, 2 },
};

#define NSPOILT ((int)(sizeof(spoilt) / sizeof(spoilt[0])))

START_TEST(test_spoilt)
{
	struct map *map = ring_open(_i % 2, SIZE);
	struct map *other = ring_attach(map, RW);
	struct map_census census;
	unsigned char bytes[SIZE];
	uint32_t owner;
	void *record;
	ssize_t res;
	int n;

	ck_assert_uint_eq(to_ring(map)->words_off, 8192);
	ck_assert_int_eq(put(map, 1, 8), 0);
	ck_assert_int_eq(put(map, 2, 8), 0);
	ck_assert_int_eq(map_reserve(other, 8, &record), 0);
	ck_assert_int_eq(map_owner_get(map, &owner), 0);
	ck_assert_int_eq(region_store(map_region(map, spoilt[_i / 2].region),
				      spoilt[_i / 2].off, &spoilt[_i / 2].word,
				      8),
			 0);
	for (n = 0; n < 600; n++) {
		map_check(map, &census);
		res = map_consume(map, bytes, sizeof(bytes));
		ck_assert(res >= 0 || res == -EAGAIN || res == -EUCLEAN);
		res = map_pending(map);
		ck_assert(res >= 0 || res == -EUCLEAN);
		res = put(n % 2 ? other : map, 3, (uint32_t)n);
		ck_assert(!res || res == -EAGAIN || res == -EUCLEAN);
		if (n == 100)
			map_finish(other, record, n % 3);
		if (n == 200)
			map_owner_end(map, owner, false);
	}
	unit_put_map(other);
	unit_put_map(map);
}
END_TEST

static const struct {
	uint64_t off;
	uint32_t number;
	int err;
} refused[] = {
	{ 12, 0, -EPROTO },		/* layout */
	{ 32, 8192, -EUCLEAN },		/* max_entries */
	{ 32, 5000, -EUCLEAN },		/* the same */
	{ 36, BPF_F_RDONLY, -EUCLEAN }, /* map_flags */
};

START_TEST(test_attach_refused)
{
	struct map *map = ring_open(_i % 2, SIZE);

	ck_assert_int_eq(region_store(map_region(map, 0), refused[_i / 2].off,
				      &refused[_i / 2].number, 4),
			 0);
	table_assert_refused(table_fd(map), RW, refused[_i / 2].err);
	table_assert_refused(table_fd(map), PROT_READ, refused[_i / 2].err);
	unit_put_map(map);
}
END_TEST

/* Who comes without the data, and goes, takes no number along. */
START_TEST(test_attach_without_data)
{
	struct map *map = ring_open(_i, SIZE);
	struct map *other;
	int n;

	for (n = 0; n < (int)TABLE_OWNERS + 10; n++) {
		ck_assert_int_eq(map_attach(table_fd(map), RW, &other), 0);
		map_put_now(other);
	}
	unit_put_map(map);
}
END_TEST

void unit_suite(Suite *suite)
{
	TCase *tcase = unit_case(suite, "ring");

	tcase_add_loop_test(tcase, test_create, 0, 2 * NCREATIONS);
	tcase_add_loop_test(tcase, test_layout, 0, 2);
	tcase_add_loop_test(tcase, test_largest, 0, 2);
	tcase_add_loop_test(tcase, test_full, 0, 2);
	tcase_add_loop_test(tcase, test_wrap, 0, 2);
	tcase_add_loop_test(tcase, test_header_last, 0, 2);
	tcase_add_loop_test(tcase, test_order, 0, 2);
	tcase_add_loop_test(tcase, test_discarded_only, 0, 2);
	tcase_add_loop_test(tcase, test_attach, 0, 2);
	tcase_add_loop_test(tcase, test_attach_without_data, 0, 2);
	tcase_add_loop_test(tcase, test_owners, 0, 2);
	tcase_add_loop_test(tcase, test_dead, 0, 4);
	tcase_add_loop_test(tcase, test_dead_between_steps, 0, 2);
	tcase_add_loop_test(tcase, test_rounds, 0, 2);
	tcase_add_test(tcase, test_foreign_producer);
	tcase_add_loop_test(tcase, test_freeze, 0, 2);
	tcase_add_loop_test(tcase, test_clear, 0, 2);
	tcase_add_loop_test(tcase, test_refused, 0, 2);
	tcase_add_loop_test(tcase, test_spoilt, 0, 2 * NSPOILT);
	tcase_add_loop_test(tcase, test_attach_refused, 0, 8);
}
