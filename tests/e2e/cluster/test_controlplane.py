# SPDX-License-Identifier: MIT
"""The control plane alone: what tests of the API rely on. No root."""
import http.server
import json
import os
import signal
import ssl
import subprocess
import sys
import threading
import unittest

from . import pki, wait
from .controlplane import ControlPlane
from .kubeconfig import encoded

GROUP = "external.metrics.k8s.io"


class ExtensionServer:
    """Answers every GET with who asks; lets in only who has the front proxy's certificate."""

    def __init__(self, plane):
        authority = pki.Authority(plane.folder, "extension-ca")
        names = ["DNS:extension.default.svc"]
        certificate, key = authority.issue("extension", "/CN=extension", names)
        self.authority = authority.certificate
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), self.Answer)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate, key)
        context.load_verify_locations(plane.path("front-proxy-ca.crt"))
        context.verify_mode = ssl.CERT_REQUIRED
        self.server.socket = context.wrap_socket(self.server.socket, server_side=True)
        self.port = self.server.server_port

    class Answer(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            body = json.dumps({"kind": "APIResourceList", "apiVersion": "v1",
                               "groupVersion": f"{GROUP}/v1beta1", "resources": [],
                               "user": self.headers["X-Remote-User"]}).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            pass

    def __enter__(self):
        self.thread = threading.Thread(target=self.server.serve_forever)
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.thread.join()
        self.server.server_close()


def registration(port, authority):
    return json.dumps({"kind": "List", "apiVersion": "v1", "items": [
        {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "extension"},
         "spec": {"type": "ExternalName", "externalName": "localhost",
                  "ports": [{"port": port}]}},
        {"apiVersion": "apiregistration.k8s.io/v1", "kind": "APIService",
         "metadata": {"name": f"v1beta1.{GROUP}"},
         "spec": {"group": GROUP, "version": "v1beta1", "groupPriorityMinimum": 100,
                  "versionPriority": 100, "caBundle": authority,
                  "service": {"name": "extension", "namespace": "default", "port": port}}}]})


class ControlPlaneAlone(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.plane = cls.enterClassContext(ControlPlane())

    def test_controllers_act_on_what_is_applied(self):
        self.plane.kubectl("create", "deployment", "idle", "--image=none", "--replicas=2")
        wait.until(lambda: self.plane.kubectl(
            "get", "deployment", "idle", "-o", "jsonpath={.status.replicas}") == "2",
            "two pods of the Deployment")

    def test_an_extension_api_on_this_machine_is_asked_as_the_front_proxy(self):
        with ExtensionServer(self.plane) as extension:
            self.plane.kubectl("apply", "-f", "-", stdin=registration(
                extension.port, encoded(extension.authority)))
            answer = wait.until(lambda: self.plane.kubectl(
                "get", "--raw", f"/apis/{GROUP}/v1beta1"), "an answer of the extension server")
        self.assertEqual(json.loads(answer)["user"], "admin")

    def test_another_beside_it_shares_nothing(self):
        with ControlPlane(controllers=None) as other:
            other.kubectl("create", "namespace", "elsewhere")
            names = self.plane.kubectl("get", "namespaces", "-o", "name")
        self.assertNotIn("elsewhere", names)
        self.assertFalse(os.path.exists(other.folder))

    def test_nothing_outlives_the_process_that_started_it(self):
        program = ("import sys\nfrom cluster.controlplane import ControlPlane\n"
                   "with ControlPlane(controllers=None) as c:\n"
                   "    print(*(p.pid for p in c.processes.values()), c.folder, flush=True)\n"
                   "    sys.stdin.read()\n")
        with subprocess.Popen([sys.executable, "-c", program], stdin=subprocess.PIPE, text=True,
                              stdout=subprocess.PIPE, cwd=os.path.dirname(os.path.dirname(__file__))
                              ) as owner:
            *daemons, folder = owner.stdout.readline().split()
            owner.send_signal(signal.SIGKILL)
        self.addCleanup(subprocess.run, ["rm", "-rf", folder], check=True)
        for pid in daemons:
            wait.until(lambda pid=pid: not os.path.exists(f"/proc/{pid}"), f"the end of {pid}")


if __name__ == "__main__":
    unittest.main()
