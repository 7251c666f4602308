# SPDX-License-Identifier: BSD-2-Clause
if HAVE_FUSE
bin_PROGRAMS += mapfs
endif

mapfs_SOURCES = \
	%D%/dir.c %D%/dir.h \
	%D%/file.h \
	%D%/file_create.c \
	%D%/file_ctl.c \
	%D%/file_dump.c \
	%D%/file_elements.c \
	%D%/file_entries.c \
	%D%/file_maps.c \
	%D%/fs.h \
	%D%/io.c %D%/io.h \
	%D%/lines.c %D%/lines.h \
	%D%/main.c \
	%D%/messages.c %D%/messages.h \
	%D%/mount.c %D%/mount.h \
	%D%/namespace.c %D%/namespace.h \
	%D%/node.c %D%/node.h \
	%D%/ops.c %D%/ops.h \
	%D%/options.c %D%/options.h \
	%D%/passthrough.c %D%/passthrough.h \
	%D%/reply.c %D%/reply.h \
	%D%/seq.c %D%/seq.h \
	%D%/text_file.c %D%/text_file.h
mapfs_CPPFLAGS = $(AM_CPPFLAGS)
mapfs_CFLAGS = $(AM_CFLAGS) $(FUSE_CFLAGS)
mapfs_LDADD = libfmt.a libcore.a $(FUSE_LIBS)
