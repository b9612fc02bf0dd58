#!/bin/sh
# Fails when the keys of ftpsd.yaml(5) and the table in shm/conf/keys.def
# differ: in a name, a default, a range, a context or what a change needs.
set -eu
cd "$(dirname "$0")/../.."
page=man/ftpsd.yaml.5
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

# The preprocessor takes the table apart; a row becomes a line with bars.
cat >"$folder/table.c" <<END
#define SERVER(p, type, field, value, min, max, apply, help) \
	@ p | value | min | max | S | apply
#define HOST(p, type, contexts, field, value, min, max, apply, help) \
	@ p | value | min | max | contexts | apply
#define PART(p, field, help) @ p | NULL | NULL | NULL | SDH | RELOAD
#define KEY_PART(p, field, help) PART(p, field, help)
#include "shm/conf/keys.def"
END
cpp -P -I. "$folder/table.c" | tr '\n' ' ' | sed 's/@/\n/g; s/"//g' |
	awk -F ' *[|] *' '
BEGIN {
	where["S"] = "top level"
	where["D"] = "defaults"
	where["H"] = "hosts"
	where["A"] = "anonymous"
	where["U"] = "users"
	where["P"] = "directories"
}
function sections(letters, text, i) {
	for (i = 1; i <= length(letters); i++)
		text = text (i > 1 ? ", " : "") where[substr(letters, i, 1)]
	return text
}
NF == 6 {
	gsub(/ /, "", $1)
	gsub(/ /, "", $5)
	gsub(/ /, "", $6)
	line = $2 == "NULL" ? "No default" : "Default " $2
	if ($3 != "NULL")
		line = line ", from " $3 " to " $4
	print $1 ": " line "; " sections($5) "; " tolower($6) "."
}' >"$folder/table"

awk '
/^\.Sh / { keys = $0 == ".Sh KEYS" }
/^\.Bl / { depth++ }
/^\.El/ { depth-- }
/^\.It Cm / && depth == 1 && keys {
	name = $3
	getline
	sub(/^\.Li /, "")
	print name ": " $0
}' "$page" >"$folder/page"

for list in table page; do
	if ! [ -s "$folder/$list" ]; then
		echo "no key was found in the $list"
		exit 1
	fi
done
if ! diff "$folder/table" "$folder/page" >"$folder/difference"; then
	echo "$page differs from shm/conf/keys.def (< table, > page):"
	cat "$folder/difference"
	exit 1
fi
