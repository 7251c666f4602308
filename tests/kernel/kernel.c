/* SPDX-License-Identifier: BSD-2-Clause */
#include "kernel.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "model/steps.h"
#include "model/tap.h"

static void pick_name(struct rng *rng, char *name)
{
	static const char good[] = "abcXYZ019_.";
	uint32_t len = rng_below(rng, MAP_NAME_LEN + 1);
	uint32_t i;

	memset(name, 0, MAP_NAME_LEN);
	for (i = 0; i < len; i++)
		name[i] = rng_one_in(rng, 60) ?
				  (char)rng_next(rng) :
			  rng_one_in(rng, 4) ?
				  (char)(0xc0 + rng_below(rng, 64)) :
				  good[rng_below(rng, sizeof(good) - 1)];
	if (len == MAP_NAME_LEN && !rng_one_in(rng, 4))
		name[MAP_NAME_LEN - 1] = '\0';
}

void kernel_pick_rest(struct rng *rng, struct map_attr *attr,
		      const uint32_t *flags, uint32_t nflags)
{
	static const uint64_t extras[] = { 1, 15, 16, 1ull << 32, UINT64_MAX };
	static const int32_t nodes[] = {
		-1, -1, 0, 0, 1, 5, 1000, -2, INT32_MIN, INT32_MAX,
	};

	if (rng_one_in(rng, 15))
		attr->map_extra = rng_pick(rng, extras);
	if (rng_one_in(rng, 3))
		attr->numa_node = rng_pick(rng, nodes);
	while (rng_one_in(rng, 2))
		attr->map_flags |= flags[rng_below(rng, nflags)];
	if (rng_one_in(rng, 6))
		attr->map_flags |= 1u << rng_below(rng, 32);
	attr->map_flags &= ~KERNEL_F_TOKEN_FD;
	pick_name(rng, attr->map_name);
}

static bool same_info(int fd, const struct map *map)
{
	const uint32_t mode = BPF_F_RDONLY | BPF_F_WRONLY;
	struct map_attr info;

	/* The mode of the descriptor is not the map's, in the kernel. */
	return !bpf_map_info(fd, &info) && info.map_type == map->map_type &&
	       info.key_size == map->key_size &&
	       info.value_size == map->value_size &&
	       info.max_entries == map->max_entries &&
	       info.map_flags == (map->map_flags & ~mode) &&
	       info.map_extra == map->map_extra &&
	       !strncmp(info.map_name, map->name, MAP_NAME_LEN);
}

/* What the kernel says, *same whether we do: all but its want of memory. */
static int create_both(const struct map_attr *attr, bool *same)
{
	struct map_refusal refusal = { "", "" };
	struct charge charge = { 0 };
	struct map *map = NULL;
	int ours;
	int fd;

	ours = map_create(attr, &charge, &refusal, &map);
	fd = bpf_map_create(attr);
	*same = fd == -ENOMEM ||
		(fd < 0 ? ours == fd : !ours && same_info(fd, map));
	if (!*same)
		tap_comment("type %u key %u value %u entries %u flags %#x "
			    "extra %#llx numa %d name[0] %#x: core %d (%s), "
			    "bpf(2) %d",
			    attr->map_type, attr->key_size, attr->value_size,
			    attr->max_entries, attr->map_flags,
			    (unsigned long long)attr->map_extra,
			    attr->numa_node, (unsigned char)attr->map_name[0],
			    ours, refusal.word, fd < 0 ? fd : 0);
	if (fd >= 0)
		close(fd);
	if (map)
		map_put(map);
	return fd < 0 ? fd : 0;
}

static void create_test(struct map_attr (*pick_attr)(struct rng *rng),
			uint64_t seed, uint64_t ops)
{
	struct rng rng = { seed };
	uint64_t left_out = 0;
	uint64_t made = 0;
	bool same = true;
	uint64_t i;

	for (i = 0; i < ops && same; i++) {
		struct map_attr attr = pick_attr(&rng);
		int err = create_both(&attr, &same);

		made += !err;
		left_out += err == -ENOMEM;
	}
	tap_ok(same,
	       "%llu creations, %llu of them successful, %llu not compared "
	       "because the kernel had no memory for what it allocates at once",
	       (unsigned long long)i, (unsigned long long)made,
	       (unsigned long long)left_out);
}

bool kernel_run_map(struct rng *rng, const struct maps_test *test,
		    uint32_t steps)
{
	struct map_attr attr = maps_attr(rng, test->map_type);
	enum core_way way = CORE_PLAIN;
	struct core_subject core;
	struct bpf_subject bpf;
	bool same;
	int err;

	/* The kernel maps no memory for writing that programs only read. */
	if (test->way)
		attr.map_flags = BPF_F_MMAPABLE;
	if (map_type_ops(attr.map_type)->flags & MAP_FIXED_KEYS &&
	    rng_one_in(rng, 2))
		way = CORE_MAPPED;
	if (!core_subject_init(&core, &attr, way))
		return false;
	err = bpf_subject_init(&bpf, &attr, test->way);
	if (err) {
		tap_comment("bpf(2): %d", err);
		core_subject_release(&core);
		return false;
	}
	same = steps_run(rng, &core.subject, &bpf.subject, &attr, steps);
	bpf_subject_release(&bpf);
	core_subject_release(&core);
	return same;
}

/*
 * Why this kernel cannot be compared with, or NULL.  Its answers are those
 * that we follow if a second freeze is EPERM: older kernels say EBUSY, and
 * differ elsewhere too.
 */
const char *kernel_unfit(void)
{
	struct map_attr attr = {
		.map_type = BPF_MAP_TYPE_ARRAY,
		.key_size = 4,
		.value_size = 8,
		.max_entries = 1,
		.map_flags = BPF_F_MMAPABLE,
	};
	struct bpf_subject bpf;
	int err = bpf_subject_init(&bpf, &attr, false);

	if (err == -ENOSYS)
		return "this kernel has no bpf(2)";
	if (err == -EPERM || err == -EACCES)
		return "bpf(2) is not permitted";
	if (err)
		return "bpf(2) makes no mmapable array";
	err = bpf.subject.ops->freeze(&bpf.subject);
	if (!err)
		err = bpf.subject.ops->freeze(&bpf.subject);
	bpf_subject_release(&bpf);
	return err == -EPERM ? NULL :
			       "an older kernel: a second freeze is "
			       "not EPERM";
}

/* Later kernels have update flags that name a CPU; ours has files for that. */
static bool has_cpu_flags(void)
{
	struct map_attr attr = {
		.map_type = BPF_MAP_TYPE_PERCPU_ARRAY,
		.key_size = 4,
		.value_size = 8,
		.max_entries = 1,
	};
	static uint64_t value[MAP_CPUS_MAX];
	struct bpf_subject bpf;
	uint32_t key = 0;
	int err;

	if (bpf_subject_init(&bpf, &attr, false))
		return false;
	err = bpf.subject.ops->update(&bpf.subject, &key, value, 16);
	bpf_subject_release(&bpf);
	return err != -EINVAL;
}

int kernel_main(struct map_attr (*pick_attr)(struct rng *rng),
		const struct maps_test *tests, size_t count)
{
	const char *reason = kernel_unfit();
	bool cpu_flags;
	uint64_t seed;
	uint64_t ops;
	size_t i;

	if (reason)
		return tap_skip_all(reason);
	seed = env_seed();
	ops = env_u64("OPS", 250000);
	cpu_flags = has_cpu_flags();
	create_test(pick_attr, seed, ops / 4);
	for (i = 0; i < count; i++) {
		uint32_t type = tests[i].map_type;

		if (cpu_flags && map_type_ops(type)->flags & MAP_PERCPU)
			tap_ok(true, "%s # SKIP this kernel has BPF_F_CPU",
			       map_type_name(type));
		else
			maps_test_run(&tests[i], seed, ops);
	}
	map_free_wait();
	return tap_done();
}
