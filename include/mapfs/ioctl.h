/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * mapfs/ioctl.h - what a process that writes a region tells the daemon
 *
 * The file region of a hash is the map itself: a process that maps it works on
 * the map without the daemon.  One that writes needs a number of its own in
 * the map, an owner, so that others can take back what it had in hand if it is
 * killed.  It gets the number from the map's ctl file and keeps that open, and
 * the kernel tells the daemon of its end:
 *
 *	int ctl = open("/mnt/maps/NAME/ctl", O_RDWR | O_CLOEXEC);
 *	uint32_t owner;
 *
 *	if (ctl < 0 || ioctl(ctl, MAPFS_IOC_OWNER, &owner) < 0)
 *		...
 *
 * A child after fork(2) is another process and needs a file and a number of
 * its own.
 *
 * Needs no library.  C and C++.
 */
#ifndef MAPFS_IOCTL_H
#define MAPFS_IOCTL_H

#include <stdint.h>
#include <sys/ioctl.h>

#ifdef __cplusplus
extern "C" {
#endif

/*
 * The number, from 1 on, that belongs to this open file: the same one when it
 * is asked for again.  It ends when the last descriptor of the open file is
 * closed, and is taken for that of a process which was killed.
 *
 *	EBADF		the file is not open for writing
 *	ENOTTY		it is no ctl file
 *	EOPNOTSUPP	the map has no region
 *	EPERM		the map is frozen
 *	EUSERS		too many processes have one: the limit is 1023
 */
#define MAPFS_IOC_OWNER _IOR('m', 1, uint32_t)

/*
 * Give the number back: the process has unmapped the region, or will not write
 * it any more.  Without a number, nothing.  EBADF and ENOTTY as above.
 */
#define MAPFS_IOC_LEAVE _IO('m', 2)

/*
 * One operation on an element, by the daemon: for processes that cannot map
 * the region.  The argument is a struct mapfs_call, the key and a value, one
 * behind the other, 'size' bytes in all.  Reading operations need the file open
 * for reading, those that take an element for both, the others for writing:
 * EBADF.
 *
 *	EINVAL		no such operation, or not of the map's sizes
 *	EOPNOTSUPP	not for this type
 *	ENODATA		the map is not configured
 *
 * and the errnos of the operation: see <mapfs/mapfs.h>.  What comes back is
 * 'position', 'result', the key and the value.
 */
struct mapfs_call {
	uint32_t op;
	uint32_t cpu;
	uint64_t flags;	   /* BPF_ANY, ... */
	uint64_t position; /* of ITER: 0 at the start; of ENTRIES: their number
			    */
	uint32_t has_key;  /* NEXT_KEY: 0 asks for the first */
	int32_t result;	   /* of ITER: 1, or 0 at the end */
};

#define MAPFS_CALL_LOOKUP     1u
#define MAPFS_CALL_UPDATE     2u
#define MAPFS_CALL_DELETE     3u
#define MAPFS_CALL_TAKE	      4u
#define MAPFS_CALL_NEXT_KEY   5u
#define MAPFS_CALL_ITER	      6u /* without a value if there is no room */
#define MAPFS_CALL_LOOKUP_CPU 7u
#define MAPFS_CALL_UPDATE_CPU 8u
#define MAPFS_CALL_ENTRIES    9u
#define MAPFS_CALL_PUSH	      10u
#define MAPFS_CALL_POP	      11u
#define MAPFS_CALL_PEEK	      12u
#define MAPFS_CALL_QUERY      13u /* position: BPF_RB_*, then the number */

/* What an ioctl(2) of a FUSE file can carry, in bytes. */
#define MAPFS_CALL_MAX	     16383u
#define MAPFS_IOC_CALL(size) _IOC(_IOC_READ | _IOC_WRITE, 'm', 3, size)

/*
 * A temporary name: an open file can keep the map's name, and with the last
 * descriptor of the last file that does the name goes, as by rmdir(2), and so
 * does the map unless somebody holds it: a map that is made for one program's
 * life is gone however the program ends.
 *
 * Of the ctl file of a map whose name was so from the first, by create below:
 * of other names the kernel keeps what it knows.  With 1 the open file keeps
 * the name.  With 0 it does not any more, and the name stays, unless another
 * file keeps it.  With 2 the name goes at once, whoever keeps it and whatever
 * it is by now.
 *
 * Of the root's file create: with 1 the open file keeps the name of the map
 * that the next line written to it makes, so that no moment is left in which a
 * killed program leaves the map behind; a further line that would make a map is
 * EBUSY.  With 0 it keeps none, and further lines are as ever.  So a program
 * opens create, says 1, writes a line, opens the new map's ctl, says 1 there,
 * and closes create.
 *
 * The word is that of the process that calls, which need not have opened the
 * file: it has to be the map's owner's or root's, when it is said and when the
 * name goes.  If it is not any more of the last file that is closed, because
 * the map has been given away, the name stays.
 *
 *	EBADF		the file is not open for writing
 *	EPERM		the map is another user's
 *	EINVAL		another number; 2, of create; a name that was not
 *			temporary when it was made
 *	ENOTTY		it is no ctl file, nor the root's create
 */
#define MAPFS_NAME_STAYS     0u
#define MAPFS_NAME_TEMPORARY 1u
#define MAPFS_NAME_GOES	     2u
#define MAPFS_IOC_TEMPORARY  _IOW('m', 4, uint32_t)

/*
 * Bytes of a record of a ring buffer's file stream: a read or write of this
 * many at any address is one request of the kernel's.
 */
#define MAPFS_RECORD_MAX ((1u << 20) - 4096)

#ifdef __cplusplus
}
#endif

#endif
