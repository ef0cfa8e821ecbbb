# SPDX-License-Identifier: MIT
"""metrics.k8s.io from a usage feed, as kubectl top and an HPA read it: from a feeder that the test
leads, and from the lab."""
import datetime
import json
import os
import unittest

from adapter_fixture import AdapterTest, Queue
from program import started, wait_until

V1 = "/apis/metrics.k8s.io/v1beta1"
CONFIG = """\
usage:
  pods: {url: "PODS", timeout: 300ms}
  interval: 100ms
  maxAge: MAX_AGE
"""
DEPLOYMENT = """\
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  replicas: 2
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec: {containers: [{name: web, image: swell-workload, args: [serve]}]}
"""


def item(name, namespace=None, age_s=0, cpu="12m", **labels):
    measured = datetime.datetime.now(datetime.timezone.utc) - datetime.timedelta(seconds=age_s)
    usage = {"cpu": cpu, "memory": "20Mi"}
    return {"metadata": {"name": name, "labels": labels,
                         **({"namespace": namespace} if namespace else {})},
            "timestamp": measured.strftime("%Y-%m-%dT%H:%M:%SZ"), "window": "15.021s",
            **({"containers": [{"name": "web", "usage": usage}]} if namespace else
               {"usage": usage})}


class UsageFeed(AdapterTest):
    def feed(self, server, *items):
        server.answer(json.dumps({"kind": "PodMetricsList", "items": items}).encode())

    def fed(self, max_age="60s", more=""):
        return self.adapter(CONFIG.replace("PODS", f"http://127.0.0.1:{self.queue.port}/pods")
                            .replace("MAX_AGE", max_age) + more)

    def get(self, p, path):
        status, _, body = p.get(V1 + path)
        doc = json.loads(body)
        return doc["message"] if status >= 300 else doc

    def names(self, p, path):
        doc = self.get(p, path)
        return [i["metadata"]["name"] for i in doc["items"]] if isinstance(doc, dict) else doc

    def test_pods_by_namespace_name_and_label(self):
        pods = [item("web-1", "shop", app="web"), item("db-1", "shop", app="db"),
                item("web-1", "other", app="web", cpu="1234567n")]
        self.feed(self.queue, *pods)
        p = self.fed()
        self.assertEqual(self.names(p, "/pods"), ["web-1", "db-1", "web-1"])
        self.assertEqual(self.names(p, "/namespaces/shop/pods"), ["web-1", "db-1"])
        self.assertEqual(self.names(p, "/namespaces/shop/pods?labelSelector=app%3Dweb"), ["web-1"])
        self.assertEqual(self.names(p, "/namespaces/none/pods"), [])
        one = self.get(p, "/namespaces/other/pods/web-1")
        self.assertEqual((one["kind"], one["apiVersion"], one["timestamp"], one["window"]),
                         ("PodMetrics", "metrics.k8s.io/v1beta1", pods[2]["timestamp"], "15.021s"))
        self.assertEqual(one["containers"],
                         [{"name": "web", "usage": {"cpu": "1234567n", "memory": "20Mi"}}])
        self.assertEqual(self.get(p, "/namespaces/shop/pods/gone"),
                         'pods.metrics.k8s.io "gone" not found')
        self.assertEqual(self.get(p, "/nodes"), "there is no usage feed of nodes")
        self.assertEqual([r["name"] for r in p.json(V1)["resources"]], ["nodes", "pods"])

    def test_nodes(self):
        nodes = Queue()
        self.addCleanup(nodes.stop)
        self.feed(self.queue)
        self.feed(nodes, item("n1", zone="a"), item("n2"))
        p = self.fed(more=f'  nodes: {{url: "http://127.0.0.1:{nodes.port}/nodes"}}\n')
        self.assertEqual(self.names(p, "/nodes?labelSelector=zone%3Da"), ["n1"])
        self.assertEqual(self.get(p, "/nodes/n2")["usage"], {"cpu": "12m", "memory": "20Mi"})

    def test_what_is_too_old_is_no_usage(self):
        self.feed(self.queue, item("web-1", "shop"), item("web-2", "shop", age_s=3600))
        p = self.fed()
        self.assertEqual(self.names(p, "/namespaces/shop/pods"), ["web-1"])
        old = "usage feed at 127.0.0.1:%d says was measured 1h0m" % self.queue.port
        self.assertIn(old, self.get(p, "/namespaces/shop/pods/web-2"))
        self.feed(self.queue, item("web-2", "shop", age_s=3600))
        wait_until(lambda: old in self.get(p, "/pods"), "nothing but what is too old")

    def test_a_feed_that_fails_is_held_and_then_an_error(self):
        self.feed(self.queue, item("web-1", "shop"))
        p = self.fed(max_age="6s")
        self.assertEqual(self.names(p, "/pods"), ["web-1"])
        self.queue.answer(b'{"items": [{}]}')
        wait_until(lambda: self.polls(p, "no_value") >= 1, "a poll that failed")
        self.assertEqual(self.names(p, "/pods"), ["web-1"])
        wait_until(lambda: "usage of pods: usage feed at 127.0.0.1:%d answers a list whose item 0 is "
                   "no usage of a pod since " % self.queue.port in self.get(p, "/pods"), "the reason")
        self.feed(self.queue, item("web-1", "shop"))
        wait_until(lambda: self.names(p, "/pods") == ["web-1"], "the feed is back")

    def test_the_lab_feeds_the_usage_of_its_pods(self):
        lab = started(self, "swell-lab", "up", "-f", self.write(DEPLOYMENT, "web.yaml"), "--port=0",
                      "--speed=15")
        p = self.adapter(CONFIG.replace("PODS", f"http://127.0.0.1:{lab.port}{V1}/pods")
                         .replace("MAX_AGE", "60s"))
        wait_until(lambda: len(self.names(p, "/namespaces/default/pods")) == 2, "two pods")
        theirs = {pod["metadata"]["name"] for pod in lab.json(V1 + "/pods")["items"]}
        ours = self.get(p, "/namespaces/default/pods?labelSelector=app%3Dweb")["items"]
        self.assertEqual({pod["metadata"]["name"] for pod in ours}, theirs)
        self.assertEqual([c["name"] for pod in ours for c in pod["containers"]], ["web", "web"])


if __name__ == "__main__":
    unittest.main()
