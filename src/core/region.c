/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Shared-memory objects: creation, mapping, copying and sealing.  What is
 * kept in one is the business of the map types.
 */
#include "core/region.h"

#include <byteswap.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/mempolicy.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "core/shared.h"
#include "core/topology.h"

/*
 * Bind the object's pages, not this mapping: the kernel keeps the policy of a
 * shared mapping with the memory object, so it holds for every process and
 * for pwrite.  The node is a preference, as it is for the kernel's maps.
 */
static int region_set_node(struct region *region, int node)
{
	unsigned long mask[16] = { 0 };
	const unsigned int bits = 8 * sizeof(mask[0]);
	long res;
	int err;

	if (node < 0 || (unsigned int)node >= 8 * sizeof(mask) - 1)
		return -EINVAL;
	mask[(unsigned int)node / bits] = 1ul << ((unsigned int)node % bits);
	err = region_map(region, PROT_READ | PROT_WRITE, region->size);
	if (err)
		return err;
	res = syscall(SYS_mbind, region->base, region->size, MPOL_PREFERRED,
		      mask, 8 * sizeof(mask), 0);
	err = res < 0 ? -errno : 0;
	region_unmap(region);
	/* A kernel without NUMA has one node and nothing to prefer. */
	return err == -ENOSYS ? 0 : err;
}

bool region_too_large(uint64_t bytes)
{
	return bytes >= topology_memory();
}

int region_create(struct region *region, const char *name, uint64_t size,
		  int numa_node)
{
	struct region new = REGION_INIT;
	char path[64];
	int err;

	if (region_too_large(size))
		return -ENOMEM;
	new.size = size;
	snprintf(path, sizeof(path), "bpf-map:%s", name);
	new.fd = memfd_create(path, MFD_CLOEXEC | MFD_ALLOW_SEALING);
	if (new.fd < 0)
		return -errno;
	if (ftruncate(new.fd, (off_t)size) < 0 ||
	    fcntl(new.fd, F_ADD_SEALS, F_SEAL_GROW | F_SEAL_SHRINK) < 0) {
		err = -errno;
		goto err_close;
	}
	if (numa_node != NUMA_NO_NODE) {
		err = region_set_node(&new, numa_node);
		if (err)
			goto err_close;
	}
	*region = new;
	return 0;

err_close:
	close(new.fd);
	return err;
}

int region_attach(struct region *region, int fd)
{
	struct region new = REGION_INIT;
	struct stat st;
	int err;

	new.fd = fcntl(fd, F_DUPFD_CLOEXEC, 0);
	if (new.fd < 0)
		return -errno;
	if (fstat(new.fd, &st) < 0) {
		err = -errno;
	} else if (st.st_size <= 0) {
		err = -EUCLEAN;
	} else {
		new.size = (uint64_t)st.st_size;
		*region = new;
		return 0;
	}
	close(new.fd);
	return err;
}

void region_release(struct region *region)
{
	region_unmap(region);
	if (region->fd >= 0)
		close(region->fd);
	region->fd = -1;
}

/*
 * Put the region's pages in the place of what is at 'base'; readers of the
 * same pages notice nothing.  A mapping made by way of a read-write descriptor
 * counts as writable even if it is not, and a sealed region has none of those
 * before Linux 6.7, so a read-only one comes from a descriptor of its own.
 */
static int region_place(const struct region *region, void *base, int prot)
{
	char path[32];
	int fd = region->fd;
	int err = 0;

	if (!(prot & PROT_WRITE)) {
		snprintf(path, sizeof(path), "/proc/self/fd/%d", region->fd);
		fd = open(path, O_RDONLY | O_CLOEXEC);
		if (fd < 0)
			return -errno;
	}
	if (mmap(base, region->size, prot, MAP_SHARED | MAP_FIXED, fd, 0) ==
	    MAP_FAILED)
		err = -errno;
	if (fd != region->fd)
		close(fd);
	return err;
}

int region_map(struct region *region, int prot, uint64_t reserve)
{
	void *base;
	int err;

	if (reserve < region->size || reserve > SIZE_MAX)
		return -ENOMEM;
	base = mmap(NULL, reserve, PROT_NONE,
		    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (base == MAP_FAILED)
		return -errno;
	err = region_place(region, base, prot);
	if (err) {
		munmap(base, reserve);
		return err;
	}
	region_unmap(region);
	region->base = base;
	region->reserved = reserve;
	region->prot = prot;
	return 0;
}

void region_unmap(struct region *region)
{
	if (region->base)
		munmap(region->base, region->reserved);
	region->base = NULL;
	region->reserved = 0;
	region->prot = 0;
}

static bool region_holds(const struct region *region, uint64_t off,
			 uint64_t len)
{
	return off <= region->size && len <= region->size - off;
}

int region_load(const struct region *region, uint64_t off, void *dst,
		size_t len)
{
	unsigned char *to = dst;
	ssize_t res;

	if (!region_holds(region, off, len))
		return -EINVAL;
	if (region->base) {
		shared_copy_out(to, region->base + off, len);
		return 0;
	}
	while (len) {
		res = pread(region->fd, to, len, (off_t)off);
		if (res < 0 && errno == EINTR)
			continue;
		if (res <= 0)
			return res < 0 ? -errno : -EIO;
		to += res;
		off += (uint64_t)res;
		len -= (size_t)res;
	}
	return 0;
}

int region_store(const struct region *region, uint64_t off, const void *src,
		 size_t len)
{
	const unsigned char *from = src;
	ssize_t res;

	if (!region_holds(region, off, len))
		return -EINVAL;
	if (region->prot & PROT_WRITE) {
		shared_copy_in(region->base + off, from, len);
		return 0;
	}
	while (len) {
		res = pwrite(region->fd, from, len, (off_t)off);
		if (res < 0 && errno == EINTR)
			continue;
		if (res <= 0)
			return res < 0 ? -errno : -EIO;
		from += res;
		off += (uint64_t)res;
		len -= (size_t)res;
	}
	return 0;
}

int region_zero(const struct region *region, uint64_t off, uint64_t len)
{
	if (!region_holds(region, off, len))
		return -EINVAL;
	if (!len)
		return 0;
	if (fallocate(region->fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
		      (off_t)off, (off_t)len) < 0)
		return -errno;
	return 0;
}

/*
 * The kernel grants a read lease only on a file that nobody has open for
 * writing, a mapping made through such an open included, whether it came by
 * /proc/PID/fd or by FUSE passthrough.  The descriptor that memfd_create
 * returned does not count.
 */
int region_probe_writers(const struct region *region)
{
	if (fcntl(region->fd, F_SETLEASE, F_RDLCK) < 0)
		return errno == EAGAIN ? -EBUSY : -errno;
	fcntl(region->fd, F_SETLEASE, F_UNLCK);
	return 0;
}

static int region_remap(struct region *region, int prot)
{
	int err = region_place(region, region->base, prot);

	if (!err)
		region->prot = prot;
	return err;
}

static int region_seal(struct region *region, bool probe)
{
	int prot = region->prot;
	int err;

	if (prot & PROT_WRITE) {
		err = region_remap(region, prot & ~PROT_WRITE);
		if (err)
			return err;
	}
	err = probe ? region_probe_writers(region) : 0;
	if (!err && fcntl(region->fd, F_ADD_SEALS, F_SEAL_WRITE) < 0)
		err = -errno;
	/* Should this fail too, stores go by the descriptor. */
	if (err && prot & PROT_WRITE)
		region_remap(region, prot);
	return err;
}

int region_seal_write(struct region *region)
{
	return region_seal(region, true);
}

int region_seal_mapped(struct region *region)
{
	return region_seal(region, false);
}

uint64_t region_resident(const struct region *region)
{
	struct stat st;

	if (fstat(region->fd, &st) < 0)
		return 0;
	return (uint64_t)st.st_blocks * 512;
}

void region_header_init(struct region_header *header, uint32_t map_type,
			uint32_t map_id, uint32_t layout, uint64_t size)
{
	header->version = REGION_VERSION;
	header->layout = layout;
	header->size = size;
	header->map_type = map_type;
	header->map_id = map_id;
	__atomic_store_n(&header->magic, REGION_MAGIC, __ATOMIC_RELEASE);
}

int region_header_check(const struct region_header *header, uint64_t size)
{
	if (header->magic == bswap_64(REGION_MAGIC))
		return -EPROTO;
	if (header->magic != REGION_MAGIC)
		return -EUCLEAN;
	if (header->version != REGION_VERSION)
		return -EPROTO;
	return header->size == size ? 0 : -EUCLEAN;
}
