# SPDX-License-Identifier: MIT
"""passThrough: what is none of swell-adapter's metrics is asked of another adapter: a second
swell-adapter over real TLS, a stopped one that hangs, and one that answers garbage."""
import http.server
import json
import os
import re
import signal
import ssl
import threading
import unittest

from identities import MASTERS, Door, remote
from program import run, wait_until
from test_adapter_auth import AuthTest

EXTERNAL = "/apis/external.metrics.k8s.io/v1beta1"
CUSTOM = "/apis/custom.metrics.k8s.io/v1beta2"
AGGREGATED = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList"


def metric(name, value):
    return f"- {{name: {name}, interval: 100ms, source: {{constant: {{value: {value}}}}}}}\n"


def path_of(name):
    return f"{EXTERNAL}/namespaces/default/{name}"


class Fake:
    """Another adapter over TLS that answers what the test sets."""

    GOOD = {"kind": "ExternalMetricValueList", "apiVersion": "external.metrics.k8s.io/v1beta1",
            "metadata": {}, "items": [{"metricName": "x", "metricLabels": None, "value": "7",
                                       "timestamp": "2026-11-21T10:00:00Z"}]}

    def __init__(self, certificate, key):
        self.asked = []  # (path, headers)
        self.lists = (404, b"")
        self.good()
        fake = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self):
                fake.asked.append((self.path, self.headers))
                status, body = fake.answer if "/namespaces/" in self.path else fake.lists
                try:
                    self.send_response(status)
                    self.send_header("Content-Length", str(len(body)))
                    self.send_header("Retry-After", "1")
                    self.end_headers()
                    self.wfile.write(body)
                except OSError:
                    pass  # it has heard enough

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.port = self.server.server_address[1]
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate, key)
        self.server.socket = context.wrap_socket(self.server.socket, server_side=True,
                                                 do_handshake_on_connect=False)
        threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True).start()

    def good(self):
        self.answer = (200, json.dumps(self.GOOD).encode())

    def values(self):
        return [path for path, _ in self.asked if "/namespaces/" in path]

    def stop(self):
        self.server.shutdown()
        self.server.server_close()


class PassThroughTest(AuthTest):
    def setUp(self):
        super().setUp()
        self.cluster = self.api()
        self.cluster.readers.add("adapter")
        self.serving = self.client.issue("other", "/CN=other", usage="serverAuth")
        self.me = self.client.issue("adapter", "/CN=adapter")
        self.proxy_pair = self.proxy()

    def write(self, name, text):
        """In one step, as a mounted ConfigMap changes."""
        path = os.path.join(self.folder, name)
        with open(path + ".new", "w", encoding="utf-8") as file:
            file.write(text)
        os.rename(path + ".new", path)
        return path

    def section(self, port, group="external", pair=None, **more):
        certificate, key = pair or self.me
        fields = {"url": f"https://localhost:{port}", "timeout": "2s", "discoveryInterval": "1s",
                  "tls": {"caFile": self.client.certificate, "certFile": certificate,
                          "keyFile": key}, **more}
        return f"passThrough: {{{group}: {json.dumps(fields)}}}\n"

    def start(self, name, text, *flags):
        # The fake cluster lets nobody but masters read lists; a real one lets everybody.
        p = self.adapter(self.cluster, "--config=" + self.write(name, text),
                         f"--authorization-always-allow-paths=/metrics,{EXTERNAL}", *flags)
        p.wait_for_line("msg=ready")
        return p

    def other(self, text, *flags):
        """The second adapter."""
        return self.start("other.yaml", text, f"--tls-cert-file={self.serving[0]}",
                          f"--tls-private-key-file={self.serving[1]}", *flags)

    def fake(self):
        fake = Fake(*self.serving)
        self.addCleanup(fake.stop)
        return fake

    def ask(self, p, path, *headers, who=None):
        status, got, body = Door(p.port).ask(path, self.proxy_pair,
                                             [*(who or remote("alice")), *headers])
        self.assertNotIn("Retry-After", got)
        return status, body

    def value(self, p, name):
        status, body = self.ask(p, path_of(name))
        return json.loads(body)["items"][0]["value"] if status == 200 else (status, body)

    def becomes(self, p, name, value):
        wait_until(lambda: self.value(p, name) == value, f"{name} to be {value}")

    def message(self, p, name):
        status, body = self.ask(p, path_of(name))
        self.assertEqual((status, json.loads(body)["kind"]), (503, "Status"), body)
        return json.loads(body)["message"]

    def names(self, p, path=EXTERNAL):
        doc = json.loads(self.ask(p, path, who=MASTERS)[1])
        return [resource["name"] for resource in doc["resources"]]

    def series(self, p, start):
        for line in self.ask(p, "/metrics")[1].splitlines():
            if line.startswith("swell_adapter_forward_" + start):
                return float(line.split()[-1])
        return None


class SecondAdapter(PassThroughTest):
    def both(self, ours=metric("depth", 3), theirs=metric("lag", 7), **more):
        other = self.other("externalMetrics:\n" + theirs)
        p = self.start("first.yaml", "externalMetrics:\n" + ours + self.section(other.port, **more))
        return p, other

    def test_its_metrics_are_served_and_listed_beside_ours(self):
        p, other = self.both()
        self.becomes(p, "depth", "3")
        self.becomes(p, "lag", "7")
        wait_until(lambda: self.names(p) == ["depth", "lag"], "both metrics to be listed")
        _, body = self.ask(p, "/apis", ("Accept", AGGREGATED), who=MASTERS)
        external = json.loads(body)["items"][0]["versions"][0]["resources"]
        self.assertEqual([(r["resource"], r["verbs"]) for r in external],
                         [("depth", ["get"]), ("lag", ["get"])])
        through, direct = (json.loads(self.ask(who, path_of("lag"))[1]) for who in (p, other))
        for doc in (through, direct):
            del doc["items"][0]["timestamp"]
        self.assertEqual(through, direct)

    def test_it_is_asked_as_ourselves_and_never_as_who_asked(self):
        p, _ = self.both()
        self.becomes(p, "lag", "7")
        who = {spec["user"] for kind, spec in self.cluster.reviews if kind == "SubjectAccessReview"
               and spec.get("resourceAttributes", {}).get("resource") == "lag"}
        self.assertEqual(who, {"alice", "adapter"})
        status, _ = self.ask(p, path_of("lag"), who=remote("mallory"))
        self.assertEqual(status, 403)  # though the other would have answered us

    def test_it_may_not_let_us_read(self):
        p, _ = self.both(pair=self.client.issue("nobody", "/CN=nobody"))
        said = self.message(p, "lag")
        self.assertRegex(said, r'external metric "lag" is not configured here, and https://localhost:'
                               r'\d+, which is asked for such ones, answers 403: .*User "nobody" '
                               r'cannot list .* since \d\d:\d\d:\d\d')

    def test_a_token_is_read_again_when_it_changes(self):
        token = self.write("token", "was-good-once\n")
        p, _ = self.both(tls={"caFile": self.client.certificate}, bearerToken={"file": token})
        self.assertIn("answers 401", self.message(p, "lag"))
        self.write("token", "good\n")
        self.becomes(p, "lag", "7")
        self.assertNotIn("was-good-once", "".join(p.lines))

    def test_its_own_unknown_metrics_are_unknown(self):
        p, other = self.both()
        self.becomes(p, "lag", "7")
        status, body = self.ask(p, path_of("nothing"))
        self.assertEqual((status, body), self.ask(other, path_of("nothing")))
        self.assertEqual(status, 404)
        self.assertEqual(self.series(p, 'requests_total{group="external",outcome="unknown"}'), 1)

    def test_our_names_win_and_it_is_said_once(self):
        p, _ = self.both(ours=metric("depth", 3) + metric("lag", 5))
        self.becomes(p, "lag", "5")
        p.wait_for_line("metrics that both adapters have")
        reads = 'lists_total{group="external",outcome="read"}'
        wait_until(lambda: self.series(p, reads) > 2, "the list to be read again")
        self.assertEqual(sum("both adapters have" in line for line in p.lines), 1)
        self.assertEqual(self.series(p, "conflicts"), 1)
        self.assertEqual(self.names(p), ["depth", "lag"])

    def test_a_hanging_one_delays_nothing_of_ours_and_is_left_alone(self):
        p, other = self.both(timeout="8s")
        self.becomes(p, "depth", "3")
        self.becomes(p, "lag", "7")
        other.process.send_signal(signal.SIGSTOP)
        try:
            askers = [threading.Thread(target=self.message, args=(p, "lag")) for _ in range(3)]
            for asker in askers:
                asker.start()
            for _ in range(3):
                self.assertEqual(self.value(p, "depth"), "3")
                self.assertIn("depth", self.names(p))
            self.assertTrue(all(asker.is_alive() for asker in askers), "nobody waited meanwhile")
            for asker in askers:
                asker.join()
            p.wait_for_line("other adapter fails")
            self.assertEqual(self.series(p, "failing"), 1)

            def left_alone():
                said = self.message(p, "lag")
                self.assertRegex(said, r"gives no whole answer within 8s since \d\d:\d\d:\d\d; next try")
                return self.series(p, 'requests_total{group="external",outcome="failing"}')
            wait_until(left_alone, "an answer without a question")
        finally:
            other.process.send_signal(signal.SIGCONT)
        self.becomes(p, "lag", "7")
        p.wait_for_line("other adapter answers again")
        self.assertEqual(self.series(p, "failing"), 0)

    def test_when_it_is_gone_its_list_stays_for_a_while(self):
        p, other = self.both(discoveryMaxAge="4s")
        wait_until(lambda: self.names(p) == ["depth", "lag"], "both metrics to be listed")
        self.assertEqual(other.stop(), 0)
        p.wait_for_line("list of metrics is not read")
        self.assertEqual(self.names(p), ["depth", "lag"])
        self.assertIn("cannot be connected to", self.message(p, "lag"))
        wait_until(lambda: self.names(p) == ["depth"], "the list to end")
        self.assertIsNone(self.series(p, "listed"))

    def test_a_new_configuration_keeps_what_it_still_wants(self):
        p, other = self.both()
        wait_until(lambda: self.names(p) == ["depth", "lag"], "both metrics to be listed")
        section = self.section(other.port)
        self.write("first.yaml", "externalMetrics:\n" + metric("more", 1) + section)
        wait_until(lambda: self.names(p) == ["more", "lag"], "the new configuration")
        self.assertEqual(sum("other adapter's metrics" in line for line in p.lines), 1)
        self.write("first.yaml", "externalMetrics:\n" + metric("more", 1))
        wait_until(lambda: self.names(p) == ["more"], "the end of passing on")
        self.assertEqual(self.ask(p, path_of("lag"))[0], 404)

    def test_two_that_ask_each_other_come_to_an_end(self):
        first = self.other("externalMetrics:\n" + metric("depth", 3))
        second = self.start("second.yaml", "externalMetrics:\n" + metric("lag", 7)
                            + self.section(first.port, timeout="30s"))
        # The first shows a certificate for localhost already; the second shows the fake cluster's.
        self.write("other.yaml", "externalMetrics:\n" + metric("depth", 3)
                   + self.section(second.port, timeout="30s",
                                  tls={"insecureSkipVerify": True, "certFile": self.me[0],
                                       "keyFile": self.me[1]}))
        self.becomes(first, "lag", "7")
        self.becomes(second, "depth", "3")
        self.assertEqual(self.ask(first, path_of("nothing"))[0], 404)
        wait_until(lambda: self.names(first) == ["depth", "lag"] and
                   self.names(second) == ["lag", "depth"], "each other's metrics")
        self.write("second.yaml", "externalMetrics:\n" + metric("age", 1)
                   + self.section(first.port, timeout="30s"))
        wait_until(lambda: self.names(first) == ["depth", "age"], "the end of lag")


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
