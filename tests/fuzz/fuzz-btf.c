/* SPDX-License-Identifier: BSD-2-Clause */
/* btf_new, and what maps ask of the types it takes. */
#include <errno.h>
#include <string.h>

#include "fuzz.h"
#include "run/btf.h"

/* More than a seed has, with some that there are not. */
#define IDS 64u

static void check_fields(const struct btf *btf, uint32_t id, uint32_t size)
{
	struct btf_fields fields;
	uint64_t end = 0;
	uint32_t i;

	btf_find_fields(btf, id, &fields);
	FUZZ_CHECK(fields.count <= BTF_FIELDS_MAX);
	for (i = 0; i < fields.count; i++) {
		FUZZ_CHECK(fields.field[i].off >= end);
		end = (uint64_t)fields.field[i].off + fields.field[i].size;
		FUZZ_CHECK(fields.mask & 1u << fields.field[i].special);
	}
	FUZZ_CHECK(end <= size);
}

static void check_type(const struct btf *btf, uint32_t id)
{
	uint32_t behind = id, size;

	if (btf_is_i32(btf, id))
		FUZZ_CHECK(btf_size(btf, &behind, &size) && size == 4);
	if (!btf_size(btf, &behind, &size))
		return;
	FUZZ_CHECK(btf_kind(btf, behind));
	check_fields(btf, behind, size);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct btf *btf = NULL;
	uint8_t *copy = malloc(size ? size : 1);
	uint32_t id;
	int err;

	memcpy(copy, data, size);
	err = btf_new(copy, (uint32_t)size, &btf);
	FUZZ_CHECK(err <= 0 && !err == !!btf);
	for (id = 0; btf && id < IDS; id++)
		check_type(btf, id);
	btf_free(btf);
	free(copy);
	return 0;
}
