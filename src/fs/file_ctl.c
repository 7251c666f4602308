/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ctl and info, in each map: commands, and what the map is.
 */
#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "core/topology.h"
#include "core/wait.h"
#include "fmt/command.h"
#include "fmt/element.h"
#include "fmt/spec.h"
#include "fs/calls.h"
#include "fs/dir.h"
#include "fs/file.h"
#include "fs/io.h"
#include "fs/keep.h"
#include "mapfs/ioctl.h"

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
	struct command_io io = {
		.answer = file->readable ? &file->answer.text : NULL,
	};
	int tries = 0;
	int err;

	/* A pop that still waits is given up. */
	file->awaits = false;
	err = command_run(file->node.map, line, len, &io, error);
	while (err == -EBUSY && ++tries < FREEZE_TRIES) {
		nanosleep(&wait, NULL);
		err = command_run(file->node.map, line, len, &io, error);
	}
	if (!err && io.wait) {
		file->awaits = true;
		file->deadline = wait_until(io.wait);
	}
	return err;
}

/* The element comes out of the map when somebody reads it, and not before. */
static int ctl_await(struct text_file *file, struct fmt_error *error)
{
	int err;

	if (!file->awaits)
		return 0;
	err = command_pop(file->node.map, &file->answer.text, error);
	if (err == -ENOENT)
		return -EAGAIN;
	file->awaits = false;
	return err;
}

/* The number is kept as long as the file is open: see mapfs/ioctl.h. */
static int owner_get(struct text_file *file, struct fmt_error *error)
{
	int err;

	if (file->owner)
		return 0;
	err = map_owner_get(file->node.map, &file->owner);
	if (err == -EUSERS)
		return fmt_fail(error, EUSERS,
				"%u processes have the map's region in use",
				TABLE_OWNERS);
	return err ? element_fail(error, file->node.map, err) : 0;
}

static void owner_end(struct text_file *file, bool clean)
{
	if (file->owner)
		map_owner_end(file->node.map, file->owner, clean);
	file->owner = 0;
}

/* Of any size: see MAPFS_IOC_CALL. */
static bool is_call(unsigned int cmd)
{
	return _IOC_TYPE(cmd) == 'm' && cmd == MAPFS_IOC_CALL(_IOC_SIZE(cmd));
}

static int elem_ioctl(struct text_file *file, void *buf, size_t in,
		      size_t *size, struct fmt_error *error)
{
	int err;

	if (*size > in)
		*size = in;
	io_sync(&file->node);
	err = call_elem(file->node.map, buf, *size, file->readable,
			file->writable);
	io_sync(&file->node);
	return err && file->node.map ?
		       element_fail(error, file->node.map, err) :
		       err;
}

static int owner_ioctl(struct text_file *file, void *out, size_t *size,
		       struct fmt_error *error)
{
	int err;

	if (*size < sizeof(file->owner))
		return -EINVAL;
	err = owner_get(file, error);
	if (err)
		return err;
	memcpy(out, &file->owner, sizeof(file->owner));
	*size = sizeof(file->owner);
	return 0;
}

static int temporary_ioctl(struct text_file *file, const struct creds *creds,
			   const void *buf, size_t in, struct fmt_error *error)
{
	struct map_dir *dir = file->node.dir;
	uint32_t what;
	int err = keep_argument(buf, in, MAPFS_NAME_GOES, &what);

	if (!err)
		err = keep_check(dir, creds, error);
	if (err)
		return err;
	if (what == MAPFS_NAME_TEMPORARY) {
		keep_begin(file, dir, creds);
		return 0;
	}
	if (what == MAPFS_NAME_GOES)
		dir_remove(file->node.fs, dir);
	keep_end(file);
	return 0;
}

static int ctl_ioctl(struct text_file *file, const struct creds *creds,
		     unsigned int cmd, void *buf, size_t in, size_t *size,
		     struct fmt_error *error)
{
	size_t room = *size;

	if (is_call(cmd))
		return elem_ioctl(file, buf, in, size, error);
	*size = 0;
	if (cmd != MAPFS_IOC_OWNER && cmd != MAPFS_IOC_LEAVE &&
	    cmd != MAPFS_IOC_TEMPORARY)
		return -ENOTTY;
	if (!file->writable)
		return -EBADF;
	switch (cmd) {
	case MAPFS_IOC_OWNER:
		*size = room;
		return owner_ioctl(file, buf, size, error);
	case MAPFS_IOC_TEMPORARY:
		return temporary_ioctl(file, creds, buf, in, error);
	default:
		owner_end(file, true);
		return 0;
	}
}

/*
 * The last descriptor is closed, by a process that did not say that it was
 * done: it was killed, perhaps.  When it is the mount that has gone, the
 * process goes on.
 */
static void ctl_release(struct text_file *file)
{
	if (!file->node.fs->se)
		return;
	owner_end(file, false);
	keep_release(file);
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

/* Of a table: how full it is, in hundredths rounded down. */
static void info_print_table(struct text *text, struct map *map)
{
	uint64_t load = map_used_entries(map) * 100 / map->max_entries;

	text_printf(text, "load:\t%llu.%02llu\nregion_size:\t%llu\n",
		    (unsigned long long)load / 100,
		    (unsigned long long)load % 100,
		    (unsigned long long)map_region(map, 0)->size);
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
		    (unsigned long long)map_resident_bytes(map),
		    dir->access.uid, dir->access.gid,
		    io_mode_name(file->node.fs->io));
	if (map->ops->flags & MAP_TABLE)
		info_print_table(text, map);
	if (map->inner_map_meta) {
		text_puts(text, "inner:\t");
		spec_print(text, map->inner_map_meta);
		text_putc(text, '\n');
	}
	if (map->ops->map_query)
		text_printf(
			text, "consumer:\t%llu\nproducer:\t%llu\n",
			(unsigned long long)map_query(map, BPF_RB_CONS_POS),
			(unsigned long long)map_query(map, BPF_RB_PROD_POS));
	if (record_size(map))
		text_printf(text, "record_size:\t%llu\n",
			    (unsigned long long)record_size(map));
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
	.ioctl = ctl_ioctl,
	.await = ctl_await,
	.release = ctl_release,
};

const struct file_type info_file = {
	.name = "info",
	.in = KIND_MAP,
	.mode = S_IFREG | 0444,
	.applies = is_configured,
	.show = info_show,
};
