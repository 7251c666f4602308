/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * api DIR: every function on the map DIR, which is empty, of 8 elements with
 * keys of 4 bytes and values of 8, of any type.
 */
#include <mapfs/mapfs.h>

#include <errno.h>
#include <linux/bpf.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <unistd.h>

#include "api.h"

static struct mapfs_map *map;
static struct mapfs_info info;
static bool array;
static bool percpu;
static uint64_t *value; /* room for 8 */
static size_t words;	/* of a value */

void is(const char *name, long got, long want)
{
	if (got == want)
		printf("ok - %s\n", name);
	else
		printf("not ok - %s\n# got %ld, want %ld\n", name, got, want);
}

static void fill(uint64_t *at, uint64_t with)
{
	size_t i;

	for (i = 0; i < words; i++)
		at[i] = with;
}

static void test_open(const char *dir)
{
	char path[600];

	is("O_WRONLY", mapfs_open(dir, O_WRONLY) ? 0 : errno, EINVAL);
	is("O_CREAT", mapfs_open(dir, O_RDWR | O_CREAT) ? 0 : errno, EINVAL);
	is("no map", mapfs_open("/", O_RDONLY) ? 0 : errno, ENOTTY);
	is("no file", mapfs_open("/no-such", O_RDONLY) ? 0 : errno, ENOENT);
	snprintf(path, sizeof(path), "%s/info", dir);
	is("no directory", mapfs_open(path, O_RDONLY) ? 0 : errno, ENOTDIR);
	snprintf(path, sizeof(path), "%s/../unconfigured", dir);
	is("not configured", mapfs_open(path, O_RDWR) ? 0 : errno, ENODATA);
	snprintf(path, sizeof(path), "%s/..", dir);
	is("the root", mapfs_open(path, O_RDONLY) ? 0 : errno, ENOTTY);
	mapfs_close(NULL);
	is("version", mapfs_version(), MAPFS_VERSION);
}

static void test_info(void)
{
	struct mapfs_info part;

	memset(&part, 0x55, sizeof(part));
	part.sz = 3;
	is("info of no size", mapfs_info(map, &part), -EINVAL);
	is("nothing written", part.map_type, 0x55555555);
	part.sz = offsetof(struct mapfs_info, key_size);
	is("info of an old size", mapfs_info(map, &part), 0);
	is("id", part.id, info.id);
	is("not more", part.key_size, 0x55555555);
	is("key_size", info.key_size, 4);
	is("value_size", info.value_size, 8);
	is("value_bytes", (long)info.value_bytes, 8l * info.cpus);
	is("max_entries", info.max_entries, 8);
	is("entries", (long)info.entries, array ? 8 : 0);
	is("io", info.io == MAPFS_IO_MEMORY || info.io == MAPFS_IO_FILES, 1);
	is("frozen", info.frozen, 0);
	is("name", strcmp(info.name, "a"), 0);
}

static void test_elements(void)
{
	uint32_t key = 3;
	uint32_t next;

	fill(value, 77);
	is("EXIST", mapfs_update(map, &key, value, MAPFS_EXIST),
	   array ? 0 : -ENOENT);
	is("update", mapfs_update(map, &key, value, MAPFS_ANY), 0);
	is("NOEXIST", mapfs_update(map, &key, value, MAPFS_NOEXIST), -EEXIST);
	is("flags", mapfs_update(map, &key, value, 8), -EINVAL);
	is("errno", errno, EINVAL);
	fill(value, 0);
	is("lookup", mapfs_lookup(map, &key, value), 0);
	is("the first word", (long)value[0], 77);
	is("the last", (long)value[words - 1], 77);
	key = 100;
	value[0] = 5;
	is("lookup of none", mapfs_lookup(map, &key, value), -ENOENT);
	is("the value is as it was", (long)value[0], 5);
	is("delete of none", mapfs_delete(map, &key),
	   array ? -EINVAL : -ENOENT);
	is("take of none", mapfs_lookup_and_delete(map, &key, value),
	   array ? -EOPNOTSUPP : -ENOENT);
	is("next_key of none", mapfs_next_key(map, &key, &next), 0);
	is("is the first", next, array ? 0 : 3);
	is("first", mapfs_next_key(map, NULL, &next), 0);
	is("that is", next, array ? 0 : 3);
	next = array ? 7 : 3;
	is("last", mapfs_next_key(map, &next, &next), -ENOENT);
	key = 3;
	if (array)
		return;
	is("take", mapfs_lookup_and_delete(map, &key, value), 0);
	is("its value", (long)value[0], 77);
	is("it is gone", mapfs_lookup(map, &key, value), -ENOENT);
	mapfs_update(map, &key, value, MAPFS_ANY);
	is("delete", mapfs_delete(map, &key), 0);
	is("is gone, too", mapfs_delete(map, &key), -ENOENT);
}

static void test_iter(void)
{
	struct mapfs_iter iter = MAPFS_ITER_INIT;
	uint32_t seen = 0;
	uint32_t key;
	int n = 0;

	for (key = 0; key < 8; key++) {
		fill(value, key + 1);
		mapfs_update(map, &key, value, MAPFS_ANY);
	}
	while (n < 100 && mapfs_iter_next(map, &iter, &key, value) == 1) {
		seen |= value[0] == key + 1 ? 1u << key : 0;
		n++;
	}
	is("iter: elements", n, 8);
	is("iter: all", seen, 0xff);
	is("iter: the end", mapfs_iter_next(map, &iter, &key, value), 0);
	iter.position = 0;
	is("iter: without values", mapfs_iter_next(map, &iter, &key, NULL), 1);
	is("entries", mapfs_info(map, &info) ? -1 : (long)info.entries, 8);
	key = 50;
	is("full", mapfs_update(map, &key, value, MAPFS_ANY),
	   info.map_type == 9 || info.map_type == 10 ? 0 : -E2BIG);
	mapfs_delete(map, &key);
}

static void test_cpu(void)
{
	uint32_t key = 2;
	uint64_t slot = 5;
	long none = percpu ? 0 : -EOPNOTSUPP;

	is("lookup_cpu", mapfs_lookup_cpu(map, &key, 0, &slot), none);
	slot = 9;
	is("update_cpu",
	   mapfs_update_cpu(map, &key, info.cpus - 1, &slot, MAPFS_ANY), none);
	if (!percpu)
		return;
	is("update_cpu of none",
	   mapfs_update_cpu(map, &key, info.cpus, &slot, MAPFS_ANY), -ENOENT);
	is("lookup_cpu of none", mapfs_lookup_cpu(map, &key, info.cpus, &slot),
	   -ENOENT);
	mapfs_lookup(map, &key, value);
	is("that slot", (long)value[words - 1], 9);
	is("this CPU", mapfs_lookup_cpu(map, &key, MAPFS_THIS_CPU, &slot), 0);
}

static void test_pointers(void)
{
	uint32_t last = info.cpus - 1;
	uint32_t key = 4;
	uint32_t index = 0;
	uint32_t offset = 0;
	struct mapfs_array view;
	uint64_t *at = mapfs_value_addr(map, key, last);

	if (!array || info.io == MAPFS_IO_FILES) {
		is("value_addr", at ? 0 : errno, EOPNOTSUPP);
		is("value_index",
		   mapfs_value_index(map, value, 0, &index, &offset),
		   -EOPNOTSUPP);
		is("array", mapfs_array(map, 0, &view), -EOPNOTSUPP);
		return;
	}
	is("value_addr", !!at, 1);
	*at = 1234;
	mapfs_lookup(map, &key, value);
	is("stored there", (long)value[last], 1234);
	is("value_index",
	   mapfs_value_index(map, (char *)at + 5, last, &index, &offset), 0);
	is("index", index, 4);
	is("offset", offset, 5);
	is("value_index of none",
	   mapfs_value_index(map, value, last, &index, &offset), -ENOENT);
	errno = 0;
	is("no index", mapfs_value_addr(map, 8, 0) ? 0 : errno, ENOENT);
	errno = 0;
	is("no CPU", mapfs_value_addr(map, 0, info.cpus) ? 0 : errno, ENOENT);
	is("array", mapfs_array(map, last, &view), 0);
	is("array lookup", mapfs_array_lookup(&view, 4) == (void *)at, 1);
	is("array lookup of none", !mapfs_array_lookup(&view, 8), 1);
}

static void test_batches(void)
{
	void *token = calloc(1, mapfs_batch_token(map));
	long total = 0;
	uint32_t keys[8];
	uint32_t count;
	int err = 0;
	int n = 0;

	for (count = 0; count < 8; count++)
		keys[count] = count;
	fill(value, 1);
	count = 1;
	is("update_batch", mapfs_update_batch(map, keys, value, &count), 0);
	is("one", count, 1);
	is("without keys", mapfs_update_batch(map, NULL, value, &count),
	   -EFAULT);
	while (!err && n < 20) {
		count = 8;
		err = mapfs_lookup_batch(map, n++ ? token : NULL, token, keys,
					 value, &count);
		total += count;
	}
	is("lookup_batch ends", err, -ENOENT);
	/* 0 made place in a full LRU, and is back. */
	is("with all", total, 8);
	count = 2;
	keys[0] = 0;
	keys[1] = 1000;
	err = mapfs_delete_batch(map, keys, &count);
	is("delete_batch", err, array ? -EOPNOTSUPP : -ENOENT);
	is("deleted", count, array ? 2 : 1);
	count = 8;
	err = mapfs_lookup_and_delete_batch(map, NULL, token, keys, value,
					    &count);
	is("lookup_and_delete_batch", err == 0 || err == -ENOENT, !array);
	free(token);
}

/* Elements 0 to 7, each of its own bytes. */
static uint64_t bytes_of(uint32_t key)
{
	return (key + 1) * 0x0101010101010101ull;
}

static void put_all(void)
{
	uint32_t keys[8], count = 8, i;

	for (i = 0; i < 8; i++) {
		keys[i] = i;
		memset(value + i * words, (int)bytes_of(i), info.value_bytes);
	}
	is("update_batch of all", mapfs_update_batch(map, keys, value, &count),
	   0);
	is("all", count, 8);
}

/* Addresses about an array's values that are in none of them. */
static void test_no_value(const char *mnt)
{
	struct mapfs_map *odd;
	struct mapfs_array view;
	uint32_t index, offset;
	char path[600];
	char *base;

	snprintf(path, sizeof(path), "%s/odd", mnt);
	mapfs_create(mnt, "odd type array key 4 value 5 entries 8 "
			  "flags mmapable");
	odd = mapfs_open(path, O_RDWR);
	is("odd: open", odd ? 0 : errno, 0);
	if (!odd)
		return;
	if (!mapfs_array(odd, 0, &view)) {
		base = mapfs_value_addr(odd, 0, 0);
		is("odd: the last byte",
		   mapfs_value_index(odd, base + 4, 0, &index, &offset), 0);
		is("odd: is the last", offset, 4);
		is("odd: between two",
		   mapfs_value_index(odd, base + 5, 0, &index, &offset),
		   -ENOENT);
		is("odd: before the first",
		   mapfs_value_index(odd, base - 1, 0, &index, &offset),
		   -ENOENT);
		is("odd: behind the last",
		   mapfs_value_index(odd, base + 8 * view.record_size, 0,
				     &index, &offset),
		   -ENOENT);
	}
	mapfs_close(odd);
	mapfs_destroy(path);
}

/* What goes in by one call comes out, in bites, to the last. */
static void test_batches_in_bites(void)
{
	void *token = calloc(1, mapfs_batch_token(map));
	uint32_t keys[8], bite = 2, count, seen = 0, i;
	int err = 0;
	int n;

	put_all();
	for (n = 0; n < 20 && (!err || err == -ENOSPC); n++) {
		/* A bucket of a hash is given whole. */
		bite += err == -ENOSPC;
		count = bite;
		err = mapfs_lookup_and_delete_batch(map, n ? token : NULL,
						    token, keys, value, &count);
		for (i = 0; i < count && err != -EOPNOTSUPP; i++)
			if (value[i * words] == bytes_of(keys[i]))
				seen |= 1u << keys[i];
	}
	is("lookup_and_delete_batch ends", err, array ? -EOPNOTSUPP : -ENOENT);
	is("with all that went in", seen, array ? 0 : 0xff);
	is("none is left", mapfs_info(map, &info) ? -1 : (long)info.entries,
	   array ? 8 : 0);
	free(token);
}

/* Batches of nothing, and without what they need. */
static void test_batches_of_nothing(void)
{
	uint32_t key = 1, count = 0;
	uint64_t token[2];

	is("lookup_batch of none",
	   mapfs_lookup_batch(map, NULL, NULL, NULL, NULL, &count), 0);
	is("update_batch of none", mapfs_update_batch(map, NULL, NULL, &count),
	   0);
	is("delete_batch of none", mapfs_delete_batch(map, NULL, &count),
	   array ? -EOPNOTSUPP : 0);
	is("count", count, 0);
	mapfs_update(map, &key, value, MAPFS_ANY);
	count = 8;
	is("lookup_batch without a token",
	   mapfs_lookup_batch(map, NULL, NULL, &key, value, &count), -EFAULT);
	is("none done", count, 0);
	count = 8;
	is("lookup_batch without values",
	   mapfs_lookup_batch(map, NULL, token, &key, NULL, &count), -EFAULT);
	is("none done", count, 0);
	count = 8;
	is("delete_batch without keys", mapfs_delete_batch(map, NULL, &count),
	   array ? -EOPNOTSUPP : -EFAULT);
	is("none done", count, array ? 8 : 0);
}

/* Refused outright: count is as it was. */
static void test_batches_reading(const char *dir)
{
	struct mapfs_map *reader = mapfs_open(dir, O_RDONLY);
	uint32_t keys[2] = { 0, 1 }, count = 2;
	uint64_t token[2];

	is("open to read", reader ? 0 : errno, 0);
	if (!reader)
		return;
	is("reading: update_batch",
	   mapfs_update_batch(reader, keys, value, &count), -EPERM);
	is("reading: delete_batch", mapfs_delete_batch(reader, keys, &count),
	   -EPERM);
	is("reading: lookup_and_delete_batch",
	   mapfs_lookup_and_delete_batch(reader, NULL, token, keys, value,
					 &count),
	   -EPERM);
	is("reading: count", count, 2);
	mapfs_close(reader);
}

static void test_others(void)
{
	is("push", mapfs_push(map, value, 0), -EOPNOTSUPP);
	is("pop", mapfs_pop(map, value), -EOPNOTSUPP);
	is("peek", mapfs_peek(map, value), -EOPNOTSUPP);
}

static void test_maps(const char *mnt)
{
	char path[600];

	snprintf(path, sizeof(path), "%s/made", mnt);
	is("create",
	   mapfs_create(mnt, "made type hash key 4 value 8 entries 8"), 0);
	is("twice", mapfs_create(mnt, "made type hash key 4 value 8 entries 8"),
	   -EEXIST);
	is("nonsense", mapfs_create(mnt, "x type none"), -EINVAL);
	is("two lines", mapfs_create(mnt, "x\ny"), -EINVAL);
	is("nowhere", mapfs_create("/no-such", "x"), -ENOENT);
	is("destroy", mapfs_destroy(path), 0);
	is("destroy again", mapfs_destroy(path), -ENOENT);
	is("errno", errno, ENOENT);
}

/* A map without a name loses nothing by a freeze, whether it can be or not. */
static void test_freeze_removed(const char *mnt)
{
	char path[600];
	uint32_t key = 1;
	uint64_t one = 1;
	struct mapfs_map *gone;

	snprintf(path, sizeof(path), "%s/gone", mnt);
	mapfs_create(mnt, "gone type hash key 4 value 8 entries 8");
	gone = mapfs_open(path, O_RDWR);
	is("open", gone ? 0 : errno, 0);
	mapfs_destroy(path);
	if (!gone)
		return;
	is("update", mapfs_update(gone, &key, &one, MAPFS_NOEXIST), 0);
	/* By name it is not there, and the kernel may still know the file. */
	if (mapfs_freeze(gone))
		is("freeze of a removed map", -errno, -ENOENT);
	is("its elements stay", mapfs_lookup(gone, &key, &one), 0);
	mapfs_close(gone);
}

/* A key and a value that a request to the daemon has no room for. */
static void test_big(const char *mnt)
{
	static uint64_t words_of[16352 / 8];
	struct mapfs_info big_info = { .sz = sizeof(big_info) };
	struct mapfs_map *big;
	uint64_t key = 1;
	char path[600];
	int want;

	snprintf(path, sizeof(path), "%s/big", mnt);
	mapfs_create(mnt, "big type hash key 8 value 16344 entries 2");
	big = mapfs_open(path, O_RDWR);
	is("open", big ? 0 : errno, 0);
	if (!big)
		return;
	is("its info", mapfs_info(big, &big_info), 0);
	want = big_info.io == MAPFS_IO_FILES ? -EFBIG : 0;
	is("update of much", mapfs_update(big, &key, words_of, 0), want);
	is("lookup of much", mapfs_lookup(big, &key, words_of), want);
	mapfs_close(big);
	mapfs_destroy(path);
	mapfs_create(mnt, "big type queue value 16352 entries 2");
	big = mapfs_open(path, O_RDWR);
	is("open a queue", big ? 0 : errno, 0);
	if (!big)
		return;
	is("push of much", mapfs_push(big, words_of, 0), want);
	is("pop of much", mapfs_pop(big, words_of), want);
	mapfs_close(big);
	mapfs_destroy(path);
}

/* An lpm_trie: the longest prefix, the kernel's order, and its errnos. */
static void test_prefixes(const char *mnt)
{
	static const uint32_t in_order[] = { 24, 16, 0 };
	struct mapfs_iter iter = MAPFS_ITER_INIT;
	struct prefix {
		uint32_t length;
		unsigned char address[4];
	} key = { 16, { 10, 1 } };
	struct mapfs_map *trie;
	uint32_t number = 16;
	char path[600];
	uint32_t i;

	snprintf(path, sizeof(path), "%s/trie", mnt);
	mapfs_create(mnt, "trie type lpm_trie key 8 value 4 entries 3 "
			  "flags no_prealloc");
	trie = mapfs_open(path, O_RDWR);
	is("trie: open", trie ? 0 : errno, 0);
	if (!trie)
		return;
	is("trie: update", mapfs_update(trie, &key, &number, MAPFS_NOEXIST), 0);
	is("trie: again", mapfs_update(trie, &key, &number, MAPFS_NOEXIST),
	   -EEXIST);
	number = key.length = 24;
	is("trie: none", mapfs_update(trie, &key, &number, MAPFS_EXIST),
	   -ENOENT);
	is("trie: a longer one", mapfs_update(trie, &key, &number, 0), 0);
	number = key.length = 0;
	is("trie: the shortest", mapfs_update(trie, &key, &number, 0), 0);
	key.length = 32;
	is("trie: full", mapfs_update(trie, &key, &number, 0), -ENOSPC);
	key.address[2] = 7;
	is("trie: lookup", mapfs_lookup(trie, &key, &number), 0);
	is("trie: the longest", number, 16);
	is("trie: delete", mapfs_delete(trie, &key), -ENOENT);
	key.length = 33;
	is("trie: too long", mapfs_update(trie, &key, &number, 0), -EINVAL);
	is("trie: delete, too long", mapfs_delete(trie, &key), -EINVAL);
	is("trie: lookup, too long", mapfs_lookup(trie, &key, &number),
	   -ENOENT);
	is("trie: take", mapfs_lookup_and_delete(trie, &key, &number),
	   -EOPNOTSUPP);
	for (i = 0; i < 3; i++) {
		is("trie: next key",
		   mapfs_next_key(trie, i ? &key : NULL, &key), 0);
		is("trie: in order", key.length, in_order[i]);
	}
	is("trie: the end", mapfs_next_key(trie, &key, &key), -ENOENT);
	for (i = 3; i--;) {
		is("trie: iter", mapfs_iter_next(trie, &iter, &key, &number),
		   1);
		is("trie: iter, by address", key.length, in_order[i]);
		is("trie: iter, its value", number, in_order[i]);
	}
	is("trie: iter, the end", mapfs_iter_next(trie, &iter, &key, &number),
	   0);
	mapfs_close(trie);
	mapfs_destroy(path);
}

/* Out of descriptors at each of those that it takes: nothing is left open. */
static void test_no_descriptors(const char *dir)
{
	struct rlimit limit, few;
	struct mapfs_map *other = NULL;
	int first = dup(0);
	int failures = 0;

	getrlimit(RLIMIT_NOFILE, &limit);
	few = limit;
	close(first);
	for (few.rlim_cur = (rlim_t)first; !other; few.rlim_cur++) {
		setrlimit(RLIMIT_NOFILE, &few);
		other = mapfs_open(dir, O_RDWR);
		if (!other && errno != EMFILE)
			break;
		failures += !other;
	}
	setrlimit(RLIMIT_NOFILE, &limit);
	is("no descriptors", other ? 0 : errno, 0);
	is("it takes some", failures > 0, 1);
	mapfs_close(other);
	is("none is left", dup(0), first);
	close(first);
}

/* More than can have a table open for writing. */
static void test_users(const char *dir)
{
	static struct mapfs_map *maps[1100];
	struct rlimit limit, more;
	size_t n = 0;
	int err = 0;

	getrlimit(RLIMIT_NOFILE, &limit);
	more = limit;
	more.rlim_cur = more.rlim_max;
	if (info.map_type != BPF_MAP_TYPE_HASH || info.io != MAPFS_IO_MEMORY ||
	    more.rlim_cur < 4096)
		return;
	setrlimit(RLIMIT_NOFILE, &more);
	while (!err && n < 1100) {
		maps[n] = mapfs_open(dir, O_RDWR);
		err = maps[n] ? 0 : errno;
		n++;
	}
	is("open by too many", err, EUSERS);
	is("by far", n > 900, 1);
	while (n--)
		mapfs_close(maps[n]);
	setrlimit(RLIMIT_NOFILE, &limit);
}

static void put_file(const char *dir, const char *name, const char *text)
{
	char path[600];
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	file = fopen(path, "w");
	if (file) {
		fputs(text, file);
		fclose(file);
	}
}

/* What is like a map, but of a type that this library does not know. */
static void test_foreign(void)
{
	const char *home = getenv("HOME"); /* the test's own directory */
	char dir[512];
	char path[600];

	snprintf(dir, sizeof(dir), "%s/mapfs-api-XXXXXX", home ? home : "/tmp");
	if (!mkdtemp(dir)) {
		perror(dir);
		exit(EXIT_FAILURE);
	}
	put_file(
		dir, "info",
		"map_type:\t77\nkey_size:\t4\nvalue_size:\t8\n"
		"max_entries:\t8\nmap_flags:\t0x0\nmap_extra:\t0x0\nmap_id:\t1\n"
		"frozen:\t0\nname:\ta\nio:\tpassthrough\n"
		"record_size:\t8\nentries:\t0\n");
	is("another version's map", mapfs_open(dir, O_RDONLY) ? 0 : errno,
	   EPROTO);
	put_file(dir, "info", "none:\t1\n");
	is("not a map's info", mapfs_open(dir, O_RDONLY) ? 0 : errno, ENOTTY);
	snprintf(path, sizeof(path), "%s/info", dir);
	unlink(path);
	rmdir(dir);
}

static int count_files(void)
{
	int count = 0;
	int fd;

	for (fd = 0; fd < 1024; fd++)
		count += fcntl(fd, F_GETFD) >= 0;
	return count;
}

/* Nothing has changed, and no file is left open. */
static void test_freeze_refused(const char *dir)
{
	struct mapfs_map *other = mapfs_open(dir, O_RDWR);
	uint32_t key = 1;
	int files = count_files();

	is("freeze, while another writes", mapfs_freeze(map), -EBUSY);
	is("as many files are open", count_files(), files);
	is("it goes on", mapfs_update(map, &key, value, MAPFS_ANY), 0);
	mapfs_close(other);
}

static void test_freeze(const char *dir)
{
	uint32_t key = 1;

	mapfs_update(map, &key, value, MAPFS_ANY);
	is("freeze", mapfs_freeze(map), 0);
	is("frozen", mapfs_info(map, &info) ? -1 : info.frozen, 1);
	is("again", mapfs_freeze(map), -EPERM);
	is("reads", mapfs_lookup(map, &key, value), 0);
	is("update", mapfs_update(map, &key, value, 0), -EPERM);
	is("delete", mapfs_delete(map, &key), -EPERM);
	is("take", mapfs_lookup_and_delete(map, &key, value), -EPERM);
	is("open", mapfs_open(dir, O_RDWR) ? 0 : errno, EPERM);
}

int main(int argc, char **argv)
{
	const char *dir = argv[1];
	char mnt[512];

	if (argc != 2)
		return EXIT_FAILURE;
	test_open(dir);
	map = mapfs_open(dir, O_RDWR);
	info.sz = sizeof(info);
	if (!map || mapfs_info(map, &info)) {
		perror(dir);
		return EXIT_FAILURE;
	}
	array = info.map_type == 2 || info.map_type == 6;
	percpu = info.map_type == 6 || info.map_type == 5 ||
		 info.map_type == 10;
	words = info.value_bytes / 8;
	value = calloc(8, info.value_bytes);
	test_info();
	test_elements();
	test_iter();
	test_cpu();
	test_pointers();
	test_batches();
	test_batches_in_bites();
	test_batches_of_nothing();
	test_batches_reading(dir);
	test_others();
	snprintf(mnt, sizeof(mnt), "%s/..", dir);
	test_no_value(mnt);
	test_no_keys(mnt);
	test_queue(mnt, "queue");
	test_queue(mnt, "stack");
	test_maps(mnt);
	test_freeze_removed(mnt);
	test_big(mnt);
	test_prefixes(mnt);
	test_inner(mnt, map);
	test_no_descriptors(dir);
	test_users(dir);
	test_foreign();
	if (array || info.io == MAPFS_IO_MEMORY)
		test_freeze_refused(dir);
	test_freeze(dir);
	mapfs_close(map);
	free(value);
	return 0;
}
