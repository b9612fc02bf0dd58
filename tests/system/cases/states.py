"""Each command of the tables, in each state of a session."""

import os
import re
import socket

from client import TIMEOUT, Client
from daemon import GID, UID, Daemon
from page import ANYWHERE, commands

# More than the sockets between the two take, so that it stands still.
BIG = 12 << 20
# What stands behind a command, where it is not a file that exists.
ARGUMENTS = {
    "ACCT": "any", "ALLO": "1", "AUTH": "TLS", "CLNT": "test",
    "COMB": '"new" "old"', "CWD": "folder", "EPRT": "|1|127.0.0.1|2000|",
    "HASH": "old", "HELP": "NOOP", "HOST": "localhost", "LANG": "en",
    "MFF": "modify=20200102030405; old", "MFMT": "20200102030405 old",
    "MKD": "new", "MLSD": "folder", "MODE": "S", "OPTS": "UTF8 ON",
    "PASS": "wrong", "PBSZ": "0", "PORT": "127,0,0,1,8,8", "PROT": "C",
    "RANG": "0 3", "REST": "0", "RMD": "folder", "RMDA": "folder",
    "SITE CHGRP": f"{GID} old", "SITE CHMOD": "600 old", "SITE HELP": "CHMOD",
    "SITE IDLE": "60", "SITE SYMLINK": "old new",
    "SITE UMASK": "022", "SITE UTIME": "20200102030405 old", "STRU": "F",
    "SSCN": "OFF", "TYPE": "I", "USER": "alice", "XCWD": "folder",
    "XMKD": "new", "XRMD": "folder",
}
CLOSING = {"AUTH", "QUIT", "REIN"}


def built():
    return [command for command in commands() if command.argument]


def text_of(command):
    if command.argument == "NONE":
        return command.name
    return f"{command.name} {ARGUMENTS.get(command.name, 'old')}"


def prepare(server):
    """Makes what the commands are for, whatever became of it before."""
    folder = os.path.join(server.home, "folder")
    os.makedirs(folder, exist_ok=True)
    os.chown(folder, UID, GID)
    for name in ("new", "STOU"):
        path = os.path.join(server.home, name)
        if os.path.isdir(path):
            os.rmdir(path)
        elif os.path.lexists(path):
            os.unlink(path)
    path = os.path.join(server.home, "old")
    with open(path, "wb") as out:
        out.write(b"contents")
    os.chown(path, UID, GID)


def named(command, reply):
    """Fails unless the page names the reply."""
    assert reply.code in command.replies | ANYWHERE, \
        f"{command.name}: {reply} is not in ftpsd-ftp(7)"


def settle(client, command, reply):
    """Reads what follows the first reply of a transfer."""
    if 100 <= reply.code < 200:
        reply = client.reply()
        named(command, reply)
    assert reply.code >= 200, reply
    return reply


def is_there(client):
    """Every command had one final reply: the next one is the next one's."""
    assert client.cmd("NOOP").code == 200


def plain(server):
    return Client(server.port)


def case_before_tls(binaries):
    """Where TLS is required, a login is 530, and what needs none is 550."""
    with Daemon(binaries) as server:
        for command in commands():
            with plain(server) as client:
                reply = client.cmd(text_of(command))
                if command.argument is None:
                    assert reply.code == 502, (command.name, reply)
                elif command.flags & {"CLEAR", "TLS"}:
                    named(command, reply)
                else:
                    needed = command.flags & {"IDENTITY", "LOGIN"}
                    assert reply.code == (530 if needed else 550), \
                        (command.name, reply)
                    assert "AUTH TLS" in reply.text
                if command.name not in CLOSING:
                    assert client.cmd("FEAT").code == 211


def case_before_login(binaries):
    """What needs a login gets 530, all else one of its own replies."""
    with Daemon(binaries, {"tls": {"required": "off"}}) as server:
        for command in commands():
            with plain(server) as client:
                reply = client.cmd(text_of(command))
                if command.argument is None:
                    assert reply.code == 502, (command.name, reply)
                elif "LOGIN" in command:
                    assert reply.code == 530, (command.name, reply)
                else:
                    named(command, reply)
                if command.name not in CLOSING:
                    is_there(client)


def case_arguments(binaries):
    """One too few or one too many is 501."""
    with Daemon(binaries, {"tls": {"required": "off"}}) as server, \
            plain(server).login() as client:
        for command in built():
            if command.argument == "REQUIRED":
                client.cmd(command.name, 501)
            elif command.argument == "NONE":
                client.cmd(command.name + " one", 501)
            is_there(client)


def case_logged_in(binaries):
    """Each gets its replies, without a data connection too."""
    config = {"tls": {"required": "off"}, "timeouts": {"data": "1s"}}
    with Daemon(binaries, config) as server:
        for command in built():
            prepare(server)
            with plain(server).login() as client:
                reply = client.cmd(text_of(command))
                named(command, reply)
                settle(client, command, reply)
                if command.name not in CLOSING:
                    is_there(client)


def case_after_an_error(binaries):
    """Neither a refused command nor a broken transfer changes that."""
    config = {"tls": {"required": "off"}, "timeouts": {"data": "1s"}}
    with Daemon(binaries, config) as server:
        retr = next(one for one in built() if one.name == "RETR")
        for command in built():
            prepare(server)
            with plain(server).login() as client:
                client.cmd("FNORD", 500)
                with client.passive():
                    client.cmd("RETR nothing", 550)
                # A data connection that is gone before it is used.
                client.passive().close()
                settle(client, retr, client.cmd("RETR old"))
                reply = client.cmd(text_of(command))
                named(command, reply)
                settle(client, command, reply)
                if command.name not in CLOSING:
                    is_there(client)


def slow_download(client):
    """A download that stands still until somebody reads."""
    reply = client.cmd("EPSV", 229)
    port = int(re.search(r"\|(\d+)\|", reply.text).group(1))
    data = socket.socket()
    data.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65536)
    data.settimeout(TIMEOUT)
    data.connect((client.host, port))
    client.cmd("RETR big", 150)
    return data


def case_during_a_transfer(binaries):
    """NOOP, STAT and ABOR are answered at once, the others behind it."""
    with Daemon(binaries, {"tls": {"required": "off"}}) as server:
        big = os.path.join(server.home, "big")
        with open(big, "wb") as out:
            out.truncate(BIG)
        for command in built():
            prepare(server)
            with plain(server).login() as client:
                data = slow_download(client)
                text = text_of(command)
                if command.name == "STAT":
                    text = "STAT"
                client.send(text.encode() + b"\r\n")
                during(client, command, data)
                if command.name not in CLOSING:
                    is_there(client)


def during(client, command, data):
    """The replies to what was sent while the download stands still."""
    if "ASIDE" in command:
        named(command, client.reply())
        client.send(b"ABOR\r\n")
    if command.name == "ABOR" or "ASIDE" in command:
        assert client.reply().code == 426
        assert client.reply().code == 226
        data.close()
        return
    assert len(client.read_data(data)) == BIG
    assert client.reply().code == 226
    reply = client.reply()
    named(command, reply)
    settle(client, command, reply)
