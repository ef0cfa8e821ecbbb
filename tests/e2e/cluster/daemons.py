# SPDX-License-Identifier: MIT
"""The daemons of a control plane: command lines as data.

Each runs in the state folder, so what they share is named without a path.
"""
from . import settings

ETCD_SOCKET = "unix://etcd.sock"  # a socket in the state folder: no port to be taken
SERVICE_ISSUER = "https://kubernetes.default.svc.cluster.local"


def etcd():
    """It insists on advertising a port; nobody asks for it. Nothing here has to survive a power cut."""
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


def controllers():
    return ["--kubeconfig=controllers.conf", "--authentication-kubeconfig=controllers.conf",
            "--authorization-kubeconfig=controllers.conf", "--leader-elect=false",
            "--service-account-private-key-file=service-accounts.key", "--root-ca-file=ca.crt",
            "--use-service-account-credentials=true", "--flex-volume-plugin-dir=volume-plugins"]
