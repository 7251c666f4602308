/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * libbpf OBJECT DIR: maps by the library that most programs of bpf(2) use;
 * OBJECT is object.bpf.c compiled, DIR a bpffs.
 *
 * libbpf ring PIN NUMBER: print as many records of a ring buffer, as they come.
 */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static int failures;

static void is(const char *name, long got, long want)
{
	printf("%sok - %s\n", got == want ? "" : "not ", name);
	if (got != want)
		printf("# got %ld, want %ld\n", got, want);
	failures += got != want;
	fflush(stdout);
}

static int print(enum libbpf_print_level level, const char *format,
		 va_list args)
{
	if (level != LIBBPF_WARN)
		return 0;
	printf("# ");
	return vprintf(format, args);
}

static void check_batches(void)
{
	LIBBPF_OPTS(bpf_map_batch_opts, opts);
	int fd = bpf_map_create(BPF_MAP_TYPE_HASH, "batches", 4, 8, 64, NULL);
	__u32 keys[64], found[64], token, count = 40, i;
	__u64 values[64], sum = 0;
	int err;

	is("create", fd >= 0, 1);
	for (i = 0; i < count; i++) {
		keys[i] = i;
		values[i] = 10 * i;
	}
	is("update_batch",
	   bpf_map_update_batch(fd, keys, values, &count, &opts), 0);
	is("its count", count, 40);
	count = 64;
	memset(values, 0, sizeof(values));
	err = bpf_map_lookup_batch(fd, NULL, &token, found, values, &count,
				   &opts);
	is("lookup_batch: to the end", err, -ENOENT);
	is("lookup_batch: all of them", count, 40);
	for (i = 0; i < count; i++)
		sum += values[i] == 10ull * found[i];
	is("lookup_batch: what they hold", (long)sum, 40);
	count = 10;
	is("delete_batch", bpf_map_delete_batch(fd, keys, &count, &opts), 0);
	is("delete_batch: gone", bpf_map_lookup_elem(fd, &keys[3], values),
	   -ENOENT);
	close(fd);
}

static struct bpf_map *map_of(struct bpf_object *object, const char *name)
{
	struct bpf_map *map;

	bpf_object__for_each_map(
		map, object) if (strstr(bpf_map__name(map), name)) return map;
	return NULL;
}

/* As a skeleton does it. */
static const int *data_of(struct bpf_object *object, const char *name, int prot)
{
	struct bpf_map *map = map_of(object, name);
	void *at;

	if (!map)
		return NULL;
	at = mmap(NULL, 4096, prot, MAP_SHARED, bpf_map__fd(map), 0);
	return at == MAP_FAILED ? NULL : at;
}

static __u32 id_of(int fd)
{
	struct bpf_map_info info = { 0 };
	__u32 len = sizeof(info);

	return bpf_obj_get_info_by_fd(fd, &info, &len) ? 0 : info.id;
}

static long slot(int outer, __u32 key)
{
	__u32 id = 0;
	int err = bpf_map_lookup_elem(outer, &key, &id);

	return err ? err : (long)id;
}

/* Maps of maps: one whose slots the object fills, one that is filled here. */
static void check_outer(struct bpf_object *object)
{
	int first = bpf_map__fd(map_of(object, "first"));
	int second = bpf_map__fd(map_of(object, "second"));
	int array = bpf_map__fd(map_of(object, "array_outer"));
	int hash = bpf_map__fd(map_of(object, "hash_outer"));
	int inner = bpf_map_create(BPF_MAP_TYPE_HASH, "inner", 8, 4, 5, NULL);
	__u32 key = 7, id = id_of(inner);

	is("array_of_maps: no map", slot(array, 0), -ENOENT);
	is("array_of_maps: the first", slot(array, 1), id_of(first));
	is("array_of_maps: the second", slot(array, 3), id_of(second));
	is("hash_of_maps: not such as was defined",
	   bpf_map_update_elem(hash, &key, &first, 0), -EINVAL);
	is("hash_of_maps: such a one",
	   bpf_map_update_elem(hash, &key, &inner, 0), 0);
	close(inner);
	is("hash_of_maps: its id", slot(hash, 7), id);
	inner = bpf_map_get_fd_by_id(id);
	is("hash_of_maps: by the id", id_of(inner), id);
	close(inner);
}

/* As in object.bpf.c. */
struct locked {
	__u32 before;
	struct bpf_spin_lock lock;
	__u64 after[4];
};

static void check_locked(struct bpf_map *map)
{
	struct locked value = { 1, { 0xaaaaaaaa }, { 2, 3, 4, 5 } };
	struct locked found = { 0 };
	__u32 key = 1;
	size_t size = sizeof(found);

	is("a lock: update",
	   bpf_map__update_elem(map, &key, sizeof(key), &value, sizeof(value),
				BPF_F_LOCK),
	   0);
	is("a lock: lookup",
	   bpf_map__lookup_elem(map, &key, sizeof(key), &found, size,
				BPF_F_LOCK),
	   0);
	is("nothing of it is seen", found.lock.val, 0);
	found.lock = value.lock;
	is("and all else", memcmp(&found, &value, size), 0);
	is("a lock: freeze", bpf_map_freeze(bpf_map__fd(map)), -524);
}

static void check_object(const char *path, const char *dir)
{
	struct bpf_object *object = bpf_object__open_file(path, NULL);
	struct bpf_map_info info = { 0 };
	struct bpf_map *counters;
	const int *data, *bss, *rodata;
	__u32 len = sizeof(info);
	char pinned[512];
	int err, fd;

	is("open the object", object != NULL, 1);
	if (!object)
		return;
	err = bpf_object__load(object);
	is("load it", err, 0);
	if (err)
		return;
	counters = map_of(object, "counters");
	data = data_of(object, ".data", PROT_READ | PROT_WRITE);
	bss = data_of(object, ".bss", PROT_READ | PROT_WRITE);
	rodata = data_of(object, ".rodata", PROT_READ);
	is(".data", data ? *data : -1, 7);
	is(".bss", bss ? *bss : -1, 0);
	is(".rodata", rodata ? *rodata : -1, 9);
	is(".rodata for writing",
	   data_of(object, ".rodata", PROT_READ | PROT_WRITE) == NULL, 1);
	is("info", bpf_obj_get_info_by_fd(bpf_map__fd(counters), &info, &len),
	   0);
	is("the map has BTF", info.btf_id && info.btf_value_type_id, 1);
	is("its name", strcmp(info.name, "counters"), 0);
	snprintf(pinned, sizeof(pinned), "%s/counters", dir);
	is("pin", bpf_map__pin(counters, pinned), 0);
	fd = bpf_obj_get(pinned);
	is("get", fd >= 0, 1);
	close(fd);
	is("unpin", bpf_map__unpin(counters, pinned), 0);
	check_outer(object);
	check_locked(map_of(object, "locked_array"));
	check_locked(map_of(object, "locked_hash"));
	bpf_object__close(object);
}

static int on_record(void *ctx, void *data, size_t size)
{
	(void)ctx;
	(void)data;
	(void)size;
	return 0;
}

static void check_rings(void)
{
	int fd = bpf_map_create(BPF_MAP_TYPE_RINGBUF, "ring", 0, 0, 8192, NULL);
	struct ring_buffer *ring = ring_buffer__new(fd, on_record, NULL, NULL);

	is("ring_buffer__new", ring != NULL, 1);
	if (!ring)
		return;
	is("ring_buffer__poll", ring_buffer__poll(ring, 10), 0);
	is("ring_buffer__consume", ring_buffer__consume(ring), 0);
	ring_buffer__free(ring);
	close(fd);
}

static int print_record(void *ctx, void *data, size_t size)
{
	int *seen = ctx;

	printf("%.*s", (int)size, (const char *)data);
	(*seen)++;
	return 0;
}

static int read_ring(const char *pin, int wanted)
{
	int seen = 0;
	int fd = bpf_obj_get(pin);
	struct ring_buffer *ring =
		ring_buffer__new(fd, print_record, &seen, NULL);

	if (!ring)
		return 1;
	puts("ready");
	fflush(stdout);
	while (seen < wanted && ring_buffer__poll(ring, 10000) > 0)
		;
	ring_buffer__free(ring);
	close(fd);
	return seen != wanted;
}

int main(int argc, char **argv)
{
	if (argc < 3)
		return 2;
	libbpf_set_print(print);
	if (argc == 4)
		return read_ring(argv[2], atoi(argv[3]));
	check_batches();
	check_object(argv[1], argv[2]);
	check_rings();
	return failures != 0;
}
