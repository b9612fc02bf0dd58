"""log.session and log.transfer with formats: what the variables say."""

import hashlib
import json
import os
import re
import shutil
import ssl
import subprocess

from authority import Authority, openssl
from cases.logs import log_folder, read
from client import Client
from daemon import PASSWORD, Daemon, wait_for

SERVER = ("M_VERSION", "M_SERIAL", "S_DN", "S_DN_CN", "I_DN", "I_DN_CN",
          "V_START", "V_END", "A_SIG", "A_KEY")
ATTRIBUTES = ("C", "CN", "D", "G", "I", "L", "O", "OU", "S", "ST", "T", "UID",
              "Email")
PLAIN = ("FTPS", "TLS_PROTOCOL", "TLS_CIPHER", "TLS_LIBRARY_VERSION",
         "TLS_SERVER_NAME")


def refer(names):
    """A format that has them all, and can be taken apart again."""
    return "|".join(name + "=%{" + name + "}" for name in names)


def apart(line):
    return dict(field.split("=", 1) for field in line.split("|"))


def logging(binaries, session=(), transfer=(), options=(), log=None):
    """A server with both logs; returns it and their paths."""
    server = Daemon(binaries)
    folder = log_folder(server)
    paths = [os.path.join(folder, name) for name in ("session", "transfer")]
    server.config["log"].update({"session": paths[0], "transfer": paths[1]},
                                **(log or {}))
    if session:
        server.config["log"]["session_format"] = refer(session)
    if transfer:
        server.config["log"]["transfer_format"] = refer(transfer)
    server.config["tls"]["options"] = list(options)
    server.write_config()
    return server, *paths


def lines(path, count):
    assert wait_for(lambda: read(path).count("\n") >= count), read(path)
    found = read(path).splitlines()
    assert len(found) == count, found
    return found


def case_session(binaries):
    """A line for each session that ends: who, where, when, how much, why."""
    names = ("CLIENT_ADDRESS", "CLIENT_PORT", "SERVER_ADDRESS", "SERVER_PORT",
             "HOST", "SESSION", "PROCESS", "PID", "USER", "GROUP", "UID",
             "GID", "PROTOCOL", "VERSION", "TIME", "EPOCH", "TIME_BEGUN",
             "TIME_LOGIN", "SECONDS", "BYTES_IN", "BYTES_OUT", "RAW_IN",
             "RAW_OUT", "FILES_IN", "FILES_OUT", "FAILED", "REASON")
    server, session, _ = logging(binaries, names)
    with server:
        with Client(server.port) as client:
            port = client.socket.getsockname()[1]
            client.auth().login()
            client.stor("file", b"x" * 50000)
            assert client.retr("file") == b"x" * 50000
            client.cmd("RETR missing", 425)
            client.passive()
            client.cmd("RETR missing", 550)
            client.cmd("QUIT", 221)
        said = apart(lines(session, 1)[0])
        for name, pattern in {
                "CLIENT_ADDRESS": r"127\.0\.0\.1", "CLIENT_PORT": str(port),
                "SERVER_ADDRESS": r"127\.0\.0\.1",
                "SERVER_PORT": str(server.port), "HOST": "-",
                "SESSION": r"\d+\.\d+", "PROCESS": r"worker \d",
                "PID": r"\d+", "USER": "alice", "UID": r"\d+", "GID": r"\d+",
                "PROTOCOL": "ftps", "EPOCH": r"\d{10}",
                "TIME": r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}[+-]\d{4}",
                "SECONDS": r"\d\.\d{3}", "BYTES_IN": "50000",
                "BYTES_OUT": "50000", "FILES_IN": "1", "FILES_OUT": "1",
                "FAILED": "1", "REASON": "QUIT"}.items():
            assert re.fullmatch(pattern, said[name]), (name, said)
        assert said["TIME_BEGUN"] <= said["TIME_LOGIN"] <= said["TIME"]
        assert int(said["PID"]) in server.processes("worker")
        # With commands, handshakes, and what TLS adds.
        for name in ("RAW_IN", "RAW_OUT"):
            assert 51000 < int(said[name]) < 60000, (name, said)
        # One that never logged in.
        with Client(server.port) as client:
            client.cmd("QUIT", 221)
        said = apart(lines(session, 2)[1])
        for name in ("USER", "GROUP", "UID", "TIME_LOGIN"):
            assert said[name] == "-", said
        assert said["PROTOCOL"] == "ftp" and said["BYTES_IN"] == "0"


def case_transfer(binaries):
    """log.transfer_format: a line for each transfer."""
    names = ("COMMAND", "FILE", "FILE_NAME", "DIRECTION", "TYPE", "RESTART",
             "STATUS", "REPLY_CODE", "REPLY_TEXT", "BYTES_IN", "BYTES_OUT",
             "RAW_IN", "RAW_OUT", "SECONDS", "USER", "TLS_DATA_RESUMED",
             "TLS_PROTOCOL")
    server, session, transfer = logging(binaries, (), names)
    with server:
        with Client(server.port) as client:
            client.auth().login()
            client.cmd("MKD dir", 257)
            client.stor('dir/a "b"\x1b', b"x" * 5000)
            client.cmd("REST 1000", 350)
            client.retr('dir/a "b"\x1b')
            client.cmd("QUIT", 221)
        up, down = map(apart, lines(transfer, 2))
        shown = r"a \x22b\x22\x1b"
        assert up["FILE"] == "/dir/" + shown, up
        assert up["FILE_NAME"] == shown, up
        assert (up["COMMAND"], up["DIRECTION"], up["TYPE"], up["STATUS"],
                up["REPLY_CODE"]) == ("STOR", "in", "I", "complete", "226")
        assert (up["BYTES_IN"], up["BYTES_OUT"]) == ("5000", "0"), up
        assert (down["BYTES_IN"], down["BYTES_OUT"]) == ("0", "4000"), down
        assert down["RESTART"] == "1000" and down["COMMAND"] == "RETR"
        assert 5000 < int(up["RAW_IN"]) < 7000, up
        assert 4000 < int(down["RAW_OUT"]) < 6000, down
        assert up["TLS_DATA_RESUMED"] == "yes" and \
            up["TLS_PROTOCOL"] == "TLSv1.3" and up["USER"] == "alice", up
        # The session's format is the usual one.
        assert re.search(r' "alice" - ftps TLSv1\.3 \S+ \d+\.\d+ 1 5000 1 '
                         r'4000 "QUIT"$', lines(session, 1)[0])


def case_always(binaries):
    """The variables that need no option, and those that do have no value."""
    names = PLAIN + ("TLS_GROUP", "TLS_RESUMED", "TLS_ALPN",
                     "TLS_CLIENT_VERIFY", "TLS_CLIENT_SHA256",
                     "TLS_SESSION_ID", "TLS_SERVER_CERT", "TLS_SERVER_S_DN")
    server, session, _ = logging(binaries, names)
    with server:
        with Client(server.port, version="1.2", name="localhost") as client:
            client.context.set_alpn_protocols(["ftp"])
            client.auth().login()
            cipher = client.socket.cipher()[0]
            client.cmd("QUIT", 221)
        said = apart(lines(session, 1)[0])
        assert (said["FTPS"], said["TLS_PROTOCOL"]) == ("1", "TLSv1.2"), said
        assert said["TLS_CIPHER"] == cipher
        assert said["TLS_SERVER_NAME"] == "localhost", said
        assert said["TLS_LIBRARY_VERSION"].startswith("OpenSSL 3."), said
        assert said["TLS_GROUP"] in ("X25519", "prime256v1"), said
        assert (said["TLS_RESUMED"], said["TLS_ALPN"]) == ("no", "ftp"), said
        assert said["TLS_CLIENT_VERIFY"] == "NONE", said
        for name in ("TLS_CLIENT_SHA256", "TLS_SESSION_ID", "TLS_SERVER_CERT",
                     "TLS_SERVER_S_DN"):
            assert said[name] == "-", said
        # Without TLS there is nothing to say.
        with Client(server.port) as client:
            client.cmd("QUIT", 221)
        assert set(apart(lines(session, 2)[1]).values()) == {"-"}


def case_std_env_vars(binaries):
    """StdEnvVars: session id, key sizes, our certificate."""
    names = ("TLS_SESSION_ID", "TLS_CIPHER_EXPORT",
             "TLS_CIPHER_KEYSIZE_POSSIBLE", "TLS_CIPHER_KEYSIZE_USED",
             *("TLS_SERVER_" + name for name in SERVER), "TLS_SERVER_CERT")
    server, session, _ = logging(binaries, names, options=["StdEnvVars"])
    with server:
        with Client(server.port, version="1.2") as client:
            client.auth().login()
            number = client.socket.session.id.hex().upper()
            bits = client.socket.cipher()[2]
            client.cmd("QUIT", 221)
        said = apart(lines(session, 1)[0])
        text = subprocess.run(
            ["openssl", "x509", "-in", server.cert, "-noout", "-serial",
             "-startdate", "-enddate"], capture_output=True, text=True,
            check=True).stdout
        serial, start, end = (line.split("=", 1)[1]
                              for line in text.splitlines())
        assert said["TLS_SESSION_ID"] == number, (said, number)
        assert said["TLS_CIPHER_KEYSIZE_USED"] == str(bits), said
        assert said["TLS_CIPHER_EXPORT"] == "-"
        assert said["TLS_SERVER_M_VERSION"] == "3"
        assert said["TLS_SERVER_M_SERIAL"] == serial
        assert said["TLS_SERVER_S_DN"] == "CN" or \
            said["TLS_SERVER_S_DN_CN"] == "localhost", said
        assert (said["TLS_SERVER_V_START"], said["TLS_SERVER_V_END"]) == \
            (start, end), said
        assert said["TLS_SERVER_A_KEY"] == "id-ecPublicKey", said
        assert said["TLS_SERVER_A_SIG"] == "ecdsa-with-SHA256", said
        assert said["TLS_SERVER_CERT"] == "-", said


def case_json(binaries):
    """log.format json: objects; ExportCertData: certificates in PEM."""
    server, session, transfer = logging(
        binaries, ("USER", "BYTES_IN", "SECONDS", "TLS_PROTOCOL",
                   "TLS_SERVER_CERT", "TLS_CLIENT_SHA256"),
        ("FILE", "STATUS", "REPLY_CODE"), ["ExportCertData"],
        {"format": "json"})
    with server:
        with Client(server.port) as client:
            client.auth().login()
            client.stor('a"\\\x01\udcff', b"12345")
            client.cmd("QUIT", 221)
        said = json.loads(lines(session, 1)[0])
        with open(server.cert, encoding="ascii") as pem:
            assert said["TLS_SERVER_CERT"] == pem.read(), said
        assert said["USER"] == "alice" and said["BYTES_IN"] == 5, said
        assert isinstance(said["SECONDS"], float), said
        assert "TLS_CLIENT_SHA256" not in said
        assert json.loads(lines(transfer, 1)[0]) == {
            "FILE": '/a"\\\x01\\xff', "STATUS": "complete",
            "REPLY_CODE": 226}


def case_hosts(binaries):
    """Each host has its own logs; one without has none."""
    server, session, _ = logging(binaries, ("HOST", "TLS_SERVER_NAME",
                                            "SECONDS", "REASON"))
    other = session + "-b"
    server.config["hosts"] = [
        {"name": "a.example", "log": {"session": "none"}},
        {"name": "b.example", "log": {"session": other,
                                      "session_format": "%{HOST} %{REASON}"}}]
    for host in server.config["hosts"]:
        host["tls"] = {"engine": True, "certificates":
                       server.config["tls"]["certificates"]}
        host["auth"] = server.config["auth"]
    server.write_config()
    with server:
        for name in ("a.example", "b.example", None):
            with Client(server.port, name=name) as client:
                client.auth().login()
                client.cmd("QUIT", 221)
        assert lines(other, 1) == ["b.example QUIT"]
        assert apart(lines(session, 1)[0])["HOST"] == "-"


def case_after_ccc(binaries):
    """After CCC the variables say what TLS was."""
    server, session, transfer = logging(
        binaries, PLAIN + ("TLS_SESSION_ID",), ("TLS_PROTOCOL", "PROTOCOL"),
        ["StdEnvVars"])
    server.config["tls"].update({"allow_ccc": True, "required": "off"})
    server.write_config()
    with server:
        with Client(server.port, name="localhost") as client:
            client.auth().login()
            client.cmd("CCC", 200)
            client.socket = client.socket.unwrap()
            client.cmd("NOOP", 200)
            client.cmd("QUIT", 221)
        said = apart(lines(session, 1)[0])
        assert (said["FTPS"], said["TLS_PROTOCOL"],
                said["TLS_SERVER_NAME"]) == ("1", "TLSv1.3", "localhost"), said
        assert re.fullmatch("([0-9A-F]{2})+", said["TLS_SESSION_ID"]), said


def case_refused(binaries):
    """Formats that cannot be: where, what, and what may be meant."""
    for key, value, text in (
            ("session_format", "%{TLS_PROTOCL}",
             "unknown variable TLS_PROTOCL: did you mean TLS_PROTOCOL?"),
            ("session_format", "%u", "a variable is written %{NAME}"),
            ("session_format", "%{FILE}",
             "FILE is known in log.transfer_format only"),
            ("transfer_format", "%{REASON}",
             "REASON is known in log.session_format only"),
            ("transfer_format", "%{TLS_CLIENT_CERT_CHAIN}",
             "needs a number from 1 to 9"),
            ("transfer_format", "%{USER", "a variable is written %{NAME}")):
        server = Daemon(binaries, {"log": {key: value}})
        done = subprocess.run(
            [os.path.join(binaries, "ftpsd"), "-t", "-c", server.config_path],
            capture_output=True, text=True, check=False)
        shutil.rmtree(server.folder)
        assert done.returncode == 1, done
        assert re.search(r"ftpsd\.yaml:\d+:\d+: log\." + key + ": .*" +
                         re.escape(text), done.stderr + done.stdout), done


def case_curl(binaries):
    """curl's upload and download, as a real client's lines."""
    server, session, transfer = logging(
        binaries, ("USER", "FILES_IN", "FILES_OUT", "TLS_CIPHER", "REASON"),
        ("COMMAND", "FILE", "BYTES_IN", "STATUS", "TLS_DATA_RESUMED"))
    with server:
        source = os.path.join(server.folder, "source")
        with open(source, "wb") as out:
            out.write(b"12345")
        subprocess.run(
            ["curl", "-sS", "-k", "--ssl-reqd", "-u", "alice:" + PASSWORD,
             "-T", source, f"ftp://127.0.0.1:{server.port}/up"], check=True,
            stdin=subprocess.DEVNULL)
        said = apart(lines(session, 1)[0])
        assert (said["USER"], said["FILES_IN"], said["FILES_OUT"]) == \
            ("alice", "1", "0"), said
        assert said["TLS_CIPHER"].startswith("TLS_"), said
        said = apart(lines(transfer, 1)[0])
        assert said == {"COMMAND": "STOR", "FILE": "/up", "BYTES_IN": "5",
                        "STATUS": "complete", "TLS_DATA_RESUMED": "yes"}, said


def client_certificate(folder):
    """An authority, and a client of it with all kinds of attributes."""
    authority = Authority(folder, "authority")
    made = authority.issue("alice")
    key, request = authority.path("all.key"), authority.path("all.request")
    openssl("req", "-new", "-config", authority.config, "-newkey", "rsa:2048",
            "-nodes", "-utf8", "-multivalue-rdn", "-subj",
            "/C=DE/CN=first/CN=Al \"x\" Gr\u00fc\u00df/description=d/GN=Al/"
            "initials=A/L=City/O=Org/OU=Unit/SN=Sur/ST=State/title=Dr/"
            "UID=al1/emailAddress=al@example.test",
            "-keyout", key, "-out", request)
    cert = openssl("x509", "-req", "-in", request, "-CA",
                   authority.path("cert.pem"), "-CAkey",
                   authority.path("key.pem"), "-set_serial", "0x1234ab",
                   "-days", "2")
    return authority, authority.together("all", cert + authority.cert), made


def case_client(binaries):
    """The certificate of a client, attribute by attribute."""
    own = ("TLS_CLIENT_VERIFY", "TLS_CLIENT_SHA256", "TLS_CLIENT_CERT",
           "TLS_CLIENT_CERT_CHAIN1", "TLS_CLIENT_CERT_CHAIN2",
           *("TLS_CLIENT_" + name for name in SERVER),
           *("TLS_CLIENT_S_DN_" + name for name in ATTRIBUTES),
           *("TLS_CLIENT_I_DN_" + name for name in ATTRIBUTES))
    server, session, _ = logging(binaries, own,
                                 options=["StdEnvVars", "ExportCertData"])
    authority, client, _ = client_certificate(server.folder)
    server.config["tls"].update({
        "verify_client": "optional",
        "ca_certificate_file": authority.path("cert.pem")})
    server.write_config()
    with server:
        with Client(server.port, context=client.context()) as conn:
            conn.auth().login()
            conn.cmd("QUIT", 221)
        said = apart(lines(session, 1)[0])
        pem = client.cert[:client.cert.index("END CERTIFICATE")] + \
            "END CERTIFICATE-----\n"
        expected = {
            "TLS_CLIENT_VERIFY": "SUCCESS",
            "TLS_CLIENT_SHA256": hashlib.sha256(
                ssl.PEM_cert_to_DER_cert(pem)).hexdigest(),
            "TLS_CLIENT_CERT": pem.replace("\n", "\\x0a"),
            "TLS_CLIENT_CERT_CHAIN1": authority.cert.replace("\n", "\\x0a"),
            "TLS_CLIENT_CERT_CHAIN2": "-",
            "TLS_CLIENT_M_SERIAL": "1234AB",
            "TLS_CLIENT_S_DN_CN": "Al \\x22x\\x22 Gr\u00fc\u00df",
            "TLS_CLIENT_A_KEY": "rsaEncryption",
            "TLS_CLIENT_A_SIG": "ecdsa-with-SHA256",
            "TLS_CLIENT_I_DN": "CN", "TLS_CLIENT_I_DN_CN": "authority",
            "TLS_CLIENT_I_DN_O": "-"}
        expected.update({"TLS_CLIENT_S_DN_" + name: value for name, value in {
            "C": "DE", "D": "d", "G": "Al", "I": "A", "L": "City", "O": "Org",
            "OU": "Unit", "S": "Sur", "ST": "State", "T": "Dr", "UID": "al1",
            "Email": "al@example.test"}.items()})
        # The one field in which "=" and the rest cannot be told apart.
        assert said.pop("TLS_CLIENT_S_DN").startswith(
            "emailAddress=al@example.test,UID=al1,title=Dr,"), said
        expected["TLS_CLIENT_I_DN"] = "CN=authority"
        for name, value in expected.items():
            assert said[name] == value, (name, said[name], value)
        # Without one, and with one that is not good.
        with Client(server.port) as conn:
            conn.auth().login()
            conn.cmd("QUIT", 221)
        said = apart(lines(session, 2)[1])
        assert said.pop("TLS_CLIENT_VERIFY") == "NONE"
        assert set(said.values()) == {"-"}, said
        other = Authority(server.folder, "other").issue("mallory")
        try:
            with Client(server.port, context=other.context()) as conn:
                conn.auth()
                conn.cmd("NOOP")
        except (OSError, EOFError):
            pass
        said = apart(lines(session, 3)[2])
        assert re.fullmatch("FAILED:.+", said.pop("TLS_CLIENT_VERIFY"))
        assert set(said.values()) == {"-"}, said


def case_client_always(binaries):
    """What is said of a client's certificate without any option; openssl."""
    names = ("TLS_CLIENT_S_DN_CN", "TLS_CLIENT_A_KEY", "TLS_CLIENT_A_SIG",
             "TLS_CLIENT_VERIFY", "TLS_CLIENT_S_DN", "TLS_CLIENT_CERT",
             "TLS_CLIENT_S_DN_O")
    server, session, _ = logging(binaries, names)
    authority, _, client = client_certificate(server.folder)
    server.config["tls"].update({
        "verify_client": "on",
        "ca_certificate_file": authority.path("cert.pem")})
    server.write_config()
    with server:
        subprocess.run(
            ["openssl", "s_client", "-connect", f"127.0.0.1:{server.port}",
             "-starttls", "ftp", "-cert", client.path, "-key", client.path,
             "-quiet"], input=b"QUIT\r\n", stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL, check=False, timeout=30)
        said = apart(lines(session, 1)[0])
        assert said == {
            "TLS_CLIENT_S_DN_CN": "alice",
            "TLS_CLIENT_A_KEY": "id-ecPublicKey",
            "TLS_CLIENT_A_SIG": "ecdsa-with-SHA256",
            "TLS_CLIENT_VERIFY": "SUCCESS", "TLS_CLIENT_S_DN": "-",
            "TLS_CLIENT_CERT": "-", "TLS_CLIENT_S_DN_O": "-"}, said
