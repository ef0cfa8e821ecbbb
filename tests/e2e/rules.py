# SPDX-License-Identifier: MIT
"""prometheus-adapter itself with the configurations of tests/process/rules_cases.py: it must make the
queries that stand there, which ours is held to by tests/process/test_adapter_queries.py. Its API
server and its Prometheus are stand-ins, so nothing else is needed."""
import http.client
import os
import re
import ssl
import tempfile
import unittest

from kube_fake import FakeKube, named
from program import DEADLINE_S, wait_until
from prometheus_adapter import PrometheusAdapter
from prometheus_fake import FakePrometheus
from rules_cases import CASES, PODS_OF_THE_CLUSTER, series_of


def sent_to(prometheus):
    """The queries, with the names of pods in order: the original has them as its cache happens to."""
    return {re.sub(r'(?<=pod=~")[^"]*', lambda names: "|".join(sorted(names[0].split("|"))), query)
            for query in prometheus.queries}


class Original(PrometheusAdapter):
    """With a client that it trusts because its API server says so."""

    def __init__(self, folder, config, prometheus, kubeconfig):
        # Its API server lists, and does not say where a list ends that is part of a watch.
        super().__init__(folder, config, prometheus, kubeconfig, "--authentication-skip-lookup=true",
                         environment={"KUBE_FEATURE_WatchListClient": "false"})

    def get(self, path):
        """(status, body), or None while it does not listen."""
        context = ssl._create_unverified_context()  # its certificate is its own
        connection = http.client.HTTPSConnection("127.0.0.1", self.port, timeout=DEADLINE_S,
                                                 context=context)
        try:
            connection.request("GET", path, headers={"Authorization": "Bearer anything"})
            answer = connection.getresponse()
            return answer.status, answer.read().decode()
        except OSError:
            return None
        finally:
            connection.close()


class OriginalTest(unittest.TestCase):
    def setUp(self):
        self.kube = FakeKube()
        self.addCleanup(self.kube.stop)
        self.kube.objects = {
            "pods": [named(name, "shop", {"app": app}, status={"phase": "Running"})
                     for name, app in PODS_OF_THE_CLUSTER],
            "nodes": [named("n1")]}

    def test_the_original_makes_the_queries_of_every_case(self):
        for name, case in CASES.items():
            with self.subTest(name):
                self.check(case)

    def check(self, case):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        prometheus = FakePrometheus()
        self.addCleanup(prometheus.stop)
        prometheus.series = series_of(case)
        config = os.path.join(folder.name, "config.yaml")
        with open(config, "w", encoding="utf-8") as file:
            file.write(case[0])
        original = Original(folder.name, config, prometheus.url, self.kube.kubeconfig(folder.name))
        try:
            for path, query in case[2]:
                # Its first answers are errors: it lists series and objects in the background.
                wait_until(lambda: original.get(path) and query in sent_to(prometheus),
                           f"{query} for {path}; sent: {sent_to(prometheus)}; "
                           f"last answer: {original.get(path)}", 30)
            self.assertEqual(sent_to(prometheus), {query for _, query in case[2]})
        finally:
            original.stop()


if __name__ == "__main__":
    unittest.main()
