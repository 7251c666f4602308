/* SPDX-License-Identifier: BSD-2-Clause */
#include "scene.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "harness.h"

#define VALUE_SIZE 64u
#define BATCH	   8u

const struct scene scenes[SCENES] = {
	{ "insert into an empty bucket", "4", "", SCENE_UPDATE, 0, BPF_NOEXIST,
	  0, "2...1.", SCENE_ANY },
	{ "insert in front of others", "01", "", SCENE_UPDATE, 3, BPF_ANY, 0,
	  "11.2..", SCENE_ANY },
	{ "insert what is there", "012", "", SCENE_UPDATE, 1, BPF_NOEXIST,
	  -EEXIST, "111...", SCENE_ANY },
	{ "replace what is not there", "012", "", SCENE_UPDATE, 3, BPF_EXIST,
	  -ENOENT, "111...", SCENE_ANY },
	{ "replace the first of three", "012", "", SCENE_UPDATE, 2, BPF_ANY, 0,
	  "112...", SCENE_ANY },
	{ "replace the second of three", "012", "", SCENE_UPDATE, 1, BPF_EXIST,
	  0, "121...", SCENE_ANY },
	{ "replace the third of three", "012", "", SCENE_UPDATE, 0, BPF_ANY, 0,
	  "211...", SCENE_ANY },
	{ "replace in a full map", "0124", "", SCENE_UPDATE, 1, BPF_ANY, 0,
	  "121.1.", SCENE_ANY },
	{ "insert into a full map", "0124", "", SCENE_UPDATE, 5, BPF_ANY,
	  -E2BIG, "111.1.", SCENE_HASH },
	{ "delete the first of three", "012", "", SCENE_DELETE, 2, 0, 0,
	  "11....", SCENE_ANY },
	{ "delete the second of three", "012", "", SCENE_DELETE, 1, 0, 0,
	  "1.1...", SCENE_ANY },
	{ "delete the third of three", "012", "", SCENE_DELETE, 0, 0, 0,
	  ".11...", SCENE_ANY },
	{ "delete from a full map", "0124", "", SCENE_DELETE, 4, 0, 0, "111...",
	  SCENE_ANY },
	{ "delete what is not there", "012", "", SCENE_DELETE, 4, 0, -ENOENT,
	  "111...", SCENE_ANY },
	{ "take the only one", "4", "", SCENE_TAKE, 4, 0, 0, "......",
	  SCENE_ANY },
	{ "take the second of three", "012", "", SCENE_TAKE, 1, 0, 0, "1.1...",
	  SCENE_ANY },
	{ "look the third of three up", "012", "", SCENE_LOOKUP, 0, 0, 0,
	  "111...", SCENE_ANY },
	{ "evict the last of a bucket", "0124", "", SCENE_UPDATE, 5, BPF_ANY, 0,
	  ".11.12", SCENE_LRU },
	{ "evict from the bucket inserted into", "0124", "", SCENE_UPDATE, 3,
	  BPF_NOEXIST, 0, ".1121.", SCENE_LRU },
	{ "evict the only one of a bucket", "4012", "", SCENE_UPDATE, 3,
	  BPF_ANY, 0, "1112..", SCENE_LRU },
	{ "evict, passing over a marked one", "0124", "0", SCENE_UPDATE, 5,
	  BPF_ANY, 0, "1.1.12", SCENE_LRU },
	{ "evict, all marked", "0124", "0124", SCENE_UPDATE, 5, BPF_ANY, 0,
	  ".11.12", SCENE_LRU },
	{ "update two", "012", "", SCENE_UPDATE_BATCH, 1, 0, 0, "121..2",
	  SCENE_ANY },
	{ "delete two", "0125", "", SCENE_DELETE_BATCH, 1, 0, 0, "1.1...",
	  SCENE_ANY },
	{ "take all", "0124", "", SCENE_TAKE_BATCH, 0, 0, -ENOENT, "......",
	  SCENE_ANY },
	{ "clear", "0124", "", SCENE_CLEAR, 0, 0, 0, "......", SCENE_ANY },
	{ "one CPU's slot of the second of three", "012", "", SCENE_UPDATE_CPU,
	  1, BPF_ANY, 0, "131...", SCENE_ANY | SCENE_PERCPU },
	{ "one CPU's slot of a new element", "012", "", SCENE_UPDATE_CPU, 3,
	  BPF_ANY, 0, "1114..", SCENE_ANY | SCENE_PERCPU },
	{ "one CPU's slot, evicting", "0124", "", SCENE_UPDATE_CPU, 5, BPF_ANY,
	  0, ".11.14", SCENE_LRU | SCENE_PERCPU },
	{ "count", "012", "", SCENE_USED, 0, 0, 3, "111...", SCENE_ANY },
};

bool scene_fits(const struct scene *scene, const struct map *map)
{
	if (scene->kinds & SCENE_PERCPU && !(map->ops->flags & MAP_PERCPU))
		return false;
	if (!map->ops->map_lookup_and_delete_elem &&
	    (scene->op == SCENE_TAKE || scene->op == SCENE_TAKE_BATCH))
		return false;
	return scene->kinds & (map_evicts(map) ? SCENE_LRU : SCENE_HASH);
}

bool scene_is_simple(const struct scene *scene, const struct map *map)
{
	return !map_evicts(map) &&
	       (scene->op == SCENE_UPDATE || scene->op == SCENE_DELETE ||
		scene->op == SCENE_TAKE || scene->op == SCENE_LOOKUP);
}

/* ------------------------------------------------------- the stage */

/* The bucket of the only element: the last token that leads to it. */
static uint32_t bucket_of_only(struct stage *stage)
{
	uint32_t bucket = SCENE_ENTRIES;
	uint32_t token;
	struct map_batch batch = {
		.out_batch = &token,
		.keys = stage->keys,
		.values = stage->values,
	};

	while (bucket--) {
		token = bucket;
		batch.in_batch = &token;
		batch.count = 1;
		map_lookup_batch(stage->map, &batch);
		if (batch.count == 1)
			return bucket;
	}
	complain("an element is in no bucket");
	return 0;
}

/* Four numbers of one bucket, two of others. */
static void pick_numbers(struct stage *stage)
{
	uint32_t together = 0;
	uint32_t apart = SCENE_KEYS - 2;
	uint32_t bucket = 0;
	uint32_t number;

	if (stage->map->ops->flags & MAP_PREFIXES) {
		for (number = 0; number < SCENE_KEYS; number++)
			stage->number[number] = number;
		return;
	}
	for (number = 0;
	     !complained() && (together < SCENE_KEYS - 2 || apart < SCENE_KEYS);
	     number++) {
		elem_update(stage->map, number, 1, BPF_ANY);
		if (!together || bucket_of_only(stage) == bucket) {
			if (!together)
				bucket = bucket_of_only(stage);
			if (together < SCENE_KEYS - 2)
				stage->number[together++] = number;
		} else if (apart < SCENE_KEYS) {
			stage->number[apart++] = number;
		}
		elem_delete(stage->map, number);
		if (number == 10000)
			complain("no four keys are in one bucket");
	}
}

void stage_open(struct stage *stage, const struct shape *shape)
{
	*stage = (struct stage){ 0 };
	stage->map = shape_map(shape, 8, VALUE_SIZE, SCENE_ENTRIES);
	if (!stage->map)
		return;
	stage->keys = need((size_t)BATCH * stage->map->key_size);
	stage->values = need(BATCH * map_value_bytes(stage->map));
	pick_numbers(stage);
}

void stage_close(struct stage *stage)
{
	put_map(stage->map);
	free(stage->keys);
	free(stage->values);
}

/* ------------------------------------------------------ the scenes */

static uint32_t digit(char c)
{
	return (uint32_t)(c - '0');
}

static void prepare(struct stage *stage, uint32_t n, uint32_t key)
{
	struct map *map = stage->map;

	key_make(map, stage->number[key], stage->keys + n * map->key_size);
	value_make(map, stage->number[key], 2,
		   stage->values + n * map_value_bytes(map));
}

void scene_set(struct stage *stage, const struct scene *scene)
{
	const char *key;
	int err;

	for (key = scene->order; *key; key++) {
		err = elem_update(stage->map, stage->number[digit(*key)], 1,
				  BPF_NOEXIST);
		if (err)
			complain("%s: the map cannot be filled: %d",
				 scene->name, err);
	}
	for (key = scene->marked; *key; key++) {
		prepare(stage, 0, digit(*key));
		map_lookup_elem(stage->map, stage->keys, stage->values);
	}
}

void scene_prepare(struct stage *stage, const struct scene *scene)
{
	stage->scene = scene;
	prepare(stage, 0, scene->key);
	prepare(stage, 1, SCENE_KEYS - 1);
}

static int play(struct stage *stage)
{
	const struct scene *scene = stage->scene;
	struct map *map = stage->map;
	uint32_t token;
	struct map_batch batch = {
		.out_batch = &token,
		.keys = stage->keys,
		.values = stage->values,
		.count = 2,
	};

	switch (scene->op) {
	case SCENE_UPDATE:
		return map_update_elem(map, stage->keys, stage->values,
				       scene->flags);
	case SCENE_UPDATE_CPU:
		return map_update_percpu_elem(map, stage->keys, stage->values,
					      0, scene->flags);
	case SCENE_DELETE:
		return map_delete_elem(map, stage->keys);
	case SCENE_TAKE:
		return map_lookup_and_delete_elem(map, stage->keys,
						  stage->values);
	case SCENE_LOOKUP:
		return map_lookup_elem(map, stage->keys, stage->values);
	case SCENE_UPDATE_BATCH:
		return map_update_batch(map, &batch);
	case SCENE_DELETE_BATCH:
		return map_delete_batch(map, &batch);
	case SCENE_TAKE_BATCH:
		batch.count = BATCH;
		return map_lookup_and_delete_batch(map, &batch);
	case SCENE_CLEAR:
		return map_clear(map);
	default:
		return (int)map_used_entries(map);
	}
}

int scene_play(void *arg)
{
	struct stage *stage = arg;
	int result = play(stage);

	return result && result == map_full_errno(stage->map) ? -E2BIG : result;
}

/* -------------------------------------------------------- contents */

/* A value of which an operation has set one CPU's slot. */
static char look_at_slots(struct map *map, uint32_t number,
			  const unsigned char *value)
{
	uint32_t slots = map_value_slots(map);
	size_t size = map_slot_bytes(map);
	char others = '3';
	uint32_t i;

	if (slots == 1 || slot_read(map, number, value) != 2)
		return '?';
	for (i = 1; i < slots; i++) {
		if (is_zero(value + i * size, size))
			others = '4';
		else if (!slot_read(map, number, value + i * size))
			return '?';
	}
	return others;
}

static char look_at(struct map *map, uint32_t number)
{
	unsigned char *value = need(map_value_bytes(map));
	unsigned char key[64];
	uint32_t nonce;
	char seen;
	int err;

	key_make(map, number, key);
	err = map_lookup_elem_sys_only(map, key, value);
	nonce = err ? 0 : value_read(map, number, value);
	if (err == -ENOENT)
		seen = '.';
	else if (err)
		seen = '!';
	else if (nonce)
		seen = (char)('0' + nonce);
	else
		seen = look_at_slots(map, number, value);
	free(value);
	return seen;
}

struct contents scene_look(const struct stage *stage, struct map *map)
{
	struct contents seen = { "" };
	uint32_t i;

	for (i = 0; i < SCENE_KEYS; i++)
		seen.key[i] = look_at(map, stage->number[i]);
	if (strpbrk(seen.key, "?!"))
		complain("%s: the map holds %s", stage->scene->name, seen.key);
	return seen;
}

struct contents scene_before(const struct scene *scene)
{
	struct contents before = { "......" };
	const char *key;

	for (key = scene->order; *key; key++)
		before.key[digit(*key)] = '1';
	return before;
}

static uint32_t count(const struct contents *contents)
{
	uint32_t n = 0;
	uint32_t i;

	for (i = 0; i < SCENE_KEYS; i++)
		n += contents->key[i] != '.';
	return n;
}

int scene_think_of(struct contents *contents, uint32_t key, char nonce)
{
	bool there = contents->key[key] != '.';

	if (!nonce) {
		contents->key[key] = '.';
		return there ? 0 : -ENOENT;
	}
	if (!there && count(contents) == SCENE_ENTRIES)
		return -E2BIG;
	contents->key[key] = nonce;
	return 0;
}

int scene_think(const struct scene *scene, struct contents *contents)
{
	bool there = contents->key[scene->key] != '.';

	switch (scene->op) {
	case SCENE_UPDATE:
		if (there && scene->flags == BPF_NOEXIST)
			return -EEXIST;
		if (!there && scene->flags == BPF_EXIST)
			return -ENOENT;
		return scene_think_of(contents, scene->key, '2');
	case SCENE_DELETE:
	case SCENE_TAKE:
		return scene_think_of(contents, scene->key, 0);
	case SCENE_LOOKUP:
		return there ? 0 : -ENOENT;
	default:
		return (int)count(contents);
	}
}
