# SPDX-License-Identifier: MIT
"""The processes of a cluster, as the machine sees them."""
import glob
import os
import re


def link(path):
    try:
        return os.readlink(path)
    except OSError:  # it ended meanwhile, or is not ours to look at
        return None


def namespace_of(pid):
    return link(f"/proc/{pid}/ns/pid")


def in_namespace(namespace):
    """{pid: program} of a pid namespace."""
    pids = [path.split("/")[2] for path in glob.glob("/proc/[0-9]*/ns/pid")
            if link(path) == namespace]
    return {int(pid): os.path.basename(link(f"/proc/{pid}/exe") or "") for pid in pids}


def resident_mib(pid):
    """Memory that is in RAM; 0 for a process that ended meanwhile."""
    try:
        with open(f"/proc/{pid}/status", encoding="utf-8") as file:
            found = re.search(r"^VmRSS:\s+(\d+) kB", file.read(), re.M)
    except OSError:
        return 0
    return int(found[1]) / 1024 if found else 0


def memory(namespace):
    """[(MiB, processes, program)], most first."""
    by_program = {}
    for pid, program in in_namespace(namespace).items():
        by_program.setdefault(program, []).append(resident_mib(pid))
    return sorted(((sum(each), len(each), name) for name, each in by_program.items()), reverse=True)
