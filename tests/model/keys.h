/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The keys of a run: few of them, so that many are there, of any size, alike
 * in all but some bytes; and values that carry the sum of their key.
 */
#ifndef MODEL_KEYS_H
#define MODEL_KEYS_H

#include "core/map.h"
#include "rng.h"

struct keys {
	uint32_t key_size;
	uint32_t space; /* keys 0 to space - 1 are used; 'space' never is */
	uint32_t at;	/* where the number stands in a key */
	uint32_t width; /* bytes of it */
	unsigned char *alike;
	uint32_t value_size;
	uint32_t slot; /* bytes from one slot of a value to the next */
	uint32_t slots;
};

/* Keys for about as many elements as the map has room for. */
void keys_init(struct keys *keys, struct rng *rng, const struct map_attr *attr);
void keys_release(struct keys *keys);

void keys_make(const struct keys *keys, uint32_t number, void *key);
/* The number of a key made so, 'space' or more for any other. */
uint32_t keys_number(const struct keys *keys, const void *key);

size_t keys_value_bytes(const struct keys *keys);
/*
 * A random value.  Each slot has the key's sum if it has the 8 bytes for it;
 * keys_value_ok finds that, or nothing but zeros in its place.
 */
void keys_value(const struct keys *keys, struct rng *rng, const void *key,
		void *value);
bool keys_value_ok(const struct keys *keys, const void *key, const void *value);

#endif
