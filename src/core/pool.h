/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Nodes of a fixed size in shared memory, named by number, 0 being none.
 *
 * Each node begins with its mark, one word that is the truth about it:
 *
 *	FREE	nobody's
 *	TAKEN	in the hands of the owner named: being made, not yet linked,
 *		or linked and not yet acknowledged
 *	LINKED	in a chain, or unlinked and not yet freed
 *
 * together with a version, which grows whenever the node is taken, so that a
 * mark that is seen again is the same life of the node.  Every step is one
 * CAS on a mark from what its maker saw, so what two processes do at once (a
 * late one and one who reclaims after deaths, say) is done once.
 *
 * How many elements a map has is not counted anywhere: a free node is either
 * a credit, by which an element can be added, or a spare, by which one can be
 * replaced.  There are max_entries credits.  To add takes a credit, to delete
 * gives one back; to replace takes a spare and gives the old node back as one
 * (or the same with a credit when spares are short).
 *
 * Where free nodes are is told by hints: the one freed last, in each shard,
 * and bitsets.  A hint that is wrong costs a try; one that is lost, because
 * somebody died between two steps, is made again by who reclaims.  Shards are
 * parts of the nodes that CPUs prefer, each with hints of its own.
 *
 * What follows an unlinking has to be known exactly even if the process that
 * did it dies at once: was the node replaced, and so becomes a spare, or was
 * it deleted, and is a credit again?  So a node that replaces another says so,
 * in 'replaces', and nobody unlinks a node that is not acknowledged, which
 * first frees what it replaced: pool_ack.  Then an unlinked node that is still
 * LINKED while all nodes of its chain are acknowledged was deleted.
 */
#ifndef CORE_POOL_H
#define CORE_POOL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/bitset.h"
#include "core/limits.h"
#include "core/shared.h"

enum pool_kind { POOL_CREDIT, POOL_SPARE, POOL_KINDS };

/* In shared memory: the head of each node. */
struct pool_node {
	uint64_t mark;
	uint64_t replaces; /* version and number of the node before; 0 none */
	uint32_t next;	   /* in the chain */
	uint32_t age;	   /* see map_lru.c */
};

_Static_assert(sizeof(struct pool_node) == 24, "region format");
_Static_assert(offsetof(struct pool_node, next) == 16, "region format");

/* In shared memory: a shard, a cache line of its own. */
struct pool_shard {
	uint32_t recent[POOL_KINDS]; /* a node freed lately, or 0 */
	uint32_t high;		     /* nodes from here on were never used */
	uint32_t frees;		     /* credits given back, so far */
	uint32_t unused[12];
};

_Static_assert(sizeof(struct pool_shard) == 64, "region format");

/*
 * In shared memory: the state of an owner's number, in the low bits of a word
 * that counts above them how often it was given out.
 */
enum pool_owner {
	OWNER_NONE,
	OWNER_ALIVE,
	OWNER_DEAD, /* what it has in hand is to be reclaimed */
};

#define OWNER_STATE 3u
#define OWNER_LIFE  4u

/* In shared memory: who takes nodes. */
struct pool_owners {
	uint32_t deaths;    /* so far */
	uint32_t reclaimed; /* deaths that have been dealt with */
	uint32_t unused[14];
	uint32_t word[TABLE_OWNERS + 1]; /* enum pool_owner; 0 is not used */
};

/* Private: where things are, and who we are. */
struct pool {
	unsigned char *base;
	uint32_t owner;	  /* 0: one who only reads */
	uint32_t nodes;	  /* the largest number */
	uint32_t credits; /* of them */
	uint32_t shards;
	uint32_t span;	    /* nodes of a shard */
	bool exclusive;	    /* nodes are used where they belong */
	uint64_t stride;    /* bytes from node to node */
	uint64_t nodes_off; /* of node 1 */
	uint64_t owners_off;
	uint64_t shards_off;
	struct bitset free[POOL_KINDS]; /* of shard 0 */
	uint64_t free_stride;		/* bytes from shard to shard */
};

/*
 * The mark: state in bits 0 and 1; bit 2: not of the kind that the node is at
 * first; owner in bits 3 to 14; version in bits 32 to 63.
 */
#define MARK_FREE   0ull
#define MARK_TAKEN  1ull
#define MARK_LINKED 2ull
#define MARK_STATE  3ull
#define MARK_AWAY   4ull

_Static_assert(TABLE_OWNERS < 1 << 12, "an owner fits into a mark");

static inline uint32_t mark_owner(uint64_t mark)
{
	return (uint32_t)mark >> 3 & 0xfff;
}

static inline uint64_t mark_version(uint64_t mark)
{
	return mark & ~0xffffffffull;
}

static inline uint64_t mark_linked(uint64_t mark)
{
	return mark_version(mark) | MARK_LINKED;
}

static inline bool pool_valid(const struct pool *pool, uint32_t node)
{
	return node - 1 < pool->nodes;
}

/* The node must be valid: whoever reads a number from the region checks it. */
static inline struct pool_node *pool_node(const struct pool *pool,
					  uint32_t node)
{
	return (struct pool_node *)(pool->base + pool->nodes_off +
				    (node - 1) * pool->stride);
}

static inline struct pool_owners *pool_owners(const struct pool *pool)
{
	return (struct pool_owners *)(pool->base + pool->owners_off);
}

static inline struct pool_shard *pool_shard(const struct pool *pool, uint32_t n)
{
	return (struct pool_shard *)(pool->base + pool->shards_off) + n;
}

/* The shard that a node belongs to. */
static inline uint32_t pool_home(const struct pool *pool, uint32_t node)
{
	return pool->shards == 1 ? 0 : (node - 1) / pool->span;
}

/* What a free or taken node with this mark is. */
enum pool_kind pool_kind(const struct pool *pool, uint32_t node, uint64_t mark);

/*
 * Shards are there so that CPUs do not meet; a small map has no need.  How many
 * one of so many elements has here.
 */
uint32_t pool_shards_for(uint32_t entries);
/*
 * Lay the pool out from byte 'off' on: everything but the nodes, which follow
 * wherever the caller wants (nodes_off, stride).  credits, shards, span and
 * exclusive are set, and owners_off if the owners are those of another pool.
 * The byte behind.
 */
uint64_t pool_layout(struct pool *pool, uint64_t off);
/* Once, in memory that is all zero. */
void pool_init(const struct pool *pool);

/*
 * Take a free node of that kind, if need be from another shard.  0, -ENOMEM.
 * The node's contents are undefined.
 */
int pool_take(const struct pool *pool, enum pool_kind kind, uint32_t shard,
	      uint32_t *node);
/*
 * A credit, if there is one: for who would give up otherwise.  What pool_take
 * may miss, because it is on its way from hint to hint or because others give
 * back behind it and take before it, is found.
 */
int pool_take_last(const struct pool *pool, uint32_t *node);
/* Give back a node that we took and did not link. */
void pool_give(const struct pool *pool, uint32_t node);

/*
 * Acknowledge a node that was in a chain when it had this mark: what it
 * replaced is freed, and it is LINKED.  Any process may do so for the one who
 * linked it.  The mark as it is then.
 *
 * That it was in the chain is the caller's to know, as by loading the mark and
 * then looking whether the bucket is still as it was walked: a node that was
 * unlinked meanwhile can be in somebody's hands again, and TAKEN for a purpose
 * that has not come about.
 */
uint64_t pool_ack(const struct pool *pool, uint32_t node, uint64_t mark);

/* Free a deleted node, which has this mark (LINKED).  False: another did. */
bool pool_drop(const struct pool *pool, uint32_t node, uint64_t mark);
/* Take a deleted node, as pool_drop and pool_take would. */
bool pool_seize(const struct pool *pool, uint32_t node, uint64_t mark);

/*
 * Reclaiming, see hash_reclaim.c.  pool_release: free a node that a dead owner
 * took, and that is in no chain.  pool_hint: see to it that a free node will
 * be found.
 */
bool pool_release(const struct pool *pool, uint32_t node, uint64_t mark);
void pool_hint(const struct pool *pool, uint32_t node);

/*
 * How often an operation gives way to others because all nodes are in their
 * hands, and for how many milliseconds all operations together then wait.
 */
#define POOL_YIELDS   16u
#define POOL_PATIENCE 48u

/*
 * Wait for the tries-th time, 0 at first.  The owners of the nodes need a CPU
 * to go on, and on a busy machine more than a moment.  One that is stopped is
 * not waited for: when patience is at an end it is false, without waiting, but
 * for every sixteenth POOL_PATIENCE of operations.  'waits' is this process's,
 * of the kind of node; pool_waited: one has been taken.
 */
bool pool_wait(uint32_t *waits, unsigned int tries);
void pool_waited(uint32_t *waits);

/* Credits that nobody has taken. */
uint32_t pool_count_credits(const struct pool *pool);
/* Is a free node of that kind where pool_take looks? */
bool pool_is_hinted(const struct pool *pool, uint32_t node,
		    enum pool_kind kind);

/* See map_owner_get. */
int pool_owner_get(const struct pool *pool, uint32_t *owner);
void pool_owner_end(const struct pool *pool, uint32_t owner, bool clean);
/*
 * Is the one who has the node with this mark dead?  To be asked after loading
 * the mark: a number can be given out again, once all its nodes are free.
 */
bool pool_is_dead(const struct pool *pool, uint64_t mark);
/*
 * If somebody died since the last time: let each_node look at every node, and
 * if it returns 0, forget those who were dead before.  False: it was not so.
 */
bool pool_reclaim(const struct pool *pool, int (*each_node)(void *arg),
		  void *arg);
/*
 * What each_node does with a pool: give free nodes their hints, and free what
 * is in no structure, which is what a LINKED node was deleted from and a TAKEN
 * one of a dead owner never came to.  is_linked tells, of a node with this
 * mark; not 0 if it cannot be known now.
 */
void pool_reclaim_nodes(const struct pool *pool,
			int (*is_linked)(void *arg, uint32_t node,
					 uint64_t mark),
			void *arg);

/* Nodes that are in no structure. */
struct pool_count {
	uint32_t held; /* by somebody, or leaked */
	uint32_t free[POOL_KINDS];
};

/*
 * With nobody at work: what is wrong with the nodes, NULL if nothing is.
 * linked[n] says whether node n was met in the structure.
 */
const char *pool_check(const struct pool *pool, const uint8_t *linked,
		       struct pool_count *count);
uint32_t pool_count_owners(const struct pool *pool);
/* The number of a dead, whose word is this, can be given out again. */
void pool_owner_forget(const struct pool *pool, uint32_t owner, uint32_t word);

#endif
