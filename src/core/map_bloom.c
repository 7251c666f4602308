/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * bloom_filter: push sets bits that the value's hash chooses, peek looks
 * whether all of them are set.  A bit is set by an atomic or and nothing else
 * ever changes, so there is nothing that a death could leave half done, and
 * nobody has anything in hand: the table has no owners.
 *
 * The region is a page for the header, and the bits.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>

#include "core/shared.h"
#include "core/table.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

#define BLOOM_BITS_OFF 4096u

/* Hash functions when map_extra names none, as in the kernel. */
#define BLOOM_HASHES 5u

#define BLOOM_CREATE_FLAGS                                                 \
	(BPF_F_NUMA_NODE | BPF_F_RDONLY | BPF_F_WRONLY | BPF_F_ZERO_SEED | \
	 BPF_F_RDONLY_PROG | BPF_F_WRONLY_PROG)

/* In shared memory, at the start of the region. */
struct bloom_header {
	struct region_header region;
	uint32_t value_size;
	uint32_t max_entries;
	uint32_t map_flags;
	uint32_t hashes; /* map_extra */
	int32_t numa_node;
	uint32_t unused;
	uint64_t seed;
	/* Of the pushers, a cache line of its own: see bloom_map_used. */
	uint64_t added;
};

_Static_assert(sizeof(struct bloom_header) == 72, "region format");
_Static_assert(offsetof(struct bloom_header, added) == 64, "region format");

#define BLOOM_LAYOUT \
	REGION_LAYOUT(sizeof(struct bloom_header), 0, sizeof(uint64_t))

struct bloom_map {
	struct table table;
	uint64_t seed;
	uint32_t hashes; /* functions */
	uint32_t mask;	 /* bits, less one */
};

static struct bloom_map *to_bloom(const struct map *map)
{
	return (struct bloom_map *)((char *)map -
				    offsetof(struct bloom_map, table.map));
}

static int bloom_map_alloc_check(const struct map_attr *attr,
				 struct map_refusal *refusal)
{
	/* First, as in the kernel. */
	if (attr->value_size > BLOOM_VALUE_MAX)
		return map_refuse(refusal, -E2BIG, "value",
				  "a value has at most 4194304 bytes");
	if (attr->key_size)
		return map_refuse(refusal, -EINVAL, "key",
				  "a bloom filter has none: 0");
	if (!attr->value_size)
		return map_refuse(refusal, -EINVAL, "value",
				  "a value has at least one byte");
	if (!attr->max_entries)
		return map_refuse(refusal, -EINVAL, "entries",
				  "a bloom filter is for at least one");
	if (attr->map_flags & ~BLOOM_CREATE_FLAGS)
		return map_refuse(refusal, -EINVAL, "flags",
				  "this type does not take that one");
	if ((attr->map_flags & BPF_F_RDONLY_PROG) &&
	    (attr->map_flags & BPF_F_WRONLY_PROG))
		return map_refuse(refusal, -EINVAL, "flags",
				  "rdonly_prog and wronly_prog exclude "
				  "each other");
	if (attr->map_extra > BLOOM_HASHES_MAX)
		return map_refuse(refusal, -EINVAL, "extra",
				  "it is the number of hash functions, at "
				  "most 15");
	return 0;
}

/*
 * Bits for this many entries with so many functions: n * k / ln 2, rounded up
 * to a power of two.  The kernel takes 7/5 for 1 / ln 2, and a word at least.
 */
static uint64_t count_bits(uint32_t max_entries, uint32_t hashes)
{
	uint64_t bits = (uint64_t)max_entries * hashes / 5 * 7;
	uint64_t power = 64;

	while (power < bits && power < 1ull << 32)
		power *= 2;
	return power;
}

/* A zeroed map's fields, from good attributes.  The bytes of the region. */
static uint64_t bloom_layout(struct bloom_map *bloom,
			     const struct map_attr *attr)
{
	uint64_t bits;

	bloom->hashes = attr->map_extra ? (uint32_t)attr->map_extra :
					  BLOOM_HASHES;
	bits = count_bits(attr->max_entries, bloom->hashes);
	bloom->mask = (uint32_t)(bits - 1);
	return BLOOM_BITS_OFF + bits / 8;
}

/* The seed is nobody's to know, so that nobody can choose values that meet. */
static uint64_t bloom_seed(const struct map_attr *attr)
{
	uint64_t seed = 0;

	if (attr->map_flags & BPF_F_ZERO_SEED)
		return 0;
	while (getrandom(&seed, sizeof(seed), 0) != sizeof(seed))
		;
	return seed;
}

static void bloom_init(struct bloom_map *bloom, const struct map_attr *attr)
{
	struct bloom_header *header =
		(struct bloom_header *)bloom->table.region.base;

	bloom->seed = bloom_seed(attr);
	header->value_size = attr->value_size;
	header->max_entries = attr->max_entries;
	header->map_flags = attr->map_flags;
	header->hashes = (uint32_t)attr->map_extra;
	header->numa_node = attr->numa_node;
	header->seed = bloom->seed;
	region_header_init(&header->region, attr->map_type, 0, BLOOM_LAYOUT,
			   bloom->table.region.size);
}

static int bloom_map_alloc(struct map_attr *attr, struct map **map)
{
	struct bloom_map *bloom = calloc(1, sizeof(*bloom));
	int err;

	if (!bloom)
		return -ENOMEM;
	err = map_make_region(attr, bloom_layout(bloom, attr),
			      &bloom->table.region);
	if (err) {
		free(bloom);
		return err;
	}
	bloom_init(bloom, attr);
	*map = &bloom->table.map;
	return 0;
}

/* The attributes in a header, if they are those of a map that can be. */
static int header_attr(const struct bloom_header *header, struct map_attr *attr)
{
	attr->map_type = header->region.map_type;
	attr->value_size = header->value_size;
	attr->max_entries = header->max_entries;
	attr->map_flags = header->map_flags;
	attr->map_extra = header->hashes;
	attr->numa_node = header->numa_node;
	return bloom_map_alloc_check(attr, NULL) ? -EUCLEAN : 0;
}

static int bloom_map_attach(const struct region_header *generic,
			    const struct region *region, struct map_attr *attr,
			    struct map **map)
{
	struct bloom_header header;
	struct bloom_map *bloom;
	int err;

	err = table_copy_header(region, generic, BLOOM_LAYOUT, &header,
				sizeof(header));
	if (!err)
		err = header_attr(&header, attr);
	if (err)
		return err;
	bloom = calloc(1, sizeof(*bloom));
	if (!bloom)
		return -ENOMEM;
	if (bloom_layout(bloom, attr) != region->size) {
		free(bloom);
		return -EUCLEAN;
	}
	bloom->seed = header.seed;
	bloom->table.region = *region;
	*map = &bloom->table.map;
	return 0;
}

/*
 * The bits of a value.  Function i is the first half of a long hash plus i
 * times the second, made odd: then it goes through all bits of a power of two.
 */
struct bloom_bits {
	uint64_t first;
	uint64_t step;
};

static struct bloom_bits bloom_hash(const struct bloom_map *bloom,
				    const void *value)
{
	XXH128_hash_t h = XXH3_128bits_withSeed(
		value, bloom->table.map.value_size, bloom->seed);

	return (struct bloom_bits){ h.low64, h.high64 | 1 };
}

/* The word of function i's bit, and the bit. */
static uint64_t *bloom_word(const struct bloom_map *bloom,
			    const struct bloom_bits *bits, uint32_t i,
			    uint64_t *bit)
{
	uint32_t n = (uint32_t)(bits->first + i * bits->step) & bloom->mask;

	*bit = 1ull << n % 64;
	return (uint64_t *)(bloom->table.region.base + BLOOM_BITS_OFF) + n / 64;
}

static int bloom_map_push_elem(struct map *map, const void *value,
			       uint64_t flags)
{
	struct bloom_map *bloom = to_bloom(map);
	struct bloom_header *header =
		(struct bloom_header *)bloom->table.region.base;
	struct bloom_bits bits;
	bool added = false;
	uint64_t *word;
	uint64_t bit;
	uint32_t i;

	if (flags != BPF_ANY)
		return -EINVAL;
	bits = bloom_hash(bloom, value);
	for (i = 0; i < bloom->hashes; i++) {
		word = bloom_word(bloom, &bits, i, &bit);
		/* Who adds what is there leaves the cache lines to others. */
		if (!(shared_load(word) & bit))
			added |= !(shared_or(word, bit) & bit);
	}
	if (added)
		shared_add(&header->added, 1);
	return 0;
}

static int bloom_map_peek_elem(struct map *map, void *value)
{
	const struct bloom_map *bloom = to_bloom(map);
	struct bloom_bits bits = bloom_hash(bloom, value);
	uint64_t bit;
	uint32_t i;

	for (i = 0; i < bloom->hashes; i++)
		if (!(shared_load(bloom_word(bloom, &bits, i, &bit)) & bit))
			return -ENOENT;
	return 0;
}

/*
 * Pushes that set a bit: of values that differ, but for those that seemed to
 * be in already.  One who is killed before it counts leaves it too low, which
 * does no harm.
 */
static uint64_t bloom_map_used(struct map *map)
{
	const struct bloom_header *header =
		(struct bloom_header *)to_bloom(map)->table.region.base;

	return shared_load(&header->added);
}

static int bloom_map_clear(struct map *map)
{
	struct bloom_map *bloom = to_bloom(map);
	struct bloom_header *header =
		(struct bloom_header *)bloom->table.region.base;

	/* First, so that there are never fewer bits than were counted. */
	shared_store(&header->added, 0);
	return region_zero(&bloom->table.region, BLOOM_BITS_OFF,
			   bloom->table.region.size - BLOOM_BITS_OFF);
}

/* Any bits are a filter; what can be wrong is the header. */
static int bloom_map_check(struct map *map, struct map_census *census)
{
	const struct bloom_map *bloom = to_bloom(map);
	struct bloom_header header;
	struct map_attr attr = { 0 };

	memset(census, 0, sizeof(*census));
	shared_copy_out(&header, bloom->table.region.base, sizeof(header));
	census->wrong = NULL;
	if (region_header_check(&header.region, bloom->table.region.size) ||
	    header.region.layout != BLOOM_LAYOUT ||
	    header_attr(&header, &attr) || attr.map_type != map->map_type ||
	    attr.value_size != map->value_size ||
	    attr.max_entries != map->max_entries ||
	    attr.map_extra != map->map_extra || header.seed != bloom->seed)
		census->wrong = "the header is not the map's";
	if (header.added > (uint64_t)bloom->mask + 1)
		census->wrong = "more were added than there are bits";
	return census->wrong ? -EUCLEAN : 0;
}

const struct map_ops bloom_filter_map_ops = {
	.flags = MAP_TABLE,
	.map_alloc_check = bloom_map_alloc_check,
	.map_alloc = bloom_map_alloc,
	.map_attach = bloom_map_attach,
	.map_free = table_map_free,
	.map_mem_usage = table_map_mem_usage,
	.map_used = bloom_map_used,
	.map_push_elem = bloom_map_push_elem,
	.map_peek_elem = bloom_map_peek_elem,
	.map_clear = bloom_map_clear,
	.map_check = bloom_map_check,
	.map_region = table_map_region,
};
