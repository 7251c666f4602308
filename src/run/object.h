/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What has a descriptor and an id: maps, BTF, and the stand-ins for programs.
 *
 * A descriptor of the target's is an open memory file that the kernel keeps
 * like any other, so close, dup, fork and passing it on are the kernel's own
 * business.  Which object it stands for, and what it may do, is told by the
 * file's inode: each object has one file for each mode.  Where the map's memory
 * can be mapped, the file of the full mode is that memory; all others are empty
 * and sealed.
 *
 * An object lives while the kernel says that such a file of it is open or
 * mapped anywhere but here (see file_in_use), while the file of a pin has a
 * name, or while somebody holds it: a call, or a slot of a map of maps.
 * inotify tells when a file was closed for the last time or lost its name, and
 * then memory is freed soon; ids are always exact, as each is looked at when it
 * is asked about.
 *
 * Thread-safe; one mutex, never held over an operation on a map, nor when one
 * is put: maps of maps take it from within, to hold and let go what they have.
 */
#ifndef RUN_OBJECT_H
#define RUN_OBJECT_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>

#include "core/map.h"

enum object_kind { OBJECT_MAP, OBJECT_BTF, OBJECT_PROG, OBJECT_KINDS };

/*
 * By the flags of bpf(2): none, BPF_F_RDONLY, BPF_F_WRONLY.  And the file of a
 * mount that a full one becomes when it is mapped: to who asks it is MODE_FULL.
 */
enum object_mode {
	MODE_FULL,
	MODE_RDONLY,
	MODE_WRONLY,
	MODE_MAPPED,
	OBJECT_MODES
};

/* The mode of a pin's file: nothing can be done through it but OBJ_GET. */
#define MODE_PIN OBJECT_MODES

struct btf;
struct fields;
struct mounted;
struct object;

/* The memory file behind descriptors of one mode, or a pin. */
struct object_file {
	struct object *object;
	enum object_mode mode;
	/*
	 * Ours, as memfd_create gave it, or as it is open where the mount has
	 * it; -1: not yet made.  A pin's has O_PATH: while it is open, no other
	 * file gets the inode's number.
	 */
	int fd;
	dev_t dev;
	ino_t ino;
	int watch; /* inotify's, or -1; it goes with a memory file */
};

/* An empty file in some directory; the pin goes when it is removed there. */
struct object_pin {
	struct object_file file;
	struct object_pin *next;
};

struct object {
	enum object_kind kind;
	uint32_t id; /* each kind counts on its own */
	struct object_file file[OBJECT_MODES];
	struct object_pin *pins;
	unsigned int holds; /* calls, slots, and objects that use it */
	bool let_go; /* the last hold may be its end: no close may come */
	struct object *next; /* of the dead */

	/*
	 * OBJECT_MAP.  Where the map is one of a mount, -m, 'mounted' has it,
	 * and 'map' is only to be used between object_enter and object_leave.
	 */
	struct map *map;
	struct mounted *mounted;
	struct object *btf; /* held, or NULL */
	uint32_t btf_key_type_id;
	uint32_t btf_value_type_id;
	struct fields *fields;	     /* of a value, see fields.h */
	struct fields *inner_fields; /* that maps in slots must have */
	/* OBJECT_BTF. */
	void *data;
	uint32_t size; /* bytes */
	struct btf *types;
	/* OBJECT_PROG. */
	uint32_t prog_type;
	/* Maps that are not mounted have a name of their own. */
	char name[16];
};

/* Objects by id, which grow. */
struct object_list {
	struct object **at;
	uint32_t count;
	uint32_t room;
	uint32_t last_id;
};

struct objects {
	pthread_mutex_t lock; /* the rest */
	struct object_list list[OBJECT_KINDS];
	void *files;		/* tsearch(3) tree of object_file, by inode */
	int watcher;		/* inotify's descriptor, or -1 */
	struct object *dead;	/* to be freed after unlocking */
	unsigned int dying;	/* those that are just being freed */
	pthread_cond_t died;	/* one of them was */
	struct map_space space; /* maps by id, for maps of maps */
};

/* An id that no map has; for a slot, that of what is no map. */
#define OBJECT_NO_MAP UINT32_MAX

/* 0 or a negative errno.  Starts a thread: block signals before. */
int objects_init(struct objects *objects);

/*
 * Give a new object, made by calloc and filled in but for id and files, its id
 * and one hold.  A map's id is told to the map; one of a mount has it already,
 * and -EEXIST says that there is an object for it.  0, -ENOMEM, -ENOSPC.  On
 * failure it is still the caller's.
 */
int object_add(struct objects *objects, struct object *object);

/*
 * The object with this id, or the one with the smallest id above it; with one
 * hold.  NULL: there is none that lives.
 */
struct object *object_by_id(struct objects *objects, enum object_kind kind,
			    uint32_t id);
struct object *object_next(struct objects *objects, enum object_kind kind,
			   uint32_t id);

/*
 * The object whose file this is, with one hold, and the mode of the file.
 * NULL: it is none of ours.
 */
struct object *object_by_file(struct objects *objects, const struct stat *st,
			      enum object_mode *mode);

/*
 * Over the use of a map, by who has a hold: a freeze can make it another
 * struct.
 */
void object_enter(struct object *object);
void object_leave(struct object *object);

/* What the object has, of one that is not in use; and the object. */
void object_release(struct object *object);

/* What 'map' is, of one of a mount; nobody else uses the object. */
void object_settle(struct object *object);

/* Will nobody ever write it? */
bool object_frozen(const struct object *object);

/* A map of a mount: see mounted_pin and mounted_unpin. */
int object_pin_name(struct object *object, const char *name);
int object_unpin_name(struct object *object);

/* Freeze a map.  As map_freeze_mapped; of a mount, as mapfs_freeze. */
int object_freeze(struct objects *objects, struct object *object);

void object_drop(struct objects *objects, struct object *object);

/*
 * The file 'fd', just made for it, is a pin of the object.  'fd' is consumed,
 * with O_PATH.  0 or a negative errno.
 */
int object_pin(struct objects *objects, struct object *object, int fd);

/*
 * The end: remove the files of all pins, and from a mount the maps of the run.
 * Nothing else may come after.
 */
void objects_end(struct objects *objects);

/*
 * Wait until all that was found to be nobody's is gone, from a mount as well.
 * And the same, after a look at everything.
 */
void objects_wait(struct objects *objects);
void objects_collect(struct objects *objects);

/*
 * A new descriptor for a target, close-on-exec, or a negative errno.  Of
 * MODE_MAPPED the map is entered.
 */
int object_open(struct objects *objects, struct object *object,
		enum object_mode mode);

#endif
