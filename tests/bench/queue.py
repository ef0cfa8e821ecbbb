# SPDX-License-Identifier: MIT
"""./swell bench queue: durable puts and lease+ack per second beside Redis, which writes its log for
each command too, and beside what the disk and SQLite do by themselves; then a long run under
SIGKILL.

    --seconds=5     of each measurement
    --jobs=1000000  of the long run; 0 leaves it out
    --seed=N        of the long run
"""
import argparse
import contextlib
import json
import os
import random
import re
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
# This folder comes last: Python has a module of its own that is named queue.
sys.path = sys.path[1:] + [HERE, *(os.path.join(HERE, "..", n) for n in ("process", "chaos"))]

from bench import Client, Running, Swell, free_port, say, table, wait_until  # noqa: E402
from chaos import LEASE_S, Chaos  # noqa: E402

CLIENTS = 64
BACKLOG_PER_S = 20000  # more than any of them takes, so that no measurement runs dry

PUT_LUA = """
wrk.method = "POST"
wrk.body = '{"cpu_ms":0}'
wrk.headers["Content-Type"] = "application/json"
"""


def stats(client):
    return json.loads(client.get("/queues/jobs")[1])


def start_queue(folder):
    return Swell("swell-workload", "queue", "--address=127.0.0.1", "--port=0",
                 "--max-jobs=100000000", "--max-disk-mib=8192",
                 f"--db={os.path.join(folder, 'queue.db')}")


def swell_puts_per_s(queue, folder, seconds):
    script = os.path.join(folder, "put.lua")
    with open(script, "w", encoding="utf-8") as file:
        file.write(PUT_LUA)
    client = Client(queue.address, queue.port)
    client.request("PUT", "/queues/jobs")
    before, began = stats(client)["put"], time.monotonic()
    subprocess.run(["wrk", "-t1", f"-c{CLIENTS}", f"-d{seconds}s", "-s", script,
                    f"{queue.url}/queues/jobs/jobs"], check=True, stdout=subprocess.DEVNULL)
    return (stats(client)["put"] - before) / (time.monotonic() - began)


def swell_done_per_s(queue, seconds):
    client = Client(queue.address, queue.port)
    for _ in range(max(1, BACKLOG_PER_S * seconds // 10000)):
        client.request("POST", "/queues/jobs/jobs", '{"cpu_ms":0,"count":10000}')
    with Swell("swell-workload", "work", "--address=127.0.0.1", "--port=0",
               f"--queue-url={queue.url}", f"--concurrency={CLIENTS}"):
        wait_until(lambda: stats(client)["done"] > 0, "the first job done")
        before, began = stats(client), time.monotonic()
        time.sleep(seconds)
        after = stats(client)
        elapsed = time.monotonic() - began
    if after["depth"] == 0 or after["duplicates"]:
        raise SystemExit(f"bench: not a fair measurement: {after}")
    return (after["done"] - before["done"]) / elapsed


@contextlib.contextmanager
def redis(folder):
    port = str(free_port())
    with Running("redis-server", "--bind", "127.0.0.1", "--port", port, "--dir", folder,
                 "--appendonly", "yes", "--appendfsync", "always", "--save", "",
                 stdout=subprocess.DEVNULL):
        wait_until(lambda: subprocess.run(["redis-cli", "-p", port, "ping"], check=False,
                                          capture_output=True).stdout == b"PONG\n", "Redis")
        yield port


def redis_per_s(port, count, *command):
    out = subprocess.run(["redis-benchmark", "-p", port, "-c", str(CLIENTS), "-n", str(count),
                          "-q", *command], check=True, capture_output=True, text=True).stdout
    return float(re.findall(r"([\d.]+) requests per second", out)[-1])


def sqlite_commits_per_s(folder, seconds):
    db = sqlite3.connect(os.path.join(folder, "raw.db"), isolation_level=None)
    db.execute("PRAGMA journal_mode=WAL")
    db.execute("PRAGMA synchronous=FULL")
    db.execute("CREATE TABLE job (id TEXT)")
    count, until = 0, time.monotonic() + seconds
    while time.monotonic() < until:
        db.execute("INSERT INTO job VALUES ('a job')")
        count += 1
    db.close()
    return count / seconds


def fdatasyncs_per_s(folder, seconds):
    count, until = 0, time.monotonic() + seconds
    with open(os.path.join(folder, "raw"), "wb", buffering=0) as file:
        while time.monotonic() < until:
            file.write(4096 * b"x")
            os.fdatasync(file.fileno())
            count += 1
    return count / seconds


def bench_rates(seconds):
    with tempfile.TemporaryDirectory() as folder:
        say("the disk by itself")
        syncs = fdatasyncs_per_s(folder, seconds)
        commits = sqlite_commits_per_s(folder, seconds)
        say(f"swell-workload queue, {CLIENTS} clients")
        with start_queue(folder) as queue:
            puts = swell_puts_per_s(queue, folder, seconds)
        with start_queue(folder) as queue:
            done = swell_done_per_s(queue, seconds)
        rows = [("fdatasync of 4 KiB, one after the other", f"{syncs:.0f}", "", ""),
                ("SQLite, a row a commit", f"{commits:.0f}", f"{commits / syncs:.2f}", ""),
                ("swell put", f"{puts:.0f}", f"{puts / syncs:.2f}", ""),
                ("swell lease+ack", f"{done:.0f}", f"{done / syncs:.2f}", "")]
        if shutil.which("redis-server"):
            say(f"Redis, {CLIENTS} clients")
            with redis(folder) as port:
                count = int(max(puts, 1000) * seconds)
                pushes = redis_per_s(port, count, "lpush", "jobs", '{"cpu_ms":0}')
                moves = redis_per_s(port, count, "lmove", "jobs", "hand", "right", "left")
                removes = redis_per_s(port, count, "lrem", "hand", "1", '{"cpu_ms":0}')
            reliable = 1 / (1 / moves + 1 / removes)
            rows += [("Redis LPUSH, appendfsync always", f"{pushes:.0f}", f"{pushes / syncs:.2f}",
                      f"swell {puts / pushes:.2f}x"),
                     ("Redis LMOVE + LREM, the same", f"{reliable:.0f}", f"{reliable / syncs:.2f}",
                      f"swell {done / reliable:.2f}x")]
    table(f"Durable: every answer after the disk has it, {CLIENTS} clients",
          ("what", "per second", "per fdatasync", ""), rows)


def bench_chaos(jobs, seed):
    say(f"{jobs} jobs under SIGKILL, seed {seed}")
    began = time.monotonic()
    with Chaos(seed, concurrency=16, batch_max=400, cpu_ms="0", backlog_max=50000,
               kill_every_s=(1, 8)) as chaos:
        told = [0]

        def enough():
            if chaos.acknowledged_jobs - told[0] >= jobs / 10:
                told[0] = chaos.acknowledged_jobs
                say(f"{told[0]} acknowledged after {time.monotonic() - began:.0f} s")
            return chaos.acknowledged_jobs >= jobs
        chaos.wreak(enough)
        chaos.drain(deadline_s=300 + LEASE_S)
        try:
            print(f"\nChaos (seed {seed}): nothing lost: {chaos.verdict()}, "
                  f"{time.monotonic() - began:.0f} s")
        except AssertionError as error:
            raise SystemExit(f"bench: LOST WORK (seed {seed}): {error}") from error


def main():
    flags = argparse.ArgumentParser(prog="./swell bench queue")
    flags.add_argument("--seconds", type=int, default=5)
    flags.add_argument("--jobs", type=int, default=1000000)
    flags.add_argument("--seed", type=int, default=random.randrange(10**6))
    flags = flags.parse_args()
    bench_rates(flags.seconds)
    if flags.jobs:
        bench_chaos(flags.jobs, flags.seed)


main()
