/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What an array is, written down as simply as possible: the bytes of its
 * elements file in one piece of private memory, and whether it is frozen.
 */
#ifndef MODEL_ORACLE_ARRAY_H
#define MODEL_ORACLE_ARRAY_H

#include "subject.h"

struct oracle_array {
	struct subject subject;
	bool percpu;
	bool frozen;
	uint32_t max_entries;
	uint32_t value_size;
	uint32_t slot; /* bytes from one slot to the next */
	uint32_t nslots;
	size_t value_bytes; /* of a value as the file has it */
	size_t record;	    /* bytes from one element to the next */
	unsigned char *file;
};

/* 'cpus' is the number of slots that a per-CPU array has. */
void oracle_array_init(struct oracle_array *oracle, const struct map_attr *attr,
		       uint32_t cpus);
void oracle_array_release(struct oracle_array *oracle);

#endif
