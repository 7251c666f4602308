/* SPDX-License-Identifier: BSD-2-Clause */
/* A map of our core as the subject of a test. */
#include <errno.h>
#include <stddef.h>
#include <string.h>
#include <sys/mman.h>

#include "mapfs/array.h"
#include "subject.h"

static struct map *map_of(struct subject *s)
{
	return ((struct core_subject *)((char *)s -
					offsetof(struct core_subject, subject)))
		->map;
}

static int core_lookup(struct subject *s, const void *key, void *value)
{
	return map_lookup_elem_sys_only(map_of(s), key, value);
}

static int core_update(struct subject *s, const void *key, const void *value,
		       uint64_t flags)
{
	return map_update_elem(map_of(s), key, value, flags);
}

static int core_delete(struct subject *s, const void *key)
{
	return map_delete_elem(map_of(s), key);
}

static int core_next_key(struct subject *s, const void *key, void *next)
{
	return map_get_next_key(map_of(s), key, next);
}

static int core_lookup_batch(struct subject *s, struct map_batch *batch)
{
	return map_lookup_batch(map_of(s), batch);
}

static int core_update_batch(struct subject *s, struct map_batch *batch)
{
	return map_update_batch(map_of(s), batch);
}

static int core_freeze(struct subject *s)
{
	return map_freeze(map_of(s));
}

static int core_lookup_cpu(struct subject *s, const void *key, void *value,
			   uint32_t cpu)
{
	return map_lookup_percpu_elem(map_of(s), key, value, cpu);
}

static int core_update_cpu(struct subject *s, const void *key,
			   const void *value, uint32_t cpu, uint64_t flags)
{
	return map_update_percpu_elem(map_of(s), key, value, cpu, flags);
}

static int core_list(struct subject *s, uint64_t *pos, void *keys, void *values,
		     uint32_t count)
{
	return map_seq_show_elem(map_of(s), pos, keys, values, count);
}

static ssize_t core_read(struct subject *s, void *buf, size_t size,
			 uint64_t off)
{
	return map_read(map_of(s), buf, size, off);
}

static ssize_t core_write(struct subject *s, const void *buf, size_t size,
			  uint64_t off)
{
	return map_write(map_of(s), buf, size, off);
}

static int core_clear(struct subject *s)
{
	return map_clear(map_of(s));
}

static int core_mmap(struct subject *s, int prot)
{
	return map_mmap(map_of(s), prot);
}

static int core_peek(struct subject *s, uint32_t index, uint32_t cpu,
		     void *slot)
{
	struct map *map = map_of(s);
	struct mapfs_array array;
	const void *at;
	int err;

	err = map_gen_lookup(map, cpu, &array);
	if (err)
		return err;
	at = mapfs_array_lookup(&array, index);
	if (!at)
		return -ENOENT;
	memcpy(slot, at, map->value_size);
	return 0;
}

#define CORE_OPS(name_)                                                       \
	.name = name_, .lookup = core_lookup, .update = core_update,          \
	.delete = core_delete, .next_key = core_next_key,                     \
	.lookup_batch = core_lookup_batch, .update_batch = core_update_batch, \
	.freeze = core_freeze, .lookup_cpu = core_lookup_cpu,                 \
	.update_cpu = core_update_cpu, .list = core_list, .read = core_read,  \
	.write = core_write, .clear = core_clear

static const struct subject_ops core_ops = {
	CORE_OPS("core"),
};

static const struct subject_ops core_mapped_ops = {
	CORE_OPS("core, mapped"),
	.mmap = core_mmap,
	.peek = core_peek,
};

int core_subject_init(struct core_subject *core, const struct map_attr *attr,
		      bool mapped)
{
	struct charge charge = { 0 };
	int err;

	core->subject.ops = mapped ? &core_mapped_ops : &core_ops;
	err = map_create(attr, &charge, NULL, &core->map);
	if (err || !mapped)
		return err;
	err = map_mmap(core->map, PROT_READ | PROT_WRITE);
	if (err)
		core_subject_release(core);
	return err;
}

void core_subject_release(struct core_subject *core)
{
	map_put(core->map);
}
