# SPDX-License-Identifier: MIT
"""What every cluster has beside Kubernetes itself: DNS and metrics.

metrics-server runs from its own manifests, with other timing: `kubectl top` answers sooner.
"""
import json
import os
import shutil

from . import build, images, settings, wait

METRICS_MODULE = "sigs.k8s.io/metrics-server"
METRICS_FLAGS = [
    "--cert-dir=/tmp", "--secure-port=10250", "--kubelet-preferred-address-types=InternalIP",
    "--kubelet-use-node-status-port", "--metric-resolution=10s",
    "--kubelet-request-timeout=5s",  # must be less than the resolution
    "--kubelet-certificate-authority=/var/run/secrets/kubernetes.io/serviceaccount/ca.crt"]


def metrics_kustomization():
    container = "/spec/template/spec/containers/0"
    patch = [
        {"op": "replace", "path": f"{container}/image", "value": images.METRICS_SERVER},
        {"op": "replace", "path": f"{container}/args", "value": METRICS_FLAGS},
        {"op": "add", "path": f"{container}/command", "value": ["/metrics-server"]},
        {"op": "replace", "path": f"{container}/readinessProbe/initialDelaySeconds", "value": 1},
        {"op": "replace", "path": f"{container}/readinessProbe/periodSeconds", "value": 1},
        {"op": "replace", "path": f"{container}/readinessProbe/failureThreshold", "value": 30}]
    return {"apiVersion": "kustomize.config.k8s.io/v1beta1", "kind": "Kustomization",
            "resources": ["base"],
            "patches": [{"target": {"kind": "Deployment", "name": "metrics-server"},
                         "patch": json.dumps(patch)}]}


def ensure():
    """Folders and files to apply. metrics-server's manifests are those of the version built."""
    version = build.module_version(METRICS_MODULE)
    folder = os.path.join(settings.MANIFESTS, f"metrics-server-{version}")
    base = os.path.join(folder, "base")
    if not os.path.isdir(base):
        source = build.go("list", "-m", "-f", "{{.Dir}}", METRICS_MODULE)
        shutil.rmtree(f"{base}.new", ignore_errors=True)
        shutil.copytree(os.path.join(source, "manifests", "base"), f"{base}.new",
                        copy_function=shutil.copyfile)
        os.chmod(f"{base}.new", 0o755)  # the module cache is read-only
        os.rename(f"{base}.new", base)
    with open(os.path.join(folder, "kustomization.yaml"), "w", encoding="ascii") as file:
        json.dump(metrics_kustomization(), file, indent=1)  # JSON is YAML too
    return [("-f", os.path.join(settings.HERE, "coredns.yaml")), ("-k", folder)]


def start(cluster, manifests, progress):
    """Returns when `kubectl top` answers."""
    for kind, path in manifests:
        cluster.kubectl("apply", kind, path)
    cluster.kubectl("-n", "kube-system", "rollout", "status", "deployment/coredns",
                    f"--timeout={settings.START_S}s")
    progress("DNS ready")
    wait.until(lambda: cluster.kubectl("top", "nodes") and cluster.kubectl("top", "pods", "-A"),
               "an answer of kubectl top", pause_s=0.5)
    progress("kubectl top answers")
