# SPDX-License-Identifier: MIT
"""swell-adapter beside a real control plane, registered as its manifests do it, with the rights that
its manifests give it and no others: what the tests of that have in common."""
import json
import os
import tempfile
import unittest

from cluster.controlplane import ControlPlane
from program import started, wait_until

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
NAMESPACE = "swell-system"
API_SERVICES = ["v1beta1.external.metrics.k8s.io", "v1beta1.custom.metrics.k8s.io",
                "v1beta2.custom.metrics.k8s.io"]


def registration(port):
    return json.dumps({"kind": "List", "apiVersion": "v1", "items": [
        {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "adapter", "namespace": NAMESPACE},
         "spec": {"type": "ExternalName", "externalName": "localhost", "ports": [{"port": port}]}},
        *({"apiVersion": "apiregistration.k8s.io/v1", "kind": "APIService", "metadata": {"name": name},
           "spec": {"version": name.split(".")[0], "group": name.split(".", 1)[1],
                    "groupPriorityMinimum": 100, "versionPriority": 100,
                    "service": {"name": "adapter", "namespace": NAMESPACE, "port": port}}}
          for name in API_SERVICES)]})


class AdapterTest(unittest.TestCase):
    """Its module has called start_plane()."""

    @classmethod
    def account_kubeconfig(cls):
        """As a pod of the adapter has it: a token in a file."""
        token = os.path.join(cls.folder, "token")
        with open(token, "w", encoding="ascii") as file:
            file.write(wait_until(lambda: cls.plane.kubectl("create", "token", "adapter", "-n",
                                                            NAMESPACE), "the account's token"))
        path = os.path.join(cls.folder, "adapter.conf")
        with open(path, "w", encoding="ascii") as file:
            json.dump({"current-context": "c", "clusters": [{"name": "k", "cluster": {
                "server": cls.plane.server, "certificate-authority": cls.plane.path("ca.crt")}}],
                "users": [{"name": "u", "user": {"tokenFile": "token"}}],
                "contexts": [{"name": "c", "context": {"cluster": "k", "user": "u",
                                                       "namespace": NAMESPACE}}]}, file)
        return path

    def write(self, text, name="config.yaml"):
        path = os.path.join(self.folder, name)
        with open(path, "w", encoding="ascii") as file:
            file.write(text)
        return path

    def adapter(self, config, *flags):
        return started(self, "swell-adapter", "run", "--address=127.0.0.1", "--secure-port=0",
                       f"--config={self.write(config)}", f"--kubeconfig={self.kubeconfig}",
                       "--log-level=debug", *flags)

    def register(self, p):
        self.plane.kubectl("apply", "-f", "-", stdin=registration(p.port))

    def raw(self, path):
        """Through the API server; it forwards a moment after it says Available."""
        def answer():
            try:
                return self.plane.kubectl("get", "--raw", path)
            except AssertionError:
                return None
        return wait_until(answer, f"an answer to {path}")

    def available(self, name):
        return self.plane.kubectl(
            "get", "apiservice", name, "-o",
            'jsonpath={.status.conditions[?(@.type=="Available")].status}') == "True"

    def wait_available(self, names=API_SERVICES):
        for name in names:
            wait_until(lambda name=name: self.available(name), f"{name} to be available")


def start_plane(**flags):
    """For setUpModule. One control plane for all tests of the module, and the adapter's account."""
    AdapterTest.plane = unittest.enterModuleContext(ControlPlane(**flags))
    AdapterTest.folder = unittest.enterModuleContext(tempfile.TemporaryDirectory())
    for name in ("namespace", "rbac"):
        AdapterTest.plane.kubectl("apply", "-f", f"{ROOT}/manifests/base/adapter/{name}.yaml")
    AdapterTest.kubeconfig = AdapterTest.account_kubeconfig()
