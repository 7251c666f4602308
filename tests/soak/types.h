/* SPDX-License-Identifier: BSD-2-Clause */
/* A small map of every type. */
#ifndef SOAK_TYPES_H
#define SOAK_TYPES_H

#include <stddef.h>
#include <stdint.h>

/*
 * The last ones hold maps, as the map "array" is: who uses them makes that
 * before.
 */
#define TYPES	    14u
#define TYPES_PLAIN 12u

/* Keyed maps have keys of 4 bytes but for the trie's 8; values have 8. */
struct type {
	const char *name;
	const char *spec;    /* without the name of the map */
	const char *command; /* for ctl, that puts something in; NULL: none */
};

extern const struct type types[TYPES];

#endif
