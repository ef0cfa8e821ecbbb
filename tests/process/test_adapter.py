# SPDX-License-Identifier: MIT
"""swell-adapter as an HPA and a person meet it."""
import datetime
import http.client
import json
import threading
import time
import unittest
import urllib.parse

from adapter_fixture import DEPTH, V1, AdapterTest, Queue, config
from program import DEADLINE_S, Program, run, wait_until


class Values(AdapterTest):
    def test_serves_the_value_with_the_time_of_its_measurement(self):
        before = time.time()
        p = self.adapter(config(self.queue))
        wait_until(lambda: self.value(p), "a value")
        got = p.json(DEPTH + "?labelSelector=queue%3Djobs")
        after = time.time()
        item = got["items"][0]
        measured = datetime.datetime.strptime(item.pop("timestamp"), "%Y-%m-%dT%H:%M:%SZ")
        measured = measured.replace(tzinfo=datetime.timezone.utc).timestamp()
        self.assertGreaterEqual(measured, int(before))
        self.assertLessEqual(measured, after)
        self.assertEqual(got, {
            "kind": "ExternalMetricValueList", "apiVersion": "external.metrics.k8s.io/v1beta1",
            "metadata": {},
            "items": [{"metricName": "queue_depth", "metricLabels": {"queue": "jobs"},
                       "value": "12"}]})

    def test_follows_the_source(self):
        p = self.adapter(config(self.queue))
        wait_until(lambda: self.value(p) == "12", "the first value")
        self.queue.answer(b'{"depth": 0.25}')
        wait_until(lambda: self.value(p) == "250m", "the second value")
        self.queue.answer(b'{"depth": 0}')
        wait_until(lambda: self.value(p) == "0", "a true zero")

    def test_selectors_choose_and_names_that_are_not_there_are_404(self):
        p = self.adapter(config(self.queue, more=f"""\
- name: queue_depth
  labels: {{queue: mail}}
  source: {{http: {{url: "http://127.0.0.1:{self.queue.port}/", valuePath: depth}}}}
"""))
        wait_until(lambda: self.value(p), "both values")

        def queues(selector, namespace="default"):
            query = urllib.parse.urlencode({"labelSelector": selector})  # blanks as +, as Go does
            status, _, body = p.get(f"{V1}/namespaces/{namespace}/queue_depth?{query}")
            got = json.loads(body)
            if status != 200:
                return status, got["reason"]
            return [i["metricLabels"]["queue"] for i in got["items"]]

        self.assertEqual(queues(""), ["jobs", "mail"])
        self.assertEqual(queues("queue=jobs"), ["jobs"])
        self.assertEqual(queues("queue in (mail, other)"), ["mail"])
        self.assertEqual(queues("queue!=jobs,!debug"), ["mail"])
        self.assertEqual(queues("", namespace="other"), ["mail"])
        self.assertEqual(queues("queue=none"), (404, "NotFound"))
        self.assertEqual(queues("queue="), (404, "NotFound"))
        self.assertEqual(queues("queue in ("), (400, "BadRequest"))
        status, _, body = p.get(V1 + "/namespaces/default/unknown")
        self.assertEqual((status, json.loads(body)["code"]), (404, 404))
        self.assertEqual(p.request("POST", DEPTH)[0], 405)
        self.assertEqual(p.get(DEPTH + "?watch=true")[0], 405)


    def test_answers_many_clients_at_a_time(self):
        p = self.adapter(config(self.queue))
        wait_until(lambda: self.value(p), "a value")
        wrong = []

        def ask():
            for _ in range(50):
                status, _, body = p.get(DEPTH + "?labelSelector=queue%3Djobs")
                if status != 200 or json.loads(body)["items"][0]["value"] != "12":
                    wrong.append((status, body))

        clients = [threading.Thread(target=ask) for _ in range(4)]
        for client in clients:
            client.start()
        for client in clients:
            client.join()
        self.assertEqual(wrong, [])
        _, _, text = p.get("/metrics")
        self.assertIn('http_requests_total{method="GET",route="%s/namespaces/{namespace}/{metric}",'
                      'code="200"}' % V1, text)


class Age(AdapterTest):
    def test_a_dead_source_is_held_then_expires_with_a_sentence_and_recovers(self):
        p = self.adapter(config(self.queue, max_age="2s"))
        wait_until(lambda: self.state(p) == "fresh", "a fresh value")
        self.queue.answer(b"", status=500)
        wait_until(lambda: self.state(p) == "held", "the held state")
        held = p.json(DEPTH)["items"][0]
        self.assertEqual(held["value"], "12")

        headers, status = self.message(p, "answers 500")
        self.assertEqual(self.state(p), "expired")
        self.assertNotIn("Retry-After", headers)
        self.assertEqual((status["kind"], status["reason"], status["code"]),
                         ("Status", "ServiceUnavailable", 503))
        self.assertRegex(
            status["message"],
            r'^queue_depth\{queue="jobs"\}: http://127\.0\.0\.1:%d/queues/jobs answers 500 since '
            r"\d\d:\d\d:\d\d \(last value 12, [2-9](\.\d)? s old, limit 2 s\); "
            r"next try (now|in [\d.]+ m?s)$" % self.queue.port)

        self.queue.answer(b'{"depth": 3}')
        wait_until(lambda: self.value(p) == "3", "the recovered value")
        p.wait_for_line("source answers again")

    def test_the_time_of_a_held_value_stands_still(self):
        p = self.adapter(config(self.queue))
        wait_until(lambda: self.state(p) == "fresh", "a fresh value")
        self.queue.stop()
        wait_until(lambda: self.state(p) == "held", "the held state")
        first = p.json(DEPTH)["items"][0]["timestamp"]
        wait_until(lambda: time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() - 2)) >
                   first, "two seconds")
        self.assertEqual(p.json(DEPTH)["items"][0]["timestamp"], first)

    def test_no_answer_that_is_not_a_number_becomes_one(self):
        p = self.adapter(config(self.queue, max_age="700ms"))
        for body, sentence in (
                (b"<html>busy</html>", "answers what is not JSON"),
                (b'{"length": 3}', "has nothing at 'depth' in its answer"),
                (b'{"depth": "NaN"}', "has no number at 'depth'"),
                (b'{"depth": -1}', "has a number at 'depth' that is negative"),
                (b'{"depth": 1e30}', "has a number at 'depth' that is too large"),
                (b'{"depth": 5, "x": "' + b"x" * (2 << 20) + b'"}',
                 "gives an answer of more than 1048576 bytes")):
            self.queue.answer(body)
            self.message(p, sentence)
        self.assertGreaterEqual(self.polls(p, "no_value"), 5)
        self.assertGreaterEqual(self.polls(p, "too_large"), 1)

    def test_a_source_that_was_never_there(self):
        self.queue.stop()
        p = self.adapter(config(self.queue))
        _, status = self.message(p, "cannot be connected to since ")
        self.assertIn("(no value yet); next try ", status["message"])
        self.assertGreaterEqual(self.polls(p, "unreachable"), 1)

    def test_no_secret_leaves(self):
        self.queue.stop()
        p = self.adapter(config(self.queue), "--log-level=debug")
        self.message(p, "cannot be connected to")
        p.wait_for_line("source fails")
        seen = p.get("/metrics")[2] + p.get(DEPTH)[2] + "".join(p.lines) + "".join(p.errors)
        self.assertNotIn("hunter2", seen)

    def test_a_failing_source_is_asked_less_often(self):
        self.queue.answer(b"", status=503)
        p = self.adapter(config(self.queue))
        wait_until(lambda: self.polls(p, "status") >= 5, "five failures")
        start, asked = time.monotonic(), self.queue.asked
        wait_until(lambda: self.queue.asked >= asked + 2, "two more")
        self.assertGreater(time.monotonic() - start, 0.7)  # at least one whole wait of 8 intervals


class Hanging(AdapterTest):
    def test_answers_come_from_memory_while_a_source_hangs(self):
        self.queue.answer(b'{"depth": 1}', hang=True)
        other = Queue()
        self.addCleanup(other.stop)
        p = self.adapter(config(self.queue, timeout="20s", more=f"""\
- name: other
  source: {{http: {{url: "http://127.0.0.1:{other.port}/", valuePath: depth}}}}
  interval: 100ms
"""))
        wait_until(lambda: self.queue.asked, "the poll that hangs")
        slowest = 0
        wait_until(lambda: p.get("/readyz")[0] == 200, "readiness")
        for path, expected in ((DEPTH, 503), (V1, 200), ("/apis", 200), ("/readyz", 200)) * 20:
            start = time.monotonic()
            self.assertEqual(p.get(path)[0], expected)
            slowest = max(slowest, time.monotonic() - start)
        self.assertLess(slowest, 2)  # the source hangs for 20 s
        self.message(p, "is asked for the first time; its answer may take 20 s")
        asked = other.asked
        wait_until(lambda: other.asked >= asked + 3, "polls of the other source going on")
        self.assertEqual(self.queue.asked, 1)  # one request under way, not a heap of them

    def test_one_server_is_asked_a_few_things_at_a_time(self):
        self.queue.answer(b'{"depth": 1, "a": 1}', hang=True)
        other = Queue()
        self.addCleanup(other.stop)

        def metric(name, port, path):
            return (f'- {{name: {name}, interval: 100ms, maxAge: 2m, source: {{http: '
                    f'{{url: "http://127.0.0.1:{port}/{name}", valuePath: {path}, '
                    "timeout: 60s}}}\n")
        p = self.adapter("externalMetrics:\n" +
                         "".join(metric(f"m{i}", self.queue.port, "depth") for i in range(40)) +
                         metric("other", other.port, "depth"))
        wait_until(lambda: self.queue.asked >= 16, "sixteen polls that hang")
        wait_until(lambda: other.asked >= 5, "polls of the other server going on")
        self.assertEqual(self.queue.asked, 16)
        self.queue.answer(b'{"depth": 1}')
        self.queue.let_go.set()
        for i in range(40):  # everybody gets a turn
            wait_until(lambda: p.get(f"{V1}/namespaces/x/m{i}")[0] == 200, f"m{i}")

    def test_a_source_that_hangs_is_given_up_in_time(self):
        self.queue.answer(b'{"depth": 1}', hang=True)
        start = time.monotonic()
        p = self.adapter(config(self.queue, timeout="200ms"))
        self.message(p, "gives no whole answer within 200ms since ")
        self.assertLess(time.monotonic() - start, 4)  # less than any default
        self.assertGreaterEqual(self.polls(p, "timeout"), 1)

    def test_ends_at_once_between_two_polls(self):
        p = self.adapter(config(self.queue, interval="55s", max_age="2m"))
        wait_until(lambda: self.value(p), "a value")
        start = time.monotonic()
        self.assertEqual(p.stop(), 0)
        self.assertLess(time.monotonic() - start, 30)

    def test_ends_at_once_while_a_source_hangs(self):
        self.queue.answer(b'{"depth": 1}', hang=True)
        p = self.adapter(config(self.queue, timeout="60s", max_age="2m"))
        wait_until(lambda: self.queue.asked, "the poll that hangs")
        start = time.monotonic()
        self.assertEqual(p.stop(), 0)
        self.assertLess(time.monotonic() - start, 30)


class CommandLine(AdapterTest):
    def test_run_is_the_default_and_the_environment_counts(self):
        path = self.write(config(self.queue))
        with Program("swell-adapter", "--port=0", env={"SWELL_ADDRESS": "127.0.0.1",
                                                       "SWELL_CONFIG": path,
                                                       "SWELL_LOG_FORMAT": "logfmt"}) as p:
            self.assertEqual(p.address, "127.0.0.1")
            self.assertIn("msg=listening", p.lines[0])
            for path in ("/healthz", "/livez", "/version", "/metrics"):
                self.assertEqual(p.get(path)[0], 200, path)
            wait_until(lambda: p.get("/readyz")[0] == 200, "readiness")
            self.assertEqual(p.stop(), 0)

    def test_a_bad_file_is_refused_with_its_line(self):
        good = config(self.queue)
        for text, sentence in (
                (good + "  retries: 3\n", ":12: there is no field 'retries' in externalMetrics[0]"),
                (good.replace("100ms", "5"), ":10: externalMetrics[0].interval takes a duration "
                 "from 100ms to 1h0m0s, not 5"),
                (good + "  - ]\n", ":12: "),
                ("- a\n", ":1: the file takes a mapping, not a list")):
            path = self.write(text)
            for command in (("run", "--config=" + path), ("check", path)):
                code, out, err = run("swell-adapter", *command)
                self.assertEqual((code, out), (2, ""), text)
                self.assertTrue(err.startswith(f"swell-adapter {command[0]}: {path}{sentence}"),
                                err)
                self.assertEqual(err.count("\n"), 1)
                self.assertNotIn("hunter2", err)

    def test_a_wrong_flag_is_refused(self):
        for flags, sentence in (((), "--config=FILE is missing"),
                                (("--config=/does/not/exist",), "/does/not/exist"),
                                (("--config=x", "--port=70000"), "--port takes"),
                                (("--verbose",), "unknown flag '--verbose'")):
            code, out, err = run("swell-adapter", "run", *flags)
            self.assertEqual((code, out, err.count("\n")), (2, "", 1), err)
            self.assertIn(sentence, err)
        for arguments in (("check",), ("check", "a", "b"), ("explain",)):
            code, out, err = run("swell-adapter", *arguments)
            self.assertEqual((code, out, err.count("\n")), (2, "", 1), err)

    def test_a_port_in_use_is_refused(self):
        code, out, err = run("swell-adapter", "--address=127.0.0.1", f"--port={self.queue.port}",
                             "--config=" + self.write(config(self.queue)))
        self.assertEqual((code, out, err.count("\n")), (2, "", 1), err)
        self.assertIn(f"cannot listen on 127.0.0.1:{self.queue.port}", err)

    def test_check_reads_the_file_and_contacts_nothing(self):
        path = self.write(config(self.queue))
        code, out, err = run("swell-adapter", "check", path)
        self.assertEqual((code, err), (0, ""))
        self.assertEqual(out.splitlines(), [
            f'queue_depth{{queue="jobs"}} in default: '
            f"http://127.0.0.1:{self.queue.port}/queues/jobs every 100ms, at most 30s old",
            f"{path}: valid, metrics: 1, rules: 0"])
        self.assertEqual(self.queue.asked, 0)

    def test_help_names_flags_fields_endpoints_and_metrics(self):
        code, out, _ = run("swell-adapter", "run", "--help")
        self.assertEqual(code, 0)
        for text in ("--tls-cert-file", "SWELL_ADDRESS", "LOG_LEVEL", "valuePath", "maxAge",
                     V1 + "/namespaces/{namespace}/{metric}", "/readyz",
                     "swell_adapter_polls_total", "http_requests_total"):
            self.assertIn(text, out)
        code, out, _ = run("swell-adapter", "--help")
        self.assertEqual(code, 0)
        self.assertIn("check", out)

    def test_a_drain_answers_what_was_accepted(self):
        p = self.adapter(config(self.queue))
        wait_until(lambda: self.value(p), "a value")
        connection = http.client.HTTPConnection("127.0.0.1", p.port, timeout=DEADLINE_S)
        self.addCleanup(connection.close)
        connection.connect()
        connection.sock.sendall(f"GET {DEPTH} HTTP/1.1\r\nHost: a\r\n".encode())
        wait_until(lambda: "http_requests_in_flight 2" in p.get("/metrics")[2], "half a request")
        p.process.terminate()
        p.wait_for_line("msg=draining")
        connection.sock.sendall(b"\r\n")
        answer = connection.sock.makefile("rb").readline()
        self.assertIn(b" 200 ", answer)
        self.assertEqual(p.process.wait(DEADLINE_S), 0)


if __name__ == "__main__":
    unittest.main()
