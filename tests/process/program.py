# SPDX-License-Identifier: MIT
"""Starts one of our programs, waits for its "listening" line, and ends it. Standard library only.

    with Program("swell-workload", "serve", "--port=0") as p:
        status, headers, body = p.get("/healthz")
        p.stop()            # SIGTERM; returns the exit code

Nothing here waits for time: every wait is for an event, with a deadline that fails the test.
"""
import http.client
import json
import os
import queue
import re
import signal
import subprocess
import threading
import time

BIN = os.environ["SWELL_BIN"]
DEADLINE_S = 60  # generous: sanitizers on a busy machine


def run(*command, timeout=DEADLINE_S, env=None, **more):
    """Runs a program to its end: (exit code, stdout, stderr)."""
    done = subprocess.run([os.path.join(BIN, command[0]), *command[1:]], capture_output=True,
                          text=True, timeout=timeout, env={**os.environ, **(env or {})},
                          stdin=subprocess.DEVNULL, **more)
    return done.returncode, done.stdout, done.stderr


class Program:
    def __init__(self, *command, env=None):
        self.process = subprocess.Popen(
            [os.path.join(BIN, command[0]), *command[1:]], stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
            env={**os.environ, **(env or {})})
        self.lines = []  # of stdout, in order
        self.arrived = queue.Queue()
        self.errors = []  # of stderr
        self.readers = [threading.Thread(target=self._read_stdout, daemon=True),
                        threading.Thread(target=self._read_stderr, daemon=True)]
        for reader in self.readers:
            reader.start()

    def _read_stdout(self):
        for line in self.process.stdout:
            self.lines.append(line.rstrip("\n"))
            self.arrived.put(line)
        self.arrived.put(None)

    def _read_stderr(self):
        for line in self.process.stderr:
            self.errors.append(line.rstrip("\n"))

    def __enter__(self):
        try:
            listening = self.wait_for_line("msg=listening")
            self.address = re.search(r"address=(\S+)", listening).group(1)
            self.port = int(re.search(r"port=(\d+)", listening).group(1))
            return self
        except BaseException:
            self.__exit__()
            raise

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        for reader in self.readers:
            reader.join()
        self.process.stdout.close()
        self.process.stderr.close()

    def wait_for_line(self, text):
        """The first stdout line with text in it, from the start of the run on."""
        seen = 0
        until = time.monotonic() + DEADLINE_S
        while True:
            for line in self.lines[seen:]:
                seen += 1
                if text in line:
                    return line
            try:
                if self.arrived.get(timeout=max(0, until - time.monotonic())) is None and \
                        seen == len(self.lines):
                    break
            except queue.Empty:
                break
        raise AssertionError(f"no line with {text!r}; stdout: {self.lines}; stderr: {self.errors}")

    def stop(self, number=signal.SIGTERM):
        self.process.send_signal(number)
        return self.process.wait(timeout=DEADLINE_S)

    def request(self, method, path, body=None, headers=None):
        """(status, headers, body) over a connection of its own."""
        connection = http.client.HTTPConnection(self.address, self.port, timeout=DEADLINE_S)
        try:
            connection.request(method, path, body=body, headers=headers or {})
            answer = connection.getresponse()
            return answer.status, dict(answer.getheaders()), answer.read().decode()
        finally:
            connection.close()

    def get(self, path, **more):
        return self.request("GET", path, **more)

    def json(self, path, method="GET", body=None):
        status, _, text = self.request(method, path, None if body is None else json.dumps(body))
        if status >= 300:
            raise AssertionError(f"{method} {path} answered {status}: {text}")
        return json.loads(text)


def started(test, *command, **more):
    """A Program that has started and ends with the test, and well: sanitizers speak up at the end, on
    stderr and by the exit code."""
    program = Program(*command, **more)

    def end():
        try:
            if program.process.poll() is None:
                test.assertEqual(program.stop(), 0, program.errors)
        finally:
            program.__exit__()
        test.assertEqual(program.errors, [])

    program.__enter__()
    test.addCleanup(end)
    return program


def wait_until(condition, what, deadline_s=DEADLINE_S):
    """Polls condition until it returns something true, and returns that."""
    until = time.monotonic() + deadline_s
    while time.monotonic() < until:
        result = condition()
        if result:
            return result
        time.sleep(0.02)
    raise AssertionError(f"not seen within {deadline_s} s: {what}")
