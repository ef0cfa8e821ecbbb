# SPDX-License-Identifier: MIT
"""./swell e2e without a name: every tests/e2e/*.sh, in two rows side by side, because they wait more
than they compute. Ends with what came of each, and loudly with what was not run and why."""
import argparse
import contextlib
import glob
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time

HERE = os.path.dirname(os.path.abspath(__file__))
SWELL = os.path.join(HERE, "..", "..", "swell")
# A machine has one node (./swell cluster), and a checkout has one build/e2e.
ONE_AFTER_THE_OTHER = ("cluster", "image", "manifests", "monitoring", "series", "sheets")
CANNOT_RUN = 77
PATIENCE_S = 60  # with a test that was told to stop
BANNER = "!!!!!!!!!!!!!!!!!!!! NOT TESTED HERE !!!!!!!!!!!!!!!!!!!!"


def names():
    return sorted(os.path.basename(path)[:-3] for path in glob.glob(os.path.join(HERE, "*.sh")))


def signal_group(test, number):
    with contextlib.suppress(ProcessLookupError):
        os.killpg(test.pid, number)


class Tests:
    """Those under way and what came of the others."""

    def __init__(self, until):
        self.until = until
        self.lock = threading.Lock()  # guards all below, and what is printed
        self.running = []
        self.stopped = False
        self.ended = {}  # name: ("passed", "FAILED" or "NOT RUN", seconds, why it was not run)

    def say(self, text):
        with self.lock:
            print(text, flush=True)

    def judge(self, name, verdict, seconds=0.0, why=""):
        with self.lock:
            self.ended[name] = (verdict, seconds, why)

    def named(self, verdict):
        """(name, seconds, why) of each."""
        return sorted((name, *rest) for name, (its, *rest) in self.ended.items() if its == verdict)

    def start(self, name, why_not):
        """The process, or None when the time is over."""
        with self.lock:
            if self.stopped or time.monotonic() >= self.until:
                return None
            test = subprocess.Popen([SWELL, "e2e", name], stdin=subprocess.DEVNULL, text=True,
                                    stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                                    errors="replace", start_new_session=True,
                                    env={**os.environ, "SWELL_WHY_NOT": why_not})
            self.running.append(test)
            return test

    def play(self, name):
        began = time.monotonic()
        with tempfile.NamedTemporaryFile("r") as why_not:
            test = self.start(name, why_not.name)
            if not test:
                self.judge(name, "NOT RUN", why="no time was left")
                return
            for line in test.stdout:
                self.say(f"{name}: {line.rstrip()}")
            code = test.wait()
            why = " ".join(why_not.read().split())
        with self.lock:
            self.running.remove(test)
        verdict = {0: "passed", CANNOT_RUN: "NOT RUN"}.get(code, "FAILED")
        self.judge(name, verdict, time.monotonic() - began, why)

    def play_row(self, row):
        for name in row:
            self.play(name)

    def stop(self):
        """Lets those under way clean up after themselves, and ends what they leave."""
        with self.lock:
            self.stopped = True
            left = list(self.running)
        for test in left:
            signal_group(test, signal.SIGINT)
        for test in left:
            with contextlib.suppress(subprocess.TimeoutExpired):
                test.wait(PATIENCE_S)
            signal_group(test, signal.SIGKILL)

    def tell(self):
        print("==> e2e, all of it:")
        for verdict in ("passed", "FAILED"):
            for name, seconds, _ in self.named(verdict):
                print(f"{verdict} {seconds:7.0f} s  {name}")
        if left_out := self.named("NOT RUN"):
            print(BANNER)
            for name, _, why in left_out:
                print(f"NOT RUN  {name:<12}  {why}")
            print(BANNER)


def main():
    parser = argparse.ArgumentParser(prog="./swell e2e")
    parser.add_argument("--within", type=float, metavar="MINUTES", default=float("inf"),
                        help="no test begins when they are over")
    parser.add_argument("--without", nargs="+", metavar="NAME", default=[], choices=names())
    options = parser.parse_args()
    tests = Tests(time.monotonic() + options.within * 60)
    for name in options.without:
        tests.judge(name, "NOT RUN", why="left out")
    wanted = [name for name in names() if name not in options.without]
    first = [name for name in wanted if name in ONE_AFTER_THE_OTHER]
    second = [name for name in wanted if name not in ONE_AFTER_THE_OTHER]
    rows = [threading.Thread(target=tests.play_row, args=(row,), daemon=True) for row in (first, second)]
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda number, _: sys.exit(128 + number))
    for row in rows:
        row.start()
    try:
        for row in rows:
            row.join()
    finally:
        tests.stop()
    for name in wanted:
        if name not in tests.ended:  # its row ended by a mistake of ours
            tests.judge(name, "FAILED")
    tests.tell()
    if failed := tests.named("FAILED"):
        sys.exit(f"./swell e2e: {', '.join(name for name, *_ in failed)} failed")


if __name__ == "__main__":
    main()
