# SPDX-License-Identifier: MIT
"""Who may speak as whom in a cluster: certificates and kubeconfig files in its state folder."""
import os

from . import kubeconfig, pki, settings

# By the kubeconfig's name; the groups and users are those that Kubernetes' own roles bind.
CONTROL_PLANE_USERS = {
    "admin": "/O=system:masters/CN=admin",
    "controllers": "/CN=system:kube-controller-manager",
}
NODE_USERS = {
    "scheduler": "/CN=system:kube-scheduler",
    "proxy": "/CN=system:kube-proxy",
    "node": f"/O=system:nodes/CN=system:node:{settings.NODE}",
}
SERVER_NAMES = ["DNS:localhost", "DNS:kubernetes", "DNS:kubernetes.default",
                "DNS:kubernetes.default.svc", f"IP:{settings.SERVICE_ADDRESS}",
                f"IP:{settings.NODE_ADDRESS}", "IP:127.0.0.1"]
NODE_NAMES = [f"DNS:{settings.NODE}", f"IP:{settings.NODE_ADDRESS}"]


def make_users(authority, server, users, alternatives=()):
    for name, subject in users.items():
        certificate, key = authority.issue(name, subject, alternatives)
        kubeconfig.write(os.path.join(authority.folder, f"{name}.conf"), server,
                         authority.certificate, certificate, key)


def make_control_plane(folder, server):
    """server is the API server's URL. Returns the cluster's authority."""
    authority = pki.Authority(folder, "ca")
    authority.issue("apiserver", "/CN=kube-apiserver", SERVER_NAMES)
    pki.private_key(os.path.join(folder, "service-accounts.key"))
    # Extension API servers trust whoever has a certificate of this authority to name the user.
    front_proxy = pki.Authority(folder, "front-proxy-ca")
    front_proxy.issue("front-proxy-client", "/CN=front-proxy-client")
    make_users(authority, server, CONTROL_PLANE_USERS)
    return authority


def make_node(authority, server):
    """What a node needs besides. Its own certificate serves the kubelet's API too."""
    make_users(authority, server, NODE_USERS, NODE_NAMES)
    authority.issue("kubelet-client", "/O=system:masters/CN=apiserver-kubelet-client")
