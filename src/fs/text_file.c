/* SPDX-License-Identifier: BSD-2-Clause */
#include "fs/text_file.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "fs/dir.h"
#include "fs/io.h"

int text_file_open(const struct call *call, struct text_file **filep)
{
	struct text_file *file = calloc(1, sizeof(*file));

	if (!file)
		return -ENOMEM;
	file->node = call->node;
	if (file->node.dir)
		dir_ref(file->node.dir);
	file->creds = call->creds;
	pthread_mutex_init(&file->lock, NULL);
	*filep = file;
	return 0;
}

void text_file_release(struct text_file *file)
{
	if (file->node.type->release)
		file->node.type->release(file);
	seq_release(&file->seq);
	lines_release(&file->lines);
	pthread_mutex_destroy(&file->lock);
	node_put(&file->node);
	free(file);
}

ssize_t text_file_read(struct text_file *file, void *buf, size_t size,
		       uint64_t off)
{
	ssize_t res;

	if (!file->node.type->show)
		return 0;
	pthread_mutex_lock(&file->lock);
	res = seq_read(&file->seq, file->node.type->show, file, buf, size,
		       off);
	pthread_mutex_unlock(&file->lock);
	return res;
}

struct line_call {
	struct text_file	*file;
	struct fmt_error	*error;
};

static int run_line(void *arg, const char *line, size_t len)
{
	struct line_call *call = arg;

	return call->file->node.type->line(call->file, line, len, call->error);
}

/* "hits/ctl: line 2: key: missing", whatever part of it there is. */
static void line_message(struct call *call, const struct text_file *file,
			 const struct fmt_error *error, int err)
{
	const struct node *node = &file->node;
	const char *type = node->type->name ? node->type->name : "entries";
	char name[MAP_NAME_LEN + 1] = "";

	if (node->dir) {
		dir_name(node->fs, node->dir, name);
		name[strlen(name) + 1] = '\0';
		name[strlen(name)] = '/';
	}
	fmt_fail(&call->error, -err, "%s%s: line %llu: %s", name, type,
		 (unsigned long long)file->lines.number,
		 error->msg[0] ? error->msg : strerror(-err));
}

ssize_t text_file_write(struct call *call, struct text_file *file,
			const char *buf, size_t size, uint64_t off)
{
	struct fmt_error error = { "" };
	struct line_call line = { file, &error };
	bool failed;
	ssize_t res;

	if (!file->node.type->line)
		return -EPERM;
	pthread_mutex_lock(&file->lock);
	failed = file->lines.err;
	/* The opener may have handed the file to another process. */
	file->creds = call->creds;
	io_sync(&file->node);
	res = lines_write(&file->lines, run_line, &line, buf, size, off,
			  file->node.type->line_max(file->node.map));
	io_sync(&file->node);
	/* A write after the one that failed has nothing to add. */
	if (res < 0 && !failed)
		line_message(call, file, &error, (int)res);
	pthread_mutex_unlock(&file->lock);
	return res;
}

int text_file_flush(struct call *call, struct text_file *file)
{
	struct fmt_error error = { "" };
	struct line_call line = { file, &error };
	int err = 0;

	pthread_mutex_lock(&file->lock);
	if (file->lines.len && !file->lines.err) {
		io_sync(&file->node);
		err = lines_flush(&file->lines, run_line, &line);
		io_sync(&file->node);
		if (err)
			line_message(call, file, &error, err);
	}
	pthread_mutex_unlock(&file->lock);
	return err;
}
