/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ctl and info, in each map: commands, and what the map is.
 */
#include <errno.h>
#include <sys/stat.h>
#include <time.h>

#include "core/topology.h"
#include "fmt/command.h"
#include "fmt/spec.h"
#include "fs/dir.h"
#include "fs/file.h"
#include "fs/io.h"

static bool is_configured(const struct map *map)
{
	return map;
}

/*
 * The kernel tells of a file's close before it sends what the same process
 * does next, but does not wait for us: another thread may still be at it when
 * a freeze finds the file open.  So EBUSY is believed when it lasts.
 */
#define FREEZE_TRIES   50
#define FREEZE_WAIT_NS 1000000

static int ctl_line(struct text_file *file, const char *line, size_t len,
		    struct fmt_error *error)
{
	const struct timespec wait = { 0, FREEZE_WAIT_NS };
	int tries = 0;
	int err;

	err = command_run(file->node.map, line, len, error);
	while (err == -EBUSY && ++tries < FREEZE_TRIES) {
		nanosleep(&wait, NULL);
		err = command_run(file->node.map, line, len, error);
	}
	return err;
}

static int ctl_show(void *arg, uint64_t pos, uint64_t *next, struct text *text)
{
	const struct text_file *file = arg;

	if (pos)
		return 0;
	command_print_help(text, file->node.map);
	*next = 1;
	return 1;
}

static uint64_t resident_bytes(struct map *map)
{
	const struct region *region;
	uint64_t bytes = 0;
	uint32_t n;

	for (n = 0; (region = map_region(map, n)); n++)
		bytes += region_resident(region);
	return bytes;
}

/* bpf(2)'s fdinfo first, name for name; RDONLY and WRONLY are not shown. */
static void info_print_fdinfo(struct text *text, struct map *map)
{
	text_printf(text,
		    "map_type:\t%u\n"
		    "key_size:\t%u\n"
		    "value_size:\t%u\n"
		    "max_entries:\t%u\n"
		    "map_flags:\t0x%x\n"
		    "map_extra:\t0x%llx\n"
		    "memlock:\t%llu\n"
		    "map_id:\t%u\n"
		    "frozen:\t%u\n",
		    map->map_type, map->key_size, map->value_size,
		    map->max_entries,
		    map->map_flags & ~(uint32_t)(BPF_F_RDONLY | BPF_F_WRONLY),
		    (unsigned long long)map->map_extra,
		    (unsigned long long)map->charge.bytes, map->id,
		    map_frozen(map));
}

static int info_show(void *arg, uint64_t pos, uint64_t *next, struct text *text)
{
	const struct text_file *file = arg;
	struct map_dir *dir = file->node.dir;
	struct map *map = file->node.map;
	char name[MAP_NAME_LEN];

	if (pos)
		return 0;
	dir_name(dir, name);
	info_print_fdinfo(text, map);
	text_printf(text, "name:\t%s\ntype:\t%s\nflags:\t", name,
		    map_type_name(map->map_type));
	spec_print_flags(text, map->map_flags);
	text_printf(text,
		    "\n"
		    "entries:\t%llu\n"
		    "resident:\t%llu\n"
		    "uid:\t%u\n"
		    "gid:\t%u\n"
		    "io:\t%s\n",
		    (unsigned long long)map_used_entries(map),
		    (unsigned long long)resident_bytes(map), dir->access.uid,
		    dir->access.gid, io_mode_name(file->node.fs->io));
	if (map->ops->map_record_size)
		text_printf(text, "record_size:\t%llu\n",
			    (unsigned long long)map->ops->map_record_size(map));
	if (map->ops->flags & MAP_PERCPU)
		text_printf(text, "slot_size:\t%u\npossible_cpus:\t%u\n",
			    map_slot_bytes(map), topology_cpus());
	if (map->map_flags & BPF_F_NUMA_NODE)
		text_printf(text, "numa_node:\t%d\n", map->numa_node);
	*next = 1;
	return 1;
}

const struct file_type ctl_file = {
	.name = "ctl",
	.in = KIND_MAP,
	.mode = S_IFREG | 0666,
	.applies = is_configured,
	.show = ctl_show,
	.line = ctl_line,
	.line_max = element_line_max,
};

const struct file_type info_file = {
	.name = "info",
	.in = KIND_MAP,
	.mode = S_IFREG | 0444,
	.applies = is_configured,
	.show = info_show,
};
