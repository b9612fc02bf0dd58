"""Certificates of clients and their authorities, made with openssl."""

import os
import subprocess
import time

from client import tls_context

CONFIG = """
[ca]
default_ca = this
[this]
dir = {folder}
database = {folder}/index
new_certs_dir = {folder}
serial = {folder}/serial
crlnumber = {folder}/crlnumber
certificate = {folder}/cert.pem
private_key = {folder}/key.pem
default_md = sha256
default_crl_days = 30
unique_subject = no
policy = any
copy_extensions = none
email_in_dn = yes
[any]
commonName = optional
[root]
basicConstraints = critical, CA:TRUE
keyUsage = critical, keyCertSign, cRLSign
subjectKeyIdentifier = hash
[req]
distinguished_name = name
[name]
"""


def openssl(*arguments, text=None):
    done = subprocess.run(["openssl", *arguments], input=text, text=True,
                          capture_output=True, check=False)
    assert done.returncode == 0, f"{arguments}: {done.stderr}"
    return done.stdout


def stamp(seconds):
    """A moment, seconds from now, as openssl-ca writes it."""
    return time.strftime("%Y%m%d%H%M%SZ", time.gmtime(time.time() + seconds))


def read(path):
    with open(path, encoding="ascii") as text:
        return text.read()


def write(path, text):
    """At once, as somebody careful replaces a file."""
    with open(path + ".new", "w", encoding="ascii") as out:
        out.write(text)
    os.rename(path + ".new", path)


class Certificate:
    """A client's: one file with certificate, chain and key."""

    def __init__(self, path, cert):
        self.path = path
        self.cert = cert

    def context(self, version=None):
        return client_context(self, version)


def client_context(certificate=None, version=None):
    """What a client uses for all its connections."""
    context = tls_context(version)
    if certificate is not None:
        context.load_cert_chain(certificate.path)
    return context


class Authority:
    """A certificate authority in a folder of its own."""

    def __init__(self, folder, name, issuer=None):
        self.folder = os.path.join(folder, name)
        self.issuer = issuer
        os.mkdir(self.folder)
        self.config = self.path("config")
        write(self.config, CONFIG.format(folder=self.folder))
        write(self.path("index"), "")
        write(self.path("serial"), "1000\n")
        write(self.path("crlnumber"), "01\n")
        self.request("key.pem", "request", name)
        if issuer is None:
            openssl("req", "-x509", "-config", self.config, "-extensions",
                    "root", "-days", "30", "-in", self.path("request"),
                    "-key", self.path("key.pem"), "-out",
                    self.path("cert.pem"))
        else:
            issuer.sign(self.path("request"), self.path("cert.pem"),
                        extensions=["-extensions", "root"])
        self.cert = read(self.path("cert.pem"))

    def path(self, name):
        return os.path.join(self.folder, name)

    def request(self, key, out, subject):
        openssl("req", "-new", "-config", self.config, "-newkey", "ec",
                "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj",
                "/CN=" + subject, "-keyout", self.path(key), "-out",
                self.path(out))

    def sign(self, request, out, begins=-3600, ends=86400, extensions=()):
        openssl("ca", "-batch", "-notext", "-config", self.config,
                "-startdate", stamp(begins), "-enddate", stamp(ends),
                *extensions, "-in", request, "-out", out)

    def issue(self, name, subject=None, more="", **times):
        """A client's certificate; more: lines of its extensions."""
        self.request(name + ".key", name + ".request", subject or name)
        extensions = self.path(name + ".extensions")
        write(extensions, "basicConstraints = CA:FALSE\n" + more)
        cert = self.path(name + ".cert")
        self.sign(self.path(name + ".request"), cert,
                  extensions=["-extfile", extensions], **times)
        return self.together(name, read(cert))

    def self_signed(self, name):
        self.request(name + ".key", name + ".request", name)
        cert = openssl("req", "-x509", "-config", self.config, "-days", "30",
                       "-in", self.path(name + ".request"), "-key",
                       self.path(name + ".key"))
        return self.together(name, cert)

    def together(self, name, cert):
        chain, issuer = "", self
        while issuer.issuer is not None:
            chain += issuer.cert
            issuer = issuer.issuer
        path = self.path(name + ".pem")
        write(path, cert + chain + read(self.path(name + ".key")))
        return Certificate(path, cert)

    def revoke(self, name):
        openssl("ca", "-config", self.config, "-revoke",
                self.path(name + ".cert"))

    def crl(self, begins=-3600, ends=86400):
        """The list of what is revoked now, as text."""
        out = self.path("crl.pem")
        openssl("ca", "-config", self.config, "-gencrl", "-crl_lastupdate",
                stamp(begins), "-crl_nextupdate", stamp(ends), "-out", out)
        return read(out)
