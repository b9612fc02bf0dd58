"""Parameters, shared keys and extensions from files, as openssl sees them."""

import base64
import os
import re
import shutil
import subprocess

from client import Client
from daemon import PASSWORD, Daemon, make_certificate

ALICE, BOB = "00112233445566778899aabbccddeeff", "fe" * 32


def s_client(port, *options, text="QUIT\r\n"):
    """All that openssl prints about a connection by AUTH TLS."""
    done = subprocess.run(
        ["openssl", "s_client", "-connect", f"127.0.0.1:{port}", "-starttls",
         "ftp", *options], input=text, capture_output=True, text=True,
        timeout=60, check=False)
    return done.stdout + done.stderr


def check(server, pattern=None):
    """ftpsd -t takes the configuration, or refuses it with the pattern."""
    server.write_config()
    done = subprocess.run(
        [os.path.join(server.binaries, "ftpsd"), "-t", "-c",
         server.config_path], capture_output=True, text=True, timeout=60,
        check=False)
    if pattern is None:
        assert done.returncode == 0, done
    else:
        place = re.escape(server.config_path) + r":\d+:\d+: .*"
        assert done.returncode == 1, done
        assert re.search("(?m)^" + place + pattern, done.stderr), done


# -- tls.dh_param_file -------------------------------------------------------

def parameters(server, group):
    path = os.path.join(server.folder, group + ".pem")
    subprocess.run(["openssl", "genpkey", "-genparam", "-algorithm", "DH",
                    "-pkeyopt", "group:" + group, "-out", path], check=True,
                   capture_output=True)
    return path


def case_dh(binaries):
    """The first parameters that are long enough; by size, and without."""
    server = Daemon(binaries)
    cert, key = make_certificate(server.folder, "rsa", kind="rsa")
    weak = parameters(server, "modp_1536")
    strong = parameters(server, "ffdhe3072")
    longer = parameters(server, "ffdhe4096")
    tls = server.config["tls"]
    tls["certificates"] = [{"cert": cert, "key": key}]
    rows = [  # files, options, ciphers, what comes of it
        ([strong, longer], [], None, "DH, 3072 bits"),
        ([weak, longer, strong], [], None, "DH, 4096 bits"),
        ([weak, strong], ["AllowWeakDH"], None, "DH, 1536 bits"),
        ([weak], ["AllowWeakDH"], None, "DH, 1536 bits"),
        ([], [], "DHE+AESGCM", "DH, 2048 bits"),
        ([], [], None, None),
    ]
    try:
        for files, options, ciphers, found in rows:
            tls.update({"dh_param_file": files, "options": options})
            tls.pop("cipher_suite", None)
            if ciphers:
                tls["cipher_suite"] = ciphers
            server.write_config()
            server.start()
            text = s_client(server.port, "-tls1_2", "-cipher",
                            "DHE-RSA-AES256-GCM-SHA384:@SECLEVEL=1")
            if found is None:
                assert "Cipher is (NONE)" in text, text
            else:
                assert "Server Temp Key: " + found in text, (found, text)
            server.stop()
        server.expect_log("TLS handshake failed")
        server.check_log()
        tls.update({"dh_param_file": [weak], "options": []})
        check(server, "1536 bits.*AllowWeakDH in tls.options")
        tls["dh_param_file"] = [cert]
        check(server, "DH parameters")
    finally:
        server.stop()
        shutil.rmtree(server.folder)


# -- tls.pre_shared_key ------------------------------------------------------

def write_key(server, name, text, mode=0o600):
    path = os.path.join(server.folder, name + ".psk")
    with open(path, "w", encoding="ascii") as out:
        out.write(text + "\n")
    os.chmod(path, mode)
    return f"{name} hex:{path}"


def psk_server(binaries, tls=None):
    server = Daemon(binaries, {"tls": tls or {}})
    server.config["tls"]["pre_shared_key"] = [
        write_key(server, "alice", ALICE), write_key(server, "bob", BOB)]
    server.write_config()
    return server


OLD = ("-tls1_2", "-cipher", "PSK+AESGCM:ECDHE-PSK-CHACHA20-POLY1305:"
       "DHE-PSK-AES256-GCM-SHA384")
NEW = ("-tls1_3",)


def as_alice(key=ALICE, identity="alice"):
    return ("-psk", key, "-psk_identity", identity)


def case_psk(binaries):
    """Handshakes with a key: no certificate; who else comes, and resumes."""
    with psk_server(binaries) as server:
        for versions in (OLD, NEW):
            session = os.path.join(server.folder, versions[0] + ".session")
            # Else openssl takes QUIT for a command of its own.
            text = s_client(server.port, *versions, *as_alice(), "-ign_eof",
                            "-sess_out", session)
            assert "no peer certificate available" in text, text
            server.wait_log(
                rf"protocol=TLSv1.{versions[0][-1]} .*"
                r"handshake=pre_shared_key .*psk=alice")
            # Resumed without the key.
            text = s_client(server.port, *versions, "-sess_in", session,
                            *(as_alice() if versions is OLD else ()))
            assert re.search(r"Reused, TLSv1\.[23], Cipher", text), text
            server.wait_log(rf"protocol=TLSv1.{versions[0][-1]} .*"
                            r"handshake=resumed\w+ .*psk=alice")
            # Wrong keys and unknown identities end alike.
            ends = []
            for stranger in (as_alice(BOB), as_alice(ALICE, "bob"),
                             as_alice(ALICE, "mallory")):
                text = s_client(server.port, *versions, *stranger)
                if stranger[-1] == "mallory" and versions is NEW:
                    assert "BEGIN CERTIFICATE" in text, text
                    continue
                ends.append(re.findall(r"alert [\w ]+", text))
            assert all(end and end == ends[0] for end in ends), ends
        # Those without a key get the certificate as ever.
        assert "BEGIN CERTIFICATE" in s_client(server.port, "-tls1_2")
        with Client(server.port) as client:
            client.auth().login()
            client.stor("f", b"1")
            assert client.retr("f") == b"1"
        # A key that has gone takes its sessions along.
        server.config["tls"]["pre_shared_key"].pop(0)
        server.write_config()
        server.ctl("reload")
        for versions in (("-tls1_2",), NEW):
            session = os.path.join(server.folder, versions[0] + ".session")
            text = s_client(server.port, *versions, "-sess_in", session)
            assert "Reused" not in text, text
        server.expect_log("TLS handshake failed")


class Talk:
    """An FTP session through openssl, which has keys where Python has none."""

    def __init__(self, port, *options):
        self.process = subprocess.Popen(
            ["openssl", "s_client", "-quiet", "-connect", f"127.0.0.1:{port}",
             "-starttls", "ftp", *options], stdin=subprocess.PIPE,
            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()
        self.process.stdin.close()
        self.process.stdout.close()

    def reply(self):
        while True:
            line = self.process.stdout.readline().decode()
            assert line, "the server closed the connection"
            if re.match(r"\d\d\d ", line):
                return line

    def cmd(self, text, code):
        self.process.stdin.write(text.encode() + b"\r\n")
        self.process.stdin.flush()
        line = self.reply()
        assert line.startswith(str(code)), (text, line)
        return line


def fetch(talk, *options):
    """The contents of f by a data connection of openssl with these options."""
    port = re.search(r"\|(\d+)\|", talk.cmd("EPSV", 229)).group(1)
    data = subprocess.Popen(
        ["openssl", "s_client", "-quiet", "-connect", "127.0.0.1:" + port,
         *options], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL)
    talk.cmd("RETR f", 150)
    return data.communicate(timeout=60)[0], talk.reply()


def case_psk_data(binaries):
    """A data connection by a key needs the control connection's very key."""
    config = {"options": ["NoSessionReuseRequired"]}
    with psk_server(binaries, config) as server:
        with open(os.path.join(server.home, "f"), "w",
                  encoding="ascii") as out:
            out.write("contents")
        for versions in (OLD, NEW):
            with Talk(server.port, *versions, *as_alice()) as talk:
                talk.cmd("USER alice", 331)
                talk.cmd("PASS " + PASSWORD, 230)
                talk.cmd("PROT P", 200)
                got, reply = fetch(talk, *versions, *as_alice())
                assert (got, reply[:3]) == (b"contents", "226"), (got, reply)
                got, reply = fetch(talk, *versions, *as_alice(BOB))
                assert (got, reply[:3]) == (b"", "522"), (got, reply)
                if versions is OLD:
                    got, reply = fetch(talk, *OLD, *as_alice(BOB, "bob"))
                    assert (got, reply[:3]) == (b"", "522"), (got, reply)
        with Client(server.port) as client:
            client.auth().login()
            reply = client.cmd("EPSV", 229)
            port = re.search(r"\|(\d+)\|", reply.text).group(1)
            data = subprocess.Popen(
                ["openssl", "s_client", "-connect", "127.0.0.1:" + port, *OLD,
                 *as_alice()], stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            client.cmd("RETR f", 150)
            assert client.reply().code == 522
            data.wait(60)
        server.expect_log("TLS handshake of a data connection failed")
    # Where reuse is required, a key is no session.
    with psk_server(binaries) as server:
        with open(os.path.join(server.home, "f"), "w",
                  encoding="ascii") as out:
            out.write("contents")
        with Talk(server.port, *NEW, *as_alice()) as talk:
            talk.cmd("USER alice", 331)
            talk.cmd("PASS " + PASSWORD, 230)
            talk.cmd("PROT P", 200)
            got, reply = fetch(talk, *NEW, *as_alice())
            assert (got, reply[:3]) == (b"", "522"), (got, reply)


def case_psk_refused(binaries):
    """Key files and what goes with them: what is wrong is said at -t."""
    server = psk_server(binaries)
    tls = server.config["tls"]
    try:
        check(server)
        for item, pattern in (
                (write_key(server, "short", "00112233"), r"short.*16"),
                (write_key(server, "text", "no hex at all, it is"), "hexadec"),
                (write_key(server, "open", ALICE, 0o644), "other|permission"),
                ("alice /no/hex", "hex:"),
                ("alice hex:relative", "absolute"),
                ("x" * 129 + " hex:/x", "128"),
                ("alice hex:/no/such/file", "No such file")):
            tls["pre_shared_key"] = [item]
            check(server, pattern)
        tls["pre_shared_key"] = [write_key(server, "alice", ALICE)]
        tls.update({"verify_client": "on", "ca_certificate_file": server.cert})
        check(server, "tls.pre_shared_key")
    finally:
        shutil.rmtree(server.folder)


# -- tls.server_info_file ----------------------------------------------------

def case_server_info(binaries):
    """Extensions go to clients that ask for them, on their host alone."""
    with Daemon(binaries) as server:
        path = os.path.join(server.folder, "info.pem")
        block = bytes([600 >> 8, 600 & 255, 0, 5]) + b"hello"
        with open(path, "w", encoding="ascii") as out:
            out.write("-----BEGIN SERVERINFO FOR test-----\n" +
                      base64.b64encode(block).decode() +
                      "\n-----END SERVERINFO FOR test-----\n")
        server.config["hosts"] = [
            {"name": "a.test",
             "tls": {"engine": True, "server_info_file": path,
                     "certificates": [{"cert": server.cert,
                                       "key": server.key}]}}]
        server.write_config()
        server.ctl("reload")
        options = ("-tls1_2", "-serverinfo", "600")
        text = s_client(server.port, *options, "-servername", "a.test")
        assert "BEGIN SERVERINFO FOR EXTENSION 600" in text, text
        assert base64.b64encode(block).decode() in text, text
        text = s_client(server.port, *options, "-noservername")
        assert "BEGIN SERVERINFO" not in text, text
        server.stop()
        with open(path, "w", encoding="ascii") as out:
            out.write("-----BEGIN SERVERINFO FOR test-----\nAAAA\n"
                      "-----END SERVERINFO FOR test-----\n")
        check(server, "extensions cannot be used")
        server.config["hosts"][0]["tls"]["server_info_file"] = server.cert
        check(server, "no extensions")
