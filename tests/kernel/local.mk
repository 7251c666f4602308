# SPDX-License-Identifier: BSD-2-Clause
# Our maps beside the running kernel's, by bpf(2) itself.
check_LIBRARIES += %D%/libkernel.a
KERNEL_LIBS = %D%/libkernel.a tests/model/libmodel.a libcore.a

%C%_libkernel_a_SOURCES = \
	%D%/bpf-subject.c %D%/bpf-subject.h \
	%D%/kernel.c %D%/kernel.h
%C%_libkernel_a_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)/tests

kernel_tests = %D%/kernel-array %D%/kernel-bloom %D%/kernel-hash \
	%D%/kernel-lpm %D%/kernel-of-maps %D%/kernel-queue %D%/kernel-ring
check_PROGRAMS += $(kernel_tests)
TESTS += $(kernel_tests)

%C%_kernel_array_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)/tests
%C%_kernel_array_LDADD = $(KERNEL_LIBS)
%C%_kernel_bloom_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)/tests
%C%_kernel_bloom_LDADD = $(KERNEL_LIBS)
%C%_kernel_hash_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)/tests
%C%_kernel_hash_LDADD = $(KERNEL_LIBS)
%C%_kernel_lpm_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)/tests
%C%_kernel_lpm_LDADD = $(KERNEL_LIBS)
%C%_kernel_of_maps_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)/tests
%C%_kernel_of_maps_LDADD = $(KERNEL_LIBS)
%C%_kernel_queue_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)/tests
%C%_kernel_queue_LDADD = $(KERNEL_LIBS)
%C%_kernel_ring_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)/tests
%C%_kernel_ring_LDADD = $(KERNEL_LIBS)
