/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Maps of maps of our core beside those of the running kernel: which map can
 * be the example, which fits, what each operation answers, and that a slot
 * holds its map for as long as the kernel's does.
 */
#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "kernel.h"
#include "model/tap.h"

#define ARRAY_OF_MAPS BPF_MAP_TYPE_ARRAY_OF_MAPS
#define HASH_OF_MAPS  BPF_MAP_TYPE_HASH_OF_MAPS

/* Maps that are put into slots; the last is none. */
#define INNERS 24u
#define NONE   (INNERS - 1)
#define SLOTS  8u
#define KEYS   12u

/* The same map on both sides, found by its number. */
struct inner {
	struct map *map; /* NULL: closed */
	uint32_t map_id; /* number + 1, of which ours is made */
	uint32_t slots;	 /* of ours that hold it */
	int fd;		 /* -1: closed */
	uint32_t bpf_id;
};

struct world {
	struct map_space space;
	struct rng rng;
	struct inner inners[INNERS];
	uint32_t next_id;
	/* The maps of maps. */
	struct map_attr attr;
	struct map *map;
	struct bpf_subject bpf;
};

static struct world *world_of(struct map_space *space)
{
	return (struct world *)((char *)space - offsetof(struct world, space));
}

static struct inner *inner_by_id(struct world *w, uint32_t id)
{
	uint32_t i;

	for (i = 0; id && i < INNERS; i++)
		if (w->inners[i].map_id == id)
			return &w->inners[i];
	return NULL;
}

static int world_get(struct map_space *space, uint32_t id, struct map **map)
{
	struct inner *inner = inner_by_id(world_of(space), id);

	if (!inner || !inner->map)
		return -EBADF;
	*map = inner->map;
	map_get(*map);
	inner->slots++;
	return 0;
}

static void world_put(struct map_space *space, struct map *map)
{
	inner_by_id(world_of(space), map->id)->slots--;
	map_put(map);
}

/* Attributes of a map that is as others often enough. */
static struct map_attr pick_inner(struct rng *rng)
{
	static const uint32_t types[] = {
		BPF_MAP_TYPE_ARRAY,	   BPF_MAP_TYPE_ARRAY,
		BPF_MAP_TYPE_ARRAY,	   BPF_MAP_TYPE_HASH,
		BPF_MAP_TYPE_HASH,	   BPF_MAP_TYPE_PERCPU_ARRAY,
		BPF_MAP_TYPE_PERCPU_HASH,  BPF_MAP_TYPE_LRU_HASH,
		BPF_MAP_TYPE_LPM_TRIE,	   BPF_MAP_TYPE_RINGBUF,
		BPF_MAP_TYPE_BLOOM_FILTER,
	};
	static const uint32_t array_flags[] = { BPF_F_MMAPABLE, BPF_F_INNER_MAP,
						BPF_F_INNER_MAP,
						BPF_F_RDONLY_PROG };
	static const uint32_t hash_flags[] = { BPF_F_NO_PREALLOC,
					       BPF_F_ZERO_SEED };
	struct map_attr attr = {
		.map_type = rng_pick(rng, types),
		.key_size = 4,
		.value_size = rng_one_in(rng, 4) ? 4 : 8,
		.max_entries = rng_one_in(rng, 3) ? 5 : 4,
	};

	switch (attr.map_type) {
	case BPF_MAP_TYPE_ARRAY:
		if (rng_one_in(rng, 2))
			attr.map_flags = rng_pick(rng, array_flags);
		break;
	case BPF_MAP_TYPE_HASH:
		if (rng_one_in(rng, 3))
			attr.map_flags = rng_pick(rng, hash_flags);
		break;
	case BPF_MAP_TYPE_LPM_TRIE:
		attr.key_size = 8;
		attr.map_flags = BPF_F_NO_PREALLOC;
		break;
	case BPF_MAP_TYPE_RINGBUF:
		attr.key_size = attr.value_size = 0;
		attr.max_entries = 4096;
		break;
	case BPF_MAP_TYPE_BLOOM_FILTER:
		attr.key_size = 0;
		attr.map_extra = rng_below(rng, 3);
		break;
	}
	if (rng_one_in(rng, 4) && attr.map_type != BPF_MAP_TYPE_RINGBUF)
		attr.map_flags |= rng_one_in(rng, 2) ? BPF_F_RDONLY :
						       BPF_F_WRONLY;
	return attr;
}

static struct map_attr outer_attr(uint32_t map_type)
{
	struct map_attr attr = {
		.map_type = map_type,
		.key_size = 4,
		.value_size = 4,
		.max_entries = SLOTS,
	};

	return attr;
}

static void inner_close(struct inner *inner)
{
	if (inner->map)
		map_put(inner->map);
	inner->map = NULL;
	if (inner->fd >= 0)
		close(inner->fd);
	inner->fd = -1;
}

/* A map of the attributes on both sides, its example the map 'of' or NULL. */
static bool inner_open(struct world *w, struct inner *inner,
		       const struct map_attr *attr, const struct inner *of)
{
	struct map_attr ours = *attr;
	struct charge charge = { 0 };

	ours.space = &w->space;
	ours.inner_map = of ? of->map : NULL;
	inner->fd = bpf_map_create_of(attr, of ? of->fd : 0);
	if (inner->fd < 0 || map_create(&ours, &charge, NULL, &inner->map))
		return false;
	inner->bpf_id = bpf_map_id(inner->fd);
	inner->map_id = ++w->next_id;
	map_set_id(inner->map, inner->map_id);
	return true;
}

/* A new map in the place of one, which slots may go on to hold. */
static bool inner_renew(struct world *w, uint32_t i)
{
	struct inner *inner = &w->inners[i];
	struct map_attr attr = pick_inner(&w->rng);

	inner_close(inner);
	if (inner->slots)
		return true;
	/* One is a map of maps, which none can hold. */
	if (i == 0) {
		attr = outer_attr(HASH_OF_MAPS);
		return inner_open(w, inner, &attr, &w->inners[1]);
	}
	return i == NONE || inner_open(w, inner, &attr, NULL);
}

static bool world_init(struct world *w, uint64_t seed)
{
	uint32_t i;

	memset(w, 0, sizeof(*w));
	w->rng = (struct rng){ seed };
	w->space.get = world_get;
	w->space.put = world_put;
	for (i = 0; i < INNERS; i++)
		w->inners[i].fd = -1;
	for (i = INNERS; i--;)
		if (!inner_renew(w, i)) {
			tap_comment("no map to put into slots");
			return false;
		}
	return true;
}

static void world_release(struct world *w)
{
	uint32_t i;

	for (i = 0; i < INNERS; i++)
		inner_close(&w->inners[i]);
	map_free_wait();
}

/* ---------------------------------------------------------------- creation */

static struct map_attr pick_outer(struct rng *rng)
{
	static const uint32_t types[] = { ARRAY_OF_MAPS, HASH_OF_MAPS };
	static const uint32_t keys[] = { 0, 1, 8, 100, 4194251, 4194252 };
	static const uint32_t values[] = { 0, 3, 8, 1u << 31 };
	static const uint32_t entries[] = { 0, 1, (1u << 27) + 1, UINT32_MAX };
	static const uint32_t flags[] = {
		BPF_F_NUMA_NODE,   BPF_F_RDONLY,      BPF_F_WRONLY,
		BPF_F_RDONLY_PROG, BPF_F_ZERO_SEED,   BPF_F_MMAPABLE,
		BPF_F_INNER_MAP,   BPF_F_NO_PREALLOC,
	};
	struct map_attr attr = outer_attr(rng_pick(rng, types));

	if (rng_one_in(rng, 5))
		attr.key_size = rng_pick(rng, keys);
	if (rng_one_in(rng, 5))
		attr.value_size = rng_pick(rng, values);
	if (rng_one_in(rng, 5))
		attr.max_entries = rng_pick(rng, entries);
	/* The kernel takes an array's memory at once. */
	if (attr.key_size > 100 ||
	    (attr.map_type == ARRAY_OF_MAPS && attr.max_entries > SLOTS))
		attr.max_entries = 1;
	if (rng_one_in(rng, 2))
		kernel_pick_rest(rng, &attr, flags,
				 sizeof(flags) / sizeof(flags[0]));
	return attr;
}

static bool same_creation(struct world *w, uint64_t *made)
{
	struct inner *inner = &w->inners[rng_below(&w->rng, INNERS)];
	struct map_attr attr = pick_outer(&w->rng);
	struct map_refusal refusal = { "", "" };
	struct charge charge = { 0 };
	struct map *map = NULL;
	int ours;
	int fd;

	attr.space = &w->space;
	attr.inner_map = inner->map;
	fd = bpf_map_create_of(&attr, inner->fd);
	ours = map_create(&attr, &charge, &refusal, &map);
	if (fd >= 0)
		close(fd);
	if (map)
		map_put(map);
	*made += !ours;
	if (fd == -ENOMEM || (fd < 0 ? fd : 0) == ours)
		return true;
	tap_comment("type %u key %u value %u entries %u flags %#x of type %u: "
		    "core %d (%s), bpf(2) %d",
		    attr.map_type, attr.key_size, attr.value_size,
		    attr.max_entries, attr.map_flags,
		    inner->map ? inner->map->map_type : 0, ours, refusal.word,
		    fd);
	return false;
}

static void creation_test(uint64_t seed, uint64_t ops)
{
	uint64_t made = 0;
	struct world w;
	uint64_t i;
	bool same = world_init(&w, seed);

	for (i = 0; same && i < ops; i++) {
		if (rng_one_in(&w.rng, 16))
			same = inner_renew(&w, rng_below(&w.rng, INNERS));
		same = same && same_creation(&w, &made);
	}
	world_release(&w);
	tap_ok(same, "%llu creations, %llu of them successful",
	       (unsigned long long)i, (unsigned long long)made);
}

/* ---------------------------------------------------------------- operations
 */

static bool differ(const char *what, int ours, int theirs)
{
	if (ours == theirs)
		return false;
	tap_comment("%s: core %d, bpf(2) %d", what, ours, theirs);
	return true;
}

/* Both ids are those of one map, which may have been closed since. */
static bool same_id(struct world *w, uint32_t ours, uint32_t theirs)
{
	struct inner *inner = inner_by_id(w, ours);

	if (inner && inner->bpf_id == theirs)
		return true;
	tap_comment("another map in the slot");
	return false;
}

static bool do_update(struct world *w)
{
	static const uint64_t flags[] = { 0, 0, 0, 0, 0, 1, 2, 2, 3, 4, 8 };
	struct inner *inner = &w->inners[rng_below(&w->rng, INNERS)];
	uint32_t key = rng_below(&w->rng, KEYS);
	uint64_t flag = rng_pick(&w->rng, flags);
	uint32_t id = inner->map ? inner->map_id : UINT32_MAX;
	int ours = map_update_elem(w->map, &key, &id, flag);
	int theirs = w->bpf.subject.ops->update(&w->bpf.subject, &key,
						&inner->fd, flag);

	return !differ("update", ours, theirs);
}

static bool do_lookup(struct world *w)
{
	uint32_t key = rng_below(&w->rng, KEYS);
	uint32_t a = 0;
	uint32_t b = 0;
	int ours = map_lookup_elem_sys_only(w->map, &key, &a);
	int theirs = w->bpf.subject.ops->lookup(&w->bpf.subject, &key, &b);

	return !differ("lookup", ours, theirs) && (ours || same_id(w, a, b));
}

static bool do_delete(struct world *w)
{
	uint32_t key = rng_below(&w->rng, KEYS);

	return !differ("delete", map_delete_elem(w->map, &key),
		       w->bpf.subject.ops->delete (&w->bpf.subject, &key));
}

static bool do_take(struct world *w)
{
	uint32_t key = rng_below(&w->rng, KEYS);
	uint32_t a;
	uint32_t b;

	return !differ("lookup and delete",
		       map_lookup_and_delete_elem(w->map, &key, &a),
		       w->bpf.subject.ops->lookup_and_delete(&w->bpf.subject,
							     &key, &b));
}

/* The order of a hash is its own business. */
static bool do_next_key(struct world *w)
{
	uint32_t key = rng_below(&w->rng, KEYS);
	uint32_t a = 0;
	uint32_t b = 0;
	int ours = map_get_next_key(w->map, &key, &a);
	int theirs = w->bpf.subject.ops->next_key(&w->bpf.subject, &key, &b);

	if (w->attr.map_type == HASH_OF_MAPS)
		return true;
	return !differ("next key", ours, theirs) && a == b;
}

struct batch {
	uint32_t keys[KEYS];
	uint32_t values[KEYS];
	uint32_t token;
	struct map_batch args;
};

static void batch_init(struct batch *batch, uint32_t count)
{
	memset(batch, 0, sizeof(*batch));
	batch->args = (struct map_batch){
		.out_batch = &batch->token,
		.keys = batch->keys,
		.values = batch->values,
		.count = count,
	};
}

static int compare_pairs(const void *a, const void *b)
{
	const uint32_t *x = a;
	const uint32_t *y = b;

	return x[0] < y[0] ? -1 : x[0] > y[0];
}

/* By key, as the order of a hash is its own. */
static void batch_sort(struct batch *batch)
{
	uint32_t pairs[KEYS][2];
	uint32_t i;

	for (i = 0; i < batch->args.count; i++) {
		pairs[i][0] = batch->keys[i];
		pairs[i][1] = batch->values[i];
	}
	qsort(pairs, batch->args.count, sizeof(pairs[0]), compare_pairs);
	for (i = 0; i < batch->args.count; i++) {
		batch->keys[i] = pairs[i][0];
		batch->values[i] = pairs[i][1];
	}
}

static bool same_batches(struct world *w, const char *what, struct batch *a,
			 struct batch *b, int ours, int theirs)
{
	uint32_t i;

	if (differ(what, ours, theirs) ||
	    differ(what, (int)a->args.count, (int)b->args.count))
		return false;
	if (ours && ours != -ENOENT)
		return true;
	batch_sort(a);
	batch_sort(b);
	for (i = 0; i < a->args.count; i++)
		if (a->keys[i] != b->keys[i] ||
		    !same_id(w, a->values[i], b->values[i])) {
			tap_comment("%s: another element", what);
			return false;
		}
	return true;
}

/* All that there is: more than is room for depends on the order. */
static bool do_lookup_batch(struct world *w, bool take)
{
	const struct subject_ops *ops = w->bpf.subject.ops;
	struct batch a;
	struct batch b;
	int ours;
	int theirs;

	batch_init(&a, KEYS);
	batch_init(&b, KEYS);
	ours = take ? map_lookup_and_delete_batch(w->map, &a.args) :
		      map_lookup_batch(w->map, &a.args);
	theirs = take ? ops->take_batch(&w->bpf.subject, &b.args) :
			ops->lookup_batch(&w->bpf.subject, &b.args);
	return same_batches(w, take ? "take all" : "look all up", &a, &b, ours,
			    theirs);
}

static bool do_change_batch(struct world *w, bool update)
{
	const struct subject_ops *ops = w->bpf.subject.ops;
	uint32_t count = 1 + rng_below(&w->rng, 4);
	struct batch a;
	struct batch b;
	uint32_t i;
	int ours;
	int theirs;

	batch_init(&a, count);
	batch_init(&b, count);
	for (i = 0; i < count; i++) {
		struct inner *inner = &w->inners[rng_below(&w->rng, INNERS)];

		a.keys[i] = b.keys[i] = rng_below(&w->rng, KEYS);
		a.values[i] = inner->map ? inner->map_id : UINT32_MAX;
		b.values[i] = (uint32_t)inner->fd;
	}
	ours = update ? map_update_batch(w->map, &a.args) :
			map_delete_batch(w->map, &a.args);
	theirs = update ? ops->update_batch(&w->bpf.subject, &b.args) :
			  ops->delete_batch(&w->bpf.subject, &b.args);
	return !differ("batch", ours, theirs) &&
	       !differ("batch: count", (int)a.args.count, (int)b.args.count);
}

static bool do_step(struct world *w)
{
	switch (rng_below(&w->rng, 32)) {
	case 0:
		return inner_renew(w, 2 + rng_below(&w->rng, INNERS - 3));
	case 1:
		return do_take(w);
	case 2:
	case 3:
		return do_next_key(w);
	case 4:
	case 5:
		return do_lookup_batch(w, false);
	case 6:
		return do_lookup_batch(w, true);
	case 7:
		return do_change_batch(w, true);
	case 8:
		return do_change_batch(w, false);
	case 9:
	case 10:
	case 11:
	case 12:
		return do_delete(w);
	case 13:
	case 14:
	case 15:
	case 16:
	case 17:
		return do_lookup(w);
	default:
		return do_update(w);
	}
}

/* What is closed lives while a slot holds it, and then ends, if not at once. */
static bool same_lives(struct world *w)
{
	unsigned int tries = 1000;
	uint32_t i;

	for (i = 0; i < INNERS; i++) {
		const struct inner *inner = &w->inners[i];
		bool lives = inner->map || inner->slots;

		if (!inner->bpf_id)
			continue;
		while (bpf_map_exists(inner->bpf_id) && !lives && tries--)
			usleep(1000);
		if (bpf_map_exists(inner->bpf_id) != lives) {
			tap_comment("a map %s here alone",
				    lives ? "lives" : "has ended");
			return false;
		}
	}
	return true;
}

static bool do_frozen(struct world *w)
{
	int i;
	bool same = !differ("freeze", map_freeze(w->map),
			    w->bpf.subject.ops->freeze(&w->bpf.subject));

	for (i = 0; same && i < 32; i++)
		same = do_step(w);
	return same;
}

/* One pair of maps of maps, its example a map of the world. */
static bool run_outer(struct world *w, uint32_t map_type, uint32_t steps)
{
	struct inner *of = &w->inners[1 + rng_below(&w->rng, INNERS - 2)];
	struct charge charge = { 0 };
	bool same = true;
	int fd;

	if (!of->map)
		return true;
	w->attr = outer_attr(map_type);
	w->attr.space = &w->space;
	w->attr.inner_map = of->map;
	fd = bpf_map_create_of(&w->attr, of->fd);
	if (fd < 0 || map_create(&w->attr, &charge, NULL, &w->map)) {
		tap_comment("no map of maps");
		return false;
	}
	bpf_subject_of(&w->bpf, fd);
	while (same && steps--)
		same = do_step(w);
	same = same && same_lives(w) &&
	       (!rng_one_in(&w->rng, 4) || do_frozen(w));
	bpf_subject_release(&w->bpf);
	map_put(w->map);
	map_free_wait();
	return same;
}

static void operation_test(uint32_t map_type, uint64_t seed, uint64_t ops)
{
	const uint32_t steps = 500;
	struct world w;
	uint64_t done;
	uint32_t i;
	bool same = world_init(&w, seed);

	for (done = 0; same && done < ops; done += steps) {
		same = run_outer(&w, map_type, steps);
		for (i = 0; same && i < INNERS; i++)
			if (!w.inners[i].map)
				same = inner_renew(&w, i);
	}
	same = same && same_lives(&w);
	world_release(&w);
	tap_ok(same, "%s: %llu operations", map_type_name(map_type),
	       (unsigned long long)done);
}

int main(void)
{
	const char *reason = kernel_unfit();
	uint64_t seed;
	uint64_t ops;

	if (reason)
		return tap_skip_all(reason);
	seed = env_seed();
	ops = env_u64("OPS", 10000);
	creation_test(seed, ops / 4);
	operation_test(ARRAY_OF_MAPS, seed, ops);
	operation_test(HASH_OF_MAPS, seed, ops);
	return tap_done();
}
