/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * LMDB: a file on tmpfs, written through its mapping and without fsync.  A
 * write is a transaction, a lookup renews one for reading.
 */
#include "hash.h"

#ifdef HAVE_LMDB

#include <byteswap.h>
#include <errno.h>
#include <lmdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* A transaction may change as many pages as it has elements. */
#define FILL_COUNT 50000u

struct own {
	MDB_env *env;
	MDB_txn *reader;
	MDB_dbi dbi;
	size_t size; /* that the file can have */
	char path[128];
};

/* Its own errors are negative as well, but are none of errno's. */
static int error_of(int err)
{
	return err > 0 ? -err : err == MDB_NOTFOUND ? -ENOENT : -EIO;
}

static int open_env(struct own *own)
{
	MDB_txn *txn;
	int err;

	err = mdb_env_create(&own->env);
	if (err)
		return error_of(err);
	err = mdb_env_set_mapsize(own->env, own->size);
	if (!err)
		err = mdb_env_open(own->env, own->path,
				   MDB_NOSUBDIR | MDB_WRITEMAP | MDB_NOSYNC |
					   MDB_NOMETASYNC,
				   0600);
	if (!err)
		err = mdb_txn_begin(own->env, NULL, 0, &txn);
	if (!err) {
		err = mdb_dbi_open(txn, NULL, 0, &own->dbi);
		if (err)
			mdb_txn_abort(txn);
		else
			err = mdb_txn_commit(txn);
	}
	if (!err)
		err = mdb_txn_begin(own->env, NULL, MDB_RDONLY, &own->reader);
	if (!err) {
		mdb_txn_reset(own->reader);
		return 0;
	}
	mdb_env_close(own->env);
	return error_of(err);
}

static void remove_files(const struct own *own)
{
	char lock[sizeof(own->path) + 8];

	snprintf(lock, sizeof(lock), "%s-lock", own->path);
	unlink(lock);
	unlink(own->path);
}

static int make(struct store *store, const struct bench *bench)
{
	struct own *own = calloc(1, sizeof(*own));
	uint64_t bytes = (store->value_size + 64ull) * bench->group->entries;
	int err;

	if (!own)
		return -ENOMEM;
	err = -ENODEV;
	if (!bench->tmpfs[0])
		goto err_free;
	snprintf(own->path, sizeof(own->path), "%s/hash.mdb", bench->tmpfs);
	/* Pages: of which half may be empty, and as many kept for readers. */
	own->size = (4 * bytes + 64 * MIB) & ~(size_t)(MIB - 1);
	err = open_env(own);
	if (err)
		goto err_remove;
	store->own = own;
	return 0;

err_remove:
	remove_files(own);
err_free:
	free(own);
	return err;
}

static void free_store(struct store *store)
{
	struct own *own = store->own;

	mdb_txn_abort(own->reader);
	mdb_env_close(own->env);
	remove_files(own);
	free(own);
}

/* The first process's environment is not for us, not even to close it. */
static int second(struct store *store)
{
	struct own *own = store->own;

	return open_env(own);
}

/* As a key compares, which is byte by byte. */
static int compare(const void *a, const void *b)
{
	uint64_t x = bswap_64(*(const uint64_t *)a);
	uint64_t y = bswap_64(*(const uint64_t *)b);

	return (x > y) - (x < y);
}

/* In order, as one fills a tree: that takes a tenth of the time. */
static int fill(struct store *store, uint64_t *keys, uint64_t n, void *value,
		uint64_t end)
{
	struct own *own = store->own;
	MDB_val k = { .mv_size = KEY_SIZE };
	MDB_val v = { .mv_size = store->value_size, .mv_data = value };
	MDB_txn *txn = NULL;
	uint64_t i;
	int err = 0;

	qsort(keys, n, KEY_SIZE, compare);
	for (i = 0; i < n && !err; i++) {
		if (!txn)
			err = now_ns() > end ?
				      ETIME :
				      mdb_txn_begin(own->env, NULL, 0, &txn);
		if (err)
			break;
		k.mv_data = &keys[i];
		memcpy(value, &keys[i], KEY_SIZE);
		err = mdb_put(txn, own->dbi, &k, &v, MDB_APPEND);
		if (!err && (i % FILL_COUNT == FILL_COUNT - 1 || i == n - 1)) {
			err = mdb_txn_commit(txn);
			txn = NULL;
		}
	}
	if (txn)
		mdb_txn_abort(txn);
	return err ? error_of(err) : 0;
}

static MDB_val val_of(const void *bytes, size_t size)
{
	MDB_val val = { size, (void *)(uintptr_t)bytes };

	return val;
}

static int lookup(struct store *store, const uint64_t *key, void *value)
{
	struct own *own = store->own;
	MDB_val k = val_of(key, KEY_SIZE);
	MDB_val v;
	int err;

	err = mdb_txn_renew(own->reader);
	if (err)
		return error_of(err);
	err = mdb_get(own->reader, own->dbi, &k, &v);
	if (!err)
		memcpy(value, v.mv_data, v.mv_size);
	mdb_txn_reset(own->reader);
	return err ? error_of(err) : 0;
}

/* A NULL value is none: delete. */
static int change(struct store *store, const uint64_t *key, const void *value)
{
	struct own *own = store->own;
	MDB_val k = val_of(key, KEY_SIZE);
	MDB_val v = val_of(value, store->value_size);
	MDB_txn *txn;
	int err;

	err = mdb_txn_begin(own->env, NULL, 0, &txn);
	if (err)
		return error_of(err);
	err = value ? mdb_put(txn, own->dbi, &k, &v, 0) :
		      mdb_del(txn, own->dbi, &k, NULL);
	if (err)
		mdb_txn_abort(txn);
	else
		err = mdb_txn_commit(txn);
	return err ? error_of(err) : 0;
}

static int delete (struct store *store, const uint64_t *key)
{
	return change(store, key, NULL);
}

const struct store_ops lmdb_store_ops = {
	.make = make,
	.free = free_store,
	.second = second,
	.fill = fill,
	.lookup = lookup,
	.update = change,
	.delete = delete,
};

#else

const struct store_ops lmdb_store_ops = { 0 };

#endif
