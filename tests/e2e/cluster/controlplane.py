# SPDX-License-Identifier: MIT
"""etcd, API server and controllers as plain processes on the loopback address. No root, no pods.

    with ControlPlane() as c:
        c.kubectl("create", "namespace", "lab")
        subprocess.run(["some-client"], env=c.environment)     # KUBECONFIG and PATH are set

Any number may run at once. Everything of one is in a folder of its own and ends with the block, or
with the process that started it, however that ends. An extension API server on this machine's
loopback address is registered with an APIService whose Service is of type ExternalName with the
name `localhost`.
"""
import os
import shutil
import socket
import subprocess
import sys
import tempfile

from . import build, daemons, identities, settings, wait
from .access import Access

LOOPBACK = "127.0.0.1"
PORT_TRIES = 3  # a free port may be taken between being found and being used


def say_on_stderr(text):
    print(f"... {text}", file=sys.stderr, flush=True)


def free_port():
    with socket.socket() as probe:
        probe.bind((LOOPBACK, 0))
        return probe.getsockname()[1]


class ControlPlane(Access):
    """apiserver and controllers are more flags for these two; controllers=None starts none.

    folder is the state folder (default: a new one below /tmp, removed at the end). Files in it, for
    tests: admin.conf, ca.crt, front-proxy-ca.crt (the request-header authority),
    front-proxy-client.crt and .key (what the API server shows to extension API servers), and
    NAME.log of each daemon.
    """

    def __init__(self, folder=None, apiserver=(), controllers=(), say=say_on_stderr):
        super().__init__()
        self.given_folder, self.say = folder, say
        self.flags = {"kube-apiserver": apiserver, "kube-controller-manager": controllers}
        self.processes = {}

    def __enter__(self):
        wanted = [program for program in build.CONTROL_PLANE
                  if self.flags.get(program, ()) is not None]
        self.paths = build.locate(wanted, self.say)
        self.programs = os.path.dirname(self.paths["kubectl"])
        self.folder = self.given_folder or tempfile.mkdtemp(prefix="swell-control-plane-")
        try:
            self._start()
            return self
        except BaseException:
            self.__exit__()
            raise

    def __exit__(self, *_):
        for process in reversed(self.processes.values()):  # etcd last: the others write to it
            process.terminate()
            try:
                process.wait(settings.STOP_S)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        self.processes.clear()
        if not self.given_folder:
            shutil.rmtree(self.folder)

    def _start(self):
        self._launch("etcd", daemons.etcd())
        for _ in range(PORT_TRIES):
            self.port = free_port()
            self.server = f"https://{LOOPBACK}:{self.port}"
            identities.make_control_plane(self.folder, self.server)
            # Endpoints may not name a loopback address, so there is nothing to reconcile.
            self._launch("kube-apiserver", [*daemons.apiserver(LOOPBACK, self.port),
                                            "--endpoint-reconciler-type=none"])
            if wait.until(self._apiserver_state, "a ready API server") == "ready":
                break
        else:
            raise settings.Problem(f"the API server found no free port in {PORT_TRIES} tries")
        if self.flags["kube-controller-manager"] is not None:
            self._launch("kube-controller-manager", [*daemons.controllers(), "--secure-port=0"])

    def _launch(self, name, flags):
        command = [self.paths[name], *flags, *self.flags.get(name, ())]
        with open(self.path(f"{name}.log"), "wb") as log:
            # setpriv: the kernel ends it when the thread that started it is gone, however it went.
            self.processes[name] = subprocess.Popen(
                ["setpriv", "--pdeathsig", "KILL", "--", *command], cwd=self.folder,
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True)

    def _log(self, name):
        return wait.tail(self.path(f"{name}.log"))

    def _apiserver_state(self):
        """"ready", "port taken", or None while it starts."""
        self._complain_when_ended("etcd")
        if self.processes["kube-apiserver"].poll() is None:
            ready = wait.apiserver_is_ready(self.folder, LOOPBACK, self.port)
            return "ready" if ready else None
        if "address already in use" not in self._log("kube-apiserver"):
            self._complain_when_ended("kube-apiserver")
        return "port taken"

    def _complain_when_ended(self, name):
        if self.processes[name].poll() is not None:
            raise settings.Problem(f"{name} ended; its log ends:\n{self._log(name)}")

    def wait(self):
        """Returns never: raises a Problem when a daemon ends."""
        pid, _ = os.wait()
        for name, process in self.processes.items():
            if process.pid == pid:
                raise settings.Problem(f"{name} ended; its log ends:\n{self._log(name)}")
