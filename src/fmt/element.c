/* SPDX-License-Identifier: BSD-2-Clause */
#include "fmt/element.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "fmt/prefix.h"
#include "fmt/spec.h"
#include "fmt/value.h"

int element_check_size(const struct map *map, struct fmt_error *error)
{
	uint64_t value_bytes = map_value_bytes(map);

	if (value_bytes > FMT_VALUE_MAX)
		return fmt_fail(error, EFBIG,
				"a value of %llu bytes is too large for text: "
				"use the %s file",
				(unsigned long long)value_bytes,
				map->ops->flags & MAP_TABLE ? "region" :
							      "elements");
	return 0;
}

static int element_alloc(struct element *element, const struct map *map,
			 uint64_t value_bytes)
{
	/* The value after the key, 8-aligned. */
	size_t key_bytes = ((size_t)map->key_size + 7) & ~(size_t)7;

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

int element_init(struct element *element, const struct map *map,
		 struct fmt_error *error)
{
	int err = element_check_size(map, error);

	return err ? err : element_alloc(element, map, map_value_bytes(map));
}

int element_init_key(struct element *element, const struct map *map)
{
	return element_alloc(element, map, 0);
}

void element_release(struct element *element)
{
	free(element->allocated);
}

int element_parse_key(const struct map *map, const struct word *word, void *key,
		      struct fmt_error *error)
{
	if (map->ops->flags & MAP_PREFIXES)
		return prefix_parse(word, map->key_size, key, error);
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

/* The name of a map, as the id that it stands for. */
static int parse_map(const struct map *map, const struct word *word,
		     void *value, struct fmt_error *error)
{
	uint32_t id;
	int err = map_inner_find(map, word->at, word->len, &id);

	if (err)
		return fmt_fail(error, -err,
				"value: there is no map '" WORD_FMT "'",
				WORD_ARG(word));
	memcpy(value, &id, sizeof(id));
	return 0;
}

/* A slot's value; the padding of a per-CPU slot becomes zero. */
static int parse_slot(const struct map *map, const struct word *word,
		      unsigned char *slot, struct fmt_error *error)
{
	if (map->ops->flags & MAP_OF_MAPS)
		return parse_map(map, word, slot, error);
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

static int fail_full(struct fmt_error *error, const struct map *map)
{
	if (map->ops->flags & MAP_FIXED_KEYS)
		return fmt_fail(error, E2BIG,
				"the index is not below the %u entries",
				map->max_entries);
	if (map->map_flags & BPF_F_ZERO_SEED)
		return fmt_fail(error, E2BIG,
				"the map is full, of its %u entries or of "
				"keys that collide with this one",
				map->max_entries);
	return fmt_fail(error, E2BIG, "the map is full: it has %u entries",
			map->max_entries);
}

int element_fail(struct fmt_error *error, const struct map *map, int err)
{
	switch (err) {
	case -EPERM:
		return fmt_fail(error, EPERM, "the map is frozen");
	case -E2BIG:
		return fail_full(error, map);
	case -ENOSPC:
		return fmt_fail(error, ENOSPC,
				"the map is full: it has %u entries",
				map->max_entries);
	case -EEXIST:
		return fmt_fail(error, EEXIST, "the element exists");
	case -ENOENT:
		return fmt_fail(error, ENOENT, "there is no such element");
	case -ENOMEM:
		if (!(map->ops->flags & MAP_TABLE))
			return err;
		return fmt_fail(error, ENOMEM,
				"no place is free: processes that were stopped "
				"have them in hand");
	case -EUCLEAN:
		return fmt_fail(error, EUCLEAN,
				"a process that maps the map's region has "
				"spoilt it");
	case -EOPNOTSUPP:
		return fmt_fail(error, EOPNOTSUPP,
				"maps of type %s have no such operation",
				map_type_name(map->map_type));
	default:
		return err;
	}
}

/* Entries count between arrays alone, and not where inner_map is a flag. */
static int fail_inner(struct fmt_error *error, const struct map *meta)
{
	char shape[FMT_ERROR_MAX] = "";
	struct text text = { shape, sizeof(shape) - 1, 0 };

	spec_print(&text, meta);
	return fmt_fail(error, EINVAL,
			"value: the map is not like the first: %s", shape);
}

int element_fail_update(struct fmt_error *error, const struct map *map,
			uint64_t flags, int err)
{
	if (!(map->ops->flags & MAP_OF_MAPS))
		return element_fail(error, map, err);
	switch (err) {
	case -EACCES:
		return fmt_fail(error, EACCES,
				"value: you may neither read nor write that "
				"map");
	case -EBADF:
		return fmt_fail(error, EBADF, "value: there is no such map");
	case -EINVAL:
		if (flags == BPF_ANY)
			return fail_inner(error, map->inner_map_meta);
		return err;
	default:
		return element_fail(error, map, err);
	}
}

int element_next_key(const struct map *map, struct words *words, void *key,
		     struct fmt_error *error)
{
	struct word word;
	int res;

	if (!map->key_size)
		return element_fail(error, map, -EOPNOTSUPP);
	res = word_next(words, &word, error);
	if (res == 0)
		return fmt_fail(error, EINVAL, "key: missing");
	return res < 0 ? res : element_parse_key(map, &word, key, error);
}

int element_lookup(struct map *map, const void *key, void *value,
		   struct fmt_error *error)
{
	int err = map_lookup_exact(map, key, value);

	return err ? element_fail(error, map, err) : 0;
}

int element_take(struct map *map, const void *key, void *value,
		 struct fmt_error *error)
{
	int err = map_lookup_and_delete_elem(map, key, value);

	return err ? element_fail(error, map, err) : 0;
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

int element_push(struct map *map, const void *value, uint64_t flags,
		 struct fmt_error *error)
{
	int err = map_push_elem(map, value, flags);

	if (err == -EINVAL)
		return fmt_fail(error, EINVAL,
				"maps of type %s take no such flag",
				map_type_name(map->map_type));

	return err ? element_fail(error, map, err) : 0;
}

int element_test(struct map *map, const void *value, struct fmt_error *error)
{
	/* It is only looked at. */
	int err = map_peek_elem(map, (void *)value);

	if (err == -ENOENT)
		return fmt_fail(error, ENOENT, "the value is not in");
	return err ? element_fail(error, map, err) : 0;
}

int element_push_words(struct map *map, struct words *words, bool with_flags,
		       struct fmt_error *error)
{
	uint64_t flags = BPF_ANY;
	struct element element;
	int res;

	res = element_init(&element, map, error);
	if (res)
		return res;
	res = element_parse_value(map, words, element.value,
				  with_flags ? &flags : NULL, error);
	if (!res)
		res = element_push(map, element.value, flags, error);
	element_release(&element);
	return res;
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
			res = element_fail_update(error, map, flags, res);
	}
	element_release(&element);
	return res;
}

size_t element_text_max(const struct map *map)
{
	/* A blank before it, and 20 digits or 2 for each byte. */
	return map_value_slots(map) * (21 + 2 * (size_t)map->value_size);
}

void element_print_key(struct text *text, const struct map *map,
		       const void *key)
{
	if (map->ops->flags & MAP_PREFIXES)
		prefix_print(text, map->key_size, key);
	else
		value_print(text, map->key_size, key);
}

static void print_map(struct text *text, const struct map *map,
		      const void *value)
{
	char name[MAP_TEXT_LEN];
	uint32_t id;

	memcpy(&id, value, sizeof(id));
	map_inner_name(map, id, name);
	text_puts(text, name);
}

void element_print_value(struct text *text, const struct map *map,
			 const void *value)
{
	const uint32_t slots = map_value_slots(map);
	const uint32_t bytes = map_slot_bytes(map);
	const unsigned char *slot = value;
	uint32_t i;

	if (map->ops->flags & MAP_OF_MAPS) {
		print_map(text, map, value);
		return;
	}
	for (i = 0; i < slots; i++, slot += bytes) {
		if (i)
			text_putc(text, ' ');
		value_print(text, map->value_size, slot);
	}
}
