# SPDX-License-Identifier: MIT
"""Deployments with an HPA each in a control plane without nodes: pods are objects, and run when a
test says so. The real HPA controller decides, once a second."""
import json
import re
import tempfile

from adapter_plane import AdapterTest, start_plane
from kube_api import KubeApi
from program import wait_until
from prometheus_server import Prometheus
from redis_server import Redis

SHOP = "shop"  # the namespace of them all
CONTROLLERS = ("--horizontal-pod-autoscaler-sync-period=1s",)
AT_ONCE = {"stabilizationWindowSeconds": 0,
           "policies": [{"type": "Pods", "value": 100, "periodSeconds": 1}]}
LONG_AGO = "2020-01-01T00:00:00Z"
HPAS = f"/apis/autoscaling/v2/namespaces/{SHOP}/horizontalpodautoscalers"
DEPLOYMENTS = f"/apis/apps/v1/namespaces/{SHOP}/deployments"
PODS = f"/api/v1/namespaces/{SHOP}/pods"
EVENTS = f"/api/v1/namespaces/{SHOP}/events"
SCALE_READS = re.compile(
    r'^apiserver_request_total\{.*resource="deployments".*subresource="scale",verb="GET".*\} (\d+)$',
    re.MULTILINE)


def target(average, value):
    if average:
        return {"type": "AverageValue", "averageValue": average}
    return {"type": "Value", "value": value}


def external(name, average=None, value=None, labels=None):
    selector = {"selector": {"matchLabels": labels}} if labels else {}
    return {"type": "External", "external": {"metric": {"name": name, **selector},
                                             "target": target(average, value)}}


def of_pods(name, average):
    return {"type": "Pods", "pods": {"metric": {"name": name}, "target": target(average, None)}}


def of_service(service, name, average=None, value=None):
    return {"type": "Object", "object": {
        "describedObject": {"apiVersion": "v1", "kind": "Service", "name": service},
        "metric": {"name": name}, "target": target(average, value)}}


def cpu_utilization(percent):
    return {"type": "Resource", "resource": {"name": "cpu", "target": {
        "type": "Utilization", "averageUtilization": percent}}}


def deployment(name, replicas):
    labels = {"app": name}
    return {"metadata": {"name": name}, "spec": {
        "replicas": replicas, "selector": {"matchLabels": labels},
        "template": {"metadata": {"labels": labels},
                     "spec": {"containers": [{"name": "main", "image": "none", "resources": {
                         "requests": {"cpu": "100m"}}}]}}}}


def autoscaler(name, metrics, behavior):
    return {"metadata": {"name": name}, "spec": {
        "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": name},
        "minReplicas": 1, "maxReplicas": 20, "metrics": metrics,
        "behavior": {"scaleUp": AT_ONCE, "scaleDown": AT_ONCE, **behavior}}}


class Autoscaled:
    """A Deployment and its HPA, from 1 to 20 replicas, as many more or fewer at once as behavior
    lets."""

    def __init__(self, api, name, *metrics, replicas=1, behavior=None):
        self.api, self.name = api, name
        api.create(DEPLOYMENTS, deployment(name, replicas))
        wait_until(lambda: len(self.pods()) == replicas, f"{replicas} pods of {name}")
        self.uid = api.create(HPAS, autoscaler(name, metrics, behavior or {}))["metadata"]["uid"]

    def delete(self):
        self.api.delete(f"{HPAS}/{self.name}")
        self.api.delete(f"{DEPLOYMENTS}/{self.name}?propagationPolicy=Background")

    def deployment(self):
        return self.api.get(f"{DEPLOYMENTS}/{self.name}")

    def hpa(self):
        return self.api.get(f"{HPAS}/{self.name}")

    def pods(self):
        """Their names."""
        items = self.api.get(f"{PODS}?labelSelector=app%3D{self.name}")["items"]
        return sorted(pod["metadata"]["name"] for pod in items)

    def run(self, pods):
        """What a kubelet writes when all is well."""
        for pod in pods:
            self.api.patch(f"{PODS}/{pod}/status", {"status": {
                "phase": "Running", "startTime": LONG_AGO,
                "conditions": [{"type": "Ready", "status": "True",
                                "lastTransitionTime": LONG_AGO}]}})

    def replicas(self):
        return self.deployment()["spec"]["replicas"]

    def generation(self):
        """Changes with whatever the HPA does to the Deployment."""
        return self.deployment()["metadata"]["generation"]

    def becomes(self, replicas):
        """Not only wanted, but there, as the next decision starts from what is there."""
        def is_there():
            now = self.deployment()
            return now["spec"]["replicas"] == now["status"].get("replicas", 0) == replicas
        try:
            wait_until(is_there, "")
        except AssertionError:
            raise AssertionError(f"{self.name}: {replicas} replicas wanted, has {self.replicas()}; "
                                 f"{json.dumps(self.hpa()['status'], indent=1)}") from None

    def condition(self, kind="ScalingActive"):
        """(status, reason, message)"""
        for condition in self.hpa()["status"].get("conditions", []):
            if condition["type"] == kind:
                return condition["status"], condition["reason"], condition["message"]
        return None, None, None

    def wait_condition(self, reason, kind="ScalingActive"):
        """The message that comes with the reason."""
        wait_until(lambda: self.condition(kind)[1] == reason,
                   f"{self.name}: {kind} {reason}; last: {self.condition(kind)}")
        return self.condition(kind)[2]

    def events(self):
        """[(reason, message)]"""
        items = self.api.get(f"{EVENTS}?fieldSelector=involvedObject.uid%3D{self.uid}")["items"]
        return [(event["reason"], event["message"]) for event in items]


class HpaTest(AdapterTest):
    """Its module has called start_shop()."""

    def setUp(self):
        self.api = self.enterContext(KubeApi(self.plane))
        self.scaled = []

    def autoscaled(self, name, *metrics, **more):
        it = Autoscaled(self.api, name, *metrics, **more)
        self.scaled.append(it)
        self.addCleanup(self.scaled.remove, it)
        self.addCleanup(it.delete)
        return it

    def serving(self, config, *flags):
        """An adapter that the API server forwards to."""
        p = self.adapter(config, *flags)
        self.register(p)
        self.wait_available()
        return p

    def redis(self, *flags):
        return self.enterContext(Redis(self.enterContext(tempfile.TemporaryDirectory()), *flags))

    def prometheus(self, page):
        """It scrapes a page of the test."""
        prometheus = Prometheus(self.enterContext(tempfile.TemporaryDirectory()),
                                [f"127.0.0.1:{page.port}"])
        self.addCleanup(prometheus.stop)
        return prometheus

    def evaluations(self):
        """How often the controller has begun to decide about any HPA: it reads the scale first."""
        return sum(map(int, SCALE_READS.findall(self.api.request("GET", "/metrics")[1])))

    def wait_evaluated(self, times=3):
        """Each HPA that often; one more, as one may be under way."""
        until = self.evaluations() + (times + 1) * len(self.scaled)
        wait_until(lambda: self.evaluations() >= until, f"{times} decisions of each HPA")


def start_shop():
    """For setUpModule."""
    start_plane(controllers=CONTROLLERS)
    AdapterTest.plane.kubectl("create", "namespace", SHOP)
