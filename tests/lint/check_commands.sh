#!/bin/sh
# Fails when ftpsd-ftp(7) and the tables of commands, verbs.def and site.def in
# worker/ftp, differ: a command that one of them lacks, or its arguments.
#
#   check_commands.sh [replies]
#
# With a file of lines "COMMAND code", which tests write to $FTPSD_REPLIES, it
# also fails when the page names a reply that no test has got, but for those
# that not every machine can give.
set -eu
replies=${1:+$(realpath "$1")}
cd "$(dirname "$0")/../.."
page=man/ftpsd-ftp.7
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

sed -n 's/^\(VERB\|ALIAS\)(.*, "\([^"]*\)")$/\2/p' worker/ftp/verbs.def |
	grep -v '^SITE ' >"$folder/commands"
sed -n 's/^SITE(.*, "\([^"]*\)")$/\1/p' worker/ftp/site.def \
	>>"$folder/commands"
sed -n 's/^ABSENT("\(.*\)")$/absent \1/p' worker/ftp/verbs.def \
	>>"$folder/commands"
sort "$folder/commands" >"$folder/table"

# Rows of the page become lines of the same form.
awk -v named="$folder/named" -v rows="$folder/rows" '
/^\.Sh / { built = /COMMANDS/; absent = /NOT BUILT/; codes = 0 }
/^\.It Ic / && built {
	line = substr($0, 8)
	gsub(/ Ar /, " ", line)
	gsub(/\\&/, "", line)
	name = $3 == "SITE" ? $3 " " $4 : $3
	print name >rows
	print line
}
/^\.Ic / && absent { print "absent " $2 }
codes && !/^[0-9][0-9, .]*$/ { codes = 0 }
codes { n = split($0, code, /[,. ]+/)
	for (i = 1; i <= n; i++)
		if (code[i] != "")
			print name " " code[i] >named
}
/^\.Em Replies/ { codes = 1 }' "$page" | sort >"$folder/page"

failed=0
if ! diff "$folder/table" "$folder/page" >"$folder/difference"; then
	echo "$page differs from verbs.def and site.def (< tables, > page):"
	cat "$folder/difference"
	failed=1
fi
sed 's/ [0-9]*$//' "$folder/named" | sort -u >"$folder/told"
if sort "$folder/rows" | comm -23 - "$folder/told" | grep .; then
	echo "$page names no replies of these"
	failed=1
fi
if [ -n "$replies" ]; then
	# These need a kernel that keeps quotas: the cases in quotas.py have
	# them there, as in `make check-kernel`.
	printf '%s\n' 'ALLO 552' 'SITE QUOTA 200' |
		sort -u - "$replies" >"$folder/seen"
	sort -u "$folder/named" | comm -23 - "$folder/seen" >"$folder/missing"
	if [ -s "$folder/missing" ]; then
		echo "$page names replies that no test has got:"
		cat "$folder/missing"
		failed=1
	fi
fi
exit "$failed"
