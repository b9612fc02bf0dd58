"""What servers cost: processor time and memory of a whole process family."""

import math
import os
import time

from daemon import alive, descendants, process_title, stat_fields

CGROUP_ROOTS = (("/sys/fs/cgroup/cpuacct", "cpuacct.usage"),
                ("/sys/fs/cgroup/unified", "cpu.stat"),
                ("/sys/fs/cgroup", "cpu.stat"))
TICK_MICROSECONDS = 1_000_000 / os.sysconf("SC_CLK_TCK")
QUIET_SECONDS = 0.1
# What a server may use in that time and still be quiet, in microseconds.
QUIET_USAGE = 300
PATIENCE = 3


def read(path):
    """A small file of the kernel, or nothing when it is not there."""
    try:
        with open(path, encoding="ascii", errors="replace") as text:
            return text.read()
    except OSError:
        return ""


def thread_time(pid):
    """Processor time of the living threads of a process, microseconds."""
    total = 0
    try:
        threads = os.listdir(f"/proc/{pid}/task")
    except OSError:
        return 0
    for thread in threads:
        fields = read(f"/proc/{pid}/task/{thread}/schedstat").split()
        total += int(fields[0]) if fields else 0
    return total / 1000


class Cgroup:
    """A control group: counts what has ended as well."""

    how = "control group"
    count = 0

    def __init__(self):
        Cgroup.count += 1
        name = f"ftpsd-bench-{os.getpid()}-{Cgroup.count}"
        for root, usage in CGROUP_ROOTS:
            path = os.path.join(root, name)
            if not os.path.exists(os.path.join(root, usage)):
                continue
            try:
                os.mkdir(path)
            except OSError:
                continue
            if os.access(os.path.join(path, usage), os.R_OK):
                self.path = path
                self.counter = os.path.join(path, usage)
                return
            os.rmdir(path)
        raise OSError("no control group can be made")

    def enter(self):
        """Called in the child, before it becomes the server."""
        with open(os.path.join(self.path, "cgroup.procs"), "w",
                  encoding="ascii") as out:
            out.write(str(os.getpid()))

    def watch(self, pid):
        """The first process of the family: nothing to be done."""

    def usage(self):
        """Microseconds of processor time since the beginning."""
        text = read(self.counter)
        if not text.startswith("usage_usec"):
            return int(text) / 1000
        return float(text.split()[1])

    def pids(self):
        return [int(pid) for pid in
                read(os.path.join(self.path, "cgroup.procs")).split()]

    def close(self):
        """The group goes; its processes must have ended."""
        deadline = time.monotonic() + PATIENCE
        while True:
            try:
                os.rmdir(self.path)
                return
            except FileNotFoundError:
                return
            except OSError:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.02)


class Family:
    """Without a control group: /proc, where ended ones count in ticks."""

    how = "/proc (ended processes in ticks of " \
        f"{TICK_MICROSECONDS / 1000:.0f} ms)"

    def __init__(self):
        self.pid = None

    def enter(self):
        """Nothing to be done in the child."""

    def watch(self, pid):
        self.pid = pid

    def usage(self):
        total = 0
        for pid in self.pids():
            fields = stat_fields(pid)
            if fields:
                ended = int(fields[13]) + int(fields[14])
                total += ended * TICK_MICROSECONDS + thread_time(pid)
        return total

    def pids(self):
        return descendants(self.pid) if self.pid else []

    def close(self):
        """Nothing was made."""


def new_meter():
    """What counts the processor time of a server to come."""
    try:
        return Cgroup()
    except OSError:
        return Family()


def settle(meter):
    """Waits until a server is quiet; returns what it has used by then."""
    deadline = time.monotonic() + PATIENCE
    before = meter.usage()
    while True:
        time.sleep(QUIET_SECONDS)
        usage = meter.usage()
        if usage - before < QUIET_USAGE or time.monotonic() > deadline:
            return usage
        before = usage


def role(pid):
    """What a process does: its title, without what differs."""
    words = process_title(pid).removeprefix("ftpsd: ").split()
    return words[0] if words else "?"


def roles(meter):
    """Processor time of the living processes, by what they do."""
    total = {}
    for pid in meter.pids():
        name = role(pid)
        total[name] = total.get(name, 0) + thread_time(pid)
    return total


PSS = ("Pss:",)
RSS = ("Rss:",)
PRIVATE = ("Private_Clean:", "Private_Dirty:")


def memory(meter, kinds):
    """KiB of all processes by role, or nothing where that is not allowed."""
    total = {}
    for pid in meter.pids():
        text = read(f"/proc/{pid}/smaps_rollup")
        if not text:
            if alive(pid):
                return {}
            continue
        name = role(pid)
        for line in text.splitlines():
            words = line.split()
            if words[0] in kinds:
                total[name] = total.get(name, 0) + int(words[1])
    return total


def socket_memory():
    """Kernel memory of all sockets, KiB, both ends; NaN: only for root."""
    page = os.sysconf("SC_PAGE_SIZE") // 1024
    total = 0
    for line in read("/proc/net/sockstat").splitlines():
        if line.startswith("TCP:"):
            words = line.split()
            total += int(words[words.index("mem") + 1]) * page
    slabs = read("/proc/slabinfo")
    if not slabs:
        return math.nan
    slab = 0
    for line in slabs.splitlines():
        words = line.split()
        if words and words[0] in ("TCP", "sock_inode_cache", "tcp_bind_bucket",
                                  "tcp_bind2_bucket"):
            slab += int(words[1]) * int(words[3]) // 1024
    return total + slab
