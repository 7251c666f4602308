/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Walks, and the two changes there are: an update, which puts a leaf into the
 * trie, and a deletion, which takes one out.
 *
 * Both go the same way: locate; acknowledge what is to be unlinked (see
 * pool.h); copy the branches above; swap the root; acknowledge what is new, and
 * free the old branches.  If the process ends before the swap, its nodes are
 * unreachable and marked with its number; if after, they are in the trie, and
 * the next one to copy them, or who reclaims, acknowledges them; the old ones
 * are LINKED and unreachable, and who reclaims frees them.
 */
#include "core/lpm_trie.h"

#include <errno.h>

#include "core/topology.h"

uint32_t lpm_common(const unsigned char *a, const unsigned char *b,
		    uint32_t max)
{
	uint32_t bit = 0;
	uint32_t i;

	for (i = 0; bit < max; i++, bit += 8)
		if (a[i] != b[i]) {
			bit += (uint32_t)__builtin_clz(
				       (unsigned int)(a[i] ^ b[i])) -
			       24;
			break;
		}
	return bit < max ? bit : max;
}

bool lpm_has_ones(const struct lpm_map *lpm, const unsigned char *data,
		  uint32_t from)
{
	for (; from < lpm->bits && from % 8; from++)
		if (lpm_bit(data, from))
			return true;
	for (; from < lpm->bits; from += 8)
		if (data[from / 8])
			return true;
	return false;
}

static struct lpm_branch *branch_at(const struct lpm_map *lpm, uint32_t node)
{
	return (struct lpm_branch *)pool_node(&lpm->branches, node);
}

static bool same_life(uint64_t mark, uint64_t link)
{
	return mark_version(mark) == mark_version(link);
}

/* The loads acquire, so the mark is looked at after what it vouches for. */
int lpm_load_branch(const struct lpm_map *lpm, uint64_t link,
		    struct lpm_branch *branch)
{
	const struct lpm_branch *at;

	if (!pool_valid(&lpm->branches, link_node(link)))
		return -EUCLEAN;
	at = branch_at(lpm, link_node(link));
	branch->leaf = shared_load(&at->leaf);
	branch->child[0] = shared_load(&at->child[0]);
	branch->child[1] = shared_load(&at->child[1]);
	branch->bit = shared_load(&at->bit);
	branch->count = shared_load(&at->count);
	branch->mark = shared_load(&at->mark);
	return same_life(branch->mark, link) ? 0 : -EAGAIN;
}

int lpm_load_leaf(const struct lpm_map *lpm, uint64_t link, struct lpm_key *key,
		  void *value, uint64_t *mark)
{
	const struct pool_node *at;
	uint64_t was;

	if (!link_is_leaf(link) || !pool_valid(&lpm->leaves, link_node(link)))
		return -EUCLEAN;
	at = pool_node(&lpm->leaves, link_node(link));
	shared_copy_out(key, at + 1, lpm->table.map.key_size);
	if (value)
		shared_copy_out(value, (const char *)at + lpm->value_off,
				lpm->table.map.value_size);
	was = shared_load(&at->mark);
	if (!same_life(was, link))
		return -EAGAIN;
	if (mark)
		*mark = was;
	return key->prefixlen <= lpm->bits ? 0 : -EUCLEAN;
}

int lpm_load_count(const struct lpm_map *lpm, uint64_t link, uint32_t *count)
{
	struct lpm_branch branch;
	int err;

	*count = link != 0;
	if (!link || link_is_leaf(link))
		return 0;
	err = lpm_load_branch(lpm, link, &branch);
	*count = branch.count;
	return err;
}

static uint64_t any_below(const struct lpm_branch *branch)
{
	if (branch->leaf)
		return branch->leaf;
	return branch->child[0] ? branch->child[0] : branch->child[1];
}

/* Is that a branch that can be below one of 'bit' bits? */
static bool goes_down(const struct lpm_map *lpm,
		      const struct lpm_branch *branch, int bit)
{
	return branch->bit < lpm->bits && (int)branch->bit > bit;
}

int lpm_sample(const struct lpm_map *lpm, uint64_t link, int bit,
	       struct lpm_key *key)
{
	struct lpm_branch branch;
	int err;

	while (!link_is_leaf(link)) {
		err = lpm_load_branch(lpm, link, &branch);
		if (err)
			return err;
		if (!goes_down(lpm, &branch, bit))
			return -EUCLEAN;
		bit = (int)branch.bit;
		link = any_below(&branch);
	}
	return lpm_load_leaf(lpm, link, key, NULL, NULL);
}

/*
 * The walk went by single bits and may have passed where the prefix parts from
 * what is there: a leaf at its end, or 'aside' of it, tells where that is.
 */
static int compare(const struct lpm_map *lpm, const struct lpm_key *key,
		   uint64_t aside, struct lpm_place *place)
{
	uint64_t link = place->end ? place->end : aside;
	uint32_t n = place->count;
	struct lpm_key sample;
	uint32_t max;
	int err;

	place->found = 0;
	if (!link)
		return 0;
	err = lpm_sample(lpm, link, n ? place->bit[n - 1] : -1, &sample);
	if (err)
		return err;
	max = sample.prefixlen < key->prefixlen ? sample.prefixlen :
						  key->prefixlen;
	place->common = lpm_common(key->data, sample.data, max);
	while (n && place->bit[n - 1] > place->common)
		n--;
	if (n < place->count) {
		place->end = place->step[n];
		place->count = n;
		err = lpm_load_branch(lpm, place->end, &place->branch);
		if (err)
			return err;
	}
	if (!place->end)
		return 0;
	place->end_len = link_is_leaf(place->end) ? sample.prefixlen :
						    place->branch.bit;
	/* All that is below has its bits. */
	if (sample.prefixlen < place->end_len)
		return -EUCLEAN;
	if (place->common < place->end_len)
		place->end_way = lpm_bit(sample.data, place->common);
	if (place->common == key->prefixlen && place->end_len == key->prefixlen)
		place->found = link_is_leaf(place->end) ? place->end :
							  place->branch.leaf;
	return 0;
}

int lpm_locate(const struct lpm_map *lpm, uint64_t was,
	       const struct lpm_key *key, struct lpm_place *place)
{
	struct lpm_branch *branch = &place->branch;
	uint64_t aside = 0;
	uint64_t link = was;
	unsigned int way;
	int above = -1;
	int err;

	place->was = was;
	place->count = 0;
	place->common = 0;
	while (link && !link_is_leaf(link)) {
		err = lpm_load_branch(lpm, link, branch);
		if (err)
			return err;
		if (!goes_down(lpm, branch, above))
			return -EUCLEAN;
		if (branch->bit >= key->prefixlen)
			break;
		above = (int)branch->bit;
		place->bit[place->count] = (uint16_t)branch->bit;
		place->step[place->count++] = link;
		way = lpm_bit(key->data, branch->bit);
		aside = branch->leaf ? branch->leaf : branch->child[!way];
		link = branch->child[way];
	}
	place->end = link;
	return compare(lpm, key, aside, place);
}

void lpm_ack_branch(const struct lpm_map *lpm, uint64_t link)
{
	uint64_t *mark = &branch_at(lpm, link_node(link))->mark;
	uint64_t was = shared_load(mark);

	if ((was & MARK_STATE) == MARK_TAKEN && same_life(was, link))
		shared_cas(mark, was, mark_linked(was));
}

int lpm_ack_leaf(const struct lpm_map *lpm, uint64_t link)
{
	uint32_t node = link_node(link);
	uint64_t mark;

	if (!pool_valid(&lpm->leaves, node))
		return -EUCLEAN;
	mark = shared_load(&pool_node(&lpm->leaves, node)->mark);
	if (!same_life(mark, link))
		return -EAGAIN;
	mark = pool_ack(&lpm->leaves, node, mark);
	return mark == mark_linked(link) ? 0 : -EAGAIN;
}

/* Where this thread takes and gives nodes. */
static uint32_t shard_of(const struct pool *pool)
{
	return pool->shards == 1 ? 0 : topology_this_cpu() % pool->shards;
}

/*
 * A leaf to replace another by: a spare, or with the same result a credit.
 * Both can be in other hands for a moment.
 */
static int take_replacement(struct lpm_map *lpm, uint32_t *node)
{
	const struct pool *pool = &lpm->leaves;
	unsigned int tries = 0;

	do {
		if (!pool_take(pool, POOL_SPARE, shard_of(pool), node) ||
		    !pool_take(pool, POOL_CREDIT, shard_of(pool), node)) {
			pool_waited(&lpm->leaf_waits);
			return 0;
		}
		lpm_reclaim(lpm);
	} while (pool_wait(&lpm->leaf_waits, tries++));
	return -ENOMEM;
}

/* A leaf to add a prefix by: a credit. */
static int take_addition(struct lpm_map *lpm, uint32_t *node)
{
	const struct pool *pool = &lpm->leaves;

	/* Once: one who writes deaths into the region could go on for ever. */
	if (!pool_take(pool, POOL_CREDIT, shard_of(pool), node) ||
	    (lpm_reclaim(lpm) &&
	     !pool_take(pool, POOL_CREDIT, shard_of(pool), node)))
		return 0;
	return pool_take_last(pool, node) ? -ENOSPC : 0;
}

static int take_branch(struct lpm_map *lpm, uint32_t *node)
{
	const struct pool *pool = &lpm->branches;
	unsigned int tries = 0;

	do {
		if (!pool_take(pool, POOL_CREDIT, shard_of(pool), node)) {
			pool_waited(&lpm->branch_waits);
			return 0;
		}
		lpm_reclaim(lpm);
	} while (pool_wait(&lpm->branch_waits, tries++));
	return -ENOMEM;
}

/*
 * A change: branches in hand, with their marks, of which 'used' are part of
 * what is being built, and the leaf that comes.  All of it stays in hand from
 * one try to the next.
 */
struct change {
	struct lpm_map *lpm;
	uint32_t fresh; /* the leaf, or 0 */
	uint64_t fresh_mark;
	uint32_t have;
	uint32_t used;
	uint32_t node[LPM_DEPTH_MAX + 2];
	uint64_t mark[LPM_DEPTH_MAX + 2];
};

static void change_init(struct change *change, struct lpm_map *lpm)
{
	change->lpm = lpm;
	change->fresh = 0;
	change->have = 0;
	change->used = 0;
}

/* Give back what has not become part of the trie. */
static void change_release(struct change *change)
{
	if (change->fresh)
		pool_give(&change->lpm->leaves, change->fresh);
	while (change->have > change->used)
		pool_give(&change->lpm->branches, change->node[--change->have]);
}

/* A new branch with these contents, and a link to it. */
static int make_branch(struct change *change, const struct lpm_branch *from,
		       uint64_t *link)
{
	struct lpm_branch *branch;
	uint32_t n = change->used;
	uint32_t node;
	int err;

	if (n == change->have) {
		err = take_branch(change->lpm, &node);
		if (err)
			return err;
		change->node[n] = node;
		change->mark[n] =
			shared_load(&branch_at(change->lpm, node)->mark);
		change->have++;
	}
	branch = branch_at(change->lpm, change->node[n]);
	shared_store(&branch->leaf, from->leaf);
	shared_store(&branch->child[0], from->child[0]);
	shared_store(&branch->child[1], from->child[1]);
	shared_store(&branch->bit, from->bit);
	shared_store(&branch->count, from->count);
	*link = mark_version(change->mark[n]) | change->node[n];
	change->used++;
	return 0;
}

static void drop_branch(struct lpm_map *lpm, uint64_t link)
{
	pool_drop(&lpm->branches, link_node(link), mark_linked(link));
}

/*
 * Copy the branches above the place, so that they lead to 'link' and have
 * 'more' leaves, and swap the root.  'gone' is a branch that is unlinked
 * besides, or 0.
 */
static int commit(struct change *change, const struct lpm_key *key,
		  const struct lpm_place *place, uint64_t link, int more,
		  uint64_t gone)
{
	struct lpm_map *lpm = change->lpm;
	struct lpm_branch branch;
	uint32_t i = place->count;
	int err;

	if (gone)
		lpm_ack_branch(lpm, gone);
	while (i--) {
		err = lpm_load_branch(lpm, place->step[i], &branch);
		if (err)
			return err;
		lpm_ack_branch(lpm, place->step[i]);
		branch.child[lpm_bit(key->data, place->bit[i])] = link;
		branch.count += (uint32_t)more;
		err = make_branch(change, &branch, &link);
		if (err)
			return err;
	}
	if (!shared_cas(lpm_root(lpm), place->was, link))
		return -EAGAIN;
	for (i = 0; i < change->used; i++)
		shared_cas(&branch_at(lpm, change->node[i])->mark,
			   change->mark[i], mark_linked(change->mark[i]));
	for (i = 0; i < place->count; i++)
		drop_branch(lpm, place->step[i]);
	if (gone)
		drop_branch(lpm, gone);
	return 0;
}

/* The branch that holds both the new leaf and what is at the place. */
static int split(struct change *change, const struct lpm_key *key,
		 const struct lpm_place *place, uint64_t fresh, uint64_t *link)
{
	struct lpm_branch branch = { .bit = place->common };
	uint32_t count;
	int err = lpm_load_count(change->lpm, place->end, &count);

	if (err)
		return err;
	branch.count = count + 1;
	if (place->common == key->prefixlen)
		branch.leaf = fresh;
	else
		branch.child[lpm_bit(key->data, place->common)] = fresh;
	if (place->common == place->end_len)
		branch.leaf = place->end;
	else
		branch.child[place->end_way] = place->end;
	return make_branch(change, &branch, link);
}

/* Put the fresh leaf into its place. */
static int put(struct change *change, const struct lpm_key *key,
	       const struct lpm_place *place)
{
	struct lpm_map *lpm = change->lpm;
	struct lpm_branch branch;
	uint64_t fresh = mark_version(change->fresh_mark) | LINK_LEAF |
			 change->fresh;
	uint64_t link = fresh;
	uint64_t gone = 0;
	int more = !place->found;
	int err = 0;

	shared_store(&pool_node(&lpm->leaves, change->fresh)->replaces,
		     place->found & ~LINK_LEAF);
	if (place->found)
		err = lpm_ack_leaf(lpm, place->found);
	if (err)
		return err;
	change->used = 0;
	if (place->end && place->end != place->found) {
		if (!link_is_leaf(place->end) &&
		    place->end_len == key->prefixlen &&
		    place->common == key->prefixlen) {
			gone = place->end;
			branch = place->branch;
			branch.leaf = fresh;
			branch.count += (uint32_t)more;
			err = make_branch(change, &branch, &link);
		} else {
			err = split(change, key, place, fresh, &link);
		}
	}
	if (!err)
		err = commit(change, key, place, link, more, gone);
	if (err)
		return err;
	pool_ack(&lpm->leaves, change->fresh, change->fresh_mark);
	change->fresh = 0;
	return 0;
}

/*
 * The leaf for an update.  One that was taken for what an earlier try found
 * may not serve: an addition needs a credit.
 */
static int take_fresh(struct change *change, const struct lpm_place *place,
		      const struct lpm_key *key, const void *value)
{
	struct lpm_map *lpm = change->lpm;
	const struct pool *pool = &lpm->leaves;
	struct pool_node *at;
	int err;

	if (change->fresh) {
		if (place->found ||
		    pool_kind(pool, change->fresh, change->fresh_mark) ==
			    POOL_CREDIT)
			return 0;
		pool_give(pool, change->fresh);
		change->fresh = 0;
	}
	err = place->found ? take_replacement(lpm, &change->fresh) :
			     take_addition(lpm, &change->fresh);
	if (err)
		return err;
	at = pool_node(pool, change->fresh);
	change->fresh_mark = shared_load(&at->mark);
	shared_copy_in(at + 1, key, lpm->table.map.key_size);
	shared_copy_in((char *)at + lpm->value_off, value,
		       lpm->table.map.value_size);
	return 0;
}

static int update_check(const struct lpm_place *place, uint64_t flags)
{
	if (place->found)
		return flags == BPF_NOEXIST ? -EEXIST : 0;
	return flags == BPF_EXIST ? -ENOENT : 0;
}

int lpm_update(struct lpm_map *lpm, const struct lpm_key *key,
	       const void *value, uint64_t flags)
{
	struct lpm_place place;
	struct change change;
	unsigned int tries;
	int err = -EAGAIN;

	change_init(&change, lpm);
	for (tries = 0; err == -EAGAIN && tries < LPM_TRIES; tries++) {
		err = lpm_locate(lpm, shared_load(lpm_root(lpm)), key, &place);
		if (!err)
			err = update_check(&place, flags);
		if (!err)
			err = take_fresh(&change, &place, key, value);
		if (!err)
			err = put(&change, key, &place);
	}
	if (err)
		change.used = 0;
	change_release(&change);
	return err == -EAGAIN ? -EUCLEAN : err;
}

/*
 * A branch that has lost a link, and so a leaf: a copy of what is left, or if
 * that is a single link, it alone.
 */
static int shrink(struct change *change, struct lpm_branch *rest,
		  uint64_t *link)
{
	if (!!rest->leaf + !!rest->child[0] + !!rest->child[1] == 1) {
		*link = any_below(rest);
		return 0;
	}
	rest->count--;
	return make_branch(change, rest, link);
}

/* Take the leaf that was found out of the trie. */
static int take_out(struct change *change, const struct lpm_key *key,
		    struct lpm_place *place)
{
	struct lpm_map *lpm = change->lpm;
	struct lpm_branch rest;
	uint64_t link = 0;
	uint64_t gone = 0;
	int err;

	err = lpm_ack_leaf(lpm, place->found);
	if (err)
		return err;
	change->used = 0;
	if (place->end != place->found) {
		gone = place->end;
		rest = place->branch;
		rest.leaf = 0;
		err = shrink(change, &rest, &link);
	} else if (place->count) {
		gone = place->step[--place->count];
		err = lpm_load_branch(lpm, gone, &rest);
		rest.child[lpm_bit(key->data, place->bit[place->count])] = 0;
		if (!err)
			err = shrink(change, &rest, &link);
	}
	if (!err)
		err = commit(change, key, place, link, -1, gone);
	if (err)
		return err;
	pool_drop(&lpm->leaves, link_node(place->found),
		  mark_linked(place->found));
	return 0;
}

int lpm_delete(struct lpm_map *lpm, const struct lpm_key *key)
{
	struct lpm_place place;
	struct change change;
	unsigned int tries;
	int err = -EAGAIN;

	change_init(&change, lpm);
	for (tries = 0; err == -EAGAIN && tries < LPM_TRIES; tries++) {
		err = lpm_locate(lpm, shared_load(lpm_root(lpm)), key, &place);
		if (!err && !place.found)
			err = -ENOENT;
		if (!err)
			err = take_out(&change, key, &place);
	}
	if (err)
		change.used = 0;
	change_release(&change);
	return err == -EAGAIN ? -EUCLEAN : err;
}
