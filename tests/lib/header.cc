/* SPDX-License-Identifier: BSD-2-Clause */
/* The headers as C++: with every function called, so that it links. */
#include <mapfs/ioctl.h>
#include <mapfs/mapfs.h>

int main(int argc, char **)
{
	struct mapfs_iter iter = MAPFS_ITER_INIT;
	struct mapfs_map *map = mapfs_open("/", O_RDONLY);
	struct mapfs_info info = {};
	struct mapfs_array array;
	uint64_t buffer[8] = {};
	uint32_t n = 1;

	if (argc == 1)
		return map || mapfs_version() != MAPFS_VERSION;
	mapfs_create("", "");
	mapfs_destroy("");
	mapfs_info(map, &info);
	mapfs_freeze(map);
	mapfs_lookup(map, buffer, buffer);
	mapfs_update(map, buffer, buffer, MAPFS_ANY);
	mapfs_delete(map, buffer);
	mapfs_lookup_and_delete(map, buffer, buffer);
	mapfs_next_key(map, buffer, buffer);
	mapfs_iter_next(map, &iter, buffer, buffer);
	mapfs_push(map, buffer, 0);
	mapfs_pop(map, buffer);
	mapfs_pop_wait(map, buffer, 0);
	mapfs_peek(map, buffer);
	mapfs_lookup_cpu(map, buffer, MAPFS_THIS_CPU, buffer);
	mapfs_update_cpu(map, buffer, 0, buffer, 0);
	mapfs_value_addr(map, 0, 0);
	mapfs_value_index(map, buffer, 0, &n, &n);
	mapfs_array(map, 0, &array);
	mapfs_array_lookup(&array, 0);
	mapfs_batch_token(map);
	mapfs_lookup_batch(map, nullptr, buffer, buffer, buffer, &n);
	mapfs_lookup_and_delete_batch(map, nullptr, buffer, buffer, buffer, &n);
	mapfs_update_batch(map, buffer, buffer, &n);
	mapfs_delete_batch(map, buffer, &n);
	mapfs_close(map);
	return 0;
}
