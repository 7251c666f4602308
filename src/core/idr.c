/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A table of two levels.  The top holds a pointer for each 1,024 ids, 16 MiB
 * of address space of which a page is touched for every half million ids ever
 * used.  A leaf lives while one of its ids does and is then used again for
 * other ids, so that the table's size follows the number of live objects and
 * not the number of all there ever were.  A reader that still looks at such a
 * leaf finds an object with another id and takes it for "none", which by then
 * is true.
 */
#include "core/idr.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/mman.h>

struct idr_leaf {
	_Atomic(void *) slot[IDR_LEAF];
	uint32_t used;	       /* ids taken; under the idr's lock */
	struct idr_leaf *next; /* in the list of spares */
};

static uint64_t top_bytes(const struct idr *idr)
{
	return (uint64_t)idr->ntop * sizeof(*idr->top);
}

int idr_init(struct idr *idr, uint32_t max)
{
	void *top;

	idr->max = max;
	idr->next = 1;
	idr->spare = NULL;
	idr->ntop = max / IDR_LEAF + 1;
	top = mmap(NULL, top_bytes(idr), PROT_READ | PROT_WRITE,
		   MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (top == MAP_FAILED)
		return -ENOMEM;
	idr->top = top;
	pthread_mutex_init(&idr->lock, NULL);
	return 0;
}

void idr_release(struct idr *idr)
{
	struct idr_leaf *leaf;
	uint32_t i;

	for (i = 0; i <= (idr->next - 1) / IDR_LEAF; i++)
		free(atomic_load(&idr->top[i]));
	while ((leaf = idr->spare)) {
		idr->spare = leaf->next;
		free(leaf);
	}
	munmap(idr->top, top_bytes(idr));
	pthread_mutex_destroy(&idr->lock);
}

static struct idr_leaf *idr_leaf(struct idr *idr, uint32_t id)
{
	return atomic_load_explicit(&idr->top[id / IDR_LEAF],
				    memory_order_acquire);
}

int idr_alloc(struct idr *idr, uint32_t *id)
{
	struct idr_leaf *leaf;
	int err = 0;

	pthread_mutex_lock(&idr->lock);
	if (idr->next > idr->max) {
		err = -ENOSPC;
		goto out;
	}
	leaf = idr_leaf(idr, idr->next);
	if (!leaf) {
		leaf = idr->spare;
		if (leaf)
			idr->spare = leaf->next;
		else
			leaf = calloc(1, sizeof(*leaf));
		if (!leaf) {
			err = -ENOMEM;
			goto out;
		}
		atomic_store_explicit(&idr->top[idr->next / IDR_LEAF], leaf,
				      memory_order_release);
	}
	leaf->used++;
	*id = idr->next++;
out:
	pthread_mutex_unlock(&idr->lock);
	return err;
}

void idr_publish(struct idr *idr, uint32_t id, void *object)
{
	atomic_store_explicit(&idr_leaf(idr, id)->slot[id % IDR_LEAF], object,
			      memory_order_release);
}

void idr_remove(struct idr *idr, uint32_t id)
{
	struct idr_leaf *leaf;

	pthread_mutex_lock(&idr->lock);
	leaf = idr_leaf(idr, id);
	atomic_store_explicit(&leaf->slot[id % IDR_LEAF], NULL,
			      memory_order_release);
	/* The leaf that is still being filled stays. */
	if (--leaf->used == 0 && id / IDR_LEAF < idr->next / IDR_LEAF) {
		atomic_store_explicit(&idr->top[id / IDR_LEAF], NULL,
				      memory_order_release);
		leaf->next = idr->spare;
		idr->spare = leaf;
	}
	pthread_mutex_unlock(&idr->lock);
}

void *idr_find(struct idr *idr, uint32_t id)
{
	struct idr_leaf *leaf;

	if (id == 0 || id > idr->max)
		return NULL;
	leaf = idr_leaf(idr, id);
	if (!leaf)
		return NULL;
	return atomic_load_explicit(&leaf->slot[id % IDR_LEAF],
				    memory_order_acquire);
}

void *idr_next(struct idr *idr, uint32_t *id)
{
	struct idr_leaf *leaf;
	void *object = NULL;
	uint32_t i;

	if (*id >= idr->max)
		return NULL;
	pthread_mutex_lock(&idr->lock);
	for (i = *id + 1; i < idr->next; i++) {
		leaf = idr_leaf(idr, i);
		if (!leaf) {
			i |= IDR_LEAF - 1;
			continue;
		}
		object = atomic_load(&leaf->slot[i % IDR_LEAF]);
		if (object) {
			*id = i;
			break;
		}
	}
	pthread_mutex_unlock(&idr->lock);
	return object;
}
