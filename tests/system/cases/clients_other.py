"""More clients: each logs in, lists, sends, fetches, resumes, renames, makes
and removes directories, as far as it can."""

import os
import re
import subprocess

from cases.clients import HERE, LOGIN, lftp, read_file, run, write_file
from daemon import GID, PASSWORD, UID, Daemon, random_bytes, wait_for

CLEAR = {"tls": {"required": "off"}}


def own_file(path, contents):
    """One of the account's."""
    write_file(path, contents)
    os.chown(path, UID, GID)


def check_resumed(server, least):
    counters = server.ctl("status")["counters"]
    assert counters["data_resumed"] >= least, counters
    assert counters["data_full"] == 0, counters


# -- lftp ---------------------------------------------------------------------

def case_lftp_session(binaries):
    """lftp: everything that it can do to one file."""
    contents = random_bytes(300000, 1)
    with Daemon(binaries) as server:
        local = os.path.join(server.folder, "local")
        write_file(local, contents)
        own_file(os.path.join(server.home, "half"), contents[:100001])
        part = os.path.join(server.folder, "part")
        write_file(part, contents[:200001])
        lftp(server, f"put {local} -o up; put -c {local} -o half; "
             f"get -c up -o {part}; mkdir -p a/b; mv up a/b/new; cd a/b; "
             f"cls -l > {local}.cls; ls > {local}.ls; chmod 600 new; cd /; "
             "rm half; mkdir c; rmdir c; du > /dev/null; find > /dev/null")
        assert read_file(part) == contents
        new = os.path.join(server.home, "a/b/new")
        assert read_file(new) == contents
        assert os.stat(new).st_mode & 0o777 == 0o600
        assert b" 300000 " in read_file(local + ".cls")
        assert b" 300000 " in read_file(local + ".ls")
        assert os.listdir(server.home) == ["a"]


# -- wget ---------------------------------------------------------------------

def case_wget(binaries):
    """wget: a file, its rest, and a tree, by FTPS explicit and implicit."""
    contents = random_bytes(300000, 1)
    for port in ("port", "implicit_port"):
        with Daemon(binaries) as server:
            for name in ("x.bin", "a/y.bin", "a/b/z"):
                os.makedirs(os.path.dirname(os.path.join(server.home, name)),
                            exist_ok=True)
                own_file(os.path.join(server.home, name), contents)
            folder = os.path.join(server.folder, "wget")
            os.mkdir(folder)
            options = ["-q", "-T", "30", "-t", "1", "--user", "alice",
                       "--password", PASSWORD, "--ca-certificate",
                       server.cert]
            if port == "implicit_port":
                options.append("--ftps-implicit")
            url = f"ftps://localhost:{getattr(server, port)}/"
            half = os.path.join(folder, "x.bin")
            write_file(half, contents[:100000])

            def wget(*more):
                """It waits 50 ms for a ticket: on a busy machine it may have
                to try again."""
                assert wait_for(lambda: subprocess.run(
                    ["wget", *options, *more], cwd=folder,
                    check=False).returncode == 0), server.log()[-3000:]

            wget("-c", url + "x.bin")
            assert read_file(half) == contents
            wget("-nH", "-m", url)
            for name in ("a/y.bin", "a/b/z"):
                assert read_file(os.path.join(folder, name)) == contents, name
            assert server.ctl("status")["counters"]["data_resumed"] >= 6


# -- PHP ----------------------------------------------------------------------

def php(binaries, count):
    """All that it has, and count transfers in the same login."""
    for version in ("1.2", "1.3"):
        config = {"tls": {"protocol": ["TLSv" + version]}}
        with Daemon(binaries, config) as server:
            folder = os.path.join(server.folder, "php")
            os.mkdir(folder)
            write_file(os.path.join(folder, "local"), random_bytes(300000))
            out = run(["php", "-n", "-d", "extension=ftp",
                       os.path.join(HERE, "clients", "ftp.php"),
                       str(server.port), PASSWORD, folder, str(count)])
            assert out == b"done\n", out
            check_resumed(server, 10 + count)


def case_php(binaries):
    """PHP's ftp_ssl_connect(): its whole list of functions, TLS 1.2, 1.3."""
    php(binaries, 0)


def case_php_soak(binaries):
    """PHP: 2,000 transfers in one login."""
    php(binaries, 2000)


# -- ncftp --------------------------------------------------------------------

NCFTP = """\
ls -l
mkdir sub
rename up.bin other.bin
cd sub
put {local}
ls
get -z local {fetched}
rm local
cd ..
rmdir sub
chmod 600 other.bin
ls
quit
"""


def case_ncftp(binaries):
    """ncftp without TLS: trees both ways, passive and active, resumed."""
    contents = random_bytes(300000, 1)
    for mode in ("-F", "-E"):
        with Daemon(binaries, CLEAR) as server:
            folder = os.path.join(server.folder, "ncftp")
            os.makedirs(os.path.join(folder, "tree/sub"))
            for name in ("up.bin", "part.bin", "tree/a", "tree/sub/b c"):
                write_file(os.path.join(folder, name), contents)
            own_file(os.path.join(server.home, "part.bin"), contents[:1000])

            def ncftp(program, *arguments, text=b""):
                return run([program, "-u", "alice", "-p", PASSWORD, "-P",
                            str(server.port), *arguments], input=text,
                           cwd=folder, env=dict(os.environ, HOME=folder,
                                                LC_ALL="C.UTF-8"))

            ncftp("ncftpput", mode, "localhost", "/", "up.bin")
            # Its sendfile() begins at the first byte when it resumes.
            ncftp("ncftpput", mode, "-s", "-z", "localhost", "/", "part.bin")
            ncftp("ncftpput", mode, "-m", "-R", "localhost", "new/deep",
                  "tree")
            listing = ncftp("ncftpls", mode, "-l", "ftp://localhost/")
            assert re.search(rb"^-rw.* 300000 .* up\.bin\s*$", listing,
                             re.M), listing
            os.mkdir(os.path.join(folder, "back"))
            write_file(os.path.join(folder, "back/up.bin"), contents[:5000])
            ncftp("ncftpget", mode, "localhost", "back", "up.bin")
            ncftp("ncftpget", mode, "-R", "localhost", "back",
                  "new/deep/tree")
            run(["diff", "-r", "tree", "back/tree"], cwd=folder)
            run(["diff", "-r", "tree", server.home + "/new/deep/tree"],
                cwd=folder)
            for path in (server.home + "/part.bin", folder + "/back/up.bin"):
                assert read_file(path) == contents, path
            os.rename(folder + "/up.bin", folder + "/local")
            script = NCFTP.format(local="local", fetched="fetched")
            out = ncftp("ncftp", "localhost", text=script.encode())
            assert read_file(folder + "/fetched") == contents, out
            other = os.path.join(server.home, "other.bin")
            assert read_file(other) == contents, out
            assert os.stat(other).st_mode & 0o777 == 0o600, out
            assert sorted(os.listdir(server.home)) == \
                ["new", "other.bin", "part.bin"], out


def blocks(text, top):
    """What a listing of all below shows: directory to names, both sorted."""
    parts = re.split(r"\n\n", top + text.replace("\r\n", "\n").strip())
    shown = {}
    for part in parts:
        heading, *lines = part.split("\n")
        assert heading.endswith(":"), part
        shown[heading] = sorted(line.split()[-1] for line in lines if line)
    return shown


def case_recursive_listing(binaries):
    """ncftp, lftp and curl show the blocks of LIST -R as ls has them."""
    config = dict(CLEAR, list_recursive=True)
    with Daemon(binaries, config) as server:
        for name in ("b/f2", "b/f1", "b/z/i", "a/x/g", "a/y/h", "top"):
            path = os.path.join(server.home, name)
            os.makedirs(os.path.dirname(path), exist_ok=True)
            own_file(path, b"x")
        wanted = blocks(run(["ls", "-R"], cwd=server.home).decode(), "")
        ends = (["ncftpls", "-x", "-lR", "-u", "alice", "-p", PASSWORD, "-P",
                 str(server.port), "ftp://localhost/"],
                ["curl", "-s", "-u", "alice:" + PASSWORD, "-X", "LIST -R",
                 f"ftp://localhost:{server.port}/"],
                ["lftp", "-u", "alice," + PASSWORD, "-e",
                 "set ftp:ssl-allow no; ls -R; quit",
                 f"ftp://localhost:{server.port}/"])
        for command in ends:
            text = run(command, env=dict(os.environ, HOME=server.folder))
            assert blocks(text.decode(), ".:\n") == wanted, (command, text)


# -- GVfs ---------------------------------------------------------------------

GIO = """\
set -e
printf '%s\\n' {answers} | gio mount "$1" >/dev/null
gio copy local "$1up"
gio list -l "$1"
gio cat "$1up" >cat
gio mkdir "$1d\u00e4 1"
gio rename "$1up" new >/dev/null
gio move "$1new" "$1d\u00e4 1/moved"
gio copy "$1d\u00e4 1/moved" fetched
gio info "$1d\u00e4 1/moved"
gio remove "$1d\u00e4 1/moved" "$1d\u00e4 1"
gio list "$1"
gio mount -u "$1"
"""


def gio(server, uri, answers):
    """A session of GNOME's file system, on a bus of its own."""
    contents = random_bytes(300000, 1)
    folder = os.path.join(server.folder, "gio")
    os.mkdir(folder, 0o700)
    write_file(os.path.join(folder, "local"), contents)
    script = GIO.format(answers=" ".join(f"'{text}'" for text in answers))
    out = run(["dbus-run-session", "--", "sh", "-c", script, "sh", uri],
              cwd=folder, env=dict(
                  os.environ, HOME=folder, XDG_RUNTIME_DIR=folder,
                  LC_ALL="C.UTF-8", GIO_USE_VOLUME_MONITOR="unix",
                  GVFS_REMOTE_VOLUME_MONITOR_IGNORE="1")).decode()
    for name in ("cat", "fetched"):
        assert read_file(os.path.join(folder, name)) == contents, out
    assert re.search(r"^up\t300000\t\(regular\)$", out, re.M), out
    assert re.search(r"^size: +300000$", out, re.M), out
    assert os.listdir(server.home) == [], out


def case_gvfs(binaries):
    """GVfs, the file managers' client: ftps, ftpis and ftp."""
    trust = "1"  # the certificate, which the system does not know
    for version, scheme in (("1.2", "ftps"), ("1.3", "ftps"),
                            ("1.3", "ftpis")):
        config = {"tls": {"protocol": ["TLSv" + version]}}
        with Daemon(binaries, config) as server:
            port = server.implicit_port if scheme == "ftpis" else server.port
            gio(server, f"{scheme}://alice@localhost:{port}/",
                (trust, PASSWORD))
            check_resumed(server, 5)
    with Daemon(binaries, CLEAR) as server:
        gio(server, f"ftp://alice@localhost:{server.port}/", (PASSWORD,))


# -- large files --------------------------------------------------------------

GIB = 1 << 30
STEP = 1 << 19


def sparse(path, size, tail=b""):
    """A file of that size, nothing but a hole before the tail."""
    with open(path, "wb") as out:
        out.truncate(size - len(tail))
        out.seek(0, os.SEEK_END)
        out.write(tail)
    os.chown(path, UID, GID)


def tail_of(path, length):
    with open(path, "rb") as contents:
        contents.seek(-length, os.SEEK_END)
        return contents.read()


def resume(server, have, size):
    """Both ways, from have on to the end; all before is a hole."""
    tail = random_bytes(size - have, have % 97)
    url = f"ftp://localhost:{server.port}/"
    here = os.path.join(server.folder, "here")
    options = ["-sS", "--max-time", "100", "--ssl-reqd", "--cacert",
               server.cert, "--user", LOGIN, "-C", "-"]
    for way, source, target, arguments in (
            ("up", here, server.home + "/up", ["-T", here, url + "up"]),
            ("down", server.home + "/up", here, ["-o", here, url + "up"])):
        sparse(source, size, tail)
        sparse(target, have)
        run(["curl", *options, *arguments])
        found = os.stat(target)
        assert found.st_size == size, (way, found)
        assert tail_of(target, size - have) == tail, way
        assert tail_of(target, size - have + 4096)[:4096] == bytes(4096), way
        assert found.st_blocks * 512 < 64 << 20, (way, found)


def case_curl_large_files(binaries):
    """curl resumes at 2 and 4 GiB, across these and beyond, both ways."""
    with Daemon(binaries) as server:
        for edge in (2 * GIB, 4 * GIB):
            resume(server, edge - STEP, edge + STEP)
            resume(server, edge, edge + STEP)
            resume(server, edge + 1, edge + STEP)


# -- trees --------------------------------------------------------------------

def make_tree(folder, count):
    """Folders of 50 files each, some deep: empty ones, odd names."""
    for number in range(0, count, 50):
        sub = os.path.join(folder, f"d {number % 7}", f"\u00e4{number}")
        os.makedirs(sub)
        for each in range(number, number + 50):
            name = f"{'-' if each % 50 == 1 else ''}file {each}'s [x]"
            write_file(os.path.join(sub, name),
                       random_bytes(each * 37 % 9000, each))


def mirror(binaries, count, options=""):
    """lftp there and back, compared byte by byte with diff."""
    with Daemon(binaries) as server:
        source = os.path.join(server.folder, "source")
        target = os.path.join(server.folder, "target")
        make_tree(source, count)
        lftp(server, options + f"mirror -R --parallel=4 {source} up; "
             f"mirror --parallel=4 up {target}")
        run(["diff", "-r", source, os.path.join(server.home, "up")])
        run(["diff", "-r", source, target])
        # Times came along, so there is nothing to do the next time.
        before = server.ctl("status")["counters"]
        lftp(server, f"mirror -R {source} up; mirror up {target}")
        after = server.ctl("status")["counters"]
        for name in ("bytes_received", "files_received"):
            assert before[name] == after[name], (before, after)


def case_lftp_mirror_tree(binaries):
    """lftp mirrors 500 files up and down; nothing to do the next time."""
    mirror(binaries, 500)


def case_lftp_mirror_soak(binaries):
    """lftp mirrors 20,000 files up and down."""
    mirror(binaries, 20000)


case_lftp_mirror_soak.soak = case_php_soak.soak = True
