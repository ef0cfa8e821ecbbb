# SPDX-License-Identifier: MIT
"""Sources that fail, as people see it who look at their HPA: which sentence its condition has, that
nothing scales down meanwhile, and that all goes on afterwards.

Redis and Prometheus are real, also where they hang: they are stopped. A small server of the test
answers what no real one would: garbage, or a byte now and then."""
import dataclasses
import json
import re
import signal
import unittest
from typing import Callable

from adapter_fixture import Queue as Page
from autoscaled import HPAS, EVENTS, SHOP, HpaTest, external, of_pods, of_service, start_shop
from identities import Door
from program import wait_until

SECRET = "hunter2"
TIMEOUT = "timeout: 1s"
NO_ANSWER = "gives no whole answer within 1s"


def setUpModule():  # noqa: N802, unittest's name
    start_shop()


# What a metric is of: what the HPA says of it before our sentence, and with which reason.
SAID = {
    "": ("FailedGetExternalMetric", f"external metric {SHOP}/%s/nil: unable to fetch metrics from "
         "external metrics API"),
    "services": ("FailedGetObjectMetric", "metric %s: Service on shop front/unable to fetch metrics "
                 "from custom metrics API"),
    "pods": ("FailedGetPodsMetric", "metric %s: unable to fetch metrics from custom metrics API")}


@dataclasses.dataclass
class Fault:
    name: str  # of metric and HPA
    source: str  # in the configuration
    says: str  # which source, and what it does
    write: Callable[[int], None]  # the value that the source will give
    fail: Callable[[], None]
    mend: Callable[[], None]
    of: str = ""  # a metric of "pods" or of "services"; "": an external one
    labels: str = "{}"
    shown: str = ""  # what the sentence calls the metric, when that is not its name

    def configuration(self):
        what = f"resource: {self.of}, namespace: {SHOP}" if self.of else f"labels: {self.labels}"
        return (f"- {{name: {self.name}, {what}, source: {self.source}, interval: 200ms, "
                "maxAge: 3s}\n")

    def metric(self):
        if self.of == "pods":
            return of_pods(self.name, average="5")
        if self.of == "services":
            return of_service("front", self.name, average="5")
        return external(self.name, average="5")

    def sentence(self):
        """As a regular expression."""
        return (re.escape(f"{self.shown or self.name}: {self.says} since ") +
                r"\d\d:\d\d:\d\d \(last value (20|of 4 series), [\d.]+ s old, limit 3 s\); "
                r"next try (now|in [\d.]+ (ms|s))")


def configuration(*faults):
    sections = {"externalMetrics": "", "customMetrics": ""}
    for fault in faults:
        sections["customMetrics" if fault.of else "externalMetrics"] += fault.configuration()
    return "".join(f"{name}:\n{rows}" for name, rows in sections.items() if rows)


class Dripping(Page):
    """Sends a byte every tenth of a second when it shall."""

    drips = False

    def serve(self, handler):
        if not self.drips:
            super().serve(handler)
            return
        try:
            handler.send_response(200)
            handler.send_header("Content-Length", "1000")
            handler.end_headers()
            while not self.let_go.wait(0.1):
                handler.wfile.write(b" ")
        except OSError:
            pass  # the adapter gave up, as it should


class Slow(Page):
    """Takes its time, and less than the adapter grants."""

    def serve(self, handler):
        self.let_go.wait(0.3)
        super().serve(handler)


class Faults(HpaTest):
    def page(self, kind=Page):
        page = kind()
        self.addCleanup(page.stop)
        return page

    # ---- Redis ----

    def of_redis(self, name, redis, says, fail, mend):
        def write(value):
            redis("AUTH", SECRET)
            redis("DEL", "jobs")
            redis("RPUSH", "jobs", *"x" * value)
        return Fault(name, f'{{redis: {{address: "{redis.address}:6379", key: jobs, {TIMEOUT}, '
                     f'password: {{file: {self.write(SECRET, "password")}}}}}}}',
                     f"Redis at {redis.address}:6379 {says}", write, fail, mend)

    def secured_redis(self):
        """It keeps nothing, as it says that it wants a password while it is still loading."""
        return self.redis("--requirepass", SECRET, "--appendonly", "no")

    def redis_that_ends(self):
        redis = self.secured_redis()
        return self.of_redis("down", redis, "cannot be connected to", redis.stop, redis.start)

    def redis_that_hangs(self):
        redis = self.secured_redis()
        signals = redis.process.send_signal
        return self.of_redis("hanging", redis, NO_ANSWER, lambda: signals(signal.SIGSTOP),
                             lambda: signals(signal.SIGCONT))

    # ---- Prometheus ----

    def prometheus_that_hangs(self):
        """Seen by an HPA of each kind."""
        page = self.page()
        prometheus = self.prometheus(page)
        signals = prometheus.process.send_signal

        def write(value):
            pods = [pod for hpa in self.scaled if hpa.name == "lost-pods" for pod in hpa.pods()]
            page.answer(f'lost {value}\nlost_object{{service="front"}} {value}\n'.encode() +
                        "".join(f'lost_pods{{pod="{pod}"}} {value / 4}\n' for pod in pods).encode())

        def fault(name, of="", shown=""):
            query = f"query: {name.replace('-', '_')}, {TIMEOUT}"
            return Fault(name, f'{{prometheus: {{url: "{prometheus.url}", {query}}}}}',
                         f"Prometheus at {prometheus.url} {NO_ANSWER}", write,
                         lambda: signals(signal.SIGSTOP), lambda: signals(signal.SIGCONT), of,
                         shown=shown)
        return [fault("lost"), fault("lost-pods", "pods", f"lost-pods of pods in {SHOP}"),
                fault("lost-object", "services", f"lost-object of services in {SHOP} front")]

    def prometheus_without_a_value(self):
        """The server is well, what it knows is not."""
        page = self.page()
        prometheus = self.prometheus(page)
        values = {}

        def write(name, value):
            values[name] = value
            page.answer("".join(f"{k} {v}\n" for k, v in values.items() if v is not None).encode())

        def fault(name, wrong, says):
            query = f"query: {name}, {TIMEOUT}"
            return Fault(name, f'{{prometheus: {{url: "{prometheus.url}", {query}}}}}',
                         f"Prometheus at {prometheus.url} {says}",
                         lambda value: write(name, value), lambda: write(name, wrong),
                         lambda: None)
        return [fault("empty", None, "has no value (empty is not zero unless onEmpty says so)"),
                fault("unmeasured", "NaN", "has a value that is not a number (NaN)"),
                fault("negative", -1, "has a value that is negative")]

    # ---- servers of our own ----

    def of_page(self, name, page, says, fail, mend=lambda: None):
        return Fault(name, f'{{http: {{url: "http://reader:{SECRET}@127.0.0.1:{page.port}/'
                     f'depth?token={SECRET}", valuePath: depth, {TIMEOUT}}}}}',
                     f"http://127.0.0.1:{page.port}/depth {says}",
                     lambda value: page.answer(b'{"depth": %d}' % value), fail, mend,
                     labels="{queue: jobs}", shown=f'{name}{{queue="jobs"}}')

    def pages(self):
        garbage, refused, dripping = self.page(), self.page(), self.page(Dripping)

        def drip(does):
            dripping.drips = does
        return [self.of_page("garbage", garbage, "answers what is not JSON (line 1, column 1)",
                             lambda: garbage.answer(b"\x00<html>Log in, please</html>")),
                self.of_page("refused", refused, "answers 401",
                             lambda: refused.answer(b"no", 401)),
                self.of_page("dripping", dripping, NO_ANSWER, lambda: drip(True),
                             lambda: drip(False))]

    # ---- what is seen ----

    def hpa_of(self, fault):
        hpa = self.autoscaled(fault.name, fault.metric(), replicas=4 if fault.of == "pods" else 1)
        hpa.run(hpa.pods())
        return hpa

    def is_served(self, name):
        path = f"/apis/external.metrics.k8s.io/v1beta1/namespaces/{SHOP}/{name}"
        return self.api.request("GET", path)[0] == 200

    def check_condition(self, fault, hpa):
        reason, what = SAID[fault.of]
        said = f"unable to get {re.escape(what % fault.name)}: {fault.sentence()}"
        whole = f"the HPA was unable to compute the replica count: {said}"
        try:
            wait_until(lambda: re.fullmatch(whole, hpa.condition()[2] or ""), "")
        except AssertionError:
            raise AssertionError(f"{hpa.condition()} is not {whole}") from None
        self.assertEqual(hpa.condition()[:2], ("False", reason))
        wait_until(lambda: any(r == reason and re.fullmatch(said, m) for r, m in hpa.events()),
                   f"an event that says {said}; there are {hpa.events()}")

    def everything_said(self, p):
        """By HPAs, events, the adapter's log and its own metrics."""
        admin = self.plane.path("admin.crt"), self.plane.path("admin.key")
        return json.dumps([self.api.get(HPAS), self.api.get(EVENTS), p.lines,
                           Door(p.port).ask("/metrics", certificate=admin)[2]])

    def test_each_says_what_is_wrong_and_nothing_scales_down(self):
        faults = [self.redis_that_ends(), self.redis_that_hangs(), *self.prometheus_that_hangs(),
                  *self.prometheus_without_a_value(), *self.pages()]
        p = self.serving(configuration(*faults))
        # Values first: an HPA that fails from the start has used up the events that it may send.
        for fault in faults:
            fault.write(20)
        for fault in faults:
            wait_until(lambda fault=fault: fault.of or self.is_served(fault.name), fault.name)
        hpas = [self.hpa_of(fault) for fault in faults]
        for fault in faults:
            fault.write(20)  # of pods, too
        for hpa in hpas:
            hpa.becomes(4)  # 20 / 5, or 5 of each of four pods
            hpa.wait_condition("ValidMetricFound")
        generations = [(hpa.name, hpa.generation()) for hpa in hpas]

        for fault in faults:
            fault.fail()
        for fault, hpa in zip(faults, hpas):
            with self.subTest(fault.name):
                self.check_condition(fault, hpa)
        self.wait_evaluated()
        self.assertEqual([(hpa.name, hpa.generation()) for hpa in hpas], generations)
        self.assertNotIn(SECRET, self.everything_said(p))

        for fault in faults:
            fault.mend()
            fault.write(5)
        for hpa in hpas:
            hpa.becomes(1)
            hpa.wait_condition("ValidMetricFound")

    def test_a_metric_that_fails_holds_what_another_lets_go(self):
        """And lets up what another wants up."""
        page, redis = self.page(), self.secured_redis()
        failing = self.of_page("failing", page, "", lambda: page.answer(b"no", 503))
        good = self.of_redis("good", redis, "", None, None)
        self.serving(configuration(failing, good))
        hpa = self.autoscaled("two", failing.metric(), good.metric())
        failing.write(20)
        good.write(10)
        hpa.becomes(4)  # ceil(20 / 5), the larger one
        failing.fail()
        hpa.wait_condition("FailedGetExternalMetric")
        generation = hpa.generation()
        self.wait_evaluated()
        self.assertEqual(hpa.generation(), generation)  # ceil(10 / 5) would be less
        good.write(30)
        hpa.becomes(6)  # ceil(30 / 5)
        failing.write(5)
        good.write(5)
        hpa.becomes(1)

    def test_a_slow_source_is_a_good_one(self):
        page = self.page(Slow)
        slow = self.of_page("slow", page, "", None)
        slow.write(20)
        self.serving(configuration(slow))
        hpa = self.autoscaled("slow", slow.metric())
        hpa.becomes(4)
        slow.write(5)
        hpa.becomes(1)


if __name__ == "__main__":
    unittest.main()
