/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A process that works on a map by its region, as a test tells it: a command a
 * line on standard input, each answered with a line: "ok", a number, or the
 * text of the errno.  Keys are of 4 bytes and values of 8, for each CPU the
 * same.
 *
 *	join DIR		attach, with a number from DIR/ctl
 *	watch DIR		attach to read alone
 *	owner			the number
 *	update KEY VALUE	noexist KEY VALUE
 *	lookup KEY		as a program does it, which marks
 *	peek KEY		as a file does it, which does not
 *	delete KEY		take KEY
 *	grab			take every place that is free in hand; how many
 *	used			elements
 *	check			walk the table and look at every invariant
 *	storm			update and delete until killed
 *	leave			give the number back
 *	quit
 */
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "core/hash_table.h"
#include "mapfs/ioctl.h"

#define PATH_SIZE  512
#define STORM_KEYS 64u

static struct map *map;
static int ctl = -1;
static uint32_t owner;
static uint64_t *value; /* map_value_bytes */

static int open_in(const char *dir, const char *name, int flags)
{
	char path[PATH_SIZE];
	int fd;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	fd = open(path, flags | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

static long attach(const char *dir, int flags, int prot)
{
	int fd = open_in(dir, "region", flags);
	int err;

	if (fd < 0)
		return fd;
	err = map_attach(fd, prot, &map);
	close(fd);
	if (err)
		return err;
	value = malloc(map_value_bytes(map));
	return value ? 0 : -ENOMEM;
}

static long do_join(const char *dir, uint64_t unused)
{
	long err = attach(dir, O_RDWR, PROT_READ | PROT_WRITE);

	(void)unused;
	if (err)
		return err;
	ctl = open_in(dir, "ctl", O_WRONLY);
	if (ctl < 0)
		return ctl;
	if (ioctl(ctl, MAPFS_IOC_OWNER, &owner) < 0)
		return -errno;
	map_owner_set(map, owner);
	return 0;
}

static long do_watch(const char *dir, uint64_t unused)
{
	(void)unused;
	return attach(dir, O_RDONLY, PROT_READ);
}

static long do_owner(const char *unused, uint64_t number)
{
	(void)unused;
	(void)number;
	return owner;
}

static uint32_t key_of(const char *word)
{
	return (uint32_t)strtoul(word, NULL, 0);
}

static long update(const char *word, uint64_t number, uint64_t flags)
{
	uint32_t key = key_of(word);
	size_t i;

	for (i = 0; i < map_value_bytes(map) / sizeof(*value); i++)
		value[i] = number;
	return map_update_elem(map, &key, value, flags);
}

static long do_update(const char *word, uint64_t number)
{
	return update(word, number, BPF_ANY);
}

static long do_noexist(const char *word, uint64_t number)
{
	return update(word, number, BPF_NOEXIST);
}

static long answer(int err)
{
	return err ? err : (long)value[0];
}

static long do_lookup(const char *word, uint64_t unused)
{
	uint32_t key = key_of(word);

	(void)unused;
	return answer(map_lookup_elem(map, &key, value));
}

static long do_peek(const char *word, uint64_t unused)
{
	uint32_t key = key_of(word);

	(void)unused;
	return answer(map_lookup_elem_sys_only(map, &key, value));
}

static long do_take(const char *word, uint64_t unused)
{
	uint32_t key = key_of(word);

	(void)unused;
	return answer(map_lookup_and_delete_elem(map, &key, value));
}

static long do_delete(const char *word, uint64_t unused)
{
	uint32_t key = key_of(word);

	(void)unused;
	return map_delete_elem(map, &key);
}

/* As many a process that is stopped between taking and linking has. */
static long do_grab(const char *unused, uint64_t number)
{
	struct hash_map *hash = (struct hash_map *)map;
	uint32_t node;
	long count = 0;

	(void)unused;
	(void)number;
	while (pool_take(&hash->pool, POOL_CREDIT, hash_shard(hash), &node) ==
	       0)
		count++;
	return count;
}

static long do_used(const char *unused, uint64_t number)
{
	(void)unused;
	(void)number;
	return (long)map_used_entries(map);
}

static long do_check(const char *unused, uint64_t number)
{
	struct map_census census;
	int err = map_check(map, &census);

	(void)unused;
	(void)number;
	if (err == -EUCLEAN)
		fprintf(stderr, "%s\n", census.wrong);
	return err;
}

/* Each key has its own value, whoever wrote it. */
static long do_storm(const char *unused, uint64_t seed)
{
	char word[16];
	long err;

	(void)unused;
	for (;;) {
		seed = seed * 6364136223846793005ull + 1442695040888963407ull;
		snprintf(word, sizeof(word), "%u",
			 (unsigned int)(seed >> 33) % STORM_KEYS);
		if (seed >> 63)
			err = do_delete(word, 0);
		else
			err = do_update(word, 1000 + key_of(word));
		if (err && err != -ENOENT && err != -E2BIG && err != -ENOMEM)
			return err;
	}
}

static long do_leave(const char *unused, uint64_t number)
{
	(void)unused;
	(void)number;
	return ioctl(ctl, MAPFS_IOC_LEAVE) < 0 ? -errno : 0;
}

static const struct verb {
	const char *name;
	long (*run)(const char *word, uint64_t number); /* negative errno */
	int answers;					/* with its result */
} verbs[] = {
	{ "join", do_join, 0 },	      { "watch", do_watch, 0 },
	{ "owner", do_owner, 1 },     { "update", do_update, 0 },
	{ "noexist", do_noexist, 0 }, { "lookup", do_lookup, 1 },
	{ "peek", do_peek, 1 },	      { "delete", do_delete, 0 },
	{ "take", do_take, 1 },	      { "grab", do_grab, 1 },
	{ "used", do_used, 1 },	      { "check", do_check, 0 },
	{ "storm", do_storm, 0 },     { "leave", do_leave, 0 },
};

static void run(const char *name, const char *word, uint64_t number)
{
	size_t i;
	long res;

	for (i = 0; i < sizeof(verbs) / sizeof(verbs[0]); i++)
		if (strcmp(verbs[i].name, name) == 0)
			break;
	if (i == sizeof(verbs) / sizeof(verbs[0])) {
		puts("no such command");
		return;
	}
	res = verbs[i].run(word, number);
	if (res < 0)
		puts(strerror((int)-res));
	else if (verbs[i].answers)
		printf("%ld\n", res);
	else
		puts("ok");
}

int main(void)
{
	unsigned long long number;
	char line[PATH_SIZE];
	char name[32];
	char word[PATH_SIZE];

	setvbuf(stdout, NULL, _IOLBF, 0);
	while (fgets(line, sizeof(line), stdin)) {
		number = 0;
		*word = '\0';
		if (sscanf(line, "%31s %511s %llu", name, word, &number) < 1 ||
		    strcmp(name, "quit") == 0)
			break;
		run(name, word, number);
	}
	free(value);
	if (map)
		map_put(map);
	map_free_wait();
	return 0;
}
