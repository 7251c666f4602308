/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Keys and values of a map as text.  A value of a per-CPU map is one value a
 * CPU, separated by blanks; on input a single value goes to every CPU.  That
 * of a map of maps is the name of a map.
 */
#ifndef FMT_ELEMENT_H
#define FMT_ELEMENT_H

#include "core/map.h"
#include "fmt/text.h"
#include "fmt/word.h"

/*
 * Room for one element.  What is small, and most is, lies in the struct;
 * element_init allocates the rest.  0; -EFBIG when the value is too large for
 * text, which element_check_size alone tells; -ENOMEM.
 */
struct element {
	unsigned char *key;
	unsigned char *value;
	void *allocated;
	_Alignas(8) unsigned char small[512];
};

int element_check_size(const struct map *map, struct fmt_error *error);
int element_init(struct element *element, const struct map *map,
		 struct fmt_error *error);
/* Room for a key alone, whatever the value.  0 or -ENOMEM. */
int element_init_key(struct element *element, const struct map *map);
void element_release(struct element *element);

/* 0, or as value_parse. */
int element_parse_key(const struct map *map, const struct word *word, void *key,
		      struct fmt_error *error);

/* The next word as a key. */
int element_next_key(const struct map *map, struct words *words, void *key,
		     struct fmt_error *error);

/*
 * The rest of the words as a value.  With 'flags' they may end in "any",
 * "noexist" or "exist", which goes there; it is left alone otherwise.
 */
int element_parse_value(const struct map *map, struct words *words, void *value,
			uint64_t *flags, struct fmt_error *error);

/*
 * map_lookup_exact, map_delete_elem and map_lookup_and_delete_elem,
 * with a sentence for what they return.
 */
int element_lookup(struct map *map, const void *key, void *value,
		   struct fmt_error *error);
int element_delete(struct map *map, const void *key, struct fmt_error *error);
int element_take(struct map *map, const void *key, void *value,
		 struct fmt_error *error);

/*
 * map_push_elem, and map_peek_elem of what may be in the map or not: a bloom
 * filter.
 */
int element_push(struct map *map, const void *value, uint64_t flags,
		 struct fmt_error *error);
int element_test(struct map *map, const void *value, struct fmt_error *error);

/*
 * "KEY VALUE" as an update of the map, with a flag behind it where
 * 'with_flags' says so.  Errors also the map's.
 */
int element_update(struct map *map, struct words *words, bool with_flags,
		   struct fmt_error *error);

/* "VALUE" as a push, the same way. */
int element_push_words(struct map *map, struct words *words, bool with_flags,
		       struct fmt_error *error);

/* Bytes that element_print_value prints at most. */
size_t element_text_max(const struct map *map);

void element_print_key(struct text *text, const struct map *map,
		       const void *key);
void element_print_value(struct text *text, const struct map *map,
			 const void *value);

/* The sentence for an errno that an operation on the map returned. */
int element_fail(struct fmt_error *error, const struct map *map, int err);
/* The same of an update with these flags. */
int element_fail_update(struct fmt_error *error, const struct map *map,
			uint64_t flags, int err);

#endif
