# SPDX-License-Identifier: MIT
"""The adapter asks pods that a real kube-apiserver knows, found by its EndpointSlices and by labels."""
import json
import socket
import unittest

from adapter_plane import AdapterTest, start_plane
from program import started, wait_until

V1 = "/apis/external.metrics.k8s.io/v1beta1/namespaces/default"
V2 = "/apis/custom.metrics.k8s.io/v1beta2/namespaces/default/pods/*"
METRIC = "metric: 'swell_queue_depth{queue=\"jobs\"}'"
CONFIG = f"""\
customMetrics:
- name: depth
  namespace: default
  interval: 200ms
  source: {{pods: {{namespace: default, service: queue, {METRIC}}}}}
externalMetrics:
- name: depth
  combine: sum
  interval: 200ms
  source: {{pods: {{namespace: default, selector: app=queue, {METRIC}}}}}
"""


def setUpModule():  # noqa: N802, unittest's name
    start_plane(controllers=None)


def own_address():
    """Of this machine: the API server takes no loopback address for an endpoint's."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.connect(("192.0.2.1", 9))  # sends nothing
        return probe.getsockname()[0]


def condition(ready):
    return {"type": "Ready", "status": str(ready)}


class Pods(AdapterTest):
    address = own_address()

    def pod(self, name, port):
        """A pod whose kubelet says that it is ready, and a slice of the Service for it."""
        self.plane.kubectl("create", "-f", "-", stdin=json.dumps({
            "apiVersion": "v1", "kind": "Pod",
            "metadata": {"name": name, "labels": {"app": "queue"}},
            "spec": {"automountServiceAccountToken": False,
                     "containers": [{"name": "queue", "image": "queue",
                                     "ports": [{"containerPort": port}]}]}}))
        self.set_ready(name, True)
        uid = self.plane.kubectl("get", "pod", name, "-o", "jsonpath={.metadata.uid}")
        self.plane.kubectl("create", "-f", "-", stdin=json.dumps({
            "apiVersion": "discovery.k8s.io/v1", "kind": "EndpointSlice", "addressType": "IPv4",
            "metadata": {"name": name, "labels": {"kubernetes.io/service-name": "queue"}},
            "ports": [{"name": "http", "port": port}],
            "endpoints": [{"addresses": [self.address], "conditions": {"ready": True},
                           "targetRef": {"kind": "Pod", "namespace": "default", "name": name,
                                         "uid": uid}}]}))

    def set_ready(self, name, ready):
        self.plane.kubectl("patch", "pod", name, "--subresource=status", "-p", json.dumps(
            {"status": {"phase": "Running", "podIP": self.address, "podIPs": [{"ip": self.address}],
                        "conditions": [condition(ready)]}}))

    def get(self, path):
        return json.loads(self.raw(path))["items"]

    def depths(self):
        return {i["describedObject"]["name"]: i["value"] for i in self.get(V2 + "/depth")}

    def total(self):
        return [i["value"] for i in self.get(V1 + "/depth")]

    def test_pods_come_and_go_and_each_has_its_value(self):
        self.plane.kubectl("create", "serviceaccount", "default")
        for count, name in ((3, "queue-1"), (4, "queue-2")):
            q = started(self, "swell-workload", "queue", "--port=0", "--address=" + self.address,
                        f"--db={self.folder}/{name}")
            q.json("/queues/jobs/jobs", "POST", {"cpu_ms": 1, "count": count})
            self.pod(name, q.port)
        p = self.adapter(CONFIG)
        self.register(p)
        p.wait_for_line("msg=ready")
        self.wait_available()
        wait_until(lambda: self.depths() == {"queue-1": "3", "queue-2": "4"}, "both pods")
        wait_until(lambda: self.total() == ["7"], "their sum")
        self.set_ready("queue-2", False)
        wait_until(lambda: self.total() == ["3"], "the sum of those that are ready")
        self.plane.kubectl("delete", "endpointslice", "queue-2")
        wait_until(lambda: self.depths() == {"queue-1": "3"}, "the one that is left")


if __name__ == "__main__":
    unittest.main()
