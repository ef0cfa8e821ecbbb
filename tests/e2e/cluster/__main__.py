# SPDX-License-Identifier: MIT
"""`./swell cluster`: one cluster, started, used and stopped."""
import argparse
import contextlib
import fcntl
import os
import shutil
import signal
import subprocess
import sys
import time

from . import cgroups, settings, wait
from .access import Access
from .daemons import CONTAINERD_SOCKET
from .supervisor import READY


def say(text):
    print(f"... {text}", file=sys.stderr, flush=True)


def lock_file():
    os.makedirs(settings.CACHE, exist_ok=True)
    return os.fdopen(os.open(settings.LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600), "r+")


def take(lock):
    """False when another holds it: a cluster is up, or starting."""
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return True
    except BlockingIOError:
        return False


def clear_up():
    """What a supervisor that was killed left: it holds no process, as those end with it."""
    cgroups.remove()
    shutil.rmtree(settings.STATE, ignore_errors=True)


def start_supervisor(lock, flags):
    """It inherits the lock as its standard input, and its pid is written there for `down`."""
    supervisor = subprocess.Popen(
        [sys.executable, "-m", "cluster.supervisor", *flags], stdin=lock, stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT, text=True, cwd=os.path.dirname(settings.HERE),
        start_new_session=True)
    lock.truncate(0)
    lock.write(str(supervisor.pid))
    lock.flush()
    return supervisor


def up(args):
    flags = [flag for flag, given in (("--control-plane-only", args.control_plane_only),
                                      ("--quick", args.quick)) if given]
    begin = time.monotonic()
    with lock_file() as lock:
        if not take(lock):
            raise settings.Problem(f"a cluster is up already, or starting (pid {lock.read()}): "
                                   "./swell cluster down stops it")
        clear_up()
        supervisor = start_supervisor(lock, flags)
    try:
        for line in supervisor.stdout:
            if line.strip() == READY:
                say(f"up after {time.monotonic() - begin:.0f} s; ./swell cluster kubectl get pods -A")
                return 0
            say(line.rstrip())
    except BaseException:
        supervisor.send_signal(signal.SIGTERM)
        raise
    finally:
        supervisor.stdout.close()
    return supervisor.wait() or 1


def down(_):
    with lock_file() as lock:
        if not take(lock):
            with contextlib.suppress(ProcessLookupError):
                os.kill(int(lock.read()), signal.SIGTERM)
            wait.until(lambda: take(lock), "the cluster's end", settings.STOP_S)
            say("down")
        clear_up()
    return 0


def status(_):
    access = Access.load()
    print(access.kubectl("get", "nodes,pods", "--all-namespaces", "-o", "wide"), end="")
    return 0


def kubectl(args):
    return run_in(["kubectl", *args.command])


def run_in(command, **more):
    access = Access.load()
    command = access.command(*command, **more)
    try:
        os.execvpe(command[0], command, access.environment)
    except OSError as error:
        raise settings.Problem(f"{command[0]}: {error.strerror}") from None


def execute(args):
    return run_in(args.command or [os.environ.get("SHELL", "/bin/sh")])


def load(args):
    access = Access.load()
    if access.init is None:
        raise settings.Problem("a control plane alone runs no pods, so it needs no images")
    for archive in args.archives:
        done = subprocess.run(
            access.command("ctr", "-a", CONTAINERD_SOCKET, "-n", "k8s.io", "images", "import",
                           os.path.abspath(archive), mounts=True),
            capture_output=True, text=True)
        if done.returncode:
            raise settings.Problem(f"{archive}: {done.stderr.strip()}")
        print(done.stdout, end="")
    return 0


def parser():
    top = argparse.ArgumentParser(
        prog="swell cluster", description="A real one-node Kubernetes without Docker, virtual "
        "machine or registry. Programs, images and state are in SWELL_CLUSTER_CACHE "
        f"(now {settings.CACHE}).")
    commands = top.add_subparsers(dest="name", required=True, metavar="COMMAND")

    def command(name, run, text):
        one = commands.add_parser(name, help=text, description=text)
        one.set_defaults(run=run)
        return one

    start = command("up", up, "start it; the first time builds Kubernetes")
    start.add_argument("--control-plane-only", action="store_true",
                       help="etcd, API server and controllers on the loopback address; no root")
    start.add_argument("--quick", action="store_true",
                       help="autoscaling in seconds: " + ", ".join(
                           flag.removeprefix("--horizontal-pod-autoscaler-")
                           for flag in settings.QUICK_CONTROLLERS))
    command("down", down, "stop it; nothing is left but the cache")
    command("status", status, "show nodes and pods")
    command("kubectl", kubectl, "run kubectl on it").add_argument(
        "command", nargs=argparse.REMAINDER)
    command("exec", execute, "run a command in its network, with KUBECONFIG and kubectl; "
            "a shell without one").add_argument("command", nargs=argparse.REMAINDER)
    command("load", load, "give it container images").add_argument(
        "archives", nargs="+", metavar="IMAGE.tar")
    return top


def main():
    args = parser().parse_args()
    try:
        return args.run(args)
    except (settings.Problem, AssertionError) as problem:
        print(f"swell cluster: {problem}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    sys.exit(main())
