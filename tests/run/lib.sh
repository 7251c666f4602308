# shellcheck shell=bash disable=SC2034,SC2154
# SPDX-License-Identifier: BSD-2-Clause
#
# What the tests of mapfs-run share: the results and commands of
# tests/fs/lib.sh, which see, but neither mounts nor namespaces.  A test is run
# as who runs it, and by root once more as the user $user_uid, with
# MAPFS_TEST_AGAIN set.
#
# Variables for the one who runs the tests:
#
#	MAPFS_RUN	the runner (default: mapfs-run in the current directory)
#	MAPFS_BUILD	where the helpers were built (default: .)
#
# A test finds $work, $who and $ctx as there, and
#
#	$run	the runner
#	$bin	a directory of programs: those of tests/run and tests/kernel
#	$src	the sources of tests/run
#	$bpf	true or false: does the kernel's own bpf(2) work for us, and as
#		the tests want it?

if [ -z "${MAPFS_RUN_WORK:-}" ]; then
	export MAPFS_TEST_STAGE=none
	# shellcheck source=tests/fs/lib.sh
	. "$(dirname "$0")/../fs/lib.sh"
	run=${MAPFS_RUN:-$PWD/mapfs-run}
	build=${MAPFS_BUILD:-$PWD}
	[ -x "$run" ] || skip_all "there is no $run"
	work=$(mktemp -d "${TMPDIR:-/tmp}/mapfs-test.XXXXXX") || exit 1
	trap 'rm -rf "$work"' EXIT
	trap 'exit 1' HUP INT TERM
	chmod 755 "$work"
	mkdir -p "$work/bin" "$work/tests/fs" "$work/tests/run" "$work/user" \
		"$work/root"
	# The build directory may be closed to others.
	cp "$run" "$work/bin/mapfs-run"
	find "$build/tests/run" "$build/tests/kernel" -maxdepth 1 -type f \
		-perm -100 ! -name '*.*' -exec cp {} "$work/bin/" \;
	cp "$here/../fs/lib.sh" "$work/tests/fs/"
	cp "$here"/*.[ch] "$here"/*.go "$here/lib.sh" "$0" "$work/tests/run/"
	chmod -R a+rX "$work/bin" "$work/tests"
	export MAPFS_RUN_WORK=$work MAPFS_TEST_STAGE=body
	body=$work/tests/run/${0##*/}
	shopt -s lastpipe
	{
		if [ "$(id -u)" -eq 0 ]; then
			chown "$user_uid:$user_uid" "$work/user"
			run_body env MAPFS_TEST_WORK="$work/root" \
				MAPFS_TEST_WHO=root bash "$body"
			run_body setpriv --reuid=$user_uid \
				--regid=$user_uid --clear-groups \
				--inh-caps=-all -- \
				env MAPFS_TEST_WORK="$work/user" \
				MAPFS_TEST_WHO=user MAPFS_TEST_AGAIN=1 \
				bash "$body"
		else
			run_body env MAPFS_TEST_WORK="$work/user" \
				MAPFS_TEST_WHO=user bash "$body"
		fi
	} | number
	exit
fi

# shellcheck source=tests/fs/lib.sh
. "$(dirname "$0")/../fs/lib.sh"
bin=$MAPFS_RUN_WORK/bin
src=$MAPFS_RUN_WORK/tests/run
run=$bin/mapfs-run

# The kernel's maps are compared with where it lets this user have them, and
# have a bpffs that nobody else sees.  A kernel whose answers are others says so
# in the tests of tests/kernel.
bpf=false
if [ "$(id -u)" -eq 0 ] &&
	unshare --mount --propagation private true 2>/dev/null; then
	OPS=1 "$bin/kernel-bloom" | grep -q '# SKIP' || bpf=true
fi

# report COMMAND...: results of a program, numbered or not, in this context;
# one that does not end well has failed.
report()
{
	local status line

	"$@" >"$work/report" 2>"$work/.err" </dev/null
	status=$?
	while IFS= read -r line; do
		case $line in
		'1..'*)	;;
		'ok '* | 'not ok '*)
			printf '%s - %s [%s]\n' "${line%%ok *}ok" \
				"${line#*- }" "$ctx"
			;;
		*)	printf '%s\n' "$line" ;;
		esac
	done <"$work/report"
	if [ $status -ne 0 ]; then
		fail "$(basename "$1") ends well"
		diag "status $status"
	fi
	diag_file "$work/.err"
}

# object.bpf.c, as $work/object.bpf.o; fails where there is no clang.
compile_object()
{
	local system

	# Where the system keeps the headers of its own machine.
	system=$("${CC:-cc}" -print-multiarch 2>/dev/null)
	clang -target bpf -O2 -g ${system:+-I"/usr/include/$system"} \
		-c "$src/object.bpf.c" -o "$work/object.bpf.o" 2>"$work/.err"
}
