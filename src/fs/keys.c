/* SPDX-License-Identifier: BSD-2-Clause */
#include "fs/keys.h"

#include <errno.h>
#include <search.h>
#include <stdlib.h>
#include <string.h>

static int compare(uint64_t a, uint64_t b)
{
	return (a > b) - (a < b);
}

static int compare_bytes(const void *a, const void *b)
{
	const struct key *x = a;
	const struct key *y = b;
	int res = compare(x->dir_id, y->dir_id);

	if (!res)
		res = compare(x->kind, y->kind);
	if (!res)
		res = compare(x->len, y->len);
	return res || !x->len ? res : memcmp(x->bytes, y->bytes, x->len);
}

/* An index is one key's only, whatever the directory. */
static int compare_index(const void *a, const void *b)
{
	const struct key *x = a;
	const struct key *y = b;

	return compare(x->index, y->index);
}

static size_t significant(const void *bytes, size_t size)
{
	const unsigned char *byte = bytes;

	while (size && !byte[size - 1])
		size--;
	return size;
}

void keys_init(struct keys *keys)
{
	pthread_mutex_init(&keys->lock, NULL);
	keys->by_bytes = NULL;
	keys->by_index = NULL;
	keys->next = 0;
}

static void nothing(void *unused)
{
	(void)unused;
}

void keys_release(struct keys *keys)
{
	tdestroy(keys->by_bytes, nothing);
	tdestroy(keys->by_index, free);
	pthread_mutex_destroy(&keys->lock);
}

/* The lock is held. */
static struct key *find_index(struct keys *keys, uint32_t index)
{
	const struct key like = { .index = index };
	struct key **found = tfind(&like, &keys->by_index, compare_index);

	return found ? *found : NULL;
}

static struct key *find_bytes(struct keys *keys, const struct key *like)
{
	struct key **found = tfind(like, &keys->by_bytes, compare_bytes);

	return found ? *found : NULL;
}

static struct key *add(struct keys *keys, const struct key *like)
{
	struct key *key = malloc(sizeof(*key) + like->len);

	if (!key)
		return NULL;
	*key = *like;
	key->bytes = (unsigned char *)(key + 1);
	if (like->len)
		memcpy(key + 1, like->bytes, like->len);
	key->ino = key_ino(like->dir_id, like->kind, like->bytes, like->len);
	while (find_index(keys, keys->next))
		keys->next++;
	key->index = keys->next;
	if (!tsearch(key, &keys->by_bytes, compare_bytes))
		goto err_free;
	if (!tsearch(key, &keys->by_index, compare_index))
		goto err_bytes;
	keys->next++;
	return key;

err_bytes:
	tdelete(key, &keys->by_bytes, compare_bytes);
err_free:
	free(key);
	return NULL;
}

int keys_take(struct keys *keys, uint32_t dir_id, uint32_t kind,
	      const void *bytes, size_t size, const struct key **keyp)
{
	const struct key like = {
		.dir_id = dir_id,
		.kind = kind,
		.len = significant(bytes, size),
		.bytes = bytes,
	};
	struct key *key;

	pthread_mutex_lock(&keys->lock);
	key = find_bytes(keys, &like);
	if (!key)
		key = add(keys, &like);
	if (key)
		key->nlookup++;
	pthread_mutex_unlock(&keys->lock);
	if (!key)
		return -ENOMEM;
	*keyp = key;
	return 0;
}

const struct key *keys_find(struct keys *keys, uint32_t dir_id, uint32_t index)
{
	const struct key *key;

	pthread_mutex_lock(&keys->lock);
	key = find_index(keys, index);
	if (key && key->dir_id != dir_id)
		key = NULL;
	pthread_mutex_unlock(&keys->lock);
	return key;
}

void keys_drop(struct keys *keys, uint32_t dir_id, uint32_t index,
	       uint64_t nlookup)
{
	struct key *key;

	pthread_mutex_lock(&keys->lock);
	key = find_index(keys, index);
	if (key && key->dir_id == dir_id) {
		key->nlookup -= nlookup < key->nlookup ? nlookup : key->nlookup;
		if (!key->nlookup) {
			tdelete(key, &keys->by_bytes, compare_bytes);
			tdelete(key, &keys->by_index, compare_index);
			free(key);
		}
	}
	pthread_mutex_unlock(&keys->lock);
}

void key_copy(const struct key *key, void *bytes, size_t size)
{
	memcpy(bytes, key->bytes, key->len);
	memset((unsigned char *)bytes + key->len, 0, size - key->len);
}

/* FNV-1a, and the bit that no node of another kind has. */
uint64_t key_ino(uint32_t dir_id, uint32_t kind, const void *bytes, size_t size)
{
	const unsigned char *byte = bytes;
	uint64_t hash = 14695981039346656037ull;
	size_t i;

	size = significant(bytes, size);
	hash = (hash ^ dir_id) * 1099511628211ull;
	hash = (hash ^ kind) * 1099511628211ull;
	for (i = 0; i < size; i++)
		hash = (hash ^ byte[i]) * 1099511628211ull;
	return hash | 1ull << 63;
}
