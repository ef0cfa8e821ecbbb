# SPDX-License-Identifier: MIT
"""A real cluster: what docs/cluster.md says to type; then, of base/demo and base/adapter, what the
autoscalers do, what dashboards and alerts see of it, what one adapter less means, and what is said when
the queue is gone.

Runs in the cluster's network (./swell cluster exec), where pods and the kubelet are reached. It begins
with an empty cluster and leaves things behind.
"""
import glob
import http.client
import json
import os
import re
import shlex
import subprocess
import tempfile
import threading
import unittest
import urllib.error
import urllib.request

import monitoring_scrape
from cluster import wait
from cluster.controlplane import free_port
from dashboards import Dashboard, Prometheus, problems, wait_for_data
from manifests import MANIFESTS, ROOT, guide_commands, operator_kinds
from scraping import Scraper, alert_rules, alert_series
from state_metrics import StateMetrics

DEADLINE_S = 300  # pods, the kubelet and autoscalers of a busy machine
API_SERVICES = ("v1beta1.external.metrics.k8s.io", "v1beta1.custom.metrics.k8s.io",
                "v1beta2.custom.metrics.k8s.io")
QUEUE_DEPTH = "/apis/external.metrics.k8s.io/v1beta1/namespaces/swell/queue_depth"
POD_REQUESTS = "/apis/custom.metrics.k8s.io/{}/namespaces/swell/pods/*/requests_per_second"
ADAPTERS = "/api/v1/namespaces/swell-system/pods?labelSelector=app.kubernetes.io%2Fname%3Dadapter"
PHP_APACHES = "/api/v1/namespaces/swell/pods?labelSelector=run%3Dphp-apache"
HPA = "/apis/autoscaling/v2/namespaces/swell/horizontalpodautoscalers"
WORKERS = "/apis/apps/v1/namespaces/swell/deployments/workers"
API_SERVICE = "/apis/apiregistration.k8s.io/v1/apiservices"
BUDGET = "/apis/policy/v1/namespaces/swell-system/poddisruptionbudgets/adapter"
READS_BESIDE = 20  # before and after an adapter goes
LOAD_IMAGE = "swell-load:0.1.0"
BURST_DEPTH = 200  # jobs; some of the 400 may be done before it is read

# What each dashboard is looked at with; the other variables have one value.
SHOWN = {"autoscaling.json": {"namespace": "swell", "workload": "php-apache"},
         "queue.json": {"namespace": "swell", "workload": "workers", "queue": "jobs"},
         "adapter.json": {"namespace": "swell-system"}}

# The demo, the adapter, their monitoring; and the adapter reads a metric of pods more, of the Prometheus
# that is started here. Jobs for as long as this takes, and no more work than leaves CPU for the rest.
OVERLAY = """
resources: [{manifests}/base/demo, {manifests}/base/adapter]
components: [{manifests}/components/monitoring]
configMapGenerator:
- {{name: adapter, namespace: swell-system, behavior: merge, files: [config.yaml]}}
generatorOptions: {{disableNameSuffixHash: true}}
patches:
- target: {{kind: Job, name: producer}}
  patch: |
    - {{op: replace, path: /spec/template/spec/containers/0/args/3, value: --rate=30/s}}
    - {{op: replace, path: /spec/template/spec/containers/0/args/5, value: --duration=1h}}
- target: {{kind: HorizontalPodAutoscaler, name: php-apache}}
  patch: |
    - {{op: replace, path: /spec/maxReplicas, value: 2}}
"""
POD_METRIC = """
customMetrics:
- name: requests_per_second
  namespaceLabel: namespace
  source:
    prometheus:
      url: http://{address}:{port}
      query: sum by (namespace, pod) (rate(http_requests_total{{namespace="swell"}}[1m]))
"""
SENTENCE = (r'queue_depth\{queue="jobs"\}: .+ since \d\d:\d\d:\d\d '
            r"\(last value \d+, .+ old, limit 60 s\); next try in .+ s")


def kubectl(*command, stdin=""):
    done = subprocess.run(["kubectl", *command], input=stdin, capture_output=True, text=True,
                          timeout=DEADLINE_S, check=False, cwd=ROOT)
    if done.returncode:
        raise AssertionError(f"kubectl {' '.join(command)}: {done.stderr.strip()}")
    return done.stdout


def raw(path):
    return json.loads(kubectl("get", "--raw", path))["items"]


class Proxy:
    """kubectl proxy: the API server for programs that ask it often."""

    def __enter__(self):
        self.process = subprocess.Popen(["kubectl", "proxy", "--port=0"], stdout=subprocess.PIPE,
                                        text=True)
        address = re.search(r"on (\S+)", self.process.stdout.readline())[1]
        self.url = f"http://{address}"
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait()
        self.process.stdout.close()

    def get(self, path):
        """An object; an AssertionError with what is answered instead."""
        try:
            with urllib.request.urlopen(self.url + path, timeout=DEADLINE_S) as answer:
                return json.load(answer)
        except urllib.error.HTTPError as error:
            raise AssertionError(f"{path}: {error.read().decode()}") from None
        except (OSError, http.client.HTTPException) as error:
            raise AssertionError(f"{path}: {error!r}") from None

    def names(self, path):
        return {o["metadata"]["name"] for o in self.get(path)["items"]}


def eventually(holds, what):
    return wait.until(holds, what, DEADLINE_S, pause_s=0.5)


def condition(of, kind):
    """A condition of an object's status; {} while there is none."""
    return next((c for c in of.get("conditions", ()) if c["type"] == kind), {})


def base_configuration():
    return kubectl("create", "--dry-run=client", "-o", "jsonpath={.data.config\\.yaml}", "-f",
                   os.path.join(MANIFESTS, "base", "adapter", "config.yaml"))


def apply_overlay(folder, config):
    monitoring_scrape.write(folder, "config.yaml", config)
    monitoring_scrape.write(folder, "kustomization.yaml", OVERLAY.format(
        manifests=os.path.relpath(MANIFESTS, folder)))
    kubectl("apply", "-k", folder)


class Reader:
    """Reads the queue's depth again and again, in a thread of its own."""

    def __init__(self, get):
        self.get, self.good, self.bad, self.ends = get, 0, [], threading.Event()
        self.thread = threading.Thread(target=self.read)

    def read(self):
        while not self.ends.wait(0.02):
            try:
                self.good += len(self.get(QUEUE_DEPTH)["items"])
            except AssertionError as error:
                self.bad.append(str(error))

    def wait_for_more(self):
        enough = self.good + READS_BESIDE
        eventually(lambda: self.good >= enough or self.bad, "more reads")

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.ends.set()
        self.thread.join()


class Guide(unittest.TestCase):
    """Before the other: all that it makes it deletes again."""

    shows = {"describe hpa": "ScalingActive +True", "get events": "New size: ", "--raw": '"value":"',
             " logs ": '"p99_ms":[0-9]', "get hpa": "workers +Deployment/workers +[0-9]+m?/5"}

    @classmethod
    def setUpClass(cls):
        cls.proxy = cls.enterClassContext(Proxy())

    def test_what_it_says_to_type_works(self):
        kubectl("apply", "-k", "manifests/overlays/kind")
        for name in ("php-apache", "workers"):
            eventually(lambda: condition(self.proxy.get(f"{HPA}/{name}")["status"], "ScalingActive")
                       .get("status") == "True", f"{name} has a number")
        for command in guide_commands():
            with self.subTest(command):
                words = [word for word in shlex.split(command)[1:] if word != "--watch"]
                shown = next((s for part, s in self.shows.items() if part in command), None)
                if shown:
                    eventually(lambda: re.search(shown, kubectl(*words)), shown)
                else:
                    kubectl(*words)
        eventually(lambda: not self.proxy.names("/api/v1/namespaces") & {"swell", "swell-system"},
                   "the end of both namespaces")
        self.assertFalse({name for name in self.proxy.names(API_SERVICE)
                          if re.search("external|custom", name)})


class Monitoring(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = os.path.realpath(cls.enterClassContext(tempfile.TemporaryDirectory()))
        cls.proxy = cls.enterClassContext(Proxy())
        cls.port = free_port()  # of the Prometheus, which is started when the adapter can be scraped
        cls.config = base_configuration() + POD_METRIC.format(
            address=monitoring_scrape.node_address(kubectl), port=cls.port)
        for path in operator_kinds():
            kubectl("create", "-f", path)
        kubectl("apply", "-f", "-", stdin=monitoring_scrape.ACCOUNT)
        for path in operator_kinds():
            kubectl("wait", "--for=condition=Established", "-f", path)
        apply_overlay(cls.folder, cls.config)
        for namespace, name in (("swell-system", "adapter"), ("swell", "queue")):
            kubectl("rollout", "status", "-n", namespace, f"deployment/{name}",
                    f"--timeout={DEADLINE_S}s")
        cls.prometheus = Prometheus(cls.watch())

    @classmethod
    def watch(cls):
        """Starts what watches; the Prometheus' URL."""
        credentials = eventually(lambda: monitoring_scrape.Credentials(cls.folder, kubectl),
                                 "the adapter's authority")
        state_metrics = cls.enterClassContext(StateMetrics(
            os.environ["KUBECONFIG"], ["swell", "swell-system"], cls.folder))
        rules = monitoring_scrape.write(cls.folder, "alerts.rules.yaml", alert_rules())
        targets = cls.enterClassContext(monitoring_scrape.Targets(cls.proxy.get))
        cls.enterClassContext(Scraper(cls.folder, monitoring_scrape.configuration(
            kubectl, credentials, targets, state_metrics, rules), listen=f"0.0.0.0:{cls.port}"))
        return f"http://127.0.0.1:{cls.port}"

    def autoscaler(self, name):
        """The status of one of the demo's."""
        return self.proxy.get(f"{HPA}/{name}")["status"]

    def workers(self):
        """How many are wanted."""
        return self.proxy.get(WORKERS)["spec"]["replicas"]

    def test_1_the_api_server_is_content_with_two_adapters(self):
        for name in API_SERVICES:
            eventually(lambda: condition(self.proxy.get(f"{API_SERVICE}/{name}")["status"], "Available")
                       .get("status") == "True", f"{name} is Available")
        self.assertEqual(len(self.proxy.names(ADAPTERS)), 2)
        budget = eventually(lambda: self.proxy.get(BUDGET).get("status"), "a status of the budget")
        self.assertEqual((budget["currentHealthy"], budget["disruptionsAllowed"]), (2, 1))

    def test_2_metrics_of_the_queue_and_of_pods_can_be_read(self):
        item, = eventually(lambda: raw(f"{QUEUE_DEPTH}?labelSelector=queue%3Djobs"), "a value")
        self.assertRegex(item["value"], r"^\d+$")
        self.assertEqual(item["metricLabels"], {"queue": "jobs"})
        for version in ("v1beta1", "v1beta2"):
            def of_pods():
                return {item["describedObject"]["name"] for item in
                        raw(f"{POD_REQUESTS.format(version)}?labelSelector=run%3Dphp-apache")}
            eventually(lambda: of_pods() and of_pods() <= self.proxy.names(PHP_APACHES),
                       f"php-apache's pods by {version}")

    def test_3_autoscalers_act_on_cpu_and_on_the_queue(self):
        for name in ("php-apache", "workers"):
            eventually(lambda: self.autoscaler(name).get("currentReplicas", 0) > 1, f"more {name}")
        metric, = self.autoscaler("workers")["currentMetrics"]
        self.assertEqual(metric["external"]["metric"]["name"], "queue_depth")
        self.assertIn("averageValue", metric["external"]["current"])

    def play(self, dashboard):
        return problems(dashboard, self.prometheus, {
            "__rate_interval": monitoring_scrape.RATE_INTERVAL, **SHOWN[dashboard.name]})

    def test_4_every_panel_of_every_dashboard_has_data(self):
        for path in glob.glob(os.path.join(MANIFESTS, "dashboards", "*.json")):
            wait_for_data(self, path, self.play, lambda holds: eventually(holds, "data"))

    def test_5_a_panel_whose_series_is_renamed_is_found(self):
        for file, series in (("autoscaling.json", "container_cpu_usage_seconds_total"),
                             ("autoscaling.json", "kube_deployment_status_replicas_ready"),
                             ("queue.json", "swell_queue_depth"),
                             ("adapter.json", "swell_adapter_certificate_expiry_timestamp_seconds")):
            dashboard = Dashboard(os.path.join(MANIFESTS, "dashboards", file))
            dashboard.json["panels"] = json.loads(
                json.dumps(dashboard.json["panels"]).replace(series, "renamed"))
            renamed = sum("renamed" in expression for _, expression in dashboard.queries())
            found = self.play(dashboard)
            self.assertGreater(renamed, 0, series)
            self.assertEqual(sum("no data" in line and "renamed" in line for line in found),
                             renamed, found)
            self.assertEqual(len(found), renamed, found)

    def test_6_alerts_read_series_that_are_there(self):
        for name in sorted(alert_series()):
            eventually(lambda: self.prometheus.series(name), f"series {name}")

    def test_7_one_adapter_less_is_not_noticed(self):
        before = self.proxy.names(ADAPTERS)
        with Reader(self.proxy.get) as reader:
            reader.wait_for_more()
            kubectl("delete", "pod", "-n", "swell-system", sorted(before)[0])  # until it is gone
            kubectl("rollout", "status", "-n", "swell-system", "deployment/adapter",
                    f"--timeout={DEADLINE_S}s")
            reader.wait_for_more()
        print(f"{reader.good} reads", flush=True)
        self.assertEqual(reader.bad, [])
        self.assertEqual(len(self.proxy.names(ADAPTERS) & before), 1)
        self.assertEqual(condition(self.autoscaler("workers"), "ScalingActive")["status"], "True")

    def fires(self, alert):
        return self.prometheus.get("query", query=f'ALERTS{{alertname="{alert}",'
                                   'alertstate="firing"}')["result"]

    def test_8_a_mistake_in_the_configuration_is_told(self):
        apply_overlay(self.folder, self.config.replace("valuePath:", "valuepath:"))
        eventually(lambda: self.fires("SwellAdapterConfigRefused"), "the alert")
        log = kubectl("logs", "-n", "swell-system", "--tail=-1", "-l",
                      "app.kubernetes.io/name=adapter")
        self.assertRegex(log, r"config.yaml:[0-9]+: there is no field 'valuepath'")
        self.assertTrue(raw(QUEUE_DEPTH), "the one before stays in force")
        apply_overlay(self.folder, self.config)

    def queue_up(self):
        """More than the workers do in minutes: an autoscaler may act on the last number for long."""
        kubectl("run", "burst", "-n", "default", f"--image={LOAD_IMAGE}", "--restart=Never", "--",
                "produce", "--queue-url=http://queue.swell", "--rate=200/s", "--duration=2s",
                "--cpu-ms=2000")
        eventually(lambda: int(raw(QUEUE_DEPTH)[0]["value"]) > BURST_DEPTH, "a long queue")
        eventually(lambda: self.autoscaler("workers").get("currentReplicas", 0) > 1, "more workers")

    def test_9_when_the_queue_is_gone_it_is_said_and_nothing_shrinks(self):
        self.queue_up()
        kubectl("scale", "-n", "swell", "deployment/queue", "--replicas=0")
        blind = eventually(lambda: (c := condition(self.autoscaler("workers"), "ScalingActive"))
                           ["status"] == "False" and c, "the condition ScalingActive is False")
        replicas = self.workers()
        self.assertEqual(blind["reason"], "FailedGetExternalMetric")
        self.assertRegex(blind["message"], SENTENCE)
        print(blind["message"], flush=True)
        eventually(lambda: self.fires("SwellAdapterMetricExpired"), "the alert")
        self.assertGreater(replicas, 1)
        self.assertEqual(self.workers(), replicas)  # minutes later, and --quick scales down after 20 s


if __name__ == "__main__":
    unittest.main()
