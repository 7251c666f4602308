/* SPDX-License-Identifier: BSD-2-Clause */
#include "capacity.h"

#include <errno.h>
#include <stdlib.h>

#include "core/topology.h"
#include "harness.h"

static bool census(struct map *map, struct map_census *found, const char *when)
{
	int err = map_check(map, found);

	if (!err)
		return true;
	complain("%s: map_check: %d, %s", when, err,
		 found->wrong ? found->wrong : "no reason");
	return false;
}

uint32_t count_spares(struct map *map)
{
	struct map_census found = { 0 };

	census(map, &found, "counting spares");
	return found.spare;
}

void check_census(struct map *map, uint32_t owners, const char *when)
{
	struct map_census found = { 0 };

	if (!census(map, &found, when))
		return;
	if (found.held || found.elements + found.free != map->max_entries)
		complain("%s: %u elements, %u free, %u held of %u", when,
			 found.elements, found.free, found.held,
			 map->max_entries);
	if (found.owners != owners)
		complain("%s: %u owners, not %u", when, found.owners, owners);
}

#define LISTED 16u

uint32_t list_elements(struct map *map, const char *when)
{
	size_t value_bytes = map_value_bytes(map);
	unsigned char *keys = need((size_t)LISTED * map->key_size);
	unsigned char *values = need(LISTED * value_bytes);
	uint32_t count = 0;
	uint32_t number;
	uint64_t pos = 0;
	int i, n;

	while ((n = map_seq_show_elem(map, &pos, keys, values, LISTED)) > 0) {
		for (i = 0; i < n; i++)
			if (!key_read(map, keys + i * map->key_size, &number) ||
			    !value_is_possible(map, number,
					       values + i * value_bytes))
				complain("%s: a wrong element is listed", when);
		count += (uint32_t)n;
		if (count > map->max_entries)
			break;
	}
	if (n < 0)
		complain("%s: map_seq_show_elem: %d", when, n);
	if (count > map->max_entries)
		complain("%s: %u elements of %u are listed", when, count,
			 map->max_entries);
	free(keys);
	free(values);
	return count;
}

uint32_t check_used(struct map *map, const char *when)
{
	uint32_t count = list_elements(map, when);

	if (map_used_entries(map) != count)
		complain("%s: %u elements listed, %llu said to be there", when,
			 count, (unsigned long long)map_used_entries(map));
	return count;
}

/* Elements that fit where this thread runs. */
static uint32_t room(const struct map *map)
{
	if (map->map_flags & BPF_F_NO_COMMON_LRU)
		return map->max_entries / topology_cpus();
	return map->max_entries;
}

/*
 * Insert new elements until there are 'full', of which nothing else may go.
 * The first one who finds no place takes back what the dead had in hand.
 */
static void fill_up(struct map *map, uint32_t *number, uint32_t full,
		    const char *when)
{
	uint32_t used = list_elements(map, when);
	int err;

	for (; used < full && !complained(); used++) {
		err = elem_update(map, (*number)++, 1, BPF_NOEXIST);
		if (err)
			complain("%s: %u of %u elements fit: %d", when, used,
				 full, err);
	}
	if (!complained() && list_elements(map, when) != full)
		complain("%s: %u of %u elements are there", when,
			 list_elements(map, when), full);
}

/* The map is full: what comes next is refused, or evicts one. */
static void overfill(struct map *map, uint32_t *number, uint32_t full,
		     const char *when)
{
	uint32_t last = (*number)++;
	unsigned char key[64];
	uint32_t i;
	int err;

	/* It may have been full before. */
	err = map_get_next_key(map, NULL, key);
	if (!err)
		err = map_delete_elem(map, key);
	if (!err)
		err = elem_update(map, last, 1, BPF_NOEXIST);
	if (err)
		complain("%s: one for another in a full map: %d", when, err);
	for (i = 0; i < 3 && !complained(); i++) {
		err = elem_update(map, last, 3 + 2 * i, BPF_EXIST);
		if (err)
			complain("%s: replace in a full map: %d", when, err);
		err = elem_update(map, (*number)++, 1, BPF_ANY);
		if (map_evicts(map) ? err : err != map_full_errno(map))
			complain("%s: insert into a full map: %d", when, err);
		if (map_evicts(map))
			last = *number - 1;
		if (map_used_entries(map) != full)
			complain("%s: %llu of %u elements after an insert",
				 when,
				 (unsigned long long)map_used_entries(map),
				 full);
	}
	err = elem_delete(map, last);
	if (!err)
		err = elem_update(map, last, 1, BPF_NOEXIST);
	if (err || map_used_entries(map) != full)
		complain("%s: delete and insert in a full map: %d", when, err);
}

static void delete_all(struct map *map, const char *when)
{
	unsigned char key[64];
	int err;

	while (!(err = map_get_next_key(map, NULL, key)) && !complained()) {
		err = map_delete_elem(map, key);
		if (err)
			complain("%s: delete: %d", when, err);
	}
	if (err != -ENOENT)
		complain("%s: get_next_key of an empty map: %d", when, err);
}

void check_capacity(struct map *map, uint32_t owners, uint32_t spares,
		    const char *when)
{
	uint32_t number = CAPACITY_FIRST;
	uint32_t full = room(map);
	uint32_t round;
	int err;

	/* An LRU of each CPU is filled on one, which has its share. */
	if (map->map_flags & BPF_F_NO_COMMON_LRU) {
		map_clear(map);
		cpu_pin(0);
	}
	for (round = 0; round < 2 && !complained(); round++) {
		fill_up(map, &number, full, when);
		overfill(map, &number, full, when);
		check_census(map, owners, when);
		if (check_used(map, when) != full)
			complain("%s: not full", when);
		if (round == 0) {
			delete_all(map, when);
		} else {
			err = map_clear(map);
			if (err)
				complain("%s: map_clear: %d", when, err);
		}
		if (check_used(map, when) != 0)
			complain("%s: not empty", when);
	}
	if (map->map_flags & BPF_F_NO_COMMON_LRU)
		cpu_unpin();
	check_census(map, owners, when);
	if (count_spares(map) != spares)
		complain("%s: %u spares, not %u", when, count_spares(map),
			 spares);
}
