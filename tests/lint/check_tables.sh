#!/bin/sh
# Fails when a table in the source and what is said about it elsewhere differ:
# control commands and ftpsctl(8), messages and their bodies, counters and what
# `ftpsctl status` shows.  For FTP commands see check_commands.sh.
set -eu
cd "$(dirname "$0")/../.."
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
failed=0

# same TEXT: fails when the lists "table" and "other" differ.
same() {
	sort -o "$folder/table" "$folder/table"
	sort -u -o "$folder/other" "$folder/other"
	if ! [ -s "$folder/table" ]; then
		echo "$1: the table is empty"
		failed=1
	elif ! diff "$folder/table" "$folder/other" >"$folder/difference"; then
		echo "$1 (< table, > other):"
		grep '^[<>]' "$folder/difference"
		failed=1
	fi
}

# Control commands, with their options.
sed -n 's/^CONTROL([A-Z_]*,[^"]*"\([^"]*\)",[^"]*"\([^"]*\)".*/\1 \2/p' \
	shm/base/control.def | sed 's/ *$//' >"$folder/table"
sed -n '/^\.Sh COMMANDS/,/^\.Ss/s/^\.It Cm //p' man/ftpsctl.8 |
	sed 's/Op Fl \([a-z]\)/[-\1]/; s/Op \(Ar .*\)$/[\1]/; s/Oo /[/; s/ Oc/]/
		s/\<Ar //g; s/\<Cm //g' >"$folder/other"
same "control.def and ftpsctl(8)"

# Variables of logs.
sed -n 's/^\(FTP\|TLS\|PAIR\)(\([A-Za-z_0-9]*\),.*/\2/p' \
	shm/conf/variables.def >"$folder/table"
sed -n '/^\.Sh VARIABLES/,/^\.Sh USERS/s/^\.It Li //p' man/ftpsd.yaml.5 \
	>"$folder/other"
same "variables.def and ftpsd.yaml(5)"

# Counters.
sed -n 's/^\t\[SCORE_\([A-Z_0-9]*\)\] = "\(.*\)",$/\1 \2/p' shm/board/score.c |
	sed -n '/^CIPHER/d; /^TLS_\|^FAILED_/d; s/.* //p' >"$folder/table"
sed -n '/counters\[\] = {/,/^};/s/^\t{ "\([a-z_]*\)",.*/\1/p' \
	ctl/show_status.c >"$folder/other"
same "score.c and ctl/show_status.c"
sed -n 's/^\t\[SCORE_\(TLS\|FAILED\)_.*\] = "\(.*\)",$/\2/p' \
	shm/board/score.c >"$folder/table"
sed -n '/\(failures\|versions\)\[\] = {/,/^};/s/^\t{ "\([^"]*\)",.*/\1/p' \
	ctl/show_tls.c >"$folder/other"
same "score.c and ctl/show_tls.c"
sed -n 's/^\t\[\(SCORE_[A-Z_0-9]*\)\] = .*/\1/p' shm/board/score.c \
	>"$folder/table"
sed -n 's/^\t\(SCORE_[A-Z_0-9]*\).*/\1/p' shm/board/score.h |
	grep -vx SCORE_COUNT >"$folder/other"
same "score.c and score.h"

# Messages: each name once, each body a struct that there is.
sed -n 's/^MSG(\([A-Z_]*\),.*/\1/p' shm/ipc/msg.def >"$folder/table"
cp "$folder/table" "$folder/other"
same "names of messages, which must be different"
sed -n 's/^MSG(.*\(struct [a-z_]*\), [0-9])$/\1/p' shm/ipc/msg.def |
	sort -u >"$folder/table"
grep -ohE '^struct msg_[a-z_]+ \{' shm/ipc/*.h | sed 's/ {//' |
	grep -xFf "$folder/table" >"$folder/other"
same "bodies in msg.def and in shm/ipc"
[ "$(grep -c '^MSG(' shm/ipc/msg.def)" = \
	"$(grep -cE '^MSG\(.*, struct [a-z_]+, [01]\)$' shm/ipc/msg.def)" ] || {
	echo "msg.def: a row has another form than this lint knows"
	failed=1
}
exit $failed
