# shellcheck shell=bash
# SPDX-License-Identifier: BSD-2-Clause
#
# What the end-to-end tests share.  A test sources this file first and is then
# run once for each kind of user, as $who says:
#
#	root	in mount and pid namespaces of its own, so that no mount and no
#		process can outlive it
#	user	without any privilege: the caller, or when root runs the tests
#		the user $user_uid, in the same namespaces
#
# A test that is for one of them only says who="root" or who="user" before it
# sources this file, and one of what is alike for both alike=yes.  It prints its
# results with the functions below, unnumbered: the outermost shell numbers them
# and prints the plan last.
#
# Variables for the one who runs the tests:
#
#	MAPFS		the daemon (default: mapfs in the current directory)
#	MAPFS_HELPERS	directory of the programs the tests use (default: tests/fs)
#	MAPFS_MODES	the ways of io= to go through, of those that the user
#			can have (default: all)
#	MAPFS_SCALE	percent of the default counts in what takes long (100);
#			below 100 what is alike for both users is run as one,
#			below 10 everything is
#	MAPFS_TIMEOUT	seconds after which a test is ended (1200)
#
# A test finds:
#
#	$work	a directory of its own; $mnt in it is where start mounts
#	$who	see above
#	$modes	the ways of io= to try, the best that this user can have first
#	$ctx	appended to the name of every result

set -u
export LC_ALL=C
umask 022

user_uid=54321
other_uid=54322

# ---------------------------------------------------------------- results

pass()
{
	echo "ok - $1${ctx:+ [$ctx]}"
}

fail()
{
	echo "not ok - $1${ctx:+ [$ctx]}"
}

skip()
{
	echo "ok - $1${ctx:+ [$ctx]} # SKIP $2"
}

diag()
{
	printf '%s\n' "$*" | sed 's/^/# /'
}

# The first lines of a file, as diagnostics.
diag_file()
{
	head -n 20 "$1" | cut -c 1-200 | tr -c '[:print:]\n\t' '?' |
		sed "s|^|# ${1##*/}: |"
}

# ok NAME COMMAND...: it succeeds.
ok()
{
	local name=$1 status

	shift
	"$@" >"$work/.out" 2>"$work/.err"
	status=$?
	if [ $status -eq 0 ]; then
		pass "$name"
	else
		fail "$name"
		diag "status $status of: $*"
		diag_file "$work/.out"
		diag_file "$work/.err"
	fi
	return $status
}

# is NAME GOT WANT: equal strings.
is()
{
	if [ "$2" = "$3" ]; then
		pass "$1"
		return 0
	fi
	fail "$1"
	diag " got: ${2:0:400}"
	diag "want: ${3:0:400}"
	return 1
}

# like NAME GOT REGEX: an extended regular expression that matches in it.
like()
{
	if [[ $2 =~ $3 ]]; then
		pass "$1"
		return 0
	fi
	fail "$1"
	diag " got: ${2:0:400}"
	diag "want: $3"
	return 1
}

# errno_text ERRNO: sets $text.
errno_text()
{
	case $1 in
	E2BIG)		text='Argument list too long' ;;
	EACCES)		text='Permission denied' ;;
	EAGAIN)		text='Resource temporarily unavailable' ;;
	EBADF)		text='Bad file descriptor' ;;
	EBUSY)		text='Device or resource busy' ;;
	ECONNABORTED)	text='Software caused connection abort' ;;
	EEXIST)		text='File exists' ;;
	EFBIG)		text='File too large' ;;
	EINTR)		text='Interrupted system call' ;;
	EINVAL)		text='Invalid argument' ;;
	EIO)		text='Input/output error' ;;
	EMFILE)		text='Too many open files' ;;
	EMLINK)		text='Too many links' ;;
	EMSGSIZE)	text='Message too long' ;;
	ENAMETOOLONG)	text='File name too long' ;;
	ENODEV)		text='No such device' ;;
	ENOENT)		text='No such file or directory' ;;
	ENOBUFS)	text='No buffer space available' ;;
	ENOMEM)		text='Cannot allocate memory' ;;
	ENOSPC)		text='No space left on device' ;;
	ENOTCONN)	text='Transport endpoint is not connected' ;;
	ENOTDIR)	text='Not a directory' ;;
	ENOTTY)		text='Inappropriate ioctl for device' ;;
	ENXIO)		text='No such device or address' ;;
	EOPNOTSUPP)	text='Operation not supported' ;;
	EPERM)		text='Operation not permitted' ;;
	ERANGE)		text='Numerical result out of range' ;;
	ETIMEDOUT)	text='Connection timed out' ;;
	EUCLEAN)	text='Structure needs cleaning' ;;
	EUSERS)		text='Too many users' ;;
	*)		text="errno_text: $1?" ;;
	esac
}

# Does the command fail, by itself and with this errno?  Its text is in .err.
# Processes are what tests take most of their time for: none but the command's.
fails_by()
{
	local said status text

	errno_text "$1"
	shift
	"$@" >"$work/.out" 2>"$work/.err"
	status=$?
	read -r -d '' said <"$work/.err"
	[ $status -ne 0 ] && [ $status -lt 128 ] && [[ $said = *"$text"* ]]
}

# fails_with ERRNO NAME COMMAND...: the user is told this errno.
fails_with()
{
	local errno=$1 name=$2

	shift 2
	if fails_by "$errno" "$@"; then
		pass "$name"
		return 0
	fi
	fail "$name"
	diag "want: failure with $errno of: $*"
	diag_file "$work/.out"
	diag_file "$work/.err"
	return 1
}

# refused ERRNO REGEX NAME COMMAND...: the same, and MNT/error says why, in
# one line that was not there before.
refused()
{
	local errno=$1 regex=$2 name=$3 message='' rest='' status

	shift 3
	{ true >"$mnt/an-old-message"; } 2>/dev/null
	fails_by "$errno" "$@"
	status=$?
	{ read -r message; read -r rest; } <"$mnt/error"
	if [ $status -eq 0 ]; then
		if [[ $message =~ $regex ]] && [ -z "$rest" ]; then
			pass "$name"
			return 0
		fi
		fail "$name"
		diag "want in error: $regex"
	else
		fail "$name"
		diag "want: failure with $errno of: $*"
	fi
	diag "error: $message $rest"
	diag_file "$work/.out"
	diag_file "$work/.err"
	return 1
}

# ---------------------------------------------------------------- commands

# put TEXT FILE, append TEXT FILE: as echo does it.
put()
{
	printf '%s\n' "$1" >"$2"
}

append()
{
	printf '%s\n' "$1" >>"$2"
}

# put_bytes FORMAT FILE: no newline; printf's escapes.
put_bytes()
{
	# shellcheck disable=SC2059
	printf "$1" >"$2"
}

# poke FILE BS INDEX FORMAT: record INDEX of BS bytes becomes printf's bytes.
poke()
{
	# shellcheck disable=SC2059
	printf "$4" | dd of="$1" bs="$2" seek="$3" conv=notrunc \
		iflag=fullblock status=none
}

# fetch FILE BS INDEX: record INDEX.  peek: as hex digits.
fetch()
{
	dd if="$1" bs="$2" skip="$3" count=1 status=none
}

peek()
{
	fetch "$@" | hex
}

hex()
{
	local bytes

	bytes=$(od -An -v -tx1)
	printf '%s' "${bytes//[[:space:]]/}"
}

# field FILE NAME: a field of an info file.
field()
{
	local lines line

	# At once: each 'read' would be a request to the daemon.
	mapfile -t lines <"$1"
	for line in "${lines[@]}"; do
		case $line in
		"$2:"*)
			printf '%s\n' "${line#*:$'\t'}"
			return
			;;
		esac
	done
}

# A test can always be cleaned up after, so this only says it in shell.
not()
{
	! "$@"
}

# wait_for COMMAND...: until it succeeds; false after about 20 seconds.
wait_for()
{
	local n=0

	until "$@"; do
		n=$((n + 1))
		[ $n -lt 1000 ] || return 1
		sleep 0.02
	done
}

# Is the process gone, with all its threads?  A zombie that nobody reaps is.
is_gone()
{
	! cat "/proc/$1"/task/*/stat 2>/dev/null | sed 's/.*) //' |
		grep -qv '^[ZX]'
}

is_mounted()
{
	grep -qF " $1 fuse" /proc/self/mounts
}

# Who is not root needs fusermount3's help.
unmount()
{
	if [ "$(id -u)" -eq 0 ]; then
		umount "$@"
	elif [ "$1" = -l ]; then
		fusermount3 -uz "$2"
	else
		fusermount3 -u "$1"
	fi
}

# as UID COMMAND...: root drops all that it has.
as()
{
	local uid=$1

	shift
	setpriv --reuid="$uid" --regid="$uid" --clear-groups \
		--inh-caps=-all -- "$@"
}

# ---------------------------------------------------------------- the daemon

# Every daemon this shell started and has not seen the end of.
daemons=

is_up()
{
	grep -q ': mounted, io=' "$work/daemon.out" || is_gone "$daemon"
}

# What start runs the daemon by, if anything.
launcher=()

# start [OPTIONS]: mount at $mnt; the daemon is our child $daemon.
start()
{
	mnt=$work/mnt
	mkdir -p "$mnt"
	: >"$work/daemon.out"
	"${launcher[@]}" env --default-signal=INT "$MAPFS" -f ${1:+-o "$1"} "$mnt" \
		>"$work/daemon.out" 2>"$work/daemon.err" &
	daemon=$!
	daemons="$daemons $daemon"
	if ! wait_for is_up || ! is_mounted "$mnt"; then
		fail "mount${1:+ -o $1}"
		diag_file "$work/daemon.out"
		diag_file "$work/daemon.err"
		return 1
	fi
}

# ended NAME: the daemon ends, and well.
ended()
{
	local status

	wait_for is_gone "$daemon" || kill -KILL "$daemon"
	wait "$daemon"
	status=$?
	daemons=${daemons% "$daemon"}
	if [ $status -eq 0 ] && [ ! -s "$work/daemon.err" ]; then
		pass "$1"
	else
		fail "$1"
		diag "the daemon's status: $status"
		diag_file "$work/daemon.err"
	fi
}

# stop: unmount.  Who still holds a file open is a bug of the test.
stop()
{
	if ! unmount "$mnt" 2>"$work/.err"; then
		fail "unmount"
		diag_file "$work/.err"
		unmount -l "$mnt"
	fi
	ended "the daemon ends well"
}

# create SPEC...: maps that the test needs.
create()
{
	printf '%s\n' "$@" >"$mnt/create" 2>"$work/.err" && return
	fail "create $*"
	diag_file "$work/.err"
	diag_file "$mnt/error"
}

# ---------------------------------------------------------------- clients

client_in=()
client_out=()
client_pid=()

# client N [PROGRAM]: start client N, a process that does what tell says.
client()
{
	local in=$work/client$1.in out=$work/client$1.out in_fd out_fd

	mkfifo "$in" "$out"
	exec {in_fd}<>"$in" {out_fd}<>"$out"
	client_in[$1]=$in_fd
	client_out[$1]=$out_fd
	"$MAPFS_HELPERS/${2:-client}" <"$in" >"$out" &
	client_pid[$1]=$!
}

# tell N COMMAND...: see client.c and table.c.  The answer is in $reply.
tell()
{
	local n=$1

	shift
	reply='no answer'
	echo "$*" >&"${client_in[$n]}"
	read -r -t 30 reply <&"${client_out[$n]}"
}

# told NAME WANT N COMMAND...: the answer, or the errno whose name WANT is.
told()
{
	local name=$1 want=$2 text

	shift 2
	case $want in
	E*)
		errno_text "$want"
		want=$text
		;;
	esac
	tell "$@"
	is "$name" "$reply" "$want"
}

client_end()
{
	local in=${client_in[$1]} out=${client_out[$1]}

	echo quit >&"$in"
	wait "${client_pid[$1]}"
	exec {in}>&- {out}<&-
	rm -f "$work/client$1.in" "$work/client$1.out"
}

# ---------------------------------------------------------------- odds and ends

# In a loop over $modes as $io: what neither the way of io= nor the user has a
# part in is seen once.
is_first()
{
	# shellcheck disable=SC2154
	[ "$io" = "${modes%% *}" ] && [ -z "${MAPFS_TEST_AGAIN:-}" ]
}

# Sanitizers change how much memory and time everything takes.
is_sanitized()
{
	grep -qE '__asan_init|__tsan_init' "$MAPFS"
}

# ---------------------------------------------------------------- stages

# Only what grows without bound in a test that hangs is worth the wait.
cleanup()
{
	local pid line fields

	trap '' EXIT HUP INT TERM
	for pid in $daemons $(jobs -p); do
		kill -KILL "$pid" 2>/dev/null
	done
	while read -r line; do
		read -ra fields <<<"$line"
		case ${fields[1]} in
		"$work"/*) unmount -l "${fields[1]}" 2>/dev/null ;;
		esac
	done </proc/self/mounts
	cd /
	[ -z "${MAPFS_TEST_OWN_WORK:-}" ] || rm -rf "$work"
}

# What a sanitizer had to say of the daemon or of a helper fails the test.
finish()
{
	local report

	ctx=$who
	for report in "$work"/sanitizer.*; do
		[ -e "$report" ] || continue
		fail "no report of a sanitizer"
		sed 's/^/# /' "$report" | head -n 60
		rm -f "$report"
	done
	echo "# done $who"
	exit 0
}

may_pass_through()
{
	local release major minor map caps

	read -ra map </proc/self/uid_map
	caps=$(sed -n 's/^CapEff:[[:space:]]*//p' /proc/self/status)
	release=$(uname -r)
	major=${release%%.*}
	minor=${release#*.}
	minor=${minor%%[!0-9]*}
	[ "${map[*]}" = "0 0 4294967295" ] &&
		[ $((0x$caps >> 21 & 1)) -eq 1 ] &&
		[ $((major * 1000 + minor)) -ge 6009 ]
}

# The first python3 that runs, and one with numpy rather than one without.
find_python()
{
	local candidate found=

	for candidate in python3 /usr/bin/python3; do
		"$candidate" -c 'import mmap' 2>/dev/null || continue
		candidate=$("$candidate" -c 'import sys; print(sys.executable)')
		if "$candidate" -c 'import numpy' 2>/dev/null; then
			echo "$candidate"
			return
		fi
		: "${found:=$candidate}"
	done
	echo "$found"
}

# choose_modes MODE...: those of $modes, in their order.
choose_modes()
{
	local mode chosen=

	for mode in $modes; do
		case " $* " in
		*" $mode "*) chosen+=" $mode" ;;
		esac
	done
	modes=${chosen# }
}

stage_body()
{
	local options=log_path=$work/sanitizer

	export ASAN_OPTIONS=${ASAN_OPTIONS:+$ASAN_OPTIONS:}$options
	export UBSAN_OPTIONS=${UBSAN_OPTIONS:+$UBSAN_OPTIONS:}$options
	# It takes pages that are mapped in the place of the same pages, by a
	# freeze, for a write to them, racing with those who read.
	echo race:region_remap >"$work/suppressions"
	options+=:suppressions=$work/suppressions
	export TSAN_OPTIONS=${TSAN_OPTIONS:+$TSAN_OPTIONS:}$options
	export HOME=$work
	trap cleanup EXIT
	trap 'exit 1' HUP INT TERM
	cd "$work" || exit 1
	mnt=$work/mnt
	ctx=$who
	modes="symlink cached daemon"
	if [ "$who" = root ]; then
		if may_pass_through; then
			modes="passthrough cached daemon"
		else
			skip "passthrough" "needs Linux 6.9 and full privileges"
		fi
	elif [ -n "${MAPFS_TEST_AGAIN:-}" ]; then
		modes="symlink daemon"
	fi
	# shellcheck disable=SC2086 # a list of words
	choose_modes ${MAPFS_MODES:-$modes}
}

# The test again, as one of its users; a test that does not come to its end
# has failed.
run_body()
{
	local status

	"$@" | tee "$work/result"
	status=${PIPESTATUS[0]}
	if [ "$status" -ne 0 ] || ! grep -q '^# done ' "$work/result"; then
		echo "not ok - the test comes to its end"
		echo "# status $status"
	fi
}

number()
{
	local line n=0

	while IFS= read -r line; do
		case $line in
		'ok '*)		echo "ok $((n += 1)) ${line#ok }" ;;
		'not ok '*)	echo "not ok $((n += 1)) ${line#not ok }" ;;
		'# done '*)	;;
		*)		printf '%s\n' "$line" ;;
		esac
	done
	if [ $n -gt 0 ]; then
		echo "1..$n"
	else
		skip_all "nothing to do here"
	fi
}

# A daemon that does not answer keeps who asks it from dying: its mounts are cut
# off first.
watchdog()
{
	local line fields

	sleep "${MAPFS_TIMEOUT:-1200}" >/dev/null
	echo "not ok - the test ends in time"
	mount -t fusectl fusectl /sys/fs/fuse/connections
	while read -r line; do
		read -ra fields <<<"$line"
		case ${fields[4]} in
		"$work"/*/*)
			echo 1 >"/sys/fs/fuse/connections/${fields[2]#*:}/abort"
			;;
		esac
	done </proc/self/mountinfo
	kill -KILL -1
}

# Root, in its own namespaces, as process 1.
stage_inside()
{
	local dog again=

	mount -t tmpfs -o mode=755 tmpfs "$work" || exit 1
	mkdir "$work/bin" "$work/root" "$work/user"
	chown "$user_uid:$user_uid" "$work/user"
	# The build directory may be closed to others.
	cp "$MAPFS" "$work/bin/mapfs"
	cp "$0" "$here/lib.sh" "$work/bin/"
	cp "$MAPFS_HELPERS/atomic-add" "$MAPFS_HELPERS/client" \
		"$MAPFS_HELPERS/table" "$work/bin/"
	chmod 755 "$work"/bin/*
	# Users may mount, and fusermount3 wants to know their names.
	mknod -m 666 "$work/fuse" c 10 229 || exit 1
	mount --bind "$work/fuse" /dev/fuse || exit 1
	{
		cat /etc/passwd
		echo "mapfs-test:x:$user_uid:$user_uid::/:/bin/sh"
		echo "mapfs-other:x:$other_uid:$other_uid::/:/bin/sh"
	} >"$work/passwd"
	mount --bind "$work/passwd" /etc/passwd
	export MAPFS=$work/bin/mapfs MAPFS_HELPERS=$work/bin
	# So that process 1 numbers, which outlives the watchdog's last word.
	shopt -s lastpipe
	{
		watchdog 2>/dev/null &
		dog=$!
		case $who in
		*root*)
			run_body env MAPFS_TEST_STAGE=body \
				MAPFS_TEST_WORK="$work/root" \
				MAPFS_TEST_WHO=root \
				bash "$work/bin/${0##*/}"
			again=1
			;;
		esac
		case $who in
		*user*)
			run_body setpriv --reuid=$user_uid --regid=$user_uid \
				--clear-groups --inh-caps=-all -- \
				env MAPFS_TEST_STAGE=body \
				MAPFS_TEST_WORK="$work/user" \
				MAPFS_TEST_WHO=user MAPFS_TEST_AGAIN=$again \
				bash "$work/bin/${0##*/}"
			;;
		esac
		kill $dog
	} | number
	exit 0
}

skip_all()
{
	echo "1..0 # SKIP $*"
	exit 0
}

stage_outside()
{
	local child

	export MAPFS=${MAPFS:-$PWD/mapfs}
	export MAPFS_HELPERS=${MAPFS_HELPERS:-$PWD/tests/fs}
	[ -x "$MAPFS" ] || skip_all "there is no $MAPFS"
	[ -e /dev/fuse ] || skip_all "there is no /dev/fuse"
	work=$(mktemp -d "${TMPDIR:-/tmp}/mapfs-test.XXXXXX") || exit 1
	chmod 755 "$work"
	export MAPFS_TEST_WORK=$work
	if [ "$(id -u)" -ne 0 ]; then
		stage_outside_user
	fi
	# At a signal everything in the namespaces dies, mounts included.
	trap 'rmdir "$work"' EXIT
	unshare --mount --propagation private --pid --fork --mount-proc \
		true 2>/dev/null ||
		skip_all "no mount and pid namespaces to be had"
	MAPFS_TEST_STAGE=inside \
		unshare --mount --propagation private --pid --fork \
		--mount-proc --kill-child bash "$0" &
	child=$!
	trap 'kill -KILL $child; exit 1' HUP INT TERM
	wait $child
	exit
}

stage_outside_user()
{
	trap 'rmdir "$work" 2>/dev/null' EXIT
	case $who in
	*user*) ;;
	*) skip_all "needs root" ;;
	esac
	if [ ! -r /dev/fuse ] || [ ! -w /dev/fuse ]; then
		skip_all "/dev/fuse is not for $(id -un)"
	fi
	command -v fusermount3 >/dev/null || skip_all "there is no fusermount3"
	mkdir "$work/user"
	{
		run_body env MAPFS_TEST_STAGE=body \
			MAPFS_TEST_WORK="$work/user" MAPFS_TEST_WHO=user \
			MAPFS_TEST_OWN_WORK=1 bash "$0"
	} | number
	rm -f "$work/result"
	exit
}

: "${who=root user}"
[ "$(id -u)" -ne 0 ] ||
	[ "${MAPFS_SCALE:-100}" -ge $((${alike:+90} + 10)) ] || who=${who%% *}
here=$(dirname "$0")
work=${MAPFS_TEST_WORK:-}
ctx=

case ${MAPFS_TEST_STAGE:-outside} in
outside)
	stage_outside
	;;
inside)
	stage_inside
	;;
body)
	who=$MAPFS_TEST_WHO
	stage_body
	;;
esac
