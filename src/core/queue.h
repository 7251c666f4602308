/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What queues and stacks have in common: a region of a header with two words
 * that move, a ring of slots, and nodes of a pool that hold the values.  How
 * the words and slots are used is told in queue_fifo.c and queue_lifo.c.
 *
 * An element is linked by one compare-and-swap and unlinked by another.  Its
 * node remembers its place, so that one look at the ring tells whether the node
 * is an element: by that who reclaims after deaths knows what is in nobody's
 * hands.  Nodes are more than elements: one that is being made, or has been
 * taken out and is not yet freed, takes no element's room.
 *
 * Whoever may write the region can write anything into it.  A number read from
 * it is checked before it is used, repetitions are bounded by QUEUE_TRIES; what
 * is beyond is -EUCLEAN.
 */
#ifndef CORE_QUEUE_H
#define CORE_QUEUE_H

#include "core/pool.h"
#include "core/table.h"
#include "core/wait.h"

/*
 * How often an operation starts again because others changed what it looked
 * at: somebody got on each time.
 */
#define QUEUE_TRIES 65536u

/*
 * Bytes of a value that are copied to the stack before they are known to be
 * whole, so that a call which fails in the end has not touched its output.
 */
#define QUEUE_BOUNCE 4096u

/* In shared memory, at the start of the region; lines of their own. */
struct queue_header {
	struct region_header region;
	uint32_t value_size;
	uint32_t max_entries;
	uint32_t map_flags;
	uint32_t shards;
	int32_t numa_node;
	uint32_t unused[3];
	uint64_t first; /* a queue's head; a stack's high water */
	uint64_t unused_first[7];
	uint64_t last; /* a queue's tail; a stack's top */
	uint64_t unused_last[7];
	uint32_t wait; /* see wait.h */
	uint32_t unused_wait[15];
};

_Static_assert(sizeof(struct queue_header) == 256, "region format");
_Static_assert(offsetof(struct queue_header, first) == 64, "region format");
_Static_assert(offsetof(struct queue_header, last) == 128, "region format");
_Static_assert(offsetof(struct queue_header, wait) == 192, "region format");

/* In shared memory: a node, before its value. */
struct queue_node {
	struct pool_node pool; /* age: a stack's tag; replaces nothing */
	uint64_t place;	       /* position in a queue, depth in a stack */
};

_Static_assert(sizeof(struct queue_node) == 32, "region format");

struct queue_map;

/*
 * What differs.  Elements have positions, one behind the other: that of the
 * oldest is the first.  Where -EAGAIN is an answer, others have changed what
 * was looked at, and it is to be tried again; -EUCLEAN always is one.
 */
struct queue_kind {
	/* The positions of the elements at one moment, from *first to *end - 1.
	 */
	int (*bounds)(const struct queue_map *queue, uint64_t *first,
		      uint64_t *end);
	/* See map_additions: it must change by the push's own CAS. */
	uint64_t (*additions)(const struct queue_map *queue);
	/* The element there: 1; 0 if there is none any more.  'value': or NULL.
	 */
	int (*show)(const struct queue_map *queue, uint64_t position,
		    void *value);
	/*
	 * Link the node, which has its value; with none, 0, tell whether there
	 * is room.  -EAGAIN; -E2BIG: there is none, and the oldest is not to be
	 * dropped for it.
	 */
	int (*push)(struct queue_map *queue, uint32_t node, bool drop);
	/* Unlink the next and free it.  -EAGAIN, -ENOENT.  'value': or NULL. */
	int (*pop)(struct queue_map *queue, void *value);
	/* The next one's value.  The same.  Writes nothing to the region. */
	int (*peek)(const struct queue_map *queue, void *value);
	/* Is the node an element?  Also when that cannot be found out. */
	bool (*holds)(const struct queue_map *queue, uint32_t node);
	/* See queue_map_check. */
	const char *(*check)(const struct queue_map *queue, uint8_t *linked,
			     uint32_t *elements);
};

extern const struct queue_kind queue_fifo;
extern const struct queue_kind queue_lifo;

/* Private: a map of this process. */
struct queue_map {
	struct table table;
	const struct queue_kind *kind;
	struct pool pool;
	struct queue_header *header; /* the region's */
	uint32_t waits;		     /* see pool_wait */
	uint32_t max_entries;
	uint32_t value_size;
	uint32_t bits; /* of a slot's number */
	uint64_t slots_off;
};

static inline struct queue_map *to_queue(const struct map *map)
{
	return (struct queue_map *)((char *)map -
				    offsetof(struct queue_map, table.map));
}

static inline uint64_t queue_slots(const struct queue_map *queue)
{
	return 1ull << queue->bits;
}

/* The slot of a position, or of a depth. */
static inline uint64_t *queue_slot(const struct queue_map *queue, uint64_t n)
{
	return (uint64_t *)(queue->pool.base + queue->slots_off) +
	       (n & (queue_slots(queue) - 1));
}

/* The node must be valid. */
static inline struct queue_node *queue_node(const struct queue_map *queue,
					    uint32_t node)
{
	return (struct queue_node *)pool_node(&queue->pool, node);
}

/* A slot's word, or a stack's top. */
static inline uint64_t queue_word(uint32_t tag, uint32_t node)
{
	return (uint64_t)tag << 32 | node;
}

static inline void queue_load(const struct queue_map *queue, uint32_t node,
			      void *value)
{
	shared_copy_out(value, queue_node(queue, node) + 1, queue->value_size);
}

/*
 * Acknowledge a node that was an element when it had this mark: see pool_ack.
 * False: it is none any more, or nonsense has been written.
 */
static inline bool queue_ack(const struct queue_map *queue, uint32_t node,
			     uint64_t *mark)
{
	*mark = pool_ack(&queue->pool, node, *mark);
	return *mark == mark_linked(*mark);
}

/* Take back what the dead had in hand.  False if nobody died since. */
bool queue_reclaim(struct queue_map *queue);

/*
 * queue_check.c.  The kind's check looks at all slots: it sets linked[node] of
 * each element, counts them, and says what is wrong.
 */
int queue_map_check(struct map *map, struct map_census *census);
const char *queue_check_element(const struct queue_map *queue, uint32_t node,
				uint64_t place, uint8_t *linked);

#endif
