/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What programs that are compiled already count on.  And the names of the
 * library's inside are a program's own to use: those here are in the core, too.
 */
#include <mapfs/mapfs.h>

#include <stdio.h>

#define IS(what, number) _Static_assert((what) == (number), #what)

#if UINTPTR_MAX == UINT64_MAX
IS(sizeof(struct mapfs_info), 80);
IS(offsetof(struct mapfs_info, sz), 0);
IS(offsetof(struct mapfs_info, map_type), 8);
IS(offsetof(struct mapfs_info, id), 12);
IS(offsetof(struct mapfs_info, key_size), 16);
IS(offsetof(struct mapfs_info, value_size), 20);
IS(offsetof(struct mapfs_info, value_bytes), 24);
IS(offsetof(struct mapfs_info, max_entries), 32);
IS(offsetof(struct mapfs_info, map_flags), 36);
IS(offsetof(struct mapfs_info, entries), 40);
IS(offsetof(struct mapfs_info, cpus), 48);
IS(offsetof(struct mapfs_info, io), 52);
IS(offsetof(struct mapfs_info, frozen), 56);
IS(offsetof(struct mapfs_info, name), 57);
IS(sizeof(struct mapfs_array), 24);
IS(offsetof(struct mapfs_array, base), 0);
IS(offsetof(struct mapfs_array, max_entries), 8);
IS(offsetof(struct mapfs_array, record_size), 12);
IS(offsetof(struct mapfs_array, index_mask), 16);
#endif
IS(sizeof(struct mapfs_iter), 8);
IS(MAPFS_ANY, 0);
IS(MAPFS_NOEXIST, 1);
IS(MAPFS_EXIST, 2);
IS(MAPFS_IO_MEMORY, 1);
IS(MAPFS_IO_FILES, 2);
IS(MAPFS_THIS_CPU, UINT32_MAX);

int map_get(void);
int lib_join(void);
int region_map(void);

int map_get(void)
{
	return 1;
}

int lib_join(void)
{
	return 2;
}

int region_map(void)
{
	return 3;
}

int main(void)
{
	struct mapfs_map *map = mapfs_open("/", O_RDONLY);

	mapfs_close(map);
	if (map || mapfs_version() != MAPFS_VERSION)
		return 1;
	return map_get() + lib_join() + region_map() == 6 ? 0 : 1;
}
