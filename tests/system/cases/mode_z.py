"""MODE Z: transfers that zlib compresses."""

import os
import subprocess
import zlib

from client import Client, finish
from daemon import Daemon, random_bytes

TEXT = b"a line of text that repeats itself\n" * 60000


def plain(server):
    return Client(server.port).login()


def off(**more):
    return {"tls": {"required": "off"}, **more}


def put(client, path, data, code=226, command="STOR"):
    """Sends bytes as they are."""
    connection = client.open_data(f"{command} {path}")
    try:
        connection.sendall(data)
    except ConnectionError:
        assert code != 226
    finish(connection)
    reply = client.reply()
    assert reply.code == code, reply
    return reply


def case_both_ways(binaries):
    """Files, listings, parts and text arrive as they are, in fewer bytes."""
    noise = random_bytes(3 << 20)
    with Daemon(binaries, off()) as server, plain(server) as client:
        assert "\n MODE Z" in client.cmd("FEAT", 211).text
        client.cmd("MODE Z", 200)
        assert "MODE: Z" in client.cmd("STAT", 211).text
        for name, contents in (("text", TEXT), ("noise", noise),
                               ("empty", b"")):
            put(client, name, zlib.compress(contents))
            with open(os.path.join(server.home, name), "rb") as stored:
                assert stored.read() == contents, name
            wire = client.retr(name)
            assert zlib.decompress(wire) == contents, name
        assert len(client.retr("text")) * 20 < len(TEXT)
        assert b"noise" in zlib.decompress(client.listing("MLSD"))
        client.cmd("REST 100", 350)
        assert zlib.decompress(client.retr("text")) == TEXT[100:]
        put(client, "text", zlib.compress(b"more"), command="APPE")
        client.cmd("TYPE A", 200)
        assert zlib.decompress(client.retr("text")) == \
            (TEXT + b"more").replace(b"\n", b"\r\n")
        put(client, "lines", zlib.compress(TEXT.replace(b"\n", b"\r\n")))
        client.cmd("TYPE I", 200)
        client.cmd("MODE S", 200)
        assert client.retr("lines") == TEXT


def case_levels(binaries):
    """OPTS MODE Z LEVEL, as far as mode_z_level goes."""
    with Daemon(binaries, off(mode_z_level=5)) as server, \
            plain(server) as client:
        client.stor("text", TEXT + random_bytes(1 << 16).hex().encode())
        client.cmd("MODE Z", 200)
        assert "is 1." in client.cmd("OPTS MODE Z LEVEL 1", 200).text
        fast = len(client.retr("text"))
        assert "is 5." in client.cmd("OPTS MODE Z LEVEL 9", 200).text
        assert len(client.retr("text")) < fast
        for bad in ("OPTS MODE Z LEVEL 0", "OPTS MODE Z LEVEL 10",
                    "OPTS MODE Z", "OPTS MODE Z ENGINE 1", "MODE ZZ",
                    "MODE X"):
            client.cmd(bad, 501)
        for bad in ("MODE B", "MODE C"):
            client.cmd(bad, 504)


def case_damaged(binaries):
    """What is not zlib's, or not all of it, leaves nothing behind."""
    good = zlib.compress(TEXT)
    with Daemon(binaries, off()) as server, plain(server) as client:
        client.stor("kept", b"before")
        client.cmd("MODE Z", 200)
        for bad in (b"not compressed", good[:-1], good + b"x",
                    good[:50] + b"\xff" + good[51:]):
            put(client, "kept", bad, 451)
            put(client, "fresh", bad, 451)
        assert sorted(os.listdir(server.home)) == ["kept"]
        with open(os.path.join(server.home, "kept"), "rb") as stored:
            assert stored.read() == b"before"


def case_bomb(binaries):
    """What expands too much is cut, and counted; 0 allows all."""
    bomb = zlib.compress(bytes(64 << 20), 9)
    config = off(mode_z_expansion=100)
    with Daemon(binaries, config) as server, plain(server) as client:
        client.cmd("MODE Z", 200)
        reply = put(client, "bomb", bomb, 552)
        assert "mode_z_expansion" in reply.text
        assert not os.listdir(server.home)
        client.cmd("NOOP", 200)
        assert server.ctl("status")["counters"]["expansions"] == 1
        server.config["mode_z_expansion"] = 0
        server.write_config()
        server.ctl("reload")
        with plain(server) as other:
            other.cmd("MODE Z", 200)
            put(other, "bomb", bomb)
        assert os.path.getsize(os.path.join(server.home, "bomb")) == 64 << 20


def case_with_tls(binaries):
    """Off over TLS unless mode_z is on; off everywhere where it is off."""
    with Daemon(binaries) as server:
        with Client(server.port).auth().login() as client:
            assert "MODE Z" not in client.cmd("FEAT", 211).text
            client.cmd("MODE Z", 504)
        server.config["tls"]["required"] = "off"
        server.write_config()
        server.ctl("reload")
        with Client(server.port).auth() as client:
            client.cmd("USER alice", 331)
            client.cmd("PASS correct horse", 230)
            client.cmd("MODE Z", 200)
            client.cmd("PBSZ 0", 200)
            client.cmd("PROT P", 200)
            for command in ("NLST", "LIST", "MLSD", "RETR text",
                            "STOR text", "STOU", "APPE text"):
                with client.passive():
                    client.cmd(command, 504)
            client.cmd("MODE S", 200)
        server.config["mode_z"] = "on"
        server.write_config()
        server.ctl("reload")
        with Client(server.port).auth().login() as client:
            assert "MODE Z" in client.cmd("FEAT", 211).text
            client.cmd("MODE Z", 200)
            put(client, "text", zlib.compress(TEXT))
            assert zlib.decompress(client.retr("text")) == TEXT
        server.config["mode_z"] = "off"
        server.write_config()
        server.ctl("reload")
        with plain(server) as client:
            assert "MODE Z" not in client.cmd("FEAT", 211).text
            client.cmd("MODE Z", 504)


def case_lftp(binaries):
    """lftp compresses when it is told to."""
    with Daemon(binaries, off()) as server:
        local = os.path.join(server.folder, "local")
        with open(local, "wb") as out:
            out.write(TEXT)
        script = (f"set ftp:use-mode-z on; set ftp:ssl-allow no; "
                  f"open -u alice,'correct horse' -p {server.port} 127.0.0.1; "
                  f"put {local} -o remote; get remote -o {local}.back; "
                  "ls; quit")
        done = subprocess.run(["lftp", "-f", "/dev/stdin"], text=True,
                              input=script, capture_output=True, timeout=60)
        assert done.returncode == 0, done.stderr
        assert "remote" in done.stdout
        with open(local + ".back", "rb") as back:
            assert back.read() == TEXT
        assert "MODE Z" in server.log()
