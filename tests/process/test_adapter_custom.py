# SPDX-License-Identifier: MIT
"""custom.metrics.k8s.io as an HPA reads it: pods by name and by selector, other objects, namespaces."""
import json
import os
import tempfile
import threading
import unittest

from kube_fake import FakeKube, named
from program import started, wait_until
from prometheus_fake import FakePrometheus, vector

V1 = "/apis/custom.metrics.k8s.io/v1beta1"
V2 = "/apis/custom.metrics.k8s.io/v1beta2"
RULES = """\
rules:
- seriesQuery: rps
  resources: {template: <<.Resource>>}
  metricsQuery: sum(<<.Series>>{<<.LabelMatchers>>}) by (<<.GroupBy>>)
"""
CONFIGURED = """\
customMetrics:
- name: depth
  resource: pods
  namespaceLabel: ns
  source: {prometheus: {url: 'URL', query: depth}}
  interval: 100ms
- {name: rps, namespace: other, source: {prometheus: {url: 'URL', query: other}}, interval: 100ms}
"""


def names(doc):
    return [item["describedObject"]["name"] for item in doc["items"]]


class CustomTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.prometheus = FakePrometheus()
        self.addCleanup(self.prometheus.stop)
        self.kube = FakeKube()
        self.addCleanup(self.kube.stop)
        self.kube.resources["farm.io/v2"] = [("oxen", "Ox", False)]
        self.prometheus.series = {"rps": [{"__name__": "rps", "namespace": "", "pod": "",
                                           "deployment": "", "node": "", "service": "",
                                           "brand": "", "ox": ""}]}
        self.kube.objects = {"pods": [named("web-1", "shop", {"app": "web"}),
                                      named("web-2", "shop", {"app": "web"}),
                                      named("db-1", "shop", {"app": "db"}),
                                      named("web-9", "other", {"app": "web"})]}
        path = os.path.join(folder.name, "rules.yaml")
        with open(path, "w", encoding="utf-8") as file:
            file.write(RULES + CONFIGURED.replace("URL", self.prometheus.url))
        self.p = started(self, "swell-adapter", "--address=127.0.0.1", "--port=0", "--config=" + path,
                         "--prometheus-url=" + self.prometheus.url,
                         "--lister-kubeconfig=" + self.kube.kubeconfig(folder.name))
        wait_until(lambda: {"nodes/rps", "oxen.farm.io/rps"} <= {
            r["name"] for r in self.p.json(V2)["resources"]}, "the rule's metrics in discovery")

    def get(self, path):
        """The document, once the pods are known."""
        status, body = wait_until(lambda: self.known(path), "the pods: " + path)
        return status, json.loads(body)

    def known(self, path):
        status, _, body = self.p.get(path)
        return None if "has not said yet" in body else (status, body)

    def message(self, path, status):
        got, doc = self.get(path)
        self.assertEqual((got, doc["kind"]), (status, "Status"), doc)
        return doc["message"]

    def test_all_pods_of_a_selector(self):
        self.prometheus.results = {
            'sum(rps{namespace="shop",pod=~"web-1|web-2"}) by (pod)':
                vector(({"pod": "web-1"}, "1.5"), ({"pod": "web-2"}, "NaN"), ({"pod": "x"}, "9"))}
        for star in ("*", "%2A"):
            status, doc = self.get(f"{V2}/namespaces/shop/pods/{star}/rps?labelSelector=app%3Dweb")
            self.assertEqual((status, doc["kind"], doc["apiVersion"]),
                             (200, "MetricValueList", "custom.metrics.k8s.io/v1beta2"))
            self.assertEqual(names(doc), ["web-1"])  # what has no number is missing
            self.assertEqual(doc["items"][0]["value"], "1500m")

    def test_a_selector_without_pods_is_404_without_a_query(self):
        message = self.message(f"{V2}/namespaces/shop/pods/*/rps?labelSelector=app%3Dnone", 404)
        self.assertEqual(message, "rps: there are no pods in namespace shop that the selector "
                                  "'app=none' matches")
        self.assertFalse([q for q in self.prometheus.queries if "rps" in q])

    def test_pods_without_values_are_an_empty_list(self):
        status, doc = self.get(f"{V2}/namespaces/shop/pods/*/rps")
        self.assertEqual((status, doc["items"]), (200, []))
        self.assertIn('sum(rps{namespace="shop",pod=~"db-1|web-1|web-2"}) by (pod)',
                      self.prometheus.queries)

    def test_follows_pods_that_come_and_go(self):
        self.prometheus.results = {None: vector(*(({"pod": f"web-{i}"}, "1") for i in range(9)))}
        path = f"{V2}/namespaces/shop/pods/*/rps?labelSelector=app%3Dweb"
        self.assertEqual(names(self.get(path)[1]), ["web-1", "web-2"])
        self.kube.put("pods", named("web-3", "shop", {"app": "web"}))
        self.kube.remove("pods", "web-1")
        wait_until(lambda: names(self.p.json(path)) == ["web-2", "web-3"], "the new pods")

    def test_both_versions_say_the_same_in_their_own_words(self):
        query = 'sum(rps{namespace="shop",pod="web-1"}) by (pod)'
        self.prometheus.results = {query: vector(({"pod": "web-1"}, "3"))}
        path = "/namespaces/shop/pods/web-1/rps"
        old, new = self.p.json(V1 + path), self.p.json(V2 + path)
        self.assertEqual(old["apiVersion"], "custom.metrics.k8s.io/v1beta1")
        described = {"kind": "Pod", "namespace": "shop", "name": "web-1", "apiVersion": "v1"}
        time = new["items"][0]["timestamp"]
        self.assertEqual(old["items"], [{"describedObject": described, "metricName": "rps",
                                         "timestamp": time, "value": "3", "selector": None}])
        self.assertEqual(new["items"], [{"describedObject": described, "timestamp": time,
                                         "metric": {"name": "rps", "selector": None},
                                         "value": "3"}])
        self.assertEqual(self.prometheus.queries.count(query), 1)

    def test_objects_of_any_resource_and_namespaces_themselves(self):
        self.prometheus.results = {
            'sum(rps{namespace="shop",deployment="web"}) by (deployment)':
                vector(({"deployment": "web"}, "1")),
            'sum(rps{node="n1"}) by (node)': vector(({"node": "n1"}, "2")),
            'sum(rps{namespace="shop",brand="brie"}) by (brand)': vector(({"brand": "brie"}, "5")),
            'sum(rps{ox="bob"}) by (ox)': vector(({"ox": "bob"}, "6")),
            'sum(rps{namespace="shop"}) by (namespace)': vector(({"namespace": "shop"}, "3")),
            'sum(rps{a="b",namespace="shop",service="s"}) by (service)':
                vector(({"service": "s"}, "4"))}
        for path, described, value in [
                ("/namespaces/shop/deployments.apps/web/rps",
                 {"kind": "Deployment", "namespace": "shop", "name": "web",
                  "apiVersion": "apps/v1"}, "1"),
                ("/namespaces/shop/brands.cheese.io/brie/rps",
                 {"kind": "Brand", "namespace": "shop", "name": "brie",
                  "apiVersion": "cheese.io/v1"}, "5"),
                ("/oxen.farm.io/bob/rps",
                 {"kind": "Ox", "name": "bob", "apiVersion": "farm.io/v2"}, "6"),
                ("/nodes/n1/rps/", {"kind": "Node", "name": "n1", "apiVersion": "v1"}, "2"),
                ("/namespaces/shop/metrics/rps",
                 {"kind": "Namespace", "name": "shop", "apiVersion": "v1"}, "3"),
                ("/namespaces/shop/services/s/rps?metricLabelSelector=a%3Db",
                 {"kind": "Service", "namespace": "shop", "name": "s", "apiVersion": "v1"}, "4")]:
            with self.subTest(path):
                item, = self.p.json(V2 + path)["items"]
                self.assertEqual((item["describedObject"], item["value"]), (described, value))

    def test_configured_metrics_of_objects(self):
        pods = ("web-1", "shop"), ("db-1", "shop"), ("web-9", "other")
        self.prometheus.results = {
            "depth": vector(*(({"pod": pod, "ns": ns, "zone": "a" if pod == "web-1" else "b"}, "5")
                              for pod, ns in pods)),
            "other": vector(({"pod": "web-9"}, "7"))}
        path = f"{V2}/namespaces/shop/pods/*/depth"
        wait_until(lambda: self.p.get(path)[0] == 200 and self.p.json(path)["items"], path)
        self.assertEqual(names(self.p.json(path)), ["db-1", "web-1"])
        self.assertEqual(names(self.p.json(path + "?metricLabelSelector=zone%3Da")), ["web-1"])
        self.assertEqual(names(self.p.json(path + "?labelSelector=app%3Ddb")), ["db-1"])
        path = f"{V2}/namespaces/other/pods/web-9/rps"
        wait_until(lambda: self.p.get(path)[0] == 200, path)
        item, = self.p.json(path)["items"]
        self.assertEqual(item["value"], "7")  # there it is not the rule's
        self.message(f"{V2}/namespaces/other/pods/web-1/depth", 404)
        listed = [r["name"] for r in self.p.json(V2)["resources"]]
        self.assertIn("pods/depth", listed)
        self.assertEqual(listed.count("pods/rps"), 1)

    def test_what_is_not_there_is_404(self):
        for path in ("/namespaces/shop/pods/web-1/other", "/pods/web-1/rps",
                     "/namespaces/shop/nodes/n1/rps", "/namespaces/shop/po/web-1/rps",
                     "/namespaces/shop/oxen.farm.io/bob/rps", "/brands.cheese.io/brie/rps",
                     "/namespaces/shop/rps", "/namespaces/shop/jobs.batch/j/rps"):
            with self.subTest(path):
                self.message(V2 + path, 404)
        self.message(V2.replace("v1beta2", "v1") + "/namespaces/shop/pods/web-1/rps", 404)

    def test_selectors_that_cannot_be_are_400(self):
        path = V2 + "/namespaces/shop/pods/*/rps?"
        for query in ("labelSelector=a%3D%3D%3D", "metricLabelSelector=a+in+%28",
                      "metricLabelSelector=namespace%3Dother", "labelSelector=a%3E5"):
            with self.subTest(query):
                self.message(path + query, 400)

    def test_a_query_that_hangs_is_waited_for_and_given_up(self):
        self.prometheus.hangs.set()
        answers = []
        asking = [threading.Thread(target=lambda: answers.append(
            self.p.get(V2 + "/namespaces/shop/pods/web-1/rps"))) for _ in range(4)]
        for thread in asking:
            thread.start()
        self.assertEqual(self.p.get(V2)[0], 200)  # meanwhile
        for thread in asking:
            thread.join()
        for status, headers, body in answers:
            self.assertEqual(status, 503, body)
            self.assertNotIn("Retry-After", headers)


if __name__ == "__main__":
    unittest.main()
