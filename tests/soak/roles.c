/* SPDX-License-Identifier: BSD-2-Clause */
#include "roles.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/map.h"
#include "death/attack.h"
#include "death/harness.h"

/* Room for a value with the slots of all CPUs. */
#define VALUE_WORDS 8192u

static uint64_t value[VALUE_WORDS];

static struct mapfs_map *open_map(const struct mount *mount, const char *name)
{
	char path[128];

	snprintf(path, sizeof(path), "%s/%s", mount->path, name);
	return mapfs_open(path, O_RDWR);
}

static bool is_down(const struct stand *stand)
{
	return atomic_load(&stand->is_down);
}

static void done(struct worker *worker)
{
	atomic_fetch_add(&worker->stand->operations, 1);
}

static bool is(uint32_t type, const char *name)
{
	return strcmp(types[type].name, name) == 0;
}

static bool is_array(uint32_t type)
{
	return strstr(types[type].name, "array");
}

static bool is_keyed(uint32_t type)
{
	return is_array(type) || strstr(types[type].name, "hash") ||
	       is(type, "lpm_trie");
}

static bool is_queue(uint32_t type)
{
	return is(type, "queue") || is(type, "stack");
}

/* ---------------------------------------------------------------- keys */

/* The same word for arrays and hashes; a whole prefix for the trie. */
static void make_key(uint32_t type, uint32_t slot, uint32_t i, uint32_t *key)
{
	uint32_t number = 8 + slot * KEYS + i;

	key[0] = is(type, "lpm_trie") ? 32 : number;
	key[1] = number;
}

/* 0: it is not there, or was never set.  Complains about any other value. */
static uint64_t nonce_of(struct mapfs_map *map, uint32_t type, uint32_t *key)
{
	struct mapfs_info info = { .sz = sizeof(info) };
	int err = mapfs_lookup(map, key, value);
	size_t i;

	if (err == -ENOENT || mapfs_info(map, &info) < 0)
		return 0;
	if (err) {
		complain("%s: lookup: %d", types[type].name, err);
		return 0;
	}
	if (is_array(type)) {
		/* CPU by CPU, so the dead may leave a part. */
		for (i = 1; i < info.value_bytes / 8; i++)
			if (value[i] != value[0])
				return UINT64_MAX;
		return value[0] >> 32;
	}
	for (i = 0; i < info.value_bytes / 8; i++)
		if (value[i] != value[0] || (uint32_t)value[i] != key[1])
			complain("%s: a value of key %u is wrong",
				 types[type].name, key[1]);
	return value[0] >> 32;
}

static bool is_state(uint64_t state, uint64_t nonce)
{
	return nonce == (state & 1 ? state / 2 : 0);
}

/* What is there is what was acknowledged, or what was begun. */
static void settle(struct mapfs_map *map, struct entry *entry, uint32_t type,
		   uint32_t *key)
{
	uint64_t was = atomic_load(&entry->acknowledged);
	uint64_t begun = atomic_load(&entry->begun);
	uint64_t nonce = nonce_of(map, type, key);

	if (nonce == UINT64_MAX && begun != was)
		return;
	if (!is_state(was, nonce) && !is_state(begun, nonce) &&
	    !(strstr(types[type].name, "lru") && !nonce))
		complain("%s: key %u is %llu, acknowledged %llu, begun %llu",
			 types[type].name, key[1], (unsigned long long)nonce,
			 (unsigned long long)was, (unsigned long long)begun);
	begun = nonce ? nonce * 2 + 1 : begun & ~1ull;
	atomic_store(&entry->begun, begun);
	atomic_store(&entry->acknowledged, begun);
}

static void change(struct worker *worker, struct mapfs_map *map,
		   struct entry *entry, uint32_t type, uint32_t *key)
{
	bool take = !is_array(type) && rng_one_in(&worker->rng, 3);
	uint64_t nonce = atomic_load(&entry->begun) / 2 + 1;
	size_t i;
	int err;

	for (i = 0; i < VALUE_WORDS; i++)
		value[i] = nonce << 32 | key[1];
	atomic_store(&entry->begun, nonce * 2 + !take);
	err = take ? mapfs_delete(map, key) :
		     mapfs_update(map, key, value, MAPFS_ANY);
	if (!err || (take && err == -ENOENT)) {
		atomic_store(&entry->acknowledged, atomic_load(&entry->begun));
		return;
	}
	/* There may be no room, as others have what the dead had. */
	if (err != -E2BIG && err != -ENOSPC && err != -ENOMEM)
		complain("%s: change: %d", types[type].name, err);
	atomic_store(&entry->begun, atomic_load(&entry->acknowledged));
}

/* ---------------------------------------------------------------- queues */

static void move_value(struct worker *worker, struct mapfs_map *map,
		       uint32_t type)
{
	struct ledger *own = &worker->stand->ledger[worker->slot];
	bool push = rng_one_in(&worker->rng, 2);
	int err;

	value[0] = 77;
	atomic_fetch_add(&own->in_hand[type], 1);
	err = push ? mapfs_push(map, value, MAPFS_ANY) : mapfs_pop(map, value);
	if (!err)
		atomic_fetch_add(push ? &own->pushed[type] : &own->popped[type],
				 1);
	else if (err != (push ? -E2BIG : -ENOENT) && err != -ENOMEM)
		complain("%s: %s: %d", types[type].name, push ? "push" : "pop",
			 err);
	if (!err && value[0] != 77)
		complain("%s: a wrong value", types[type].name);
	atomic_fetch_sub(&own->in_hand[type], 1);
}

static void add_member(struct worker *worker, struct mapfs_map *map)
{
	struct ledger *own = &worker->stand->ledger[worker->slot];
	uint64_t members = atomic_load(&own->members);

	value[0] = (uint64_t)worker->slot << 32 | (members % 8);
	if (mapfs_push(map, value, MAPFS_ANY) || mapfs_peek(map, value))
		complain("bloom_filter: a value is not in");
	atomic_store(&own->members, members + 1);
}

/* ---------------------------------------------------------------- rings */

/* A record tells its length. */
static void use_stream(struct worker *worker, uint32_t type)
{
	struct ledger *own = &worker->stand->ledger[worker->slot];
	bool push = rng_one_in(&worker->rng, 2);
	unsigned char record[64];
	char path[128];
	ssize_t res;
	int fd;

	snprintf(path, sizeof(path), "%s/%s/stream", worker->mount->path,
		 types[type].name);
	fd = open(path, O_RDWR | O_NONBLOCK | O_CLOEXEC);
	memset(record, 0, sizeof(record));
	record[0] = (unsigned char)(1 + rng_below(&worker->rng, 63));
	if (fd < 0) {
		if (!is_down(worker->stand))
			complain("%s: %s", path, strerror(errno));
		return;
	}
	atomic_fetch_add(&own->in_hand[type], 1);
	if (push)
		res = write(fd, record, record[0]);
	else
		res = read(fd, record, sizeof(record));
	if (res >= 0)
		atomic_fetch_add(push ? &own->pushed[type] : &own->popped[type],
				 1);
	if (res < 0 ? errno != EAGAIN && !is_down(worker->stand) :
		      res != record[0])
		complain("%s: %zd of %u: %s", path, res, record[0],
			 strerror(errno));
	atomic_fetch_sub(&own->in_hand[type], 1);
	close(fd);
}

/* ---------------------------------------------------------------- roles */

void role_library(struct worker *worker)
{
	struct mapfs_map *map[TYPES_PLAIN];
	uint32_t key[2];
	uint32_t type, i;

	for (type = 0; type < TYPES_PLAIN; type++) {
		map[type] = NULL;
		if (strstr(types[type].name, "ringbuf"))
			continue;
		map[type] = open_map(worker->mount, types[type].name);
		if (!map[type] && !is_down(worker->stand))
			complain("mapfs_open of %s: %s", types[type].name,
				 strerror(errno));
	}
	for (;;) {
		type = rng_below(&worker->rng, TYPES_PLAIN);
		i = rng_below(&worker->rng, KEYS);
		if (strstr(types[type].name, "ringbuf")) {
			use_stream(worker, type);
		} else if (map[type] && is_keyed(type)) {
			struct entry *entry =
				&worker->stand->ledger[worker->slot]
					 .entry[type][i];

			make_key(type, worker->slot, i, key);
			settle(map[type], entry, type, key);
			change(worker, map[type], entry, type, key);
		} else if (map[type] && is_queue(type)) {
			move_value(worker, map[type], type);
		} else if (map[type]) {
			add_member(worker, map[type]);
		}
		done(worker);
	}
}

/* The first indexes of the array belong to mappings. */
void role_mapping(struct worker *worker)
{
	char path[128];
	uint64_t was, *words;
	uint32_t n;
	int fd;

	snprintf(path, sizeof(path), "%s/array/elements", worker->mount->path);
	for (;; done(worker)) {
		fd = open(path, O_RDWR | O_CLOEXEC);
		words = fd < 0 ? MAP_FAILED :
				 mmap(NULL, 4096, PROT_READ | PROT_WRITE,
				      MAP_SHARED, fd, 0);
		close(fd);
		if (words == MAP_FAILED) {
			if (!is_down(worker->stand))
				complain("%s: %s", path, strerror(errno));
			sleep_us(1000);
			continue;
		}
		for (n = 0; n < 1000; n++) {
			was = __atomic_fetch_add(&words[worker->slot], 1,
						 __ATOMIC_RELAXED);
			if (was >> 48)
				complain("a counter is %llx",
					 (unsigned long long)was);
		}
		munmap(words, 4096);
	}
}

/* Every type has files, and they do not mind what others do. */
static const char script[] =
	"cd \"$1\" || exit 0; k=$((60 - $2))\n"
	"cat maps error create */info */create >/dev/null\n"
	"ls -R . >/dev/null; df . >/dev/null\n"
	"cat */dump >/dev/null\n"
	"echo \"update $k 9\" >hash/ctl && echo 7 >hash/entries/$k &&\n"
	"	[ \"$(cat hash/entries/$k)\" = 7 ] && rm hash/entries/$k ||\n"
	"	exit 3\n"
	"dd if=array/elements bs=8 count=4 status=none >/dev/null\n"
	"echo push 77 >bloom_filter/ctl\n"
	"for m in array_of_maps hash_of_maps; do\n"
	"	ln -s ../../array $m/entries/$2; cat $m/entries/$2/info >/dev/null\n"
	"	[ \"$(readlink $m/entries/$2)\" = ../../array ] || exit 4\n"
	"	rm $m/entries/$2\n"
	"done\n"
	"exit 0\n";

void role_shell(struct worker *worker)
{
	char slot[8];
	int status;
	pid_t pid;

	snprintf(slot, sizeof(slot), "%u", worker->slot);
	for (;; done(worker)) {
		pid = fork();
		if (pid == 0) {
			int null = open("/dev/null", O_WRONLY);

			dup2(null, STDERR_FILENO);
			execl("/bin/sh", "sh", "-c", script, "sh",
			      worker->mount->path, slot, (char *)NULL);
			_exit(127);
		}
		if (pid < 0 || waitpid(pid, &status, 0) < 0)
			continue;
		/* 3: hash/entries has another value, or the map is full; 4: a
		 * link. */
		if (!is_down(worker->stand) &&
		    (!WIFEXITED(status) || WEXITSTATUS(status) == 127 ||
		     WEXITSTATUS(status) == 3 || WEXITSTATUS(status) == 4))
			complain("the shell ended with %x",
				 (unsigned int)status);
	}
}

void role_limits(struct worker *worker)
{
	char spec[96];
	char path[128];
	uint32_t n;
	int err;

	for (n = 0;; n = (n + 1) % 32, done(worker)) {
		snprintf(spec, sizeof(spec), "c%u_%u %s", worker->slot, n,
			 rng_one_in(&worker->rng, 2) ?
				 types[rng_below(&worker->rng, TYPES)].spec :
				 "type array key 4 value 1048576 entries 4");
		err = mapfs_create(worker->mount->path, spec);
		if (err == -EPERM)
			atomic_fetch_add(&worker->stand->refused, 1);
		else if (err && err != -EEXIST && !is_down(worker->stand))
			complain("create %s: %d", spec, err);
		snprintf(path, sizeof(path), "%s/c%u_%u", worker->mount->path,
			 worker->slot, rng_below(&worker->rng, 32));
		if (err)
			mapfs_destroy(path);
	}
}

void role_hostile(struct worker *worker)
{
	static const char *const tables[] = { "hash",	      "percpu_hash",
					      "lru_hash",     "lpm_trie",
					      "queue",	      "stack",
					      "bloom_filter", "ringbuf" };
	struct attack attack;
	char line[128], path[128], name[16];
	struct mapfs_map *map;
	uint32_t i, key[2];
	struct stat st;
	int fd;

	snprintf(name, sizeof(name), "h%u", worker->slot);
	for (;;) {
		const char *table = rng_pick(&worker->rng, tables);

		for (i = 0; strcmp(types[i].name, table) != 0; i++)
			;
		snprintf(path, sizeof(path), "%s/%s", worker->mount->path,
			 name);
		mapfs_destroy(path);
		snprintf(line, sizeof(line), "%s %s", name, types[i].spec);
		mapfs_create(worker->mount->path, line);
		map = open_map(worker->mount, name);
		strcat(path, "/region");
		fd = open(path, O_RDWR | O_CLOEXEC);
		attack = (struct attack){ .plausible = 128,
					  .rng = { rng_next(&worker->rng) } };
		attack.base = MAP_FAILED;
		if (fd >= 0 && fstat(fd, &st) == 0) {
			attack.size = (uint64_t)st.st_size;
			attack.base = mmap(NULL, attack.size,
					   PROT_READ | PROT_WRITE, MAP_SHARED,
					   fd, 0);
		}
		close(fd);
		if (attack.base == MAP_FAILED) {
			mapfs_close(map);
			sleep_us(1000);
			done(worker);
			continue;
		}
		attack_init(&attack);
		strcpy(strrchr(path, '/'), "/dump");
		for (i = 0; i < 300; i++, done(worker)) {
			attack_strike(&attack);
			atomic_fetch_add(&worker->stand->strikes, 1);
			key[0] = 32;
			key[1] = i;
			if (map) {
				mapfs_update(map, key, value, MAPFS_ANY);
				mapfs_push(map, value, MAPFS_ANY);
				mapfs_pop(map, value);
				mapfs_lookup(map, key, value);
			}
			if (i % 30)
				continue;
			/* The daemon walks it as well. */
			fd = open(path, O_RDONLY | O_CLOEXEC);
			while (fd >= 0 && read(fd, line, sizeof(line)) > 0)
				;
			close(fd);
			attack_restore(&attack);
		}
		attack_release(&attack);
		munmap(attack.base, attack.size);
		mapfs_close(map);
	}
}

/* ---------------------------------------------------------------- the end */

static void check_table(const struct mount *mount, uint32_t type)
{
	struct map_census found = { 0 };
	char path[128];
	struct map *map;
	int err, fd;

	snprintf(path, sizeof(path), "%s/%s/region", mount->path,
		 types[type].name);
	fd = open(path, O_RDWR | O_CLOEXEC);
	if (fd < 0)
		return;
	err = map_attach(fd, PROT_READ | PROT_WRITE, &map);
	close(fd);
	if (err) {
		complain("%s: attach: %d", types[type].name, err);
		return;
	}
	if (strstr(types[type].name, "ringbuf")) {
		snprintf(path, sizeof(path), "%s/%s/stream", mount->path,
			 types[type].name);
		fd = open(path, O_RDWR | O_CLOEXEC);
		err = map_attach_data(map, fd);
		close(fd);
		if (err)
			complain("%s: its data: %d", types[type].name, err);
	}
	/* Takes back what the dead had. */
	map_used_entries(map);
	err = map_check(map, &found);
	if (err && err != -EOPNOTSUPP)
		complain("%s: map_check: %d, %s", types[type].name, err,
			 found.wrong ? found.wrong : "no reason");
	/* Of tables with nodes. */
	if (!err && (is_keyed(type) || is_queue(type)) &&
	    found.elements + found.free + found.held != map->max_entries)
		complain("%s: %u elements, %u free, %u held of %u",
			 types[type].name, found.elements, found.free,
			 found.held, map->max_entries);
	map_put_now(map);
}

static uint64_t drain_queue(struct mapfs_map *map)
{
	uint64_t count = 0;

	while (mapfs_pop(map, value) == 0 && count <= 64)
		count++;
	return count;
}

static uint64_t drain_stream(const struct mount *mount, uint32_t type)
{
	uint64_t count = 0;
	char path[128];
	int fd;

	snprintf(path, sizeof(path), "%s/%s/stream", mount->path,
		 types[type].name);
	fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	while (fd >= 0 && read(fd, value, sizeof(value)) >= 0)
		count++;
	close(fd);
	return count;
}

/* At most what hands held when they were cut off is missing, or not told. */
static void check_queue(struct stand *stand, const struct mount *mount,
			struct mapfs_map *map, uint32_t type)
{
	uint64_t pushed = 0, popped = 0, in_hand = 0, left = 0;
	uint32_t slot;

	for (slot = 0; slot < WORKERS; slot++) {
		pushed += atomic_load(&stand->ledger[slot].pushed[type]);
		popped += atomic_load(&stand->ledger[slot].popped[type]);
		in_hand += atomic_load(&stand->ledger[slot].in_hand[type]);
	}
	left = map ? drain_queue(map) : drain_stream(mount, type);
	if (left + popped + in_hand < pushed ||
	    left + popped > pushed + in_hand)
		complain(
			"%s: %llu pushed, %llu popped, %llu left, %llu cut off",
			types[type].name, (unsigned long long)pushed,
			(unsigned long long)popped, (unsigned long long)left,
			(unsigned long long)in_hand);
}

/*
 * It takes as many as it says.  The daemon learns of deaths a little later than
 * we do.
 */
static void check_room(struct mapfs_map *map, uint32_t type)
{
	struct mapfs_info info = { .sz = sizeof(info) };
	uint64_t end = now_us() + PATIENCE_US / 4;
	uint32_t key[2] = { 32, 0 };
	int err = 0;

	key[1] = 1000;
	while (key[1] < 2000 && now_us() < end) {
		if (!is(type, "lpm_trie"))
			key[0] = key[1];
		err = mapfs_update(map, key, value, MAPFS_NOEXIST);
		if (!err)
			key[1]++;
		else if (mapfs_info(map, &info) ||
			 info.entries == info.max_entries)
			break;
	}
	if (mapfs_info(map, &info) || info.entries != info.max_entries)
		complain("%s: %llu elements in a full map of %u: %d",
			 types[type].name, (unsigned long long)info.entries,
			 info.max_entries, err);
}

static void check_bloom(struct stand *stand, struct mapfs_map *map)
{
	uint64_t members, n;
	uint32_t slot;

	for (slot = 0; slot < WORKERS; slot++) {
		members = atomic_load(&stand->ledger[slot].members);
		for (n = 0; n < members && n < 8; n++) {
			value[0] = (uint64_t)slot << 32 | n;
			if (mapfs_peek(map, value))
				complain("bloom_filter: a value is lost");
		}
	}
}

void check_maps(struct stand *stand, const struct mount *mount)
{
	struct mapfs_map *map;
	uint32_t type, slot, i;
	uint32_t key[2];

	for (type = 0; type < TYPES_PLAIN; type++) {
		check_table(mount, type);
		if (strstr(types[type].name, "ringbuf")) {
			check_queue(stand, mount, NULL, type);
			continue;
		}
		map = open_map(mount, types[type].name);
		if (!map) {
			complain("%s: %s", types[type].name, strerror(errno));
			continue;
		}
		for (slot = 0; slot < WORKERS && is_keyed(type); slot++) {
			for (i = 0; i < KEYS; i++) {
				make_key(type, slot, i, key);
				settle(map, &stand->ledger[slot].entry[type][i],
				       type, key);
			}
		}
		if (is_keyed(type) && !is_array(type))
			check_room(map, type);
		if (is_queue(type))
			check_queue(stand, mount, map, type);
		if (is(type, "bloom_filter"))
			check_bloom(stand, map);
		mapfs_close(map);
	}
}
