#!/bin/bash
# Everything that `make check` runs, one row each; see README.md, "Tests".
#
#   check.sh [group ...]    groups: build unit lint tidy system bench san
#
# Ends with "N passed, N failed, N skipped" alone on a line.
set -u
cd "$(dirname "$0")/.." || exit 1
export LC_ALL=C.UTF-8
export TZ=UTC

logs=$(mktemp -d /tmp/ftpsd-check-XXXXXX)
trap 'rm -rf "$logs"' EXIT
passed=0
failed=0
skipped=0
groups=" ${*:-build unit lint tidy system bench san} "
started=$(date +%s)
last=
declare -A besides

wanted() {
	case $groups in *" $1 "*) return 0 ;; esac
	return 1
}

# row NAME COMMAND...: one check; its output is shown when it fails.
row() {
	local name=$1 from
	shift
	from=$(date +%s)
	if "$@" >"$logs/out" 2>&1; then
		passed=$((passed + 1))
		echo "ok   $name ($(($(date +%s) - from)) s)"
	else
		failed=$((failed + 1))
		echo "FAIL $name"
		tail -n 150 "$logs/out"
	fi
}

# beside NAME COMMAND...: begins a check that runs beside the next ones, when
# these leave a processor idle; they mostly wait.  One after the other, in the
# order in which they were begun.
beside() {
	local name=$1 previous=$last
	shift
	(
		renice -n 19 "$BASHPID" >/dev/null
		[ -z "$previous" ] || tail -f -s 0.2 --pid="$previous" /dev/null
		"$@" >"$logs/$name.out" 2>&1
		echo $? >"$logs/$name.status"
	) &
	last=$!
	besides[$name]=$last
}

# joined NAME: whether that check was good; waits for it.
joined() {
	wait "${besides[$1]}"
	cat "$logs/$1.out"
	return "$(cat "$logs/$1.status")"
}

# suite NAME COMMAND...: a runner that counts for itself.
suite() {
	local name=$1 line status
	shift
	"$@" 2>&1 | tee "$logs/out" |
		grep --line-buffered -aE "$pattern"
	status=${PIPESTATUS[0]}
	line=$(grep -aE '^(unit|system): [0-9]+ passed' "$logs/out" | tail -n 1)
	if [ -z "$line" ]; then
		failed=$((failed + 1))
		echo "FAIL $name ended with status $status"
		tail -n 60 "$logs/out"
		return
	fi
	passed=$((passed + $(number "$line" passed)))
	failed=$((failed + $(number "$line" failed)))
	skipped=$((skipped + $(number "$line" skipped)))
	[ "$status" = 0 ] || [ "$(number "$line" failed)" != 0 ] ||
		failed=$((failed + 1))
}

number() {
	local value
	value=$(sed -n "s/.* \([0-9]*\) $2.*/\1/p" <<<"$1")
	echo "${value:-0}"
}

# Processes of ftpsd, but for other users' when this is not root.
processes() {
	if [ "$(id -u)" = 0 ]; then
		pgrep -f '^ftpsd: '
	else
		pgrep -u "$(id -u)" -f '^ftpsd: '
	fi | sort
}

no_leftovers() {
	local left
	left=$(processes | comm -13 "$logs/processes" -)
	[ -z "$left" ] || {
		echo "processes: $left"
		return 1
	}
	left=$(find /tmp -maxdepth 1 -name 'ftpsd-*' ! -name 'ftpsd-check-*' \
		-user "$(id -u)" -newer "$logs/begin" 2>/dev/null)
	[ -z "$left" ] || {
		echo "files: $left"
		return 1
	}
	git rev-parse --git-dir >/dev/null 2>&1 || return 0
	git status --porcelain >"$logs/after"
	diff "$logs/before" "$logs/after"
}

tidy() {
	find master worker shm ctl tests/unit -name '*.c' | sort |
		xargs -P "$jobs" -n 3 tests/tools/tidy.sh | tee "$logs/tidy"
	! grep -qE '(warning|error):' "$logs/tidy"
}

spelling() {
	git ls-files -z 2>/dev/null | grep -zv '^tests/fuzz/corpus' |
		xargs -0 -r codespell -L 'gost,chage,noo,wont,crypted,ans,ot,ue,fo,te,nd,parms'
}

python_compiles() {
	python3 -m compileall -q tests/system tests/bench
}

# Too many of the cases are skipped for others than root.
replies_seen() {
	[ "$(id -u)" != 0 ] || sh tests/lint/check_commands.sh "$logs/replies"
}

shell_scripts() {
	find tests .ci conf.d -name '*.sh' -print0 | xargs -0 shellcheck
}

formatted() {
	sources | xargs clang-format --dry-run -Werror
}

sources() {
	find master worker shm ctl tests -name '*.[ch]'
}

touch "$logs/begin"
processes >"$logs/processes"
git status --porcelain >"$logs/before" 2>/dev/null
jobs=$(nproc)

if wanted build; then
	row "build with gcc" make -s -j"$jobs" all build/unit
	beside clang make -s -j"$jobs" CC=clang BUILD=build/clang all
fi
if wanted san; then
	beside san make -s -j"$jobs" SAN=1 BUILD=build/san all build/san/unit
fi
if wanted tidy; then
	beside tidy tidy
fi
if wanted unit; then
	pattern='FAIL|skipped|^unit:|^ +[0-9]+\.'
	suite "unit tests" build/unit
fi
if wanted lint; then
	for script in tests/lint/check_*.sh; do
		row "${script##*/}" sh "$script"
	done
	row "clang-format" formatted
	row "cppcheck" cppcheck -q -j "$jobs" --error-exitcode=1 --std=c11 \
		--enable=warning,performance,portability --inline-suppr \
		--suppress=missingIncludeSystem \
		--include=tests/lint/macros.h -I. -D_GNU_SOURCE \
		master worker shm ctl
	row "codespell" spelling
	row "shellcheck" shell_scripts
	row "python" python_compiles
fi
if wanted system; then
	pattern='^(ok|FAIL|skip) |^system:|^       |Error|File|assert|raise|^ '
	FTPSD_REPLIES=$logs/replies suite "system tests" tests/system/run.py \
		--binaries build
	row "replies of ftpsd-ftp(7)" replies_seen
fi
if wanted bench; then
	row "build of the benchmark" make -s -j"$jobs" all bench-tools
	row "benchmark, each mode for a moment" \
		python3 tests/bench/bench.py --build build --smoke
fi
if wanted build; then
	row "build with clang" joined clang
fi
if wanted san; then
	row "build with sanitizers" joined san
	export ASAN_OPTIONS=detect_leaks=1:abort_on_error=0
	export UBSAN_OPTIONS=print_stacktrace=1
	pattern='FAIL|skipped|^unit:|^ +[0-9]+\.|Sanitizer'
	suite "unit tests with sanitizers" build/san/unit
	row "fuzz corpus" make -s -j"$jobs" SAN=1 BUILD=build/san replay
	pattern='^(ok|FAIL|skip) |^system:|^       |Error|File|assert|raise|^ '
	# The leak checker needs ptrace, which processes that cannot be dumped
	# refuse: leaks are the unit tests' part.
	export ASAN_OPTIONS=detect_leaks=0:abort_on_error=0
	suite "system tests with sanitizers" tests/system/run.py \
		--binaries build/san --label san
fi
if wanted tidy; then
	row "clang-tidy" joined tidy
fi
find tests -name __pycache__ -prune -exec rm -r {} + 2>/dev/null
row "nothing left behind" no_leftovers

echo "in $(($(date +%s) - started)) seconds"
if [ "$skipped" -gt 0 ]; then
	echo "$passed passed, $failed failed, $skipped skipped"
else
	echo "$passed passed, $failed failed"
fi
[ "$failed" = 0 ]
