/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The calls that a step can make, with arguments and outcomes of the same
 * form, so that one piece of code picks and compares them all.
 */
#ifndef MODEL_CALLS_H
#define MODEL_CALLS_H

#include "keys.h"
#include "subject.h"
#include "walk.h"

/* What a call takes or gives besides a key and a value. */
enum call_shape {
	CALL_ELEMENT,
	CALL_ELEMENTS_IN, /* count keys, and values */
	CALL_ELEMENTS_OUT,
	CALL_BYTES_IN, /* size bytes of the file */
	CALL_BYTES_OUT,
	CALL_WALK, /* records */
};

/* One call: arguments for both subjects. */
struct args {
	uint32_t index; /* the key's number */
	unsigned char *key;
	bool first;	 /* a NULL key; a batch from the start */
	bool one_buffer; /* in and out are the same memory */
	uint32_t cpu;
	uint64_t flags;
	uint64_t batch_flags;
	uint32_t count;
	unsigned int null; /* 1: NULL keys, 2: values, 3: out_batch */
	uint64_t off;	   /* of the file; position of a listing */
	size_t size;
	int prot;
	struct walk walk;
	unsigned char *keys;
	unsigned char *bytes;
	/* What the subject that went first got, NULL for that one itself. */
	const struct outcome *taken;
};

/* What came of it; memory starts out alike for both subjects. */
struct outcome {
	long res;
	uint32_t count;
	uint64_t pos;
	unsigned char *key; /* the next key, or a batch's token */
	unsigned char *keys;
	unsigned char *bytes;
};

struct call {
	const char *name;
	enum call_shape shape;
	/* How often, where keys are fixed and where they come and go. */
	uint32_t weight[2];
	size_t hook;
	void (*run)(struct subject *s, struct args *a, struct outcome *o);
};

extern const struct call calls[];
extern const size_t calls_count;

/* Does the subject have what the call needs? */
bool call_possible(const struct call *call, const struct subject *s);
const struct call *call_named(const char *name);

#endif
