#!/bin/sh
# Fails when a path could be resolved without saying what for: only resolve.c
# goes from an agent's root to other files, and only files.c makes a path of
# what a client gave.
set -eu
cd "$(dirname "$0")/../.."
failed=0
# only FILE PATTERN FOLDER TEXT
only() {
	if grep -rnE --include='*.c' "$2" "$3" |
		grep -vE "^($1):|(list_look|list_add|list_set_parent|ask_rights)\(list, list->jail->root"; then
		echo "$4"
		failed=1
	fi
}
only worker/agent/resolve.c 'SYS_openat2' worker/agent \
	"paths are opened by resolve_open(), names by resolve_below()"
only 'worker/agent/(resolve|where|agent).c' 'jail(->|\.)root' worker/agent \
	"the root of an agent is resolve.c's: see access.h"
only 'worker/ftp/(syntax/path|files).c' '\bpath_resolve\(' worker/ftp \
	"a client's path is made by files_resolve()"
exit $failed
