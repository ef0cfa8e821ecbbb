# SPDX-License-Identifier: MIT
"""The process behind `up`: it starts a cluster, holds its lock, and clears up when it ends.

    python3 -m cluster.supervisor OPTIONS

OPTIONS is JSON: {"control_plane_only": bool, "quick": bool, "cpus": number}.

Progress goes to stdout, for `up` to print; the line READY is the last. Standard input is the lock:
the descriptor is held for as long as this process lives, by nobody else, so whoever gets the lock
knows that no cluster is up. SIGTERM ends it.
"""
import json
import os
import shutil
import signal
import subprocess
import sys

from . import settings
from .controlplane import ControlPlane
from .node import Node

READY = "ready"


class Stopped(Exception):
    """A signal said so."""


def say(text):
    print(text, flush=True)


def cluster_for(options):
    controllers = settings.QUICK_CONTROLLERS if options["quick"] else ()
    if options["control_plane_only"]:
        return ControlPlane(folder=settings.STATE, controllers=controllers, say=say)
    return Node(say, controllers, options["cpus"])


def run(options):
    shutil.rmtree(settings.STATE, ignore_errors=True)
    os.makedirs(settings.STATE, mode=0o700)
    with cluster_for(options) as cluster:
        cluster.save()
        say(READY)
        log = os.open(os.path.join(settings.CACHE, "supervisor.log"),
                      os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
        os.dup2(log, sys.stdout.fileno())  # nobody reads the pipe from here on
        os.dup2(log, sys.stderr.fileno())
        cluster.wait()


def stop(*_):
    raise Stopped


def main():
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, stop)
    try:
        run(json.loads(sys.argv[1]))
    except Stopped:
        shutil.rmtree(settings.STATE)
    except (settings.Problem, AssertionError, subprocess.TimeoutExpired) as problem:
        say(f"problem: {problem}")
        if os.listdir(settings.STATE):
            say(f"the logs are in {settings.STATE}")
        else:
            os.rmdir(settings.STATE)
        sys.exit(1)


if __name__ == "__main__":
    main()
