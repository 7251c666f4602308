/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * spec_parse, with and without a name, and map_create on what comes out of it
 * if that is small.  What a map prints must mean the same map.
 */
#include <errno.h>
#include <string.h>

#include "core/topology.h"
#include "fmt/spec.h"
#include "fuzz.h"

#define SMALL_BYTES (1ull << 20)

static bool is_small(const struct map_attr *attr)
{
	uint64_t elem = (attr->value_size + 7ull) & ~7ull;

	return elem * attr->max_entries <= SMALL_BYTES / topology_cpus();
}

static void check_print(const struct map *map, const struct map_attr *attr)
{
	char line[1024];
	struct text text = { line, sizeof(line), 0 };
	struct spec again;

	spec_print(&text, map);
	FUZZ_CHECK(!text_overflown(&text));
	FUZZ_CHECK(spec_parse(line, text.len, false, &again, NULL) == 1);
	FUZZ_CHECK(again.attr.map_type == attr->map_type);
	FUZZ_CHECK(again.attr.key_size == attr->key_size);
	FUZZ_CHECK(again.attr.value_size == attr->value_size);
	FUZZ_CHECK(again.attr.max_entries == attr->max_entries);
	FUZZ_CHECK(again.attr.map_flags == attr->map_flags);
	FUZZ_CHECK(again.attr.map_extra == attr->map_extra);
	FUZZ_CHECK(again.attr.numa_node == attr->numa_node);
	FUZZ_CHECK(!again.has_mode);
}

static void check_create(const struct map_attr *attr)
{
	struct map_refusal refusal = { NULL, NULL };
	struct charge charge = { 0 };
	struct map *map;
	int err;

	err = map_create(attr, &charge, &refusal, &map);
	if (err) {
		/* EBADF: of maps of maps, for want of an example. */
		FUZZ_CHECK(err == -EINVAL || err == -E2BIG || err == -EBADF);
		FUZZ_CHECK(refusal.word && refusal.why && !charge.bytes);
		return;
	}
	check_print(map, attr);
	map_put(map);
	map_free_wait();
}

/* A map that has these attributes, whether there can be one or not. */
static struct map imagine(const struct map_attr *attr)
{
	static const struct map meta;
	struct map map = {
		.map_type = attr->map_type,
		.key_size = attr->key_size,
		.value_size = attr->value_size,
		.max_entries = attr->max_entries,
		.map_flags = attr->map_flags,
		.map_extra = attr->map_extra,
		.numa_node = attr->numa_node,
	};

	if (map_type_ops(attr->map_type)->flags & MAP_OF_MAPS)
		map.inner_map_meta = &meta;
	return map;
}

static void parse(const char *line, size_t len, bool named)
{
	struct fmt_error error = { "" };
	struct spec spec;
	struct map map;
	int res;

	res = spec_parse(line, len, named, &spec, &error);
	FUZZ_CHECK(res == 0 || res == 1 || res == -EINVAL || res == -ERANGE);
	FUZZ_CHECK((res < 0) == (error.msg[0] != '\0'));
	if (res != 1)
		return;
	FUZZ_CHECK(map_type_ops(spec.attr.map_type));
	FUZZ_CHECK(map_name_check(spec.attr.map_name) == 0);
	FUZZ_CHECK(named == (spec.attr.map_name[0] != '\0'));
	FUZZ_CHECK(!spec.has_mode || spec.mode <= 0777);
	map = imagine(&spec.attr);
	check_print(&map, &spec.attr);
	if (is_small(&spec.attr))
		check_create(&spec.attr);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	parse((const char *)data, size, true);
	parse((const char *)data, size, false);
	return 0;
}
