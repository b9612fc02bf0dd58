"""What the policies of paths forbid: deny, hide_dotfiles, read_only ..."""

import os

from client import Client, finish
from daemon import GID, UID, Daemon

TREE = ("secret/", "secret/file", "secret/my.key", "open/", "open/file",
        "open/my.key", "open/.dot", "open/.dots/", "open/.dots/file",
        "pub/", "pub/file", "pub/inner/", "pub/inner/file", "in/", "in/file")
LINKS = {"to-secret": "secret", "open/to-file": "../secret/file",
         "open/to-up": "..", "open/to-new": "/secret/new", "to-in": "in",
         "to-pub": "pub/inner/.."}


def plant(folder):
    """The files that all tests look at; all belong to the user."""
    for name in TREE:
        path = os.path.join(folder, name)
        if name.endswith("/"):
            os.mkdir(path)
        else:
            with open(path, "w", encoding="ascii") as out:
                out.write("contents\n")
    for name, target in LINKS.items():
        os.symlink(target, os.path.join(folder, name))
    for where, folders, files in os.walk(folder):
        for name in [where] + [os.path.join(where, one)
                               for one in folders + files]:
            if os.geteuid() == 0:
                os.lchown(name, UID, GID)


def start(binaries, **config):
    server = Daemon(binaries, {"tls": {"required": "off"}, "allow_rmda": True,
                               "allow_symlinks": True, **config})
    plant(server.home)
    return server


def login(server, user="alice"):
    return Client(server.port).login(user)


def upload(client, command):
    """The final reply to an upload, or its refusal."""
    data = client.passive()
    reply = client.cmd(command)
    if reply.code != 150:
        data.close()
        return reply
    data.sendall(b"new")
    finish(data)
    return client.reply()


def listed(client, command):
    """The names in a listing; None when it is refused."""
    data = client.passive()
    reply = client.cmd(command)
    if reply.code != 150:
        data.close()
        return None
    text = client.read_data(data).decode()
    assert client.reply().code == 226
    if command.startswith("MLSD"):
        return {line.partition("; ")[2]: line.partition("; ")[0] + ";"
                for line in text.splitlines()}
    if command.startswith("NLST"):
        return [os.path.basename(line) for line in text.splitlines()]
    return [line.split(None, 8)[8].split(" -> ")[0]
            for line in text.splitlines()]


# Each command that reads, asks about or changes what is at a path.
LOOKS = ("SIZE {}", "MDTM {}", "MLST {}", "XMD5 {}", "HASH {}", "RETR {}",
         "STAT {}")
COPIES = ("SITE CPFR {}", "COMB open/new {}", "SITE SYMLINK ../{} /open/link")
CHANGES = ("DELE {}", "RMD {}", "MFMT 20200101000000 {}", "RNFR {}",
           "SITE CHMOD 600 {}", "SITE UTIME 20200101000000 {}", "STOR {}",
           "APPE {}", "STOU {}", "MKD {}", "RMDA {}", "COMB {} open/file",
           "MFF Modify=20200101000000; {}", "MDTM 20200101000000 {}",
           "SITE SYMLINK open {}")
UPLOADS = ("STOR", "APPE", "STOU")


def answer(client, command, path):
    """The final reply to a command about a path, all that it needs sent."""
    text = command.format(path)
    verb = text.split()[0]
    if verb in UPLOADS:
        return upload(client, text)
    if verb == "RETR":
        data = client.passive()
        reply = client.cmd(text)
        if reply.code != 150:
            data.close()
            return reply
        client.read_data(data)
        return client.reply()
    reply = client.cmd(text)
    if reply.code == 350:
        return client.cmd("RNTO /open/renamed")
    return reply


def refused(client, command, path, text=None):
    reply = answer(client, command, path)
    assert reply.code in ((450,) if command == LOOKS[-1] else (550, 553)), \
        (command, path, reply)
    assert text is None or text in reply.text, (command, path, reply)


def case_deny(binaries):
    """No command gets at what is denied, by whatever name."""
    names = ("secret", "/secret/file", "secret/none", "open/my.key",
             "open/../secret/file", "to-secret/file", "open/to-file",
             "open/to-up/secret/file", "to-secret/none")
    with start(binaries, deny=["/secret", "*.key"]) as server:
        with login(server) as client:
            for path in names:
                for command in LOOKS + CHANGES + COPIES:
                    if path.endswith("to-file") and \
                            command in ("DELE {}", "RNFR {}", "MKD {}",
                                        "RMD {}", "RMDA {}",
                                        "SITE SYMLINK open {}"):
                        continue  # about the link itself
                    refused(client, command, path)
                client.cmd("CWD " + path, 550)
                for verb in ("LIST", "NLST", "MLSD"):
                    assert listed(client, f"{verb} {path}") is None, path
            refused(client, "STOR {}", "open/to-new", "Permission denied")
            for path in ("secret/none/file", "secret/file/file",
                         "to-secret/none/file", "open/my.key/none/file"):
                for command in LOOKS:  # what is there is not told either
                    refused(client, command, path, "Permission denied")
            for target in ("secret/new", "/secret", "open/new.key",
                           "to-secret/new"):
                for first, second in (("RNFR", "RNTO"),
                                      ("SITE CPFR", "SITE CPTO")):
                    client.cmd(first + " open/file", 350)
                    reply = client.cmd(f"{second} {target}", 553)
                    assert "Permission denied" in reply.text, reply
            for verb in ("LIST -a", "NLST -a", "MLSD"):
                names = listed(client, verb)
                assert "open" in names and "secret" not in names, names
                names = listed(client, verb + " open")
                assert "file" in names and "my.key" not in names, names
            assert listed(client, "NLST *e*") == ["open", "to-secret"]
            assert listed(client, "NLST secret/*") in ([], None)
            client.cmd("CWD open/to-up", 250)
            client.cmd("CWD secret", 550)
            assert client.cmd("RMDA open").code == 550
        kept = {where: sorted(os.listdir(os.path.join(server.home, where)))
                for where in ("secret", "open")}
        assert kept == {"secret": ["file", "my.key"], "open": ["my.key"]}, kept


def case_directories_stay(binaries):
    """No directory is moved to where other settings count for its files."""
    with start(binaries, deny=["/open/secret", "*.key"],
               directories=[{"path": "/pub/inner", "deny": "none"},
                            {"path": "/in", "umask": "077"}]) as server:
        with login(server) as client:
            for source, target, code in (
                    ("open", "closed", 553),        # a path in it is denied
                    ("secret", "open/new", 250),    # nothing differs there
                    ("open/new", "secret", 250),
                    ("secret", "open/secret", 553),
                    ("pub", "public", 553),         # an entry below it
                    ("pub/inner", "inner", 553),
                    ("secret", "pub/inner/s", 553),
                    ("in", "within", 250)):         # of no such key
                client.cmd("RNFR " + source, 350)
                client.cmd("RNTO " + target, code)
            client.cmd("SIZE pub/inner/file", 213)
            client.cmd("RNFR open/file", 350)
            client.cmd("RNTO pub/inner/moved", 250)


def case_dotfiles(binaries):
    """off: listed on demand; list: never listed; all: not there at all."""
    for word, shown, reached in (("off", True, True), ("list", False, True),
                                 ("all", False, False)):
        with start(binaries, hide_dotfiles=word) as server:
            with login(server) as client:
                for verb in ("LIST -a open", "NLST -a open", "MLSD open",
                             "NLST open/.d*"):
                    names = listed(client, verb) or []
                    assert (".dot" in names) == shown, (word, verb, names)
                client.cmd("SIZE open/.dot", 213 if reached else 550)
                client.cmd("SIZE open/.dots/file", 213 if reached else 550)
                client.cmd("CWD open/.dots", 250 if reached else 550)
                client.cmd("MKD /open/.new", 257 if reached else 550)
                code = upload(client, "STOR /open/.upload").code
                assert code == (226 if reached else 553), (word, code)


def case_read_only(binaries):
    """Nothing is changed: by the account, by a directory, through a link."""
    with start(binaries, users=[{"name": "bob", "read_only": True}],
               directories=[{"path": "/pub", "read_only": True},
                            {"path": "/pub/inner", "read_only": False}]
               ) as server:
        with login(server) as client:
            for path in ("pub/file", "to-pub/file", "pub/inner/../file"):
                for command in CHANGES:
                    refused(client, command, path, None if command in (
                        "RMD {}", "MKD {}") else "It is read-only here.")
            refused(client, "MKD {}", "pub/new", "It is read-only here.")
            refused(client, "STOR {}", "to-pub/new", "It is read-only here.")
            client.cmd("RNFR open/file", 350)
            client.cmd("RNTO pub/moved", 553)
            facts = listed(client, "MLSD pub")
            assert "perm=r;" in facts["file"], facts
            assert "perm=cdfelmp;" not in facts["inner"], facts
            assert "perm=celmp;" in facts["inner"], facts
            assert client.retr("pub/file") == b"contents\n"
            assert upload(client, "STOR pub/inner/new").code == 226
            client.cmd("DELE pub/inner/new", 250)
            client.cmd("RMD pub/inner", 550)
    server = Daemon(binaries, {"tls": {"required": "off"}, "users": [
        {"name": "bob", "read_only": True}]}, users=("alice", "bob"))
    plant(server.homes["bob"])
    with server, login(server, "bob") as client:
        for command in CHANGES:
            refused(client, command, "open/file",
                    "This account may not change files.")
        assert client.retr("open/file") == b"contents\n"
        assert "perm=r;" in listed(client, "MLSD open")["file"]
        with login(server) as other:
            assert upload(other, "STOR file").code == 226


def case_upload_only(binaries):
    """A drop box takes files, and says nothing about those that it has."""
    only = "Files may only be added here."
    with start(binaries, directories=[
            {"path": "/in", "upload_only": True}]) as server:
        with login(server) as client:
            for path in ("in/file", "to-in/file", "in/none"):
                for command in LOOKS + ("SITE CHMOD 600 {}", "DELE {}",
                                        "RNFR {}"):
                    refused(client, command, path, only)
            for command in ("STOR in/file", "APPE in/file", "STOR to-in/file"):
                reply = upload(client, command)
                assert reply.code == 553 and "exists" in reply.text, reply
            client.cmd("REST 3", 350)
            assert upload(client, "STOR in/file").code == 553
            client.cmd("RANG 0 2", 350)
            reply = upload(client, "STOR in/file")
            assert reply.code == 553 and "exists" in reply.text, reply
            client.cmd("RANG 1 3", 350)
            assert upload(client, "STOR in/ranged").code == 553
            client.cmd("RANG 0 2", 350)
            assert upload(client, "STOR in/ranged").code == 226
            assert upload(client, "STOR in/new").code == 226
            assert upload(client, "APPE in/newer").code == 226
            assert upload(client, "STOU in/file").code == 226
            client.cmd("RNFR open/file", 350)
            client.cmd("RNTO in/file", 553)
            client.cmd("RNFR open/file", 350)
            client.cmd("RNTO in/moved", 250)
            client.cmd("MKD in/folder", 257)
            client.cmd("RMD in/folder", 550)
            client.cmd("RMD in", 550)
            assert upload(client, "STOR in/folder/new").code == 226
            for verb in ("LIST", "LIST -a", "NLST", "NLST -a"):
                names = listed(client, verb + " in")
                assert set(names) <= {".", ".."}, (verb, names)
            facts = listed(client, "MLSD in")
            assert all("type=" + kind in "".join(facts.values())
                       for kind in ("cdir", "pdir")) and len(facts) == 2
            assert "perm=celm;" in listed(client, "MLSD")["in"]
            assert listed(client, "NLST in/*") in ([], None)
            client.cmd("MLST in", 250)
            client.cmd("CWD in/folder", 250)
        names = sorted(os.listdir(server.home + "/in"))
        assert names[:3] == ["file", names[1], "folder"], names
        assert names[3:] == ["moved", "new", "newer", "ranged"], names
        with open(server.home + "/in/file", encoding="ascii") as kept:
            assert kept.read() == "contents\n"


def case_unique_names(binaries):
    """STOU chooses a name that is allowed, where there is any."""
    with start(binaries, directories=[
            {"path": "/in", "deny": ["file.*"]},
            {"path": "/open", "deny": ["file.[0-3]*"]}]) as server:
        with login(server) as client:
            assert upload(client, "STOU in/file").code == 553
            assert upload(client, "STOU in/new").code == 226
            for _ in range(20):
                assert upload(client, "STOU open/file").code == 226
        assert sorted(os.listdir(server.home + "/in")) == ["file", "new"]
        chosen = [name for name in os.listdir(server.home + "/open")
                  if name.startswith("file.")]
        assert len(chosen) == 20 and not [
            name for name in chosen if name[5] in "0123"], chosen


def case_left_behind(binaries):
    """A listing removes what uploads have left there, where it may."""
    name = ".ftpsd.0123456789abcdef.part"
    with start(binaries, directories=[
            {"path": "/pub", "read_only": True},
            {"path": "/pub/inner", "read_only": False},
            {"path": "/in", "upload_only": True, "hide_dotfiles": "all"},
            ]) as server:
        paths = {folder: os.path.join(server.home, folder, name)
                 for folder in ("pub", "pub/inner", "in", "open")}
        for path in paths.values():
            with open(path, "wb"):
                pass
            os.utime(path, (1, 1))
            if os.geteuid() == 0:
                os.chown(path, UID, GID)
        with login(server) as client:
            for folder in paths:
                listed(client, "LIST -a " + folder)
        assert [folder for folder, path in paths.items()
                if os.path.exists(path)] == ["pub"]


def case_upload_only_account(binaries):
    """Who may only upload may ask whether there is room, and for directories."""
    with start(binaries, upload_only=True) as server:
        with login(server) as client:
            client.cmd("ALLO 10", 200)
            client.cmd("AVBL", 213)
            client.cmd("STAT open", 212)
            client.cmd("MLST open", 250)
            client.cmd("SIZE open/file", 550)
            client.cmd("SIZE open/none", 550)
            assert upload(client, "STOR open/new").code == 226


def case_anonymous(binaries):
    """What anybody may read, with a drop box for what anybody may leave."""
    server = Daemon(binaries, {"tls": {"required": "on"}, "allow_rmda": True,
                               "allow_symlinks": True})
    pub = os.path.join(server.folder, "pub")
    os.mkdir(pub)
    plant(pub)
    os.chmod(os.path.join(pub, "in"), 0o777)
    server.config["anonymous"] = {
        "enabled": True, "directory": pub, "user": "games",
        "tls": {"required": "off"}, "deny": ["*.key"],
        "limits": {"sessions": 2}, "umask": "027",
        "directories": [{"path": "/in", "read_only": False,
                         "upload_only": True, "umask": "077"}]}
    server.write_config()
    with server:
        for name, password in (("anonymous", "me@example.test"),
                               ("FTP", ""), ("Anonymous", " ")):
            with Client(server.port) as client:
                client.cmd("USER " + name, 331)
                client.cmd("PASS " + password, 230)
                client.cmd("SIZE open/file", 550)  # TYPE A
        with login(server, "anonymous") as client:
            for command in CHANGES:
                refused(client, command, "open/file")
            client.cmd("CWD /", 250)
            client.cmd("SIZE open/my.key", 550)
            assert client.retr("to-pub/file") == b"contents\n"
            assert upload(client, "STOR in/mine").code == 226
            refused(client, "RETR {}", "in/mine")
            mode = os.stat(os.path.join(pub, "in", "mine")).st_mode & 0o777
            assert mode == 0o600, oct(mode)
            with login(server, "ftp"), Client(server.port) as third:
                third.cmd("USER ftp", 331)
                reply = third.cmd("PASS x", (421, 530))
                assert "too many" in reply.text.lower(), reply
        with Client(server.port) as client:
            client.cmd("USER alice", 530)
