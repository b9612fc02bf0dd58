"""CCC: TLS on the control connection ends, and the session goes on."""

import os
import socket
import ssl

from client import Client, tls_context
from daemon import Daemon, random_bytes

VERSIONS = ("1.2", "1.3")
ALLOWED = {"tls": {"required": "auth", "allow_ccc": True}}


class Wire:
    """TLS by hand over a socket: what goes out when is ours to say."""

    def __init__(self, client):
        self.client = client
        self.socket = client.socket
        self.incoming, self.outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self.tls = client.context.wrap_bio(self.incoming, self.outgoing)
        client.cmd("AUTH TLS", 234)
        self.run(self.tls.do_handshake)
        client.socket = self

    def run(self, action):
        while True:
            try:
                value = action()
                self.flush()
                return value
            except ssl.SSLWantReadError:
                self.flush()
                data = self.socket.recv(8192)
                if not data:
                    raise EOFError from None
                self.incoming.write(data)

    def flush(self):
        data = self.outgoing.read()
        if data:
            self.socket.sendall(data)

    # What a Client needs of a socket.

    def sendall(self, data):
        self.tls.write(data)
        self.flush()

    def recv(self, size):
        return self.run(lambda: self.tls.read(size))

    def close(self):
        self.socket.close()

    def clear(self, behind=b"", notify=True):
        """Ends TLS: our close_notify (or none), and bytes in clear behind."""
        try:
            self.run(lambda: self.tls.read(1))
        except ssl.SSLZeroReturnError:
            pass
        out = b""
        if notify:
            self.tls.unwrap()
            out = self.outgoing.read()
            assert out
        if out or behind:
            self.socket.sendall(out + behind)
        # What came behind the server's close_notify is clear.
        self.client.buffer += self.incoming.read()
        self.client.socket = self.socket


def begin(server, version):
    """A client that is logged in, with data connections under TLS."""
    client = Client(server.port, version=version)
    wire = Wire(client)
    client.login()
    client.cmd("PBSZ 0", 200)
    client.cmd("PROT P", 200)
    client.protected = True
    return client, wire


def check_clear(client):
    """The session goes on, and TLS does not come back."""
    client.cmd("NOOP", 200)
    assert client.cmd("PBSZ 0").code == 503
    assert client.cmd("PROT C").code == 534
    assert client.cmd("PROT P").code == 534
    assert client.cmd("AUTH TLS").code == 534
    assert client.cmd("CCC").code == 533


def check_data(client, contents):
    """Data connections are as PROT has set them; they need not resume."""
    data = client.open_data("RETR file", session=None)
    assert client.read_data(data) == contents
    assert client.reply().code == 226
    data = client.open_data("STOR copy", session=None)
    data.sendall(contents)
    data.unwrap().close()
    assert client.reply().code == 226
    data = client.open_early("RETR copy", session=None)
    assert client.read_data(data) == contents
    assert client.reply().code == 226
    # In clear it is no TLS.
    data = client.passive()
    client.cmd("NLST", 150)
    data.sendall(b"this is no ClientHello\r\n")
    assert client.reply().code == 522
    data.close()


def case_refused(binaries):
    """Who may say CCC, and when."""
    with Daemon(binaries, ALLOWED) as server, Client(server.port) as client:
        assert client.cmd("CCC").code == 533
        client.auth()
        assert client.cmd("CCC").code == 530
        assert " CCC\n" in client.cmd("FEAT", 211).text
        client.login()
        assert client.cmd("CCC now").code == 501
    for tls in ({"required": "on", "allow_ccc": True},
                {"required": "auth", "allow_ccc": False}):
        with Daemon(binaries, {"tls": tls}) as server, \
                Client(server.port) as client:
            client.auth().login()
            assert " CCC\n" not in client.cmd("FEAT", 211).text
            assert client.cmd("CCC").code == 534
            client.cmd("NOOP", 200)


def case_clean(binaries):
    """close_notify both ways; replies, data connections and sessions after."""
    contents = random_bytes(200000)
    with Daemon(binaries, ALLOWED) as server:
        with open(os.path.join(server.home, "file"), "wb") as out:
            out.write(contents)
        for version in VERSIONS:
            client, wire = begin(server, version)
            with client:
                client.cmd("CCC", 200)
                wire.clear()
                check_clear(client)
                check_data(client, contents)
                client.cmd("QUIT", 221)
            # The same with a library's own calls.
            with Client(server.port, version=version) as client:
                client.auth().login()
                client.cmd("CCC", 200)
                client.socket = client.socket.unwrap()
                check_clear(client)


def case_without_close_notify(binaries):
    """A client that sends none is known by its next command."""
    with Daemon(binaries, ALLOWED) as server:
        with open(os.path.join(server.home, "file"), "wb") as out:
            out.write(b"x")
        for version in VERSIONS:
            for behind in (b"", b"PWD\r\n"):
                client, wire = begin(server, version)
                with client:
                    client.cmd("CCC", 200)
                    wire.clear(behind, notify=False)
                    if behind:
                        assert client.reply().code == 257
                    check_clear(client)
                    check_data(client, b"x")


def case_pipelined(binaries):
    """Commands behind CCC are done: under TLS first, then those in clear."""
    with Daemon(binaries, ALLOWED) as server:
        for version in VERSIONS:
            client, wire = begin(server, version)
            with client:
                wire.tls.write(b"CCC\r\nPWD\r\nMKD a\r\n")
                wire.tls.write(b"RMD a\r\nCWD")
                try:
                    wire.tls.unwrap()
                except ssl.SSLWantReadError:
                    pass
                out = wire.outgoing.read() + b" /\r\nSYST\r\nNOOP\r\n"
                # However the network cuts it.
                for at in range(0, len(out), 7):
                    wire.socket.sendall(out[at:at + 7])
                assert client.reply().code == 200
                wire.clear(notify=False)
                codes = [client.reply().code for _ in range(6)]
                assert codes == [257, 257, 250, 250, 215, 200], codes
                check_clear(client)


def case_broken(binaries):
    """What is neither TLS nor a command ends the session."""
    with Daemon(binaries, {**ALLOWED, "timeouts": {
            "idle": "2s", "login_delay": "0s"}}) as server:
        for version in VERSIONS:
            for rubbish in (b"\x00\x01\x02\x03\x04\x05",
                            b"\x17\x03\x03\x00\x30" + b"x" * 48,
                            b"\x16\x03\x01\x00\x04\x01\x00\x00\x00", None,
                            b"\x15\x03"):
                client, wire = begin(server, version)
                with client:
                    client.cmd("CCC", 200)
                    wire.clear(rubbish or b"", notify=False)
                    if rubbish is None:
                        wire.socket.shutdown(socket.SHUT_WR)
                    client.socket.settimeout(20)
                    assert client.at_end(), (version, rubbish)
        with Client(server.port, context=tls_context()) as client:
            client.auth().login()
