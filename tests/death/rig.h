/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A map whose region is looked at while processes are led through operations
 * on it: a copy of the region is another map, on which anything can be tried.
 */
#ifndef DEATH_RIG_H
#define DEATH_RIG_H

#include "capacity.h"
#include "scene.h"
#include "stepper.h"

/* Regions that are kept for later. */
#define IMAGES 8u

struct rig {
	struct stage stage;
	struct region *region;
	struct map *copy; /* of the region, at some time */
	struct region *copy_region;
	unsigned char *blank; /* the region with an empty map */
	unsigned char *last;  /* the region as it was looked at last */
	struct stepper one;
	struct stepper two;
	/* Owners: the first of the maker, who is us. */
	uint32_t victim;
	uint32_t second;
	uint32_t checker;
	uint32_t spares;
	uint64_t states;
	uint64_t steps[SCENES]; /* of each, 0 if it does not fit */
	/* Steps of taking back: the first that changes something, the last. */
	uint64_t reclaim_first;
	uint64_t reclaim_last;
	/* Regions in which the victim has something in hand. */
	unsigned char *image[IMAGES];
	const struct scene *image_of[IMAGES];
	uint32_t images;
	uint32_t images_seen;
	struct rng rng;
};

bool rig_open(struct rig *rig, const struct shape *shape, uint64_t seed);
void rig_close(struct rig *rig);

/*
 * A child that is led through the scene's operation, as that owner; with
 * start_scene on a map that is as the scene begins.
 */
void start_part(struct rig *rig, struct stepper *stepper,
		const struct scene *scene, uint32_t owner);
void start_scene(struct rig *rig, const struct scene *scene);

/* Has the region changed since the last look?  Then rig->last is as it is. */
bool rig_changed(struct rig *rig);

/*
 * What must hold of the copy, when rig->copy is the region at some time:
 *
 * Each key as before or as after the operation, and never as before again:
 * 'done' has the keys that were seen as after.
 */
void load_copy(struct rig *rig, const unsigned char *image);
void check_contents(struct rig *rig, const char *before, const char *after,
		    bool *done);
/* The one who is led stands still; others work. */
void check_others(struct rig *rig, const struct contents *before,
		  const char *when);
/* He is dead; all that was in his hands comes back. */
void check_dead(struct rig *rig, struct map *map, uint32_t owner,
		uint32_t owners, const char *when);
/* All of it, of the region as in rig->last, with a scene's victim. */
void check_state(struct rig *rig, const struct contents *before,
		 const char *after, bool *done, const char *when);

#endif
