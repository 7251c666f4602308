/* SPDX-License-Identifier: BSD-2-Clause */
#include "keys.h"

#include <stdlib.h>
#include <string.h>

#include "core/topology.h"

#define SUM_BYTES sizeof(uint64_t)

void keys_init(struct keys *keys, struct rng *rng, const struct map_attr *attr)
{
	const uint32_t most = attr->max_entries;
	const uint32_t spaces[] = {
		most / 2 + 1, most, most + 1, most + most / 8 + 1, most * 3,
	};
	bool percpu = map_type_ops(attr->map_type)->flags & MAP_PERCPU;

	keys->key_size = attr->key_size;
	keys->width = keys->key_size < 4 ? keys->key_size : 4;
	keys->at = rng_below(rng, keys->key_size - keys->width + 1);
	keys->space = rng_pick(rng, spaces);
	if (keys->key_size == 1 && keys->space > UINT8_MAX)
		keys->space = UINT8_MAX;
	keys->alike = malloc(keys->key_size);
	if (!keys->alike)
		abort();
	rng_fill(rng, keys->alike, keys->key_size);
	keys->value_size = attr->value_size;
	keys->slot = percpu ? (attr->value_size + 7) / 8 * 8 : attr->value_size;
	keys->slots = percpu ? topology_cpus() : 1;
}

void keys_release(struct keys *keys)
{
	free(keys->alike);
}

void keys_make(const struct keys *keys, uint32_t number, void *key)
{
	memcpy(key, keys->alike, keys->key_size);
	memcpy((unsigned char *)key + keys->at, &number, keys->width);
}

uint32_t keys_number(const struct keys *keys, const void *key)
{
	const unsigned char *byte = key;
	uint32_t behind = keys->at + keys->width;
	uint32_t number = 0;

	if (memcmp(byte, keys->alike, keys->at) ||
	    memcmp(byte + behind, keys->alike + behind,
		   keys->key_size - behind))
		return UINT32_MAX;
	memcpy(&number, byte + keys->at, keys->width);
	return number;
}

size_t keys_value_bytes(const struct keys *keys)
{
	return (size_t)keys->slot * keys->slots;
}

static uint64_t key_sum(const struct keys *keys, const void *key)
{
	const unsigned char *byte = key;
	uint64_t sum = 0xcbf29ce484222325;
	uint32_t i;

	for (i = 0; i < keys->key_size; i++)
		sum = (sum ^ byte[i]) * 0x100000001b3;
	return sum;
}

void keys_value(const struct keys *keys, struct rng *rng, const void *key,
		void *value)
{
	uint64_t sum = key_sum(keys, key);
	unsigned char *slot = value;
	uint32_t i;

	rng_fill(rng, value, keys_value_bytes(keys));
	if (keys->value_size < SUM_BYTES)
		return;
	for (i = 0; i < keys->slots; i++, slot += keys->slot)
		memcpy(slot, &sum, SUM_BYTES);
}

bool keys_value_ok(const struct keys *keys, const void *key, const void *value)
{
	const unsigned char *slot = value;
	uint64_t sum;
	uint32_t i;

	if (keys->value_size < SUM_BYTES)
		return true;
	for (i = 0; i < keys->slots; i++, slot += keys->slot) {
		memcpy(&sum, slot, SUM_BYTES);
		if (sum && sum != key_sum(keys, key))
			return false;
	}
	return true;
}
