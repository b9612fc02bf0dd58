"""What is measured: one table."""

from dataclasses import dataclass, field

BOTH = ("1.3", "1.2")
BASIC = (1, 8, 64)
GIB = 1 << 30


@dataclass(frozen=True)
class Mode:
    """One row of the table below."""

    name: str
    what: str
    load: str = ""              # the load generator's word
    tls: tuple = BOTH
    clients: tuple = BASIC
    file: str = ""              # what is transferred, and how large it is
    size: int = 0
    operations: int = 0         # 0: as many as fit into the time
    unit: str = "op"            # or GB: figures are for each of these
    who: str = "all"            # all, ours (ftpsd, floor), ftpsd
    options: dict = field(default_factory=dict)
    variants: tuple = (("", {}),)
    smoke_size: int = 4096      # at most that large in a smoke run
    special: str = ""           # measured by that function of special.py


MODES = (
    Mode("handshake", "connect, AUTH TLS, full handshake, QUIT",
         "handshake"),
    Mode("resumed-cache", "the same, resumed from the session cache",
         "resumed"),
    Mode("resumed-tickets", "the same, resumed by a ticket",
         "resumed", who="ours", options={"tickets": True}),
    Mode("login", "full handshake, USER, PASS, QUIT", "login"),
    Mode("session", "login, EPSV, RETR of 4 KiB over a resumed data "
         "connection, QUIT", "session", file="small", size=4096),
    Mode("session-resumed", "the same, the control connection resumed too",
         "session-resumed", file="small", size=4096),
    Mode("session-cold", "a session whose account has no agent yet",
         "session", clients=(1,), file="small", size=4096, who="ours",
         options={"config": {"agent_idle": "0s"}}),
    Mode("down", "RETR of 4 KiB, one login", "down", file="small",
         size=4096),
    Mode("up", "STOR of 4 KiB, one login", "up", file="up/small",
         size=4096),
)
