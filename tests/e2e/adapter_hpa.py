# SPDX-License-Identifier: MIT
"""What the real HPA controller makes of the values that swell-adapter reads from real sources. The
arithmetic is written beside each step: docs and specification of the HPA say the same."""
import unittest

from adapter_fixture import Queue as Page
from autoscaled import SHOP, HpaTest, external, of_pods, of_service, start_shop
from program import wait_until
from test_queue import Queue


def setUpModule():  # noqa: N802, unittest's name
    start_shop()


def metric(name, source, labels="{}"):
    return f"- {{name: {name}, labels: {labels}, interval: 200ms, source: {source}}}\n"


def of(redis, key):
    return f'{{redis: {{address: "{redis.address}:6379", key: {key}}}}}'


class External(HpaTest):
    def set_length(self, redis, key, length):
        redis("DEL", key)
        if length:
            redis("RPUSH", key, *"x" * length)

    def test_an_average_value_is_what_each_replica_is_to_do(self):
        redis = self.redis()
        self.serving("externalMetrics:\n" + metric("jobs", of(redis, "jobs")))
        workers = self.autoscaled("workers", external("jobs", average="5"))
        self.set_length(redis, "jobs", 23)
        workers.becomes(5)  # ceil(23 / 5)
        self.set_length(redis, "jobs", 16)
        workers.becomes(4)  # 16 / (5 * 5) = 0.64: ceil(16 / 5)
        self.set_length(redis, "jobs", 21)
        self.wait_evaluated()
        self.assertEqual(workers.replicas(), 4)  # 21 / (5 * 4) = 1.05: within a tenth of the target
        self.set_length(redis, "jobs", 23)
        workers.becomes(5)  # 23 / (5 * 4) = 1.15: ceil(23 / 5)
        self.set_length(redis, "jobs", 0)
        workers.becomes(1)  # an absent list is an empty one, and minReplicas is 1
        self.assertEqual(workers.condition()[:2], ("True", "ValidMetricFound"))

    def test_what_a_selector_selects_is_added_up(self):
        redis = self.redis()
        self.serving("externalMetrics:\n" +
                     metric("jobs", of(redis, "small"), "{tier: shop, queue: small}") +
                     metric("jobs", of(redis, "large"), "{tier: shop, queue: large}") +
                     metric("jobs", of(redis, "other"), "{tier: other}"))
        for key, length in (("small", 8), ("large", 13), ("other", 100)):
            self.set_length(redis, key, length)
        both = self.autoscaled("both", external("jobs", average="4", labels={"tier": "shop"}))
        one = self.autoscaled("one", external("jobs", average="4", labels={"queue": "large"}))
        both.becomes(6)  # ceil((8 + 13) / 4)
        one.becomes(4)  # ceil(13 / 4)

    def test_a_value_scales_what_is_ready(self):
        """With a target of type Value the ratio counts for pods that are ready, and only for them."""
        with Queue(f"{self.folder}/jobs.db") as queue:
            self.serving("externalMetrics:\n" + metric(
                "depth", f'{{swellQueue: {{url: "{queue.url()}", queue: jobs}}}}'))
            queue.post("jobs/jobs", count=10, cpu_ms=1)
            web = self.autoscaled("web", external("depth", value="10"), replicas=2)
            web.run(web.pods())
            queue.post("jobs/jobs", count=15, cpu_ms=1)
            web.becomes(5)  # 25 / 10 = 2.5 of two pods that are ready; the new ones are not yet
            queue.lease(max=21, lease_seconds=300)
            web.becomes(1)  # 4 / 10 = 0.4 of two: ceil(0.8)

    def test_going_down_waits_for_the_window(self):
        """scaleDown.stabilizationWindowSeconds: the highest of all that was recommended in it."""
        window_s = 5
        redis = self.redis()
        self.serving("externalMetrics:\n" + metric("jobs", of(redis, "jobs")))
        self.set_length(redis, "jobs", 20)
        workers = self.autoscaled("workers", external("jobs", average="5"), behavior={
            "scaleDown": {"stabilizationWindowSeconds": window_s}})
        workers.becomes(4)
        self.set_length(redis, "jobs", 5)
        workers.wait_condition("ScaleDownStabilized", "AbleToScale")
        self.assertEqual(workers.replicas(), 4)
        workers.becomes(1)
        self.assertEqual([message for reason, message in workers.events()
                          if reason == "SuccessfulRescale"],
                         ["New size: 4; reason: external metric jobs(nil) above target",
                          "New size: 1; reason: All metrics below target"])


class WithPrometheus(HpaTest):
    """Scrapes a page, which a test writes."""

    def setUp(self):
        super().setUp()
        self.page = Page()
        self.addCleanup(self.page.stop)
        self.page.answer(b"up_to_now 0\n")
        self.scraper = self.prometheus(self.page)

    def series(self, name, **values):
        """name{pod="..."} of each."""
        self.page.answer("".join(f'{name}{{namespace="{SHOP}",pod="{pod}"}} {value}\n'
                                 for pod, value in values.items()).encode())


class Pods(WithPrometheus):
    def autoscaled_by(self, name, average):
        web = self.autoscaled("web", of_pods(name, average), replicas=2)
        web.run(web.pods())
        return web

    def test_an_average_over_pods(self):
        self.serving(f"""\
customMetrics:
- name: busy
  namespaceLabel: namespace
  interval: 200ms
  source: {{prometheus: {{url: "{self.scraper.url}", query: "sum by (namespace, pod) (busy)"}}}}
""")
        web = self.autoscaled_by("busy", "3")
        first, second = web.pods()
        self.series("busy", **{first: 5.5, second: 6.5, "gone": 1000})
        web.becomes(4)  # (5.5 + 6.5) / 2 = 6, twice the target: 2 * 2; what is no pod counts nothing
        self.wait_evaluated()
        self.assertEqual(web.replicas(), 4)  # the new ones count 0: 12 / 4 = 3 is the target
        web.run(web.pods())
        self.series("busy", **{first: 1.8})
        self.wait_evaluated()
        # On the way down who has no value counts as if it were the target: (1.8 + 3 * 3) / 4 = 2.7
        self.assertEqual(web.replicas(), 4)  # is within a tenth of 3, while 1.8 is not
        self.series("busy", **dict.fromkeys(web.pods(), 1))
        web.becomes(1)  # 1 / 3 of four: ceil(1.33); and of these two: ceil(0.67)

    def test_an_average_by_rules_of_prometheus_adapter(self):
        web = self.autoscaled_by("busy_workers", "4")
        self.series("workers_busy", **dict.fromkeys(web.pods(), 10))
        wait_until(lambda: self.scraper.query("workers_busy"), "the series are there")
        self.serving("""\
rules:
- seriesQuery: 'workers_busy{namespace!="",pod!=""}'
  resources: {overrides: {namespace: {resource: namespace}, pod: {resource: pod}}}
  name: {matches: "^(.*)_busy$", as: "busy_${1}"}
  metricsQuery: sum(<<.Series>>{<<.LabelMatchers>>}) by (<<.GroupBy>>)
""", "--prometheus-url=" + self.scraper.url, "--metrics-relist-interval=1s")
        web.becomes(5)  # 10 / 4 = 2.5 of two
        web.run(web.pods())
        self.series("workers_busy", **dict.fromkeys(web.pods(), 1))
        web.becomes(1)  # 1 / 4 of five: ceil(1.25); and of these two: ceil(0.5)


class Objects(WithPrometheus):
    def test_a_value_and_an_average_value_of_a_service(self):
        self.serving(f"""\
customMetrics:
- name: rate
  resource: services
  namespace: {SHOP}
  interval: 200ms
  source: {{prometheus: {{url: "{self.scraper.url}", query: "rate"}}}}
""")
        by_value = self.autoscaled("by-value", of_service("front", "rate", value="10"), replicas=3)
        by_value.run(by_value.pods())
        average = self.autoscaled("average", of_service("front", "rate", average="10"))
        self.page.answer(b'rate{service="front"} 17.5\nrate{service="back"} 1000\n')
        by_value.becomes(6)  # 17.5 / 10 of the three that are ready: ceil(5.25)
        average.becomes(2)  # ceil(17.5 / 10)
        self.page.answer(b'rate{service="front"} 3\n')
        by_value.becomes(1)  # 3 / 10 of three: ceil(0.9)
        average.becomes(1)


if __name__ == "__main__":
    unittest.main()
