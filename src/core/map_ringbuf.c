/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ringbuf and user_ringbuf: the operations.  How a ring works is told in
 * ring.h, and done in ring.c.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/ring.h"
#include "core/table.h"

#define RING_LAYOUT \
	REGION_LAYOUT(sizeof(struct ring_header), 0, sizeof(uint64_t))

static int ring_map_alloc_check(const struct map_attr *attr,
				struct map_refusal *refusal)
{
	if (attr->key_size)
		return map_refuse(refusal, -EINVAL, "key",
				  "a ring buffer has none: 0");
	if (attr->value_size)
		return map_refuse(refusal, -EINVAL, "value",
				  "records are of any size: 0");
	if (attr->max_entries < RING_PAGE ||
	    attr->max_entries & (attr->max_entries - 1))
		return map_refuse(refusal, -EINVAL, "entries",
				  "it is the size in bytes, a power of two "
				  "from 4096 on");
	if (attr->map_flags & ~(uint32_t)BPF_F_NUMA_NODE)
		return map_refuse(refusal, -EINVAL, "flags",
				  "this type does not take that one");
	return 0;
}

/* A zeroed map's fields, from good attributes. */
static void ring_layout(struct ring_map *ring, uint32_t max_entries)
{
	uint64_t off = sizeof(struct ring_header);

	ring->size = max_entries;
	ring->shift = (uint32_t)__builtin_ctz(max_entries);
	off = (off + 63) & ~63ull;
	ring->pool.owners_off = off;
	off += sizeof(struct pool_owners);
	ring->words_off = (off + RING_PAGE - 1) & ~(uint64_t)(RING_PAGE - 1);
	pthread_mutex_init(&ring->reaper, NULL);
}

/* Bytes of the regions, by number: a word for 8 bytes of data is as many. */
static uint64_t region_size(const struct ring_map *ring, uint32_t n)
{
	return n ? 2 * RING_PAGE + 2 * (uint64_t)ring->size :
		   ring->words_off + ring->size;
}

static void ring_init(struct ring_map *ring, const struct map_attr *attr)
{
	struct ring_header *header = (struct ring_header *)ring->region[0].base;

	header->max_entries = attr->max_entries;
	header->map_flags = attr->map_flags;
	header->numa_node = attr->numa_node;
	region_header_init(&header->region, attr->map_type, 0, RING_LAYOUT,
			   ring->region[0].size);
}

static void release_regions(struct ring_map *ring)
{
	uint32_t n;

	for (n = 0; n < RING_REGIONS; n++)
		region_release(&ring->region[n]);
}

static void ring_free(struct ring_map *ring)
{
	pthread_mutex_destroy(&ring->reaper);
	free(ring);
}

static struct ring_map *ring_new(const struct map_attr *attr)
{
	struct ring_map *ring = calloc(1, sizeof(*ring));
	uint32_t n;

	if (!ring)
		return NULL;
	for (n = 0; n < RING_REGIONS; n++)
		ring->region[n].fd = -1;
	ring_layout(ring, attr->max_entries);
	ring->wraps = attr->map_type == BPF_MAP_TYPE_USER_RINGBUF;
	return ring;
}

static int ring_map_alloc(struct map_attr *attr, struct map **map)
{
	struct ring_map *ring;
	uint32_t n;
	int err = 0;

	ring = ring_new(attr);
	if (!ring)
		return -ENOMEM;
	for (n = 0; !err && n < RING_REGIONS; n++)
		err = map_make_region(attr, region_size(ring, n),
				      &ring->region[n]);
	if (err) {
		release_regions(ring);
		ring_free(ring);
		return err;
	}
	ring->pool.base = ring->region[0].base;
	ring_init(ring, attr);
	pool_owner_get(&ring->pool, &ring->pool.owner);
	ring->keeper = true;
	*map = &ring->map;
	return 0;
}

/* The attributes in a header, if they are those of a map that can be. */
static int header_attr(const struct ring_header *header, struct map_attr *attr)
{
	attr->map_type = header->region.map_type;
	attr->max_entries = header->max_entries;
	attr->map_flags = header->map_flags;
	attr->numa_node = header->numa_node;
	return ring_map_alloc_check(attr, NULL) ? -EUCLEAN : 0;
}

static int ring_map_attach(const struct region_header *generic,
			   const struct region *region, struct map_attr *attr,
			   struct map **map)
{
	struct ring_header header;
	struct ring_map *ring;
	int err;

	err = table_copy_header(region, generic, RING_LAYOUT, &header,
				sizeof(header));
	if (!err)
		err = header_attr(&header, attr);
	if (err)
		return err;
	ring = ring_new(attr);
	if (!ring)
		return -ENOMEM;
	if (region_size(ring, 0) != region->size) {
		ring_free(ring);
		return -EUCLEAN;
	}
	ring->pool.base = region->base;
	ring->region[0] = *region;
	*map = &ring->map;
	return 0;
}

static int ring_map_attach_data(struct map *map, int fd)
{
	struct ring_map *ring = to_ring(map);
	struct region region;
	int err;

	if (ring->region[1].base)
		return -EINVAL;
	err = region_attach(&region, fd);
	if (err)
		return err;
	err = -EUCLEAN;
	if (region.size == region_size(ring, 1))
		err = region_map(&region, ring->region[0].prot, region.size);
	if (err) {
		region_release(&region);
		return err;
	}
	ring->region[1] = region;
	return 0;
}

/* Is the data there?  It is not in one who attached to the table alone. */
static int has_data(const struct map *map)
{
	return to_ring(map)->region[1].base ? 0 : -EINVAL;
}

static void ring_map_free(struct map *map)
{
	struct ring_map *ring = to_ring(map);

	release_regions(ring);
	ring_free(ring);
}

static uint64_t ring_map_mem_usage(const struct map *map)
{
	const struct ring_map *ring = to_ring(map);

	return region_size(ring, 0) + region_size(ring, 1);
}

static struct region *ring_map_region(struct map *map, uint32_t n)
{
	struct ring_map *ring = to_ring(map);

	return n < RING_REGIONS && ring->region[n].fd >= 0 ? &ring->region[n] :
							     NULL;
}

/* A producer of libbpf's does not wake: who waits looks again, see wait.h. */
static uint64_t ring_map_additions(struct map *map)
{
	return has_data(map) ? 0 : shared_load(ring_producer(to_ring(map)));
}

static uint32_t *ring_map_wait_word(struct map *map)
{
	return ring_wait_word(to_ring(map));
}

static uint64_t ring_map_query(struct map *map, uint32_t what)
{
	const struct ring_map *ring = to_ring(map);
	uint64_t consumer;
	uint64_t producer;

	if (has_data(map))
		return 0;
	consumer = shared_load(ring_consumer(ring));
	producer = shared_load(ring_producer(ring));
	switch (what) {
	case BPF_RB_AVAIL_DATA:
		return producer - consumer;
	case BPF_RB_RING_SIZE:
		return ring->size;
	case BPF_RB_CONS_POS:
		return consumer;
	case BPF_RB_PROD_POS:
		return producer;
	default:
		return 0;
	}
}

/* Bytes to be read, headers and all. */
static uint64_t ring_map_used(struct map *map)
{
	uint64_t bytes = ring_map_query(map, BPF_RB_AVAIL_DATA);

	return bytes < map->max_entries ? bytes : map->max_entries;
}

static int ring_map_owner_get(struct map *map, uint32_t *owner)
{
	return pool_owner_get(&to_ring(map)->pool, owner);
}

static void ring_map_owner_set(struct map *map, uint32_t owner)
{
	to_ring(map)->pool.owner = owner;
}

/*
 * One who leaves of its own will may have left a record reserved all the same,
 * and is not here to commit it.
 */
static void ring_map_owner_end(struct map *map, uint32_t owner, bool clean)
{
	struct ring_map *ring = to_ring(map);
	uint32_t word;

	(void)clean;
	if (owner < 1 || owner > TABLE_OWNERS)
		return;
	pthread_mutex_lock(&ring->reaper);
	/* One who has no data has reserved nothing. */
	pool_owner_end(&ring->pool, owner, !ring->region[1].base);
	word = shared_load(&pool_owners(&ring->pool)->word[owner]);
	if ((word & OWNER_STATE) == OWNER_DEAD && ring->region[1].base &&
	    (ring->keeper || owner == ring->pool.owner)) {
		ring_discard_of(ring, owner);
		pool_owner_forget(&ring->pool, owner, word);
	}
	pthread_mutex_unlock(&ring->reaper);
}

static int ring_map_reserve(struct map *map, uint64_t len, void **data)
{
	int err = has_data(map);

	return err ? err : ring_reserve(to_ring(map), len, data);
}

static int ring_map_finish(struct map *map, void *data, bool discard)
{
	int err = has_data(map);

	return err ? err : ring_finish(to_ring(map), data, discard);
}

static ssize_t ring_map_consume(struct map *map, void *buf, size_t size)
{
	int err = has_data(map);

	return err ? err : ring_consume(to_ring(map), buf, size);
}

/* What the last producer was done with may not be published yet. */
static int ring_map_pending(struct map *map)
{
	int err = has_data(map);

	if (!err && !map_write_get(map)) {
		ring_publish(to_ring(map));
		map_write_put(map);
	}
	return err ? err : ring_pending(to_ring(map));
}

/* All that there is to be read is passed over. */
static int ring_map_clear(struct map *map)
{
	const struct ring_map *ring = to_ring(map);
	int err = has_data(map);

	if (!err)
		shared_store(ring_consumer(ring),
			     shared_load(ring_producer(ring)));
	return err;
}

static int ring_map_check(struct map *map, struct map_census *census)
{
	int err = has_data(map);

	return err ? err : ring_check(to_ring(map), census);
}

#define RING_OPS                                                              \
	.flags = MAP_TABLE, .map_alloc_check = ring_map_alloc_check,          \
	.map_alloc = ring_map_alloc, .map_attach = ring_map_attach,           \
	.map_attach_data = ring_map_attach_data, .map_free = ring_map_free,   \
	.map_mem_usage = ring_map_mem_usage, .map_used = ring_map_used,       \
	.map_owner_get = ring_map_owner_get,                                  \
	.map_owner_set = ring_map_owner_set,                                  \
	.map_owner_end = ring_map_owner_end, .map_reserve = ring_map_reserve, \
	.map_finish = ring_map_finish, .map_consume = ring_map_consume,       \
	.map_pending = ring_map_pending, .map_query = ring_map_query,         \
	.map_additions = ring_map_additions,                                  \
	.map_wait_word = ring_map_wait_word, .map_clear = ring_map_clear,     \
	.map_check = ring_map_check, .map_region = ring_map_region

const struct map_ops ringbuf_map_ops = { RING_OPS };

const struct map_ops user_ringbuf_map_ops = { RING_OPS };
