"""What ftpsd-ftp(7) and the tables of commands say, for tests."""

import os
import re

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(
    os.path.abspath(__file__))))
# What may be the answer to any command, by the page.
ANYWHERE = {421, 500, 501, 530, 550}


class Command:
    """A row of verbs.def or site.def."""

    def __init__(self, name, argument, flags):
        self.name = name
        self.argument = argument    # NONE, OPTIONAL, REQUIRED; None: absent
        self.flags = flags          # without VERB_
        self.replies = set()        # codes that the page names

    def __contains__(self, flag):
        return flag in self.flags

    @property
    def is_site(self):
        return self.name.startswith("SITE ")


def read(*path):
    with open(os.path.join(ROOT, *path), encoding="utf-8") as text:
        return text.read()


def commands():
    """All rows, those that are not built too, with what the page says."""
    found = []
    verbs = read("worker", "ftp", "verbs.def")
    site = read("worker", "ftp", "site.def")
    row = r'^(?:{})\("(\w+)", \w+, (\w+), ([\w| ]+),'
    for name, argument, flags in re.findall(row.format("VERB|ALIAS"), verbs,
                                            re.M):
        if name != "SITE":
            found.append(Command(name, argument, split(flags)))
    for name, argument, flags in re.findall(row.format("SITE"), site, re.M):
        found.append(Command("SITE " + name, argument,
                             split(flags) | {"LOGIN"}))
    for name in re.findall(r'^ABSENT\("(\w+)"\)', verbs, re.M):
        found.append(Command(name, None, set()))
    replies = page_replies()
    for command in found:
        if command.argument:
            command.replies = replies[command.name]
    return found


def split(flags):
    return set(re.findall(r"VERB_(\w+)", flags))


def page_replies():
    """The codes that each row of the page names."""
    rows = {}
    text = read("man", "ftpsd-ftp.7")
    text = re.search(r"^\.Sh COMMANDS\n(.*?)^\.Sh", text, re.M | re.S).group(1)
    for part in re.split(r"^\.It Ic ", text, flags=re.M)[1:]:
        name = re.match(r"SITE \w+|\w+", part).group()
        codes = re.search(r"^\.Em Replies :\n((?:\d[\d, .]*\n)+)", part,
                          re.M)
        assert codes, f"ftpsd-ftp(7) names no replies of {name}"
        rows[name] = {int(code) for code in
                      re.findall(r"\d\d\d", codes.group(1))}
    return rows
