/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The whole content of a map without an order, found in one of the ways there
 * are and sorted by key, so that two maps can be compared.  Pieces are of
 * random sizes, and what each way promises is checked as it goes.
 */
#ifndef MODEL_WALK_H
#define MODEL_WALK_H

#include "keys.h"
#include "subject.h"

enum walk_method {
	WALK_KEYS,  /* next_key, and a lookup of each */
	WALK_BATCH, /* lookup_batch */
	WALK_LIST,  /* by position; WALK_KEYS where there is no listing */
	WALK_DRAIN, /* take_batch: the map is empty afterwards */
	WALK_METHODS,
};

struct walk {
	enum walk_method method;
	struct rng rng;
	const struct keys *keys;
	uint32_t room;		/* records */
	uint32_t count;		/* records found */
	unsigned char *records; /* room of them: a key and its value each */
};

/*
 * The 'walk' of subjects that have the calls for it.  0; -EPERM for draining
 * what is frozen; other errors say, with a TAP comment, that the map breaks
 * its word.
 */
int walk_by_calls(struct subject *s, struct walk *walk);

/* Room for one record more, NULL if there is none. */
unsigned char *walk_record(struct walk *walk);

size_t walk_record_bytes(const struct walk *walk);

/* Sort the records by key. */
void walk_sort(struct walk *walk);

#endif
