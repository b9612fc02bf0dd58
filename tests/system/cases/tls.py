"""The settings of TLS, as a client sees them."""

import re
import socket
import subprocess
import time

from client import Client
from daemon import PASSWORD, Daemon, make_certificate

# word: USER in clear, RETR under TLS before PROT, PROT C, PROT P, CCC
REQUIRED = [
    ("off", 331, 550, 200, 200, 200),
    ("on", 530, 521, 534, 200, 534),
    ("ctrl", 530, 550, 200, 200, 534),
    ("data", 331, 521, 534, 200, 200),
    ("no-data", 331, 550, 200, 534, 200),
    ("auth", 530, 550, 200, 200, 200),
    ("auth+data", 530, 521, 534, 200, 200),
    ("auth+!data", 530, 550, 200, 534, 200),
    ("ctrl+no-data", 530, 550, 200, 534, 534),
]


def s_client(port, *options):
    """What openssl negotiates: protocol, cipher, group, ALPN."""
    done = subprocess.run(
        ["openssl", "s_client", "-connect", f"127.0.0.1:{port}", "-starttls",
         "ftp", *options], input="QUIT\r\n", capture_output=True, text=True,
        timeout=60, check=False)
    text = done.stdout + done.stderr
    new = re.search(r"New, (\S+), Cipher is (\S+)", text)
    group = re.search(r"Server Temp Key: (?:ECDH, )?(\w+)", text)
    signed = re.search(r"Peer signature type: (\S+)", text)
    alpn = re.search(r"ALPN protocol: (\S+)", text)
    return {"protocol": new and new.group(1), "cipher": new and new.group(2),
            "group": group and group.group(1),
            "signed": signed and signed.group(1),
            "alpn": alpn and alpn.group(1)}


TWO = "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-GCM-SHA384"
# settings, what openssl is told, and what comes of it
SETTINGS = [
    ({"protocol": ["TLSv1.2"]},
     [((), "protocol", "TLSv1.2"), (("-tls1_3",), "protocol", "(NONE)")]),
    ({"protocol": ["TLSv1.3"]},
     [((), "protocol", "TLSv1.3"), (("-tls1_2",), "protocol", "(NONE)")]),
    ({"cipher_suite": ["ECDHE-ECDSA-CHACHA20-POLY1305",
                       "TLSv1.3 TLS_AES_128_GCM_SHA256"]},
     [(("-tls1_2",), "cipher", "ECDHE-ECDSA-CHACHA20-POLY1305"),
      (("-tls1_2", "-cipher", TWO), "cipher", "(NONE)"),
      (("-tls1_3",), "cipher", "TLS_AES_128_GCM_SHA256")]),
    ({"server_cipher_preference": True},
     [(("-tls1_2", "-cipher", TWO), "cipher",
       "ECDHE-ECDSA-AES256-GCM-SHA384")]),
    ({"server_cipher_preference": False},
     [(("-tls1_2", "-cipher", TWO), "cipher",
       "ECDHE-ECDSA-AES128-GCM-SHA256")]),
    ({"ecdh_curve": "P-384"},
     [((), "group", "secp384r1"), (("-groups", "X25519"), "cipher", "(NONE)"),
      (("-tls1_2",), "group", "secp384r1")]),
    ({"next_protocol": False},
     [(("-alpn", "ftp"), "alpn", None),
      (("-alpn", "http/1.1"), "protocol", "TLSv1.3")]),
    ({"next_protocol": True},
     [(("-alpn", "http/1.1,ftp"), "alpn", "ftp"),
      (("-alpn", "http/1.1"), "protocol", "(NONE)")]),
]


def case_settings(binaries):
    """Protocols, ciphers, groups and ALPN are as they are set."""
    for tls, rows in SETTINGS:
        with Daemon(binaries, {"tls": tls}) as server:
            for options, fact, value in rows:
                found = s_client(server.port, *options)
                assert found[fact] == value, (tls, options, found)


def case_two_key_types(binaries):
    """RSA and EC at once: each client gets what it can use."""
    server = Daemon(binaries)
    rsa = make_certificate(server.folder, "rsa", kind="rsa")
    server.config["tls"]["certificates"].append(
        {"cert": rsa[0], "key": rsa[1]})
    server.config["tls"]["cipher_suite"] = "DEFAULT"
    server.write_config()
    with server:
        for options, signed in (
                ((), "ECDSA"), (("-tls1_2",), "ECDSA"),
                (("-tls1_2", "-sigalgs", "RSA+SHA256"), "RSA"),
                (("-tls1_2", "-cipher", "aRSA"), "RSA-PSS"),
                (("-tls1_3", "-sigalgs", "RSA-PSS+SHA256"), "RSA-PSS")):
            found = s_client(server.port, *options)
            assert found["signed"] == signed, (options, found)
        found = s_client(server.port, "-tls1_2", "-cipher", "kRSA")
        assert found["protocol"] == "TLSv1.2", found


def case_required_words(binaries):
    """Each word of tls.required asks for what it says."""
    for word, clear, before, private_c, private_p, ccc in REQUIRED:
        config = {"tls": {"required": word, "allow_ccc": True}}
        with Daemon(binaries, config) as server:
            with Client(server.port) as client:
                client.cmd("USER alice", clear)
                if clear == 331:
                    client.cmd("PASS " + PASSWORD, 230)
                    client.cmd("PWD", 257)
                else:
                    client.cmd("PWD", 530)
            with Client(server.port) as client:
                client.auth()
                client.cmd("USER alice", 331)
                client.cmd("PASS " + PASSWORD, 230)
                client.passive().close()
                client.cmd("RETR none", before)
                client.cmd("PROT C", private_c)
                client.cmd("PROT P", private_p)
                feat = client.cmd("FEAT", 211).text
                assert (" CCC\n" in feat) == (ccc == 200), (word, feat)
                client.cmd("CCC", ccc)


def case_handshake_deadline(binaries):
    """AUTH TLS and silence: 421 in clear after timeout_handshake."""
    with Daemon(binaries, {"tls": {"timeout_handshake": "1s"}}) as server:
        with Client(server.port) as client:
            began = time.monotonic()
            client.cmd("AUTH TLS", 234)
            assert client.reply().code == 421
            assert client.at_end()
            assert 0.9 < time.monotonic() - began < 10
        with Client(server.port) as client:
            client.cmd("AUTH TLS", 234)
            client.send(b"PWD and no handshake\r\n")
            assert client.line()[:1] in (b"\x15", b"4"), "not refused"
        with socket.create_connection(("127.0.0.1", server.implicit_port),
                                      60) as silent:
            assert silent.recv(100) == b"", "an implicit listener spoke"


def case_auth_forms(binaries):
    """AUTH SSL and TLS-P preset PROT P, TLS and TLS-C do not."""
    with Daemon(binaries, {"tls": {"required": "data"}}) as server:
        for name, code in (("SSL", 425), ("tls-p", 425), ("TLS", 521),
                           ("TLS-C", 521)):
            with Client(server.port) as client:
                client.cmd("AUTH " + name, 234)
                client.wrap()
                client.cmd("USER alice", 331)
                client.cmd("PASS " + PASSWORD, 230)
                client.cmd("RETR none", code)


def case_implicit_option(binaries):
    """UseImplicitSSL makes the host's listeners implicit."""
    server = Daemon(binaries, {"tls": {"options": ["UseImplicitSSL"]}})
    server.config["listen"] = server.config["listen"][:1]
    server.write_config()
    with server, Client(server.port, implicit=True) as client:
        client.login()
        client.stor("f", b"1")
        assert client.retr("f") == b"1"
        client.cmd("AUTH TLS", 503)


def case_engine_off(binaries):
    """Without TLS its commands are unknown, in FEAT and HELP as well."""
    server = Daemon(binaries, {"tls": {"engine": False, "required": "off"}})
    server.config["listen"] = server.config["listen"][:1]
    server.write_config()
    with server, Client(server.port) as client:
        for command in ("AUTH TLS", "PBSZ 0", "PROT P", "CCC"):
            client.cmd(command, 500)
        assert not re.search("AUTH|PROT|PBSZ|CCC", client.cmd("FEAT", 211).text)
        assert not re.search("AUTH|PROT|PBSZ|CCC", client.cmd("HELP", 214).text)
        client.cmd("HELP AUTH", 502)
        client.login()
        client.stor("f", b"1")
        assert client.retr("f") == b"1"


def case_handshakes_take_turns(binaries):
    """Who is beyond limits.handshakes waits, and then is served in turn."""
    config = {"workers": 1, "limits": {"handshakes": 1}}
    with Daemon(binaries, config) as server:
        with Client(server.port) as slow, Client(server.port) as left, \
                Client(server.port) as hidden, Client(server.port) as last:
            slow.cmd("AUTH TLS", 234)
            server.wait_log(r"\[\d+\.1 .*step tls/handshake")
            for number, client in ((2, left), (3, hidden), (4, last)):
                client.send(b"AUTH TLS\r\n")
                server.wait_log(rf"\[\d+\.{number} .*step tls/turn")
            left.close()
            # What comes in clear behind AUTH counts for nothing here either.
            hidden.send(b"NOOP\r\n")
            slow.wrap()
            slow.login()
            reply = hidden.reply()
            assert reply.code == 234, reply
            hidden.close()
            reply = last.reply()
            assert reply.code == 234, reply
            last.wrap()
            last.login()
            last.stor("f", b"1")
        server.expect_log("TLS handshake failed")


def case_too_many_handshakes(binaries):
    """limits.handshakes: 431 that names it; the session may try again."""
    config = {"workers": 1, "limits": {"handshakes": 1}}
    with Daemon(binaries, config) as server, \
            Client(server.port) as slow, Client(server.port) as client:
        slow.cmd("AUTH TLS", 234)
        client.send(b"AUTH TLS\r\n")
        with Client(server.implicit_port, greet=False) as cut:
            assert cut.at_end()
        reply = client.reply()
        assert reply.code == 431, reply
        assert "limits.handshakes" in reply.text, reply
        status = server.ctl("status")
        assert status["counters"]["refused_handshakes"] == 2, status
        slow.wrap()
        client.auth().login()
        client.stor("f", b"1")


case_too_many_handshakes.idle = True


def case_transfers_after_ccc(binaries):
    """After CCC the data connections stay protected, bound to nothing."""
    config = {"tls": {"required": "auth+data", "allow_ccc": True}}
    for version in ("1.2", "1.3"):
        with Daemon(binaries, config) as server, \
                Client(server.port, version=version) as client:
            client.auth().login()
            client.stor("f", b"1")
            client.cmd("CCC", 200)
            client.socket = client.socket.unwrap()
            client.protected = True
            for session in (None, None):
                data = client.open_data("RETR f", session=session)
                assert client.read_data(data) == b"1"
                assert client.reply().code == 226
            client.cmd("QUIT", 221)
