/* SPDX-License-Identifier: BSD-2-Clause */
#include "mount.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/wait.h>
#include <unistd.h>

#include "death/harness.h"

#define START_MS 10000
/* Threads that libfuse keeps, and that come and go besides. */
#define THREADS_SPARE 16u
/*
 * KiB that these may have: two buffers of 1 MiB each, and as much that malloc
 * keeps in their arenas.  What is lost is told by the blocks, at the end.
 */
#define MEMORY_SPARE (THREADS_SPARE * 4096u)

static struct fault *share_fault(const struct mount *mount)
{
	char path[96];
	void *shared = MAP_FAILED;
	int fd;

	snprintf(path, sizeof(path), "%s/fault", mount->dir);
	fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (fd >= 0 && ftruncate(fd, sizeof(struct fault)) == 0)
		shared = mmap(NULL, sizeof(struct fault),
			      PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	close(fd);
	return shared == MAP_FAILED ? NULL : shared;
}

/* Who may not have one has mounts that fusermount3 takes off. */
static bool own_namespace(void)
{
	return unshare(CLONE_NEWNS) < 0 ||
	       mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0;
}

int mount_init(struct mount *mount, const char *mapfs, const char *object)
{
	const char *tmp = getenv("TMPDIR");

	*mount = (struct mount){ .mapfs = mapfs, .object = object };
	if (!own_namespace())
		return -errno;
	snprintf(mount->dir, sizeof(mount->dir), "%.40s/mapfs-soak.XXXXXX",
		 tmp ? tmp : "/tmp");
	if (!mkdtemp(mount->dir))
		return -errno;
	snprintf(mount->path, sizeof(mount->path), "%s/mnt", mount->dir);
	if (mkdir(mount->path, 0755) < 0)
		return -errno;
	if (object) {
		mount->fault = share_fault(mount);
		if (!mount->fault)
			return -ENOMEM;
	}
	return 0;
}

void mount_release(struct mount *mount)
{
	char path[96];

	if (mount->fault)
		munmap(mount->fault, sizeof(*mount->fault));
	snprintf(path, sizeof(path), "%s/fault", mount->dir);
	unlink(path);
	rmdir(mount->path);
	rmdir(mount->dir);
}

/* ---------------------------------------------------------------- start */

static void exec_daemon(const struct mount *mount, int out, int err,
			pid_t parent)
{
	char shared[96];

	/* Ctrl-C is for us, who then end in order. */
	setpgid(0, 0);
	prctl(PR_SET_PDEATHSIG, SIGTERM);
	if (getppid() != parent || dup2(out, STDOUT_FILENO) < 0 ||
	    dup2(err, STDERR_FILENO) < 0)
		_exit(127);
	if (mount->object) {
		snprintf(shared, sizeof(shared), "%s/fault", mount->dir);
		setenv(FAULT_VARIABLE, shared, 1);
		setenv("LD_PRELOAD", mount->object, 1);
	}
	execl(mount->mapfs, mount->mapfs, "-f", "-o", mount->options,
	      mount->path, (char *)NULL);
	_exit(127);
}

/* What comes until a newline or the end; empty when nothing does. */
static void read_line(int fd, int timeout, char *line, size_t size)
{
	struct pollfd wait = { .fd = fd, .events = POLLIN };
	size_t len = 0;

	while (len < size - 1 && poll(&wait, 1, timeout) > 0 &&
	       read(fd, line + len, 1) == 1 && line[len] != '\n')
		len++;
	line[len] = '\0';
}

static void take_off(const struct mount *mount)
{
	char command[128];

	if (umount2(mount->path, MNT_DETACH) == 0 || errno != EPERM)
		return;
	snprintf(command, sizeof(command), "fusermount3 -uz %s", mount->path);
	if (system(command))
		complain("%s failed", command);
}

static bool is_mounted(const struct mount *mount)
{
	struct stat here, above;

	return stat(mount->path, &here) < 0 || stat(mount->dir, &above) < 0 ||
	       here.st_dev != above.st_dev;
}

bool mount_start(struct mount *mount, int *status, char *said, size_t size)
{
	pid_t parent = getpid();
	char line[256];
	const char *io;
	int out[2];
	int err[2];

	if (!mount->options[0])
		strcpy(mount->options, "io=auto");
	if (pipe2(out, O_CLOEXEC) < 0 || pipe2(err, O_CLOEXEC) < 0) {
		perror("pipe");
		exit(EXIT_FAILURE);
	}
	if (mount->fault)
		atomic_store(&mount->fault->blocks, 0);
	mount->pid = fork();
	if (mount->pid == 0)
		exec_daemon(mount, out[1], err[1], parent);
	close(out[1]);
	close(err[1]);
	mount->out = out[0];
	mount->err = err[0];
	read_line(mount->out, START_MS, line, sizeof(line));
	io = strstr(line, ": mounted, io=");
	if (io) {
		snprintf(mount->io, sizeof(mount->io), "%.15s", io + 14);
		return true;
	}
	read_line(mount->err, 100, said, size);
	if (waitpid(mount->pid, status, WNOHANG) != mount->pid) {
		sleep_us(100000);
		if (waitpid(mount->pid, status, WNOHANG) != mount->pid) {
			kill(mount->pid, SIGKILL);
			waitpid(mount->pid, status, 0);
		}
	}
	close(mount->out);
	close(mount->err);
	if (is_mounted(mount)) {
		complain("a daemon that did not start left a mount: %s", said);
		take_off(mount);
	}
	return false;
}

/* ---------------------------------------------------------------- end */

void mount_detach(struct mount *mount)
{
	take_off(mount);
}

static int daemon_status(const struct mount *mount)
{
	uint64_t end = now_us() + PATIENCE_US;
	int status;

	while (waitpid(mount->pid, &status, WNOHANG) == 0) {
		if (now_us() > end) {
			complain("the daemon does not end");
			kill(mount->pid, SIGKILL);
		}
		sleep_us(1000);
	}
	return status;
}

/*
 * Only at its end can the daemon's blocks be counted exactly: threads keep some
 * for later.
 */
static void check_blocks(struct mount *mount, uint32_t kept)
{
	uint32_t left = atomic_load(&mount->fault->blocks);

	if (!mount->ended) {
		mount->ended = true;
		mount->left = left;
	}
	if (left > mount->left + kept)
		complain("%u blocks of memory were not freed",
			 left - mount->left);
	if (atomic_load(&mount->fault->lost))
		complain("more blocks of memory than fault.so can count");
}

void mount_ended(struct mount *mount, uint32_t kept)
{
	int status = daemon_status(mount);
	char line[256];

	read_line(mount->err, 0, line, sizeof(line));
	if (WIFSIGNALED(status))
		complain("the daemon died: %s", strsignal(WTERMSIG(status)));
	else if (WEXITSTATUS(status) || line[0])
		complain("the daemon ended with status %d and said '%s'",
			 WEXITSTATUS(status), line);
	if (mount->fault)
		check_blocks(mount, kept);
	close(mount->out);
	close(mount->err);
}

void mount_stop(struct mount *mount)
{
	mount_detach(mount);
	mount_ended(mount, 0);
}

void mount_kill(struct mount *mount)
{
	kill(mount->pid, SIGKILL);
	daemon_status(mount);
	take_off(mount);
	close(mount->out);
	close(mount->err);
}

/* ---------------------------------------------------------------- usage */

static uint32_t count_files(pid_t pid, const char *what)
{
	char path[64];
	uint32_t count = 0;
	DIR *dir;

	snprintf(path, sizeof(path), "/proc/%d/%s", (int)pid, what);
	dir = opendir(path);
	while (dir && readdir(dir))
		count++;
	if (dir)
		closedir(dir);
	return count > 2 ? count - 2 : 0;
}

static uint32_t count_regions(pid_t pid)
{
	char line[512];
	uint32_t count = 0;
	FILE *file;

	snprintf(line, sizeof(line), "/proc/%d/maps", (int)pid);
	file = fopen(line, "re");
	while (file && fgets(line, sizeof(line), file))
		if (strstr(line, "/memfd:"))
			count++;
	if (file)
		fclose(file);
	return count;
}

static uint64_t anonymous_memory(pid_t pid)
{
	unsigned long long kib = 0;
	char line[256];
	FILE *file;

	snprintf(line, sizeof(line), "/proc/%d/status", (int)pid);
	file = fopen(line, "re");
	while (file && fgets(line, sizeof(line), file))
		if (sscanf(line, "RssAnon: %llu", &kib) == 1)
			break;
	if (file)
		fclose(file);
	return kib;
}

void mount_usage(const struct mount *mount, struct usage *usage)
{
	struct statvfs st = { 0 };

	statvfs(mount->path, &st);
	*usage = (struct usage){
		.fds = count_files(mount->pid, "fd"),
		.regions = count_regions(mount->pid),
		.threads = count_files(mount->pid, "task"),
		.anonymous = anonymous_memory(mount->pid),
		.charged = st.f_blocks - st.f_bfree,
	};
}

static const char *beyond(const struct usage *now, const struct usage *before)
{
	if (now->fds > before->fds)
		return "descriptors";
	if (now->regions > before->regions)
		return "mapped regions";
	if (now->threads > before->threads + THREADS_SPARE)
		return "threads";
	if (now->anonymous > before->anonymous + MEMORY_SPARE)
		return "memory";
	if (now->charged > before->charged)
		return "charged memory";
	return NULL;
}

void mount_settle(const struct mount *mount, const struct usage *before,
		  const char *when)
{
	uint64_t end = now_us() + PATIENCE_US / 4;
	struct usage now;
	const char *what;

	mount_usage(mount, &now);
	while ((what = beyond(&now, before)) && now_us() < end) {
		sleep_us(2000);
		mount_usage(mount, &now);
	}
	if (!what)
		return;
	complain("%s: more %s: %u fds, %u regions, %u threads, %llu KiB, "
		 "%llu charged; was %u, %u, %u, %llu, %llu",
		 when, what, now.fds, now.regions, now.threads,
		 (unsigned long long)now.anonymous,
		 (unsigned long long)now.charged, before->fds, before->regions,
		 before->threads, (unsigned long long)before->anonymous,
		 (unsigned long long)before->charged);
}
