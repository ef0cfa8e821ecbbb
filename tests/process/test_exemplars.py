# SPDX-License-Identifier: MIT
"""Traces beside the buckets of swell-workload serve, as a real Prometheus reads them."""
import json
import os
import shutil
import subprocess
import tempfile
import unittest
import urllib.request

from program import DEADLINE_S, wait_until
from serving import metric, serve

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
TRACED = {"traceparent": f"00-{TRACE}-00f067aa0ba902b7-01"}
OPENMETRICS = {"Accept": "application/openmetrics-text;version=1.0.0"}
CONFIG = """
global:
  scrape_interval: 200ms
  scrape_timeout: 200ms
scrape_configs:
  - job_name: swell
    static_configs:
      - targets: ["127.0.0.1:{port}"]
"""


class Prometheus:
    """A server on an address of its own that scrapes a port."""

    def __init__(self, folder, port):
        number = os.getpid() % 65536
        self.address = f"127.84.{number >> 8}.{number & 255}:9090"
        config = os.path.join(folder, "prometheus.yml")
        with open(config, "w", encoding="ascii") as file:
            file.write(CONFIG.format(port=port))
        self.process = subprocess.Popen(
            ["prometheus", f"--config.file={config}", f"--storage.tsdb.path={folder}/data",
             f"--web.listen-address={self.address}", "--enable-feature=exemplar-storage"],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()

    def ask(self, what):
        """The data of an answer of its API; None while there is none."""
        try:
            url = f"http://{self.address}/api/v1/{what}"
            with urllib.request.urlopen(url, timeout=DEADLINE_S) as answer:
                return json.load(answer)["data"]
        except OSError:
            return None


def exemplars(text):
    return [line for line in text.splitlines() if " # {" in line]


class Exemplars(unittest.TestCase):
    @unittest.skipUnless(shutil.which("prometheus"), "prometheus is not installed")
    def test_a_real_prometheus_keeps_them(self):
        with tempfile.TemporaryDirectory() as folder, serve("--cpu-ms=1", "--exemplars") as p, \
                Prometheus(folder, p.port) as prometheus:
            self.assertEqual(p.get("/", headers=TRACED)[0], 200)
            query = "query_exemplars?query=http_request_duration_seconds_bucket&start=0&end=9e9"
            [found] = wait_until(lambda: prometheus.ask(query), "an exemplar")
            self.assertEqual(found["seriesLabels"]["route"], "/")
            self.assertEqual(found["exemplars"][0]["labels"], {"trace_id": TRACE})
            self.assertGreaterEqual(float(found["exemplars"][0]["value"]), 0.001)
            [target] = prometheus.ask("targets")["activeTargets"]
            self.assertEqual((target["health"], target["lastError"]), ("up", ""))

    def test_only_openmetrics_has_them_and_only_when_they_are_asked_for(self):
        with serve("--cpu-ms=0", "--exemplars") as on, serve("--cpu-ms=0") as off:
            for p in (on, off):
                self.assertEqual(p.get("/", headers=TRACED)[0], 200)
                wait_until(lambda p=p: 'route="/",' in p.get("/metrics")[2], "counted")
            [line] = exemplars(on.get("/metrics", headers=OPENMETRICS)[2])
            self.assertRegex(line, r'^http_request_duration_seconds_bucket\{method="GET",route="/",'
                             r'le="[^"]+"\} \d+ # \{trace_id="' + TRACE + r'"\} \S+ \d+\.\d{3}$')
            self.assertEqual(exemplars(on.get("/metrics")[2]), [])
            self.assertEqual(exemplars(off.get("/metrics", headers=OPENMETRICS)[2]), [])

    def test_a_request_without_a_right_trace_has_none(self):
        with serve("--cpu-ms=0", "--exemplars") as p:
            for header in ({}, {"traceparent": "00-" + "0" * 32 + "-00f067aa0ba902b7-01"},
                           {"traceparent": TRACED["traceparent"] + '"} 1'}):
                self.assertEqual(p.get("/", headers=header)[0], 200)
            count = 'http_request_duration_seconds_count{method="GET",route="/"}'
            wait_until(lambda: metric(p, count) == 3, "counted")
            self.assertEqual(exemplars(p.get("/metrics", headers=OPENMETRICS)[2]), [])


if __name__ == "__main__":
    unittest.main()
