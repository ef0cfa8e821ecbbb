# SPDX-License-Identifier: MIT
"""Certificates, made with openssl."""
import os
import subprocess

from . import settings

CURVE = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]


def openssl(*command):
    done = subprocess.run(["openssl", *command], capture_output=True, text=True)
    if done.returncode:
        raise settings.Problem(f"openssl {' '.join(command)}: {done.stderr.strip()}")


def private_key(path):
    """In the older form, from which the API server can read the public key too."""
    openssl("ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", path)
    return path


class Authority:
    """A certificate authority of its own: FOLDER/NAME.crt and .key."""

    def __init__(self, folder, name):
        self.folder = folder
        self.certificate, self.key = self.paths(name)
        openssl("req", "-x509", *CURVE, "-keyout", self.key, "-out", self.certificate,
                "-subj", f"/CN={name}", "-days", str(settings.CERTIFICATE_DAYS))

    def paths(self, name):
        return os.path.join(self.folder, f"{name}.crt"), os.path.join(self.folder, f"{name}.key")

    def issue(self, name, subject, alternatives=()):
        """Signs a certificate for both ends of TLS; returns the paths (certificate, key).

        subject is like "/O=group/CN=user", an alternative like "DNS:localhost" or "IP:127.0.0.1".
        """
        certificate, key = self.paths(name)
        request = os.path.join(self.folder, f"{name}.csr")
        extensions = os.path.join(self.folder, f"{name}.ext")
        with open(extensions, "w", encoding="ascii") as file:
            file.write("extendedKeyUsage=serverAuth,clientAuth\n")
            if alternatives:
                file.write(f"subjectAltName={','.join(alternatives)}\n")
        openssl("req", *CURVE, "-keyout", key, "-out", request, "-subj", subject)
        openssl("x509", "-req", "-in", request, "-CA", self.certificate, "-CAkey", self.key,
                "-CAcreateserial", "-days", str(settings.CERTIFICATE_DAYS), "-out", certificate,
                "-extfile", extensions)
        os.unlink(request)
        os.unlink(extensions)
        return certificate, key
