# SPDX-License-Identifier: BSD-2-Clause
# Many threads and processes on one map: at work, killed, stopped, hostile.
# harness.h says how to run more of it.
check_LIBRARIES += %D%/libdeath.a
DEATH_INCLUDES = $(AM_CPPFLAGS) -I$(top_srcdir)/tests
DEATH_LIBS = %D%/libdeath.a tests/model/libmodel.a libcore.a

%C%_libdeath_a_SOURCES = \
	%D%/actor.c %D%/actor.h \
	%D%/capacity.c %D%/capacity.h \
	%D%/elems.c %D%/elems.h \
	%D%/exercise.c %D%/exercise.h \
	%D%/harness.c %D%/harness.h
%C%_libdeath_a_CPPFLAGS = $(DEATH_INCLUDES)

death_tests = \
	%D%/death \
	%D%/hostile \
	%D%/queues \
	%D%/rings \
	%D%/step \
	%D%/threads

check_PROGRAMS += $(death_tests)
TESTS += $(death_tests)

%C%_death_SOURCES = %D%/death.c
%C%_death_CPPFLAGS = $(DEATH_INCLUDES)
%C%_death_LDADD = $(DEATH_LIBS)

%C%_hostile_SOURCES = %D%/attack.c %D%/attack.h %D%/hostile.c
%C%_hostile_CPPFLAGS = $(DEATH_INCLUDES)
%C%_hostile_LDADD = $(DEATH_LIBS)

%C%_queues_SOURCES = \
	%D%/attack.c %D%/attack.h \
	%D%/queues.c \
	%D%/stepper.c %D%/stepper.h \
	%D%/team.c %D%/team.h
%C%_queues_CPPFLAGS = $(DEATH_INCLUDES)
%C%_queues_LDADD = $(DEATH_LIBS)

%C%_rings_SOURCES = %D%/rings.c
%C%_rings_CPPFLAGS = $(DEATH_INCLUDES)
%C%_rings_LDADD = $(DEATH_LIBS)

%C%_step_SOURCES = \
	%D%/rig.c %D%/rig.h \
	%D%/scene.c %D%/scene.h \
	%D%/step.c \
	%D%/stepper.c %D%/stepper.h
%C%_step_CPPFLAGS = $(DEATH_INCLUDES)
%C%_step_LDADD = $(DEATH_LIBS)

%C%_threads_SOURCES = \
	%D%/team.c %D%/team.h \
	%D%/threads.c %D%/threads.h \
	%D%/threads_room.c \
	%D%/threads_whole.c
%C%_threads_CPPFLAGS = $(DEATH_INCLUDES)
%C%_threads_LDADD = $(DEATH_LIBS)
