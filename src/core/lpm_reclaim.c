/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * After deaths: what is in nobody's hands any more goes back to the pools.
 *
 * Nodes are looked at one by one, while others work on.  A node's prefix (a
 * branch has that of any leaf below) says where in the trie it must be if it is
 * in it.  If the node is not there, then
 *
 *	LINKED		it was unlinked by one who has not freed it.  Should
 *			that one be alive, one of us two frees it.
 *	TAKEN by a dead	it was never linked: who unlinks a node
 *			acknowledges it first.
 *
 * and it is freed by a CAS from the mark that was seen, so nothing that
 * happens meanwhile can make this wrong.  If it is there, it is acknowledged,
 * so that nothing in the trie bears a dead owner's number.  What a leaf in the
 * trie replaced is freed by that before anything is made of it being LINKED.
 * Free nodes get their hints again.
 */
#include <errno.h>

#include "core/lpm_trie.h"

/*
 * Is the leaf in the trie?  What is there for its prefix is acknowledged.
 * -EAGAIN, -EUCLEAN.
 */
static int leaf_in_trie(const struct lpm_map *lpm, uint64_t was, uint64_t link)
{
	struct lpm_place place;
	struct lpm_key key;
	int err;

	/* What is no key, or not of this life, is in no trie. */
	if (lpm_load_leaf(lpm, link, &key, NULL, NULL))
		return 0;
	err = lpm_locate(lpm, was, &key, &place);
	if (!err && place.found)
		err = lpm_ack_leaf(lpm, place.found);
	return err ? err : place.found == link;
}

/* The same of a branch. */
static int branch_in_trie(const struct lpm_map *lpm, uint64_t was,
			  uint64_t link)
{
	struct lpm_branch branch;
	struct lpm_place place;
	struct lpm_key key;
	int err;

	if (lpm_sample(lpm, link, -1, &key) ||
	    lpm_load_branch(lpm, link, &branch))
		return 0;
	/* Were it in the trie, its bits would be those of the sample. */
	key.prefixlen = branch.bit;
	err = lpm_locate(lpm, was, &key, &place);
	if (err || place.end != link)
		return err;
	lpm_ack_branch(lpm, link);
	return 1;
}

/* As of one moment, at which the root was the same as before and after. */
static int is_in_trie(const struct lpm_map *lpm, uint64_t link,
		      int (*in_trie)(const struct lpm_map *lpm, uint64_t was,
				     uint64_t link))
{
	unsigned int tries;
	uint64_t was;
	int res;

	for (tries = 0; tries < LPM_TRIES; tries++) {
		was = shared_load(lpm_root(lpm));
		res = in_trie(lpm, was, link);
		if (shared_load(lpm_root(lpm)) == was)
			return res;
	}
	return -EUCLEAN;
}

static int is_leaf_linked(void *arg, uint32_t node, uint64_t mark)
{
	return is_in_trie(arg, mark_version(mark) | LINK_LEAF | node,
			  leaf_in_trie);
}

static int is_branch_linked(void *arg, uint32_t node, uint64_t mark)
{
	return is_in_trie(arg, mark_version(mark) | node, branch_in_trie);
}

static int each_node(void *arg)
{
	const struct lpm_map *lpm = arg;

	pool_reclaim_nodes(&lpm->leaves, is_leaf_linked, arg);
	pool_reclaim_nodes(&lpm->branches, is_branch_linked, arg);
	return 0;
}

bool lpm_reclaim(struct lpm_map *lpm)
{
	return pool_reclaim(&lpm->leaves, each_node, lpm);
}
