/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Files: what each kind of file does.  One row of the table in namespace.c is
 * one kind; adding a file is a row, a kind and its handlers.
 */
#ifndef FS_FILE_H
#define FS_FILE_H

#include "fs/lines.h"
#include "fs/node.h"
#include "fs/seq.h"

struct text_file;

struct file_type {
	const char *name;  /* NULL: see lookup of the directory */
	enum file_kind in; /* the directory that holds it */
	mode_t mode;	   /* type, and the bits it can have */

	/* Does a map directory have it?  NULL: yes.  'map' may be NULL. */
	bool (*applies)(const struct map *map);

	/*
	 * Text files.  show: see seq.h, 'arg' is the text_file.  line runs a
	 * line that was written; line_max is the longest, in bytes.
	 */
	seq_show_t show;
	int (*line)(struct text_file *file, const char *line, size_t len,
		    struct fmt_error *error);
	size_t (*line_max)(const struct map *map);
	void (*release)(struct text_file *file);

	/*
	 * Data files: bytes at an offset.  'region' is the memory object that
	 * holds exactly these bytes, NULL if there is none: with it, a node's
	 * index is the number of the map's region.
	 */
	struct region *(*region)(const struct node *node);
	uint64_t (*size)(const struct node *node);
	ssize_t (*read)(const struct node *node, void *buf, size_t size,
			uint64_t off);
	ssize_t (*write)(const struct node *node, const void *buf, size_t size,
			 uint64_t off);

	/*
	 * Directories whose files are named by the map.  lookup finds the
	 * index of a name.  next gives the name and index of the file at
	 * *pos and moves *pos behind it: 1, 0 at the end.
	 */
	enum file_kind child;
	int (*lookup)(const struct node *node, const char *name,
		      uint32_t *index);
	int (*next)(const struct node *node, uint64_t *pos, uint32_t *index,
		    struct text *name);
	/* O_CREAT of a name that lookup does not find; rm. */
	int (*create)(const struct node *node, const char *name,
		      struct fmt_error *error);
	int (*remove)(const struct node *node, const char *name,
		      struct fmt_error *error);
};

/* An open text file. */
struct text_file {
	struct node node;     /* holds a reference */
	struct creds creds;   /* of the opener, then the writer */
	int umask;	      /* of the writer, -1: not asked yet */
	pthread_mutex_t lock; /* the rest */
	struct seq seq;
	struct lines lines;
	struct fmt_error error; /* of the show or line that failed */
	struct dump *dump;	/* file_dump.c */
	/* Among the open files of its directory, under their lock. */
	struct text_file *next;
	struct text_file **prev;
};

/* The rows, in files of their own. */
extern const struct file_type root_create_file;
extern const struct file_type root_maps_file;
extern const struct file_type root_error_file;
extern const struct file_type create_file;
extern const struct file_type ctl_file;
extern const struct file_type info_file;
extern const struct file_type elements_file;
extern const struct file_type entries_dir;
extern const struct file_type entry_file;
extern const struct file_type dump_file;
extern const struct file_type percpu_dir;
extern const struct file_type percpu_slots_file;

/* namespace.c: the table. */
extern const struct file_type *const file_types[KINDS];

bool file_is_dir(const struct file_type *type);
bool file_is_text(const struct file_type *type);

/* Longest line of files that take elements as text, in bytes. */
size_t element_line_max(const struct map *map);

#endif
