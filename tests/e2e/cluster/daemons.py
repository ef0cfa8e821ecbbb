# SPDX-License-Identifier: MIT
"""The daemons of a cluster: command lines and configuration files as data.

Each runs in the state folder, so most of what they share there is named without a path.
"""
import json
import os

from . import settings

ETCD_SOCKET = "unix://etcd.sock"  # a socket in the state folder: no port to be taken
CONTAINERD_SOCKET = "/run/containerd/containerd.sock"
SERVICE_ISSUER = "https://kubernetes.default.svc.cluster.local"
PAUSE_IMAGE = "swell/pause:1"

CONTAINERD = """version = 2
root = "{state}/containerd"
state = "/run/containerd"
disabled_plugins = ["io.containerd.snapshotter.v1.btrfs", "io.containerd.snapshotter.v1.zfs",
  "io.containerd.snapshotter.v1.devmapper", "io.containerd.snapshotter.v1.aufs",
  "io.containerd.internal.v1.opt"]
[grpc]
  address = "{socket}"
[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "{pause}"
  # Without CAP_SYS_RESOURCE a score below our own is refused, and pods would not start.
  restrict_oom_score_adj = true
  disable_apparmor = true
  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = "{plugins}"
    conf_dir = "{state}/cni"
  [plugins."io.containerd.grpc.v1.cri".containerd]
    snapshotter = "overlayfs"
"""


def etcd():
    """It insists on advertising a port that nobody asks for. Nothing has to survive a power cut."""
    return ["--data-dir=etcd", f"--listen-client-urls={ETCD_SOCKET}",
            "--advertise-client-urls=http://localhost:2379",
            "--listen-peer-urls=unix://etcd-peer.sock", "--unsafe-no-fsync"]


def apiserver(address, port):
    """The front-proxy flags make it an aggregator: extension API servers can trust what it says."""
    return [f"--etcd-servers={ETCD_SOCKET}", f"--bind-address={address}", f"--secure-port={port}",
            "--allow-privileged=true", "--authorization-mode=Node,RBAC",
            "--enable-admission-plugins=NodeRestriction", "--client-ca-file=ca.crt",
            "--tls-cert-file=apiserver.crt", "--tls-private-key-file=apiserver.key",
            "--service-account-key-file=service-accounts.key",
            "--service-account-signing-key-file=service-accounts.key",
            f"--service-account-issuer={SERVICE_ISSUER}",
            "--requestheader-client-ca-file=front-proxy-ca.crt",
            "--requestheader-allowed-names=front-proxy-client",
            "--requestheader-username-headers=X-Remote-User",
            "--requestheader-group-headers=X-Remote-Group",
            "--requestheader-extra-headers-prefix=X-Remote-Extra-",
            "--proxy-client-cert-file=front-proxy-client.crt",
            "--proxy-client-key-file=front-proxy-client.key",
            f"--service-cluster-ip-range={settings.SERVICE_RANGE}"]


def kubelet_client():
    """More flags of an API server that has a node: how it asks the kubelet for logs and exec."""
    return ["--kubelet-client-certificate=kubelet-client.crt",
            "--kubelet-client-key=kubelet-client.key", "--kubelet-certificate-authority=ca.crt",
            "--kubelet-preferred-address-types=InternalIP"]


def controllers():
    return ["--kubeconfig=controllers.conf", "--authentication-kubeconfig=controllers.conf",
            "--authorization-kubeconfig=controllers.conf", "--leader-elect=false",
            "--service-account-private-key-file=service-accounts.key", "--root-ca-file=ca.crt",
            "--use-service-account-credentials=true", "--flex-volume-plugin-dir=volume-plugins"]


def scheduler():
    return ["--kubeconfig=scheduler.conf", "--authentication-kubeconfig=scheduler.conf",
            "--authorization-kubeconfig=scheduler.conf", "--leader-elect=false"]


def kubelet(state):
    return ["--config=kubelet.json", "--kubeconfig=node.conf", f"--node-ip={settings.NODE_ADDRESS}",
            f"--hostname-override={settings.NODE}", f"--root-dir={state}/kubelet",
            f"--cert-dir={state}/kubelet/pki"]


def kubelet_settings(state, cpus):
    """cpus is what pods may request of it. syncFrequency is how soon pods see a changed ConfigMap.

    On a disk with reserved space the defaults would evict pods and remove images at once.
    """
    disk = {"nodefs.available": "1%", "nodefs.inodesFree": "1%", "imagefs.available": "1%"}
    reserved = max(0, os.cpu_count() - cpus)
    return {
        "apiVersion": "kubelet.config.k8s.io/v1beta1", "kind": "KubeletConfiguration",
        "address": settings.NODE_ADDRESS, "healthzBindAddress": "127.0.0.1",
        "authentication": {"anonymous": {"enabled": False}, "webhook": {"enabled": True},
                           "x509": {"clientCAFile": f"{state}/ca.crt"}},
        "authorization": {"mode": "Webhook"},
        "tlsCertFile": f"{state}/node.crt", "tlsPrivateKeyFile": f"{state}/node.key",
        "containerRuntimeEndpoint": f"unix://{CONTAINERD_SOCKET}",
        "cgroupDriver": "cgroupfs", "cgroupRoot": f"/{settings.CGROUP}", "failCgroupV1": False,
        "failSwapOn": False, "oomScoreAdj": 0, "resolvConf": "", "staticPodPath": "",
        "clusterDNS": [settings.DNS_ADDRESS], "clusterDomain": "cluster.local",
        "volumePluginDir": f"{state}/volume-plugins", "registerNode": True, "syncFrequency": "10s",
        "evictionHard": {"memory.available": "100Mi", **disk}, "imageGCHighThresholdPercent": 100,
        "systemReserved": {"cpu": str(reserved)}}


def proxy_settings(state):
    """Zeros leave the machine's connection tracking as it is."""
    return {
        "apiVersion": "kubeproxy.config.k8s.io/v1alpha1", "kind": "KubeProxyConfiguration",
        "mode": "nftables", "clientConnection": {"kubeconfig": f"{state}/proxy.conf"},
        "hostnameOverride": settings.NODE, "bindAddress": "0.0.0.0",
        "healthzBindAddress": "127.0.0.1:10256", "metricsBindAddress": "127.0.0.1:10249",
        "detectLocalMode": "BridgeInterface",
        "detectLocal": {"bridgeInterface": settings.POD_BRIDGE},
        "conntrack": {"maxPerCore": 0, "min": 0, "tcpEstablishedTimeout": "0s",
                      "tcpCloseWaitTimeout": "0s"}}


def pod_network():
    """Pods hang on one bridge; its address is their gateway."""
    return {"cniVersion": "0.4.0", "name": "pods", "plugins": [
        {"type": "bridge", "bridge": settings.POD_BRIDGE, "isGateway": True, "ipMasq": False,
         "hairpinMode": True,
         "ipam": {"type": "host-local", "dataDir": "/run/cni",
                  "ranges": [[{"subnet": settings.POD_RANGE}]], "routes": [{"dst": "0.0.0.0/0"}]}},
        {"type": "portmap", "capabilities": {"portMappings": True}, "snat": True}]}


def write_configuration(state, cpus):
    os.makedirs(os.path.join(state, "cni"))
    for name, content in (("kubelet.json", kubelet_settings(state, cpus)),
                          ("proxy.json", proxy_settings(state)),
                          ("cni/pods.conflist", pod_network())):
        with open(os.path.join(state, name), "w", encoding="ascii") as file:
            json.dump(content, file, indent=1)
    with open(os.path.join(state, "containerd.toml"), "w", encoding="utf-8") as file:
        file.write(CONTAINERD.format(state=state, socket=CONTAINERD_SOCKET, pause=PAUSE_IMAGE,
                                     plugins=settings.CNI_PLUGINS))
