/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What producers and consumers of a ring do: see ring.h for how they agree.
 * Positions, words and headers can be anything: each is loaded once and checked
 * before it is used, walks are bounded by the number of records there can be.
 */
#include "core/ring.h"

#include <errno.h>
#include <string.h>

#include "core/wait.h"

/* Records that there can be at most. */
static uint32_t records_max(const struct ring_map *ring)
{
	return ring->size / RING_HEADER;
}

/* Is 'pos' beyond 'other'? */
static bool is_beyond(uint64_t pos, uint64_t other)
{
	return (int64_t)(pos - other) > 0;
}

/* The bytes from 'from' to 'to' are no more than the ring's. */
static bool is_within(const struct ring_map *ring, uint64_t from, uint64_t to)
{
	return !(from % 8) && !(to % 8) && to - from <= ring->size;
}

int ring_publish(const struct ring_map *ring)
{
	uint64_t *producer = ring_producer(ring);
	uint32_t left = records_max(ring) + RING_TRIES;
	uint32_t length;
	uint64_t word;
	uint64_t pos;

	while (left--) {
		pos = shared_load(producer);
		if (pos % 8)
			return -EUCLEAN;
		word = shared_load(ring_word(ring, pos));
		if (!ring_is_of(ring, word, pos) ||
		    ring_state(word) == RING_RESERVED)
			return 0;
		length = ring_length(ring, word);
		if (!length)
			return -EUCLEAN;
		if (shared_cas(producer, pos, pos + length))
			wait_wake(ring_wait_word(ring));
	}
	return 0;
}

/*
 * Move the reserved position over a record that has its word already, or up to
 * the producer position.  1: it may have moved; 0: there is room for a word at
 * *pos; -EUCLEAN.
 */
static int settle_reserved(const struct ring_map *ring, uint64_t *pos,
			   uint64_t *word)
{
	uint64_t *reserved = ring_reserved(ring);
	uint64_t producer = shared_load(ring_producer(ring));
	uint32_t length;

	*pos = shared_load(reserved);
	if (*pos % 8 || producer % 8)
		return -EUCLEAN;
	if (is_beyond(producer, *pos)) {
		shared_cas(reserved, *pos, producer);
		return 1;
	}
	*word = shared_load(ring_word(ring, *pos));
	if (!ring_is_of(ring, *word, *pos))
		/* Unless it has moved by now, the word is an older one. */
		return shared_load(reserved) != *pos;
	length = ring_length(ring, *word);
	if (!length)
		return -EUCLEAN;
	shared_cas(reserved, *pos, *pos + length);
	return 1;
}

/*
 * The kernel leaves the last 8 bytes free.  A consumer position that is beyond
 * is no room; one that is wrong in another way gives out space of records that
 * were not read, but never of those that are not done.
 */
static bool has_room(const struct ring_map *ring, uint64_t end)
{
	return end - shared_load(ring_consumer(ring)) < ring->size &&
	       end - shared_load(ring_producer(ring)) < ring->size;
}

static uint64_t make_header(const struct ring_map *ring, uint64_t pos,
			    uint32_t len)
{
	uint32_t page = 3 + (uint32_t)((pos & (ring->size - 1)) / RING_PAGE);
	uint32_t half[2] = { len, page };
	uint64_t header;

	memcpy(&header, half, sizeof(header));
	return header;
}

static uint32_t header_length(uint64_t header)
{
	uint32_t half[2];

	memcpy(half, &header, sizeof(half));
	return half[0];
}

static void store_header(const struct ring_map *ring, uint64_t pos,
			 uint32_t len)
{
	shared_store((uint64_t *)ring_at(ring, pos),
		     make_header(ring, pos, len));
}

/* Take the space at 'pos', where 'old' is the word.  False: start again. */
static bool take(const struct ring_map *ring, uint64_t pos, uint64_t old,
		 uint32_t total)
{
	if (!shared_cas(ring_word(ring, pos), old,
			ring_word_make(ring, pos, total, ring->pool.owner)))
		return false;
	shared_cas(ring_reserved(ring), pos, pos + total);
	return !is_beyond(shared_load(ring_producer(ring)), pos);
}

int ring_reserve(const struct ring_map *ring, uint64_t len, void **data)
{
	uint64_t total = ring_total(len);
	bool published = false;
	uint64_t word = 0;
	uint64_t pos;
	uint32_t tries;
	int res;

	if (len > ring->size || total > ring->size - 8)
		return -E2BIG;
	for (tries = 0; tries < RING_TRIES; tries++) {
		res = settle_reserved(ring, &pos, &word);
		if (res < 0)
			return res;
		if (res)
			continue;
		if (!has_room(ring, pos + total)) {
			/* One who was done may have ended before it said so. */
			res = published ? -EAGAIN : ring_publish(ring);
			published = true;
			if (res)
				return res;
			continue;
		}
		if (!take(ring, pos, word, (uint32_t)total))
			continue;
		store_header(ring, pos, (uint32_t)len | RING_BUSY);
		*data = ring_data(ring, pos);
		return 0;
	}
	return -EUCLEAN;
}

int ring_finish(const struct ring_map *ring, void *data, bool discard)
{
	uint64_t off = (uint64_t)((unsigned char *)data - ring_at(ring, 0));
	uint64_t at = (off - RING_HEADER) & (ring->size - 1);
	uint64_t producer = shared_load(ring_producer(ring));
	uint64_t *word;
	uint64_t was;
	uint32_t len;

	if (off % 8 || ring_data(ring, at) != data)
		return -EINVAL;
	word = ring_word(ring, at);
	was = shared_load(word);
	if (ring_state(was) != RING_RESERVED ||
	    ring_owner(was) != ring->pool.owner)
		return -EINVAL;
	/* What is before the producer position is not ours any more. */
	if (!ring_is_of(ring, was,
			producer + ((at - producer) & (ring->size - 1))))
		return -EUCLEAN;
	len = header_length(shared_load((uint64_t *)ring_at(ring, at))) &
	      ~(RING_BUSY | RING_DISCARD);
	if (ring_total(len) != ring_length(ring, was))
		return -EUCLEAN;
	store_header(ring, at, discard ? len | RING_DISCARD : len);
	if (!shared_cas(word, was,
			(was & ~RING_STATE) |
				(discard ? RING_DISCARDED : RING_COMMITTED)))
		return -EUCLEAN;
	return ring_publish(ring);
}

/*
 * The record at the consumer position 'pos', before 'end': 1, and its length;
 * 0 when it is still busy; -EUCLEAN when it is none, or when another consumer
 * has been here meanwhile, which the caller finds out.
 */
static int load_record(const struct ring_map *ring, uint64_t pos, uint64_t end,
		       uint32_t *len, bool *discarded)
{
	uint32_t bits;

	if (!is_within(ring, pos, end))
		return -EUCLEAN;
	bits = header_length(shared_load((uint64_t *)ring_at(ring, pos)));
	if (bits & RING_BUSY)
		return 0;
	*discarded = bits & RING_DISCARD;
	*len = bits & ~RING_DISCARD;
	return ring_total(*len) <= end - pos ? 1 : -EUCLEAN;
}

/* The end of what can be consumed from 'pos' on.  0: nothing. */
static int find_end(const struct ring_map *ring, uint64_t pos, uint64_t *end)
{
	int err;

	*end = shared_load(ring_producer(ring));
	if (*end != pos)
		return 1;
	err = ring_publish(ring);
	if (err)
		return err;
	*end = shared_load(ring_producer(ring));
	return *end != pos;
}

/*
 * Several consumers: the bytes are copied first, and who then moves the
 * consumer position over them by a CAS has the record, whole, as its space was
 * not given out before.
 */
ssize_t ring_consume(const struct ring_map *ring, void *buf, size_t size)
{
	uint64_t *consumer = ring_consumer(ring);
	uint32_t tries = records_max(ring) + RING_TRIES;
	bool discarded = false;
	uint32_t len = 0;
	uint64_t end;
	uint64_t pos;
	int res;

	while (tries--) {
		pos = shared_load(consumer);
		res = find_end(ring, pos, &end);
		if (res > 0)
			res = load_record(ring, pos, end, &len, &discarded);
		if (res > 0 && !discarded && len <= size)
			shared_copy_out(buf, ring_data(ring, pos), len);
		/* Who was not alone knows nothing. */
		if (shared_load(consumer) != pos)
			continue;
		if (res <= 0)
			return res ? res : -EAGAIN;
		if (!discarded && len > size)
			return -EMSGSIZE;
		if (shared_cas(consumer, pos, pos + ring_total(len)) &&
		    !discarded)
			return (ssize_t)len;
	}
	return -EUCLEAN;
}

/*
 * The consumer position stays where it is, also before discarded records: it
 * may be a consumer's that keeps it in a variable and stores it afterwards.  So
 * these count, or their room would never be had again by one who waits.
 */
int ring_pending(const struct ring_map *ring)
{
	uint64_t *consumer = ring_consumer(ring);
	uint32_t tries = RING_TRIES;
	bool discarded = false;
	uint32_t len = 0;
	uint64_t end;
	uint64_t pos;
	int res;

	while (tries--) {
		pos = shared_load(consumer);
		end = shared_load(ring_producer(ring));
		res = pos == end ?
			      0 :
			      load_record(ring, pos, end, &len, &discarded);
		if (shared_load(consumer) == pos)
			return res;
	}
	return 0;
}

void ring_discard_of(const struct ring_map *ring, uint32_t owner)
{
	uint32_t left = records_max(ring) + RING_TRIES;
	uint64_t reserved = 0;
	uint32_t length;
	uint64_t word = 0;
	uint64_t pos;

	/* It may have ended before the position was moved over its record. */
	while (left-- && settle_reserved(ring, &reserved, &word) > 0)
		;
	pos = shared_load(ring_producer(ring));
	left = records_max(ring) + RING_TRIES;
	while (left-- && is_beyond(reserved, pos)) {
		word = shared_load(ring_word(ring, pos));
		length = ring_length(ring, word);
		if (pos % 8 || !length || !ring_is_of(ring, word, pos)) {
			/* Others have got on, unless it is spoilt. */
			if (shared_load(ring_producer(ring)) == pos)
				return;
			pos = shared_load(ring_producer(ring));
			continue;
		}
		if (ring_state(word) == RING_RESERVED &&
		    ring_owner(word) == owner) {
			store_header(ring, pos,
				     (length - RING_HEADER) | RING_DISCARD);
			shared_cas(ring_word(ring, pos), word,
				   (word & ~RING_STATE) | RING_DISCARDED);
		}
		pos += length;
	}
	ring_publish(ring);
}

/* What is not read yet, by its headers. */
static const char *check_unread(const struct ring_map *ring,
				struct map_census *census)
{
	uint64_t pos = shared_load(ring_consumer(ring));
	uint64_t end = shared_load(ring_producer(ring));
	uint32_t left = records_max(ring) + 1;
	bool discarded = false;
	uint32_t len = 0;

	while (pos != end && left--) {
		if (load_record(ring, pos, end, &len, &discarded) <= 0)
			return "there is no record where one should be";
		census->elements += !discarded;
		pos += ring_total(len);
	}
	return pos == end ? NULL : "records go beyond the producer position";
}

/* What is reserved, by its words. */
static const char *check_reserved(const struct ring_map *ring,
				  struct map_census *census)
{
	uint64_t pos = shared_load(ring_producer(ring));
	uint64_t end = shared_load(ring_reserved(ring));
	uint32_t left = records_max(ring) + 1;
	uint32_t length;
	uint64_t word;

	if (!is_within(ring, pos, end))
		return "the reserved position is none";
	while (pos != end && left--) {
		word = shared_load(ring_word(ring, pos));
		length = ring_length(ring, word);
		if (!ring_is_of(ring, word, pos) || !length)
			return "there is no word where one should be";
		census->held += ring_state(word) == RING_RESERVED;
		pos += length;
	}
	return pos == end ? NULL : "records go beyond the reserved position";
}

int ring_check(const struct ring_map *ring, struct map_census *census)
{
	uint64_t consumer = shared_load(ring_consumer(ring));
	uint64_t reserved = shared_load(ring_reserved(ring));

	memset(census, 0, sizeof(*census));
	if (!is_within(ring, consumer, reserved)) {
		census->wrong = "the consumer position is none";
		return -EUCLEAN;
	}
	census->free = ring->size - (uint32_t)(reserved - consumer);
	census->wrong = check_unread(ring, census);
	if (!census->wrong)
		census->wrong = check_reserved(ring, census);
	census->owners = pool_count_owners(&ring->pool);
	return census->wrong ? -EUCLEAN : 0;
}
