/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Death at every instruction.  A process is led through an operation step by
 * step.  After each step that changed the region, in a copy of it: others can
 * work while that process stands still; and once it is dead, everything it had
 * in hand comes back.  Further, at some of the steps (more with MAPFS_SCALE):
 * it is killed indeed; it goes on after others have changed the map; another
 * one, who is led as well, dies or goes on too; and who takes back what the
 * dead had is led, dies, and is late.
 *
 * SEED=N makes the same choices.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "rig.h"

static uint64_t seed;

/* ------------------------------------------------ the plain walk */

/* Through the whole operation.  The number of its instructions. */
static uint64_t walk_scene(struct rig *rig, const struct scene *scene)
{
	struct contents before = scene_before(scene);
	bool done[SCENE_KEYS] = { false };
	char when[80];
	int result;

	start_scene(rig, scene);
	memcpy(rig->last, rig->region->base, rig->region->size);
	while (stepper_step(&rig->one) && !complained()) {
		if (!rig_changed(rig))
			continue;
		snprintf(when, sizeof(when), "%s, step %llu", scene->name,
			 (unsigned long long)rig->one.steps);
		check_state(rig, &before, scene->after, done, when);
	}
	if (complained())
		return 0;
	result = stepper_finish(&rig->one);
	if (result != scene->result)
		complain("%s: %d", scene->name, result);
	memcpy(rig->last, rig->region->base, rig->region->size);
	check_state(rig, &before, scene->after, done, scene->name);
	if (strcmp(scene_look(&rig->stage, rig->stage.map).key, scene->after))
		complain("%s: %s is not %s", scene->name,
			 scene_look(&rig->stage, rig->stage.map).key,
			 scene->after);
	check_census(rig->stage.map, 4, scene->name);
	return rig->one.steps;
}

/* --------------------------------------------- killed, in earnest */

static uint64_t random_step(struct rig *rig, const struct scene *scene)
{
	return rng_next(&rig->rng) % (rig->steps[scene - scenes] + 1);
}

static void kill_in_scene(struct rig *rig, const struct scene *scene)
{
	uint64_t steps = random_step(rig, scene);
	struct contents before = scene_before(scene);
	char when[80];
	struct contents now;
	uint32_t i;

	snprintf(when, sizeof(when), "%s, killed at %llu", scene->name,
		 (unsigned long long)steps);
	start_scene(rig, scene);
	stepper_walk(&rig->one, steps);
	if (complained())
		return;
	stepper_kill(&rig->one);
	now = scene_look(&rig->stage, rig->stage.map);
	for (i = 0; i < SCENE_KEYS; i++)
		if (now.key[i] != before.key[i] &&
		    now.key[i] != scene->after[i])
			complain("%s: %s", when, now.key);
	map_owner_end(rig->stage.map, rig->second, true);
	check_dead(rig, rig->stage.map, rig->victim, 2, when);
}

/* ------------------------------- going on after others were there */

/*
 * Scripts for the others: 'u' and 'd' update and delete a key, 'k' being the
 * scene's own.  None needs the place that the one who is led may have in hand.
 */
static const char *const scripts[] = {
	"uk",
	"dk",
	"ukuk",
	"dkuk",
	"dkukdkukdk",
	"d0d1d2d3d4u4u5d4d5",
	"d0d1dku4d4u5uk",
	"u4u4u4u4u4u4u4u4u4u4u4u4u4u4u4u4u4u4u4u4",
	"d4u5d5u5d5u5d5u4",
};

static uint32_t script_key(const struct scene *scene, char key)
{
	return key == 'k' ? scene->key : (uint32_t)(key - '0');
}

static void play_script(struct rig *rig, const char *script)
{
	const struct scene *scene = rig->stage.scene;
	int err;

	for (; *script; script += 2) {
		uint32_t number =
			rig->stage.number[script_key(scene, script[1])];

		err = *script == 'u' ?
			      elem_update(rig->stage.map, number, 7, BPF_ANY) :
			      elem_delete(rig->stage.map, number);
		if (err && err != -ENOENT &&
		    err != map_full_errno(rig->stage.map))
			complain("%s: others: %d", scene->name, err);
	}
}

static void think_script(const struct scene *scene, const char *script,
			 struct contents *contents)
{
	for (; *script; script += 2)
		scene_think_of(contents, script_key(scene, script[1]),
			       *script == 'u' ? '7' : 0);
}

/* As if the operation had come before the others', or after them. */
static bool is_right(const struct scene *scene, const char *script, int result,
		     const struct contents *now)
{
	struct contents first = scene_before(scene);
	struct contents last = scene_before(scene);
	int first_result, last_result;

	first_result = scene_think(scene, &first);
	think_script(scene, script, &first);
	think_script(scene, script, &last);
	last_result = scene_think(scene, &last);
	return (result == first_result && strcmp(now->key, first.key) == 0) ||
	       (result == last_result && strcmp(now->key, last.key) == 0);
}

static void disturb_scene(struct rig *rig, const struct scene *scene)
{
	const char *script = rng_pick(&rig->rng, scripts);
	uint64_t steps = random_step(rig, scene);
	struct contents now;
	char when[120];
	int result;

	snprintf(when, sizeof(when), "%s, %s by others at %llu", scene->name,
		 script, (unsigned long long)steps);
	start_scene(rig, scene);
	stepper_walk(&rig->one, steps);
	if (complained())
		return;
	play_script(rig, script);
	result = stepper_finish(&rig->one);
	now = scene_look(&rig->stage, rig->stage.map);
	/* What an LRU evicts besides depends on who was first. */
	if (scene_is_simple(scene, rig->stage.map) &&
	    !is_right(scene, script, result, &now))
		complain("%s: %d, and %s became %s", when, result,
			 scene_before(scene).key, now.key);
	check_census(rig->stage.map, 4, when);
	check_capacity(rig->stage.map, 4, rig->spares, when);
}

/* --------------------------------------------------- two at once */

static const struct scene *pick_scene(struct rig *rig)
{
	const struct scene *scene;

	do
		scene = &scenes[rng_below(&rig->rng, SCENES)];
	while (!rig->steps[scene - scenes]);
	return scene;
}

/* It dies where it stands, or goes on to its end. */
static void end_part(struct rig *rig, struct stepper *stepper, uint32_t owner,
		     bool dies)
{
	if (dies)
		stepper_kill(stepper);
	else
		stepper_finish(stepper);
	map_owner_end(rig->stage.map, owner, !dies);
}

/* Two are led into operations of theirs. */
static void duel(struct rig *rig)
{
	const struct scene *scene[2] = { pick_scene(rig), pick_scene(rig) };
	bool dies[2] = { rng_one_in(&rig->rng, 2), rng_one_in(&rig->rng, 2) };
	const char *script = rng_pick(&rig->rng, scripts);
	char when[160];

	snprintf(when, sizeof(when), "%s%s, others, %s%s", scene[0]->name,
		 dies[0] ? " and death" : "", scene[1]->name,
		 dies[1] ? " and death" : "");
	start_scene(rig, scene[0]);
	stepper_walk(&rig->one, random_step(rig, scene[0]));
	if (rng_one_in(&rig->rng, 2))
		play_script(rig, script);
	if (complained())
		return;
	start_part(rig, &rig->two, scene[1], rig->second);
	stepper_walk(&rig->two, random_step(rig, scene[1]));
	if (complained())
		return;
	end_part(rig, &rig->one, rig->victim, dies[0]);
	scene_look(&rig->stage, rig->stage.map);
	list_elements(rig->stage.map, when);
	end_part(rig, &rig->two, rig->second, dies[1]);
	scene_look(&rig->stage, rig->stage.map);
	check_capacity(rig->stage.map, 2, rig->spares, when);
}

/* -------------------------------- taking back what the dead had */

/* Where somebody died with something in hand, and is known to be dead. */
static const struct scene *load_image(struct rig *rig)
{
	uint32_t i = rng_below(&rig->rng, rig->images);

	memcpy(rig->region->base, rig->image[i], rig->region->size);
	map_owner_end(rig->stage.map, rig->victim, false);
	return rig->image_of[i];
}

/* He who takes it back dies at each step. */
static void walk_reclaim(struct rig *rig)
{
	bool done[SCENE_KEYS] = { false };
	const struct scene *scene = load_image(rig);
	struct contents before;
	char when[120];

	start_part(rig, &rig->one, SCENE_RECLAIM, rig->second);
	before = scene_look(&rig->stage, rig->stage.map);
	memcpy(rig->last, rig->region->base, rig->region->size);
	while (stepper_step(&rig->one) && !complained()) {
		if (!rig_changed(rig))
			continue;
		snprintf(when, sizeof(when), "%s and death, step %llu of %s",
			 scene->name, (unsigned long long)rig->one.steps,
			 SCENE_RECLAIM->name);
		load_copy(rig, rig->last);
		check_contents(rig, before.key, before.key, done);
		check_others(rig, &before, when);
		load_copy(rig, rig->last);
		check_dead(rig, rig->copy, rig->second, 2, when);
		rig->states++;
		if (!rig->reclaim_first)
			rig->reclaim_first = rig->one.steps;
		rig->reclaim_last = rig->one.steps;
	}
	if (complained())
		return;
	end_part(rig, &rig->one, rig->second, false);
	check_census(rig->stage.map, 2, "taken back");
	check_capacity(rig->stage.map, 2, rig->spares, "taken back");
}

/*
 * He is stopped while another one takes it back, and the number of the dead
 * goes to somebody new, who is in the middle of an operation when the late one
 * goes on.
 */
static void late_reclaim(struct rig *rig)
{
	uint64_t span = rig->reclaim_last - rig->reclaim_first + 200;
	const struct scene *scene[2] = { load_image(rig), pick_scene(rig) };
	bool dies = rng_one_in(&rig->rng, 2);
	uint32_t owner;
	char when[160];

	snprintf(when, sizeof(when), "%s and death, taken back late, %s%s",
		 scene[0]->name, scene[1]->name, dies ? " and death" : "");
	start_part(rig, &rig->two, SCENE_RECLAIM, rig->second);
	stepper_walk(&rig->two,
		     rig->reclaim_first + rng_next(&rig->rng) % span - 100);
	map_used_entries(rig->stage.map);
	if (rng_one_in(&rig->rng, 2))
		play_script(rig, rng_pick(&rig->rng, scripts));
	if (map_owner_get(rig->stage.map, &owner))
		complain("%s: no owner", when);
	if (complained())
		return;
	start_part(rig, &rig->one, scene[1], owner);
	stepper_walk(&rig->one, random_step(rig, scene[1]));
	if (rng_one_in(&rig->rng, 2)) {
		end_part(rig, &rig->two, rig->second, false);
		scene_look(&rig->stage, rig->stage.map);
		end_part(rig, &rig->one, owner, dies);
	} else {
		end_part(rig, &rig->one, owner, dies);
		scene_look(&rig->stage, rig->stage.map);
		end_part(rig, &rig->two, rig->second, false);
	}
	scene_look(&rig->stage, rig->stage.map);
	check_capacity(rig->stage.map, 2, rig->spares, when);
}

/* ------------------------------------------------------- the tests */

static void test_walks(struct rig *rig, const char *name)
{
	uint32_t played = 0;
	uint64_t steps = 0;
	uint32_t i;

	for (i = 0; i < SCENES && !complained(); i++) {
		if (!scene_fits(&scenes[i], rig->stage.map))
			continue;
		rig->steps[i] = walk_scene(rig, &scenes[i]);
		steps += rig->steps[i];
		played++;
	}
	verdict("%s: death at each of %llu steps of %u operations", name,
		(unsigned long long)steps, played);
	tap_comment("%llu states of the region",
		    (unsigned long long)rig->states);
}

static void test_scenes(struct rig *rig, const char *name, uint32_t times,
			void (*test)(struct rig *rig,
				     const struct scene *scene),
			const char *what)
{
	uint32_t i, n;

	for (n = 0; n < times; n++)
		for (i = 0; i < SCENES && !complained(); i++)
			if (rig->steps[i])
				test(rig, &scenes[i]);
	verdict("%s: %u times each, %s", name, times, what);
}

static void test_duels(struct rig *rig, const char *name)
{
	uint32_t n;

	for (n = 0; n < scaled(30) && !complained(); n++)
		duel(rig);
	verdict("%s: %u times two operations at once", name, n);
}

static void test_reclaim(struct rig *rig, const char *name)
{
	uint32_t n;

	for (n = 0; rig->images && n < scaled(1) && !complained(); n++)
		walk_reclaim(rig);
	verdict("%s: %u times taken back, and death at each step", name, n);
	for (n = 0; rig->reclaim_first && n < scaled(6) && !complained(); n++)
		late_reclaim(rig);
	verdict("%s: %u times taken back twice, once late", name, n);
}

static void test_shape(const struct shape *shape)
{
	struct rig rig;

	if (!rig_open(&rig, shape, seed)) {
		verdict("%s: a map to be led through", shape->name);
		return;
	}
	test_walks(&rig, shape->name);
	test_scenes(&rig, shape->name, scaled(1), kill_in_scene,
		    "killed in the middle");
	test_scenes(&rig, shape->name, scaled(2), disturb_scene,
		    "disturbed in the middle");
	test_duels(&rig, shape->name);
	test_reclaim(&rig, shape->name);
	rig_close(&rig);
}

/* A slot for each CPU changes little: not where counts have been cut. */
static bool is_asked_for(const struct shape *shape)
{
	if (map_type_ops(shape->map_type)->flags & MAP_PERCPU &&
	    scaled(100) < 100)
		return false;
	return wanted(shape->name) && !(shape->map_flags & BPF_F_NO_COMMON_LRU);
}

int main(void)
{
	const char *missing;
	size_t i;

	harness_init(300);
	missing = stepper_missing();
	if (missing)
		return tap_skip_all(missing);
	seed = env_seed();
	for (i = 0; i < SHAPES; i++)
		if (is_asked_for(&shapes[i]))
			test_shape(&shapes[i]);
	return tap_done();
}
