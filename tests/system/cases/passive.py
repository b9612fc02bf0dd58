"""The address that PASV tells: passive.address, tls.masquerade_address."""

import os
import re
import shutil
import subprocess
import time

from client import Client
from daemon import IS_ROOT, Daemon
from run import Skip


def told(client):
    """The address in the answer to PASV."""
    text = client.cmd("PASV", 227).text
    return ".".join(re.search(r"\((\d+),(\d+),(\d+),(\d+),", text).groups())


def start(binaries, passive, masquerade="none", address="127.0.0.1"):
    server = Daemon(binaries, {
        "passive": {"address": passive},
        "tls": {"required": "off", "masquerade_address": masquerade}})
    for listener in server.config["listen"]:
        listener["address"] = address
    server.write_config()
    return server


# passive.address, tls.masquerade_address, in clear, with TLS
TOLD = [
    ("local", "none", "127.0.0.2", "127.0.0.2"),
    ("192.0.2.1", "none", "192.0.2.1", "192.0.2.1"),
    ("192.0.2.1", "192.0.2.2", "192.0.2.1", "192.0.2.2"),
    ("192.0.2.1", "local", "192.0.2.1", "127.0.0.2"),
    ("2001:db8::1", "none", "127.0.0.2", "127.0.0.2"),
    ("localhost", "none", "127.0.0.1", "127.0.0.1"),
    ("local", "localhost", "127.0.0.2", "127.0.0.1"),
    ("local", "lo", "127.0.0.2", "127.0.0.1"),
    ([{"network": "10.0.0.0/8", "address": "192.0.2.10"},
      {"network": "127.0.0.0/8", "address": "192.0.2.127"},
      {"address": "192.0.2.1"}], "none", "192.0.2.127", "192.0.2.127"),
    ([{"network": "10.0.0.0/8", "address": "192.0.2.10"},
      {"network": "::/0", "address": "192.0.2.6"},
      {"address": "192.0.2.1"}],
     [{"network": "10.0.0.0/8", "address": "192.0.2.11"}],
     "192.0.2.1", "192.0.2.1"),
    ([{"network": "10.0.0.0/8", "address": "192.0.2.10"}], "none",
     "127.0.0.2", "127.0.0.2"),
]


def case_addresses(binaries):
    """Addresses, names and interfaces; by network; TLS has its own."""
    for passive, masquerade, clear, private in TOLD:
        row = (passive, masquerade)
        with start(binaries, passive, masquerade, "127.0.0.2") as server:
            with Client(server.port, host="127.0.0.2") as client:
                client.login()
                assert told(client) == clear, (row, told(client))
            with Client(server.port, host="127.0.0.2") as client:
                client.auth().login()
                assert told(client) == private, (row, told(client))
                client.stor("f", b"1")  # EPSV tells none
            with Client(server.implicit_port, host="127.0.0.2",
                        implicit=True) as client:
                client.login()
                assert told(client) == private, row


def case_refused(binaries):
    """What cannot be resolved: refused at start and at a reload."""
    no_name = "no-such-name.invalid"
    for key, value, pattern in (
            ("passive", no_name, rf"the name {no_name} cannot be resolved: "),
            ("tls", [{"network": "10.0.0.0/8", "address": no_name}],
             rf"the name {no_name} cannot be resolved: "),
            ("passive", "192.0.2.300", r"passive\.address: .* is not an IPv4"),
            ("tls", "0.0.0.0", r"tls\.masquerade_address: .* is not an IPv4")):
        passive, masquerade = ("local", value) if key == "tls" else \
            (value, "none")
        server = start(binaries, passive, masquerade)
        try:
            for option in (("-t",), ()):
                done = subprocess.run(
                    [os.path.join(binaries, "ftpsd"), *option, "-c",
                     server.config_path], capture_output=True, text=True,
                    timeout=60, check=False)
                assert done.returncode == 1, done
                place = re.escape(server.config_path) + r":\d+:\d+: "
                assert re.search("(?m)^" + place + pattern, done.stderr), done
        finally:
            shutil.rmtree(server.folder)
    with start(binaries, "localhost", address="127.0.0.2") as server:
        server.config["passive"]["address"] = no_name
        server.write_config()
        done = server.ctl("reload", check=False, json_output=False)
        assert done.returncode != 0 and no_name in done.stderr, done
        server.expect_log(no_name)
        server.expect_log("reload refused")
        with Client(server.port, host="127.0.0.2") as client:
            client.login()
            assert told(client) == "127.0.0.1"


class Elsewhere(Daemon):
    """A server that sees another /etc/hosts, in a mount namespace."""

    def __init__(self, binaries, config):
        super().__init__(binaries, config)
        self.hosts = os.path.join(self.folder, "hosts")
        self.binaries = os.path.join(self.folder, "bin")
        os.mkdir(self.binaries)
        program = os.path.join(self.binaries, "ftpsd")
        mount = f"mount --bind {self.hosts} /etc/hosts"
        with open(program, "w", encoding="ascii") as out:
            out.write("#!/bin/sh\nexec unshare -m sh -c '" + mount +
                      f" && exec {binaries}/ftpsd \"$@\"' ftpsd \"$@\"\n")
        os.chmod(program, 0o755)
        os.symlink(os.path.join(binaries, "ftpsctl"),
                   os.path.join(self.binaries, "ftpsctl"))

    def rename(self, line):
        """In place: the file itself is what is mounted."""
        with open(self.hosts, "w", encoding="ascii") as out:
            out.write("127.0.0.1 localhost\n" + line + "\n")


def case_refresh(binaries):
    """A name that leads elsewhere later: told to running workers."""
    if not IS_ROOT:
        raise Skip("needs root, for an /etc/hosts of its own")
    config = {"passive": {"address": "ftp.ftpsd.test", "refresh": "1s"},
              "tls": {"required": "off"}}
    server = Elsewhere(binaries, config)
    server.rename("192.0.2.21 ftp.ftpsd.test")
    with server, Client(server.port) as client:
        client.login()
        assert told(client) == "192.0.2.21"
        server.rename("192.0.2.22 ftp.ftpsd.test")
        server.wait_log("the address of ftp.ftpsd.test is 192.0.2.22 now")
        deadline = time.monotonic() + 10
        while told(client) != "192.0.2.22":
            assert time.monotonic() < deadline, "the worker was not told"
        server.rename("")
        server.wait_log("ftp.ftpsd.test cannot be resolved, 192.0.2.22 stays")
        assert told(client) == "192.0.2.22"
        for worker in server.processes(r"worker"):
            os.kill(worker, 9)
        server.expect_log("was ended by signal 9")
        with Client(server.port) as other:
            other.login()
            assert told(other) == "192.0.2.22"
