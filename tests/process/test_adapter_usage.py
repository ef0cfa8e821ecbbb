# SPDX-License-Identifier: MIT
"""metrics.k8s.io from resourceRules, as kubectl top and an HPA read it."""
import json
import os
import tempfile
import unittest

from kube_fake import FakeKube, named
from program import started, wait_until
from prometheus_fake import FakePrometheus, vector

V1 = "/apis/metrics.k8s.io/v1beta1"
LABELS = "{template: <<.Resource>>}"
RULES = f"""\
resourceRules:
  cpu: {{containerQuery: 'cpu by <<.GroupBy>>', nodeQuery: node_cpu, containerLabel: container,
        resources: {LABELS}}}
  memory: {{containerQuery: 'memory by <<.GroupBy>>', nodeQuery: node_memory,
           containerLabel: container, resources: {LABELS}}}
  window: 5m
"""


def container(pod, name):
    return {"pod": pod, "container": name}


class UsageTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.prometheus = FakePrometheus()
        self.addCleanup(self.prometheus.stop)
        self.kube = FakeKube()
        self.addCleanup(self.kube.stop)
        self.kube.objects = {
            "pods": [named("web-1", "shop", {"app": "web"}), named("web-2", "shop"),
                     named("ended", "shop", status={"phase": "Succeeded"})],
            "namespaces": [named("shop"), named("empty")], "nodes": [named("n1")]}
        self.prometheus.results = {
            "cpu by pod,container": vector((container("web-1", "a"), "0.0121"),
                                           (container("web-1", "b"), "1"),
                                           (container("web-2", "a"), "NaN"),
                                           (container("ended", "a"), "1")),
            "memory by pod,container": vector((container("web-1", "a"), "20971520"),
                                              (container("web-1", "b"), "1048576"),
                                              (container("web-2", "a"), "1")),
            "node_cpu": vector(({"node": "n1"}, "1.5")),
            "node_memory": vector(({"node": "n1"}, "1073741824"))}
        path = os.path.join(folder.name, "rules.yaml")
        with open(path, "w", encoding="utf-8") as file:
            file.write(RULES)
        self.p = started(self, "swell-adapter", "--address=127.0.0.1", "--port=0", "--config=" + path,
                         "--prometheus-url=" + self.prometheus.url,
                         "--lister-kubeconfig=" + self.kube.kubeconfig(folder.name))

    def get(self, path):
        """(status, document), once the objects are known."""
        def known():
            status, _, body = self.p.get(path)
            return None if "has not said yet" in body else (status, json.loads(body))
        return wait_until(known, "the objects: " + path)

    def test_pods_with_a_value_for_both_resources(self):
        for path in (V1 + "/namespaces/shop/pods", V1 + "/pods",
                     V1 + "/namespaces/shop/pods?labelSelector=app%3Dweb"):
            with self.subTest(path):
                status, doc = self.get(path)
                self.assertEqual((status, doc["kind"]), (200, "PodMetricsList"), doc)
                item, = doc["items"]  # web-2 has no number for CPU, the other has ended
                self.assertEqual((item["metadata"]["name"], item["metadata"]["namespace"],
                                  item["window"]), ("web-1", "shop", "5m0s"))
                self.assertEqual(item["containers"],
                                 [{"name": "a", "usage": {"cpu": "13m", "memory": "20Mi"}},
                                  {"name": "b", "usage": {"cpu": "1", "memory": "1Mi"}}])

    def test_one_pod_and_one_node(self):
        status, doc = self.get(V1 + "/namespaces/shop/pods/web-1")
        self.assertEqual((status, doc["kind"], doc["apiVersion"]),
                         (200, "PodMetrics", "metrics.k8s.io/v1beta1"))
        status, doc = self.get(V1 + "/nodes/n1")
        self.assertEqual((status, doc["kind"], doc["usage"]),
                         (200, "NodeMetrics", {"cpu": "1500m", "memory": "1Gi"}))
        status, doc = self.get(V1 + "/namespaces/shop/pods/gone")
        self.assertEqual((status, doc["message"]), (404, 'pods.metrics.k8s.io "gone" not found'))

    def test_nodes_and_their_group(self):
        _, doc = self.get(V1 + "/nodes")
        self.assertEqual([n["metadata"]["name"] for n in doc["items"]], ["n1"])
        self.assertEqual([r["name"] for r in self.p.json(V1)["resources"]], ["nodes", "pods"])

    def test_an_upstream_failure_is_an_error_and_no_empty_list(self):
        self.prometheus.results = {None: 500}
        status, doc = self.get(V1 + "/namespaces/shop/pods")
        self.assertEqual(status, 503)
        self.assertIn("usage of pods: Prometheus at", doc["message"])


if __name__ == "__main__":
    unittest.main()
