"""Data connections that shake hands before their command is sent."""

import socket
import ssl
import struct
import time

from client import Client, finish
from daemon import Daemon, random_bytes, wait_for

VERSIONS = ("1.2", "1.3")


def quiet(seconds):
    """The one thing here that is about time passing: limits."""
    wait_for(lambda: False, seconds)


def ended(client, code):
    reply = client.reply()
    assert reply.code == code, reply


def gone(data):
    """Whether the server closes the connection without a byte."""
    try:
        return data.recv(1) == b""
    except (ConnectionError, ssl.SSLEOFError):
        return True


def until_end(data):
    """Waits for that; what comes is an alert at most."""
    try:
        while data.recv(1000):
            pass
    except ConnectionError:
        pass


def case_each_command(binaries):
    """RETR, STOR and LIST over a connection that is secure already."""
    contents = random_bytes(300000)
    for version in VERSIONS:
        with Daemon(binaries) as server, \
                Client(server.port, version=version) as client:
            client.auth().login()
            for _ in range(5):
                data = client.open_early("STOR file")
                assert client.resumed(data)
                data.sendall(contents)
                finish(data)
                ended(client, 226)
                data = client.open_early("RETR file")
                assert client.resumed(data)
                assert client.read_data(data) == contents
                ended(client, 226)
                data = client.open_early("LIST")
                assert b" 300000 " in client.read_data(data)
                ended(client, 226)
                # As others do it; nobody has to stay with one way.
                assert client.retr("file") == contents
            client.cmd("QUIT", 221)


def case_sends_before_stor(binaries):
    """What a client sends before STOR waits, and is not lost."""
    contents = random_bytes(20000, 2)
    for version in VERSIONS:
        with Daemon(binaries) as server, \
                Client(server.port, version=version) as client:
            client.auth().login()
            data = client.wrap_data(client.passive())
            data.sendall(contents)
            for _ in range(3):
                client.cmd("NOOP", 200)
            client.cmd("STOR file", 150)
            finish(data)
            ended(client, 226)
            assert client.retr("file") == contents


def case_not_resumed(binaries):
    """Without resumption: 150 and 522 after the command, once."""
    for version in VERSIONS:
        with Daemon(binaries) as server, \
                Client(server.port, version=version) as client:
            client.auth().login()
            client.stor("file", b"contents")
            for command in ("RETR file", "STOR new", "LIST"):
                data = client.wrap_data(client.passive(), None)
                client.cmd("NOOP", 200)
                client.cmd(command, 150)
                ended(client, 522)
                assert gone(data)
                data.close()
            assert client.cmd("SIZE new").code == 550
            assert client.retr("file") == b"contents"


def case_not_tls(binaries):
    """Rubbish in place of a handshake: 150 and 522, and it lives on."""
    with Daemon(binaries) as server, Client(server.port) as client:
        client.auth().login()
        client.stor("file", b"contents")
        with client.passive() as data:
            data.sendall(b"this is no TLS\r\n" * 10)
            until_end(data)
            client.cmd("RETR file", 150)
            ended(client, 522)
        assert client.retr("file") == b"contents"


def case_failed_command(binaries):
    """550 closes the early connection; a ticket is there for the next."""
    for version in VERSIONS:
        with Daemon(binaries) as server, \
                Client(server.port, version=version) as client:
            client.auth().login()
            client.stor("file", b"contents")
            for _ in range(4):
                used = client.socket.session.id
                data = client.open_early("RETR missing", expect=550)
                assert gone(data)
                data.close()
                if version == "1.3":
                    assert client.socket.session.id != used
            assert client.retr("file") == b"contents"


def case_dropped(binaries):
    """EPSV, PORT, PROT C and QUIT drop the connection; ABOR does not."""
    config = {"tls": {"required": "ctrl"}}
    for version in VERSIONS:
        with Daemon(binaries, config) as server, \
                Client(server.port, version=version) as client:
            client.auth().login()
            client.stor("file", b"contents")
            data = client.wrap_data(client.passive())
            client.cmd("ABOR", 225)
            client.cmd("RETR file", 150)
            assert client.read_data(data) == b"contents"
            ended(client, 226)
            for command, code in (("EPSV", 229), ("PROT C", 200),
                                  ("PORT 127,0,0,1,200,1", 200),
                                  ("QUIT", 221)):
                client.cmd("PROT P", 200)
                used = client.socket.session.id
                data = client.wrap_data(client.passive())
                assert client.resumed(data)
                client.cmd(command, code)
                assert gone(data), command
                data.close()
                if version == "1.3" and command != "QUIT":
                    assert client.socket.session.id != used, command



def case_no_command(binaries):
    """Without a command the connection ends with the session, if idle."""
    config = {"timeouts": {"idle": "2s"}}
    with Daemon(binaries, config) as server, Client(server.port) as client:
        client.auth().login()
        data = client.wrap_data(client.passive())
        ended(client, 421)
        assert gone(data)
        data.close()


case_no_command.idle = True


def case_slow_handshake(binaries):
    """tls.timeout_handshake counts from the accept on."""
    config = {"tls": {"timeout_handshake": "2s"}}
    with Daemon(binaries, config) as server, Client(server.port) as client:
        client.auth().login()
        client.stor("file", b"contents")
        with client.passive() as data:
            assert gone(data)
            client.cmd("RETR file", 150)
            ended(client, 522)
        # Half of it before the command, and done in time after it.
        with client.passive() as data:
            quiet(1)
            client.cmd("RETR file", 150)
            secured = client.wrap_data(data)
            assert client.read_data(secured) == b"contents"
            ended(client, 226)


case_slow_handshake.idle = True


def case_stays_open(binaries):
    """An early connection outlives other commands, for as long as it takes."""
    for version in VERSIONS:
        with Daemon(binaries) as server, \
                Client(server.port, version=version) as client:
            client.auth().login()
            client.stor("file", b"0123456789")
            data = client.wrap_data(client.passive())
            for command, code in (("SIZE file", 213), ("NOOP", 200),
                                  ("PWD", 257), ("PROT P", 200),
                                  ("REST 4", 350)):
                client.cmd(command, code)
            client.cmd("RETR file", 150)
            assert client.read_data(data) == b"456789"
            ended(client, 226)


TCP_INFO_UNACKED = 24  # offset in struct tcp_info
CHANGE_CIPHER_SPEC = b"\x14\x03\x03\x00\x01\x01"


def unacknowledged(data):
    info = data.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 104)
    return struct.unpack_from("I", info, TCP_INFO_UNACKED)[0]


def until_acknowledged(data):
    deadline = time.monotonic() + 20
    while unacknowledged(data):
        assert time.monotonic() < deadline


def acknowledged_after(client):
    """How many seconds the first piece of the client's last flight waits for
    its acknowledgement."""
    data = client.passive()
    data.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    client.cmd("RETR file", 150)
    received, sent = ssl.MemoryBIO(), ssl.MemoryBIO()
    tls = client.context.wrap_bio(received, sent,
                                  session=client.socket.session)
    while True:
        try:
            tls.do_handshake()
            break
        except ssl.SSLWantReadError:
            data.sendall(sent.read())
            received.write(data.recv(65536))
    assert tls.session_reused
    flight = sent.read()
    assert flight.startswith(CHANGE_CIPHER_SPEC)
    began = time.monotonic()
    data.sendall(CHANGE_CIPHER_SPEC)
    until_acknowledged(data)
    took = time.monotonic() - began
    data.sendall(flight[len(CHANGE_CIPHER_SPEC):])
    until_end(data)
    data.close()
    ended(client, 226)
    return took


def case_handshake_in_pieces(binaries):
    """A piece of a handshake is acknowledged before 40 ms are over: clients
    that write theirs in pieces, as GnuTLS does, wait for that."""
    with Daemon(binaries) as server, \
            Client(server.port, version="1.3") as client:
        client.auth().login()
        client.stor("file", b"x" * 100)
        took = min(acknowledged_after(client) for _ in range(10))
        assert took < 0.03, took
