/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Somebody writes nonsense into a map's region, while nobody works on the map
 * and while its maker and others do.  Every operation returns, with an errno
 * that it may have; the maps beside it are untouched; afterwards it can be
 * freed.  SEED=N makes the same choices, MAPFS_SCALE=percent lengthens it.
 */
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>

#include "attack.h"
#include "capacity.h"
#include "exercise.h"
#include "harness.h"

#define ENTRIES	   40u
#define FILLED	   30u
#define BYSTANDERS 2u
#define WORKERS	   3u

/* An operation that takes longer hangs. */
#define OPERATION_US (sanitized() ? 60000000ull : 10000000ull)

static uint64_t seed;

/* The map that is spoilt, and one on either side of it in memory. */
struct field {
	const struct shape *shape;
	struct map *map;
	struct map *bystander[BYSTANDERS];
	/* Shared by all, for one who watches. */
	struct exercise *exercise; /* of each worker, and of the client */
	_Atomic uint64_t *stop;
	_Atomic uint64_t *round;
};

/* Tables that have no keys. */
static const struct shape keyless[] = {
	{ "bloom_filter", BPF_MAP_TYPE_BLOOM_FILTER, 0 },
	{ "ringbuf", BPF_MAP_TYPE_RINGBUF, 0 },
	{ "user_ringbuf", BPF_MAP_TYPE_USER_RINGBUF, 0 },
};

#define KEYLESS (sizeof(keyless) / sizeof(keyless[0]))

static bool has_keys(const struct shape *shape)
{
	return shape < keyless || shape >= keyless + KEYLESS;
}

static struct map *hostile_map(const struct shape *shape)
{
	bool ring = map_type_ops(shape->map_type)->map_reserve;

	if (has_keys(shape))
		return shape_map(shape, 8, 16, ENTRIES);
	return shape_map(shape, 0, ring ? 0 : 16, ring ? 4096 : ENTRIES);
}

static int insert(struct map *map, uint32_t i)
{
	uint64_t value[2] = { i, i };

	if (map->key_size)
		return elem_update(map, i, i + 1, BPF_NOEXIST);
	if (map->ops->map_push_elem)
		return map_push_elem(map, value, BPF_ANY);
	return map_output(map, value, 4 + i % 8);
}

static void fill(struct map *map)
{
	uint32_t i;
	int err;

	for (i = 0; i < FILLED; i++) {
		err = insert(map, i);
		if (err)
			complain("insert: %d", err);
	}
}

static void check_bystanders(struct field *f)
{
	uint32_t nonce, i, n;

	for (n = 0; n < BYSTANDERS; n++) {
		for (i = 0; i < FILLED; i++)
			if (elem_lookup(f->bystander[n], i, &nonce) ||
			    nonce != i + 1)
				complain("%u of a map beside it is spoilt", i);
		check_census(f->bystander[n], 1, "a map beside it");
	}
}

static bool field_open(struct field *f, const struct shape *shape)
{
	/* In which everything stays that is put there. */
	struct shape plain = has_keys(shape) ? *shape : shapes[0];

	plain.map_flags &= (uint32_t)~BPF_F_NO_COMMON_LRU;
	*f = (struct field){ .shape = shape };
	f->bystander[0] = shape_map(&plain, 8, 16, ENTRIES);
	f->map = hostile_map(shape);
	f->bystander[1] = shape_map(&plain, 8, 16, ENTRIES);
	f->exercise = share((WORKERS + 1) * sizeof(*f->exercise));
	f->stop = share(sizeof(*f->stop));
	f->round = share(sizeof(*f->round));
	if (complained())
		return false;
	fill(f->bystander[0]);
	fill(f->bystander[1]);
	fill(f->map);
	return !complained();
}

static void field_close(struct field *f)
{
	put_map(f->map);
	put_map(f->bystander[0]);
	put_map(f->bystander[1]);
	unshare_memory(f->exercise, (WORKERS + 1) * sizeof(*f->exercise));
	unshare_memory((void *)f->stop, sizeof(*f->stop));
	unshare_memory((void *)f->round, sizeof(*f->round));
}

/* All regions of a map. */
struct siege {
	struct attack attack[2];
	uint32_t count;
	struct rng rng;
};

static void siege_open(struct siege *siege, struct map *map, uint64_t salt)
{
	struct region *region;

	*siege = (struct siege){ .rng = { seed ^ salt } };
	while ((region = map_region(map, siege->count))) {
		siege->attack[siege->count] = (struct attack){
			.base = region->base,
			.size = region->size,
			.plausible = 2 * ENTRIES,
			.rng = { seed ^ salt ^ siege->count },
		};
		attack_init(&siege->attack[siege->count++]);
	}
}

static void siege_close(struct siege *siege)
{
	while (siege->count)
		attack_release(&siege->attack[--siege->count]);
}

static void siege_restore(struct siege *siege)
{
	uint32_t i;

	for (i = 0; i < siege->count; i++)
		attack_restore(&siege->attack[i]);
}

static struct attack *siege_pick(struct siege *siege)
{
	return &siege->attack[rng_below(&siege->rng, siege->count)];
}

/* As another process: the map, and what a ring has besides. */
static int attach(struct exercise *x, struct map *maker, int prot,
		  struct map **map)
{
	struct region *data = map_region(maker, 1);
	int err = exercise_attach(x, map_region(maker, 0)->fd, prot, map);

	if (!err && data)
		map_attach_data(*map, data->fd);
	return err;
}

static void exercise_open(struct exercise *x, struct map *map, uint64_t salt)
{
	x->map = map;
	x->rng.state = seed ^ salt;
	x->numbers = 2 * ENTRIES;
	if (!exercise_init(x)) {
		perror("malloc");
		exit(EXIT_FAILURE);
	}
}

static void tell_wrong(const struct exercise *x, const char *who)
{
	if (x->wrong)
		complain("%s: %s gave %ld", who, x->wrong, x->result);
}

/* ------------------------------------------- nobody works on it */

/* Through a mapping of its own, as another process would. */
static void try_attached(struct exercise *x, int prot)
{
	struct map *maker = x->map;
	struct map *map;

	if (attach(x, maker, prot, &map))
		return;
	/* The sizes in the header may be others now. */
	if (map->key_size == maker->key_size &&
	    map_value_bytes(map) == map_value_bytes(maker)) {
		x->map = map;
		exercise_all(x);
		x->map = maker;
	}
	map_put_now(map);
}

static void still_rounds(void *arg)
{
	struct field *f = arg;
	struct exercise *x = &f->exercise[0];
	uint32_t rounds = scaled(500);
	struct siege siege;
	uint32_t n;

	exercise_open(x, f->map, 1);
	siege_open(&siege, f->map, 2);
	while (atomic_fetch_add(f->round, 1) < rounds && !x->wrong) {
		siege_restore(&siege);
		n = 1 +
		    rng_below(&siege.rng, rng_one_in(&siege.rng, 4) ? 200 : 8);
		while (n--)
			attack_strike(siege_pick(&siege));
		switch (rng_below(&siege.rng, 4)) {
		case 0:
			try_attached(x, PROT_READ | PROT_WRITE);
			break;
		case 1:
			try_attached(x, PROT_READ);
			break;
		default:
			exercise_all(x);
		}
	}
	tell_wrong(x, "an operation on a spoilt map");
	check_bystanders(f);
	siege_close(&siege);
	exercise_release(x);
	put_map(f->map);
}

/*
 * Watch children at work until they end by themselves.  A worker that begins
 * no other operation for long hangs.
 */
struct watch {
	uint64_t begun;
	uint64_t since;
};

static bool is_stuck(struct watch *watch, struct exercise *x)
{
	uint64_t begun = atomic_load(&x->begun);

	if (begun != watch->begun || !x->at) {
		watch->begun = begun;
		watch->since = now_us();
	}
	return now_us() - watch->since > OPERATION_US;
}

/* True while the child runs. */
static bool child_runs(pid_t pid)
{
	siginfo_t info = { 0 };

	return waitid(P_PID, (id_t)pid, &info, WEXITED | WNOHANG | WNOWAIT) ==
		       0 &&
	       !info.si_pid;
}

static void watch_children(struct field *f, const pid_t *pid, uint32_t count,
			   uint64_t us)
{
	struct watch watch[WORKERS + 1] = { { 0 } };
	uint64_t start = now_us();
	uint32_t i, running;

	for (i = 0; i <= WORKERS; i++)
		watch[i].since = start;
	do {
		sleep_us(2000);
		if (now_us() - start > us)
			atomic_store(f->stop, 1);
		for (i = 0; i <= WORKERS; i++) {
			if (!is_stuck(&watch[i], &f->exercise[i]))
				continue;
			complain("%s does not return (round %llu)",
				 f->exercise[i].at,
				 (unsigned long long)atomic_load(f->round));
			for (i = 0; i < count; i++)
				kill(pid[i], SIGKILL);
			return;
		}
		for (i = 0, running = 0; i < count; i++)
			running += child_runs(pid[i]);
	} while (running);
}

static void test_still(const struct shape *shape)
{
	struct field f;
	pid_t pid;

	if (field_open(&f, shape)) {
		pid = child_start(still_rounds, &f);
		watch_children(&f, &pid, 1, UINT64_MAX);
		child_wait(pid);
		if (complained())
			tap_comment("SEED=%llu, round %llu, %s",
				    (unsigned long long)seed,
				    (unsigned long long)atomic_load(f.round),
				    f.exercise[0].at ? f.exercise[0].at : "-");
	}
	field_close(&f);
	verdict("%s: %u spoilt maps, nobody at work", shape->name, scaled(500));
}

/* ------------------------------------------------- under load */

struct load_thread {
	struct field *field;
	struct exercise *exercise;
	uint64_t salt;
};

static void *load_main(void *arg)
{
	struct load_thread *t = arg;
	struct exercise *x = t->exercise;

	exercise_open(x, t->field->map, t->salt);
	while (!atomic_load(t->field->stop) && !x->wrong)
		if (!rng_one_in(&x->rng, 2000))
			exercise_one(x);
		else
			exercise_all(x);
	exercise_release(x);
	return NULL;
}

/* The daemon: maker of all maps, with threads. */
static void load_maker(void *arg)
{
	struct field *f = arg;
	struct load_thread job[WORKERS];
	pthread_t thread[WORKERS];
	uint32_t i;

	for (i = 0; i < WORKERS; i++) {
		job[i] = (struct load_thread){ f, &f->exercise[i], i + 10 };
		if (pthread_create(&thread[i], NULL, load_main, &job[i])) {
			perror("pthread_create");
			exit(EXIT_FAILURE);
		}
	}
	while (!atomic_load(f->stop)) {
		check_bystanders(f);
		sleep_us(1000);
	}
	for (i = 0; i < WORKERS; i++) {
		pthread_join(thread[i], NULL);
		tell_wrong(&f->exercise[i], "the maker");
	}
	check_bystanders(f);
	put_map(f->map);
}

/* A client: comes, works, goes, comes again. */
static void load_client(void *arg)
{
	struct field *f = arg;
	struct exercise *x = &f->exercise[WORKERS];
	struct map *map;
	int n;

	exercise_open(x, f->map, 20);
	while (!atomic_load(f->stop) && !x->wrong) {
		if (attach(x, f->map, PROT_READ | PROT_WRITE, &map))
			continue;
		x->map = map;
		for (n = 0; n < 100 && map->key_size == f->map->key_size &&
			    map_value_bytes(map) == map_value_bytes(f->map) &&
			    exercise_one(x);
		     n++)
			;
		x->map = f->map;
		map_put_now(map);
	}
	tell_wrong(x, "a client");
	exercise_release(x);
}

static void load_attacker(void *arg)
{
	struct field *f = arg;
	struct siege siege;
	uint32_t n;

	siege_open(&siege, f->map, 30);
	while (!atomic_load(f->stop)) {
		siege_restore(&siege);
		for (n = 1 + rng_below(&siege.rng, 300);
		     n && !atomic_load(f->stop); n--) {
			if (rng_one_in(&siege.rng, 30))
				attack_hammer(siege_pick(&siege), 20000);
			else
				attack_strike(siege_pick(&siege));
			if (rng_one_in(&siege.rng, 8))
				sleep_us(rng_below(&siege.rng, 300));
		}
		atomic_fetch_add(f->round, 1);
	}
	siege_close(&siege);
}

static void test_load(const struct shape *shape)
{
	void (*const run[])(void *) = { load_attacker, load_maker,
					load_client };
	uint64_t begun = 0;
	struct field f;
	pid_t pid[3];
	uint32_t i;

	if (field_open(&f, shape)) {
		for (i = 0; i < 3; i++)
			pid[i] = child_start(run[i], &f);
		watch_children(&f, pid, 3, scaled(1500) * 1000ull);
		for (i = 0; i < 3; i++)
			child_wait(pid[i]);
		for (i = 0; i <= WORKERS; i++)
			begun += atomic_load(&f.exercise[i].begun);
		tap_comment("%llu operations, %llu times restored",
			    (unsigned long long)begun,
			    (unsigned long long)atomic_load(f.round));
	}
	field_close(&f);
	verdict("%s: spoilt while its maker and others work on it",
		shape->name);
}

static void test(const struct shape *shape)
{
	if (!wanted(shape->name))
		return;
	test_still(shape);
	test_load(shape);
}

int main(void)
{
	size_t i;

	harness_init(300);
	seed = env_seed();
	for (i = 0; i < SHAPES; i++)
		test(&shapes[i]);
	for (i = 0; i < KEYLESS; i++)
		test(&keyless[i]);
	return tap_done();
}
