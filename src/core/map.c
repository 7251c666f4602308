/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What all map types share: the registry, creation, lifetime, the right to
 * write, and the dispatch to the types' operations.
 */
#include "core/map.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "core/shared.h"
#include "core/topology.h"
#include "core/wait.h"

#define BPF_MAP_TYPE(type_, name_, ops_) extern const struct map_ops ops_;
#include "core/map_types.def"
#undef BPF_MAP_TYPE

#define BPF_MAP_TYPE(type_, name_, ops_) [type_] = { name_, &ops_ },
static const struct {
	const char *name;
	const struct map_ops *ops;
} map_types[] = {
#include "core/map_types.def"
};
#undef BPF_MAP_TYPE

#define MAP_TYPES (sizeof(map_types) / sizeof(map_types[0]))

uint32_t map_type_end(void)
{
	return MAP_TYPES;
}

const struct map_ops *map_type_ops(uint32_t map_type)
{
	return map_type < MAP_TYPES ? map_types[map_type].ops : NULL;
}

const char *map_type_name(uint32_t map_type)
{
	return map_type < MAP_TYPES ? map_types[map_type].name : NULL;
}

uint32_t map_type_by_name(const char *name)
{
	uint32_t type;

	for (type = 0; type < MAP_TYPES; type++)
		if (map_types[type].name &&
		    strcmp(map_types[type].name, name) == 0)
			return type;
	return 0;
}

/*
 * The kernel's isalnum knows Latin-1: it takes the letters from 0xC0 on, and
 * not the multiplication and division signs among them.
 */
static bool name_char_ok(unsigned char c)
{
	if (c >= 0xc0)
		return c != 0xd7 && c != 0xf7;
	return c < 0x80 && (isalnum(c) || c == '_' || c == '.');
}

int map_name_check(const char *name)
{
	size_t i;

	for (i = 0; i < MAP_NAME_LEN; i++) {
		if (!name[i])
			return 0;
		if (!name_char_ok((unsigned char)name[i]))
			return -EINVAL;
	}
	return -EINVAL;
}

int map_refuse(struct map_refusal *refusal, int err, const char *word,
	       const char *why)
{
	if (refusal) {
		refusal->word = word;
		refusal->why = why;
	}
	return err;
}

int map_create_check(const struct map_attr *attr, struct map_refusal *refusal)
{
	const struct map_ops *ops = map_type_ops(attr->map_type);
	int err;

	if (attr->map_extra && attr->map_type != BPF_MAP_TYPE_BLOOM_FILTER)
		return map_refuse(refusal, -EINVAL, "extra",
				  "this type takes none");
	if ((attr->map_flags & BPF_F_RDONLY) &&
	    (attr->map_flags & BPF_F_WRONLY))
		return map_refuse(refusal, -EINVAL, "flags",
				  "rdonly and wronly exclude each other");
	if ((attr->map_flags & BPF_F_NUMA_NODE) &&
	    attr->numa_node != NUMA_NO_NODE &&
	    !topology_node_online(attr->numa_node))
		return map_refuse(refusal, -EINVAL, "numa",
				  "there is no such memory node online");
	if (!ops)
		return map_refuse(refusal, -EINVAL, "type",
				  "there is no such type");
	err = ops->map_alloc_check(attr, refusal);
	if (err)
		return err;
	err = map_name_check(attr->map_name);
	return err ? map_refuse(refusal, err, "name",
				"a name is at most 15 letters, digits, '_' "
				"and '.'") :
		     0;
}

int map_make_region(const struct map_attr *attr, uint64_t size,
		    struct region *region)
{
	int err = region_create(region, attr->map_name, size,
				map_attr_node(attr));

	if (err)
		return err;
	err = region_map(region, PROT_READ | PROT_WRITE, size);
	if (err)
		region_release(region);
	return err;
}

void map_init(struct map *map, const struct map_attr *attr,
	      const struct map_ops *ops)
{
	map->ops = ops;
	map->map_type = attr->map_type;
	map->key_size = attr->key_size;
	map->value_size = attr->value_size;
	map->max_entries = attr->max_entries;
	map->map_flags = attr->map_flags;
	map->map_extra = attr->map_extra;
	map->space = attr->space;
	map->numa_node = map_attr_node(attr);
	memcpy(map->name, attr->map_name, MAP_NAME_LEN);
	atomic_init(&map->refcnt, 1);
	atomic_init(&map->writecnt, 0);
	pthread_mutex_init(&map->freeze_mutex, NULL);
}

int map_create(const struct map_attr *wanted, struct charge *charge,
	       struct map_refusal *refusal, struct map **mapp)
{
	struct map_attr made = *wanted;
	struct map_attr *attr = &made;
	const struct map_ops *ops = map_type_ops(attr->map_type);
	struct map *map;
	int err;

	charge->bytes = 0;
	err = map_create_check(attr, refusal);
	if (err)
		return err;
	err = ops->map_alloc(attr, &map);
	if (err)
		return err;
	map_init(map, attr, ops);
	charge->bytes = ops->map_mem_usage(map) + MAP_OVERHEAD;
	map->charge = *charge;
	err = charge_take(&map->charge);
	if (err)
		goto err_free;
	*mapp = map;
	return 0;

err_free:
	pthread_mutex_destroy(&map->freeze_mutex);
	ops->map_free(map);
	return err;
}

void map_set_id(struct map *map, uint32_t id)
{
	map->id = id;
	if (map->ops->flags & MAP_TABLE)
		region_store(map_region(map, 0),
			     offsetof(struct region_header, map_id), &id,
			     sizeof(id));
}

/* One who attaches for writing is an owner of his own. */
static int join(struct map *map)
{
	uint32_t owner;
	int err = map_owner_get(map, &owner);

	if (err)
		return err == -EOPNOTSUPP ? 0 : err;
	map_owner_set(map, owner);
	map->joined = owner;
	map->joined_pid = getpid();
	return 0;
}

/* Give that number up; not in a child, whose parent has it. */
static void leave(struct map *map)
{
	if (map->joined && map->joined_pid == getpid())
		map_owner_end(map, map->joined, true);
	map->joined = 0;
}

static void map_free_now(struct map *map)
{
	leave(map);
	pthread_mutex_destroy(&map->freeze_mutex);
	map->ops->map_free(map);
}

int map_attach(int fd, int prot, struct map **mapp)
{
	struct map_attr attr = { 0 };
	struct region_header header;
	const struct map_ops *ops;
	struct region region;
	struct map *map;
	int err;

	err = region_attach(&region, fd);
	if (err)
		return err;
	err = region_load(&region, 0, &header, sizeof(header));
	if (err) {
		err = err == -EINVAL ? -EUCLEAN : err;
		goto err_release;
	}
	err = region_header_check(&header, region.size);
	if (err)
		goto err_release;
	ops = map_type_ops(header.map_type);
	err = -EOPNOTSUPP;
	if (!ops || !ops->map_attach)
		goto err_release;
	err = region_map(&region, prot, region.size);
	if (!err)
		err = ops->map_attach(&header, &region, &attr, &map);
	if (err)
		goto err_release;
	map_init(map, &attr, ops);
	map->id = header.map_id;
	if (prot & PROT_WRITE)
		err = join(map);
	else
		map_never_written(map);
	if (err) {
		map_free_now(map);
		return err;
	}
	*mapp = map;
	return 0;

err_release:
	region_release(&region);
	return err;
}

int map_attach_data(struct map *map, int fd)
{
	if (!map->ops->map_attach_data)
		return -EOPNOTSUPP;
	return map->ops->map_attach_data(map, fd);
}

int map_adopt(const struct map_attr *attr, const int *fd, uint32_t n, int prot,
	      bool writable, struct map **mapp)
{
	const struct map_ops *ops = map_type_ops(attr->map_type);
	struct region *regions;
	struct map *map;
	uint32_t i = 0;
	int err = 0;

	if (!ops || !ops->map_adopt)
		return -EOPNOTSUPP;
	regions = calloc(n, sizeof(*regions));
	if (!regions)
		return -ENOMEM;
	while (!err && i < n) {
		err = region_attach(&regions[i], fd[i]);
		if (err)
			break;
		i++;
		if (prot != PROT_NONE)
			err = region_map(&regions[i - 1], prot,
					 regions[i - 1].size);
	}
	if (!err)
		err = ops->map_adopt(attr, regions, n, &map);
	while (err && i--)
		region_release(&regions[i]);
	free(regions);
	if (err)
		return err;
	map_init(map, attr, ops);
	if (!writable)
		map_never_written(map);
	*mapp = map;
	return 0;
}

void map_get(struct map *map)
{
	atomic_fetch_add_explicit(&map->refcnt, 1, memory_order_relaxed);
}

/*
 * Deferred free: freeing gigabytes of pages takes long, and the one who drops
 * the last reference is serving somebody's close or rmdir.
 */
static struct {
	pthread_mutex_t lock;
	pthread_cond_t idle;
	struct map *list;
	bool running;
} freer = {
	.lock = PTHREAD_MUTEX_INITIALIZER,
	.idle = PTHREAD_COND_INITIALIZER,
};

static void *map_free_deferred(void *unused)
{
	struct map *map;

	(void)unused;
	pthread_mutex_lock(&freer.lock);
	while ((map = freer.list)) {
		freer.list = map->free_next;
		pthread_mutex_unlock(&freer.lock);
		map_free_now(map);
		pthread_mutex_lock(&freer.lock);
	}
	freer.running = false;
	pthread_cond_broadcast(&freer.idle);
	pthread_mutex_unlock(&freer.lock);
	return NULL;
}

/* Drop a reference: was it the last? */
static bool map_unref(struct map *map)
{
	if (atomic_fetch_sub_explicit(&map->refcnt, 1, memory_order_acq_rel) !=
	    1)
		return false;
	charge_give(&map->charge);
	return true;
}

void map_put_now(struct map *map)
{
	if (map_unref(map))
		map_free_now(map);
}

void map_put(struct map *map)
{
	pthread_t thread;

	if (!map_unref(map))
		return;
	pthread_mutex_lock(&freer.lock);
	if (!freer.running) {
		if (pthread_create(&thread, NULL, map_free_deferred, NULL)) {
			pthread_mutex_unlock(&freer.lock);
			map_free_now(map);
			return;
		}
		pthread_detach(thread);
		freer.running = true;
	}
	map->free_next = freer.list;
	freer.list = map;
	pthread_mutex_unlock(&freer.lock);
}

void map_free_wait(void)
{
	pthread_mutex_lock(&freer.lock);
	while (freer.running)
		pthread_cond_wait(&freer.idle, &freer.lock);
	pthread_mutex_unlock(&freer.lock);
}

uint32_t map_slot_bytes(const struct map *map)
{
	if (!(map->ops->flags & MAP_PERCPU))
		return map->value_size;
	return (map->value_size + 7) & ~7u;
}

uint32_t map_value_slots(const struct map *map)
{
	return map->ops->flags & MAP_PERCPU ? topology_cpus() : 1;
}

uint64_t map_value_bytes(const struct map *map)
{
	return (uint64_t)map_slot_bytes(map) * map_value_slots(map);
}

uint64_t map_used_entries(struct map *map)
{
	return map->ops->map_used ? map->ops->map_used(map) : map->max_entries;
}

uint64_t map_resident_bytes(struct map *map)
{
	const struct region *region;
	uint64_t bytes = 0;
	uint32_t n;

	if (map->ops->map_resident)
		return map->ops->map_resident(map);
	for (n = 0; (region = map_region(map, n)); n++)
		bytes += region_resident(region);
	return bytes;
}

bool map_meta_equal(const struct map *meta, const struct map *map)
{
	const uint32_t mode = BPF_F_RDONLY | BPF_F_WRONLY;

	return meta->map_type == map->map_type &&
	       meta->key_size == map->key_size &&
	       meta->value_size == map->value_size &&
	       (meta->map_flags & ~mode) == (map->map_flags & ~mode);
}

int map_lookup_elem_sys_only(struct map *map, const void *key, void *value)
{
	if (map->ops->map_lookup_elem_sys_only)
		return map->ops->map_lookup_elem_sys_only(map, key, value);
	return map_lookup_elem(map, key, value);
}

int map_lookup_elem_mark(struct map *map, const void *key, void *value)
{
	if (map->ops->map_lookup_elem_mark)
		return map->ops->map_lookup_elem_mark(map, key, value);
	return map_lookup_elem_sys_only(map, key, value);
}

int map_lookup_match(struct map *map, const void *key, void *match, void *value)
{
	if (!map->ops->map_lookup_match)
		return -EOPNOTSUPP;
	return map->ops->map_lookup_match(map, key, match, value);
}

int map_lookup_exact(struct map *map, const void *key, void *value)
{
	unsigned char match[LPM_KEY_MAX];
	int err;

	if (!map->ops->map_lookup_match)
		return map_lookup_elem_sys_only(map, key, value);
	err = map->ops->map_lookup_match(map, key, match, value);
	/* What contains the key and has its length is it. */
	return err ? err : memcmp(match, key, sizeof(uint32_t)) ? -ENOENT : 0;
}

int map_lookup_elem(struct map *map, const void *key, void *value)
{
	if (!map->ops->map_lookup_elem)
		return -EOPNOTSUPP;
	return map->ops->map_lookup_elem(map, key, value);
}

int map_lookup_percpu_elem(struct map *map, const void *key, void *value,
			   uint32_t cpu)
{
	if (!map->ops->map_lookup_percpu_elem)
		return -EOPNOTSUPP;
	return map->ops->map_lookup_percpu_elem(map, key, value, cpu);
}

int map_get_next_key(struct map *map, const void *key, void *next_key)
{
	if (!map->ops->map_get_next_key)
		return -EOPNOTSUPP;
	return map->ops->map_get_next_key(map, key, next_key);
}

int map_owner_get(struct map *map, uint32_t *owner)
{
	int err;

	if (!map->ops->map_owner_get)
		return -EOPNOTSUPP;
	err = map_write_get(map);
	if (err)
		return err;
	err = map->ops->map_owner_get(map, owner);
	map_write_put(map);
	return err;
}

void map_owner_set(struct map *map, uint32_t owner)
{
	leave(map);
	if (map->ops->map_owner_set)
		map->ops->map_owner_set(map, owner);
}

void map_owner_end(struct map *map, uint32_t owner, bool clean)
{
	/* What is frozen stays as it is. */
	if (!map->ops->map_owner_end || map_write_get(map))
		return;
	map->ops->map_owner_end(map, owner, clean);
	map_write_put(map);
}

int map_check(struct map *map, struct map_census *census)
{
	if (!map->ops->map_check)
		return -EOPNOTSUPP;
	return map->ops->map_check(map, census);
}

int map_seq_show_elem(struct map *map, uint64_t *pos, void *keys, void *values,
		      uint32_t count)
{
	if (!map->ops->map_seq_show_elem)
		return -EOPNOTSUPP;
	return map->ops->map_seq_show_elem(map, pos, keys, values, count);
}

ssize_t map_read(struct map *map, void *buf, size_t size, uint64_t off)
{
	if (!map->ops->map_read)
		return -EOPNOTSUPP;
	return map->ops->map_read(map, buf, size, off);
}

/*
 * The writing operations: the right to write first, as the kernel checks a
 * frozen map before it looks at anything else.
 */
#define MAP_WRITE(map, hook, ...)                                             \
	({                                                                    \
		ssize_t res_ = map_write_get(map);                            \
                                                                              \
		if (!res_) {                                                  \
			res_ = (map)->ops->hook ?                             \
				       (map)->ops->hook(map, ##__VA_ARGS__) : \
				       -EOPNOTSUPP;                           \
			map_write_put(map);                                   \
		}                                                             \
		res_;                                                         \
	})

int map_update_elem(struct map *map, const void *key, const void *value,
		    uint64_t flags)
{
	return (int)MAP_WRITE(map, map_update_elem, key, value, flags);
}

int map_update_percpu_elem(struct map *map, const void *key, const void *value,
			   uint32_t cpu, uint64_t flags)
{
	return (int)MAP_WRITE(map, map_update_percpu_elem, key, value, cpu,
			      flags);
}

int map_delete_elem(struct map *map, const void *key)
{
	return (int)MAP_WRITE(map, map_delete_elem, key);
}

int map_lookup_and_delete_elem(struct map *map, const void *key, void *value)
{
	return (int)MAP_WRITE(map, map_lookup_and_delete_elem, key, value);
}

int map_push_elem(struct map *map, const void *value, uint64_t flags)
{
	return (int)MAP_WRITE(map, map_push_elem, value, flags);
}

int map_pop_elem(struct map *map, void *value)
{
	return (int)MAP_WRITE(map, map_pop_elem, value);
}

int map_peek_elem(struct map *map, void *value)
{
	if (!map->ops->map_peek_elem)
		return -EOPNOTSUPP;
	return map->ops->map_peek_elem(map, value);
}

uint64_t map_additions(struct map *map)
{
	return map->ops->map_additions ? map->ops->map_additions(map) : 0;
}

/* The right to write is held for the one store, so a freeze may come. */
int map_wait(struct map *map, uint64_t seen, uint64_t deadline)
{
	uint32_t announced;
	uint32_t *word;
	int err;

	if (!map->ops->map_wait_word)
		return -EOPNOTSUPP;
	err = map_write_get(map);
	if (err)
		return err;
	word = map->ops->map_wait_word(map);
	announced = wait_announce(word);
	map_write_put(map);
	if (map_additions(map) != seen)
		return 0;
	if (wait_now() >= deadline)
		return -ETIMEDOUT;
	return wait_sleep(word, announced, deadline);
}

void map_wait_kick(struct map *map)
{
	if (map->ops->map_wait_word)
		wait_kick(map->ops->map_wait_word(map));
}

int map_reserve(struct map *map, uint64_t len, void **data)
{
	return (int)MAP_WRITE(map, map_reserve, len, data);
}

int map_finish(struct map *map, void *data, bool discard)
{
	return (int)MAP_WRITE(map, map_finish, data, discard);
}

/* The right to write is held all the time: a freeze finds no half record. */
int map_output(struct map *map, const void *bytes, uint64_t len)
{
	void *data;
	int err = map_write_get(map);

	if (err)
		return err;
	err = map_reserve(map, len, &data);
	if (!err) {
		shared_copy_in(data, bytes, len);
		err = map_finish(map, data, false);
	}
	map_write_put(map);
	return err;
}

ssize_t map_consume(struct map *map, void *buf, size_t size)
{
	return MAP_WRITE(map, map_consume, buf, size);
}

int map_pending(struct map *map)
{
	return map->ops->map_pending ? map->ops->map_pending(map) : -EOPNOTSUPP;
}

uint64_t map_query(struct map *map, uint32_t what)
{
	return map->ops->map_query ? map->ops->map_query(map, what) : 0;
}

ssize_t map_write(struct map *map, const void *buf, size_t size, uint64_t off)
{
	return MAP_WRITE(map, map_write, buf, size, off);
}

int map_clear(struct map *map)
{
	return (int)MAP_WRITE(map, map_clear);
}

int map_mmap(struct map *map, int prot)
{
	if (!map->ops->map_mmap)
		return -EOPNOTSUPP;
	if (!(prot & PROT_WRITE))
		return map->ops->map_mmap(map, prot);
	return (int)MAP_WRITE(map, map_mmap, prot);
}

struct region *map_region(struct map *map, uint32_t n)
{
	return map->ops->map_region ? map->ops->map_region(map, n) : NULL;
}

int map_gen_lookup(struct map *map, uint32_t n, struct mapfs_array *array)
{
	if (!map->ops->map_gen_lookup)
		return -EOPNOTSUPP;
	return map->ops->map_gen_lookup(map, n, array);
}

int map_direct_value_addr(struct map *map, uint64_t *addr, uint32_t index,
			  uint32_t off)
{
	if (!map->ops->map_direct_value_addr)
		return -EOPNOTSUPP;
	return map->ops->map_direct_value_addr(map, addr, index, off);
}

int map_direct_value_meta(struct map *map, uint64_t addr, uint32_t *index,
			  uint32_t *off)
{
	if (!map->ops->map_direct_value_meta)
		return -EOPNOTSUPP;
	return map->ops->map_direct_value_meta(map, addr, index, off);
}
