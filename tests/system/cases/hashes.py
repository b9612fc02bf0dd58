"""HASH, XCRC and those like it, and RANG."""

import hashlib
import itertools
import os
import re
import shutil
import subprocess
import zlib

from cases.clients import LOGIN, lftp
from cases.logs import log_folder
from client import Client, finish, logged_in
from daemon import GID, UID, Daemon, random_bytes, wait_for

TOOLS = {"SHA-256": "sha256sum", "SHA-512": "sha512sum", "SHA-1": "sha1sum",
         "MD5": "md5sum"}
EXTENDED = {"XMD5": "MD5", "XSHA": "SHA-1", "XSHA1": "SHA-1",
            "XSHA256": "SHA-256", "XSHA512": "SHA-512"}
LONG = 1 << 40  # sparse; nobody waits for the sum of so much
NOT_LOCAL = {"local_file_systems": ["iso9660"]}


def put(server, name, contents):
    path = os.path.join(server.home, name)
    with open(path, "wb") as out:
        out.write(contents)
    os.chown(path, UID, GID)
    return path


def sparse(server, name, size):
    path = put(server, name, b"")
    os.truncate(path, size)
    return path


def tool_sum(path, name):
    """What coreutils say, which share no code with the server."""
    done = subprocess.run([TOOLS[name], path], capture_output=True,
                          text=True, check=True)
    return done.stdout.split()[0].lstrip("\\")


def crc(data):
    return f"{zlib.crc32(data):08x}"


def sha256(data):
    return hashlib.sha256(data).hexdigest()


def feature(client):
    return re.search(r"^ (HASH .*)$", client.cmd("FEAT", 211).text,
                     re.M).group(1)


def case_algorithms(binaries):
    """Each algorithm, for files of all sizes, against coreutils."""
    with Daemon(binaries) as server, logged_in(server) as client:
        files = {"empty": b"", "one": b"x", "two words": b"123456789",
                 "large": random_bytes(9000001, 5)}
        assert feature(client) == "HASH SHA-256*;SHA-512;SHA-1;MD5;CRC32"
        assert client.cmd("OPTS HASH", 200).text == "SHA-256"
        for name, contents in files.items():
            path = put(server, name, contents)
            shown = f"0-{max(len(contents), 1) - 1}"
            for algorithm in TOOLS:
                reply = client.cmd("OPTS HASH " + algorithm.lower(), 200)
                assert reply.text == algorithm, reply
                wanted = tool_sum(path, algorithm)
                reply = client.cmd("HASH " + name, 213)
                assert reply.text == f"{algorithm} {shown} {wanted} {name}"
            client.cmd("OPTS HASH CRC32", 200)
            assert client.cmd("HASH " + name, 213).text == \
                f"CRC32 {shown} {crc(contents)} {name}"
            for verb, algorithm in EXTENDED.items():
                wanted = tool_sum(path, algorithm)
                assert client.cmd(f"{verb} {name}", 250).text == wanted
                assert client.cmd(f'{verb} "{name}"', 250).text == wanted
            assert client.cmd(f"XCRC {name}", 250).text == \
                crc(contents).upper()
        assert feature(client) == "HASH SHA-256;SHA-512;SHA-1;MD5;CRC32*"
        client.cmd("TYPE A", 200)
        assert client.cmd("XCRC large", 250).text == \
            crc(files["large"]).upper()


def case_refusals(binaries):
    """What cannot be hashed, and what is not understood."""
    with Daemon(binaries) as server:
        with Client(server.port).auth() as client:
            for command in ("HASH x", "XCRC x", "RANG 0 1"):
                client.cmd(command, 530)
        with logged_in(server) as client:
            put(server, "file", b"0123456789")
            secret = put(server, "secret", b"0123456789")
            os.chmod(secret, 0)
            os.chown(secret, 0 if os.geteuid() == 0 else UID, -1)
            os.mkfifo(os.path.join(server.home, "fifo"))
            for command, code in (
                    ("HASH", 501), ("XCRC", 501), ("RANG", 501),
                    ("HASH none", 550), ("XSHA1 none", 550),
                    ("HASH .", 553), ("XMD5 .", 550),
                    ("HASH fifo", 553), ("XMD5 fifo", 550),
                    ("HASH secret", 550), ("XSHA256 secret", 550),
                    ("HASH file/x", 550), ("HASH ../../etc/passwd", 550),
                    ("OPTS HASH CRC-37", 501), ("OPTS HASH SHA256", 501),
                    ('XCRC "file', 501), ('XCRC ""', 501),
                    ('XCRC "file" x', 501), ('XCRC "file" -1', 501),
                    ('XCRC "file" 5 5', 501), ('XCRC "file" 5 4', 501),
                    ('XCRC "file" 10', 550), ('XCRC "file" 0 11', 550),
                    ("XCRC file 0 5", 550), ("MD5 file", 502),
                    ("MMD5 file, file", 502)):
                client.cmd(command, code)
            assert client.cmd("OPTS HASH", 200).text == "SHA-256"
            client.cmd("HASH file", 213)


def case_ranges(binaries):
    """RANG holds for one HASH; XCRC and the like have their own."""
    with Daemon(binaries) as server, logged_in(server) as client:
        contents = random_bytes(200000, 6)
        put(server, "file", contents)
        put(server, "small", contents[:100])
        for name, first, last in (("file", 0, 0), ("file", 1000, 99999),
                                  ("file", 199999, 199999),
                                  ("small", 0, 49), ("small", 99, 99)):
            client.cmd(f"RANG {first} {last}", 350)
            wanted = sha256(contents[first:last + 1])
            assert client.cmd("HASH " + name, 213).text == \
                f"SHA-256 {first}-{last} {wanted} {name}"
            text = client.cmd("HASH " + name, 213).text
            assert text.startswith("SHA-256 0-"), text
            reply = client.cmd(f'XSHA256 "{name}" {first} {last + 1}', 250)
            assert reply.text == wanted
        wanted = sha256(contents[150000:])
        client.cmd("RANG 150000 999999", 350)
        assert client.cmd("HASH file", 213).text == \
            f"SHA-256 150000-199999 {wanted} file"
        assert client.cmd('XSHA256 "file" 150000', 250).text == wanted
        for name, first in (("file", 200000), ("small", 200), ("small", 100)):
            client.cmd(f"RANG {first} {first}", 350)
            client.cmd("HASH " + name, 556)
        whole = client.cmd("HASH file", 213).text
        for command, code in (("RANG 1 0", 350), ("RANG 5 4", 501),
                              ("RANG -1 4", 501), ("REST 7", 350),
                              ("SIZE file", 213), ("TYPE A", 200)):
            client.cmd("RANG 10 19", 350)
            client.cmd(command, code)
            assert client.cmd("HASH file", 213).text == whole, command
        client.cmd("RANG 10 19", 350)
        assert client.cmd("HASH file", 213).text.startswith("SHA-256 10-19 ")
        client.cmd("RANG 10 19", 350)
        client.cmd("HASH none", 550)
        assert client.cmd("HASH file", 213).text == whole
        assert re.search("^ RANG STREAM$", client.cmd("FEAT", 211).text,
                         re.M)


def case_ranges_beyond_4_gib(binaries):
    """Numbers of more than 32 bits, in a sparse file of 8 TiB."""
    for config in ({}, NOT_LOCAL):
        with Daemon(binaries, config) as server, \
                logged_in(server) as client:
            path = sparse(server, "file", 1 << 43)
            with open(path, "r+b") as out:
                out.seek((1 << 32) - 4)
                out.write(b"12345678")
                out.seek((1 << 43) - 4)
                out.write(b"last")
            client.cmd("RANG 4294967292 4294967299", 350)
            reply = client.cmd("HASH file", 213)
            assert reply.text == "SHA-256 4294967292-4294967299 " + \
                sha256(b"12345678") + " file", reply
            reply = client.cmd('XCRC "file" 4294967296 4294967300', 250)
            assert reply.text == crc(b"5678").upper()
            reply = client.cmd(f'XSHA256 "file" {(1 << 43) - 4}', 250)
            assert reply.text == sha256(b"last")


def begin_long(client, name="long"):
    """HASH of a file that takes for ever, and is seen to be at work."""
    client.cmd("OPTS HASH SHA-512", 200)
    client.send(b"HASH " + name.encode() + b"\r\n")

    def moved():
        text = client.cmd("STAT", 211).text
        found = re.search(rf"SHA-512 of /{name}: (\d+) bytes so far", text)
        return found and int(found.group(1)) > 0
    wait_for(moved)


def case_meanwhile(binaries):
    """A session is there while its file is hashed, and so are others."""
    for config in ({}, NOT_LOCAL):
        with Daemon(binaries, config) as server, \
                logged_in(server) as client:
            sparse(server, "long", LONG)
            put(server, "short", b"123456789")
            begin_long(client)
            client.cmd("NOOP", 200)
            client.send(b"NOOP\r\nNOOP\r\n")
            assert [client.reply().code for _ in "12"] == [200, 200]
            with logged_in(server) as other:
                assert other.cmd("XCRC short", 250).text == "CBF43926"
                other.cmd("NOOP", 200)
            # Other commands wait, ABOR does not.
            client.send(b"SIZE short\r\nNOOP\r\n")
            client.cmd("ABOR", 426)
            assert [client.reply().code for _ in "123"] == [213, 200, 226]
            begin_long(client)
            client.cmd("ABOR", 426)
            assert client.reply().code == 226
            client.cmd("ABOR", 225)
            assert client.retr("short") == b"123456789"
            begin_long(client)


def case_end_of_session(binaries):
    """Nobody hashes for a client that has gone, or a server that goes."""
    config = {"grace_time": "1s"}
    with Daemon(binaries, config) as server:
        sparse(server, "long", LONG)
        with logged_in(server) as client:
            begin_long(client)
        server.wait_log("session ended: ")
        with logged_in(server) as client:
            begin_long(client)
            server.process.terminate()
            reply = client.reply()
            assert reply.code == 426, reply
            assert client.reply().code == 421
            server.process.wait(30)


def case_changed(binaries):
    """A file that is written to meanwhile has no sum."""
    with Daemon(binaries) as server, logged_in(server) as client:
        path = sparse(server, "long", LONG)
        begin_long(client)
        with open(path, "r+b") as out:
            out.write(b"x")
        reply = client.reply()
        assert reply.code == 450 and "being changed" in reply.text, reply
        begin_long(client)
        os.truncate(path, 10)
        assert client.reply().code == 450
        client.cmd("HASH long", 213)


def case_max_size(binaries):
    """hash_max_size, of the host and of a directory."""
    config = {"hash_max_size": "1KiB",
              "directories": [{"path": "/large", "hash_max_size": 0}]}
    with Daemon(binaries, config) as server, logged_in(server) as client:
        os.mkdir(os.path.join(server.home, "large"))
        for name in ("most", "large/more"):
            put(server, name, b"x" * 1024)
        put(server, "more", b"x" * 1025)
        client.cmd("HASH most", 213)
        client.cmd("HASH more", 552)
        client.cmd("XCRC more", 552)
        client.cmd('XCRC "more" 1', 250)
        client.cmd("RANG 0 1023", 350)
        client.cmd("HASH more", 213)
        client.cmd("HASH large/more", 213)


def case_pipes(binaries):
    """Where a file system may hang, the agent reads."""
    with Daemon(binaries, NOT_LOCAL) as server, \
            logged_in(server) as client:
        contents = random_bytes(3000000, 7)
        put(server, "file", contents)
        put(server, "empty", b"")
        for _ in range(3):
            assert client.cmd("XSHA256 file", 250).text == sha256(contents)
            assert client.cmd("XSHA256 empty", 250).text == sha256(b"")
            reply = client.cmd('XSHA256 "file" 100000 2000000', 250)
            assert reply.text == sha256(contents[100000:2000000])
        client.cmd("HASH .", 553)
        assert client.retr("file") == contents


def case_clients(binaries):
    """curl and lftp, which send the commands as they are given."""
    with Daemon(binaries) as server:
        contents = random_bytes(100000, 8)
        put(server, "file", contents)
        done = subprocess.run(
            ["curl", "-sSv", "--max-time", "60", "--cacert", server.cert,
             "--ssl-reqd", "--user", LOGIN, "-Q", "RANG 0 9", "-Q",
             "HASH file", "-Q", 'XCRC "file" 10 20', "-o", "/dev/null",
             f"ftp://localhost:{server.port}/file"],
            capture_output=True, text=True, check=True)
        assert f"< 213 SHA-256 0-9 {sha256(contents[:10])} file" in \
            done.stderr, done.stderr
        assert f"< 250 {crc(contents[10:20]).upper()}" in done.stderr
        out = os.path.join(server.folder, "out")
        lftp(server, f"quote HASH file > {out}")
        with open(out, encoding="utf-8") as text:
            assert sha256(contents) in text.read()


def ranged(client, first, last, path):
    client.cmd(f"RANG {first} {last}", 350)
    return client.retr(path)


def case_range_of_retr(binaries):
    """RETR sends the range, once, and no byte more, from a file or a pipe."""
    for config in ({}, NOT_LOCAL):
        with Daemon(binaries, config) as server, \
                logged_in(server) as client:
            contents = random_bytes(3000000, 9)
            put(server, "file", contents)
            put(server, "small", contents[:1000])
            for first, last in ((0, 0), (0, 99), (999, 999), (5, 2000)):
                assert ranged(client, first, last, "small") == \
                    contents[first:min(last + 1, 1000)]
            for first, last in ((0, 65535), (65536, 131071), (1, 2999998),
                                (2999999, 2999999), (2500000, 1 << 40),
                                (3000000, 3000001), (1 << 33, 1 << 34)):
                assert ranged(client, first, last, "file") == \
                    contents[first:last + 1], (first, last)
                assert client.retr("small") == contents[:1000]
            for between in ("REST 0", "RANG 1 0", "SIZE file"):
                client.cmd("RANG 10 19", 350)
                assert client.cmd(between).code in (350, 213)
                assert client.retr("file") == contents
            client.cmd("RANG 10 19", 350)
            client.cmd("REST 2999990", 350)
            assert client.retr("file") == contents[2999990:]
            client.cmd("REST 2999990", 350)
            assert ranged(client, 10, 19, "file") == contents[10:20]
            client.cmd("RANG 10 19", 350)
            assert len(client.listing("NLST").split()) == 2
            assert client.retr("file") == contents
            # A range that was refused is no more.
            client.passive().close()
            client.cmd("RANG 10 19", 350)
            client.cmd("RETR none", 550)
            assert client.retr("small") == contents[:1000]
            client.cmd("TYPE A", 200)
            client.cmd("RANG 10 19", 350)
            client.passive().close()
            client.cmd("RETR file", 551)
            path = sparse(server, "large", 1 << 42)
            with open(path, "r+b") as out:
                out.seek((1 << 32) - 100000)
                out.write(contents[:200000])
            client.cmd("TYPE I", 200)
            first = (1 << 32) - 100000
            assert ranged(client, first, first + 199999, "large") == \
                contents[:200000]


def stored(client, first, last, path, contents, expect=226):
    """STOR of a range; the reply."""
    client.cmd(f"RANG {first} {last}", 350)
    data = client.open_data("STOR " + path)
    try:
        data.sendall(contents)
    except OSError:
        assert expect == 552  # it hangs up on who sends too much
    finish(data)
    reply = client.reply()
    assert reply.code == expect, reply


def read(server, name):
    with open(os.path.join(server.home, name), "rb") as contents:
        return contents.read()


def case_range_of_stor(binaries):
    """STOR writes the range in place, and not a byte outside it."""
    for config in ({}, NOT_LOCAL):
        with Daemon(binaries, config) as server, \
                logged_in(server) as client:
            now = bytearray(random_bytes(2000000, 10))
            other = random_bytes(2000000, 11)
            put(server, "file", now)
            # Small ones, large ones, and one that makes the file longer.
            for first, last in ((0, 0), (10, 29), (100000, 1500000),
                                (1999999, 2000001), (0, 2000001)):
                part = other[:last + 1 - first]
                now[first:last + 1] = part + b"\0" * \
                    (last + 1 - first - len(part))
                stored(client, first, last, "file",
                       bytes(now[first:last + 1]))
                assert read(server, "file") == now, (first, last)
            # More or less than was said.
            stored(client, 10, 19, "file", b"x" * 11, 552)
            assert read(server, "file") == now
            stored(client, 10, 19, "file", b"x" * 9, 426)
            assert read(server, "file") == now
            stored(client, 10, 19, "file", b"", 426)
            stored(client, 100000, 999999, "file", other[:900001], 552)
            after = read(server, "file")
            assert after[:100000] == now[:100000]
            assert after[1000000:] == now[1000000:]
            stored(client, 100000, 999999, "file", other[:899999], 426)
            after = read(server, "file")
            assert after[:100000] == now[:100000]
            assert after[1000000:] == now[1000000:]
            # The next one is of the whole file again.
            client.stor("file", b"short")
            assert read(server, "file") == b"short"
            stored(client, 0, 2, "new", b"abc")
            stored(client, 3, 5, "new", b"def")
            assert read(server, "new") == b"abcdef"


def refused(client, verb, path, code):
    client.cmd("RANG 7 9", 350)
    client.passive().close()
    client.cmd(f"{verb} {path}", code)


def case_range_refused(binaries):
    """Where a range cannot be stored; and beyond 4 GiB it can."""
    with Daemon(binaries) as server, logged_in(server) as client:
        put(server, "file", b"123456")
        refused(client, "APPE", "file", 503)
        refused(client, "STOU", "file", 503)
        refused(client, "STOR", "file", 554)
        refused(client, "STOR", "none", 553)
        client.cmd("TYPE A", 200)
        refused(client, "STOR", "file", 551)
        client.cmd("TYPE I", 200)
        assert read(server, "file") == b"123456"
        assert sorted(os.listdir(server.home)) == ["file"]
        path = sparse(server, "large", (1 << 32) + 10)
        first = (1 << 32) - 2
        stored(client, first, first + 3, "large", b"here")
        with open(path, "rb") as contents:
            contents.seek(first - 2)
            assert contents.read(8) == b"\0\0here\0\0"
        assert os.stat(path).st_size == (1 << 32) + 10


def hashing(binaries, words, config=None):
    """A server with hash_on_upload and a log of the sums, and its path."""
    server = Daemon(binaries, config)
    log = os.path.join(log_folder(server), "transfer")
    server.config["hash_on_upload"] = words
    server.config["log"].update(
        {"transfer": log, "transfer_format": "%{FILE_NAME} %{CHECKSUM}"})
    server.write_config()
    return server, log


MARKS = itertools.count()


def is_known(server, client, contents, name="file"):
    """Whether the file's sum, which is right, was known when asked for."""
    begin, end = f"mark {next(MARKS)};", f"mark {next(MARKS)};"
    client.cmd("OPTS HASH SHA-256", 200)
    client.cmd("CLNT " + begin, 200)
    text = client.cmd("HASH " + name, 213).text
    assert text == f"SHA-256 0-{len(contents) - 1} {sha256(contents)} {name}"
    assert client.cmd("XSHA256 " + name, 250).text == sha256(contents)
    client.cmd("CLNT " + end, 200)
    server.wait_log("client software: " + end)
    between = server.log().partition("client software: " + begin)[2]
    between = between.partition("client software: " + end)[0]
    count = between.count(f"/{name} is known since it came")
    assert count in (0, 2), between
    return count == 2


def case_on_upload(binaries):
    """A file that has come whole is known to its session."""
    server, log = hashing(binaries, ["SHA-256", "CRC32"])
    contents = random_bytes(3000000, 12)
    text = b"line\n" * 20000
    with server:
        with logged_in(server) as client, logged_in(server) as other:
            client.stor("file", contents)
            assert is_known(server, client, contents)
            assert not is_known(server, other, contents)
            assert client.cmd("XCRC file", 250).text == crc(contents).upper()
            # Neither another algorithm nor a part of it is known.
            assert client.cmd("XMD5 file", 250).text == \
                hashlib.md5(contents).hexdigest()
            assert client.cmd('XSHA256 "file" 1', 250).text == \
                sha256(contents[1:])
            # What comes as text is hashed as it is stored.
            client.cmd("TYPE A", 200)
            client.stor("text", text.replace(b"\n", b"\r\n"))
            client.cmd("TYPE I", 200)
            assert is_known(server, client, text, "text")
            client.stor("small", b"small")
            assert not is_known(server, client, b"small", "small")
            client.stor("empty", b"")
            client.stor("unique", contents, "STOU")
            assert is_known(server, client, contents, "unique")
            # Not those of which only a part has come.
            client.stor("file", b"more", "APPE")
            assert not is_known(server, client, contents + b"more")
            client.cmd("REST 3000000", 350)
            client.stor("file", b"MORE")
            assert not is_known(server, client, contents + b"MORE")
            stored(client, 0, 3, "file", b"part")
            assert not is_known(server, client,
                                b"part" + contents[4:] + b"MORE")
            client.retr("small")
            data = client.open_data("STOR cut")
            data.sendall(contents[:100000])
            data.close()
            assert client.reply().code == 426
        wanted = [f"{name} SHA-256:{sha256(data)} CRC32:{crc(data)}"
                  for name, data in (
                      ("file", contents), ("text", text),
                      ("small", b"small"), ("empty", b""),
                      ("unique", contents))]
        wanted += ["file -", "file -", "file -", "small -", "cut -"]
        assert wait_for(lambda: os.path.exists(log) and
                        read_lines(log) == wanted), (read_lines(log), wanted)


def read_lines(path):
    with open(path, encoding="utf-8") as text:
        return text.read().splitlines()


def case_on_upload_changed(binaries):
    """One that was changed is not known any more; nor are many."""
    server, _ = hashing(binaries, "on")
    contents = random_bytes(300000, 13)
    with server, logged_in(server) as client:
        path = os.path.join(server.home, "file")

        def write_over():
            with open(path, "r+b") as out:
                out.write(contents[:5])
        for change in (lambda: os.utime(path, (1, 1)), write_over,
                       lambda: os.chmod(path, 0o600),
                       lambda: put(server, "file", contents),
                       lambda: client.cmd("MFMT 20200102030405 file", 213)):
            client.stor("file", contents)
            assert is_known(server, client, contents)
            # A file system's clock may tick every 10 ms only.
            before = os.stat(path).st_ctime_ns
            wait_for(lambda: clock_moved(path, before))
            change()
            assert not is_known(server, client, contents)
        for i in range(17):
            client.stor(f"file{i}", contents)
        assert not is_known(server, client, contents, "file0")
        assert is_known(server, client, contents, "file1")
        # In place: others may have written to it as well.
        os.link(os.path.join(server.home, "file1"), path + ".link")
        client.stor("file1", contents)
        assert not is_known(server, client, contents, "file1")


def clock_moved(path, before):
    """Whether what changes now gets another time than before."""
    probe = path + ".probe"
    with open(probe, "wb"):
        now = os.stat(probe).st_ctime_ns
    os.unlink(probe)
    return now > before


def case_on_upload_off(binaries):
    """Off, by default or for a directory, nothing is known; pipes neither."""
    directories = {"directories": [{"path": "/off", "hash_on_upload": "off"}]}
    contents = random_bytes(300000, 14)
    for words, config, name in (("off", {}, "file"), ([], {}, "file"),
                                ("on", directories, "off/file"),
                                ("on", NOT_LOCAL, "file")):
        server, log = hashing(binaries, words, config)
        with server:
            with logged_in(server) as client:
                client.cmd("MKD off", 257)
                client.stor(name, contents)
                assert not is_known(server, client, contents, name)
            assert wait_for(lambda: os.path.exists(log) and
                            read_lines(log) == ["file -"]), read_lines(log)


def case_on_upload_mistakes(binaries):
    """What is no list of algorithms is refused, and where it stands said."""
    for words, said in (("SHA256", "did you mean SHA-256?"),
                        (["MD5", "md5"], "stands there twice"),
                        ({"MD5": 1}, "takes words, or a list")):
        server, _ = hashing(binaries, words)
        try:
            done = subprocess.run(
                [os.path.join(binaries, "ftpsd"), "-t", "-c",
                 server.config_path], capture_output=True, text=True,
                timeout=60, check=False)
            assert done.returncode != 0 and said in done.stderr, done
            assert re.search(r"ftpsd\.yaml:\d+:\d+: hash_on_upload",
                             done.stderr), done
        finally:
            shutil.rmtree(server.folder)


def case_range_in_mode_z(binaries):
    """Ranges are of the file, however it is sent."""
    with Daemon(binaries, {"mode_z": "on"}) as server, \
            logged_in(server) as client:
        contents = random_bytes(300000, 15)
        put(server, "file", contents)
        client.cmd("MODE Z", 200)
        for first, last in ((10, 19), (0, 299999), (1000, 250000),
                            (299990, 1 << 40), (1 << 33, 1 << 34)):
            assert zlib.decompress(ranged(client, first, last, "file")) == \
                contents[first:last + 1], (first, last)
        stored(client, 0, 199999, "file", zlib.compress(contents[:200000]))
        assert read(server, "file") == contents
        stored(client, 5, 9, "file", zlib.compress(b"abcde"))
        assert read(server, "file") == contents[:5] + b"abcde" + contents[10:]
        stored(client, 5, 9, "file", zlib.compress(b"abcd"), 426)
        stored(client, 5, 9, "file", zlib.compress(b"abcdef"), 552)
        assert read(server, "file")[10:] == contents[10:]
        text = client.cmd("HASH file", 213).text
        assert sha256(read(server, "file")) in text
