/* SPDX-License-Identifier: BSD-2-Clause */
/* BTF: what is refused, what fits a map, and what is special in a value. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "client.h"
#include "client_types.h"

#define ARRAY	     BPF_MAP_TYPE_ARRAY
#define HASH	     BPF_MAP_TYPE_HASH
#define PERCPU_ARRAY BPF_MAP_TYPE_PERCPU_ARRAY
#define LPM	     BPF_MAP_TYPE_LPM_TRIE
#define BLOOM	     BPF_MAP_TYPE_BLOOM_FILTER
#define QUEUE	     BPF_MAP_TYPE_QUEUE

#define BIT(type)    (1u << BPF_MAP_TYPE_##type)
#define LOCKABLE     (BIT(HASH) | BIT(ARRAY))
#define TIMABLE	     (LOCKABLE | BIT(LRU_HASH))
#define POINTABLE \
	(TIMABLE | BIT(PERCPU_HASH) | BIT(LRU_PERCPU_HASH) | BIT(PERCPU_ARRAY))

/* Bytes of all values with something special, and where that is. */
#define SIZE 32u
#define OFF  8u

static const char *label(const char *first, const char *then)
{
	static char text[128];

	snprintf(text, sizeof(text), "%s: %s", first, then);
	return text;
}

static void closes(const char *name, int fd, int want)
{
	is(name, fd < 0 ? fd : 0, want);
	if (fd >= 0)
		close(fd);
}

/* ----------------------------------------------------------------- loading */

/* One word of good BTF that is another one. */
static void check_words(void)
{
	static const struct {
		const char *name;
		uint32_t at;
		uint32_t word;
		int want;
	} bad[] = {
		{ "as it is", 0, 0x0001eb9f, 0 },
		{ "no magic", 0, 0x0001eb9e, -EINVAL },
		{ "another version", 0, 0x0002eb9f, -KERNEL_ENOTSUPP },
		{ "flags", 0, 0x0101eb9f, -KERNEL_ENOTSUPP },
		{ "a header of no bytes", 1, 0, -EINVAL },
		{ "a header that is too long", 1, 4096, -EINVAL },
		{ "a header with more in it", 1, 28, -E2BIG },
		{ "types not at the start", 2, 4, -EINVAL },
		{ "no types", 3, 0, -EINVAL },
		{ "types beyond the strings", 3, 4096, -EINVAL },
		{ "strings beyond the end", 4, UINT32_MAX, -EINVAL },
		{ "strings not to the end", 5, 4, -EINVAL },
		{ "a name beyond the strings", 6, 4096, -EINVAL },
		{ "no such kind", 7, 20u << 24, -EINVAL },
		{ "kind 0", 7, 0, -EINVAL },
		{ "a bit that nothing has", 7, 1u << 24 | 1u << 29, -EINVAL },
		{ "an int of several", 7, 1u << 24 | 1, -EINVAL },
		{ "an int of more bits than bytes", 8, 3, -EINVAL },
		{ "an int of two encodings", 9, 3u << 24 | 32,
		  -KERNEL_ENOTSUPP },
		{ "a name that is none", 10, 3, 0 },
		{ "more members than there are", 11, 4u << 24 | 4000, -EINVAL },
		{ "a structure that is too small", 12, 7, -EINVAL },
		{ "a member of no type", 14, 0, -EINVAL },
		{ "a member of an unknown type", 14, 99, -EINVAL },
		{ "a structure in itself", 14, 2, -EEXIST },
		{ "members in another order", 15, 64, -EINVAL },
		{ "a member inside of a byte", 18, 33, -EINVAL },
		{ "an array of itself", 22, 3, -EEXIST },
		{ "an array of nothing", 22, 0, -EINVAL },
		{ "an array of functions", 22, 4, -EINVAL },
		{ "an index that is no integer", 23, 2, -EINVAL },
		{ "an array that is too large", 24, UINT32_MAX, -EINVAL },
	};
	uint32_t data[TYPES_WORDS], words, was, i;
	struct types types;

	types_init(&types);
	types_add(&types, BTF_KIND_STRUCT, "pair", 2, 8);
	types_member(&types, TYPES_INT, 0);
	types_member(&types, TYPES_INT, 4);
	types_array(&types, 2, 4);
	types_add(&types, BTF_KIND_FUNC_PROTO, NULL, 0, 0);
	words = types_data(&types, data);
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		was = data[bad[i].at];
		data[bad[i].at] = bad[i].word;
		closes(label("BTF", bad[i].name), load_data(data, words),
		       bad[i].want);
		data[bad[i].at] = was;
	}
	for (i = 0; i < words; i++)
		closes("BTF that is cut off", load_data(data, i), -EINVAL);
}

static void check_depth(void)
{
	struct types types;
	uint32_t i, id;

	types_init(&types);
	for (i = 0; i < 40; i++)
		types_add(&types, BTF_KIND_CONST, NULL, 0, types.count + 2);
	types_struct(&types, "end", 4);
	closes("BTF: names of names", types_load(&types), -E2BIG);

	types_init(&types);
	id = types_struct(&types, "end", 0);
	for (i = 0; i < 31; i++) {
		types_add(&types, BTF_KIND_STRUCT, NULL, 2, 0);
		types_member(&types, id, 0);
		types_member(&types, id, 0);
		id = types.count;
	}
	closes("BTF: 2^31 structures of no bytes", types_load(&types), 0);
}

static void check_loading(void)
{
	struct types types;
	uint32_t lock;

	check_words();
	check_depth();
	types_init(&types);
	lock = types_struct(&types, "bpf_spin_lock", 4);
	types_add(&types, BTF_KIND_STRUCT, "two", 2, 8);
	types_member(&types, lock, 0);
	types_member(&types, lock, 4);
	closes("BTF: two locks", types_load(&types), -E2BIG);
	types_init(&types);
	lock = types_struct(&types, "bpf_spin_lock", 8);
	types_with(&types, "large", 8, lock, 0);
	closes("BTF: a lock of 8 bytes", types_load(&types), -EFAULT);
	types_init(&types);
	lock = types_struct(&types, "bpf_spin_lock", 4);
	types_with(&types, "crooked", 8, lock, 2);
	closes("BTF: a lock at byte 2", types_load(&types), -EFAULT);
}

/* ---------------------------------------------------------------- creation */

static union bpf_attr map_of(uint32_t type, uint32_t value, int btf,
			     uint32_t key_id, uint32_t value_id)
{
	union bpf_attr attr;

	memset(&attr, 0, sizeof(attr));
	attr.map_type = type;
	attr.key_size = type == LPM		       ? 8 :
			type == BLOOM || type == QUEUE ? 0 :
							 4;
	attr.value_size = value;
	attr.max_entries = 4;
	attr.map_flags = type == LPM ? BPF_F_NO_PREALLOC : 0;
	attr.btf_fd = (uint32_t)btf;
	attr.btf_key_type_id = key_id;
	attr.btf_value_type_id = value_id;
	return attr;
}

static int create(uint32_t type, uint32_t value, int btf, uint32_t key_id,
		  uint32_t value_id)
{
	union bpf_attr attr = map_of(type, value, btf, key_id, value_id);

	return bpf_whole(BPF_MAP_CREATE, &attr);
}

static void check_keys(void)
{
	struct types types;
	uint32_t word, name, narrow, pair, value;
	int btf;

	types_init(&types);
	word = types_struct(&types, "word", 4);
	name = types_add(&types, BTF_KIND_TYPEDEF, "name", 0, TYPES_INT);
	narrow = types_add(&types, BTF_KIND_INT, "narrow", 0, 4);
	types_word(&types, 31);
	pair = types_struct(&types, "pair", 8);
	value = types_struct(&types, "value", 8);
	btf = types_load(&types);
	closes("a key's type", create(ARRAY, 8, btf, TYPES_INT, value), 0);
	closes("by a name", create(ARRAY, 8, btf, name, value), 0);
	closes("array: a structure", create(ARRAY, 8, btf, word, value),
	       -EINVAL);
	closes("array: 31 bits", create(ARRAY, 8, btf, narrow, value), -EINVAL);
	closes("hash: a structure", create(HASH, 8, btf, word, value), 0);
	closes("hash: of another size", create(HASH, 8, btf, pair, value),
	       -EINVAL);
	closes("hash: none", create(HASH, 8, btf, 0, value), -EINVAL);
	closes("array: none", create(ARRAY, 8, btf, 0, value), -EINVAL);
	closes("lpm_trie: a structure", create(LPM, 8, btf, pair, value), 0);
	closes("lpm_trie: none", create(LPM, 8, btf, 0, value), -EINVAL);
	closes("bloom_filter: none", create(BLOOM, 8, btf, 0, value), 0);
	closes("bloom_filter: one", create(BLOOM, 8, btf, TYPES_INT, value),
	       -EINVAL);
	closes("queue: none", create(QUEUE, 8, btf, 0, value), -EINVAL);
	closes("an unknown one", create(HASH, 8, btf, 99, value), -EINVAL);
	close(btf);
}

/* Global data: a section, and no key. */
static void check_global(void)
{
	struct types types;
	union bpf_attr attr;
	uint32_t var, section;
	int btf;

	types_init(&types);
	var = types_add(&types, BTF_KIND_VAR, "global", 0, TYPES_INT);
	types_word(&types, 1);
	section = types_add(&types, BTF_KIND_DATASEC, ".data", 1, 8);
	types_word(&types, var);
	types_word(&types, 4);
	types_word(&types, 4);
	btf = types_load(&types);
	attr = map_of(ARRAY, 8, btf, 0, section);
	attr.max_entries = 1;
	closes("global data", bpf_whole(BPF_MAP_CREATE, &attr), 0);
	attr.btf_value_type_id = var;
	attr.value_size = 4;
	closes("global data: a variable", bpf_whole(BPF_MAP_CREATE, &attr),
	       -EINVAL);
	closes("global data: several", create(ARRAY, 8, btf, 0, section),
	       -EINVAL);
	attr = map_of(PERCPU_ARRAY, 8, btf, 0, section);
	attr.max_entries = 1;
	closes("global data: per CPU", bpf_whole(BPF_MAP_CREATE, &attr),
	       -EINVAL);
	closes("a section in a hash", create(HASH, 8, btf, TYPES_INT, section),
	       0);
	close(btf);
}

static void check_sizes(void)
{
	struct types types;
	uint32_t id[10], i;
	int btf;

	types_init(&types);
	id[0] = types_add(&types, BTF_KIND_PTR, NULL, 0, 0);
	id[1] = types_add(&types, BTF_KIND_FLOAT, "double", 0, 8);
	id[2] = types_array(&types, TYPES_INT, 2);
	id[3] = types_add(&types, BTF_KIND_TYPEDEF, "pair", 0, id[2]);
	id[4] = types_add(&types, BTF_KIND_UNION, "either", 0, 8);
	id[5] = types_add(&types, BTF_KIND_ENUM, "large", 0, 8);
	id[6] = types_add(&types, BTF_KIND_FWD, "somewhere", 0, 0);
	id[7] = types_add(&types, BTF_KIND_TYPEDEF, "nothing", 0, 0);
	id[8] = types_add(&types, BTF_KIND_FUNC_PROTO, NULL, 0, 0);
	id[9] = types_array(&types, TYPES_INT, 0);
	btf = types_load(&types);
	for (i = 0; i < 6; i++) {
		closes("a value of 8 bytes",
		       create(HASH, 8, btf, TYPES_INT, id[i]), 0);
		closes("which is not one of 4",
		       create(HASH, 4, btf, TYPES_INT, id[i]), -EINVAL);
	}
	for (; i < 10; i++)
		closes("a value of no size",
		       create(HASH, 8, btf, TYPES_INT, id[i]), -EINVAL);
	close(btf);
}

/* ---------------------------------------------------------------- specials */

/* A map whose values have such a thing at OFF. */
static int special(uint32_t type, const char *name, uint32_t size,
		   uint32_t flags)
{
	struct types types;
	union bpf_attr attr;
	uint32_t part, key, value;
	int btf, fd;

	types_init(&types);
	part = size ? types_struct(&types, name, size) :
		      types_pointer(&types, name);
	value = types_with(&types, "value", SIZE, part, OFF);
	key = type == LPM   ? types_struct(&types, "prefix", 8) :
	      type == BLOOM ? 0 :
			      TYPES_INT;
	btf = types_load(&types);
	attr = map_of(type, SIZE, btf, key, value);
	attr.map_flags |= flags;
	fd = bpf_whole(BPF_MAP_CREATE, &attr);
	close(btf);
	return fd;
}

static int with_lock(uint32_t type)
{
	return special(type, "bpf_spin_lock", 4, 0);
}

static int freeze(int fd)
{
	union bpf_attr attr;

	memset(&attr, 0, sizeof(attr));
	attr.map_fd = (uint32_t)fd;
	return bpf_whole(BPF_MAP_FREEZE, &attr);
}

static const struct thing {
	const char *name;
	uint32_t size; /* 0: a pointer */
	uint32_t types;
} things[] = {
	{ "bpf_spin_lock", 4, LOCKABLE }, { "bpf_res_spin_lock", 4, LOCKABLE },
	{ "bpf_timer", 16, TIMABLE },	  { "bpf_wq", 16, TIMABLE },
	{ "bpf_task_work", 8, TIMABLE },  { "bpf_refcount", 4, POINTABLE },
	{ "kptr", 0, POINTABLE },	  { "kptr_untrusted", 0, POINTABLE },
	{ "percpu_kptr", 0, POINTABLE },  { "uptr", 0, 0 },
};

/* What was stored is what is there, but for the thing. */
static void check_thing(const struct thing *thing, uint32_t type)
{
	int fd = special(type, thing->name, thing->size, 0);
	uint32_t size = thing->size ? thing->size : 8;
	bool counts = !strcmp(thing->name, "bpf_refcount");
	unsigned char value[1024], want[SIZE];
	uint32_t key = 1, next;

	memset(value, 0xaa, sizeof(value));
	memset(want, 0xaa, sizeof(want));
	memset(want + OFF, 0, size);
	want[OFF] = counts;
	is(label(thing->name, "update"),
	   element(BPF_MAP_UPDATE_ELEM, fd, &key, value, 0), 0);
	is("lookup", element(BPF_MAP_LOOKUP_ELEM, fd, &key, value, 0), 0);
	is("nothing of it is seen", memcmp(value, want, SIZE), 0);
	is("next key", element(BPF_MAP_GET_NEXT_KEY, fd, NULL, &next, 0), 0);
	is("freeze", freeze(fd), -KERNEL_ENOTSUPP);
	close(fd);
}

static void check_things(void)
{
	static const uint32_t types[] = {
		HASH,
		ARRAY,
		PERCPU_ARRAY,
		BPF_MAP_TYPE_PERCPU_HASH,
		BPF_MAP_TYPE_LRU_HASH,
		BPF_MAP_TYPE_LRU_PERCPU_HASH,
		LPM,
		BLOOM,
	};
	const struct thing *thing;
	uint32_t i, k;
	int fits;

	for (i = 0; i < sizeof(things) / sizeof(things[0]); i++) {
		thing = &things[i];
		for (k = 0; k < sizeof(types) / sizeof(types[0]); k++) {
			fits = thing->types >> types[k] & 1;
			closes(label(thing->name, "create"),
			       special(types[k], thing->name, thing->size, 0),
			       fits ? 0 : -EOPNOTSUPP);
			if (fits)
				check_thing(thing, types[k]);
		}
		closes(label(thing->name, "queue"),
		       special(QUEUE, thing->name, thing->size, 0), -EINVAL);
		closes("for programs to read alone",
		       special(PERCPU_ARRAY, thing->name, thing->size,
			       BPF_F_RDONLY_PROG),
		       -EACCES);
	}
}

/* What is not quite such a thing is none: the map can be frozen. */
static void check_unspecial(void)
{
	struct types types;
	uint32_t lock, value[5], i;
	int btf, fd;

	types_init(&types);
	lock = types_struct(&types, "bpf_spin_lock", 4);
	value[0] = types_with(
		&types, "named", SIZE,
		types_add(&types, BTF_KIND_TYPEDEF, "lock", 0, lock), OFF);
	value[1] = types_with(&types, "several", SIZE,
			      types_array(&types, lock, 2), OFF);
	value[2] = types_add(&types, BTF_KIND_UNION, "either", 1, SIZE);
	types_member(&types, lock, 0);
	value[3] = types_with(&types, "none", SIZE,
			      types_array(&types, lock, 0), OFF);
	value[4] = types_array(&types, lock, SIZE / 4);
	btf = types_load(&types);
	is("no locks", btf >= 0, 1);
	for (i = 0; i < 5; i++) {
		fd = create(LPM, SIZE, btf, 0, value[i]);
		is("no lock: no key", fd, -EINVAL);
		fd = create(HASH, SIZE, btf, TYPES_INT, value[i]);
		is("no lock: freeze", freeze(fd), 0);
		close(fd);
	}
	close(btf);
}

/* Parts of parts are found; of arrays of them, what may be several. */
static void check_nested(void)
{
	struct types types;
	unsigned char bytes[SIZE], want[SIZE];
	uint32_t lock, inner, pointer, value[2], key = 0, i;
	int btf, fd;

	types_init(&types);
	lock = types_struct(&types, "bpf_spin_lock", 4);
	inner = types_with(&types, "inner", 8, lock, 4);
	value[0] = types_with(&types, "outer", SIZE,
			      types_array(&types, inner, 1), OFF);
	pointer = types_pointer(&types, "kptr");
	inner = types_with(&types, "one", 8, pointer, 0);
	value[1] = types_with(&types, "all", SIZE,
			      types_array(&types, inner, 3), OFF);
	btf = types_load(&types);
	for (i = 0; i < 2; i++) {
		fd = create(ARRAY, SIZE, btf, TYPES_INT, value[i]);
		memset(bytes, 0xaa, SIZE);
		memset(want, 0xaa, SIZE);
		memset(want + (i ? OFF : OFF + 4), 0, i ? 24 : 4);
		element(BPF_MAP_UPDATE_ELEM, fd, &key, bytes, 0);
		is("in an array of structures",
		   element(BPF_MAP_LOOKUP_ELEM, fd, &key, bytes, 0), 0);
		is("it is found", memcmp(bytes, want, SIZE), 0);
		close(fd);
	}
	close(btf);
}

/* -------------------------------------------------------------- BPF_F_LOCK */

static int batch(int command, int fd, uint32_t *keys, void *values,
		 uint64_t elem_flags, uint32_t *count)
{
	union bpf_attr attr;
	uint32_t token[2];
	int err;

	memset(&attr, 0, sizeof(attr));
	attr.batch.map_fd = (uint32_t)fd;
	attr.batch.keys = ptr(keys);
	attr.batch.values = ptr(values);
	attr.batch.out_batch = ptr(token);
	attr.batch.count = *count;
	attr.batch.elem_flags = elem_flags;
	err = bpf_whole(command, &attr);
	*count = attr.batch.count;
	return err;
}

static void check_lock_batches(uint32_t type)
{
	unsigned char values[4 * SIZE], zero[4] = { 0 };
	uint32_t keys[4] = { 0, 1, 2, 3 }, count = 4;
	int fd = with_lock(type);

	memset(values, 0xbb, sizeof(values));
	is("update_batch: a lock",
	   batch(BPF_MAP_UPDATE_BATCH, fd, keys, values, BPF_F_LOCK, &count),
	   0);
	is("update_batch: noexist",
	   batch(BPF_MAP_UPDATE_BATCH, fd, keys, values, BPF_F_LOCK | 1,
		 &count),
	   -EINVAL);
	memset(values, 0, sizeof(values));
	count = 5;
	is("lookup_batch: a lock",
	   batch(BPF_MAP_LOOKUP_BATCH, fd, keys, values, BPF_F_LOCK, &count),
	   -ENOENT);
	is("how many", count, 4);
	is("what is beside it", values[3 * SIZE], 0xbb);
	is("not what is in it", memcmp(values + 3 * SIZE + OFF, zero, 4), 0);
	count = 5;
	is("lookup_and_delete_batch: a lock",
	   batch(BPF_MAP_LOOKUP_AND_DELETE_BATCH, fd, keys, values, BPF_F_LOCK,
		 &count),
	   type == HASH ? -ENOENT : -KERNEL_ENOTSUPP);
	count = 1;
	is("delete_batch: a lock",
	   batch(BPF_MAP_DELETE_BATCH, fd, keys, NULL, BPF_F_LOCK, &count),
	   type == HASH ? -ENOENT : -KERNEL_ENOTSUPP);
	close(fd);
	fd = new_map(type, 4, 4, 4, 0);
	is("update_batch: a lock where there is none",
	   batch(BPF_MAP_UPDATE_BATCH, fd, keys, values, BPF_F_LOCK, &count),
	   -EINVAL);
	close(fd);
}

static int update(int fd, uint32_t key, uint64_t flags)
{
	unsigned char value[SIZE] = { 1 };

	return element(BPF_MAP_UPDATE_ELEM, fd, &key, value, flags);
}

static int get(int command, int fd, uint32_t key, uint64_t flags)
{
	unsigned char value[SIZE];

	return element(command, fd, &key, value, flags);
}

static void check_lock_flags(void)
{
	int array = with_lock(ARRAY), hash = with_lock(HASH);
	int timer = special(HASH, "bpf_timer", 16, 0);
	const int lookup = BPF_MAP_LOOKUP_ELEM;
	const int take = BPF_MAP_LOOKUP_AND_DELETE_ELEM;

	is("array: a lock", update(array, 1, BPF_F_LOCK), 0);
	is("exist", update(array, 1, BPF_F_LOCK | BPF_EXIST), 0);
	is("noexist", update(array, 1, BPF_F_LOCK | BPF_NOEXIST), -EEXIST);
	is("3", update(array, 1, BPF_F_LOCK | 3), -EINVAL);
	is("8", update(array, 1, BPF_F_LOCK | 8), -EINVAL);
	is("no such index", update(array, 9, BPF_F_LOCK), -E2BIG);
	is("lookup", get(lookup, array, 1, BPF_F_LOCK), 0);
	is("take", get(take, array, 1, BPF_F_LOCK), -KERNEL_ENOTSUPP);
	is("hash: lookup, missing", get(lookup, hash, 1, BPF_F_LOCK), -ENOENT);
	is("exist, missing", update(hash, 1, BPF_F_LOCK | BPF_EXIST), -ENOENT);
	is("a lock", update(hash, 1, BPF_F_LOCK), 0);
	is("noexist", update(hash, 1, BPF_F_LOCK | BPF_NOEXIST), -EEXIST);
	is("3", update(hash, 1, BPF_F_LOCK | 3), -EINVAL);
	is("lookup", get(lookup, hash, 1, BPF_F_LOCK), 0);
	is("take", get(take, hash, 1, BPF_F_LOCK), 0);
	is("take, missing", get(take, hash, 1, BPF_F_LOCK), -ENOENT);
	is("a timer is no lock", update(timer, 1, BPF_F_LOCK), -EINVAL);
	close(timer);
	close(hash);
	close(array);
}

static int map_error(int fd, int prot, off_t off)
{
	void *at = mmap(NULL, 4096, prot, MAP_SHARED, fd, off);

	return at == MAP_FAILED ? errno : 0;
}

static void check_lock_memory(void)
{
	int fd = special(ARRAY, "bpf_spin_lock", 4, BPF_F_MMAPABLE);
	int rdonly = special(ARRAY, "bpf_spin_lock", 4,
			     BPF_F_MMAPABLE | BPF_F_RDONLY);

	is("a lock: mmap", map_error(fd, PROT_READ, 0), KERNEL_ENOTSUPP);
	is("a lock: mmap, a wrong offset", map_error(fd, PROT_READ, 1 << 20),
	   KERNEL_ENOTSUPP);
	is("a lock: mmap to execute", map_error(fd, PROT_EXEC, 0), EPERM);
	is("a lock: mmap, rdonly", map_error(rdonly, PROT_READ, 0),
	   KERNEL_ENOTSUPP);
	is("a lock: mmap to write, rdonly", map_error(rdonly, PROT_WRITE, 0),
	   EACCES);
	is("a lock: freeze", freeze(fd), -KERNEL_ENOTSUPP);
	is("a lock: freeze, rdonly", freeze(rdonly), -KERNEL_ENOTSUPP);
	close(rdonly);
	close(fd);
}

static void check_lock_inner(void)
{
	int plain = new_map(HASH, 4, SIZE, 4, 0);
	int locked = with_lock(HASH), other = with_lock(HASH);
	int timer = special(HASH, "bpf_timer", 16, 0);
	union bpf_attr attr = map_of(BPF_MAP_TYPE_ARRAY_OF_MAPS, 4, 0, 0, 0);
	uint32_t key = 0;
	int outer;

	attr.inner_map_fd = (uint32_t)plain;
	outer = bpf_whole(BPF_MAP_CREATE, &attr);
	is("a map with a lock, like none",
	   element(BPF_MAP_UPDATE_ELEM, outer, &key, &locked, 0), -EINVAL);
	close(outer);
	attr.inner_map_fd = (uint32_t)locked;
	outer = bpf_whole(BPF_MAP_CREATE, &attr);
	is("a map with a lock, like another",
	   element(BPF_MAP_UPDATE_ELEM, outer, &key, &other, 0), 0);
	is("a map without, like one with",
	   element(BPF_MAP_UPDATE_ELEM, outer, &key, &plain, 0), -EINVAL);
	is("a map with a timer, like one with a lock",
	   element(BPF_MAP_UPDATE_ELEM, outer, &key, &timer, 0), -EINVAL);
	close(outer);
	close(timer);
	close(other);
	close(locked);
	close(plain);
}

/* ------------------------------------------------------------- whole values */

#define LARGE  16384u
#define ROUNDS 300

/* Bytes that are all the same are of one update. */
static bool is_whole(const unsigned char *value)
{
	uint32_t i;

	for (i = 8; i < LARGE; i++)
		if (value[i] != value[4])
			return false;
	return true;
}

static void write_rounds(int fd, unsigned char first)
{
	static unsigned char value[LARGE];
	uint32_t key = 0, i;

	for (i = 0; i < ROUNDS; i++) {
		memset(value, first + (int)(i & 63), sizeof(value));
		element(BPF_MAP_UPDATE_ELEM, fd, &key, value, BPF_F_LOCK);
	}
}

/* Who updates and looks up with a lock sees no others half done. */
static void check_whole(void)
{
	static unsigned char value[LARGE];
	struct types types;
	uint32_t lock, id, key = 0;
	int btf, fd, status, i, bad = 0;
	pid_t pid[2];

	types_init(&types);
	lock = types_struct(&types, "bpf_spin_lock", 4);
	id = types_with(&types, "large", LARGE, lock, 0);
	btf = types_load(&types);
	fd = create(ARRAY, LARGE, btf, TYPES_INT, id);
	for (i = 0; i < 2; i++) {
		pid[i] = fork();
		if (pid[i] == 0) {
			write_rounds(fd, (unsigned char)(1 + 64 * i));
			_exit(0);
		}
	}
	for (i = 0; i < 2 * ROUNDS; i++)
		bad += element(BPF_MAP_LOOKUP_ELEM, fd, &key, value,
			       BPF_F_LOCK) ||
		       !is_whole(value);
	for (i = 0; i < 2; i++)
		waitpid(pid[i], &status, 0);
	is("values are whole with a lock", bad, 0);
	close(fd);
	close(btf);
}

void check_btf(void)
{
	check_loading();
	check_keys();
	check_global();
	check_sizes();
	check_things();
	check_unspecial();
	check_nested();
	check_lock_flags();
	check_lock_batches(ARRAY);
	check_lock_batches(HASH);
	check_lock_memory();
	check_lock_inner();
	check_whole();
}
