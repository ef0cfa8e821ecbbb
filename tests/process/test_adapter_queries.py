# SPDX-License-Identifier: MIT
"""Every configuration of rules_cases.py makes the queries that stand there."""
import os
import tempfile
import unittest

from kube_fake import FakeKube, named
from program import Program, wait_until
from prometheus_fake import FakePrometheus
from rules_cases import CASES, PODS_OF_THE_CLUSTER, series_of


class QueriesTest(unittest.TestCase):
    def test_makes_the_queries_of_every_case(self):
        kube = FakeKube()
        self.addCleanup(kube.stop)
        kube.objects = {"pods": [named(name, "shop", {"app": app})
                                 for name, app in PODS_OF_THE_CLUSTER]}
        for name, case in CASES.items():
            with self.subTest(name):
                self.check(case, kube)

    def check(self, case, kube):
        prometheus = FakePrometheus()
        self.addCleanup(prometheus.stop)
        prometheus.series = series_of(case)
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        path = os.path.join(folder.name, "rules.yaml")
        with open(path, "w", encoding="utf-8") as file:
            file.write(case[0])
        with Program("swell-adapter", "--address=127.0.0.1", "--port=0", "--config=" + path,
                     "--prometheus-url=" + prometheus.url,
                     "--lister-kubeconfig=" + kube.kubeconfig(folder.name)) as p:
            for path, query in case[2]:
                wait_until(lambda: p.get(path) and query in prometheus.queries,
                           f"{query} for {path}; sent: {set(prometheus.queries)}; "
                           f"last answer: {p.get(path)}", 20)
            self.assertEqual(set(prometheus.queries), {query for _, query in case[2]})
            self.assertEqual(p.stop(), 0)


if __name__ == "__main__":
    unittest.main()
