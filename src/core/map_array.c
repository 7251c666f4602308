/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * array and percpu_array: every element exists from the start, zero, at a
 * place computed from its index.
 *
 * An array is one region, a packed C array from offset 0, so that the region
 * itself is the elements file.  A per-CPU array is a region for each possible
 * CPU, each such an array of slots: CPUs share no cache line and no page, and
 * the slots of one CPU can be mapped as a file of their own.  Neither has a
 * header, and nothing in them is ever trusted.
 */
#include <errno.h>
#include <limits.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "core/map.h"
#include "core/topology.h"
#include "mapfs/array.h"

struct array_map {
	struct map map;
	uint32_t elem_size;  /* bytes from one element to the next */
	uint32_t index_mask; /* see mapfs/array.h */
	uint32_t nregions;   /* 1, or the possible CPUs */
	struct region region[];
};

static struct array_map *to_array(const struct map *map)
{
	return (struct array_map *)((char *)map -
				    offsetof(struct array_map, map));
}

#define ARRAY_CREATE_FLAGS \
	(BPF_F_RDONLY | BPF_F_WRONLY | BPF_F_RDONLY_PROG | BPF_F_WRONLY_PROG)

static int array_attr_check(const struct map_attr *attr, uint32_t flags,
			    struct map_refusal *refusal)
{
	if (attr->max_entries == 0)
		return map_refuse(refusal, -EINVAL, "entries",
				  "an array has at least one");
	if (attr->key_size != sizeof(uint32_t))
		return map_refuse(refusal, -EINVAL, "key",
				  "an array's key is an index of 4 bytes");
	if (attr->value_size == 0)
		return map_refuse(refusal, -EINVAL, "value",
				  "an array's value has at least one byte");
	if (attr->map_flags & ~flags)
		return map_refuse(refusal, -EINVAL, "flags",
				  "this type does not take that one");
	if ((attr->map_flags & BPF_F_RDONLY_PROG) &&
	    (attr->map_flags & BPF_F_WRONLY_PROG))
		return map_refuse(refusal, -EINVAL, "flags",
				  "rdonly_prog and wronly_prog exclude "
				  "each other");
	return 0;
}

static int array_map_alloc_check(const struct map_attr *attr,
				 struct map_refusal *refusal)
{
	int err = array_attr_check(attr,
				   ARRAY_CREATE_FLAGS | BPF_F_NUMA_NODE |
					   BPF_F_MMAPABLE | BPF_F_INNER_MAP,
				   refusal);

	if (err)
		return err;
	if (attr->value_size > ARRAY_VALUE_MAX)
		return map_refuse(refusal, -E2BIG, "value",
				  "an array's value has at most 2^31-1 bytes");
	return 0;
}

static int percpu_array_map_alloc_check(const struct map_attr *attr,
					struct map_refusal *refusal)
{
	int err = array_attr_check(attr, ARRAY_CREATE_FLAGS | BPF_F_NUMA_NODE,
				   refusal);

	if (err)
		return err;
	/* Each CPU's slots are on its own node: no other can be asked for. */
	if ((attr->map_flags & BPF_F_NUMA_NODE) &&
	    attr->numa_node != NUMA_NO_NODE)
		return map_refuse(refusal, -EINVAL, "numa",
				  "a per-CPU map takes no memory node");
	if (attr->value_size > PERCPU_VALUE_MAX)
		return map_refuse(refusal, -E2BIG, "value",
				  "a per-CPU value has at most 32768 bytes");
	return 0;
}

/*
 * The next power of two of n, less one: the kernel's index_mask.  Its caller
 * has to see to it that nothing readable lies within the mask beyond n.
 */
static uint32_t array_index_mask(uint32_t n)
{
	return n > 1 ? UINT32_MAX >> __builtin_clz(n - 1) : 0;
}

static uint64_t array_bytes(const struct array_map *array)
{
	return (uint64_t)array->map.max_entries * array->elem_size;
}

static int array_alloc_regions(struct array_map *array, const char *name,
			       int numa_node)
{
	uint32_t i;
	int err;

	for (i = 0; i < array->nregions; i++) {
		err = region_create(&array->region[i], name, array_bytes(array),
				    numa_node);
		if (err)
			goto err_release;
	}
	return 0;

err_release:
	while (i--)
		region_release(&array->region[i]);
	return err;
}

static int array_new(const struct map_attr *attr, uint32_t elem_size,
		     uint32_t nregions, struct array_map **arrayp)
{
	struct array_map *array;

	/* As the kernel: a mask one past 2^31 entries would not fit. */
	if (attr->unpriv && attr->max_entries > 1u << 31)
		return -E2BIG;
	if (region_too_large((uint64_t)attr->max_entries * elem_size) ||
	    region_too_large((uint64_t)attr->max_entries * elem_size *
			     nregions))
		return -ENOMEM;
	array = calloc(1, sizeof(*array) + nregions * sizeof(struct region));
	if (!array)
		return -ENOMEM;
	array->map.max_entries = attr->max_entries;
	array->map.unpriv_array = attr->unpriv;
	array->elem_size = elem_size;
	array->index_mask = attr->unpriv ? array_index_mask(attr->max_entries) :
					   UINT32_MAX;
	array->nregions = nregions;
	*arrayp = array;
	return 0;
}

static int array_alloc(const struct map_attr *attr, uint32_t elem_size,
		       uint32_t nregions, struct map **map)
{
	struct array_map *array;
	int err = array_new(attr, elem_size, nregions, &array);

	if (err)
		return err;
	err = array_alloc_regions(array, attr->map_name, map_attr_node(attr));
	if (err)
		goto err_free;
	*map = &array->map;
	return 0;

err_free:
	free(array);
	return err;
}

/* Regions of others, by the elements files that they are. */
static int array_adopt(const struct map_attr *attr, uint32_t elem_size,
		       uint32_t nregions, const struct region *regions,
		       uint32_t n, struct map **map)
{
	struct array_map *array;
	uint32_t i;
	int err;

	if (n != nregions)
		return -EINVAL;
	err = array_new(attr, elem_size, nregions, &array);
	if (err)
		return err;
	for (i = 0; i < n; i++) {
		array->region[i] = regions[i];
		if (regions[i].size != array_bytes(array)) {
			free(array);
			return -EUCLEAN;
		}
	}
	*map = &array->map;
	return 0;
}

/*
 * Packed, as a C array of values is; who asks for the kernel's mmap also
 * asks for its layout.
 */
static uint32_t array_elem_size(const struct map_attr *attr)
{
	return attr->map_flags & BPF_F_MMAPABLE ? (attr->value_size + 7) & ~7u :
						  attr->value_size;
}

static int array_map_alloc(struct map_attr *attr, struct map **map)
{
	return array_alloc(attr, array_elem_size(attr), 1, map);
}

static int array_map_adopt(const struct map_attr *attr,
			   const struct region *regions, uint32_t n,
			   struct map **map)
{
	int err = array_map_alloc_check(attr, NULL);

	return err ? err :
		     array_adopt(attr, array_elem_size(attr), 1, regions, n,
				 map);
}

static int percpu_array_map_adopt(const struct map_attr *attr,
				  const struct region *regions, uint32_t n,
				  struct map **map)
{
	int err = percpu_array_map_alloc_check(attr, NULL);

	return err ? err :
		     array_adopt(attr, (attr->value_size + 7) & ~7u,
				 topology_cpus(), regions, n, map);
}

static int percpu_array_map_alloc(struct map_attr *attr, struct map **map)
{
	return array_alloc(attr, (attr->value_size + 7) & ~7u, topology_cpus(),
			   map);
}

static void array_map_free(struct map *map)
{
	struct array_map *array = to_array(map);
	uint32_t i;

	for (i = 0; i < array->nregions; i++)
		region_release(&array->region[i]);
	free(array);
}

static uint64_t array_map_mem_usage(const struct map *map)
{
	const struct array_map *array = to_array(map);
	const uint64_t page = 4096;

	return array->nregions *
	       ((array_bytes(array) + page - 1) / page * page);
}

static uint32_t key_index(const void *key)
{
	uint32_t index;

	memcpy(&index, key, sizeof(index));
	return index;
}

static uint64_t elem_offset(const struct array_map *array, uint32_t index)
{
	return (uint64_t)(index & array->index_mask) * array->elem_size;
}

static int array_map_lookup_elem(struct map *map, const void *key, void *value)
{
	const struct array_map *array = to_array(map);
	uint32_t index = key_index(key);

	if (index >= map->max_entries)
		return -ENOENT;
	if (!value)
		return 0;
	return region_load(&array->region[0], elem_offset(array, index), value,
			   map->value_size);
}

/* The order of these checks is the kernel's. */
static int array_update_check(const struct map *map, uint32_t index,
			      uint64_t flags)
{
	if (flags > BPF_EXIST)
		return -EINVAL;
	if (index >= map->max_entries)
		return -E2BIG;
	return flags == BPF_NOEXIST ? -EEXIST : 0;
}

static int array_map_update_elem(struct map *map, const void *key,
				 const void *value, uint64_t flags)
{
	const struct array_map *array = to_array(map);
	uint32_t index = key_index(key);
	int err = array_update_check(map, index, flags);

	if (err)
		return err;
	return region_store(&array->region[0], elem_offset(array, index), value,
			    map->value_size);
}

static int array_map_delete_elem(struct map *map, const void *key)
{
	(void)map;
	(void)key;
	return -EINVAL;
}

/* The last index ends the walk; one that does not exist starts it again. */
static int array_map_get_next_key(struct map *map, const void *key,
				  void *next_key)
{
	uint32_t index = key ? key_index(key) : UINT32_MAX;
	uint32_t next = index < map->max_entries ? index + 1 : 0;

	if (next == map->max_entries)
		return -ENOENT;
	memcpy(next_key, &next, sizeof(next));
	return 0;
}

/*
 * Copy up to 'count' elements from index 'first' on, region n's part, to
 * values that are 'stride' bytes apart.  Packed records go in one piece.
 */
static int array_load_run(const struct array_map *array, uint32_t n,
			  uint32_t first, uint32_t count, unsigned char *value,
			  size_t size, size_t stride)
{
	uint32_t i;
	int err = 0;

	if (size == stride && size == array->elem_size)
		return region_load(&array->region[n], elem_offset(array, first),
				   value, count * size);
	for (i = 0; i < count && !err; i++)
		err = region_load(&array->region[n],
				  elem_offset(array, first + i),
				  value + i * stride, size);
	return err;
}

static int array_map_seq_show_elem(struct map *map, uint64_t *pos, void *keys,
				   void *values, uint32_t count)
{
	const struct array_map *array = to_array(map);
	const size_t stride = map_value_bytes(map);
	const uint32_t slot = map_slot_bytes(map);
	unsigned char *key = keys;
	uint32_t first = (uint32_t)*pos;
	uint32_t i;
	int err;

	if (*pos >= map->max_entries)
		return 0;
	if (count > INT_MAX)
		count = INT_MAX;
	if (count > map->max_entries - first)
		count = map->max_entries - first;
	for (i = 0; values && i < array->nregions; i++) {
		err = array_load_run(array, i, first, count,
				     (unsigned char *)values + (size_t)i * slot,
				     slot, stride);
		if (err)
			return err;
	}
	for (i = 0; i < count; i++, first++)
		memcpy(key + i * sizeof(first), &first, sizeof(first));
	*pos += count;
	return (int)count;
}

static uint64_t array_map_record_size(const struct map *map)
{
	const struct array_map *array = to_array(map);

	return (uint64_t)array->elem_size * array->nregions;
}

/*
 * The elements file: the records' bytes in order of index and, within a
 * record, of CPU.  Moves up to 'size' bytes at 'off' by 'move', a slot's part
 * at a time; an array is one slot.
 */
static ssize_t array_each_slot(const struct array_map *array,
			       unsigned char *buf, size_t size, uint64_t off,
			       int (*move)(const struct region *region,
					   uint64_t off, unsigned char *buf,
					   size_t len))
{
	const uint64_t record = array_map_record_size(&array->map);
	const uint64_t end = record * array->map.max_entries;
	size_t done = 0;
	int err;

	if (off >= end)
		return 0;
	if (size > end - off)
		size = end - off;
	if (array->nregions == 1) {
		err = move(&array->region[0], off, buf, size);
		return err ? err : (ssize_t)size;
	}
	while (done < size) {
		uint64_t at = off + done;
		uint64_t in_record = at % record;
		uint64_t in_slot = in_record % array->elem_size;
		size_t len = array->elem_size - in_slot;

		if (len > size - done)
			len = size - done;
		err = move(&array->region[in_record / array->elem_size],
			   at / record * array->elem_size + in_slot, buf + done,
			   len);
		if (err)
			return done ? (ssize_t)done : err;
		done += len;
	}
	return (ssize_t)done;
}

static int move_out(const struct region *region, uint64_t off,
		    unsigned char *buf, size_t len)
{
	return region_load(region, off, buf, len);
}

static int move_in(const struct region *region, uint64_t off,
		   unsigned char *buf, size_t len)
{
	return region_store(region, off, buf, len);
}

static ssize_t array_map_read(struct map *map, void *buf, size_t size,
			      uint64_t off)
{
	return array_each_slot(to_array(map), buf, size, off, move_out);
}

/* EPERM past the end: what the kernel says of a sealed memfd. */
static ssize_t array_map_write(struct map *map, const void *buf, size_t size,
			       uint64_t off)
{
	ssize_t res;

	if (!size)
		return 0;
	res = array_each_slot(to_array(map), (unsigned char *)buf, size, off,
			      move_in);
	return res ? res : -EPERM;
}

static int array_map_clear(struct map *map)
{
	const struct array_map *array = to_array(map);
	uint32_t i;
	int err = 0;

	for (i = 0; i < array->nregions && !err; i++)
		err = region_zero(&array->region[i], 0, array_bytes(array));
	return err;
}

/* n: data file, 0 the elements of an array, n the slots of CPU n. */
static struct region *array_map_region(struct map *map, uint32_t n)
{
	struct array_map *array = to_array(map);

	return n < array->nregions ? &array->region[n] : NULL;
}

static int array_map_mmap(struct map *map, int prot)
{
	struct array_map *array = to_array(map);
	uint64_t reserve = array_bytes(array);
	uint32_t i;
	int err;

	if (map->unpriv_array)
		reserve = ((uint64_t)array->index_mask + 1) * array->elem_size;
	for (i = 0; i < array->nregions; i++) {
		err = region_map(&array->region[i], prot, reserve);
		if (err)
			goto err_unmap;
	}
	return 0;

err_unmap:
	while (i--)
		region_unmap(&array->region[i]);
	return err;
}

static int array_map_gen_lookup(struct map *map, uint32_t n,
				struct mapfs_array *out)
{
	const struct array_map *array = to_array(map);

	if (n >= array->nregions)
		return -ENOENT;
	if (!array->region[n].base)
		return -EINVAL;
	out->base = array->region[n].base;
	out->max_entries = map->max_entries;
	out->record_size = array->elem_size;
	out->index_mask = array->index_mask;
	return 0;
}

static int array_map_direct_value_addr(struct map *map, uint64_t *addr,
				       uint32_t index, uint32_t off)
{
	const struct array_map *array = to_array(map);

	if (!array->region[0].base || off >= map->value_size)
		return -EINVAL;
	if (index >= map->max_entries)
		return -ENOENT;
	*addr = (uint64_t)(uintptr_t)array->region[0].base +
		elem_offset(array, index) + off;
	return 0;
}

static int array_map_direct_value_meta(struct map *map, uint64_t addr,
				       uint32_t *index, uint32_t *off)
{
	const struct array_map *array = to_array(map);
	uint64_t base = (uint64_t)(uintptr_t)array->region[0].base;

	if (!base)
		return -EINVAL;
	if (addr < base || addr - base >= array_bytes(array) ||
	    (addr - base) % array->elem_size >= map->value_size)
		return -ENOENT;
	*index = (uint32_t)((addr - base) / array->elem_size);
	*off = (uint32_t)((addr - base) % array->elem_size);
	return 0;
}

/* Who compiles a lookup in counts on the number of elements. */
static bool array_map_meta_equal(const struct map *meta, const struct map *map)
{
	return map_meta_equal(meta, map) &&
	       (meta->map_flags & BPF_F_INNER_MAP ||
		meta->max_entries == map->max_entries);
}

/* The whole value set: every CPU's slot, padding included. */
static int percpu_array_map_lookup_elem_sys_only(struct map *map,
						 const void *key, void *value)
{
	const struct array_map *array = to_array(map);
	uint32_t index = key_index(key);
	unsigned char *slot = value;
	uint32_t cpu;
	int err = 0;

	if (index >= map->max_entries)
		return -ENOENT;
	for (cpu = 0; value && cpu < array->nregions && !err; cpu++)
		err = region_load(&array->region[cpu],
				  elem_offset(array, index),
				  slot + (size_t)cpu * array->elem_size,
				  array->elem_size);
	return err;
}

static int percpu_array_map_update_elem(struct map *map, const void *key,
					const void *value, uint64_t flags)
{
	const struct array_map *array = to_array(map);
	uint32_t index = key_index(key);
	const unsigned char *slot = value;
	uint32_t cpu;
	int err = array_update_check(map, index, flags);

	for (cpu = 0; cpu < array->nregions && !err; cpu++)
		err = region_store(&array->region[cpu],
				   elem_offset(array, index),
				   slot + (size_t)cpu * array->elem_size,
				   array->elem_size);
	return err;
}

static int percpu_array_map_lookup_percpu_elem(struct map *map, const void *key,
					       void *value, uint32_t cpu)
{
	const struct array_map *array = to_array(map);
	uint32_t index = key_index(key);

	if (index >= map->max_entries || cpu >= array->nregions)
		return -ENOENT;
	return region_load(&array->region[cpu], elem_offset(array, index),
			   value, map->value_size);
}

static int percpu_array_map_lookup_elem(struct map *map, const void *key,
					void *value)
{
	return percpu_array_map_lookup_percpu_elem(map, key, value,
						   topology_this_cpu());
}

static int percpu_array_map_update_percpu_elem(struct map *map, const void *key,
					       const void *value, uint32_t cpu,
					       uint64_t flags)
{
	const struct array_map *array = to_array(map);
	uint32_t index = key_index(key);
	int err = array_update_check(map, index, flags);

	if (err)
		return err;
	if (cpu >= array->nregions)
		return -ENOENT;
	return region_store(&array->region[cpu], elem_offset(array, index),
			    value, map->value_size);
}

const struct map_ops array_map_ops = {
	.flags = MAP_FIXED_KEYS,
	.map_alloc_check = array_map_alloc_check,
	.map_alloc = array_map_alloc,
	.map_adopt = array_map_adopt,
	.map_free = array_map_free,
	.map_mem_usage = array_map_mem_usage,
	.map_update_elem = array_map_update_elem,
	.map_delete_elem = array_map_delete_elem,
	.map_get_next_key = array_map_get_next_key,
	.map_lookup_batch = generic_map_lookup_batch,
	.map_update_batch = generic_map_update_batch,
	.map_lookup_elem = array_map_lookup_elem,
	.map_meta_equal = array_map_meta_equal,
	.map_seq_show_elem = array_map_seq_show_elem,
	.map_read = array_map_read,
	.map_write = array_map_write,
	.map_record_size = array_map_record_size,
	.map_clear = array_map_clear,
	.map_region = array_map_region,
	.map_mmap = array_map_mmap,
	.map_gen_lookup = array_map_gen_lookup,
	.map_direct_value_addr = array_map_direct_value_addr,
	.map_direct_value_meta = array_map_direct_value_meta,
};

const struct map_ops percpu_array_map_ops = {
	.flags = MAP_FIXED_KEYS | MAP_PERCPU,
	.map_alloc_check = percpu_array_map_alloc_check,
	.map_alloc = percpu_array_map_alloc,
	.map_adopt = percpu_array_map_adopt,
	.map_free = array_map_free,
	.map_mem_usage = array_map_mem_usage,
	.map_lookup_elem_sys_only = percpu_array_map_lookup_elem_sys_only,
	.map_update_elem = percpu_array_map_update_elem,
	.map_delete_elem = array_map_delete_elem,
	.map_get_next_key = array_map_get_next_key,
	.map_lookup_batch = generic_map_lookup_batch,
	.map_update_batch = generic_map_update_batch,
	.map_lookup_elem = percpu_array_map_lookup_elem,
	.map_lookup_percpu_elem = percpu_array_map_lookup_percpu_elem,
	.map_update_percpu_elem = percpu_array_map_update_percpu_elem,
	.map_seq_show_elem = array_map_seq_show_elem,
	.map_read = array_map_read,
	.map_write = array_map_write,
	.map_record_size = array_map_record_size,
	.map_clear = array_map_clear,
	.map_region = array_map_region,
	.map_mmap = array_map_mmap,
	.map_gen_lookup = array_map_gen_lookup,
};
