#!/bin/sh
# Fails when a manual page has a fault of form, or when a sample of
# configuration in a page, in README.md or in conf.d is not accepted by
# `ftpsd -t`.
#
#   check_pages.sh [folder with the binaries]
set -eu
cd "$(dirname "$0")/../.."
ftpsd=${1:-build}/ftpsd
[ -x "$ftpsd" ] || make -s "$ftpsd"
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
failed=0

for page in man/*.[1-8]; do
	mandoc -T lint -W warning "$page" || failed=1
done

# Certificates that the samples name do not exist: these stand for them.
for kind in ec rsa; do
	case $kind in
	ec) options='-newkey ec -pkeyopt ec_paramgen_curve:P-256' ;;
	rsa) options='-newkey rsa:2048' ;;
	esac
	# shellcheck disable=SC2086 # a list of words
	openssl req -x509 $options -nodes -days 2 -subj /CN=localhost \
		-addext subjectAltName=DNS:localhost \
		-keyout "$folder/key" -out "$folder/cert" 2>/dev/null
	cat "$folder/key" "$folder/cert" >"$folder/$kind.both"
done
chmod 600 "$folder"/*.both
# Accounts that every Debian has stand for those that the package makes, and
# for those that a sample invents.
accounts=
if [ "$(id -u)" = 0 ]; then
	accounts="user: proxy
cache_user: backup
log_user: irc"
fi

stand_in() {
	sed -e "s#/[a-z/.-]*rsa\.\(pem\|key\)#$folder/rsa.both#g" \
		-e "s#/[a-z][a-z/.-]*\.\(pem\|key\)#$folder/ec.both#g" \
		-e 's/users: \[deploy\]/users: [daemon]/'
}

# accepted TEXT FILE: ftpsd -t takes the file.
accepted() {
	if ! "$ftpsd" -t -c "$2" >"$folder/out" 2>&1; then
		echo "$1: ftpsd -t refuses the sample:"
		cat "$folder/out" "$2"
		failed=1
	fi
}

# whole NAME <SAMPLE: a configuration.  part NAME <SAMPLE: what may be added to
# one.
whole() {
	{ stand_in && echo "$accounts"; } >"$folder/sample.yaml"
	accepted "$1" "$folder/sample.yaml"
}
part() {
	stand_in >"$folder/part.yaml"
	printf 'listen: [{address: 127.0.0.1}]\n%s\ninclude: part.yaml\n' \
		"$accounts" >"$folder/main.yaml"
	accepted "$1" "$folder/main.yaml"
}

# split PREFIX BEGIN END FILE: the text between lines that match goes to
# PREFIX1, PREFIX2 ...; says how many there are.
split() {
	awk -v prefix="$1" -v from="$2" -v to="$3" '
	inside && $0 ~ to { inside = 0; close(file); next }
	inside { print >file; next }
	$0 ~ from { inside = 1; file = prefix (++n) }
	END { print n + 0 }' "$4"
}

# Literal blocks of pages that look like YAML; those of ftpsd.yaml(5)'s
# EXAMPLES and whatever has "listen" are whole configurations.
samples=0
for page in man/*.[1-8]; do
	count=$(split "$folder/page" '^[.]Bd -literal' '^[.]Ed' "$page")
	n=0
	while [ "$n" -lt "$count" ]; do
		n=$((n + 1))
		sed 's/\\&//g' "$folder/page$n" >"$folder/text"
		head -n 1 "$folder/text" | grep -qE '^[a-z_]+:( |$)' || continue
		samples=$((samples + 1))
		if grep -q '^listen:' "$folder/text"; then
			whole "$page, literal block $n" <"$folder/text"
		else
			part "$page, literal block $n" <"$folder/text"
		fi
	done
done
count=$(split "$folder/readme" '^```yaml' '^```' README.md)
while [ "$count" -gt 0 ]; do
	whole "README.md, sample $count" <"$folder/readme$count"
	samples=$((samples + 1))
	count=$((count - 1))
done
if [ "$samples" -lt 8 ]; then
	echo "only $samples samples were found"
	failed=1
fi

# What is installed, as it is, and with all that is commented out.
sample_lines='s/^\( *\)# \( *\(-\|[a-z_]*:\)\( .*\)\?\)$/\1\2/'
for change in '' "$sample_lines"; do
	mkdir -p "$folder/etc/conf.d"
	for file in conf.d/*.yaml; do
		sed "$change" "$file" | stand_in >"$folder/etc/$file"
	done
	echo "$accounts" >"$folder/etc/conf.d/90-accounts.yaml"
	cp conf.d/dist/ftpsd.yaml "$folder/etc/ftpsd.yaml"
	if ! "$ftpsd" -t -c "$folder/etc/ftpsd.yaml"; then
		echo "conf.d${change:+, with what is commented out,} is refused"
		failed=1
	fi
done
exit $failed
