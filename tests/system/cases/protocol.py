"""Corners of the protocol that clients rarely reach."""

import os
import socket
import ssl
import threading
import time

from client import Client, finish
from daemon import Daemon, random_bytes, wait_for


def clear(binaries, **more):
    config = {"tls": {"required": "off"}}
    config.update(more)
    return Daemon(binaries, config)


def case_stat_of_paths(binaries):
    """STAT with a path, over the control connection, and long ones too."""
    with clear(binaries) as server, Client(server.port) as client:
        client.login()
        client.stor("file", b"12345")
        client.cmd("MKD dir", 257)
        text = client.cmd("STAT file", 213).text
        assert " 5 " in text and "file" in text, text
        text = client.cmd("STAT /", 212).text
        assert "dir" in text and "file" in text, text
        for line in text.split("\n")[1:-1]:
            assert line.startswith(" "), line
        assert client.cmd("STAT nothing").code == 450
        for number in range(3000):
            client.cmd(f"MKD dir/{number:0100d}", 257)
        client.send(b"STAT dir\r\nNOOP\r\n")
        assert client.reply().text.count("\n") == 3001
        assert client.reply().code == 200


def case_mlst_names_the_path(binaries):
    """MLST: one line with facts and the whole path."""
    with clear(binaries) as server, Client(server.port) as client:
        client.login()
        client.cmd("MKD a b", 257)
        client.cmd("CWD a b", 250)
        client.stor("c d", b"1")
        lines = client.cmd("MLST c d", 250).text.split("\n")
        assert len(lines) == 3 and lines[1].endswith("; /a b/c d"), lines
        lines = client.cmd("MLST", 250).text.split("\n")
        assert lines[1].endswith("; /a b"), lines
        lines = client.cmd("MLST /", 250).text.split("\n")
        assert lines[1].endswith("; /"), lines
        assert client.cmd("MLST nothing").code == 550
        os.symlink("nothing", os.path.join(server.home, "dangling"))
        assert client.cmd("MLST /dangling").code == 550
        os.symlink("a b", os.path.join(server.home, "link"))
        text = client.cmd("MLST /link", 250).text
        assert "type=dir;" in text and "; /link" in text, text
        client.passive().close()
        assert client.cmd("MLSD c d").code == 501


def case_order_of_commands(binaries):
    """What must come first, and what is only said once."""
    with clear(binaries) as server, Client(server.port) as client:
        assert client.cmd("PASS x").code == 503
        assert client.cmd("PBSZ 0").code == 503
        assert client.cmd("PROT P").code == 503
        assert client.cmd("AUTH").code == 501
        assert client.cmd("AUTH KERBEROS").code == 504
        client.login()
        assert client.cmd("USER alice").code == 530
        assert client.cmd("PASS x").code == 503
        assert client.cmd("ACCT x").code == 202
        assert client.cmd("ALLO 100").code == 200
        assert client.cmd("ALLO x").code == 501
        assert client.cmd("AUTH TLS").code == 534
        assert client.cmd("RETR f").code == 425
        client.stor("f", b"1")
        client.cmd("RNFR f", 350)
        client.cmd("NOOP", 200)
        assert client.cmd("RNTO g").code == 503
        assert client.cmd("PWD x").code == 501
        assert client.cmd("RETR").code == 501
        assert client.cmd("REST 3").code == 350
        client.passive().close()
        assert client.cmd("APPE f").code == 503
        client.cmd("TYPE A", 200)
        assert client.cmd("REST 3").code == 501
        assert client.cmd("REST 0").code == 350


def case_uploads_cut_short(binaries):
    """A client that dies in an upload leaves the old file."""
    with clear(binaries) as server:
        for how in ("reset", "control"):
            with Client(server.port) as client:
                client.login()
                client.stor("file", b"old")
                data = client.open_data("STOR file")
                data.sendall(b"new")
                if how == "reset":
                    data.setsockopt(
                        socket.SOL_SOCKET, socket.SO_LINGER,
                        b"\1\0\0\0\0\0\0\0")
                    data.close()
                    assert client.reply().code == 426
                else:
                    client.close()
                    wait_for(lambda d=data: ended(d), 10)
                    data.close()
            with Client(server.port) as client:
                client.login()
                assert client.retr("file") == b"old"
                assert client.listing("NLST -a") == b"file\r\n"


def case_what_a_cut_leaves(binaries):
    """The reply to a cut upload says what is in the file now."""
    with Daemon(binaries) as server, Client(server.port) as client:
        client.auth().login()
        client.stor("f", b"12345")
        # What comes in a small part is not written before the end.
        for command, size, left in (("STOR f", 1, "nothing was stored"),
                                    ("STOU f", 1, "nothing was stored"),
                                    ("APPE f", 1, "nothing was stored"),
                                    ("REST", 1, "nothing was stored"),
                                    ("STOR f", 65536, "nothing was stored"),
                                    ("APPE f", 65536, "not complete"),
                                    ("REST", 65536, "not complete")):
            if command == "REST":
                client.cmd("REST 2", 350)
                command = "STOR f"
            data = client.open_data(command)
            data.sendall(b"x" * size)
            socket.socket(fileno=data.detach()).close()
            reply = client.reply()
            assert reply.code == 426 and left in reply.text, (command, reply)
            if left == "nothing was stored":
                assert client.retr("f") == b"12345"


def ended(data):
    data.settimeout(0.2)
    try:
        return data.recv(1) == b""
    except (socket.timeout, TimeoutError):
        return False
    except ConnectionError:
        return True


def case_abort_before_the_data(binaries):
    """ABOR while the data connection is still waited for."""
    with clear(binaries) as server, Client(server.port) as client:
        client.login()
        client.stor("file", b"x")
        client.cmd("EPSV", 229)
        client.send(b"RETR file\r\nPWD\r\nABOR\r\n")
        codes = [client.reply().code for _ in range(3)]
        assert codes == [426, 257, 226], codes
        client.cmd("EPSV", 229)
        client.send(b"STOR other\r\n")
        client.send(b"ABOR\r\n")
        assert client.reply().code == 426
        assert client.reply().code == 226
        assert client.cmd("SIZE other").code == 550
        assert client.retr("file") == b"x"


def case_abort_by_urgent_byte(binaries):
    """ABOR behind a Telnet Synch, as clients send it in clear."""
    with clear(binaries) as server, Client(server.port) as client:
        client.login()
        client.stor("big", random_bytes(20_000_000))
        for plain, urgent, rest in ((b"", b"\xff\xf4\xff", b"\xf2ABOR"),
                                    (b"", b"\xff", b"\xf4\xff\xf2ABOR"),
                                    (b"\xff\xf4\xff", b"\xf2", b"ABOR")):
            data = client.open_data("RETR big")
            client.send(plain)
            client.socket.send(urgent, socket.MSG_OOB)
            client.send(rest + b"\r\n")
            assert client.reply().code == 426
            assert client.reply().code == 226
            data.close()


def case_aside_in_bulk(binaries):
    """Hundreds of NOOPs and STATs during a transfer, one reply each."""
    with clear(binaries) as server, Client(server.port) as client:
        client.login()
        client.stor("big", random_bytes(20_000_000))
        data = client.open_data("RETR big")
        client.send(b"NOOP\r\nSTAT\r\nNOOP x\r\n" * 200)
        for _ in range(200):
            assert client.reply().code == 200
            assert client.reply().code == 211
            assert client.reply().code == 200
        assert len(client.read_data(data)) == 20_000_000
        assert client.reply().code == 226


def case_fast_client_starves_nobody(binaries):
    """A worker that sends at full speed still answers at once."""
    with clear(binaries, workers=1) as server:
        with Client(server.port) as busy, Client(server.port) as other:
            busy.login()
            other.login()
            busy.stor("big", b"z" * 300_000_000)
            data = busy.open_data("RETR big")
            reader = threading.Thread(target=busy.read_data, args=(data,))
            reader.start()
            slowest = 0.0
            while reader.is_alive():
                began = time.monotonic()
                other.cmd("NOOP", 200)
                slowest = max(slowest, time.monotonic() - began)
            reader.join()
            assert busy.reply().code == 226
            assert slowest < 0.5, slowest


def case_fast_upload_turns_slow(binaries):
    """What follows a fast upload byte by byte counts as movement, too."""
    contents = random_bytes(30_000_003)
    with Daemon(binaries, {"timeouts": {"stalled": "2s"}}) as server:
        with Client(server.port) as client:
            client.auth().login()
            data = client.open_data("STOR file")
            data.sendall(contents)
            for _ in range(8):
                time.sleep(0.4)
                data.sendall(b"x")
            # Waits for the server's close_notify before it sends FIN.
            finish(data)
            assert client.reply().code == 226
            assert client.retr("file") == contents + b"x" * 8


def case_replies_not_read(binaries):
    """A client that never reads its replies costs bounded memory."""
    with clear(binaries) as server:
        deaf = Client(server.port).login()
        deaf.socket.settimeout(0.5)
        sent = 0
        try:
            while sent < 64_000_000:
                sent += deaf.socket.send(b"HELP\r\n" * 1000)
        except (socket.timeout, TimeoutError):
            pass
        assert sent < 64_000_000
        with Client(server.port) as client:
            client.login()
            client.cmd("NOOP", 200)
        deaf.close()


def case_tls_without_auth(binaries):
    """A ClientHello on the clear port ends at once, and the log says why."""
    with Daemon(binaries) as server:
        try:
            Client(server.port, implicit=True, greet=False)
            raise AssertionError("a handshake in clear succeeded")
        except (ssl.SSLError, ConnectionError):
            pass
        with Client(server.port) as client:
            client.auth().login()
            client.cmd("NOOP", 200)


def case_site_utime_forms(binaries):
    """SITE UTIME in both forms; read-only facts stay."""
    with clear(binaries) as server, Client(server.port) as client:
        client.login()
        data = client.open_data("STOR a b")
        data.sendall(b"1")
        finish(data)
        assert client.reply().code == 226
        client.cmd("SITE UTIME a b 20200101000000 20210101000000 "
                   "20220101000000 UTC", 200)
        assert client.cmd("MDTM a b", 213).text == "20210101000000"
        assert client.cmd("SITE UTIME 20201301000000 a b").code == 501
        assert client.cmd("SITE CHMOD 999 a b").code in (501, 504)
        assert client.cmd("SITE CHMOD 640 none").code == 550
        assert client.cmd("SITE NOTHING").code in (500, 501, 502)
