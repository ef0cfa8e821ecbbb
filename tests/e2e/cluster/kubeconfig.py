# SPDX-License-Identifier: MIT
"""kubeconfig files. Everything is inside the file, so it can be copied anywhere."""
import base64
import json


def encoded(path):
    with open(path, "rb") as file:
        return base64.b64encode(file.read()).decode()


def write(path, server, authority, certificate, key):
    """JSON, which is YAML too. The paths are those of PEM files."""
    config = {
        "apiVersion": "v1", "kind": "Config", "current-context": "swell",
        "clusters": [{"name": "swell", "cluster": {
            "server": server, "certificate-authority-data": encoded(authority)}}],
        "users": [{"name": "swell", "user": {
            "client-certificate-data": encoded(certificate), "client-key-data": encoded(key)}}],
        "contexts": [{"name": "swell", "context": {"cluster": "swell", "user": "swell"}}]}
    with open(path, "w", encoding="ascii") as file:
        json.dump(config, file, indent=1)
    return path
