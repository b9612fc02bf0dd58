#!/bin/bash
# Installs the package into a fresh Debian root, and asks it to check a
# configuration, to serve one file, and to go away again.
set -eu
package=$(readlink -f "$1")
root=$(mktemp -d /var/tmp/ftpsd-root-XXXXXX)
trap 'umount -q "$root/proc" || :; rm -rf "$root"' EXIT
mirror=$(sed -n 's/^deb \(\[[^]]*\] \)\?\([^ ]*\) .*/\2/p' \
	/etc/apt/sources.list /etc/apt/sources.list.d/*.list 2>/dev/null |
	head -n 1)
[ -n "$mirror" ] || mirror=$(sed -n 's/^URIs: *\([^ ]*\).*/\1/p' \
	/etc/apt/sources.list.d/*.sources | head -n 1)

debootstrap --variant=minbase --include=ca-certificates bookworm "$root" \
	"$mirror" >"$root.log" 2>&1 || {
	tail "$root.log"
	exit 1
}
rm -f "$root.log"
cp -a /etc/apt/. "$root/etc/apt/" 2>/dev/null || :
cp "$package" "$root/tmp/ftpsd.deb"
mount -t proc proc "$root/proc"
inside() {
	chroot "$root" env DEBIAN_FRONTEND=noninteractive LC_ALL=C.UTF-8 "$@"
}
inside apt-get update -q >/dev/null
inside apt-get install -y -q /tmp/ftpsd.deb openssl curl >/dev/null
inside ftpsd -V
inside sh -c 'getent passwd ftpsd ftpsd-cache ftpsd-log' | wc -l | grep -qx 3

# As an administrator would, from the shipped files.
# shellcheck disable=SC2016 # the shell inside expands it
inside sh -ec '
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes \
		-days 2 -subj /CN=localhost -addext subjectAltName=DNS:localhost \
		-keyout /etc/ftpsd/server.key -out /etc/ftpsd/server.pem 2>/dev/null
	mkdir -p /srv/demo
	chown 61000:61000 /srv/demo
	umask 077
	echo "demo:$(openssl passwd -6 secret):61000:61000::/srv/demo:/bin/sh" \
		>/etc/ftpsd/users
	cat >/etc/ftpsd/conf.d/90-test.yaml <<END
listen:
  - {address: "127.0.0.1", port: 21210}
auth: {order: [file], users_file: /etc/ftpsd/users}
tls:
  engine: on
  certificates: [{cert: /etc/ftpsd/server.pem, key: /etc/ftpsd/server.key}]
END
	ftpsd -t
	ftpsd >/tmp/log 2>&1 &
	for try in $(seq 100); do
		ftpsctl status >/dev/null 2>&1 && break
		sleep 0.1
	done
	ftpsctl status
	echo hello >/tmp/hello
	curl -sS --ssl-reqd --cacert /etc/ftpsd/server.pem --user demo:secret \
		-T /tmp/hello ftp://localhost:21210/
	curl -sS --ssl-reqd --cacert /etc/ftpsd/server.pem --user demo:secret \
		ftp://localhost:21210/hello | grep -qx hello
	ftpsctl stop
	wait
'
inside apt-get remove -y -q ftpsd >/dev/null
echo "deb-test: 1 passed, 0 failed"
