/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A process that uses the library as a test tells it: a command a line on
 * standard input, each answered with a line: "ok", a number, or the text of
 * the errno.  Keys are of 4 bytes and values of 8, for each CPU the same.
 *
 *	open DIR		openro DIR		close
 *	update KEY VALUE	noexist KEY VALUE	exist KEY VALUE
 *	lookup KEY		delete KEY		take KEY
 *	cpu KEY			setcpu KEY VALUE	of the last CPU
 *	next KEY		first
 *	sum			of the values that an iterator finds
 *	entries			io			frozen
 *	store KEY VALUE		load KEY		at the value's address
 *	poll MS			a ring
 *	freeze
 *	fork			the child answers from now on; the parent's pid
 *	quit
 */
#include <mapfs/mapfs.h>

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static struct mapfs_map *map;
static struct mapfs_info info;
static uint64_t *value;

static long open_map(const char *dir, int oflags)
{
	map = mapfs_open(dir, oflags);
	if (!map)
		return -errno;
	info.sz = sizeof(info);
	if (mapfs_info(map, &info))
		return -errno;
	free(value);
	value = calloc(1, info.value_bytes);
	return value ? 0 : -ENOMEM;
}

static long do_open(const char *dir, uint64_t unused)
{
	(void)unused;
	return open_map(dir, O_RDWR);
}

static long do_openro(const char *dir, uint64_t unused)
{
	(void)unused;
	return open_map(dir, O_RDONLY);
}

static long do_close(const char *unused, uint64_t word)
{
	(void)unused;
	(void)word;
	mapfs_close(map);
	map = NULL;
	return 0;
}

static uint32_t number(const char *word)
{
	return (uint32_t)strtoul(word, NULL, 10);
}

/* The value of every slot, or -EUCLEAN if they differ. */
static long read_slots(int err)
{
	uint32_t i;

	if (err)
		return err;
	for (i = 1; i < info.cpus; i++)
		if (value[i] != value[0])
			return -EUCLEAN;
	return (long)value[0];
}

static long set(const char *word, uint64_t wanted, uint64_t flags)
{
	uint32_t key = number(word);
	uint32_t i;

	for (i = 0; i < info.cpus; i++)
		value[i] = wanted;
	return mapfs_update(map, &key, value, flags);
}

static long do_update(const char *word, uint64_t wanted)
{
	return set(word, wanted, MAPFS_ANY);
}

static long do_noexist(const char *word, uint64_t wanted)
{
	return set(word, wanted, MAPFS_NOEXIST);
}

static long do_exist(const char *word, uint64_t wanted)
{
	return set(word, wanted, MAPFS_EXIST);
}

static long do_lookup(const char *word, uint64_t unused)
{
	uint32_t key = number(word);

	(void)unused;
	return read_slots(mapfs_lookup(map, &key, value));
}

static long do_delete(const char *word, uint64_t unused)
{
	uint32_t key = number(word);

	(void)unused;
	return mapfs_delete(map, &key);
}

static long do_take(const char *word, uint64_t unused)
{
	uint32_t key = number(word);

	(void)unused;
	return read_slots(mapfs_lookup_and_delete(map, &key, value));
}

static long do_cpu(const char *word, uint64_t unused)
{
	uint32_t key = number(word);
	long err = mapfs_lookup_cpu(map, &key, info.cpus - 1, value);

	(void)unused;
	return err ? err : (long)value[0];
}

static long do_setcpu(const char *word, uint64_t wanted)
{
	uint32_t key = number(word);

	return mapfs_update_cpu(map, &key, info.cpus - 1, &wanted, MAPFS_ANY);
}

static long do_next(const char *word, uint64_t unused)
{
	uint32_t key = number(word);
	long err = mapfs_next_key(map, &key, &key);

	(void)unused;
	return err ? err : (long)key;
}

static long do_first(const char *unused, uint64_t word)
{
	uint32_t key;
	long err = mapfs_next_key(map, NULL, &key);

	(void)unused;
	(void)word;
	return err ? err : (long)key;
}

static long do_sum(const char *unused, uint64_t word)
{
	struct mapfs_iter iter = MAPFS_ITER_INIT;
	uint32_t key;
	long sum = 0;
	int res;

	(void)unused;
	(void)word;
	while ((res = mapfs_iter_next(map, &iter, &key, value)) > 0)
		sum += (long)value[0];
	return res ? res : sum;
}

static long do_entries(const char *unused, uint64_t word)
{
	int err = mapfs_info(map, &info);

	(void)unused;
	(void)word;
	return err ? err : (long)info.entries;
}

static long do_io(const char *unused, uint64_t word)
{
	int err = mapfs_info(map, &info);

	(void)unused;
	(void)word;
	return err ? err : (long)info.io;
}

static long do_frozen(const char *unused, uint64_t word)
{
	int err = mapfs_info(map, &info);

	(void)unused;
	(void)word;
	return err ? err : (long)info.frozen;
}

static long do_store(const char *word, uint64_t wanted)
{
	uint64_t *at = mapfs_value_addr(map, number(word), 0);

	if (!at)
		return -errno;
	__atomic_store_n(at, wanted, __ATOMIC_RELAXED);
	return 0;
}

static long do_load(const char *word, uint64_t unused)
{
	uint64_t *at = mapfs_value_addr(map, number(word), 0);

	(void)unused;
	return at ? (long)__atomic_load_n(at, __ATOMIC_RELAXED) : -errno;
}

static long do_poll(const char *word, uint64_t unused)
{
	(void)unused;
	return mapfs_ring_poll(map, (int)number(word));
}

static long do_freeze(const char *unused, uint64_t word)
{
	(void)unused;
	(void)word;
	return mapfs_freeze(map);
}

static long do_fork(const char *unused, uint64_t word)
{
	pid_t pid = fork();

	(void)unused;
	(void)word;
	if (pid < 0)
		return -errno;
	while (pid)
		pause();
	return (long)getppid();
}

static const struct {
	const char *name;
	long (*run)(const char *word, uint64_t number);
} commands[] = {
	{ "open", do_open },	   { "openro", do_openro },
	{ "close", do_close },	   { "update", do_update },
	{ "noexist", do_noexist }, { "exist", do_exist },
	{ "lookup", do_lookup },   { "delete", do_delete },
	{ "take", do_take },	   { "cpu", do_cpu },
	{ "setcpu", do_setcpu },   { "next", do_next },
	{ "first", do_first },	   { "sum", do_sum },
	{ "entries", do_entries }, { "io", do_io },
	{ "frozen", do_frozen },   { "store", do_store },
	{ "load", do_load },	   { "freeze", do_freeze },
	{ "fork", do_fork },	   { "poll", do_poll },
};

#define NCOMMANDS (sizeof(commands) / sizeof(commands[0]))

static void answer(const char *name, const char *word, uint64_t wanted)
{
	long res;
	size_t i;

	for (i = 0; i < NCOMMANDS; i++)
		if (strcmp(commands[i].name, name) == 0)
			break;
	if (i == NCOMMANDS) {
		printf("%s?\n", name);
		return;
	}
	if (!map && strncmp(name, "open", 4) != 0) {
		printf("no map\n");
		return;
	}
	res = commands[i].run(word, wanted);
	if (res > 0)
		printf("%ld\n", res);
	else
		printf("%s\n", res ? strerror((int)-res) : "ok");
}

int main(void)
{
	char line[600], name[16], word[512];
	uint64_t wanted;

	while (fgets(line, sizeof(line), stdin)) {
		wanted = 0;
		word[0] = '\0';
		if (sscanf(line, "%15s %511s %" SCNu64, name, word, &wanted) <
		    1)
			continue;
		if (strcmp(name, "quit") == 0)
			break;
		answer(name, word, wanted);
		fflush(stdout);
	}
	if (map)
		mapfs_close(map);
	free(value);
	return 0;
}
