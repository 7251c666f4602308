/* SPDX-License-Identifier: BSD-2-Clause */
#include "exercise.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Numbers of operations and elements that no map here gets to. */
#define WALK_MAX 100000u

bool exercise_init(struct exercise *x)
{
	x->keys = malloc((size_t)EXERCISE_BATCH * x->map->key_size);
	x->values = malloc(EXERCISE_BATCH * map_value_bytes(x->map));
	return x->keys && x->values;
}

void exercise_release(struct exercise *x)
{
	free(x->keys);
	free(x->values);
}

static void begin(struct exercise *x, const char *name)
{
	x->at = name;
	atomic_fetch_add(&x->begun, 1);
}

/* An errno that the operation may give: 0 ends the list. */
static void expect(struct exercise *x, long result, const int *errnos)
{
	if (result >= 0)
		return;
	/* Maps without keys have few of these. */
	if (result == -EOPNOTSUPP && x->map && !x->map->key_size)
		return;
	for (; *errnos; errnos++)
		if (result == -*errnos)
			return;
	if (!x->wrong) {
		x->wrong = x->at;
		x->result = result;
	}
}

#define EXPECT(x, result, ...) \
	expect(x, result, (const int[]){ EUCLEAN, ##__VA_ARGS__, 0 })

/* It is not true that... */
static void demand(struct exercise *x, bool truth, long result)
{
	if (!truth && !x->wrong) {
		x->wrong = x->at;
		x->result = result;
	}
}

/* Another size of key would not matter: the bytes are what counts. */
static void pick_key(struct exercise *x, unsigned char *key)
{
	uint32_t number = rng_below(&x->rng, x->numbers);

	memset(key, 0, x->map->key_size);
	memcpy(key, &number, x->map->key_size < 4 ? x->map->key_size : 4);
	/* Of a prefix that was the length, which can be too long. */
	if (x->map->ops->flags & MAP_PREFIXES && rng_one_in(&x->rng, 2))
		memcpy(key + x->map->key_size - 4, &number, 4);
}

static void do_lookup(struct exercise *x)
{
	pick_key(x, x->keys);
	begin(x, "lookup_sys_only");
	EXPECT(x, map_lookup_elem_sys_only(x->map, x->keys, x->values), ENOENT);
	begin(x, "lookup");
	EXPECT(x, map_lookup_elem(x->map, x->keys, x->values), ENOENT);
	begin(x, "lookup_percpu");
	EXPECT(x, map_lookup_percpu_elem(x->map, x->keys, x->values, 0), ENOENT,
	       EOPNOTSUPP);
}

static void do_update(struct exercise *x)
{
	pick_key(x, x->keys);
	rng_fill(&x->rng, x->values, map_value_bytes(x->map));
	begin(x, "update");
	EXPECT(x,
	       map_update_elem(x->map, x->keys, x->values,
			       rng_below(&x->rng, 3)),
	       E2BIG, ENOMEM, EEXIST, ENOENT, EPERM, ENOSPC, EINVAL);
}

static void do_update_percpu(struct exercise *x)
{
	pick_key(x, x->keys);
	begin(x, "update_percpu");
	EXPECT(x,
	       map_update_percpu_elem(x->map, x->keys, x->values, 0, BPF_ANY),
	       E2BIG, ENOMEM, EOPNOTSUPP, EPERM);
}

static void do_delete(struct exercise *x)
{
	pick_key(x, x->keys);
	begin(x, "delete");
	EXPECT(x, map_delete_elem(x->map, x->keys), ENOENT, ENOMEM, EPERM,
	       EINVAL);
}

static void do_take(struct exercise *x)
{
	pick_key(x, x->keys);
	begin(x, "lookup_and_delete");
	EXPECT(x, map_lookup_and_delete_elem(x->map, x->keys, x->values),
	       ENOENT, ENOMEM, EPERM, EOPNOTSUPP);
}

static void do_next_key(struct exercise *x)
{
	uint32_t n;
	int err;

	begin(x, "get_next_key");
	err = map_get_next_key(x->map, NULL, x->keys);
	for (n = 0; !err && n < 2 * x->numbers; n++)
		err = map_get_next_key(x->map, x->keys, x->keys);
	EXPECT(x, err, ENOENT);
	begin(x, "lookup_match");
	EXPECT(x, map_lookup_match(x->map, x->keys, x->keys, x->values), ENOENT,
	       EOPNOTSUPP);
}

typedef int (*batch_t)(struct map *map, struct map_batch *batch);

static void do_lookup_batch(struct exercise *x, batch_t batch_op,
			    const char *name)
{
	uint32_t number = rng_below(&x->rng, x->map->max_entries + 2);
	unsigned char token[LPM_KEY_MAX] = { 0 };
	struct map_batch batch = {
		.in_batch = token,
		.out_batch = token,
		.keys = x->keys,
		.values = x->values,
		.count = 1 + rng_below(&x->rng, EXERCISE_BATCH),
	};
	uint32_t room = batch.count;

	memcpy(token, &number, sizeof(number));
	begin(x, name);
	EXPECT(x, batch_op(x->map, &batch), ENOENT, ENOSPC, ENOMEM, EPERM,
	       EOPNOTSUPP);
	demand(x, batch.count <= room, batch.count);
}

static void do_batch(struct exercise *x)
{
	struct map_batch batch = {
		.keys = x->keys,
		.values = x->values,
		.count = 1 + rng_below(&x->rng, EXERCISE_BATCH),
	};
	uint32_t room = batch.count;
	uint32_t i;

	for (i = 0; i < room; i++)
		pick_key(x, x->keys + i * x->map->key_size);
	rng_fill(&x->rng, x->values, room * map_value_bytes(x->map));
	begin(x, "update_batch");
	EXPECT(x, map_update_batch(x->map, &batch), E2BIG, ENOMEM, EPERM,
	       ENOSPC, EINVAL);
	demand(x, batch.count <= room, batch.count);
	batch.count = room;
	begin(x, "delete_batch");
	EXPECT(x, map_delete_batch(x->map, &batch), ENOENT, ENOMEM, EPERM,
	       EINVAL);
	demand(x, batch.count <= room, batch.count);
}

/* A map without keys. */
static void do_push(struct exercise *x)
{
	rng_fill(&x->rng, x->values, map_value_bytes(x->map));
	begin(x, "push");
	EXPECT(x, map_push_elem(x->map, x->values, rng_below(&x->rng, 3)),
	       E2BIG, ENOMEM, EPERM, EINVAL);
}

static void do_pop(struct exercise *x)
{
	begin(x, "peek");
	EXPECT(x, map_peek_elem(x->map, x->values), ENOENT);
	begin(x, "pop");
	EXPECT(x, map_pop_elem(x->map, x->values), ENOENT, EPERM);
}

/* A position does not come twice, so a listing ends. */
static void do_list(struct exercise *x)
{
	uint32_t count = 1 + rng_below(&x->rng, EXERCISE_BATCH);
	uint64_t pos = rng_one_in(&x->rng, 4) ? rng_next(&x->rng) >> 2 : 0;
	uint64_t was;
	uint32_t n;
	int res;

	begin(x, "seq_show");
	for (n = 0; n < WALK_MAX; n++) {
		was = pos;
		res = map_seq_show_elem(x->map, &pos, x->keys,
					n % 2 ? x->values : NULL, count);
		demand(x, res <= (int)count, res);
		if (res <= 0)
			break;
		demand(x, x->map->key_size ? pos > was : pos != was, res);
	}
	EXPECT(x, res);
	demand(x, n < WALK_MAX, n);
}

static void do_used(struct exercise *x)
{
	begin(x, "used_entries");
	map_used_entries(x->map);
}

static void do_owners(struct exercise *x)
{
	uint32_t owner = 0;
	int err;

	begin(x, "owner_get");
	err = map_owner_get(x->map, &owner);
	EXPECT(x, err, EUSERS, EPERM);
	begin(x, "owner_end");
	if (!err)
		map_owner_end(x->map, owner, rng_one_in(&x->rng, 2));
}

static void do_lookup_batches(struct exercise *x)
{
	do_lookup_batch(x, map_lookup_batch, "lookup_batch");
}

static void do_take_batches(struct exercise *x)
{
	do_lookup_batch(x, map_lookup_and_delete_batch,
			"lookup_and_delete_batch");
}

/* Bytes of a record here, at most. */
#define RECORD_MAX 600u

static void do_record(struct exercise *x)
{
	uint32_t len = rng_below(&x->rng, RECORD_MAX);
	void *data;
	uint32_t i;
	int err;

	begin(x, "reserve");
	err = map_reserve(x->map, len, &data);
	EXPECT(x, err, E2BIG, EAGAIN, EPERM, EOPNOTSUPP);
	if (err)
		return;
	/* Where the ring is spoilt others may have the same bytes. */
	for (i = 0; i < len; i++)
		__atomic_store_n((unsigned char *)data + i, 1,
				 __ATOMIC_RELAXED);
	begin(x, "finish");
	if (!rng_one_in(&x->rng, 100))
		EXPECT(x, map_finish(x->map, data, rng_one_in(&x->rng, 4)),
		       EINVAL, EPERM);
}

static void do_consume(struct exercise *x)
{
	unsigned char *bytes = malloc(RECORD_MAX);
	uint32_t what;
	ssize_t len;

	if (!bytes)
		return;
	begin(x, "pending");
	EXPECT(x, map_pending(x->map), EOPNOTSUPP);
	begin(x, "consume");
	len = map_consume(x->map, bytes, RECORD_MAX);
	EXPECT(x, len, EAGAIN, EMSGSIZE, EPERM, EOPNOTSUPP);
	demand(x, len <= (ssize_t)RECORD_MAX, len);
	free(bytes);
	begin(x, "query");
	for (what = 0; what < 5; what++)
		map_query(x->map, what);
}

typedef void (*op_t)(struct exercise *x);

static const op_t ops[] = {
	do_lookup,	   do_lookup,	do_update,	 do_update,
	do_update,	   do_update,	do_delete,	 do_take,
	do_used,	   do_next_key, do_batch,	 do_list,
	do_lookup_batches, do_owners,	do_take_batches, do_update_percpu,
};

static const op_t keyless_ops[] = {
	do_push, do_push,   do_push,   do_pop,	   do_pop,    do_used,
	do_list, do_record, do_record, do_consume, do_owners,
};

static const op_t *ops_of(const struct exercise *x, uint32_t *count)
{
	*count = x->map->key_size ?
			 sizeof(ops) / sizeof(ops[0]) :
			 sizeof(keyless_ops) / sizeof(keyless_ops[0]);
	return x->map->key_size ? ops : keyless_ops;
}

bool exercise_one(struct exercise *x)
{
	uint32_t count;
	const op_t *list = ops_of(x, &count);

	list[rng_below(&x->rng, count)](x);
	x->at = NULL;
	return !x->wrong;
}

/* Tokens only grow, so walking by batches ends; but for those that are keys. */
static void walk_batches(struct exercise *x)
{
	unsigned char key[LPM_KEY_MAX];
	uint32_t token = 0;
	uint32_t was, n;
	struct map_batch batch = {
		.out_batch = &token,
		.keys = x->keys,
		.values = x->values,
	};
	int err = 0;

	begin(x, "lookup_batch, all");
	if (x->map->ops->flags & MAP_PREFIXES) {
		batch.out_batch = key;
		batch.count = EXERCISE_BATCH;
		EXPECT(x, map_lookup_batch(x->map, &batch), ENOENT);
		demand(x, batch.count <= EXERCISE_BATCH, batch.count);
		return;
	}
	for (n = 0; !err && n < WALK_MAX; n++) {
		was = token;
		batch.count = EXERCISE_BATCH;
		err = map_lookup_batch(x->map, &batch);
		batch.in_batch = &token;
		demand(x, batch.count <= EXERCISE_BATCH, batch.count);
		demand(x, err || token > was, token);
	}
	EXPECT(x, err, ENOENT, ENOSPC);
	demand(x, n < WALK_MAX, n);
}

static void check(struct exercise *x)
{
	struct map_census census = { 0 };
	int err;

	begin(x, "check");
	err = map_check(x->map, &census);
	EXPECT(x, err, ENOMEM);
	demand(x, err != -EUCLEAN || census.wrong, err);
}

bool exercise_end(struct exercise *x)
{
	check(x);
	if (x->map->key_size)
		walk_batches(x);
	begin(x, "clear");
	/* As a deletion, it can want a node. */
	EXPECT(x, map_clear(x->map), ENOMEM, EPERM);
	check(x);
	x->at = NULL;
	return !x->wrong;
}

bool exercise_all(struct exercise *x)
{
	uint32_t count, i;
	const op_t *list = ops_of(x, &count);

	check(x);
	for (i = 0; i < count; i++)
		list[i](x);
	for (i = 0; i < 2 * x->numbers; i++)
		x->map->key_size ? do_update(x) : do_push(x);
	exercise_end(x);
	for (i = 0; i < count; i++)
		list[i](x);
	x->at = NULL;
	return !x->wrong;
}

int exercise_attach(struct exercise *x, int fd, int prot, struct map **map)
{
	int err;

	begin(x, "attach");
	err = map_attach(fd, prot, map);
	EXPECT(x, err, EPROTO, EOPNOTSUPP, EUSERS, ENOMEM);
	x->at = NULL;
	return err;
}
