/* SPDX-License-Identifier: BSD-2-Clause */
/* Maps of maps: what makes one, what its slots take, and what they hold. */
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "client.h"

#define ARRAY	      BPF_MAP_TYPE_ARRAY
#define HASH	      BPF_MAP_TYPE_HASH
#define ARRAY_OF_MAPS BPF_MAP_TYPE_ARRAY_OF_MAPS
#define HASH_OF_MAPS  BPF_MAP_TYPE_HASH_OF_MAPS

/* Descriptors of no map and of nothing. */
#define CLOSED 12345
static int null_fd;

static const uint32_t of_maps[] = { ARRAY_OF_MAPS, HASH_OF_MAPS };

/* What tells of a type's results which type it is. */
static const char *with_type(uint32_t type, const char *name)
{
	static char text[128];

	strcpy(text,
	       type == HASH_OF_MAPS ? "hash_of_maps: " : "array_of_maps: ");
	return strncat(text, name, 100);
}

static union attr_of {
	union bpf_attr attr;
	unsigned char bytes[256];
} of(uint32_t type, uint32_t entries, int inner)
{
	union attr_of it;

	memset(&it, 0, sizeof(it));
	it.attr.map_type = type;
	it.attr.key_size = 4;
	it.attr.value_size = 4;
	it.attr.max_entries = entries;
	it.attr.inner_map_fd = (uint32_t)inner;
	return it;
}

static int make(union attr_of *it)
{
	int fd = bpf(BPF_MAP_CREATE, it, 92);

	if (fd >= 0)
		close(fd);
	return fd < 0 ? fd : 0;
}

static int new_outer(uint32_t type, uint32_t entries, int inner)
{
	union attr_of it = of(type, entries, inner);

	return bpf(BPF_MAP_CREATE, &it, 92);
}

static int new_inner(void)
{
	return new_map(HASH, 4, 4, 4, 0);
}

static int by_id(uint32_t id, uint32_t flags)
{
	union bpf_attr attr;

	memset(&attr, 0, sizeof(attr));
	attr.map_id = id;
	attr.open_flags = flags;
	return bpf(BPF_MAP_GET_FD_BY_ID, &attr, 12);
}

static int lives(uint32_t id)
{
	int fd = by_id(id, 0);

	if (fd >= 0)
		close(fd);
	return fd >= 0;
}

/* Ends it, though not at once? */
static int ends(uint32_t id)
{
	int tries = 2000;

	while (lives(id) && tries--)
		usleep(1000);
	return !lives(id);
}

static int update(int outer, uint32_t key, int inner, uint64_t flags)
{
	return element(BPF_MAP_UPDATE_ELEM, outer, &key, &inner, flags);
}

static int delete (int outer, uint32_t key)
{
	return element(BPF_MAP_DELETE_ELEM, outer, &key, NULL, 0);
}

/* The id in a slot, or a negative errno. */
static long slot(int outer, uint32_t key)
{
	uint32_t id = 0;
	int err = element(BPF_MAP_LOOKUP_ELEM, outer, &key, &id, 0);

	return err ? err : (long)id;
}

/* ---------------------------------------------------------------- creation */

static void check_example(uint32_t type, int inner)
{
	int rdonly = new_map(HASH, 4, 4, 4, BPF_F_RDONLY);
	int outer = new_outer(type, 4, rdonly);
	union attr_of it = of(type, 4, CLOSED);

	is(with_type(type, "an example of mode rdonly"), outer >= 0, 1);
	is("no example", make(&it), -EBADF);
	it = of(type, 4, null_fd);
	is("an example that is no map", make(&it), -EINVAL);
	it = of(type, 4, outer);
	is("a map of maps as the example", make(&it), -EINVAL);
	it = of(type, 4, CLOSED);
	it.attr.value_size = 8;
	is("no example, values of 8 bytes", make(&it), -EINVAL);
	it = of(type, 0, CLOSED);
	is("no example, no entries", make(&it), -EINVAL);
	it = of(type, 4, CLOSED);
	it.attr.map_flags = BPF_F_MMAPABLE;
	is("no example, a wrong flag", make(&it), -EINVAL);
	it = of(type, 4, CLOSED);
	it.attr.map_name[0] = '?';
	is("no example, a wrong name", make(&it), -EBADF);
	it = of(type, 4, null_fd);
	it.bytes[88] = 32;
	is("an example that is no map, a wrong excl_prog_hash", make(&it),
	   -EINVAL);
	it = of(type, 4, inner);
	it.attr.map_name[0] = '?';
	is("a wrong name", make(&it), -EINVAL);
	it = of(type, 4, CLOSED);
	it.attr.btf_key_type_id = 1;
	is("no example, a key's type alone", make(&it), -EINVAL);
	close(outer);
	close(rdonly);
}

static void check_example_lives(uint32_t type)
{
	int inner = new_inner();
	uint32_t id = id_of(inner);
	int outer = new_outer(type, 4, inner);

	close(inner);
	is(with_type(type, "its example is not held"), lives(id), 0);
	inner = new_inner();
	is("but what was it like", update(outer, 1, inner, 0), 0);
	close(inner);
	inner = new_map(HASH, 4, 8, 4, 0);
	is("which another is not", update(outer, 1, inner, 0), -EINVAL);
	close(inner);
	close(outer);
}

static void check_node(uint32_t type, int inner)
{
	union attr_of it = of(type, 4, inner);

	it.attr.map_flags = BPF_F_NUMA_NODE;
	is(with_type(type, "memory of a node"), make(&it), 0);
}

static void check_types(uint32_t type, int inner)
{
	int btf = new_btf();
	union attr_of it = of(type, 4, inner);

	it.attr.btf_fd = (uint32_t)btf;
	it.attr.btf_key_type_id = 1;
	it.attr.btf_value_type_id = 1;
	is(with_type(type, "types"), make(&it), -KERNEL_ENOTSUPP);
	it.attr.inner_map_fd = CLOSED;
	is("types, no example", make(&it), -EBADF);
	it = of(type, 4, inner);
	it.attr.btf_fd = CLOSED;
	it.attr.btf_value_type_id = 1;
	is("types of no BTF", make(&it), -EBADF);
	it = of(type, 4, btf);
	is("BTF as the example", make(&it), -EINVAL);
	close(btf);
}

/* A descriptor of another kind than is wanted is not held. */
static void check_kind(void)
{
	int map = new_inner();
	uint32_t id = id_of(map);
	union attr_of it = of(HASH, 4, 0);

	it.attr.btf_fd = (uint32_t)map;
	it.attr.btf_value_type_id = 1;
	is("BTF that is a map", make(&it), -EINVAL);
	close(map);
	is("which then goes", ends(id), 1);
}

static void check_told(uint32_t type, int inner)
{
	int outer = new_outer(type, 7, inner);
	struct bpf_map_info info;
	union bpf_attr attr;

	memset(&info, 0, sizeof(info));
	memset(&attr, 0, sizeof(attr));
	attr.info.bpf_fd = (uint32_t)outer;
	attr.info.info_len = sizeof(info);
	attr.info.info = ptr(&info);
	is(with_type(type, "info"), bpf(BPF_OBJ_GET_INFO_BY_FD, &attr, 16), 0);
	is("info: type", info.type, type);
	is("info: key", info.key_size, 4);
	is("info: value", info.value_size, 4);
	is("info: entries", info.max_entries, 7);
	is("info: flags", info.map_flags, 0);
	close(outer);
}

static void check_making(void)
{
	int inner = new_inner();
	union attr_of it = of(HASH_OF_MAPS, (1u << 27) + 1, CLOSED);
	unsigned int i;

	is("hash_of_maps: too many entries, no example", make(&it), -EBADF);
	it = of(HASH_OF_MAPS, (1u << 27) + 1, inner);
	is("hash_of_maps: too many entries", make(&it), -E2BIG);
	for (i = 0; i < 2; i++) {
		check_example(of_maps[i], inner);
		check_types(of_maps[i], inner);
		check_node(of_maps[i], inner);
		check_told(of_maps[i], inner);
		check_example_lives(of_maps[i]);
	}
	close(inner);
	check_kind();
}

/* ---------------------------------------------------------------- elements */

static void check_array_order(int inner)
{
	int outer = new_outer(ARRAY_OF_MAPS, 4, inner);
	uint32_t key = 1, next = 9;

	is("array_of_maps: flags before the map", update(outer, 1, CLOSED, 3),
	   -EINVAL);
	is("noexist before the map", update(outer, 1, CLOSED, BPF_NOEXIST),
	   -EINVAL);
	is("flags before the index", update(outer, 9, inner, 3), -EINVAL);
	is("the index before the map", update(outer, 9, CLOSED, 0), -E2BIG);
	is("the index before what is no map", update(outer, 9, null_fd, 0),
	   -E2BIG);
	is("no slot: lookup", slot(outer, 9), -ENOENT);
	is("no slot: delete", delete (outer, 9), -E2BIG);
	is("nothing in a slot", slot(outer, 1), -ENOENT);
	is("nothing in a slot: delete", delete (outer, 1), -ENOENT);
	is("nothing in a slot: next key",
	   element(BPF_MAP_GET_NEXT_KEY, outer, &key, &next, 0), 0);
	is("which", next, 2);
	close(outer);
}

static void check_hash_order(int inner)
{
	int outer = new_outer(HASH_OF_MAPS, 1, inner);
	uint32_t next = 9;

	is("hash_of_maps: missing", slot(outer, 1), -ENOENT);
	is("the map before flags", update(outer, 1, CLOSED, 8), -EBADF);
	is("flags", update(outer, 1, inner, 8), -EINVAL);
	is("no map, no such key", update(outer, 1, CLOSED, BPF_EXIST), -EBADF);
	is("no such key", update(outer, 1, inner, BPF_EXIST), -ENOENT);
	is("noexist", update(outer, 1, inner, BPF_NOEXIST), 0);
	is("there already", update(outer, 1, inner, BPF_NOEXIST), -EEXIST);
	is("no map, there already", update(outer, 1, CLOSED, BPF_NOEXIST),
	   -EBADF);
	is("full", update(outer, 2, inner, 0), -E2BIG);
	is("no map, full", update(outer, 2, CLOSED, 0), -EBADF);
	is("exist", update(outer, 1, inner, BPF_EXIST), 0);
	is("next key", element(BPF_MAP_GET_NEXT_KEY, outer, NULL, &next, 0), 0);
	is("which", next, 1);
	is("delete", delete (outer, 1), 0);
	is("delete: missing", delete (outer, 1), -ENOENT);
	close(outer);
}

static void check_values(uint32_t type, int inner)
{
	int outer = new_outer(type, 4, inner);
	int other = new_map(ARRAY, 4, 4, 4, 0);
	uint32_t key = 1, id = id_of(inner);
	int null = 0;

	is(with_type(type, "an update"), update(outer, 1, inner, 0), 0);
	is("what was a descriptor is an id", slot(outer, 1), id);
	is("an id is no descriptor", update(outer, 2, CLOSED, 0), -EBADF);
	is("descriptor -1", update(outer, 2, -1, 0), -EBADF);
	is("no map's", update(outer, 2, null_fd, 0), -EINVAL);
	is("another type's", update(outer, 2, other, 0), -EINVAL);
	is("its own", update(outer, 2, outer, 0), -EINVAL);
	is("a lock", update(outer, 2, CLOSED, BPF_F_LOCK), -EINVAL);
	is("no value", element(BPF_MAP_UPDATE_ELEM, outer, &key, (void *)16, 0),
	   -EFAULT);
	is("no key", element(BPF_MAP_UPDATE_ELEM, outer, NULL, &null, 0),
	   -EFAULT);
	is("no room for the id",
	   element(BPF_MAP_LOOKUP_ELEM, outer, &key, NULL, 0), -EFAULT);
	is("take",
	   element(BPF_MAP_LOOKUP_AND_DELETE_ELEM, outer, &key, &null, 0),
	   -KERNEL_ENOTSUPP);
	is("still there", slot(outer, 1), id);
	is("mmap",
	   mmap(NULL, 4096, PROT_READ, MAP_SHARED, outer, 0) == MAP_FAILED ?
		   errno :
		   0,
	   KERNEL_ENOTSUPP);
	close(other);
	close(outer);
}

static int freeze(int fd)
{
	union bpf_attr attr;

	memset(&attr, 0, sizeof(attr));
	attr.map_fd = (uint32_t)fd;
	return bpf_whole(BPF_MAP_FREEZE, &attr);
}

/* Of what it holds and its own. */
static void check_slot_modes(uint32_t type, int inner)
{
	int outer = new_outer(type, 4, inner);
	uint32_t id = id_of(inner);
	int rdonly = by_id(id, BPF_F_RDONLY), wronly = by_id(id, BPF_F_WRONLY);
	int outer_rdonly = by_id(id_of(outer), BPF_F_RDONLY);
	int outer_wronly = by_id(id_of(outer), BPF_F_WRONLY);

	is(with_type(type, "put by rdonly"), update(outer, 1, rdonly, 0), 0);
	is("put by wronly", update(outer, 2, wronly, 0), 0);
	is("rdonly: update", update(outer_rdonly, 1, CLOSED, 0), -EPERM);
	is("rdonly: lookup", slot(outer_rdonly, 1), id);
	is("wronly: update", update(outer_wronly, 3, inner, 0), 0);
	is("wronly: lookup", slot(outer_wronly, 3), -EPERM);
	freeze(wronly);
	is("put what is frozen", update(outer, 0, inner, 0), 0);
	is("freeze", freeze(outer), 0);
	is("frozen: freeze", freeze(outer), -EPERM);
	is("frozen: update", update(outer, 1, CLOSED, 99), -EPERM);
	is("frozen: delete", delete (outer, 1), -EPERM);
	is("frozen: lookup", slot(outer, 2), id);
	close(outer_wronly);
	close(outer_rdonly);
	close(wronly);
	close(rdonly);
	close(outer);
}

/* ---------------------------------------------------------------- batches */

struct batch {
	uint32_t *keys, *values;
	uint32_t in, out, count;
	bool goes_on;
	uint64_t elem_flags;
};

static int batch(int command, int fd, struct batch *it)
{
	union bpf_attr attr;
	int err;

	memset(&attr, 0, sizeof(attr));
	attr.batch.map_fd = (uint32_t)fd;
	attr.batch.keys = ptr(it->keys);
	attr.batch.values = ptr(it->values);
	attr.batch.in_batch = it->goes_on ? ptr(&it->in) : 0;
	attr.batch.out_batch = ptr(&it->out);
	attr.batch.count = it->count;
	attr.batch.elem_flags = it->elem_flags;
	err = bpf(command, &attr, 56);
	it->count = attr.batch.count;
	return err;
}

/* Two pages, of which the second is not there: the end of the first. */
static uint32_t *page_end(uint32_t words)
{
	char *at = mmap(NULL, 8192, PROT_READ | PROT_WRITE,
			MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	munmap(at + 4096, 4096);
	return (uint32_t *)(at + 4096) - words;
}

static void check_update_batch(uint32_t type, int inner)
{
	int outer = new_outer(type, 4, inner);
	uint32_t keys[] = { 3, 1, 0, 2 };
	uint32_t fd = (uint32_t)inner, *edge = page_end(2);
	uint32_t fds[] = { fd, fd, CLOSED, fd };
	struct batch it = { keys, fds, .count = 4 };

	is(with_type(type, "update_batch: no map at the third"),
	   batch(BPF_MAP_UPDATE_BATCH, outer, &it), -EBADF);
	is("its count", it.count, 2);
	is("the second", slot(outer, 1), id_of(inner));
	is("the fourth", slot(outer, 2), -ENOENT);
	fds[0] = (uint32_t)null_fd;
	it.count = 4;
	is("no map's at the first", batch(BPF_MAP_UPDATE_BATCH, outer, &it),
	   -EINVAL);
	is("its count", it.count, 0);
	edge[0] = edge[1] = fd;
	it.values = edge;
	it.count = 4;
	is("values end after two", batch(BPF_MAP_UPDATE_BATCH, outer, &it),
	   -EFAULT);
	is("its count", it.count, 2);
	edge[1] = CLOSED;
	it.count = 4;
	is("no map, and then values end",
	   batch(BPF_MAP_UPDATE_BATCH, outer, &it), -EBADF);
	is("its count", it.count, 1);
	it.elem_flags = BPF_NOEXIST;
	it.count = 4;
	is("noexist", batch(BPF_MAP_UPDATE_BATCH, outer, &it), -EINVAL);
	it = (struct batch){ 0 };
	is("nothing", batch(BPF_MAP_UPDATE_BATCH, outer, &it), 0);
	munmap(edge - 1022, 4096);
	close(outer);
}

static void check_lookup_batch(uint32_t type, int inner)
{
	int outer = new_outer(type, 8, inner);
	uint32_t keys[8], ids[8], sum = 0, i;
	struct batch it = { keys, ids, .count = 8, .out = 77 };

	is(with_type(type, "lookup_batch: nothing"),
	   batch(BPF_MAP_LOOKUP_BATCH, outer, &it), -ENOENT);
	is("its count", it.count, 0);
	update(outer, 2, inner, 0);
	update(outer, 5, inner, 0);
	it.count = 8;
	is("lookup_batch", batch(BPF_MAP_LOOKUP_BATCH, outer, &it), -ENOENT);
	is("its count", it.count, 2);
	for (i = 0; i < it.count; i++)
		sum += keys[i] + 100 * (ids[i] == id_of(inner));
	is("keys, and ids", sum, 207);
	it.count = 1;
	it.elem_flags = BPF_NOEXIST;
	is("flags", batch(BPF_MAP_LOOKUP_BATCH, outer, &it), -EINVAL);
	close(outer);
}

/* An array's tokens are indexes, of slots that hold nothing as well. */
static void check_array_token(int inner)
{
	int outer = new_outer(ARRAY_OF_MAPS, 8, inner);
	uint32_t keys[8], ids[8];
	struct batch it = { keys, ids, .count = 1, .out = 77 };

	batch(BPF_MAP_LOOKUP_BATCH, outer, &it);
	is("array_of_maps: nothing, no token", it.out, 77);
	update(outer, 2, inner, 0);
	update(outer, 5, inner, 0);
	it.count = 1;
	is("one", batch(BPF_MAP_LOOKUP_BATCH, outer, &it), 0);
	is("which", keys[0], 2);
	is("its token", it.out, 2);
	it.in = it.out;
	it.goes_on = true;
	it.count = 8;
	is("the rest", batch(BPF_MAP_LOOKUP_BATCH, outer, &it), -ENOENT);
	is("its count", it.count, 1);
	is("which", keys[0], 5);
	is("the last token", it.out, 7);
	close(outer);
}

/* No more than is asked for, the rest by the next call. */
static void check_take_parts(int inner)
{
	int outer = new_outer(HASH_OF_MAPS, 64, inner);
	uint32_t keys[8], ids[8], all = 0, i;
	struct batch it = { keys, ids, .count = 5 };

	for (i = 0; i < 8; i++)
		update(outer, i, inner, 0);
	is("take five of eight",
	   batch(BPF_MAP_LOOKUP_AND_DELETE_BATCH, outer, &it), 0);
	is("its count", it.count && it.count <= 5, 1);
	for (i = 0; i < it.count && i < 8; i++)
		all |= 1u << keys[i];
	it.count = 8;
	is("take the rest", batch(BPF_MAP_LOOKUP_AND_DELETE_BATCH, outer, &it),
	   -ENOENT);
	for (i = 0; i < it.count && i < 8; i++)
		all |= 1u << keys[i];
	is("all of them", all, 255);
	close(outer);
}

static void check_delete_batch(int inner)
{
	int outer = new_outer(HASH_OF_MAPS, 8, inner);
	uint32_t keys[] = { 1, 2, 3, 4, 0, 0, 0, 0 }, ids[8];
	uint32_t fds[] = { (uint32_t)inner, (uint32_t)inner, (uint32_t)inner };
	struct batch it = { keys, fds, .count = 3 };
	int i;

	batch(BPF_MAP_UPDATE_BATCH, outer, &it);
	it.count = 2;
	is("hash_of_maps: delete_batch",
	   batch(BPF_MAP_DELETE_BATCH, outer, &it), 0);
	it.count = 1;
	is("once more", batch(BPF_MAP_DELETE_BATCH, outer, &it), -ENOENT);
	it.values = ids;
	it.count = 8;
	is("take", batch(BPF_MAP_LOOKUP_AND_DELETE_BATCH, outer, &it), -ENOENT);
	is("its count", it.count, 1);
	is("its id", ids[0], id_of(inner));
	is("it is gone", slot(outer, 3), -ENOENT);
	close(outer);
	/* The elements come in another order each time. */
	for (i = 0; i < 8; i++)
		check_take_parts(inner);
	outer = new_outer(ARRAY_OF_MAPS, 8, inner);
	is("array_of_maps: delete_batch",
	   batch(BPF_MAP_DELETE_BATCH, outer, &it), -KERNEL_ENOTSUPP);
	is("array_of_maps: take",
	   batch(BPF_MAP_LOOKUP_AND_DELETE_BATCH, outer, &it),
	   -KERNEL_ENOTSUPP);
	close(outer);
}

#define MANY 40000u

static void check_many(uint32_t type, int inner)
{
	int outer = new_outer(type, MANY, inner);
	uint32_t *keys = calloc(MANY, sizeof(*keys));
	uint32_t *values = calloc(MANY, sizeof(*values));
	struct batch it = { keys, values, .count = MANY };
	uint32_t i, right = 0, id = id_of(inner);

	for (i = 0; i < MANY; i++) {
		keys[i] = i;
		values[i] = i == MANY - 2 ? CLOSED : (uint32_t)inner;
	}
	is(with_type(type, "many, the last but one no map"),
	   batch(BPF_MAP_UPDATE_BATCH, outer, &it), -EBADF);
	is("its count", it.count, MANY - 2);
	memset(values, 0, MANY * sizeof(*values));
	it.count = MANY;
	is("all of them", batch(BPF_MAP_LOOKUP_BATCH, outer, &it), -ENOENT);
	is("its count", it.count, MANY - 2);
	for (i = 0; i < it.count; i++)
		right += values[i] == id;
	is("ids", right, MANY - 2);
	free(values);
	free(keys);
	close(outer);
}

/* ---------------------------------------------------------------- lives */

static int next_id(uint32_t after)
{
	union bpf_attr attr;

	memset(&attr, 0, sizeof(attr));
	attr.start_id = after;
	return bpf(BPF_MAP_GET_NEXT_ID, &attr, 12) ? 0 : (int)attr.next_id;
}

static void check_held(uint32_t type)
{
	int inner = new_inner();
	int outer = new_outer(type, 4, inner);
	uint32_t id = id_of(inner), key = 1, value = 5;

	element(BPF_MAP_UPDATE_ELEM, inner, &key, &value, 0);
	update(outer, 1, inner, 0);
	update(outer, 2, inner, 0);
	close(inner);
	usleep(50000);
	is(with_type(type, "held by slots"), next_id(id - 1), id);
	inner = by_id(id, BPF_F_RDONLY);
	is("by id", holds(inner, 1, 5), 1);
	is("put again", update(outer, 3, inner, 0), 0);
	close(inner);
	is("delete", delete (outer, 1), 0);
	is("and another", delete (outer, 3), 0);
	is("held by the last", lives(id), 1);
	inner = new_inner();
	is("another in its place", update(outer, 2, inner, 0), 0);
	is("not held any more", lives(id), 0);
	id = id_of(inner);
	close(inner);
	is("held by the slot alone", lives(id), 1);
	is("delete the last", delete (outer, 2), 0);
	is("gone", lives(id), 0);
	close(outer);
}

/* Held by a slot and otherwise; and the map of maps by other means too. */
static void check_held_twice(uint32_t type)
{
	int inner = new_map(ARRAY, 4, 4, 4, BPF_F_MMAPABLE);
	int outer = new_outer(type, 4, inner);
	uint32_t id = id_of(inner), outer_id = id_of(outer);
	void *at = mmap(NULL, 4096, PROT_READ, MAP_SHARED, inner, 0);
	int again = dup(outer);

	update(outer, 1, inner, 0);
	close(inner);
	munmap(at, 4096);
	is(with_type(type, "unmapped, held"), lives(id), 1);
	inner = by_id(id, 0);
	at = mmap(NULL, 4096, PROT_READ, MAP_SHARED, inner, 0);
	close(inner);
	close(outer);
	is("one of two descriptors of the outer is closed", slot(again, 1), id);
	delete (again, 1);
	is("mapped, not held", lives(id), 1);
	inner = by_id(id, 0);
	update(again, 1, inner, 0);
	close(inner);
	munmap(at, 4096);
	is("held, not mapped", lives(id), 1);
	close(again);
	is("the outer is gone", lives(outer_id), 0);
	is("and what it held", ends(id), 1);
}

static void check_taken(void)
{
	int inner = new_inner();
	int outer = new_outer(HASH_OF_MAPS, 4, inner);
	uint32_t keys[4], values[4], id = id_of(inner);
	struct batch it = { keys, values, .count = 4 };

	update(outer, 1, inner, 0);
	close(inner);
	batch(BPF_MAP_LOOKUP_AND_DELETE_BATCH, outer, &it);
	is("taken: its id", values[0], id);
	is("taken: it ends", ends(id), 1);
	close(outer);
}

void check_slots(void)
{
	int inner = new_inner();
	unsigned int i;

	null_fd = open("/dev/null", O_RDONLY);
	check_making();
	check_array_order(inner);
	check_hash_order(inner);
	for (i = 0; i < 2; i++) {
		check_values(of_maps[i], inner);
		check_update_batch(of_maps[i], inner);
		check_lookup_batch(of_maps[i], inner);
		check_many(of_maps[i], inner);
		check_held(of_maps[i]);
		check_held_twice(of_maps[i]);
	}
	check_array_token(inner);
	check_delete_batch(inner);
	check_taken();
	for (i = 0; i < 2; i++)
		check_slot_modes(of_maps[i], inner);
	close(null_fd);
	close(inner);
}
