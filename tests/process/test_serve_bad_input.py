# SPDX-License-Identifier: MIT
"""What nobody should send to swell-workload serve: it says so, or hangs up, and serves the others."""
import os
import resource
import socket
import subprocess
import unittest

from program import BIN, DEADLINE_S, wait_until
from serving import Waiting, metric, serve, wait_for_line_behind_one_burn


def connect(p):
    return socket.create_connection((p.address, p.port), timeout=DEADLINE_S)


def answer_to(p, *pieces):
    """All that comes back, until the server closes; pieces that it no longer reads do not matter."""
    with connect(p) as s:
        try:
            for piece in pieces:
                s.sendall(piece)
        except OSError:
            pass
        answer = b""
        try:
            while data := s.recv(65536):
                answer += data
        except ConnectionResetError:
            pass
        return answer.decode()


def status_of(answer):
    return int(answer.split()[1])


class BadInput(unittest.TestCase):
    def test_a_query_of_1_mib_is_refused(self):
        for flags in ((), ("--loop=php-apache",)):
            with serve("--cpu-ms=0", *flags) as p:
                answer = answer_to(p, b"GET /?cpu_ms=", b"1" * 2**20, b" HTTP/1.1\r\nHost: x\r\n\r\n")
                self.assertIn(status_of(answer), (413, 414, 431))
                self.assertEqual(p.get("/")[2], "OK!")

    def test_headers_without_end_are_refused(self):
        with serve("--cpu-ms=0") as p:
            answer = answer_to(p, b"GET / HTTP/1.1\r\nHost: x\r\n",
                               *[b"X-%d: %s\r\n" % (i, b"y" * 1000) for i in range(1000)])
            self.assertIn(status_of(answer), (413, 431))
            self.assertEqual(p.get("/")[2], "OK!")

    def test_a_parameter_of_many_digits_is_refused_in_a_short_line(self):
        with serve("--cpu-ms=0") as p:
            status, _, body = p.get("/?cpu_ms=" + "9" * 10000)
            self.assertEqual(status, 400)
            self.assertLess(len(body), 200)

    def test_what_is_not_http_is_refused_or_hung_up_on(self):
        with serve("--cpu-ms=0", "--idle-timeout=1s") as p:
            for garbage in (b"\0" * 100, b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
                            b"GET\r\n\r\n", b"GET / HTTP/9.9\r\n\r\n",
                            b"GET /%00 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"):
                answer = answer_to(p, garbage)
                if answer:
                    self.assertIn(status_of(answer) // 100, (4, 5), garbage)
            self.assertEqual(p.get("/")[2], "OK!")

    def test_a_body_that_never_comes_is_cut_by_the_timeout(self):
        with serve("--cpu-ms=0", "--idle-timeout=1s") as p:
            answer = answer_to(p, b"POST /headers HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n")
            self.assertNotIn(" 200 ", answer)
            self.assertEqual(p.get("/")[2], "OK!")

    def test_a_body_that_comes_a_byte_at_a_time_is_cut_too(self):
        with serve("--cpu-ms=0", "--idle-timeout=1s") as p, connect(p) as s:
            s.sendall(b"POST /headers HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\n")

            def is_cut():
                try:
                    s.sendall(b"x")
                    return p.get("/healthz")[0] != 200  # others are served all the while
                except OSError:
                    return True
            wait_until(is_cut, "the slow client is cut")

    def test_10000_idle_connections_keep_nobody_out(self):
        _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
        count = min(10000, most - 200)
        with serve("--cpu-ms=1", "--queue=10") as p, Waiting(p, 1, "/delay/3600"):
            idle = []
            try:
                for i in range(count):
                    idle.append(connect(p))
                    if i % 1000 == 999:
                        self.assertEqual(p.get("/livez")[0], 200)
                self.assertEqual(p.get("/")[2], "OK!")
                self.assertLess(metric(p, "process_open_fds"), 2000)
                self.assertEqual(metric(p, "http_requests_in_flight"), 2)  # who waits is not cut
            finally:
                for s in idle:
                    s.close()

    def test_probes_are_answered_under_a_full_line_and_idle_connections(self):
        with serve("--workers=1", "--queue=20") as p, Waiting(p, 21):
            wait_for_line_behind_one_burn(p, 20)
            idle = [connect(p) for _ in range(1500)]
            for path in ("/healthz", "/livez", "/readyz", "/metrics", "/version"):
                self.assertEqual(p.get(path)[0], 200, path)
            self.assertEqual(p.get("/")[0], 503)
            for s in idle:
                s.close()

    def test_a_low_port_that_is_refused_comes_with_a_hint(self):
        with open("/proc/sys/net/ipv4/ip_unprivileged_port_start", encoding="ascii") as file:
            if int(file.read()) <= 80:
                return  # everybody may listen on port 80 here
        without = ["setpriv", "--bounding-set=-net_bind_service", "--inh-caps=-net_bind_service"] \
            if os.geteuid() == 0 else []
        done = subprocess.run([*without, os.path.join(BIN, "swell-workload"), "serve",
                               "--address=127.0.0.1", "--port=80"],
                              capture_output=True, text=True, timeout=DEADLINE_S)
        self.assertEqual((done.returncode, done.stdout), (2, ""))
        self.assertIn("cannot listen on 127.0.0.1:80: Permission denied (ports below", done.stderr)


if __name__ == "__main__":
    unittest.main()
