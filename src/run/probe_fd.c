/* SPDX-License-Identifier: BSD-2-Clause */
/* Probes by descriptor: its link, fdinfo, mmap(2) and epoll_ctl(2). */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/map.h"
#include "core/ring.h"
#include "run/memory.h"
#include "run/mount.h"
#include "run/probe.h"
#include "run/run.h"
#include "run/status.h"
#include "run/tables.h"

/* Bytes of a path below /proc that can be a descriptor's. */
#define FD_PATH 64

/* The object at descriptor 'fd' of 'pid', with a hold, or NULL. */
static struct object *object_at(const struct call *call, pid_t pid, int fd,
				enum object_mode *mode)
{
	struct objects *objects = &call->run->objects;
	struct object *object;
	struct stat st;

	if (tables_stat_path(pid, fd, &st))
		return NULL;
	object = object_by_file(objects, &st, mode);
	if (object && *mode == MODE_PIN) {
		object_drop(objects, object);
		return NULL;
	}
	return object;
}

/* The same of a map, held and entered. */
static struct object *map_at(const struct call *call, pid_t pid, int fd,
			     enum object_mode *mode)
{
	struct object *object = object_at(call, pid, fd, mode);

	if (!object)
		return NULL;
	if (object->kind != OBJECT_MAP) {
		object_drop(&call->run->objects, object);
		return NULL;
	}
	object_enter(object);
	return object;
}

static void drop_map(const struct call *call, struct object *object)
{
	object_leave(object);
	object_drop(&call->run->objects, object);
}

/* Is it /proc/self/DIR/N, or with a number in the place of self? */
static bool is_fd_path(const struct call *call, const char *path,
		       const char *dir, pid_t *pid, int *fd)
{
	char name[8], tail;

	*pid = call->tid;
	return (sscanf(path, "/proc/self/%7[a-z]/%d%c", name, fd, &tail) == 2 ||
		sscanf(path, "/proc/thread-self/%7[a-z]/%d%c", name, fd,
		       &tail) == 2 ||
		sscanf(path, "/proc/%d/%7[a-z]/%d%c", pid, name, fd, &tail) ==
			3) &&
	       strcmp(name, dir) == 0;
}

static int print_fdinfo(FILE *text, const struct object *object,
			enum object_mode mode, unsigned int close_on_exec,
			const struct stat *st)
{
	static const unsigned int access[OBJECT_MODES] = {
		[MODE_FULL] = O_RDWR,
		[MODE_RDONLY] = O_RDONLY,
		[MODE_WRONLY] = O_WRONLY,
		[MODE_MAPPED] = O_RDWR,
	};
	struct map *map = object->map;

	return fprintf(text,
		       "pos:\t0\nflags:\t0%o\nmnt_id:\t0\nino:\t%llu\n"
		       "map_type:\t%u\nkey_size:\t%u\nvalue_size:\t%u\n"
		       "max_entries:\t%u\nmap_flags:\t%#x\n"
		       "map_extra:\t%#llx\nmemlock:\t%llu\nmap_id:\t%u\n"
		       "frozen:\t%d\n",
		       access[mode] | close_on_exec,
		       (unsigned long long)st->st_ino, map->map_type,
		       map->key_size, map->value_size, map->max_entries,
		       map->map_flags, (unsigned long long)map->map_extra,
		       (unsigned long long)map->ops->map_mem_usage(map),
		       object->id, object_frozen(object)) < 0 ?
		       -EIO :
		       0;
}

/* A file of the text, open for reading. */
static int fdinfo_file(const struct object *object, enum object_mode mode,
		       unsigned int close_on_exec)
{
	int made = memfd_create("fdinfo", MFD_CLOEXEC);
	char link[32];
	struct stat st;
	FILE *text;
	int fd;

	if (made < 0)
		return -errno;
	snprintf(link, sizeof(link), "/proc/self/fd/%d", made);
	fd = open(link, O_RDONLY | O_CLOEXEC);
	text = fdopen(made, "w");
	if (fd < 0 || !text || fstat(object->file[mode].fd, &st) < 0 ||
	    print_fdinfo(text, object, mode, close_on_exec, &st)) {
		if (fd >= 0)
			close(fd);
		fd = -EIO;
	}
	if (text)
		fclose(text);
	else
		close(made);
	return fd;
}

static int open_path(struct call *call, int dirfd, uint64_t addr,
		     uint64_t flags)
{
	char path[FD_PATH];
	struct object *object;
	enum object_mode mode;
	pid_t pid;
	int fd;

	if (memory_read_string(call, addr, path, sizeof(path)) ||
	    !is_fd_path(call, path, "fdinfo", &pid, &fd))
		return open_redirected(call, dirfd, addr, flags);
	object = map_at(call, pid, fd, &mode);
	if (!object)
		return CALL_CONTINUE;
	fd = fdinfo_file(object, mode, status_close_on_exec(pid, fd));
	drop_map(call, object);
	return fd < 0 ? fd : call_give(call, fd, flags & O_CLOEXEC);
}

int probe_open(struct call *call)
{
	return open_path(call, AT_FDCWD, call->data->args[0],
			 call->data->args[1]);
}

int probe_openat(struct call *call)
{
	return open_path(call, (int)call->data->args[0], call->data->args[1],
			 call->data->args[2]);
}

/* As of the kernel's objects: libraries tell by it what a descriptor is. */
static int read_link(struct call *call, uint64_t addr, uint64_t buf, int size)
{
	static const char *const links[OBJECT_KINDS] = {
		[OBJECT_MAP] = "anon_inode:bpf-map",
		[OBJECT_BTF] = "anon_inode:btf",
		[OBJECT_PROG] = "anon_inode:bpf-prog",
	};
	char path[FD_PATH];
	struct object *object;
	enum object_mode mode;
	const char *link;
	int len, fd, err;
	pid_t pid;

	if (size <= 0 || memory_read_string(call, addr, path, sizeof(path)) ||
	    !is_fd_path(call, path, "fd", &pid, &fd))
		return CALL_CONTINUE;
	object = object_at(call, pid, fd, &mode);
	if (!object)
		return CALL_CONTINUE;
	link = links[object->kind];
	object_drop(&call->run->objects, object);
	len = (int)strlen(link);
	len = len < size ? len : size;
	err = memory_write(call, buf, link, (size_t)len);
	return err ? err : len;
}

int probe_readlink(struct call *call)
{
	const __u64 *args = call->data->args;

	return read_link(call, args[0], args[1], (int)args[2]);
}

int probe_readlinkat(struct call *call)
{
	const __u64 *args = call->data->args;

	return read_link(call, args[1], args[2], (int)args[3]);
}

/*
 * Of a ring buffer, the consumer's page is the one that user space may write;
 * where user space produces it is all the others.
 */
static int check_ring(const struct map *map, bool writes, uint64_t off,
		      uint64_t len)
{
	if (off > 2 * RING_PAGE + 2 * (uint64_t)map->max_entries ||
	    len > 2 * RING_PAGE + 2 * (uint64_t)map->max_entries - off)
		return -EINVAL;
	if (!writes)
		return 0;
	if (map->map_type == BPF_MAP_TYPE_USER_RINGBUF)
		return off ? 0 : -EPERM;
	return off || len != RING_PAGE ? -EPERM : 0;
}

static int check_array(const struct map *map, bool writes, uint64_t off,
		       uint64_t len)
{
	uint64_t stride = (map->value_size + 7ull) & ~7ull;
	uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE);
	uint64_t size = (stride * map->max_entries + page - 1) & ~(page - 1);

	if (writes && map->map_flags & BPF_F_RDONLY_PROG)
		return -EACCES;
	if (!(map->map_flags & BPF_F_MMAPABLE))
		return -EINVAL;
	return off > size || len > size - off ? -EINVAL : 0;
}

static int check_mmap(const struct object *object, enum object_mode mode,
		      int prot, uint64_t off, uint64_t len)
{
	const struct map *map = object->map;
	bool is_ring = map->ops->map_attach_data;
	bool writes = prot & PROT_WRITE;

	if (prot & PROT_EXEC)
		return -EPERM;
	if (mode == MODE_WRONLY || (mode == MODE_RDONLY && writes))
		return -EACCES;
	if (object->fields ||
	    (!is_ring && (map->ops->flags & (MAP_FIXED_KEYS | MAP_PERCPU)) !=
				 MAP_FIXED_KEYS))
		return -ENOTSUPP;
	if (mode == MODE_RDONLY)
		return -EINVAL;
	if (writes && object_frozen(object))
		return -EPERM;
	return is_ring ? check_ring(map, writes, off, len) :
			 check_array(map, writes, off, len);
}

/*
 * Of a mount: the descriptor becomes the file that has the memory, and the
 * kernel maps that one.
 */
static int give_memory(struct call *call, struct object *object,
		       enum object_mode mode)
{
	int fd;

	if (!object->mounted || mode == MODE_MAPPED)
		return 0;
	fd = object_open(&call->run->objects, object, MODE_MAPPED);
	return fd < 0 ? fd : call_replace(call, (int)call->data->args[4], fd);
}

int probe_mmap(struct call *call)
{
	const __u64 *args = call->data->args;
	uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE);
	struct object *object;
	enum object_mode mode;
	int err;

	/* The kernel's to refuse, whatever the file. */
	if (!args[1] || args[1] > INT64_MAX || args[5] & (page - 1))
		return CALL_CONTINUE;
	object = map_at(call, call->tid, (int)args[4], &mode);
	if (!object)
		return CALL_CONTINUE;
	err = check_mmap(object, mode, (int)args[2], args[5],
			 (args[1] + page - 1) & ~(page - 1));
	if (!err)
		err = give_memory(call, object, mode);
	drop_map(call, object);
	return err ? err : CALL_CONTINUE;
}

/*
 * A memory file cannot be waited for, so it is a file of ours, the ring's
 * stream, that gets into the target's epoll(7).
 */
static int watch_stream(const struct call *call, int stream)
{
	struct epoll_event event = { 0 };
	int op = (int)call->data->args[1];
	int epoll, err = 0;

	if (op != EPOLL_CTL_DEL)
		err = memory_read(call, call->data->args[3], &event,
				  sizeof(event));
	if (err)
		return err;
	epoll = tables_copy(call->tables, call->tid, (int)call->data->args[0]);
	if (epoll < 0)
		return epoll;
	/* Valid afterwards, so it was the target's. */
	if (!call_valid(call))
		err = -ESRCH;
	else if (epoll_ctl(epoll, op, stream, &event) < 0)
		err = -errno;
	close(epoll);
	return err;
}

/*
 * Without a mount nobody fills a ring while a target sleeps, so one that is
 * never ready tells no lie.
 */
int probe_epoll_ctl(struct call *call)
{
	struct object *object;
	enum object_mode mode;
	int res = CALL_CONTINUE;

	object = map_at(call, call->tid, (int)call->data->args[2], &mode);
	if (!object)
		return CALL_CONTINUE;
	if (object->map->ops->map_attach_data)
		res = object->mounted && object->mounted->stream >= 0 ?
			      watch_stream(call, object->mounted->stream) :
			      0;
	drop_map(call, object);
	return res;
}
