# SPDX-License-Identifier: MIT
"""Builds the programs of a cluster from Go modules, once.

A program is built again when its module (go/*/go.mod, go.sum, sources), the flags or the version
of Go change. KUBEBUILDER_ASSETS, a folder of ready programs as Kubernetes' own test tools use it,
comes first for a control plane alone.
"""
import fcntl
import glob
import hashlib
import os
import re
import shutil
import subprocess
import threading
import time

from . import settings

# CGO off: static programs, which also run in an image without files; and nothing is compiled twice.
ENVIRONMENT = {"CGO_ENABLED": "0"}
PROGRESS_S = 15

MODULES = {  # by program: folder in go/, package
    "etcd": ("kubernetes", "go.etcd.io/etcd/server/v3"),
    "kube-apiserver": ("kubernetes", "k8s.io/kubernetes/cmd/kube-apiserver"),
    "kube-controller-manager": ("kubernetes", "k8s.io/kubernetes/cmd/kube-controller-manager"),
    "kubectl": ("kubernetes", "k8s.io/kubernetes/cmd/kubectl"),
    "kube-scheduler": ("kubernetes", "k8s.io/kubernetes/cmd/kube-scheduler"),
    "kubelet": ("kubernetes", "k8s.io/kubernetes/cmd/kubelet"),
    "kube-proxy": ("kubernetes", "k8s.io/kubernetes/cmd/kube-proxy"),
    "coredns": ("coredns", "swell/tests/e2e/cluster/coredns"),
    "metrics-server": ("metrics-server", "sigs.k8s.io/metrics-server/cmd/metrics-server"),
}
CONTROL_PLANE = ("etcd", "kube-apiserver", "kube-controller-manager", "kubectl")


def module_folder(program):
    return os.path.join(settings.HERE, "go", MODULES[program][0])


def go(folder, *command):
    done = subprocess.run(["go", *command], cwd=folder, capture_output=True, text=True,
                          env={**os.environ, **ENVIRONMENT})
    if done.returncode:
        raise settings.Problem(f"go {' '.join(command)}: {done.stderr.strip()}")
    return done.stdout.strip()


def go_version():
    wanted = ".".join(str(part) for part in settings.GO_VERSION)
    if not shutil.which("go"):
        raise settings.Problem(f"building Kubernetes needs Go {wanted} or later in PATH")
    version = go(settings.HERE, "env", "GOVERSION")
    found = re.match(r"go(\d+)\.(\d+)", version)
    if not found or (int(found[1]), int(found[2])) < settings.GO_VERSION:
        raise settings.Problem(f"building Kubernetes needs Go {wanted} or later, not {version}")
    return version


def module_version(folder, module):
    """The version of a module as go.mod has it, without asking Go: this runs at every start."""
    with open(os.path.join(folder, "go.mod"), encoding="ascii") as file:
        return re.search(rf"^\s*(?:require )?{re.escape(module)} (v\S+)", file.read(), re.M)[1]


def link_flags(program):
    """Kubernetes' programs report the version that its own build would stamp on them."""
    folder = module_folder(program)
    if not MODULES[program][1].startswith("k8s.io/kubernetes/"):
        return "-s -w"
    version = module_version(folder, "k8s.io/kubernetes")
    major, minor = re.match(r"v(\d+)\.(\d+)", version).groups()
    stamp = {"gitVersion": version, "gitMajor": major, "gitMinor": minor, "gitTreeState": "clean"}
    return "-s -w " + " ".join(f"-X k8s.io/component-base/version.{name}={value}"
                               for name, value in stamp.items())


def recipe(program, version):
    """A digest of all that decides what the program becomes."""
    digest = hashlib.sha256(f"{MODULES[program]} {version} {link_flags(program)}".encode())
    for path in sorted(glob.glob(os.path.join(module_folder(program), "*"))):
        with open(path, "rb") as file:
            digest.update(file.read())
    return digest.hexdigest()


def path_of(program):
    return os.path.join(settings.PROGRAMS, program)


def read(path):
    try:
        with open(path, encoding="ascii") as file:
            return file.read()
    except FileNotFoundError:
        return None


class Progress:
    """Counts the packages that `go build -v` names, and says so now and then."""

    def __init__(self, what, total, say):
        self.what, self.total, self.say = what, total, say
        self.done, self.start, self.lines = 0, time.monotonic(), []

    def follow(self, stream):
        spoke = time.monotonic()
        for line in stream:
            self.done += 1
            self.lines = [*self.lines[-40:], line]
            if time.monotonic() - spoke >= PROGRESS_S:
                spoke = time.monotonic()
                self.say(f"{self.what}: {min(self.done, self.total)} of {self.total} packages, "
                         f"{spoke - self.start:.0f} s")


def build_one(program, what, say):
    folder, package = module_folder(program), MODULES[program][1]
    stale = go(folder, "list", "-deps", "-f", "{{if .Stale}}{{.ImportPath}}{{end}}", package)
    progress = Progress(what, len(stale.split()), say)
    say(f"{what}: {progress.total} packages to compile")
    target = path_of(program)
    with subprocess.Popen(
            ["nice", "go", "build", "-v", "-buildvcs=false", "-ldflags", link_flags(program),
             "-o", f"{target}.new", package], cwd=folder, stderr=subprocess.PIPE, text=True,
            env={**os.environ, **ENVIRONMENT}) as compiler:
        reader = threading.Thread(target=progress.follow, args=(compiler.stderr,))
        reader.start()
        compiler.wait()
        reader.join()
    if compiler.returncode:
        raise settings.Problem(f"{program} did not build:\n{''.join(progress.lines)}")
    os.replace(f"{target}.new", target)
    say(f"{what}: built in {time.monotonic() - progress.start:.0f} s")


def outdated(programs):
    """{program: recipe} of those that are missing or were built from another recipe."""
    version = go_version()
    recipes = {program: recipe(program, version) for program in programs}
    return {program: wanted for program, wanted in recipes.items()
            if read(path_of(program) + ".recipe") != wanted}


def take_turns(lock, say):
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        say("waiting for another build in the same cache to end")
        fcntl.flock(lock, fcntl.LOCK_EX)


def build(programs, say):
    """Builds those that are missing or old."""
    if not outdated(programs):
        return
    os.makedirs(settings.PROGRAMS, exist_ok=True)
    with open(os.path.join(settings.CACHE, "build.lock"), "w", encoding="ascii") as lock:
        take_turns(lock, say)
        old = outdated(programs)
        if old:
            say(f"building {', '.join(old)} into {settings.PROGRAMS}; "
                "the first time takes 10 to 20 minutes on two cores")
        for number, (program, wanted) in enumerate(old.items(), 1):
            build_one(program, f"{program} ({number} of {len(old)})", say)
            with open(path_of(program) + ".recipe", "w", encoding="ascii") as file:
                file.write(wanted)


def locate(programs, say):
    """{program: path}: from KUBEBUILDER_ASSETS where it has them, the others built."""
    assets = os.environ.get("KUBEBUILDER_ASSETS")
    found = {}
    for program in programs if assets else ():
        path = os.path.join(assets, program)
        if os.access(path, os.X_OK):
            found[program] = path
    rest = [program for program in programs if program not in found]
    if found and rest:
        say(f"KUBEBUILDER_ASSETS={assets} has no {', '.join(rest)}")
    if rest:
        build(rest, say)
    return {program: found.get(program) or path_of(program) for program in programs}
