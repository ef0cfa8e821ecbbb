# SPDX-License-Identifier: MIT
"""Writes the reference from the programs' own --help, so that flags, endpoints and metrics are
documented once, where they are defined. test_reference.py compares docs/reference.md with it."""
import re

from program import run

PROGRAMS = ["swell-workload", "swell-adapter", "swell-load", "swell-lab"]

HEAD = """# Reference

Written by `./swell reference` from the programs' `--help`; a test keeps it true. Every flag can also
be set by the environment variable named with it; a flag wins.
"""


def help_of(*command):
    code, text, errors = run(*command, "--help")
    if code != 0:
        raise RuntimeError(f"{' '.join(command)} --help ended with {code}: {errors}")
    return text.strip()


def commands_of(program):
    listing = help_of(program).split("Commands:\n")[1].split("\n\n")[0]
    return re.findall(r"^  (\S+)", listing, re.MULTILINE)


def reference():
    parts = [HEAD]
    for program in PROGRAMS:
        parts.append(f"\n## {program}\n")
        for command in commands_of(program):
            parts.append(f"\n### {program} {command}\n\n```\n{help_of(program, command)}\n```\n")
    return "".join(parts)


if __name__ == "__main__":
    print(reference(), end="")
