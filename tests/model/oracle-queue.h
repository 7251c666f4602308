/* SPDX-License-Identifier: BSD-2-Clause */
/* What a queue or stack is meant to do: a plain list, the oldest first. */
#ifndef MODEL_ORACLE_QUEUE_H
#define MODEL_ORACLE_QUEUE_H

#include "subject.h"

struct oracle_queue {
	struct subject subject;
	bool stack;
	bool frozen;
	uint32_t count;
	uint32_t max_entries;
	size_t value_size;
	unsigned char *values;
};

void oracle_queue_init(struct oracle_queue *oracle,
		       const struct map_attr *attr);
void oracle_queue_release(struct oracle_queue *oracle);

#endif
