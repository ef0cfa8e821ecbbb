# SPDX-License-Identifier: MIT
"""swell-lab with real pods, a real Service, real CPU, and clients that know nothing of the lab."""
import http.client
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import unittest

from program import DEADLINE_S, Program, run, wait_until

SCENES = os.path.join(os.path.dirname(__file__), "..", "..", "lab", "scenes")
CPU = os.path.join(SCENES, "cpu")
PODS = "/api/v1/namespaces/default/pods"
DEPLOYMENT = "/apis/apps/v1/namespaces/default/deployments/php-apache"
HPA = "/apis/autoscaling/v2/namespaces/default/horizontalpodautoscalers/php-apache"
SERVICE = "/api/v1/namespaces/default/services/php-apache"


def lab(folder=CPU, *flags):
    return Program("swell-lab", "up", "-f", folder, "--port=0", "--speed=20", *flags)


def pods(p):
    return p.json(PODS)["items"]


def ready_pods(p):
    return [pod for pod in pods(p) if {"type": "Ready", "status": "True"}.items() <=
            next(c for c in pod["status"]["conditions"] if c["type"] == "Ready").items()]


def pid_of(pod):
    return int(pod["metadata"]["annotations"]["swell.dev/pid"])


def is_running(pid):
    try:
        with open(f"/proc/{pid}/stat", encoding="ascii") as stat:
            return stat.read().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False


def replace(path, pattern, replacement):
    """Changes the first match in a file; there must be one."""
    with open(path, encoding="utf-8") as file:
        changed, count = re.subn(pattern, replacement, file.read(), count=1)
    if not count:
        raise AssertionError(f"no {pattern!r} in {path}")
    with open(path, "w", encoding="utf-8") as file:
        file.write(changed)


def service_address(p):
    service = p.json(SERVICE)
    return service["spec"]["clusterIP"], int(service["metadata"]["annotations"]["swell.dev/port"])


class Up(unittest.TestCase):
    def test_a_pod_becomes_ready_and_answers_through_the_service(self):
        with lab() as p:
            pod = wait_until(lambda: ready_pods(p), "a ready pod")[0]
            connection = http.client.HTTPConnection(*service_address(p), timeout=DEADLINE_S)
            connection.request("GET", "/")
            answer = connection.getresponse()
            self.assertEqual(answer.read(), b"OK!")
            self.assertEqual(answer.getheader("X-Swell-Pod"), pod["metadata"]["name"])
            connection.close()
            self.assertEqual(p.stop(), 0)

    def test_objects_are_at_their_real_paths(self):
        with lab() as p:
            wait_until(lambda: ready_pods(p), "a ready pod")
            deployment = p.json(DEPLOYMENT)
            self.assertEqual((deployment["apiVersion"], deployment["kind"]), ("apps/v1", "Deployment"))
            self.assertEqual(deployment["status"]["readyReplicas"], 1)
            self.assertEqual(p.json(HPA)["spec"]["maxReplicas"], 10)
            self.assertEqual(p.json(PODS + "?labelSelector=run%3Dother")["items"], [])
            self.assertEqual(len(p.json(PODS + "?labelSelector=run+in+(php-apache)")["items"]), 1)
            self.assertIn({"name": "apps", "versions": [{"groupVersion": "apps/v1", "version": "v1"}],
                           "preferredVersion": {"groupVersion": "apps/v1", "version": "v1"}},
                          p.json("/apis")["groups"])
            self.assertIn("deployments", [r["name"] for r in p.json("/apis/apps/v1")["resources"]])
            p.stop()

    def test_what_is_not_there_is_a_status(self):
        with lab() as p:
            for path, code, message in [
                    (DEPLOYMENT + "x", 404, 'deployments.apps "php-apachex" not found'),
                    (PODS + "/none", 404, 'pods "none" not found'),
                    ("/apis/none/v1/namespaces/default/things", 404,
                     "the server could not find the requested resource"),
                    (PODS + "?labelSelector=,,", 400, None)]:
                status, _, body = p.get(path)
                self.assertEqual((status, json.loads(body)["kind"]), (code, "Status"), path)
                if message:
                    self.assertEqual(json.loads(body)["message"], message)
            self.assertEqual(p.request("DELETE", DEPLOYMENT)[0], 405)
            p.stop()

    def test_a_watch_tells_what_changes(self):
        with lab() as p:
            connection = http.client.HTTPConnection(p.address, p.port, timeout=DEADLINE_S)
            connection.request("GET", PODS + "?watch=true")
            stream = connection.getresponse()
            first = json.loads(stream.readline())
            self.assertEqual(first["type"], "ADDED")
            self.assertEqual(first["object"]["kind"], "Pod")
            pod = wait_until(lambda: ready_pods(p), "a ready pod")[0]
            os.kill(pid_of(pod), signal.SIGKILL)
            while True:
                change = json.loads(stream.readline())
                if change["object"]["status"]["containerStatuses"][0]["restartCount"] == 1:
                    break
            self.assertEqual(change["type"], "MODIFIED")
            self.assertEqual(p.stop(), 0)
            connection.close()

    def test_a_killed_pod_is_healed_and_counted(self):
        with lab() as p:
            before = wait_until(lambda: ready_pods(p), "a ready pod")[0]
            os.kill(pid_of(before), signal.SIGKILL)
            after = wait_until(
                lambda: [q for q in ready_pods(p) if pid_of(q) != pid_of(before)],
                "the pod ready again")[0]
            self.assertEqual(after["metadata"]["name"], before["metadata"]["name"])
            self.assertEqual(after["status"]["containerStatuses"][0]["restartCount"], 1)
            p.stop()

    def test_no_process_is_left_however_the_lab_ends(self):
        for number in signal.SIGTERM, signal.SIGINT, signal.SIGKILL:
            with self.subTest(signal=number.name), lab() as p:
                pid = pid_of(wait_until(lambda: ready_pods(p), "a ready pod")[0])
                self.assertEqual(p.stop(number), -9 if number == signal.SIGKILL else 0)
                wait_until(lambda: not is_running(pid), "the pod's process gone")

    def test_two_labs_do_not_meet(self):
        with lab() as a, lab() as b:
            for p in a, b:
                wait_until(lambda: ready_pods(p), "a ready pod")
            self.assertNotEqual(service_address(a)[0], service_address(b)[0])
            self.assertNotEqual(pods(a)[0]["status"]["podIP"], pods(b)[0]["status"]["podIP"])

    def test_usage_is_served_as_metrics_server_serves_it(self):
        with lab() as p:
            path = "/apis/metrics.k8s.io/v1beta1/namespaces/default/pods?labelSelector=run%3Dphp-apache"
            item = wait_until(lambda: p.json(path)["items"], "a sample")[0]
            self.assertEqual(item["containers"][0]["name"], "php-apache")
            self.assertRegex(item["containers"][0]["usage"]["cpu"], r"^\d+m?$")
            self.assertRegex(item["containers"][0]["usage"]["memory"], r"^\d+Ki|Mi$")
            self.assertRegex(item["window"], r"^(\d+m)?[\d.]+s$")
            p.stop()


class BusyboxLoop(unittest.TestCase):
    """The walkthrough's load generator, unchanged but for the address.

    A closed loop asks less of a service the longer its own fork and exec take, and those take long on
    a busy machine. At 40 ms of CPU a request the loop is mostly the service's, as with PHP 5.
    """

    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix="swell-test-")
        self.addCleanup(shutil.rmtree, self.folder)
        shutil.copytree(CPU, self.folder, dirs_exist_ok=True)
        replace(os.path.join(self.folder, "php-apache.yaml"), "--cpu-ms=10", "--cpu-ms=40")

    def test_it_scales_up_and_back(self):
        with lab(self.folder) as p:
            wait_until(lambda: ready_pods(p), "a ready pod")
            address, port = service_address(p)
            loop = subprocess.Popen(
                ["busybox", "sh", "-c",
                 f"while sleep 0.01; do busybox wget -q -O- http://{address}:{port}/; "
                 "done"],
                stdout=subprocess.DEVNULL, start_new_session=True)
            try:
                wait_until(lambda: p.json(DEPLOYMENT)["status"]["readyReplicas"] >= 3,
                           "3 ready pods", 180)
            finally:
                os.killpg(loop.pid, signal.SIGKILL)
                loop.wait()
            wait_until(lambda: p.json(DEPLOYMENT)["status"]["replicas"] == 1, "back to 1", 180)
            events = [e["reason"] for e in p.json("/api/v1/namespaces/default/events")["items"]]
            self.assertIn("SuccessfulRescale", events)
            p.stop()


class BadInput(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix="swell-test-")
        self.addCleanup(shutil.rmtree, self.folder)
        shutil.copytree(CPU, self.folder, dirs_exist_ok=True)

    def change(self, name, pattern, replacement):
        replace(os.path.join(self.folder, name), pattern, replacement)

    def assert_refused(self, pattern, *flags):
        code, _, errors = run("swell-lab", "up", "-f", self.folder, "--port=0", *flags)
        self.assertEqual(code, 2, errors)
        self.assertEqual(len(errors.strip().split("\n")), 1, errors)
        self.assertRegex(errors, pattern)

    def test_broken_yaml(self):
        self.change("hpa.yaml", "spec:\n", "spec: [\n")
        self.assert_refused(r"^swell-lab up: .*hpa\.yaml:\d+: ")

    def test_unknown_kind(self):
        self.change("hpa.yaml", "HorizontalPodAutoscaler", "HorizontalPodAutoscalers")
        self.assert_refused(r"hpa\.yaml:3: the lab does not know kind HorizontalPodAutoscalers of "
                            r"autoscaling/v2")

    def test_an_hpa_that_points_nowhere(self):
        self.change("hpa.yaml", "Deployment, name: php-apache", "Deployment, name: web")
        self.assert_refused(r"hpa\.yaml:7: HorizontalPodAutoscaler php-apache points to Deployment "
                            r"web, which is not here")

    def test_an_hpa_that_the_api_would_refuse(self):
        self.change("hpa.yaml", "maxReplicas: 10", "maxReplicas: 0")
        self.assert_refused(r"hpa\.yaml:9: HorizontalPodAutoscaler php-apache: \[spec\.maxReplicas")

    def test_an_unknown_image(self):
        self.change("php-apache.yaml", "image: swell-workload", "image: nginx:1.27")
        self.assert_refused(r"php-apache\.yaml:\d+: the lab does not know the image 'nginx:1\.27'; it "
                            r"knows hpa-example, ")

    def test_a_selector_that_does_not_match(self):
        self.change("php-apache.yaml", "matchLabels: {run: php-apache}", "matchLabels: {run: web}")
        self.assert_refused(r"php-apache\.yaml:\d+: spec\.selector does not match")

    def test_a_folder_that_is_not_there(self):
        code, _, errors = run("swell-lab", "up", "-f", "/nowhere", "--port=0")
        self.assertEqual((code, errors), (2, "swell-lab up: cannot read '/nowhere': "
                                             "No such file or directory\n"))

    def test_a_port_in_use(self):
        with socket.create_server(("127.0.0.1", 0)) as taken:
            port = taken.getsockname()[1]
            self.assert_refused(rf"cannot listen on 127\.0\.0\.1:{port}: Address already in use",
                                f"--port={port}")

    def test_ignored_fields_are_warned_about_once(self):
        self.change("php-apache.yaml", "      terminationGracePeriodSeconds",
                    "      affinity: {}\n      terminationGracePeriodSeconds")
        with lab(self.folder) as p:
            line = p.wait_for_line("the lab ignores this field")
            self.assertIn("field=spec.template.spec.affinity", line)
            self.assertRegex(line, r"file=\S*php-apache\.yaml:\d+")
            wait_until(lambda: ready_pods(p), "a ready pod")
            p.stop()
            self.assertEqual(sum("ignores" in text for text in p.lines), 1)


if __name__ == "__main__":
    unittest.main()
