# SPDX-License-Identifier: MIT
"""What everybody else in a cluster notices of swell-adapter's API groups: kubectl, discovery and the
deletion of namespaces, while all sources are well, hang or are gone."""
import json
import signal
import statistics
import subprocess
import time
import unittest

from adapter_fixture import Queue as Page
from adapter_plane import API_SERVICES
from autoscaled import SHOP, HpaTest, autoscaler, cpu_utilization, deployment, external, start_shop
from cluster.settings import START_S
from identities import Authority, Door, remote
from program import wait_until

USAGE = "v1beta1.metrics.k8s.io"
METRICS_GROUPS = ["/".join(reversed(name.split(".", 1))) for name in API_SERVICES]
ALL_GROUPS = [*METRICS_GROUPS, "metrics.k8s.io/v1beta1"]
DISCOVERY_MS = 50
METRICS = 100  # external ones
MIB = 1024 * 1024

# Which pods and nodes there are, for kubectl top. The manifests do not give it, as clusters have
# another server for that.
LISTER = """\
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: {name: lister}
rules: [{apiGroups: [""], resources: [nodes, namespaces], verbs: [get, list, watch]}]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: {name: lister}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: lister}
subjects: [{kind: ServiceAccount, namespace: swell-system, name: adapter}]
"""

CONFIGURATION = """\
externalMetrics:
{external}
customMetrics:
- name: rate
  resource: services
  namespaceLabel: namespace
  source: {{prometheus: {{url: "{prometheus}", query: rate}}}}
resourceRules:
  cpu:
    containerQuery: sum by (<<.GroupBy>>) (cpu_cores{{<<.LabelMatchers>>}})
    nodeQuery: sum by (<<.GroupBy>>) (node_cpu_cores{{<<.LabelMatchers>>}})
    resources: &labels
      overrides: {{node: {{resource: node}}, namespace: {{resource: namespace}}, pod: {{resource: pod}}}}
    containerLabel: container
  memory:
    containerQuery: sum by (<<.GroupBy>>) (memory_bytes{{<<.LabelMatchers>>}})
    nodeQuery: sum by (<<.GroupBy>>) (node_memory_bytes{{<<.LabelMatchers>>}})
    resources: *labels
    containerLabel: container
  window: 1m
"""


def setUpModule():  # noqa: N802, unittest's name
    start_shop()
    HpaTest.plane.kubectl("apply", "-f", "-", stdin=LISTER)


class Groups(HpaTest):
    def setUp(self):
        super().setUp()
        self.page, self.source = Page(), Page()
        self.addCleanup(self.page.stop)
        self.addCleanup(self.source.stop)
        self.scraper = self.prometheus(self.page)
        self.p = self.adapter(CONFIGURATION.format(
            prometheus=self.scraper.url, external="".join(
                f"- {{name: depth_{i}, interval: 1s, maxAge: 5s, source: {{http: {{valuePath: depth, "
                f'url: "http://127.0.0.1:{self.source.port}/{i}"}}}}}}\n' for i in range(METRICS))),
            "--prometheus-url=" + self.scraper.url)
        self.register(self.p)
        for name in METRICS_GROUPS:
            self.raw(f"/apis/{name}")
        self.register_usage()

    def register_usage(self):
        """The adapter sets the authority of the groups that are always its own; here it is copied."""
        registered = "/apis/apiregistration.k8s.io/v1/apiservices"
        mine = self.api.get(f"{registered}/{API_SERVICES[0]}")["spec"]
        self.plane.kubectl("apply", "-f", "-", stdin=json.dumps({
            "apiVersion": "apiregistration.k8s.io/v1", "kind": "APIService",
            "metadata": {"name": USAGE}, "spec": {**mine, "group": "metrics.k8s.io"}}))
        self.raw("/apis/metrics.k8s.io/v1beta1")

    def hang_sources(self):
        self.source.answer(b"", hang=True)
        self.scraper.process.send_signal(signal.SIGSTOP)
        asked = self.source.asked
        wait_until(lambda: self.source.asked >= asked + METRICS, "questions that hang")

    def kubectl(self, *command):
        """(exit code, stdout, stderr)"""
        done = subprocess.run(["kubectl", *command], capture_output=True, text=True,
                              env=self.plane.environment, timeout=START_S, stdin=subprocess.DEVNULL)
        return done.returncode, done.stdout, done.stderr

    def discovery_ms(self, certificate, path):
        """The median of many, and the longest, over one connection, asked as the API server asks."""
        connection = Door(self.p.port).connect(certificate)
        times_ms = []
        for _ in range(21):
            start = time.monotonic()
            connection.request("GET", path, headers=dict(remote("system:kube-aggregator",
                                                                "system:masters")))
            answer = connection.getresponse()
            answer.read()
            times_ms.append((time.monotonic() - start) * 1000)
            self.assertEqual(answer.status, 200)
        connection.close()
        return statistics.median(times_ms), max(times_ms)

    def check_discovery_times(self):
        front = Authority(self.folder, "front-proxy-ca", self.plane.path("front-proxy-ca.crt"),
                          self.plane.path("front-proxy-ca.key"))
        proxy = front.issue("proxy", "/CN=front-proxy-client")
        seen = []
        for path in ["/apis", *(f"/apis/{name}" for name in ALL_GROUPS)]:
            def is_prompt(path=path):  # more than once: others may keep this machine busy
                median, longest = self.discovery_ms(proxy, path)
                seen.append(f"{path} {median:.1f} ({longest:.1f})")
                return median < DISCOVERY_MS
            wait_until(is_prompt, f"{path} answered within {DISCOVERY_MS} ms")
        print("\nmedian (longest) ms:", ", ".join(seen))

    def check_kubectl(self):
        for name in ALL_GROUPS:
            code, out, err = self.kubectl("get", "--raw", f"/apis/{name}")
            self.assertEqual((code, err), (0, ""), name)
            self.assertEqual(json.loads(out)["groupVersion"], name)
        code, out, err = self.kubectl("api-resources")
        self.assertEqual((code, err), (0, ""))
        for name in ("depth_99", "deployments"):
            self.assertRegex(out, rf"(?m)^{name}\s")
        self.assertRegex(out, r"(?m)^pods\s+metrics.k8s.io/v1beta1\s")

    def check_namespace_deletion(self):
        """It needs the discovery of all groups."""
        name = "doomed"
        place = f"/api/v1/namespaces/{name}"
        self.api.create("/api/v1/namespaces", {"metadata": {"name": name}})
        self.api.create(f"/apis/apps/v1/namespaces/{name}/deployments", deployment("web", 2))
        self.api.create(f"{place}/configmaps", {"metadata": {"name": "settings"}})
        self.api.create(f"/apis/autoscaling/v2/namespaces/{name}/horizontalpodautoscalers",
                        autoscaler("web", [external("depth_0", average="5")], {}))
        wait_until(lambda: len(self.api.get(f"{place}/pods")["items"]) == 2, "pods")
        self.api.delete(place)
        start = time.monotonic()

        def is_gone():
            status, text = self.api.request("GET", place)
            if status == 404:
                return True
            for condition in json.loads(text)["status"].get("conditions", []):
                self.assertNotEqual((condition["type"], condition["status"]),
                                    ("NamespaceDeletionDiscoveryFailure", "True"), condition)
            return False
        wait_until(is_gone, "the namespace is gone")
        print(f"a namespace with content is deleted in {time.monotonic() - start:.1f} s")

    def check_all(self):
        self.check_discovery_times()
        self.check_kubectl()
        self.check_namespace_deletion()

    def end_sources(self):
        self.source.stop()
        self.scraper.stop()
        last = f"/apis/{METRICS_GROUPS[0]}/namespaces/{SHOP}/depth_{METRICS - 1}"
        wait_until(lambda: "cannot be connected to" in self.api.request("GET", last)[1],
                   "the adapter notices")

    def test_discovery_and_deletion_are_quiet_however_the_sources_are(self):
        self.check_all()
        self.hang_sources()
        self.check_all()
        self.end_sources()
        self.check_all()

    def measure(self, pods, millicores):
        """Prometheus scrapes what pods and a node use."""
        rows = [f'cpu_cores{{namespace="{SHOP}",pod="{pod}",container="main"}} {millicores / 1000}\n'
                f'memory_bytes{{namespace="{SHOP}",pod="{pod}",container="main"}} {20 * MIB}\n'
                for pod in pods]
        self.page.answer("".join([*rows, 'node_cpu_cores{node="n1"} 1.5\n',
                                  f'node_memory_bytes{{node="n1"}} {1024 * MIB}\n']).encode())

    def make_node(self):
        self.api.create("/api/v1/nodes", {"metadata": {"name": "n1"}})
        self.addCleanup(self.api.delete, "/api/v1/nodes/n1")
        self.api.patch("/api/v1/nodes/n1/status", {"status": {
            "allocatable": {"cpu": "2", "memory": "2Gi", "pods": "110"}}})

    def top(self, *command):
        """The rows, once there are any."""
        def rows():
            code, out, err = self.kubectl("top", *command, "--no-headers")
            self.last = err
            return code == 0 and sorted(line.split() for line in out.splitlines())
        try:
            return wait_until(rows, "")
        except AssertionError:
            raise AssertionError(f"kubectl top {command}: {self.last}") from None

    def test_kubectl_top_and_utilization_by_resource_rules(self):
        self.make_node()
        web = self.autoscaled("web", cpu_utilization(50), replicas=2)
        web.run(web.pods())
        self.measure(web.pods(), 50)  # half of the request, which is the target
        self.assertEqual(self.top("pods", "-n", SHOP),
                         [[pod, "50m", "20Mi"] for pod in web.pods()])
        self.assertEqual(self.top("pods", "-A"), [[SHOP, pod, "50m", "20Mi"] for pod in web.pods()])
        self.assertEqual(self.top("nodes"), [["n1", "1500m", "75%", "1024Mi", "50%"]])
        self.measure(web.pods(), 100)
        web.becomes(4)  # all of the request of 100m: twice the target
        web.wait_condition("ValidMetricFound")

        # What was read stays good for a minute, however Prometheus is.
        before = self.top("pods", "-n", SHOP)
        self.scraper.process.send_signal(signal.SIGSTOP)
        self.assertEqual(self.top("pods", "-n", SHOP), before)


if __name__ == "__main__":
    unittest.main()
