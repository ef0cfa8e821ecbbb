# SPDX-License-Identifier: MIT
"""The manifests for clusters run in the lab as they are."""
import glob
import http.client
import os
import unittest

from program import DEADLINE_S, Program, wait_until

BASE = os.path.join(os.path.dirname(__file__), "..", "..", "manifests", "base")
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


if __name__ == "__main__":
    unittest.main()
