# SPDX-License-Identifier: MIT
"""swell-adapter beside a real kube-apiserver: registration, who may read, certificates."""
import base64
import json
import os
import signal
import socket
import ssl
import threading
import time
import unittest

from adapter_plane import API_SERVICES, NAMESPACE, AdapterTest, start_plane
from identities import PATH, Authority, Door, bearer, remote, table
from kube_api import KubeApi
from program import DEADLINE_S, wait_until
from prometheus_fake import FakePrometheus, vector

CONFIG = """\
externalMetrics:
- name: queue_depth
  namespace: default
  labels: {queue: jobs}
  source: {http: {url: "http://127.0.0.1:9/", valuePath: depth}}
"""

VIEWERS = """\
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: {name: viewers}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: swell-metrics-reader}
subjects:
- {kind: User, apiGroup: rbac.authorization.k8s.io, name: alice}
- {kind: Group, apiGroup: rbac.authorization.k8s.io, name: viewers}
- {kind: ServiceAccount, namespace: default, name: viewer}
"""


OXEN = """\
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: oxen.farm.io}
spec:
  group: farm.io
  scope: Cluster
  names: {plural: oxen, singular: ox, kind: Ox}
  versions:
  - name: v2
    served: true
    storage: true
    schema: {openAPIV3Schema: {type: object, x-kubernetes-preserve-unknown-fields: true}}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: {name: objects-of-rules}
rules:
- {apiGroups: [farm.io], resources: [oxen], verbs: [list, watch]}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: {name: objects-of-rules}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: objects-of-rules}
subjects:
- {kind: ServiceAccount, namespace: swell-system, name: adapter}
"""

RULES = """\
rules:
- seriesQuery: load
  resources: {template: <<.Resource>>}
  metricsQuery: sum(<<.Series>>{<<.LabelMatchers>>}) by (<<.GroupBy>>)
"""

POD = """\
apiVersion: v1
kind: Pod
metadata: {name: web-1, namespace: default, labels: {app: web}}
spec: {containers: [{name: c, image: none}]}
"""


def setUpModule():  # noqa: N802, unittest's name
    start_plane()
    AdapterTest.plane.kubectl("apply", "-f", "-", stdin=VIEWERS)


class Identities(AdapterTest):
    """Everybody who should not be in is out, by the real API server's reviews."""

    @classmethod
    def tokens(cls):
        kubectl = cls.plane.kubectl
        for name in ("viewer", "powerless", "revoked"):
            kubectl("create", "serviceaccount", name)
        tokens = {name: kubectl("create", "token", name).strip()
                  for name in ("viewer", "powerless", "revoked")}
        kubectl("delete", "serviceaccount", "revoked")
        return {"good": tokens["viewer"], **tokens}

    def test_nobody_is_in_who_should_not_be(self):
        p = self.adapter(CONFIG)
        p.wait_for_line("msg=ready")
        door = Door(p.port)
        authorities = [Authority(self.folder, name, self.plane.path(f"{name}.crt"),
                                 self.plane.path(f"{name}.key")) for name in ("ca", "front-proxy-ca")]
        for who, wanted, certificate, headers in table(*authorities, self.tokens()):
            with self.subTest(who):
                status, got, body = door.ask(certificate=certificate, headers=headers)
                # No source answers here, so that whoever is let in is told so.
                self.assertEqual(status, 503 if wanted == 200 else wanted, body)
                self.assertEqual(json.loads(body)["kind"], "Status")
                self.assertNotIn("Retry-After", got)


class Rights(AdapterTest):
    def test_a_right_is_that_of_a_namespace_and_ends_when_it_is_taken_away(self):
        """Decisions and tokens are known for ten seconds."""
        kubectl = self.plane.kubectl
        kubectl("create", "serviceaccount", "guest")
        kubectl("create", "rolebinding", "guest", "--clusterrole=view",
                "--serviceaccount=default:guest")
        headers = bearer(kubectl("create", "token", "guest").strip())
        p = self.adapter(CONFIG)
        p.wait_for_line("msg=ready")
        door = Door(p.port)

        def becomes(status):
            wait_until(lambda: door.ask(headers=headers)[0] == status, f"{status} for the guest")
        becomes(503)  # let in, and told that no source answers
        status, _, body = door.ask(PATH.replace("default", "kube-system"), headers=headers)
        self.assertEqual((status, json.loads(body)["message"]),
                         (403, 'queue_depth.external.metrics.k8s.io is forbidden: User '
                          '"system:serviceaccount:default:guest" cannot list resource "queue_depth" '
                          'in API group "external.metrics.k8s.io" in the namespace "kube-system"'))
        kubectl("delete", "rolebinding", "guest")
        becomes(403)
        kubectl("delete", "serviceaccount", "guest")
        becomes(401)


class Registered(AdapterTest):
    def test_its_apis_become_available_and_answer_through_the_api_server(self):
        p = self.adapter(CONFIG)
        self.register(p)
        p.wait_for_line("msg=ready")
        self.wait_available()
        got = json.loads(self.raw("/apis/external.metrics.k8s.io/v1beta1"))
        self.assertEqual([r["name"] for r in got["resources"]], ["queue_depth"])
        with self.assertRaisesRegex(AssertionError, "cannot be connected to|first poll"):
            self.plane.kubectl("get", "--raw", PATH)
        self.assertIn("queue_depth", self.plane.kubectl("api-resources", "--api-group",
                                                        "external.metrics.k8s.io"))


class Load:
    """People who read through the API server all the time."""

    def __init__(self, plane, path, readers=4):
        self.plane, self.path = plane, path
        self.stop, self.answers, self.failures = threading.Event(), 0, []
        self.threads = [threading.Thread(target=self.read) for _ in range(readers)]

    def read(self):
        with KubeApi(self.plane) as api:
            while not self.stop.is_set():
                status, text = api.request("GET", self.path)
                self.answers += 1
                if status != 200:
                    self.failures.append((time.time(), status, text[:300]))

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self.stop.set()
        for thread in self.threads:
            thread.join()


def shown(port):
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    with context.wrap_socket(socket.create_connection(("127.0.0.1", port), DEADLINE_S)) as secure:
        return secure.getpeercert(binary_form=True)


class Objects(AdapterTest):
    """Which resources and objects there are, as the real API server tells."""
    V2 = "/apis/custom.metrics.k8s.io/v1beta2"

    def items(self, path):
        return wait_until(lambda: json.loads(self.raw(path))["items"], f"items of {path}")

    def test_metrics_of_pods_and_of_a_cluster_scoped_custom_resource(self):
        self.plane.kubectl("apply", "-f", "-", stdin=OXEN)
        self.plane.kubectl("wait", "--for=condition=Established", "crd/oxen.farm.io")
        prometheus = FakePrometheus()
        self.addCleanup(prometheus.stop)
        prometheus.series = {"load": [{"__name__": "load", "ox": "", "pod": "", "namespace": ""}]}
        prometheus.results = {
            'sum(load{ox="bob"}) by (ox)': vector(({"ox": "bob"}, "7")),
            'sum(load{namespace="default",pod="web-1"}) by (pod)': vector(({"pod": "web-1"}, "3"))}
        self.register(self.adapter(RULES, "--prometheus-url=" + prometheus.url))
        self.wait_available()

        item, = self.items(f"{self.V2}/oxen.farm.io/bob/load")
        self.assertEqual((item["value"], item["describedObject"]),
                         ("7", {"kind": "Ox", "name": "bob", "apiVersion": "farm.io/v2"}))
        # Objects that come are told by a watch of their metadata.
        with self.assertRaisesRegex(AssertionError, "has not said yet|no oxen"):
            self.plane.kubectl("get", "--raw", f"{self.V2}/oxen.farm.io/%2A/load")
        for manifest in (POD, '{"apiVersion": "farm.io/v2", "kind": "Ox", "metadata": {"name": "bob"}}'):
            self.plane.kubectl("apply", "-f", "-", stdin=manifest)
        self.addCleanup(self.plane.kubectl, "delete", "pod", "web-1", "--force", "--grace-period=0")
        item, = self.items(f"{self.V2}/oxen.farm.io/%2A/load")
        self.assertEqual(item["value"], "7")
        item, = self.items(f"{self.V2}/namespaces/default/pods/%2A/load?labelSelector=app%3Dweb")
        self.assertEqual((item["value"], item["describedObject"]["name"]), ("3", "web-1"))


class Rotation(AdapterTest):
    V1 = "/apis/external.metrics.k8s.io/v1beta1"

    def bundle(self):
        return self.plane.kubectl("get", "apiservice", API_SERVICES[0], "-o",
                                  "jsonpath={.spec.caBundle}")

    def test_its_own_certificate_and_authority_are_renewed_and_no_request_fails(self):
        """A life of 60 s: the next pair after 40 s, so this sees two renewals."""
        self.addCleanup(self.plane.kubectl, "delete", "secret", "-n", NAMESPACE,
                        "swell-adapter-serving", "--ignore-not-found")
        self.plane.kubectl("delete", "secret", "-n", NAMESPACE, "swell-adapter-serving",
                           "--ignore-not-found")
        p = self.adapter(CONFIG, "--serving-certificate-lifetime=60s")
        self.register(p)
        p.wait_for_line("msg=ready")
        self.wait_available(API_SERVICES[:1])
        self.raw(self.V1)
        seen, bundles = {shown(p.port)}, {self.bundle()}
        with Load(self.plane, self.V1) as load:
            def renewed():
                seen.add(shown(p.port))
                bundles.add(self.bundle())
                time.sleep(0.2)  # kubectl costs more than all the rest
                return len(seen) >= 3
            wait_until(renewed, "three certificates", deadline_s=180)
        self.assertEqual(load.failures, [])
        self.assertGreater(load.answers, 100)
        # One authority; two; one and the one before ...
        self.assertGreaterEqual(len(bundles), 4)

    def test_files_are_renewed_and_no_request_fails(self):
        authority = Authority(self.folder, "files-ca")
        names = f"DNS:adapter.{NAMESPACE}.svc"
        where = [os.path.join(self.folder, f"serving.{kind}") for kind in ("crt", "key")]

        def renew(name):
            for source, to in zip(authority.issue(name, "/CN=adapter", "serverAuth", names=names),
                                  where):
                os.replace(source, to)

        renew("first")
        p = self.adapter(CONFIG, f"--tls-cert-file={where[0]}", f"--tls-private-key-file={where[1]}")
        self.register(p)
        with open(authority.certificate, "rb") as file:
            bundle = base64.b64encode(file.read()).decode()
        for name in API_SERVICES:
            self.plane.kubectl("patch", "apiservice", name, "--type=merge", "-p",
                               json.dumps({"spec": {"caBundle": bundle}}))
        p.wait_for_line("msg=ready")
        self.wait_available(API_SERVICES[:1])
        self.raw(self.V1)
        with Load(self.plane, self.V1) as load:
            for name in ("second", "third"):
                before = shown(p.port)
                renew(name)
                wait_until(lambda before=before: shown(p.port) != before, f"the {name} certificate")
                more = load.answers + 100
                wait_until(lambda more=more: load.answers > more, "a hundred answers")
        self.assertEqual(load.failures, [])


class Outages(AdapterTest):
    def test_without_the_api_server_masters_are_served_and_it_recovers(self):
        p = self.adapter(CONFIG)
        p.wait_for_line("msg=ready")
        door = Door(p.port)
        front = Authority(self.folder, "front-proxy-ca", self.plane.path("front-proxy-ca.crt"),
                          self.plane.path("front-proxy-ca.key"))
        proxy = front.issue("proxy-outage", "/CN=front-proxy-client")
        v1 = "/apis/external.metrics.k8s.io/v1beta1"
        self.plane.processes["kube-apiserver"].send_signal(signal.SIGSTOP)
        try:
            start = time.monotonic()
            for _ in range(5):  # as the availability probe asks
                self.assertEqual(door.ask(v1, proxy, remote("system:kube-aggregator",
                                                            "system:masters"))[0], 200)
            self.assertLess(time.monotonic() - start, 5)
        finally:
            self.plane.processes["kube-apiserver"].send_signal(signal.SIGCONT)
        self.assertEqual(door.ask(PATH, proxy, remote("alice"))[0], 503)


if __name__ == "__main__":
    unittest.main()
