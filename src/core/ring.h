/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The ring behind ringbuf and user_ringbuf.  Private to the map types; see
 * map_ringbuf.c for the operations.
 *
 * Region 1, the file stream, is what consumers of the kernel's layout map:
 *
 *	page 0		consumer position, a word at its start
 *	page 1		producer position, the same
 *	size bytes	data
 *	size bytes	the second view of the data
 *
 * A position is a number of bytes that only grows; position p is byte p % size
 * of the data.  A record is a header of 8 bytes (length, and busy and discard
 * bits; the page it is on) and its bytes, from its position on in one piece:
 * one that comes to the end of the data goes on in the second view.  There the
 * kernel shows its data once more; a memory file cannot show a page twice, and
 * need not: a record is read where it was written, by us as by libbpf.
 *
 * Consumers see records up to the producer position, and only those that are
 * done.  How producers agree is in region 0, the file region, which consumers
 * do not map: the position up to which records are reserved, and a control word
 * for every 8 bytes of data, of which that at a record's start counts.
 *
 *	reserve		CAS the word at the reserved position, from what an
 *			earlier round left there, to RESERVED, with owner and
 *			length; then anybody moves the reserved position over
 *			it, and its owner alone writes into the record
 *	commit		header, then CAS the word to COMMITTED or DISCARDED;
 *			then anybody moves the producer position over all done
 *			records, in order
 *
 * A word says of which round through the ring it is, so a CAS that comes late
 * finds another word: the reserved position leaves p only when the word at p is
 * of p's round.  (Round and length share 52 bits, so that a word is the same
 * again after 2^55 bytes, whatever the size.)
 *
 * Why nobody writes into a record that is not his any more.  Between RESERVED
 * and done the word is changed by two alone: the owner, and who keeps the map
 * (the daemon) for an owner that has ended, so that its threads and mappings
 * are gone.  An owner that is stopped, for however long, keeps its record: the
 * producer position stays before it, and no space from there on is given out,
 * as reserve looks at that position and not at the consumer's alone.  When it
 * goes on it writes into what is still its own.  The keeper discards one record
 * after the other under a mutex and is the only one to do so; should it stop in
 * the middle, the record stays RESERVED, and its space unused, until it
 * goes on.
 *
 * So one who is killed delays later records until the keeper learns of it, and
 * one who is stopped for as long as it is: order is what a ring promises.  All
 * else goes on meanwhile: reserving, while there is room, and reading what is
 * before.
 *
 * user_ringbuf: a producer of libbpf's moves the producer position itself, when
 * it reserves, and has the header's busy bit for the rest.  Where the producer
 * position is beyond the reserved one, the latter follows; and one who finds
 * that it has reserved what lies before the producer position has lost it.
 */
#ifndef CORE_RING_H
#define CORE_RING_H

#include <pthread.h>

#include "core/map.h"
#include "core/pool.h"

/* How often an operation starts again because others were faster. */
#define RING_TRIES   65536u

#define RING_PAGE    4096u
#define RING_REGIONS 2u

/* A record's header: u32 length and bits, u32 page. */
#define RING_HEADER  8u
#define RING_BUSY    (1u << 31)
#define RING_DISCARD (1u << 30)

/* In shared memory, at the start of region 0. */
struct ring_header {
	struct region_header region;
	uint32_t max_entries;
	uint32_t map_flags;
	int32_t numa_node;
	uint32_t wait; /* see wait.h */
	uint32_t unused[4];
	uint64_t reserved; /* position, on a cache line of its own */
};

_Static_assert(sizeof(struct ring_header) == 72, "region format");
_Static_assert(offsetof(struct ring_header, reserved) == 64, "region format");

/* Private: a map of this process. */
struct ring_map {
	struct map map;
	struct region region[RING_REGIONS]; /* 1 may be missing: attached */
	struct pool pool;		    /* base, owner and owners_off */
	bool keeper;		/* made here: discards for the dead */
	pthread_mutex_t reaper; /* held while doing so */
	uint32_t size;		/* bytes of data */
	uint32_t shift;		/* size is 1 << shift */
	bool wraps;		/* see ring_data */
	uint64_t words_off;
};

static inline struct ring_map *to_ring(const struct map *map)
{
	return (struct ring_map *)((char *)map -
				   offsetof(struct ring_map, map));
}

/*
 * A control word: state in bits 0 and 1, owner in bits 2 to 11, then length in
 * units of 8 bytes, which takes shift - 3 bits, and the round above.
 */
enum ring_state {
	RING_NEVER,
	RING_RESERVED,
	RING_COMMITTED,
	RING_DISCARDED,
};

#define RING_STATE 3ull

_Static_assert(TABLE_OWNERS < 1 << 10, "an owner fits into a word");

static inline enum ring_state ring_state(uint64_t word)
{
	return (enum ring_state)(word & RING_STATE);
}

static inline uint32_t ring_owner(uint64_t word)
{
	return (uint32_t)word >> 2 & 0x3ff;
}

/* Bytes of the record, header and all. */
static inline uint32_t ring_length(const struct ring_map *ring, uint64_t word)
{
	return (uint32_t)(word >> 12 << 3) & (ring->size - 1);
}

static inline uint64_t ring_round(const struct ring_map *ring, uint64_t pos)
{
	return pos >> ring->shift << (ring->shift + 9);
}

static inline uint64_t ring_word_make(const struct ring_map *ring, uint64_t pos,
				      uint32_t length, uint32_t owner)
{
	return ring_round(ring, pos) | (uint64_t)(length >> 3) << 12 |
	       (uint64_t)owner << 2 | RING_RESERVED;
}

/* Does the word tell of a record at this position, and not of older ones? */
static inline bool ring_is_of(const struct ring_map *ring, uint64_t word,
			      uint64_t pos)
{
	uint64_t below = (1ull << (ring->shift + 9)) - 1;

	return ring_state(word) != RING_NEVER &&
	       (word & ~below) == ring_round(ring, pos);
}

static inline uint64_t *ring_word(const struct ring_map *ring, uint64_t pos)
{
	return (uint64_t *)(ring->region[0].base + ring->words_off) +
	       (pos & (ring->size - 1)) / 8;
}

static inline uint32_t *ring_wait_word(const struct ring_map *ring)
{
	return &((struct ring_header *)ring->region[0].base)->wait;
}

static inline uint64_t *ring_reserved(const struct ring_map *ring)
{
	return &((struct ring_header *)ring->region[0].base)->reserved;
}

static inline uint64_t *ring_consumer(const struct ring_map *ring)
{
	return (uint64_t *)ring->region[1].base;
}

static inline uint64_t *ring_producer(const struct ring_map *ring)
{
	return (uint64_t *)(ring->region[1].base + RING_PAGE);
}

/* The record at a position: from here on, up to size bytes in one piece. */
static inline unsigned char *ring_at(const struct ring_map *ring, uint64_t pos)
{
	return ring->region[1].base + 2 * RING_PAGE + (pos & (ring->size - 1));
}

/*
 * The bytes of the record at a position, behind its header.  Should that be in
 * the last 8 bytes of the data, libbpf's consumers of a ringbuf look for them
 * in the second view, and its producers of a user_ringbuf put them in the first
 * one: its data then "wraps".  No other record is in either place, as both are
 * those of the same positions.
 */
static inline unsigned char *ring_data(const struct ring_map *ring,
				       uint64_t pos)
{
	return ring->wraps ? ring_at(ring, pos + RING_HEADER) :
			     ring_at(ring, pos) + RING_HEADER;
}

/* Bytes that a record of so many takes. */
static inline uint64_t ring_total(uint64_t len)
{
	return (len + RING_HEADER + 7) & ~7ull;
}

/* Move the producer position over what is done.  0, -EUCLEAN. */
int ring_publish(const struct ring_map *ring);

int ring_reserve(const struct ring_map *ring, uint64_t len, void **data);
int ring_finish(const struct ring_map *ring, void *data, bool discard);
ssize_t ring_consume(const struct ring_map *ring, void *buf, size_t size);
/*
 * Is there a record to consume, or to be passed over?  Writes nothing.  1, 0,
 * -EUCLEAN.
 */
int ring_pending(const struct ring_map *ring);

/*
 * Discard what 'owner' has reserved, who is dead or is the caller.  One at a
 * time in each process: see above for which.
 */
void ring_discard_of(const struct ring_map *ring, uint32_t owner);

int ring_check(const struct ring_map *ring, struct map_census *census);

#endif
