# SPDX-License-Identifier: MIT
"""swell-adapter asks each pod for its /metrics page; which pods there are says an API server."""
import json
import os
import unittest

from adapter_fixture import V1, AdapterTest, Queue
from kube_fake import FakeKube, named
from program import Program, started, wait_until

V2 = "/apis/custom.metrics.k8s.io/v1beta2"
OF_ALL = V2 + "/namespaces/shop/pods/*/depth"
CONFIG = """\
customMetrics:
- name: depth
  namespace: shop
  interval: 100ms
  source: {pods: {namespace: shop, CHOICE, metric: 'METRIC', timeout: TIMEOUT}}
externalMetrics:
- name: depth
  combine: sum
  interval: 100ms
  maxAge: 1m
  source: {pods: {namespace: shop, CHOICE, metric: 'METRIC', timeout: TIMEOUT}}
"""


def config(choice="service: web", metric="depth", timeout="2s"):
    return (CONFIG.replace("CHOICE", choice).replace("METRIC", metric)
            .replace("TIMEOUT", timeout))


def pod(name, port, ready=True):
    return named(name, "shop", {"app": "web"},
                 spec={"containers": [{"ports": [{"name": "metrics", "containerPort": port}]}]},
                 status={"phase": "Running", "podIP": "127.0.0.1",
                         "conditions": [{"type": "Ready", "status": str(ready)}]})


def slice_of(name, port, *pods, not_ready=()):
    return named(name, "shop", {"kubernetes.io/service-name": "web"}, addressType="IPv4",
                 ports=[{"name": "http", "port": port, "protocol": "TCP"}],
                 endpoints=[{"addresses": ["127.0.0.1"],
                             "conditions": {"ready": pod not in not_ready},
                             "targetRef": {"kind": "Pod", "name": pod, "namespace": "shop",
                                           "uid": pod}} for pod in pods])


class Pods(AdapterTest):
    def setUp(self):
        super().setUp()
        self.kube = FakeKube()
        self.addCleanup(self.kube.stop)

    def page(self, text):
        """A pod's /metrics, which the test changes."""
        page = Queue()
        self.addCleanup(page.stop)
        page.answer(text.encode())
        return page

    def run_adapter(self, text):
        return self.adapter(text, "--lister-kubeconfig=" + self.kube.kubeconfig(self.folder))

    def values(self, p):
        """The value of each pod, or the error."""
        status, _, body = p.get(OF_ALL)
        doc = json.loads(body)
        if status != 200:
            return doc["message"]
        return {i["describedObject"]["name"]: i["value"] for i in doc["items"]}

    def become(self, p, values):
        wait_until(lambda: self.values(p) == values, f"{values}; now {self.values(p)}")

    def total(self, p):
        status, _, body = p.get(V1 + "/namespaces/shop/depth")
        doc = json.loads(body)
        return doc["items"][0]["value"] if status == 200 else doc["message"]

    def total_becomes(self, p, value):
        wait_until(lambda: value in self.total(p), f"{value}; now {self.total(p)}")

    def test_each_pod_behind_a_service_has_a_value_and_they_add_up(self):
        pages = [self.page("depth 3\n"), self.page('depth{q="a"} 4\ndepth{q="b"} 1\n'),
                 self.page("depth 100\n")]
        self.kube.objects = {
            "pods": [named(n, "shop") for n in ("web-1", "web-2", "starting", "other")],
            "endpointslices": [
                slice_of("a", pages[0].port, "web-1"), slice_of("b", pages[0].port, "web-1"),
                slice_of("c", pages[1].port, "web-2", "starting", not_ready=["starting"])]}
        p = self.run_adapter(config())
        self.become(p, {"web-1": "3", "web-2": "5"})
        self.total_becomes(p, "8")

        self.kube.put("pods", named("web-3", "shop"))
        self.kube.put("endpointslices", slice_of("d", pages[2].port, "web-3"))
        self.become(p, {"web-1": "3", "web-2": "5", "web-3": "100"})
        self.kube.remove("endpointslices", "c")
        self.become(p, {"web-1": "3", "web-3": "100"})
        self.total_becomes(p, "103")

    def test_a_pod_that_cannot_be_read_is_missing_and_not_zero(self):
        good, bad = self.page("depth 3\n"), self.page("depth 4\n")
        self.kube.objects = {"pods": [pod("web-1", good.port), pod("web-2", bad.port),
                                      pod("starting", bad.port, ready=False)]}
        p = self.run_adapter(config("selector: app=web", timeout="300ms"))
        self.become(p, {"web-1": "3", "web-2": "4"})
        self.total_becomes(p, "7")
        for answer, why in (({"status": 500}, "the pod's answer is none that counts"),
                            ({"hang": True}, "the pod does not answer")):
            bad.answer(b"depth 4\n", **answer)
            self.become(p, {"web-1": "3"})
            wait_until(lambda why=why: "missing: " + why in
                       p.get(OF_ALL.replace("*", "web-2"))[2], why)
        self.assertEqual(self.total(p), "7")  # held: a sum without it would be wrong
        bad.let_go.set()
        bad.answer(b"depth 40\n")
        self.become(p, {"web-1": "3", "web-2": "40"})
        self.total_becomes(p, "43")

    def test_workloads_are_scraped_at_the_port_that_has_the_name(self):
        def queue(name):
            return started(self, "swell-workload", "queue", "--port=0", "--address=127.0.0.1",
                           "--db=" + os.path.join(self.folder, name))
        queues = [queue("a"), queue("b")]
        for count, q in zip((3, 4), queues):
            q.json("/queues/jobs/jobs", "POST", {"cpu_ms": 1, "count": count})
        self.kube.objects = {"pods": [pod(f"web-{i}", q.port) for i, q in enumerate(queues)]}
        p = self.run_adapter(config("selector: app=web, port: metrics",
                                    'swell_queue_depth{queue="jobs"}'))
        self.become(p, {"web-0": "3", "web-1": "4"})
        self.kube.remove("pods", "web-1")
        self.become(p, {"web-0": "3"})

    def test_says_why_there_is_no_list_and_that_a_list_is_empty(self):
        p = self.run_adapter(config("selector: app=web"))
        self.total_becomes(p, "has no value (empty is not zero unless onEmpty says so)")
        self.kube.stop()
        p = self.run_adapter(config("selector: app=web"))
        self.total_becomes(p, "scrape of pods app=web in shop has no list of pods: ")
        with Program("swell-adapter", "run", "--address=127.0.0.1", "--port=0",
                     "--config=" + self.write(config())) as alone:
            self.total_becomes(alone, "there is no API server to ask which pods there are")


if __name__ == "__main__":
    unittest.main()
