# SPDX-License-Identifier: MIT
"""The manifests for clusters run in the lab as they are."""
import glob
import http.client
import os
import re
import tempfile
import textwrap
import unittest

from program import DEADLINE_S, Program, run, wait_until

MANIFESTS = os.path.join(os.path.dirname(__file__), "..", "..", "manifests")
BASE = os.path.join(MANIFESTS, "base")
SOURCES = os.path.join(MANIFESTS, "components", "source-*")
SERVICES = "/api/v1/namespaces/{}/services"
DEPLOYMENTS = "/apis/apps/v1/namespaces/swell/deployments"
HPAS = "/apis/autoscaling/v2/namespaces/swell/horizontalpodautoscalers"


def answer_of(service):
    """What GET / through the Service answers; None while no pod is ready."""
    port = int(service["metadata"]["annotations"]["swell.dev/port"])
    connection = http.client.HTTPConnection(service["spec"]["clusterIP"], port, timeout=DEADLINE_S)
    try:
        connection.request("GET", "/")
        return connection.getresponse().read()
    except OSError:
        return None
    finally:
        connection.close()


def read(*path):
    with open(os.path.join(*path), encoding="utf-8") as file:
        return file.read()


def kinds_of_sources():
    """All that the adapter knows, from its own help."""
    _, says, _ = run("swell-adapter", "check", "--help")
    listed = says.split("source:                   one of:\n")[1].split("Fields of every source")[0]
    return set(re.findall(r"^      (\w+):", listed, re.MULTILINE))


def lab(folder):
    return Program("swell-lab", "up", "-f", os.path.join(BASE, folder), "--port=0", "--speed=15")


class Base(unittest.TestCase):
    def test_php_apache_answers_as_the_walkthrough_says(self):
        with lab("php-apache") as p:
            p.wait_for_line("msg=service service=php-apache")
            service = p.json(f"{SERVICES.format('default')}/php-apache")
            self.assertEqual(wait_until(lambda: answer_of(service), "an answer"), b"OK!")
            self.assertEqual(p.stop(), 0)

    def test_the_whole_demo_scales_by_cpu_and_names_what_the_lab_leaves_out(self):
        with lab("demo") as p:
            p.wait_for_line('msg="New size: ')  # the status follows
            wait_until(lambda: p.json(f"{HPAS}/php-apache")["status"]["desiredReplicas"] > 1,
                       "more than one replica is wanted")
            names = {d["metadata"]["name"] for d in p.json(DEPLOYMENTS)["items"]}
            self.assertEqual(names, {"php-apache", "queue", "workers", "load"})
            self.assertEqual(p.stop(), 0)
            for kind in ("Namespace", "PodDisruptionBudget", "Job"):
                self.assertTrue(any("the lab ignores this object" in line and
                                    line.endswith(f"kind={kind}") for line in p.lines), kind)
            for field in ("securityContext", "topologySpreadConstraints", "spec.strategy"):
                self.assertTrue(any("the lab ignores this field" in line and field in line
                                    for line in p.lines), field)

    def test_no_deployment_but_the_queue_says_how_many_replicas(self):
        for folder in ("php-apache", "queue", "load"):
            for path in glob.glob(os.path.join(BASE, folder, "*.yaml")):
                with open(path, encoding="utf-8") as file:
                    for document in file.read().split("\n---\n"):
                        if "\nkind: Deployment\n" in document and "  name: queue\n" not in document:
                            self.assertNotIn("  replicas:", document, path)

    def test_the_adapter_takes_the_configuration_that_its_base_brings(self):
        block = read(BASE, "adapter", "config.yaml").split("\n  config.yaml: |\n")[1]
        with tempfile.NamedTemporaryFile("w", suffix=".yaml") as file:
            file.write(textwrap.dedent(block))
            file.flush()
            code, says, complains = run("swell-adapter", "check", file.name)
        self.assertEqual(code, 0, complains)
        self.assertIn("queue_depth", says)

    def test_the_adapter_takes_the_configuration_of_each_source(self):
        used = set()
        for folder in glob.glob(SOURCES):
            code, _, complains = run("swell-adapter", "check", os.path.join(folder, "config.yaml"))
            self.assertEqual(code, 0, complains)
            used |= set(re.findall(r"source:\n +(\w+):", read(folder, "config.yaml")))
        # A constant needs nothing but its line.
        self.assertEqual(used | {"constant"}, kinds_of_sources())

    def test_a_source_may_be_reached_at_the_port_that_is_configured(self):
        for folder in glob.glob(SOURCES):
            for port in re.findall(r"(?:address|url|Servers): \S+:(\d+)", read(folder, "config.yaml")):
                self.assertIn(f"- port: {port}\n", read(folder, "networkpolicy.yaml"), folder)


if __name__ == "__main__":
    unittest.main()
