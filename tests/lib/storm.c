/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * storm DIR MILLISECONDS: processes open the map DIR, work on it and are
 * killed at random; each has keys of its own and says in shared memory what it
 * was acknowledged.  Nothing acknowledged is lost, no value is wrong, and
 * afterwards the map has room for as much as before.  SEED=N makes the same
 * choices.
 *
 * storm DIR MILLISECONDS hostile: meanwhile somebody writes into the region
 * what does not belong there.  Results may be anything; nobody crashes, and
 * everybody gets on.
 */
#include <mapfs/mapfs.h>

#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define PLAYERS	    4u
#define KEYS	    16u
#define PATIENCE_MS 20000u

static const char *dir;
static struct mapfs_info info;
static bool hostile;
static bool evicts;
static uint64_t random_state;

/*
 * What is acknowledged of a key, and what is being done: twice a nonce, and one
 * more if the key is there then.
 */
struct entry {
	_Atomic uint64_t acknowledged;
	_Atomic uint64_t begun;
};

struct player {
	_Atomic uint64_t steps;
	struct entry key[KEYS];
};

static struct player *players;
static pid_t pids[PLAYERS];

static void die(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	printf("not ok - ");
	vprintf(format, args);
	va_end(args);
	printf("\n");
	fflush(stdout);
	exit(EXIT_FAILURE);
}

static uint64_t random_next(void)
{
	random_state =
		random_state * 6364136223846793005u + 1442695040888963407u;
	return random_state >> 33;
}

static uint64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

static struct mapfs_map *open_map(void)
{
	struct mapfs_map *map = mapfs_open(dir, O_RDWR);

	if (!map && !hostile)
		die("mapfs_open: %s", strerror(errno));
	return map;
}

/* ---------------------------------------------------------------- values */

/* Every word of a value tells of the key and the nonce. */
static void value_make(uint64_t *value, uint32_t key, uint64_t nonce)
{
	size_t i;

	for (i = 0; i < info.value_bytes / 8; i++)
		value[i] = nonce << 32 | key;
}

static uint64_t value_read(const uint64_t *value, uint32_t key)
{
	size_t i;

	for (i = 0; i < info.value_bytes / 8; i++)
		if (value[i] != value[0] || (uint32_t)value[i] != key)
			die("a value of key %u is wrong: %llx", key,
			    (unsigned long long)value[i]);
	return value[0] >> 32;
}

static bool is_array(void)
{
	return info.map_type == 2 || info.map_type == 6;
}

/* An array's words are stored one by one. */
static bool is_whole(const uint64_t *value)
{
	size_t i;

	for (i = 1; i < info.value_bytes / 8; i++)
		if (value[i] != value[0])
			return false;
	return true;
}

static uint64_t nonce_of(struct mapfs_map *map, uint32_t key, uint64_t *value)
{
	int err = mapfs_lookup(map, &key, value);

	if (err == -ENOENT)
		return 0;
	if (err)
		die("lookup of %u: %s", key, strerror(-err));
	if (is_array() && (!value[0] || !is_whole(value)))
		return value[0] ? UINT64_MAX : 0;
	return value_read(value, key);
}

/* ---------------------------------------------------------------- players */

static void change(struct mapfs_map *map, struct entry *entry, uint32_t key,
		   uint64_t *value)
{
	uint64_t nonce = atomic_load(&entry->begun) / 2 + 1;
	bool take = !is_array() && random_next() % 3 == 0;
	int err;

	value_make(value, key, nonce);
	atomic_store(&entry->begun, nonce * 2 + !take);
	err = take ? mapfs_delete(map, &key) :
		     mapfs_update(map, &key, value, MAPFS_ANY);
	if (hostile)
		return;
	if (err && !(take && err == -ENOENT) && err != -E2BIG && err != -ENOMEM)
		die("change of %u: %s", key, strerror(-err));
	if (!err || err == -ENOENT)
		atomic_store(&entry->acknowledged, atomic_load(&entry->begun));
	else
		atomic_store(&entry->begun, atomic_load(&entry->acknowledged));
}

static bool is_state(uint64_t state, uint64_t nonce)
{
	return nonce == (state & 1 ? state / 2 : 0);
}

/* Is what the map holds one of the two that it can? */
static void settle(struct mapfs_map *map, struct entry *entry, uint32_t key,
		   uint64_t *value)
{
	uint64_t was = atomic_load(&entry->acknowledged);
	uint64_t begun = atomic_load(&entry->begun);
	uint64_t is = nonce_of(map, key, value);

	/* Stored in part by one who was killed. */
	if (is == UINT64_MAX && begun != was) {
		is = begun / 2;
		value_make(value, key, is);
		mapfs_update(map, &key, value, MAPFS_ANY);
	}
	if (!is_state(was, is) && !is_state(begun, is) && !(evicts && !is))
		die("key %u: is %llu, acknowledged %llu, begun %llu", key,
		    (unsigned long long)is, (unsigned long long)was,
		    (unsigned long long)begun);
	begun = is ? is * 2 + 1 : begun & ~1ull;
	atomic_store(&entry->begun, begun);
	atomic_store(&entry->acknowledged, begun);
}

static void play(uint32_t n)
{
	struct mapfs_map *map = open_map();
	uint64_t *value = malloc(info.value_bytes);
	struct player *player = &players[n];
	uint32_t i, key;

	while (!map) {
		map = open_map();
		atomic_fetch_add(&player->steps, 1);
	}
	while (value) {
		i = (uint32_t)random_next() % KEYS;
		key = n * KEYS + i;
		change(map, &player->key[i], key, value);
		if (!hostile)
			settle(map, &player->key[i], key, value);
		else
			mapfs_lookup(map, &key, value);
		atomic_fetch_add(&player->steps, 1);
	}
}

static void start(uint32_t n)
{
	pid_t parent = getpid();

	random_next();
	fflush(stdout);
	pids[n] = fork();
	if (pids[n] < 0)
		die("fork: %s", strerror(errno));
	if (pids[n])
		return;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	random_state += n + 1;
	if (getppid() == parent)
		play(n);
	_exit(EXIT_FAILURE);
}

static void end(uint32_t n)
{
	int status;

	kill(pids[n], SIGKILL);
	waitpid(pids[n], &status, 0);
	if (!WIFSIGNALED(status) || WTERMSIG(status) != SIGKILL)
		die("a process ended by itself: %x", (unsigned int)status);
}

/* ---------------------------------------------------------------- the storm */

static void wait_for_steps(uint32_t n)
{
	uint64_t was = atomic_load(&players[n].steps);
	uint64_t deadline = now_ms() + PATIENCE_MS;

	while (atomic_load(&players[n].steps) == was) {
		if (now_ms() > deadline)
			die("a process does not get on");
		usleep(50);
	}
}

static void settle_player(struct mapfs_map *map, uint32_t n)
{
	uint64_t *value = malloc(info.value_bytes);
	uint32_t i;

	for (i = 0; i < KEYS && value; i++)
		settle(map, &players[n].key[i], n * KEYS + i, value);
	free(value);
}

static uint32_t storm(struct mapfs_map *map, uint64_t until)
{
	uint32_t kills = 0;
	uint32_t n;

	for (n = 0; n < PLAYERS; n++)
		start(n);
	while (now_ms() < until) {
		for (n = 0; n < PLAYERS; n++)
			wait_for_steps(n);
		usleep((unsigned int)(random_next() % 2000));
		for (n = 0; n < PLAYERS; n++)
			end(n);
		for (n = 0; n < PLAYERS; n++) {
			if (map)
				settle_player(map, n);
			start(n);
			kills++;
		}
	}
	for (n = 0; n < PLAYERS; n++)
		end(n);
	for (n = 0; n < PLAYERS && map; n++)
		settle_player(map, n);
	return kills;
}

/* New elements, until there is no room; of an LRU as many as it has twice. */
static void fill(struct mapfs_map *map)
{
	static uint32_t key = 1u << 20;
	uint64_t *value = calloc(1, info.value_bytes);
	uint32_t n;

	for (n = 0; value && n < 2 * info.max_entries; n++, key++)
		if (mapfs_update(map, &key, value, MAPFS_NOEXIST))
			break;
	free(value);
}

static uint32_t count(struct mapfs_map *map)
{
	struct mapfs_iter iter = MAPFS_ITER_INIT;
	uint32_t key, n = 0;

	while (mapfs_iter_next(map, &iter, &key, NULL) > 0)
		n++;
	return n;
}

/*
 * Deaths reach the daemon a little later than the one who waits for them, and
 * until then what the dead had in hand counts as used.
 */
static void check_room(struct mapfs_map *map)
{
	uint64_t deadline = now_ms() + PATIENCE_MS;
	uint32_t elements;

	if (is_array())
		return;
	do {
		fill(map);
		elements = count(map);
	} while (elements != info.max_entries && now_ms() < deadline);
	if (elements != info.max_entries)
		die("%u elements fit of %u", elements, info.max_entries);
	if (mapfs_info(map, &info) || info.entries != info.max_entries)
		die("%llu elements in a full map of %u",
		    (unsigned long long)info.entries, info.max_entries);
}

/* Somebody who may write the region. */
static void spoil(uint32_t *words, uint64_t count)
{
	uint64_t at;

	for (;;) {
		at = random_next() % count;
		if (random_next() % 4)
			at %= 4096;
		if (random_next() % 2)
			words[at] = (uint32_t)random_next();
		else
			words[at] += (uint32_t)random_next() % 16;
		usleep(20);
	}
}

static pid_t start_vandal(void)
{
	char path[512];
	struct stat st;
	void *words;
	pid_t pid;
	int fd;

	snprintf(path, sizeof(path), "%s/region", dir);
	fd = open(path, O_RDWR);
	if (fd < 0 || fstat(fd, &st) < 0)
		die("%s: %s", path, strerror(errno));
	words = mmap(NULL, (size_t)st.st_size, PROT_READ | PROT_WRITE,
		     MAP_SHARED, fd, 0);
	close(fd);
	if (words == MAP_FAILED)
		die("mmap: %s", strerror(errno));
	fflush(stdout);
	pid = fork();
	if (!pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		spoil(words, (uint64_t)st.st_size / 4);
	}
	return pid;
}

static void setup(struct mapfs_map *map)
{
	info.sz = sizeof(info);
	if (mapfs_info(map, &info))
		die("mapfs_info: %s", strerror(errno));
	evicts = info.map_type == 9 || info.map_type == 10;
	players = mmap(NULL, PLAYERS * sizeof(*players), PROT_READ | PROT_WRITE,
		       MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (players == MAP_FAILED)
		die("mmap: %s", strerror(errno));
}

int main(int argc, char **argv)
{
	const char *seed = getenv("SEED");
	struct mapfs_map *map;
	pid_t vandal = 0;
	uint32_t kills;

	if (argc < 3)
		return EXIT_FAILURE;
	random_state = seed ? strtoull(seed, NULL, 0) : (uint64_t)time(NULL);
	printf("# SEED=%llu\n", (unsigned long long)random_state);
	dir = argv[1];
	map = open_map();
	setup(map);
	hostile = argc > 3;
	if (hostile)
		vandal = start_vandal();
	kills = storm(hostile ? NULL : map,
		      now_ms() + strtoull(argv[2], NULL, 0));
	if (vandal)
		kill(vandal, SIGKILL);
	else
		check_room(map);
	printf("ok - %u processes killed\n", kills);
	mapfs_close(map);
	return 0;
}
