/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * map_attach on a small table with patches, and every operation on what it
 * takes for a map.  The first byte of an input says which table: bits 0 and 1
 * the type, bit 2 whether it is attached for reading only, bit 3 whether it is
 * full, bit 4 whether each CPU has an LRU of its own, bit 5 whether it is a
 * trie instead, of prefixes inside each other, bit 6 whether it has no keys:
 * with bit 5 a queue or a stack, without it, by the type, a ringbuf, a
 * user_ringbuf, or else a bloom filter.  Then patches: three bytes of offset,
 * modulo the size, the first the lowest; one of length; and so many bytes.  A
 * ring's data begins where its table ends.
 */
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "death/exercise.h"
#include "fuzz.h"

#define ENTRIES	   8u
#define OPERATIONS 24u

/* A region as it was made, and the memory object that it is put into. */
struct part {
	unsigned char *good;
	unsigned char *base;
	size_t size;
	int fd;
};

struct table {
	struct part part[2];
	uint32_t count; /* 0: not made yet */
};

#define TABLES 64u
static struct table tables[TABLES];

static const uint32_t types[] = {
	BPF_MAP_TYPE_HASH,
	BPF_MAP_TYPE_PERCPU_HASH,
	BPF_MAP_TYPE_LRU_HASH,
	BPF_MAP_TYPE_LRU_PERCPU_HASH,
};

static const uint32_t keyless[] = {
	BPF_MAP_TYPE_RINGBUF,	   BPF_MAP_TYPE_USER_RINGBUF,
	BPF_MAP_TYPE_BLOOM_FILTER, BPF_MAP_TYPE_BLOOM_FILTER,
	BPF_MAP_TYPE_QUEUE,	   BPF_MAP_TYPE_STACK,
	BPF_MAP_TYPE_QUEUE,	   BPF_MAP_TYPE_STACK,
};

static int insert(struct map *map, const void *key, const void *value)
{
	if (map->key_size)
		return map_update_elem(map, key, value, BPF_ANY);
	if (map->ops->map_push_elem)
		return map_push_elem(map, value, BPF_ANY);
	return map_output(map, key, 8);
}

static void fill(struct map *map, uint32_t count)
{
	unsigned char *value = calloc(1, map_value_bytes(map));
	uint32_t key[2] = { 0 };
	uint32_t i;

	FUZZ_CHECK(value);
	for (i = 0; i < count; i++) {
		value[0] = (unsigned char)i;
		key[0] = i;
		key[1] = i % 3 * 0x55;
		FUZZ_CHECK(insert(map, key, value) == 0);
	}
	free(value);
}

static void part_make(struct part *part, struct region *region)
{
	part->size = region->size;
	part->good = malloc(part->size);
	FUZZ_CHECK(part->good);
	FUZZ_CHECK(region_load(region, 0, part->good, part->size) == 0);
	part->fd = memfd_create("table", MFD_CLOEXEC);
	FUZZ_CHECK(part->fd >= 0);
	FUZZ_CHECK(ftruncate(part->fd, (off_t)part->size) == 0);
	part->base = mmap(NULL, part->size, PROT_READ | PROT_WRITE, MAP_SHARED,
			  part->fd, 0);
	FUZZ_CHECK(part->base != MAP_FAILED);
}

static void no_keys(struct map_attr *attr, uint8_t kind)
{
	attr->map_type = keyless[(kind & 3) | (kind >> 3 & 4)];
	attr->key_size = 0;
	if (kind & 32)
		attr->map_flags = 0;
	if (!map_type_ops(attr->map_type)->map_reserve)
		return;
	attr->value_size = 0;
	attr->max_entries = 4096;
	attr->map_flags = 0;
}

/* Without a seed, so that an input means the same in every run. */
static void table_make(struct table *table, uint8_t kind)
{
	struct map_attr attr = {
		.map_type = types[kind & 3],
		.key_size = 4,
		.value_size = 12,
		.max_entries = ENTRIES,
		.map_flags = BPF_F_ZERO_SEED,
	};
	struct charge charge = { 0 };
	struct region *region;
	struct map *map;

	if (kind & 64) {
		no_keys(&attr, kind);
	} else if (kind & 32) {
		attr.map_type = BPF_MAP_TYPE_LPM_TRIE;
		attr.key_size = 8;
		attr.map_flags = BPF_F_NO_PREALLOC;
	} else if (kind & 2 && kind & 16)
		attr.map_flags |= BPF_F_NO_COMMON_LRU;
	FUZZ_CHECK(map_create(&attr, &charge, NULL, &map) == 0);
	fill(map, kind & 8 ? ENTRIES : ENTRIES / 2);
	while ((region = map_region(map, table->count)))
		part_make(&table->part[table->count++], region);
	map_put_now(map);
}

static struct table *table_get(uint8_t kind)
{
	/* Reading only is the same table. */
	struct table *table = &tables[(kind & 3) | (kind >> 1 & 60)];
	uint32_t i;

	if (!table->count)
		table_make(table, kind);
	for (i = 0; i < table->count; i++)
		memcpy(table->part[i].base, table->part[i].good,
		       table->part[i].size);
	return table;
}

static void patch(struct table *table, const uint8_t *data, size_t size)
{
	while (size >= 4) {
		size_t off = (data[0] | (size_t)data[1] << 8 |
			      (size_t)data[2] << 16) %
			     (table->part[0].size + table->part[1].size);
		struct part *part = &table->part[off >= table->part[0].size];
		size_t len = data[3];

		if (part != table->part)
			off -= table->part[0].size;

		data += 4;
		size -= 4;
		if (len > size)
			len = size;
		if (len > part->size - off)
			len = part->size - off;
		memcpy(part->base + off, data, len);
		data += len;
		size -= len;
	}
}

static void check(const struct exercise *x)
{
	if (x->wrong)
		fprintf(stderr, "%s: %ld\n", x->wrong, x->result);
	FUZZ_CHECK(!x->wrong);
}

static void run(struct map *map)
{
	struct exercise x = {
		.map = map,
		.rng = { 1 },
		.numbers = 2 * ENTRIES,
	};
	int i;

	FUZZ_CHECK(exercise_init(&x));
	for (i = 0; i < (int)OPERATIONS && exercise_one(&x); i++)
		;
	exercise_end(&x);
	check(&x);
	exercise_release(&x);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct exercise x = { 0 };
	struct table *table;
	struct map *map;
	int prot;

	if (!size)
		return 0;
	prot = data[0] & 4 ? PROT_READ : PROT_READ | PROT_WRITE;
	table = table_get(data[0]);
	patch(table, data + 1, size - 1);
	if (exercise_attach(&x, table->part[0].fd, prot, &map) == 0) {
		if (table->count > 1)
			map_attach_data(map, table->part[1].fd);
		run(map);
		map_put_now(map);
	}
	check(&x);
	return 0;
}
