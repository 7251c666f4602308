# SPDX-License-Identifier: BSD-2-Clause
bin_PROGRAMS += mapfs-run

mapfs_run_SOURCES = \
	%D%/child.c %D%/child.h \
	%D%/command.c %D%/command.h \
	%D%/command_batch.c \
	%D%/command_btf.c \
	%D%/command_element.c \
	%D%/command_id.c \
	%D%/command_map.c \
	%D%/command_pin.c \
	%D%/filter.c %D%/filter.h \
	%D%/main.c \
	%D%/memory.c %D%/memory.h \
	%D%/object.c %D%/object.h \
	%D%/path.c %D%/path.h \
	%D%/place.c %D%/place.h \
	%D%/probe.h \
	%D%/probe_fd.c \
	%D%/probe_names.c \
	%D%/run.h \
	%D%/serve.c %D%/serve.h \
	%D%/syscalls.c %D%/syscalls.h \
	%D%/tables.c %D%/tables.h
mapfs_run_LDADD = libcore.a
