"""Fresh keys while a connection lasts: tls.renegotiate, and floods of it."""

import os
import re
import socket
import subprocess
import threading
import time

from authority import Authority, write
from cases.tls_log import find, with_log
from client import Client
from daemon import Daemon, random_bytes, wait_for
from library import NO_RENEGOTIATION, Library

ALLOW = ["AllowClientRenegotiations"]
MIB = 1 << 20


def logged_in(server, version, **more):
    """A client of the library's own, with protected data connections."""
    client = Client(server.port, context=Library(version, **more))
    client.auth().login()
    client.cmd("PBSZ 0", 200)
    client.cmd("PROT P", 200)
    client.protected = True
    return client


def server_of(binaries, renegotiate=None, options=(), **tls):
    settings = dict(tls, options=list(options))
    if renegotiate is not None:
        settings["renegotiate"] = renegotiate
    return Daemon(binaries, {"tls": settings})


def download(client, path):
    data = client.open_data("RETR " + path)
    contents = []
    while True:
        chunk = data.recv(65536)
        if not chunk:
            break
        contents.append(chunk)
    data.close()
    assert client.reply().code == 226
    return b"".join(contents), data


def case_control_key_update(binaries):
    """TLS 1.3, ctrl: with a reply, once the time has passed."""
    with server_of(binaries, "ctrl 1 timeout 1") as server:
        client = logged_in(server, "1.3")
        assert client.socket.count(False, "key_update") == 0
        time.sleep(1.2)
        client.cmd("NOOP", 200)
        assert client.socket.count(False, "key_update") == 1
        time.sleep(1.2)
        client.cmd("NOOP", 200)
        assert client.socket.count(False, "key_update") == 2
        # The answer goes ahead of what the client sends next.
        assert client.socket.count(True, "key_update") == 1
        # Under the new keys everything is as before, and so is resumption.
        client.stor("file", b"1234")
        assert download(client, "file")[0] == b"1234"
        client.cmd("QUIT", 221)


def unanswered(server):
    """A client that was asked and has not read it: its next reply."""
    with Client(server.port, version="1.3") as client:
        client.auth().login()
        time.sleep(1.2)
        client.send(b"NOOP\r\n")  # asked with this reply
        time.sleep(1.5)
        client.send(b"NOOP\r\n")
        assert client.reply().code == 200
        reply = client.reply()
        if reply.code == 421:
            assert "tls.renegotiate" in reply.text, reply
            assert client.at_end()
        return reply.code


def case_control_unanswered(binaries):
    """Commands under old keys, long after we have asked: 421, if required."""
    with server_of(binaries, {"ctrl": "1s", "timeout": "1s"}) as server:
        assert unanswered(server) == 421
        server.wait_log("has not renewed its keys in time")
    with server_of(binaries, ["ctrl", "1", "timeout", "1", "required",
                              "off"]) as server:
        assert unanswered(server) == 200


def case_idle_is_not_late(binaries):
    """Who says nothing cannot have answered, and is not cut off."""
    with server_of(binaries, "ctrl 1 timeout 1") as server:
        client = logged_in(server, "1.3")
        time.sleep(1.2)
        client.send(b"NOOP\r\n")
        time.sleep(2)
        # Now it reads the request, and answers before its next command.
        assert client.reply().code == 200
        client.cmd("NOOP", 200)
        client.cmd("QUIT", 221)


def case_data_key_update(binaries):
    """TLS 1.3, data: after so many kilobytes, both ways."""
    contents = random_bytes(4 * MIB)
    with server_of(binaries, "data 1024 timeout 5") as server:
        client = logged_in(server, "1.3")
        data = client.open_data("STOR file")
        for at in range(0, len(contents), 65536):
            data.sendall(contents[at:at + 65536])
            if at == 2 * MIB:
                # What we were asked is read, and answered.
                poke(data)
        data.close()
        assert client.reply().code == 226
        assert data.count(False, "key_update") >= 2, data.messages
        assert data.count(True, "key_update") >= 1, data.messages
        got, data = download(client, "file")
        assert got == contents
        # A downloader need not answer: only our own keys change.
        assert 3 <= data.count(False, "key_update") <= 4, data.messages
        assert data.count(True, "key_update") == 0, data.messages
        client.cmd("QUIT", 221)


def poke(data):
    """Reads what there is, which is no application data."""
    data.raw.setblocking(False)
    wait_for(lambda: data.recv(1) or data.count(False, "key_update"), 5)
    data.raw.setblocking(True)


def upload_unread(server, seconds):
    """An uploader that never reads goes on sending: the final reply."""
    with Client(server.port, version="1.3") as client:
        client.auth().login()
        data = client.open_data("STOR file")
        end = time.monotonic() + seconds
        try:
            while time.monotonic() < end:
                data.sendall(b"x" * 65536)
                time.sleep(0.02)
            data.unwrap().close()
        except OSError:
            pass
        data.close()
        return client.reply().code


def case_data_unanswered(binaries):
    """Who sends on under old keys: 426 and nothing stored, if required."""
    with server_of(binaries, "data 256 timeout 1") as server:
        assert upload_unread(server, 4) == 426
        server.wait_log("has not renewed its keys in time")
        with Client(server.port) as client:
            client.auth().login()
            assert client.listing("NLST") == b""
    with server_of(binaries, "data 256 timeout 1 required off") as server:
        assert upload_unread(server, 3) == 226


def openssl(server, *arguments):
    return subprocess.Popen(
        ["openssl", "s_client", "-connect", f"127.0.0.1:{server.port}",
         "-starttls", "ftp", "-msg", *arguments], stdin=subprocess.PIPE,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT)


def case_openssl_updates(binaries):
    """k and K of s_client: the keys change, with and without an answer."""
    with Daemon(binaries) as server:
        with openssl(server, "-tls1_3") as client:
            for line in (b"k\n", b"K\n", b"quit\r\n"):
                time.sleep(0.5)
                client.stdin.write(line)
                client.stdin.flush()
            server.wait_log("session ended")
            output = client.communicate(timeout=20)[0].decode()
        sent = re.findall(r">>> .*KeyUpdate", output)
        answers = re.findall(r"<<< .*KeyUpdate", output)
        assert (len(sent), len(answers)) == (2, 1), output
        assert "\n221 " in output, output


def case_client_renegotiates(binaries):
    """TLS 1.2 with the option: once, and not again within a minute."""
    server, path = with_log(binaries, options=ALLOW)
    with server:
        with openssl(server, "-tls1_2") as client:
            find(path, "TLS handshake: channel=control")
            client.stdin.write(b"R\n")
            client.stdin.flush()
            find(path, "TLS was renegotiated: the client wanted it")
            client.stdin.write(b"quit\r\n")
            client.stdin.flush()
            server.wait_log("session ended")
            output = client.communicate(timeout=20)[0].decode()
        assert "\n221 " in output, output
        client = logged_in(server, "1.2")
        assert client.socket.renegotiate()
        client.cmd("NOOP", 200)
        # The sessions of before and after belong to the login.
        client.stor("file", b"1234")
        assert download(client, "file")[0] == b"1234"
        assert not client.socket.renegotiate()
        find(path, "asks for a renegotiation: refused, so soon after")
    for options, renegotiate in ((ALLOW, "none"), ([], None)):
        with server_of(binaries, renegotiate, options) as server:
            client = logged_in(server, "1.2")
            assert not client.socket.renegotiate()
            server.wait_log("asks for a renegotiation: refused")


def case_another_certificate(binaries):
    """Nobody becomes somebody else by renegotiating."""
    server = server_of(binaries, options=ALLOW, verify_client="optional")
    authority = Authority(server.folder, "authority")
    ca_path = os.path.join(server.folder, "ca.pem")
    write(ca_path, authority.cert)
    server.config["tls"]["ca_certificate_file"] = ca_path
    server.write_config()
    one, two = (authority.issue(name).path for name in ("one", "two"))
    with server:
        client = logged_in(server, "1.2", certificate=one)
        assert client.socket.renegotiate()
        client.cmd("NOOP", 200)
        for first in (one, None):
            client = logged_in(server, "1.2", certificate=first)
            client.socket.use_certificate(two)
            client.socket.renegotiate()
            try:
                client.send(b"NOOP\r\n")
            except ConnectionError:
                pass
            assert client.at_end()
        assert wait_for(lambda: server.log().count(
            "shows another certificate when it renegotiates") == 2)


def case_server_renegotiates(binaries):
    """TLS 1.2, on explicit request: control by time, data by bytes."""
    contents = random_bytes(4 * MIB)
    with server_of(binaries, "ctrl 1 data 1024 timeout 5", ALLOW) as server:
        client = logged_in(server, "1.2")
        time.sleep(1.2)
        client.cmd("NOOP", 200)
        client.cmd("NOOP", 200)
        assert client.socket.count(False, "hello_request") >= 1
        assert client.socket.count(True, "client_hello") == 2
        server.wait_log("TLS was renegotiated: we had asked")
        for turn in range(3):
            data = client.open_data("STOR file")
            for at in range(0, len(contents), 65536):
                data.sendall(contents[at:at + 65536])
                if at % MIB == 0 and at > 0:
                    listen(data)
            data.close()
            assert client.reply().code == 226, turn
            got, data = download(client, "file")
            assert got == contents
            assert data.count(True, "client_hello") >= 2, data.messages
            assert data.session_reused
        server.wait_log("renegotiated on a data connection: we had asked")
        client.cmd("QUIT", 221)
    with server_of(binaries, "ctrl 1 data 1") as server:
        client = logged_in(server, "1.2")
        time.sleep(1.2)
        client.stor("file", contents)
        assert client.socket.count(False, "hello_request") == 0


def listen(data):
    """Reads what there is, which is no application data; then writes on."""
    data.raw.settimeout(0.1)
    data.raw.setblocking(True)
    data.raw.setblocking(False)
    for _ in range(20):
        data.recv(1)
        time.sleep(0.01)
    data.raw.setblocking(True)


def case_refused_by_the_client(binaries):
    """TLS 1.2: a client that will not is cut off, which the library does."""
    with server_of(binaries, "ctrl 1", ALLOW) as server:
        client = logged_in(server, "1.2", options=NO_RENEGOTIATION)
        time.sleep(1.2)
        client.send(b"NOOP\r\n")
        assert client.reply().code == 200
        assert client.at_end()
        server.wait_log("does not renegotiate, which tls.renegotiate asks")


def case_floods(binaries):
    """Key updates and renegotiations without end are cut, and cost others
    nothing."""
    with server_of(binaries, options=ALLOW) as server:
        server.expect_log("too many key updates")
        other = Other(server.port)
        for between in (b"", b"x"):
            for data in (False, True):
                flood_updates(server, between, data)
                other.is_served()
        server.wait_log("too many key updates")
        flood_renegotiations(server)
        other.end()


def flood_updates(server, between, data):
    client = logged_in(server, "1.3")
    link = client.open_data("STOR file") if data else client.socket
    sent = 0
    try:
        while sent < 20000 and link.key_update(sent % 50 == 0):
            if between:
                link.sendall(between)
            sent += 1
    except ConnectionError:
        pass
    if data:
        link.close(False)
        assert client.reply().code == 426
    else:
        assert client.at_end(), sent


def flood_renegotiations(server):
    """Each is refused but the first, and a client that goes on is cut."""
    client = logged_in(server, "1.2")
    assert client.socket.renegotiate()
    for _ in range(5):
        assert not client.socket.renegotiate()
        client = logged_in(server, "1.2")
        assert client.socket.renegotiate()


class Other:
    """Another client, which gets its answers meanwhile."""

    def __init__(self, port):
        self.answers, self.over = 0, False
        self.client = Client(port)
        self.thread = threading.Thread(target=self.run)
        self.thread.start()

    def run(self):
        while not self.over:
            self.client.cmd("NOOP")
            self.answers += 1
            time.sleep(0.001)

    def is_served(self):
        """Its next answer comes, whatever the others do."""
        before = self.answers
        assert wait_for(lambda: self.answers > before, 10), before

    def end(self):
        self.is_served()
        self.over = True
        self.thread.join()
        self.client.close()


def case_small_records(binaries):
    """Records of one byte: an upload of them keeps nobody waiting."""
    with Daemon(binaries) as server:
        other = Other(server.port)
        client = logged_in(server, "1.3")
        data = client.open_data("STOR file")
        data.raw.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, MIB)
        for _ in range(30000):
            data.sendall(b"x")
        other.is_served()
        data.close()
        assert client.reply().code == 226
        other.end()
