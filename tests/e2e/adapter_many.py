# SPDX-License-Identifier: MIT
"""A thousand HPAs on a hundred metrics: each query is sent once an interval to a real Prometheus,
however many HPAs read it, and every HPA decides as computed. Prints what that costs the adapter."""
import collections
import concurrent.futures
import datetime
import json
import os
import re
import time
import unittest

from adapter_fixture import Queue as Page
from adapter_plane import AdapterTest, start_plane
from cluster import wait
from cluster.processes import memory_mib, times_s
from identities import Door
from kube_api import KubeApi
from program import wait_until
from prometheus_server import Prometheus

HPAS, METRICS = 1000, 100
INTERVAL_S = 2  # of the adapter; each wait is up to a tenth shorter
SYNC_S = 15  # of the HPA controller, its default
ROUNDS = 5  # of polls, that are counted
CREATORS = 4
PATIENCE = {"seconds": 300, "pause_s": 1}  # to look costs as much as what is looked for

PLACE = "/apis/autoscaling/v2/namespaces/default/horizontalpodautoscalers"
SHIPS = "/apis/example.com/v1/namespaces/default/ships"
READS = re.compile(
    r'^http_request_duration_seconds_bucket\{.*external.*\{metric\}",le="([^"]+)"\} (\d+)$', re.M)
TEXT = {"type": "string"}
NUMBER = {"type": "integer"}


def setUpModule():  # noqa: N802, unittest's name
    start_plane(controllers=(f"--horizontal-pod-autoscaler-sync-period={SYNC_S}s",
                             "--concurrent-horizontal-pod-autoscaler-syncs=20",
                             "--kube-api-qps=1000", "--kube-api-burst=2000"))


def of(**properties):
    return {"type": "object", "properties": properties}


# What can be scaled and needs no pods: a thousand Deployments would mostly measure their controller.
SHIP = {"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
        "metadata": {"name": "ships.example.com"},
        "spec": {"group": "example.com", "scope": "Namespaced",
                 "names": {"plural": "ships", "kind": "Ship"},
                 "versions": [{
                     "name": "v1", "served": True, "storage": True,
                     "schema": {"openAPIV3Schema": of(
                         spec=of(replicas=NUMBER), status=of(replicas=NUMBER, selector=TEXT))},
                     "subresources": {"scale": {"specReplicasPath": ".spec.replicas",
                                                "statusReplicasPath": ".status.replicas",
                                                "labelSelectorPath": ".status.selector"}}}]}}


def ship(number):
    return {"apiVersion": "example.com/v1", "kind": "Ship", "metadata": {"name": f"ship-{number}"},
            "spec": {"replicas": 1}, "status": {"replicas": 1, "selector": f"ship={number}"}}


def value(metric):
    """30, 40, ... 120: with 10 for each, 3 to 12 replicas."""
    return 30 + metric % 10 * 10


def autoscaler(number):
    return {"metadata": {"name": f"ship-{number}"}, "spec": {
        "scaleTargetRef": {"apiVersion": "example.com/v1", "kind": "Ship", "name": f"ship-{number}"},
        "maxReplicas": 20, "metrics": [{"type": "External", "external": {
            "metric": {"name": f"depth_{number % METRICS}"},
            "target": {"type": "AverageValue", "averageValue": "10"}}}],
        "behavior": {"scaleUp": {"policies": [
            {"type": "Pods", "value": 100, "periodSeconds": 1}]}}}}


class Many(AdapterTest):
    def setUp(self):
        self.api = self.enterContext(KubeApi(self.plane))
        page = Page()
        self.addCleanup(page.stop)
        page.answer("".join(f'depth{{queue="{i}"}} {value(i)}\n' for i in range(METRICS)).encode())
        self.query_log = os.path.join(self.folder, "queries")
        self.prometheus = Prometheus(self.folder, [f"127.0.0.1:{page.port}"],
                                     f", query_log_file: {self.query_log}")
        self.addCleanup(self.prometheus.stop)
        wait_until(lambda: len(self.prometheus.query("depth")) == METRICS, "the series are there")

    def configuration(self):
        return "externalMetrics:\n" + "".join(
            f"- {{name: depth_{i}, interval: {INTERVAL_S}s, source: {{prometheus: {{"
            f"url: \"{self.prometheus.url}\", query: 'depth{{queue=\"{i}\"}}'}}}}}}\n"
            for i in range(METRICS))

    def create_all(self):
        self.api.create("/apis/apiextensions.k8s.io/v1/customresourcedefinitions", SHIP)
        wait_until(lambda: self.api.request("GET", SHIPS)[0] == 200, "ships can be made")

        def create(numbers):
            with KubeApi(self.plane) as api:
                for number in numbers:
                    api.create(SHIPS, ship(number))
                    api.create(PLACE, autoscaler(number))
        with concurrent.futures.ThreadPoolExecutor(CREATORS) as pool:
            list(pool.map(create, (range(i, HPAS, CREATORS) for i in range(CREATORS))))

    def sizes(self):
        items = self.api.get(SHIPS)["items"]
        return {item["metadata"]["name"]: item["spec"]["replicas"] for item in items}

    def queries(self, since):
        """The adapter's as Prometheus wrote them down: {query: [when]}, in seconds."""
        found = collections.defaultdict(list)
        with open(self.query_log, encoding="utf-8") as file:
            for line in file:
                if not line.endswith("\n"):
                    break  # it is being written
                entry = json.loads(line)
                when = datetime.datetime.fromisoformat(entry["ts"].replace("Z", "+00:00")).timestamp()
                if entry["params"]["query"].startswith("depth{") and when >= since:
                    found[entry["params"]["query"]].append(when)
        return found

    def answered(self, p):
        """{seconds: answers with a value within them} of the adapter until now; the last are all."""
        admin = self.plane.path("admin.crt"), self.plane.path("admin.key")
        text = Door(p.port).ask("/metrics", certificate=admin)[2]
        return {float(bound): int(count) for bound, count in READS.findall(text)}

    def test_each_query_is_sent_once_an_interval(self):
        p = self.adapter(self.configuration())
        self.register(p)
        self.wait_available()
        self.create_all()
        wanted = {f"ship-{i}": value(i % METRICS) // 10 for i in range(HPAS)}
        wait.until(lambda: self.sizes() == wanted, "the right size of all", **PATIENCE)

        before, cpu_before_s, start = self.answered(p), times_s(p.process.pid)[0], time.time()
        wait.until(lambda: max(self.answered(p).values()) >= max(before.values()) + HPAS,
                   "a read of each HPA", **PATIENCE)
        wait.until(lambda: self.all_sent(start, ROUNDS), "rounds of polls", **PATIENCE)
        self.check_queries(start)
        took_s = time.time() - start
        answers = {bound: count - before[bound] for bound, count in self.answered(p).items()}
        reads = max(answers.values())
        print(f"{HPAS} HPAs, {METRICS} metrics: {reads / took_s:.0f} reads/s, half of them within "
              f"{quantile(answers, 0.5) * 1000:g} ms and 99 % within "
              f"{quantile(answers, 0.99) * 1000:g} ms, "
              f"{(times_s(p.process.pid)[0] - cpu_before_s) / took_s * 100:.1f} % of a CPU, "
              f"{memory_mib(p.process.pid):.1f} MiB")
        self.assertEqual(self.sizes(), wanted)

    def all_sent(self, since, times):
        sent = self.queries(since)
        return len(sent) == METRICS and min(map(len, sent.values())) >= times

    def check_queries(self, since):
        queries = self.queries(since)
        self.assertEqual(len(queries), METRICS)
        span_s = max(map(max, queries.values())) - since
        sent = sum(map(len, queries.values()))
        print(f"{sent} queries in {span_s:.1f} s: {sent / span_s * INTERVAL_S:.1f} each interval of "
              f"{INTERVAL_S} s, {METRICS} are distinct")
        # At most one each nine tenths of an interval, but for what this machine delays.
        for query, times in queries.items():
            self.assertLessEqual(len(times), span_s / (0.9 * INTERVAL_S) + 2, query)


def quantile(answers, part):
    return min(bound for bound, count in answers.items() if count >= part * max(answers.values()))


if __name__ == "__main__":
    unittest.main()
