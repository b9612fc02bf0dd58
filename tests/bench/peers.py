"""Other FTP servers, from Debian's packages, as a good administrator would
set them up for speed."""

import os
import subprocess

from contestants import PASSWORD, Server, Unavailable, password_hash
from daemon import IS_ROOT
from place import ACCOUNT_GID, ACCOUNT_UID

HERE = os.path.dirname(os.path.abspath(__file__))
LIBRARIES = "usr/lib/x86_64-linux-gnu"


class Store:
    """Packages, unpacked below BUILD and kept for the next run."""

    def __init__(self, place):
        self.folder = os.path.join(place.bench, "peers")
        self.root = os.path.join(self.folder, "root")

    def need(self, packages):
        """Makes the files of the packages be there."""
        missing = [name for name in packages
                   if not os.path.exists(self.mark(name))]
        if not missing:
            return
        os.makedirs(self.root, exist_ok=True)
        archives = os.path.join(self.folder, "archives")
        os.makedirs(archives, exist_ok=True)
        self.download(missing, archives)
        for name in missing:
            self.unpack(name, archives)

    def mark(self, name):
        return os.path.join(self.folder, name + ".unpacked")

    @staticmethod
    def download(packages, archives):
        words = ["apt-get", "-q", "-o", "APT::Sandbox::User=root", "download"]
        done = quietly(words + packages, archives)
        if done.returncode != 0 and IS_ROOT:
            quietly(["apt-get", "-q", "update"], archives)
            done = quietly(words + packages, archives)
        if done.returncode != 0:
            lines = [line for line in done.stderr.splitlines()
                     if line.startswith("E:")] or ["apt-get failed"]
            raise Unavailable("no packages: " + lines[0])

    def unpack(self, name, archives):
        for archive in os.listdir(archives):
            if archive.startswith(name + "_") and archive.endswith(".deb"):
                done = quietly(["dpkg", "-x", archive, self.root], archives)
                if done.returncode != 0:
                    raise Unavailable("dpkg -x " + archive + ": " +
                                      done.stderr.strip())
                with open(self.mark(name), "wb"):
                    return
        raise Unavailable("no archive of " + name)


def quietly(words, folder):
    return subprocess.run(words, cwd=folder, stdin=subprocess.DEVNULL,
                          capture_output=True, text=True, check=False)


class Peer(Server):
    """A server of others."""

    ours = False
    packages = ()
    # One process a session, and ProFTPD closes all that there may be.
    files = 1024
    # Not all of them resume data connections in all versions of TLS.
    extra = {"x": True}

    def start(self):
        if self.needs_root and not IS_ROOT:
            raise Unavailable("needs root")
        self.store().need(self.packages)
        super().start()

    def store(self):
        return Store(self.place)

    def path(self, name):
        """A file of the packages."""
        return os.path.join(self.store().root, name)

    def environment(self):
        libraries = [self.path(LIBRARIES), self.path("lib/" + LIBRARIES[8:])]
        return dict(os.environ, LD_LIBRARY_PATH=":".join(libraries))

    def inside(self, name):
        """A file of the server's own folder."""
        return os.path.join(self.folder, name)

    def write(self, name, text, mode=0o600):
        with open(self.inside(name), "w", encoding="utf-8") as out:
            out.write(text)
        os.chmod(self.inside(name), mode)

    def pair(self):
        """Certificate and key in one file."""
        text = ""
        for path in (self.place.key, self.place.cert):
            with open(path, encoding="ascii") as part:
                text += part.read()
        self.write("pair.pem", text)
        return self.inside("pair.pem")


class ProFTPD(Peer):
    """ProFTPD with mod_tls and its cache in shared memory."""

    name = "ProFTPD"
    needs_root = True
    packages = ("proftpd-core", "proftpd-mod-crypto", "libhiredis0.14",
                "libmemcached11", "libmemcachedutil2", "libhashkit2",
                "libpcre2-posix3")
    CONFIGURATION = """
ModulePath {modules}
LoadModule mod_tls.c
LoadModule mod_tls_shmcache.c
ServerName bench
ServerType standalone
DefaultAddress 127.0.0.1
UseIPv6 off
Port {port}
User nobody
Group nogroup
MaxInstances none
UseReverseDNS off
DelayEngine off
WtmpLog off
TimesGMT on
SetEnv TZ :/etc/localtime
PidFile {folder}/pid
ScoreboardFile {folder}/scoreboard
SystemLog {folder}/system.log
TransferLog {folder}/transfer.log
AuthOrder mod_auth_file.c
AuthUserFile {folder}/users
AuthGroupFile {folder}/groups
RequireValidShell off
UseFtpUsers off
DefaultRoot ~
AllowOverwrite on
UseSendfile on
TLSEngine on
TLSRequired on
TLSLog {folder}/tls.log
TLSProtocol TLSv1.2 TLSv1.3
TLSCipherSuite ECDHE+AESGCM
TLSECCertificateFile {cert}
TLSECCertificateKeyFile {key}
TLSCACertificateFile {cert}
TLSSessionCache shm:/file={folder}/sessions&size=4194304
"""

    def prepare(self):
        self.write("users", f"bench:{password_hash()}:{ACCOUNT_UID}:"
                   f"{ACCOUNT_GID}:bench:{self.place.home}:/bin/sh\n")
        self.write("groups", f"bench:x:{ACCOUNT_GID}:bench\n")
        self.write("proftpd.conf", self.CONFIGURATION.format(
            modules=self.path("usr/lib/proftpd"), port=self.port,
            folder=self.folder, cert=self.place.cert, key=self.place.key))

    def command(self):
        return [self.path("usr/sbin/proftpd"), "-n", "-q", "-c",
                self.inside("proftpd.conf")]


class Vsftpd(Peer):
    """vsftpd; it sees an account and a PAM service that nobody else sees."""

    name = "vsftpd"
    needs_root = True
    packages = ("vsftpd", "libwrap0")
    unsupported = ("mlsd",)
    CONFIGURATION = """
listen=YES
listen_address=127.0.0.1
listen_port={port}
background=NO
anonymous_enable=NO
local_enable=YES
write_enable=YES
chroot_local_user=YES
allow_writeable_chroot=YES
secure_chroot_dir={folder}/empty
pam_service_name=bench
nopriv_user=nobody
tcp_wrappers=NO
isolate=NO
isolate_network=NO
max_clients=0
max_per_ip=0
xferlog_enable=YES
vsftpd_log_file={folder}/transfer.log
ssl_enable=YES
force_local_logins_ssl=YES
force_local_data_ssl=YES
require_ssl_reuse=YES
ssl_ciphers=ECDHE+AESGCM
rsa_cert_file={cert}
rsa_private_key_file={key}
"""

    def prepare(self):
        os.makedirs(self.inside("empty"), exist_ok=True)
        os.makedirs(self.inside("pam.d"), exist_ok=True)
        self.write("pam.d/bench", "auth required pam_permit.so\n"
                   "account required pam_permit.so\n", 0o644)
        with open("/etc/passwd", encoding="utf-8") as passwd:
            self.write("passwd", passwd.read() + f"bench:x:{ACCOUNT_UID}:"
                       f"{ACCOUNT_GID}::{self.place.home}:/bin/sh\n", 0o644)
        self.write("vsftpd.conf", self.CONFIGURATION.format(
            port=self.port, home=self.place.home, folder=self.folder,
            cert=self.place.cert, key=self.place.key))

    def command(self):
        return ["unshare", "--mount", "--propagation", "private", "sh", "-c",
                'mount --bind "$1/pam.d" /etc/pam.d && '
                'mount --bind "$1/passwd" /etc/passwd && '
                'exec "$2" "$1/vsftpd.conf"', "sh", self.folder,
                self.path("usr/sbin/vsftpd")]


class PureFTPd(Peer):
    """Pure-FTPd with its own database of users."""

    name = "Pure-FTPd"
    needs_root = True
    packages = ("pure-ftpd", "libsodium23")

    def prepare(self):
        self.write("users", f"bench:{password_hash()}:{ACCOUNT_UID}:"
                   f"{ACCOUNT_GID}::{self.place.home}/./" + ":" * 12 + "\n")
        done = subprocess.run(
            [self.path("usr/bin/pure-pw"), "mkdb", self.inside("users.pdb"),
             "-f", self.inside("users")], env=self.environment(),
            capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise Unavailable("pure-pw: " + done.stderr.strip())
        self.pair()

    def command(self):
        return [self.path("usr/sbin/pure-ftpd"),
                "-S", f"127.0.0.1,{self.port}", "-g", self.inside("pid"),
                "-l", "puredb:" + self.inside("users.pdb"), "-u", "1",
                "-A", "-E", "-H", "-c", "20000", "-C", "20000",
                "-L", "1000000:5", "-f", "none",
                "-O", "clf:" + self.inside("transfer.log"),
                "-Y", "3", "-J", "ECDHE+AESGCM", "-2", self.inside("pair.pem")]


class Pyftpdlib(Peer):
    """pyftpdlib, prefork: its fastest model."""

    name = "pyftpdlib"
    packages = ("python3-pyftpdlib", "python3-openssl",
                "python3-cryptography", "python3-cffi-backend")
    files = None
    python = "/usr/bin/python3"     # the one that the packages are for

    def command(self):
        return [self.python, "-W", "ignore",
                os.path.join(HERE, "pyftpd.py"), str(self.port),
                self.pair(), self.place.home, str(ACCOUNT_UID),
                str(ACCOUNT_GID), PASSWORD]

    def environment(self):
        return dict(os.environ, PYTHONPATH=self.path(
            "usr/lib/python3/dist-packages"))


PEERS = (ProFTPD, Vsftpd, PureFTPd, Pyftpdlib)
