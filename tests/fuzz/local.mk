# SPDX-License-Identifier: BSD-2-Clause
# A fuzz target for each parser and for attaching to a table, see fuzz.h.
FUZZ_TARGETS = \
	%D%/fuzz-attach \
	%D%/fuzz-btf \
	%D%/fuzz-command \
	%D%/fuzz-spec \
	%D%/fuzz-value

FUZZ_INCLUDES = $(AM_CPPFLAGS) -I$(top_srcdir)/tests
FUZZ_LINK = $(AM_LDFLAGS) $(FUZZ_CFLAGS)
FUZZ_SECONDS = 30

if FUZZING
EXTRA_PROGRAMS += $(FUZZ_TARGETS)
CLEANFILES += $(FUZZ_TARGETS)
FUZZ_LIBS = libfmt.a libcore.a

fuzz: $(FUZZ_TARGETS)
	@set -e; corpus=`mktemp -d`; trap 'rm -rf "$$corpus"' 0; \
	for target in $(FUZZ_TARGETS); do \
		name=`basename $$target | sed 's/^fuzz-//'`; \
		mkdir "$$corpus/$$name"; \
		cp $(top_srcdir)/%D%/seeds/$$name/* "$$corpus/$$name"; \
		./$$target -max_total_time=$(FUZZ_SECONDS) -max_len=4096 \
			-timeout=10 -artifact_prefix=$$target- \
			-dict=$(top_srcdir)/%D%/$$name.dict \
			"$$corpus/$$name"; \
	done
else
check_PROGRAMS += $(FUZZ_TARGETS)
TESTS += $(FUZZ_TARGETS)
check_LIBRARIES += %D%/libstandalone.a
FUZZ_LIBS = %D%/libstandalone.a libfmt.a libcore.a tests/model/libmodel.a

fuzz:
	@echo 'this build has no fuzzer: configure CC=clang --enable-fuzzing' \
		'--enable-sanitizers' >&2; exit 1
endif

%C%_libstandalone_a_SOURCES = %D%/standalone.c %D%/fuzz.h
%C%_libstandalone_a_CPPFLAGS = $(FUZZ_INCLUDES)

%C%_fuzz_attach_SOURCES = \
	%D%/fuzz-attach.c %D%/fuzz.h \
	tests/death/exercise.c tests/death/exercise.h
%C%_fuzz_attach_CPPFLAGS = $(FUZZ_INCLUDES)
%C%_fuzz_attach_LDFLAGS = $(FUZZ_LINK)
%C%_fuzz_attach_LDADD = $(FUZZ_LIBS) tests/model/libmodel.a

%C%_fuzz_btf_SOURCES = \
	%D%/fuzz-btf.c %D%/fuzz.h \
	src/run/btf.c src/run/btf.h \
	src/run/btf_fields.c \
	src/run/btf_resolve.c src/run/btf_type.h
%C%_fuzz_btf_CPPFLAGS = $(FUZZ_INCLUDES)
%C%_fuzz_btf_LDFLAGS = $(FUZZ_LINK)
%C%_fuzz_btf_LDADD = $(FUZZ_LIBS)

%C%_fuzz_command_SOURCES = %D%/fuzz-command.c %D%/fuzz.h
%C%_fuzz_command_CPPFLAGS = $(FUZZ_INCLUDES)
%C%_fuzz_command_LDFLAGS = $(FUZZ_LINK)
%C%_fuzz_command_LDADD = $(FUZZ_LIBS)

%C%_fuzz_spec_SOURCES = %D%/fuzz-spec.c %D%/fuzz.h
%C%_fuzz_spec_CPPFLAGS = $(FUZZ_INCLUDES)
%C%_fuzz_spec_LDFLAGS = $(FUZZ_LINK)
%C%_fuzz_spec_LDADD = $(FUZZ_LIBS)

%C%_fuzz_value_SOURCES = %D%/fuzz-value.c %D%/fuzz.h
%C%_fuzz_value_CPPFLAGS = $(FUZZ_INCLUDES)
%C%_fuzz_value_LDFLAGS = $(FUZZ_LINK)
%C%_fuzz_value_LDADD = $(FUZZ_LIBS)

EXTRA_DIST += \
	%D%/seeds \
	%D%/attach.dict \
	%D%/btf.dict \
	%D%/command.dict \
	%D%/spec.dict \
	%D%/value.dict
