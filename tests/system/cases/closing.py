"""How TLS ends on data connections, with clients of all manners."""

import os
import socket
import ssl
import struct
import time

from client import Client
from daemon import Daemon, random_bytes

VERSIONS = ("1.2", "1.3")


def drop(data, how="fin"):
    """Ends the connection without a word of TLS."""
    if how == "reset":
        data.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER,
                        struct.pack("ii", 1, 0))
    raw = socket.socket(fileno=data.detach())
    if how == "part":
        # The beginning of a record, as if the rest were lost.
        raw.sendall(b"\x17\x03\x03\x01\x00part")
    raw.close()


def upload(client, contents, how):
    data = client.open_data("STOR file")
    data.sendall(contents)
    drop(data, how)
    return client.reply().code


def case_truncated_uploads(binaries):
    """reject: 426 and nothing stored.  warn: stored, and a warning."""
    for setting, code in (("reject", 426), ("warn", 226)):
        tls = {"truncated_uploads": setting}
        with Daemon(binaries, {"tls": tls}) as server:
            for version in VERSIONS:
                with Client(server.port, version=version) as client:
                    client.auth().login()
                    # Small ones and large ones are stored in other ways.
                    for size in (0, 100, 3 << 20):
                        contents = random_bytes(size)
                        assert upload(client, contents, "fin") == code, size
                        if code == 226:
                            assert client.retr("file") == contents
                            client.cmd("DELE file", 250)
                        assert client.listing("NLST") == b""
            if setting == "warn":
                server.wait_log("warning .* is taken for complete")


def case_never_tolerated(binaries):
    """warn: a reset, and half a record, are no end all the same."""
    with Daemon(binaries, {"tls": {"truncated_uploads": "warn"}}) as server:
        for version in VERSIONS:
            with Client(server.port, version=version) as client:
                client.auth().login()
                for how in ("reset", "part"):
                    for size in (100, 3 << 20):
                        contents = random_bytes(size)
                        assert upload(client, contents, how) == 426, \
                            (version, how, size)
                assert client.listing("NLST") == b""
                client.cmd("TYPE A", 200)
                assert upload(client, b"a\r\n", "part") == 426
                assert upload(client, b"a\r\n", "fin") == 226
                client.cmd("DELE file", 250)


def case_both_say_it(binaries):
    """We send close_notify, both ways, whatever the client does."""
    with Daemon(binaries) as server:
        for version in VERSIONS:
            with Client(server.port, version=version) as client:
                client.auth().login()
                data = client.open_data("STOR file")
                data.sendall(b"1234")
                data.unwrap().close()  # fails where the answer is missing
                assert client.reply().code == 226
                data = client.open_data("RETR file")
                assert data.recv(10) == b"1234"
                # Not suppressed: EOF without close_notify is an error.
                data.suppress_ragged_eofs = False
                assert data.recv(10) == b""
                data.unwrap().close()
                assert client.reply().code == 226


def case_silent_downloaders(binaries):
    """Who never answers close_notify gets its file, and its 226."""
    contents = random_bytes(2 << 20)
    with Daemon(binaries) as server:
        for version in VERSIONS:
            with Client(server.port, version=version) as client:
                client.auth().login()
                client.stor("file", contents)
                for keep in (True, False):
                    data = client.open_data("RETR file")
                    got = b""
                    while len(got) < len(contents):
                        got += data.recv(65536)
                    assert got == contents
                    began = time.monotonic()
                    if not keep:
                        drop(data)
                    assert client.reply().code == 226
                    assert time.monotonic() - began < 5
                    if keep:
                        drop(data)


def case_unread_download(binaries):
    """Who leaves in the middle of its file gets 426, and goes on."""
    with Daemon(binaries) as server:
        for version in VERSIONS:
            with Client(server.port, version=version) as client:
                client.auth().login()
                client.stor("file", random_bytes(20 << 20))
                data = client.open_data("RETR file")
                data.recv(10)
                drop(data, "reset")
                assert client.reply().code == 426
                data = client.open_data("RETR file")
                assert client.resumed(data)
                try:
                    os.close(data.detach())
                except ssl.SSLError:
                    pass
                assert client.reply().code == 426
