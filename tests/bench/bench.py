# SPDX-License-Identifier: MIT
"""What the benches share: processes on a core of their own, the kernel's count of their CPU time and
memory, and a table. Figures are ratios against a peer in the same run, or errors against what was
asked for; absolute rates are of the machine and its mood."""
import http.client
import os
import re
import signal
import socket
import statistics
import subprocess
import sys
import time

BIN = os.environ["SWELL_BIN"]
DEADLINE_S = 60


def say(text):
    """Progress, for the person who waits."""
    print(f"... {text}", file=sys.stderr, flush=True)


def table(title, head, rows):
    rows = [[str(cell) for cell in row] for row in rows]
    widths = [max(len(row[i]) for row in [list(head), *rows]) for i in range(len(head))]
    print(f"\n{title}")
    for row in (list(head), *rows):
        print("  " + "  ".join(cell.ljust(width) for cell, width in zip(row, widths)).rstrip())
    sys.stdout.flush()


def verdict(ok):
    return "ok" if ok else "MISSED"


class Running:
    """A process of ours or a peer's; ended with the block. core pins it."""

    def __init__(self, *command, core=None, **more):
        if core is not None:
            command = ("taskset", "-c", str(core), *command)
        # A session of its own: Apache ends its whole process group, which would be ours.
        self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, text=True,
                                        start_new_session=True, **more)
        self.pid = self.process.pid

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


class Swell(Running):
    """One of our programs, once it listens."""

    def __init__(self, *command, core=None, folder=BIN):
        super().__init__(os.path.join(folder, command[0]), *command[1:], core=core,
                         stdout=subprocess.PIPE)
        line = self.process.stdout.readline()
        found = re.search(r"address=(\S+) port=(\d+)", line)
        if not found:
            raise SystemExit(f"bench: {' '.join(command)} did not start: {line}")
        self.address, self.port = found.group(1), int(found.group(2))
        self.url = f"http://{self.address}:{self.port}"


def family(pid):
    """The process and its descendants."""
    with open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as file:
        children = file.read().split()
    return [pid, *(p for child in children for p in family(int(child)))]


def cpu_s(pid):
    """CPU time of a process and its living descendants, from the kernel's CPU clocks."""
    return sum(time.clock_gettime((~p << 3) | 2) for p in family(pid))


def cpu_by_thread_s(pid):
    """{(thread, name): CPU time}; exact while the threads sleep."""
    used = {}
    for thread in os.listdir(f"/proc/{pid}/task"):
        with open(f"/proc/{pid}/task/{thread}/comm", encoding="ascii") as file:
            name = file.read().strip()
        with open(f"/proc/{pid}/task/{thread}/schedstat", encoding="ascii") as file:
            used[thread, name] = int(file.read().split()[0]) / 1e9
    return used


def memory_mib(pid, kind="Pss"):
    total = 0
    for p in family(pid):
        with open(f"/proc/{p}/smaps_rollup", encoding="ascii") as file:
            total += int(re.search(rf"^{kind}:\s+(\d+) kB", file.read(), re.MULTILINE).group(1))
    return total / 1024


class Client:
    """One keep-alive connection."""

    def __init__(self, address, port):
        self.connection = http.client.HTTPConnection(address, port, timeout=DEADLINE_S)

    def get(self, path):
        return self.request("GET", path)

    def request(self, method, path, body=None, headers=None):
        self.connection.request(method, path, body=body, headers=headers or {})
        answer = self.connection.getresponse()
        return answer.status, answer.read()


def requests_per_s(url, seconds, connections, core=None):
    """What Debian's wrk gets out of a server, with one thread."""
    pin = ["taskset", "-c", str(core)] if core is not None else []
    done = subprocess.run([*pin, "wrk", "-t1", f"-c{connections}", f"-d{seconds}s", url],
                          capture_output=True, text=True, check=True)
    if "Non-2xx" in done.stdout or "Socket errors" in done.stdout:
        raise SystemExit(f"bench: {url} answered with errors:\n{done.stdout}")
    return float(re.search(r"Requests/sec:\s+(\S+)", done.stdout).group(1))


def free_port():
    """A port that nobody listened on a moment ago; for peers that cannot pick one themselves."""
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def wait_until(condition, what, pause_s=0.01, deadline_s=DEADLINE_S):
    until = time.monotonic() + deadline_s
    while time.monotonic() < until:
        if condition():
            return
        time.sleep(pause_s)
    raise SystemExit(f"bench: not seen within {deadline_s} s: {what}")


median = statistics.median
