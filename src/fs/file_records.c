/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * elements of tables whose keys are short: the record of key k is at offset k
 * times the size of a record.  Where there is no element there is a hole, and
 * what is read and written is whole records, each an operation of its own.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fmt/element.h"
#include "fs/file.h"

/*
 * Bytes of a record: a read or write of this many at any address is one
 * request of the kernel's.
 */
#define RECORD_MAX ((1u << 20) - 4096)

/* Keys that are fetched at once when the whole table is gone through. */
#define SCAN_KEYS 1024u

/*
 * Keys that are looked up one by one before that: the few that a dense range
 * takes, or a part of the table's size, as a lookup costs more than an element
 * of a scan.
 */
#define PROBE_KEYS 64u
#define PROBE_PART 16u

/* A range of keys, the end not in it. */
struct range {
	uint64_t first;
	uint64_t end;
};

static bool has_records(const struct map *map)
{
	return map && (map->ops->flags & (MAP_TABLE | MAP_OF_MAPS)) &&
	       !map->ops->map_read &&
	       (map->key_size == 1 || map->key_size == 2 ||
		map->key_size == 4) &&
	       map_value_bytes(map) <= RECORD_MAX;
}

uint64_t record_size(const struct map *map)
{
	if (map->ops->map_record_size)
		return map->ops->map_record_size(map);
	return has_records(map) ? map_value_bytes(map) : 0;
}

static uint64_t records_size(const struct node *node)
{
	return map_value_bytes(node->map) << 8 * node->map->key_size;
}

/* So that tools which ask take the file for the sparse one that it is. */
static void records_stat(const struct node *node, struct stat *st)
{
	st->st_blocks = (blkcnt_t)map_resident_bytes(node->map) / 512;
}

/* A key as a number in host byte order, and back. */
static void key_store(const struct map *map, uint64_t number, void *key)
{
	uint8_t u8 = (uint8_t)number;
	uint16_t u16 = (uint16_t)number;
	uint32_t u32 = (uint32_t)number;

	if (map->key_size == 1)
		memcpy(key, &u8, 1);
	else if (map->key_size == 2)
		memcpy(key, &u16, 2);
	else
		memcpy(key, &u32, 4);
}

static uint64_t key_load(const struct map *map, const void *key)
{
	uint16_t u16;
	uint32_t u32;

	if (map->key_size == 1)
		return *(const uint8_t *)key;
	if (map->key_size == 2) {
		memcpy(&u16, key, 2);
		return u16;
	}
	memcpy(&u32, key, 4);
	return u32;
}

/*
 * The records from 'off' on, clipped to the end of the file: none behind it.
 * -EINVAL unless they are whole.
 */
static int range_of(const struct node *node, uint64_t off, uint64_t size,
		    struct range *range, struct fmt_error *error)
{
	const uint64_t record = map_value_bytes(node->map);
	const uint64_t end = records_size(node) / record;

	if (off % record || size % record)
		return fmt_fail(error, EINVAL,
				"elements: only whole records, of %llu bytes",
				(unsigned long long)record);
	range->first = off / record < end ? off / record : end;
	range->end = size / record < end - range->first ?
			     range->first + size / record :
			     end;
	return 0;
}

static ssize_t records_read(const struct node *node, void *buf, size_t size,
			    uint64_t off, struct fmt_error *error)
{
	const uint64_t record = map_value_bytes(node->map);
	unsigned char *at = buf;
	struct range range;
	uint64_t number;
	uint32_t key;
	int err;

	err = range_of(node, off, size, &range, error);
	for (number = range.first; !err && number < range.end; number++) {
		key_store(node->map, number, &key);
		err = map_lookup_elem_sys_only(node->map, &key, at);
		if (!err)
			at += record;
	}
	if (err && at == buf)
		return element_fail_update(error, node->map, BPF_ANY, err);
	return at - (unsigned char *)buf;
}

static ssize_t records_write(const struct node *node, const void *buf,
			     size_t size, uint64_t off, struct fmt_error *error)
{
	const uint64_t record = map_value_bytes(node->map);
	const unsigned char *at = buf;
	struct range range;
	uint64_t number;
	uint32_t key;
	int err;

	err = range_of(node, off, size, &range, error);
	if (err)
		return err;
	if (size && range.first == range.end)
		return fmt_fail(error, EPERM,
				"elements: no key is beyond the end");
	for (number = range.first; !err && number < range.end; number++) {
		key_store(node->map, number, &key);
		err = map_update_elem(node->map, &key, at, BPF_ANY);
		if (!err)
			at += record;
	}
	if (err && at == buf)
		return element_fail_update(error, node->map, BPF_ANY, err);
	return at - (const unsigned char *)buf;
}

/*
 * Go through the table and call 'found' with each key of the range, until it
 * returns an error.
 */
static int scan(struct map *map, const struct range *range,
		int (*found)(struct map *map, const void *key, void *arg),
		void *arg)
{
	_Alignas(8) unsigned char keys[SCAN_KEYS * sizeof(uint32_t)];
	uint64_t pos = 0;
	int err = 0;
	int count;
	int i;

	while ((count = map_seq_show_elem(map, &pos, keys, NULL, SCAN_KEYS)) >
	       0) {
		for (i = 0; !err && i < count; i++) {
			const unsigned char *key =
				keys + (size_t)i * map->key_size;
			uint64_t number = key_load(map, key);

			if (number >= range->first && number < range->end)
				err = found(map, key, arg);
		}
		if (err)
			return err;
	}
	return count;
}

/* How many keys of a range are to be looked up rather than scanned for. */
static uint64_t worth_probing(const struct map *map)
{
	return PROBE_KEYS + map->max_entries / PROBE_PART;
}

/*
 * The first key of the range that is there (or, unless 'there', is not), among
 * the next 'most'.  Its number, where the range or 'most' ends if there is
 * none; or a negative errno.
 */
static int64_t probe(struct map *map, const struct range *range, uint64_t most,
		     bool there)
{
	uint64_t end = range->end - range->first < most ? range->end :
							  range->first + most;
	uint64_t number;
	uint32_t key;
	int err;

	for (number = range->first; number < end; number++) {
		key_store(map, number, &key);
		err = map_lookup_elem_sys_only(map, &key, NULL);
		if (err && err != -ENOENT)
			return err;
		if (!err == there)
			break;
	}
	return (int64_t)number;
}

static int keep_least(struct map *map, const void *key, void *arg)
{
	uint64_t number = key_load(map, key);
	uint64_t *least = arg;

	if (number < *least)
		*least = number;
	return 0;
}

/* The first key of the range that is there, or its end; negative errno. */
static int64_t first_there(struct map *map, struct range range)
{
	uint64_t most = worth_probing(map);
	uint64_t least = range.end;
	int64_t number = probe(map, &range, most, true);
	int err;

	if (number < 0 || range.end - range.first <= most ||
	    (uint64_t)number < range.first + most)
		return number;
	range.first += most;
	err = scan(map, &range, keep_least, &least);
	return err ? err : (int64_t)least;
}

static off_t records_seek(const struct node *node, off_t off, int whence,
			  struct fmt_error *error)
{
	const uint64_t record = map_value_bytes(node->map);
	const uint64_t size = records_size(node);
	struct range range = { (uint64_t)off / record, size / record };
	int64_t number;

	if (whence != SEEK_DATA && whence != SEEK_HOLE)
		return -EINVAL;
	if (off < 0 || (uint64_t)off >= size)
		return -ENXIO;
	if (whence == SEEK_DATA)
		number = first_there(node->map, range);
	else
		number = probe(node->map, &range, UINT64_MAX, false);
	if (number < 0)
		return element_fail(error, node->map, (int)number);
	if (whence == SEEK_DATA && (uint64_t)number == range.end)
		return -ENXIO;
	/* In the middle of a record of that kind. */
	if ((uint64_t)number == range.first)
		return off;
	return number * (int64_t)record;
}

static int delete_found(struct map *map, const void *key, void *unused)
{
	int err = map_delete_elem(map, key);

	(void)unused;
	return err == -ENOENT ? 0 : err;
}

static int punch(struct map *map, const struct range *range)
{
	uint64_t number;
	uint32_t key;
	int err = 0;

	if (range->end - range->first > worth_probing(map))
		return scan(map, range, delete_found, NULL);
	for (number = range->first; !err && number < range->end; number++) {
		key_store(map, number, &key);
		err = delete_found(map, &key, NULL);
	}
	return err;
}

static int records_allocate(const struct node *node, int mode, off_t off,
			    off_t len, struct fmt_error *error)
{
	struct range range;
	int err;

	if (mode != (FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE))
		return fmt_fail(error, EOPNOTSUPP,
				"elements: nothing but a hole can be made");
	err = range_of(node, (uint64_t)off, (uint64_t)len, &range, error);
	if (err)
		return err;
	err = punch(node->map, &range);
	return err ? element_fail(error, node->map, err) : 0;
}

const struct file_type records_file = {
	.name = "elements",
	.in = KIND_MAP,
	.mode = S_IFREG | 0666,
	.applies = has_records,
	.size = records_size,
	.stat = records_stat,
	.read = records_read,
	.write = records_write,
	.seek = records_seek,
	.allocate = records_allocate,
};
