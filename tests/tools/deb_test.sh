#!/bin/bash
# Installs the package into a fresh Debian root, completes the configuration
# as README.md says, lets accounts of a users file and of the system move
# files, and removes and purges the package again.
set -eu
package=$(readlink -f "$1")
root=$(mktemp -d /var/tmp/ftpsd-root-XXXXXX)
chmod 755 "$root" # it becomes the root directory of all
trap 'umount -q "$root/proc" || :; rm -rf "$root" "$root.log"' EXIT
mirror=$(sed -n 's/^deb \(\[[^]]*\] \)\?\([^ ]*\) .*/\2/p' \
	/etc/apt/sources.list /etc/apt/sources.list.d/*.list 2>/dev/null |
	head -n 1)
[ -n "$mirror" ] || mirror=$(sed -n 's/^URIs: *\([^ ]*\).*/\1/p' \
	/etc/apt/sources.list.d/*.sources | head -n 1)

echo "a fresh Debian from $mirror"
debootstrap --variant=minbase --include=ca-certificates bookworm "$root" \
	"$mirror" >"$root.log" 2>&1 || {
	tail "$root.log"
	exit 1
}
cp -a /etc/apt/. "$root/etc/apt/" 2>/dev/null || :
cp "$package" "$root/tmp/ftpsd.deb"
mount -t proc proc "$root/proc"
inside() {
	chroot "$root" env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root \
		DEBIAN_FRONTEND=noninteractive LC_ALL=C.UTF-8 "$@"
}
quietly() {
	"$@" >"$root.log" 2>&1 || {
		tail "$root.log"
		exit 1
	}
}
quietly inside apt-get update -q
quietly inside apt-get install -y -q /tmp/ftpsd.deb openssl curl
inside ftpsd -V
inside getent passwd ftpsd ftpsd-cache ftpsd-log ftpsd-ocsp |
	wc -l | grep -qx 4
inside ls -ld /var/log/ftpsd

# As shipped, nothing is missing but a certificate.
if inside ftpsd -t >"$root.log" 2>&1; then
	echo "a certificate is missing and ftpsd -t does not say so"
	exit 1
fi
cat "$root.log"
if grep -v '^/etc/ftpsd/conf\.d/20-tls\.yaml:[0-9]*:[0-9]*: /etc/ftpsd/server\.' \
	"$root.log"; then
	echo "ftpsd -t says more than that a certificate is missing"
	exit 1
fi

# shellcheck disable=SC2016 # the shell inside expands it
inside sh -ec '
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes \
		-days 2 -subj /CN=localhost -addext subjectAltName=DNS:localhost \
		-keyout /etc/ftpsd/server.key -out /etc/ftpsd/server.pem 2>/dev/null
	mkdir -p /srv/demo
	chown 61000:61000 /srv/demo
	useradd -m somebody
	echo somebody:secret2 | chpasswd
	umask 077
	echo "demo:$(openssl passwd -6 secret):61000:61000::/srv/demo:/bin/sh" \
		>/etc/ftpsd/users
	ftpsd -t
	cat >/etc/ftpsd/conf.d/90-local.yaml <<END
listen:
  - {address: "127.0.0.1", port: 21210}
auth: {order: [file, pam]}
END
	ftpsd -t
	ftpsd >/tmp/log 2>&1 &
	trap "cat /tmp/log; ftpsctl stop" EXIT
	for try in $(seq 100); do
		ftpsctl status >/dev/null 2>&1 && break
		sleep 0.1
	done
	ftpsctl status
	echo hello >/tmp/hello
	for account in demo:secret somebody:secret2; do
		curl -sS --ssl-reqd --cacert /etc/ftpsd/server.pem \
			--user $account -T /tmp/hello ftp://localhost:21210/
		curl -sS --ssl-reqd --cacert /etc/ftpsd/server.pem \
			--user $account ftp://localhost:21210/hello |
			grep -qx hello
	done
	[ "$(stat -c %U /home/somebody/hello)" = somebody ]
	! curl -sS --ssl-reqd --cacert /etc/ftpsd/server.pem \
		--user somebody:wrong ftp://localhost:21210/ 2>/dev/null
	ftpsctl reload
	ftpsctl stop
	trap "cat /tmp/log" EXIT
	wait
	! grep -w error /tmp/log
'
quietly inside apt-get remove -y -q ftpsd
[ -e "$root/etc/ftpsd/conf.d/20-tls.yaml" ]
quietly inside apt-get purge -y -q ftpsd
[ ! -e "$root/etc/ftpsd/conf.d/20-tls.yaml" ] && [ ! -e "$root/var/log/ftpsd" ]
[ -e "$root/etc/ftpsd/server.key" ] # what the package has not put there
echo "deb-test: 1 passed, 0 failed"
