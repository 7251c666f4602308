/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Scenes: what is in a small map, an operation on it, and what is there
 * afterwards.
 *
 * The keys of a scene have the numbers 0 to 5.  The first four are in one
 * bucket, in which the one inserted last comes first; a trie has no buckets,
 * and its keys part at the last bits of a byte.  No room is -E2BIG.
 */
#ifndef DEATH_SCENE_H
#define DEATH_SCENE_H

#include "elems.h"

#define SCENE_KEYS    6u
#define SCENE_ENTRIES 4u

enum scene_op {
	SCENE_UPDATE,
	SCENE_UPDATE_CPU, /* of CPU 0 */
	SCENE_DELETE,
	SCENE_TAKE,
	SCENE_LOOKUP,
	SCENE_UPDATE_BATCH, /* of the key and the last one */
	SCENE_DELETE_BATCH,
	SCENE_TAKE_BATCH, /* everything */
	SCENE_CLEAR,
	SCENE_USED, /* which takes back what the dead had */
};

/* Where a scene can be played. */
enum scene_kind {
	SCENE_HASH = 1 << 0,
	SCENE_LRU = 1 << 1,
	SCENE_ANY = SCENE_HASH | SCENE_LRU,
	SCENE_PERCPU = 1 << 2,
};

struct scene {
	const char *name;
	const char *order;  /* keys, as they are inserted */
	const char *marked; /* keys that are looked up after that */
	enum scene_op op;
	uint32_t key;
	uint64_t flags;
	int result;
	const char *after; /* of each key; see contents */
	unsigned int kinds;
};

#define SCENES 30
extern const struct scene scenes[SCENES];
/* The last one: it takes back what the dead had, and changes nothing. */
#define SCENE_RECLAIM (&scenes[SCENES - 1])

/*
 * What keys hold: '.' nothing, '1' what they were inserted with, '2' what the
 * operation puts there, '3' the same for one CPU and something else for the
 * others, '4' for one CPU and zero for the others.  Further digits are other
 * nonces.
 */
struct contents {
	char key[SCENE_KEYS + 1];
};

/* A map for scenes, and what an operation needs, prepared. */
struct stage {
	struct map *map;
	uint32_t number[SCENE_KEYS]; /* that the keys are made of */
	const struct scene *scene;
	unsigned char *keys;
	unsigned char *values;
};

void stage_open(struct stage *stage, const struct shape *shape);
void stage_close(struct stage *stage);

bool scene_fits(const struct scene *scene, const struct map *map);
/* Put into the empty map what the scene begins with. */
void scene_set(struct stage *stage, const struct scene *scene);
/* Make ready what its operation needs. */
void scene_prepare(struct stage *stage, const struct scene *scene);
/* Its operation, by whoever calls; 'stage' is a struct stage. */
int scene_play(void *stage);
/* Can scene_think tell what the operation does, whatever is in the map? */
bool scene_is_simple(const struct scene *scene, const struct map *map);

/* What the keys hold in 'map', which may be a copy.  Complains if wrong. */
struct contents scene_look(const struct stage *stage, struct map *map);
struct contents scene_before(const struct scene *scene);

/*
 * The scene's operation on contents in the head, of a hash: its result.
 * The same for an update with nonce 'digit', or without one for a delete.
 */
int scene_think(const struct scene *scene, struct contents *contents);
int scene_think_of(struct contents *contents, uint32_t key, char digit);

#endif
