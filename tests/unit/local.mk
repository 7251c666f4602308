# SPDX-License-Identifier: BSD-2-Clause
# The unit tests: a program for each module, see unit.h.
if HAVE_CHECK
UNIT_TESTS = \
	%D%/test-array-file \
	%D%/test-array-mmap \
	%D%/test-array \
	%D%/test-charge \
	%D%/test-command \
	%D%/test-element \
	%D%/test-idr \
	%D%/test-map-batch \
	%D%/test-map-create \
	%D%/test-map-freeze \
	%D%/test-map \
	%D%/test-region-seal \
	%D%/test-region \
	%D%/test-spec \
	%D%/test-text \
	%D%/test-topology \
	%D%/test-value \
	%D%/test-word

check_PROGRAMS += $(UNIT_TESTS)
TESTS += $(UNIT_TESTS)
check_LIBRARIES += %D%/libunit.a

AM_CFLAGS += $(CHECK_CFLAGS)
UNIT_LIBS = %D%/libunit.a libfmt.a libcore.a $(CHECK_LIBS)

%C%_libunit_a_SOURCES = %D%/shapes.c %D%/shapes.h %D%/unit.c %D%/unit.h
%C%_test_array_file_LDADD = $(UNIT_LIBS)
%C%_test_array_mmap_LDADD = $(UNIT_LIBS)
%C%_test_array_LDADD = $(UNIT_LIBS)
%C%_test_charge_LDADD = $(UNIT_LIBS)
%C%_test_command_LDADD = $(UNIT_LIBS)
%C%_test_element_LDADD = $(UNIT_LIBS)
%C%_test_idr_LDADD = $(UNIT_LIBS)
%C%_test_map_batch_LDADD = $(UNIT_LIBS)
%C%_test_map_create_LDADD = $(UNIT_LIBS)
%C%_test_map_freeze_LDADD = $(UNIT_LIBS)
%C%_test_map_LDADD = $(UNIT_LIBS)
%C%_test_region_seal_LDADD = $(UNIT_LIBS)
%C%_test_region_LDADD = $(UNIT_LIBS)
%C%_test_spec_LDADD = $(UNIT_LIBS)
%C%_test_text_LDADD = $(UNIT_LIBS)
%C%_test_topology_LDADD = $(UNIT_LIBS)
%C%_test_value_LDADD = $(UNIT_LIBS)
%C%_test_word_LDADD = $(UNIT_LIBS)
endif
