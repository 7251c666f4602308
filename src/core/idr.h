/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Ids to objects.  Ids are handed out in order and never twice; lookups take
 * no lock.
 *
 * A lookup may meet an object at the moment it goes, so objects must be
 * type-stable: their memory may serve another object of the same kind but is
 * never given back while the idr lives.  idr_find therefore returns a pointer
 * that means nothing until the caller took a reference with "increment unless
 * zero" and then saw the id it wanted in the object.
 */
#ifndef CORE_IDR_H
#define CORE_IDR_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>

#define IDR_LEAF 1024u /* ids in a leaf */

struct idr_leaf;

struct idr {
	uint32_t max;		/* largest id; fixed */
	pthread_mutex_t lock;	/* writers */
	uint32_t next;		/* lowest id never used */
	struct idr_leaf *spare; /* leaves to use again */
	uint32_t ntop;
	/* Address space for every leaf there can be; touched as ids go up. */
	_Atomic(struct idr_leaf *) *top;
};

/* 0 or -ENOMEM.  'max' is the largest id there will be, ids start at 1. */
int idr_init(struct idr *idr, uint32_t max);
/* Nobody uses the idr any more.  The objects are the caller's. */
void idr_release(struct idr *idr);

/*
 * Take the next id, whose object is not found before idr_publish.
 * 0, -ENOSPC when all ids have been used, -ENOMEM.
 */
int idr_alloc(struct idr *idr, uint32_t *id);
void idr_publish(struct idr *idr, uint32_t id, void *object);
/* Undo idr_alloc, or end the id of a published object: it is never reused. */
void idr_remove(struct idr *idr, uint32_t id);

/* What 'id' names, NULL if nothing.  Lock-free.  See above. */
void *idr_find(struct idr *idr, uint32_t id);

/* The object of the smallest id above *id, which becomes that id; or NULL. */
void *idr_next(struct idr *idr, uint32_t *id);

#endif
