# SPDX-License-Identifier: BSD-2-Clause
# Our maps beside the running kernel's, by bpf(2) itself.
check_PROGRAMS += %D%/kernel-array
TESTS += %D%/kernel-array

%C%_kernel_array_SOURCES = \
	%D%/kernel-array.c \
	%D%/bpf-subject.c %D%/bpf-subject.h
%C%_kernel_array_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)/tests
%C%_kernel_array_LDADD = tests/model/libmodel.a libcore.a
