"""A responder that misbehaves in every way, and recovers.

No handshake asks anybody, so none can notice: that is what is seen from
outside, and who asks are children of the ocsp process alone.
"""

import os
import threading

from cases.ocsp import Rig as ClientRig
from cases.stapling import Rig
from daemon import IS_ROOT, descendants, process_title, wait_for

# What it does, and why there is nothing to staple then.
WAYS = {
    "hang": "no answer in time",
    "trickle": "no answer in time",
    "reset": ".",
    "close": ".",
    "redirect": ".",
    "huge": ".",
    "rubbish": "no OCSP",
    "other": "about another certificate",
    "stranger": "not signed by who may",
    "expired": "too old, or of the future",
    "future": "too old, or of the future",
    "unknown": "does not know the certificate",
    "later": "try later",
}


def owners(port):
    """The titles of the processes that have the TCP socket with that port of
    loopback at their end."""
    local = f"0100007F:{port:04X}"
    with open("/proc/net/tcp", encoding="ascii") as table:
        inodes = {f"socket:[{line.split()[9]}]" for line in table
                  if line.split()[1] == local}
    found = set()
    for pid in descendants(os.getpid()):
        folder = f"/proc/{pid}/fd"
        try:
            names = [os.readlink(os.path.join(folder, name))
                     for name in os.listdir(folder)]
        except OSError:
            continue
        if inodes.intersection(names):
            found.add(process_title(pid))
    return found


class Witness:
    """Sees who it is that connects to a responder."""

    def __init__(self, responder):
        self.titles, self.lock = [], threading.Lock()
        if IS_ROOT:  # nobody else can look into such processes
            responder.heard = self.heard

    def heard(self, port):
        with self.lock:
            self.titles.append(owners(port))

    def check(self):
        for titles in self.titles:
            assert titles and all("asker" in title for title in titles), \
                self.titles
        assert self.titles or not IS_ROOT


def case_staples(binaries):
    """Each misbehaviour: handshakes go on, without a response; then it has
    recovered."""
    with Rig(binaries, tls={"stapling_timeout": "2s"}) as rig:
        rig.server.expect_log("no response to staple|alarm: ")
        witness = Witness(rig.responder)
        rig.stapled()
        for mode, words in WAYS.items():
            rig.responder.mode = mode
            rig.server.ctl("ocspcache", "clear")
            # "none" may have passed already: some answer at once.
            assert wait_for(lambda: rig.entry()["status"] != "good", 10), mode
            # While it is asked, and when it has not answered.
            assert rig.status("1.2") == rig.status("1.3") == "", mode
            rig.failed(words)
            assert rig.status("1.2") == rig.status("1.3") == "", mode
            rig.responder.mode = "index"
            rig.server.ctl("ocspcache", "clear")
            assert wait_for(lambda: rig.entry()["status"] == "good", 30), mode
            assert wait_for(lambda: rig.status() == "good", 10), mode
        rig.root.revoke("first")
        rig.server.ctl("ocspcache", "clear")
        assert wait_for(lambda: rig.entry()["status"] == "revoked", 30)
        assert rig.status("1.2") == rig.status("1.3") == ""
        witness.check()


case_staples.limit = 240
case_staples.idle = True


def case_clients(binaries):
    """The same for certificates of clients: nobody has said good, and the
    others come in meanwhile."""
    with ClientRig(binaries, tls={"verify_client": "optional"},
                   ocsp={"timeout": "2s"}) as rig:
        witness = Witness(rig.responder)
        known = rig.issue("known")
        rig.admitted(known).close()
        for mode in WAYS:
            rig.responder.mode = mode
            refusal = "does not know it" if mode == "unknown" else "nobody says"
            rig.refused(rig.issue(mode), refusal)
            rig.admitted(known).close()
        rig.responder.mode = "index"
        for mode in ("hang", "stranger", "expired"):
            alice = rig.issue(mode + "-again")
            rig.admitted(alice).close()
        witness.check()


case_clients.limit = 240
case_clients.idle = True
