# SPDX-License-Identifier: MIT
"""What a whole cluster needs of the machine; each lack is said with how to mend it."""
import os
import shutil
import subprocess
import sys

from . import cgroups, settings

TOOLS = {  # by the Debian package
    "containerd": ["containerd", "ctr"], "runc": ["runc"], "iproute2": ["ip"], "nftables": ["nft"],
    "iptables": ["iptables"], "conntrack": ["conntrack"], "openssl": ["openssl"],
    "util-linux": ["unshare", "nsenter", "setpriv", "mount"], "busybox": ["busybox"],
    "gcc": ["gcc"],
}
# The namespaces get empty ones of these: nothing is seen of the machine's, and nothing stays.
PRIVATE_FOLDERS = ("/run", "/var/log", "/var/lib")
MODULES = {  # by kernel module: where to see that it is there
    "overlay": lambda: "overlay" in cgroups.read("/proc/filesystems"),
    "br_netfilter": lambda: os.path.isdir("/proc/sys/net/bridge"),
}


def tools_missing():
    found = [package for package, names in TOOLS.items()
             if not all(shutil.which(name) for name in names)]
    if not os.path.exists(os.path.join(settings.CNI_PLUGINS, "bridge")):
        found.append("containernetworking-plugins")
    return found


def kernel_lacks(name, present):
    if present():
        return False
    if shutil.which("modprobe"):
        subprocess.run(["modprobe", name], capture_output=True, check=False)
    return not present()


def nftables_fail():
    """Tries in namespaces of its own, where it changes nothing of the machine's."""
    return subprocess.run(["unshare", "--net", "nft", "add table ip swell; add chain ip swell c "
                           "{ type nat hook prerouting priority 0; }"],
                          capture_output=True, check=False).returncode != 0


def problems():
    """One sentence for each lack, root first: the others cannot be seen without it."""
    if sys.platform != "linux":
        yield "a cluster needs Linux; on another system use kind or minikube"
        return
    if os.geteuid() != 0:
        yield "a cluster's namespaces, mounts and control groups need root; try with sudo"
        return
    packages = tools_missing()
    if packages:
        yield f"these Debian packages are missing: {' '.join(packages)} (./swell install cluster)"
        return
    controllers = cgroups.missing()
    if controllers:
        yield (f"the kernel offers no cgroup controllers {', '.join(controllers)} in "
               f"{cgroups.ROOT}: pods could not be limited or measured")
    for name, present in MODULES.items():
        if kernel_lacks(name, present):
            yield f"the kernel has no '{name}', and modprobe could not load it"
    if nftables_fail():
        yield "nftables do not work in a network namespace here, and Services are made of them"
    for folder in PRIVATE_FOLDERS:
        if settings.CACHE.startswith(f"{folder}/"):
            yield (f"the cache {settings.CACHE} may not be below {folder}, which the cluster hides "
                   "from itself: set SWELL_CLUSTER_CACHE")


def check():
    found = list(problems())
    if found:
        raise settings.Problem("; ".join(found))
