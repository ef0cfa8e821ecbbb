# SPDX-License-Identifier: MIT
"""swell-workload serve, started on a free port, and looked into through its metrics."""
import re
import socket

from program import DEADLINE_S, Program, wait_until


def serve(*flags, **more):
    return Program("swell-workload", "serve", "--address=127.0.0.1", "--port=0", *flags, **more)


def metric(program, name):
    """The value of a series, written as in the exposition; 0 when it is not there."""
    _, _, text = program.get("/metrics")
    found = re.search(r"^" + re.escape(name) + r" (\S+)$", text, re.MULTILINE)
    return float(found.group(1)) if found else 0


def burned_s(program, *purposes):
    """CPU seconds that requests have used."""
    return sum(metric(program, f'swell_burn_cpu_seconds_total{{purpose="{purpose}"}}')
               for purpose in purposes or ("answered", "wasted"))


def cost_s(program, ask):
    """CPU seconds that requests use while ask() makes them. A slice of CPU that the machine's host takes
    away counts as burned, so now and then one costs more than it should."""
    before = burned_s(program)
    ask()
    return burned_s(program) - before


class Waiting:
    """Requests that were sent and whose answers nobody reads; closing is going away."""

    def __init__(self, program, count, path="/?cpu_ms=60000"):
        self.sockets = []
        for _ in range(count):
            s = socket.create_connection((program.address, program.port), timeout=DEADLINE_S)
            s.sendall(f"GET {path} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
            self.sockets.append(s)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for s in self.sockets:
            s.close()


def wait_for_line_behind_one_burn(program, waiting):
    """Until one request burns and all others wait. The number in line alone does not say so: it is
    reached too early while the burner has not taken its request and the last one is not there."""
    def seen():
        arrived = metric(program, "http_requests_in_flight") - 1  # the scrape is one as well
        return (arrived, metric(program, "swell_requests_waiting")) == (1 + waiting, waiting)
    wait_until(seen, f"1 burns, {waiting} in line")
