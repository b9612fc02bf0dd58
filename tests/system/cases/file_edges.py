"""Files at the edges: room, names, sizes, rights, and other file systems."""

import os
import re
import shutil
import subprocess

from client import Client, finish, logged_in
from daemon import GID, IS_ROOT, UID, Daemon, random_bytes, wait_for
from mounts import mount, private_mounts, remount
from run import Skip


SHORTER = "The file is shorter than the restart position."


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


def overfill(client, command):
    """Uploads more than there is room for: the reply says what was wrong."""
    data = client.open_data(command)
    try:
        data.sendall(b"x" * 5_000_000)
        finish(data)
    except OSError:
        data.close()
    reply = client.reply()
    assert reply.code == 452 and reply.text == "No space is left.", \
        (command, reply)


def case_small_relayed(binaries):
    """A full file system that only the agent writes to: 452 all the same."""
    private_mounts()
    with Daemon(binaries, {"local_file_systems": ["iso9660"]}) as server:
        small = mount("tmpfs", path_of(server, "small"), "size=1m")
        with logged_in(server) as client:
            client.cmd("CWD small", 250)
            for command in ("STOR big", "STOU big"):
                overfill(client, command)
                assert wait_for(lambda: not os.listdir(small)), command
            client.stor("half", random_bytes(500000, 1))
            overfill(client, "STOR half")
            assert client.retr("half") == random_bytes(500000, 1)
            overfill(client, "APPE half")
            assert os.path.getsize(os.path.join(small, "half")) == 1 << 20


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
            for command in ("STOR big", "STOU big", "STOR half"):
                overfill(client, command)
                # The temporary goes after the reply.
                assert wait_for(lambda: os.listdir(small) == ["half"]), command
                assert client.retr("half") == random_bytes(500000, 1)
            # Continued in place: what has been written stays.
            overfill(client, "APPE half")
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
            client.cmd("XMKD dir", 452)
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
                    reply.text == "It is read-only here.", \
                    (command, reply)
            client.cmd("RNFR f", 350)
            reply = client.cmd("RNTO g", 553)
            assert reply.text == "It is read-only here.", reply
            for command in ("STOR f", "STOR g", "APPE f", "STOU"):
                data = client.passive()
                reply = client.cmd(command)
                if reply.code == 150:
                    data = client.wrap_data(data)
                    finish(data)
                    reply = client.reply()
                data.close()
                assert reply.code == 553, (command, reply)
                assert reply.text == "It is read-only here.", reply
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


def give(path, mode=0o644):
    os.chown(path, UID, GID)
    os.chmod(path, mode)
    return path


# Every byte that a name may have, but no "/", and nothing that is no name.
BYTES = bytes(byte for byte in range(1, 256) if byte not in b"\r\n/")
NAMES = [b" first", b"last ", b"  ", b"in the middle", b'"', b'a"b""c"',
         b"-la", b"-", b"~", b"...", b"..a", b"a\\b", b"*?[x]", b"%s%n%d",
         b"a;b=c; d", b"\t", b"'", b"x" * 255, "\u00e9" .encode() * 127,
         b"\xe9", b"\xff", b"\xff\xff", b"\xff\xf4", b"a\xff\xfb\x01b",
         BYTES[:127], BYTES[127:]]


def escaped(name):
    """As it goes over control: Telnet's own byte is doubled."""
    return name.replace(b"\xff", b"\xff\xff")


def text_of(name):
    return name.decode("utf-8", "surrogateescape")


def case_names(binaries):
    """Each command takes any name that the file system takes."""
    with Daemon(binaries, {"tls": {"required": "off"}}) as server, \
            Client(server.port).login() as client:
        home = server.home.encode()
        for name in NAMES:
            wire = escaped(name)
            data = client.passive()
            client.cmd(b"STOR " + wire, 150)
            data.sendall(b"contents")
            data.close()
            client.reply()
            assert os.listdir(home) == [name], (name, os.listdir(home))
            client.cmd(b"SIZE " + wire, 213)
            client.cmd(b"MDTM " + wire, 213)
            reply = client.cmd(b"MFMT 20200102030405 " + wire, 213)
            assert reply.text == "Modify=20200102030405; /" + text_of(name), \
                (name, reply)
            reply = client.cmd(b"MLST /" + wire, 250)
            assert reply.text.split("\n")[1].endswith("; /" + text_of(name)), \
                (name, reply)
            data = client.passive()
            client.cmd(b"RETR " + wire, 150)
            assert client.read_data(data) == b"contents"
            client.reply()
            assert listed(client, b"NLST -a") == name + b"\r\n", name
            assert listed(client, b"MLSD").endswith(b"; " + name + b"\r\n")
            assert listed(client, b"LIST -a").endswith(b" " + name + b"\r\n")
            client.cmd(b"RNFR " + wire, 350)
            client.cmd(b"RNTO plain", 250)
            client.cmd(b"RNFR plain", 350)
            client.cmd(b"RNTO " + wire, 250)
            client.cmd(b"DELE " + wire, 250)
            quoted = text_of(name).replace('"', '""')
            reply = client.cmd(b"MKD " + wire, 257)
            assert reply.text == f'"/{quoted}" was made.', (name, reply)
            client.cmd(b"CWD " + wire, 250)
            reply = client.cmd("PWD", 257)
            assert reply.text.startswith(f'"/{quoted}" '), (name, reply)
            client.cmd("CDUP", 250)
            client.cmd(b"RMD " + wire, 250)
            assert os.listdir(home) == []


def listed(client, command):
    data = client.passive()
    client.cmd(command, 150)
    contents = client.read_data(data)
    assert client.reply().code == 226
    return contents


def case_names_refused(binaries):
    """A name that is too long, or ours, or none, is refused, and by all."""
    with Daemon(binaries) as server, logged_in(server) as client:
        long = "x" * 256
        for command, code in (
                ("MKD", 553), ("CWD", 553), ("DELE", 553), ("SIZE", 553),
                ("RNFR", 553), ("RMD", 553), ("MLST", 553), ("AVBL", 553)):
            reply = client.cmd(f"{command} {long}", code)
            assert reply.text == "The name is too long.", (command, reply)
        client.stor("f", b"1")
        client.cmd("RNFR f", 350)
        client.cmd("RNTO " + long, 553)
        for command in ("STOR", "APPE", "STOU", "RETR"):
            client.passive().close()
            reply = client.cmd(f"{command} {long}", 553)
            assert reply.text == "The name is too long.", (command, reply)
        assert client.cmd(b"MKD a\rb").code == 501
        assert client.cmd(b"MKD a\0b").code == 501
        ours = ".ftpsd.0123456789abcdef.part"
        client.cmd("MKD " + ours, 550)
        client.cmd("RNFR f", 350)
        client.cmd("RNTO " + ours, 553)
        client.passive().close()
        client.cmd("STOR " + ours, 553)
        assert os.listdir(server.home) == ["f"]
        shutil.copy(path_of(server, "f"), path_of(server, ours))
        os.chown(path_of(server, ours), UID, GID)
        for command in ("SIZE", "MDTM", "MFMT 20200101000000", "MLST", "HASH",
                        "XCRC", "SITE CHMOD 777", "SITE CPFR", "RNFR",
                        "DELE", "CWD"):
            client.cmd(f"{command} {ours}", 550)
        client.passive().close()
        client.cmd("RETR " + ours, 550)


def make_below(top, names, new):
    """Makes directories in each other below names in each other."""
    here = os.open(top, os.O_PATH)
    for name in names + new:
        if name in new:
            os.mkdir(name, dir_fd=here)
            os.chown(name, UID, GID, dir_fd=here)
        below = os.open(name, os.O_PATH, dir_fd=here)
        os.close(here)
        here = below
    os.close(here)


def case_long_paths(binaries):
    """A path has 4095 bytes; beyond that all is refused, and nothing breaks."""
    with Daemon(binaries, {"allow_rmda": True}) as server, \
            logged_in(server) as client:
        step, depth = "d" * 254, 0
        while 255 * (depth + 1) <= 4095:
            client.cmd("MKD " + step, 257)
            client.cmd("CWD " + step, 250)
            depth += 1
        assert depth == 16  # 4080 bytes: room for a slash and 14
        client.stor("f" * 14, b"deep")
        assert client.retr("f" * 14) == b"deep"
        reply = client.cmd("PWD", 257)
        assert reply.text.startswith(f'"{("/" + step) * 16}" '), reply
        for command in ("MKD", "SIZE", "DELE", "CWD", "RNFR", "MLST"):
            for length in (15, 16, 200):
                reply = client.cmd(f"{command} {'g' * length}", 553)
                assert reply.text == "The name is too long.", reply
        client.passive().close()
        client.cmd("STOR " + "g" * 15, 553)
        client.cmd("RNFR " + "f" * 14, 350)
        client.cmd("RNTO /" + "e" * 14, 250)
        assert client.retr("/" + "e" * 14) == b"deep"
        # What is deeper than a path can say is there for others only.
        make_below(server.home, [step] * depth, ["x", "y" * 100])
        assert b"type=dir" in client.listing("MLSD")
        client.cmd("CWD x", 250)
        client.cmd("CWD " + "y" * 100, 553)
        assert b"y" * 100 in client.listing("NLST")
        client.cmd("CWD /", 250)
        for line, code in (("MKD " + "/".join("z" * 2040), 550),
                           ("MKD " + "z" * 4092, 553),
                           ("MKD " + "z" * 4093, 500)):
            client.cmd(line, code)
        reply = client.cmd("RMDA " + step, 550)
        assert "name is too long" in reply.text, reply
        subprocess.run(["rm", "-r", step], cwd=server.home, check=True)


def case_rights(binaries):
    """What the file system forbids is refused, with the reason."""
    if not IS_ROOT:
        raise Skip("needs root for files of others")
    with Daemon(binaries) as server, logged_in(server) as client:
        for name, mode in (("shut", 0o700), ("sticky", 0o1777),
                           ("listed", 0o744)):
            os.mkdir(path_of(server, name))
            with open(path_of(server, name, "f"), "wb") as out:
                out.write(b"root's")
            os.chmod(path_of(server, name), mode)
        with open(path_of(server, "secret"), "wb") as out:
            out.write(b"root's")
        os.chmod(path_of(server, "secret"), 0o600)
        for command, code in (
                ("CWD shut", 550), ("CWD listed", 550), ("SIZE shut/f", 550),
                ("MKD shut/d", 550), ("DELE shut/f", 550),
                ("DELE sticky/f", 550), ("RMD shut", 550),
                ("SITE CHMOD 777 secret", 550),
                ("MFMT 20200101000000 secret", 550),
                ("SITE CPFR shut/f", 550)):
            reply = client.cmd(command, code)
            assert reply.text in ("Permission denied.", "Not permitted.",
                                  "The directory is not empty."), \
                (command, reply)
        for command, code in (("RETR secret", 550), ("RETR shut/f", 550),
                              ("STOR secret", 553), ("STOR shut/f", 553),
                              ("STOR shut/g", 553), ("STOR listed/g", 553),
                              ("APPE secret", 553), ("STOU shut/g", 553)):
            data = client.passive()
            reply = client.cmd(command)
            if reply.code == 150:
                finish(client.wrap_data(data))
                reply = client.reply()
            data.close()
            assert reply.code == code and \
                reply.text == "Permission denied.", (command, reply)
        for old, new in (("sticky/f", "f"), ("secret", "shut/f")):
            client.cmd("RNFR " + old, 350)
            client.cmd("RNTO " + new, 553)
        for name in ("shut/f", "sticky/f", "listed/f", "secret"):
            with open(path_of(server, name), "rb") as source:
                assert source.read() == b"root's"


def case_immutable(binaries):
    """A file that the system lets nobody change stays as it is."""
    with Daemon(binaries) as server, logged_in(server) as client:
        client.stor("f", b"fixed")
        client.cmd("MKD d", 257)
        client.stor("g", b"g")
        fixed = [path_of(server, name) for name in ("f", "d")]
        if not shutil.which("chattr") or subprocess.run(
                ["chattr", "+i", *fixed], capture_output=True,
                check=False).returncode != 0:
            raise Skip("cannot make files immutable")
        try:
            for command in ("DELE f", "RMD d", "SITE CHMOD 600 f", "MKD d/e",
                            "MFMT 20200101000000 f"):
                reply = client.cmd(command, 550)
                assert reply.text in ("Not permitted.", "Permission denied."), \
                    (command, reply)
            for command in ("STOR f", "APPE f", "STOR d/g", "STOU d/g"):
                data = client.passive()
                reply = client.cmd(command)
                if reply.code == 150:
                    data = client.wrap_data(data)
                    data.sendall(b"new")
                    finish(data)
                    reply = client.reply()
                data.close()
                assert reply.code == 553, (command, reply)
            rename = renamer(client)
            rename("f", "h", 553)
            rename("g", "f", 553)
            rename("g", "d/g", 553)
            client.cmd("SITE CPFR g", 350)
            client.cmd("SITE CPTO f", 553)
            client.cmd("COMB f g", 550)
            assert client.retr("f") == b"fixed"
            assert client.retr("g") == b"g"
        finally:
            subprocess.run(["chattr", "-i", *fixed], check=True)


def case_large_and_sparse(binaries):
    """Beyond 4 GiB, both ways; holes are read as zeros."""
    with Daemon(binaries) as server, logged_in(server) as client:
        path = path_of(server, "big")
        size = (5 << 30) + 7
        with open(path, "wb") as out:
            out.truncate(size)
            out.seek(4 << 30)
            out.write(b"middle")
            out.seek(size - 3)
            out.write(b"end")
        give(path)
        assert client.cmd("SIZE big", 213).text == str(size)
        assert f"size={size};" in client.cmd("MLST big", 250).text
        for offset, contents in ((size - 5, b"\0\0end"), (size, b""),
                                 (size - 1, b"d")):
            client.cmd(f"REST {offset}", 350)
            assert client.retr("big") == contents, offset
        client.cmd(f"REST {size + 1}", 350)
        client.passive().close()
        client.cmd("RETR big", 551)
        client.cmd(f"REST {(4 << 30) + 1}", 350)
        data = client.open_data("RETR big")
        assert data.recv(10)[:5] == b"iddle"
        client.cmd("ABOR", 426)
        assert client.reply().code == 226
        data.close()
        # Continued beyond it: what is before and after stays.
        client.cmd(f"REST {4 << 30}", 350)
        client.stor("big", b"MID")
        assert os.path.getsize(path) == size
        with open(path, "rb") as source:
            source.seek(4 << 30)
            assert source.read(7) == b"MIDdle\0"
        client.stor("big", b"more", command="APPE")
        assert client.cmd("SIZE big", 213).text == str(size + 4)
        client.cmd(f"REST {size}", 350)
        assert client.retr("big") == b"more"
        # A hole of some size, whole; and zeros that come are stored.
        sparse = path_of(server, "sparse")
        with open(sparse, "wb") as out:
            out.truncate(50_000_000)
        give(sparse)
        assert client.retr("sparse") == bytes(50_000_000)
        client.stor("zeros", bytes(5_000_000))
        assert client.retr("zeros") == bytes(5_000_000)


def refused(client, command, code, text, before=None):
    """The transfer is refused, without a 150 before that."""
    client.passive().close()
    if before:
        client.cmd(before, 350)
    reply = client.cmd(command)
    assert (reply.code, reply.text) == (code, text), (command, reply)


def case_replacing_odd_things(binaries):
    """What cannot be stored or sent is refused before a data connection."""
    with Daemon(binaries) as server, logged_in(server) as client:
        os.mkfifo(path_of(server, "fifo"))
        os.symlink("loop", path_of(server, "loop"))
        os.symlink("/etc/passwd", path_of(server, "out"))
        client.cmd("MKD d", 257)
        client.cmd("MKD shut", 257)
        client.stor("short", b"abc")
        for command, code, text in (
                ("STOR d", 553, "It is a directory."),
                ("RETR d", 550, "It is a directory."),
                ("STOR fifo", 553, "It is not a regular file."),
                ("RETR fifo", 550, "It is not a regular file."),
                ("STOR loop", 553, "Too many symbolic links."),
                ("RETR loop", 550, "Too many symbolic links."),
                ("STOR d/x/y", 553, "No such file or directory."),
                ("APPE d/x/y", 553, "No such file or directory."),
                ("RETR out", 550, "No such file or directory."),
                ("STOR /", 553, "It is a directory.")):
            refused(client, command, code, text)
        refused(client, "STOR short", 554, SHORTER, "REST 4")
        refused(client, "STOR none", 553, "No such file or directory.",
                "REST 4")
        refused(client, "STOR short", 554, SHORTER, "RANG 4 5")
        refused(client, "RETR short", 551, SHORTER, "REST 4")
        os.chmod(path_of(server, "shut"), 0o555)
        os.chmod(path_of(server, "short"), 0o444)
        for command in ("STOR shut/f", "APPE shut/f", "STOR short",
                        "APPE short"):
            refused(client, command, 553, "Permission denied.")
        client.stor("f", b"")
        for command in ("CWD f", "RMD f", "MKD f/x"):
            reply = client.cmd(command, 550)
            assert reply.text == "Not a directory.", (command, reply)
