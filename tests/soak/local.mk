# SPDX-License-Identifier: BSD-2-Clause
# make soak: everything at once, no part of make check; soak.c says what it
# does and which variables it has.  faults is a part of both.
if HAVE_FUSE
SOAK_INCLUDES = $(AM_CPPFLAGS) -I$(top_srcdir)/tests
SOAK_LIBS = tests/death/libdeath.a tests/model/libmodel.a libmapfs.a libcore.a

# Loaded into the daemon, so it is none of make install's; an rpath is what
# makes it a shared object.
check_LTLIBRARIES = %D%/fault.la
%C%_fault_la_SOURCES = %D%/fault.c %D%/fault.h
%C%_fault_la_LDFLAGS = -module -avoid-version -shared -rpath /nowhere
%C%_fault_la_LIBADD = -ldl

check_PROGRAMS += %D%/faults
%C%_faults_SOURCES = \
	%D%/faults.c \
	%D%/mount.c %D%/mount.h \
	%D%/types.c %D%/types.h
%C%_faults_CPPFLAGS = $(SOAK_INCLUDES)
%C%_faults_LDADD = $(SOAK_LIBS)

EXTRA_PROGRAMS += %D%/soak
CLEANFILES += %D%/soak$(EXEEXT)
%C%_soak_SOURCES = \
	%D%/mount.c %D%/mount.h \
	%D%/roles.c %D%/roles.h \
	%D%/soak.c \
	%D%/types.c %D%/types.h \
	tests/death/attack.c tests/death/attack.h
%C%_soak_CPPFLAGS = $(SOAK_INCLUDES)
%C%_soak_LDADD = $(SOAK_LIBS)

TESTS += %D%/faults.test

soak: %D%/soak$(EXEEXT) %D%/faults$(EXEEXT) %D%/fault.la mapfs$(EXEEXT)
	./%D%/faults$(EXEEXT) ./mapfs$(EXEEXT) %D%/.libs/fault.so thorough
	./%D%/soak$(EXEEXT) ./mapfs$(EXEEXT) %D%/.libs/fault.so
else
soak:
	@echo 'there is no libfuse, so nothing to mount' >&2; exit 1
endif
EXTRA_DIST += %D%/faults.test
