/* SPDX-License-Identifier: BSD-2-Clause */
#include "rig.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

/* A map of its own in a copy of the region. */
static void open_copy(struct rig *rig)
{
	int fd = memfd_create("copy", MFD_CLOEXEC);
	int err;

	if (fd < 0 || write(fd, rig->blank, rig->region->size) !=
			      (ssize_t)rig->region->size) {
		complain("no copy of a region: %d", errno);
		return;
	}
	err = map_attach(fd, PROT_READ | PROT_WRITE, &rig->copy);
	close(fd);
	if (err) {
		complain("map_attach of a copy: %d", err);
		return;
	}
	rig->copy_region = map_region(rig->copy, 0);
	map_owner_set(rig->copy, rig->checker);
}

bool rig_open(struct rig *rig, const struct shape *shape, uint64_t seed)
{
	*rig = (struct rig){ .rng = { seed } };
	stage_open(&rig->stage, shape);
	if (complained())
		return false;
	rig->region = map_region(rig->stage.map, 0);
	rig->spares = count_spares(rig->stage.map);
	if (map_owner_get(rig->stage.map, &rig->victim) ||
	    map_owner_get(rig->stage.map, &rig->second) ||
	    map_owner_get(rig->stage.map, &rig->checker))
		complain("no owners");
	rig->blank = need(rig->region->size);
	rig->last = need(rig->region->size);
	memcpy(rig->blank, rig->region->base, rig->region->size);
	open_copy(rig);
	stepper_init(&rig->one);
	stepper_init(&rig->two);
	return !complained();
}

void rig_close(struct rig *rig)
{
	stepper_release(&rig->one);
	stepper_release(&rig->two);
	put_map(rig->copy);
	while (rig->images)
		free(rig->image[--rig->images]);
	stage_close(&rig->stage);
	free(rig->blank);
	free(rig->last);
}

/* --------------------------------------------- the one who is led */

/* The child is another process to the map before it is led. */
void start_part(struct rig *rig, struct stepper *stepper,
		const struct scene *scene, uint32_t owner)
{
	struct map *map = rig->stage.map;

	scene_prepare(&rig->stage, scene);
	map_owner_set(map, owner);
	stepper_start(stepper, scene_play, &rig->stage);
	map_owner_set(map, 1);
}

/* Put the scene's beginning into the region. */
static void begin(struct rig *rig, const struct scene *scene)
{
	memcpy(rig->region->base, rig->blank, rig->region->size);
	scene_set(&rig->stage, scene);
}

void start_scene(struct rig *rig, const struct scene *scene)
{
	begin(rig, scene);
	start_part(rig, &rig->one, scene, rig->victim);
}

/* ------------------------------------------ what must hold of a copy */

void load_copy(struct rig *rig, const unsigned char *image)
{
	memcpy(rig->copy_region->base, image, rig->region->size);
}

/*
 * Each key as before or as after the operation, and never as before again:
 * 'done' has the keys that were seen as after.
 */
void check_contents(struct rig *rig, const char *before, const char *after,
		    bool *done)
{
	struct contents now = scene_look(&rig->stage, rig->copy);
	uint32_t i;

	for (i = 0; i < SCENE_KEYS; i++) {
		if (now.key[i] == after[i])
			done[i] = true;
		else if (now.key[i] != before[i] || done[i])
			break;
	}
	if (i < SCENE_KEYS)
		complain("%s: %s became %s on the way to %s",
			 rig->stage.scene->name, before, now.key, after);
}

/*
 * Places that one who stands still may have in hand: one to insert with, and
 * those of elements that he deletes.
 */
static uint32_t in_hand(const struct contents *before,
			const struct contents *now)
{
	uint32_t count = 1;
	uint32_t i;

	for (i = 0; i < SCENE_KEYS; i++)
		count += before->key[i] != '.' && now->key[i] == '.';
	return count;
}

/* The one who is led stands still; others work. */
void check_others(struct rig *rig, const struct contents *before,
		  const char *when)
{
	struct map *map = rig->copy;
	struct contents now = scene_look(&rig->stage, map);
	uint32_t held = in_hand(before, &now);
	uint32_t nonce, used, i;
	int err;

	for (i = 0; i < SCENE_KEYS && !complained(); i++) {
		uint32_t number = rig->stage.number[i];

		used = list_elements(map, when);
		err = elem_update(map, number, 5, BPF_ANY);
		if (err == map_full_errno(map) && !map_evicts(map) &&
		    used + held >= SCENE_ENTRIES)
			continue;
		if (err)
			complain("%s: update of %u by others: %d", when, i,
				 err);
		else if (elem_lookup(map, number, &nonce) || nonce != 5)
			complain("%s: %u does not hold what others stored",
				 when, i);
		else if (i % 2 && elem_delete(map, number))
			complain("%s: delete of %u by others", when, i);
	}
	list_elements(map, when);
}

void check_dead(struct rig *rig, struct map *map, uint32_t owner,
		uint32_t owners, const char *when)
{
	map_owner_end(map, owner, false);
	check_capacity(map, owners, rig->spares, when);
}

/* Keep a few, each as likely as any other. */
static void keep_image(struct rig *rig)
{
	uint32_t i;

	if (rig->images < IMAGES) {
		i = rig->images++;
		rig->image[i] = need(rig->region->size);
	} else {
		i = rng_below(&rig->rng, rig->images_seen + 1);
	}
	rig->images_seen++;
	if (i >= IMAGES)
		return;
	memcpy(rig->image[i], rig->last, rig->region->size);
	rig->image_of[i] = rig->stage.scene;
}

void check_state(struct rig *rig, const struct contents *before,
		 const char *after, bool *done, const char *when)
{
	load_copy(rig, rig->last);
	check_contents(rig, before->key, after, done);
	keep_image(rig);
	check_others(rig, before, when);
	if (complained())
		return;
	load_copy(rig, rig->last);
	map_owner_end(rig->copy, rig->second, true);
	check_dead(rig, rig->copy, rig->victim, 2, when);
	rig->states++;
}

bool rig_changed(struct rig *rig)
{
	if (memcmp(rig->last, rig->region->base, rig->region->size) == 0)
		return false;
	memcpy(rig->last, rig->region->base, rig->region->size);
	return true;
}
