# SPDX-License-Identifier: MIT
"""passThrough: what is asked of another adapter, and which of its answers are passed on."""
import json
import re
import unittest

from identities import MASTERS
from pass_through_fixture import EXTERNAL, Fake, PassThroughTest, metric, path_of
from program import run, wait_until

CUSTOM = "/apis/custom.metrics.k8s.io/v1beta2"


class CustomMetrics(PassThroughTest):
    def test_are_passed_on_too(self):
        self.me = self.client.issue("master", "/O=system:masters/CN=adapter")
        fake = self.fake()
        fake.lists = (200, json.dumps({
            "kind": "APIResourceList", "apiVersion": "v1",
            "groupVersion": "custom.metrics.k8s.io/v1beta2",
            "resources": [{"name": "pods/rps", "namespaced": True, "verbs": ["get", "watch"]},
                          {"name": "pods/wrong_scope", "namespaced": False},
                          {"name": "nodes/load", "namespaced": False}]}).encode())
        body = json.dumps({"kind": "MetricValueList", "metadata": {}, "items": [],
                           "apiVersion": "custom.metrics.k8s.io/v1beta2"}).encode()
        fake.answer = (200, body)
        p = self.start("first.yaml", "externalMetrics:\n" + metric("depth", 3)
                       + self.section(fake.port, "custom"))
        path = CUSTOM + "/namespaces/shop/pods/%2A/rps?metricLabelSelector=a%3Db&labelSelector=app+in+" \
                        "%28x%2Cy%29&limit=5"
        self.assertEqual(self.ask(p, path, who=MASTERS), (200, body.decode()))
        self.assertEqual(fake.values(), [CUSTOM + "/namespaces/shop/pods/%2A/rps?labelSelector=app+in+"
                                                  "%28x%2Cy%29&metricLabelSelector=a%3Db"])
        wait_until(lambda: self.names(p, CUSTOM) == ["pods/rps", "nodes/load"], "its list")
        self.assertEqual(self.ask(p, path_of("lag"))[0], 404)  # external ones are not passed on


class Garbage(PassThroughTest):
    def setUp(self):
        super().setUp()
        self.theirs = self.fake()
        self.p = self.start("first.yaml", "externalMetrics:\n" + metric("depth", 3)
                            + self.section(self.theirs.port))

    def test_no_answer_but_a_good_one_is_passed_on(self):
        status = {"kind": "Status", "apiVersion": "v1", "message": "m"}
        for answer, cause in (
                ((200, b"<html>"), "answers what is not JSON"),
                ((200, b""), "answers what is not JSON"),
                ((200, b"{}"), "answers what is no ExternalMetricValueList"),
                ((200, json.dumps({**Fake.GOOD, "kind": "Status"}).encode()), "answers what is no"),
                ((200, json.dumps({**Fake.GOOD, "apiVersion": "v1"}).encode()), "answers what is no"),
                ((200, json.dumps({**Fake.GOOD, "items": [1]}).encode()), "answers what is no"),
                ((200, b'{"kind":"a","kind":"ExternalMetricValueList"}'), "is not JSON"),
                ((200, b" " * (1 << 20) + b"{}"), "more than 1048576 bytes"),
                ((302, b""), "answers 302"),
                ((404, b"404 page not found"), "answers 404"),
                ((502, b"<html>"), "answers 502"),
                ((500, json.dumps({**status, "code": 200}).encode()), "answers 500"),
                ((401, json.dumps({**status, "code": 401}).encode()), "answers 401: m")):
            with self.subTest(answer[1][:60]):
                self.theirs.answer = answer
                self.assertIn(cause, self.message(self.p, "lag"))
                self.assertEqual(self.value(self.p, "depth"), "3")
                self.theirs.good()
                self.assertEqual(self.value(self.p, "lag"), "7")

    def test_errors_about_the_metric_are_passed_on_as_they_are(self):
        body = json.dumps({"kind": "Status", "apiVersion": "v1", "code": 500, "message": "broken",
                           "odd": [1.0]}).encode()
        self.theirs.answer = (500, body)
        for _ in range(5):  # it answers, so it goes on being asked
            self.assertEqual(self.ask(self.p, path_of("lag")), (500, body.decode()))

    def test_no_credential_and_no_path_of_who_asks_gets_through(self):
        self.value(self.p, "lag")
        _, headers = next(a for a in self.theirs.asked if a[0] == path_of("lag"))
        self.assertEqual({name.lower() for name in headers} - {"host", "accept", "via"}, set())
        for name in ("..", ".", "%2e%2e"):
            self.assertEqual(self.ask(self.p, path_of(name), who=MASTERS)[0], 404, name)
        for path in ("/namespaces/default/status", "/namespaces/default/finalize",
                     "/namespaces/default/" + "x" * 600):
            self.assertEqual(self.ask(self.p, EXTERNAL + path, who=MASTERS)[0], 404, path)
        self.assertEqual(self.theirs.values(), [path_of("lag")])

    def test_its_list_may_be_anything(self):
        failed = 'lists_total{group="external",outcome="failed"}'
        for answer in ((200, b"[]"), (200, b" " * (5 << 20)), (500, b"")):
            self.theirs.lists = answer
            before = self.series(self.p, failed)
            wait_until(lambda before=before: self.series(self.p, failed) > before + 1, "a read")
            self.assertEqual(self.names(self.p), ["depth"])
        self.theirs.lists = (200, json.dumps({
            "kind": "APIResourceList", "groupVersion": "external.metrics.k8s.io/v1beta1",
            "resources": [{"name": "fine"}, {"name": "a/b"}, {"name": "a b"}, {"name": 1}, 2,
                          {"name": "fine"}, {"name": "x" * 1000}]}).encode())
        wait_until(lambda: self.names(self.p) == ["depth", "fine"], "its list")


class CommandLine(PassThroughTest):
    def test_the_open_port_passes_nothing_on(self):
        path = self.write("c.yaml", self.section(1))
        code, out, err = run("swell-adapter", "run", "--port=0", "--config=" + path)
        self.assertEqual((code, out), (2, ""))
        self.assertIn("passThrough needs the HTTPS port", err)

    def test_check_says_who_is_asked(self):
        code, out, err = run("swell-adapter", "check", self.write("c.yaml", self.section(9443)))
        self.assertEqual((code, err), (0, ""))
        self.assertIn("external metrics that are none of these: asked of https://localhost:9443 "
                      "within 2s; its list every 1s", out)

    def explain(self, text, *flags):
        code, out, err = run("swell-adapter", "explain", "--config=" + self.write("c.yaml", text),
                             *flags)
        self.assertEqual(err, "")
        return code, out

    def test_explain_shows_how_an_unknown_metric_is_asked_for_elsewhere(self):
        fake = self.fake()
        text = "externalMetrics:\n" + metric("depth", 3) + self.section(fake.port)
        code, out = self.explain(text, "--metric=lag", "--namespace=shop", "--selector=a in (b,c)")
        self.assertEqual(code, 0, out)
        for line in (r"^metric +lag is not configured here, so https://localhost:\d+ is asked$",
                     r"^query +GET " + re.escape(EXTERNAL) +
                     r"/namespaces/shop/lag\?labelSelector=a\+in\+%28b%2Cc%29$",
                     r"^answer +200, \d+ bytes: ", r"^HPA gets +7$"):
            self.assertRegex(out, re.compile(line, re.MULTILINE))
        fake.answer = (200, b"{}")
        code, out = self.explain(text, "--metric=lag")
        self.assertEqual(code, 1)
        self.assertIn("HPA gets  an error: https://localhost", out)
        code, out = self.explain(text, "--metric=rps", "--object=pods/web-1")
        self.assertEqual((code, "an error: there is no metric rps" in out), (1, True), out)


if __name__ == "__main__":
    unittest.main()
