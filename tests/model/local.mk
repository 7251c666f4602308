# SPDX-License-Identifier: BSD-2-Clause
# Random operations against an oracle; the parts serve tests/kernel as well.
check_LIBRARIES += %D%/libmodel.a

%C%_libmodel_a_SOURCES = \
	%D%/calls.c %D%/calls.h \
	%D%/core-subject.c %D%/subject.h \
	%D%/keys.c %D%/keys.h \
	%D%/lpm-steps.c %D%/lpm-steps.h \
	%D%/maps.c %D%/maps.h \
	%D%/oracle-bloom.c %D%/oracle-bloom.h \
	%D%/queue-steps.c %D%/queue-steps.h \
	%D%/rng.c %D%/rng.h \
	%D%/steps.c %D%/steps.h \
	%D%/tap.c %D%/tap.h \
	%D%/walk.c %D%/walk.h

model_tests = %D%/model-array %D%/model-bloom %D%/model-hash \
	%D%/model-lpm %D%/model-queue %D%/model-ring
check_PROGRAMS += $(model_tests)
TESTS += $(model_tests)

%C%_model_array_SOURCES = \
	%D%/model-array.c %D%/oracle-array.c %D%/oracle-array.h
%C%_model_array_LDADD = %D%/libmodel.a libcore.a

%C%_model_bloom_LDADD = %D%/libmodel.a libcore.a

%C%_model_hash_SOURCES = \
	%D%/model-hash.c %D%/oracle-hash.c %D%/oracle-hash.h
%C%_model_hash_LDADD = %D%/libmodel.a libcore.a

%C%_model_lpm_SOURCES = \
	%D%/model-lpm.c %D%/oracle-lpm.c %D%/oracle-lpm.h
%C%_model_lpm_LDADD = %D%/libmodel.a libcore.a

%C%_model_queue_SOURCES = \
	%D%/model-queue.c %D%/oracle-queue.c %D%/oracle-queue.h
%C%_model_queue_LDADD = %D%/libmodel.a libcore.a

%C%_model_ring_LDADD = %D%/libmodel.a libcore.a
