#!/bin/sh
# Fails when a source file has more than 600 lines, a function more than 60, or
# a .c file a conditional of the preprocessor.
set -eu
cd "$(dirname "$0")/../.."
failed=0
files=$(find master worker shm ctl tests -name '*.[ch]' | sort)
for file in $files; do
	lines=$(wc -l <"$file")
	if [ "$lines" -gt 600 ]; then
		echo "$file: $lines lines, more than 600"
		failed=1
	fi
done
# A function begins with its name in the first column and ends with "}" there.
# shellcheck disable=SC2086 # a list of files
awk '
FNR == 1 { start = 0 }
/^[a-z_][a-z0-9_]*\(/ { start = FNR; name = $0; sub(/\(.*/, "", name) }
/^}/ && start {
	if (FNR - start > 60) {
		print FILENAME ":" start ": " name " has " FNR - start " lines"
		failed = 1
	}
	start = 0
}
END { exit failed }' $files || failed=1
# shellcheck disable=SC2086
if grep -nE '^[ \t]*#[ \t]*(if|ifdef|ifndef)\b' $files | grep '^[^:]*\.c:'; then
	echo "a .c file has a conditional: there is one platform"
	failed=1
fi
exit $failed
