/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tdb: a file on tmpfs, mapped, without fsync, as many chains as elements, and
 * locks that are mutexes in the file: with its usual fcntl locks each call is
 * two system calls more, and ten times as slow.
 */
#include "hash.h"

#ifdef HAVE_TDB

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <tdb.h>
#include <unistd.h>

static void path_of(const struct bench *bench, char *path, size_t size)
{
	snprintf(path, size, "%s/hash.tdb", bench->tmpfs);
}

static int make(struct store *store, const struct bench *bench)
{
	int flags = TDB_NOSYNC | TDB_INCOMPATIBLE_HASH | TDB_CLEAR_IF_FIRST;
	char path[128];

	if (!bench->tmpfs[0])
		return -ENODEV;
	path_of(bench, path, sizeof(path));
	if (tdb_runtime_check_for_robust_mutexes())
		flags |= TDB_MUTEX_LOCKING;
	store->own = tdb_open(path, (int)bench->group->entries, flags,
			      O_RDWR | O_CREAT, 0600);
	return store->own ? 0 : -errno;
}

static void free_store(struct store *store)
{
	struct tdb_context *tdb = store->own;

	unlink(tdb_name(tdb));
	tdb_close(tdb);
}

static int second(struct store *store)
{
	return tdb_reopen(store->own) < 0 ? -EIO : 0;
}

static TDB_DATA data_of(const void *bytes, size_t size)
{
	TDB_DATA data = { (unsigned char *)(uintptr_t)bytes, size };

	return data;
}

static int copy(TDB_DATA key, TDB_DATA data, void *value)
{
	(void)key;
	memcpy(value, data.dptr, data.dsize);
	return 0;
}

static int lookup(struct store *store, const uint64_t *key, void *value)
{
	return tdb_parse_record(store->own, data_of(key, KEY_SIZE), copy,
				value) < 0 ?
		       -ENOENT :
		       0;
}

static int update(struct store *store, const uint64_t *key, const void *value)
{
	return tdb_store(store->own, data_of(key, KEY_SIZE),
			 data_of(value, store->value_size), TDB_REPLACE) < 0 ?
		       -EIO :
		       0;
}

static int delete (struct store *store, const uint64_t *key)
{
	return tdb_delete(store->own, data_of(key, KEY_SIZE)) < 0 ? -ENOENT : 0;
}

const struct store_ops tdb_store_ops = {
	.make = make,
	.free = free_store,
	.second = second,
	.lookup = lookup,
	.update = update,
	.delete = delete,
};

#else

const struct store_ops tdb_store_ops = { 0 };

#endif
