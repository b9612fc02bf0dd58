#!/bin/sh
# Installs what is missing for `make run`, `make check`, `make bench`,
# `make deb` or `make check-kernel`, and says which packages and why.
#
#   install.sh [run|check|bench|deb|kernel]
set -eu
cd "$(dirname "$0")"
kind=${1:-run}

missing=
while read -r for package why; do
	case $for in
	'#'* | '') continue ;;
	run | "$kind") ;;
	*) continue ;;
	esac
	status=$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null || :)
	[ "$status" = installed ] && continue
	echo "missing: $package ($why)"
	missing="$missing $package"
done <packages.txt
[ -n "$missing" ] || exit 0

if [ "$(id -u)" = 0 ]; then
	as_root=
elif command -v sudo >/dev/null && sudo -n true 2>/dev/null; then
	as_root="sudo -n"
elif command -v sudo >/dev/null && [ -t 0 ]; then
	as_root=sudo
else
	echo "ftpsd: these Debian packages are missing and only root can" \
		"install them:$missing" >&2
	exit 1
fi
log=$(mktemp)
trap 'rm -f "$log"' EXIT
echo "installing:$missing"
# shellcheck disable=SC2086 # both are lists of words
if ! { DEBIAN_FRONTEND=noninteractive $as_root apt-get install -y -q \
	--no-install-recommends $missing </dev/null ||
	{ $as_root apt-get update -q </dev/null &&
		DEBIAN_FRONTEND=noninteractive $as_root apt-get install -y -q \
			--no-install-recommends $missing </dev/null; }; } \
	>"$log" 2>&1; then
	echo "ftpsd: these packages cannot be installed:$missing" \
		"($(grep '^E: ' "$log" | head -n 1 | cut -c4-))" >&2
	exit 1
fi
