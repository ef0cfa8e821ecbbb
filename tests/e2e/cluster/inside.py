# SPDX-License-Identifier: MIT
"""Process 1 of a cluster's namespaces: mounts, network, daemons.

    python3 -m cluster.inside PLAN.json

When it ends, the kernel ends every process in the namespaces and drops mounts and network with
them. It ends when a daemon does, so that a broken cluster never looks like a working one. The plan
is {"state": folder, "images": [paths], "first": {name: command}, "then": {name: command}}; "then"
is what needs the API server.
"""
import json
import os
import subprocess
import sys

from . import daemons, requirements, settings, wait

LAST_WORDS = 500  # characters of its log that are told when a daemon ends

# A kubelet sets these for the whole machine. Here it sets files that only the namespace sees.
MACHINE_SETTINGS = ("vm/overcommit_memory", "vm/panic_on_oom", "kernel/panic",
                    "kernel/panic_on_oops", "kernel/keys/root_maxkeys",
                    "kernel/keys/root_maxbytes")


def run(*command):
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        raise settings.Problem(f"{' '.join(command)}: {done.stderr.strip()}")


def write(text, path):
    with open(path, "w", encoding="ascii") as file:
        file.write(text)


def own_machine_settings():
    os.makedirs("/run/machine")
    for name in MACHINE_SETTINGS:
        path, own = f"/proc/sys/{name}", f"/run/machine/{name.replace('/', '.')}"
        with open(path, encoding="ascii") as file:
            write(file.read(), own)
        run("mount", "--bind", own, path)


def mount():
    run("mount", "--make-rshared", "/")  # pods' mounts have to reach the kubelet and come back
    for folder in requirements.PRIVATE_FOLDERS:
        run("mount", "-t", "tmpfs", "tmpfs", folder)
    os.makedirs("/run/netns")
    # An image that is not here is missed at once, not after asking a name server out of reach.
    if os.path.exists("/etc/resolv.conf"):
        write("", "/run/resolv.conf")
        run("mount", "--bind", "/run/resolv.conf", os.path.realpath("/etc/resolv.conf"))
    own_machine_settings()


def connect():
    """The node's address is on lo. Services need some route to exist before they are translated."""
    run("ip", "link", "set", "lo", "up")
    run("ip", "address", "add", f"{settings.NODE_ADDRESS}/32", "dev", "lo")
    run("ip", "link", "add", settings.POD_BRIDGE, "type", "bridge")
    run("ip", "address", "add", f"{settings.POD_GATEWAY}/24", "dev", settings.POD_BRIDGE)
    run("ip", "link", "set", settings.POD_BRIDGE, "up")
    run("ip", "route", "add", "default", "dev", settings.POD_BRIDGE, "src", settings.NODE_ADDRESS)
    write("1", "/proc/sys/net/ipv4/ip_forward")
    write("1", "/proc/sys/net/bridge/bridge-nf-call-iptables")


class Daemons:
    def __init__(self, state):
        self.state, self.names = state, {}

    def start(self, name, command):
        with open(os.path.join(self.state, f"{name}.log"), "wb") as log:
            process = subprocess.Popen(command, cwd=self.state, stdin=subprocess.DEVNULL,
                                       stdout=log, stderr=log)
        self.names[process.pid] = name

    def wait_for_the_first_to_end(self):
        """Orphans of the namespace are children of process 1 too; they are reaped on the way."""
        while True:
            pid, status = os.wait()
            if pid in self.names:
                return self.names[pid], os.waitstatus_to_exitcode(status)


def main():
    with open(sys.argv[1], encoding="utf-8") as file:
        plan = json.load(file)
    state = plan["state"]
    mount()
    connect()
    running = Daemons(state)
    for name, command in plan["first"].items():
        running.start(name, command)
    wait.until(lambda: os.path.exists(daemons.CONTAINERD_SOCKET), "containerd's socket")
    for image in plan["images"]:
        run("ctr", "-n", "k8s.io", "images", "import", image)
    wait.until(lambda: wait.apiserver_is_ready(state, "127.0.0.1", settings.API_PORT),
               "a ready API server")
    for name, command in plan["then"].items():
        running.start(name, command)
    print("started", flush=True)
    name, code = running.wait_for_the_first_to_end()
    sys.exit(f"{name} ended ({code}): {wait.tail(os.path.join(state, f'{name}.log'), LAST_WORDS)}")


if __name__ == "__main__":
    try:
        main()
    except settings.Problem as problem:
        sys.exit(str(problem))
