/* SPDX-License-Identifier: BSD-2-Clause */
#include "fs/text_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "fs/dir.h"
#include "fs/io.h"

/*
 * The struct that a thread released last, for its next open: opening a file
 * then allocates nothing.
 */
static pthread_key_t spare_key;
static pthread_once_t spare_once = PTHREAD_ONCE_INIT;

static void spare_make_key(void)
{
	pthread_key_create(&spare_key, free);
}

static struct fs_files *files_of(const struct node *node)
{
	return node->dir ? &node->dir->files : &node->fs->files;
}

static void files_add(struct fs_files *files, struct text_file *file)
{
	pthread_mutex_lock(&files->lock);
	file->next = files->first;
	file->prev = &files->first;
	if (file->next)
		file->next->prev = &file->next;
	files->first = file;
	pthread_mutex_unlock(&files->lock);
}

static void files_remove(struct fs_files *files, struct text_file *file)
{
	pthread_mutex_lock(&files->lock);
	*file->prev = file->next;
	if (file->next)
		file->next->prev = file->prev;
	pthread_mutex_unlock(&files->lock);
}

void text_files_release(struct fs_files *files)
{
	while (files->first)
		text_file_release(files->first);
}

/*
 * The flags of open(2) as those of an update.  O_CREAT comes with CREATE
 * alone: to OPEN, of what is there, '>' in a shell is O_TRUNC.
 */
static uint64_t update_flags(int flags)
{
	if (!(flags & O_CREAT))
		return flags & O_TRUNC ? BPF_ANY : BPF_EXIST;
	return flags & O_EXCL ? BPF_NOEXIST : BPF_ANY;
}

int text_file_open(struct call *call, const struct node *node, int flags,
		   struct text_file **filep)
{
	const struct charge open = { &call->fs->opens, call->creds.uid, 1 };
	struct text_file *file;
	int err = charge_take(&open);

	if (err)
		return fmt_fail(&call->error, err == -EPERM ? EMFILE : -err,
				"uid %u has %u text files open",
				call->creds.uid, FS_OPENS_USER);
	pthread_once(&spare_once, spare_make_key);
	file = pthread_getspecific(spare_key);
	if (file)
		pthread_setspecific(spare_key, NULL);
	else
		file = malloc(sizeof(*file));
	if (!file) {
		charge_give(&open);
		return -ENOMEM;
	}
	memset(file, 0, sizeof(*file));
	file->open = open;
	file->node = *node;
	if (file->node.dir)
		dir_ref(file->node.dir);
	file->creds = call->creds;
	file->opener = call->creds.pid;
	file->readable = (flags & O_ACCMODE) != O_WRONLY;
	file->writable = (flags & O_ACCMODE) != O_RDONLY;
	file->flags = update_flags(flags);
	pthread_mutex_init(&file->lock, NULL);
	files_add(files_of(&file->node), file);
	*filep = file;
	return 0;
}

void text_file_release(struct text_file *file)
{
	files_remove(files_of(&file->node), file);
	charge_give(&file->open);
	if (file->node.type->release)
		file->node.type->release(file);
	seq_release(&file->seq);
	lines_release(&file->lines);
	answer_release(&file->answer);
	pthread_mutex_destroy(&file->lock);
	node_put(&file->node);
	if (pthread_getspecific(spare_key) ||
	    pthread_setspecific(spare_key, file))
		free(file);
}

void text_files_truncated(const struct call *call)
{
	const struct node *node = &call->node;
	struct fs_files *files = files_of(node);
	struct text_file *file;

	if (node->fs->io != IO_CACHED)
		return;
	pthread_mutex_lock(&files->lock);
	for (file = files->first; file; file = file->next)
		if (file->node.type == node->type &&
		    file->node.index == node->index &&
		    file->opener == call->creds.pid)
			break;
	/* The first is the one opened last. */
	if (file)
		file->flags = BPF_ANY;
	pthread_mutex_unlock(&files->lock);
}

/*
 * "hits/dump: line 2: key: missing", or without the line where nothing was
 * written.
 */
static void file_message(struct call *call, const struct text_file *file,
			 int err, bool with_line)
{
	const struct node *node = &file->node;
	const struct file_type *named =
		node->type->name ? node->type : file_types[node->type->in];
	const char *why = file->error.msg[0] ? file->error.msg : strerror(-err);
	char name[MAP_NAME_LEN] = "";
	const char *slash = "";

	if (node->dir) {
		dir_name(node->dir, name);
		slash = "/";
	}
	if (with_line)
		fmt_fail(&call->error, -err, "%s%s%s: line %llu: %s", name,
			 slash, named->name,
			 (unsigned long long)file->lines.number, why);
	else
		fmt_fail(&call->error, -err, "%s%s%s: %s", name, slash,
			 named->name, why);
}

ssize_t text_file_read(struct call *call, struct text_file *file, void *buf,
		       size_t size, uint64_t off)
{
	const struct file_type *type = file->node.type;
	ssize_t res = 0;
	size_t len;

	pthread_mutex_lock(&file->lock);
	file->error.msg[0] = '\0';
	if (type->await)
		res = type->await(file, &file->error);
	if (res)
		;
	else if (answer_read(&file->answer, buf, size, off, &len))
		res = (ssize_t)len;
	else if (type->show)
		res = seq_read(&file->seq, type->show, file, buf, size, off);
	if (res < 0 && res != -EAGAIN)
		file_message(call, file, (int)res, false);
	pthread_mutex_unlock(&file->lock);
	return res;
}

static int run_line(void *arg, const char *line, size_t len)
{
	struct text_file *file = arg;

	file->error.msg[0] = '\0';
	return file->node.type->line(file, line, len, &file->error);
}

ssize_t text_file_write(struct call *call, struct text_file *file,
			const char *buf, size_t size, uint64_t off)
{
	bool failed;
	ssize_t res;
	size_t max;

	if (!file->node.type->line)
		return -EPERM;
	max = file->node.type->line_max(file->node.map);
	pthread_mutex_lock(&file->lock);
	failed = file->lines.err;
	/* The opener may have handed the file to another process. */
	file->creds = call->creds;
	file->umask = -1;
	file->error.msg[0] = '\0';
	answer_settle(&file->answer, off);
	io_sync(&file->node);
	res = lines_write(&file->lines, run_line, file, buf, size, off, max);
	io_sync(&file->node);
	/* What lines_write says by itself. */
	if (res == -EFBIG && !file->error.msg[0])
		fmt_fail(&file->error, EFBIG, "longer than %zu bytes", max);
	if (res == -EINVAL && !file->error.msg[0])
		fmt_fail(&file->error, EINVAL, "not continued where it ended");
	/* A write after the one that failed has nothing to add. */
	if (res < 0 && !failed)
		file_message(call, file, (int)res, true);
	pthread_mutex_unlock(&file->lock);
	return res;
}

int text_file_flush(struct call *call, struct text_file *file)
{
	int err = 0;

	pthread_mutex_lock(&file->lock);
	if (file->lines.len && !file->lines.err) {
		io_sync(&file->node);
		err = lines_flush(&file->lines, run_line, file);
		io_sync(&file->node);
		if (err)
			file_message(call, file, err, true);
	}
	pthread_mutex_unlock(&file->lock);
	return err;
}

int text_file_ioctl(struct call *call, struct text_file *file, unsigned int cmd,
		    void *buf, size_t in, size_t *size)
{
	int err;

	pthread_mutex_lock(&file->lock);
	err = file->node.type->ioctl(file, &call->creds, cmd, buf, in, size,
				     &call->error);
	pthread_mutex_unlock(&file->lock);
	return err;
}
