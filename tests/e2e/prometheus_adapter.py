# SPDX-License-Identifier: MIT
"""The real prometheus-adapter, which tests/e2e/cluster/build.py builds, as a process of a test."""
import os
import socket
import subprocess

ADAPTER = os.environ["SWELL_PROMETHEUS_ADAPTER"]


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


class PrometheusAdapter:
    """Its files and its log are in folder; kubeconfig is for all that it asks an API server."""

    def __init__(self, folder, config, prometheus, kubeconfig, *flags, port=None, environment=()):
        self.port = port or free_port()
        self.log = open(os.path.join(folder, "prometheus-adapter.log"), "w+", encoding="utf-8")
        self.process = subprocess.Popen(
            [ADAPTER, "--config=" + config, "--prometheus-url=" + prometheus,
             "--metrics-relist-interval=2s", "--metrics-max-age=1h", "--bind-address=127.0.0.1",
             f"--secure-port={self.port}", "--cert-dir=" + folder,
             "--lister-kubeconfig=" + kubeconfig, "--authentication-kubeconfig=" + kubeconfig,
             "--authorization-kubeconfig=" + kubeconfig, *flags],
            env={**os.environ, **dict(environment)},
            stdin=subprocess.DEVNULL, stdout=self.log, stderr=self.log)

    def stop(self):
        self.process.kill()
        self.process.wait()
        self.log.close()
