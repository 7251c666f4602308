/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Random operations on ring buffers beside a plain list of records: by the one
 * who made the ring, or by it and another one in turn, who comes and goes with
 * records in hand.  SEED=N replays a run, OPS=N sets the operations of each of
 * its tests.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "maps.h"
#include "tap.h"

/* The largest ring here, and the records that it can have. */
#define LARGEST 16384u
#define RECORDS (LARGEST / 8)

enum state { RESERVED, COMMITTED, DISCARDED };

struct record {
	enum state state;
	uint32_t who; /* whose of the two maps */
	uint32_t len;
	uint32_t number; /* of which its bytes are made */
	void *data;
};

/* Records in order, those that were consumed no more. */
struct oracle {
	struct record record[RECORDS];
	uint32_t count;
	uint32_t size;
	uint64_t consumer;
	uint32_t numbers;
	bool frozen;
};

struct pair {
	struct rng *rng;
	struct oracle oracle;
	struct core_subject core;
	unsigned char bytes[LARGEST];
	unsigned char want[LARGEST];
};

static uint64_t total(uint32_t len)
{
	return (len + 8 + 7) / 8 * 8;
}

/* The first record that is not finished, or the number of all. */
static uint32_t finished(const struct oracle *o)
{
	uint32_t n = 0;

	while (n < o->count && o->record[n].state != RESERVED)
		n++;
	return n;
}

/* Bytes of the first n records. */
static uint64_t bytes_before(const struct oracle *o, uint32_t n)
{
	uint64_t bytes = 0;

	while (n--)
		bytes += total(o->record[n].len);
	return bytes;
}

static void drop_first(struct oracle *o, uint32_t n)
{
	o->consumer += bytes_before(o, n);
	o->count -= n;
	memmove(o->record, o->record + n, o->count * sizeof(*o->record));
}

static int think_reserve(const struct oracle *o, uint32_t len)
{
	if (o->frozen)
		return -EPERM;
	if (total(len) > o->size - 8)
		return -E2BIG;
	return bytes_before(o, o->count) + total(len) < o->size ? 0 : -EAGAIN;
}

/* *record is the one that is given. */
static int think_consume(struct oracle *o, size_t room, struct record *record)
{
	uint32_t end = finished(o);
	uint32_t n = 0;

	if (o->frozen)
		return -EPERM;
	while (n < end && o->record[n].state == DISCARDED)
		n++;
	end -= n;
	drop_first(o, n);
	if (!end)
		return -EAGAIN;
	if (o->record[0].len > room)
		return -EMSGSIZE;
	*record = o->record[0];
	drop_first(o, 1);
	return (int)record->len;
}

static void make(unsigned char *bytes, uint32_t number, uint32_t len)
{
	struct rng rng = { number };

	rng_fill(&rng, bytes, len);
}

static bool same(const char *what, long got, long want)
{
	if (got != want)
		tap_comment("%s: %ld, and should be %ld", what, got, want);
	return got == want;
}

static uint32_t turn(const struct pair *p)
{
	return p->core.maps[1] ? rng_below(p->rng, 2) : 0;
}

static uint32_t pick_len(const struct pair *p)
{
	static const uint32_t below[] = { 1, 16, 16, 100, 100, 2000 };

	if (rng_one_in(p->rng, 20))
		return p->oracle.size - 24 + rng_below(p->rng, 16);
	return rng_below(p->rng, rng_pick(p->rng, below));
}

static void add(struct pair *p, enum state state, uint32_t who, uint32_t len,
		void *data)
{
	struct oracle *o = &p->oracle;

	o->record[o->count++] =
		(struct record){ state, who, len, o->numbers++, data };
}

static bool do_reserve(struct pair *p)
{
	uint32_t len = pick_len(p);
	uint32_t who = turn(p);
	int want = think_reserve(&p->oracle, len);
	void *data = NULL;
	int err = map_reserve(p->core.maps[who], len, &data);

	if (!err) {
		make(data, p->oracle.numbers, len);
		if (!want)
			add(p, RESERVED, who, len, data);
	}
	return same("reserve", err, want);
}

static bool do_output(struct pair *p)
{
	uint32_t len = pick_len(p);
	uint32_t who = turn(p);
	int want = think_reserve(&p->oracle, len);

	make(p->bytes, p->oracle.numbers, len);
	if (!want)
		add(p, COMMITTED, who, len, NULL);
	return same("output", map_output(p->core.maps[who], p->bytes, len),
		    want);
}

/* Any record, by anybody: its owner can, once. */
static bool do_finish(struct pair *p)
{
	struct oracle *o = &p->oracle;
	bool discard = rng_one_in(p->rng, 4);
	uint32_t who = turn(p);
	struct record *record;
	int want = o->frozen ? -EPERM : -EINVAL;

	if (!o->count)
		return same("finish",
			    map_finish(p->core.maps[who], p->bytes, discard),
			    want);
	record = &o->record[rng_below(p->rng, o->count)];
	if (!record->data)
		return true;
	if (!o->frozen && record->state == RESERVED && record->who == who) {
		want = 0;
		record->state = discard ? DISCARDED : COMMITTED;
	}
	return same("finish",
		    map_finish(p->core.maps[who], record->data, discard), want);
}

static bool do_consume(struct pair *p)
{
	size_t room = rng_one_in(p->rng, 4) ? rng_below(p->rng, 200) :
					      sizeof(p->bytes);
	struct record record = { 0 };
	int want = think_consume(&p->oracle, room, &record);

	if (!same("consume", map_consume(p->core.maps[turn(p)], p->bytes, room),
		  want))
		return false;
	if (want < 0)
		return true;
	make(p->want, record.number, record.len);
	return same("its bytes", memcmp(p->bytes, p->want, record.len), 0);
}

static bool do_pending(struct pair *p)
{
	/* Discarded ones count. */
	return same("pending", map_pending(p->core.maps[turn(p)]),
		    finished(&p->oracle) > 0);
}

static bool do_query(struct pair *p)
{
	const struct oracle *o = &p->oracle;
	uint64_t unread = bytes_before(o, finished(o));
	struct map *map = p->core.maps[turn(p)];

	return same("unread", (long)map_query(map, BPF_RB_AVAIL_DATA),
		    (long)unread) &&
	       same("size", (long)map_query(map, BPF_RB_RING_SIZE), o->size) &&
	       same("consumer", (long)map_query(map, BPF_RB_CONS_POS),
		    (long)o->consumer) &&
	       same("producer", (long)map_query(map, BPF_RB_PROD_POS),
		    (long)(o->consumer + unread)) &&
	       same("used", (long)map_used_entries(map), (long)unread);
}

/* What it had reserved is nobody's any more. */
static bool do_replace(struct pair *p)
{
	struct oracle *o = &p->oracle;
	struct map **maps = p->core.maps;
	uint32_t n;
	int err;

	if (!maps[1] || !rng_one_in(p->rng, 20))
		return true;
	map_put_now(maps[1]);
	maps[1] = NULL;
	for (n = 0; n < o->count; n++) {
		if (o->record[n].who != 1)
			continue;
		if (o->record[n].state == RESERVED)
			o->record[n].state = DISCARDED;
		o->record[n].data = NULL;
	}
	err = map_attach(map_region(maps[0], 0)->fd, PROT_READ | PROT_WRITE,
			 &maps[1]);
	if (!err)
		err = map_attach_data(maps[1], map_region(maps[0], 1)->fd);
	return same("attach", err, 0);
}

static bool do_rare(struct pair *p)
{
	struct oracle *o = &p->oracle;
	struct map *map = p->core.maps[0];

	if (rng_one_in(p->rng, 50) && !o->frozen) {
		drop_first(o, finished(o));
		if (!same("clear", map_clear(map), 0))
			return false;
	}
	if (rng_one_in(p->rng, 100) && !p->core.maps[1] && !o->frozen) {
		o->frozen = true;
		return same("freeze", map_freeze(map), 0);
	}
	return true;
}

static bool check(struct pair *p)
{
	const struct oracle *o = &p->oracle;
	struct map_census census;
	uint32_t committed = 0;
	uint32_t held = 0;
	uint32_t end = finished(o);
	uint32_t n;

	for (n = 0; n < o->count; n++) {
		committed += n < end && o->record[n].state == COMMITTED;
		held += o->record[n].state == RESERVED;
	}
	if (!same("check", map_check(p->core.maps[0], &census), 0)) {
		tap_comment("%s", census.wrong);
		return false;
	}
	return same("records", census.elements, committed) &&
	       same("held", census.held, held);
}

static bool run_steps(struct pair *p, uint32_t steps)
{
	static bool (*const step[])(struct pair *) = {
		do_reserve, do_reserve, do_finish,  do_finish,	do_finish,
		do_output,  do_consume, do_consume, do_consume, do_pending,
		do_query,   do_replace, do_rare,
	};
	bool good = true;

	while (good && steps--)
		good = rng_pick(p->rng, step)(p);
	return good && check(p);
}

static bool run_map(struct rng *rng, const struct maps_test *test,
		    uint32_t steps)
{
	struct map_attr attr = {
		.map_type = test->map_type,
		.max_entries = 4096u << rng_below(rng, 3),
	};
	struct pair *p = calloc(1, sizeof(*p));
	bool good = true;

	if (!p)
		return false;
	p->rng = rng;
	p->oracle.size = attr.max_entries;
	if (!core_subject_init(&p->core, &attr, (enum core_way)test->way)) {
		free(p);
		return false;
	}
	if (p->core.maps[1])
		good = same("attach_data",
			    map_attach_data(p->core.maps[1],
					    map_region(p->core.maps[0], 1)->fd),
			    0);
	good = good && run_steps(p, steps);
	core_subject_release(&p->core);
	free(p);
	return good;
}

static const struct maps_test tests[] = {
	{ BPF_MAP_TYPE_RINGBUF, CORE_PLAIN, "", run_map },
	{ BPF_MAP_TYPE_RINGBUF, CORE_ATTACHED, ", attached", run_map },
	{ BPF_MAP_TYPE_USER_RINGBUF, CORE_PLAIN, "", run_map },
	{ BPF_MAP_TYPE_USER_RINGBUF, CORE_ATTACHED, ", attached", run_map },
};

int main(void)
{
	uint64_t seed = env_seed();
	uint64_t ops = env_u64("OPS", 100000);
	size_t i;

	for (i = 0; i < sizeof(tests) / sizeof(tests[0]); i++)
		maps_test_run(&tests[i], seed, ops);
	map_free_wait();
	return tap_done();
}
