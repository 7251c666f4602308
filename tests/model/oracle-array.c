/* SPDX-License-Identifier: BSD-2-Clause */
#include "oracle-array.h"

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "core/topology.h"

static struct oracle_array *oracle_of(struct subject *s)
{
	return (struct oracle_array *)((char *)s -
				       offsetof(struct oracle_array, subject));
}

static uint32_t index_of(const void *key)
{
	uint32_t index;

	memcpy(&index, key, sizeof(index));
	return index;
}

static unsigned char *element(struct oracle_array *o, uint32_t index)
{
	return o->file + index * o->record;
}

static int oracle_lookup(struct subject *s, const void *key, void *value)
{
	struct oracle_array *o = oracle_of(s);
	uint32_t index = index_of(key);

	if (index >= o->max_entries)
		return -ENOENT;
	memcpy(value, element(o, index), o->value_bytes);
	return 0;
}

static int update_error(struct oracle_array *o, uint32_t index, uint64_t flags)
{
	if (o->frozen)
		return -EPERM;
	if (flags != BPF_ANY && flags != BPF_NOEXIST && flags != BPF_EXIST)
		return -EINVAL;
	if (index >= o->max_entries)
		return -E2BIG;
	return flags == BPF_NOEXIST ? -EEXIST : 0;
}

static int oracle_update(struct subject *s, const void *key, const void *value,
			 uint64_t flags)
{
	struct oracle_array *o = oracle_of(s);
	uint32_t index = index_of(key);
	int err = update_error(o, index, flags);

	if (!err)
		memcpy(element(o, index), value, o->value_bytes);
	return err;
}

static int oracle_delete(struct subject *s, const void *key)
{
	(void)key;
	return oracle_of(s)->frozen ? -EPERM : -EINVAL;
}

static int oracle_lookup_and_delete(struct subject *s, const void *key,
				    void *value)
{
	(void)key;
	(void)value;
	return oracle_of(s)->frozen ? -EPERM : -EOPNOTSUPP;
}

static int oracle_delete_batch(struct subject *s, struct map_batch *batch)
{
	(void)batch;
	return oracle_of(s)->frozen ? -EPERM : -EOPNOTSUPP;
}

static int oracle_next_key(struct subject *s, const void *key, void *next)
{
	struct oracle_array *o = oracle_of(s);
	uint32_t index = 0;

	if (key && index_of(key) < o->max_entries)
		index = index_of(key) + 1;
	if (index == o->max_entries)
		return -ENOENT;
	memcpy(next, &index, sizeof(index));
	return 0;
}

static int oracle_lookup_batch(struct subject *s, struct map_batch *batch)
{
	struct oracle_array *o = oracle_of(s);
	uint32_t count = batch->count;
	uint32_t *keys = batch->keys;
	unsigned char *values = batch->values;
	uint32_t index = 0;

	if (batch->elem_flags)
		return -EINVAL;
	if (!count)
		return 0;
	batch->count = 0;
	if (batch->in_batch && index_of(batch->in_batch) < o->max_entries)
		index = index_of(batch->in_batch) + 1;
	for (; batch->count < count; index++, batch->count++) {
		if (index == o->max_entries)
			return -ENOENT;
		if (!keys || !values || !batch->out_batch)
			return -EFAULT;
		keys[batch->count] = index;
		memcpy(values + batch->count * o->value_bytes,
		       element(o, index), o->value_bytes);
		memcpy(batch->out_batch, &index, sizeof(index));
	}
	return 0;
}

static int oracle_update_batch(struct subject *s, struct map_batch *batch)
{
	struct oracle_array *o = oracle_of(s);
	uint32_t count = batch->count;
	uint32_t *keys = batch->keys;
	unsigned char *values = batch->values;
	int err = 0;

	if (o->frozen)
		return -EPERM;
	if (batch->elem_flags)
		return -EINVAL;
	if (!count)
		return 0;
	batch->count = 0;
	if (!keys || !values)
		return -EFAULT;
	while (batch->count < count) {
		err = oracle_update(s, &keys[batch->count],
				    values + batch->count * o->value_bytes, 0);
		if (err)
			break;
		batch->count++;
	}
	return err;
}

static int oracle_freeze(struct subject *s)
{
	struct oracle_array *o = oracle_of(s);

	if (o->frozen)
		return -EPERM;
	o->frozen = true;
	return 0;
}

static int oracle_lookup_cpu(struct subject *s, const void *key, void *value,
			     uint32_t cpu)
{
	struct oracle_array *o = oracle_of(s);
	uint32_t index = index_of(key);

	if (!o->percpu)
		return -EOPNOTSUPP;
	if (index >= o->max_entries || cpu >= o->nslots)
		return -ENOENT;
	memcpy(value, element(o, index) + cpu * o->slot, o->value_size);
	return 0;
}

static int oracle_lookup_prog(struct subject *s, const void *key, void *value)
{
	struct oracle_array *o = oracle_of(s);

	return o->percpu ?
		       oracle_lookup_cpu(s, key, value, topology_this_cpu()) :
		       oracle_lookup(s, key, value);
}

static int oracle_update_cpu(struct subject *s, const void *key,
			     const void *value, uint32_t cpu, uint64_t flags)
{
	struct oracle_array *o = oracle_of(s);
	uint32_t index = index_of(key);
	int err;

	if (!o->percpu)
		return o->frozen ? -EPERM : -EOPNOTSUPP;
	err = update_error(o, index, flags);
	if (err)
		return err;
	if (cpu >= o->nslots)
		return -ENOENT;
	memcpy(element(o, index) + cpu * o->slot, value, o->value_size);
	return 0;
}

static int oracle_list(struct subject *s, uint64_t *pos, void *keys,
		       void *values, uint32_t count)
{
	struct oracle_array *o = oracle_of(s);
	uint32_t *key = keys;
	unsigned char *value = values;
	int n;

	for (n = 0; count-- && *pos < o->max_entries; n++, ++*pos) {
		key[n] = (uint32_t)*pos;
		if (value)
			memcpy(value + (size_t)n * o->value_bytes,
			       element(o, key[n]), o->value_bytes);
	}
	return n;
}

static ssize_t oracle_read(struct subject *s, void *buf, size_t size,
			   uint64_t off)
{
	struct oracle_array *o = oracle_of(s);
	unsigned char *byte = buf;
	ssize_t n;

	for (n = 0; size-- && off < o->record * o->max_entries; n++)
		byte[n] = o->file[off++];
	return n;
}

static ssize_t oracle_write(struct subject *s, const void *buf, size_t size,
			    uint64_t off)
{
	struct oracle_array *o = oracle_of(s);
	const unsigned char *byte = buf;
	ssize_t n;

	if (o->frozen || (size && off >= o->record * o->max_entries))
		return -EPERM;
	for (n = 0; size-- && off < o->record * o->max_entries; n++)
		o->file[off++] = byte[n];
	return n;
}

static int oracle_clear(struct subject *s)
{
	struct oracle_array *o = oracle_of(s);

	if (o->frozen)
		return -EPERM;
	memset(o->file, 0, o->record * o->max_entries);
	return 0;
}

static int oracle_mmap(struct subject *s, int prot)
{
	return oracle_of(s)->frozen && prot & PROT_WRITE ? -EPERM : 0;
}

static int oracle_peek(struct subject *s, uint32_t index, uint32_t cpu,
		       void *slot)
{
	struct oracle_array *o = oracle_of(s);

	if (index >= o->max_entries || cpu >= o->nslots)
		return -ENOENT;
	memcpy(slot, element(o, index) + cpu * o->slot, o->value_size);
	return 0;
}

static const struct subject_ops oracle_ops = {
	.name = "oracle",
	.lookup = oracle_lookup,
	.update = oracle_update,
	.delete = oracle_delete,
	.lookup_and_delete = oracle_lookup_and_delete,
	.next_key = oracle_next_key,
	.lookup_batch = oracle_lookup_batch,
	.update_batch = oracle_update_batch,
	.delete_batch = oracle_delete_batch,
	.freeze = oracle_freeze,
	.lookup_mark = oracle_lookup,
	.lookup_prog = oracle_lookup_prog,
	.lookup_cpu = oracle_lookup_cpu,
	.update_cpu = oracle_update_cpu,
	.list = oracle_list,
	.read = oracle_read,
	.write = oracle_write,
	.clear = oracle_clear,
	.mmap = oracle_mmap,
	.peek = oracle_peek,
};

void oracle_array_init(struct oracle_array *oracle, const struct map_attr *attr,
		       uint32_t cpus)
{
	uint32_t padded = (attr->value_size + 7) / 8 * 8;

	*oracle = (struct oracle_array){
		.subject.ops = &oracle_ops,
		.percpu = attr->map_type == BPF_MAP_TYPE_PERCPU_ARRAY,
		.max_entries = attr->max_entries,
		.value_size = attr->value_size,
		.slot = attr->value_size,
		.nslots = 1,
		.value_bytes = attr->value_size,
		.record = attr->value_size,
	};
	if (oracle->percpu) {
		oracle->slot = padded;
		oracle->nslots = cpus;
		oracle->value_bytes = (size_t)padded * cpus;
		oracle->record = oracle->value_bytes;
	} else if (attr->map_flags & BPF_F_MMAPABLE) {
		oracle->record = padded;
	}
	oracle->file = calloc(attr->max_entries, oracle->record);
	if (!oracle->file)
		abort();
}

void oracle_array_release(struct oracle_array *oracle)
{
	free(oracle->file);
}
