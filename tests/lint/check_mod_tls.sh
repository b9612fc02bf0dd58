#!/bin/sh
# Fails when ftpsd-mod_tls(7) lacks a name of mod_tls, has one twice or one
# that mod_tls has not, or names a key that keys.def does not have.
set -eu
cd "$(dirname "$0")/../.."
page=man/ftpsd-mod_tls.7
names=tests/data/mod_tls.names
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

grep -v '^#' "$names" | sort >"$folder/names"

# A row of the page becomes a line of the same form; what it says of a key
# goes to another file.
awk -v keys="$folder/named" '
function row() {
	if (name != "")
		print kind " " name
	name = ""
}
/^\.Sh / { row(); kind = "" }
/^\.Sh DIRECTIVES/ { kind = "directive" }
/^\.Sh OPTIONS/ { kind = "option" }
/^\.Sh STAPLING OPTIONS/ { kind = "stapling" }
/^\.Sh CONTROL ACTIONS/ { kind = "action" }
/^\.Sh VARIABLES/ { kind = "variable" }
/^\.It Li / && kind != "" { row(); name = substr($0, 8); first = 1; next }
first && kind == "directive" { print name, $2 >keys }
{ first = 0 }' "$page" | sort >"$folder/page"

failed=0
if ! diff "$folder/names" "$folder/page" >"$folder/difference"; then
	echo "$page differs from $names (< names, > page):"
	cat "$folder/difference"
	failed=1
fi

# A key is one of the table, or begins some of it.
while read -r directive key; do
	if ! grep -q "^[A-Z_]*(\"${key}[.\"]" shm/conf/keys.def; then
		echo "$page: $directive: no key is called $key"
		failed=1
	fi
done <"$folder/named"
exit "$failed"
