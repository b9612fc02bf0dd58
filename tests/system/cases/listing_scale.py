"""Listings of large directories, and of those that change."""

import os
import re
import signal
import socket
import threading

from client import logged_in
from daemon import Daemon, sanitized

COUNT = 100000
NAME = "entry-number-%06d.dat"


def make_large(server, folder, count=COUNT):
    """Links to one file: that is quick."""
    path = os.path.join(server.home, folder)
    os.mkdir(path)
    handle = os.open(path, os.O_RDONLY)
    try:
        first = None
        for number in range(count):
            if number % 30000 == 0:
                first = NAME % number
                os.close(os.open(first, os.O_WRONLY | os.O_CREAT, 0o644,
                                 dir_fd=handle))
            else:
                os.link(first, NAME % number, src_dir_fd=handle,
                        dst_dir_fd=handle)
    finally:
        os.close(handle)
    return path


def peak(pids):
    """The most memory that each of them has ever had, in KiB."""
    result = {}
    for pid in pids:
        with open(f"/proc/{pid}/status", encoding="ascii") as text:
            result[pid] = int(re.search(r"VmHWM:\s+(\d+)", text.read())[1])
    return result


def family(server):
    return server.processes("agent") + server.processes("worker")


class Stalled:
    """A client that has asked for a listing and does not read it."""

    def __init__(self, server, command):
        self.client = logged_in(server)
        port = re.search(r"\|(\d+)\|", self.client.cmd("EPSV", 229).text)[1]
        self.data = socket.socket()
        self.data.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8192)
        self.data.connect(("127.0.0.1", int(port)))
        self.client.cmd(command, 150)
        self.data = self.client.wrap_data(self.data)
        self.first = self.data.recv(1000)
        assert self.first, command

    def sent(self):
        """Bytes that the server has got rid of."""
        text = self.client.cmd("STAT", 211).text
        return int(re.search(r": (\d+) bytes so far", text)[1])

    def rest(self):
        text = self.first + self.client.read_data(self.data)
        reply = self.client.reply()
        assert reply.code == 226, reply
        return text

    def close(self):
        self.data.close()
        self.client.close()


def names_of(text):
    return [line.rsplit(b" ", 1)[-1] for line in text.split(b"\r\n")[:-1]]


def case_listing_100000(binaries):
    """100,000 entries come as they are read, and memory does not grow."""
    with Daemon(binaries, {"workers": 1}) as server, \
            logged_in(server) as client:
        make_large(server, "big")
        make_large(server, "some", 3000)
        for command in ("LIST", "MLSD", "NLST"):
            client.listing(command + " some")
        before = peak(family(server))
        for command, least in (("LIST big", COUNT), ("MLSD big", COUNT),
                               ("NLST big/*7.dat", COUNT // 10),
                               ("LIST -t big", COUNT)):
            text = client.listing(command)
            found = names_of(text)
            assert len(set(found)) == len(found) and \
                len(found) - least in (0, 2), (command, len(found))
        text = client.cmd("STAT big", 212).text
        assert text.count("\n") == COUNT + 1
        after = peak(family(server))
        assert before.keys() == after.keys(), "another process has done it"
        # A sanitizer keeps what was released.
        for pid, size in after.items():
            assert sanitized(binaries) or size - before[pid] < 6144, \
                (before, after)


def case_stat_hung(binaries):
    """STAT of what does not go on ends, and the session does not."""
    with Daemon(binaries, {"timeouts": {"stalled": "1s"}}) as server, \
            logged_in(server) as client:
        make_large(server, "big", COUNT // 2)
        client.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8192)
        client.send(b"STAT big\r\n")
        # It has begun, and there is more than all buffers hold.
        client.buffer = client.socket.recv(64)
        agents = server.processes("agent")
        for pid in agents:
            os.kill(pid, signal.SIGSTOP)
        client.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
        try:
            text = client.reply().text
        finally:
            for pid in agents:
                os.kill(pid, signal.SIGCONT)
        assert text.endswith("\nEnd (not complete)"), text[-80:]
        assert 1 < text.count("\n") < COUNT // 2, text.count("\n")
        text = client.cmd("STAT big", 212).text
        assert text.count("\n") == COUNT // 2 + 1, text.count("\n")


def case_listing_stalled(binaries):
    """Who does not read holds up nobody, not of the same account either."""
    with Daemon(binaries, {"workers": 1}) as server, \
            logged_in(server) as client:
        make_large(server, "big")
        client.stor("file", b"contents")
        stalled = [Stalled(server, command + " big")
                   for command in ("LIST", "MLSD") * 12]
        before = peak(family(server))
        for one in stalled:
            assert one.sent() < COUNT * 60, "nothing is waiting"
        # So are those who do not read the answer to STAT.
        deaf = []
        for _ in range(8):
            other = logged_in(server)
            other.send(b"STAT big\r\n")
            deaf.append(other)
        for _ in range(20):
            assert client.retr("file") == b"contents"
            assert client.listing("NLST file") == b"file\r\n"
            client.cmd("CWD big", 250)
            client.cmd("CDUP", 250)
            assert len(client.cmd("MLST file", 250).text) > 20
        assert len(server.processes("agent")) <= 4
        after = peak(family(server))
        for pid in before:
            assert sanitized(binaries) or \
                after[pid] - before[pid] < 16384, (before, after)
        assert len(set(names_of(stalled[0].rest()))) == COUNT
        assert deaf[0].reply().text.count("\n") == COUNT + 1
        # ABOR ends one at once, and the end of a client ends it, too.
        stalled[1].client.cmd("ABOR", 426)
        assert stalled[1].client.reply().code == 226
        stalled[1].client.cmd("NOOP", 200)
        for one in stalled + deaf:
            one.close()
        assert client.listing("NLST file") == b"file\r\n"


def case_listing_while_changing(binaries):
    """What comes and goes meanwhile may be there; all others are, once."""
    with Daemon(binaries) as server:
        path = make_large(server, "big", 30000)
        stop = threading.Event()

        def change():
            number = 0
            while not stop.is_set():
                name = os.path.join(path, f"new-{number:06d}")
                os.symlink("x", name)
                if number % 3:
                    os.unlink(name)
                number += 1

        changer = threading.Thread(target=change)
        one = Stalled(server, "LIST big")
        other = Stalled(server, "MLSD big")
        gone = set()
        for number in range(0, 30000, 7):
            gone.add((NAME % number).encode())
            os.unlink(os.path.join(path, NAME % number))
        changer.start()
        try:
            for text in (one.rest(), other.rest()):
                text = re.sub(rb" -> [^\r]*", b"", text)
                found = [name for name in names_of(text)
                         if name.startswith(b"entry")]
                assert len(set(found)) == len(found)
                kept = {(NAME % n).encode() for n in range(30000)} - gone
                assert kept <= set(found), kept - set(found)
        finally:
            stop.set()
            changer.join()
        one.close()
        other.close()
