# SPDX-License-Identifier: MIT
"""Where things are, which versions they have, and how long anything may take."""
import os

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(os.path.dirname(HERE)))  # of the repository


def cache_folder():
    """Programs, images and the running cluster's state: kept between runs, never in the tree."""
    chosen = os.environ.get("SWELL_CLUSTER_CACHE")
    base = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")
    return os.path.abspath(chosen or os.path.join(base, "swell", "cluster"))


CACHE = cache_folder()
PROGRAMS = os.path.join(CACHE, "bin")

GO_VERSION = (1, 26)  # what go/*/go.mod ask for

SERVICE_RANGE = "10.96.0.0/16"
SERVICE_ADDRESS = "10.96.0.1"  # the first of SERVICE_RANGE: the API server, as pods see it

CERTIFICATE_DAYS = 3  # a cluster is made for a lesson or a test run
START_S = 120  # for one daemon or one step, on a busy machine
STOP_S = 30


class Problem(Exception):
    """What keeps a cluster from starting, said so that a person can mend it."""
