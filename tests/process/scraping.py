# SPDX-License-Identifier: MIT
"""A real Prometheus for tests, and the alerts that it is given."""
import os
import re
import subprocess

from program import DEADLINE_S, wait_until

ROOT = os.path.abspath(os.path.join(os.path.dirname(__file__), "..", ".."))
# Nobody scrapes an adapter with a second one behind it: test_adapter_pass_through.py sees this series.
WITH_ANOTHER_ADAPTER = "swell_adapter_forward_failing"
ALERTS = os.path.join(ROOT, "manifests", "alerts", "alerts.yaml")


def alert_rules():
    """What stands under spec in the PrometheusRule: a rule file."""
    with open(ALERTS, encoding="utf-8") as file:
        spec = file.read().split("\nspec:\n")[1]
    return re.sub(r"^  ", "", spec, flags=re.MULTILINE)


def alert_series():
    """Names of the series that the alerts read and a scraped cluster or lab has."""
    return set(re.findall(r"\b(?:kube|swell|aggregator)_\w+", alert_rules())) - {WITH_ANOTHER_ADAPTER}


class Scraper:
    """A Prometheus with this configuration, and its URL. Its files are in folder."""

    def __init__(self, folder, configuration, listen="127.0.0.1:0"):
        config = os.path.join(folder, "prometheus.yml")
        with open(config, "w", encoding="utf-8") as file:
            file.write(configuration)
        self.log_path = os.path.join(folder, "prometheus.log")
        with open(self.log_path, "w", encoding="utf-8") as log:
            self.process = subprocess.Popen(
                ["prometheus", f"--config.file={config}", f"--web.listen-address={listen}",
                 f"--storage.tsdb.path={folder}/data"], stdout=log, stderr=log)

    def __enter__(self):
        try:
            self.url = wait_until(self.find_url, "Prometheus listens")
            return self
        except BaseException:
            self.__exit__()
            raise

    def find_url(self):
        if self.process.poll() is not None:
            raise AssertionError(self.log())
        found = re.search(r'msg="Listening on" address=(\S+)', self.log())
        ready = "Server is ready to receive web requests" in self.log()
        return ready and found and f"http://{found.group(1)}"

    def log(self):
        with open(self.log_path, encoding="utf-8") as log:
            return log.read()

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait(timeout=DEADLINE_S)
