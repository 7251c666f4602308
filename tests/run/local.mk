# SPDX-License-Identifier: BSD-2-Clause
# mapfs-run: programs of bpf(2) under it.  lib.sh says how the tests run.
check_PROGRAMS += %D%/client %D%/holder %D%/hostile

%C%_client_SOURCES = %D%/client.c %D%/client.h \
	%D%/client_btf.c \
	%D%/client_calls.c \
	%D%/client_files.c \
	%D%/client_main.c \
	%D%/client_slots.c \
	%D%/client_types.c %D%/client_types.h
%C%_holder_SOURCES = %D%/holder.c %D%/client.c %D%/client.h
%C%_hostile_SOURCES = %D%/hostile.c \
	%D%/beside.c \
	%D%/numbers.c \
	%D%/provided.c \
	%D%/client.c %D%/client.h \
	%D%/client_types.c %D%/client_types.h

run_tests = \
	%D%/bpftool.test \
	%D%/calls.test \
	%D%/go.test \
	%D%/libbpf.test \
	%D%/mount.test \
	%D%/names.test \
	%D%/process.test
TESTS += $(run_tests)
EXTRA_DIST += $(run_tests) %D%/lib.sh %D%/ebpf.go %D%/libbpf.c %D%/object.bpf.c
