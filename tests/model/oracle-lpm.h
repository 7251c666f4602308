/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a trie of prefixes is, written down as simply as possible: an array of
 * them in the order of get_next_key, looked through from end to end.
 */
#ifndef MODEL_ORACLE_LPM_H
#define MODEL_ORACLE_LPM_H

#include "subject.h"

struct oracle_lpm {
	struct subject subject;
	uint32_t key_size;
	uint32_t value_size;
	uint32_t bits;
	uint32_t max_entries;
	uint32_t count;
	unsigned char *records; /* key and value each */
};

void oracle_lpm_init(struct oracle_lpm *oracle, const struct map_attr *attr);
void oracle_lpm_release(struct oracle_lpm *oracle);

#endif
