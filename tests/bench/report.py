"""The table, the JSON and what the machine is."""

import json
import os
import platform
import statistics
import time

from measure import read
from place import library_version

COLUMNS = ("mode", "TLS", "clients", "server", "rate", "p50", "p99",
           "CPU", "x floor", "x peer")
FIGURES = ("rate", "p50", "p99", "cpu")


def machine(place, how):
    """What the figures were measured on."""
    model = "?"
    for line in read("/proc/cpuinfo").splitlines():
        if line.startswith("model name"):
            model = line.partition(":")[2].strip()
            break
    return {
        "processor": model,
        "cores": len(os.sched_getaffinity(0)),
        "kernel": platform.release(),
        "openssl": library_version(),
        "file_system": place.data_kind,
        "cpu_counted_by": how,
        "user": "root" if os.geteuid() == 0 else "an ordinary user",
        "date": time.strftime("%Y-%m-%d %H:%M"),
    }


def summary(samples):
    """The medians of the rounds, or the first error."""
    for sample in samples:
        if sample.get("error"):
            return {"error": sample["error"], "errors": sum(
                s.get("errors", 0) for s in samples)}
    result = {name: statistics.median(s[name] for s in samples)
              for name in samples[0] if name in FIGURES}
    result["rounds"] = len(samples)
    return result


def ratios(rows):
    """Adds what compares a row with the floor and with the best peer."""
    floor = next((r for r in rows if r["server"] == "floor"), None)
    bare = next((r for r in rows if r["server"] == "bare loop"), None)
    scan = next((r for r in rows if r["server"] == "readdir, statx"), None)
    peers = [r["rate"] for r in rows if r["peer"] and "rate" in r]
    for row in rows:
        if "rate" not in row:
            continue
        if floor and "cpu" in floor and row is not floor and floor["cpu"]:
            row["cpu_to_floor"] = row["cpu"] / floor["cpu"]
        if row["server"] == "floor, bare" and bare and "rate" in bare:
            row["to_bare"] = row["rate"] / bare["rate"]
        if scan and row is not scan:
            row["to_scan"] = row["p50"] / scan["p50"]
        if peers and not row["peer"]:
            row["rate_to_best_peer"] = row["rate"] / max(peers)


def number(value, digits=2):
    if value is None:
        return "-"
    if value >= 1000:
        return f"{value:,.0f}"
    return f"{value:.{0 if value >= 100 else 1 if digits < 2 else digits}f}"


def line(row):
    """The cells of one row."""
    head = [row["mode"], row["tls"], str(row["clients"]), row["server"]]
    if "error" in row:
        return head + [f"ERROR {row['error']}"]
    return head + [
        number(row["rate"], 1) + (" MB/s" if row["unit"] == "GB" else ""),
        number(row["p50"], 1), number(row["p99"], 1),
        number(row["cpu"] / 1000) + " ms" if row["unit"] == "GB"
        else number(row["cpu"], 1),
        number(row.get("cpu_to_floor")),
        number(row.get("rate_to_best_peer"))]


WIDTHS = (16, 4, 7, 20, 12, 10, 10, 10, 8, 7)


def show(cells):
    """One line of the table: words to the left, figures to the right."""
    text = ""
    for index, cell in enumerate(cells):
        width = WIDTHS[index]
        text += (cell.ljust(width) if index in (0, 1, 3) or len(cells) == 5
                 else cell.rjust(width)) + " "
    return text.rstrip()


def show_notes(row):
    """What the columns do not say of a row."""
    if not row["samples"] or "error" in row:
        return
    sample = row["samples"][-1]
    said = sample["said"]
    notes = []
    if "to_scan" in row:
        notes.append(f"{row['to_scan']:.2f} x the time of readdir and statx")
    if "to_bare" in row:
        notes.append(f"{row['to_bare']:.2f} x the rate of the bare loop")
    if said.get("first_byte_us"):
        notes.append(f"first byte after {said['first_byte_us']:.0f} us")
    if said.get("mode") in ("resumed", "session-resumed") and \
            said["resumed_control"] < said["operations"]:
        notes.append(f"{said['resumed_control']} of {said['operations']} "
                     "were resumed")
    if row["peer"] and said.get("bytes") and \
            said["resumed_data"] < said["operations"]:
        notes.append("data connections were not resumed")
    if "roles" in sample and row["server"].startswith("ftpsd"):
        parts = sorted(sample["roles"].items(), key=lambda part: -part[1])
        notes += [f"{name} {used:.1f}" for name, used in parts if used > .05]
        ended = sample["cpu"] - sum(used for _, used in parts)
        notes.append(f"ended processes {max(ended, 0):.1f}")
    if notes:
        print("    " + ", ".join(notes))


def show_figures(row):
    """A row of figures that have names instead of columns."""
    print(show([row["mode"], row["tls"], str(row["clients"]),
                row["server"], ""]))
    for name, value in row["figures"].items():
        print(f"    {name} {number(value, 1)}", flush=True)


def legend():
    return ("rate: operations a second; p50, p99: microseconds; CPU: "
            "microseconds that the server's\nprocesses ran for each "
            "operation (bulk modes: MB/s, and milliseconds for each GB); "
            "x floor: CPU\nagainst the floor's; x peer: rate against the "
            "best peer's; medians of the rounds; see ftpsd-bench(7)")


def write_json(path, machine_facts, rows, notes):
    with open(path, "w", encoding="utf-8") as out:
        json.dump({"machine": machine_facts, "notes": notes, "rows": rows},
                  out, indent=1)
        out.write("\n")
