# SPDX-License-Identifier: MIT
"""swell-workload consume and consume-controller: the contract of Kubernetes' resource-consumer and
of the controller in front of it, byte by byte, and that what is asked for is used.

How precise the CPU is, is measured by ./swell bench workload; here it is only seen to be used."""
import concurrent.futures
import os
import re
import socket
import tempfile
import unittest
import urllib.parse

from program import DEADLINE_S, Program, run, wait_until

FORM = {"Content-Type": "application/x-www-form-urlencoded"}
TEXT = "text/plain; charset=utf-8"
THROTTLED = "swell_governor_cpu_throttled_periods_total"
USED = 'swell_burn_cpu_seconds_total{purpose="consume"}'


def consume(*flags):
    return Program("swell-workload", "consume", "--address=127.0.0.1", "--port=0", *flags)


def metric(program, name, path="/swell/metrics"):
    found = re.search(r"^" + re.escape(name) + r" (\S+)$", program.get(path)[2], re.MULTILINE)
    return float(found.group(1)) if found else 0


def resident_mib(program):
    with open(f"/proc/{program.process.pid}/statm") as statm:
        return int(statm.read().split()[1]) * os.sysconf("SC_PAGESIZE") / (1 << 20)


class Contract(unittest.TestCase):
    def answers(self, p, method, path, expected, status=200, body=None, headers=None):
        """The answer is exactly that, and refusals have the header of Go's http.Error."""
        got, got_headers, text = p.request(method, path, body, headers)
        self.assertEqual((got, text), (status, expected), path)
        self.assertEqual(got_headers["Content-Type"], TEXT, path)
        self.assertEqual(got_headers.get("X-Content-Type-Options"),
                         None if status == 200 else "nosniff", path)

    def test_flags_are_taken_as_the_original_takes_them(self):
        for flags in (("-port=0",), ("-port", "0"), ("--port=0",), ("--port", "0")):
            with Program("swell-workload", "consume", "-address=127.0.0.1", *flags) as p:
                self.answers(p, "POST", "/ConsumeCPU?millicores=1&durationSec=0",
                             "ConsumeCPU\n1 millicores\n0 durationSec\n")
        with Program("swell-workload", "consume-controller", "-address", "127.0.0.1", "-port=0",
                     "-consumer-service-name=x") as p:
            self.assertIn("service=x", p.wait_for_line("msg=ready"))

    def test_functions_answer_to_the_byte(self):
        with consume() as p:
            for path, expected in (
                    ("/ConsumeCPU?millicores=1&durationSec=1",
                     "ConsumeCPU\n1 millicores\n1 durationSec\n"),
                    ("/ConsumeMem?megabytes=1&durationSec=1",
                     "ConsumeMem\n1 megabytes\n1 durationSec\n"),
                    ("/BumpMetric?metric=QPS&delta=10&durationSec=1",
                     "BumpMetric\nQPS metric\n10 delta\n1 durationSec\n"),
                    ("/BumpMetric?metric=QPS&delta=0.5&durationSec=1",
                     "BumpMetric\nQPS metric\n0.5 delta\n1 durationSec\n"),
                    ("/BumpMetric?metric=QPS&delta=-1e21&durationSec=0",
                     "BumpMetric\nQPS metric\n-1e+21 delta\n0 durationSec\n"),
                    ("/GetCurrentStatus", "Warning: not implemented!\nGetCurrentStatus")):
                self.answers(p, "POST", path, expected)

    def test_zero_and_negative_are_accepted_as_given(self):
        with consume() as p:
            for n in ("0", "-5"):
                self.answers(p, "POST", f"/ConsumeCPU?millicores={n}&durationSec=60",
                             f"ConsumeCPU\n{n} millicores\n60 durationSec\n")
                self.answers(p, "POST", f"/ConsumeCPU?millicores=100&durationSec={n}",
                             f"ConsumeCPU\n100 millicores\n{n} durationSec\n")
                self.answers(p, "POST", f"/ConsumeMem?megabytes={n}&durationSec={n}",
                             f"ConsumeMem\n{n} megabytes\n{n} durationSec\n")
                self.answers(p, "POST", f"/BumpMetric?metric=x&delta=1&durationSec={n}",
                             f"BumpMetric\nx metric\n1 delta\n{n} durationSec\n")
            self.assertEqual(metric(p, "swell_consume_millicores"), 0)
            self.assertEqual(metric(p, "x", "/metrics"), 0)

    def test_parameters_are_in_the_query_or_a_form_and_the_form_wins(self):
        with consume() as p:
            said = "ConsumeCPU\n1 millicores\n0 durationSec\n"
            self.answers(p, "POST", "/ConsumeCPU", said, 200, "millicores=1&durationSec=0", FORM)
            self.answers(p, "POST", "/ConsumeCPU?millicores=7&durationSec=0", said, 200,
                         "millicores=1&millicores=2", FORM)
            self.answers(p, "POST", "/ConsumeCPU?millicores=1&durationSec=0", said, 200,
                         "millicores=2&durationSec=9", {"Content-Type": "text/plain"})
            self.answers(p, "POST", "/ConsumeCPU", said, 200, "durationSec=%30&millicores=%2B1",
                         {"Content-Type": FORM["Content-Type"] + "; charset=utf-8"})

    def test_refusals_are_those_of_the_original(self):
        missing, wrong = "not given function argument\n", "incorrect function argument\n"
        no_post = "Bad request. Not a POST request\n"
        with consume() as p:
            for method, path, status, expected in (
                    ("GET", "/ConsumeCPU?millicores=1&durationSec=1", 400, no_post),
                    ("PUT", "/ConsumeCPU", 400, no_post),
                    ("GET", "/nothing", 400, no_post),
                    ("GET", "/", 400, no_post),
                    ("POST", "/nothing", 404, "unknown function: /nothing\n"),
                    ("POST", "/", 404, "unknown function: /\n"),
                    ("POST", "/consumecpu?millicores=1&durationSec=1", 404,
                     "unknown function: /consumecpu\n"),
                    ("POST", "/ConsumeCPU/?millicores=1&durationSec=1", 404,
                     "unknown function: /ConsumeCPU/\n"),
                    ("POST", "/healthz", 404, "unknown function: /healthz\n"),
                    ("POST", "/ConsumeCPU", 400, missing),
                    ("POST", "/ConsumeCPU?millicores=1", 400, missing),
                    ("POST", "/ConsumeCPU?millicores=&durationSec=1", 400, missing),
                    ("POST", "/ConsumeCPU?Millicores=1&durationSec=1", 400, missing),
                    ("POST", "/ConsumeCPU?millicores=x&durationSec=1", 400, wrong),
                    ("POST", "/ConsumeCPU?millicores=1.5&durationSec=1", 400, wrong),
                    ("POST", "/ConsumeCPU?millicores=1&durationSec=1e9", 400, wrong),
                    ("POST", "/ConsumeCPU?millicores=9223372036854775808&durationSec=1", 400,
                     wrong),
                    ("POST", "/ConsumeMem?megabytes=1", 400, missing),
                    ("POST", "/ConsumeMem?megabytes=1m&durationSec=1", 400, wrong),
                    ("POST", "/BumpMetric?metric=x&delta=1", 400, missing),
                    ("POST", "/BumpMetric?delta=1&durationSec=1", 400, missing),
                    ("POST", "/BumpMetric?metric=x&durationSec=1", 400, missing),
                    ("POST", "/BumpMetric?metric=x&delta=one&durationSec=1", 400, wrong),
                    ("POST", "/BumpMetric?metric=x&delta=1&durationSec=1.5", 400, wrong)):
                self.answers(p, method, path, expected, status)
            self.answers(p, "POST", "/ConsumeCPU", 'invalid URL escape "%zz"\n', 400,
                         "millicores=%zz", FORM)

    def test_beyond_a_range_is_refused_with_a_sentence(self):
        with consume() as p:
            for path in ("/ConsumeCPU?millicores=1000001&durationSec=1",
                         "/ConsumeMem?megabytes=1000001&durationSec=1",
                         "/BumpMetric?metric=a%20b&delta=1&durationSec=1",
                         "/BumpMetric?metric=x%0Ay&delta=1&durationSec=1",
                         "/BumpMetric?metric=" + 129 * "x" + "&delta=1&durationSec=1"):
                status, headers, body = p.request("POST", path)
                self.assertEqual(status, 400, path)
                self.assertEqual(headers["X-Content-Type-Options"], "nosniff")
                self.assertRegex(body, r"^(millicores|megabytes|metric) is [^\n]+\n$")
            with socket.create_connection((p.address, p.port), timeout=DEADLINE_S) as s:
                s.sendall(b"POST /ConsumeCPU HTTP/1.1\r\nHost: x\r\n"
                          b"Content-Length: 2000000\r\n\r\n")
                self.assertIn(b" 413 ", s.recv(4096).split(b"\r\n")[0])

    def test_metrics_are_the_bumped_gauges_and_nothing_else(self):
        with consume() as p:
            for method in ("GET", "POST"):
                self.answers(p, method, "/metrics", "")
            p.request("POST", "/BumpMetric?metric=QPS&delta=10&durationSec=600")
            p.request("POST", "/BumpMetric?metric=QPS&delta=0.25&durationSec=600")
            p.request("POST", "/BumpMetric?metric=other&delta=-3&durationSec=600")
            expected = ("# HELP QPS info message.\n# TYPE QPS gauge\nQPS 10.250000\n"
                        "# HELP other info message.\n# TYPE other gauge\nother -3.000000\n")
            for method in ("GET", "POST"):
                self.answers(p, method, "/metrics", expected)

    def test_a_bump_ends_and_the_gauge_stays(self):
        with consume() as p:
            p.request("POST", "/BumpMetric?metric=x&delta=5&durationSec=1")
            wait_until(lambda: "\nx 0.000000\n" in p.get("/metrics")[2], "the gauge back at 0")

    def test_our_own_endpoints_are_there_beside_it(self):
        with consume() as p:
            wait_until(lambda: p.get("/readyz")[0] == 200, "ready")
            for path in ("/healthz", "/livez"):
                self.assertEqual(p.get(path)[0], 200, path)
            self.assertEqual(p.json("/version")["role"], "consume")
            _, headers, text = p.get("/swell/metrics")
            self.assertEqual(headers["Content-Type"], "text/plain; version=0.0.4; charset=utf-8")
            for name in ("process_cpu_seconds_total", USED,
                         "swell_consume_memory_bytes"):
                self.assertIn(f"\n{name} ", text)
            self.assertEqual(p.stop(), 0)


class Consumption(unittest.TestCase):
    def test_several_requests_add_up_and_end(self):
        with consume() as p:
            for millicores in (100, 150):
                p.request("POST", f"/ConsumeCPU?millicores={millicores}&durationSec=2")
            self.assertEqual(metric(p, "swell_consume_millicores"), 250)
            wait_until(lambda: metric(p, "swell_consume_millicores") == 0, "the end")
            used_s = metric(p, USED)
            self.assertGreater(used_s, 0.05)  # less than asked where others keep the CPU
            self.assertLess(used_s, 0.6)

    def test_memory_is_touched_and_given_back(self):
        with consume() as p:
            before = resident_mib(p)
            p.request("POST", "/ConsumeMem?megabytes=40&durationSec=600")
            p.request("POST", "/ConsumeMem?megabytes=60&durationSec=6")  # time to touch all of it
            wait_until(lambda: metric(p, "swell_consume_memory_bytes") == 100 << 20, "100 MB")
            held = resident_mib(p)
            self.assertGreater(held, before + 98)
            # Without a request meanwhile: under ASan each makes the process grow a little for good.
            wait_until(lambda: resident_mib(p) < held - 50, "memory given back")
            wait_until(lambda: metric(p, "swell_consume_memory_bytes") == 40 << 20, "40 MB")

    def test_a_sigterm_in_the_middle_ends_at_once(self):
        with consume() as p:
            p.request("POST", "/ConsumeCPU?millicores=1000&durationSec=3600")
            p.request("POST", "/ConsumeMem?megabytes=10&durationSec=3600")
            wait_until(lambda: metric(p, USED) > 0.01, "CPU is used")
            self.assertEqual(p.stop(), 0)

    def test_the_governor_holds_it_back(self):
        with consume("--cpu-limit=50m") as p:
            p.request("POST", "/ConsumeCPU?millicores=1000&durationSec=600")
            wait_until(lambda: metric(p, THROTTLED) > 20, "throttled")
            periods = metric(p, "swell_governor_cpu_periods_total")
            self.assertGreaterEqual(periods, 20)
            self.assertGreater(metric(p, "swell_governor_cpu_throttled_seconds_total"), 0)
            # 5 ms in each period; pieces and what is not burned may go beyond by a little.
            self.assertLess(metric(p, USED), (periods + 10) * 0.010)


class Governor(unittest.TestCase):
    def test_serve_and_its_loop_are_held_back_too(self):
        for flags, path in (((), "/?cpu_ms=100"), (("--loop=php-apache",), "/")):
            with Program("swell-workload", "serve", "--address=127.0.0.1", "--port=0",
                         "--cpu-limit=20m", *flags) as p:
                p.wait_for_line("workers=1 ")  # the limit rounded up
                while metric(p, THROTTLED, "/metrics") < 5:
                    self.assertEqual(p.get(path)[2], "OK!")
                self.assertGreaterEqual(metric(p, "swell_governor_cpu_periods_total", "/metrics"),
                                        5)

    def test_without_a_limit_there_are_no_such_series(self):
        with Program("swell-workload", "serve", "--address=127.0.0.1", "--port=0") as p:
            self.assertNotIn("swell_governor", p.get("/metrics")[2])


class Consumers:
    """Two consumers, and what a cluster's DNS would say about them."""

    def __init__(self, headless):
        self.headless = headless
        self.programs = [consume(), consume()]
        self.hosts = tempfile.NamedTemporaryFile("w", suffix=".hosts")

    def __enter__(self):
        for p in self.programs:
            p.__enter__()
        first, second = self.programs
        self.hosts.write(f"127.0.0.1:{first.port} rc.space.svc:80\n")
        if self.headless:
            self.hosts.write(f"127.0.0.1:{first.port} rc-headless.space.svc:8081\n"
                             f"127.0.0.1:{second.port} rc-headless.space.svc:8081\n")
        self.hosts.flush()
        return self

    def __exit__(self, *_):
        for p in self.programs:
            p.__exit__()
        self.hosts.close()

    def controller(self):
        return Program("swell-workload", "consume-controller", "--address=127.0.0.1", "--port=0",
                       "--consumer-port=80", "--consumer-target-port=8081",
                       "--consumer-service-name=rc", "--consumer-service-namespace=space",
                       env={"SWELL_HOSTS": self.hosts.name})

    def millicores(self):
        return [metric(p, "swell_consume_millicores") for p in self.programs]


class Controller(unittest.TestCase):
    def post(self, p, path, **params):
        status, headers, text = p.request("POST", path, urllib.parse.urlencode(params), FORM)
        self.assertEqual(headers["Content-Type"], TEXT)
        return status, text

    def test_what_is_asked_is_split_and_sent_through_the_service(self):
        with Consumers(headless=False) as c, c.controller() as p:
            status, text = self.post(p, "/ConsumeCPU", millicores=25, durationSec=600,
                                     requestSizeMillicores=10)
            lines = text.split("\n")
            self.assertEqual((status, lines[0]), (200, "RC manager: sending 2 requests to consume "
                             "10 millicores each and 1 request to consume 5 millicores"))
            self.assertEqual(sorted(lines[1:]), ["", "Consumed 10 millicores",
                                                 "Consumed 10 millicores", "Consumed 5 millicores"])
            self.assertEqual(c.millicores(), [25, 0])

            self.assertEqual(self.post(p, "/ConsumeMem", megabytes=20, durationSec=600,
                                       requestSizeMegabytes=20),
                             (200, "RC manager: sending 1 requests to consume 20 MB each and 1 "
                              "request to consume 0 MB\nConsumed 20 megabytes\n"))
            self.assertEqual(self.post(p, "/BumpMetric", metric="QPS", delta=7, durationSec=600,
                                       requestSizeMetrics=10),
                             (200, "RC manager: sending 0 requests to bump custom metric by 10 "
                              "each and 1 request to bump by 7\nBumped metric QPS by 7\n"))
            self.assertEqual(metric(c.programs[0], "QPS", "/metrics"), 7)
            wait_until(lambda: metric(c.programs[0], "swell_consume_memory_bytes") == 20 << 20,
                       "20 MB")
            self.assertEqual(p.stop(), 0)

    def test_a_headless_service_gives_every_pod_its_part(self):
        with Consumers(headless=True) as c, c.controller() as p:
            self.assertEqual(self.post(p, "/ConsumeCPU", millicores=25, durationSec=600,
                                       requestSizeMillicores=10),
                             (200, "RC manager (per-pod): sending 12 millicores to each of 2 pods "
                              "via headless DNS\nConsumed 12 millicores\nConsumed 12 millicores\n"))
            self.assertEqual(c.millicores(), [12, 12])

    def test_the_query_works_as_the_e2e_driver_uses_it(self):
        with Consumers(headless=False) as c, c.controller() as p:
            status, _, text = p.request("POST", "/ConsumeCPU?durationSec=30&millicores=5"
                                        "&requestSizeMillicores=100")
            self.assertEqual((status, text), (200, "RC manager: sending 0 requests to consume 100 "
                             "millicores each and 1 request to consume 5 millicores\n"
                             "Consumed 5 millicores\n"))

    def test_refusals_are_those_of_the_original(self):
        missing, wrong = "not given function argument\n", "incorrect function argument\n"
        with Consumers(headless=False) as c, c.controller() as p:
            for method, path, status, expected in (
                    ("GET", "/ConsumeCPU", 400, "Bad request. Not a POST request\n"),
                    ("GET", "/x", 400, "Bad request. Not a POST request\n"),
                    ("POST", "/x", 404, "unknown function\n"),
                    ("POST", "/GetCurrentStatus", 404, "unknown function\n"),
                    ("POST", "/metrics", 404, "unknown function\n"),
                    ("POST", "/ConsumeCPU?millicores=1&durationSec=1", 400, missing),
                    ("POST", "/ConsumeCPU?millicores=1&durationSec=1&requestSizeMillicores=0", 400,
                     wrong),
                    ("POST", "/ConsumeCPU?millicores=1&durationSec=1&requestSizeMillicores=-1", 400,
                     wrong),
                    ("POST", "/ConsumeMem?megabytes=1&durationSec=x&requestSizeMegabytes=1", 400,
                     wrong),
                    ("POST", "/BumpMetric?delta=1&durationSec=1&requestSizeMetrics=1", 400,
                     missing),
                    ("POST", "/BumpMetric?metric=x&delta=0.5&durationSec=1&requestSizeMetrics=1",
                     400, wrong),
                    ("POST", "/ConsumeCPU?millicores=20000&durationSec=1&requestSizeMillicores=1",
                     400, "millicores in steps of requestSizeMillicores are at most 10000 requests,"
                          " not 20000\n")):
                got, headers, text = p.request(method, path)
                self.assertEqual((got, text), (status, expected), path)
                self.assertEqual(headers["X-Content-Type-Options"], "nosniff")

    def test_consumers_that_are_away_are_said_line_by_line(self):
        with Consumers(headless=False) as c, c.controller() as p:
            for consumer in c.programs:
                consumer.stop()
            status, text = self.post(p, "/ConsumeCPU", millicores=20, durationSec=1,
                                     requestSizeMillicores=10)
            self.assertEqual(status, 200)
            self.assertEqual(len(re.findall(r"^Failed to connect to consumer: .+$", text,
                                            re.MULTILINE)), 2, text)

    def test_many_at_a_time(self):
        with Consumers(headless=False) as c, c.controller() as p, \
                concurrent.futures.ThreadPoolExecutor(8) as pool:
            answers = pool.map(lambda _: self.post(p, "/BumpMetric", metric="x", delta=50,
                                                   durationSec=600, requestSizeMetrics=1), range(8))
            for status, text in answers:
                self.assertEqual((status, text.count("Bumped metric x by 1\n")), (200, 50))
            self.assertEqual(metric(c.programs[0], "x", "/metrics"), 400)


class Refusals(unittest.TestCase):
    def test_wrong_flags_are_one_line_and_exit_2(self):
        for command, sentence in (
                (("consume", "--cpu-limit=fast"), "--cpu-limit takes CPUs from 10m to 1024"),
                (("consume", "--cpu-limit=5m"), "--cpu-limit takes CPUs from 10m to 1024"),
                (("consume", "--millicores=5"), "unknown flag '--millicores'"),
                (("consume", "-ports=5"), "unknown flag '--ports'"),
                (("consume", "-port=x"), "--port takes"),
                (("serve", "--cpu-limit=0"), "--cpu-limit takes CPUs from 10m to 1024"),
                (("consume-controller", "--consumer-port=0"), "--consumer-port takes"),
                (("consume-controller", "--consumer-service-name=a/b"),
                 "--consumer-service-name takes 1 to 63 of a-z, 0-9 and -, not 'a/b'"),
                (("consume-controller", "--consumer-service-namespace="),
                 "--consumer-service-namespace takes")):
            code, out, errors = run("swell-workload", *command)
            self.assertEqual((code, out), (2, ""), command)
            self.assertRegex(errors, r"^swell-workload [^\n]+\n$")
            self.assertIn(sentence, errors)


if __name__ == "__main__":
    unittest.main()
