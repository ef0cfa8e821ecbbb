# SPDX-License-Identifier: MIT
"""What an API server's aggregation layer asks an adapter, and how it must be answered."""
import http.client
import json
import os
import tempfile
import threading
import unittest

from program import DEADLINE_S, Program
from prometheus_fake import FakePrometheus

GROUPS = ("external.metrics.k8s.io", "custom.metrics.k8s.io")
VERSIONS = ("/apis/external.metrics.k8s.io/v1beta1", "/apis/custom.metrics.k8s.io/v1beta1",
            "/apis/custom.metrics.k8s.io/v1beta2")
VALUE = "/apis/external.metrics.k8s.io/v1beta1/namespaces/default/depth"
AGGREGATED = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList"
PROTOBUF = "application/vnd.kubernetes.protobuf"


class DiscoveryTest(unittest.TestCase):
    """Every source hangs all the time: nothing here may wait for one."""

    @classmethod
    def setUpClass(cls):
        cls.prometheus = FakePrometheus()
        cls.addClassCleanup(cls.prometheus.stop)
        cls.prometheus.hangs.set()
        folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(folder.cleanup)
        path = os.path.join(folder.name, "adapter.yaml")
        with open(path, "w", encoding="utf-8") as file:
            file.write(f"""\
prometheus: {{url: '{cls.prometheus.url}'}}
externalMetrics:
- {{name: depth, source: {{http: {{url: '{cls.prometheus.url}/x', valuePath: x}}}}}}
rules:
- {{seriesQuery: a, resources: {{template: <<.Resource>>}}, metricsQuery: a}}
externalRules:
- {{seriesQuery: b, metricsQuery: b}}
""")
        cls.p = Program("swell-adapter", "--address=127.0.0.1", "--port=0", "--config=" + path)
        cls.addClassCleanup(cls.p.__exit__)
        cls.p.__enter__()

    def status(self, code, path, method="GET", headers=None):
        got, sent, body = self.p.request(method, path, headers=headers)
        doc = json.loads(body)
        self.assertEqual((got, doc["kind"], doc["code"]), (code, "Status", code), body)
        self.assertEqual(sent["Content-Type"], "application/json")
        self.assertNotIn("Retry-After", sent)
        return doc, sent

    def test_five_probes_at_a_time_are_answered_while_every_source_hangs(self):
        for path in VERSIONS:
            answers = []
            probes = [threading.Thread(target=lambda: answers.append(self.p.get(path)))
                      for _ in range(5)]
            for probe in probes:
                probe.start()
            for probe in probes:
                probe.join()
            self.assertEqual([status for status, _, _ in answers], [200] * 5)

    def test_documents_have_the_names_and_versions_of_their_paths(self):
        for path in VERSIONS:
            for slash in ("", "/"):
                doc = self.p.json(path + slash)
                self.assertEqual((doc["kind"], doc["apiVersion"], doc["groupVersion"]),
                                 ("APIResourceList", "v1", path[len("/apis/"):]))
                self.assertTrue(doc["resources"])
                for entry in doc["resources"]:
                    self.assertEqual(entry["verbs"], ["get"])
        for group in GROUPS:
            self.assertEqual(self.p.json("/apis/" + group)["name"], group)
        self.assertEqual([g["name"] for g in self.p.json("/apis")["groups"]], list(GROUPS))

    def test_aggregated_discovery_with_its_tag(self):
        status, headers, body = self.p.get("/apis", headers={"Accept": AGGREGATED})
        self.assertEqual((status, headers["Content-Type"], headers["Vary"]),
                         (200, AGGREGATED, "Accept"))
        self.assertEqual([i["metadata"]["name"] for i in json.loads(body)["items"]], list(GROUPS))
        status, again, body = self.p.get("/apis", headers={"Accept": AGGREGATED,
                                                           "If-None-Match": headers["ETag"]})
        self.assertEqual((status, again["ETag"], body), (304, headers["ETag"], ""))
        status, _, _ = self.p.get("/apis", headers={"If-None-Match": headers["ETag"]})
        self.assertEqual(status, 200)  # the plain document is another one

    def test_there_is_no_openapi_and_nothing_else(self):
        for path in ("/openapi/v2", "/openapi/v3", "/apis/apps/v1", "/nothing"):
            self.status(404, path)

    def test_only_json_is_spoken(self):
        for path in ("/apis", *VERSIONS, VALUE):
            doc, _ = self.status(406, path, headers={"Accept": PROTOBUF})
            self.assertIn("application/json", doc["message"])
        for path in ("/apis", *VERSIONS):
            status, headers, _ = self.p.get(path, headers={"Accept": PROTOBUF + ", */*"})
            self.assertEqual((status, headers["Content-Type"]), (200, "application/json"))

    def test_watching_and_writing_are_refused_at_once(self):
        self.status(405, VALUE + "?watch=true")
        for method in ("POST", "PUT", "PATCH", "DELETE"):
            _, headers = self.status(405, VALUE, method)
            self.assertIn("GET", headers["Allow"])
        status, headers, body = self.p.request("HEAD", VERSIONS[0])
        self.assertEqual((status, body), (200, ""))
        self.assertGreater(int(headers["Content-Length"]), 0)

    def test_takes_many_and_long_headers(self):
        connection = http.client.HTTPConnection(self.p.address, self.p.port, timeout=DEADLINE_S)
        self.addCleanup(connection.close)
        connection.putrequest("GET", VERSIONS[0])
        for i in range(300):
            connection.putheader("X-Remote-Group", f"group-{i:03}-" + "x" * 90)
        connection.endheaders()
        self.assertEqual(connection.getresponse().status, 200)

    def test_health_says_what_is_checked_when_asked(self):
        for path in ("/healthz", "/livez", "/readyz"):
            self.assertEqual(self.p.get(path)[::2], (200, "ok"))
            status, headers, body = self.p.get(path + "?verbose")
            self.assertEqual((status, headers["Content-Type"]), (200, "text/plain; charset=utf-8"))
            self.assertTrue(body.startswith("[+]ping ok\n"), body)
            self.assertTrue(body.endswith(path[1:] + " check passed\n"), body)

    def test_version_is_text_all_over(self):
        doc = self.p.json("/version")
        self.assertIn("gitVersion", doc)
        self.assertTrue(all(isinstance(value, str) for value in doc.values()), doc)


if __name__ == "__main__":
    unittest.main()
