# SPDX-License-Identifier: MIT
"""A queue, its workers and its producers under SIGKILL at random moments.

What must hold: every job whose put was acknowledged is worked on and is done in the queue's file,
and no more jobs are worked on twice than were in somebody's hands when somebody was killed. Who was
given what is taken from three places that do not know of each other: the producers' stdout, the
workers' logs and, at the end, the queue's file.
"""
import collections
import os
import random
import re
import signal
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time

from program import BIN, DEADLINE_S, Program, wait_until

HERE = os.path.dirname(os.path.abspath(__file__))
LEASE_S = 10  # long against a pause of the machine: only kills may cost a lease
DONE = 2  # enum job_state in workload/jobs.h


class Producer:
    def __init__(self, chaos, name):
        self.process = subprocess.Popen(
            [sys.executable, os.path.join(HERE, "producer.py"), chaos.address, str(chaos.port),
             f"p{name}", str(chaos.batch_max), chaos.cpu_ms],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True)
        self.reader = threading.Thread(target=self._read, args=(chaos,), daemon=True)
        self.reader.start()

    def _read(self, chaos):
        for line in self.process.stdout:
            if not line.endswith("\n"):
                break  # killed in the middle of it
            put, count = line.split()
            chaos.acknowledge(put, int(count))

    def end(self):
        self.process.kill()
        self.process.wait()
        self.reader.join()
        self.process.stdout.close()


class Worker:
    def __init__(self, chaos, name):
        with open(os.path.join(chaos.logs, f"{name}.log"), "w", encoding="utf-8") as log:
            self.process = subprocess.Popen(
                [os.path.join(BIN, "swell-workload"), "work", "--address=127.0.0.1", "--port=0",
                 f"--queue-url=http://{chaos.address}:{chaos.port}/", "--poll=500ms",
                 f"--concurrency={chaos.concurrency}", f"--lease={LEASE_S}s", "--log-level=debug"],
                stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT)

    def end(self, number=signal.SIGKILL):
        self.process.send_signal(number)
        return self.process.wait(timeout=DEADLINE_S)


class Chaos:
    def __init__(self, seed, workers=3, concurrency=4, producers=2, batch_max=20,
                 cpu_ms="0,0,0,1,3", backlog_max=2000, kill_every_s=(0.3, 1.5)):
        self.random = random.Random(seed)
        self.concurrency, self.batch_max, self.cpu_ms = concurrency, batch_max, cpu_ms
        self.backlog_max = backlog_max
        self.kill_every_s = kill_every_s
        self.folder = tempfile.TemporaryDirectory()
        self.db = os.path.join(self.folder.name, "queue.db")
        self.logs = os.path.join(self.folder.name, "logs")
        os.mkdir(self.logs)
        number = os.getpid() % 65536  # an address of its own, so that the port stays free
        self.address = f"127.84.{number >> 8}.{number & 255}"
        self.port = 0
        self.change = threading.Condition()  # guards the next two
        self.acknowledged = {}  # put -> jobs in it
        self.acknowledged_jobs = 0
        self.kills = collections.Counter()
        self.in_hands = 0  # jobs that were in somebody's hands when somebody was killed
        self.names = 0
        self.queue = self.start_queue()
        self.workers = [Worker(self, self.next_name()) for _ in range(workers)]
        self.producers = [Producer(self, self.next_name()) for _ in range(producers)]

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for one in self.producers + self.workers:
            if one.process.poll() is None:
                one.end()
        self.queue.__exit__()
        self.folder.cleanup()

    def acknowledge(self, put, count):
        with self.change:
            self.acknowledged[put] = count
            self.acknowledged_jobs += count
            self.change.notify_all()

    def next_name(self):
        self.names += 1
        return self.names

    def start_queue(self):
        queue = Program("swell-workload", "queue", f"--address={self.address}",
                        f"--port={self.port}", f"--db={self.db}", "--keep-done=8760h",
                        f"--max-jobs={self.backlog_max}", "--max-disk-mib=8192",
                        "--max-attempts=1000000")
        queue.__enter__()
        self.port = queue.port
        return queue

    def kill_queue(self):
        """Right after an acknowledgement: one that came before its commit would be lost now."""
        with self.change:
            before = self.acknowledged_jobs
            self.change.wait_for(lambda: self.acknowledged_jobs > before, timeout=2)
        self.kills["queue"] += 1
        self.in_hands += self.concurrency * len(self.workers)
        self.queue.stop(signal.SIGKILL)
        self.queue.__exit__()
        self.queue = self.start_queue()

    def kill_worker(self):
        self.kills["worker"] += 1
        self.in_hands += self.concurrency
        at = self.random.randrange(len(self.workers))
        self.workers[at].end()
        self.workers[at] = Worker(self, self.next_name())

    def kill_producer(self):
        self.kills["producer"] += 1
        at = self.random.randrange(len(self.producers))
        self.producers[at].end()
        self.producers[at] = Producer(self, self.next_name())

    def wreak(self, until):
        """Kills until the condition holds."""
        while not until():
            time.sleep(self.random.uniform(*self.kill_every_s))
            self.random.choices((self.kill_queue, self.kill_worker, self.kill_producer),
                                weights=(2, 3, 1))[0]()

    def drain(self, deadline_s):
        """Nobody is killed any more, and nothing put; until all is done."""
        for producer in self.producers:
            producer.end()
        wait_until(self.is_drained, "all jobs done", deadline_s)
        for worker in self.workers:
            if worker.end(signal.SIGTERM) != 0:
                raise AssertionError("a worker left a job behind")
        if self.queue.stop() != 0:
            raise AssertionError("the queue did not end cleanly")

    def is_drained(self):
        stats = self.queue.json("/queues/jobs")
        if stats["dead"]:
            raise AssertionError(f"dead jobs: {stats}")
        return stats["depth"] + stats["in_flight"] + stats["delayed"] == 0

    def acknowledged_ids(self):
        for put, count in self.acknowledged.items():
            if count == 1:
                yield put
            else:
                yield from (f"{put}.{i}" for i in range(1, count + 1))

    def worked(self):
        """How often each job was worked on, as the workers logged it before they said so."""
        times = collections.Counter()
        line = re.compile(r" msg=worked job=(\S+)\n")
        for name in os.listdir(self.logs):
            with open(os.path.join(self.logs, name), encoding="utf-8") as log:
                for text in log:
                    if found := line.search(text):
                        times[found.group(1)] += 1
        return times

    def states(self):
        """What the file says of each job, read without the queue."""
        file = sqlite3.connect(f"file:{self.db}?mode=ro", uri=True)
        try:
            return dict(file.execute("SELECT id, state FROM job"))
        finally:
            file.close()

    def verdict(self):
        """After drain: a sentence with the figures; AssertionError when something was lost."""
        worked, states = self.worked(), self.states()
        lost = [i for i in self.acknowledged_ids() if states.get(i) != DONE]
        idle = [i for i in self.acknowledged_ids() if i not in worked]
        duplicates = sum(times - 1 for times in worked.values())
        figures = (f"{self.acknowledged_jobs} jobs acknowledged, {len(states)} in the file, "
                   f"{duplicates} worked on twice, {self.in_hands} in hands at kills, "
                   f"kills: {dict(self.kills)}")
        if lost or idle or duplicates > self.in_hands:
            raise AssertionError(f"{len(lost)} not done {lost[:5]}, {len(idle)} never worked on "
                                 f"{idle[:5]}; {figures}")
        return figures
