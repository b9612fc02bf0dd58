"""A session as every client has it."""

from client import Client
from daemon import Daemon, random_bytes


def session(binaries, version, implicit):
    with Daemon(binaries) as server:
        port = server.implicit_port if implicit else server.port
        with Client(port, implicit=implicit, version=version) as client:
            if not implicit:
                client.auth()
            client.login()
            contents = random_bytes(300000)
            client.stor("file.bin", contents)
            assert client.retr("file.bin") == contents
            assert b"file.bin" in client.listing("LIST")
            assert client.listing("NLST") == b"file.bin\r\n"
            assert b"size=300000;" in client.listing("MLSD").lower()
            client.cmd("QUIT", 221)


def case_explicit_tls12(binaries):
    """AUTH TLS, TLS 1.2: login, upload, download, list, quit."""
    session(binaries, "1.2", False)


def case_explicit_tls13(binaries):
    """AUTH TLS, TLS 1.3: login, upload, download, list, quit."""
    session(binaries, "1.3", False)


def case_implicit_tls13(binaries):
    """Implicit TLS: login, upload, download, list, quit."""
    session(binaries, "1.3", True)
