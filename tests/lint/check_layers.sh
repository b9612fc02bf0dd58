#!/bin/sh
# Fails when a file includes a header that tests/lint/layers.txt does not allow.
set -eu
cd "$(dirname "$0")/../.."
find master worker shm ctl tests -name '*.[ch]' -o -name '*.def' | sort |
	awk -v rules=tests/lint/layers.txt '
# The longest folder in the table that holds path.
function layer(path,    folder) {
	folder = path
	while (sub(/\/[^\/]*$/, "", folder))
		if (folder in may)
			return folder
	return ""
}
function bad(text) {
	print file ":" number ": " text
	failed = 1
}
function check_ours(header,    to) {
	if (header == "suites.def")
		return
	to = layer(header)
	if (header !~ /\//)
		bad("\"" header "\" is not a path from the top")
	else if (to == "")
		bad("\"" header "\" is in no layer")
	else if (to != from && index(may[from], " * ") == 0 &&
	    index(may[from], " " to " ") == 0 &&
	    index(may[from], " " header " ") == 0)
		bad(from " may not include " to " (" header ")")
}
function check_library(header,    prefix) {
	for (prefix in only)
		if (index(header, prefix) == 1 &&
		    index(only[prefix], " " from " ") == 0)
			bad(header " belongs to" only[prefix])
}
BEGIN {
	while ((getline line <rules) > 0) {
		if (line ~ /^#/ || line ~ /^[ \t]*$/)
			continue
		n = split(line, field, /[ \t]+/)
		set = " "
		for (i = 2; i <= n; i++)
			set = set field[i] " "
		if (field[1] ~ /^</)
			only[field[1]] = set
		else
			may[field[1]] = set
	}
}
{
	file = $0
	number = 0
	from = layer(file)
	if (from == "")
		bad("in no layer")
	while ((getline line <file) > 0) {
		number++
		if (line !~ /^[ \t]*#[ \t]*include/)
			continue
		if (match(line, /"[^"]+"/))
			check_ours(substr(line, RSTART + 1, RLENGTH - 2))
		else if (match(line, /<[^>]+>/))
			check_library(substr(line, RSTART, RLENGTH))
	}
	close(file)
}
END { exit failed }'
