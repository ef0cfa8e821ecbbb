# SPDX-License-Identifier: MIT
"""`./swell cluster`: one cluster, started, used and stopped."""
import argparse
import contextlib
import fcntl
import json
import os
import shutil
import signal
import subprocess
import sys
import time

from . import build, cgroups, processes, requirements, settings, wait
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


def start_supervisor(lock, options):
    """It inherits the lock as its standard input, and its pid is written there for `down`."""
    supervisor = subprocess.Popen(
        [sys.executable, "-m", "cluster.supervisor", json.dumps(options)], text=True, stdin=lock,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, cwd=os.path.dirname(settings.HERE),
        start_new_session=True)
    lock.truncate(0)
    lock.write(str(supervisor.pid))
    lock.flush()
    return supervisor


def up(args):
    options = {"control_plane_only": args.control_plane_only, "quick": args.quick,
               "cpus": args.cpus}
    begin = time.monotonic()
    with lock_file() as lock:
        if not take(lock):
            raise settings.Problem(f"a cluster is up already, or starting (pid {lock.read()}): "
                                   "./swell cluster down stops it")
        clear_up()
        supervisor = start_supervisor(lock, options)
    try:
        for line in supervisor.stdout:
            if line.strip() == READY:
                say(f"up after {time.monotonic() - begin:.0f} s; try ./swell cluster status")
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
    print(access.kubectl("get", "nodes,pods", "--all-namespaces", "-o", "wide"))
    if access.init:
        print_parts(processes.parts(access.init))
    return 0


def print_parts(parts):
    print(f"{'PROGRAM':25}{'PROCESSES':>9}{'MEMORY':>12}{'CPU TIME':>11}{'STARTED AFTER':>15}")
    for part in parts:
        print(f"{part.program:25}{part.processes:9}{part.memory_mib:8.1f} MiB{part.cpu_s:9.1f} s"
              f"{part.started_s:13.1f} s")
    print(f"{'all':25}{sum(part.processes for part in parts):9}"
          f"{sum(part.memory_mib for part in parts):8.1f} MiB"
          f"{sum(part.cpu_s for part in parts):9.1f} s")


def run_in_cluster(command):
    access = Access.load()
    command = access.command(*command)
    try:
        os.execvpe(command[0], command, access.environment)
    except OSError as error:
        raise settings.Problem(f"{command[0]}: {error.strerror}") from None


def kubectl(words):
    return run_in_cluster(["kubectl", *words])


def execute(words):
    return run_in_cluster(words or [os.environ.get("SHELL", "/bin/sh")])


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


def build_all(_):
    build.build((*build.NODE, *build.BESIDE), say)
    return 0


def check(args):
    if args.control_plane_only:
        ready = build.ready_made(build.CONTROL_PLANE)
        build.check([program for program in build.CONTROL_PLANE if program not in ready])
    else:
        requirements.check()
        build.check(build.NODE)
    say("this machine has what a cluster needs")
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
    start.add_argument("--cpus", type=int, default=os.cpu_count(), metavar="N",
                       help="how many CPUs pods may request (default: all, %(default)s)")
    able = command("check", check, "say whether this machine can have one, and what is missing")
    able.add_argument("--control-plane-only", action="store_true")
    command("build", build_all, "build all that `up` and ./swell e2e need, where it is missing")
    command("down", down, "stop it; nothing is left but the cache")
    command("status", status, "show nodes, pods, and memory and time of each program")
    command("kubectl", None, "run kubectl on it: all that follows is kubectl's")
    command("exec", None, "run a command in its network, where kubectl finds it; a shell without "
            "one: all that follows is the command")
    command("load", load, "give it container images").add_argument(
        "archives", nargs="+", metavar="IMAGE.tar")
    return top


# Their words are passed on as they are: a flag among them is not ours.
PASSED_ON = {"kubectl": kubectl, "exec": execute}


def main():
    name, *words = sys.argv[1:] or ["--help"]
    try:
        if name in PASSED_ON:
            return PASSED_ON[name](words)
        args = parser().parse_args([name, *words])
        return args.run(args)
    except (settings.Problem, AssertionError) as problem:
        print(f"swell cluster: {problem}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    sys.exit(main())
