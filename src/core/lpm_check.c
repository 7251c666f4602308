/* SPDX-License-Identifier: BSD-2-Clause */
/* Every invariant of a trie that nobody writes to meanwhile. */
#include <errno.h>
#include <stdlib.h>

#include "core/lpm_trie.h"

struct check {
	struct lpm_map *lpm;
	struct map_census *census;
	uint8_t *leaves; /* a byte a node: it has been met in the trie */
	uint8_t *branches;
};

static int wrong(struct check *check, const char *what)
{
	check->census->wrong = what;
	return -EUCLEAN;
}

static int check_leaf(struct check *check, uint64_t link, struct lpm_key *key)
{
	uint64_t mark;

	if (lpm_load_leaf(check->lpm, link, key, NULL, &mark))
		return wrong(check, "a link leads to no leaf");
	if (mark != mark_linked(link))
		return wrong(check, "an element's node is not acknowledged");
	if (check->leaves[link_node(link)]++)
		return wrong(check, "a node is in two places");
	check->census->elements++;
	return 0;
}

static int check_link(struct check *check, uint64_t link, int above,
		      struct lpm_key *key);

/*
 * The parts of a branch: they have its bits in common and go on with what says
 * where they are.  *key is that of some leaf below it.
 */
static int check_parts(struct check *check, const struct lpm_branch *branch,
		       struct lpm_key *key)
{
	struct lpm_key first;
	unsigned int way;
	int parts = 0;

	if (branch->leaf) {
		if (!link_is_leaf(branch->leaf) ||
		    check_link(check, branch->leaf, -1, key))
			return wrong(check, "a branch's prefix is none");
		if (key->prefixlen != branch->bit)
			return wrong(check, "a prefix is at the wrong branch");
		parts++;
	}
	for (way = 0; way < 2; way++) {
		if (!branch->child[way])
			continue;
		if (parts++)
			first = *key;
		if (check_link(check, branch->child[way], (int)branch->bit,
			       key))
			return -EUCLEAN;
		if (lpm_bit(key->data, branch->bit) != way)
			return wrong(check, "a prefix is on the wrong side");
		if (parts > 1 && lpm_common(first.data, key->data,
					    branch->bit) != branch->bit)
			return wrong(check, "a branch's prefixes part above");
	}
	return parts > 1 ? 0 : wrong(check, "a branch does not branch");
}

static int check_branch(struct check *check, uint64_t link, int above,
			struct lpm_key *key)
{
	const uint32_t before = check->census->elements;
	struct lpm_branch branch;

	if (lpm_load_branch(check->lpm, link, &branch))
		return wrong(check, "a link leads to no branch");
	if (branch.mark != mark_linked(link))
		return wrong(check, "a branch is not acknowledged");
	if (check->branches[link_node(link)]++)
		return wrong(check, "a node is in two places");
	if ((int)branch.bit <= above || branch.bit >= check->lpm->bits)
		return wrong(check, "bits do not grow on the way down");
	if (check_parts(check, &branch, key))
		return -EUCLEAN;
	if (check->census->elements - before != branch.count)
		return wrong(check, "a branch has another number of leaves");
	return 0;
}

/* As deep as bits allow, so the recursion ends. */
static int check_link(struct check *check, uint64_t link, int above,
		      struct lpm_key *key)
{
	if (!link_is_leaf(link))
		return check_branch(check, link, above, key);
	if (check_leaf(check, link, key))
		return -EUCLEAN;
	return (int)key->prefixlen > above ?
		       0 :
		       wrong(check, "a prefix is shorter than its branch");
}

static int check_leaves(struct check *check)
{
	const struct pool *pool = &check->lpm->leaves;
	struct map_census *census = check->census;
	struct pool_count count;
	const char *what = pool_check(pool, check->leaves, &count);

	census->held = count.held;
	census->free = count.free[POOL_CREDIT];
	census->spare = count.free[POOL_SPARE];
	if (what)
		return wrong(check, what);
	if (count.held)
		return 0;
	if (census->elements + census->free != pool->credits)
		return wrong(check, "elements and room are not max_entries");
	if (census->spare != pool->nodes - pool->credits)
		return wrong(check, "spares have been lost or made");
	return 0;
}

static int check_branches(struct check *check)
{
	const struct pool *pool = &check->lpm->branches;
	struct pool_count count;
	const char *what = pool_check(pool, check->branches, &count);
	uint32_t used = 0;
	uint32_t n;

	check->census->held += count.held;
	if (what)
		return wrong(check, what);
	for (n = 1; n <= pool->nodes; n++)
		used += check->branches[n];
	if (!count.held && count.free[POOL_CREDIT] + used != pool->nodes)
		return wrong(check, "branches have been lost");
	return 0;
}

int lpm_map_check(struct map *map, struct map_census *census)
{
	struct lpm_map *lpm = to_lpm(map);
	struct check check = { .lpm = lpm, .census = census };
	uint64_t root = shared_load(lpm_root(lpm));
	struct lpm_key key;
	int err = -ENOMEM;

	memset(census, 0, sizeof(*census));
	if (!map_write_get(map)) {
		lpm_reclaim(lpm);
		map_write_put(map);
	}
	check.leaves = calloc(1, (size_t)lpm->leaves.nodes + 1);
	check.branches = calloc(1, (size_t)lpm->branches.nodes + 1);
	if (check.leaves && check.branches)
		err = root ? check_link(&check, root, -1, &key) : 0;
	if (!err)
		err = check_leaves(&check);
	if (!err)
		err = check_branches(&check);
	census->owners = pool_count_owners(&lpm->leaves);
	free(check.leaves);
	free(check.branches);
	return err;
}
