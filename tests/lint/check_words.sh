#!/bin/sh
# Fails on marks of unfinished work, and on calls that are forbidden here.
set -eu
cd "$(dirname "$0")/../.."
failed=0
forbid() {
	if grep -rnE --include='*.[ch]' --include='*.def' "$1" \
		master worker shm ctl; then
		echo "$2"
		failed=1
	fi
}
forbid '\b(TODO|FIXME|XXX|HACK)\b' "unfinished work is said in a closing note"
forbid '\b(strcpy|strcat|sprintf|gets|strtok|system|popen|glob|wordexp|fnmatch)\(' \
	"this call is not used here"
forbid 'SSL_OP_IGNORE_UNEXPECTED_EOF|SSL_free_buffers|MDB_WRITEMAP|MDB_DUPSORT' \
	"see ARCHITECTURE.md: this is never used"
exit $failed
