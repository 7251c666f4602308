/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A process that does with files what a test tells it to, a command a line on
 * standard input, and answers each with a line: "ok" (what is read: a number),
 * the text of the errno, or the name of the signal that came.  There are slots
 * 0 to 7 for files (F, G) and for mappings (M), and OFF is in bytes.
 *
 *	open F r|w|rw PATH	close F; r, w or rw can be followed by +creat,
 *				+excl, +trunc and +append
 *	reopen F r|w|rw G	G once more, by way of /proc/self/fd
 *	pread F OFF		a byte, or "end"
 *	pwrite F OFF BYTE
 *	read F [OFF]		what one read gives, without its last newline;
 *				of several lines, with / for the others
 *	signalled F		the same while signals are handled
 *	write F LINE		LINE, _ for each blank, and a newline
 *	seek F data|hole OFF	where that is
 *	punch F [OFF LEN]	make a hole there, or of the first page
 *	tty F			is it a terminal?
 *	owner F, leave F	see mapfs/ioctl.h
 *	temporary F 0|1|2	the same
 *	call F OP BYTES		the same: with so many for key and value, all 0
 *	truncate F SIZE
 *	map M F PROT [private]	the first page; PROT is none, r or rw
 *	protect M PROT		unmap M
 *	load M OFF		a byte
 *	store M OFF BYTE
 *	mem M OFF BYTE		the same, by way of /proc/self/mem
 *	add M OFF COUNT		COUNT times 1 to the 8 bytes there, atomically
 *	fork			the pid of a child that keeps it all
 *	user UID		become that user; open files stay
 *	quit
 */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/time.h>
#include <unistd.h>

#include "mapfs/ioctl.h"

#define SLOTS	  8
#define PAGE	  4096u
#define WORDS	  4
#define WORD_SIZE 256

/* What pread answers at the end, where a byte would be. */
#define END_OF_FILE 256

/* Words behind the verb; those that are not there are empty. */
struct words {
	char at[WORDS][WORD_SIZE + 1];
};

static int files[SLOTS];
static unsigned char *maps[SLOTS];
static sigjmp_buf fault;
static char said[4096]; /* what do_read answers */

static void on_fault(int signo)
{
	siglongjmp(fault, signo);
}

static long number(const char *word)
{
	return strtol(word, NULL, 0);
}

static int *file(const char *word)
{
	return &files[number(word) & (SLOTS - 1)];
}

static unsigned char **map(const char *word)
{
	return &maps[number(word) & (SLOTS - 1)];
}

static int file_flags(const char *word)
{
	static const struct {
		const char *name;
		int flags;
	} names[] = {
		{ "+creat", O_CREAT },
		{ "+excl", O_EXCL },
		{ "+trunc", O_TRUNC },
		{ "+append", O_APPEND },
	};
	int flags = O_RDONLY;
	size_t i;

	if (strncmp(word, "rw", 2) == 0)
		flags = O_RDWR;
	else if (*word == 'w')
		flags = O_WRONLY;
	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strstr(word, names[i].name))
			flags |= names[i].flags;
	return flags;
}

static int prot_flags(const char *word)
{
	if (strcmp(word, "rw") == 0)
		return PROT_READ | PROT_WRITE;
	return strcmp(word, "r") == 0 ? PROT_READ : PROT_NONE;
}

static long do_open(struct words *words)
{
	int *fd = file(words->at[0]);

	*fd = open(words->at[2], file_flags(words->at[1]), 0666);
	return *fd < 0 ? -1 : 0;
}

static long do_reopen(struct words *words)
{
	snprintf(words->at[2], WORD_SIZE, "/proc/self/fd/%d",
		 *file(words->at[2]));
	return do_open(words);
}

static long do_close(struct words *words)
{
	return close(*file(words->at[0]));
}

static long do_pread(struct words *words)
{
	unsigned char byte;
	ssize_t res =
		pread(*file(words->at[0]), &byte, 1, number(words->at[1]));

	if (res == 0)
		return END_OF_FILE;
	return res < 0 ? -1 : byte;
}

static long do_pwrite(struct words *words)
{
	unsigned char byte = (unsigned char)number(words->at[2]);

	return pwrite(*file(words->at[0]), &byte, 1, number(words->at[1])) < 0 ?
		       -1 :
		       0;
}

static long do_read(struct words *words)
{
	int fd = *file(words->at[0]);
	ssize_t len;
	ssize_t i;

	if (*words->at[1])
		len = pread(fd, said, sizeof(said) - 1, number(words->at[1]));
	else
		len = read(fd, said, sizeof(said) - 1);
	if (len < 0)
		return -1;
	if (len == 0)
		return END_OF_FILE;
	said[len - (said[len - 1] == '\n')] = '\0';
	for (i = 0; i < len; i++)
		if (said[i] == '\n')
			said[i] = '/';
	return 0;
}

static void on_alarm(int signo)
{
	(void)signo;
}

/* More than one, as the first can come before the read waits. */
static long do_signalled(struct words *words)
{
	const struct itimerval often = { { 0, 50000 }, { 0, 50000 } };
	const struct itimerval never = { 0 };
	struct sigaction action = { .sa_handler = on_alarm };
	long res;
	int err;

	sigaction(SIGALRM, &action, NULL);
	setitimer(ITIMER_REAL, &often, NULL);
	res = do_read(words);
	err = errno;
	setitimer(ITIMER_REAL, &never, NULL);
	errno = err;
	return res;
}

static long do_write(struct words *words)
{
	size_t len = strlen(words->at[1]);
	size_t i;

	for (i = 0; i < len; i++)
		if (words->at[1][i] == '_')
			words->at[1][i] = ' ';
	words->at[1][len] = '\n';
	return write(*file(words->at[0]), words->at[1], len + 1) < 0 ? -1 : 0;
}

static long do_seek(struct words *words)
{
	return lseek(*file(words->at[0]), number(words->at[2]),
		     strcmp(words->at[1], "data") == 0 ? SEEK_DATA : SEEK_HOLE);
}

static long do_punch(struct words *words)
{
	off_t off = 0;
	off_t len = PAGE;

	if (*words->at[1]) {
		off = number(words->at[1]);
		len = number(words->at[2]);
	}
	return fallocate(*file(words->at[0]),
			 FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, off, len);
}

static long do_tty(struct words *words)
{
	return isatty(*file(words->at[0])) ? 0 : -1;
}

static long do_owner(struct words *words)
{
	uint32_t owner;

	if (ioctl(*file(words->at[0]), MAPFS_IOC_OWNER, &owner) < 0)
		return -1;
	return owner;
}

static long do_leave(struct words *words)
{
	return ioctl(*file(words->at[0]), MAPFS_IOC_LEAVE);
}

static long do_temporary(struct words *words)
{
	uint32_t on = (uint32_t)number(words->at[1]);

	return ioctl(*file(words->at[0]), MAPFS_IOC_TEMPORARY, &on);
}

static long do_call(struct words *words)
{
	struct {
		struct mapfs_call call;
		unsigned char bytes[64];
	} at = { .call.op = (uint32_t)number(words->at[1]) };
	size_t size = sizeof(at.call) + (size_t)number(words->at[2]);

	return ioctl(*file(words->at[0]), MAPFS_IOC_CALL(size), &at);
}

static long do_truncate(struct words *words)
{
	return ftruncate(*file(words->at[0]), number(words->at[1]));
}

static long do_map(struct words *words)
{
	int flags = *words->at[3] ? MAP_PRIVATE : MAP_SHARED;
	void *base = mmap(NULL, PAGE, prot_flags(words->at[2]), flags,
			  *file(words->at[1]), 0);

	if (base == MAP_FAILED)
		return -1;
	*map(words->at[0]) = base;
	return 0;
}

static long do_protect(struct words *words)
{
	return mprotect(*map(words->at[0]), PAGE, prot_flags(words->at[1]));
}

static long do_unmap(struct words *words)
{
	return munmap(*map(words->at[0]), PAGE);
}

static long do_load(struct words *words)
{
	volatile unsigned char *base = *map(words->at[0]);

	return base[number(words->at[1])];
}

static long do_store(struct words *words)
{
	volatile unsigned char *base = *map(words->at[0]);

	base[number(words->at[1])] = (unsigned char)number(words->at[2]);
	return 0;
}

static long do_mem(struct words *words)
{
	unsigned char byte = (unsigned char)number(words->at[2]);
	uintptr_t at = (uintptr_t)(*map(words->at[0]) + number(words->at[1]));
	int fd = open("/proc/self/mem", O_RDWR);
	ssize_t res;

	if (fd < 0)
		return -1;
	res = pwrite(fd, &byte, 1, (off_t)at);
	close(fd);
	return res < 0 ? -1 : 0;
}

static long do_add(struct words *words)
{
	uint64_t *at =
		(uint64_t *)(void *)(*map(words->at[0]) + number(words->at[1]));
	long count;

	for (count = number(words->at[2]); count; count--)
		__atomic_fetch_add(at, 1, __ATOMIC_RELAXED);
	return 0;
}

/* The child keeps files and mappings until it is killed, or we are gone. */
static long do_fork(struct words *words)
{
	pid_t pid = fork();

	(void)words;
	if (pid == 0)
		prctl(PR_SET_PDEATHSIG, SIGKILL);
	while (pid == 0)
		pause();
	return pid;
}

static long do_user(struct words *words)
{
	uid_t uid = (uid_t)number(words->at[0]);

	return setresuid(uid, uid, uid);
}

static const struct verb {
	const char *name;
	long (*run)(struct words *words); /* -1 and errno */
	int answers;			  /* with its result */
} verbs[] = {
	{ "open", do_open, 0 },
	{ "reopen", do_reopen, 0 },
	{ "close", do_close, 0 },
	{ "pread", do_pread, 1 },
	{ "pwrite", do_pwrite, 0 },
	{ "punch", do_punch, 0 },
	{ "truncate", do_truncate, 0 },
	{ "map", do_map, 0 },
	{ "protect", do_protect, 0 },
	{ "unmap", do_unmap, 0 },
	{ "load", do_load, 1 },
	{ "store", do_store, 0 },
	{ "mem", do_mem, 0 },
	{ "add", do_add, 0 },
	{ "fork", do_fork, 1 },
	{ "read", do_read, 0 },
	{ "write", do_write, 0 },
	{ "seek", do_seek, 1 },
	{ "tty", do_tty, 0 },
	{ "owner", do_owner, 1 },
	{ "leave", do_leave, 0 },
	{ "temporary", do_temporary, 0 },
	{ "call", do_call, 0 },
	{ "user", do_user, 0 },
	{ "signalled", do_signalled, 0 },
};

static const struct verb *find(const char *name)
{
	size_t i;

	for (i = 0; i < sizeof(verbs) / sizeof(verbs[0]); i++)
		if (strcmp(verbs[i].name, name) == 0)
			return &verbs[i];
	return NULL;
}

static void run(const struct verb *verb, struct words *words)
{
	int signo = sigsetjmp(fault, 1);
	long res;

	if (signo) {
		puts(signo == SIGBUS ? "SIGBUS" : "SIGSEGV");
		return;
	}
	res = verb->run(words);
	if (res < 0)
		puts(strerror(errno));
	else if ((verb->run == do_pread || verb->run == do_read) &&
		 res == END_OF_FILE)
		puts("end");
	else if (verb->run == do_read)
		puts(said);
	else if (verb->answers)
		printf("%ld\n", res);
	else
		puts("ok");
}

int main(void)
{
	const struct verb *verb;
	char name[WORD_SIZE];
	char line[2048];
	struct words words;

	setvbuf(stdout, NULL, _IOLBF, 0);
	signal(SIGSEGV, on_fault);
	signal(SIGBUS, on_fault);
	while (fgets(line, sizeof(line), stdin)) {
		memset(&words, 0, sizeof(words));
		if (sscanf(line, "%255s %255s %255s %255s %255s", name,
			   words.at[0], words.at[1], words.at[2],
			   words.at[3]) < 1 ||
		    strcmp(name, "quit") == 0)
			break;
		verb = find(name);
		if (verb)
			run(verb, &words);
		else
			puts("no such command");
	}
	return 0;
}
