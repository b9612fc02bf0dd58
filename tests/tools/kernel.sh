#!/bin/sh
# Runs tests on the kernel of Debian 12, as user-mode-linux: with the files of
# this machine, of which it changes none.
#
#   kernel.sh BUILD [unit] [WORD...]
#
# unit: the unit tests; WORD: the system tests whose name has it.  Without
# either everything runs.  FTPSD_MEMORY is how much memory that machine has.
set -eu
cd "$(dirname "$0")/../.."
build=$(realpath "$1")
shift
folder=$(mktemp -d /tmp/ftpsd-kernel-XXXXXX)
trap 'rm -rf "$folder"' EXIT

unit=
words=
for word; do
	case $word in
	unit) unit=yes ;;
	*) words="$words '$word'" ;;
	esac
done
{
	echo "cd '$PWD'"
	echo "status=0"
	if [ -n "$unit" ] || [ $# = 0 ]; then
		echo "'$build/unit' >/run/out 2>&1 || status=1"
		echo "grep -aE 'FAILED|^ +[0-9]+\\.|^unit:' /run/out"
	fi
	if [ -n "$words" ] || [ $# = 0 ]; then
		echo "python3 -B tests/system/run.py --binaries '$build' $words ||"
		echo "	status=1"
	fi
	echo "exit \$status"
} >"$folder/tests"

truncate -s 8G "$folder/disk"

# Words with a dot would not reach its first process: they are in the file.
linux.uml mem="${FTPSD_MEMORY:-3G}" uml_dir="$folder/" \
	root=/dev/root rootfstype=hostfs rootflags=/ ro ubd0="$folder/disk" \
	init="$PWD/tests/tools/kernel_init.sh" FTPSD_FOLDER="$folder" \
	FTPSD_PROJECT="$PWD" FTPSD_BUILD="$build" \
	loglevel=1 con=null con0=null,fd:1 </dev/null 2>"$folder/errors" &
machine=$!
trap 'kill "$machine" 2>/dev/null || :; rm -rf "$folder"' EXIT
trap 'exit 1' INT TERM
wait "$machine" || cat "$folder/errors"
[ "$(cat "$folder/status" 2>/dev/null)" = 0 ]
