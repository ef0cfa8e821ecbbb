# SPDX-License-Identifier: MIT
"""What nobody should send to the other roles of swell-workload: they are told so, or hung up on, and
probes are answered all the while. For serve there is test_serve_bad_input.py."""
import resource
import socket
import tempfile
import unittest

from program import DEADLINE_S, Program

ROLES = {"queue": ("--db={folder}/q.db",), "consume": (), "consume-controller": (),
         "work": ("--queue-url=http://127.0.0.1:1/",),
         "value": ("--redis-write=redis://127.0.0.1:1",)}
IDLE = 2500  # more than any of them keeps


def connect(p):
    return socket.create_connection((p.address, p.port), timeout=DEADLINE_S)


def peak_mib(p):
    """The most memory that it has had resident."""
    with open(f"/proc/{p.process.pid}/status", encoding="ascii") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("VmHWM")) / 1024


class Roles(unittest.TestCase):
    def with_each(self, check):
        for role, flags in ROLES.items():
            with self.subTest(role), tempfile.TemporaryDirectory() as folder, \
                    Program("swell-workload", role, "--address=127.0.0.1", "--port=0",
                            *(flag.format(folder=folder) for flag in flags)) as p:
                check(p)
                self.assertEqual(p.get("/livez")[0], 200)
                self.assertEqual(p.stop(), 0)

    def test_a_query_of_1_mib_is_refused(self):
        def check(p):
            with connect(p) as s:
                try:
                    s.sendall(b"POST /x?millicores=" + b"1" * 2**20 + b" HTTP/1.1\r\nHost: x\r\n\r\n")
                except OSError:
                    pass  # it does not read all of that
                self.assertIn(s.recv(12)[9:], (b"413", b"414", b"431"))
        self.with_each(check)

    def test_idle_connections_keep_nobody_out(self):
        _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))

        def check(p):
            idle = [connect(p) for _ in range(min(IDLE, most - 200))]
            for path in ("/livez", "/readyz", "/version"):
                self.assertIn(p.get(path)[0], (200, 503), path)
            for s in idle:
                s.close()
        self.with_each(check)

    def test_a_body_of_100_mb_is_refused_and_not_kept(self):
        def send(p, head, piece):
            with connect(p) as s:
                s.sendall(b"POST /x HTTP/1.1\r\nHost: x\r\n" + head + b"\r\n\r\n")
                try:
                    for _ in range(100):
                        s.sendall(piece)
                    s.sendall(b"0\r\n\r\n")
                    return s.recv(12)[9:]
                except OSError:
                    return b""  # it was hung up on before all was sent

        def check(p):
            before = peak_mib(p)
            data = b"x" * 2**20
            for answer in (send(p, b"Content-Length: 104857600", data),
                           send(p, b"Transfer-Encoding: chunked", b"100000\r\n" + data + b"\r\n")):
                self.assertIn(answer, (b"413", b""))
            self.assertLess(peak_mib(p) - before, 50)
        self.with_each(check)


if __name__ == "__main__":
    unittest.main()
