/* SPDX-License-Identifier: BSD-2-Clause */
/* A map of our core as the subject of a test. */
#include <errno.h>
#include <stddef.h>
#include <string.h>
#include <sys/mman.h>

#include "mapfs/array.h"
#include "subject.h"
#include "tap.h"
#include "walk.h"

static struct core_subject *core_of(struct subject *s)
{
	return (struct core_subject *)((char *)s -
				       offsetof(struct core_subject, subject));
}

static struct map *map_of(struct subject *s)
{
	struct core_subject *core = core_of(s);

	return core->maps[core->maps[1] ? core->turn++ % 2 : 0];
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

static int core_lookup_and_delete(struct subject *s, const void *key,
				  void *value)
{
	return map_lookup_and_delete_elem(map_of(s), key, value);
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

static int core_delete_batch(struct subject *s, struct map_batch *batch)
{
	return map_delete_batch(map_of(s), batch);
}

static int core_take_batch(struct subject *s, struct map_batch *batch)
{
	return map_lookup_and_delete_batch(map_of(s), batch);
}

static int core_freeze(struct subject *s)
{
	return map_freeze(map_of(s));
}

static int core_lookup_mark(struct subject *s, const void *key, void *value)
{
	return map_lookup_elem_mark(map_of(s), key, value);
}

static int core_lookup_prog(struct subject *s, const void *key, void *value)
{
	return map_lookup_elem(map_of(s), key, value);
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
	.delete = core_delete, .lookup_and_delete = core_lookup_and_delete,   \
	.next_key = core_next_key, .lookup_batch = core_lookup_batch,         \
	.update_batch = core_update_batch, .delete_batch = core_delete_batch, \
	.take_batch = core_take_batch, .lookup_mark = core_lookup_mark,       \
	.lookup_prog = core_lookup_prog, .lookup_cpu = core_lookup_cpu,       \
	.update_cpu = core_update_cpu, .list = core_list, .read = core_read,  \
	.write = core_write, .clear = core_clear, .walk = walk_by_calls

static const struct subject_ops core_ops[] = {
	[CORE_PLAIN] = {
		CORE_OPS("core"),
		.freeze = core_freeze,
	},
	[CORE_MAPPED] = {
		CORE_OPS("core, mapped"),
		.freeze = core_freeze,
		.mmap = core_mmap,
		.peek = core_peek,
	},
	/* What is mapped elsewhere for writing cannot be frozen. */
	[CORE_ATTACHED] = {
		CORE_OPS("core, attached"),
	},
};

bool core_subject_init(struct core_subject *core, const struct map_attr *attr,
		       enum core_way way)
{
	struct charge charge = { 0 };
	int err;

	*core = (struct core_subject){ .subject.ops = &core_ops[way] };
	err = map_create(attr, &charge, NULL, &core->maps[0]);
	if (!err && way == CORE_MAPPED)
		err = map_mmap(core->maps[0], PROT_READ | PROT_WRITE);
	if (!err && way == CORE_ATTACHED)
		err = map_attach(map_region(core->maps[0], 0)->fd,
				 PROT_READ | PROT_WRITE, &core->maps[1]);
	if (!err)
		return true;
	tap_comment("%s: a map type %u key %u value %u entries %u flags %#x: "
		    "%d",
		    core->subject.ops->name, attr->map_type, attr->key_size,
		    attr->value_size, attr->max_entries, attr->map_flags, err);
	if (core->maps[0])
		map_put(core->maps[0]);
	return false;
}

void core_subject_release(struct core_subject *core)
{
	map_put(core->maps[0]);
	if (core->maps[1])
		map_put(core->maps[1]);
}

bool core_subject_check(struct core_subject *core, uint32_t elements)
{
	uint32_t owners = core->maps[1] ? 2 : 1;
	struct map *map = map_of(&core->subject);
	struct map_census census = { 0 };
	int err = map_check(map, &census);
	uint64_t used = map_used_entries(map);

	if (!err && census.elements == elements &&
	    census.free == map->max_entries - elements && !census.held &&
	    census.owners == owners && used == elements)
		return true;
	tap_comment("census: %d (%s) elements %u free %u held %u owners %u "
		    "used %llu; %u elements expected",
		    err, census.wrong ? census.wrong : "", census.elements,
		    census.free, census.held, census.owners,
		    (unsigned long long)used, elements);
	return false;
}
