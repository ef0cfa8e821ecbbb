# SPDX-License-Identifier: MIT
"""Where things are, which addresses they have, and how long anything may take."""
import hashlib
import os

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(os.path.dirname(HERE)))  # of the repository


def cache_folder():
    """Programs, images and the running cluster's state: kept between runs, never in the tree."""
    chosen = os.environ.get("SWELL_CLUSTER_CACHE")
    base = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")
    return os.path.abspath(chosen or os.path.join(base, "swell", "cluster"))


CACHE = cache_folder()
PROGRAMS = os.path.join(CACHE, "programs")
IMAGES = os.path.join(CACHE, "images")
MANIFESTS = os.path.join(CACHE, "manifests")
STATE = os.path.join(CACHE, "run")  # of the cluster that `up` starts
LOCK = os.path.join(CACHE, "run.lock")  # held while it runs
CNI_PLUGINS = "/usr/lib/cni"  # where Debian has them
# One cluster a cache, so the cache's name tells clusters apart.
CGROUP = "swell-" + hashlib.sha256(CACHE.encode()).hexdigest()[:8]

GO_MODULE = os.path.join(ROOT, "tests")
GO_VERSION = (1, 26)  # what its go.mod asks for

NODE = "swell-node"
NODE_ADDRESS = "172.30.0.1"  # on lo of the cluster's network namespace
API_PORT = 6443
POD_BRIDGE = "pods"
POD_RANGE = "10.244.0.0/24"
POD_GATEWAY = "10.244.0.1"
SERVICE_RANGE = "10.96.0.0/16"
SERVICE_ADDRESS = "10.96.0.1"  # the first of SERVICE_RANGE: the API server, as pods see it
DNS_ADDRESS = "10.96.0.10"

CERTIFICATE_DAYS = 3  # a cluster is made for a lesson or a test run
START_S = 120  # for one daemon or one step, on a busy machine
STOP_S = 30

# Autoscaling for people who cannot wait: each replaces a default of many seconds or minutes.
QUICK_CONTROLLERS = (
    "--horizontal-pod-autoscaler-sync-period=5s",
    "--horizontal-pod-autoscaler-downscale-stabilization=20s",
    "--horizontal-pod-autoscaler-initial-readiness-delay=10s",
    "--horizontal-pod-autoscaler-cpu-initialization-period=30s",
)


class Problem(Exception):
    """What keeps a cluster from starting, said so that a person can mend it."""
