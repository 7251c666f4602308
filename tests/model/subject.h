/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A map under test, whoever keeps it: our core, an oracle, or the kernel.
 * Calls and results are those of core/map.h, 0 or a negative errno.
 */
#ifndef MODEL_SUBJECT_H
#define MODEL_SUBJECT_H

#include "core/map.h"

struct subject;
struct walk;

/* What a subject lacks is NULL, and is not tried on the other one. */
struct subject_ops {
	const char *name;
	int (*lookup)(struct subject *s, const void *key, void *value);
	int (*update)(struct subject *s, const void *key, const void *value,
		      uint64_t flags);
	int (*delete)(struct subject *s, const void *key);
	int (*lookup_and_delete)(struct subject *s, const void *key,
				 void *value);
	int (*next_key)(struct subject *s, const void *key, void *next);
	int (*lookup_batch)(struct subject *s, struct map_batch *batch);
	int (*update_batch)(struct subject *s, struct map_batch *batch);
	int (*delete_batch)(struct subject *s, struct map_batch *batch);
	int (*take_batch)(struct subject *s, struct map_batch *batch);
	int (*freeze)(struct subject *s);
	/* An LRU takes note: the whole value, or a program's view of it. */
	int (*lookup_mark)(struct subject *s, const void *key, void *value);
	int (*lookup_prog)(struct subject *s, const void *key, void *value);
	int (*lookup_cpu)(struct subject *s, const void *key, void *value,
			  uint32_t cpu);
	int (*update_cpu)(struct subject *s, const void *key, const void *value,
			  uint32_t cpu, uint64_t flags);
	int (*list)(struct subject *s, uint64_t *pos, void *keys, void *values,
		    uint32_t count);
	ssize_t (*read)(struct subject *s, void *buf, size_t size,
			uint64_t off);
	ssize_t (*write)(struct subject *s, const void *buf, size_t size,
			 uint64_t off);
	int (*clear)(struct subject *s);
	/* Change the mapping, and look at a slot through it. */
	int (*mmap)(struct subject *s, int prot);
	int (*peek)(struct subject *s, uint32_t index, uint32_t cpu,
		    void *slot);
	/* The whole content, for maps without an order: see walk.h. */
	int (*walk)(struct subject *s, struct walk *walk);
};

struct subject {
	const struct subject_ops *ops;
};

/* How we work on a map of our core. */
enum core_way {
	CORE_PLAIN,    /* as it was made */
	CORE_MAPPED,   /* through its mapping as well: arrays */
	CORE_ATTACHED, /* by it and an attached one in turn: tables */
};

struct core_subject {
	struct subject subject;
	struct map *maps[2]; /* the second one attached, or NULL */
	unsigned int turn;
};

/* False, and a TAP comment why, if there is no such map. */
bool core_subject_init(struct core_subject *core, const struct map_attr *attr,
		       enum core_way way);
void core_subject_release(struct core_subject *core);

/* Is a table sound, with this many elements and nothing in any hands? */
bool core_subject_check(struct core_subject *core, uint32_t elements);

#endif
