# SPDX-License-Identifier: MIT
"""Who may speak as whom in a cluster: certificates and kubeconfig files in its state folder."""
import os

from . import kubeconfig, pki, settings

USERS = {  # by the kubeconfig's name; the groups and users are those that Kubernetes' own roles bind
    "admin": "/O=system:masters/CN=admin",
    "controllers": "/CN=system:kube-controller-manager",
    "scheduler": "/CN=system:kube-scheduler",
    "proxy": "/CN=system:kube-proxy",
}
SERVER_NAMES = ["DNS:localhost", "DNS:kubernetes", "DNS:kubernetes.default",
                "DNS:kubernetes.default.svc", f"IP:{settings.SERVICE_ADDRESS}", "IP:127.0.0.1"]


def make(folder, server, addresses=()):
    """Writes all of them; server is the API server's URL. Returns the cluster's authority."""
    authority = pki.Authority(folder, "ca")
    authority.issue("apiserver", "/CN=kube-apiserver",
                    [*SERVER_NAMES, *(f"IP:{address}" for address in addresses)])
    pki.private_key(os.path.join(folder, "service-accounts.key"))
    # Extension API servers trust whoever has a certificate of this authority to name the user.
    front_proxy = pki.Authority(folder, "front-proxy-ca")
    front_proxy.issue("front-proxy-client", "/CN=front-proxy-client")
    for name, subject in USERS.items():
        certificate, key = authority.issue(name, subject)
        kubeconfig.write(os.path.join(folder, f"{name}.conf"), server, authority.certificate,
                         certificate, key)
    return authority
