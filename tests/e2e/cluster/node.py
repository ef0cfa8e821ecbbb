# SPDX-License-Identifier: MIT
"""The whole cluster: one node in pid, network and mount namespaces of its own.

Nothing of it is seen on the machine but processes, the state folder and a subtree of control
groups. All ends with process 1 of the namespaces (inside.py), which ends with the process that
started this.
"""
import contextlib
import json
import os
import signal
import subprocess
import sys
import time

from . import addons, build, cgroups, daemons, identities, images, requirements, settings, wait
from .access import Access

SERVER = f"https://{settings.NODE_ADDRESS}:{settings.API_PORT}"


class Node(Access):
    """say(text) gets the progress; controllers are more flags for kube-controller-manager.

    cpus is how many CPUs pods may request.
    """

    def __init__(self, say, controllers=(), cpus=os.cpu_count()):
        super().__init__(settings.STATE, settings.PROGRAMS)
        self.say, self.controllers, self.cpus, self.process = say, controllers, cpus, None

    def __enter__(self):
        requirements.check()
        build.build(build.NODE, self.say)
        self.images = images.ensure(self.say)
        self.manifests = addons.ensure()
        self.begin = time.monotonic()
        try:
            self._start()
            return self
        except BaseException:
            self.__exit__()
            raise

    def __exit__(self, *_):
        if self.init:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.init, signal.SIGKILL)
        elif self.process:
            self.process.kill()
        if self.process:
            self.process.wait()
            self.process.stdout.close()
        left = cgroups.remove()
        if left:
            self.say(f"could not remove {' '.join(left)}")

    def _progress(self, text):
        self.say(f"{time.monotonic() - self.begin:5.1f} s  {text}")

    def _start(self):
        authority = identities.make_control_plane(self.folder, SERVER)
        identities.make_node(authority, SERVER)
        daemons.write_configuration(self.folder, self.cpus)
        self._progress("certificates and configuration written")
        cgroups.create()
        self._enter_namespaces()
        self._progress("API server ready, images loaded")
        self._wait_for_node()
        self._progress("node ready")
        self._wait_for("create", "serviceaccount/default")
        self._progress("controllers ready")
        addons.start(self, self.manifests, self._progress)

    def _wait_for_node(self):
        node = f"node/{settings.NODE}"
        self._wait_for("create", node)
        self._wait_for("condition=Ready", node)

    def _wait_for(self, condition, name):
        self.kubectl("wait", f"--for={condition}", name, f"--timeout={settings.START_S}s")

    def _enter_namespaces(self):
        with open(self.path("plan.json"), "w", encoding="utf-8") as file:
            json.dump(self._plan(), file, indent=1)
        with open(self.path("inside.log"), "wb") as log:
            self.process = subprocess.Popen(
                ["setpriv", "--pdeathsig", "KILL", "--",
                 "unshare", "--net", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc",
                 "--propagation", "private",
                 sys.executable, "-m", "cluster.inside", self.path("plan.json")],
                cwd=os.path.dirname(settings.HERE), stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE, stderr=log, start_new_session=True)
        self.init = wait.until(self._child, "process 1 of the namespaces")
        if self.process.stdout.readline() != b"started\n":
            raise settings.Problem(f"it did not start: {wait.tail(self.path('inside.log'))}")

    def _child(self):
        pid = self.process.pid
        with open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as file:
            children = file.read().split()
        return int(children[0]) if children else None

    def _plan(self):
        def line(program, *flags):
            return [build.path_of(program), *flags]

        first = {
            "containerd": ["containerd", "--config=containerd.toml"],
            "etcd": line("etcd", *daemons.etcd()),
            "kube-apiserver": line(
                "kube-apiserver", *daemons.apiserver("0.0.0.0", settings.API_PORT),
                *daemons.kubelet_client(), f"--advertise-address={settings.NODE_ADDRESS}")}
        then = {
            "kube-controller-manager": line("kube-controller-manager", *daemons.controllers(),
                                            *self.controllers),
            "kube-scheduler": line("kube-scheduler", *daemons.scheduler()),
            "kubelet": line("kubelet", *daemons.kubelet(self.folder)),
            "kube-proxy": line("kube-proxy", "--config=proxy.json")}
        return {"state": self.folder, "images": self.images, "first": first, "then": then}

    def wait(self):
        """Returns never: raises a Problem when the cluster ends."""
        self.process.wait()
        raise settings.Problem(f"the cluster ended: {wait.tail(self.path('inside.log'))}")
