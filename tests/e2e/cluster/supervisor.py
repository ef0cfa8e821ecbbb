# SPDX-License-Identifier: MIT
"""The process behind `up`: it starts a cluster, holds its lock, and clears up when it ends.

    python3 -m cluster.supervisor [--control-plane-only] [--quick]

Progress goes to stdout, for `up` to print; the line READY is the last. Standard input is the lock: the
descriptor is held for as long as this process lives, by nobody else, so whoever gets the lock knows
that no cluster is up. SIGTERM ends it.
"""
import os
import shutil
import signal
import sys

from . import settings
from .controlplane import ControlPlane
from .node import Node

READY = "ready"


def say(text):
    print(text, flush=True)


def cluster_for(flags):
    controllers = settings.QUICK_CONTROLLERS if "--quick" in flags else ()
    if "--control-plane-only" in flags:
        return ControlPlane(folder=settings.STATE, controllers=controllers, say=say)
    return Node(say, controllers)


def run(flags):
    shutil.rmtree(settings.STATE, ignore_errors=True)
    os.makedirs(settings.STATE, mode=0o700)
    with cluster_for(flags) as cluster:
        cluster.save()
        say(READY)
        log = os.open(os.path.join(settings.CACHE, "supervisor.log"),
                      os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
        os.dup2(log, sys.stdout.fileno())  # nobody reads the pipe from here on
        os.dup2(log, sys.stderr.fileno())
        cluster.wait()


def main():
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, lambda *_: sys.exit(0))
    try:
        run(sys.argv[1:])
    except settings.Problem as problem:
        say(f"problem: {problem}")
        say(f"the logs are in {settings.STATE}")
        sys.exit(1)
    finally:
        if sys.exc_info()[0] is SystemExit and sys.exc_info()[1].code == 0:
            shutil.rmtree(settings.STATE)


if __name__ == "__main__":
    main()
