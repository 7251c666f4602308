/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A region is one shared-memory object: a memfd whose size is sealed, so that
 * no process that maps it can be hit by SIGBUS because another one truncated
 * it.  The process that creates it may work on it through its descriptor
 * alone, which never allocates a page that was not written, or map it and
 * work at memory speed; region_load and region_store hide which.
 *
 * Any process allowed to may write a region at any time.  Nothing read from
 * one is trusted: load it once, check it, then use it.
 */
#ifndef CORE_REGION_H
#define CORE_REGION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* numa_node: no preference.  Value and meaning are the kernel's. */
#define NUMA_NO_NODE (-1)

struct region {
	int fd;		     /* the memfd, or -1 */
	uint64_t size;	     /* bytes, as asked for */
	unsigned char *base; /* NULL while not mapped here */
	uint64_t reserved;   /* bytes of address space at base */
	int prot;	     /* PROT_READ | PROT_WRITE, as mapped */
};

#define REGION_INIT      \
	{                \
		.fd = -1 \
	}

/*
 * The first bytes of a region that holds more than plain values.  The magic
 * tells a foreign byte order, the version a change of format, the layout a
 * build whose structs differ though the version does not.
 */
struct region_header {
	uint64_t magic;	   /* REGION_MAGIC; stored last */
	uint32_t version;  /* REGION_VERSION */
	uint32_t layout;   /* the type's stamp: see REGION_LAYOUT */
	uint64_t size;	   /* bytes of the whole region */
	uint32_t map_type; /* the kernel's number of the type */
	uint32_t map_id;
};

_Static_assert(sizeof(struct region_header) == 32, "region format");
_Static_assert(offsetof(struct region_header, size) == 16, "region format");

#define REGION_MAGIC   0x6d61706673726731ull /* "mapfsrg1" */
#define REGION_VERSION 1u

/*
 * A type's layout stamp from the sizes that its format depends on, each below
 * 1024: two builds that disagree about a struct refuse each other's regions.
 */
#define REGION_LAYOUT(header, node, word) \
	((uint32_t)(header) << 20 | (uint32_t)(node) << 10 | (uint32_t)(word))

/*
 * Create a region of 'size' bytes, all zero, none of them allocated.  'name',
 * behind "bpf-map:", shows in /proc/PID/maps.  Pages are taken from 'numa_node'
 * first, unless it is NUMA_NO_NODE.  The region is not mapped.
 *
 * 0, -ENOMEM (larger than the machine's memory), -EMFILE or -ENFILE (no
 * descriptor left), or what memfd_create(2), ftruncate(2) and fcntl(2) give.
 */
int region_create(struct region *region, const char *name, uint64_t size,
		  int numa_node);

/*
 * The region in the memory object 'fd', of which a descriptor of its own is
 * kept.  Not mapped.  0; -EUCLEAN for an empty object; what dup(2) and fstat(2)
 * give.
 */
int region_attach(struct region *region, int fd);

/* Is that more than the machine's memory, so that no region can hold it? */
bool region_too_large(uint64_t bytes);

/* Unmap and close.  Memory goes when the last mapping elsewhere goes. */
void region_release(struct region *region);

/*
 * Map the region into this process.  'reserve' >= size is how much address
 * space to take: what lies beyond the region's pages is inaccessible, so that
 * an index clamped to a power of two cannot reach anything else, not even
 * speculatively.  Mapping again changes the protection and moves the base.
 *
 * 0, -ENOMEM, -EPERM (PROT_WRITE on a region that is sealed against it); for
 * a mapping without PROT_WRITE also what opening /proc/self/fd gives.
 */
int region_map(struct region *region, int prot, uint64_t reserve);
void region_unmap(struct region *region);

/*
 * Copy from and to a region that others may be writing.  Aligned 8-byte words
 * are copied whole, as are aligned 4- and 2-byte ones at the ends; anything
 * larger can be seen half old and half new.  0; -EINVAL beyond the region;
 * -EPERM storing into a sealed region; errors of pread(2) and pwrite(2).
 */
int region_load(const struct region *region, uint64_t off, void *dst,
		size_t len);
int region_store(const struct region *region, uint64_t off, const void *src,
		 size_t len);

/* Zero a range and give its whole pages back.  Errors as region_store. */
int region_zero(const struct region *region, uint64_t off, uint64_t len);

/*
 * Seal the region against every write, for ever.  This process's own mapping,
 * if there is one, becomes read-only in place: threads that read it meanwhile
 * notice nothing, the caller keeps out those that write.
 *
 * -EBUSY, and nothing has changed, while the region is open for writing or
 * mapped by way of such an open anywhere, this process's own mapping
 * excepted.  The caller prevents new opens through FUSE meanwhile: since
 * Linux 6.14 the seal does not stop a mapping made by FUSE passthrough.
 *
 * region_probe_writers only asks: 0, or -EBUSY for such an open or mapping.
 * Where there is no passthrough, region_seal_mapped does without: an open for
 * writing is then no harm, and only such a mapping -EBUSY.
 * The first two take a lease for a moment.  An open that meets it waits for it
 * and sends this process SIGIO, which must therefore be ignored.
 */
int region_seal_write(struct region *region);
int region_seal_mapped(struct region *region);
int region_probe_writers(const struct region *region);

/* Bytes of memory the region occupies now. */
uint64_t region_resident(const struct region *region);

/* Fill in a header.  The magic is stored last, so half of one is none. */
void region_header_init(struct region_header *header, uint32_t map_type,
			uint32_t map_id, uint32_t layout, uint64_t size);

/*
 * Is this a header of ours?  'header' is a private copy, 'size' the size of
 * the memory object it came from.  0; -EPROTO for another byte order or
 * version; -EUCLEAN for anything that no build of ours has written.  Type and
 * layout are the business of the type.
 */
int region_header_check(const struct region_header *header, uint64_t size);

#endif
