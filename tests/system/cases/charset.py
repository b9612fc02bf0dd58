"""Clients that do not speak UTF-8: the key charset, and OPTS UTF8."""

import os
import subprocess

from client import Client
from daemon import Daemon, crypt_hash

CLEAR = {"tls": {"required": "off"}}
# Of the Shift_JIS ones the second bytes are "\" and "|".
NAMES = {"GBK": ("中文 文件", "gbk"), "WINDOWS-1252": ("café €", "cp1252"),
         "ISO-8859-1": ("ÿþ§", "latin-1"),
         "SHIFT_JIS": ("表ポ能", "shift_jis")}


def speaker(server, charset, user="alice"):
    """A client that is logged in and has not asked for UTF-8."""
    client = Client(server.port)
    client.cmd("USER " + user, 331)
    client.cmd("PASS correct horse", 230)
    client.cmd("TYPE I", 200)
    client.codec = charset
    return client


def lines(data):
    return data.split(b"\r\n")[:-1]


def raw(client, data):
    """A command of bytes; the code and the bytes of its reply's text."""
    client.send(data + b"\r\n")
    reply = client.reply()
    return reply.code, reply.text.encode("utf-8", "surrogateescape")


def fetch(client, command):
    data = client.passive()
    assert raw(client, command)[0] == 150, command
    contents = client.read_data(data)
    assert client.reply().code == 226
    return contents


def store(client, name, contents):
    data = client.passive()
    assert raw(client, b"STOR " + name)[0] == 150, name
    data.sendall(contents)
    data.close()
    assert client.reply().code == 226


def case_names(binaries):
    """Names in commands, replies and listings; UTF-8 on the disk and in logs."""
    for charset, (name, codec) in NAMES.items():
        theirs = name.encode(codec)
        with Daemon(binaries, {"charset": charset, **CLEAR}) as server, \
                speaker(server, charset) as client:
            store(client, theirs, b"1")
            assert os.listdir(server.home) == [name]
            assert lines(fetch(client, b"NLST")) == [theirs]
            assert fetch(client, b"LIST").endswith(b" " + theirs + b"\r\n")
            assert b" " + theirs in lines(fetch(client, b"MLSD"))[-1]
            assert fetch(client, b"RETR " + theirs) == b"1"
            assert theirs in raw(client, b"MLST " + theirs)[1]
            assert theirs in raw(client, b"STAT " + theirs)[1]
            assert raw(client, b"MKD d" + theirs) == \
                (257, b'"/d' + theirs + b'" was made.')
            assert raw(client, b"CWD d" + theirs)[0] == 250
            assert raw(client, b"PWD")[1].startswith(b'"/d' + theirs + b'"')
            assert raw(client, b"RNFR /" + theirs)[0] == 350
            assert raw(client, b"RNTO x" + theirs)[0] == 250
            store(client, b"y" + theirs, b"22")
            inside = os.path.join(server.home, "d" + name)
            assert sorted(os.listdir(inside)) == ["x" + name, "y" + name]
            assert sorted(lines(fetch(client, b"NLST /d" + theirs))) == \
                [b"/d" + theirs + b"/" + x + theirs for x in (b"x", b"y")]
            # From now on it is UTF-8, and back.
            client.cmd("OPTS UTF8 ON", 200)
            assert f'"/d{name}"' in client.cmd("PWD", 257).text
            client.cmd("SIZE x" + name, 213)
            client.cmd("OPTS UTF8 OFF", 200)
            assert raw(client, b"SIZE x" + theirs)[0] == 213
            client.cmd("OPTS UTF8 MAYBE", 501)
            server.wait_log("renamed /" + name + " to /d" + name)


def case_all_bytes(binaries):
    """Whatever bytes a name has, it is listed so and found again."""
    for charset in ("GBK", "SHIFT_JIS", "WINDOWS-1252", "none"):
        with Daemon(binaries, {"charset": charset, **CLEAR}) as server, \
                speaker(server, charset) as client:
            names = {b"n" + bytes((first, second))
                     for first in range(0x80, 0xff, 3)
                     for second in (0x41, 0x5c, 0x7c, 0x80, 0xa4, 0xfe)}
            for name in names:
                assert raw(client, b"MKD " + name)[0] == 257, name
            shown = set(lines(fetch(client, b"NLST")))
            assert shown == names, (charset, shown ^ names)
            for name in names:
                assert raw(client, b"RMD " + name)[0] == 250, name
            assert os.listdir(server.home) == []


def case_what_the_set_lacks(binaries):
    """A name that the set cannot say is told in UTF-8, and taken so."""
    with Daemon(binaries, {"charset": "WINDOWS-1252", **CLEAR}) as server, \
            speaker(server, "WINDOWS-1252") as client:
        name = "é日本"
        with open(os.path.join(server.home, name), "wb") as out:
            out.write(b"3")
        assert lines(fetch(client, b"NLST")) == [name.encode()]
        assert fetch(client, b"RETR " + name.encode()) == b"3"


def case_long_listings(binaries):
    """Lines are converted wherever a pipe or a block divides them."""
    with Daemon(binaries, {"charset": "GBK", **CLEAR}) as server, \
            speaker(server, "GBK") as client:
        names = {f"文件-{n}-" + "长" * (n % 60) for n in range(3000)}
        for name in names:
            with open(os.path.join(server.home, name), "wb"):
                pass
        shown = {line.decode("gbk") for line in lines(fetch(client, b"NLST"))}
        assert shown == names
        assert len(lines(fetch(client, b"LIST"))) == 3000


def case_telnet(binaries):
    """255 is a letter where the set has it; Telnet before commands is not."""
    with Daemon(binaries, {"charset": "ISO-8859-1", **CLEAR}) as server, \
            speaker(server, "ISO-8859-1") as client:
        for name in (b"\xff", b"\xff\xff", b"a\xff\xf4", b"\xff\xfbx"):
            assert raw(client, b"\xff\xf4\xff\xf2MKD " + name)[0] == 257
        assert sorted(os.listdir(server.home)) == \
            sorted(["ÿ", "ÿÿ", "aÿô", "ÿûx"])
    with Daemon(binaries, CLEAR) as server, \
            speaker(server, None) as client:
        assert raw(client, b"MKD a\xff\xff\xff\xf4b")[0] == 257
        assert os.listdir(server.home.encode()) == [b"a\xffb"]


def case_who_has_one(binaries):
    """By host, by user; passwords; REIN; without the key it is UTF-8."""
    config = {"charset": "WINDOWS-1252",
              "users": [{"name": "bob", "charset": "none"},
                        {"name": "carl", "charset": "GBK"}], **CLEAR}
    with Daemon(binaries, config, users=("alice", "bob", "carl")) as server:
        hashes = {name: crypt_hash("pässword") for name in server.homes}
        server.write_users(hashes)
        for user, theirs in (("alice", "é".encode("cp1252")),
                             ("bob", "é".encode()),
                             ("carl", "é".encode("gbk"))):
            with Client(server.port) as client:
                client.cmd("USER " + user, 331)
                assert raw(client, "PASS pässword".encode("cp1252"))[0] == 230
                assert raw(client, b"MKD " + theirs)[0] == 257
                assert os.listdir(server.homes[user]) == ["é"], user
                client.cmd("OPTS UTF8 ON", 200)
                client.cmd("RMD é", 250)
                client.cmd("REIN", 220)
                client.cmd("USER " + user, 331)
                assert raw(client, "PASS pässword".encode("cp1252"))[0] == 230
                assert raw(client, b"MKD " + theirs)[0] == 257
                assert os.listdir(server.homes[user]) == ["é"], user
    with Daemon(binaries, CLEAR) as server, speaker(server, None) as client:
        client.cmd("OPTS UTF8 OFF", 504)
        client.cmd("OPTS UTF8 ON", 200)


def case_refused_sets(binaries):
    """Sets that ASCII is no part of are mistakes."""
    for charset in ("UTF-16", "ISO-2022-JP", "IBM037", "nonsense",
                    "GBK//TRANSLIT"):
        server = Daemon(binaries, {"charset": charset})
        done = subprocess.run(
            [os.path.join(binaries, "ftpsd"), "-t", "-c", server.config_path],
            capture_output=True, text=True, timeout=60, check=False)
        __import__("shutil").rmtree(server.folder)
        assert done.returncode != 0
        assert "charset: " in done.stderr and "iconv" in done.stderr, done
