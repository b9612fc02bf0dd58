#!/bin/sh
# The first process in the machine of kernel.sh: its root is the files of the
# host, read only, and is covered by memory for what tests write.
set -u
export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
export LC_ALL=C.UTF-8 TZ=UTC HOME=/root

# stop: ends this machine; the tests have left their status.
stop() {
	sync
	echo o >/proc/sysrq-trigger
	sleep 60
}

# must COMMAND...: without this there is nothing to run the tests on.
must() {
	"$@" || {
		echo "kernel_init.sh: $* failed"
		stop
	}
}

must mount -t proc proc /proc
must mount -t tmpfs none /run
mkdir -p /run/upper /run/work /run/root /run/modules/lib
ln -s /usr/lib/uml/modules /run/modules/lib/modules
for module in overlay loop ipv6 quota_v2 fuse; do
	must modprobe -d /run/modules "$module"
done
must mount -t overlay -o \
	lowerdir=/,upperdir=/run/upper,workdir=/run/work none /run/root
mkdir -p /run/root/run/old
cd /run/root || stop
must pivot_root . run/old
exec <dev/null >dev/console 2>&1
must mount -t proc proc /proc
must mount -t sysfs none /sys
must mount -t devtmpfs none /dev
ln -s /proc/self/fd /dev/fd
for number in 0:stdin 1:stdout 2:stderr; do
	ln -s "fd/${number%:*}" "/dev/${number#*:}"
done
mkdir -p /dev/pts /dev/shm
must mount -t devpts none /dev/pts
must mount -t tmpfs none /dev/shm
must mount -t tmpfs none /run
must mkfs.ext4 -q /dev/ubda
must mount /dev/ubda /tmp
chmod 1777 /dev/shm /tmp
# What tests need of the host may lie below what has just been covered.
for folder in "$FTPSD_PROJECT" "$FTPSD_BUILD" "$FTPSD_FOLDER"; do
	mkdir -p "$folder"
	must mount -t hostfs -o "ro,$folder" none "$folder"
done
must mount -o remount,rw "$FTPSD_FOLDER"
ip link set lo up
prlimit --pid $$ --nofile=65536

sh "$FTPSD_FOLDER/tests"
echo $? >"$FTPSD_FOLDER/status"
stop
