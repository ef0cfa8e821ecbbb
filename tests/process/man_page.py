# SPDX-License-Identifier: MIT
"""Writes a program's manual page from its --help, as reference.py writes the reference."""
import re
import sys

from program import run
from reference import commands_of, help_of

TAIL = """.SH SIGNALS
SIGTERM and SIGINT drain: readiness goes off at once, what was accepted is finished, and the program
ends within the drain timeout.
.SH EXIT STATUS
.TP
.B 0
All is done.
.TP
.B 1
Something failed while it ran; the log says what.
.TP
.B 2
A flag, a file or a value is wrong: one line on standard error says which, and nothing was started.
"""


def roff(text):
    """Text as it stands: no escapes, no requests, dashes that can be copied."""
    escaped = text.replace("\\", "\\e").replace("-", "\\-")
    return "\\&" + escaped if escaped.startswith((".", "'")) else escaped


def section(text):
    """One of --help's sections: its rows become tagged paragraphs."""
    title, *lines = text.split("\n")
    out = [f".PP\n.B {roff(title)}"]
    for line in lines:
        row = re.match(r"  (\S.*)", line)
        if row:
            out.append(f".TP\n.B {roff(row.group(1))}")
        elif line.strip():
            more = not line.lstrip().startswith("Takes ")
            out.append(roff(line.strip()) + ("\n.br" if more else ""))
    return "\n".join(out)


def command_page(program, command):
    summary, _, *sections = help_of(program, command).split("\n\n")
    return "\n".join([f'.SS "{roff(program)} {command}"', roff(summary.split(": ", 1)[1]),
                      *map(section, sections)])


def man_page(program):
    code, version, _ = run(program, "--version")
    assert code == 0
    summary = help_of(program).split("\n")[0].split(": ", 1)[1]
    parts = [f'.TH {program.upper()} 1 "" "{version.strip()}" "Swell"',
             f".SH NAME\n{program} \\- {roff(summary)}",
             f".SH SYNOPSIS\n.B {program}\n.I command\n[flags]",
             ".SH DESCRIPTION\nEvery flag can also be set by the environment variable named with it; "
             "a flag wins.",
             ".SH COMMANDS", *(command_page(program, command) for command in commands_of(program))]
    return "\n".join(parts) + "\n" + TAIL


if __name__ == "__main__":
    print(man_page(sys.argv[1]), end="")
