/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Tries of prefixes: what is made, what a lookup finds, order, room, what the
 * dead leave, and what is spoilt.  Random operations are in tests/model.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#include "core/limits.h"
#include "core/lpm_trie.h"
#include "tables.h"

static struct map_attr lpm_attr(uint32_t max_entries)
{
	struct map_attr attr = unit_attr(BPF_MAP_TYPE_LPM_TRIE, 8, max_entries,
					 BPF_F_NO_PREALLOC);

	attr.key_size = 8;
	return attr;
}

static struct map *lpm_open(uint32_t max_entries)
{
	struct map_attr attr = lpm_attr(max_entries);
	struct map *map;

	ck_assert_int_eq(unit_create(&attr, &map), 0);
	return map;
}

/* "10.0.0.0/8" */
static struct lpm_key key_of(const char *cidr)
{
	struct lpm_key key;
	char address[32];

	memset(&key, 0, sizeof(key));
	ck_assert_int_eq(sscanf(cidr, "%31[^/]/%u", address, &key.prefixlen),
			 2);
	ck_assert_int_eq(inet_pton(AF_INET, address, key.data), 1);
	return key;
}

static int put(struct map *map, const char *cidr, uint64_t value,
	       uint64_t flags)
{
	struct lpm_key key = key_of(cidr);

	return map_update_elem(map, &key, &value, flags);
}

static int drop(struct map *map, const char *cidr)
{
	struct lpm_key key = key_of(cidr);

	return map_delete_elem(map, &key);
}

/* The value that is found, or the errno. */
static int64_t get(struct map *map, const char *cidr)
{
	struct lpm_key key = key_of(cidr);
	uint64_t value;
	int err = map_lookup_elem(map, &key, &value);

	return err ? err : (int64_t)value;
}

static const char *text_of(const struct lpm_key *key)
{
	static char text[32];
	char address[INET_ADDRSTRLEN];

	inet_ntop(AF_INET, key->data, address, sizeof(address));
	snprintf(text, sizeof(text), "%s/%u", address, key->prefixlen);
	return text;
}

/* The prefixes in the order of get_next_key, a blank behind each. */
static const char *order(struct map *map)
{
	static char text[1024];
	struct lpm_key key;
	int err = map_get_next_key(map, NULL, &key);

	text[0] = '\0';
	while (!err) {
		ck_assert_uint_lt(strlen(text), sizeof(text) - 64);
		strcat(strcat(text, text_of(&key)), " ");
		err = map_get_next_key(map, &key, &key);
	}
	ck_assert_int_eq(err, -ENOENT);
	return text;
}

/* The same by positions, 'count' at once. */
static const char *listing(struct map *map, uint32_t count)
{
	static char text[1024];
	struct lpm_key key;
	char keys[8 * 64];
	uint64_t pos = 0;
	int n;
	int i;

	text[0] = '\0';
	while ((n = map_seq_show_elem(map, &pos, keys, NULL, count)) > 0)
		for (i = 0; i < n; i++) {
			memcpy(&key, keys + 8 * i, 8);
			strcat(strcat(text, text_of(&key)), " ");
		}
	ck_assert_int_eq(n, 0);
	return text;
}

START_TEST(test_create)
{
	static const struct {
		uint32_t key, value, entries, flags;
		int err;
	} tries[] = {
		{ 5, 1, 1, BPF_F_NO_PREALLOC, 0 },
		{ 260, 4, 1, BPF_F_NO_PREALLOC, 0 },
		{ 8, LPM_VALUE_MAX, 1, BPF_F_NO_PREALLOC, 0 },
		{ 8, 4, LPM_ENTRIES_MAX + 1, BPF_F_NO_PREALLOC, -ENOMEM },
		{ 8, 4, UINT32_MAX, BPF_F_NO_PREALLOC, -ENOMEM },
		{ 4, 4, 1, BPF_F_NO_PREALLOC, -EINVAL },
		{ 261, 4, 1, BPF_F_NO_PREALLOC, -EINVAL },
		{ 8, 0, 1, BPF_F_NO_PREALLOC, -EINVAL },
		{ 8, LPM_VALUE_MAX + 1, 1, BPF_F_NO_PREALLOC, -EINVAL },
		{ 8, 4, 0, BPF_F_NO_PREALLOC, -EINVAL },
		{ 8, 4, 1, 0, -EINVAL },
		{ 8, 4, 1, BPF_F_NO_PREALLOC | BPF_F_ZERO_SEED, -EINVAL },
		{ 8, 4, 1, BPF_F_NO_PREALLOC | BPF_F_MMAPABLE, -EINVAL },
		{ 8, 4, 1,
		  BPF_F_NO_PREALLOC | BPF_F_RDONLY_PROG | BPF_F_WRONLY_PROG,
		  -EINVAL },
	};
	struct map_attr attr;
	struct map *map;
	size_t i;
	int err;

	for (i = 0; i < sizeof(tries) / sizeof(tries[0]); i++) {
		attr = lpm_attr(tries[i].entries);
		attr.key_size = tries[i].key;
		attr.value_size = tries[i].value;
		attr.map_flags = tries[i].flags;
		err = unit_create(&attr, &map);
		ck_assert_int_eq(err, tries[i].err);
		if (!err)
			unit_put_map(map);
	}
}
END_TEST

START_TEST(test_lookup)
{
	struct map *map = lpm_open(10);

	ck_assert_int_eq(get(map, "1.2.3.4/32"), -ENOENT);
	ck_assert_int_eq(put(map, "10.0.0.0/8", 8, 0), 0);
	ck_assert_int_eq(get(map, "10.0.0.0/7"), -ENOENT);
	ck_assert_int_eq(get(map, "11.0.0.0/32"), -ENOENT);
	ck_assert_int_eq(put(map, "10.1.0.0/16", 16, 0), 0);
	ck_assert_int_eq(put(map, "10.1.2.3/32", 32, 0), 0);
	ck_assert_int_eq(put(map, "10.128.0.0/9", 9, 0), 0);
	ck_assert_int_eq(get(map, "10.1.2.3/32"), 32);
	ck_assert_int_eq(get(map, "10.1.2.3/31"), 16);
	ck_assert_int_eq(get(map, "10.1.2.2/32"), 16);
	ck_assert_int_eq(get(map, "10.1.0.0/15"), 8);
	ck_assert_int_eq(get(map, "10.2.0.0/32"), 8);
	ck_assert_int_eq(get(map, "10.200.0.0/32"), 9);
	ck_assert_int_eq(get(map, "12.0.0.0/32"), -ENOENT);
	ck_assert_int_eq(put(map, "0.0.0.0/0", 1, 0), 0);
	ck_assert_int_eq(get(map, "12.0.0.0/32"), 1);
	ck_assert_int_eq(get(map, "12.0.0.0/0"), 1);
	ck_assert_int_eq(drop(map, "10.1.0.0/16"), 0);
	ck_assert_int_eq(get(map, "10.1.2.2/32"), 8);
	table_assert(map, 4);
	unit_put_map(map);
}
END_TEST

START_TEST(test_match)
{
	struct map *map = lpm_open(10);
	struct lpm_key key = key_of("10.1.2.3/32");
	struct lpm_key match;
	uint64_t value = 77;

	memset(&match, 0, sizeof(match));
	ck_assert_int_eq(map_lookup_match(map, &key, &match, &value), -ENOENT);
	ck_assert_uint_eq(value, 77);
	ck_assert_uint_eq(match.prefixlen, 0);
	ck_assert_int_eq(put(map, "10.9.9.9/8", 8, 0), 0);
	ck_assert_int_eq(map_lookup_match(map, &key, &match, &value), 0);
	ck_assert_str_eq(text_of(&match), "10.9.9.9/8");
	ck_assert_uint_eq(value, 8);
	ck_assert_int_eq(map_lookup_match(map, &key, &match, NULL), 0);
	unit_put_map(map);
	map = unit_map(BPF_MAP_TYPE_HASH, 8, 1, 0);
	ck_assert_int_eq(map_lookup_match(map, &key, &match, &value),
			 -EOPNOTSUPP);
	unit_put_map(map);
}
END_TEST

START_TEST(test_too_long)
{
	struct map *map = lpm_open(10);
	struct lpm_key key = key_of("10.0.0.0/33");
	struct lpm_key next;
	uint64_t value = 1;

	ck_assert_int_eq(put(map, "10.0.0.0/8", 8, 0), 0);
	ck_assert_int_eq(map_update_elem(map, &key, &value, 0), -EINVAL);
	ck_assert_int_eq(map_delete_elem(map, &key), -EINVAL);
	ck_assert_int_eq(map_lookup_elem(map, &key, &value), -ENOENT);
	memset(&next, 0, sizeof(next));
	ck_assert_int_eq(map_get_next_key(map, &key, &next), 0);
	ck_assert_str_eq(text_of(&next), "10.0.0.0/8");
	ck_assert_int_eq(map_lookup_and_delete_elem(map, &key, &value),
			 -EOPNOTSUPP);
	unit_put_map(map);
}
END_TEST

/* The bits behind a prefix do not count, and are kept. */
START_TEST(test_host_bits)
{
	struct map *map = lpm_open(10);

	ck_assert_int_eq(put(map, "10.1.2.3/8", 1, 0), 0);
	ck_assert_str_eq(order(map), "10.1.2.3/8 ");
	ck_assert_int_eq(put(map, "10.7.7.7/8", 2, BPF_NOEXIST), -EEXIST);
	ck_assert_int_eq(put(map, "10.7.7.7/8", 2, BPF_EXIST), 0);
	ck_assert_str_eq(order(map), "10.7.7.7/8 ");
	ck_assert_str_eq(listing(map, 1), "10.7.7.7/8 ");
	ck_assert_int_eq(get(map, "10.200.0.0/32"), 2);
	ck_assert_int_eq(drop(map, "10.255.0.0/8"), 0);
	table_assert(map, 0);
	unit_put_map(map);
}
END_TEST

static const char *const some[] = {
	"192.168.0.0/16", "10.0.0.0/8", "192.168.128.0/24", "192.168.1.1/32",
	"192.168.0.0/24", "0.0.0.0/0",	"192.168.1.0/24",
};

#define SOME (sizeof(some) / sizeof(some[0]))

START_TEST(test_order)
{
	struct map *map = lpm_open(10);
	uint32_t count;
	size_t i;

	for (i = 0; i < SOME; i++)
		ck_assert_int_eq(put(map, some[i], i, 0), 0);
	ck_assert_str_eq(order(map),
			 "10.0.0.0/8 192.168.0.0/24 192.168.1.1/32 "
			 "192.168.1.0/24 192.168.128.0/24 192.168.0.0/16 "
			 "0.0.0.0/0 ");
	for (count = 1; count < 9; count++)
		ck_assert_str_eq(listing(map, count),
				 "0.0.0.0/0 10.0.0.0/8 192.168.0.0/16 "
				 "192.168.0.0/24 192.168.1.0/24 192.168.1.1/32 "
				 "192.168.128.0/24 ");
	table_assert(map, SOME);
	for (i = 0; i < SOME; i++)
		ck_assert_int_eq(drop(map, some[i]), 0);
	table_assert(map, 0);
	unit_put_map(map);
}
END_TEST

/* What comes and goes elsewhere does not move a listing. */
START_TEST(test_position)
{
	struct map *map = lpm_open(100);
	struct lpm_key key;
	char cidr[32];
	uint64_t pos = 0;
	int i;

	for (i = 0; i < 20; i++) {
		snprintf(cidr, sizeof(cidr), "10.0.%d.0/24", i);
		ck_assert_int_eq(put(map, cidr, 1, 0), 0);
		snprintf(cidr, sizeof(cidr), "10.0.%d.0/25", i);
		ck_assert_int_eq(put(map, cidr, 1, 0), 0);
	}
	for (i = 0; i < 20; i++) {
		ck_assert_int_eq(map_seq_show_elem(map, &pos, &key, NULL, 1),
				 1);
		snprintf(cidr, sizeof(cidr), "10.0.%d.0/24", i);
		ck_assert_str_eq(text_of(&key), cidr);
		ck_assert_int_eq(drop(map, cidr), 0);
		ck_assert_int_eq(map_seq_show_elem(map, &pos, &key, NULL, 1),
				 1);
		snprintf(cidr, sizeof(cidr), "10.0.%d.0/25", i);
		ck_assert_str_eq(text_of(&key), cidr);
		snprintf(cidr, sizeof(cidr), "9.0.%d.0/24", i);
		ck_assert_int_eq(put(map, cidr, 1, 0), 0);
	}
	ck_assert_int_eq(map_seq_show_elem(map, &pos, &key, NULL, 1), 0);
	ck_assert_uint_eq(pos >> 62, 0);
	unit_put_map(map);
}
END_TEST

/* Only what is stored takes room, not what the trie needs to branch. */
START_TEST(test_full)
{
	struct map *map = lpm_open(3);
	int round;

	for (round = 0; round < 100; round++) {
		ck_assert_int_eq(put(map, "10.0.0.0/24", 1, 0), 0);
		ck_assert_int_eq(put(map, "10.0.1.0/24", 1, 0), 0);
		ck_assert_int_eq(get(map, "10.0.0.0/23"), -ENOENT);
		ck_assert_int_eq(drop(map, "10.0.0.0/23"), -ENOENT);
		ck_assert_int_eq(put(map, "10.0.0.0/23", 1, BPF_EXIST),
				 -ENOENT);
		ck_assert_int_eq(put(map, "10.0.0.0/23", 1, BPF_NOEXIST), 0);
		ck_assert_int_eq(put(map, "11.0.0.0/24", 1, 0), -ENOSPC);
		ck_assert_int_eq(put(map, "11.0.0.0/24", 1, BPF_EXIST),
				 -ENOENT);
		ck_assert_int_eq(put(map, "10.0.0.0/24", 2, 0), 0);
		ck_assert_int_eq(put(map, "10.0.0.0/24", 2, BPF_NOEXIST),
				 -EEXIST);
		ck_assert_int_eq(put(map, "10.0.0.0/24", 2, 3), -EINVAL);
		table_assert(map, 3);
		ck_assert_int_eq(drop(map, "10.0.0.0/23"), 0);
		ck_assert_int_eq(get(map, "10.0.0.0/23"), -ENOENT);
		table_assert(map, 2);
		ck_assert_int_eq(map_clear(map), 0);
		table_assert(map, 0);
	}
	unit_put_map(map);
}
END_TEST

/* As deep as can be: each prefix of the longest key is one. */
START_TEST(test_deep)
{
	struct map_attr attr = lpm_attr(LPM_DEPTH_MAX + 1);
	struct lpm_key key;
	struct map *map;
	uint64_t value;
	uint32_t i;

	attr.key_size = LPM_KEY_MAX;
	ck_assert_int_eq(unit_create(&attr, &map), 0);
	memset(&key, 0x5a, sizeof(key));
	for (i = 0; i <= LPM_DEPTH_MAX; i++) {
		/* From the middle to both ends. */
		key.prefixlen = LPM_DEPTH_MAX / 2 + i / 2;
		if (i % 2)
			key.prefixlen = LPM_DEPTH_MAX / 2 - (i + 1) / 2;
		value = key.prefixlen;
		ck_assert_int_eq(map_update_elem(map, &key, &value, 0), 0);
	}
	table_assert(map, LPM_DEPTH_MAX + 1);
	for (i = 0; i <= LPM_DEPTH_MAX; i++) {
		key.prefixlen = i;
		ck_assert_int_eq(map_lookup_elem(map, &key, &value), 0);
		ck_assert_uint_eq(value, i);
	}
	ck_assert_int_eq(map_get_next_key(map, NULL, &key), 0);
	ck_assert_uint_eq(key.prefixlen, LPM_DEPTH_MAX);
	for (i = LPM_DEPTH_MAX; i--;) {
		ck_assert_int_eq(map_get_next_key(map, &key, &key), 0);
		ck_assert_uint_eq(key.prefixlen, i);
	}
	ck_assert_int_eq(map_clear(map), 0);
	table_assert(map, 0);
	unit_put_map(map);
}
END_TEST

START_TEST(test_large_value)
{
	struct map_attr attr = lpm_attr(2);
	struct lpm_key key = key_of("10.0.0.0/8");
	struct map *map;
	unsigned char *in;
	unsigned char *out;

	attr.value_size = 100001;
	ck_assert_int_eq(unit_create(&attr, &map), 0);
	in = malloc(attr.value_size);
	out = calloc(1, attr.value_size + 1ul);
	ck_assert(in && out);
	unit_fill(in, attr.value_size, 3);
	ck_assert_int_eq(map_update_elem(map, &key, in, 0), 0);
	ck_assert_int_eq(map_lookup_elem(map, &key, out), 0);
	ck_assert_mem_eq(in, out, attr.value_size);
	ck_assert_uint_eq(out[attr.value_size], 0);
	free(in);
	free(out);
	unit_put_map(map);
}
END_TEST

START_TEST(test_frozen)
{
	struct map *map = lpm_open(2);

	ck_assert_int_eq(put(map, "10.0.0.0/8", 8, 0), 0);
	ck_assert_int_eq(map_freeze(map), 0);
	ck_assert_int_eq(put(map, "10.0.0.0/8", 8, 0), -EPERM);
	ck_assert_int_eq(drop(map, "10.0.0.0/8"), -EPERM);
	ck_assert_int_eq(map_clear(map), -EPERM);
	ck_assert_int_eq(get(map, "10.0.0.0/9"), 8);
	unit_put_map(map);
}
END_TEST

START_TEST(test_attach)
{
	struct map *map = lpm_open(10);
	struct map *other;
	struct map *reader;
	uint32_t owner;

	ck_assert_int_eq(put(map, "10.0.0.0/8", 8, 0), 0);
	other = table_attach(map, PROT_READ | PROT_WRITE);
	reader = table_attach(map, PROT_READ);
	ck_assert_int_eq(get(other, "10.1.1.1/32"), 8);
	ck_assert_int_eq(put(other, "10.1.0.0/16", 16, 0), 0);
	ck_assert_int_eq(put(reader, "10.1.0.0/16", 16, 0), -EPERM);
	ck_assert_int_eq(get(reader, "10.1.1.1/32"), 16);
	ck_assert_int_eq(get(map, "10.1.1.1/32"), 16);
	ck_assert_int_eq(map_owner_get(map, &owner), 0);
	map_owner_end(map, owner, true);
	unit_put_map(other);
	table_assert(map, 2);
	unit_put_map(reader);
	unit_put_map(map);
}
END_TEST

/* What an owner had in hand, or had linked and not freed, comes back. */
START_TEST(test_reclaim)
{
	struct map *map = lpm_open(4);
	struct lpm_map *lpm = to_lpm(map);
	struct map_census census;
	struct map *dead;
	uint64_t root;
	uint32_t node;
	int i;

	for (i = 0; i < 50; i++) {
		dead = table_attach(map, PROT_READ | PROT_WRITE);
		ck_assert_int_eq(put(map, "10.0.0.0/8", 8, 0), 0);
		ck_assert_int_eq(put(map, "10.1.0.0/16", 16, 0), 0);
		/* Both kinds, as before a swap; and what was unlinked. */
		ck_assert_int_eq(
			pool_take(&to_lpm(dead)->leaves, POOL_CREDIT, 0, &node),
			0);
		ck_assert_int_eq(pool_take(&to_lpm(dead)->branches, POOL_CREDIT,
					   0, &node),
				 0);
		root = shared_load(lpm_root(lpm));
		ck_assert(shared_cas(lpm_root(lpm), root, 0));
		map_owner_end(map, to_lpm(dead)->leaves.owner, false);
		dead->joined = 0;
		unit_put_map(dead);
		ck_assert_int_eq(map_check(map, &census), 0);
		ck_assert_uint_eq(census.held, 0);
		table_assert(map, 0);
	}
	for (i = 0; i < 4; i++) {
		char cidr[32];

		snprintf(cidr, sizeof(cidr), "%d.0.0.0/8", i);
		ck_assert_int_eq(put(map, cidr, 1, 0), 0);
	}
	ck_assert_int_eq(put(map, "9.0.0.0/8", 1, 0), -ENOSPC);
	table_assert(map, 4);
	unit_put_map(map);
}
END_TEST

/* Whoever writes nonsense gets an error, and so does everybody else. */
START_TEST(test_spoilt)
{
	struct map *map = lpm_open(4);
	struct lpm_map *lpm = to_lpm(map);
	struct lpm_branch *branch;
	struct map_census census;
	struct lpm_key key;
	uint64_t pos = 0;
	uint64_t root;

	ck_assert_int_eq(put(map, "10.0.0.0/8", 8, 0), 0);
	ck_assert_int_eq(put(map, "10.1.0.0/16", 16, 0), 0);
	root = shared_load(lpm_root(lpm));
	branch =
		(struct lpm_branch *)pool_node(&lpm->branches, link_node(root));
	/* Number too large, of another life, a circle, bits beyond the end. */
	switch (_i) {
	case 0:
		shared_store(lpm_root(lpm), root | 0x3fffffff);
		break;
	case 1:
		shared_store(lpm_root(lpm), root + (1ull << 32));
		break;
	case 2:
		branch->child[0] = root;
		break;
	case 3:
		branch->bit = 32;
		break;
	}
	ck_assert_int_eq(get(map, "10.1.0.0/32"), -EUCLEAN);
	ck_assert_int_eq(put(map, "10.1.0.0/32", 1, 0), -EUCLEAN);
	ck_assert_int_eq(drop(map, "10.1.0.0/16"), -EUCLEAN);
	ck_assert_int_eq(map_get_next_key(map, NULL, &key), -EUCLEAN);
	ck_assert_int_eq(map_check(map, &census), -EUCLEAN);
	ck_assert_ptr_nonnull(census.wrong);
	ck_assert_int_le(map_seq_show_elem(map, &pos, &key, NULL, 1), 1);
	unit_put_map(map);
}
END_TEST

/*
 * Readers beside writers: of two prefixes, one inside the other, the outer one
 * is never away, so an address in both is always found, with a value that one
 * of them had; and what is found was written whole.
 */
struct race {
	struct map *map;
	_Atomic bool stop;
	unsigned int salt;
};

static void *race_write(void *arg)
{
	struct race *race = arg;
	unsigned int n = race->salt;
	char cidr[32];
	int i;

	for (i = 0; i < 20000; i++) {
		n = n * 1103515245 + 12345;
		snprintf(cidr, sizeof(cidr), "10.%u.0.0/16", n >> 16 & 7);
		if (n >> 24 & 1)
			put(race->map, cidr, 16, 0);
		else
			drop(race->map, cidr);
		put(race->map, "10.0.0.0/8", 8, 0);
	}
	return NULL;
}

static void *race_read(void *arg)
{
	struct race *race = arg;
	int64_t found;

	while (!race->stop) {
		found = get(race->map, "10.3.1.1/32");
		if (found != 8 && found != 16)
			return race;
	}
	return NULL;
}

START_TEST(test_race)
{
	struct race race[3];
	pthread_t thread[3];
	void *wrong;
	int i;

	memset(race, 0, sizeof(race));
	race[0].map = lpm_open(9);
	ck_assert_int_eq(put(race[0].map, "10.0.0.0/8", 8, 0), 0);
	for (i = 0; i < 3; i++) {
		race[i].map = race[0].map;
		race[i].salt = (unsigned int)i;
		pthread_create(&thread[i], NULL, i ? race_write : race_read,
			       &race[i]);
	}
	for (i = 1; i < 3; i++)
		pthread_join(thread[i], NULL);
	race[0].stop = true;
	pthread_join(thread[0], &wrong);
	ck_assert_ptr_null(wrong);
	ck_assert_int_eq(put(race[0].map, "10.0.0.0/8", 8, 0), 0);
	table_assert(race[0].map, (uint32_t)map_used_entries(race[0].map));
	unit_put_map(race[0].map);
}
END_TEST

void unit_suite(Suite *suite)
{
	TCase *tc = unit_case(suite, "lpm");

	tcase_add_test(tc, test_create);
	tcase_add_test(tc, test_lookup);
	tcase_add_test(tc, test_match);
	tcase_add_test(tc, test_too_long);
	tcase_add_test(tc, test_host_bits);
	tcase_add_test(tc, test_order);
	tcase_add_test(tc, test_position);
	tcase_add_test(tc, test_full);
	tcase_add_test(tc, test_deep);
	tcase_add_test(tc, test_large_value);
	tcase_add_test(tc, test_frozen);
	tcase_add_test(tc, test_attach);
	tcase_add_test(tc, test_reclaim);
	tcase_add_loop_test(tc, test_spoilt, 0, 4);
	tcase_add_test(tc, test_race);
}
