/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Arrays and per-CPU arrays of our core beside those of the running kernel:
 * random attributes, then random operations, must come out alike.  SEED=N
 * replays a run, OPS=N sets the operations of each of its tests.
 */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "bpf-subject.h"
#include "core/topology.h"
#include "model/steps.h"
#include "model/tap.h"

#define ARRAY	     BPF_MAP_TYPE_ARRAY
#define PERCPU_ARRAY BPF_MAP_TYPE_PERCPU_ARRAY

/* Bytes that the kernel may have to allocate for a map of a test. */
#define KERNEL_BYTES (1ull << 20)

/* Its descriptor comes with the flag, and is looked at between the rest. */
#define F_TOKEN_FD 0x10000u

static uint64_t kernel_bytes(const struct map_attr *attr)
{
	uint64_t elem = (attr->value_size + 7ull) & ~7ull;

	return elem * attr->max_entries * topology_cpus();
}

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

/* Each attribute is right more often than not, so that many are refused for
 * one reason alone and some for several. */
static struct map_attr pick_attr(struct rng *rng)
{
	static const uint32_t types[] = {
		ARRAY,	      ARRAY,	    ARRAY,	  ARRAY, PERCPU_ARRAY,
		PERCPU_ARRAY, PERCPU_ARRAY, PERCPU_ARRAY, 0,	 100,
		1u << 31,     UINT32_MAX,
	};
	static const uint32_t keys[] = { 0, 1, 3, 5, 8, 1u << 31, UINT32_MAX };
	static const uint32_t values[] = {
		0,	    1,		7,	    8,		9,
		4096,	    32760,	32761,	    32767,	32768,
		32769,	    32776,	65536,	    0x7ffffff8, 0x7fffffff,
		0x80000000, 0x80000001, 0xfffffff8, UINT32_MAX,
	};
	static const uint32_t entries[] = { 0, 1, 2, 3, 1000, UINT32_MAX };
	static const uint64_t extras[] = { 1, 15, 16, 1ull << 32, UINT64_MAX };
	static const int32_t nodes[] = {
		-1, -1, 0, 0, 1, 5, 1000, -2, INT32_MIN, INT32_MAX,
	};
	static const uint32_t flags[] = {
		BPF_F_NUMA_NODE,   BPF_F_RDONLY,      BPF_F_WRONLY,
		BPF_F_RDONLY_PROG, BPF_F_WRONLY_PROG, BPF_F_MMAPABLE,
		BPF_F_INNER_MAP,
	};
	struct map_attr attr = {
		.map_type = rng_pick(rng, types),
		.key_size = 4,
		.value_size = 1 + rng_below(rng, 40),
		.max_entries = 1 + rng_below(rng, 20),
	};

	if (rng_one_in(rng, 10))
		attr.key_size = rng_pick(rng, keys);
	if (rng_one_in(rng, 2))
		attr.value_size = rng_pick(rng, values);
	if (rng_one_in(rng, 6))
		attr.max_entries = rng_pick(rng, entries);
	if (rng_one_in(rng, 15))
		attr.map_extra = rng_pick(rng, extras);
	if (rng_one_in(rng, 3))
		attr.numa_node = rng_pick(rng, nodes);
	while (rng_one_in(rng, 2))
		attr.map_flags |= rng_pick(rng, flags);
	if (rng_one_in(rng, 6))
		attr.map_flags |= 1u << rng_below(rng, 32);
	attr.map_flags &= ~F_TOKEN_FD;
	pick_name(rng, attr.map_name);
	/* A size that both refuse costs nothing; others are kept small. */
	if (kernel_bytes(&attr) > KERNEL_BYTES &&
	    attr.value_size <= ARRAY_VALUE_MAX)
		attr.max_entries = 1;
	if (kernel_bytes(&attr) > KERNEL_BYTES &&
	    attr.value_size <= ARRAY_VALUE_MAX && attr.map_type == ARRAY)
		attr.value_size = PERCPU_VALUE_MAX;
	return attr;
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

static bool create_both(const struct map_attr *attr, bool *created)
{
	struct charge charge = { 0 };
	struct map_refusal refusal = { "", "" };
	struct map *map = NULL;
	bool same;
	int ours;
	int fd;

	ours = map_create(attr, &charge, &refusal, &map);
	fd = bpf_map_create(attr);
	same = fd < 0 ? ours == fd : !ours && same_info(fd, map);
	if (!same)
		tap_comment("type %u key %u value %u entries %u flags %#x "
			    "extra %#llx numa %d name[0] %#x: core %d (%s), "
			    "bpf(2) %d",
			    attr->map_type, attr->key_size, attr->value_size,
			    attr->max_entries, attr->map_flags,
			    (unsigned long long)attr->map_extra,
			    attr->numa_node, (unsigned char)attr->map_name[0],
			    ours, refusal.word, fd < 0 ? fd : 0);
	*created = fd >= 0;
	if (fd >= 0)
		close(fd);
	if (map)
		map_put(map);
	return same;
}

static void create_test(uint64_t seed, uint64_t ops)
{
	struct rng rng = { seed };
	uint64_t made = 0;
	bool same = true;
	bool created;
	uint64_t i;

	for (i = 0; i < ops && same; i++) {
		struct map_attr attr = pick_attr(&rng);

		same = create_both(&attr, &created);
		made += created;
	}
	tap_ok(same, "%llu creations, %llu of them successful",
	       (unsigned long long)i, (unsigned long long)made);
}

static bool run_map(struct rng *rng, uint32_t map_type, bool mapped,
		    uint32_t steps)
{
	struct map_attr attr = steps_attr(rng, map_type);
	struct core_subject core;
	struct bpf_subject bpf;
	bool same;
	int err;

	/* The kernel maps no memory for writing that programs only read. */
	if (mapped)
		attr.map_flags = BPF_F_MMAPABLE;
	err = core_subject_init(&core, &attr, rng_one_in(rng, 2));
	if (err) {
		tap_comment("core: %d", err);
		return false;
	}
	err = bpf_subject_init(&bpf, &attr, mapped);
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

static void steps_test(uint64_t seed, uint64_t ops, uint32_t map_type,
		       bool mapped)
{
	struct rng rng = { seed };
	uint32_t maps = 0;
	bool same = true;
	uint64_t done;
	uint32_t n;

	for (done = 0; done < ops && same; done += n, maps++) {
		n = 1 + rng_below(&rng, 1000);
		if (n > ops - done)
			n = (uint32_t)(ops - done);
		same = run_map(&rng, map_type, mapped, n);
	}
	tap_ok(same, "%s%s: %llu operations on %u maps",
	       map_type_name(map_type), mapped ? ", its memory mapped" : "",
	       (unsigned long long)done, maps);
}

/*
 * Why this kernel cannot be compared with, or NULL.  Its answers are those
 * that we follow if a second freeze is EPERM: older kernels say EBUSY, and
 * differ elsewhere too.
 */
static const char *unfit(void)
{
	struct map_attr attr = {
		.map_type = ARRAY,
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
		.map_type = PERCPU_ARRAY,
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

int main(void)
{
	const char *reason = unfit();
	uint64_t seed;
	uint64_t ops;

	if (reason)
		return tap_skip_all(reason);
	seed = env_seed();
	ops = env_u64("OPS", 250000);
	create_test(seed, ops / 4);
	steps_test(seed, ops, ARRAY, false);
	steps_test(seed, ops, ARRAY, true);
	if (has_cpu_flags())
		tap_ok(true, "percpu_array # SKIP this kernel has BPF_F_CPU");
	else
		steps_test(seed, ops, PERCPU_ARRAY, false);
	map_free_wait();
	return tap_done();
}
