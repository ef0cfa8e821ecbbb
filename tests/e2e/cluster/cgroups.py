# SPDX-License-Identifier: MIT
"""The cluster's own subtree of control groups, version 1 or 2. Pods are in it, the daemons not."""
import os
import time

from . import settings

ROOT = "/sys/fs/cgroup"
VERSION_1 = ("cpu", "cpuacct", "cpuset", "memory", "devices", "freezer", "blkio", "pids")
NAMED = ("systemd", "unified")  # no controllers, but runc makes groups there too
# Pods come before the machine's other work: what they use is what gets measured and scaled.
WEIGHT = 8
VERSION_2 = ("cpu", "cpuset", "memory", "io", "pids")


def is_version_2():
    return os.path.exists(os.path.join(ROOT, "cgroup.controllers"))


def read(*path):
    with open(os.path.join(*path), encoding="ascii") as file:
        return file.read()


def write(text, *path):
    with open(os.path.join(*path), "w", encoding="ascii") as file:
        file.write(text)


def missing():
    """Names of the controllers that a kubelet needs and this machine does not offer."""
    if is_version_2():
        offered = read(ROOT, "cgroup.controllers").split()
        return [name for name in VERSION_2 if name not in offered]
    return [name for name in VERSION_1 if not os.path.isdir(os.path.join(ROOT, name))]


def subtrees():
    """The cluster's folder in each hierarchy that Kubernetes uses."""
    if is_version_2():
        return [os.path.join(ROOT, settings.CGROUP)]
    names = [name for name in (*VERSION_1, *NAMED) if os.path.isdir(os.path.join(ROOT, name))]
    return [os.path.join(ROOT, name, settings.CGROUP) for name in names]


def create():
    for folder in subtrees():
        os.makedirs(folder, exist_ok=True)
    if is_version_2():
        enable = " ".join(f"+{name}" for name in VERSION_2)
        write(enable, ROOT, "cgroup.subtree_control")
        write(enable, ROOT, settings.CGROUP, "cgroup.subtree_control")
        write(str(WEIGHT * 100), ROOT, settings.CGROUP, "cpu.weight")
        return
    write(str(WEIGHT * 1024), ROOT, "cpu", settings.CGROUP, "cpu.shares")
    for name in ("cpuset.cpus", "cpuset.mems"):  # in version 1 a new group has none
        write(read(ROOT, "cpuset", name), ROOT, "cpuset", settings.CGROUP, name)


def remove_one(folder):
    """Removes a group and those in it; False while a process that is ending is still in one."""
    for path, _, _ in os.walk(folder, topdown=False):
        try:
            os.rmdir(path)
        except OSError:
            return False
    return True


def remove():
    """Returns what could not be removed in time."""
    until = time.monotonic() + settings.STOP_S
    left = [folder for folder in subtrees() if os.path.isdir(folder)]
    while left and time.monotonic() < until:
        left = [folder for folder in left if not remove_one(folder)]
        if left:
            time.sleep(0.05)
    return left
