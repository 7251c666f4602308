/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a hash is, written down as simply as possible: a list of elements, in
 * the order in which an LRU would evict them.
 */
#ifndef MODEL_ORACLE_HASH_H
#define MODEL_ORACLE_HASH_H

#include "subject.h"

struct element;

struct oracle_hash {
	struct subject subject;
	bool percpu;
	bool lru;
	bool lru_by_cpu; /* BPF_F_NO_COMMON_LRU */
	bool frozen;
	uint32_t cpus;
	uint32_t max_entries;
	uint32_t key_size;
	uint32_t value_size;
	uint32_t slot; /* bytes from one slot to the next */
	uint32_t nslots;
	size_t value_bytes;
	uint32_t ring;	/* positions in a ring of ages */
	uint32_t *next; /* of the ring of each CPU, or of the only one */
	uint32_t count;
	struct element *oldest;
};

void oracle_hash_init(struct oracle_hash *oracle, const struct map_attr *attr,
		      uint32_t cpus);
void oracle_hash_release(struct oracle_hash *oracle);

#endif
