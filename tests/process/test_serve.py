# SPDX-License-Identifier: MIT
"""swell-workload serve, from outside: what it answers, what it costs, what it refuses, how it ends."""
import concurrent.futures
import http.client
import signal
import socket
import statistics
import subprocess
import time
import unittest

from program import DEADLINE_S, Program, run, wait_until
from serving import Waiting, burned_s, cost_s, metric, serve, wait_for_line_behind_one_burn


def post_too_much(program, path, size):
    """The status of a POST whose body is too large, also when the server does not read all of it."""
    with socket.create_connection((program.address, program.port), timeout=DEADLINE_S) as s:
        s.sendall(f"POST {path} HTTP/1.1\r\nHost: x\r\nContent-Length: {size}\r\n\r\n".encode())
        answer = s.recv(4096).decode()
    return int(answer.split()[1])


class Answers(unittest.TestCase):
    def test_the_answer_is_php_apaches_to_the_byte(self):
        with serve("--cpu-ms=0") as p:
            for path in ("/", "/index.php", "/?x=1", "/?cpu_ms=0.5"):
                status, headers, body = p.get(path)
                self.assertEqual((status, body), (200, "OK!"), path)
                self.assertEqual(headers["Content-Type"], "text/html; charset=UTF-8")
                self.assertEqual(headers["Content-Length"], "3")
            self.assertEqual(p.get("/other")[0], 404)
            self.assertEqual(p.request("POST", "/")[0], 405)
            self.assertEqual(p.stop(), 0)

    def test_the_five_endpoints_are_there(self):
        with serve(env={"SWELL_POD_NAME": "pod-7"}) as p:
            wait_until(lambda: p.get("/readyz")[0] == 200, "ready")
            for path in ("/healthz", "/livez", "/readyz"):
                status, headers, _ = p.get(path)
                self.assertEqual((status, headers["X-Swell-Pod"]), (200, "pod-7"), path)
            version = p.json("/version")
            self.assertEqual((version["program"], version["role"]), ("swell-workload", "serve"))
            _, headers, text = p.get("/metrics")
            self.assertEqual(headers["Content-Type"], "text/plain; version=0.0.4; charset=utf-8")
            for name in ("http_requests_in_flight", "swell_requests_burning",
                         "swell_requests_waiting", "process_cpu_seconds_total"):
                self.assertIn(f"\n{name} ", text)

    def test_listening_is_the_first_thing_said(self):
        with serve() as p:
            self.assertIn("msg=listening", p.lines[0])
            self.assertIn("role=serve", p.lines[0])

    def test_wrong_costs_are_refused_with_a_sentence(self):
        with serve("--cpu-ms=0") as p:
            for query in ("cpu_ms=", "cpu_ms=-1", "cpu_ms=1e9", "cpu_ms=abc", "cpu_ms=nan",
                          "cpu_ms=60000.5", "cpu_ms", "cpu_ms=1&cpu_ms=1"):
                status, _, body = p.get("/?" + query)
                self.assertEqual(status, 400, query)
                self.assertRegex(body, r"^cpu_ms [^\n]+\n$", query)

    def test_a_body_of_10_mb_is_refused_and_nobody_else_suffers(self):
        for flags in ((), ("--loop=php-apache",)):
            with serve("--cpu-ms=0", *flags) as p:
                self.assertEqual(post_too_much(p, "/", 10_000_000), 413)
                self.assertEqual(p.get("/")[2], "OK!")

    def test_the_environment_is_read(self):
        with Program("swell-workload", "serve", env={
                "SWELL_ADDRESS": "127.0.0.1", "SWELL_PORT": "0", "SWELL_CPU_MS": "30",
                "SWELL_WORKERS": "3", "SWELL_QUEUE": "17", "LOG_LEVEL": "info"}) as p:
            self.assertEqual(p.address, "127.0.0.1")
            p.wait_for_line("cpu_ms=30 workers=3 queue=17")


class Costs(unittest.TestCase):
    def costs_s(self, p, path, count):
        return [cost_s(p, lambda: self.assertEqual(p.get(path)[2], "OK!")) for _ in range(count)]

    def test_requests_cost_what_was_asked(self):
        with serve("--cpu-ms=5") as p:
            for path, count, asked_s in (("/", 21, 0.005), ("/?cpu_ms=1", 101, 0.001),
                                         ("/?cpu_ms=100", 3, 0.1)):
                cost_s = statistics.median(self.costs_s(p, path, count))
                self.assertAlmostEqual(cost_s, asked_s, delta=0.04 * asked_s, msg=path)

    def test_the_kernel_accounts_for_the_same(self):
        with serve() as p:
            before = metric(p, "process_cpu_seconds_total")
            p.get("/?cpu_ms=1000")
            used_s = metric(p, "process_cpu_seconds_total") - before
            self.assertAlmostEqual(used_s, 1, delta=0.06)  # /proc counts in steps of 10 ms

    def test_php_apache_answers_where_apache_has_its_index(self):
        with serve("--loop=php-apache") as p:
            for method, path in (("GET", "/"), ("GET", "/index.php"), ("POST", "/index.php/a"),
                                 ("GET", "/?cpu_ms=abc"), ("DELETE", "//./index.php")):
                status, headers, body = p.request(method, path)
                self.assertEqual((status, body), (200, "OK!"), path)
                self.assertEqual(headers["Content-Type"], "text/html; charset=UTF-8")
            self.assertGreater(burned_s(p), 5 * 0.001)
            for path in ("/other", "/index.html", "/a/index.php"):
                self.assertEqual(p.get(path)[0], 404, path)
            self.assertEqual(p.get("/healthz")[2], "ok")
            self.assertEqual(p.json("/version")["program"], "swell-workload")

    def test_the_loop_can_be_run_more_often(self):
        with serve("--loop=php-apache") as once, serve("--loop=php-apache", "--loop-times=5") as p:
            for _ in range(5):
                self.assertEqual(once.get("/")[2], "OK!")
            self.assertEqual(p.get("/")[2], "OK!")
            self.assertAlmostEqual(burned_s(p) / burned_s(once), 1, delta=0.5)

    def test_a_spread_keeps_the_mean_and_is_reproduced_by_its_seed(self):
        def costs(seed):
            with serve("--cpu-ms=1", "--cpu-spread=exponential", f"--seed={seed}") as p:
                return self.costs_s(p, "/", 100)

        def same(ones, others):
            return sum(abs(a - b) < 0.0002 for a, b in zip(ones, others))

        fives = costs(seed=5)
        self.assertGreater(same(fives, costs(seed=5)), 90)
        self.assertLess(same(fives, costs(seed=7)), 50)
        self.assertAlmostEqual(sum(fives), 0.1, delta=0.05)


class Metrics(unittest.TestCase):
    @staticmethod
    def text_with_answers_to_root(p):
        """A request is counted after its last byte, so perhaps after its client has read that."""
        def look():
            text = p.get("/metrics")[2]
            return text if 'duration_seconds_bucket{method="GET",route="/",' in text else None
        return wait_until(look, "an answer is counted")

    def test_promtool_has_nothing_to_say(self):
        with serve("--cpu-ms=2", "--error-rate=0.5", "--leak=1") as p:
            for path in ("/", "/?cpu_ms=x", "/none", "/healthz", "/"):
                p.get(path)
            text = self.text_with_answers_to_root(p)
        checked = subprocess.run(["promtool", "check", "metrics"], input=text, text=True,
                                 capture_output=True, timeout=DEADLINE_S)
        self.assertEqual((checked.returncode, checked.stdout, checked.stderr), (0, "", ""))

    def test_openmetrics_when_asked(self):
        with serve("--cpu-ms=1") as p:
            p.get("/")
            _, headers, text = p.get("/metrics", headers={
                "Accept": "application/openmetrics-text;version=1.0.0,text/plain;q=0.5"})
            self.assertEqual(headers["Content-Type"],
                             "application/openmetrics-text; version=1.0.0; charset=utf-8")
            self.assertTrue(text.endswith("\n# EOF\n"))
            self.assertIn("\n# TYPE swell_burn_cpu_seconds counter\n", text)
            self.assertNotIn(" # {", text)  # no exemplars unasked
            self.assertNotIn("\n\n", text)

    def test_the_buckets_fit_the_cost(self):
        with serve("--cpu-ms=20") as p:
            p.get("/")
            text = self.text_with_answers_to_root(p)
            for bound in ("0.02", "0.022", "0.03", "0.2", "0.005", "10"):
                self.assertRegex(text, rf'duration_seconds_bucket{{[^}}]*route="/",le="{bound}"}}')

    def test_what_is_burned_for_nobody_is_told_apart(self):
        with serve("--workers=1") as p:
            with Waiting(p, 1):
                wait_until(lambda: metric(p, "swell_requests_burning") == 1, "one burns")
            wait_until(lambda: burned_s(p, "wasted") > 0, "who burns notices")
            p.get("/?cpu_ms=5")
            self.assertTrue(0.004 < burned_s(p, "answered") < 0.03, "5 ms, and what the host takes")


class Line(unittest.TestCase):
    def test_probes_are_answered_while_50_burns_wait(self):
        with serve("--workers=1") as p, Waiting(p, 50):
            wait_for_line_behind_one_burn(p, 49)
            for path in ("/healthz", "/livez", "/readyz", "/metrics", "/version"):
                began = time.monotonic()
                self.assertEqual(p.get(path)[0], 200)
                self.assertLess(time.monotonic() - began, 1, path)

    def test_beyond_the_line_is_503_with_retry_after(self):
        with serve("--workers=1", "--queue=2") as p, Waiting(p, 3):
            wait_for_line_behind_one_burn(p, 2)
            status, headers, body = p.get("/")
            self.assertEqual((status, headers["Retry-After"]), (503, "1"))
            self.assertEqual(body, "too many requests are waiting\n")
            self.assertEqual(metric(p, 'swell_requests_rejected_total{reason="queue_full"}'), 1)

    def test_without_a_line_one_after_the_other_is_served(self):
        with serve("--workers=1", "--queue=0", "--cpu-ms=0") as p:
            kept = http.client.HTTPConnection(p.address, p.port, timeout=DEADLINE_S)
            for _ in range(200):
                kept.request("GET", "/")
                answer = kept.getresponse()
                self.assertEqual((answer.status, answer.read()), (200, b"OK!"))
            kept.close()

    def test_who_went_away_is_not_burned_for(self):
        with serve("--workers=1") as p:
            with Waiting(p, 3):
                wait_for_line_behind_one_burn(p, 2)
            self.assertEqual(p.get("/?cpu_ms=1")[2], "OK!")  # three times 60 s were before it
            self.assertEqual(metric(p, 'swell_requests_rejected_total{reason="client_gone"}'), 3)

    def test_a_deadline_cuts_what_burns_and_what_waits(self):
        with serve("--workers=1", "--deadline=500ms", "--cpu-ms=400") as p, \
                concurrent.futures.ThreadPoolExecutor(8) as pool:
            answers = [pool.submit(p.get, "/") for _ in range(8)]
            late = [answer.result()[0] for answer in answers].count(504)
            self.assertGreater(late, 0)  # one fits, more when others came late
            self.assertEqual(metric(p, 'swell_requests_rejected_total{reason="deadline"}'), late)
            self.assertLess(burned_s(p), 8 * 0.4)
        with serve("--deadline=60s", "--cpu-ms=1") as p:
            self.assertEqual(p.get("/")[0], 200)

    def test_what_cannot_be_done_by_its_deadline_is_told_at_once(self):
        with serve("--workers=1", "--deadline=400ms") as p:
            status, _, body = p.get("/?cpu_ms=60000")
            self.assertEqual((status, body), (504, "not done before the deadline\n"))
            self.assertEqual(burned_s(p), 0)

    def test_the_loop_of_php_apache_is_cut_too(self):
        with serve("--loop=php-apache", "--loop-times=1000", "--deadline=100ms") as p:
            self.assertEqual(p.get("/")[0], 504)
            self.assertLess(burned_s(p), 1)  # of 5 or more
            self.assertGreater(burned_s(p, "wasted"), 0)


class End(unittest.TestCase):
    def test_a_drain_finishes_what_was_accepted(self):
        for number in (signal.SIGTERM, signal.SIGINT):
            with serve("--workers=1") as p, concurrent.futures.ThreadPoolExecutor() as pool:
                wait_until(lambda: p.get("/readyz")[0] == 200, "ready")
                kept = http.client.HTTPConnection(p.address, p.port, timeout=DEADLINE_S)
                kept.request("GET", "/readyz")
                self.assertEqual(kept.getresponse().read(), b"ok")
                answers = [pool.submit(p.get, "/?cpu_ms=400") for _ in range(3)]
                wait_for_line_behind_one_burn(p, 2)
                p.process.send_signal(number)
                p.wait_for_line("msg=draining")
                wait_until(lambda: self.refused(p), "no new connections")
                kept.request("GET", "/readyz")
                self.assertEqual(kept.getresponse().status, 503)
                kept.close()
                for answer in answers:
                    self.assertEqual(answer.result()[2], "OK!")
                self.assertEqual(p.process.wait(DEADLINE_S), 0)

    @staticmethod
    def refused(p):
        try:
            socket.create_connection((p.address, p.port), timeout=DEADLINE_S).close()
        except ConnectionRefusedError:
            return True
        return False

    def test_a_drain_that_takes_too_long_is_a_failure(self):
        with serve("--workers=1", "--drain-timeout=200ms") as p, Waiting(p, 3):
            wait_for_line_behind_one_burn(p, 2)
            self.assertEqual(p.stop(), 1)
            p.wait_for_line("requests=3")


class Refusals(unittest.TestCase):
    def refused(self, command, sentence, env=None):
        code, out, errors = run("swell-workload", *command, env=env)
        self.assertEqual((code, out), (2, ""), command)
        self.assertRegex(errors, r"^swell-workload[^\n]*: [^\n]+\n$", command)
        self.assertIn(sentence, errors)

    def test_wrong_flags_are_one_line_and_exit_2(self):
        for flag, sentence in (
                ("--nonsense", "unknown flag '--nonsense'"),
                ("--cpu-ms=-1", "--cpu-ms takes a number from 0 to 60000, not '-1'"),
                ("--cpu-ms=60001", "--cpu-ms takes"),
                ("--loop=perl", "--loop takes one of cpu-time, php-apache, not 'perl'"),
                ("--workers=2000", "--workers takes"),
                ("--loop-times=0", "--loop-times takes"),
                ("--cpu-spread=normal", "--cpu-spread takes constant, exponential or lognormal"),
                ("--deadline=-1s", "--deadline takes"),
                ("--error-rate=1.1", "--error-rate takes a number from 0 to 1, not '1.1'"),
                ("--leak=-1", "--leak takes"),
                ("--slow-start-times=0", "--slow-start-times takes"),
                ("--startup-delay=x", "--startup-delay takes"),
                ("--queue=-1", "--queue takes"),
                ("--port=65536", "--port takes"),
                ("--drain-timeout=5", "--drain-timeout takes a duration"),
                ("--log-format=xml", "--log-format takes one of logfmt, json"),
                ("--address=localhost", "localhost"),
                ("more", "unexpected argument 'more'")):
            self.refused(("serve", "--port=0", flag), sentence)
        self.refused(("serve",), "LOG_LEVEL takes one of", env={"LOG_LEVEL": "loud"})
        self.refused(("server",), "unknown command 'server'")
        self.refused((), "a command is missing")

    def test_a_port_in_use_is_one_line_and_exit_2(self):
        with serve() as p:
            self.refused(("serve", "--address=127.0.0.1", f"--port={p.port}"),
                         f"cannot listen on 127.0.0.1:{p.port}: Address already in use")

    def test_help_names_flags_endpoints_and_metrics(self):
        code, out, errors = run("swell-workload", "serve", "--help")
        self.assertEqual((code, errors), (0, ""))
        for text in ("--cpu-ms", "SWELL_WORKERS", "LOG_LEVEL", "/index.php", "/readyz",
                     "swell_burn_cpu_seconds_total", "http_requests_total"):
            self.assertIn(text, out)
        code, out, _ = run("swell-workload", "--help")
        self.assertEqual(code, 0)
        for role in ("serve", "queue", "work"):
            self.assertRegex(out, rf"\n  {role} ")


if __name__ == "__main__":
    unittest.main()
