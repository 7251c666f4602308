# SPDX-License-Identifier: BSD-2-Clause
if HAVE_FUSE
bin_PROGRAMS += mapfs
endif

mapfs_SOURCES = \
	%D%/answer.c %D%/answer.h \
	%D%/attendant.c %D%/attendant.h \
	%D%/calls.c %D%/calls.h \
	%D%/creds.c %D%/creds.h \
	%D%/dir.c %D%/dir.h \
	%D%/file.h \
	%D%/file_values.c \
	%D%/file_create.c \
	%D%/file_ctl.c \
	%D%/file_dump.c \
	%D%/file_elements.c \
	%D%/file_entries.c \
	%D%/file_ids.c \
	%D%/file_maps.c \
	%D%/file_prefixes.c \
	%D%/file_records.c \
	%D%/file_region.c \
	%D%/file_stream.c \
	%D%/fs.h \
	%D%/io.c %D%/io.h \
	%D%/keep.c %D%/keep.h \
	%D%/keys.c %D%/keys.h \
	%D%/lines.c %D%/lines.h \
	%D%/main.c \
	%D%/messages.c %D%/messages.h \
	%D%/mount.c %D%/mount.h \
	%D%/namespace.c %D%/namespace.h \
	%D%/node.c %D%/node.h \
	%D%/ops.c %D%/ops.h \
	%D%/ops_file.c \
	%D%/ops_names.c \
	%D%/options.c %D%/options.h \
	%D%/passthrough.c %D%/passthrough.h \
	%D%/privileges.c %D%/privileges.h \
	%D%/reply.c %D%/reply.h \
	%D%/seq.c %D%/seq.h \
	%D%/space.c %D%/space.h \
	%D%/text_file.c %D%/text_file.h \
	%D%/waits.c %D%/waits.h
mapfs_CPPFLAGS = $(AM_CPPFLAGS)
mapfs_CFLAGS = $(AM_CFLAGS) $(FUSE_CFLAGS)
mapfs_LDADD = libfmt.a libcore.a $(FUSE_LIBS)
