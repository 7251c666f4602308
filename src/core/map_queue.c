/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * queue and stack: the operations, and where things are in the region, in
 * order: header, the pool's owners, shards and hints, slots, nodes.
 */
#include <errno.h>
#include <stdlib.h>

#include "core/queue.h"
#include "core/topology.h"

#define QUEUE_PAGE 4096u

/*
 * Slots at least, so that a slot's tag, which counts how often the ring was
 * gone round, comes back as seldom in a small map.
 */
#define SLOTS_MIN 64u

#define QUEUE_LAYOUT                                                          \
	REGION_LAYOUT(sizeof(struct queue_header), sizeof(struct queue_node), \
		      sizeof(struct pool_shard))

#define QUEUE_CREATE_FLAGS                                                   \
	(BPF_F_NUMA_NODE | BPF_F_RDONLY | BPF_F_WRONLY | BPF_F_RDONLY_PROG | \
	 BPF_F_WRONLY_PROG)

static int queue_map_alloc_check(const struct map_attr *attr,
				 struct map_refusal *refusal)
{
	const uint32_t flags = attr->map_flags;

	if (!attr->max_entries)
		return map_refuse(refusal, -EINVAL, "entries",
				  "there is room for at least one");
	if (attr->key_size)
		return map_refuse(refusal, -EINVAL, "key",
				  "queues and stacks have none: 0");
	if (!attr->value_size)
		return map_refuse(refusal, -EINVAL, "value",
				  "a value has at least one byte");
	if (flags & ~QUEUE_CREATE_FLAGS)
		return map_refuse(refusal, -EINVAL, "flags",
				  "this type does not take that one");
	if ((flags & BPF_F_RDONLY_PROG) && (flags & BPF_F_WRONLY_PROG))
		return map_refuse(refusal, -EINVAL, "flags",
				  "rdonly_prog and wronly_prog exclude "
				  "each other");
	if (attr->value_size > QUEUE_VALUE_MAX)
		return map_refuse(refusal, -E2BIG, "value",
				  "a value has at most 4194304 bytes");
	if (attr->max_entries > QUEUE_ENTRIES_MAX)
		return map_refuse(refusal, -ENOMEM, "entries",
				  "there are at most 2^30");
	return 0;
}

static uint64_t page_up(uint64_t off)
{
	return (off + QUEUE_PAGE - 1) & ~(uint64_t)(QUEUE_PAGE - 1);
}

/* Nodes beyond the elements: one for each process or thread that is at it. */
static uint64_t count_spares(uint64_t stride)
{
	uint64_t spares = HASH_SPARES_BYTES / stride;

	if (spares > HASH_SPARES_MAX)
		return HASH_SPARES_MAX;
	return spares < HASH_SPARES_MIN ? HASH_SPARES_MIN : spares;
}

/* Everything that follows from attributes that are good: the bytes of it. */
static uint64_t layout(struct queue_map *queue, const struct map_attr *attr,
		       uint32_t shards)
{
	struct pool *pool = &queue->pool;
	uint64_t nodes;

	queue->max_entries = attr->max_entries;
	queue->value_size = attr->value_size;
	while (queue_slots(queue) < attr->max_entries ||
	       queue_slots(queue) < SLOTS_MIN)
		queue->bits++;
	pool->stride =
		sizeof(struct queue_node) + ((attr->value_size + 7) & ~7u);
	nodes = attr->max_entries + count_spares(pool->stride);
	pool->shards = shards;
	pool->span = (uint32_t)((nodes + shards - 1) / shards);
	/* Any node serves as well as any other. */
	pool->credits = pool->span * shards;
	queue->slots_off = page_up(pool_layout(pool, QUEUE_PAGE));
	pool->nodes_off = page_up(queue->slots_off + queue_slots(queue) * 8);
	return page_up(pool->nodes_off + pool->nodes * pool->stride);
}

static void set_region(struct queue_map *queue, const struct region *region)
{
	queue->table.region = *region;
	queue->pool.base = region->base;
	queue->header = (struct queue_header *)region->base;
}

static void init(struct queue_map *queue, const struct map_attr *attr)
{
	struct queue_header *header = queue->header;

	header->value_size = attr->value_size;
	header->max_entries = attr->max_entries;
	header->map_flags = attr->map_flags;
	header->shards = queue->pool.shards;
	header->numa_node = attr->numa_node;
	pool_init(&queue->pool);
	region_header_init(&header->region, attr->map_type, 0, QUEUE_LAYOUT,
			   queue->table.region.size);
	pool_owner_get(&queue->pool, &queue->pool.owner);
}

static int alloc(const struct queue_kind *kind, struct map_attr *attr,
		 struct map **map)
{
	struct queue_map *queue = calloc(1, sizeof(*queue));
	struct region region;
	int err;

	if (!queue)
		return -ENOMEM;
	queue->kind = kind;
	err = map_make_region(
		attr, layout(queue, attr, pool_shards_for(attr->max_entries)),
		&region);
	if (err) {
		free(queue);
		return err;
	}
	set_region(queue, &region);
	init(queue, attr);
	*map = &queue->table.map;
	return 0;
}

/* The attributes in a header, if they are those of a map that can be. */
static int header_attr(const struct queue_header *header, struct map_attr *attr)
{
	attr->map_type = header->region.map_type;
	attr->value_size = header->value_size;
	attr->max_entries = header->max_entries;
	attr->map_flags = header->map_flags;
	attr->numa_node = header->numa_node;
	if (queue_map_alloc_check(attr, NULL))
		return -EUCLEAN;
	/* Of a machine with other CPUs, or nonsense. */
	if (header->shards != pool_shards_for(attr->max_entries))
		return -EPROTO;
	return 0;
}

static int attach(const struct queue_kind *kind,
		  const struct region_header *generic,
		  const struct region *region, struct map_attr *attr,
		  struct map **map)
{
	struct queue_header header;
	struct queue_map *queue;
	int err;

	err = table_copy_header(region, generic, QUEUE_LAYOUT, &header,
				sizeof(header));
	if (!err)
		err = header_attr(&header, attr);
	if (err)
		return err;
	queue = calloc(1, sizeof(*queue));
	if (!queue)
		return -ENOMEM;
	queue->kind = kind;
	if (layout(queue, attr, header.shards) != region->size) {
		free(queue);
		return -EUCLEAN;
	}
	set_region(queue, region);
	*map = &queue->table.map;
	return 0;
}

static uint32_t *queue_map_wait_word(struct map *map)
{
	return &to_queue(map)->header->wait;
}

static int queue_map_owner_get(struct map *map, uint32_t *owner)
{
	struct queue_map *queue = to_queue(map);
	int err = pool_owner_get(&queue->pool, owner);

	/* The numbers of the dead come back when their nodes have. */
	if (err && queue_reclaim(queue))
		err = pool_owner_get(&queue->pool, owner);
	return err;
}

static void queue_map_owner_set(struct map *map, uint32_t owner)
{
	to_queue(map)->pool.owner = owner;
}

static void queue_map_owner_end(struct map *map, uint32_t owner, bool clean)
{
	pool_owner_end(&to_queue(map)->pool, owner, clean);
}

static int take(struct queue_map *queue, uint32_t *node)
{
	const struct pool *pool = &queue->pool;
	uint32_t shard = pool->shards == 1 ? 0 :
					     topology_this_cpu() % pool->shards;
	unsigned int tries;

	for (tries = 0;; tries++) {
		if (!pool_take(pool, POOL_CREDIT, shard, node)) {
			pool_waited(&queue->waits);
			return 0;
		}
		if (!queue_reclaim(queue) && !pool_wait(&queue->waits, tries))
			return pool_take_last(pool, node);
	}
}

/* A node with that value, in our hands.  -ENOMEM. */
static int make(struct queue_map *queue, const void *value, uint32_t *node)
{
	int err = take(queue, node);

	if (err)
		return err;
	shared_store(&queue_node(queue, *node)->pool.replaces, 0);
	shared_copy_in(queue_node(queue, *node) + 1, value, queue->value_size);
	return 0;
}

static int is_linked(void *arg, uint32_t node, uint64_t mark)
{
	const struct queue_map *queue = arg;

	if (!queue->kind->holds(queue, node))
		return 0;
	queue_ack(queue, node, &mark);
	return 1;
}

static int each_node(void *arg)
{
	const struct queue_map *queue = arg;

	pool_reclaim_nodes(&queue->pool, is_linked, arg);
	return 0;
}

bool queue_reclaim(struct queue_map *queue)
{
	return pool_reclaim(&queue->pool, each_node, queue);
}

static int queue_map_push_elem(struct map *map, const void *value,
			       uint64_t flags)
{
	struct queue_map *queue = to_queue(map);
	unsigned int tries;
	uint32_t node = 0;
	int err = -EAGAIN;

	if (flags != BPF_ANY && flags != BPF_EXIST)
		return -EINVAL;
	/* Without a node first: none is needed where there is no room. */
	for (tries = 0; err == -EAGAIN && tries < QUEUE_TRIES; tries++) {
		err = queue->kind->push(queue, node, flags == BPF_EXIST);
		if (err || node)
			continue;
		err = make(queue, value, &node);
		if (!err)
			err = -EAGAIN;
	}
	if (!err)
		wait_wake(&queue->header->wait);
	else if (node)
		pool_give(&queue->pool, node);
	return err == -EAGAIN ? -EUCLEAN : err;
}

static int pop(struct queue_map *queue, void *value)
{
	unsigned int tries;
	int err = -EAGAIN;

	for (tries = 0; err == -EAGAIN && tries < QUEUE_TRIES; tries++)
		err = queue->kind->pop(queue, value);
	return err == -EAGAIN ? -EUCLEAN : err;
}

static int peek(struct queue_map *queue, void *value)
{
	unsigned int tries;
	int err = -EAGAIN;

	for (tries = 0; err == -EAGAIN && tries < QUEUE_TRIES; tries++)
		err = queue->kind->peek(queue, value);
	return err == -EAGAIN ? -EUCLEAN : err;
}

/*
 * By way of the stack where that is small, as a call which fails in the end has
 * not touched its output.
 */
static int fetch(struct queue_map *queue, void *value,
		 int (*get)(struct queue_map *queue, void *value))
{
	uint64_t bounce[QUEUE_BOUNCE / 8];
	int err;

	if (queue->value_size > sizeof(bounce))
		return get(queue, value);
	err = get(queue, bounce);
	if (!err)
		memcpy(value, bounce, queue->value_size);
	return err;
}

static int queue_map_pop_elem(struct map *map, void *value)
{
	return fetch(to_queue(map), value, pop);
}

static int queue_map_peek_elem(struct map *map, void *value)
{
	return fetch(to_queue(map), value, peek);
}

static int queue_map_lookup_elem(struct map *map, const void *key, void *value)
{
	(void)key;
	return queue_map_peek_elem(map, value);
}

static int queue_map_update_elem(struct map *map, const void *key,
				 const void *value, uint64_t flags)
{
	(void)key;
	return queue_map_push_elem(map, value, flags);
}

static int queue_map_lookup_and_delete_elem(struct map *map, const void *key,
					    void *value)
{
	(void)key;
	return queue_map_pop_elem(map, value);
}

/* As in the kernel, these are not unsupported, but invalid. */
static int queue_map_delete_elem(struct map *map, const void *key)
{
	(void)map;
	(void)key;
	return -EINVAL;
}

static int queue_map_get_next_key(struct map *map, const void *key,
				  void *next_key)
{
	(void)map;
	(void)key;
	(void)next_key;
	return -EINVAL;
}

static uint64_t queue_map_used(struct map *map)
{
	struct queue_map *queue = to_queue(map);
	uint64_t first;
	uint64_t end;

	/*
	 * Not for the count, but so that who looks finds owners' numbers free.
	 * A freeze must not come between asking and reclaiming.
	 */
	if (!map_write_get(map)) {
		queue_reclaim(queue);
		map_write_put(map);
	}
	return queue->kind->bounds(queue, &first, &end) ? 0 : end - first;
}

static uint64_t queue_map_additions(struct map *map)
{
	const struct queue_map *queue = to_queue(map);

	return queue->kind->additions(queue);
}

/*
 * A listing ends where the end was when it began.  Its position is the low half
 * of that, and how many elements before it are to be shown, and 1.
 */
static int queue_map_seq_show_elem(struct map *map, uint64_t *pos, void *keys,
				   void *values, uint32_t count)
{
	const struct queue_map *queue = to_queue(map);
	unsigned char *to = values;
	uint32_t shown = 0;
	uint64_t first;
	uint64_t end;
	uint32_t left;
	int32_t ahead;
	int res;

	(void)keys;
	res = queue->kind->bounds(queue, &first, &end);
	if (!res && !*pos)
		*pos = end << 32 | (end - first + 1);
	while (!res && shown < count && (left = (uint32_t)*pos - 1)) {
		if (left > queue->max_entries)
			return -EUCLEAN;
		/* Of the oldest that is there; what was before it has gone. */
		ahead = (int32_t)((uint32_t)(*pos >> 32) - left -
				  (uint32_t)first);
		if (ahead >= 0)
			res = queue->kind->show(queue, first + (uint32_t)ahead,
						to);
		if (res < 0)
			return res;
		--*pos;
		shown += (uint32_t)res;
		if (to && res)
			to += queue->value_size;
		res = queue->kind->bounds(queue, &first, &end);
	}
	return res ? res : (int)shown;
}

/* As many as can be there, and no more where others push meanwhile. */
static int queue_map_clear(struct map *map)
{
	struct queue_map *queue = to_queue(map);
	uint32_t left = queue->max_entries;
	int err = 0;

	while (!err && left--)
		err = pop(queue, NULL);
	return err == -ENOENT ? 0 : err;
}

static int queue_map_alloc(struct map_attr *attr, struct map **map)
{
	return alloc(&queue_fifo, attr, map);
}

static int queue_map_attach(const struct region_header *header,
			    const struct region *region, struct map_attr *attr,
			    struct map **map)
{
	return attach(&queue_fifo, header, region, attr, map);
}

static int stack_map_alloc(struct map_attr *attr, struct map **map)
{
	return alloc(&queue_lifo, attr, map);
}

static int stack_map_attach(const struct region_header *header,
			    const struct region *region, struct map_attr *attr,
			    struct map **map)
{
	return attach(&queue_lifo, header, region, attr, map);
}

#define QUEUE_OPS                                                             \
	.flags = MAP_TABLE, .map_alloc_check = queue_map_alloc_check,         \
	.map_free = table_map_free, .map_mem_usage = table_map_mem_usage,     \
	.map_used = queue_map_used, .map_lookup_elem = queue_map_lookup_elem, \
	.map_update_elem = queue_map_update_elem,                             \
	.map_delete_elem = queue_map_delete_elem,                             \
	.map_get_next_key = queue_map_get_next_key,                           \
	.map_lookup_and_delete_elem = queue_map_lookup_and_delete_elem,       \
	.map_push_elem = queue_map_push_elem,                                 \
	.map_pop_elem = queue_map_pop_elem,                                   \
	.map_peek_elem = queue_map_peek_elem,                                 \
	.map_additions = queue_map_additions,                                 \
	.map_wait_word = queue_map_wait_word,                                 \
	.map_seq_show_elem = queue_map_seq_show_elem,                         \
	.map_clear = queue_map_clear, .map_owner_get = queue_map_owner_get,   \
	.map_owner_set = queue_map_owner_set,                                 \
	.map_owner_end = queue_map_owner_end, .map_check = queue_map_check,   \
	.map_region = table_map_region

const struct map_ops queue_map_ops = {
	QUEUE_OPS,
	.map_alloc = queue_map_alloc,
	.map_attach = queue_map_attach,
};

const struct map_ops stack_map_ops = {
	QUEUE_OPS,
	.map_alloc = stack_map_alloc,
	.map_attach = stack_map_attach,
};
