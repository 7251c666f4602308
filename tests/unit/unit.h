/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the unit tests share.  A test program is one file that defines
 * unit_suite; the main program is in unit.c and reports in TAP.
 */
#ifndef UNIT_UNIT_H
#define UNIT_UNIT_H

#include <check.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "core/map.h"
#include "fmt/error.h"

/* Add the program's test cases to its suite. */
void unit_suite(Suite *suite);

/* A test case of the suite, with time enough for the sanitizers. */
TCase *unit_case(Suite *suite, const char *name);

#define unit_assert_mem_zero(bytes, len) ck_assert(unit_is_zero(bytes, len))

bool unit_is_zero(const void *bytes, size_t len);

/* 'len' bytes that differ from each other and with 'salt'. */
void unit_fill(void *bytes, size_t len, unsigned int salt);

/* Attributes of a map with 4-byte keys and without a name. */
struct map_attr unit_attr(uint32_t map_type, uint32_t value_size,
			  uint32_t max_entries, uint32_t map_flags);

/* map_create without a charge; the map is put by unit_put_map. */
int unit_create(const struct map_attr *attr, struct map **map);
/* The same, of a map that must be possible. */
struct map *unit_map(uint32_t map_type, uint32_t value_size,
		     uint32_t max_entries, uint32_t map_flags);
/* Put a map and wait for its end. */
void unit_put_map(struct map *map);

/* The operations, with an index for the key. */
int unit_lookup(struct map *map, uint32_t index, void *value);
int unit_update(struct map *map, uint32_t index, const void *value,
		uint64_t flags);

#define UNIT_PAGE ((uint64_t)sysconf(_SC_PAGESIZE))

/* A region without a node, mapped for reading and writing if 'mapped'. */
void unit_region(struct region *region, uint64_t size, bool mapped);

/* Descriptors that this process has. */
unsigned int unit_count_fds(void);
/*
 * Let this process have 'n' descriptors more than now, and as many as before:
 * the leak sanitizer wants some at exit.
 */
void unit_limit_fds(unsigned int n);
void unit_unlimit_fds(void);

/* The region's memory opened once more, through /proc. */
int unit_reopen(const struct region *region, int flags);

/* Can 'addr' be read?  Asks the kernel, so that no signal tells. */
bool unit_readable(const void *addr);

/*
 * Let 'dir' of sysfs hold nothing but the file 'name' with this text, or no
 * file at all, for this test's process alone and before it looks there.  False
 * where that is not permitted.
 */
bool unit_pretend(const char *dir, const char *name, const char *text);

/*
 * A copy of a text without the terminating zero, of exactly its length, so
 * that the address sanitizer sees who reads beyond it.  To be freed.
 */
char *unit_line(const char *text, size_t len);

/* Does the error's message hold 'word'?  Empty messages hold nothing. */
#define unit_assert_says(error, word)                                          \
	ck_assert_msg(unit_says(error, word), "'%s' lacks '%s'", (error)->msg, \
		      word)

bool unit_says(const struct fmt_error *error, const char *word);

#endif
