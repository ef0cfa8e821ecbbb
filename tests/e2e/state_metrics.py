# SPDX-License-Identifier: MIT
"""kube-state-metrics as a process beside an API server."""
import os
import subprocess

from cluster.controlplane import free_port


class StateMetrics:
    """What it says is at `url`; its log is in folder."""

    def __init__(self, kubeconfig, namespaces, folder):
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}/metrics"
        self.log = open(os.path.join(folder, "kube-state-metrics.log"), "wb")
        self.process = subprocess.Popen(
            [os.environ["KUBE_STATE_METRICS"], f"--kubeconfig={kubeconfig}",
             "--host=127.0.0.1", f"--port={self.port}", "--telemetry-host=127.0.0.1",
             f"--telemetry-port={free_port()}", f"--namespaces={','.join(namespaces)}",
             "--resources=deployments,horizontalpodautoscalers,pods"],
            stdout=self.log, stderr=self.log)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait()
        self.log.close()
