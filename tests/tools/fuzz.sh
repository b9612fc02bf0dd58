#!/bin/sh
# fuzz.sh FOLDER SECONDS: runs each fuzz target in the folder for that long, as
# many at once as there are processors.  What they find out about reaching
# more of the code is kept in FOLDER/corpus; the input that ends one is named.
set -eu
cd "$(dirname "$0")/../.."
folder=$1
seconds=$2

# The words that each of them should know.
mkdir -p "$folder/words"
sed -n 's/^\(SERVER\|HOST\|PART\)("\([a-z_.0-9]*\)".*/\2/p' \
	shm/conf/keys.def | tr '.' '\n' | sort -u |
	sed 's/.*/"&: "/' >"$folder/words/conf"
sed -n 's/^\(VERB\|ALIAS\)("\([A-Z0-9]*\)".*/"\2 "/p' worker/ftp/verbs.def \
	>"$folder/words/command"
# shellcheck disable=SC2016 # these are beginnings of hashes
printf '"$6$"\n"$2b$"\n"$y$j9T$"\n"%s"\n' ':1000:1000:' >"$folder/words/users"

one() {
	name=$1
	words=
	[ ! -s "$folder/words/$name" ] || words="-dict=$folder/words/$name"
	mkdir -p "$folder/corpus/$name"
	# shellcheck disable=SC2086 # one option or none
	if "$folder/fuzz_$name" -max_total_time="$seconds" -timeout=10 \
		-rss_limit_mb=2048 -max_len=16384 -print_final_stats=1 $words \
		-artifact_prefix="$folder/$name-" "$folder/corpus/$name" \
		"tests/fuzz/corpus/$name" >"$folder/$name.log" 2>&1; then
		runs=$(sed -n 's/^stat::number_of_executed_units: *//p' \
			"$folder/$name.log")
		echo "ok   fuzz_$name ($runs inputs)"
	else
		echo "FAIL fuzz_$name"
		tail -n 60 "$folder/$name.log"
		return 1
	fi
}

if [ $# = 3 ]; then
	one "$3"
	exit
fi
for target in tests/fuzz/fuzz_*.c; do
	name=${target##*/fuzz_}
	echo "${name%.c}"
done | xargs -P "$(nproc)" -n 1 sh "$0" "$folder" "$seconds"
