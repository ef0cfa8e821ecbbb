# SPDX-License-Identifier: MIT
"""What goes wrong on purpose in swell-workload serve, and the endpoints that podinfo has too."""
import json
import resource
import time
import unittest

from program import DEADLINE_S, wait_until
from serving import Waiting, burned_s, metric, serve


class Readiness(unittest.TestCase):
    def test_it_is_switched_off_and_on_while_requests_are_answered(self):
        with serve("--cpu-ms=0") as p:
            self.assertEqual(p.get("/readyz")[0], 200)
            self.assertEqual(p.request("POST", "/readyz/disable")[0], 202)
            self.assertEqual(p.get("/readyz")[0], 503)
            self.assertEqual((p.get("/livez")[0], p.get("/")[2]), (200, "OK!"))
            self.assertEqual(p.request("POST", "/readyz/enable")[0], 202)
            self.assertEqual(p.get("/readyz")[0], 200)
            self.assertEqual(p.get("/readyz/enable")[0], 405)

    def test_it_comes_after_the_startup_delay(self):
        with serve("--startup-delay=1h") as p:
            self.assertEqual(p.get("/readyz")[::2], (503, "starting"))
            self.assertEqual(p.get("/healthz")[0], 200)
        with serve("--startup-delay=300ms") as p:
            wait_until(lambda: p.get("/readyz")[0] == 200, "ready")


class Faults(unittest.TestCase):
    def test_errors_by_flag(self):
        with serve("--cpu-ms=1", "--error-rate=1") as p:
            self.assertEqual(p.get("/")[::2], (500, "failed on purpose\n"))
            self.assertEqual(burned_s(p), 0)
            self.assertEqual(metric(p, "swell_faults_injected_total"), 1)
            self.assertEqual(p.get("/healthz")[0], 200)

    def test_errors_at_run_time(self):
        with serve("--cpu-ms=0") as p:
            self.assertEqual(p.get("/")[0], 200)
            self.assertEqual(p.request("POST", "/fault_injection/enable")[0], 202)
            self.assertEqual(p.get("/")[0], 500)
            self.assertEqual(p.json("/fault_injection/status"),
                             {"enabled": True, "error_rate": 1.0, "leak_kib": 0})
            self.assertEqual(p.request("POST", "/fault_injection/disable")[0], 202)
            self.assertEqual(p.get("/")[0], 200)
            status, _, text = p.request("POST", "/fault_injection/enable?error_rate=2")
            self.assertEqual((status, text),
                             (400, "error_rate takes a number from 0 to 1, not '2'\n"))
            self.assertEqual(p.get("/")[0], 200)

    def test_errors_in_php_apache_too(self):
        with serve("--loop=php-apache", "--error-rate=1") as p:
            self.assertEqual(p.get("/")[0], 500)

    def test_leaked_memory_stays_resident(self):
        with serve("--cpu-ms=0", "--leak=1024") as p:
            before = metric(p, "process_resident_memory_bytes")
            for _ in range(20):
                self.assertEqual(p.get("/")[0], 200)
            self.assertEqual(metric(p, "swell_leaked_bytes"), 20 * 2**20)
            self.assertGreater(metric(p, "process_resident_memory_bytes") - before, 19 * 2**20)

    def test_a_slow_start_costs_more(self):
        with serve("--slow-start=1h", "--slow-start-times=10", "--cpu-ms=2") as p:
            for _ in range(10):
                self.assertEqual(p.get("/")[0], 200)
            self.assertGreater(burned_s(p), 0.15)  # 0.2 less what a slow test machine has slept

    def test_a_leak_and_a_slow_start_at_run_time(self):
        with serve("--cpu-ms=2", "--slow-start-times=10") as p:
            path = "/fault_injection/enable?leak_kib=1024&slow_start=1h"
            self.assertEqual(p.request("POST", path)[0], 202)
            before = burned_s(p)
            for _ in range(10):
                self.assertEqual(p.get("/")[0], 200)
            self.assertEqual(metric(p, "swell_leaked_bytes"), 10 * 2**20)
            self.assertGreater(burned_s(p) - before, 0.15)
            self.assertEqual(p.request("POST", "/fault_injection/disable")[0], 202)
            self.assertEqual(p.get("/")[0], 200)
            self.assertEqual(metric(p, "swell_leaked_bytes"), 10 * 2**20)  # stays, as leaks do
            self.assertLess(burned_s(p) - before, 0.23)

    def test_panic_ends_with_255_and_nobody_is_answered(self):
        with serve("--workers=1") as p, Waiting(p, 1, "/panic"):
            self.assertEqual(p.process.wait(DEADLINE_S), 255)
            p.wait_for_line("level=error msg=\"panic")


class Endpoints(unittest.TestCase):
    def test_a_thousand_are_delayed_and_one_more_is_told_503(self):
        _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
        with serve() as p, Waiting(p, 1000, "/delay/3600"):
            wait_until(lambda: metric(p, "http_requests_in_flight") == 1001, "1000 delayed")
            self.assertEqual(p.get("/delay/1")[::2], (503, "too many answers are delayed\n"))
            self.assertEqual(p.get("/livez")[0], 200)

    def test_status_answers_with_it(self):
        with serve() as p:
            for code in (200, 204, 304, 404, 418, 503):
                status, _, body = p.get(f"/status/{code}")
                self.assertEqual(status, code)
                self.assertEqual(body, "" if code in (204, 304) else f'{{"status":{code}}}')
            for wrong in ("199", "600", "abc", "1e2", "-1"):
                self.assertEqual(p.get(f"/status/{wrong}")[0], 400, wrong)

    def test_delay_answers_later_and_burns_nothing(self):
        with serve("--workers=1") as p:
            began = time.monotonic()
            self.assertEqual(p.json("/delay/0.3"), {"delay": 0.3})
            self.assertGreaterEqual(time.monotonic() - began, 0.3)
            self.assertEqual(p.json("/delay/0"), {"delay": 0.0})
            with Waiting(p, 20, "/delay/3600"):
                wait_until(lambda: metric(p, "http_requests_in_flight") == 21, "20 delayed")
                self.assertEqual(p.json("/delay/0.01"), {"delay": 0.01})
                self.assertEqual(p.get("/?cpu_ms=1")[2], "OK!")
            for wrong in ("-1", "abc", "3601", "nan"):
                self.assertEqual(p.get(f"/delay/{wrong}")[0], 400, wrong)

    def test_what_is_delayed_too_long_ends_with_the_drain(self):
        with serve("--drain-timeout=100ms") as p, Waiting(p, 3, "/delay/3600"):
            wait_until(lambda: metric(p, "http_requests_in_flight") == 4, "3 delayed")
            self.assertEqual(p.stop(), 1)
            p.wait_for_line("requests=3")

    def test_env_hides_what_looks_secret(self):
        with serve(env={"DB_PASSWORD": "hush", "API_TOKEN": "hush", "GREETING": "hello=you",
                        "DATABASE_URL": "postgres://me:hush@db/x"}) as p:
            text = p.get("/env")[2]
            self.assertNotIn("hush", text)
            self.assertIn("GREETING=hello=you", json.loads(text))
            self.assertIn("DB_PASSWORD=(hidden)", json.loads(text))

    def test_headers_are_shown_but_for_credentials(self):
        with serve() as p:
            _, _, text = p.get("/headers", headers={"X-Shown": "yes", "Authorization": "Bearer t",
                                                    "Cookie": "a=b"})
            headers = json.loads(text)
            self.assertEqual(headers["X-Shown"], ["yes"])
            self.assertEqual(headers["Authorization"], ["(hidden)"])
            self.assertEqual(headers["Cookie"], ["(hidden)"])


if __name__ == "__main__":
    unittest.main()
