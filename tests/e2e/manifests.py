# SPDX-License-Identifier: MIT
"""What a real API server and its controllers say to every base and overlay of manifests/, and to
base/adapter with the component of each source."""
import glob
import json
import os
import re
import shlex
import subprocess
import tempfile
import textwrap
import unittest

from cluster import wait
from cluster.controlplane import ControlPlane

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
MANIFESTS = os.path.join(ROOT, "manifests")
KINDS_OF_WORKLOADS = ("Deployment", "Job")
OPERATOR_KINDS = ("podmonitors", "prometheusrules", "servicemonitors")
ACCOUNT = "system:serviceaccount:swell-system:adapter"
DEADLINE_S = 300  # generous: a busy machine

# What the adapter's account must be allowed to do, and what its rules are so narrow for: verb, resource
# with its group, name, namespace.
NEEDED = [("get", "configmaps", "extension-apiserver-authentication", "kube-system"),
          ("create", "tokenreviews.authentication.k8s.io", "", ""),
          ("create", "subjectaccessreviews.authorization.k8s.io", "", ""),
          ("create", "secrets", "", "swell-system"),
          ("update", "secrets", "swell-adapter-serving", "swell-system"),
          ("watch", "pods", "", "swell"),
          ("list", "endpointslices.discovery.k8s.io", "", "swell"),
          ("patch", "apiservices.apiregistration.k8s.io", "v1beta1.external.metrics.k8s.io", ""),
          ("patch", "apiservices.apiregistration.k8s.io", "v1beta2.custom.metrics.k8s.io", "")]
REFUSED = [("get", "configmaps", "other", "kube-system"),
           ("get", "secrets", "other", "swell-system"),
           ("list", "secrets", "", "swell-system"),
           ("create", "secrets", "", "swell"),
           ("delete", "pods", "", "swell"),
           ("update", "deployments.apps", "workers", "swell"),
           ("patch", "apiservices.apiregistration.k8s.io", "v1beta1.metrics.k8s.io", ""),
           ("delete", "apiservices.apiregistration.k8s.io", "v1beta1.external.metrics.k8s.io", "")]
METRICS = [("get", "queue_depth.external.metrics.k8s.io", "", "swell"),
           ("list", "pods.custom.metrics.k8s.io", "", "swell")]

PRIVILEGED = {"containers": [{"name": "c", "image": "i", "securityContext": {"privileged": True}}]}


def kustomizations():
    """All folders that kubectl apply -k takes, as paths below manifests/."""
    found = glob.glob(os.path.join(MANIFESTS, "*", "*", "kustomization.yaml"))
    return sorted(os.path.relpath(os.path.dirname(path), MANIFESTS) for path in found
                  if "/components/" not in path)


ABOVE_A_SOURCE = """\
resources: [source]
configMapGenerator:
- {name: adapter, namespace: swell-system, behavior: merge, files: [config.yaml]}
generatorOptions: {disableNameSuffixHash: true}
"""


def sources():
    """The components that configure a source, as paths below manifests/."""
    return [os.path.relpath(path, MANIFESTS)
            for path in sorted(glob.glob(os.path.join(MANIFESTS, "components", "source-*")))]


def overlay(folder, *components):
    """A folder that kubectl apply -k takes: base/adapter with these components."""
    def relative(*paths):  # kustomize takes no others
        return [os.path.relpath(os.path.join(MANIFESTS, path), folder) for path in paths]
    os.makedirs(folder)
    with open(os.path.join(folder, "kustomization.yaml"), "w", encoding="utf-8") as file:
        json.dump({"resources": relative("base/adapter"), "components": relative(*components)},
                  file)  # JSON is YAML too
    return folder


def operator_kinds():
    """The files that define the kinds of the Prometheus Operator."""
    folder = subprocess.run(
        ["go", "list", "-m", "-f", "{{.Dir}}", "github.com/prometheus-operator/prometheus-operator"],
        cwd=os.path.join(HERE, "manifests"), check=True, capture_output=True, text=True).stdout
    return [os.path.join(folder.strip(), "example", "prometheus-operator-crd",
                         f"monitoring.coreos.com_{kind}.yaml") for kind in OPERATOR_KINDS]


def guide_commands():
    """What docs/cluster.md says to type, from when all is applied to when it is deleted."""
    with open(os.path.join(ROOT, "docs", "cluster.md"), encoding="utf-8") as file:
        guide = file.read().split("## What to look at")[1].split("\n## ")[0]
    return re.findall(r"^    (kubectl .+)$", guide, re.MULTILINE)


class Manifests(unittest.TestCase):
    completed = {}  # objects by folder

    @classmethod
    def setUpClass(cls):
        cls.scratch = os.path.realpath(cls.enterClassContext(tempfile.TemporaryDirectory()))
        cls.sources = [overlay(os.path.join(cls.scratch, os.path.basename(source)), source)
                       for source in sources()]
        cls.plane = cls.enterClassContext(ControlPlane())
        for path in operator_kinds():
            cls.plane.kubectl("create", "-f", path)
        for folder in ("base/demo", "base/adapter"):  # a dry run needs its namespaces
            cls.plane.kubectl("apply", "-f", os.path.join(MANIFESTS, folder, "namespace.yaml"))

    def kubectl(self, *command, stdin=None):
        """(exit code, stdout, stderr): a warning is as bad as an error here."""
        done = subprocess.run(["kubectl", *command], input=stdin, capture_output=True, text=True,
                              env=self.plane.environment, timeout=DEADLINE_S, cwd=ROOT)
        return done.returncode, done.stdout, done.stderr

    def apply(self, folder, *flags):
        code, out, err = self.kubectl("apply", "-k", os.path.join(MANIFESTS, folder), *flags)
        self.assertEqual((code, err), (0, ""), folder)
        return out

    def dry_run(self, folder):
        """The objects of a folder as the API server completes them, asked once."""
        if folder not in self.completed:
            applied = json.loads(self.apply(folder, "--dry-run=server", "-o", "json"))
            self.completed[folder] = applied.get("items", [applied])
        return self.completed[folder]

    def workloads(self, folder):
        return [o for o in self.dry_run(folder) if o["kind"] in KINDS_OF_WORKLOADS]

    def create_pods(self, specs):
        """What kubectl complains of when it tries that in a restricted namespace, without a trace."""
        pods = [{"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name}, "spec": spec}
                for name, spec in specs.items()]
        return self.kubectl("create", "--dry-run=server", "-n", "swell", "-f", "-", stdin=json.dumps(
            {"apiVersion": "v1", "kind": "List", "items": pods}))[2]

    def test_0_no_folder_is_left_out(self):
        for wanted in ("base/php-apache", "base/queue", "base/adapter", "base/load", "base/demo",
                       "overlays/minikube", "overlays/kind", "overlays/cluster"):
            self.assertIn(wanted, kustomizations())

    def test_1_the_api_server_takes_each_folder_without_a_word(self):
        for folder in kustomizations() + self.sources:
            with self.subTest(folder):
                self.assertTrue(self.dry_run(folder))

    def test_2_each_pod_is_let_into_a_namespace_that_is_restricted(self):
        self.assertIn("violates PodSecurity", self.create_pods({"privileged": PRIVILEGED}))
        for folder in kustomizations() + self.sources:
            # The adapter's account is not there in a dry run; who it is changes nothing here.
            specs = {o["metadata"]["name"]: {
                field: value for field, value in o["spec"]["template"]["spec"].items()
                if not field.startswith("serviceAccount")} for o in self.workloads(folder)}
            with self.subTest(folder):
                self.assertEqual(self.create_pods(specs), "")

    def test_3_controllers_make_the_pods(self):
        wanted = {o["metadata"]["name"] for o in self.workloads("overlays/cluster")}
        self.apply("overlays/cluster")

        def missing():
            _, out, _ = self.kubectl("get", "pods", "-A", "-o", "json")
            return wanted - {pod["metadata"]["labels"].get("app.kubernetes.io/name")
                             for pod in json.loads(out)["items"]}
        wait.until(lambda: not missing(), "a pod of each Deployment and Job", DEADLINE_S)
        _, events, _ = self.kubectl("get", "events", "-A", "--field-selector=reason=FailedCreate")
        self.assertEqual(events, "")

    def test_4_applying_again_leaves_the_autoscalers_decision_alone(self):
        for name in ("php-apache", "workers", "load"):
            self.plane.kubectl("scale", "-n", "swell", f"deployment/{name}", "--replicas=3")
        self.apply("overlays/cluster")
        for name in ("php-apache", "workers", "load"):
            self.assertEqual(self.plane.kubectl("get", "-n", "swell", f"deployment/{name}", "-o",
                                                "jsonpath={.spec.replicas}"), "3", name)

    def may(self, user, question):
        """Whether the user may, as the API server says."""
        verb, resource, name, namespace = question
        resource, _, group = resource.partition(".")
        review = {"apiVersion": "authorization.k8s.io/v1", "kind": "SubjectAccessReview",
                  "spec": {"user": user, "resourceAttributes": {
                      "verb": verb, "group": group, "resource": resource, "name": name,
                      "namespace": namespace}}}
        code, out, err = self.kubectl("create", "-f", "-", "-o", "jsonpath={.status.allowed}",
                                      stdin=json.dumps(review))
        self.assertEqual((code, err), (0, ""), question)
        return out == "true"

    def test_5_the_adapter_may_do_what_it_must_and_no_more(self):
        for question in NEEDED:
            self.assertTrue(self.may(ACCOUNT, question), question)
        for question in REFUSED:
            self.assertFalse(self.may(ACCOUNT, question), question)

    def test_6_whoever_may_view_a_namespace_may_read_its_metrics(self):
        for question in METRICS:
            self.assertFalse(self.may("student", question), question)
        self.plane.kubectl("create", "rolebinding", "-n", "swell", "viewer", "--clusterrole=view",
                           "--user=student")
        for question in METRICS:
            wait.until(lambda: self.may("student", question), f"the student may {question}",
                       DEADLINE_S)

    def test_7_the_guides_commands_work(self):
        self.apply("overlays/cluster")
        needs_a_node = re.compile(r"--watch|--raw| logs ")  # tests/e2e/monitoring.py has one
        for command in filter(lambda line: not needs_a_node.search(line), guide_commands()):
            with self.subTest(command):
                code, _, err = self.kubectl(*shlex.split(command)[1:])
                self.assertEqual(code, 0, err)
        wait.until(lambda: "swell" not in self.plane.kubectl("get", "namespaces"),
                   "the end of both namespaces", DEADLINE_S)

    def configuration(self, folder):
        """The adapter's, as its pods get it."""
        config, = (o for o in self.dry_run(folder)
                   if o["kind"] == "ConfigMap" and o["metadata"]["name"] == "adapter")
        self.assertEqual(list(config["data"]), ["config.yaml"], "one file: what --config names")
        return config["data"]["config.yaml"]

    def mounts(self, folder):
        adapter, = self.workloads(folder)
        return [mount["mountPath"] for container in adapter["spec"]["template"]["spec"]["containers"]
                for mount in container["volumeMounts"]]

    def test_8_the_adapter_takes_what_each_source_configures(self):
        base = self.configuration("base/adapter")
        for folder in self.sources:
            with self.subTest(folder):
                text = self.configuration(folder)
                self.assertNotEqual(text, base)
                path = os.path.join(folder, "config.yaml")
                with open(path, "w", encoding="utf-8") as file:
                    file.write(text)
                done = subprocess.run([os.path.join(os.environ["SWELL_BIN"], "swell-adapter"),
                                       "check", path], capture_output=True, text=True)
                self.assertEqual((done.returncode, done.stderr), (0, ""))
                for credential in re.findall(r"[fF]ile: ([\w./-]+)", text):
                    self.assertIn(os.path.dirname(credential), self.mounts(folder), credential)

    def test_8_a_configuration_above_a_sources_is_the_one(self):
        """As docs/cluster.md has it, in two folders."""
        above = os.path.join(self.scratch, "above")
        overlay(os.path.join(above, "source"), "components/source-redis")
        for name, text in (("kustomization.yaml", ABOVE_A_SOURCE),
                           ("config.yaml", "externalMetrics: []\n")):
            with open(os.path.join(above, name), "w", encoding="utf-8") as file:
                file.write(text)
        code, out, err = self.kubectl("kustomize", above)
        self.assertEqual((code, err), (0, ""))
        self.assertIn("  config.yaml: |\n    externalMetrics: []\nkind: ConfigMap\n", out)
        with open(os.path.join(ROOT, "docs", "cluster.md"), encoding="utf-8") as guide:
            self.assertIn(textwrap.indent(ABOVE_A_SOURCE, "    "), guide.read())

    def test_9_two_sources_at_once_are_refused(self):
        both = overlay(os.path.join(self.scratch, "both"), *sources()[:2])
        code, _, err = self.kubectl("kustomize", both)
        self.assertEqual(code, 1)
        self.assertIn("already registered id: NetworkPolicy", err)


if __name__ == "__main__":
    unittest.main()
