/* SPDX-License-Identifier: BSD-2-Clause */
#include "fmt/spec.h"

#include <errno.h>
#include <string.h>

/* Lower case, without BPF_F_: bpftool's and the kernel's names. */
static const struct {
	const char *name;
	uint32_t flag;
} flag_names[] = {
	{ "no_prealloc", BPF_F_NO_PREALLOC },
	{ "no_common_lru", BPF_F_NO_COMMON_LRU },
	{ "numa_node", BPF_F_NUMA_NODE },
	{ "rdonly", BPF_F_RDONLY },
	{ "wronly", BPF_F_WRONLY },
	{ "stack_build_id", BPF_F_STACK_BUILD_ID },
	{ "zero_seed", BPF_F_ZERO_SEED },
	{ "rdonly_prog", BPF_F_RDONLY_PROG },
	{ "wronly_prog", BPF_F_WRONLY_PROG },
	{ "clone", BPF_F_CLONE },
	{ "mmapable", BPF_F_MMAPABLE },
	{ "preserve_elems", BPF_F_PRESERVE_ELEMS },
	{ "inner_map", BPF_F_INNER_MAP },
};

#define NFLAGS (sizeof(flag_names) / sizeof(flag_names[0]))

static int parse_type(const struct word *word, struct spec *spec,
		      struct fmt_error *error)
{
	char name[32];

	if (word->len < sizeof(name)) {
		memcpy(name, word->at, word->len);
		name[word->len] = '\0';
		spec->attr.map_type = map_type_by_name(name);
	}
	if (!spec->attr.map_type)
		return fmt_fail(error, EINVAL,
				"type: there is no type '" WORD_FMT "'",
				WORD_ARG(word));
	return 0;
}

static int parse_u32(const struct word *word, const char *what,
		     uint32_t *number, struct fmt_error *error)
{
	uint64_t value;
	int err = word_u64(word, what, UINT32_MAX, &value, error);

	if (!err)
		*number = (uint32_t)value;
	return err;
}

static int parse_key(const struct word *word, struct spec *spec,
		     struct fmt_error *error)
{
	return parse_u32(word, "key", &spec->attr.key_size, error);
}

static int parse_value(const struct word *word, struct spec *spec,
		       struct fmt_error *error)
{
	return parse_u32(word, "value", &spec->attr.value_size, error);
}

static int parse_entries(const struct word *word, struct spec *spec,
			 struct fmt_error *error)
{
	return parse_u32(word, "entries", &spec->attr.max_entries, error);
}

static int parse_flag(const struct word *word, struct spec *spec,
		      struct fmt_error *error)
{
	uint32_t number;
	size_t i;
	int err;

	for (i = 0; i < NFLAGS; i++) {
		if (word_is(word, flag_names[i].name)) {
			spec->attr.map_flags |= flag_names[i].flag;
			return 0;
		}
	}
	if (!word->len || word->at[0] < '0' || word->at[0] > '9')
		return fmt_fail(error, EINVAL,
				"flags: there is no flag '" WORD_FMT "'",
				WORD_ARG(word));
	err = parse_u32(word, "flags", &number, error);
	if (!err)
		spec->attr.map_flags |= number;
	return err;
}

static int parse_flags(const struct word *word, struct spec *spec,
		       struct fmt_error *error)
{
	const char *end = word->at + word->len;
	struct word flag = { word->at, 0 };
	int err = 0;

	/* What spec_print_flags says of no flags. */
	if (word_is(word, "none"))
		return 0;
	while (!err) {
		while (flag.at + flag.len < end && flag.at[flag.len] != ',')
			flag.len++;
		err = parse_flag(&flag, spec, error);
		if (flag.at + flag.len == end)
			break;
		flag.at += flag.len + 1;
		flag.len = 0;
	}
	return err;
}

static int parse_extra(const struct word *word, struct spec *spec,
		       struct fmt_error *error)
{
	return word_u64(word, "extra", UINT64_MAX, &spec->attr.map_extra,
			error);
}

/* Whoever names a node wants it: the flag need not be given as well. */
static int parse_numa(const struct word *word, struct spec *spec,
		      struct fmt_error *error)
{
	uint64_t node;
	int err;

	spec->attr.map_flags |= BPF_F_NUMA_NODE;
	if (word_is(word, "-1")) {
		spec->attr.numa_node = NUMA_NO_NODE;
		return 0;
	}
	err = word_u64(word, "numa", INT32_MAX, &node, error);
	if (!err)
		spec->attr.numa_node = (int32_t)node;
	return err;
}

static int parse_mode(const struct word *word, struct spec *spec,
		      struct fmt_error *error)
{
	mode_t mode = 0;
	size_t i;

	for (i = 0; i < word->len && i < 5; i++) {
		if (word->at[i] < '0' || word->at[i] > '7')
			break;
		mode = mode * 8 + (mode_t)(word->at[i] - '0');
	}
	if (i < word->len || !i || mode > 0777)
		return fmt_fail(error, EINVAL,
				"mode: '" WORD_FMT "' is no octal mode from 0 "
				"to 777",
				WORD_ARG(word));
	spec->mode = mode;
	spec->has_mode = true;
	return 0;
}

/* Whether there is such a map is for the mount to say. */
static int parse_inner(const struct word *word, struct spec *spec,
		       struct fmt_error *error)
{
	if (!word->len || word->len >= sizeof(spec->inner) ||
	    memchr(word->at, '\0', word->len))
		return fmt_fail(error, EINVAL,
				"inner: '" WORD_FMT "' is no name of a map",
				WORD_ARG(word));
	memcpy(spec->inner, word->at, word->len);
	return 0;
}

static const struct {
	const char *name;
	int (*parse)(const struct word *word, struct spec *spec,
		     struct fmt_error *error);
} spec_words[] = {
	{ "type", parse_type },	  { "key", parse_key },
	{ "value", parse_value }, { "entries", parse_entries },
	{ "flags", parse_flags }, { "extra", parse_extra },
	{ "numa", parse_numa },	  { "inner", parse_inner },
	{ "mode", parse_mode },
};

#define NWORDS (sizeof(spec_words) / sizeof(spec_words[0]))

/* The words after the name: pairs in any order, none of them twice. */
static int parse_pairs(struct words *words, struct spec *spec,
		       struct fmt_error *error)
{
	unsigned int seen = 0;
	struct word word;
	size_t i;
	int res;

	while ((res = word_next(words, &word, error)) > 0) {
		for (i = 0; i < NWORDS; i++)
			if (word_is(&word, spec_words[i].name))
				break;
		if (i == NWORDS)
			return fmt_fail(error, EINVAL,
					"unknown word '" WORD_FMT "'",
					WORD_ARG(&word));
		if (seen & 1u << i)
			return fmt_fail(error, EINVAL, "%s: given twice",
					spec_words[i].name);
		seen |= 1u << i;
		res = word_next(words, &word, error);
		if (res == 0)
			return fmt_fail(error, EINVAL, "%s: nothing after it",
					spec_words[i].name);
		if (res > 0)
			res = spec_words[i].parse(&word, spec, error);
		if (res < 0)
			return res;
	}
	return res;
}

int spec_check_name(const char *name, size_t len, struct fmt_error *error)
{
	size_t i;

	if (len >= MAP_NAME_LEN)
		return fmt_fail(error, ENAMETOOLONG,
				"name: '%.*s' is longer than 15 characters",
				len < 40 ? (int)len : 40, name);
	for (i = 0; i < len; i++)
		if (!name[i] ||
		    !strchr("ABCDEFGHIJKLMNOPQRSTUVWXYZ"
			    "abcdefghijklmnopqrstuvwxyz0123456789_.",
			    name[i]))
			break;
	if (!len || i < len || (len == 1 && name[0] == '.') ||
	    (len == 2 && memcmp(name, "..", 2) == 0))
		return fmt_fail(error, EINVAL,
				"name: '%.*s' is not 1-15 characters of "
				"[A-Za-z0-9_.]",
				len < 40 ? (int)len : 40, name);
	return 0;
}

/* What the words say of each other. */
static int check_words(const struct spec *spec, struct fmt_error *error)
{
	const struct map_ops *ops;

	if (!spec->attr.map_type)
		return fmt_fail(error, EINVAL, "type: missing");
	ops = map_type_ops(spec->attr.map_type);
	if (ops->flags & MAP_OF_MAPS && !*spec->inner)
		return fmt_fail(error, EINVAL,
				"inner: missing: name a map such as this one "
				"is to hold");
	if (*spec->inner && !(ops->flags & MAP_OF_MAPS))
		return fmt_fail(error, EINVAL,
				"inner: this type holds no maps");
	return 1;
}

int spec_parse(const char *line, size_t len, bool named, struct spec *spec,
	       struct fmt_error *error)
{
	struct words words = words_of(line, len);
	struct words start = words;
	struct word name;
	int res;

	memset(spec, 0, sizeof(*spec));
	res = word_next(&words, &name, error);
	if (res <= 0)
		return res;
	if (named) {
		res = spec_check_name(name.at, name.len, error);
		/* bpf(2) has one answer to a bad name. */
		if (res)
			return -EINVAL;
		memcpy(spec->attr.map_name, name.at, name.len);
	} else {
		words = start;
	}
	res = parse_pairs(&words, spec, error);
	return res ? res : check_words(spec, error);
}

void spec_print_flags(struct text *text, uint32_t flags)
{
	const char *comma = "";
	size_t i;

	if (!flags)
		text_puts(text, "none");
	for (i = 0; i < NFLAGS; i++) {
		if (!(flags & flag_names[i].flag))
			continue;
		flags &= ~flag_names[i].flag;
		text_puts(text, comma);
		text_puts(text, flag_names[i].name);
		comma = ",";
	}
	if (flags)
		text_printf(text, "%s0x%x", comma, flags);
}

void spec_print(struct text *text, const struct map *map)
{
	uint32_t flags = map->map_flags & ~(uint32_t)BPF_F_NUMA_NODE;
	char inner[MAP_TEXT_LEN];

	text_printf(text, "type %s key %u value %u entries %u",
		    map_type_name(map->map_type), map->key_size,
		    map->value_size, map->max_entries);
	if (flags) {
		text_puts(text, " flags ");
		spec_print_flags(text, flags);
	}
	if (map->map_extra)
		text_printf(text, " extra %llu",
			    (unsigned long long)map->map_extra);
	if (map->map_flags & BPF_F_NUMA_NODE)
		text_printf(text, " numa %d", map->numa_node);
	if (map->inner_map_meta) {
		map_inner_name(map, map->inner_map_meta->id, inner);
		text_printf(text, " inner %s", inner);
	}
}

void spec_print_help(struct text *text)
{
	uint32_t type;
	size_t i;

	text_puts(text, "# Write one map a line:\n"
			"#   NAME type TYPE key BYTES value BYTES entries N\n"
			"#        [flags FLAG[,FLAG...]] [extra N] [numa N] "
			"[inner NAME] [mode OCTAL]\n"
			"# types:");
	for (type = 0; type < map_type_end(); type++)
		if (map_type_name(type))
			text_printf(text, " %s", map_type_name(type));
	text_puts(text, "\n# flags:");
	for (i = 0; i < NFLAGS; i++)
		text_printf(text, " %s", flag_names[i].name);
	text_puts(text, "\n"
			"# examples:\n"
			"#   hits type array key 4 value 8 entries 1024\n"
			"#   users type hash key 16 value 64 entries 100000\n"
			"#   routes type lpm_trie key 8 value 4 entries 1000 "
			"flags no_prealloc\n"
			"#   stats type percpu_array key 4 value 16 entries 64 "
			"mode 640\n"
			"#   jobs type queue value 64 entries 1000\n"
			"#   seen type bloom_filter value 8 entries 100000\n"
			"#   log type ringbuf entries 65536\n"
			"#   parts type hash_of_maps key 4 value 4 entries 16 "
			"inner hits\n");
}
