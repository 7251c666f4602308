/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The trie behind lpm_trie: layout, walking and the one way to change it.
 * Private to the type; see map_lpm.c for the operations.
 *
 * A leaf holds a prefix and its value.  A branch stands where prefixes part,
 * or where one that is stored contains others: its 'bit' is the number of bits
 * that all below it have in common, its 'leaf' the prefix of exactly these
 * bits if that is stored, its children what goes on with a 0 and with a 1.  At
 * least two of the three are there, so there are fewer branches than leaves.
 * Branches hold no bits of a prefix: any leaf below knows them.
 *
 *	10/8, 10.1/16, 10.128/9		bit 8, leaf 10/8
 *					child 0: leaf 10.1/16
 *					child 1: leaf 10.128/9
 *
 * What is in the trie is never edited.  A change copies the branches from the
 * root down to it, beside the old ones, and swaps the root by one CAS; then
 * the old branches are freed.  So a process that is stopped or killed at any
 * moment leaves either the old trie or the new one.  Leaves are not copied.
 *
 * A link names a node and the life of it, by the version in the node's mark.
 * Who follows one copies what it wants from the node and then looks at the
 * mark: the version is still the link's, so nobody had the node anew before
 * that, and what was copied is what the link was made for.  So the root as it
 * was loaded names a trie that does not change any more: a reader finishes on
 * it whatever others do meanwhile, and starts again only if a node that it has
 * yet to see was used anew.  And if the root is what it was, the trie is.
 *
 * Whoever may write the region can write anything into it.  A number read from
 * it is checked before it is used, bits must grow on the way down, which
 * bounds every walk, and repetitions are bounded by LPM_TRIES; what is beyond
 * is -EUCLEAN.
 */
#ifndef CORE_LPM_TRIE_H
#define CORE_LPM_TRIE_H

#include <errno.h>

#include "core/pool.h"
#include "core/table.h"

/*
 * How often an operation starts again because others changed what it looked
 * at: somebody got on each time, so only one who writes for that purpose alone
 * can make it this often.
 */
#define LPM_TRIES 65536u

/* Bytes of data, and branches one below the other: one for each bit. */
#define LPM_DATA_MAX  (LPM_KEY_MAX - 4u)
#define LPM_DEPTH_MAX (8u * LPM_DATA_MAX)

/* In shared memory, at the start of the region. */
struct lpm_header {
	struct region_header region;
	uint32_t key_size;
	uint32_t value_size;
	uint32_t max_entries;
	uint32_t map_flags;
	uint32_t shards;
	int32_t numa_node;
	uint32_t unused[2];
	uint64_t root; /* a link */
};

_Static_assert(sizeof(struct lpm_header) == 72, "region format");
_Static_assert(offsetof(struct lpm_header, root) == 64, "region format");

/*
 * In shared memory: a branch.  A leaf is a struct pool_node, whose next and
 * age are not used, the key as bpf(2) has it, and the value, each 8-aligned.
 */
struct lpm_branch {
	uint64_t mark;	   /* as in struct pool_node */
	uint64_t leaf;	   /* links, 0 none */
	uint64_t child[2]; /* by the bit behind 'bit' */
	uint32_t bit;
	uint32_t count; /* leaves below, its own among them */
};

_Static_assert(sizeof(struct lpm_branch) == 40, "region format");
_Static_assert(offsetof(struct lpm_branch, bit) == 32, "region format");

/* A link: version in bits 32 to 63 as in a mark, bit 31 a leaf, number. */
#define LINK_LEAF   (1ull << 31)
#define LINK_NUMBER (LINK_LEAF - 1)

static inline bool link_is_leaf(uint64_t link)
{
	return link & LINK_LEAF;
}

static inline uint32_t link_node(uint64_t link)
{
	return (uint32_t)(link & LINK_NUMBER);
}

/* Private: a map of this process. */
struct lpm_map {
	struct table table;
	struct pool leaves;
	struct pool branches; /* all credits; the owners are the leaves' */
	uint32_t leaf_waits;  /* see pool_wait */
	uint32_t branch_waits;
	uint32_t bits;	    /* of the data */
	uint32_t value_off; /* in a leaf */
};

static inline struct lpm_map *to_lpm(const struct map *map)
{
	return (struct lpm_map *)((char *)map -
				  offsetof(struct lpm_map, table.map));
}

/* A key as bpf(2) has it. */
struct lpm_key {
	uint32_t prefixlen; /* bits */
	unsigned char data[LPM_DATA_MAX];
};

_Static_assert(sizeof(struct lpm_key) == LPM_KEY_MAX, "no padding");

/* lpm_trie.c */

static inline uint64_t *lpm_root(const struct lpm_map *lpm)
{
	return &((struct lpm_header *)lpm->table.region.base)->root;
}

static inline unsigned int lpm_bit(const unsigned char *data, uint32_t bit)
{
	return data[bit / 8] >> (7 - bit % 8) & 1;
}

/* Leading bits that a and b have in common, at most 'max'. */
uint32_t lpm_common(const unsigned char *a, const unsigned char *b,
		    uint32_t max);
/* Is a bit set at or behind bit 'from'? */
bool lpm_has_ones(const struct lpm_map *lpm, const unsigned char *data,
		  uint32_t from);

/*
 * Copies from the node that a link names.  0; -EAGAIN: the node has been used
 * anew; -EUCLEAN.  lpm_load_leaf: 'value' may be NULL; nothing is known of the
 * prefix length.  The mark may be NULL.
 */
int lpm_load_branch(const struct lpm_map *lpm, uint64_t link,
		    struct lpm_branch *branch);
int lpm_load_leaf(const struct lpm_map *lpm, uint64_t link, struct lpm_key *key,
		  void *value, uint64_t *mark);
/* Leaves below a link, 0 for none. */
int lpm_load_count(const struct lpm_map *lpm, uint64_t link, uint32_t *count);
/* The key of some leaf at or below a link; what is above has 'bit' bits. */
int lpm_sample(const struct lpm_map *lpm, uint64_t link, int bit,
	       struct lpm_key *key);

/*
 * After a walk that began at the root 'was': is there reason to start again?
 * Not if the root still is that, since a trie's nodes are not used anew while
 * it stands: then it has been spoilt.
 */
static inline bool lpm_again(const struct lpm_map *lpm, uint64_t was, int err)
{
	return err == -EAGAIN && shared_load(lpm_root(lpm)) != was;
}

/*
 * Where a prefix is or would be: below 'count' branches that contain it, at
 * 'end', which is what is there now or 0.
 */
struct lpm_place {
	uint64_t was; /* the root */
	uint32_t count;
	uint32_t common;      /* bits that the prefix and all of 'end' share */
	uint32_t end_len;     /* the prefix length of 'end'... */
	unsigned int end_way; /* ...and the bit behind 'common' in it */
	uint64_t end;
	uint64_t found; /* a link to the leaf of that very prefix, or 0 */
	struct lpm_branch branch; /* 'end', where it is one */
	uint64_t step[LPM_DEPTH_MAX];
	uint16_t bit[LPM_DEPTH_MAX];
};

/* In the trie that the root 'was' names.  0, -EAGAIN, -EUCLEAN. */
int lpm_locate(const struct lpm_map *lpm, uint64_t was,
	       const struct lpm_key *key, struct lpm_place *place);

/* Acknowledge a node that a link of the trie names: see pool_ack. */
void lpm_ack_branch(const struct lpm_map *lpm, uint64_t link);
int lpm_ack_leaf(const struct lpm_map *lpm, uint64_t link);

int lpm_update(struct lpm_map *lpm, const struct lpm_key *key,
	       const void *value, uint64_t flags);
int lpm_delete(struct lpm_map *lpm, const struct lpm_key *key);

/* lpm_walk.c */
int lpm_map_get_next_key(struct map *map, const void *key, void *next_key);
int lpm_map_seq_show_elem(struct map *map, uint64_t *pos, void *keys,
			  void *values, uint32_t count);
int lpm_map_clear(struct map *map);

/* lpm_reclaim.c: as hash_reclaim. */
bool lpm_reclaim(struct lpm_map *lpm);

/* lpm_check.c */
int lpm_map_check(struct map *map, struct map_census *census);

#endif
