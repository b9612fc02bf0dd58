"""What is measured: one table."""

from dataclasses import dataclass, field

BOTH = ("1.3", "1.2")
BASIC = (1, 8, 64)
MIB = 1 << 20
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
    special: str = ""           # measured by a function of special.py, or trouble.py


WORKERS = tuple((f"{count} worker{'s'[:count > 1]}", {"workers": count})
                for count in (1, 2, 4))
HOSTS = (("no hosts", {}), ("5,000, unnamed", {"hosts": 5000}),
         ("5,000, in turn", {"hosts": 5000, "named": True}))
CACHE = (("empty cache", {}), ("full cache", {"sessions": 100000}))
DURABILITY = tuple((word, {"config": {"durability": word}})
                   for word in ("none", "data", "full"))

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
    Mode("bulk-down", "RETR of 1 GiB", "bulk-down", clients=(1,),
         file="big", size=GIB, operations=1, unit="GB", smoke_size=MIB),
    Mode("bulk-down-8", "RETR of 256 MiB, 8 at once", "bulk-down",
         clients=(8,), file="part", size=GIB // 4, operations=8, unit="GB",
         smoke_size=MIB),
    Mode("bulk-up", "STOR of 1 GiB", "bulk-up", clients=(1,),
         file="up/big", size=GIB, operations=1, unit="GB", smoke_size=MIB),
    Mode("bulk-up-8", "STOR of 256 MiB, 8 at once", "bulk-up", clients=(8,),
         file="up/part", size=GIB // 4, operations=8, unit="GB",
         smoke_size=MIB),
    Mode("list", "LIST of 100,000 entries", "list", clients=(1,),
         file="many", size=100000, operations=4),
    Mode("mlsd", "MLSD of 100,000 entries", "mlsd", clients=(1,),
         file="many", size=100000, operations=4),
    Mode("idle", "memory of 0, 1,000 and 10,000 sessions, processor time "
         "of the last, and a login meanwhile", tls=("1.3",),
         clients=(1,), special="idle"),
    Mode("storm", "2,000 clients log in at once after a restart", "storm",
         clients=(2000,), who="ours", special="storm"),
    Mode("mixed", "sessions, alone and beside a client that reads 1 byte "
         "a second and a stopped agent", "session", tls=("1.3",),
         clients=(8,), file="small", size=4096, who="ftpsd",
         special="mixed"),
    Mode("workers", "sessions with 1, 2 and 4 workers", "session",
         clients=(8,), file="small", size=4096, who="ftpsd",
         variants=WORKERS),
    Mode("hosts", "handshakes with no virtual hosts, with 5,000 that "
         "nobody names, and with each of 5,000 in turn", "handshake",
         clients=(8,), who="ftpsd", variants=HOSTS),
    Mode("hosts-start", "start, and memory, with 5,000 virtual hosts",
         tls=("1.3",), clients=(1,), special="hosts_start"),
    Mode("cache", "handshakes resumed from a cache with 0 and 100,000 "
         "sessions", "resumed", clients=(8,), who="ftpsd", variants=CACHE),
    Mode("durability", "STOR of 4 KiB, durability none, data and full",
         "up", clients=(8,), file="up/small", size=4096, who="ftpsd",
         variants=DURABILITY),
    Mode("responders", "handshakes of clients that ask for a stapled "
         "response, beside responders of OCSP that misbehave", "handshake",
         clients=(8,), who="ftpsd", special="responders"),
    Mode("floods", "the answer to another client's NOOP, beside floods of "
         "key updates (1.3) and renegotiations (1.2)", clients=(1,),
         who="ftpsd", special="floods"),
)
