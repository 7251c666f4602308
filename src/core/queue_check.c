/* SPDX-License-Identifier: BSD-2-Clause */
/* Every invariant of a queue or stack that nobody writes to meanwhile. */
#include <errno.h>
#include <stdlib.h>

#include "core/queue.h"

const char *queue_check_element(const struct queue_map *queue, uint32_t node,
				uint64_t place, uint8_t *linked)
{
	uint64_t mark;

	if (!pool_valid(&queue->pool, node))
		return "an element has no node";
	mark = shared_load(&queue_node(queue, node)->pool.mark);
	if (linked[node]++)
		return "a node is in two places";
	if (mark != mark_linked(mark))
		return "an element's node is not acknowledged";
	if (shared_load(&queue_node(queue, node)->place) != place)
		return "an element's node has another place";
	return NULL;
}

int queue_map_check(struct map *map, struct map_census *census)
{
	struct queue_map *queue = to_queue(map);
	const struct pool *pool = &queue->pool;
	uint8_t *linked = calloc(1, (size_t)pool->nodes + 1);
	struct pool_count count = { 0 };
	uint32_t nodes;

	memset(census, 0, sizeof(*census));
	if (!linked)
		return -ENOMEM;
	if (!map_write_get(map)) {
		queue_reclaim(queue);
		map_write_put(map);
	}
	census->owners = pool_count_owners(pool);
	census->wrong = queue->kind->check(queue, linked, &census->elements);
	if (!census->wrong)
		census->wrong = pool_check(pool, linked, &count);
	free(linked);
	if (census->wrong)
		return -EUCLEAN;
	nodes = count.free[POOL_CREDIT];
	census->held = count.held;
	census->free = map->max_entries - census->elements;
	if (nodes > census->free)
		census->spare = nodes - census->free;
	if (nodes + census->held + census->elements != pool->nodes)
		census->wrong = "nodes have been lost or made";
	return census->wrong ? -EUCLEAN : 0;
}
