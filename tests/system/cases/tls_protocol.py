"""Protocols, ciphers and the like: what openssl gets, and what is refused."""

import os
import re
import shutil
import socket
import ssl
import subprocess
import time

from client import Client
from daemon import Daemon

WEAK = ["AllowWeakSecurity"]
# What our client needs for protocols and ciphers of old.
LEVEL_0 = "DEFAULT:@SECLEVEL=0"


def s_client(port, *options):
    """What openssl negotiates: protocol, cipher, ALPN; None: nothing."""
    done = subprocess.run(
        ["openssl", "s_client", "-connect", f"127.0.0.1:{port}", "-starttls",
         "ftp", *options], input="QUIT\r\n", capture_output=True, text=True,
        timeout=60, check=False)
    text = done.stdout + done.stderr
    new = re.search(r"New, (\S+), Cipher is (\S+)", text)
    if new is None or new.group(1) == "(NONE)":
        return {"protocol": None, "cipher": None, "alpn": None}
    old = re.search(r"Protocol  : (\S+)", text)
    alpn = re.search(r"ALPN protocol: (\S+)", text)
    return {"protocol": (old or new).group(1), "cipher": new.group(2),
            "alpn": alpn and alpn.group(1)}


def old(version, *options):
    return ("-tls" + version, "-cipher", LEVEL_0, *options)


CHACHA, AES = "TLS_CHACHA20_POLY1305_SHA256", "TLS_AES_256_GCM_SHA384"
CHACHA_2 = "ECDHE-ECDSA-CHACHA20-POLY1305"
AES_2 = "ECDHE-ECDSA-AES256-GCM-SHA384"
NULL, ANON = "ECDHE-ECDSA-NULL-SHA", "AECDH-AES256-SHA"
# settings, what openssl is told, and what comes of it
SETTINGS = [
    ({"protocol": "ALL", "options": WEAK},
     [(old("1"), "protocol", "TLSv1"), (old("1_1"), "protocol", "TLSv1.1"),
      (("-tls1_2",), "protocol", "TLSv1.2"), ((), "protocol", "TLSv1.3")]),
    ({"protocol": "ALL"},
     [(old("1"), "protocol", None), (old("1_1"), "protocol", None),
      (("-tls1_2",), "protocol", "TLSv1.2"), ((), "protocol", "TLSv1.3")]),
    ({"protocol": "SSLv23 SSLv3"},
     [(old("1_1"), "protocol", None), (("-tls1_2",), "protocol", "TLSv1.2")]),
    # holes are holes
    ({"protocol": ["TLSv1.1", "TLSv1.3"], "options": WEAK},
     [(old("1"), "protocol", None), (old("1_1"), "protocol", "TLSv1.1"),
      (("-tls1_2",), "protocol", None),
      (("-no_tls1_3", "-cipher", LEVEL_0), "protocol", "TLSv1.1"),
      ((), "protocol", "TLSv1.3")]),
    ({"protocol": "ALL -TLSv1.3 -TLSv1.1", "options": WEAK},
     [(old("1"), "protocol", "TLSv1"), (old("1_1"), "protocol", None),
      ((), "protocol", "TLSv1.2"), (("-tls1_3",), "protocol", None)]),
    # without a cipher_suite: forward secrecy and authenticated encryption
    ({}, [(("-tls1_2", "-cipher", "kRSA"), "cipher", None),
          (("-tls1_2", "-cipher", "ECDHE-ECDSA-AES256-SHA384"), "cipher",
           None),
          (("-tls1_2", "-cipher", "DEFAULT"), "cipher", AES_2)]),
    ({"cipher_suite": ["TLSv1.2 ECDHE-ECDSA-AES256-SHA384:NOSUCH:!EXPORT"]},
     [(("-tls1_2",), "cipher", "ECDHE-ECDSA-AES256-SHA384")]),
    ({"cipher_suite": NULL + ":" + ANON, "options": WEAK},
     [(("-tls1_2", "-cipher", NULL + ":@SECLEVEL=0"), "cipher", NULL),
      (("-tls1_2", "-cipher", ANON + ":@SECLEVEL=0"), "cipher", ANON)]),
    # a client that is slow with AES puts ChaCha20 first
    ({}, [(("-ciphersuites", f"{CHACHA}:{AES}"), "cipher", CHACHA),
          (("-ciphersuites", f"{AES}:{CHACHA}"), "cipher", AES),
          (("-tls1_2", "-cipher", f"{CHACHA_2}:{AES_2}"), "cipher", CHACHA_2),
          (("-tls1_2", "-cipher", f"{AES_2}:{CHACHA_2}"), "cipher", AES_2)]),
    ({"server_cipher_preference": False},
     [(("-ciphersuites", "TLS_AES_128_GCM_SHA256:" + AES), "cipher",
       "TLS_AES_128_GCM_SHA256")]),
    ({"ecdh_curve": ["P-384", "X448"]},
     [(("-groups", "X25519"), "protocol", None),
      (("-groups", "X448"), "protocol", "TLSv1.3"),
      (("-tls1_2", "-groups", "P-256:P-384"), "protocol", "TLSv1.2")]),
    ({"ecdh_curve": "auto", "options": ["NoAutoECDH"]},
     [(("-groups", "X25519"), "protocol", "TLSv1.3")]),
    ({"strict_alpn": False},
     [(("-alpn", "http/1.1"), "protocol", "TLSv1.3"),
      (("-alpn", "http/1.1"), "alpn", None),
      (("-alpn", "http/1.1,ftp"), "alpn", "ftp")]),
    ({}, [(("-alpn", "http/1.1"), "protocol", None)]),
]


def case_settings(binaries):
    """Protocols with holes, weak ones, ciphers: as they are set."""
    for tls, rows in SETTINGS:
        with Daemon(binaries, {"tls": tls}) as server:
            for options, fact, value in rows:
                found = s_client(server.port, *options)
                assert found[fact] == value, (tls, options, found)


def case_hosts_differ(binaries):
    """One host is weak, the other is not: each by its own rules."""
    server = Daemon(binaries)
    cert = os.path.join(server.folder, "old.pem")
    key = os.path.join(server.folder, "old.key")
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:1024", "-sha1", "-nodes",
         "-days", "30", "-subj", "/CN=old.test", "-out", cert, "-keyout",
         key], check=True, capture_output=True)
    os.chmod(key, 0o600)
    weak = {"engine": True, "protocol": ["TLSv1.1"], "options": WEAK,
            "certificates": [{"cert": cert, "key": key}]}
    server.config["hosts"] = [{"name": "old.test", "tls": weak}]
    server.write_config()
    with server:
        to_old = ("-servername", "old.test")
        for options, fact, value in (
                (old("1_1", *to_old), "protocol", "TLSv1.1"),
                (old("1_1", "-noservername"), "protocol", None),
                (("-tls1_2", *to_old), "protocol", None),
                (("-tls1_3", *to_old), "protocol", None),
                (("-tls1_3",), "protocol", "TLSv1.3")):
            found = s_client(server.port, *options)
            assert found[fact] == value, (options, found)
        weak["options"] = []
        weak["protocol"] = ["TLSv1.2"]
        server.write_config()
        done = server.ctl("reload", check=False, json_output=False)
        assert done.returncode != 0, done
        assert "AllowWeakSecurity in tls.options" in done.stderr, done
        server.expect_log("old.pem|reload refused|TLS handshake failed")


# keys of tls, and what is said
REFUSED = [
    ({"protocol": ["TLSv1"]},
     r"TLSv1\.0 is not secure.*tls\.options: \[AllowWeakSecurity\]"),
    ({"protocol": "ALL +TLSv1.1"}, r"TLSv1\.1 is not secure.*AllowWeakSecur"),
    ({"protocol": ["SSLv3"]}, r"SSLv3 is not supported by this TLS library"),
    ({"protocol": "ALL -TLSv1.2 -TLSv1.3"}, r"leaves no protocol"),
    ({"protocol": "TLSv1.2 +TLSv1.3"}, r"need ALL before"),
    ({"protocol": "TLSv2"}, r"unknown word TLSv2"),
    ({"cipher_suite": "NOSUCH:NONE"}, r"no such cipher"),
    ({"cipher_suite": "TLSv1.4 HIGH"}, r"colons between"),
    ({"cipher_suite": AES}, r"TLSv1\.3 before"),
    ({"cipher_suite": "HIGH:eNULL"},
     r"encryption or authentication need tls\.options: \[AllowWeakSecurity"),
    ({"cipher_suite": "HIGH:aNULL"}, r"authentication need tls\.options"),
    ({"cipher_suite": "HIGH:@SECLEVEL=0"}, r"level 0 needs tls\.options"),
    ({"ecdh_curve": ["P-256", "auto"]}, r"auto stands alone"),
    ({"ecdh_curve": ["P-256", "prime256v1"]}, r"no curve stands there twice"),
    ({"ecdh_curve": "P-256:P-999"}, r"no such curve"),
    ({"next_protocol": "perhaps"}, r"expected on or off"),
    ({"timeout_handshake": "-1"}, r"expected a time"),
    ({"options": ["allowweakdh"]}, r"did you mean AllowWeakDH"),
    ({"options": ["AllowWeakdHs"]}, r"unknown word"),
]

NOTICED = [
    ({"protocol": "SSLv3 TLSv1.3"}, r"notice: tls\.protocol: SSLv3 is not"),
    ({"cipher_suite": "HIGH:NOSUCH:!EXPORT:!NOTHING"},
     r"notice: tls\.cipher_suite: OpenSSL knows no cipher NOSUCH"),
    ({"cipher_suite": "HIGH:!EXPORT:!aNUL:-RC4:@STRENGTH"},
     r"notice: tls\.cipher_suite: OpenSSL knows no cipher !aNUL"),
    ({"cipher_suite": f"TLSv1.3 {AES}:TLS_NOSUCH"},
     r"notice: tls\.cipher_suite: OpenSSL knows no cipher TLS_NOSUCH"),
]


def check(server, tls):
    """What ftpsd -t says of the server's configuration with these keys."""
    config = dict(server.config)
    config["tls"] = dict(config["tls"], **tls)
    server.config, kept = config, server.config
    server.write_config()
    server.config = kept
    return subprocess.run(
        [os.path.join(server.binaries, "ftpsd"), "-t", "-c",
         server.config_path], capture_output=True, text=True, timeout=60,
        check=False)


def case_refusals(binaries):
    """What cannot be meant is refused, with its place and what is wrong."""
    server = Daemon(binaries)
    try:
        place = "(?m)^" + re.escape(server.config_path) + r":\d+:\d+: .*"
        for tls, pattern in REFUSED:
            done = check(server, tls)
            assert done.returncode == 1, (tls, done)
            assert re.search(place + pattern, done.stderr), (tls, done.stderr)
        for tls, pattern in NOTICED:
            done = check(server, tls)
            assert done.returncode == 0, (tls, done)
            assert re.search(place + pattern, done.stderr), (tls, done.stderr)
        assert "RC4" not in check(server, NOTICED[2][0]).stderr
        assert "EXPORT" not in check(server, NOTICED[2][0]).stderr
    finally:
        shutil.rmtree(server.folder)


def case_no_cert_request(binaries):
    """NoCertRequest: no certificate is asked for, which others contradict."""
    with Daemon(binaries, {"tls": {"options": ["NoCertRequest"]}}) as server:
        for version in ("-tls1_2", "-tls1_3"):
            done = subprocess.run(
                ["openssl", "s_client", "-connect",
                 f"127.0.0.1:{server.port}", "-starttls", "ftp", version],
                input="QUIT\r\n", capture_output=True, text=True, timeout=60,
                check=False)
            assert "No client certificate CA names sent" in done.stdout, done
            assert "Requested Signature Algorithms" not in done.stdout, done
        for verify in ("on", "optional"):
            done = check(server, {"verify_client": verify,
                                  "ca_certificate_file": server.cert})
            assert done.returncode == 1, done
            assert "NoCertRequest in tls.options contradicts" in done.stderr


def old_context(version):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    context.set_ciphers(LEVEL_0)
    context.minimum_version = version
    context.maximum_version = version
    return context


def case_old_session(binaries):
    """Logins and transfers with TLS 1.0 and 1.1, data connections resumed."""
    config = {"tls": {"protocol": "ALL", "options": WEAK}}
    with Daemon(binaries, config) as server:
        for version in (ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1):
            with Client(server.port, context=old_context(version)) as client:
                client.auth().login()
                client.stor("f", b"1" * 100000)
                assert client.retr("f") == b"1" * 100000
                data = client.open_data("RETR f", session=None)
                client.read_data(data)
                assert client.reply().code == 522


def reply_records(port):
    """Application records that the server needs for one short reply."""
    plain = socket.create_connection(("127.0.0.1", port), 60)
    plain.recv(1000)
    plain.sendall(b"AUTH TLS\r\n")
    plain.recv(1000)
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    context = old_context(ssl.TLSVersion.TLSv1)
    context.set_ciphers("ECDHE-ECDSA-AES128-SHA:@SECLEVEL=0")
    tls = context.wrap_bio(incoming, outgoing)
    while True:
        try:
            tls.do_handshake()
            break
        except ssl.SSLWantReadError:
            plain.sendall(outgoing.read())
            incoming.write(plain.recv(20000))
    plain.sendall(outgoing.read())
    tls.write(b"NOOP\r\n")
    plain.sendall(outgoing.read())
    time.sleep(0.5)
    raw = plain.recv(20000)
    plain.close()
    count = 0
    while raw:
        count += raw[0] == 23
        raw = raw[5 + int.from_bytes(raw[3:5], "big"):]
    return count


def case_empty_fragments(binaries):
    """TLS 1.0 with CBC: an empty record first, but for NoEmptyFragments."""
    for options, count in ((WEAK, 2), (WEAK + ["NoEmptyFragments"], 1)):
        config = {"tls": {"protocol": "ALL", "options": options}}
        with Daemon(binaries, config) as server:
            assert reply_records(server.port) == count, options


def case_handshake_time(binaries):
    """timeout_handshake is exact; 0 is for ever, on data connections too."""
    with Daemon(binaries, {"tls": {"timeout_handshake": "2s"}}) as server:
        with Client(server.port) as client:
            client.cmd("AUTH TLS", 234)
            began = time.monotonic()
            assert client.reply().code == 421
            assert 1.9 < time.monotonic() - began < 4
        with Client(server.port) as client:
            client.auth().login()
            client.stor("f", b"1")
            with client.passive():
                client.cmd("RETR f", 150)
                began = time.monotonic()
                assert client.reply().code == 522
                assert 1.9 < time.monotonic() - began < 4
    config = {"tls": {"timeout_handshake": 0}, "timeouts": {"login": "3s"}}
    with Daemon(binaries, config) as server:
        with Client(server.port) as client:
            client.auth().login()
            client.stor("f", b"1")
            data = client.passive()
            client.cmd("RETR f", 150)
            time.sleep(2)
            data = client.wrap_data(data)
            assert client.read_data(data) == b"1"
            assert client.reply().code == 226
        with Client(server.port) as client:
            client.cmd("AUTH TLS", 234)
            time.sleep(1.5)
            client.wrap()
            client.login()
