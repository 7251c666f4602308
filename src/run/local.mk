# SPDX-License-Identifier: BSD-2-Clause
bin_PROGRAMS += mapfs-run

mapfs_run_SOURCES = \
	%D%/btf.c %D%/btf.h \
	%D%/btf_fields.c \
	%D%/btf_resolve.c %D%/btf_type.h \
	%D%/child.c %D%/child.h \
	%D%/command.c %D%/command.h \
	%D%/command_batch.c \
	%D%/command_btf.c \
	%D%/command_element.c \
	%D%/command_id.c \
	%D%/command_map.c \
	%D%/command_pin.c \
	%D%/fields.c %D%/fields.h \
	%D%/filter.c %D%/filter.h \
	%D%/main.c \
	%D%/memory.c %D%/memory.h \
	%D%/mount.c %D%/mount.h \
	%D%/object.c %D%/object.h \
	%D%/path.c %D%/path.h \
	%D%/place.c %D%/place.h \
	%D%/probe.h \
	%D%/probe_fd.c \
	%D%/probe_names.c \
	%D%/probe_stat.c \
	%D%/remote.c %D%/remote.h \
	%D%/run.h \
	%D%/serve.c %D%/serve.h \
	%D%/status.c %D%/status.h \
	%D%/syscalls.c %D%/syscalls.h \
	%D%/tables.c %D%/tables.h
# And the library from its sources, for what is inside.
mapfs_run_SOURCES += \
	src/lib/batch.c \
	src/lib/elements.c \
	src/lib/files.c \
	src/lib/info.c \
	src/lib/inner.c \
	src/lib/lib.h \
	src/lib/mapfs.c \
	src/lib/process.c
mapfs_run_LDADD = libcore.a
