"""Quotas that the kernel keeps: what is told of them, and what they refuse."""

import ctypes
import os
import re
import struct
import subprocess
import time

from client import finish, logged_in
from daemon import GID, UID, Daemon, random_bytes, wait_for
from mounts import make_file_system, mount, private_mounts

from cases.file_copies import copy, path_of, read, write

QUOTACTL_FD = 443
GET, SET = 0x800007, 0x800008
USER, GROUP = 0, 1
DQBLK = struct.Struct("=QQQQQQQQI4x")
EXCEEDED = "The quota is exceeded."


def quotactl(path, command, kind, number, facts):
    """The kernel's struct dqblk, by the path of a directory."""
    block = ctypes.create_string_buffer(facts, DQBLK.size)
    folder = os.open(path, os.O_RDONLY)
    libc = ctypes.CDLL(None, use_errno=True)
    done = libc.syscall(QUOTACTL_FD, folder, command << 8 | kind, number,
                        block)
    os.close(folder)
    assert done == 0, os.strerror(ctypes.get_errno())
    return DQBLK.unpack(block.raw)


def number_of(kind):
    return UID if kind == USER else GID


def used(path, kind=USER):
    """Bytes and files that count."""
    facts = quotactl(path, GET, kind, number_of(kind), bytes(DQBLK.size))
    return facts[2], facts[5]


def limit(path, kind=USER, hard=0, soft=0, files=0, until=None):
    """Limits of bytes and files; until: when more than soft is too late."""
    valid = 1 | 4 | (16 if until is not None else 0)
    quotactl(path, SET, kind, number_of(kind),
             DQBLK.pack(hard >> 10, soft >> 10, 0, files, 0, 0, until or 0, 0,
                        valid))


def store_too_much(client, size=5_000_000):
    data = client.open_data("STOR big")
    try:
        data.sendall(b"x" * size)
        finish(data)
    except OSError:
        data.close()
    reply = client.reply()
    assert (reply.code, reply.text) == (552, EXCEEDED), reply


def names_in(path):
    return sorted(name for name in os.listdir(path) if name != "lost+found")


def told(client):
    """The lines of SITE QUOTA, by what they are about."""
    return dict(re.findall(r"((?:User|Group) (?:bytes|files)): (.*)",
                           client.cmd("SITE QUOTA", 200).text))


def bytes_of(client, home, kind, name):
    """A limit of bytes: told, and kept by all that writes."""
    start = used(home, kind)[0]
    limit(home, kind, hard=2 << 20)
    assert 0 < int(client.cmd("AVBL", 213).text) <= 2 << 20
    client.cmd("ALLO 1000000", 200)
    reply = client.cmd("ALLO 2097153", 552)
    assert re.fullmatch(r"The quota leaves room for \d+ bytes, not 2097153\.",
                        reply.text), reply
    lines = told(client)
    assert lines[name + " bytes"].startswith(
        f"{start} used, no soft limit, hard limit 2097152"), lines
    store_too_much(client)
    assert wait_for(lambda: names_in(home) == []), names_in(home)
    client.stor("a", b"x" * 1_200_000)
    assert copy(client, "a", "b", 552).text == EXCEEDED
    assert wait_for(lambda: names_in(home) == ["a"]), names_in(home)
    # What is there stays as it was.
    client.cmd("TYPE I", 200)
    data = client.open_data("APPE a")
    try:
        data.sendall(b"y" * 3_000_000)
        finish(data)
    except OSError:
        data.close()
    assert client.reply().code == 552
    client.cmd("DELE a", 250)
    limit(home, kind)


def soft_of(client, home, kind, name):
    """More than the soft limit: for a while, and then no longer."""
    limit(home, kind, hard=4 << 20, soft=512 << 10)
    client.stor("a", b"x" * 1_000_000)
    os.sync()  # XFS begins to count then
    assert " s are left" in told(client)[name + " bytes"]
    client.cmd("ALLO 1000000", 200)
    limit(home, kind, hard=4 << 20, soft=512 << 10,
          until=int(time.time()) - 10)
    assert "over it for too long" in told(client)[name + " bytes"]
    assert client.cmd("AVBL", 213).text == "0"
    client.cmd("ALLO 1", 552)
    store_too_much(client)
    limit(home, kind)
    client.cmd("DELE a", 250)


def files_of(client, home, kind, name):
    """A limit of files."""
    limit(home, kind, files=used(home, kind)[1] + 3)
    for number in range(3):
        client.stor(f"f{number}", b"")
    assert client.cmd("MKD d", 552).text == EXCEEDED
    client.cmd("ALLO 1", 552)
    count = used(home, kind)[1]
    assert told(client)[name + " files"].startswith(
        f"{count} used, no soft limit, hard limit {count}")
    limit(home, kind)
    for number in range(3):
        client.cmd(f"DELE f{number}", 250)


def quotas_on(kind, options, binaries, megabytes=0, arguments=()):
    """Those of a user, and of a group."""
    private_mounts()
    with Daemon(binaries) as server:
        image = "none"
        if megabytes:
            image = os.path.join(server.folder, "image")
            make_file_system(kind, image, megabytes, arguments)
        home = mount(kind, path_of(server, "q"), options, image)
        with logged_in(server) as client:
            client.cmd("CWD q", 250)
            lines = told(client)
            assert sorted(lines) == ["Group bytes", "Group files",
                                     "User bytes", "User files"], lines
            assert lines["User bytes"].endswith("no hard limit"), lines
            client.cmd("ALLO 3000000", 200)
            start = used(home)
            for check in (bytes_of, soft_of, files_of):
                for quota, name in ((USER, "User"), (GROUP, "Group")):
                    # XFS counts what is removed for a moment longer.
                    assert wait_for(lambda: used(home) == start)
                    check(client, home, quota, name)


def case_ext4(binaries):
    """Where the kernel keeps quotas: 552, AVBL, ALLO and SITE QUOTA."""
    quotas_on("ext4", "loop,usrquota,grpquota", binaries, 64,
              ("-q", "-O", "quota", "-E", "quotatype=usrquota:grpquota"))


def case_xfs(binaries):
    """The same."""
    quotas_on("xfs", "loop,usrquota,grpquota", binaries, 320)


def case_tmpfs(binaries):
    """The same."""
    quotas_on("tmpfs", "size=64m,usrquota,grpquota", binaries)


def case_btrfs(binaries):
    """A quota that is exceeded is 552; nothing is left of what was cut."""
    private_mounts()
    with Daemon(binaries) as server:
        image = os.path.join(server.folder, "image")
        make_file_system("btrfs", image, 200)
        home = mount("btrfs", path_of(server, "q"), "loop", image)
        for words in (["quota", "enable", home],
                      ["qgroup", "limit", "8m", home]):
            subprocess.run(["btrfs", *words], check=True, capture_output=True)
        with logged_in(server) as client:
            client.cmd("CWD q", 250)
            client.stor("f", b"kept")
            write(server, "big", random_bytes(1 << 20, 5) * 20)
            copy(client, "../big", "copy", 552)
            client.cmd('COMB "f" "../big"', 552)
            data = client.open_data("STOR big")
            try:
                data.sendall(read(path_of(server, "big")))
                finish(data)
            except OSError:
                data.close()
            reply = client.reply()
            assert reply.code == 552, reply
            assert reply.text == "The quota is exceeded.", reply
            assert wait_for(lambda: os.listdir(home) == ["f"]), \
                os.listdir(home)
            assert client.cmd("SIZE f", 213).text == "4"
            assert client.retr("f") == b"kept"
