# SPDX-License-Identifier: MIT
"""How a running cluster is reached: its kubeconfig, its kubectl, and its network."""
import json
import os
import subprocess

from . import settings


class Access:
    """folder is the cluster's state folder, programs where its kubectl is.

    init is the pid of process 1 of its namespaces; None for a control plane without any.
    """

    def __init__(self, folder=None, programs=None, init=None):
        self.folder, self.programs, self.init = folder, programs, init

    @classmethod
    def load(cls):
        """To the cluster that `up` started."""
        try:
            with open(os.path.join(settings.STATE, "access.json"), encoding="utf-8") as file:
                return cls(settings.STATE, **json.load(file))
        except FileNotFoundError:
            raise settings.Problem("no cluster is up; ./swell cluster up starts one") from None

    def save(self):
        with open(self.path("access.json"), "w", encoding="utf-8") as file:
            json.dump({"programs": self.programs, "init": self.init}, file)

    def path(self, name):
        return os.path.join(self.folder, name)

    @property
    def kubeconfig(self):
        return self.path("admin.conf")

    @property
    def environment(self):
        """For programs that shall find this cluster, and this kubectl."""
        return {**os.environ, "KUBECONFIG": self.kubeconfig,
                "PATH": f"{self.programs}:{os.environ.get('PATH', os.defpath)}"}

    def command(self, *command, mounts=False):
        """The command as it runs in the cluster's network, and among its mounts when asked."""
        if self.init is None:
            return list(command)
        spaces = ["-n", "-m"] if mounts else ["-n"]
        return ["nsenter", "-t", str(self.init), *spaces, "--", *command]

    def kubectl(self, *command, stdin=None):
        """What kubectl prints; an AssertionError with what it complains of when it fails."""
        done = subprocess.run(self.command(os.path.join(self.programs, "kubectl"), *command),
                              input=stdin or "", text=True, capture_output=True,
                              env=self.environment, timeout=settings.START_S)
        if done.returncode:
            raise AssertionError(f"kubectl {' '.join(command)}: {done.stderr.strip()}")
        return done.stdout
