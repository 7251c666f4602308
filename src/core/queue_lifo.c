/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The stack: one word is its top, {sequence, node}.  A push and a pop are a CAS
 *on it, and each has a sequence of its own.  An element's node has its depth, 1
 * at first, and the sequence of its push as a tag; {tag, node} is in the slot
 * that the depth's low bits name, once the push is finished.
 *
 *	top {7, C}	C depth 3, tag 7
 *	slots		1 {5, A}  2 {6, B}  3 {7, C}
 *	pop: top {8, B}; the third slot may keep what it has
 *
 * The slot is written after the CAS on the top, by whoever comes first: nobody
 * pushes upon an element or pops it before it is finished.  So every element
 * below the top is in its slot, which is all that a pop needs.  A slot's word
 *is written once: one who is late with it finds that the slot has changed.
 *
 * What is dropped is told by the high water, the largest depth there has been,
 * which belongs to the finishing as well: no more than max_entries below it are
 * elements.  So a push upon a full stack drops the lowest element by the same
 * CAS.  Depths are of 64 bits, and begin, when the stack is empty, above what
 * was dropped.
 */
#include <errno.h>

#include "core/queue.h"

/* The stack at one moment. */
struct top {
	uint64_t word;
	uint32_t node;	/* 0: empty */
	uint64_t depth; /* of the node */
	uint64_t base;	/* elements are deeper than that */
};

static uint32_t tag_after(uint64_t top)
{
	return (uint32_t)(top >> 32) + 1;
}

static bool is_top(const struct queue_map *stack, const struct top *top)
{
	return shared_load(&stack->header->last) == top->word;
}

static uint32_t count_of(const struct top *top)
{
	return (uint32_t)(top->depth - top->base);
}

/* Writes nothing.  -EUCLEAN. */
static int load_top(const struct queue_map *stack, struct top *top)
{
	struct queue_header *header = stack->header;
	unsigned int tries;
	uint64_t high;

	for (tries = 0; tries < QUEUE_TRIES; tries++) {
		top->word = shared_load(&header->last);
		top->node = (uint32_t)top->word;
		top->depth = 0;
		if (top->node && !pool_valid(&stack->pool, top->node))
			return -EUCLEAN;
		if (top->node)
			top->depth = shared_load(
				&queue_node(stack, top->node)->place);
		high = shared_load(&header->first);
		if (!is_top(stack, top))
			continue;
		/* The push may not be finished. */
		if (top->depth > high)
			high = top->depth;
		top->base = high > stack->max_entries ?
				    high - stack->max_entries :
				    0;
		if (!top->node)
			top->depth = top->base;
		else if (top->depth <= top->base)
			return -EUCLEAN;
		return 0;
	}
	return -EUCLEAN;
}

static uint64_t slot_word(const struct queue_map *stack, uint32_t node)
{
	return queue_word(shared_load(&queue_node(stack, node)->pool.age),
			  node);
}

/*
 * Finish the push of the element on top.  What is to be written was loaded
 * while it was on top, and is written only from what the slot held then.
 */
static int finish(const struct queue_map *stack, const struct top *top)
{
	uint64_t *slot = queue_slot(stack, top->depth);
	uint64_t *high = &stack->header->first;
	unsigned int tries;
	uint64_t word;
	uint64_t was;

	if (!top->node)
		return 0;
	word = slot_word(stack, top->node);
	for (tries = 0; tries < QUEUE_TRIES; tries++) {
		was = shared_load(slot);
		if (!is_top(stack, top))
			return -EAGAIN;
		if (was == word || shared_cas(slot, was, word))
			break;
	}
	for (; tries < QUEUE_TRIES; tries++) {
		was = shared_load(high);
		if (!is_top(stack, top))
			return -EAGAIN;
		if (was >= top->depth || shared_cas(high, was, top->depth))
			return 0;
	}
	return -EUCLEAN;
}

/* The top, finished.  -EAGAIN, -EUCLEAN. */
static int settle_top(const struct queue_map *stack, struct top *top)
{
	int err = load_top(stack, top);

	return err ? err : finish(stack, top);
}

/*
 * The node in the slot of an element's depth, whose mark is LINKED then.
 * -EAGAIN, -EUCLEAN.
 */
static int node_at(const struct queue_map *stack, const struct top *top,
		   uint64_t depth, uint32_t *node, uint64_t *mark)
{
	uint32_t there = (uint32_t)shared_load(queue_slot(stack, depth));

	if (pool_valid(&stack->pool, there))
		*mark = shared_load(&queue_node(stack, there)->pool.mark);
	if (!is_top(stack, top))
		return -EAGAIN;
	if (!pool_valid(&stack->pool, there))
		return -EUCLEAN;
	if (!queue_ack(stack, there, mark))
		return -EAGAIN;
	*node = there;
	return 0;
}

static int push(struct queue_map *stack, uint32_t node, bool drop)
{
	uint64_t dropped_mark = 0;
	uint32_t dropped = 0;
	struct top made;
	struct top top;
	uint64_t mark;
	int err;

	err = settle_top(stack, &top);
	if (err)
		return err;
	if (count_of(&top) == stack->max_entries) {
		if (!drop)
			return -E2BIG;
		err = node_at(stack, &top, top.base + 1, &dropped,
			      &dropped_mark);
	}
	if (err || !node)
		return err;
	made = (struct top){
		queue_word(tag_after(top.word), node),
		node,
		top.depth + 1,
		0,
	};
	mark = shared_load(&queue_node(stack, node)->pool.mark);
	shared_store(&queue_node(stack, node)->pool.age, tag_after(top.word));
	shared_store(&queue_node(stack, node)->place, made.depth);
	if (!shared_cas(&stack->header->last, top.word, made.word))
		return -EAGAIN;
	/* It may be gone already, finished by the one who took it. */
	finish(stack, &made);
	queue_ack(stack, node, &mark);
	if (dropped)
		pool_drop(&stack->pool, dropped, dropped_mark);
	return 0;
}

static int pop(struct queue_map *stack, void *value)
{
	uint64_t below_mark;
	uint32_t below = 0;
	struct top top;
	uint64_t mark;
	int err;

	err = settle_top(stack, &top);
	if (err)
		return err;
	if (!top.node)
		return -ENOENT;
	mark = shared_load(&queue_node(stack, top.node)->pool.mark);
	if (value)
		queue_load(stack, top.node, value);
	if (count_of(&top) > 1)
		err = node_at(stack, &top, top.depth - 1, &below, &below_mark);
	if (!is_top(stack, &top))
		return -EAGAIN;
	if (err)
		return err;
	if (!queue_ack(stack, top.node, &mark))
		return -EAGAIN;
	if (!shared_cas(&stack->header->last, top.word,
			queue_word(tag_after(top.word), below)))
		return -EAGAIN;
	pool_drop(&stack->pool, top.node, mark);
	return 0;
}

static int peek(const struct queue_map *stack, void *value)
{
	struct top top;
	int err = load_top(stack, &top);

	if (err)
		return err;
	if (!top.node)
		return -ENOENT;
	queue_load(stack, top.node, value);
	return is_top(stack, &top) ? 0 : -EAGAIN;
}

static int bounds(const struct queue_map *stack, uint64_t *first, uint64_t *end)
{
	struct top top;
	int err = load_top(stack, &top);

	if (err)
		return err;
	*first = top.base + 1;
	*end = top.depth + 1;
	return 0;
}

/*
 * What is copied is whole if the node is still of the same life: a new one has
 * another version.
 */
static int show(const struct queue_map *stack, uint64_t depth, void *value)
{
	unsigned int tries;
	struct top top;
	uint64_t *mark;
	uint64_t was;
	uint32_t node;
	int err;

	for (tries = 0; tries < QUEUE_TRIES; tries++) {
		err = load_top(stack, &top);
		if (err)
			return err;
		if (depth > top.depth || depth <= top.base)
			return 0;
		node = depth == top.depth ?
			       top.node :
			       (uint32_t)shared_load(queue_slot(stack, depth));
		if (!pool_valid(&stack->pool, node))
			return -EUCLEAN;
		mark = &queue_node(stack, node)->pool.mark;
		was = shared_load(mark);
		if (!is_top(stack, &top))
			continue;
		if (value)
			queue_load(stack, node, value);
		if (mark_version(shared_load(mark)) == mark_version(was))
			return 1;
	}
	return -EUCLEAN;
}

static bool holds(const struct queue_map *stack, uint32_t node)
{
	unsigned int tries;
	uint64_t depth;
	struct top top;
	bool held;

	for (tries = 0; tries < QUEUE_TRIES; tries++) {
		if (load_top(stack, &top))
			return true;
		depth = shared_load(&queue_node(stack, node)->place);
		held = node == top.node ||
		       (depth > top.base && depth < top.depth &&
			shared_load(queue_slot(stack, depth)) ==
				slot_word(stack, node));
		if (is_top(stack, &top))
			return held;
	}
	return true;
}

static const char *check(const struct queue_map *stack, uint8_t *linked,
			 uint32_t *elements)
{
	const char *wrong;
	uint64_t depth;
	struct top top;
	uint64_t word;

	if (load_top(stack, &top))
		return "the top is none";
	*elements = count_of(&top);
	for (depth = top.depth; depth > top.base; depth--) {
		word = shared_load(queue_slot(stack, depth));
		/* The push of the top may not be finished. */
		if (depth == top.depth)
			word = slot_word(stack, top.node);
		wrong = queue_check_element(stack, (uint32_t)word, depth,
					    linked);
		if (wrong)
			return wrong;
		if (word != slot_word(stack, (uint32_t)word))
			return "a slot's element has another tag";
	}
	return NULL;
}

/* Of pops as well, which does no harm: who waits looks once more. */
static uint64_t additions(const struct queue_map *stack)
{
	return shared_load(&stack->header->last);
}

const struct queue_kind queue_lifo = {
	bounds, additions, show, push, pop, peek, holds, check,
};
