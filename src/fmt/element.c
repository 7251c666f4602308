/* SPDX-License-Identifier: BSD-2-Clause */
#include "fmt/element.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "fmt/value.h"

int element_check_size(const struct map *map, struct fmt_error *error)
{
	uint64_t value_bytes = map_value_bytes(map);

	if (value_bytes > FMT_VALUE_MAX)
		return fmt_fail(error, EFBIG,
				"a value of %llu bytes is too large for text: "
				"use the elements file",
				(unsigned long long)value_bytes);
	return 0;
}

int element_init(struct element *element, const struct map *map,
		 struct fmt_error *error)
{
	/* The value after the key, 8-aligned. */
	size_t key_bytes = ((size_t)map->key_size + 7) & ~(size_t)7;
	uint64_t value_bytes = map_value_bytes(map);
	int err = element_check_size(map, error);

	if (err)
		return err;
	element->allocated = NULL;
	element->key = element->small;
	if (key_bytes + value_bytes > sizeof(element->small)) {
		element->allocated = malloc(key_bytes + value_bytes);
		if (!element->allocated)
			return -ENOMEM;
		element->key = element->allocated;
	}
	element->value = element->key + key_bytes;
	return 0;
}

void element_release(struct element *element)
{
	free(element->allocated);
}

int element_parse_key(const struct map *map, const struct word *word, void *key,
		      struct fmt_error *error)
{
	return value_parse(word, "key", map->key_size, key, error);
}

static bool parse_flags(const struct word *word, uint64_t *flags)
{
	static const struct {
		const char *name;
		uint64_t flags;
	} names[] = {
		{ "any", BPF_ANY },
		{ "noexist", BPF_NOEXIST },
		{ "exist", BPF_EXIST },
	};
	size_t i;

	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (word_is(word, names[i].name)) {
			*flags = names[i].flags;
			return true;
		}
	}
	return false;
}

/* A slot's value; the padding of a per-CPU slot becomes zero. */
static int parse_slot(const struct map *map, const struct word *word,
		      unsigned char *slot, struct fmt_error *error)
{
	memset(slot + map->value_size, 0,
	       map_slot_bytes(map) - map->value_size);
	return value_parse(word, "value", map->value_size, slot, error);
}

int element_parse_value(const struct map *map, struct words *words, void *value,
			uint64_t *flags, struct fmt_error *error)
{
	const uint32_t slots = map_value_slots(map);
	const uint32_t bytes = map_slot_bytes(map);
	unsigned char *slot = value;
	struct word word;
	uint32_t n = 0;
	uint32_t i;
	int res;

	while ((res = word_next(words, &word, error)) > 0) {
		if (flags && n && parse_flags(&word, flags)) {
			res = word_next(words, &word, error);
			if (res > 0)
				return fmt_fail(error, EINVAL,
						"'" WORD_FMT "' after the "
						"flag",
						WORD_ARG(&word));
			break;
		}
		if (n == slots)
			return fmt_fail(error, EINVAL,
					"'" WORD_FMT "' after the value",
					WORD_ARG(&word));
		res = parse_slot(map, &word, slot + (size_t)n * bytes, error);
		if (res)
			return res;
		n++;
	}
	if (res)
		return res;
	if (!n)
		return fmt_fail(error, EINVAL, "value: missing");
	if (n > 1 && n < slots)
		return fmt_fail(error, EINVAL,
				"value: one for all CPUs or one for each of "
				"%u, not %u",
				slots, n);
	for (i = n; i < slots; i++)
		memcpy(slot + (size_t)i * bytes, slot, bytes);
	return 0;
}

int element_fail(struct fmt_error *error, const struct map *map, int err)
{
	switch (err) {
	case -EPERM:
		return fmt_fail(error, EPERM, "the map is frozen");
	case -E2BIG:
		return fmt_fail(
			error, E2BIG,
			map->ops->flags & MAP_FIXED_KEYS ?
				"the index is not below the %u entries" :
				"the map is full: it has %u entries",
			map->max_entries);
	case -EEXIST:
		return fmt_fail(error, EEXIST, "the element exists");
	case -ENOENT:
		return fmt_fail(error, ENOENT, "there is no such element");
	default:
		return err;
	}
}

int element_next_key(const struct map *map, struct words *words, void *key,
		     struct fmt_error *error)
{
	struct word word;
	int res = word_next(words, &word, error);

	if (res == 0)
		return fmt_fail(error, EINVAL, "key: missing");
	return res < 0 ? res : element_parse_key(map, &word, key, error);
}

int element_delete(struct map *map, const void *key, struct fmt_error *error)
{
	int err = map_delete_elem(map, key);

	if (err == -EINVAL)
		return fmt_fail(error, EINVAL,
				"elements of this type of map "
				"cannot be deleted");
	return err ? element_fail(error, map, err) : 0;
}

int element_update(struct map *map, struct words *words, bool with_flags,
		   struct fmt_error *error)
{
	uint64_t flags = BPF_ANY;
	struct element element;
	int res;

	res = element_init(&element, map, error);
	if (res)
		return res;
	res = element_next_key(map, words, element.key, error);
	if (!res)
		res = element_parse_value(map, words, element.value,
					  with_flags ? &flags : NULL, error);
	if (!res) {
		res = map_update_elem(map, element.key, element.value, flags);
		if (res)
			res = element_fail(error, map, res);
	}
	element_release(&element);
	return res;
}

void element_print_key(struct text *text, const struct map *map,
		       const void *key)
{
	value_print(text, map->key_size, key);
}

void element_print_value(struct text *text, const struct map *map,
			 const void *value)
{
	const uint32_t slots = map_value_slots(map);
	const uint32_t bytes = map_slot_bytes(map);
	const unsigned char *slot = value;
	uint32_t i;

	for (i = 0; i < slots; i++, slot += bytes) {
		if (i)
			text_putc(text, ' ');
		value_print(text, map->value_size, slot);
	}
}
