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
