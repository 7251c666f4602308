/* SPDX-License-Identifier: BSD-2-Clause */
#include "actor.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

void actor_init(struct actor *a)
{
	a->key = need((size_t)ACTOR_BATCH * a->map->key_size);
	a->value = need(ACTOR_BATCH * map_value_bytes(a->map));
}

void actor_release(struct actor *a)
{
	free(a->key);
	free(a->value);
}

/* ------------------------------------------------------------ the log */

static bool is_there(uint32_t state)
{
	return state & 1;
}

static uint32_t next_there(uint32_t state)
{
	return (state + 1) | 1;
}

static uint32_t next_gone(uint32_t state)
{
	return (state + 2) & ~1u;
}

static uint32_t acked(const struct actor *a, uint32_t i)
{
	return (uint32_t)(atomic_load(&a->log[i]) >> 32);
}

static void under_way(struct actor *a, uint32_t i, uint32_t state)
{
	atomic_store(&a->log[i], (uint64_t)acked(a, i) << 32 | state);
}

static void ack(struct actor *a, uint32_t i, uint32_t state)
{
	atomic_store(&a->log[i], (uint64_t)state << 32 | state);
}

/* Is it possible that the key is gone though it is said to be there? */
static bool may_be_gone(const struct actor *a, uint32_t state)
{
	return !is_there(state) || a->grants & ACTOR_EVICTS;
}

static bool granted(const struct actor *a, int err)
{
	return (err == map_full_errno(a->map) && a->grants & ACTOR_FULL) ||
	       (err == -ENOMEM && a->grants & ACTOR_LACKS);
}

/* -------------------------------------------------- keys of his own */

static bool update_may_give(const struct actor *a, uint32_t was, uint64_t flags,
			    int err)
{
	switch (err) {
	case 0:
		return (flags != BPF_NOEXIST || may_be_gone(a, was)) &&
		       (flags != BPF_EXIST || is_there(was));
	case -EEXIST:
		return flags == BPF_NOEXIST && is_there(was);
	case -ENOENT:
		return flags == BPF_EXIST && may_be_gone(a, was);
	case -E2BIG:
	case -ENOSPC:
		return granted(a, err) && flags != BPF_EXIST && !is_there(was);
	default:
		return granted(a, err);
	}
}

static uint64_t pick_flags(struct actor *a)
{
	static const uint64_t flags[] = { BPF_ANY, BPF_ANY, BPF_NOEXIST,
					  BPF_EXIST };

	return rng_pick(&a->rng, flags);
}

static void own_update(struct actor *a, uint32_t i)
{
	uint64_t flags = pick_flags(a);
	uint32_t was = acked(a, i);
	uint32_t state = next_there(was);
	int err;

	key_make(a->map, a->first + i, a->key);
	value_make(a->map, a->first + i, state, a->value);
	under_way(a, i, state);
	err = map_update_elem(a->map, a->key, a->value, flags);
	if (!update_may_give(a, was, flags, err))
		complain("update %u flags %u: %d, it was %u", a->first + i,
			 (unsigned int)flags, err, was);
	ack(a, i, !err ? state : err == -ENOENT ? next_gone(was) : was);
}

/* What reading or deleting the key gave: an error, or its nonce. */
static void own_saw(struct actor *a, uint32_t i, const char *how, int err,
		    uint32_t nonce)
{
	uint32_t was = acked(a, i);

	if (!err && is_there(was) && nonce == was)
		return;
	if (err == -ENOENT && may_be_gone(a, was)) {
		ack(a, i, next_gone(was));
		return;
	}
	complain("%s %u: %d with nonce %u, it was %u", how, a->first + i, err,
		 err ? 0 : nonce, was);
}

static void own_lookup(struct actor *a, uint32_t i)
{
	uint32_t number = a->first + i;
	uint32_t cpu = rng_below(&a->rng, map_value_slots(a->map));
	uint32_t nonce;
	int err;

	key_make(a->map, number, a->key);
	switch (rng_below(&a->rng, 3)) {
	case 0:
		err = map_lookup_elem_sys_only(a->map, a->key, a->value);
		nonce = err ? 0 : value_read(a->map, number, a->value);
		break;
	case 1:
		err = map_lookup_elem(a->map, a->key, a->value);
		nonce = err ? 0 : slot_read(a->map, number, a->value);
		break;
	default:
		if (!a->map->ops->map_lookup_percpu_elem)
			return;
		err = map_lookup_percpu_elem(a->map, a->key, a->value, cpu);
		nonce = err ? 0 : slot_read(a->map, number, a->value);
	}
	own_saw(a, i, "lookup", err, nonce);
}

static void own_delete(struct actor *a, uint32_t i)
{
	uint32_t was = acked(a, i);
	uint32_t number = a->first + i;
	bool take = a->map->ops->map_lookup_and_delete_elem &&
		    rng_one_in(&a->rng, 2);
	uint32_t nonce = was;
	int err;

	key_make(a->map, number, a->key);
	under_way(a, i, next_gone(was));
	err = take ? map_lookup_and_delete_elem(a->map, a->key, a->value) :
		     map_delete_elem(a->map, a->key);
	if (!err && take)
		nonce = value_read(a->map, number, a->value);
	if (granted(a, err)) {
		ack(a, i, was);
		return;
	}
	own_saw(a, i, take ? "lookup_and_delete" : "delete", err, nonce);
	ack(a, i, next_gone(was));
}

/* A run of keys, which each count as done, or not. */
static void own_update_batch(struct actor *a, uint32_t i, uint32_t n)
{
	size_t value_bytes = map_value_bytes(a->map);
	struct map_batch batch = {
		.keys = a->key,
		.values = a->value,
		.count = n,
	};
	uint32_t j, was;
	int err;

	for (j = 0; j < n; j++) {
		uint32_t state = next_there(acked(a, i + j));

		key_make(a->map, a->first + i + j,
			 a->key + j * a->map->key_size);
		value_make(a->map, a->first + i + j, state,
			   a->value + j * value_bytes);
		under_way(a, i + j, state);
	}
	err = map_update_batch(a->map, &batch);
	if (err ? batch.count >= n || !granted(a, err) : batch.count != n)
		complain("update_batch of %u: %d, %u done", n, err,
			 batch.count);
	for (j = 0; j < n; j++) {
		was = acked(a, i + j);
		ack(a, i + j, j < batch.count ? next_there(was) : was);
	}
}

static void own_delete_batch(struct actor *a, uint32_t i, uint32_t n)
{
	struct map_batch batch = { .keys = a->key, .count = n };
	bool missing;
	uint32_t j;
	int err;

	for (j = 0; j < n; j++) {
		key_make(a->map, a->first + i + j,
			 a->key + j * a->map->key_size);
		under_way(a, i + j, next_gone(acked(a, i + j)));
	}
	err = map_delete_batch(a->map, &batch);
	missing = err == -ENOENT && batch.count < n &&
		  may_be_gone(a, acked(a, i + batch.count));
	if (err ? batch.count >= n || (!missing && !granted(a, err)) :
		  batch.count != n)
		complain("delete_batch of %u: %d, %u done", n, err,
			 batch.count);
	for (j = 0; j < n; j++) {
		uint32_t was = acked(a, i + j);
		bool gone = j < batch.count || (j == batch.count && missing);

		if (j < batch.count && !is_there(was))
			complain("delete_batch deleted %u that was not there",
				 a->first + i + j);
		ack(a, i + j, gone ? next_gone(was) : was);
	}
}

static void own_step(struct actor *a)
{
	uint32_t i = rng_below(&a->rng, a->keys);
	uint32_t n = 1 + rng_below(&a->rng, ACTOR_BATCH);

	if (n > a->keys - i)
		n = a->keys - i;
	switch (rng_below(&a->rng, 16)) {
	case 0:
		own_update_batch(a, i, n);
		break;
	case 1:
		own_delete_batch(a, i, n);
		break;
	case 2 ... 4:
		own_delete(a, i);
		break;
	case 5 ... 9:
		own_lookup(a, i);
		break;
	default:
		own_update(a, i);
	}
}

/* ------------------------------------------- keys that all change */

static void common_update(struct actor *a, uint32_t number)
{
	uint64_t flags = pick_flags(a);
	int err;

	value_make(a->map, number, (uint32_t)rng_next(&a->rng) | 1, a->value);
	err = map_update_elem(a->map, a->key, a->value, flags);
	if (err && !(err == -EEXIST && flags == BPF_NOEXIST) &&
	    !(err == -ENOENT && flags == BPF_EXIST) && !granted(a, err))
		complain("update of common %u flags %u: %d", number,
			 (unsigned int)flags, err);
}

static void common_step(struct actor *a)
{
	uint32_t number = a->common_first + rng_below(&a->rng, a->common);
	const char *how = "lookup";
	bool whole = true;
	int err;

	key_make(a->map, number, a->key);
	switch (rng_below(&a->rng, 8)) {
	case 0:
		err = map_delete_elem(a->map, a->key);
		if (err && err != -ENOENT && !granted(a, err))
			complain("delete of common %u: %d", number, err);
		return;
	case 1:
		if (!a->map->ops->map_lookup_and_delete_elem)
			return;
		how = "lookup_and_delete";
		err = map_lookup_and_delete_elem(a->map, a->key, a->value);
		break;
	case 2:
		err = map_lookup_elem_sys_only(a->map, a->key, a->value);
		break;
	case 3 ... 4:
		err = map_lookup_elem(a->map, a->key, a->value);
		whole = false;
		break;
	default:
		common_update(a, number);
		return;
	}
	if (err	  ? err != -ENOENT && !granted(a, err) :
	    whole ? !value_read(a->map, number, a->value) :
		    !slot_read(a->map, number, a->value))
		complain("%s of common %u: %d%s", how, number, err,
			 err ? "" : " and a wrong value");
}

/* ------------------------------------------------- the whole map */

static void check_elements(struct actor *a, const char *how, uint32_t n)
{
	size_t value_bytes = map_value_bytes(a->map);
	uint32_t number, i;

	for (i = 0; i < n; i++) {
		if (!key_read(a->map, a->key + i * a->map->key_size, &number))
			complain("%s gave a key that there cannot be", how);
		else if (!value_read(a->map, number,
				     a->value + i * value_bytes))
			complain("%s gave a wrong value of %u", how, number);
	}
}

static void read_batch(struct actor *a)
{
	uint32_t number = rng_below(&a->rng, a->map->max_entries);
	unsigned char token[64];
	struct map_batch batch = {
		.in_batch = token,
		.out_batch = token,
		.keys = a->key,
		.values = a->value,
		.count = ACTOR_BATCH,
	};
	int err;

	/* The number of a bucket, or a key. */
	if (a->map->ops->flags & MAP_PREFIXES)
		key_make(a->map, number, token);
	else
		memcpy(token, &number, sizeof(number));
	err = map_lookup_batch(a->map, &batch);
	if (err && err != -ENOENT && err != -ENOSPC)
		complain("lookup_batch: %d", err);
	else if (batch.count > ACTOR_BATCH)
		complain("lookup_batch: %u elements", batch.count);
	else
		check_elements(a, "lookup_batch", batch.count);
}

static void survey(struct actor *a)
{
	uint64_t used;
	uint32_t number;
	int res;

	switch (rng_below(&a->rng, 4)) {
	case 0:
		res = map_seq_show_elem(a->map, &a->pos, a->key, a->value,
					ACTOR_BATCH);
		if (res < 0 || res > (int)ACTOR_BATCH)
			complain("map_seq_show_elem: %d", res);
		else
			check_elements(a, "map_seq_show_elem", (uint32_t)res);
		if (res <= 0)
			a->pos = 0;
		break;
	case 1:
		read_batch(a);
		break;
	case 2:
		key_make(a->map,
			 a->common_first + rng_below(&a->rng, a->common),
			 a->key);
		res = map_get_next_key(a->map, a->key, a->key);
		if (res ? res != -ENOENT : !key_read(a->map, a->key, &number))
			complain("get_next_key: %d, or a wrong key", res);
		break;
	default:
		used = map_used_entries(a->map);
		if (used > a->map->max_entries)
			complain("%llu elements in a map of %u",
				 (unsigned long long)used, a->map->max_entries);
	}
}

void actor_step(struct actor *a)
{
	uint32_t dice = rng_below(&a->rng, 16);

	if (dice == 0)
		survey(a);
	else if (dice < 10 && a->keys)
		own_step(a);
	else
		common_step(a);
	atomic_fetch_add(a->steps, 1);
}

void actor_settle(struct actor *a)
{
	uint32_t pending, was, is, i;
	uint32_t nonce = 0;
	int err;

	for (i = 0; i < a->keys; i++) {
		pending = (uint32_t)atomic_load(&a->log[i]);
		was = acked(a, i);
		err = elem_lookup(a->map, a->first + i, &nonce);
		if (err ? err != -ENOENT : !nonce) {
			complain("lookup %u after a death: %d%s", a->first + i,
				 err, err ? "" : " and a wrong value");
			return;
		}
		is = err ? 0 : nonce;
		if (is ? is != was && is != pending :
			 !may_be_gone(a, was) && is_there(pending))
			complain("%u holds %u after a death: %u was "
				 "acknowledged, %u under way",
				 a->first + i, is, was, pending);
		/* Beyond both, so that neither can come back unnoticed. */
		if (!is)
			is = next_gone(was > pending ? was : pending);
		ack(a, i, is);
	}
}
