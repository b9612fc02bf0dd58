"""tls.log: what it says of handshakes, and of everything with EnableDiags."""

import hashlib
import json
import os
import re
import socket
import ssl
import stat
import subprocess

from authority import Authority
from cases.logs import log_folder, read
from client import Client, tls_context
from daemon import Daemon, wait_for


def with_log(binaries, log=None, **tls):
    """A server with a tls.log, and its path."""
    server = Daemon(binaries)
    path = os.path.join(log_folder(server), "tls.log")
    server.config["log"].update({"level": "info"}, **(log or {}))
    server.config["tls"].update({"log": path}, **tls)
    server.write_config()
    return server, path


def members(line):
    return dict(re.findall(r'(\w+)=("[^"]*"|[^ ]+)', line))


def find(path, pattern):
    assert wait_for(lambda: re.search(pattern, read(path), re.M)), \
        (pattern, read(path))
    return re.findall(f".*{pattern}.*", read(path))


def case_handshakes(binaries):
    """One line each, for control and for the first data connection."""
    server, path = with_log(binaries)
    server.config["hosts"] = [
        {"name": "a.example", "auth": server.config["auth"],
         "tls": server.config["tls"]}]
    server.write_config()
    with server:
        context = tls_context("1.3", ["ftp"])
        with Client(server.port, context=context, name="a.example") as client:
            port = client.socket.getsockname()[1]
            client.auth().login()
            cipher = client.socket.cipher()
            session = client.socket.session
            client.stor("file", b"1")
            client.retr("file")
            client.cmd("QUIT", 221)
        lines = find(path, "TLS handshake: .*channel=data")
        assert len(lines) == 1, lines
        assert f" 127.0.0.1:{port} alice] " in lines[0], lines
        said = members(lines[0])
        assert said["data_reused"] == "yes", said
        [control] = find(path, "TLS handshake: .*channel=control")
        assert f" 127.0.0.1:{port} -] " in control, control
        said = members(control)
        assert said["host"] == said["server_name"] == "a.example", said
        assert (said["protocol"], said["cipher"], said["bits"]) == \
            ("TLSv1.3", cipher[0], str(cipher[2])), said
        assert said["group"] in ("X25519", "prime256v1"), said
        assert (said["handshake"], said["alpn"]) == ("full", "ftp"), said
        with Client(server.port, context=context, name="a.example") as client:
            client.auth(session)
            client.cmd("QUIT", 221)
        assert wait_for(lambda: "handshake=resumed_" in read(path))


def case_failures(binaries):
    """Why, with the alert, and with what the client offered instead."""
    server, path = with_log(binaries, protocol="TLSv1.2",
                            cipher_suite="ECDHE-ECDSA-AES256-GCM-SHA384")
    with server:
        for context, patterns in (
                (tls_context("1.3"),
                 (r"alert sent: protocol_version \(70\)",
                  r"offered TLSv1\.3$")),
                (only_cipher("ECDHE-RSA-AES128-GCM-SHA256"),
                 (r"alert sent: handshake_failure \(40\)",
                  r"offered .*TLSv1\.2 with ECDHE-RSA-AES128-GCM-SHA256"))):
            with Client(server.port, context=context) as client:
                try:
                    client.auth()
                except ssl.SSLError:
                    pass
            for pattern in patterns:
                find(path, "TLS handshake failed: .*" + pattern)
        # An alert of the client's: it does not trust our certificate.
        context = tls_context("1.2")
        context.verify_mode = ssl.CERT_REQUIRED
        with Client(server.port, context=context) as client:
            try:
                client.auth()
            except ssl.SSLError:
                pass
        find(path, r"does not know the issuer.*alert received: unknown_ca "
             r"\(48\)")
        # Clear bytes, and a client that goes.
        with Client(server.port) as client:
            client.cmd("AUTH TLS", 234)
            client.send(b"USER alice\r\n")
            client.socket.recv(100)
        find(path, "TLS handshake failed: this is no TLS")
        with Client(server.port) as client:
            client.cmd("AUTH TLS", 234)
            client.socket.shutdown(socket.SHUT_WR)
            client.socket.recv(100)
        find(path, "TLS handshake failed: the client closed")


def only_cipher(name):
    context = tls_context("1.2")
    context.set_ciphers(name)
    return context


def case_certificate(binaries):
    """Whom a client's certificate is for, and whether it is good."""
    server, path = with_log(binaries, {"format": "json"})
    authority = Authority(server.folder, "authority")
    server.config["tls"].update({
        "verify_client": "optional",
        "ca_certificate_file": authority.path("cert.pem")})
    server.write_config()
    good = authority.issue("alice")
    bad = Authority(server.folder, "other").issue("mallory")
    with server:
        with Client(server.port, context=good.context("1.2")) as client:
            client.auth().login()
            client.cmd("QUIT", 221)
        find(path, "channel=control")
        said = next(event for event in map(json.loads,
                                           read(path).splitlines())
                    if "channel" in event)
        assert (said["verify"], said["client_subject"], said["client"]) == \
            ("SUCCESS", "CN=alice", "127.0.0.1"), said
        pem = good.cert[good.cert.index("-----BEGIN"):]
        assert said["client_sha256"] == hashlib.sha256(
            ssl.PEM_cert_to_DER_cert(pem)).hexdigest(), said
        try:
            with Client(server.port, context=bad.context("1.2")) as client:
                client.auth()
        except ssl.SSLError:
            pass
        find(path, r"TLS handshake failed: the client's certificate is "
             r"refused: .*CN=mallory.*alert sent: unknown_ca \(48\)")


def case_renegotiation(binaries):
    """A client that asks for a renegotiation: once in the log, refused."""
    server, path = with_log(binaries)
    with server:
        with subprocess.Popen(
                ["openssl", "s_client", "-connect",
                 f"127.0.0.1:{server.port}", "-starttls", "ftp", "-tls1_2"],
                stdin=subprocess.PIPE, stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL) as client:
            find(path, "TLS handshake: channel=control")
            client.stdin.write(b"R\n")
            client.stdin.flush()
            find(path, "asks for a renegotiation: refused")
            client.stdin.close()
            client.wait(20)
        assert read(path).count("renegotiation") == 1, read(path)


def case_json(binaries):
    """log.format json: the same as members of an object."""
    server, path = with_log(binaries, {"format": "json"})
    with server:
        with Client(server.port, version="1.3") as client:
            port = client.socket.getsockname()[1]
            client.auth().login()
            client.cmd("QUIT", 221)
        find(path, "channel=control")
        said = next(event for event in map(json.loads,
                                           read(path).splitlines())
                    if "channel" in event)
        assert (said["channel"], said["protocol"], said["handshake"]) == \
            ("control", "TLSv1.3", "full"), said
        assert (said["client"], said["port"]) == ("127.0.0.1", port), said
        assert "alpn" not in said, said


def case_place(binaries):
    """No symbolic link is followed, and no directory for everybody is used:
    then the main log has the lines."""
    server, path = with_log(binaries)
    folder = os.path.dirname(path)
    os.symlink(os.path.join(folder, "target"), path)
    with server:
        server.expect_log("cannot be written")
        with Client(server.port) as client:
            client.auth()
            server.wait_log("tls.log: cannot be written: it is a symbolic")
            server.wait_log("TLS handshake: channel=control")
        assert not os.path.exists(os.path.join(folder, "target"))
    server, path = with_log(binaries)
    os.chmod(os.path.dirname(path), 0o777)
    with server:
        server.expect_log("cannot be written")
        with Client(server.port) as client:
            client.auth()
            server.wait_log("tls.log: cannot be written: everybody may write")
            server.wait_log("TLS handshake: channel=control")
        assert not os.path.exists(path)
    server, path = with_log(binaries)
    with server:
        with Client(server.port) as client:
            client.auth()
            find(path, "TLS handshake")
        assert stat.S_IMODE(os.stat(path).st_mode) == 0o640


def case_diags(binaries):
    """EnableDiags: messages, states, counters, and nothing secret."""
    server, path = with_log(binaries, options=["EnableDiags"])
    quiet = path + "-quiet"
    server.config["hosts"] = [
        {"name": "quiet.example", "auth": server.config["auth"],
         "tls": dict(server.config["tls"], log=quiet, options=[])}]
    server.write_config()
    with server:
        for version in ("1.2", "1.3"):
            context = tls_context(version, ["ftp"])
            with Client(server.port, context=context,
                        name="localhost") as client:
                client.auth().login()
                session = client.socket.session
                client.stor("file", b"x" * 300000)
                client.cmd("QUIT", 221)
            with Client(server.port, context=context) as client:
                client.auth(session)
                client.cmd("QUIT", 221)
        find(path, r"\[stat\] control: handshakes attempted 1, "
             "established 1, resumed 1, failed 0")
        find(path, r"\[stat\] data: handshakes attempted 1, established 1, "
             "resumed 1, failed 0")
        find(path, r"\[stat\] this worker: handshakes full 1, resumed \d+, "
             r"failed 0, sessions found \d+")
        for pattern in (
                r"\[info\] control: handshake done",
                r"\[info\] control: .*read client hello",
                r"\[info\] data: handshake done",
                r"\[msg\] control: client_hello: version TLSv1\.2, supported "
                r"TLSv1\.3, session id of 32 bytes, server name localhost",
                r"\[msg\] control: client_hello: ciphers .*"
                r"TLS_AES_128_GCM_SHA256",
                r"\[msg\] control: client_hello: groups .*X25519",
                r"\[msg\] control: client_hello: extensions .*key_share",
                r"\[msg\] control: sent handshake: server_hello, \d+ bytes",
                r"\[msg\] control: sent handshake: new_session_ticket",
                r"\[msg\] control: received handshake: client_key_exchange",
                r"\[msg\] data: received alert: warning, close_notify \(0\)",
                r"\[msg\] control: sent alert: warning, close_notify \(0\)",
                r"\[msg\] control: sent record: version TLSv1\.2, content "
                r"type handshake, \d+ bytes"):
            find(path, pattern)
        text = read(path)
        # Bytes of messages are nowhere: no long run of hexadecimal digits.
        assert not re.search(r"[0-9a-fA-F]{16}", text), \
            re.findall(r".*[0-9a-fA-F]{16}.*", text)[0]
        # Nor is each record of a transfer.
        assert len(text.splitlines()) < 400, len(text.splitlines())
        with Client(server.port, name="quiet.example") as client:
            client.auth().login()
            client.cmd("QUIT", 221)
        find(quiet, "TLS handshake")
        assert not re.search(r"\[(msg|info|stat)\]", read(quiet)), read(quiet)
