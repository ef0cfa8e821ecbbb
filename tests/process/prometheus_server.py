# SPDX-License-Identifier: MIT
"""A real Prometheus on an address of its own, for tests. Standard library only."""
import json
import os
import subprocess
import urllib.error
import urllib.parse
import urllib.request

from program import DEADLINE_S, wait_until

CONFIGURATION = """\
global: {{scrape_interval: 500ms, scrape_timeout: 500ms{settings}}}
scrape_configs:
- job_name: tested
  static_configs: [{{targets: {targets}}}]
"""


class Prometheus:
    """Scrapes targets ("host:port") twice a second. settings are more of the section global:
    ", query_log_file: /tmp/log"."""

    started = 0  # in this process

    def __init__(self, folder, targets, settings=""):
        number = os.getpid() % 65536
        self.address = f"127.{185 + Prometheus.started % 40}.{number >> 8}.{number & 255}"
        self.url = f"http://{self.address}:9090"
        Prometheus.started += 1
        data = os.path.join(folder, f"prometheus-{self.address}")
        config = data + ".yml"
        with open(config, "w", encoding="utf-8") as file:
            file.write(CONFIGURATION.format(targets=json.dumps(targets), settings=settings))
        self.process = subprocess.Popen(
            ["prometheus", "--config.file=" + config, f"--web.listen-address={self.address}:9090",
             "--storage.tsdb.path=" + data],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        wait_until(self.is_ready, "prometheus is ready")

    def is_ready(self):
        if self.process.poll() is not None:
            raise AssertionError(f"prometheus ended with {self.process.returncode}")
        try:
            with urllib.request.urlopen(self.url + "/-/ready", timeout=DEADLINE_S) as answer:
                return answer.status == 200
        except (OSError, urllib.error.URLError):
            return False

    def query(self, text):
        """The values of an instant query, smallest first."""
        url = f"{self.url}/api/v1/query?" + urllib.parse.urlencode({"query": text})
        with urllib.request.urlopen(url, timeout=DEADLINE_S) as answer:
            result = json.loads(answer.read())["data"]["result"]
        return sorted(float(row["value"][1]) for row in result)

    def stop(self):
        self.process.kill()
        self.process.wait()
