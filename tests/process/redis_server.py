# SPDX-License-Identifier: MIT
"""A real redis-server on an address of its own, for tests. Standard library only."""
import os
import shutil
import socket
import subprocess
import tempfile
import unittest

from program import DEADLINE_S, wait_until


class Redis:
    """A server on an address of its own, and the few words of its protocol that tests need."""

    started = 0  # in this process

    def __init__(self, folder, *flags):
        number = os.getpid() % 65536
        self.address = f"127.{85 + Redis.started % 100}.{number >> 8}.{number & 255}"
        Redis.started += 1
        self.command = ["redis-server", "--bind", self.address, "--port", "6379", "--dir", folder,
                        "--appendonly", "yes", "--appendfsync", "always", "--save", "", *flags]
        self.socket = None
        self.start()

    def start(self):
        self.process = subprocess.Popen(self.command, stdin=subprocess.DEVNULL,
                                        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        wait_until(self.connect, "redis-server answers")

    def connect(self):
        if self.process.poll() is not None:
            raise AssertionError(f"redis-server ended with {self.process.returncode}")
        try:
            self.socket = socket.create_connection((self.address, 6379), timeout=DEADLINE_S)
        except OSError:
            return False
        self.file = self.socket.makefile("rb")
        try:
            return self("PING") in ("PONG", None)
        except RuntimeError as error:
            if "NOAUTH" in str(error):
                return True
            self.disconnect()  # it is still loading
            return False

    def disconnect(self):
        self.file.close()
        self.socket.close()

    def stop(self):
        self.disconnect()
        self.process.kill()
        self.process.wait()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()

    def __call__(self, *words):
        """One command and its reply; RuntimeError for an error reply."""
        words = [w if isinstance(w, bytes) else str(w).encode() for w in words]
        self.socket.sendall(b"*%d\r\n" % len(words) +
                            b"".join(b"$%d\r\n%s\r\n" % (len(w), w) for w in words))
        return self.reply()

    def reply(self):
        kind, text = (line := self.file.readline())[:1], line[1:-2].decode()
        if kind == b"-":
            raise RuntimeError(text)
        if kind == b":":
            return int(text)
        if kind == b"$":
            return None if text == "-1" else self.file.read(int(text) + 2)[:-2].decode()
        if kind == b"*":
            return None if text == "-1" else [self.reply() for _ in range(int(text))]
        return text

    def url(self):
        return f"redis://{self.address}:6379/0"


@unittest.skipUnless(shutil.which("redis-server"), "redis-server is not installed")
class WithRedis(unittest.TestCase):
    def redis(self, *flags):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        redis = Redis(folder.name, *flags)
        self.addCleanup(redis.stop)
        return redis
