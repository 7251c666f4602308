/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Files: what each kind of file does.  One row of the table in namespace.c is
 * one kind; adding a file is a row, a kind and its handlers.
 */
#ifndef FS_FILE_H
#define FS_FILE_H

#include <sys/stat.h>

#include "fs/answer.h"
#include "fs/lines.h"
#include "fs/node.h"
#include "fs/seq.h"

/* The core's number of the region of a ring buffer that consumers map. */
#define PAGES_REGION 1u

struct text_file;

struct file_type {
	const char *name;  /* NULL: see lookup of the directory */
	enum file_kind in; /* the directory that holds it */
	mode_t mode;	   /* type, and the bits it can have */
	bool keyed;	   /* named by a key: see node.h */
	uint32_t index;	   /* of the node, where the name is fixed */
	/* Not listed: in the root, what is listed as a directory is a map. */
	bool hidden;
	/* Its name can come to be another file's, by no doing of the kernel. */
	bool fleeting;
	/*
	 * What is written is a question: who may read the map may write it,
	 * frozen or not.
	 */
	bool asks;

	/* Does a map directory have it?  NULL: yes.  'map' may be NULL. */
	bool (*applies)(const struct map *map);

	/*
	 * Text files.  show: see seq.h, 'arg' is the text_file.  line runs a
	 * line that was written; line_max is the longest, in bytes.  ioctl,
	 * for the one who calls, finds 'in' bytes in 'buf', which is 8-aligned
	 * and has room for *size bytes to answer with, and sets *size to what
	 * it put there; -ENOTTY for a command it does not know, as without it.
	 */
	seq_show_t show;
	int (*line)(struct text_file *file, const char *line, size_t len,
		    struct fmt_error *error);
	size_t (*line_max)(const struct map *map);
	int (*ioctl)(struct text_file *file, const struct creds *creds,
		     unsigned int cmd, void *buf, size_t in, size_t *size,
		     struct fmt_error *error);
	/*
	 * Before a read: what a line has left to be answered.  -EAGAIN: it is
	 * tried again when something has been added to the map, unless the
	 * file is open with O_NONBLOCK, until file->deadline.
	 */
	int (*await)(struct text_file *file, struct fmt_error *error);
	void (*release)(struct text_file *file);

	/*
	 * Data files: bytes at an offset.  'region' is the memory object that
	 * holds exactly these bytes, NULL if there is none: with it, a node's
	 * index is the number of the map's region.  What is not NULL: size,
	 * and read and write, but for files that are opened for one alone. open
	 * says whether it may be opened, stat adds to what stat(2) tells.  A
	 * read that returns -EAGAIN is tried again when something has been
	 * added to the map, unless the file is open with O_NONBLOCK.  seek is
	 * lseek(2) with SEEK_DATA and SEEK_HOLE, allocate fallocate(2); without
	 * them the region does both.
	 */
	struct region *(*region)(const struct node *node);
	uint64_t (*size)(const struct node *node);
	void (*stat)(const struct node *node, struct stat *st);
	int (*open)(const struct node *node, struct fmt_error *error);
	ssize_t (*read)(const struct node *node, void *buf, size_t size,
			uint64_t off, struct fmt_error *error);
	ssize_t (*write)(const struct node *node, const void *buf, size_t size,
			 uint64_t off, struct fmt_error *error);
	off_t (*seek)(const struct node *node, off_t off, int whence,
		      struct fmt_error *error);
	int (*allocate)(const struct node *node, int mode, off_t off, off_t len,
			struct fmt_error *error);

	/*
	 * Streams: data files without offsets, of which each read and write
	 * is an element.  'poll' gives the events of poll(2), POLLHUP among
	 * them when nothing will ever be added.
	 */
	unsigned int (*poll)(const struct node *node);
	/*
	 * The memory object that a mapping of the stream shows, while reads
	 * and writes are ours.  The node's index is the number of the map's
	 * region.
	 */
	struct region *(*pages)(const struct node *node);

	/* Symbolic links: where it leads.  0 or an errno. */
	int (*link)(const struct node *node, struct text *target);

	/*
	 * Directories whose files are named by the map: they fill in a child
	 * that is a copy of the directory's node but for its type.  lookup
	 * finds a name.  next gives the name of the file at *pos, and the
	 * child as far as stat(2) needs it, and moves *pos behind it: 1, 0 at
	 * the end.  Outside of a map, both put a reference on a directory into
	 * the child.
	 */
	enum file_kind child;
	int (*lookup)(const struct node *node, const char *name,
		      struct node *child);
	int (*next)(const struct node *node, uint64_t *pos, struct node *child,
		    struct text *name);
	/* O_CREAT of a name that lookup does not find, with open's flags. */
	int (*create)(const struct node *node, const char *name, int flags,
		      struct node *child, struct fmt_error *error);
	/* symlink(2): the name is a link then. */
	int (*symlink)(const struct node *node, const char *name,
		       const char *target, struct fmt_error *error);
	int (*remove)(const struct node *node, const char *name,
		      struct fmt_error *error);
};

/* An open text file. */
struct text_file {
	struct node node;   /* holds a reference */
	struct creds creds; /* of the opener, then the writer */
	int umask;	    /* of the writer, -1: not asked yet */
	struct charge open; /* one of the opener's open files */
	pid_t opener;	    /* who opened it, and how */
	bool readable;
	bool writable;
	_Atomic uint64_t flags; /* of an update: BPF_ANY, ... */
	pthread_mutex_t lock;	/* the rest */
	struct seq seq;
	struct lines lines;
	struct fmt_error error; /* of the show or line that failed */
	struct answer answer;
	struct dump *dump; /* file_dump.c */
	uint32_t owner;	   /* file_ctl.c */
	bool awaits;	   /* file_ctl.c */
	bool temporary;	   /* file_create.c: the next map's name */
	uint32_t keeps;	   /* keep.h: a map's id, or 0 */
	uid_t keeper;	   /* who said so */
	uint64_t deadline; /* of a read that waits, of wait_now */
	/* Among the open files of its directory, under their lock. */
	struct text_file *next;
	struct text_file **prev;
};

/* The rows, in files of their own. */
extern const struct file_type root_create_file;
extern const struct file_type root_maps_file;
extern const struct file_type root_error_file;
extern const struct file_type ids_dir;
extern const struct file_type id_link;
extern const struct file_type id_map_dir;
extern const struct file_type create_file;
extern const struct file_type ctl_file;
extern const struct file_type info_file;
extern const struct file_type elements_file;
extern const struct file_type records_file;
extern const struct file_type region_file;
extern const struct file_type pages_file;
extern const struct file_type stream_file;
extern const struct file_type push_file;
extern const struct file_type pop_file;
extern const struct file_type peek_file;
extern const struct file_type filter_peek_file;
extern const struct file_type entries_dir;
extern const struct file_type entry_file;
extern const struct file_type slot_link;
extern const struct file_type addresses_dir;
extern const struct file_type prefixes_dir;
extern const struct file_type lookup_dir;
extern const struct file_type match_file;
extern const struct file_type dump_file;
extern const struct file_type percpu_dir;
extern const struct file_type percpu_slots_file;

/* namespace.c: the table. */
extern const struct file_type *const file_types[KINDS];

bool file_is_dir(const struct file_type *type);
bool file_is_text(const struct file_type *type);

/* Bytes of a record of the elements file, 0 where there is none. */
uint64_t record_size(const struct map *map);

/* Longest line of files that take elements as text, in bytes. */
size_t element_line_max(const struct map *map);

#endif
