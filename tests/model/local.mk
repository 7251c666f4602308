# SPDX-License-Identifier: BSD-2-Clause
# Random operations against an oracle; the parts serve tests/kernel as well.
check_LIBRARIES += %D%/libmodel.a

%C%_libmodel_a_SOURCES = \
	%D%/core-subject.c %D%/subject.h \
	%D%/rng.c %D%/rng.h \
	%D%/steps.c %D%/steps.h \
	%D%/tap.c %D%/tap.h

check_PROGRAMS += %D%/model-array
TESTS += %D%/model-array

%C%_model_array_SOURCES = %D%/model-array.c %D%/oracle.c %D%/oracle.h
%C%_model_array_LDADD = %D%/libmodel.a libcore.a
