/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Keys that are too long to be the index of a node: each gets an index for as
 * long as the kernel knows a node by it.  The kernel counts: a LOOKUP or
 * CREATE that is answered takes a key, a FORGET drops it, so that memory is
 * bounded by what the kernel holds.  An index names no other key meanwhile,
 * and for long after, as indexes are given in order.  Thread-safe.
 */
#ifndef FS_KEYS_H
#define FS_KEYS_H

#include <pthread.h>
#include <stddef.h>
#include <stdint.h>

/* Fixed while the key is taken. */
struct key {
	uint64_t ino; /* key_ino */
	uint32_t dir_id;
	uint32_t kind; /* of file that it names */
	uint32_t index;
	/*
	 * Zero bytes at the end are left out: text in quotes can name a key of
	 * megabytes, but not that many other bytes.
	 */
	size_t len;
	const unsigned char *bytes;
	uint64_t nlookup; /* keys->lock */
};

struct keys {
	pthread_mutex_t lock;
	void *by_bytes; /* tsearch(3), of keys */
	void *by_index;
	uint32_t next; /* index to try first */
};

void keys_init(struct keys *keys);
void keys_release(struct keys *keys);

/* Take a key of directory 'dir_id', as the name of a kind of file, once.  0 or
 * -ENOMEM. */
int keys_take(struct keys *keys, uint32_t dir_id, uint32_t kind,
	      const void *bytes, size_t size, const struct key **key);
/* The key that has this index, NULL if none has. */
const struct key *keys_find(struct keys *keys, uint32_t dir_id, uint32_t index);
/* Drop it 'nlookup' times.  Nothing for an index that no key has. */
void keys_drop(struct keys *keys, uint32_t dir_id, uint32_t index,
	       uint64_t nlookup);

/* The whole key, of 'size' bytes. */
void key_copy(const struct key *key, void *bytes, size_t size);

/* A number for stat(2) and readdir(3) to show: the same whenever asked. */
uint64_t key_ino(uint32_t dir_id, uint32_t kind, const void *bytes,
		 size_t size);

#endif
