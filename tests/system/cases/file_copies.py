"""What the agent does with whole files and trees: CPFR, CPTO, COMB, RMDA."""

import os
import select
import signal
import subprocess

from client import Client, finish, logged_in
from daemon import GID, IS_ROOT, UID, Daemon, random_bytes, wait_for
from mounts import make_file_system, mount, private_mounts
from run import Skip

CONTENTS = random_bytes(300000, 7)
RMDA = {"allow_rmda": True}


def path_of(server, *names):
    return os.path.join(server.home, *names)


def write(server, name, contents, mode=0o644):
    path = path_of(server, name)
    with open(path, "wb") as out:
        out.write(contents)
    os.chmod(path, mode)
    os.chown(path, UID, GID)
    return path


def read(path):
    with open(path, "rb") as source:
        return source.read()


def mode_of(path):
    return os.stat(path).st_mode & 0o777


def copy(client, old, new, code=250):
    client.cmd("SITE CPFR " + old, 350)
    return client.cmd("SITE CPTO " + new, code)


def no_temporaries(server):
    return not [name for name in os.listdir(server.home)
                if name.startswith(".ftpsd")]


def agent_of(server):
    """The process of the one agent there is."""
    done = subprocess.run(["pgrep", "-f", f"ftpsd: agent {UID}$"],
                          capture_output=True, text=True, check=True)
    mine = [int(pid) for pid in done.stdout.split()
            if os.path.realpath(f"/proc/{pid}/root") in
            (os.path.realpath(server.home), "/")]
    assert len(mine) == 1, mine
    return mine[0]


def case_copy(binaries):
    """SITE CPFR and CPTO make a copy, whole or not at all."""
    with Daemon(binaries, users=("alice", "bob")) as server, \
            logged_in(server) as client:
        write(server, "a", CONTENTS, 0o750)
        write(server, "secret", b"s", 0o600)
        client.cmd("MKD d", 257)
        reply = copy(client, "a", "b")
        assert reply.text == "Copied 300000 bytes.", reply
        assert client.retr("b") == CONTENTS
        assert mode_of(path_of(server, "b")) == 0o750
        copy(client, "secret", "d/copy")
        assert mode_of(path_of(server, "d", "copy")) == 0o600
        client.stor("empty", b"")
        copy(client, "empty", "empty2")
        assert client.retr("empty2") == b""
        # Over what is there, which keeps its mode; never over itself.
        os.chmod(path_of(server, "d", "copy"), 0o604)
        copy(client, "a", "d/copy")
        assert client.retr("d/copy") == CONTENTS
        assert mode_of(path_of(server, "d", "copy")) == 0o604
        os.link(path_of(server, "a"), path_of(server, "link"))
        for same in ("a", "link"):
            reply = copy(client, "a", same, 553)
            assert reply.text == "A file is named twice.", reply
        assert client.retr("a") == CONTENTS
        # A link is followed where it is named, and nowhere out of the home.
        os.symlink("a", path_of(server, "to-a"))
        os.symlink(server.config_path, path_of(server, "out"))
        copy(client, "to-a", "c")
        assert client.retr("c") == CONTENTS
        client.cmd("SITE CPFR out", 550)
        client.cmd("SITE CPFR d", 550)
        client.cmd("SITE CPFR none", 550)
        client.cmd("SITE CPFR", 501)
        copy(client, "a", "none/x", 553)
        copy(client, "a", "d", 553)
        copy(client, "a", "/", 553)
        # In this order, and with nothing in between.
        client.cmd("SITE CPTO x", 503)
        for between in ("NOOP", "SITE HELP", "SITE NONE", "FNORD"):
            client.cmd("SITE CPFR a", 350)
            client.cmd(between)
            client.cmd("SITE CPTO x", 503)
        client.cmd("RNFR a", 350)
        client.cmd("SITE CPTO x", 503)
        client.cmd("SITE CPFR a", 350)
        client.cmd("RNTO x", 503)
        assert not os.path.exists(path_of(server, "x"))
        assert no_temporaries(server)
        with Client(server.port).auth() as stranger:
            stranger.cmd("SITE CPFR a", 530)


def case_copy_rights(binaries):
    """What may not be read or written is not copied."""
    with Daemon(binaries) as server, logged_in(server) as client:
        write(server, "shut", b"x", 0)
        write(server, "fixed", b"fixed", 0o444)
        write(server, "f", b"f")
        client.cmd("MKD d", 257)
        os.chmod(path_of(server, "d"), 0o555)
        reply = copy(client, "shut", "y", 553)
        assert reply.text == "Permission denied.", reply
        copy(client, "f", "fixed", 553)
        copy(client, "f", "d/g", 553)
        assert client.retr("fixed") == b"fixed"
        assert client.cmd('COMB "t" "shut"').code == 550
        assert client.cmd('COMB "t" "f" "d/g"').code == 550
        assert sorted(os.listdir(server.home)) == ["d", "f", "fixed", "shut"]


def allocated(path):
    return os.stat(path).st_blocks * 512


def case_copy_sparse(binaries):
    """Holes stay holes, also at the end, over 4 GiB."""
    with Daemon(binaries) as server, logged_in(server) as client:
        path = write(server, "a", b"begin")
        size = (5 << 30) + 12345
        with open(path, "r+b") as out:
            out.seek(4 << 30)
            out.write(b"middle")
            out.truncate(size)
        if allocated(path) > 1 << 20:
            raise Skip("no holes in files here")
        reply = copy(client, "a", "b")
        target = path_of(server, "b")
        assert os.path.getsize(target) == size
        assert allocated(target) < 1 << 20, allocated(target)
        with open(target, "rb") as source:
            assert source.read(10) == b"begin" + bytes(5)
            source.seek((4 << 30) - 1)
            assert source.read(8) == b"\0middle\0"
        assert client.cmd("SIZE b", 213).text == str(size)
        assert "Copied" in reply.text
        # The same for parts, of which the second begins in a hole.
        write(server, "p1", b"one")
        with open(write(server, "p2", b""), "r+b") as out:
            out.truncate(4 << 30)
        client.cmd('COMB "t" "p1" "p2"', 250)
        target = path_of(server, "t")
        assert os.path.getsize(target) == (4 << 30) + 3
        assert allocated(target) < 1 << 20


def case_copy_ends_early(binaries):
    """ABOR, and the end of the client, end a copy; nothing is left of it."""
    if not IS_ROOT:
        raise Skip("needs root to tell agents by their homes")
    with Daemon(binaries) as server:
        with logged_in(server) as client:
            write(server, "a", CONTENTS)
            client.cmd("SITE CPFR a", 350)
            pid = agent_of(server)
            os.kill(pid, signal.SIGSTOP)
            try:
                client.send(b"SITE CPTO b\r\nNOOP\r\nSTAT\r\n")
                assert client.reply().code == 200
                reply = client.reply()
                assert reply.code == 211 and "cpto" in reply.text, reply
                client.send(b"ABOR\r\nNOOP\r\n")
                assert client.reply().code == 426
                assert client.reply().code == 226
                assert client.reply().code == 200
            finally:
                os.kill(pid, signal.SIGCONT)
            client.cmd("SITE CPTO b", 503)
            client.cmd("SIZE b", 550)
            copy(client, "a", "c")  # the agent has not lost count
            client.cmd("DELE c", 250)
            client.cmd("SITE CPFR a", 350)
            os.kill(pid, signal.SIGSTOP)
            client.send(b"SITE CPTO b\r\n")
            client.send(b"NOOP\r\n")
            assert client.reply().code == 200
        server.wait_log("session ended")
        os.kill(pid, signal.SIGCONT)
        with logged_in(server) as client:
            client.cmd("SIZE b", 550)
            assert os.listdir(server.home) == ["a"]


def case_combine(binaries):
    """COMB appends its parts in order to a file that is there, or makes it."""
    with Daemon(binaries) as server, logged_in(server) as client:
        def parts(*names):
            for number, name in enumerate(names):
                write(server, name, b"%d" % number * 1000)
        parts("f.p1", "f.p2", "f.p3")
        reply = client.cmd('COMB "f" "f.p1" "f.p2" "f.p3"', 250)
        assert reply.text == "Combined 3000 bytes.", reply
        assert client.retr("f") == b"0" * 1000 + b"1" * 1000 + b"2" * 1000
        assert os.listdir(server.home) == ["f"]
        parts("p")
        client.cmd("COMB f p", 250)
        assert len(client.retr("f")) == 4000
        # Names as they come: quoted, with spaces, marks, in directories.
        client.cmd("MKD my dir", 257)
        parts(' a "b" ', "my dir/p 1")
        client.cmd('COMB "my dir/out " " a ""b"" " "/my dir/p 1"', 250)
        assert read(path_of(server, "my dir", "out ")) == \
            b"0" * 1000 + b"1" * 1000
        many = [f"p{number}" for number in range(64)]
        parts(*many)
        client.cmd("COMB all " + " ".join(many), 250)
        assert os.path.getsize(path_of(server, "all")) == \
            sum(len(b"%d" % number) for number in range(64)) * 1000
        client.cmd("COMB all " + " ".join(many) + " one-more", 501)
        # What is wrong changes nothing.
        parts("p1", "p2")
        os.symlink("p1", path_of(server, "link"))
        before = client.retr("f")
        for words, code in (
                ("COMB", 501), ("COMB f", 501), ('COMB "f', 501),
                ('COMB "f" "p1', 501), ('COMB "f"x p1', 501),
                ('COMB "" p1', 501), ("COMB f p1 none", 550),
                ("COMB f p1 p2 p1", 553), ("COMB f p1 f", 553),
                ("COMB f p1 link", 550), ("COMB f p1 'my dir'", 550),
                ('COMB f p1 "my dir"', 550), ('COMB "my dir" p1', 550),
                ("COMB none/f p1", 550), ("COMB f p1 .", 550)):
            client.cmd(words, code)
        assert client.retr("f") == before
        assert client.retr("p1") == b"0" * 1000
        assert client.retr("p2") == b"1" * 1000
        assert no_temporaries(server)
        assert "\n COMB target;source_list\n" in client.cmd("FEAT").text


def case_full(binaries):
    """Without room a copy leaves nothing, and what was appended is cut off."""
    private_mounts()
    with Daemon(binaries) as server:
        small = mount("tmpfs", path_of(server, "small"), "size=1m")
        with logged_in(server) as client:
            write(server, "a", CONTENTS)
            write(server, "big", CONTENTS * 5)
            copy(client, "a", "small/a")  # between file systems
            assert client.retr("small/a") == CONTENTS
            assert copy(client, "big", "small/b", 452)
            assert copy(client, "big", "small/a", 452)
            client.cmd('COMB "small/a" "a" "big"', 452)
            client.cmd('COMB "small/c" "a" "big"', 452)
            assert os.listdir(small) == ["a"]
            assert client.retr("small/a") == CONTENTS
            assert client.retr("big") == CONTENTS * 5
            client.cmd('COMB "small/a" "a"', 250)
            assert client.retr("small/a") == CONTENTS * 2


def remove_early(server, client, target, contents):
    """The target goes while a file is added to it: then the new one is like
    any other."""
    write(server, "part", contents)
    client.send(b"COMB fs/t part\r\n")
    while not [name for name in os.listdir(os.path.dirname(target))
               if name.startswith(".ftpsd")]:
        if select.select([client.socket], [], [], 0)[0]:
            break
    os.unlink(target)
    assert client.reply().code == 250


def shared_blocks(kind, arguments, binaries):
    private_mounts()
    with Daemon(binaries) as server:
        image = os.path.join(server.folder, "image")
        make_file_system(kind, image, 400, arguments)
        home = mount(kind, path_of(server, "fs"), "loop", image)
        with logged_in(server) as client:
            contents = random_bytes(1 << 20, 3) * 64
            with open(os.path.join(home, "a"), "wb") as out:
                out.write(contents)
            os.sync()
            left = int(client.cmd("AVBL fs", 213).text)
            copy(client, "fs/a", "fs/b")
            copy(client, "fs/a", "fs/c")
            client.stor("fs/t", b"first")
            os.chmod(os.path.join(home, "t"), 0o640)
            client.cmd('COMB "fs/t" "fs/b"', 250)
            os.sync()
            after = int(client.cmd("AVBL fs", 213).text)
            assert left - after < 96 << 20, (left, after)
            assert read(os.path.join(home, "c")) == contents
            assert read(os.path.join(home, "t")) == b"first" + contents
            assert mode_of(os.path.join(home, "t")) == 0o640
            assert sorted(os.listdir(home)) in (
                ["a", "c", "t"], ["a", "c", "lost+found", "t"])
            target = os.path.join(home, "t")
            for _ in range(5):
                remove_early(server, client, target, contents)
                if os.path.exists(target):
                    break
                client.stor("fs/t", b"first")
            assert mode_of(target) == 0o644


def case_reflink_btrfs(binaries):
    """Where files can share what is in them, a copy takes no room."""
    shared_blocks("btrfs", (), binaries)


def case_reflink_xfs(binaries):
    """The same."""
    shared_blocks("xfs", ("-m", "reflink=1"), binaries)


def tree(server, name, width=5, depth=3):
    """Directories in each other, with files; how many of both there are."""
    path = path_of(server, name)
    os.mkdir(path)
    os.chown(path, UID, GID)
    files, directories = 0, 1
    for number in range(width):
        write(server, os.path.join(name, f"f{number}"), b"x")
        files += 1
    if depth > 1:
        for number in range(2):
            more = tree(server, os.path.join(name, f"d{number}"), width,
                        depth - 1)
            files, directories = files + more[0], directories + more[1]
    return files, directories


def case_remove_tree(binaries):
    """RMDA removes a tree, never through a link; off by default."""
    with Daemon(binaries) as server, logged_in(server) as client:
        tree(server, "t")
        client.cmd("RMDA t", 502)
        assert "RMDA" not in client.cmd("FEAT").text
        assert os.path.isdir(path_of(server, "t"))
    users = {"users": [{"name": "alice", **RMDA}]}
    with Daemon(binaries, users, users=("alice", "bob")) as server:
        with logged_in(server, "bob") as client:
            client.cmd("RMDA t", 502)
        with logged_in(server) as client:
            assert "\n RMDA directoryname\n" in client.cmd("FEAT").text
            files, directories = tree(server, "t", 300)
            os.mkdir(path_of(server, "keep"))
            write(server, "keep/f", b"kept")
            os.symlink("../keep", path_of(server, "t", "link"))
            os.symlink("nowhere", path_of(server, "t", "d0", "dangling"))
            os.mkfifo(path_of(server, "t", "fifo"))
            reply = client.cmd("RMDA t", 250)
            assert reply.text == f"Removed {files + 3} files and " \
                f"{directories} directories.", reply
            assert read(path_of(server, "keep", "f")) == b"kept"
            os.symlink("keep", path_of(server, "to-keep"))
            for name in ("to-keep", "keep/f", "none", "/", "keep/none"):
                client.cmd("RMDA " + name, 550)
            client.cmd("RMDA", 501)
            assert read(path_of(server, "keep", "f")) == b"kept"
            deep = path_of(server, "deep")
            inner = os.path.join(deep, *["d"] * 80)
            os.makedirs(inner)
            subprocess.run(["chown", "-R", f"{UID}:{GID}", deep], check=True)
            reply = client.cmd("RMDA deep", 550)
            assert reply.text.endswith("It is too much at once."), reply
            client.cmd("RMDA deep" + "/d" * 40, 250)
            client.cmd("RMDA deep", 250)


def case_remove_what_can_be(binaries):
    """RMDA goes on past what it may not remove, and counts it."""
    with Daemon(binaries, RMDA) as server, logged_in(server) as client:
        files, directories = tree(server, "t", 4, 2)
        os.chmod(path_of(server, "t", "d0"), 0o555)
        reply = client.cmd("RMDA t", 550)
        assert reply.text == f"Removed {files - 4} files and " \
            f"{directories - 2} directories; 4 could not be: " \
            "Permission denied.", reply
        assert os.listdir(path_of(server, "t")) == ["d0"]
        os.chmod(path_of(server, "t", "d0"), 0o755)
        # An upload that is under way stays whole.
        data = client.open_data("STOR t/d0/new")
        data.sendall(b"x" * 1000000)
        assert wait_for(lambda: [
            name for name in os.listdir(path_of(server, "t", "d0"))
            if name.startswith(".ftpsd")])
        with logged_in(server) as other:
            reply = other.cmd("RMDA t", 550)
            assert reply.text == "Removed 4 files and 0 directories; " \
                "1 could not be: It is in use.", reply
        finish(data)
        assert client.reply().code == 226
        assert len(client.retr("t/d0/new")) == 1000000
        client.cmd("RMDA t", 250)


def case_remove_not_over_mounts(binaries):
    """RMDA stays on its file system."""
    private_mounts()
    with Daemon(binaries, RMDA) as server:
        tree(server, "t", 2, 2)
        mount("tmpfs", path_of(server, "t", "m"))
        write(server, "t/m/f", b"kept")
        with logged_in(server) as client:
            reply = client.cmd("RMDA t", 550)
            assert "1 could not be: It lies on another file system" in \
                reply.text, reply
            assert read(path_of(server, "t", "m", "f")) == b"kept"
            assert os.listdir(path_of(server, "t")) == ["m"]
