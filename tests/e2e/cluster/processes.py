# SPDX-License-Identifier: MIT
"""The processes of a cluster, as the machine sees them."""
import glob
import os
import re
from dataclasses import dataclass

TICKS_S = os.sysconf("SC_CLK_TCK")


@dataclass
class Part:
    """All processes of one program. What they share is counted once, in equal shares."""

    program: str
    processes: int = 0
    memory_mib: float = 0
    cpu_s: float = 0
    started_s: float = float("inf")  # the first of them, after process 1


def link(path):
    try:
        return os.readlink(path)
    except OSError:  # it ended meanwhile, or is not ours to look at
        return None


def read(pid, name):
    try:
        with open(f"/proc/{pid}/{name}", encoding="utf-8", errors="replace") as file:
            return file.read()
    except OSError:
        return ""


def namespace_of(pid):
    return link(f"/proc/{pid}/ns/pid")


def program_of(pid):
    """The name that it was started with; empty when it ended meanwhile."""
    return os.path.basename(read(pid, "cmdline").split("\0")[0])


def in_namespace(namespace):
    """{pid: program} of a pid namespace. Pods have namespaces of their own."""
    pids = [path.split("/")[2] for path in glob.glob("/proc/[0-9]*/ns/pid")
            if link(path) == namespace]
    return {int(pid): program_of(pid) for pid in pids}


def stat_fields(pid):
    """The fields of proc(5)'s stat from the third on; empty when it ended meanwhile."""
    return read(pid, "stat").rpartition(")")[2].split()


def descendants(pid):
    """The process itself and all below it: for process 1 of a namespace, those of pods too."""
    children = {}
    for path in glob.glob("/proc/[0-9]*/stat"):
        child = path.split("/")[2]
        fields = stat_fields(child)
        if fields:
            children.setdefault(fields[1], []).append(child)
    found = [str(pid)]
    for each in found:
        found += children.get(each, [])
    return found


def memory_mib(pid):
    """Memory that is in RAM; 0 for a process that ended meanwhile."""
    found = re.search(r"^Pss:\s+(\d+) kB", read(pid, "smaps_rollup"), re.M)
    return int(found[1]) / 1024 if found else 0


def times_s(pid):
    """(CPU time used, start after the machine's), None for a process that ended meanwhile."""
    fields = stat_fields(pid)
    if not fields:
        return None
    return (int(fields[11]) + int(fields[12])) / TICKS_S, int(fields[19]) / TICKS_S


def parts(init):
    """[Part], most memory first, of the cluster whose process 1 has this pid."""
    _, begin_s = times_s(init)
    found = {}
    for pid in descendants(init):
        program, times = program_of(pid), times_s(pid)
        if not times or not program:
            continue
        part = found.setdefault(program, Part(program))
        part.processes += 1
        part.memory_mib += memory_mib(pid)
        part.cpu_s += times[0]
        part.started_s = min(part.started_s, times[1] - begin_s)
    return sorted(found.values(), key=lambda part: part.memory_mib, reverse=True)
