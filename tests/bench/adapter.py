# SPDX-License-Identifier: MIT
"""./swell bench adapter: swell-adapter beside prometheus-adapter, each on a core of its own with the
same rules, the same Prometheus (instant_prometheus.py), a real kube-apiserver that says who may read,
and the same client on the other core. It asks as the API server's front proxy does, on 16 connections
that stay, as the controller of HPAs. Between the two stands a bare server (bench_bare.c), which only
ever sends the same bytes: what it takes is the machine's share, and nobody's answer is quicker.

    NAME...   of speed, start, hang, memory, failing; all without one
    --hour    sources that fail for an hour at the usual pace, instead of as many polls in a minute or two

The real API server offers an adapter HTTP/2 and HTTP/1.1 by ALPN and speaks
HTTP/1.1 with one that chooses neither, as ours does; here both are asked by HTTP/1.1."""
import argparse
import contextlib
import itertools
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
# This folder comes last: Python has a module of its own that is named queue.
sys.path = sys.path[1:] + [HERE, *(os.path.join(HERE, "..", n) for n in ("process", "e2e"))]

from bench import (BIN, DEADLINE_S, Running, cpu_s, free_port, median, memory_mib,  # noqa: E402
                   say, table, verdict, wait_until)
from cluster.controlplane import ControlPlane  # noqa: E402
from cluster.settings import Problem  # noqa: E402
from identities import Authority, Door, remote  # noqa: E402
from instant_prometheus import FAILURES, VALUE, InstantPrometheus  # noqa: E402

SWELL_ADAPTER = [os.path.join(BIN, "swell-adapter")]
SERVER_CORE, CLIENT_CORE = 0, 1
CONNECTIONS = 16
METRICS = 1000
MEMORY_MAX_MIB = 12
ASKED = 10  # metrics that the load asks for
RATE = 1000
SPEED_S = 10
RULE_INTERVAL_S = 10  # of the queries that reads of rules make
INTERVAL_S = 5  # of configured metrics
STARTS = 5
HANG_S, HANG_RATE = 3, 100

EXTERNAL = "/apis/external.metrics.k8s.io/v1beta1/namespaces/default/"
# The controller of HPAs, as an API server passes its requests on.
HPA_CONTROLLER = [*remote("system:serviceaccount:kube-system:horizontal-pod-autoscaler",
                          "system:serviceaccounts", "system:serviceaccounts:kube-system",
                          "system:authenticated"),
                  ("Audit-Id", "7c7a35f6-51a1-4f5c-8f2a-6a4d1f0b6a10")]

RULES = """\
externalRules:
- seriesQuery: '{__name__=~"^queue_depth_.*"}'
  resources: {overrides: {namespace: {resource: namespace}}}
  metricsQuery: 'sum(<<.Series>>{<<.LabelMatchers>>}) by (<<.GroupBy>>)'
"""


def names(count):
    return [f"queue_depth_{i}" for i in range(count)]


class World:
    """What both adapters are given."""

    def __init__(self, stack, hour):
        self.hour = hour
        self.peer = build_peer()
        self.plane = stack.enter_context(ControlPlane(controllers=None, say=say))
        self.folder = stack.enter_context(tempfile.TemporaryDirectory())
        front = Authority(self.folder, "front-proxy-ca", self.plane.path("front-proxy-ca.crt"),
                          self.plane.path("front-proxy-ca.key"))
        self.certificate = front.issue("proxy", "/CN=front-proxy-client")
        self.prometheus = InstantPrometheus(names(METRICS))

    def write(self, name, text):
        path = os.path.join(self.folder, name)
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
        return path


class Adapter(Running):
    """Listens, or will soon. Its log is a file: nobody has to read it."""

    def __init__(self, world, *command, core=SERVER_CORE):
        self.world, self.port = world, free_port()
        self.began = time.monotonic()
        with open(os.path.join(world.folder, "log"), "w", encoding="utf-8") as log:
            super().__init__(*command, f"--secure-port={self.port}", core=core, stdout=log,
                             stderr=log)
        self.door = Door(self.port)

    def ask(self, connection, path):
        """(status, body)"""
        connection.putrequest("GET", path)
        for name, value in HPA_CONTROLLER:
            connection.putheader(name, value)
        connection.endheaders()
        answer = connection.getresponse()
        return answer.status, answer.read().decode()

    def get(self, path, timeout_s=DEADLINE_S):
        """(status, body, seconds); (None, ...) when there is no answer."""
        connection = self.door.connect(self.world.certificate)
        connection.timeout = timeout_s
        began = time.monotonic()
        try:
            return *self.ask(connection, path), time.monotonic() - began
        except OSError:
            return None, "", time.monotonic() - began
        finally:
            connection.close()

    def wait_for_values(self, wanted):
        wait_until(lambda: self.get(EXTERNAL + wanted[0])[0] == 200, f"a value of {wanted[0]}")
        with contextlib.closing(self.door.connect(self.world.certificate)) as connection:
            for name in wanted:
                wait_until(lambda name=name: self.ask(connection, EXTERNAL + name)[0] == 200,
                           f"a value of {name}")


def swell(world, config, *flags, command=SWELL_ADAPTER):
    return Adapter(world, *command, "run", "--address=127.0.0.1",
                   f"--config={config}", f"--kubeconfig={world.plane.kubeconfig}",
                   "--service-namespace=default", *flags)


def swell_with_rules(world):
    return swell(world, world.write("rules.yaml", RULES), f"--prometheus-url={world.prometheus.url}")


def own_program(name):
    return os.path.join(os.path.dirname(BIN), "bench", name)


def build_own_programs():
    subprocess.run(["cmake", "--build", os.path.dirname(BIN), "--target", "bench_https", "bench_bare"],
                   check=True, stdout=subprocess.DEVNULL)


def bare(world):
    """Answers whatever is asked as ours answers a read."""
    item = {"metricName": names(1)[0], "metricLabels": {}, "timestamp": "2026-11-22T10:00:00Z",
            "value": VALUE}
    body = json.dumps({"kind": "ExternalMetricValueList", "metadata": {}, "items": [item],
                       "apiVersion": "external.metrics.k8s.io/v1beta1"})
    certificate, key = world.certificate
    answer = world.write("answer", "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
                         f"Content-Length: {len(body)}\r\n\r\n{body}")
    return Adapter(world, own_program("bench_bare"), f"--cert={certificate}", f"--key={key}",
                   f"--answer={answer}")


def build_peer():
    """prometheus-adapter, or None without Go."""
    program = os.path.join(HERE, "..", "..", "build", "bench", "prometheus-adapter")
    if not shutil.which("go"):
        return None
    say("building prometheus-adapter")
    subprocess.run(["go", "build", "-o", program, "sigs.k8s.io/prometheus-adapter/cmd/adapter"],
                   cwd=os.path.join(HERE, "prometheus-adapter"), check=True,
                   env={**os.environ, "CGO_ENABLED": "0"})
    return program


def peer_with_rules(world):
    kubeconfig = world.plane.kubeconfig
    return Adapter(world, world.peer, "--config=" + world.write("rules.yaml", RULES),
                   f"--prometheus-url={world.prometheus.url}", "--metrics-relist-interval=1m",
                   "--bind-address=127.0.0.1", "--cert-dir=" + world.folder,
                   "--lister-kubeconfig=" + kubeconfig, "--authentication-kubeconfig=" + kubeconfig,
                   "--authorization-kubeconfig=" + kubeconfig)


def load(world, adapter, asked, seconds, rate=0):
    """What bench_https measures."""
    paths = world.write("paths", "".join(f"{EXTERNAL}{name}\n" for name in asked))
    certificate, key = world.certificate
    out = subprocess.run(
        ["taskset", "-c", str(CLIENT_CORE), own_program("bench_https"), f"--port={adapter.port}",
         f"--pid={adapter.pid}", f"--cert={certificate}", f"--key={key}", f"--paths={paths}",
         f"--connections={CONNECTIONS}", f"--rate={rate}", f"--duration={seconds}s",
         *(f"--header={name}: {value}" for name, value in HPA_CONTROLLER)],
        check=True, capture_output=True, text=True)
    figures = json.loads(out.stdout)
    if figures["failed"]:
        raise SystemExit(f"bench: {figures['failed']} answers were not 200: {out.stderr}")
    return figures


class Rows:
    """What each did, beside what is asked of ours."""

    def __init__(self):
        self.rows = []

    def add(self, what, target, each, unit, good=None, times=None, shown="{:.2f}"):
        """each: by_each's. good says whether a value is what is asked for, where something is; times,
        how far from prometheus-adapter's that was on the machine for which it was asked."""
        cells = [shown.format(v) + unit if isinstance(v, float) else v or "" for v in each]
        ours, bares, peer = each
        ratio = f"{max(ours, peer) / min(ours, peer):.1f}" if isinstance(peer, float) else ""
        ended = verdict(good(ours)) if good else ""
        if good and not good(ours) and not good(bares):
            ended += ", and by the bare server"
        self.rows.append((what, target, *cells, ratio, times or "", ended))

    def show(self, title):
        table(title, ("what", "target", "ours", "bare server", "prometheus-adapter", "ratio", "asked",
                      ""), self.rows)


def by_each(measure, world):
    """(ours, the bare server's, the peer's or None where there is none)"""
    return (measure(world, swell_with_rules), measure(world, bare),
            world.peer and measure(world, peer_with_rules))


# ---- speed ----

def speed(world, start):
    """Figures at RATE, and at as much as it takes."""
    asked = names(ASKED)
    with start(world) as adapter:
        adapter.wait_for_values(asked)
        world.prometheus.queries.clear()
        say(f"speed: {RATE} requests a second")
        paced = load(world, adapter, asked, SPEED_S, RATE)
        paced["queries"] = float(sum(map(len, world.prometheus.queries.values())))
        say("speed: all it takes")
        return paced, load(world, adapter, asked, SPEED_S)


def cpu_ms(figures):
    return figures["cpuSeconds"] / figures["requests"] * 1000


def bench_speed(world):
    at_rate, at_peak = zip(*(figures or (None, None) for figures in by_each(speed, world)))
    rows = Rows()

    def add(what, target, of, unit, each, *more, **shown):
        rows.add(what, target, [of(figures) if figures else None for figures in each], unit, *more,
                 **shown)

    add("p99", "< 1 ms", lambda f: f["p99"], " ms", at_rate, lambda v: v < 1, 2.3)
    add("p50", "", lambda f: f["p50"], " ms", at_rate)
    add("CPU per request", "0.1 ms", cpu_ms, " ms", at_rate, lambda v: v <= 0.1, 4.1, shown="{:.3f}")
    add(f"queries for {SPEED_S * RATE} reads", f"{ASKED} each {RULE_INTERVAL_S} s",
        lambda f: f["queries"], "", at_rate,
        lambda v: v <= 2 * ASKED * SPEED_S / RULE_INTERVAL_S, shown="{:.0f}")
    add("peak", "15000/s", lambda f: f["requests"] / f["seconds"], "/s", at_peak,
        lambda v: v >= 15000, 5.0, shown="{:.0f}")
    add("CPU per request at the peak", "", cpu_ms, " ms", at_peak, shown="{:.3f}")
    rows.show(f"Speed: TLS, {CONNECTIONS} connections, {ASKED} metrics of a rule, {RATE} requests/s "
              "from when they were due, then all it takes")


# ---- start ----

def start_s(world, start):
    """From exec to the first value."""
    with start(world) as adapter:
        wait_until(lambda: adapter.get(EXTERNAL + names(1)[0])[0] == 200, "the first value",
                   pause_s=0.001)
        return time.monotonic() - adapter.began


def bench_start(world):
    def times(world, start):
        say(f"start: {STARTS} times")
        return median(start_s(world, start) for _ in range(STARTS))

    rows = Rows()
    rows.add("first value", "0.1 s", by_each(times, world), " s", lambda v: v < 0.1, 2.5)
    rows.show(f"From exec to the first value, median of {STARTS} starts")


# ---- a source that hangs ----

def hang_ms(world, start):
    """The slowest answer, or a text when there was none in time."""
    name, = names(1)
    with start(world) as adapter:
        adapter.wait_for_values([name])
        world.prometheus.fails = "hang"
        try:
            if start is peer_with_rules:
                status, _, seconds = adapter.get(EXTERNAL + name, HANG_S)
                return seconds * 1000 if status else f"none in {HANG_S} s"
            if start is swell_with_rules:
                world.prometheus.queries.clear()
                say("hang: until a query hangs")
                wait_until(lambda: world.prometheus.queries, "a query that hangs")
            return load(world, adapter, [name], HANG_S, HANG_RATE)["max"]
        finally:
            world.prometheus.fails = None


def bench_hang(world):
    rows = Rows()
    rows.add("slowest answer", "5 ms", by_each(hang_ms, world), " ms", lambda v: v < 5)
    rows.show(f"A source that hangs: answers in {HANG_S} s, {HANG_RATE} requests/s")


# ---- memory ----

def memory_of(world, adapter):
    """(resident, proportional) MiB, once every metric has a value and was read, and with the
    connections that API servers keep."""
    adapter.wait_for_values(names(METRICS))
    with contextlib.ExitStack() as kept:
        for _ in range(CONNECTIONS):
            connection = adapter.door.connect(world.certificate)
            kept.callback(connection.close)
            for name in names(2):
                assert adapter.ask(connection, EXTERNAL + name)[0] == 200
        return memory_mib(adapter.pid, "Rss"), memory_mib(adapter.pid, "Pss")


def image_command():
    """The image's swell-adapter, up to date; None where nobody built an image, which takes minutes."""
    folder = os.path.join(HERE, "..", "..", "build", "small-tls")
    if not os.path.exists(os.path.join(folder, "build.ninja")):
        return None
    subprocess.run(["cmake", "--build", folder, "--target", "swell-adapter"], check=True,
                   stdout=subprocess.DEVNULL)
    return [os.path.join(folder, "bin", "swell-adapter")]


def queries_per_interval(world, adapter):
    """Of one metric, while all are read RATE times a second: by the time from one to the next, because
    all begin together, so that how many there are in ten seconds depends on when those begin."""
    world.prometheus.queries.clear()
    load(world, adapter, names(METRICS), SPEED_S, RATE)
    return INTERVAL_S / statistics.mean(later - earlier
                                        for times in world.prometheus.queries.values()
                                        for earlier, later in itertools.pairwise(times))


def bench_memory(world):
    config = world.write("metrics.yaml",
                         configured(METRICS, [world.prometheus.url], f"{INTERVAL_S}s", "2s"))
    rows = []
    for name, command in (("release build", SWELL_ADAPTER), ("image", image_command())):
        if not command:
            rows.append((name, f"{MEMORY_MAX_MIB} MiB", "./swell image adapter builds it", "", ""))
            continue
        say(f"memory: {name}")
        with swell(world, config, command=command) as adapter:
            resident, proportional = memory_of(world, adapter)
            if command is SWELL_ADAPTER:
                queries = queries_per_interval(world, adapter)
        rows.append((name, f"{MEMORY_MAX_MIB} MiB", f"{resident:.1f} MiB", f"{proportional:.1f} MiB",
                     verdict(resident <= MEMORY_MAX_MIB)))
    if world.peer:
        say("memory: prometheus-adapter")
        with peer_with_rules(world) as adapter:
            resident, proportional = memory_of(world, adapter)
        rows.append(("prometheus-adapter", "", f"{resident:.1f} MiB", f"{proportional:.1f} MiB", ""))
    table(f"Memory with {METRICS} metrics that all were read, {CONNECTIONS} connections",
          ("program", "target", "resident", "proportional", ""), rows)
    # An interval is the longest wait: each is shortened by up to a tenth at random.
    table(f"Queries of a metric in an interval of {INTERVAL_S} s, while {RATE}/s are read",
          ("target", "ours", ""), [("1 to 1.11", f"{queries:.2f}", verdict(0.9 <= queries <= 1.12))])


# ---- sources that fail ----


FAILING_POLLS = 100_000  # of the short form
HOUR_S = 3600
MARKS = (0.1, 0.5, 1)  # when memory is looked at; what grows in the second half, grows
GROWTH_MAX_MIB = 0.25


def configured(count, urls, interval, timeout):
    """So many metrics of our own kind, spread over the servers."""
    return "externalMetrics:\n" + "".join(
        f"- name: {name}\n"
        f"  source: {{prometheus: {{url: '{urls[i % len(urls)]}', query: {name}, timeout: {timeout}}}}}\n"
        f"  interval: {interval}\n"
        for i, name in enumerate(names(count)))


def failed_polls(adapter):
    """As it says itself; reading that is what a Prometheus does to it all the time."""
    status, text, _ = adapter.get("/metrics")
    assert status == 200, text
    return sum(float(line.rsplit(" ", 1)[1]) for line in text.splitlines()
               if line.startswith("swell_adapter_polls_total{") and 'outcome="ok"' not in line)


def watch_memory(adapter, done, total, pause_s):
    """Resident MiB at the MARKS; done() grows from 0 to total."""
    def reached(mark):  # by polls, while somebody reads
        for name in names(len(FAILURES) + 1):
            assert adapter.get(EXTERNAL + name)[0] in (200, 503)
        return done() >= mark * total

    seen = []
    for mark in MARKS:
        wait_until(lambda: reached(mark), f"{mark:.0%} of what is to fail", pause_s, 2 * HOUR_S)
        seen.append(memory_mib(adapter.pid, "Rss"))
        say(f"failing: {seen[-1]:.2f} MiB after {mark:.0%}")
    return seen


def bench_failing(world):
    servers = [InstantPrometheus() for _ in FAILURES]
    urls = [*(server.url for server in servers), f"http://127.0.0.1:{free_port()}"]
    interval, timeout = ("1s", "900ms") if world.hour else ("100ms", "50ms")
    config = world.write("failing.yaml", configured(METRICS, urls, interval, timeout))
    program, command = ("image", image) if (image := image_command()) else ("release", SWELL_ADAPTER)
    with swell(world, config, "--authorization-always-allow-paths=/metrics",
               command=command) as adapter:
        adapter.wait_for_values(names(len(FAILURES)))
        for server, how in zip(servers, FAILURES):
            server.fails = how
        say(f"failing: {METRICS} metrics whose sources fail in {len(urls)} ways")
        began = time.monotonic()
        if world.hour:
            first, half, end = watch_memory(adapter, lambda: time.monotonic() - began, HOUR_S, 30)
        else:
            first, half, end = watch_memory(adapter, lambda: failed_polls(adapter), FAILING_POLLS, 2)
        polls = failed_polls(adapter)
        used = cpu_s(adapter.pid) / polls * 1000
    table(f"Sources that fail ({program}): {METRICS} metrics, {polls:.0f} failed polls in "
          f"{time.monotonic() - began:.0f} s, {used:.2f} CPU-ms each",
          ("resident", "target", "ours", ""),
          [("after a tenth", "", f"{first:.2f} MiB", ""),
           ("after half", "", f"{half:.2f} MiB", ""),
           ("at the end", f"{MEMORY_MAX_MIB} MiB", f"{end:.2f} MiB", verdict(end <= MEMORY_MAX_MIB)),
           ("growth in the second half", "none", f"{end - half:.2f} MiB",
            verdict(end - half <= GROWTH_MAX_MIB))])


BENCHES = {"speed": bench_speed, "start": bench_start, "hang": bench_hang, "memory": bench_memory,
           "failing": bench_failing}


def main():
    parser = argparse.ArgumentParser(prog="./swell bench adapter")
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(BENCHES))
    parser.add_argument("--hour", action="store_true", help="let sources fail for an hour")
    options = parser.parse_args()
    for name in options.names:
        if name not in BENCHES:
            parser.error(f"there is no '{name}'; there are: {', '.join(BENCHES)}")
    os.sched_setaffinity(0, {CLIENT_CORE})  # and all that is not pinned elsewhere
    print(f"swell-adapter in {BIN}, {os.cpu_count()} CPUs", flush=True)
    build_own_programs()
    with contextlib.ExitStack() as stack:
        world = World(stack, options.hour)
        for name in options.names or BENCHES:
            BENCHES[name](world)


if __name__ == "__main__":
    try:
        main()
    except Problem as problem:
        sys.exit(f"bench adapter: {problem}")
