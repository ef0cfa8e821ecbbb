# SPDX-License-Identifier: MIT
"""swell-adapter has the API groups and asks prometheus-adapter, the real one, for what is not its own.
A real HPA controller reads metrics of both."""
import json
import unittest

from autoscaled import SHOP, HpaTest, external, of_service, start_shop
from identities import Authority, Door, bearer
from program import wait_until
from prometheus_adapter import PrometheusAdapter, free_port
from prometheus_fake import FakePrometheus, vector

EXTERNAL = "/apis/external.metrics.k8s.io/v1beta1"
CUSTOM = "/apis/custom.metrics.k8s.io/v1beta2"

THEIRS = """\
externalRules:
- seriesQuery: backlog
  resources: {namespaced: false}
  metricsQuery: max(<<.Series>>)
rules:
- seriesQuery: hits
  resources: {overrides: {namespace: {resource: namespace}, service: {resource: service}}}
  metricsQuery: sum(<<.Series>>{<<.LabelMatchers>>}) by (<<.GroupBy>>)
"""
BACKLOG = "max(backlog)"
HITS = f'sum(hits{{namespace="{SHOP}",service="front"}}) by (service)'


def setUpModule():  # noqa: N802, unittest's name
    start_shop()
    # As docs/adapter.md says: the other asks whether we may read.
    HpaTest.plane.kubectl("create", "clusterrolebinding", "swell-adapter-reads-metrics",
                          "--clusterrole=swell-metrics-reader",
                          "--serviceaccount=swell-system:adapter")


class SideBySide(HpaTest):
    def setUp(self):
        super().setUp()
        self.authority = Authority(self.folder, "other-ca")
        self.pair = self.authority.issue("other", "/CN=other", "serverAuth")
        self.port = free_port()
        self.prometheus = FakePrometheus()
        self.addCleanup(self.prometheus.stop)
        self.prometheus.series = {
            "backlog": [{"__name__": "backlog"}],
            "hits": [{"__name__": "hits", "namespace": SHOP, "service": "front"}]}
        self.queue = self.redis()

    def ours(self):
        """Its token is the one with which it asks the API server."""
        other = json.dumps({"url": f"https://localhost:{self.port}", "timeout": "5s",
                            "discoveryInterval": "1s", "tls": {"caFile": self.authority.certificate},
                            "bearerToken": {"file": f"{self.folder}/token"}})
        return self.serving(f"""\
externalMetrics:
- name: jobs
  interval: 200ms
  source: {{redis: {{address: "{self.queue.address}:6379", key: jobs}}}}
passThrough: {{external: {other}, custom: {other}}}
""")

    def theirs(self):
        other = PrometheusAdapter(self.folder, self.write(THEIRS, "theirs.yaml"), self.prometheus.url,
                                  self.plane.kubeconfig, f"--tls-cert-file={self.pair[0]}",
                                  f"--tls-private-key-file={self.pair[1]}", port=self.port)
        self.addCleanup(lambda: other.process.poll() is None and other.stop())
        return other

    def set_jobs(self, length):
        self.queue("DEL", "jobs")
        self.queue("RPUSH", "jobs", *"x" * length)

    def set_theirs(self, query, value, labels=None):
        self.prometheus.results[query] = vector((labels or {}, str(value)))

    def listed(self, path):
        return {resource["name"] for resource in json.loads(self.raw(path))["resources"]}

    def test_one_hpa_goes_on_while_the_other_ones_adapter_is_dead(self):
        self.set_jobs(20)
        self.set_theirs(BACKLOG, 15)
        p, other = self.ours(), self.theirs()
        workers = self.autoscaled("workers", external("jobs", average="5"))
        diggers = self.autoscaled("diggers", external("backlog", average="5"))
        workers.becomes(4)  # 20 / 5, from ours
        diggers.becomes(3)  # 15 / 5, from theirs
        wait_until(lambda: self.listed(EXTERNAL) == {"jobs", "backlog"}, "both adapters' metrics")
        generation = diggers.generation()

        other.stop()
        self.set_theirs(BACKLOG, 5)
        said = diggers.wait_condition("FailedGetExternalMetric")
        self.assertRegex(said, r'external metric "backlog" is not configured here, and '
                               rf"https://localhost:{self.port}, which is asked for such ones, cannot "
                               r"be connected to since \d\d:\d\d:\d\d")
        p.wait_for_line("other adapter fails")
        self.set_jobs(30)
        workers.becomes(6)
        self.set_jobs(10)
        workers.becomes(2)
        self.wait_evaluated()
        self.assertEqual(diggers.generation(), generation)
        self.assertEqual(workers.condition()[1], "ValidMetricFound")
        self.assertIn("jobs", self.plane.kubectl("api-resources", "--api-group",
                                                 "external.metrics.k8s.io"))

        self.theirs()
        diggers.becomes(1)
        diggers.wait_condition("ValidMetricFound")
        p.wait_for_line("other adapter answers again")

    def test_a_metric_of_an_object_is_asked_for_too(self):
        self.set_theirs(HITS, 30, {"service": "front"})
        self.ours()
        self.theirs()
        front = self.autoscaled("front", of_service("front", "hits", average="10"))
        front.becomes(3)
        wait_until(lambda: "services/hits" in self.listed(CUSTOM), "their list")
        self.set_theirs(HITS, 10, {"service": "front"})
        front.becomes(1)

    def test_who_may_not_read_is_not_helped_by_our_rights(self):
        self.set_theirs(BACKLOG, 15)
        p = self.ours()
        self.theirs()
        path = f"{EXTERNAL}/namespaces/{SHOP}/backlog"
        self.assertEqual(json.loads(self.raw(path))["items"][0]["value"], "15")
        self.plane.kubectl("create", "serviceaccount", "powerless")
        token = self.plane.kubectl("create", "token", "powerless").strip()
        status, _, body = Door(p.port).ask(path, headers=bearer(token))
        self.assertEqual(status, 403, body)
        self.assertIn("system:serviceaccount:default:powerless", body)


if __name__ == "__main__":
    unittest.main()
