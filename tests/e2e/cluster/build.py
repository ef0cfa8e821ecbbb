# SPDX-License-Identifier: MIT
"""Builds the programs of a cluster, and those that tests compare ours with, once.

    python3 -m cluster.build PROGRAM...       says where they are

They come from one Go module (tests/go.mod), so there is one version of everything, and what two of
them share is compiled once. They are built again when the module, our sources, the flags or the
version of Go change. KUBEBUILDER_ASSETS, a folder of ready programs as Kubernetes' own test tools
use it, comes first for a control plane alone.
"""
import fcntl
import glob
import hashlib
import os
import re
import shutil
import subprocess
import sys
import tempfile
import threading
import time

from . import settings

# CGO off: static programs, which also run in an image without files; and nothing is compiled twice.
ENVIRONMENT = {"CGO_ENABLED": "0"}
PROGRESS_S = 15

OURS = "swell/tests/"  # begins the name of a package that is in the tree
PACKAGES = {  # by executable
    "kubernetes": f"{OURS}e2e/cluster/kubernetes",
    "coredns": f"{OURS}e2e/cluster/coredns",
    "metrics-server": "sigs.k8s.io/metrics-server/cmd/metrics-server",
    "prometheus-adapter": f"{OURS}e2e/prometheus-adapter",
}
CONTROL_PLANE = ("etcd", "kube-apiserver", "kube-controller-manager", "kubectl")
# Links to the executable kubernetes, which is what it is called.
KUBERNETES = (*CONTROL_PLANE, "kube-scheduler", "kubelet", "kube-proxy")
NODE = (*KUBERNETES, "coredns", "metrics-server")
BESIDE = ("prometheus-adapter",)  # what tests compare ours with


def executable_of(program):
    return "kubernetes" if program in KUBERNETES else program


def go(*command):
    """What Go prints, asked in the module."""
    done = subprocess.run(["go", *command], cwd=settings.GO_MODULE, capture_output=True, text=True,
                          env={**os.environ, **ENVIRONMENT})
    if done.returncode:
        raise settings.Problem(f"go {' '.join(command)}: {done.stderr.strip()}")
    return done.stdout.strip()


def go_version():
    wanted = ".".join(str(part) for part in settings.GO_VERSION)
    if not shutil.which("go"):
        raise settings.Problem(f"building Kubernetes needs Go {wanted} or later in PATH")
    version = go("env", "GOVERSION")
    found = re.match(r"go(\d+)\.(\d+)", version)
    if not found or (int(found[1]), int(found[2])) < settings.GO_VERSION:
        raise settings.Problem(f"building Kubernetes needs Go {wanted} or later, not {version}")
    return version


def module_version(module):
    """The version of a module as go.mod has it, without asking Go: this runs at every start."""
    with open(os.path.join(settings.GO_MODULE, "go.mod"), encoding="ascii") as file:
        return re.search(rf"^\s*{re.escape(module)} (v\S+)", file.read(), re.M)[1]


def link_flags():
    """Kubernetes' programs report the version that its own build would stamp on them."""
    version = module_version("k8s.io/kubernetes")
    major, minor = re.match(r"v(\d+)\.(\d+)", version).groups()
    stamp = {"gitVersion": version, "gitMajor": major, "gitMinor": minor, "gitTreeState": "clean"}
    return "-s -w " + " ".join(f"-X k8s.io/component-base/version.{name}={value}"
                               for name, value in stamp.items())


def sources(executable):
    """The files in the tree that decide what it becomes."""
    patterns = ["go.mod", "go.sum"]
    if PACKAGES[executable].startswith(OURS):
        patterns.append(os.path.join(PACKAGES[executable].removeprefix(OURS), "*.go"))
    return [path for pattern in patterns
            for path in sorted(glob.glob(os.path.join(settings.GO_MODULE, pattern)))]


def recipe(executable, version):
    """A digest of all that decides what the executable becomes."""
    digest = hashlib.sha256(f"{PACKAGES[executable]} {version} {link_flags()}".encode())
    for path in sources(executable):
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


def check(programs):
    """A Problem when those that are missing could not be built: no Go, or no modules."""
    packages = [PACKAGES[executable] for executable in outdated(programs)]
    if packages:
        go("list", "-deps", *packages)


class Progress:
    """Counts the packages that `go build -v` names, and says so now and then."""

    def __init__(self, total, say):
        self.total, self.say = total, say
        self.done, self.start, self.lines = 0, time.monotonic(), []

    def follow(self, stream):
        spoke = time.monotonic()
        for line in stream:
            self.done += 1
            self.lines = [*self.lines[-40:], line]
            if time.monotonic() - spoke >= PROGRESS_S:
                spoke = time.monotonic()
                self.say(f"{min(self.done, self.total)} of {self.total} packages, "
                         f"{spoke - self.start:.0f} s")


def compile_into(folder, executables, say):
    """All at once: one is compiled while another is linked."""
    packages = [PACKAGES[executable] for executable in executables]
    stale = go("list", "-buildvcs=false", "-deps", "-f", "{{if .Stale}}{{.ImportPath}}{{end}}",
               *packages)
    progress = Progress(len(stale.split()), say)
    say(f"{progress.total} packages to compile")
    command = ["setpriv", "--pdeathsig", "TERM", "nice", "go", "build", "-v", "-buildvcs=false",
               "-ldflags", link_flags(), "-o", f"{folder}/", *packages]
    with subprocess.Popen(command, cwd=settings.GO_MODULE, stderr=subprocess.PIPE, text=True,
                          env={**os.environ, **ENVIRONMENT}) as compiler:
        reader = threading.Thread(target=progress.follow, args=(compiler.stderr,))
        reader.start()
        compiler.wait()
        reader.join()
    if compiler.returncode:
        raise settings.Problem(f"they did not build:\n{''.join(progress.lines)}")
    say(f"built in {time.monotonic() - progress.start:.0f} s")


def put_in_place(folder, executable, wanted):
    """The recipe last: without it the executable counts as old."""
    os.replace(os.path.join(folder, executable), path_of(executable))
    for link in KUBERNETES if executable == "kubernetes" else ():
        if not os.path.islink(path_of(link)):
            os.symlink(executable, path_of(link))
    with open(path_of(executable) + ".recipe", "w", encoding="ascii") as file:
        file.write(wanted)


def outdated(programs):
    """{executable: recipe} of those that are missing or were built from another recipe."""
    version = go_version()
    recipes = {name: recipe(name, version) for name in map(executable_of, programs)}
    return {name: wanted for name, wanted in recipes.items()
            if read(path_of(name) + ".recipe") != wanted}


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
        if not old:
            return
        say(f"building {', '.join(old)} into {settings.PROGRAMS}; "
            "the first time takes some ten minutes on two cores")
        with tempfile.TemporaryDirectory(dir=settings.PROGRAMS) as folder:
            compile_into(folder, old, say)
            for executable, wanted in old.items():
                put_in_place(folder, executable, wanted)


def ready_made(programs):
    """{program: path} of those that KUBEBUILDER_ASSETS has."""
    assets = os.environ.get("KUBEBUILDER_ASSETS")
    paths = {program: os.path.join(assets, program) for program in programs if assets}
    return {program: path for program, path in paths.items() if os.access(path, os.X_OK)}


def locate(programs, say):
    """{program: path}: from KUBEBUILDER_ASSETS where it has them, the others built."""
    found = ready_made(programs)
    rest = [program for program in programs if program not in found]
    if found and rest:
        say(f"KUBEBUILDER_ASSETS={os.environ['KUBEBUILDER_ASSETS']} has no {', '.join(rest)}")
    if rest:
        build(rest, say)
    return {program: found.get(program) or path_of(program) for program in programs}


def main():
    programs = sys.argv[1:]
    build(programs, lambda text: print(f"... {text}", file=sys.stderr, flush=True))
    print("\n".join(path_of(program) for program in programs))


if __name__ == "__main__":
    try:
        main()
    except settings.Problem as problem:
        sys.exit(f"build: {problem}")
