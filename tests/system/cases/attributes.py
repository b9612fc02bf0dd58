"""Times, modes, groups and links: what changes them, and what tells of them."""

import os
import re
import struct
import subprocess

from cases.clients import lftp
from cases.pam import UNIX, PamServer
from client import finish, logged_in
from daemon import GID, IS_ROOT, PASSWORD, UID, Daemon
from run import Skip


def put(server, name, mode=0o644, folder=False):
    """A file, or directory, of alice's; its path."""
    path = os.path.join(server.home, name)
    if folder:
        os.mkdir(path)
    else:
        with open(path, "w", encoding="ascii") as out:
            out.write("contents")
    os.chmod(path, mode)
    os.chown(path, UID, GID)
    return path


def mode(path):
    return os.stat(path).st_mode & 0o7777


def said(client, command, code, text):
    reply = client.cmd(command, code)
    assert re.search(text, reply.text), (command, reply)


def case_mfmt(binaries):
    """MFMT sets exactly what it is told, and nothing that does not exist."""
    with Daemon(binaries) as server, logged_in(server) as client:
        path = put(server, "a b")
        os.utime(path, ns=(10 ** 9, 10 ** 9))
        said(client, "MFMT 20240229123456 a b", 213,
             "^Modify=20240229123456; /a b$")
        assert os.stat(path).st_mtime_ns == 1709210096 * 10 ** 9
        assert os.stat(path).st_atime_ns == 10 ** 9
        said(client, "MFMT 20240229123456.5 a b", 213,
             "^Modify=20240229123456.500; /a b$")
        assert os.stat(path).st_mtime_ns == 1709210096 * 10 ** 9 + 5 * 10 ** 8
        said(client, "MFMT 20161231235960 a b", 213, "=20170101000000;")
        said(client, "MFMT 20390101000000 a b", 213, "=20390101000000;")
        said(client, "MFMT 19391231235959.25 a b", 213,
             "=19391231235959.250;")
        before = os.stat(path).st_mtime_ns
        for time in ("20230229000000", "20241301000000", "20240100000000",
                     "20240101240000", "20240101006000", "20240101000060",
                     "202401010000", "20240101000000.", "20240101000000+60",
                     "2024010100000x", "1704067200"):
            client.cmd(f"MFMT {time} a b", 501)
        client.cmd("MFMT 20240101000000", 501)
        client.cmd("MFMT 20240101000000 none", 550)
        assert os.stat(path).st_mtime_ns == before
        client.cmd("MFCT 20240101000000 a b", 502)
        # A time that the file system cannot keep is told as it is kept.
        year = re.search(r"Modify=(\d{4})", client.cmd(
            "MFMT 99991231235959 a b", 213).text).group(1)
        kept = client.cmd("MDTM a b", 213).text
        assert kept.startswith(year), (kept, year)


def case_mdtm_sets(binaries):
    """MDTM sets times, unless a file has that for its name, or a key says."""
    with Daemon(binaries) as server, logged_in(server) as client:
        path = put(server, "file")
        said(client, "MDTM 20200102030405 file", 213,
             "^Modify=20200102030405; /file$")
        assert client.cmd("MDTM file", 213).text == "20200102030405"
        said(client, "MDTM 20200102030405.75+60 file", 213,
             "^Modify=20200102020405.750; /file$")
        said(client, "MDTM 20200102030405-90 file", 213,
             "^Modify=20200102043405; /file$")
        assert os.stat(path).st_mtime == 1577939645
        client.cmd("RNTO renamed", 503)
        client.cmd("MDTM 20200230030405 file", 501)
        client.cmd("MDTM 20200102030405+2000 file", 501)
        client.cmd("MDTM 20200102030405 none", 550)
        client.cmd("MDTM 2020010203040 file", 550)
        # What is there under the whole name is asked for, not set.
        odd = put(server, "20200102030405 file")
        os.utime(odd, (0, 86400))
        before = os.stat(path).st_mtime_ns
        assert client.cmd("MDTM 20200102030405 file", 213).text == \
            "19700102000000"
        assert os.stat(path).st_mtime_ns == before
        os.utime(put(server, "20200230030405 file"), (0, 86400))
        assert client.cmd("MDTM 20200230030405 file", 213).text == \
            "19700102000000"
    with Daemon(binaries, {"mdtm_sets": False}) as server, \
            logged_in(server) as client:
        path = put(server, "file")
        before = os.stat(path).st_mtime_ns
        client.cmd("MDTM 20200102030405 file", 550)
        assert os.stat(path).st_mtime_ns == before


def case_mff(binaries):
    """MFF changes all of the facts or none, and names the wrong one."""
    with Daemon(binaries) as server, logged_in(server) as client:
        path = put(server, "a b", 0o644)
        said(client, "FEAT", 211, "(?m)^ MFF Modify;UNIX.group;UNIX.mode;$")
        said(client, "MFF UNIX.mode=0600;modify=20240229123456; a b", 213,
             "^Modify=20240229123456;UNIX.mode=0600; /a b$")
        assert mode(path) == 0o600
        assert os.stat(path).st_mtime == 1709210096
        said(client, f"MFF unix.GROUP={GID};UNIX.mode=640 a b", 213,
             f"^UNIX.group={GID};UNIX.mode=0640; /a b$")
        before = os.stat(path)
        for facts, code, text in (
                ("UNIX.mode=600;UNIX.owner=0;", 504, "^UNIX.owner: "),
                ("UNIX.mode=600;Create=20240229123456;", 504, "^Create: "),
                ("UNIX.mode=600;Size=5;", 504, "^Size: "),
                ("UNIX.mode=600;Modify=20230229000000;", 501, "^Modify: "),
                ("Modify=20240229123456;UNIX.mode=9;", 501, "^UNIX.mode: "),
                ("UNIX.mode=600;UNIX.mode=644;", 501, "^UNIX.mode: "),
                ("UNIX.mode=4755;", 501, "^UNIX.mode: "),
                ("UNIX.mode=600;Modify=20240229000000;UNIX.group=54321;",
                 550, "Not permitted"),
                ("UNIX.mode=600;UNIX.groupname=nobody-is-here;", 550,
                 "no group of that name"),
                ("UNIX.group=1;Modify=20240229000000;UNIX.mode=2644;",
                 (504, 550), "")):
            reply = client.cmd(f"MFF {facts} a b", code)
            assert re.search(text, reply.text), (facts, reply)
        client.cmd("MFF UNIX.mode=644;", 501)
        client.cmd("MFF a b", 504)
        client.cmd("MFF ; a b", 501)
        client.cmd("MFF UNIX.mode=644; none", 550)
        after = os.stat(path)
        assert (before.st_mode, before.st_mtime_ns, before.st_ctime_ns) == \
            (after.st_mode, after.st_mtime_ns, after.st_ctime_ns)
        if IS_ROOT:
            os.chown(path, 0, 0)
            os.chmod(path, 0o666)
            client.cmd("MFF Modify=20240229123456; a b", 550)


def case_chmod(binaries):
    """SITE CHMOD takes digits and letters, and gives nobody set-user-ID."""
    with Daemon(binaries) as server, logged_in(server) as client:
        path, folder = put(server, "a b"), put(server, "dir", 0o755, True)
        for text, code, expected in (
                ("600", 200, 0o600), ("0755", 200, 0o755),
                ("go-rx", 200, 0o700), ("u=rw,g=r", 200, 0o640),
                ("+x", 200, 0o751), ("a+X", 200, 0o751),
                ("ug-x,o=,g+w", 200, 0o660), ("a-w", 200, 0o440),
                ("4755", 504, 0o440), ("u+s", 504, 0o440),
                ("2755", 504, 0o440), ("+t", 504, 0o440),
                ("g=u", 504, 0o440), ("17777", 504, 0o440),
                ("999", 501, 0o440), ("u+", 200, 0o440),
                ("rw", 501, 0o440), ("-6", 501, 0o440)):
            reply = client.cmd(f"SITE CHMOD {text} a b", code)
            assert mode(path) in (expected, expected & ~1), \
                (text, oct(mode(path)), reply)
        client.cmd("SITE CHMOD 2775 dir", 200)
        assert mode(folder) == 0o2775
        client.cmd("SITE CHMOD 755 dir", 200)
        assert mode(folder) == 0o2755
        client.cmd("SITE CHMOD g-s,+t dir", 200)
        assert mode(folder) == 0o1755
        client.cmd("SITE CHMOD 4755 dir", 504)
        client.cmd("SITE CHMOD 600", 501)
        client.cmd("SITE CHMOD", 501)
        client.cmd("SITE CHMOD 600 none", 550)
        # lftp's own chmod, with letters, which it makes digits of.
        lftp(server, "chmod 604 'a b'; chmod -R g+w dir")
        assert mode(path) == 0o604 and mode(folder) & 0o777 == 0o775
        done = subprocess.run(
            ["curl", "-sS", "-k", "--ssl-reqd", "-u", f"alice:{PASSWORD}",
             "-Q", "SITE CHMOD 640 a b", "-Q", "MFMT 20240229123456 a b",
             f"ftp://127.0.0.1:{server.port}/dir/"], capture_output=True,
            timeout=60, check=False)
        assert done.returncode == 0, done.stderr
        assert mode(path) == 0o640
        assert os.stat(path).st_mtime == 1709210096


def case_chmod_policy(binaries):
    """allow_chmod keeps modes as they are, and the umask from growing lax."""
    config = {"umask": "027", "directories": [
        {"path": "/fixed", "allow_chmod": False},
        {"path": "/programs", "file_mode": "0777", "umask": "022"},
        {"path": "/drop", "file_mode": "0600"}]}
    with Daemon(binaries, config) as server, logged_in(server) as client:
        for name in ("fixed", "programs", "drop"):
            put(server, name, 0o755, True)
        path = put(server, "fixed/file", 0o644)
        client.cmd("SITE CHMOD 666 fixed/file", 550)
        client.cmd("MFF Modify=20240229123456;UNIX.mode=666; fixed/file", 550)
        assert mode(path) == 0o644 and os.stat(path).st_mtime > 1709210096
        client.cmd("MFF Modify=20240229123456; fixed/file", 213)
        client.cmd("SITE CHMOD 666 fixed/../fixed/file", 550)

        def made(folder, expected):
            client.stor(folder + "/new", b"x")
            client.cmd(f"MKD {folder}/sub", 257)
            found = [mode(os.path.join(server.home, folder, name))
                     for name in ("new", "sub")]
            assert found == expected, (folder, [oct(m) for m in found])
            client.cmd(f"DELE {folder}/new", 250)
            client.cmd(f"RMD {folder}/sub", 250)

        said(client, "SITE UMASK", 200, "027")
        made("fixed", [0o640, 0o750])
        made("programs", [0o755, 0o755])
        made("drop", [0o600, 0o750])
        said(client, "SITE UMASK 0", 200, "000 .was 027")
        made(".", [0o666, 0o777])
        made("fixed", [0o640, 0o750])
        made("programs", [0o777, 0o777])
        made("drop", [0o600, 0o777])
        client.cmd("SITE UMASK 0077", 200)
        made("fixed", [0o600, 0o700])
        made("programs", [0o700, 0o700])
        client.cmd("CWD fixed", 250)
        client.cmd("SITE UMASK 002", 200)
        said(client, "SITE UMASK", 200, "027")
        for text in ("1000", "8", "-1", "0x1", "00077", "0 0"):
            client.cmd("SITE UMASK " + text, 501)
        with logged_in(server) as other:
            said(other, "SITE UMASK", 200, "027")


def case_chgrp(binaries):
    """SITE CHGRP: to groups of the account's, by number and by name."""
    name = f"ftpsd-chgrp-{os.getpid()}"
    with PamServer(binaries, UNIX, [name]) as server:
        subprocess.run(["usermod", "-aG", "users", name], check=True,
                       capture_output=True)
        path = os.path.join(server.home, "file")
        with logged_in(server, name) as client:
            client.stor("file", b"x")
            own = os.stat(path).st_gid
            client.cmd("SITE CHGRP users file", 200)
            assert os.stat(path).st_gid == 100
            client.cmd(f"SITE CHGRP {name} file", 200)
            assert os.stat(path).st_gid == own
            client.cmd("SITE CHGRP 100 file", 200)
            assert os.stat(path).st_gid == 100
            said(client, f"MFF UNIX.groupname={name}; file", 213,
                 f"^UNIX.group={own}; /file$")
            said(client, "SITE CHGRP root file", 550, "in no group")
            said(client, "SITE CHGRP no-such-group file", 550, "in no group")
            client.cmd("SITE CHGRP 0 file", 550)
            client.cmd("SITE CHGRP 4294967295 file", 501)
            client.cmd("SITE CHGRP file", 501)
            client.cmd("SITE CHGRP users none", 550)
            assert os.stat(path).st_gid == own


def case_utime(binaries):
    """SITE UTIME in both of its forms, as lftp says it, too."""
    with Daemon(binaries) as server, logged_in(server) as client:
        path = put(server, "a b")
        client.cmd("SITE UTIME 20200102030405 a b", 200)
        assert os.stat(path).st_mtime == 1577934245
        assert os.stat(path).st_atime == 1577934245
        client.cmd("SITE UTIME 202001020304 a b", 200)
        assert os.stat(path).st_mtime == 1577934240
        client.cmd("SITE UTIME a b 20210102030405 20200102030405 "
                   "20220102030405 UTC", 200)
        assert os.stat(path).st_atime == 1609556645
        assert os.stat(path).st_mtime == 1577934245
        client.cmd("SITE UTIME a b 202101020304 202001020304 "
                   "202201020304 UTC", 200)
        assert os.stat(path).st_atime == 1609556640
        client.cmd("SITE UTIME 20200230030405 a b", 501)
        client.cmd("SITE UTIME a b 20210102030405 20200230030405 "
                   "20220102030405 UTC", 501)
        client.cmd("SITE UTIME 20200102030405 none", 550)
        client.cmd("SITE UTIME 20200102030405", 501)
        source = os.path.join(server.folder, "source")
        for number, way in enumerate(("", "set ftp:use-mlsd off;",
                                      "set ftp:use-site-utime2 on;")):
            with open(source, "w", encoding="ascii") as out:
                out.write(way)
            os.utime(source, (1600000000 + number, 1600000000 + number))
            lftp(server, f"{way} put {source} -o put{number}")
            kept = os.stat(os.path.join(server.home, f"put{number}")).st_mtime
            assert kept == 1600000000 + number, (way, kept)


def case_symlink(binaries):
    """SITE SYMLINK, where it is allowed, to what is inside of the root."""
    config = {"directories": [{"path": "/links", "allow_symlinks": True}]}
    with Daemon(binaries, config) as server, logged_in(server) as client:
        put(server, "a b")
        put(server, "links", 0o755, True)
        home = server.home
        client.cmd("SITE SYMLINK links here", 550)
        client.cmd('SITE SYMLINK "/a b" links/absolute', 200)
        client.cmd('SITE SYMLINK "../a b" "links/rel ""named"""', 200)
        assert client.retr("links/absolute") == b"contents"
        assert client.retr('links/rel "named"') == b"contents"
        # The same file for those who see more than the root.
        with open(os.path.join(home, "links/absolute"),
                  encoding="ascii") as out:
            assert out.read() == "contents"
        client.cmd("SITE SYMLINK ../../etc/passwd links/out", 550)
        client.cmd("SITE SYMLINK /../etc/passwd links/out", 550)
        # What is above a name may be elsewhere, if that is a link.
        client.cmd("SITE SYMLINK link/../.. links/out", 550)
        client.cmd("SITE SYMLINK /links/../file links/out", 550)
        client.cmd("SITE SYMLINK ./../links/./link links/out", 200)
        client.cmd("DELE links/out", 250)
        client.cmd("SITE SYMLINK none links/out", 200)
        client.cmd("SITE SYMLINK none links/out", 550)
        client.cmd("SITE SYMLINK none links/none/out", 550)
        client.cmd("SITE SYMLINK none", 501)
        client.cmd("SITE SYMLINK a b links/out2", 501)
        client.cmd('SITE SYMLINK "a b links/out2', 501)
        assert sorted(os.listdir(os.path.join(home, "links"))) == \
            ["absolute", "out", 'rel "named"']
        client.cmd("DELE links/absolute", 250)
        assert os.path.exists(os.path.join(home, "a b"))


def case_read_only(binaries):
    """Where nothing may be changed, no form of any command changes it."""
    config = {"allow_symlinks": True}
    with Daemon(binaries, config) as server:
        path = put(server, "file")
        before = os.stat(path)
        if IS_ROOT:
            os.chown(path, 0, 0)
            os.chmod(server.home, 0o755)
            os.chown(server.home, 0, 0)
            before = os.stat(path)
        else:
            os.chmod(server.home, 0o555)
        with logged_in(server) as client:
            commands = ["SITE SYMLINK file link"]
            if IS_ROOT:
                commands += ["MFMT 20200102030405 file",
                             "MDTM 20200102030405 file",
                             "MFF UNIX.mode=777; file",
                             "SITE CHMOD 777 file", "SITE CHMOD a+w file",
                             f"SITE CHGRP {GID} file",
                             "SITE UTIME 20200102030405 file"]
            for command in commands:
                client.cmd(command, 550)
        after = os.stat(path)
        assert (before.st_mode, before.st_mtime_ns, before.st_gid) == \
            (after.st_mode, after.st_mtime_ns, after.st_gid)
        assert os.listdir(server.home) == ["file"]


def facts_of(lines):
    """{name: {fact: value}} of the lines of MLSD or MLST."""
    found = {}
    for line in lines:
        facts, _, name = line.partition(" ")
        assert facts == "" or facts.endswith(";"), line
        found[name] = dict(fact.split("=", 1)
                           for fact in facts.split(";")[:-1])
    return found


def mlsd(client, path=""):
    text = client.listing(f"MLSD {path}".strip()).decode()
    return facts_of(text.split("\r\n")[:-1])


def case_write_only(binaries):
    """A file that its owner may only write to is overwritten, and keeps its
    attributes."""
    with Daemon(binaries) as server, logged_in(server) as client:
        plain = put(server, "plain", 0o200)
        path = put(server, "marked", 0o200)
        inodes = [os.stat(name).st_ino for name in (plain, path)]
        try:
            os.setxattr(path, "user.colour", b"red")
        except OSError:
            raise Skip("no attributes on this file system") from None
        for name, size in (("plain", 3), ("marked", 3), ("marked", 3000000)):
            client.stor(name, b"x" * size)
            assert os.stat(os.path.join(server.home, name)).st_size == size
        assert mode(plain) == mode(path) == 0o200
        assert os.stat(plain).st_ino != inodes[0]
        assert os.stat(path).st_ino == inodes[1]
        os.chmod(path, 0o600)
        assert os.getxattr(path, "user.colour") == b"red"


def case_not_looked_at(binaries):
    """Of what may not be looked at: the type is the only fact, and a long
    line is one that programs understand."""
    with Daemon(binaries) as server, logged_in(server) as client:
        folder = put(server, "dir", 0o750, True)
        put(server, "dir/file", 0o640)
        put(server, "dir/below", 0o750, True)
        os.chmod(folder, 0o440)
        every = "type;size;modify;create;perm;unique;UNIX.mode;UNIX.owner;" \
            "UNIX.group;UNIX.ownername;UNIX.groupname;"
        client.cmd("OPTS MLST " + every, 200)
        found = mlsd(client, "dir")
        assert found["file"] == {"type": "file"}, found
        assert found["below"] == {"type": "dir"}, found
        assert found["."]["UNIX.mode"] == "0440", found
        lines = sorted(client.listing("LIST dir").decode().splitlines())
        assert [line.split() for line in lines] == [
            [mode, "1", "4294967295", "4294967295", "0", "Jan", "1", "1970",
             name] for mode, name in (("----------", "file"),
                                      ("d---------", "below"))], lines
        os.chmod(folder, 0o750)


def mlst(client, path):
    lines = client.cmd(f"MLST {path}", 250).text.split("\n")
    assert len(lines) == 3 and lines[1].startswith(" "), lines
    return facts_of([lines[1][1:]])


def case_facts(binaries):
    """MLSD and MLST tell what is on the disk; OPTS MLST chooses."""
    every = ["type", "size", "modify", "perm", "unique", "create",
             "UNIX.mode", "UNIX.owner", "UNIX.group", "UNIX.ownername",
             "UNIX.groupname"]
    with Daemon(binaries) as server, logged_in(server) as client:
        path = put(server, "a b", 0o640)
        folder = put(server, "dir", 0o750, True)
        os.utime(path, (0, 1600000000))
        if IS_ROOT:
            put(server, "strange", 0o604)
            os.chown(os.path.join(server.home, "strange"), 12345, 23456)
        feat = client.cmd("FEAT", 211).text
        line = re.search(r"(?m)^ MLST (.*)$", feat).group(1)
        assert [fact.rstrip("*") for fact in line.split(";")[:-1]] == every
        reply = client.cmd("OPTS MLST " + ";".join(every).upper() + ";", 200)
        assert reply.text == "MLST OPTS " + ";".join(every) + ";"
        found, st = mlsd(client), os.stat(path)
        file = found["a b"]
        assert file["type"] == "file" and file["size"] == "8"
        assert file["modify"] == "20200913122640"
        assert file["perm"] == "adfrw"
        assert file["UNIX.mode"] == "0640"
        assert file["UNIX.owner"] == str(UID)
        assert file["UNIX.group"] == str(GID)
        assert file["UNIX.ownername"] == "alice"
        assert file["unique"] == f"{st.st_dev:x}g{st.st_ino:x}"
        assert found["dir"]["type"] == "dir" and "size" not in found["dir"]
        assert found["dir"]["perm"] == "cdfelmp"
        assert found["."]["type"] == "cdir" and ".." not in found
        assert mlsd(client, "dir")[".."]["type"] == "pdir"
        told = mlst(client, "a b")
        assert list(told) == ["/a b"]
        assert told["/a b"] == file
        born = subprocess.run(["stat", "-c", "%W", path], check=True,
                              capture_output=True, text=True).stdout.strip()
        assert ("create" in file) == (born not in ("0", "-")), (file, born)
        if IS_ROOT:
            strange = found["strange"]
            assert strange["UNIX.owner"] == "12345", strange
            assert strange["UNIX.group"] == "23456"
            assert "UNIX.ownername" not in strange
            assert "UNIX.groupname" not in strange
            assert strange["perm"] == "dfr"
            os.chown(folder, 0, 0)
            os.chmod(folder, 0o1777)
            os.chown(put(server, "dir/others"), 0, 0)
            put(server, "dir/ours")
            sticky = mlsd(client, "dir")
            assert sticky["others"]["perm"] == "r"
            assert sticky["ours"]["perm"] == "adfrw"
        for text, code, chosen in (
                ("Type;SIZE;", 200, ["type", "size"]),
                ("size;type", 200, ["type", "size"]),
                ("nonsense;unix.MODE;x.y;", 200, ["UNIX.mode"]),
                ("nonsense;", 200, []), ("", 200, []),
                ("type size", 501, []), (";", 501, []),
                ("modify;", 200, ["modify"])):
            reply = client.cmd(f"OPTS MLST {text}".rstrip(), code)
            if code == 200:
                assert reply.text == " ".join(
                    ["MLST OPTS"] + ["".join(fact + ";" for fact in chosen)]
                    * bool(chosen)), reply
            assert set(mlsd(client)["a b"]) == set(chosen), text
        line = re.search(r"(?m)^ MLST (.*)$", client.cmd("FEAT", 211).text)
        assert line.group(1) == "".join(
            fact + ("*;" if fact == "modify" else ";") for fact in every)
        client.cmd("MLST none", 550)
        for name, code in (("a b", 501), ("none", 550)):
            client.passive().close()
            client.cmd("MLSD " + name, code)


def case_show_symlinks(binaries):
    """Links in listings: as links, or as what they lead to."""
    config = {"directories": [{"path": "/hidden", "show_symlinks": False}]}
    with Daemon(binaries, config) as server, logged_in(server) as client:
        for folder in ("shown", "hidden"):
            put(server, folder, 0o755, True)
            put(server, folder + "/file", 0o600)
            put(server, folder + "/dir", 0o750, True)
            for name, target in (("to-file", "file"), ("to-dir", "dir"),
                                 ("to-none", "/etc/passwd"),
                                 ("odd", "a b;c")):
                os.symlink(target, os.path.join(server.home, folder, name))
        client.cmd("OPTS MLST type;size;UNIX.mode;", 200)
        shown, hidden = mlsd(client, "shown"), mlsd(client, "hidden")
        assert shown["to-file"]["type"] == "OS.unix=slink:file"
        assert shown["to-dir"]["type"] == "OS.unix=slink:dir"
        assert shown["to-none"]["type"] == "OS.unix=slink:/etc/passwd"
        assert shown["odd"]["type"] == "OS.unix=slink:"
        assert hidden["to-file"] == hidden["file"]
        assert hidden["to-dir"] == hidden["dir"]
        assert hidden["to-none"]["type"] == "OS.unix=slink:/etc/passwd"
        lines = client.listing("LIST shown").decode().split("\r\n")
        assert any(re.match(r"l.* to-dir -> dir$", line) for line in lines)
        lines = client.listing("LIST hidden").decode().split("\r\n")
        assert any(re.match(r"drwxr-x--- .* to-dir$", line) for line in lines)
        assert any(re.match(r"-rw-{7} .* to-file$", line) for line in lines)
        assert any(re.match(r"l.* to-none -> /etc/passwd$", line)
                   for line in lines)
        assert mlst(client, "shown/to-file")["/shown/to-file"] == \
            shown["file"]
        for name in ("to-file", "to-dir", "to-none"):
            client.cmd("DELE shown/" + name, 250)
        assert sorted(mlsd(client, "shown")) == [".", "..", "dir", "file",
                                                 "odd"]
        # lftp removes the link, and nothing of what it leads to.
        os.mkdir(os.path.join(server.home, "tree"))
        os.chown(os.path.join(server.home, "tree"), UID, GID)
        os.symlink("../hidden", os.path.join(server.home, "tree/link"))
        lftp(server, "rm -r tree")
        assert not os.path.exists(os.path.join(server.home, "tree"))
        assert os.path.exists(os.path.join(server.home, "hidden/file"))


def attribute(path, change):
    """chattr(1); whether that is possible here."""
    return subprocess.run(["chattr", change, path], check=False,
                          capture_output=True).returncode == 0


def try_all(client, name):
    """What can be done to a file, in the letters of perm; it goes at last."""
    letters = ""
    for letter, command in (("a", "APPE"), ("r", "RETR"), ("w", "STOR")):
        data = client.passive()
        if client.cmd(f"{command} {name}").code == 150:
            data = client.wrap_data(data)
            if letter == "r":
                client.read_data(data)
            else:
                finish(data)
            letters += letter if client.reply().code == 226 else ""
        data.close()
    if client.cmd("RNFR " + name).code == 350 and \
            client.cmd("RNTO " + name + ".new").code == 250:
        client.cmd("RNFR " + name + ".new", 350)
        client.cmd("RNTO " + name, 250)
        letters += "f"
    if client.cmd("DELE " + name).code == 250:
        letters += "d"
    return "".join(sorted(letters))


def case_perm_is_true(binaries):
    """What perm says of files is what works, and nothing else."""
    config = {"directories": [{"path": "/read", "read_only": True},
                              {"path": "/up", "upload_only": True}]}
    with Daemon(binaries, config) as server, logged_in(server) as client:
        for folder in ("plain", "read", "up", "shut"):
            put(server, folder, 0o755, True)
            for name, bits in (("rw", 0o644), ("r", 0o444), ("w", 0o200),
                               ("grows", 0o644), ("fixed", 0o644)):
                path = put(server, f"{folder}/{name}", bits)
                if name == "grows":
                    grown = attribute(path, "+a")
                elif name == "fixed":
                    attribute(path, "+i")
            if folder == "shut":
                os.chmod(os.path.join(server.home, folder), 0o555)
        try:
            for folder in ("plain", "read", "up", "shut"):
                listed = {} if folder == "up" else mlsd(client, folder)
                for name in ("rw", "r", "w", "grows", "fixed"):
                    path = f"/{folder}/{name}"
                    told = ""
                    if folder == "up":
                        client.cmd("MLST " + path, 550)
                    else:
                        told = mlst(client, path)[path]["perm"]
                    works = try_all(client, path)
                    assert "".join(sorted(told)) == works, (path, told, works)
                    if name in listed:
                        assert listed[name]["perm"] == told, (path, told)
            assert grown or not IS_ROOT or print("no chattr here") is None
        finally:
            for folder in ("plain", "read", "up", "shut"):
                for name in ("grows", "fixed"):
                    attribute(os.path.join(server.home, folder, name), "-ai")


def case_read_only_medium(binaries):
    """On a file system that is read-only perm says so, and it is."""
    with Daemon(binaries) as server, logged_in(server) as client:
        path = put(server, "medium", 0o755, True)
        if subprocess.run(["mount", "-t", "tmpfs", "tmpfs", path],
                          check=False, capture_output=True).returncode != 0:
            raise Skip("nothing can be mounted here")
        try:
            os.chown(path, UID, GID)
            put(server, "medium/file", 0o644)
            put(server, "medium/dir", 0o755, True)
            assert mlsd(client, "medium")["file"]["perm"] == "adfrw"
            subprocess.run(["mount", "-o", "remount,ro", path], check=True)
            listed = mlsd(client, "medium")
            assert listed["file"]["perm"] == "r", listed
            assert listed["dir"]["perm"] == "el", listed
            assert listed["."]["perm"] == "el", listed
            assert mlst(client, "medium/file")["/medium/file"]["perm"] == "r"
            for command in ("MFMT 20200102030405 medium/file",
                            "MFF UNIX.mode=600;Modify=20200102030405; "
                            "medium/file", "SITE CHMOD 600 medium/file",
                            f"SITE CHGRP {GID} medium/file",
                            "SITE UTIME 20200102030405 medium/file"):
                assert "read-only" in client.cmd(command, 550).text
        finally:
            subprocess.run(["umount", "-l", path], check=False)


def grant(path, perm):
    """An access control list by which alice may do that, whatever the mode."""
    entries = ((1, 7, -1), (2, perm, UID), (4, 0, -1), (16, 7, -1),
               (32, 0, -1))
    packed = struct.pack("<I", 2) + b"".join(
        struct.pack("<HHi", *entry) for entry in entries)
    try:
        os.setxattr(path, "system.posix_acl_access", packed)
    except OSError as error:
        raise Skip(f"no access control lists: {error}") from error


def perm(client, name):
    text = client.cmd("MLST " + name, 250).text
    return re.search("perm=([a-z]*);", text).group(1)


def case_perm_by_lists(binaries):
    """MLST's perm is what the kernel allows; MLSD goes by the mode."""
    if not IS_ROOT:
        raise Skip("needs root")
    with Daemon(binaries) as server, logged_in(server) as client:
        client.cmd("OPTS MLST perm;", 200)
        for name in ("given", "taken", "bare"):
            path = put(server, name, 0o755, True)
            os.chown(put(server, name + "/file", 0o600), 0, 0)
            os.symlink(name + "/file", server.home + "/to-" + name)
            os.chown(path, 0, 0)
        assert perm(client, "given") == "dfel"
        for name, rights, own, inner in (("given", 7, "cdfelmp", "adfrw"),
                                         ("taken", 1, "dfe", "")):
            path = os.path.join(server.home, name)
            grant(path, rights)
            grant(path + "/file", 6 if rights == 7 else 0)
            assert perm(client, name) == own, (name, perm(client, name))
            assert perm(client, name + "/file") == inner
            assert perm(client, "to-" + name) == "adf" + inner[3:] \
                if inner else "df"
        assert perm(client, "bare") == "dfel"
        assert perm(client, "bare/file") == ""
        assert perm(client, "/") == "celmp"
        assert perm(client, ".") == "celmp"
        found = mlsd(client, "given")["file"]["perm"]
        assert found == "df", found
