/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * faults MAPFS FAULT.SO [thorough]: the daemon has no memory, no descriptor or
 * no thread at the Nth call that needs one, for every N until what was asked
 * for is done without; the Nth alone, and every one from there on.  It goes
 * on, says so by an errno, and nothing of what failed is left.  With
 * 'thorough', that is looked at after each N and not after the last alone.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/wait.h>
#include <unistd.h>

#include <mapfs/mapfs.h>

#include "death/harness.h"
#include "mount.h"
#include "types.h"

/* No request needs as many calls. */
#define CALLS_MAX 4000u

static struct mount mount;
static bool thorough;
static uint64_t injected;
static uint64_t refused;

/* ---------------------------------------------------------------- requests */

/* What is asked of the daemon, of a map of this type. */
struct request {
	const char *name;
	int (*run)(const struct type *type, const char *file);
	bool unmade; /* begins without a map */
};

static const char *at(const char *name, const char *file)
{
	static char path[256];

	snprintf(path, sizeof(path), "%s/%s%s%s", mount.path, name,
		 file[0] ? "/" : "", file);
	return path;
}

static int put(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	int err = 0;

	if (fd < 0)
		return -errno;
	if (write(fd, text, strlen(text)) < 0)
		err = -errno;
	close(fd);
	return err;
}

static int create_map(const struct type *type, const char *file)
{
	char line[128];

	(void)file;
	snprintf(line, sizeof(line), "a %s\n", type->spec);
	return put(at("create", ""), line);
}

static int make_and_configure(const struct type *type, const char *file)
{
	(void)file;
	if (mkdir(at("a", ""), 0755) < 0)
		return -errno;
	return put(at("a", "create"), type->spec);
}

static int destroy(const struct type *type, const char *file)
{
	(void)type;
	(void)file;
	return rmdir(at("a", "")) < 0 ? -errno : 0;
}

/* Somebody still has it open. */
static int destroy_open(const struct type *type, const char *file)
{
	int fd = open(at("a", "info"), O_RDONLY | O_CLOEXEC);
	int err = fd < 0 ? -errno : destroy(type, file);

	close(fd);
	return err;
}

static int move(const struct type *type, const char *file)
{
	char from[256];

	(void)type;
	(void)file;
	strcpy(from, at("a", ""));
	return rename(from, at("b", "")) < 0 ? -errno : 0;
}

static int list(const char *path)
{
	DIR *dir = opendir(path);
	int err;

	if (!dir)
		return -errno;
	errno = 0;
	while (readdir(dir))
		;
	err = -errno;
	closedir(dir);
	return err;
}

static int read_file(const struct type *type, const char *file)
{
	const char *path = at("a", file);
	struct stat st;
	char text[64];
	int err = 0;
	int fd;

	(void)type;
	if (stat(path, &st) < 0)
		return -errno;
	if (S_ISDIR(st.st_mode))
		return list(path);
	fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	if (read(fd, text, sizeof(text)) < 0)
		err = -errno;
	close(fd);
	return err;
}

static int read_maps(const struct type *type, const char *file)
{
	(void)type;
	(void)file;
	return read_file(type, "../maps");
}

static int command(const struct type *type, const char *file)
{
	(void)file;
	return type->command ? put(at("a", "ctl"), type->command) : 0;
}

static int clear(const struct type *type, const char *file)
{
	(void)type;
	(void)file;
	return put(at("a", "ctl"), "clear\n");
}

static int freeze(const struct type *type, const char *file)
{
	(void)type;
	(void)file;
	return put(at("a", "ctl"), "freeze\n");
}

static int record(const struct type *type, const char *file)
{
	(void)type;
	(void)file;
	return put(at("a", "stream"), "record");
}

static int use_library(const struct type *type, const char *file)
{
	struct mapfs_map *map = mapfs_open(at("a", ""), O_RDWR);
	uint32_t key[2] = { 1, 0 };
	uint64_t value[1024] = { 7 };
	int err;

	(void)type;
	(void)file;
	if (!map)
		return -errno;
	err = mapfs_update(map, key, value, MAPFS_ANY);
	if (err == -EOPNOTSUPP)
		err = mapfs_push(map, value, MAPFS_ANY);
	mapfs_close(map);
	return err;
}

static const struct request requests[] = {
	{ "create", create_map, true },
	{ "mkdir and create", make_and_configure, true },
	{ "rmdir", destroy, false },
	{ "rmdir of an open map", destroy_open, false },
	{ "rename", move, false },
	{ "maps", read_maps, false },
	{ "a command", command, false },
	{ "clear", clear, false },
	{ "freeze", freeze, false },
	{ "a record", record, false },
	{ "libmapfs", use_library, false },
};

/* ---------------------------------------------------------------- faults */

static void arm(uint32_t nth, bool lasting)
{
	atomic_store(&mount.fault->nth, 0);
	atomic_store(&mount.fault->seen, 0);
	atomic_store(&mount.fault->lasting, lasting);
	atomic_store(&mount.fault->nth, nth);
}

/* True if a call failed since. */
static bool disarm(void)
{
	uint32_t nth = atomic_exchange(&mount.fault->nth, 0);

	return nth && atomic_load(&mount.fault->seen) >= nth;
}

static bool is_lack(int err)
{
	return err == -ENOMEM || err == -EMFILE || err == -ENFILE ||
	       err == -EAGAIN;
}

static bool exists(const char *name)
{
	struct stat st;

	return stat(at(name, ""), &st) == 0;
}

static void set_up(const struct request *request, const struct type *type)
{
	int err = request->unmade ? 0 : create_map(type, "");

	if (!err && !request->unmade)
		err = command(type, "");
	if (err)
		complain("%s, %s: the map cannot be made: %d", type->name,
			 request->name, err);
}

/* What is there is a whole map, or one that can still be configured. */
static void tear_down(const struct request *request, const struct type *type,
		      int err, int natural)
{
	const char *name = exists("b") ? "b" : "a";
	bool is_there = exists(name);
	int res;

	if (request->run == create_map && err && is_there)
		complain("%s: create failed and there is a map", type->name);
	if (request->run == make_and_configure && err && is_there &&
	    put(at("a", "create"), type->spec))
		complain("%s: what was not configured cannot be", type->name);
	if (request->run == move && !is_there)
		complain("%s: rename: %d, and the map is gone", type->name,
			 err);
	if (!err != !natural && !is_lack(err))
		complain("%s, %s: %d", type->name, request->name, err);
	if (is_there) {
		res = rmdir(at(name, "")) < 0 ? -errno : 0;
		if (res)
			complain("%s, %s: rmdir afterwards: %d", type->name,
				 request->name, res);
	}
}

static bool inject(const struct request *request, const struct type *type,
		   const char *file, uint32_t nth, bool lasting, int *err)
{
	struct statvfs st;
	bool fired;

	set_up(request, type);
	arm(nth, lasting);
	*err = request->run(type, file);
	/* What closing a file leads to comes after it. */
	statvfs(mount.path, &st);
	fired = disarm();
	return fired;
}

static void sweep_request(const struct request *request,
			  const struct type *type, const char *file)
{
	struct usage before;
	uint32_t nth = 0;
	char when[128];
	unsigned int lasting;
	int natural, err;
	bool fired;

	inject(request, type, file, 0, false, &natural);
	tear_down(request, type, natural, natural);
	mount_usage(&mount, &before);
	do {
		nth++;
		fired = false;
		for (lasting = 0; lasting < 2 && !complained(); lasting++) {
			err = 0;
			if (inject(request, type, file, nth, lasting, &err)) {
				fired = true;
				injected++;
				refused += is_lack(err);
			} else if (err != natural) {
				complain("%s, %s %s: %d untouched, then %d",
					 type->name, request->name, file,
					 natural, err);
			}
			tear_down(request, type, err, natural);
			snprintf(when, sizeof(when), "%s, %s %s, %s%s call %u",
				 type->name, request->name, file,
				 mount.fault->what, lasting ? " from" : "",
				 nth);
			if (thorough)
				mount_settle(&mount, &before, when);
		}
	} while (fired && nth < CALLS_MAX && !complained());
	mount_settle(&mount, &before, when);
	if (nth == CALLS_MAX)
		complain("%s, %s: never done", type->name, request->name);
}

#define FILES 24u

/* The names in the map's directory, which opened one by one. */
static void sweep_files(const struct type *type)
{
	static const struct request open_file = { "open", read_file, false };
	static char names[FILES][64];
	struct dirent *entry;
	uint32_t count = 0;
	uint32_t i;
	DIR *dir;

	if (create_map(type, ""))
		return;
	dir = opendir(at("a", ""));
	while (dir && count < FILES && (entry = readdir(dir)))
		if (entry->d_name[0] != '.')
			snprintf(names[count++], sizeof(names[0]), "%.63s",
				 entry->d_name);
	if (dir)
		closedir(dir);
	destroy(type, "");
	for (i = 0; i < count; i++)
		sweep_request(&open_file, type, names[i]);
	if (type->command) {
		sweep_request(&open_file, type, "entries/1");
		sweep_request(&open_file, type, "lookup/10.1.2.3");
		sweep_request(&open_file, type, "percpu/0");
	}
	if (count < 3)
		complain("%s: %u files", type->name, count);
}

/* Threads are there before anything is counted. */
static void warm_up(const struct type *type)
{
	size_t i;

	for (i = 0; i < sizeof(requests) / sizeof(requests[0]); i++) {
		set_up(&requests[i], type);
		requests[i].run(type, "");
		rmdir(at("a", ""));
		rmdir(at("b", ""));
	}
}

static bool start(void)
{
	char said[256] = "";
	int status;

	if (mount_start(&mount, &status, said, sizeof(said)))
		return true;
	tap_comment("no mount: %s", said);
	return false;
}

static void sweep_type(const struct type *type)
{
	uint64_t was = injected;
	size_t i;

	if (!start())
		complain("no mount");
	if (type >= &types[TYPES_PLAIN] &&
	    put(at("create", ""), "array type array key 4 value 8 entries 64"))
		complain("%s: no inner map", type->name);
	warm_up(type);
	for (i = 0; i < sizeof(requests) / sizeof(requests[0]); i++)
		sweep_request(&requests[i], type, "");
	sweep_files(type);
	mount_stop(&mount);
	verdict("%s: %llu faults", type->name,
		(unsigned long long)(injected - was));
}

/* ---------------------------------------------------------------- start */

static void write_specs(const char *path)
{
	FILE *file = fopen(path, "we");
	size_t i;

	for (i = 0; file && i < (thorough ? TYPES_PLAIN : 2); i++)
		fprintf(file, "m%zu %s\n", i, types[i].spec);
	if (file)
		fclose(file);
}

static void sweep_start(void)
{
	uint32_t mounted = 0;
	char specs[128];
	char said[256];
	uint32_t nth = 0;
	int status;
	bool fired;

	snprintf(specs, sizeof(specs), "%s/specs", mount.dir);
	write_specs(specs);
	snprintf(mount.options, sizeof(mount.options), "maps=%.57s", specs);
	do {
		nth++;
		said[0] = '\0';
		arm(nth, false);
		if (mount_start(&mount, &status, said, sizeof(said))) {
			fired = disarm();
			mounted++;
			if (list(mount.path))
				complain("start, call %u: it does not work",
					 nth);
			mount_stop(&mount);
			continue;
		}
		fired = disarm();
		if (WIFSIGNALED(status))
			complain("start, call %u (%s): %s", nth,
				 mount.fault->what,
				 strsignal(WTERMSIG(status)));
		else if (!said[0])
			complain("start, call %u (%s): not a word", nth,
				 mount.fault->what);
	} while (fired && nth < CALLS_MAX && !complained());
	unlink(specs);
	mount.options[0] = '\0';
	injected += nth - 1;
	verdict("start: %u faults, of which %u let it mount", nth - 1,
		mounted - 1);
}

int main(int argc, char **argv)
{
	size_t i;

	harness_init(300);
	if (argc < 3 || sanitized())
		return tap_skip_all("not with a sanitizer's own malloc");
	if (access(argv[2], R_OK) < 0)
		return tap_skip_all("no shared objects are built");
	if (access("/dev/fuse", R_OK | W_OK) < 0)
		return tap_skip_all("there is no /dev/fuse for us");
	thorough = argc > 3;
	if (mount_init(&mount, argv[1], argv[2]) < 0) {
		perror("mount");
		return EXIT_FAILURE;
	}
	if (!start()) {
		mount_release(&mount);
		return tap_skip_all("nothing can be mounted here");
	}
	mount_stop(&mount);
	verdict("a daemon that has nothing to do");
	for (i = 0; i < TYPES; i++)
		if (wanted(types[i].name))
			sweep_type(&types[i]);
	sweep_start();
	mount_release(&mount);
	tap_comment("%llu faults, %llu requests refused",
		    (unsigned long long)injected, (unsigned long long)refused);
	return tap_done();
}
