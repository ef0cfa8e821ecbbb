# SPDX-License-Identifier: MIT
"""swell-adapter with prometheus-adapter's rules, in front of a server that stands in for Prometheus."""
import json
import os
import tempfile
import time
import unittest
import urllib.parse

from program import run, started, wait_until
from prometheus_fake import FakePrometheus, vector

EXTERNAL = "/apis/external.metrics.k8s.io/v1beta1"
CUSTOM = "/apis/custom.metrics.k8s.io/v1beta2"

SERIES = 'http_requests_total{namespace!="",pod!=""}'
RULES = """\
rules:
- seriesQuery: 'http_requests_total{namespace!="",pod!=""}'
  resources: {overrides: {namespace: {resource: namespace}, pod: {resource: pod}}}
  name: {matches: "^(.*)_total$", as: "${1}_per_second"}
  metricsQuery: sum(rate(<<.Series>>{<<.LabelMatchers>>}[2m])) by (<<.GroupBy>>)
externalRules:
- seriesQuery: queue_depth
  metricsQuery: sum(<<.Series>>{<<.LabelMatchers>>}) by (queue)
- seriesQuery: lag
  resources: {namespaced: false}
  metricsQuery: max(<<.Series>>{<<.LabelMatchers>>})
"""
RULE_INTERVAL_S = 10
BY_NAME = 'sum(rate(http_requests_total{namespace="shop",pod="web-1"}[2m])) by (pod)'


class RulesTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = folder.name
        self.prometheus = FakePrometheus()
        self.addCleanup(self.prometheus.stop)
        self.prometheus.series = {
            SERIES: [{"__name__": "http_requests_total", "namespace": "shop", "pod": f"web-{i}"}
                     for i in range(3)],
            "queue_depth": [{"__name__": "queue_depth", "queue": "jobs"}],
            "lag": [{"__name__": "lag"}]}

    def write(self, text):
        path = os.path.join(self.folder, "rules.yaml")
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
        return path

    def adapter(self, text=RULES, *flags):
        return started(self, "swell-adapter", "--address=127.0.0.1", "--port=0",
                       "--prometheus-url=" + self.prometheus.url, "--config=" + self.write(text),
                       *flags)

    def listed(self, p, path):
        return {r["name"] for r in p.json(path)["resources"]}

    def wait_listed(self, p, path, name):
        wait_until(lambda: name in self.listed(p, path), f"{name} in {path}")

    def message(self, p, path, status):
        got, _, body = p.get(path)
        self.assertEqual(got, status, body)
        return json.loads(body)["message"]

    def test_serves_what_the_rules_make_of_the_series(self):
        p = self.adapter()
        self.wait_listed(p, CUSTOM, "pods/http_requests_per_second")
        self.assertIn("namespaces/http_requests_per_second", self.listed(p, CUSTOM))
        self.wait_listed(p, EXTERNAL, "queue_depth")
        self.prometheus.results[BY_NAME] = vector(({"pod": "web-1"}, "2.01"))
        doc = p.json(CUSTOM + "/namespaces/shop/pods/web-1/http_requests_per_second")
        item = doc["items"][0]
        self.assertEqual(item["describedObject"], {"kind": "Pod", "namespace": "shop",
                                                   "name": "web-1", "apiVersion": "v1"})
        self.assertEqual(item["value"], "2010m")
        self.assertEqual(item["metric"], {"name": "http_requests_per_second", "selector": None})
        self.assertEqual(self.prometheus.queries, [BY_NAME])
        match, start, end = self.prometheus.listed[0]
        self.assertIn(match, self.prometheus.series)
        self.assertTrue(start)
        self.assertIsNone(end)

    def test_external_rules_sum_up_what_the_selector_selects(self):
        p = self.adapter()
        self.wait_listed(p, EXTERNAL, "lag")
        self.prometheus.results = {
            'sum(queue_depth{queue=~"jobs|mail",namespace="shop"}) by (queue)': vector(
                ({"queue": "jobs"}, "3"), ({"queue": "mail"}, "4")),
            'max(lag{})': {"resultType": "scalar", "result": [1795255200.5, "7"]}}
        selector = urllib.parse.quote("queue in (mail,jobs)")
        doc = p.json(f"{EXTERNAL}/namespaces/shop/queue_depth?labelSelector={selector}")
        self.assertEqual([(i["metricLabels"], i["value"]) for i in doc["items"]],
                         [({"queue": "jobs"}, "3"), ({"queue": "mail"}, "4")])
        doc = p.json(f"{EXTERNAL}/namespaces/any/lag")
        self.assertEqual(doc["items"], [{"metricName": "lag", "metricLabels": {}, "value": "7",
                                         "timestamp": "2026-11-21T10:00:00Z"}])

    def test_series_and_queries_are_forms_where_the_verb_is_post(self):
        p = self.adapter(RULES, "--prometheus-verb=POST")
        self.wait_listed(p, EXTERNAL, "lag")
        self.prometheus.results = {"max(lag{})": vector(({}, "7"))}
        self.assertEqual(p.json(f"{EXTERNAL}/namespaces/any/lag")["items"][0]["value"], "7")
        self.assertEqual(self.prometheus.methods, {"POST"})

    def test_one_refused_series_query_fails_that_rule_alone(self):
        self.prometheus.series["queue_depth"] = 400
        p = self.adapter()
        self.wait_listed(p, EXTERNAL, "lag")
        message = self.message(p, EXTERNAL + "/namespaces/shop/queue_depth", 503)
        self.assertIn("externalRules[0]: the list of series of Prometheus at", message)
        self.assertIn("answers 400", message)
        self.assertNotIn("externalRules[1]", message)

    def test_a_rule_keeps_its_list_while_its_series_query_fails(self):
        p = self.adapter(RULES, "--metrics-relist-interval=1s")
        self.wait_listed(p, EXTERNAL, "queue_depth")
        self.prometheus.series["queue_depth"] = 500
        p.wait_for_line('msg="source fails"')
        self.prometheus.series["lag"] = [{"__name__": "lag"}, {"__name__": "lag_new"}]
        self.wait_listed(p, EXTERNAL, "lag_new")
        self.assertIn("queue_depth", self.listed(p, EXTERNAL))

    def test_says_what_is_wrong_with_a_value(self):
        p = self.adapter()
        self.wait_listed(p, CUSTOM, "pods/http_requests_per_second")
        path = CUSTOM + "/namespaces/shop/pods/web-1/http_requests_per_second"
        for name, result, status, part in [
                ("web-2", vector(({"pod": "web-2"}, "NaN")), 503, "not a number (NaN)"),
                ("web-3", vector(({"pod": "web-3"}, "+Inf")), 503, "infinite"),
                ("web-4", vector(), 404, "has no series whose label 'pod' is 'web-4'"),
                ("web-5", vector(({"pod": "web-5", "a": "1"}, "1"), ({"pod": "web-5"}, "2")), 500,
                 "several values for 'web-5'"),
                ("web-6", 400, 503, "answers 400 (bad_data)")]:
            with self.subTest(part):
                self.prometheus.results[BY_NAME.replace("web-1", name)] = result
                self.assertIn(part, self.message(p, path.replace("web-1", name), status))

    def test_one_query_however_many_read_it(self):
        p = self.adapter()
        self.wait_listed(p, CUSTOM, "pods/http_requests_per_second")
        self.prometheus.results[BY_NAME] = vector(({"pod": "web-1"}, "1"))
        began = time.monotonic()
        for _ in range(50):
            p.json(CUSTOM + "/namespaces/shop/pods/web-1/http_requests_per_second")
            p.json(CUSTOM.replace("v1beta2", "v1beta1") +
                   "/namespaces/shop/pod/web-1/http_requests_per_second")
        # One at first, and one more for each interval that a busy machine needs for these; the
        # first of them may come early by the jitter.
        intervals = (time.monotonic() - began) / RULE_INTERVAL_S
        self.assertLessEqual(len(self.prometheus.queries), 2 + int(intervals * 1.2))

    def test_discovery_answers_while_prometheus_hangs(self):
        self.prometheus.hangs.set()
        p = self.adapter()
        self.assertEqual(self.listed(p, EXTERNAL), {"externalmetrics"})
        self.assertEqual(self.listed(p, CUSTOM), {"custommetrics"})
        message = self.message(p, EXTERNAL + "/namespaces/shop/lag", 503)
        self.assertIn("is asked for the first time", message)

    def test_refuses_what_cannot_work_before_anything_starts(self):
        path = self.write(RULES)
        code, _, errors = run("swell-adapter", "run", "--config=" + path)
        self.assertEqual(code, 2)
        self.assertIn("its rules need a Prometheus: --prometheus-url=URL", errors)
        self.write(RULES.replace(".GroupBy>>", ".GroupsBy>>"))
        code, _, errors = run("swell-adapter", "check", path)
        self.assertEqual(code, 2)
        self.assertIn("rules.yaml:5: rules[0].metricsQuery: in <<.GroupsBy>>: there is no field",
                      errors)

    def test_the_command_line_of_its_deployments_is_understood(self):
        p = self.adapter(RULES, "--bind-address=127.0.0.1", "--v=4", "--logtostderr=true",
                         "--prometheus-verb=GET", "--tls-cipher-suites=TLS_AES_128_GCM_SHA256",
                         "--tls-min-version=VersionTLS12", "--prometheus-header=X-Scope-OrgID=team")
        self.wait_listed(p, EXTERNAL, "lag")

    def test_flags_that_cannot_be_are_refused_with_a_reason(self):
        url = "--prometheus-url=" + self.prometheus.url
        for flags, reason in (
                (["--prometheus-verb=POST"], "go with --prometheus-url"),
                ([url, "--prometheus-auth-incluster"], "no account's token leaves over plain HTTP"),
                (["--prometheus-url=https://p", "--prometheus-auth-incluster"], "this is no pod"),
                (["--prometheus-url=https://p", "--prometheus-auth-config=/none"], "/none"),
                (["--prometheus-url=https://p", "--prometheus-auth-incluster",
                  "--prometheus-auth-config=/none"], "say two things"),
                (["--prometheus-token-file=/t"], "go with --prometheus-url"),
                ([url, "--tls-min-version=VersionTLS10"], "VersionTLS12")):
            with self.subTest(flags):
                code, out, errors = run("swell-adapter", "run", "--config=" + self.write(RULES),
                                        *flags, env={"KUBERNETES_SERVICE_HOST": ""})
                self.assertEqual((code, out, errors.count("\n")), (2, "", 1), errors)
                self.assertIn(reason, errors)

    def explain(self, *flags):
        code, out, errors = run("swell-adapter", "explain", "--config=" + self.write(RULES),
                                "--prometheus-url=" + self.prometheus.url, *flags)
        self.assertEqual(errors, "")
        return code, out

    def test_explain_shows_one_read_step_by_step(self):
        query = 'sum(queue_depth{queue="jobs",namespace="shop"}) by (queue)'
        self.prometheus.results = {query: vector(({"queue": "jobs"}, "12.5"))}
        code, out = self.explain("--metric=queue_depth", "--namespace=shop",
                                 "--selector=queue=jobs")
        self.assertEqual(code, 0, out)
        for line in ("series    externalRules[0]: 1 kinds of series for queue_depth",
                     "rule      externalRules[0], series queue_depth of queue_depth",
                     "query     " + query, "answer    200, ", 'value     {queue="jobs"} 12500m, ',
                     "HPA gets  12500m\n"):
            self.assertIn(line, out)
        self.prometheus.results = {None: vector()}
        code, out = self.explain("--metric=http_requests_per_second", "--namespace=shop",
                                 "--object=pods/web-1")
        self.assertEqual(code, 1, out)
        self.assertIn("query     " + BY_NAME, out)
        self.assertIn("HPA gets  an error: no series whose label is the object's name\n", out)

    def test_explain_reads_a_configured_metric_of_an_object(self):
        self.prometheus.results = {"x": vector(({"pod": "web-1", "ns": "shop"}, "3"),
                                               ({"pod": "web-1", "ns": "other"}, "4"))}
        path = self.write(f"customMetrics:\n- {{name: depth, namespaceLabel: ns, source: "
                          f"{{prometheus: {{url: '{self.prometheus.url}', query: x}}}}}}\n")
        code, out, errors = run("swell-adapter", "explain", "--config=" + path, "--metric=depth",
                                "--namespace=shop", "--object=pods/web-1")
        self.assertEqual((code, errors), (0, ""), out)
        self.assertIn("HPA gets  3\n", out)
        code, out, _ = run("swell-adapter", "explain", "--config=" + path, "--metric=depth",
                           "--namespace=third", "--object=pods/web-1")
        self.assertEqual(code, 1, out)

    def test_explain_lists_what_the_rules_make(self):
        self.prometheus.series["queue_depth"] = 400
        code, out = self.explain()
        self.assertEqual(code, 0, out)
        self.assertIn("failure   the list of series of Prometheus at", out)
        self.assertIn("custom    http_requests_per_second of pods: rules[0], series "
                      "http_requests_total, label pod\n", out)
        self.assertIn("external  lag: externalRules[1], series lag\n", out)

    def test_the_file_may_say_which_prometheus(self):
        p = started(self, "swell-adapter", "--address=127.0.0.1", "--port=0",
                    "--config=" + self.write(f"prometheus: {{url: '{self.prometheus.url}'}}\n" +
                                             RULES))
        self.wait_listed(p, EXTERNAL, "lag")


if __name__ == "__main__":
    unittest.main()
