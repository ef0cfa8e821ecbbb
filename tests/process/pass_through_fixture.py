# SPDX-License-Identifier: MIT
"""What the tests of passThrough share: a swell-adapter behind its own HTTPS door, and another adapter
over TLS: a second swell-adapter, or a fake one."""
import http.server
import json
import os
import ssl
import threading

from identities import MASTERS, Door, remote
from program import wait_until
from test_adapter_auth import AuthTest

EXTERNAL = "/apis/external.metrics.k8s.io/v1beta1"


def metric(name, value):
    return f"- {{name: {name}, interval: 100ms, source: {{constant: {{value: {value}}}}}}}\n"


def path_of(name):
    return f"{EXTERNAL}/namespaces/default/{name}"


class Fake:
    """Another adapter over TLS that answers what the test sets."""

    GOOD = {"kind": "ExternalMetricValueList", "apiVersion": "external.metrics.k8s.io/v1beta1",
            "metadata": {}, "items": [{"metricName": "x", "metricLabels": None, "value": "7",
                                       "timestamp": "2026-11-21T10:00:00Z"}]}

    def __init__(self, certificate, key):
        self.asked = []  # (path, headers)
        self.lists = (404, b"")
        self.good()
        fake = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self):
                fake.asked.append((self.path, self.headers))
                status, body = fake.answer if "/namespaces/" in self.path else fake.lists
                try:
                    self.send_response(status)
                    self.send_header("Content-Length", str(len(body)))
                    self.send_header("Retry-After", "1")
                    self.end_headers()
                    self.wfile.write(body)
                except OSError:
                    pass  # it has heard enough

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.port = self.server.server_address[1]
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate, key)
        self.server.socket = context.wrap_socket(self.server.socket, server_side=True,
                                                 do_handshake_on_connect=False)
        threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True).start()

    def good(self):
        self.answer = (200, json.dumps(self.GOOD).encode())

    def values(self):
        return [path for path, _ in self.asked if "/namespaces/" in path]

    def stop(self):
        self.server.shutdown()
        self.server.server_close()


class PassThroughTest(AuthTest):
    def setUp(self):
        super().setUp()
        self.cluster = self.api()
        self.cluster.readers.add("adapter")
        self.serving = self.client.issue("other", "/CN=other", usage="serverAuth")
        self.me = self.client.issue("adapter", "/CN=adapter")
        self.proxy_pair = self.proxy()

    def write(self, name, text):
        """In one step, as a mounted ConfigMap changes."""
        path = os.path.join(self.folder, name)
        with open(path + ".new", "w", encoding="utf-8") as file:
            file.write(text)
        os.rename(path + ".new", path)
        return path

    def section(self, port, group="external", pair=None, **more):
        certificate, key = pair or self.me
        fields = {"url": f"https://localhost:{port}", "timeout": "2s", "discoveryInterval": "1s",
                  "tls": {"caFile": self.client.certificate, "certFile": certificate,
                          "keyFile": key}, **more}
        return f"passThrough: {{{group}: {json.dumps(fields)}}}\n"

    def start(self, name, text, *flags):
        # The fake cluster lets nobody but masters read lists; a real one lets everybody.
        p = self.adapter(self.cluster, "--config=" + self.write(name, text),
                         f"--authorization-always-allow-paths=/metrics,{EXTERNAL}", *flags)
        p.wait_for_line("msg=ready")
        return p

    def other(self, text, *flags):
        """The second adapter."""
        return self.start("other.yaml", text, f"--tls-cert-file={self.serving[0]}",
                          f"--tls-private-key-file={self.serving[1]}", *flags)

    def fake(self):
        fake = Fake(*self.serving)
        self.addCleanup(fake.stop)
        return fake

    def ask(self, p, path, *headers, who=None):
        status, got, body = Door(p.port).ask(path, self.proxy_pair,
                                             [*(who or remote("alice")), *headers])
        self.assertNotIn("Retry-After", got)
        return status, body

    def value(self, p, name):
        status, body = self.ask(p, path_of(name))
        return json.loads(body)["items"][0]["value"] if status == 200 else (status, body)

    def becomes(self, p, name, value):
        wait_until(lambda: self.value(p, name) == value, f"{name} to be {value}")

    def message(self, p, name):
        status, body = self.ask(p, path_of(name))
        self.assertEqual((status, json.loads(body)["kind"]), (503, "Status"), body)
        return json.loads(body)["message"]

    def names(self, p, path=EXTERNAL):
        doc = json.loads(self.ask(p, path, who=MASTERS)[1])
        return [resource["name"] for resource in doc["resources"]]

    def series(self, p, start):
        for line in self.ask(p, "/metrics")[1].splitlines():
            if line.startswith("swell_adapter_forward_" + start):
                return float(line.split()[-1])
        return None
