#!/bin/sh
# `make run`: a certificate, a demo account and a configuration in a run folder
# of their own, then ftpsd in the foreground on loopback, ports 2121 and 2990.
#
#   run.sh [folder with the binaries]
set -eu
binaries=$(cd "${1:-build}" && pwd)
port=${FTPSD_PORT:-2121}
implicit_port=${FTPSD_IMPLICIT_PORT:-2990}
umask 022

die() {
	echo "ftpsd: $*" >&2
	exit 1
}

# The processes without privilege must reach the folder, and the path of the
# control socket has to fit into 107 bytes.
reachable() {
	[ "${#1}" -le 80 ] || return 1
	[ "$(id -u)" != 0 ] || setpriv --reuid=65534 --regid=65534 \
		--clear-groups test -x "$1"
}

folder=$PWD/run
mkdir -p "$folder" || die "cannot make the folder $folder"
if ! reachable "$folder"; then
	folder=/tmp/ftpsd-run-$(id -u)
	mkdir -p "$folder"
	[ -O "$folder" ] || die "$folder belongs to somebody else"
fi

if [ ! -s "$folder/server.key" ]; then
	(
		umask 077
		openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 \
			-nodes -days 365 -subj /CN=localhost \
			-addext "subjectAltName=DNS:localhost,IP:127.0.0.1" \
			-keyout "$folder/server.key" -out "$folder/server.pem" \
			2>"$folder/openssl.log"
	) || die "openssl cannot make a certificate, see $folder/openssl.log"
	chmod 644 "$folder/server.pem"
fi

password=$(openssl rand -hex 8)
hash=$(printf '%s\n' "$password" | openssl passwd -6 -stdin)
uid=$(id -u)
gid=$(id -g)
users=
if [ "$uid" = 0 ]; then
	# A number without an account will do for a demonstration, and these
	# accounts exist on every Debian; a package makes its own.
	uid=61000
	gid=61000
	users="user: proxy
cache_user: backup
log_user: irc"
fi
mkdir -p "$folder/home"
[ "$(id -u)" != 0 ] || chown "$uid:$gid" "$folder/home"
(
	umask 077
	echo "demo:$hash:$uid:$gid:Demonstration:$folder/home:/bin/sh" \
		>"$folder/users"
)
cat >"$folder/ftpsd.yaml" <<END
# Made by \`make run\`; see ftpsd.yaml(5).
run_directory: "$folder/state"
$users
listen:
  - {address: "127.0.0.1", port: $port}
  - {address: "127.0.0.1", port: $implicit_port, implicit: on}
auth:
  order: [file]
  users_file: "$folder/users"
tls:
  engine: on
  required: on
  certificates:
    - {cert: "$folder/server.pem", key: "$folder/server.key"}
END

cat <<END

ftpsd serves $folder/home on 127.0.0.1, until you press Ctrl-C.
Account: demo, password: $password

  curl --ssl-reqd --cacert $folder/server.pem --user demo:$password \\
       -T README.md ftp://localhost:$port/
  curl --cacert $folder/server.pem --user demo:$password \\
       ftps://localhost:$implicit_port/
  lftp -u demo,$password -e 'set ssl:ca-file $folder/server.pem; ls; bye' \\
       ftp://localhost:$port
  $binaries/ftpsctl -s $folder/state/control.sock status
  $binaries/ftpsctl -s $folder/state/control.sock sesscache info -v

END
exec "$binaries/ftpsd" -c "$folder/ftpsd.yaml"
