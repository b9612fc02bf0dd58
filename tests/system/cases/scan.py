"""What scanners of TLS find on the default configuration: nothing to mend."""

import json
import os
import subprocess
import xml.etree.ElementTree

from daemon import Daemon, sanitized

# A good certificate in all that they look at.
EXTENSIONS = """subjectAltName=DNS:localhost
basicConstraints=critical,CA:FALSE
keyUsage=critical,digitalSignature
extendedKeyUsage=serverAuth
crlDistributionPoints=URI:http://localhost/ca.crl
authorityInfoAccess=OCSP;URI:http://localhost/ocsp
"""
EC = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes")


def openssl(*arguments):
    subprocess.run(["openssl", *arguments], check=True, capture_output=True,
                   stdin=subprocess.DEVNULL)


def certified(binaries):
    """A server with a certificate by an authority; tls as by default."""
    server = Daemon(binaries)

    def path(name):
        return os.path.join(server.folder, name)

    openssl("req", "-x509", *EC, "-days", "120", "-subj", "/CN=Authority",
            "-keyout", path("ca.key"), "-out", path("ca.pem"))
    openssl("req", *EC, "-subj", "/CN=localhost", "-keyout", path("a.key"),
            "-out", path("a.csr"))
    with open(path("extensions"), "w", encoding="ascii") as out:
        out.write(EXTENSIONS)
    openssl("x509", "-req", "-in", path("a.csr"), "-CA", path("ca.pem"),
            "-CAkey", path("ca.key"), "-CAcreateserial", "-days", "120",
            "-extfile", path("extensions"), "-out", path("a.pem"))
    os.chmod(path("a.key"), 0o600)
    server.config["tls"]["certificates"] = [
        {"cert": path("a.pem"), "key": path("a.key")}]
    server.write_config()
    server.expect_log("TLS handshake failed")
    return server


def case_testssl(binaries):
    """testssl.sh finds nothing of severity MEDIUM or above."""
    if sanitized(binaries):
        return  # hundreds of connections: too slow
    with certified(binaries) as server:
        found = os.path.join(server.folder, "found.json")
        # All of its tests but trying what other clients would choose.
        done = subprocess.run(
            ["testssl", "-p", "-s", "-f", "-P", "-S", "-U", "-t", "ftp",
             "--warnings", "off", "--color", "0", "--quiet", "--openssl",
             "/usr/bin/openssl", "--add-ca",
             os.path.join(server.folder, "ca.pem"), "--ip", "127.0.0.1",
             "--nodns", "none", "--jsonfile", found,
             f"localhost:{server.port}"],
            stdin=subprocess.DEVNULL, capture_output=True, text=True,
            cwd=server.folder, timeout=280, check=False)
        with open(found, encoding="utf-8") as text:
            items = json.load(text)
        assert len(items) > 50, done
        named = {item["id"] for item in items}
        assert {"TLS1_3", "cipherlist_NULL", "PFS", "heartbleed", "LUCKY13",
                "cert_chain_of_trust"} <= named, named
        bad = [item for item in items
               if item["severity"] in ("MEDIUM", "HIGH", "CRITICAL", "FATAL")]
        assert not bad, bad


case_testssl.limit = 300
case_testssl.idle = True


def case_sslscan(binaries):
    """sslscan finds TLS 1.2 and 1.3, and no weak cipher or group."""
    with certified(binaries) as server:
        found = os.path.join(server.folder, "found.xml")
        for options in (("--starttls-ftp", f"localhost:{server.port}"),
                        (f"localhost:{server.implicit_port}",)):
            subprocess.run(
                ["sslscan", "--no-colour", "--xml=" + found, *options],
                check=True, capture_output=True, timeout=100)
            test = xml.etree.ElementTree.parse(found).getroot().find("ssltest")
            enabled = {item.get("type") + item.get("version")
                       for item in test.findall("protocol")
                       if item.get("enabled") == "1"}
            assert enabled == {"tls1.2", "tls1.3"}, enabled
            ciphers = test.findall("cipher")
            assert len(ciphers) == 6, ciphers
            for cipher in ciphers:
                assert cipher.get("strength") in ("strong", "acceptable")
                assert int(cipher.get("bits")) >= 128
            for group in test.findall("group"):
                assert int(group.get("bits")) >= 112, group.attrib
            assert test.find("renegotiation").get("supported") == "0"
            assert all(item.get("vulnerable") == "0"
                       for item in test.findall("heartbleed"))
