/* SPDX-License-Identifier: BSD-2-Clause */
/* A program that is never run, for its maps: libbpf.c loads it. */
#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>

struct value {
	__u64 packets;
	__u32 last;
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 16);
	__type(key, __u32);
	__type(value, struct value);
} counters SEC(".maps");

struct locked {
	__u32 before;
	struct bpf_spin_lock lock;
	__u64 after[4];
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 2);
	__type(key, __u32);
	__type(value, struct locked);
} locked_array SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 2);
	__type(key, __u32);
	__type(value, struct locked);
} locked_hash SEC(".maps");

struct inner {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 2);
	__type(key, __u32);
	__type(value, struct value);
} first SEC(".maps"), second SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS);
	__uint(max_entries, 4);
	__type(key, __u32);
	__array(values, struct inner);
} array_outer SEC(".maps") = {
	.values = { [1] = &first, [3] = &second },
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH_OF_MAPS);
	__uint(max_entries, 4);
	__type(key, __u32);
	__array(
		values, struct {
			__uint(type, BPF_MAP_TYPE_HASH);
			__uint(max_entries, 8);
			__type(key, __u64);
			__type(value, __u32);
		});
} hash_outer SEC(".maps");

int in_data = 7;
int in_bss;
const volatile int in_rodata = 9;

SEC("socket")
int count(struct __sk_buff *skb)
{
	__u32 key = in_rodata;
	struct value *value = bpf_map_lookup_elem(&counters, &key);

	if (value)
		value->packets += (__u64)in_data;
	in_bss++;
	return (int)skb->len;
}

char _license[] SEC("license") = "Dual BSD/GPL";
