/* SPDX-License-Identifier: BSD-2-Clause */
/* The right to write, and its end. */
#include <errno.h>

#include "core/map.h"

/*
 * writecnt.  A writer adds one unless a bit is set; a freeze turns 0 into
 * FREEZING, finds out whether the memory can be sealed, and makes that FROZEN
 * or 0 again.  A writer that meets FREEZING waits for the outcome on the
 * mutex, so that a freeze which fails has disturbed nobody.
 */
#define WRITE_FROZEN   (1ull << 63)
#define WRITE_FREEZING (1ull << 62)

int map_write_get(struct map *map)
{
	uint64_t old = atomic_load(&map->writecnt);

	for (;;) {
		if (old & WRITE_FROZEN)
			return -EPERM;
		if (old & WRITE_FREEZING) {
			pthread_mutex_lock(&map->freeze_mutex);
			pthread_mutex_unlock(&map->freeze_mutex);
			old = atomic_load(&map->writecnt);
			continue;
		}
		if (atomic_compare_exchange_weak(&map->writecnt, &old, old + 1))
			return 0;
	}
}

void map_write_put(struct map *map)
{
	atomic_fetch_sub(&map->writecnt, 1);
}

void map_never_written(struct map *map)
{
	atomic_store(&map->writecnt, WRITE_FROZEN);
}

bool map_frozen(struct map *map)
{
	return atomic_load(&map->writecnt) & WRITE_FROZEN;
}

/*
 * Regions are sealed one by one.  Seals cannot be taken back, so a map of
 * several regions is first probed: with FREEZING set nobody gets a new right
 * to write through us, so a region that was free of writers stays so, but for
 * a process that opens /proc/PID/fd itself between probe and seal.  Then a
 * part of the map is sealed, the freeze is EBUSY and can be tried again.
 */
static int map_seal_regions(struct map *map, bool opens)
{
	struct region *region;
	uint32_t n;
	int err;

	if (!map->ops->map_region)
		return 0;
	for (n = 0; !opens && (region = map->ops->map_region(map, n)); n++) {
		err = region_probe_writers(region);
		if (err)
			return err;
	}
	for (n = 0; (region = map->ops->map_region(map, n)); n++) {
		err = opens ? region_seal_mapped(region) :
			      region_seal_write(region);
		if (err)
			return err;
	}
	return 0;
}

static int map_freeze_by(struct map *map, bool opens)
{
	uint64_t old = 0;
	int err = 0;

	pthread_mutex_lock(&map->freeze_mutex);
	if (!atomic_compare_exchange_strong(&map->writecnt, &old,
					    WRITE_FREEZING)) {
		err = old & WRITE_FROZEN ? -EPERM : -EBUSY;
		goto out;
	}
	err = map_seal_regions(map, opens);
	atomic_store(&map->writecnt, err ? 0 : WRITE_FROZEN);
out:
	pthread_mutex_unlock(&map->freeze_mutex);
	return err;
}

int map_freeze(struct map *map)
{
	return map_freeze_by(map, false);
}

int map_freeze_mapped(struct map *map)
{
	return map_freeze_by(map, true);
}
