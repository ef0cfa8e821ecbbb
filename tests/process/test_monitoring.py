# SPDX-License-Identifier: MIT
"""Dashboards and alerts find what they look for: their queries run on a real Prometheus that scrapes
the lab, in which everything of manifests/base/demo runs and an adapter beside it."""
import glob
import json
import os
import re
import subprocess
import tempfile
import unittest

from dashboards import Dashboard, Prometheus, problems, wait_for_data
from program import DEADLINE_S, Program, wait_until
from scraping import Scraper, alert_rules, alert_series

ROOT = os.path.abspath(os.path.join(os.path.dirname(__file__), "..", ".."))
MANIFESTS = os.path.join(ROOT, "manifests")
RUNBOOKS = os.path.join(ROOT, "docs", "runbooks.md")

# What each dashboard shows here; the other variables have one value.
SHOWN = {"autoscaling.json": {"workload": "php-apache"},
         "queue.json": {"workload": "workers", "queue": "jobs"},
         "adapter.json": {"namespace": "swell"}}

# That adapter has no certificate, and there is no aggregator: tests/e2e/monitoring.py sees these.
CERTIFICATE = "swell_adapter_certificate_expiry_timestamp_seconds"
NOT_IN_THE_LAB = {CERTIFICATE, "aggregator_unavailable_apiservice"}

# base/adapter is for a cluster: it asks an API server who somebody is. The scene's adapter is the same
# program without that.
KUSTOMIZATION = """
resources: [{demo}, {adapter}]
namespace: swell
"""

PROMETHEUS = """
global: {{scrape_interval: 500ms}}
scrape_configs:
- job_name: lab
  honor_labels: true
  static_configs: [{{targets: ["127.0.0.1:{port}"]}}]
- job_name: pods
  http_sd_configs: [{{url: "http://127.0.0.1:{port}/lab/targets", refresh_interval: 1s}}]
"""


def promtool(*command, **more):
    done = subprocess.run(["promtool", *command], capture_output=True, text=True,
                          timeout=DEADLINE_S, check=False, **more)
    return done.returncode, done.stdout + done.stderr


class Scene:
    """The demo and an adapter in a lab, jobs for the workers, and the Prometheus in front."""

    def __init__(self, folder):
        self.folder = os.path.realpath(folder)
        with open(os.path.join(self.folder, "kustomization.yaml"), "w", encoding="utf-8") as file:
            file.write(KUSTOMIZATION.format(demo=self.relative("manifests/base/demo"),
                                            adapter="adapter.yaml"))
        with open(os.path.join(ROOT, "lab/scenes/queue/adapter.yaml"), encoding="utf-8") as source, \
                open(os.path.join(self.folder, "adapter.yaml"), "w", encoding="utf-8") as file:
            file.write(source.read().replace("namespace: default", "namespace: swell"))
        self.running = []

    def relative(self, path):
        return os.path.relpath(os.path.join(ROOT, path), self.folder)

    def start(self, part):
        self.running.append(part)
        return part.__enter__()

    def __enter__(self):
        try:
            self.lab = self.start(Program("swell-lab", "up", "-f", self.folder, "--port=0",
                                          "--speed=15"))
            self.lab.wait_for_line("msg=service service=queue")
            queue = self.lab.json("/api/v1/namespaces/swell/services/queue")
            port = queue["metadata"]["annotations"]["swell.dev/port"]
            self.producer = subprocess.Popen(
                [os.path.join(os.environ["SWELL_BIN"], "swell-load"), "produce", "--rate=30/s",
                 f"--queue-url=http://{queue['spec']['clusterIP']}:{port}", "--cpu-ms=5"],
                stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            self.prometheus = Prometheus(self.start(Scraper(
                self.folder, PROMETHEUS.format(port=self.lab.port))).url)
            return self
        except BaseException:
            self.__exit__()
            raise

    def __exit__(self, *_):
        if hasattr(self, "producer"):
            self.producer.kill()
            self.producer.wait()
        for part in reversed(self.running):
            part.__exit__()


class Queries(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = cls.enterClassContext(tempfile.TemporaryDirectory())
        cls.scene = cls.enterClassContext(Scene(cls.folder))
        cls.prometheus = cls.scene.prometheus

    @classmethod
    def tearDownClass(cls):
        code = cls.scene.lab.stop()  # sanitizers speak up here
        assert code == 0, f"the lab ended with {code}: {cls.scene.lab.errors}"

    def play(self, dashboard):
        return [line for line in problems(dashboard, self.prometheus, SHOWN[dashboard.name])
                if CERTIFICATE not in line]

    def test_every_panel_of_every_dashboard_has_data(self):
        for path in glob.glob(os.path.join(MANIFESTS, "dashboards", "*.json")):
            wait_for_data(self, path, self.play, lambda holds: wait_until(holds, "data"))

    def test_a_panel_without_data_is_found(self):
        dashboard = Dashboard(os.path.join(MANIFESTS, "dashboards", "queue.json"))
        text = json.dumps(dashboard.json["panels"])
        dashboard.json["panels"] = json.loads(text.replace("swell_queue_depth", "swell_queue_gone"))
        renamed = [title for title, expression in dashboard.queries()
                   if "swell_queue_gone" in expression]
        wait_until(lambda: len(self.play(dashboard)) == len(renamed), "only the renamed ones fail")
        self.assertTrue(all("no data" in line for line in self.play(dashboard)))

    def test_alerts_read_series_that_are_there(self):
        for name in sorted(alert_series() - NOT_IN_THE_LAB):
            wait_until(lambda: self.prometheus.series(name), f"series {name}")


class Alerts(unittest.TestCase):
    def test_fire_when_they_should_and_not_before(self):
        with tempfile.TemporaryDirectory() as folder:
            with open(os.path.join(folder, "alerts.rules.yaml"), "w", encoding="utf-8") as file:
                file.write(alert_rules())
            os.symlink(os.path.join(ROOT, "tests/process/alerts.test.yaml"),
                       os.path.join(folder, "alerts.test.yaml"))
            code, says = promtool("check", "rules", "alerts.rules.yaml", cwd=folder)
            self.assertEqual(code, 0, says)
            code, says = promtool("test", "rules", "alerts.test.yaml", cwd=folder)
            self.assertEqual(code, 0, says)

    def test_each_alert_is_tested_and_has_its_page(self):
        with open(os.path.join(ROOT, "tests/process/alerts.test.yaml"), encoding="utf-8") as file:
            tests = file.read()
        with open(RUNBOOKS, encoding="utf-8") as file:
            pages = set(re.findall(r"^## (\w+)$", file.read(), re.MULTILINE))
        alerts = re.findall(r"- alert: (\w+)", alert_rules())
        self.assertEqual(set(alerts), pages)
        self.assertEqual(re.findall(r"runbook: (\S+)", alert_rules()),
                         [f"docs/runbooks.md#{alert.lower()}" for alert in alerts])
        for alert in alerts:
            self.assertIn(f"alertname: {alert}\n", tests)


if __name__ == "__main__":
    unittest.main()
