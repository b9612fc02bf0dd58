"""Files at the edges: room, names, sizes, rights, and other file systems."""

import os
import re

from client import Client, finish
from daemon import Daemon, random_bytes, wait_for
from mounts import mount, private_mounts, remount


def logged_in(server, user="alice"):
    return Client(server.port).auth().login(user)


def path_of(server, *names):
    return os.path.join(server.home, *names)


def room_at(path):
    facts = os.statvfs(path)
    return facts.f_bavail * facts.f_frsize


def store_unique(client, contents, hint=None, directory=""):
    """STOU: the names that 150 and 226 tell."""
    data = client.passive()
    reply = client.cmd("STOU" + (" " + hint if hint else ""), 150)
    early = re.fullmatch(r"FILE: (.+)", reply.text).group(1)
    data = client.wrap_data(data)
    data.sendall(contents)
    finish(data)
    reply = client.reply()
    late = re.fullmatch(r"Transfer complete \(unique file name:(.+)\)\.",
                        reply.text)
    assert reply.code == 226 and late, reply
    assert late.group(1) == early, (early, reply)
    assert client.retr(early) == contents
    return early


def case_stou(binaries):
    """STOU tells a name that is new, from where the client is."""
    with Daemon(binaries) as server, logged_in(server) as client:
        assert store_unique(client, b"one") == "upload"
        assert re.fullmatch(r"upload\.[0-9a-f]{6}",
                            store_unique(client, b"two"))
        assert store_unique(client, b"three", "hint") == "hint"
        names = {store_unique(client, b"again", "hint") for _ in range(5)}
        assert len(names) == 5 and "hint" not in names, names
        assert client.retr("hint") == b"three"
        client.cmd("MKD sub", 257)
        assert store_unique(client, b"", "sub/x") == "/sub/x"
        client.cmd("CWD sub", 250)
        assert store_unique(client, b"", "y y ") == "y y "
        assert store_unique(client, b"", "/sub/z") == "z"
        assert store_unique(client, b"", "/z") == "/z"
        client.cmd("CWD /", 250)
        # Of several at once each has a name of its own, before any is there.
        others = [logged_in(server) for _ in range(4)]
        open_now = []
        for other in others:
            data = other.passive()
            name = other.cmd("STOU race", 150).text.removeprefix("FILE: ")
            open_now.append((other, other.wrap_data(data), name))
        assert len({name for _, _, name in open_now}) == 4
        assert "race" not in os.listdir(server.home)
        for other, data, name in open_now:
            data.sendall(name.encode())
            finish(data)
            assert other.reply().code == 226
            assert client.retr(name) == name.encode()
            other.close()
        # Somebody else is faster: nothing of his is lost.
        data = client.passive()
        client.cmd("STOU late", 150)
        data = client.wrap_data(data)
        with logged_in(server) as other:
            other.stor("late", b"other's")
        data.sendall(b"mine")
        finish(data)
        assert client.reply().code == 553
        assert client.retr("late") == b"other's"
        client.passive().close()
        assert client.cmd("STOU none/x").code == 553
        assert not [name for name in os.listdir(server.home)
                    if name.startswith(".ftpsd")]


def case_room(binaries):
    """ALLO and AVBL tell what others than root can use; SITE QUOTA."""
    with Daemon(binaries) as server, logged_in(server) as client:
        free = room_at(server.home)
        for words in ("ALLO 0", "ALLO 1", "ALLO 1000 R 80", "ALLO 1 r 2"):
            reply = client.cmd(words, 200)
            assert re.fullmatch(r"There is room for \d+ bytes\.", reply.text)
        for words in ("ALLO", "ALLO x", "ALLO -1", "ALLO 1 R", "ALLO 1 x",
                      "ALLO 1 R x", "ALLO 1 R 2 3", "ALLO 99999999999999999999",
                      "SITE QUOTA x"):
            client.cmd(words, 501)
        reply = client.cmd("ALLO 9223372036854775807", 452)
        assert re.fullmatch(r"There is room for \d+ bytes, not "
                            r"9223372036854775807\.", reply.text), reply
        available = int(client.cmd("AVBL", 213).text)
        assert abs(available - free) < 1 << 30, (available, free)
        client.cmd("MKD dir", 257)
        assert int(client.cmd("AVBL dir", 213).text) > 0
        client.cmd("AVBL none", 550)
        client.cmd("SITE QUOTA", (200, 202))
        assert "\n AVBL\n" in client.cmd("FEAT", 211).text
        # What ALLO was asked for is no restart position.
        client.stor("f", b"0123456789")
        client.cmd("ALLO 5", 200)
        assert client.retr("f") == b"0123456789"


def case_small_file_system(binaries):
    """A full file system: 452, and what was stored in part is gone."""
    private_mounts()
    with Daemon(binaries) as server:
        small = mount("tmpfs", path_of(server, "small"),
                      "size=1m,nr_inodes=8")
        with logged_in(server) as client:
            assert int(client.cmd("AVBL small", 213).text) == 1 << 20
            assert int(client.cmd("AVBL /", 213).text) > 1 << 20
            client.cmd("CWD small", 250)
            assert client.cmd("ALLO 1048576", 200).text == \
                "There is room for 1048576 bytes."
            reply = client.cmd("ALLO 1048577", 452)
            assert reply.text == "There is room for 1048576 bytes, not " \
                "1048577.", reply
            client.stor("half", random_bytes(500000, 1))
            for command, size in (("STOR big", 5_000_000),
                                  ("STOU big", 5_000_000),
                                  ("STOR half", 5_000_000)):
                data = client.open_data(command)
                try:
                    data.sendall(b"x" * size)
                    finish(data)
                except OSError:
                    data.close()
                reply = client.reply()
                assert reply.code == 452, (command, reply)
                # The temporary goes after the reply.
                assert wait_for(lambda: os.listdir(small) == ["half"]), command
                assert client.retr("half") == random_bytes(500000, 1)
            # Continued in place: what has been written stays.
            data = client.open_data("APPE half")
            try:
                data.sendall(b"y" * 5_000_000)
                finish(data)
            except OSError:
                data.close()
            assert client.reply().code == 452
            assert os.path.getsize(os.path.join(small, "half")) > 500000
            client.cmd("DELE half", 250)
            for number in range(6):
                client.stor(f"f{number}", b"")
            while os.statvfs(small).f_favail > 0:
                client.stor(f"g{number}", b"")
                number += 1
            assert client.cmd("AVBL", 213).text == "0"
            reply = client.cmd("ALLO 1", 452)
            assert reply.text == "There is room for no further file.", reply
            client.cmd("MKD dir", 452)
            data = client.open_data("STOR more")
            data.sendall(b"z")
            finish(data)
            assert client.reply().code == 452


def case_read_only_file_system(binaries):
    """A read-only file system refuses all that changes it, and says why."""
    private_mounts()
    with Daemon(binaries) as server:
        mount("tmpfs", path_of(server, "ro"), "size=1m")
        with logged_in(server) as client:
            client.cmd("CWD ro", 250)
            client.stor("f", b"there")
            client.cmd("MKD d", 257)
            remount(path_of(server, "ro"), "ro")
            for command, code in (
                    ("DELE f", 550), ("RMD d", 550), ("MKD e", 550),
                    ("MFMT 20200101000000 f", 550), ("SITE CHMOD 600 f", 550),
                    ("SITE UTIME 20200101000000 f", 550)):
                reply = client.cmd(command)
                assert reply.code == code and \
                    reply.text == "The file system is read-only.", \
                    (command, reply)
            client.cmd("RNFR f", 350)
            reply = client.cmd("RNTO g", 553)
            assert reply.text == "The file system is read-only.", reply
            for command in ("STOR f", "STOR g", "APPE f", "STOU"):
                data = client.passive()
                reply = client.cmd(command)
                if reply.code == 150:
                    data = client.wrap_data(data)
                    finish(data)
                    reply = client.reply()
                data.close()
                assert reply.code == 553, (command, reply)
                assert reply.text == "The file system is read-only.", reply
            assert client.retr("f") == b"there"


def case_rename(binaries):
    """RNTO: across directories and file systems, onto what is there."""
    private_mounts()
    keep = {"directories": [{"path": "/keep", "rename_replaces": False}],
            "users": [{"name": "bob", "rename_replaces": False}]}
    with Daemon(binaries, keep, users=("alice", "bob")) as server:
        mount("tmpfs", path_of(server, "other"), "size=1m")
        with logged_in(server) as client:
            for name in ("a", "b", "keep", "keep/d"):
                client.cmd("MKD " + name, 257)
            rename = renamer(client)
            client.stor("a/f", b"first")
            rename("a/f", "b/g", 250)
            assert client.retr("b/g") == b"first"
            client.stor("a/f", b"second")
            rename("a/f", "b/g", 250)
            assert client.retr("b/g") == b"second"
            rename("a", "b", 553)  # not empty
            rename("b", "a", 250)  # an empty one
            rename("a/g", "other/g", 553)
            assert "file system" in rename("a", "other/a", 553).text
            assert client.retr("a/g") == b"second"
            rename("a", "a/below", 553)
            rename("a/g", "none/g", 553)
            rename("a/g", "/", 553)
            rename("a", "a/g", 553)
            rename("a/g", "a/g", 250)
            client.cmd("RNFR none", 550)
            client.cmd("RNTO x", 503)
            client.cmd("RNFR a/g", 350)
            client.cmd("NOOP", 200)
            client.cmd("RNTO x", 503)
            # Where nothing may be replaced.
            client.stor("keep/f", b"kept")
            reply = rename("a/g", "keep/f", 553)
            assert reply.text == "It exists already.", reply
            rename("a", "keep/d", 553)
            rename("a/g", "keep/g", 250)
            rename("keep/g", "a/h", 250)
            assert client.retr("keep/f") == b"kept"
            # A link goes itself, wherever it leads.
            os.symlink("nowhere", path_of(server, "dangling"))
            rename("dangling", "moved", 250)
            assert os.readlink(path_of(server, "moved")) == "nowhere"
        with logged_in(server, "bob") as client:
            client.stor("f", b"1")
            client.stor("g", b"2")
            rename = renamer(client)
            rename("f", "g", 553)
            rename("f", "h", 250)
            assert client.retr("g") == b"2" and client.retr("h") == b"1"


def renamer(client):
    def rename(old, new, code):
        client.cmd("RNFR " + old, 350)
        return client.cmd("RNTO " + new, code)
    return rename
