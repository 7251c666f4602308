/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * make bench: what mapfs costs, as ratios to what it stands beside.
 *
 * A row is one operation.  Its competitors are mapfs and the references: bpf(2)
 * on a kernel map, a tmpfs file, other stores, plain memory.  Each round
 * measures all competitors of a row one after the other, so that noise of the
 * machine hits them alike.
 *
 * There are four parts, each with a table: arrays in the files of a mount,
 * where mapfs competes once in each io mode, hashes in shared memory by way of
 * the core, hashes through libmapfs, and bpf(2) under mapfs-run.  A part has
 * groups of rows; a group's rows work on the same data, which is there while
 * they are measured.
 *
 * Functions return 0 or a negative errno unless they say otherwise.
 */
#ifndef BENCH_H
#define BENCH_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/types.h>

/* Sizes of the maps and files, in elements of 8 bytes. */
#define SMALL_ENTRIES 100000u
#define BIG_ENTRIES   1000000u
#define QUEUE_ENTRIES 1000u
#define MIB	      1048576u
#define MIB_ENTRIES   (MIB / 8)
#define BIG_MIBS      (BIG_ENTRIES / MIB_ENTRIES) /* whole ones */
#define CAT_BYTES     131072u /* a read or write of cat(1) */

enum who {
	WHO_PASSTHROUGH, /* mapfs, by io mode */
	WHO_SYMLINK,
	WHO_CACHED,
	WHO_DAEMON,
	WHO_LIB,   /* mapfs, libmapfs on a mount */
	WHO_MAP,   /* mapfs, the core's calls */
	WHO_RUN,   /* mapfs, bpf(2) under mapfs-run */
	WHO_BPF,   /* references: bpf(2), a call an element */
	WHO_BATCH, /* bpf(2), a call many elements */
	WHO_TMPFS,
	WHO_TDB,
	WHO_LMDB,
	WHO_REDIS,  /* a request at a time */
	WHO_PIPE,   /* many requests at a time */
	WHO_FIFO,   /* a pipe from process to process */
	WHO_SOCKET, /* a unix socket, the same */
	WHO_NOTIFY, /* bpf(2) that seccomp gives to who only answers */
	WHO_MEMORY, /* anonymous shared memory */
	WHO_PLAIN,  /* the same, without mapfs/array.h */
	WHOS
};

#define MODES		(WHO_DAEMON + 1)
#define REFERENCE_FIRST WHO_BPF
#define REFERENCE_LAST	WHO_MEMORY
#define NREFERENCES	(REFERENCE_LAST - REFERENCE_FIRST + 1)

struct caller;
struct group;
struct hash;
struct mapfs_map;

struct mount {
	char path[PATH_MAX];
	pid_t pid; /* 0: not running */
	int out;   /* its stdout and stderr, to read */
	int err;
};

struct bench {
	const char *mapfs; /* the program; NULL: no part with mounts */
	const char *run;   /* mapfs-run; NULL: no part with it */
	char version[128]; /* of libfuse, as mapfs says */
	unsigned int rounds;
	double seconds;	  /* the run may take about */
	const char *rows; /* a part of the names of the groups that count */
	const char *csv;  /* file to write */
	bool two_cpus;	  /* there are */
	/* Of the daemons and of who measures, and of a second process. */
	int cpu; /* -1: any */
	int other_cpu;

	char dir[PATH_MAX - 32]; /* of the mount points */
	char tmpfs[64];		 /* directory, "": none found */
	struct mount mounts[MODES];
	const struct group *group; /* that is measured now */
	/* Why a competitor takes no part in it, "" if it does. */
	char left_out[WHOS][256];
	char notes[4096]; /* lines: all of that for the report */

	struct hash *hash;	/* see hash.h */
	struct caller *callers; /* by enum who: see rows_run.c */
	/* What the rows of mounts work on: see data.c. */
	int bpf_small;
	int bpf_big;
	int bpf_mmapable;
	int bpf_queue;
	int bpf_stack;
	unsigned char *memory;
	uint32_t memory_entries;
	uint32_t *keys;	  /* 0, 1, 2, ... */
	uint64_t *values; /* BIG_ENTRIES of them */
	char *text;	  /* the dump of big */
	size_t text_len;
};

/* What one process of a competitor works on.  All zero but for fd: -1. */
struct subject {
	const struct bench *bench;
	enum who who;
	bool second; /* of two processes */
	/* Operations: to measure once and no others; 0: what fits the time. */
	uint64_t fixed;
	uint64_t step; /* are counted by this many, 0: 1 */
	uint64_t most; /* at a time, 0: any number */
	int fd;
	void *base; /* a mapping of 'size' bytes */
	size_t size;
	void *buf;	       /* allocated */
	struct mapfs_map *map; /* opened */
	char path[PATH_MAX];
	size_t path_len;
	uint64_t random;
	uint64_t sink; /* what was read, to be kept */
	char note[64]; /* for the report */
};

/*
 * How an operation is done.  open fills in the subject, and what it opened is
 * released in any case.  Of the others only run is timed: it does 'count'
 * operations.  before and after are called around each run.
 */
struct method {
	int (*open)(struct subject *s);
	int (*before)(struct subject *s, uint64_t count);
	int (*run)(struct subject *s, uint64_t count);
	int (*after)(struct subject *s, uint64_t count);
};

struct row {
	const char *name;
	const struct method *method[WHOS];
	bool one_mode;		 /* alike in all modes */
	bool apart;		 /* not on the daemons' CPU */
	bool once;		 /* before the others: makes what they need */
	unsigned int processes;	 /* at once; 0 is 1 */
	const struct row *alone; /* the same by one process */
	/* Operations measured at a time; 0: as many as fit the time. */
	uint64_t count;
	double bytes; /* an operation moves; 0: few */
	/* The ratio to a reference that is expected at most, 0: none. */
	double expect[WHOS];
	unsigned int expect_of; /* bits 1 << enum who */
};

/* Rows that are measured together, on data that make makes. */
struct group {
	const char *name;
	const struct row *const *rows; /* up to a NULL */
	int (*make)(struct bench *bench);
	void (*free)(struct bench *bench);
	unsigned int only;     /* these take part: bits 1 << enum who, 0: all */
	bool expected;	       /* what the rows say is expected here */
	unsigned int slice_ms; /* a measurement needs at least, 0: little */
	/* A hash's. */
	uint32_t map_type;
	uint32_t entries;
	uint32_t value_size;
};

struct results;

struct part {
	const struct group *groups; /* up to one without a name */
	double time;		    /* takes, to that of the first part */
	void (*print)(const struct results *results, size_t nresults,
		      unsigned int rounds);
};

/* data.c, hash_rows.c and rows_run.c */
extern const struct part mount_part, hash_part, lib_part, run_part;

/* A method for mapfs in each mode, in the table of a row's methods. */
#define MAPFS(m)                                                          \
	[WHO_PASSTHROUGH] = (m), [WHO_SYMLINK] = (m), [WHO_CACHED] = (m), \
	[WHO_DAEMON] = (m)

/* rows_elements.c: a call for one element at random. */
extern const struct method bpf_lookup_method, bpf_update_method;

/* rows_*.c */
extern const struct row pread_row, pread_two_row, pwrite_row;
extern const struct row read_mib_row, write_mib_row;
extern const struct row load_row, add_row, add_two_row;
extern const struct row touch_row, touch_all_row;
extern const struct row entry_read_row, entry_write_row;
extern const struct row stat_row, stat_apart_row;
extern const struct row create_row, create_many_row, rmdir_row;
extern const struct row dump_row, undump_row;
extern const struct row bloom_push_row, bloom_peek_row;
extern const struct row ring_16_row, ring_256_row, ring_4096_row;
extern const struct row ring_65536_row;
extern const struct row lib_load_row, lib_lookup_row, lib_update_row;
extern const struct row lib_queue_row, lib_queue_two_row;
extern const struct row lib_stack_row, lib_stack_two_row;

/* One competitor of a row, and what was measured. */
struct result {
	const struct method *method; /* NULL: takes no part */
	struct subject subject;
	int err;	/* why it was given up */
	uint64_t count; /* operations at a time */
	double *ns;	/* an operation, by round; NAN */
};

struct results {
	const struct group *group;
	const struct row *row;
	struct result by[WHOS];
};

/*
 * bench.c: a line of what is left out, for the report's head.  Once there it
 * is not said again.
 */
__attribute__((format(printf, 2, 3))) void bench_note(struct bench *bench,
						      const char *format, ...);

/* run.c: measure a part and report it. */
int bench_run(struct bench *bench, const struct part *part, FILE *csv);

/* report.c: the table to stdout, and the same as CSV. */
extern const char *const who_names[WHOS];
void report_csv_head(FILE *csv);
void report(const struct bench *bench, const struct part *part,
	    const struct results *results, size_t nresults, unsigned int rounds,
	    double seconds, FILE *csv);

/* table_*.c: the text of each part. */
void mount_print(const struct results *results, size_t nresults,
		 unsigned int rounds);
void hash_print(const struct results *results, size_t nresults,
		unsigned int rounds);
void lib_print(const struct results *results, size_t nresults,
	       unsigned int rounds);
void run_print(const struct results *results, size_t nresults,
	       unsigned int rounds);

/* mounts.c */
extern const char *const mode_names[MODES];
void mounts_start(struct bench *bench);
void mounts_stop(struct bench *bench);
int mounts_version(struct bench *bench);
/*
 * Become 'argv' in a child, whose end is ours at the latest.  Its number, or a
 * negative errno; 127 is the status of a program that could not be run.
 */
pid_t bench_spawn(const char *path, char *const *argv, int out, int err);

/* subject.c */
void subject_init(struct subject *s, const struct bench *bench, enum who who);
void subject_release(struct subject *s);
/* Path of a file of map 'map' ("small", "elements"), or tmpfs's instead. */
void subject_path(const struct subject *s, const char *map, const char *file,
		  char path[PATH_MAX]);
int subject_open(struct subject *s, const char *map, const char *file,
		 int flags);
int subject_map(struct subject *s, int fd, size_t size);
/* In pieces, as cat(1) does. */
int write_all(int fd, const void *buf, size_t size, size_t piece);

uint64_t now_ns(void);

/*
 * touch.c: write to every page of shared memory that this process has mapped,
 * without changing it, as far as there are pages.  The first time may cost a
 * fault, and in a virtual machine one of the host's, too.
 */
int touch_shared(void);

/* cpus.c: choose the CPUs; run this process on one of them, -1 is any. */
void cpus_choose(struct bench *bench);
void cpus_pin(int cpu);

/* A number below n, and quickly. */
static inline uint32_t subject_random(struct subject *s, uint32_t n)
{
	s->random = s->random * 6364136223846793005u + 1442695040888963407u;
	return (uint32_t)((s->random >> 32) * n >> 32);
}

#endif
