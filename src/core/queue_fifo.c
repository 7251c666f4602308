/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The queue: positions count up for ever, the head that of the element which is
 * the next to go and the tail the one behind the last.  The element at a
 * position is in the slot that the position's low bits name.  The rest of the
 * position is the round, and a slot is {round, node}:
 *
 *	{r, 0}		the position of round r is to be filled
 *	{r, node}	it is filled
 *	{r + 1, 0}	it was, and has been popped
 *
 * A push changes the first into the second, a pop the second into the third,
 * and both then move the tail or the head on.  Should one die between, the next
 * to come does so for it: the slot is the truth, head and tail are behind it by
 * one position at most.  The tail is moved before the element is popped, so
 * head <= tail always.
 *
 * That there is no room is seen at the head: if the slot there is filled while
 * the tail was max_entries ahead, so were all those between.
 */
#include <errno.h>

#include "core/queue.h"

static uint32_t round_of(const struct queue_map *queue, uint64_t position)
{
	return (uint32_t)(position >> queue->bits);
}

static uint64_t empty_at(const struct queue_map *queue, uint64_t position)
{
	return queue_word(round_of(queue, position), 0);
}

/* Is what the slot of the position holds of the position's round? */
static bool is_round(const struct queue_map *queue, uint64_t position,
		     uint64_t word)
{
	return (uint32_t)(word >> 32) == round_of(queue, position);
}

static void move_on(uint64_t *word, uint64_t position)
{
	shared_cas(word, position, position + 1);
}

/* The first position that has not been popped, without moving the head. */
static uint64_t true_head(const struct queue_map *queue)
{
	uint64_t head = shared_load(&queue->header->first);

	return head +
	       !is_round(queue, head, shared_load(queue_slot(queue, head)));
}

/* Is the slot of the position filled, of its round? */
static bool is_filled(const struct queue_map *queue, uint64_t position)
{
	uint64_t word = shared_load(queue_slot(queue, position));

	return is_round(queue, position, word) && (uint32_t)word;
}

/* The first position that has not been filled. */
static uint64_t true_tail(const struct queue_map *queue)
{
	uint64_t tail = shared_load(&queue->header->last);

	return tail + is_filled(queue, tail);
}

static int bounds(const struct queue_map *queue, uint64_t *first, uint64_t *end)
{
	*first = true_head(queue);
	*end = true_tail(queue);
	/* Both move on between, but not by more than there is room. */
	if (*end < *first)
		*end = *first;
	if (*end - *first > queue->max_entries)
		*end = *first + queue->max_entries;
	return 0;
}

static int show(const struct queue_map *queue, uint64_t position, void *value)
{
	uint64_t *slot = queue_slot(queue, position);
	uint64_t word = shared_load(slot);

	if (!is_round(queue, position, word) || !(uint32_t)word)
		return 0;
	if (!pool_valid(&queue->pool, (uint32_t)word))
		return -EUCLEAN;
	if (value)
		queue_load(queue, (uint32_t)word, value);
	return shared_load(slot) == word;
}

static int pop(struct queue_map *queue, void *value)
{
	struct queue_header *header = queue->header;
	uint64_t head = shared_load(&header->first);
	uint64_t *slot = queue_slot(queue, head);
	uint64_t word = shared_load(slot);
	uint32_t node = (uint32_t)word;
	uint64_t mark;

	if (!is_round(queue, head, word)) {
		move_on(&header->first, head);
		return -EAGAIN;
	}
	if (!node)
		return -ENOENT;
	if (!pool_valid(&queue->pool, node))
		return -EUCLEAN;
	mark = shared_load(&queue_node(queue, node)->pool.mark);
	if (value)
		queue_load(queue, node, value);
	if (shared_load(slot) != word || !queue_ack(queue, node, &mark))
		return -EAGAIN;
	if (shared_load(&header->last) == head)
		move_on(&header->last, head);
	if (!shared_cas(slot, word, empty_at(queue, head) + (1ull << 32)))
		return -EAGAIN;
	move_on(&header->first, head);
	pool_drop(&queue->pool, node, mark);
	return 0;
}

static int peek(const struct queue_map *queue, void *value)
{
	uint64_t head = true_head(queue);
	uint64_t *slot = queue_slot(queue, head);
	uint64_t word = shared_load(slot);

	if (!is_round(queue, head, word))
		return -EAGAIN;
	if (!(uint32_t)word)
		return -ENOENT;
	if (!pool_valid(&queue->pool, (uint32_t)word))
		return -EUCLEAN;
	queue_load(queue, (uint32_t)word, value);
	return shared_load(slot) == word ? 0 : -EAGAIN;
}

/* There are max_entries between head and tail: is it so? */
static int push_when_full(struct queue_map *queue, uint64_t head, uint32_t node,
			  bool drop)
{
	int err;

	if (!is_filled(queue, head)) {
		move_on(&queue->header->first, head);
		return -EAGAIN;
	}
	if (!drop)
		return -E2BIG;
	if (!node)
		return 0;
	err = pop(queue, NULL);
	/* Somebody else may have taken it. */
	return err && err != -ENOENT ? err : -EAGAIN;
}

static int push(struct queue_map *queue, uint32_t node, bool drop)
{
	struct queue_header *header = queue->header;
	uint64_t tail = shared_load(&header->last);
	uint64_t head = shared_load(&header->first);
	uint64_t *slot = queue_slot(queue, tail);
	uint64_t mark;

	/* The tail that was loaded is old. */
	if (head > tail)
		return -EAGAIN;
	if (tail - head >= queue->max_entries)
		return push_when_full(queue, head, node, drop);
	if (!node)
		return 0;
	if (is_filled(queue, tail)) {
		move_on(&header->last, tail);
		return -EAGAIN;
	}
	mark = shared_load(&queue_node(queue, node)->pool.mark);
	shared_store(&queue_node(queue, node)->place, tail);
	if (!shared_cas(slot, empty_at(queue, tail),
			empty_at(queue, tail) | node))
		return -EAGAIN;
	move_on(&header->last, tail);
	queue_ack(queue, node, &mark);
	return 0;
}

static bool holds(const struct queue_map *queue, uint32_t node)
{
	uint64_t place = shared_load(&queue_node(queue, node)->place);

	return shared_load(queue_slot(queue, place)) ==
	       (empty_at(queue, place) | node);
}

static const char *check(const struct queue_map *queue, uint8_t *linked,
			 uint32_t *elements)
{
	uint64_t head = true_head(queue);
	uint64_t tail = true_tail(queue);
	uint64_t position;
	const char *wrong;
	uint64_t word;

	if (tail < head || tail - head > queue->max_entries)
		return "there are more elements than there may be";
	*elements = (uint32_t)(tail - head);
	for (position = head; position < head + queue_slots(queue);
	     position++) {
		word = shared_load(queue_slot(queue, position));
		if (position >= tail) {
			if (word != empty_at(queue, position))
				return "a slot behind the tail is not empty";
			continue;
		}
		if (!is_round(queue, position, word))
			return "an element is of another round";
		wrong = queue_check_element(queue, (uint32_t)word, position,
					    linked);
		if (wrong)
			return wrong;
	}
	return NULL;
}

const struct queue_kind queue_fifo = {
	bounds, true_tail, show, push, pop, peek, holds, check,
};
