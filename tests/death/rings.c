/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Producers and consumers of one ring buffer are killed, and stopped, at random
 * moments.  No record is doubled, torn, or seen that was discarded; none is
 * lost that its producer was done with, but for those in the hands of consumers
 * that were killed; and everybody else gets on as soon as the death is known.
 * SEED=N makes the same choices, MAPFS_SCALE=percent lengthens it.
 */
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>

#include "core/map.h"
#include "harness.h"

#define PRODUCERS 3u
#define CONSUMERS 2u
#define PLAYERS	  (PRODUCERS + CONSUMERS)

/* Records of each producer, in all its lives; it rests after the last. */
#define RECORDS	  (1u << 22)
#define WORDS	  150u
#define NO_RECORD UINT32_MAX

static uint64_t seed;

struct record {
	uint32_t producer;
	uint32_t number; /* NO_RECORD: it is to be discarded */
	uint32_t fill[WORDS];
};

/* What all see.  Numbers are one more than those of records: 0, none. */
struct board {
	_Atomic uint64_t steps[PLAYERS];
	_Atomic uint32_t begun[PRODUCERS];
	_Atomic uint32_t done[PRODUCERS];
	_Atomic uint64_t stop; /* 1: producers go home; 2: consumers, too */
	_Atomic unsigned char seen[PRODUCERS][RECORDS];
	/* The producer was killed at it: it may be there or not. */
	bool unsure[PRODUCERS][RECORDS];
};

struct player {
	struct arena *arena;
	uint32_t n;
	uint32_t owner;
	uint32_t life;
	pid_t pid;
};

struct arena {
	struct map *map;
	struct board *board;
	struct rng rng;
	uint32_t in_hands; /* records that killed consumers may have had */
	struct player player[PLAYERS];
};

static bool is_producer(const struct player *p)
{
	return p->n < PRODUCERS;
}

/* ------------------------------------------------------------- records */

static size_t record_make(struct record *record, uint32_t n, uint32_t number)
{
	size_t words = (number * 37u + n) % WORDS;
	size_t i;

	record->producer = n;
	record->number = number;
	for (i = 0; i < words; i++)
		record->fill[i] = number ^ n << 28 ^ (uint32_t)i << 20;
	return offsetof(struct record, fill) + 4 * words;
}

static void see(struct board *board, const struct record *record, long len)
{
	struct record want;
	size_t size;

	if (len < (long)offsetof(struct record, fill) ||
	    record->producer >= PRODUCERS || record->number >= RECORDS) {
		complain("a record of %ld bytes is none", len);
		return;
	}
	size = record_make(&want, record->producer, record->number);
	if (size != (size_t)len || memcmp(record, &want, size) != 0)
		complain("record %u of %u is torn", record->number,
			 record->producer);
	if (atomic_fetch_add(&board->seen[record->producer][record->number], 1))
		complain("record %u of %u comes twice", record->number,
			 record->producer);
}

/* ------------------------------------------------------------- players */

/* Byte by byte, so that there are moments in which it is half there. */
static int put_slowly(struct map *map, const struct record *record, size_t size,
		      bool discard)
{
	volatile unsigned char *to;
	void *data;
	size_t i;
	int err = map_reserve(map, size, &data);

	if (err)
		return err;
	to = data;
	for (i = 0; i < size; i++)
		to[i] = ((const unsigned char *)record)[i];
	return map_finish(map, data, discard);
}

static void until_room(struct player *p, struct rng *rng,
		       const struct record *record, size_t size, bool discard)
{
	struct map *map = p->arena->map;
	int err;

	do {
		if (discard || rng_one_in(rng, 2))
			err = put_slowly(map, record, size, discard);
		else
			err = map_output(map, record, size);
		if (err == -EAGAIN)
			sleep_us(20);
	} while (err == -EAGAIN && !complained());
	if (err && err != -EAGAIN)
		complain("producing: %d", err);
}

static void produce(struct player *p, struct rng *rng)
{
	struct board *board = p->arena->board;
	uint32_t number = atomic_load(&board->begun[p->n]);
	struct record record;
	size_t size;

	if (number == RECORDS) {
		sleep_us(20);
		atomic_fetch_add(&board->steps[p->n], 1);
		return;
	}
	if (rng_one_in(rng, 5)) {
		size = record_make(&record, p->n, NO_RECORD);
		until_room(p, rng, &record, size, true);
	}
	size = record_make(&record, p->n, number);
	atomic_store(&board->begun[p->n], number + 1);
	until_room(p, rng, &record, size, false);
	atomic_store(&board->done[p->n], number + 1);
	atomic_fetch_add(&board->steps[p->n], 1);
}

/* True: there was one. */
static bool consume(struct arena *a, uint32_t n)
{
	struct record record;
	ssize_t len = map_consume(a->map, &record, sizeof(record));

	if (len == -EAGAIN)
		return false;
	see(a->board, &record, len);
	atomic_fetch_add(&a->board->steps[n], 1);
	return true;
}

static void player_main(void *arg)
{
	struct player *p = arg;
	struct board *board = p->arena->board;
	struct rng rng = { seed ^ (uint64_t)p->n << 56 ^
			   (uint64_t)p->life << 32 };

	map_owner_set(p->arena->map, p->owner);
	while (!complained() &&
	       atomic_load(&board->stop) < (is_producer(p) ? 1 : 2)) {
		if (is_producer(p))
			produce(p, &rng);
		else if (!consume(p->arena, p->n))
			sleep_us(20);
	}
}

static void player_start(struct player *p)
{
	int err = map_owner_get(p->arena->map, &p->owner);

	if (err) {
		complain("map_owner_get: %d", err);
		return;
	}
	p->life++;
	p->pid = child_start(player_main, p);
}

/* It is known: the keeper discards what it had. */
static void bury(struct player *p)
{
	struct board *board = p->arena->board;
	uint32_t begun;

	map_owner_end(p->arena->map, p->owner, false);
	if (!is_producer(p)) {
		p->arena->in_hands++;
		return;
	}
	begun = atomic_load(&board->begun[p->n]);
	if (begun != atomic_load(&board->done[p->n]))
		board->unsure[p->n][begun - 1] = true;
}

/* --------------------------------------------------------------- storm */

static void check_progress(struct arena *a, const struct player *down)
{
	uint64_t was[PLAYERS];
	uint32_t i;

	for (i = 0; i < PLAYERS; i++)
		was[i] = atomic_load(&a->board->steps[i]);
	for (i = 0; i < PLAYERS && !complained(); i++)
		if (&a->player[i] != down &&
		    !wait_beyond(&a->board->steps[i], was[i]) && !complained())
			complain("%s does not get on",
				 is_producer(&a->player[i]) ? "a producer" :
							      "a consumer");
}

static void kill_one(struct arena *a)
{
	struct player *p = &a->player[rng_below(&a->rng, PLAYERS)];

	sleep_us(100 + rng_below(&a->rng, rng_one_in(&a->rng, 8) ? 4000 : 500));
	child_kill(p->pid);
	p->pid = 0;
	bury(p);
	if (rng_one_in(&a->rng, 2))
		check_progress(a, p);
	if (!complained())
		player_start(p);
}

/* A producer that stands still may hold up all others: until it goes on. */
static void stop_one(struct arena *a)
{
	struct player *p = &a->player[rng_below(&a->rng, PLAYERS)];
	siginfo_t info;

	sleep_us(100 + rng_below(&a->rng, 500));
	kill(p->pid, SIGSTOP);
	if (waitid(P_PID, (id_t)p->pid, &info, WSTOPPED | WEXITED) ||
	    info.si_code != CLD_STOPPED)
		complain("a process ended instead of stopping");
	if (is_producer(p))
		sleep_us(2000);
	else
		check_progress(a, p);
	kill(p->pid, SIGCONT);
	check_progress(a, NULL);
}

/* ----------------------------------------------------------- the arena */

static bool arena_open(struct arena *a, uint32_t map_type, uint32_t size)
{
	struct map_attr attr = { .map_type = map_type, .max_entries = size };
	struct charge charge = { 0 };
	uint32_t i;
	int err;

	*a = (struct arena){ .rng = { seed } };
	a->board = share(sizeof(*a->board));
	err = map_create(&attr, &charge, NULL, &a->map);
	if (err)
		complain("map_create: %d", err);
	for (i = 0; i < PLAYERS && !complained(); i++) {
		a->player[i] = (struct player){ .arena = a, .n = i };
		player_start(&a->player[i]);
	}
	return !complained();
}

/* Those between two numbers go home, or are killed where they are. */
static void send_home(struct arena *a, uint32_t from, uint32_t to,
		      uint32_t stop)
{
	bool killed = rng_one_in(&a->rng, 2);
	uint32_t i;

	if (!killed)
		atomic_store(&a->board->stop, stop);
	for (i = from; i < to; i++) {
		struct player *p = &a->player[i];

		if (!p->pid)
			continue;
		if (killed || complained()) {
			child_kill(p->pid);
			bury(p);
		} else {
			child_wait(p->pid);
			map_owner_end(a->map, p->owner, true);
		}
	}
}

static void check_all(struct arena *a)
{
	struct map_census census;
	uint32_t lost = 0;
	uint32_t n, i;

	while (!complained() && consume(a, 0))
		;
	for (n = 0; n < PRODUCERS; n++)
		for (i = 0; i < atomic_load(&a->board->begun[n]); i++)
			lost += !a->board->seen[n][i] &&
				!a->board->unsure[n][i];
	if (lost > a->in_hands)
		complain("%u records are lost, and %u consumers were killed",
			 lost, a->in_hands);
	if (map_check(a->map, &census))
		complain("map_check: %s", census.wrong);
	else if (census.elements || census.held || census.owners != 1)
		complain("%u records, %u held, %u owners", census.elements,
			 census.held, census.owners);
}

static void arena_end(struct arena *a)
{
	send_home(a, 0, PRODUCERS, 1);
	send_home(a, PRODUCERS, PLAYERS, 2);
	if (!complained())
		check_all(a);
}

static void arena_close(struct arena *a)
{
	if (a->map)
		map_put_now(a->map);
	unshare_memory(a->board, sizeof(*a->board));
}

static void test_storm(uint32_t map_type, uint32_t size)
{
	uint32_t kills = scaled(200);
	uint32_t stops = scaled(20);
	uint64_t start = now_us();
	uint64_t records = 0;
	struct arena a;
	uint32_t i;

	if (arena_open(&a, map_type, size)) {
		for (i = 0; i < kills && !complained(); i++)
			kill_one(&a);
		for (i = 0; i < stops && !complained(); i++)
			stop_one(&a);
		arena_end(&a);
		for (i = 0; i < PRODUCERS; i++)
			records += atomic_load(&a.board->done[i]);
	}
	arena_close(&a);
	tap_comment("SEED=%llu: %llu records in %llu ms",
		    (unsigned long long)seed, (unsigned long long)records,
		    (unsigned long long)(now_us() - start) / 1000);
	verdict("%s of %u: killed %u times, stopped %u times",
		map_type_name(map_type), size, kills, stops);
}

int main(void)
{
	harness_init(200);
	seed = env_seed();
	if (wanted("ringbuf")) {
		test_storm(BPF_MAP_TYPE_RINGBUF, 4096);
		test_storm(BPF_MAP_TYPE_RINGBUF, 1u << 18);
	}
	if (wanted("user_ringbuf"))
		test_storm(BPF_MAP_TYPE_USER_RINGBUF, 4096);
	return tap_done();
}
