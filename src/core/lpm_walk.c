/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * From prefix to prefix: get_next_key in the kernel's order, listings in order
 * of address, clear.
 */
#include <errno.h>

#include "core/lpm_trie.h"

/* Down from a link to the leaf that the kernel's order has first. */
static int first_leaf(const struct lpm_map *lpm, uint64_t link,
		      struct lpm_key *key)
{
	struct lpm_branch branch;
	int above = -1;
	int err;

	while (!link_is_leaf(link)) {
		err = lpm_load_branch(lpm, link, &branch);
		if (err)
			return err;
		if (branch.bit >= lpm->bits || (int)branch.bit <= above)
			return -EUCLEAN;
		above = (int)branch.bit;
		link = branch.child[0] ? branch.child[0] :
		       branch.child[1] ? branch.child[1] :
					 branch.leaf;
	}
	return lpm_load_leaf(lpm, link, key, NULL, NULL);
}

/*
 * Longer prefixes come before those that contain them, and what goes on with a
 * 0 before what goes on with a 1.  So behind everything below a branch's child
 * 0 comes child 1, and behind that the branch's own leaf.
 */
static int next_leaf(const struct lpm_map *lpm, const struct lpm_place *place,
		     const struct lpm_key *key, struct lpm_key *next)
{
	struct lpm_branch branch;
	uint32_t i = place->count;
	int err;

	while (i--) {
		err = lpm_load_branch(lpm, place->step[i], &branch);
		if (err)
			return err;
		if (!lpm_bit(key->data, place->bit[i]) && branch.child[1])
			return first_leaf(lpm, branch.child[1], next);
		if (branch.leaf)
			return first_leaf(lpm, branch.leaf, next);
	}
	return -ENOENT;
}

static int next_in(const struct lpm_map *lpm, uint64_t was,
		   const struct lpm_key *key, struct lpm_key *next)
{
	struct lpm_place place;
	int err = 0;

	if (!was)
		return -ENOENT;
	if (!key || key->prefixlen > lpm->bits)
		return first_leaf(lpm, was, next);
	err = lpm_locate(lpm, was, key, &place);
	if (err)
		return err;
	if (!place.found)
		return first_leaf(lpm, was, next);
	return next_leaf(lpm, &place, key, next);
}

int lpm_map_get_next_key(struct map *map, const void *key, void *next_key)
{
	const struct lpm_map *lpm = to_lpm(map);
	struct lpm_key copy;
	struct lpm_key next;
	unsigned int tries;
	uint64_t was;
	int err;

	if (key)
		memcpy(&copy, key, map->key_size);
	for (tries = 0; tries < LPM_TRIES; tries++) {
		was = shared_load(lpm_root(lpm));
		err = next_in(lpm, was, key ? &copy : NULL, &next);
		if (!lpm_again(lpm, was, err))
			break;
	}
	if (!err)
		memcpy(next_key, &next, map->key_size);
	return err == -EAGAIN ? -EUCLEAN : err;
}

/*
 * A walk over the leaves in order of address, shorter prefixes first; what
 * is yet to be seen, the next on top.  Whole branches are passed over by their
 * counts.
 */
struct walk {
	const struct lpm_map *lpm;
	uint32_t skip; /* leaves */
	uint32_t depth;
	struct {
		uint64_t link;
		int above; /* bits of the branch above */
	} stack[2 * LPM_DEPTH_MAX + 3];
};

static void push(struct walk *walk, uint64_t link, int above)
{
	if (!link)
		return;
	walk->stack[walk->depth].link = link;
	walk->stack[walk->depth++].above = above;
}

static void walk_init(struct walk *walk, const struct lpm_map *lpm,
		      uint64_t root, uint32_t skip)
{
	walk->lpm = lpm;
	walk->skip = skip;
	walk->depth = 0;
	push(walk, root, -1);
}

/*
 * The link of the next leaf, 0 at the end.  -EAGAIN, -EUCLEAN.  On the way
 * down to a leaf, each branch is met at most with its sibling.
 */
static int walk_next(struct walk *walk, uint64_t *leaf)
{
	struct lpm_branch branch;
	uint32_t steps = 2 * LPM_DEPTH_MAX + 3;
	int above;
	int err;

	*leaf = 0;
	while (walk->depth) {
		*leaf = walk->stack[--walk->depth].link;
		above = walk->stack[walk->depth].above;
		if (link_is_leaf(*leaf)) {
			if (!walk->skip)
				return 0;
			walk->skip--;
			continue;
		}
		if (!steps--)
			return -EUCLEAN;
		err = lpm_load_branch(walk->lpm, *leaf, &branch);
		if (err)
			return err;
		if ((int)branch.bit <= above || branch.bit >= walk->lpm->bits)
			return -EUCLEAN;
		if (walk->skip >= branch.count) {
			walk->skip -= branch.count;
			continue;
		}
		push(walk, branch.child[1], (int)branch.bit);
		push(walk, branch.child[0], (int)branch.bit);
		push(walk, branch.leaf, (int)branch.bit);
	}
	*leaf = 0;
	return 0;
}

/*
 * Positions of a listing: the first 32 bits of an address, and where among the
 * prefixes at addresses that begin so.  If that is the whole address, it is
 * the length to go on with, and nothing that comes and goes elsewhere makes a
 * listing miss or repeat a prefix.  Otherwise it is how many have been passed,
 * which others move that begin with the same 32 bits.
 *
 *	bits 30..61	the first 32 bits
 *	bits 0..29	a prefix length, or prefixes passed
 */
#define POS_ADDRESS 30
#define POS_NUMBER  ((1ull << POS_ADDRESS) - 1)

_Static_assert(LPM_ENTRIES_MAX - 1 <= POS_NUMBER, "positions");

/* The bits behind the prefix do not count. */
static uint32_t address_of(const struct lpm_map *lpm, const struct lpm_key *key)
{
	uint32_t len = key->prefixlen < 32 ? key->prefixlen : 32;
	uint32_t address = 0;
	uint32_t i;

	for (i = 0; i < 4 && i < lpm->bits / 8; i++)
		address |= (uint32_t)key->data[i] << (24 - 8 * i);
	return len ? address & ~0u << (32 - len) : 0;
}

static bool is_whole(const struct lpm_map *lpm)
{
	return lpm->bits <= 32;
}

/*
 * Leaves before a place: of an address that begins with less than these 32
 * bits, or with nothing else set and shorter than 'length'.
 */
static int count_before(const struct lpm_map *lpm, uint64_t was,
			uint32_t address, uint32_t length, uint32_t *count)
{
	struct lpm_key key = { .prefixlen = is_whole(lpm) ? lpm->bits : 32 };
	struct lpm_branch branch;
	struct lpm_place place;
	uint32_t below;
	uint32_t i;
	int err;

	for (i = 0; i < 4; i++)
		key.data[i] = (unsigned char)(address >> (24 - 8 * i));
	err = lpm_locate(lpm, was, &key, &place);
	*count = 0;
	for (i = 0; !err && i < place.count; i++) {
		err = lpm_load_branch(lpm, place.step[i], &branch);
		if (branch.leaf)
			*count += place.bit[i] < length ||
				  lpm_has_ones(lpm, key.data, place.bit[i]);
		if (err || !lpm_bit(key.data, place.bit[i]))
			continue;
		err = lpm_load_count(lpm, branch.child[0], &below);
		*count += below;
	}
	if (err || !place.end)
		return err;
	/* A prefix of this address, or what parts from it: to which side? */
	if (link_is_leaf(place.end) && place.common == place.end_len) {
		*count += place.end_len < length ||
			  lpm_has_ones(lpm, key.data, place.end_len);
	} else if (place.common < key.prefixlen && !place.end_way) {
		err = lpm_load_count(lpm, place.end, &below);
		*count += below;
	}
	return err;
}

/* The position behind a prefix that was listed at 'before'. */
static uint64_t position(const struct lpm_map *lpm, const struct lpm_key *key,
			 uint64_t before)
{
	uint64_t address = (uint64_t)address_of(lpm, key) << POS_ADDRESS;

	if (is_whole(lpm))
		return address + key->prefixlen + 1;
	return before >> POS_ADDRESS == address >> POS_ADDRESS ? before + 1 :
								 address + 1;
}

/* Up to 'count' leaves of the trie that 'was' names.  -EAGAIN, -EUCLEAN. */
static int list(const struct lpm_map *lpm, uint64_t was, uint64_t *pos,
		unsigned char *keys, unsigned char *values, uint32_t count)
{
	uint32_t address = (uint32_t)(*pos >> POS_ADDRESS);
	uint32_t number = (uint32_t)(*pos & POS_NUMBER);
	struct lpm_key key;
	struct walk walk;
	uint32_t before;
	uint32_t done;
	uint64_t leaf;
	uint64_t next;
	int err;

	err = count_before(lpm, was, address, is_whole(lpm) ? number : 0,
			   &before);
	if (err)
		return err;
	walk_init(&walk, lpm, was, is_whole(lpm) ? before : before + number);
	for (done = 0; done < count; done++) {
		err = walk_next(&walk, &leaf);
		if (err || !leaf)
			break;
		err = lpm_load_leaf(lpm, leaf, &key, values, NULL);
		if (err)
			break;
		memcpy(keys, &key, lpm->table.map.key_size);
		keys += lpm->table.map.key_size;
		if (values)
			values += lpm->table.map.value_size;
		next = position(lpm, &key, *pos);
		/* What does not move on would not end. */
		err = next > *pos ? 0 : -EUCLEAN;
		if (err)
			break;
		*pos = next;
	}
	/* What has been listed is not lost to an error behind it. */
	return done ? (int)done : err;
}

int lpm_map_seq_show_elem(struct map *map, uint64_t *pos, void *keys,
			  void *values, uint32_t count)
{
	const struct lpm_map *lpm = to_lpm(map);
	unsigned int tries;
	uint64_t was;
	int res;

	for (tries = 0; tries < LPM_TRIES; tries++) {
		was = shared_load(lpm_root(lpm));
		res = list(lpm, was, pos, keys, values, count);
		if (!lpm_again(lpm, was, res))
			break;
	}
	return res == -EAGAIN ? -EUCLEAN : res;
}

/*
 * One by one, so that it can be stopped anywhere.  It ends although others
 * insert meanwhile: what was there at first has gone after as many deletions,
 * unless there are more in front of it.
 */
int lpm_map_clear(struct map *map)
{
	struct lpm_map *lpm = to_lpm(map);
	uint64_t left = map->max_entries;
	struct lpm_key key;
	int err = 0;

	while (!err && left--) {
		err = lpm_map_get_next_key(map, NULL, &key);
		if (!err)
			err = lpm_delete(lpm, &key);
		if (err == -ENOENT && shared_load(lpm_root(lpm)))
			err = 0;
	}
	return err == -ENOENT ? 0 : err;
}
