"""TYPE A: lines end in CR LF on the wire and in LF in files."""

import os
import random
import re
import subprocess

from client import Client, finish
from daemon import PASSWORD, Daemon

CLEAR = {"tls": {"required": "off"}}
# What the server reads, converts, gathers or gets from an agent at a time.
EDGES = (512, 1024, 4096, 16384, 24576, 32768, 65536, 131072, 524288)
ENDS = (b"\r", b"\n", b"\r\n", b"\n\r", b"\r\r\n", b"\n\n", b"a")


def to_wire(contents):
    """A LF that no CR stands before gets one."""
    return re.sub(rb"(?<!\r)\n", b"\r\n", contents)


def to_file(contents):
    return contents.replace(b"\r\n", b"\n")


def at_edges(shift):
    """Each kind of end of a line across each edge, and at the very end."""
    files = []
    for edge in EDGES:
        for end in ENDS:
            head = b"x" * (edge - shift)
            files.append(head + end + b"tail")
            files.append(head + end)
    return files


def noise(size, seed):
    """Nothing but ends of lines, and what divides them."""
    return bytes(random.Random(seed).choices(b"\r\na", k=size))


def put(server, name, contents):
    path = os.path.join(server.home, name)
    with open(path, "wb") as out:
        out.write(contents)
    os.chmod(path, 0o644)


def got(server, name):
    with open(os.path.join(server.home, name), "rb") as stored:
        return stored.read()


def check(server, client, files):
    for contents in files:
        put(server, "down", contents)
        wire = client.retr("down")
        assert wire == to_wire(contents), (len(contents), contents[-9:])
        client.stor("up", contents)
        assert got(server, "up") == to_file(contents), contents[-9:]
        os.unlink(os.path.join(server.home, "up"))


def case_edges(binaries):
    """CR and LF on both sides of every buffer's edge, both ways."""
    with Daemon(binaries, CLEAR) as server, \
            Client(server.port).login() as client:
        client.cmd("TYPE A", 200)
        for shift in (0, 1, 2):
            check(server, client, at_edges(shift))
        check(server, client, [b"", b"\r", b"\n", b"\r\n", b"no end"])


def case_noise(binaries):
    """Megabytes of ends of lines, with TLS, small pieces, and a pipe."""
    for config in ({}, {"local_file_systems": ["iso9660"]}):
        with Daemon(binaries, config) as server, \
                Client(server.port).auth().login() as client:
            client.cmd("TYPE A", 200)
            check(server, client, [noise(3_000_000, 1)])
            contents = noise(200_000, 2)
            data = client.open_data("STOR up")
            rng = random.Random(3)
            at = 0
            while at < len(contents):
                size = rng.choice((1, 2, 3, 700, 16384, 20000))
                data.sendall(contents[at:at + size])
                at += size
            finish(data)
            assert client.reply().code == 226
            assert got(server, "up") == to_file(contents)


def case_appe_and_stou(binaries):
    """Each transfer begins anew: a CR at the end is no half of a line's."""
    with Daemon(binaries, CLEAR) as server, \
            Client(server.port).login() as client:
        client.cmd("TYPE A", 200)
        client.stor("f", b"1\r\n2\r")
        assert got(server, "f") == b"1\n2\r"
        client.stor("f", b"\n3\r\n", command="APPE")
        assert got(server, "f") == b"1\n2\r\n3\n"
        assert client.retr("f") == b"1\r\n2\r\n3\r\n"
        data = client.passive()
        name = client.cmd("STOU", 150).text.removeprefix("FILE: ")
        data.sendall(b"a\r\nb\r\n")
        data.close()
        assert client.reply().code == 226
        assert got(server, name) == b"a\nb\n"
        client.cmd("TYPE I", 200)
        client.stor("f", b"\r\n\n", command="APPE")
        assert client.retr("f") == b"1\n2\r\n3\n\r\n\n"


def case_size_and_rest(binaries):
    """Neither SIZE nor REST counts what only converting could tell."""
    with Daemon(binaries, CLEAR) as server, \
            Client(server.port).login() as client:
        put(server, "f", b"1\n2\n")
        client.cmd("REST 2", 350)
        # TYPE is a command between REST and RETR: nothing is left out.
        client.cmd("TYPE A", 200)
        assert client.retr("f") == b"1\r\n2\r\n"
        assert "TYPE I" in client.cmd("SIZE f", 550).text
        assert "TYPE I" in client.cmd("REST 2", 501).text
        client.cmd("REST 0", 350)
        assert client.retr("f") == b"1\r\n2\r\n"
        client.cmd("TYPE I", 200)
        assert client.cmd("SIZE f", 213).text == "4"
        # Listings are text in any TYPE.
        assert client.listing("NLST") == b"f\r\n"


def run(*arguments):
    return subprocess.run(arguments, check=True, timeout=60,
                          stdin=subprocess.DEVNULL,
                          capture_output=True).stdout


def case_curl_and_lftp(binaries):
    """curl --use-ascii and lftp get -a and put -a."""
    with Daemon(binaries, CLEAR) as server:
        text = b"".join(b"line %d\n" % n for n in range(5000))
        put(server, "f", text)
        curl = ("curl", "-sS", "--use-ascii", "-u", "alice:" + PASSWORD)
        url = f"ftp://127.0.0.1:{server.port}/"
        assert run(*curl, url + "f").replace(b"\r", b"") == text
        local = os.path.join(server.folder, "local")
        with open(local, "wb") as out:
            out.write(text)
        run(*curl, "-T", local, url + "up")
        assert got(server, "up") == text
        script = ("set ftp:ssl-allow no; set net:max-retries 1; "
                  f"open -u alice,'{PASSWORD}' ftp://127.0.0.1:{server.port};"
                  f"get -a f -o {local}.lftp; put -a {local}.lftp -o back; "
                  "bye")
        run("lftp", "-c", script)
        with open(local + ".lftp", "rb") as copy:
            assert copy.read().replace(b"\r", b"") == text
        assert got(server, "back") == text
