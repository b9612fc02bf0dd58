#!/bin/sh
# `make run`: a certificate, a demo account and a configuration in a run folder
# of their own, then ftpsd in the foreground on loopback, ports 2121 and 2990.
#
#   run.sh [folder with the binaries]
#
# FTPSD_PORT and FTPSD_IMPLICIT_PORT, in the environment, are other ports.
set -eu
binaries=$(cd "${1:-build}" && pwd)
port=${FTPSD_PORT:-2121}
implicit_port=${FTPSD_IMPLICIT_PORT:-2990}
umask 022

die() {
	echo "ftpsd: $*" >&2
	exit 1
}

for number in "$port:FTPSD_PORT" "$implicit_port:FTPSD_IMPLICIT_PORT"; do
	# Whoever listens there would be said to be this server.
	if bash -c ": >/dev/tcp/127.0.0.1/${number%:*}" 2>/dev/null; then
		die "port ${number%:*} is in use already;" \
			"choose another one with ${number#*:}=..."
	fi
done

# The processes without privilege must reach the folder, the path of the
# control socket has to fit into 107 bytes, and lines to copy need no quotes.
reachable() {
	[ "${#1}" -le 80 ] || return 1
	case $1 in *[!A-Za-z0-9/._+-]*) return 1 ;; esac
	[ "$(id -u)" != 0 ] || setpriv --reuid=65534 --regid=65534 \
		--clear-groups test -x "$1"
}

folder=$PWD/run
if ! mkdir -p "$folder" || [ ! -w "$folder" ]; then
	die "cannot write to $folder"
fi
if ! reachable "$folder"; then
	folder=/tmp/ftpsd-run-$(id -u)
	mkdir -p "$folder"
	if [ ! -O "$folder" ] || [ -L "$folder" ]; then
		die "$folder belongs to somebody else"
	fi
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

control=$binaries/ftpsctl
case $control in *[!A-Za-z0-9/._+-]*) control="'$control'" ;; esac
cat <<END

ftpsd serves $folder/home on 127.0.0.1, until you press Ctrl-C.
Account: demo, password: $password

  curl --ssl-reqd --cacert $folder/server.pem --user demo:$password \\
       -T README.md ftp://localhost:$port/
  curl --cacert $folder/server.pem --user demo:$password \\
       ftps://localhost:$implicit_port/
  lftp -u demo,$password -e 'set ssl:ca-file $folder/server.pem; ls; bye' \\
       ftp://localhost:$port
  $control -s $folder/state/control.sock status
  $control -s $folder/state/control.sock sesscache info -v

END

# Ctrl-C in a terminal goes to all processes of the foreground group: with a
# group of its own ftpsd gets it alone, and make lives to say that all is well.
# Should this shell be killed, ftpsd stops.
read -r _ _ _ _ group _ _ foreground _ </proc/self/stat
if [ "$group" != "$foreground" ]; then
	exec "$binaries/ftpsd" -c "$folder/ftpsd.yaml"
fi
set -m
# A terminal that is closed ends it too: ftpsd takes that signal for a reload.
exec 3</dev/tty
while sleep 1 && kill -0 $$ 2>/dev/null; do
	[ -t 3 ] || kill $$
done &
watcher=$!
status=0
setpriv --pdeathsig TERM "$binaries/ftpsd" -c "$folder/ftpsd.yaml" 3<&- ||
	status=$?
# Ctrl-Z: nobody could wake it again.
while [ "$status" = 148 ]; do
	status=0
	fg %+ >/dev/null || status=$?
done
exec 2>/dev/null # a shell with jobs tells of their end
kill -- "-$watcher" || :
exit "$status"
