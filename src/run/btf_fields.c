/* SPDX-License-Identifier: BSD-2-Clause */
/* BTF: the fields of values that are the kernel's own. */
#include <errno.h>
#include <string.h>

#include "run/btf_type.h"

/*
 * Members that are looked at in one search, and in all of a check: structures
 * in each other can be made so that there is no end of them.
 */
#define STEPS_MAX (1u << 20)

static const struct special {
	const char *name;
	uint32_t size;
	uint32_t align;
	bool once;   /* in a structure */
	bool repeat; /* in an array of structures */
	bool found;  /* its name makes a structure worth a look, see below */
} specials[BTF_SPECIALS] = {
	[BTF_SPIN_LOCK] = { "bpf_spin_lock", 4, 4, true, false, true },
	[BTF_RES_SPIN_LOCK] = { "bpf_res_spin_lock", 4, 4, true, false, false },
	[BTF_TIMER] = { "bpf_timer", 16, 8, true, false, false },
	[BTF_WORKQUEUE] = { "bpf_wq", 16, 8, true, false, false },
	[BTF_TASK_WORK] = { "bpf_task_work", 8, 8, true, false, false },
	[BTF_REFCOUNT] = { "bpf_refcount", 4, 4, false, false, true },
	[BTF_LIST_HEAD] = { "bpf_list_head", 16, 8, false, true, true },
	[BTF_LIST_NODE] = { "bpf_list_node", 24, 8, false, false, true },
	[BTF_RB_ROOT] = { "bpf_rb_root", 16, 8, false, true, true },
	[BTF_RB_NODE] = { "bpf_rb_node", 32, 8, false, false, true },
	[BTF_KPTR] = { NULL, 8, 8, false, true, false },
	[BTF_UPTR] = { NULL, 8, 8, false, true, false },
};

#define MASK(special) (1u << (special))
#define NODES	      (MASK(BTF_LIST_NODE) | MASK(BTF_RB_NODE))
#define ROOTS	      (MASK(BTF_LIST_HEAD) | MASK(BTF_RB_ROOT))
#define LOCKS	      (MASK(BTF_SPIN_LOCK) | MASK(BTF_RES_SPIN_LOCK))

/* What values have; and structures in general. */
#define IN_VALUES  ((MASK(BTF_SPECIALS) - 1) & ~NODES)
#define IN_STRUCTS (LOCKS | ROOTS | NODES | MASK(BTF_REFCOUNT) | MASK(BTF_KPTR))

struct search {
	const struct btf *btf;
	uint32_t mask;
	uint32_t steps;
};

/* Room for what is found. */
struct room {
	struct btf_field *at;
	uint32_t count;
};

static int find_members(struct search *search, uint32_t id, struct room room,
			unsigned int depth);

static int find_name(const struct btf *btf, uint32_t id, uint32_t mask)
{
	const char *name = btf_name(btf, btf_type_at(btf, id).name_off);
	int i;

	for (i = 0; i < BTF_SPECIALS; i++)
		if (mask & MASK(i) && specials[i].name &&
		    !strcmp(name, specials[i].name))
			return i;
	return -ENOENT;
}

/* A pointer to a structure by a tag; -ENOENT: it is nothing of that kind. */
static int find_pointer(const struct search *search, uint32_t id)
{
	const struct btf *btf = search->btf;
	struct btf_type tag;
	const char *name;
	int special;

	if (btf_kind(btf, id) == BTF_KIND_VOLATILE)
		id = btf_type_at(btf, id).type;
	if (btf_kind(btf, id) != BTF_KIND_PTR)
		return -ENOENT;
	id = btf_type_at(btf, id).type;
	tag = btf_type_at(btf, id);
	if (BTF_INFO_KIND(tag.info) != KIND_TYPE_TAG ||
	    BTF_INFO_KFLAG(tag.info))
		return -ENOENT;
	name = btf_name(btf, tag.name_off);
	if (!strcmp(name, "uptr"))
		special = BTF_UPTR;
	else if (!strcmp(name, "kptr") || !strcmp(name, "kptr_untrusted") ||
		 !strcmp(name, "percpu_kptr"))
		special = BTF_KPTR;
	else
		return -EINVAL;
	if (!(search->mask & MASK(special)) ||
	    btf_kind(btf, tag.type) == KIND_TYPE_TAG ||
	    btf_kind(btf, btf->entry[tag.type].proper) != BTF_KIND_STRUCT)
		return -EINVAL;
	return special;
}

/* Which special field is a part of that type?  -ENOENT, or that it is wrong. */
static int find_special(const struct search *search, uint32_t id,
			uint32_t *seen)
{
	int special = find_name(search->btf, id, search->mask);

	if (special == -ENOENT)
		return btf_kind(search->btf, id) == BTF_KIND_STRUCT ?
			       -ENOENT :
			       find_pointer(search, id);
	if (specials[special].once && *seen & MASK(special))
		return -E2BIG;
	*seen |= MASK(special);
	return special;
}

/* Is it what its name says?  If not the kernel passes over it. */
static bool is_genuine(const struct search *search, uint32_t id, int special)
{
	return !specials[special].name ||
	       (btf_kind(search->btf, id) == BTF_KIND_STRUCT &&
		search->btf->entry[id].size == specials[special].size);
}

/* 'count' structures side by side. */
static int find_in_struct(struct search *search, uint32_t id, uint32_t off,
			  uint64_t count, struct room room, unsigned int depth)
{
	uint32_t size = search->btf->entry[id].size;
	int found, i;
	uint64_t n;

	if (depth + 1 >= BTF_DEPTH_MAX)
		return -E2BIG;
	found = find_members(search, id, room, depth + 1);
	if (found <= 0)
		return found;
	for (i = 0; i < found; i++) {
		room.at[i].off += off;
		if (count > 1 && !specials[room.at[i].special].repeat)
			return -EINVAL;
	}
	if (count > room.count / (uint32_t)found)
		return -E2BIG;
	for (n = 1; n < count; n++)
		for (i = 0; i < found; i++) {
			room.at[n * (uint32_t)found + (uint32_t)i] = room.at[i];
			room.at[n * (uint32_t)found + (uint32_t)i].off +=
				(uint32_t)n * size;
		}
	return (int)count * found;
}

/* 'count' special fields side by side. */
static int add_fields(int special, uint32_t off, uint64_t count,
		      struct room room)
{
	uint32_t size = specials[special].size;
	uint32_t i;

	if (count > room.count)
		return -E2BIG;
	if (count > 1 && !specials[special].repeat)
		return -EINVAL;
	for (i = 0; i < count; i++)
		room.at[i] = (struct btf_field){ (enum btf_special)special,
						 off + i * size, size };
	return (int)count;
}

/* The elements of an array in an array: what they are, and how many. */
static int find_elements(const struct btf *btf, uint32_t *id, uint64_t *count)
{
	unsigned int depth = 0;
	struct btf_array array;

	*count = 1;
	while (btf_kind(btf, *id) == BTF_KIND_ARRAY) {
		if (++depth >= BTF_DEPTH_MAX)
			return -E2BIG;
		array = btf_array_at(btf, *id);
		*id = array.type;
		*count *= array.nelems;
		if (*count > UINT32_MAX)
			*count = UINT32_MAX;
	}
	return 0;
}

/*
 * One part of a value at 'off', of 'bytes' bytes if that is told.  How many
 * fields were found, or a negative errno.
 */
static int find_part(struct search *search, uint32_t id, uint32_t off,
		     uint32_t bytes, uint32_t *seen, struct room room,
		     unsigned int depth)
{
	uint64_t count, size;
	int special;
	int err = find_elements(search->btf, &id, &count);

	if (err || !count)
		return err;
	special = find_special(search, id, seen);
	if (special < 0 && special != -ENOENT)
		return special;
	size = special >= 0 ? specials[special].size :
			      search->btf->entry[id].size;
	if (bytes && bytes != size * count)
		return 0;
	if (special == -ENOENT)
		return btf_kind(search->btf, id) == BTF_KIND_STRUCT ?
			       find_in_struct(search, id, off, count, room,
					      depth) :
			       0;
	if (off % specials[special].align || !is_genuine(search, id, special))
		return 0;
	return add_fields(special, off, count, room);
}

static int find_members(struct search *search, uint32_t id, struct room room,
			unsigned int depth)
{
	struct btf_type type = btf_type_at(search->btf, id);
	bool kflag = BTF_INFO_KFLAG(type.info);
	uint32_t seen = 0, off, i;
	int found, all = 0;

	for (i = 0; i < BTF_INFO_VLEN(type.info); i++) {
		struct btf_member member = btf_member_at(search->btf, id, i);

		if (!search->steps--)
			return -E2BIG;
		off = kflag ? BTF_MEMBER_BIT_OFFSET(member.offset) :
			      member.offset;
		if (off % 8)
			return -EINVAL;
		found = find_part(search, member.type, off / 8, 0, &seen, room,
				  depth);
		if (found < 0)
			return found;
		all += found;
		room.at += found;
		room.count -= (uint32_t)found;
	}
	return all;
}

static int find_in_section(struct search *search, uint32_t id, struct room room)
{
	struct btf_type type = btf_type_at(search->btf, id);
	uint32_t seen = 0, i;
	int found, all = 0;

	for (i = 0; i < BTF_INFO_VLEN(type.info); i++) {
		struct btf_var_secinfo var = btf_section_at(search->btf, id, i);

		found = find_part(search,
				  btf_type_at(search->btf, var.type).type,
				  var.offset, var.size, &seen, room, 0);
		if (found < 0)
			return found;
		all += found;
		room.at += found;
		room.count -= (uint32_t)found;
	}
	return all;
}

/* Can they be there together? */
static int check_together(struct btf_fields *fields, uint32_t bytes)
{
	uint64_t end = 0;
	uint32_t i;

	for (i = 0; i < fields->count; i++) {
		const struct btf_field *field = &fields->field[i];

		if ((uint64_t)field->off + field->size > bytes)
			return -EFAULT;
		if (field->off < end)
			return -EEXIST;
		end = (uint64_t)field->off + field->size;
		fields->mask |= MASK(field->special);
	}
	if ((fields->mask & LOCKS) == LOCKS)
		return -EINVAL;
	if (fields->mask & ROOTS && !(fields->mask & LOCKS))
		return -EINVAL;
	return (fields->mask & NODES) == NODES &&
			       !(fields->mask & MASK(BTF_REFCOUNT)) ?
		       -EINVAL :
		       0;
}

/* 0 also if there are none. */
static int find(struct search *search, uint32_t id, struct btf_fields *fields)
{
	struct room room = { fields->field, BTF_FIELDS_MAX };
	uint32_t kind = btf_kind(search->btf, id);
	int found = -EINVAL;

	memset(fields, 0, sizeof(*fields));
	if (kind == BTF_KIND_STRUCT)
		found = find_members(search, id, room, 0);
	else if (kind == BTF_KIND_DATASEC)
		found = find_in_section(search, id, room);
	if (found < 0)
		return found;
	fields->count = (uint32_t)found;
	return check_together(fields, search->btf->entry[id].size);
}

void btf_find_fields(const struct btf *btf, uint32_t id,
		     struct btf_fields *fields)
{
	struct search search = { btf, IN_VALUES, STEPS_MAX };

	if (find(&search, id, fields))
		memset(fields, 0, sizeof(*fields));
}

/* Is it called as a special field is, or such a pointer? */
static bool may_be_field(const struct search *search, uint32_t id)
{
	int special = find_name(search->btf, id, search->mask);

	if (special == -ENOENT)
		return find_pointer(search, id) >= 0;
	return specials[special].found &&
	       btf_kind(search->btf, id) == BTF_KIND_STRUCT;
}

static bool may_have_fields(const struct search *search, uint32_t id)
{
	struct btf_type type = btf_type_at(search->btf, id);
	uint32_t i;

	for (i = 0; i < BTF_INFO_VLEN(type.info); i++)
		if (may_be_field(search,
				 btf_member_at(search->btf, id, i).type))
			return true;
	return false;
}

int btf_check_fields(const struct btf *btf)
{
	struct search search = { btf, IN_STRUCTS, STEPS_MAX };
	struct btf_fields fields;
	uint32_t id;
	int err;

	for (id = 1; id < btf->count; id++) {
		if (btf_kind(btf, id) != BTF_KIND_STRUCT ||
		    !may_have_fields(&search, id))
			continue;
		err = find(&search, id, &fields);
		if (err)
			return err;
		if (!fields.count)
			return -EFAULT;
	}
	return 0;
}
