/* SPDX-License-Identifier: BSD-2-Clause */
/* Descriptors, memory, ids, info, and pins. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "client.h"

#define ARRAY BPF_MAP_TYPE_ARRAY
#define HASH  BPF_MAP_TYPE_HASH
#define RING  BPF_MAP_TYPE_RINGBUF

static int map_errno(int fd, size_t length, int prot, int flags, off_t off)
{
	void *at = mmap(NULL, length, prot, flags, fd, off);

	if (at == MAP_FAILED)
		return -errno;
	munmap(at, length);
	return 0;
}

/* Of a call that sets errno. */
static int result(int res)
{
	return res < 0 ? -errno : res;
}

#define RW (PROT_READ | PROT_WRITE)

static void check_ring_mapping(void)
{
	int fd = new_map(RING, 0, 0, 8192, 0);
	int user = new_map(BPF_MAP_TYPE_USER_RINGBUF, 0, 0, 8192, 0);
	int poller = epoll_create1(0);
	struct epoll_event event = { .events = EPOLLIN };

	is("ringbuf: consumer", map_errno(fd, 4096, RW, MAP_SHARED, 0), 0);
	is("ringbuf: consumer and producer for writing",
	   map_errno(fd, 8192, RW, MAP_SHARED, 0), -EPERM);
	is("ringbuf: producer for writing",
	   map_errno(fd, 4096, RW, MAP_SHARED, 4096), -EPERM);
	is("ringbuf: producer and data",
	   map_errno(fd, 5 * 4096, PROT_READ, MAP_SHARED, 4096), 0);
	is("ringbuf: beyond",
	   map_errno(fd, 6 * 4096, PROT_READ, MAP_SHARED, 4096), -EINVAL);
	is("user_ringbuf: consumer for writing",
	   map_errno(user, 4096, RW, MAP_SHARED, 0), -EPERM);
	is("user_ringbuf: the rest",
	   map_errno(user, 20480, RW, MAP_SHARED, 4096), 0);
	is("ringbuf: epoll_ctl", epoll_ctl(poller, EPOLL_CTL_ADD, fd, &event),
	   0);
	is("ringbuf: nothing yet", epoll_wait(poller, &event, 1, 10), 0);
	close(poller);
	close(user);
	close(fd);
}

void check_mapping(void)
{
	int array = new_map(ARRAY, 4, 4, 600, BPF_F_MMAPABLE);
	int plain = new_map(ARRAY, 4, 4, 600, 0);
	int hash = new_map(HASH, 4, 4, 600, 0);
	int rdonly = new_map(ARRAY, 4, 4, 6, BPF_F_MMAPABLE | BPF_F_RDONLY);
	int wronly = new_map(ARRAY, 4, 4, 6, BPF_F_MMAPABLE | BPF_F_WRONLY);
	int constant =
		new_map(ARRAY, 4, 4, 6, BPF_F_MMAPABLE | BPF_F_RDONLY_PROG);
	uint32_t key = 3, value = 5;
	union bpf_attr attr;
	uint64_t *at;

	is("array: mmap", map_errno(array, 8192, RW, MAP_SHARED, 0), 0);
	is("array: a page", map_errno(array, 1, RW, MAP_SHARED, 4096), 0);
	is("array: beyond", map_errno(array, 8192, RW, MAP_SHARED, 4096),
	   -EINVAL);
	is("array: code", map_errno(array, 8192, PROT_EXEC, MAP_SHARED, 0),
	   -EPERM);
	is("array: no bytes", map_errno(array, 0, RW, MAP_SHARED, 0), -EINVAL);
	is("array: code, by a flag that says so",
	   map_errno(array, 8192, PROT_EXEC, MAP_SHARED_VALIDATE, 0), -EPERM);
	is("array: beyond, by that flag",
	   map_errno(array, 8192, RW, MAP_SHARED_VALIDATE, 4096), -EINVAL);
	is("array: by that flag",
	   map_errno(array, 8192, RW, MAP_SHARED_VALIDATE, 0), 0);
	is("array not mmapable", map_errno(plain, 4096, RW, MAP_SHARED, 0),
	   -EINVAL);
	is("hash: mmap", map_errno(hash, 4096, RW, MAP_SHARED, 0),
	   -KERNEL_ENOTSUPP);
	is("hash: an odd offset",
	   result((int)syscall(SYS_mmap, NULL, 4096, RW, MAP_SHARED, hash, 1)),
	   -EINVAL);
	is("hash: more than there is",
	   map_errno(hash, SIZE_MAX, RW, MAP_SHARED, 0), -ENOMEM);
	is("rdonly: for reading",
	   map_errno(rdonly, 4096, PROT_READ, MAP_SHARED, 0), -EINVAL);
	is("rdonly: for writing", map_errno(rdonly, 4096, RW, MAP_SHARED, 0),
	   -EACCES);
	is("wronly", map_errno(wronly, 4096, PROT_READ, MAP_SHARED, 0),
	   -EACCES);

	at = mmap(NULL, 8192, RW, MAP_SHARED, array, 0);
	element(BPF_MAP_UPDATE_ELEM, array, &key, &value, 0);
	is("a stored value is in memory", (long)at[3], 5);
	__atomic_store_n(&at[7], 77, __ATOMIC_RELAXED);
	is("and the other way round", holds(array, 7, 77), 1);
	memset(&attr, 0, sizeof(attr));
	attr.map_fd = (uint32_t)array;
	is("freeze: mapped for writing", bpf_whole(BPF_MAP_FREEZE, &attr),
	   -EBUSY);
	munmap(at, 8192);
	is("freeze: not any more", bpf_whole(BPF_MAP_FREEZE, &attr), 0);
	is("frozen: for writing", map_errno(array, 4096, RW, MAP_SHARED, 0),
	   -EPERM);
	is("frozen: for reading",
	   map_errno(array, 4096, PROT_READ, MAP_SHARED, 0), 0);
	check_ring_mapping();
	is("for programs to read: for writing",
	   map_errno(constant, 4096, RW, MAP_SHARED, 0), -EACCES);
	is("for programs to read: for reading",
	   map_errno(constant, 4096, PROT_READ, MAP_SHARED, 0), 0);
	close(constant);
	close(wronly);
	close(rdonly);
	close(hash);
	close(plain);
	close(array);
}

static int next_id(uint32_t after, uint32_t *id)
{
	union bpf_attr attr;
	int err;

	memset(&attr, 0, sizeof(attr));
	attr.start_id = after;
	err = bpf(BPF_MAP_GET_NEXT_ID, &attr, 12);
	*id = attr.next_id;
	return err;
}

static int by_id(uint32_t id)
{
	union bpf_attr attr;

	memset(&attr, 0, sizeof(attr));
	attr.map_id = id;
	return bpf(BPF_MAP_GET_FD_BY_ID, &attr, 12);
}

void check_ids(void)
{
	int one = new_map(ARRAY, 4, 4, 1, 0);
	int other = new_map(ARRAY, 4, 4, 1, 0);
	uint32_t id = id_of(one), last = id_of(other), next;
	int again = by_id(id);

	is("ids go up", last > id, 1);
	is("next id", next_id(last - 1, &next), 0);
	is("which", next, last);
	is("next id, none", next_id(INT32_MAX - 1, &next), -ENOENT);
	is("next id, too large", next_id(INT32_MAX, &next), -EINVAL);
	is("by id", id_of(again), id);
	is("by id: close-on-exec", fcntl(again, F_GETFD), FD_CLOEXEC);
	is("by id 0", by_id(0), -ENOENT);
	close(one);
	again = dup2(again, one);
	is("one of two descriptors is closed", id_of(one), id);
	close(other);
	is("closed: by id", by_id(last), -ENOENT);
	close(one);
	close(again);
}

static int info(int fd, void *to, uint32_t *len)
{
	union bpf_attr attr;
	int err;

	memset(&attr, 0, sizeof(attr));
	attr.info.bpf_fd = (uint32_t)fd;
	attr.info.info_len = *len;
	attr.info.info = ptr(to);
	err = bpf(BPF_OBJ_GET_INFO_BY_FD, &attr, 16);
	*len = attr.info.info_len;
	return err;
}

/* A map's hash: that of an array which nobody has frozen cannot be had. */
static void check_hash(uint32_t type)
{
	int fd = new_map(type, 4, 4, 4, 0);
	unsigned char hash[32];
	struct {
		struct bpf_map_info map;
		uint64_t more[8];
	} it = { 0 };
	uint64_t *at = (uint64_t *)((char *)&it + 88);
	uint32_t len = 104;

	at[0] = ptr(hash);
	is("hash of 0 bytes", info(fd, &it, &len), -EINVAL);
	at[1] = 31;
	is("hash of 31 bytes", info(fd, &it, &len), -EINVAL);
	at[1] = 32;
	is("hash, not frozen", info(fd, &it, &len),
	   type == ARRAY ? -EPERM : -EINVAL);
	at[0] = 0;
	is("hash nowhere", info(fd, &it, &len), -EINVAL);
	close(fd);
}

void check_info(void)
{
	int fd = new_map(HASH, 4, 6, 5, BPF_F_NO_PREALLOC | BPF_F_RDONLY);
	union {
		struct bpf_map_info map;
		unsigned char bytes[8192];
	} it;
	uint32_t len = 80;

	memset(&it, 0, sizeof(it));
	is("info: a part", info(fd, &it, &len), 0);
	is("info: as many bytes", len, 80);
	is("info: type", it.map.type, HASH);
	is("info: key", it.map.key_size, 4);
	is("info: value", it.map.value_size, 6);
	is("info: entries", it.map.max_entries, 5);
	is("info: the mode is no flag of the map", it.map.map_flags,
	   BPF_F_NO_PREALLOC);
	is("info: name", strcmp(it.map.name, "client"), 0);
	memset(&it, 0, sizeof(it));
	len = 4096;
	is("info: a page", info(fd, &it, &len), 0);
	is("info: of which told", len, 104);
	memset(&it, 0, sizeof(it));
	it.bytes[200] = 1;
	len = 4096;
	is("info: not zero behind", info(fd, &it, &len), -E2BIG);
	len = 4097;
	is("info: more than a page", info(fd, &it, &len), -E2BIG);
	len = 80;
	is("info: nowhere", info(fd, NULL, &len), -EFAULT);
	check_hash(ARRAY);
	check_hash(BPF_MAP_TYPE_PERCPU_ARRAY);
	check_hash(HASH);
	is("info: no such descriptor", info(12345, &it, &len), -EBADFD);
	close(fd);
}

static int pass_on(int fd)
{
	union {
		struct cmsghdr align;
		char bytes[CMSG_SPACE(sizeof(int))];
	} control = { 0 };
	char byte = 0;
	struct iovec iov = { &byte, 1 };
	struct msghdr msg = { .msg_iov = &iov,
			      .msg_iovlen = 1,
			      .msg_control = &control,
			      .msg_controllen = sizeof(control) };
	struct cmsghdr *cmsg = CMSG_FIRSTHDR(&msg);
	int pair[2], got = -1;

	if (socketpair(AF_UNIX, SOCK_STREAM, 0, pair) < 0)
		return -1;
	cmsg->cmsg_level = SOL_SOCKET;
	cmsg->cmsg_type = SCM_RIGHTS;
	cmsg->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(cmsg), &fd, sizeof(fd));
	sendmsg(pair[0], &msg, 0);
	close(fd);
	if (recvmsg(pair[1], &msg, 0) == 1)
		memcpy(&got, CMSG_DATA(CMSG_FIRSTHDR(&msg)), sizeof(got));
	close(pair[0]);
	close(pair[1]);
	return got;
}

/* In a child: its own descriptors, and the parent's map. */
static int child_stores(int fd)
{
	uint32_t key = 1, value = 42;
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		int own = dup(fd);

		close(fd);
		_exit(element(BPF_MAP_UPDATE_ELEM, own, &key, &value, 0) ||
		      element(BPF_MAP_UPDATE_ELEM, fd, &key, &value, 0) !=
			      -EBADF);
	}
	return waitpid(pid, &status, 0) == pid ? status : -1;
}

void check_sharing(void)
{
	int fd = new_map(ARRAY, 4, 4, 4, BPF_F_MMAPABLE);
	uint32_t id = id_of(fd);
	uint32_t *at;

	is("fork", child_stores(fd), 0);
	is("what the child stored", holds(fd, 1, 42), 1);
	fd = pass_on(fd);
	is("passed on", id_of(fd), id);
	is("its content", holds(fd, 1, 42), 1);
	at = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	close(fd);
	is("mapped only", (long)at[2], 42);
	fd = by_id(id);
	is("it lives by the mapping", holds(fd, 1, 42), 1);
	close(fd);
	munmap(at, 4096);
	is("and then not any more", by_id(id), -ENOENT);
}

/*
 * The number behind a word of a file, -1 if it is not there; 'how' is the mode
 * of fopen(3).
 */
static long word_opened(const char *path, const char *how, const char *word)
{
	char line[256];
	long number = -1;
	FILE *file = fopen(path, how);

	if (!file)
		return -1;
	while (fgets(line, sizeof(line), file))
		if (strncmp(line, word, strlen(word)) == 0)
			number = strtol(line + strlen(word), NULL, 0);
	fclose(file);
	return number;
}

static long word_of(const char *path, const char *word)
{
	return word_opened(path, "r", word);
}

void check_probes(void)
{
	int fd = new_map(BPF_MAP_TYPE_PERCPU_ARRAY, 4, 6, 5, 0);
	char path[64], link[128] = "";
	union bpf_attr attr;

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	is("link", result((int)readlink(path, link, sizeof(link) - 1)), 18);
	is("link: text", strcmp(link, "anon_inode:bpf-map"), 0);
	is("link: a part of it", result((int)readlink(path, link, 4)), 4);
	is("link: no room", result((int)readlink(path, link, 0)), -EINVAL);
	snprintf(path, sizeof(path), "/proc/%d/fd/%d", getpid(), fd);
	is("link: by number",
	   result((int)readlinkat(AT_FDCWD, path, link, sizeof(link))), 18);
	is("link: another's",
	   result((int)readlink("/proc/self/cwd", link, sizeof(link))) > 0, 1);
	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", fd);
	is("fdinfo: flags", word_of(path, "flags:"), 02000002);
	is("fdinfo: type", word_of(path, "map_type:"),
	   BPF_MAP_TYPE_PERCPU_ARRAY);
	is("fdinfo: value", word_of(path, "value_size:"), 6);
	is("fdinfo: id", word_of(path, "map_id:"), id_of(fd));
	is("fdinfo: frozen", word_of(path, "frozen:"), 0);
	fcntl(fd, F_SETFD, 0);
	is("fdinfo: not closed on exec", word_of(path, "flags:"), 02);
	is("fdinfo: closed on exec", word_opened(path, "re", "map_type:"),
	   BPF_MAP_TYPE_PERCPU_ARRAY);
	memset(&attr, 0, sizeof(attr));
	attr.map_fd = (uint32_t)fd;
	bpf_whole(BPF_MAP_FREEZE, &attr);
	is("fdinfo: frozen later", word_of(path, "frozen:"), 1);
	is("fdinfo: memlock", word_of(path, "memlock:") > 0, 1);
	close(fd);
}

static int pin(const char *dir, const char *name, int fd, uint32_t flags)
{
	char path[512];
	union bpf_attr attr;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	memset(&attr, 0, sizeof(attr));
	attr.pathname = ptr(path);
	attr.bpf_fd = (uint32_t)fd;
	attr.file_flags = flags;
	return bpf(BPF_OBJ_PIN, &attr, 16);
}

static int get(const char *dir, const char *name, uint32_t flags)
{
	char path[512];
	union bpf_attr attr;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	memset(&attr, 0, sizeof(attr));
	attr.pathname = ptr(path);
	attr.file_flags = flags;
	return bpf(BPF_OBJ_GET, &attr, 16);
}

/* BTF has no pins. */
static int pin_btf(const char *dir)
{
	int btf = new_btf();
	int err = pin(dir, "btf", btf, 0);

	close(btf);
	return err;
}

static void check_program_info(int prog)
{
	struct bpf_prog_info it;
	uint32_t len = sizeof(it);

	memset(&it, 0, sizeof(it));
	is("program: info", info(prog, &it, &len), 0);
	is("program: type", it.type, BPF_PROG_TYPE_SOCKET_FILTER);
	is("program: id", it.id > 0, 1);
	is("program: name", strcmp(it.name, "client"), 0);
}

static void check_program(const char *dir)
{
	struct bpf_insn insns[] = { { .code = BPF_ALU64 | BPF_MOV | BPF_K },
				    { .code = BPF_JMP | BPF_EXIT } };
	union bpf_attr attr;
	char path[512];
	int prog, again;

	memset(&attr, 0, sizeof(attr));
	attr.prog_type = BPF_PROG_TYPE_SOCKET_FILTER;
	attr.insns = ptr(insns);
	attr.insn_cnt = 2;
	attr.license = ptr("GPL");
	strcpy(attr.prog_name, "client");
	prog = bpf_whole(BPF_PROG_LOAD, &attr);
	check_program_info(prog);
	is("program: pin", pin(dir, "prog", prog, 0), 0);
	close(prog);
	again = get(dir, "prog", 0);
	is("program: get", again < 0 ? again : 0, 0);
	snprintf(path, sizeof(path), "%s/prog", dir);
	is("program: unlink", unlink(path), 0);
	close(again);
}

/* As openat(2) does, by BPF_F_PATH_FD. */
static int pin_beside(int at, const char *name, int fd)
{
	union {
		union bpf_attr attr;
		uint32_t word[8];
	} it;

	memset(&it, 0, sizeof(it));
	it.attr.pathname = ptr(name);
	it.attr.bpf_fd = (uint32_t)fd;
	it.attr.file_flags = 1u << 14;
	it.word[4] = (uint32_t)at;
	return bpf(BPF_OBJ_PIN, &it, 20);
}

/* What calls that look at names say of a pin and of its directory. */
static void check_looks(const char *dir)
{
	char path[512], none[512];
	struct dirent *entry;
	struct statx stx;
	struct stat st;
	int listed = 0;
	DIR *list;

	snprintf(path, sizeof(path), "%s/one", dir);
	snprintf(none, sizeof(none), "%s/none", dir);
	is("stat: mode", stat(path, &st) ? 0 : st.st_mode, S_IFREG | 0600);
	is("stat: size", st.st_size, 0);
	is("lstat: mode", lstat(path, &st) ? 0 : st.st_mode, S_IFREG | 0600);
	is("lstat: none", result(lstat(none, &st)), -ENOENT);
	is("statx", statx(AT_FDCWD, path, 0, STATX_BASIC_STATS, &stx), 0);
	is("statx: mode", stx.stx_mode, S_IFREG | 0600);
	is("access", access(path, R_OK | W_OK), 0);
	is("access: none", result(access(none, F_OK)), -ENOENT);
	is("faccessat", faccessat(AT_FDCWD, path, F_OK, AT_EACCESS), 0);
	is("open: none", result(open(none, O_RDONLY)), -ENOENT);
	list = opendir(dir);
	is("opendir", list != NULL, 1);
	while (list && (entry = readdir(list)))
		listed += !strcmp(entry->d_name, "one");
	is("it is listed", listed, 1);
	is("by its directory", list && fstatat(dirfd(list), "one", &st, 0), 0);
	if (list)
		closedir(list);
}

/* As the kernel says of a pin; by its own path it is an empty file. */
static void check_open(const char *dir)
{
	char path[512];

	snprintf(path, sizeof(path), "%s/one", dir);
	is("open", result(open(path, O_RDONLY)), -EIO);
}

/* A descriptor of the pin's file is no BTF, as often as that is said. */
static void check_no_btf(const char *dir)
{
	union bpf_attr attr;
	char path[512];
	int i, fd;

	snprintf(path, sizeof(path), "%s/one", dir);
	/* On a bpffs it cannot be opened, and is another descriptor's then. */
	fd = open(path, O_RDONLY);
	for (i = 0; i < 3; i++) {
		memset(&attr, 0, sizeof(attr));
		attr.map_type = BPF_MAP_TYPE_ARRAY;
		attr.key_size = attr.value_size = attr.max_entries = 4;
		attr.btf_fd = (uint32_t)(fd < 0 ? 0 : fd);
		attr.btf_key_type_id = attr.btf_value_type_id = 1;
		is("a pin for BTF", bpf_whole(BPF_MAP_CREATE, &attr), -EINVAL);
	}
	if (fd >= 0)
		close(fd);
}

/* From their directory. */
static void check_names(const char *dir)
{
	char here[512];
	uint32_t key = 1, value = 5;
	int fd;

	if (getcwd(here, sizeof(here)) && !chdir(dir)) {
		fd = get(".", "one", 0);
		is("get: from here",
		   element(BPF_MAP_UPDATE_ELEM, fd, &key, &value, 0), 0);
		is("pin: from here", pin(".", "three", fd, 0), 0);
		close(fd);
		is("unlink from here", unlink("three"), 0);
		is("back", chdir(here), 0);
	}
}

/* As the C library and others do it; pins "one" and "two" are left. */
static void check_renames(const char *dir)
{
	char one[512], two[512], three[512];

	snprintf(one, sizeof(one), "%s/one", dir);
	snprintf(two, sizeof(two), "%s/two", dir);
	snprintf(three, sizeof(three), "%s/three", dir);
	is("rename", result(rename(one, three)), 0);
	is("rename: not there", result(rename(one, three)), -ENOENT);
	is("rename: not over another",
	   result(renameat2(AT_FDCWD, three, AT_FDCWD, two, RENAME_NOREPLACE)),
	   -EEXIST);
	is("rename: out of it", result(rename(three, "/proc/three")), -EXDEV);
	is("rename: into it", result(rename("/proc/version", one)), -EXDEV);
	is("rename: back", result(renameat(AT_FDCWD, three, AT_FDCWD, one)), 0);
}

/* What is made for a program has its umask, whoever makes it. */
static void check_umask(const char *dir)
{
	int fd = new_map(ARRAY, 4, 4, 4, 0);
	char path[512];
	struct stat st;
	mode_t before = umask(0227);

	snprintf(path, sizeof(path), "%s/dim", dir);
	is("umask: pin", pin(dir, "dim", fd, 0), 0);
	is("umask: mode", stat(path, &st) ? 0 : st.st_mode, S_IFREG | 0400);
	is("umask: unlink", unlink(path), 0);
	umask(0);
	is("umask: mkdir", mkdir(path, 01777), 0);
	is("umask: mode of a directory", stat(path, &st) ? 0 : st.st_mode,
	   S_IFDIR | 01777);
	is("umask: rmdir", rmdir(path), 0);
	umask(before);
	close(fd);
}

static void check_attributes(const char *dir)
{
	char path[512], none[512], list[64];

	snprintf(path, sizeof(path), "%s/one", dir);
	snprintf(none, sizeof(none), "%s/none", dir);
	is("getxattr", result((int)getxattr(path, "user.x", list, 64)),
	   -EOPNOTSUPP);
	is("getxattr: none", result((int)lgetxattr(none, "user.x", list, 64)),
	   -ENOENT);
	is("listxattr", result((int)listxattr(path, list, 64)), 0);
	is("listxattr: none", result((int)llistxattr(none, list, 64)), -ENOENT);
}

void check_pins(const char *dir, bool names)
{
	int fd = new_map(ARRAY, 4, 4, 4, 0);
	uint32_t id = id_of(fd), key = 1, value = 5;
	char path[512];
	struct statfs fs;

	is("statfs", statfs(dir, &fs), 0);
	is("statfs: bpffs", (uint32_t)fs.f_type, 0xcafe4a11);
	is("pin", pin(dir, "one", fd, 0), 0);
	is("pin: there already", pin(dir, "one", fd, 0), -EEXIST);
	is("pin: no such directory", pin(dir, "none/one", fd, 0), -ENOENT);
	is("pin: a dot", pin(dir, "o.ne", fd, 0), -EPERM);
	is("pin: flags", pin(dir, "two", fd, 1), -EINVAL);
	is("pin: BTF", pin_btf(dir), -EINVAL);
	is("pin: beside no descriptor", pin_beside(12345, "two", fd), -EBADF);
	is("pin: beside no directory", pin_beside(fd, "two", fd), -ENOTDIR);
	is("pin: no such descriptor", pin(dir, "two", 12345, 0), -EINVAL);
	is("pin: no descriptor of bpf(2)'s", pin(dir, "two", 1, 0), -EINVAL);
	is("get: missing", get(dir, "two", 0), -ENOENT);
	is("get: both modes", get(dir, "one", 24), -EINVAL);
	is("get: a directory", get(dir, ".", 0), -EACCES);
	is("get: another file", get("/dev", "null", 0), -EACCES);
	check_looks(dir);
	if (!names)
		check_attributes(dir);
	check_umask(dir);
	check_program(dir);
	check_no_btf(dir);
	is("pin: a second", pin(dir, "two", fd, 0), 0);
	if (names)
		check_names(dir);
	else
		check_open(dir);

	close(fd);
	fd = get(dir, "one", BPF_F_RDONLY);
	is("the pin keeps it", id_of(fd), id);
	is("get: rdonly", element(BPF_MAP_UPDATE_ELEM, fd, &key, &value, 0),
	   -EPERM);
	close(fd);
	fd = get(dir, "one", 0);
	is("get: full", element(BPF_MAP_UPDATE_ELEM, fd, &key, &value, 0), 0);
	close(fd);
	check_renames(dir);
	snprintf(path, sizeof(path), "%s/one", dir);
	is("unlink", unlink(path), 0);
	fd = get(dir, "two", 0);
	is("by the second", holds(fd, 1, 5), 1);
	close(fd);
	snprintf(path, sizeof(path), "%s/two", dir);
	is("unlink the last", unlink(path), 0);
	is("it is gone", by_id(id), -ENOENT);
}
