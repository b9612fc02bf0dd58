#!/bin/sh
# keep.sh FILE TARGET: installs a configuration file, but never over one that
# is there and differs; the new one is then put beside it, as TARGET.new.
set -eu
target=$2
if [ -e "$target" ] && ! cmp -s "$1" "$target"; then
	echo "kept: $target (see $target.new)"
	target=$target.new
fi
install -m 0644 "$1" "$target"
