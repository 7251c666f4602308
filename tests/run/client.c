/* SPDX-License-Identifier: BSD-2-Clause */
#include "client.h"

#include <dirent.h>
#include <errno.h>
#include <linux/btf.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

int failures;

int bpf(int command, void *attr, unsigned int size)
{
	long res = syscall(SYS_bpf, command, attr, size);

	return res < 0 ? -errno : (int)res;
}

int bpf_whole(int command, union bpf_attr *attr)
{
	return bpf(command, attr, sizeof(*attr));
}

int new_map(uint32_t type, uint32_t key, uint32_t value, uint32_t entries,
	    uint32_t flags)
{
	union bpf_attr attr;

	memset(&attr, 0, sizeof(attr));
	attr.map_type = type;
	attr.key_size = key;
	attr.value_size = value;
	attr.max_entries = entries;
	attr.map_flags = flags;
	strcpy(attr.map_name, "client");
	return bpf_whole(BPF_MAP_CREATE, &attr);
}

int element(int command, int fd, const void *key, const void *value,
	    uint64_t flags)
{
	union bpf_attr attr;

	memset(&attr, 0, sizeof(attr));
	attr.map_fd = (uint32_t)fd;
	attr.key = ptr(key);
	attr.value = ptr(value);
	attr.flags = flags;
	return bpf_whole(command, &attr);
}

int holds(int fd, uint32_t key, uint32_t value)
{
	uint32_t found = ~value;

	return !element(BPF_MAP_LOOKUP_ELEM, fd, &key, &found, 0) &&
	       found == value;
}

uint32_t id_of(int fd)
{
	struct bpf_map_info info;
	union bpf_attr attr;

	memset(&info, 0, sizeof(info));
	memset(&attr, 0, sizeof(attr));
	attr.info.bpf_fd = (uint32_t)fd;
	attr.info.info_len = sizeof(info);
	attr.info.info = ptr(&info);
	return bpf_whole(BPF_OBJ_GET_INFO_BY_FD, &attr) ? 0 : info.id;
}

int new_btf(void)
{
	struct {
		struct btf_header header;
		struct btf_type type;
		uint32_t encoding;
		char strings[8];
	} data = {
		.header = { .magic = BTF_MAGIC,
			    .version = BTF_VERSION,
			    .hdr_len = sizeof(data.header),
			    .type_len = sizeof(data.type) + 4,
			    .str_off = sizeof(data.type) + 4,
			    .str_len = sizeof(data.strings) },
		.type = { .name_off = 1,
			  .info = BTF_KIND_INT << 24,
			  .size = 4 },
		.encoding = 32,
		.strings = "\0int",
	};
	union bpf_attr attr;

	memset(&attr, 0, sizeof(attr));
	attr.btf = ptr(&data);
	attr.btf_size = sizeof(data);
	return bpf_whole(BPF_BTF_LOAD, &attr);
}

void is(const char *name, long got, long want)
{
	printf("%sok - %s\n", got == want ? "" : "not ", name);
	if (got != want) {
		printf("# got %ld, want %ld\n", got, want);
		failures++;
	}
	fflush(stdout);
}

uint64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

int parent_files(void)
{
	char path[32], link[64];
	struct dirent *entry;
	int count = 0;
	ssize_t len;
	DIR *dir;

	snprintf(path, sizeof(path), "/proc/%d/fd", (int)getppid());
	dir = opendir(path);
	if (!dir)
		return 0;
	while ((entry = readdir(dir))) {
		len = readlinkat(dirfd(dir), entry->d_name, link,
				 sizeof(link) - 1);
		count += len > 7 && !strncmp(link, "/memfd:", 7);
	}
	closedir(dir);
	return count;
}

bool parent_has(int files)
{
	uint64_t end = now_ms() + 5000;

	while (parent_files() > files && now_ms() < end)
		usleep(1000);
	return parent_files() <= files;
}
