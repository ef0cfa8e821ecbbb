# SPDX-License-Identifier: MIT
"""How a Prometheus in a cluster's network scrapes what dashboards and alerts of manifests/ read.

It does what components/monitoring tells the Prometheus Operator, as the account which that lets in.
Debian's Prometheus is built without discovery in Kubernetes, so pods are told to it over HTTP.
"""
import base64
import contextlib
import http.server
import json
import os
import threading
from urllib.parse import urlsplit

INTERVAL = "5s"
REFRESH = "10s"  # also how long Prometheus waits for the answer
RATE_INTERVAL = "1m"  # cAdvisor looks at a pod every 10 to 15 s

PODS = "/api/v1/pods?labelSelector=app.kubernetes.io%2Fpart-of%3Dswell"

# What kube-prometheus has, with its rights, as far as they are needed here.
ACCOUNT = """
apiVersion: v1
kind: Namespace
metadata: {name: monitoring}
---
apiVersion: v1
kind: ServiceAccount
metadata: {name: prometheus-k8s, namespace: monitoring}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: {name: prometheus-k8s}
rules:
- {apiGroups: [""], resources: [nodes/metrics], verbs: [get]}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: {name: prometheus-k8s}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: prometheus-k8s}
subjects: [{kind: ServiceAccount, name: prometheus-k8s, namespace: monitoring}]
"""


def node_address(kubectl):
    return kubectl("get", "nodes", "-o", "jsonpath={.items[0].status.addresses[0].address}")


def write(folder, name, text):
    """A file that nobody else may read: one of them is a token."""
    path = os.path.join(folder, name)
    with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w",
              encoding="utf-8") as file:
        file.write(text)
    return path


class Credentials:
    """Files in folder: the account's token, the cluster's authority, the adapter's own."""

    def __init__(self, folder, kubectl):
        self.token = write(folder, "token", kubectl("create", "token", "-n", "monitoring",
                                                    "prometheus-k8s"))
        self.cluster_ca = write(folder, "cluster-ca.crt", kubectl(
            "get", "configmap", "-n", "monitoring", "kube-root-ca.crt", "-o",
            "jsonpath={.data.ca\\.crt}"))
        self.adapter_ca = write(folder, "adapter-ca.crt", base64.b64decode(kubectl(
            "get", "secret", "-n", "swell-system", "swell-adapter-serving", "-o",
            "jsonpath={.data.ca\\.crt}")).decode())

    def shown(self, ca, **tls):
        """To a server of that authority."""
        return {"authorization": {"credentials_file": self.token},
                "tls_config": {"ca_file": ca, **tls}}


def targets(pods, port):
    """Prometheus' http_sd_configs want this: those of the pods with a port of that name."""
    found = [(pod, declared["containerPort"]) for pod in pods
             for container in pod["spec"]["containers"] for declared in container.get("ports", ())
             if declared.get("name") == port and pod["status"].get("podIP")]
    return [{"targets": [f"{pod['status']['podIP']}:{number}"],
             "labels": {label: pod["metadata"][field]
                        for label, field in (("namespace", "namespace"), ("pod", "name"))}}
            for pod, number in found]


class Targets:
    """Tells, at `url` of the name of a port, the pods that are part of Swell and have it. get asks the
    API server."""

    def __init__(self, get):
        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):  # pylint: disable=invalid-name
                # Without an answer within REFRESH Prometheus keeps what it knows, and asks again.
                with contextlib.suppress(AssertionError, ConnectionError):
                    pods = get(PODS)["items"]
                    self.send_response(200)
                    self.send_header("Content-Type", "application/json")
                    self.end_headers()
                    self.wfile.write(json.dumps(targets(pods, self.path.strip("/"))).encode())

            def log_message(self, *_):
                pass
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)

    def url(self, port):
        return f"http://127.0.0.1:{self.server.server_port}/{port}"

    def __enter__(self):
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()


def configuration(kubectl, credentials, told, state_metrics, rules):
    """Of the Prometheus, as text. told are the Targets; rules is the path of a file."""
    inside = credentials.shown(credentials.cluster_ca)
    server = kubectl("config", "view", "--minify", "-o", "jsonpath={.clusters[0].cluster.server}")

    def pods(port):
        return {"http_sd_configs": [{"url": told.url(port), "refresh_interval": REFRESH}]}

    def fixed(address):
        return {"static_configs": [{"targets": [address]}]}

    jobs = [
        {"job_name": "pods", **pods("http")},  # the PodMonitor
        {"job_name": "adapter", "scheme": "https", **pods("https"),  # the ServiceMonitor
         **credentials.shown(credentials.adapter_ca, server_name="adapter.swell-system.svc")},
        {"job_name": "kube-state-metrics", "honor_labels": True,
         **fixed(urlsplit(state_metrics.url).netloc)},
        {"job_name": "cadvisor", "scheme": "https", "metrics_path": "/metrics/cadvisor",
         **fixed(f"{node_address(kubectl)}:10250"), **inside},
        {"job_name": "apiserver", "scheme": "https", **fixed(urlsplit(server).netloc), **inside},
    ]
    return json.dumps({  # which is YAML too
        "global": {"scrape_interval": INTERVAL, "evaluation_interval": INTERVAL},
        "rule_files": [rules], "scrape_configs": jobs})
