# SPDX-License-Identifier: MIT
"""Who comes to the adapter's door, and what each of them gets. One table, used against a stand-in for
the API server (test_adapter_auth.py) and against the real one (tests/e2e/adapter.py).

In both, user "alice" and group "viewers" may read external metrics, and nobody else below may."""
import http.client
import os
import ssl
import subprocess

from program import DEADLINE_S

PATH = "/apis/external.metrics.k8s.io/v1beta1/namespaces/default/queue_depth"


def openssl(*command):
    done = subprocess.run(["openssl", *command], capture_output=True, text=True)
    if done.returncode:
        raise AssertionError(f"openssl {' '.join(command)}: {done.stderr}")


class Authority:
    """Signs certificates in a folder: FOLDER/NAME.crt and .key. Takes an authority that is there."""

    def __init__(self, folder, name, certificate=None, key=None):
        self.folder, self.certificate, self.key = folder, certificate, key
        if not certificate:
            self.certificate, self.key = self.paths(name)
            openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                    "-keyout", self.key, "-out", self.certificate, "-subj", f"/CN={name}",
                    "-days", "2")

    def paths(self, name):
        return [os.path.join(self.folder, f"{name}.{kind}") for kind in ("crt", "key")]

    def issue(self, name, subject, usage="clientAuth", days=2, authority=False, names="DNS:localhost"):
        """(certificate, key). Negative days: it ended before it began."""
        certificate, key = self.paths(name)
        extensions = os.path.join(self.folder, f"{name}.ext")
        with open(extensions, "w", encoding="ascii") as file:
            file.write(f"basicConstraints=CA:{str(authority).upper()}\nsubjectAltName={names}\n"
                       + (f"extendedKeyUsage={usage}\n" if usage else ""))
        request = os.path.join(self.folder, f"{name}.csr")
        openssl("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                "-keyout", key, "-out", request, "-subj", subject)
        openssl("x509", "-req", "-in", request, "-CA", self.certificate, "-CAkey", self.key,
                "-CAcreateserial", "-days", str(days), "-out", certificate, "-extfile", extensions)
        return certificate, key

    def below(self, name, authority=True):
        """An authority, or what claims to be one, that this one signed."""
        certificate, key = self.issue(name, f"/CN={name}", usage=None, authority=authority)
        return Authority(self.folder, name, certificate, key)


def with_chain(pair, *authorities):
    """The same certificate with those of authorities behind it."""
    certificate, key = pair
    path = certificate + ".chain"
    with open(path, "w", encoding="ascii") as out:
        for name in (certificate, *(a.certificate for a in authorities)):
            with open(name, encoding="ascii") as file:
                out.write(file.read())
    return path, key


class Door:
    """The adapter's HTTPS port. The server's certificate is checked when an authority is given."""

    def __init__(self, port, authority=None):
        self.port, self.authority = port, authority

    def context(self, certificate=None):
        context = ssl.create_default_context(cafile=self.authority)
        if not self.authority:
            context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        if certificate:
            context.load_cert_chain(*certificate)
        return context

    def connect(self, certificate=None):
        return http.client.HTTPSConnection("localhost" if self.authority else "127.0.0.1", self.port,
                                           timeout=DEADLINE_S, context=self.context(certificate))

    def ask(self, path=PATH, certificate=None, headers=(), method="GET"):
        """(status, headers, body); headers are pairs, so that one may come several times."""
        connection = self.connect(certificate)
        try:
            connection.putrequest(method, path)
            for name, value in headers:
                connection.putheader(name, value)
            connection.endheaders()
            answer = connection.getresponse()
            return answer.status, answer.headers, answer.read().decode()
        finally:
            connection.close()


def remote(user=None, *groups):
    return [("X-Remote-User", user)] * bool(user) + [("X-Remote-Group", g) for g in groups]


def bearer(token):
    return [("Authorization", f"Bearer {token}")]


MASTERS = remote("root", "system:masters")


def table(client, front, tokens):
    """Rows (who, status, certificate, headers). client, front: the cluster's two authorities;
    tokens: by "good" (alice's or a viewer's), "powerless" and "revoked"."""
    strange = Authority(client.folder, "strange-ca")
    proxy = front.issue("proxy", "/CN=front-proxy-client")
    alice = client.issue("alice", "/CN=alice")
    nobody = client.issue("nobody", "/CN=nobody")
    front_below = front.below("front-intermediate")
    return [
        ("the proxy for alice", 200, proxy, remote("alice")),
        ("the proxy for a member of viewers", 200, proxy, remote("bob", "others", "viewers")),
        ("the proxy for a master", 200, proxy, MASTERS),
        ("the proxy, certified by an intermediate authority", 200,
         with_chain(front_below.issue("proxy-below", "/CN=front-proxy-client"), front_below),
         remote("alice")),
        ("the proxy, certified without a purpose", 200,
         front.issue("proxy-any", "/CN=front-proxy-client", usage=None), remote("alice")),
        ("the proxy for somebody powerless", 403, proxy, remote("bob", "others")),
        ("the proxy for somebody whose one group has a comma", 403, proxy,
         remote("bob", "viewers,system:masters")),
        ("the proxy for nobody", 401, proxy, []),
        ("the proxy by another name", 401, front.issue("impostor", "/CN=impostor"), MASTERS),
        ("the proxy, expired", 401, front.issue("proxy-old", "/CN=front-proxy-client", days=-1),
         MASTERS),
        ("the proxy with a server's certificate", 401,
         front.issue("proxy-server", "/CN=front-proxy-client", usage="serverAuth"), MASTERS),
        ("the proxy by its name, from a strange authority", 401,
         strange.issue("proxy-strange", "/CN=front-proxy-client"), MASTERS),
        ("the proxy by its name, from the clients' authority", 403,
         client.issue("proxy-client", "/CN=front-proxy-client"), MASTERS),
        ("headers without a certificate", 403, None, MASTERS),
        ("headers with a client's certificate", 403, nobody, MASTERS),
        ("headers with a powerless token", 403, None, MASTERS + bearer(tokens["powerless"])),
        ("alice by certificate", 200, alice, []),
        ("a viewer by certificate", 200, client.issue("viewer", "/O=viewers/CN=bob"), []),
        ("a master by certificate", 200, client.issue("master", "/O=system:masters/CN=root"), []),
        ("somebody powerless by certificate", 403, nobody, []),
        ("alice, expired", 401, client.issue("alice-old", "/CN=alice", days=-1), []),
        ("alice with a server's certificate", 401,
         client.issue("alice-server", "/CN=alice", usage="serverAuth"), []),
        ("alice from a strange authority", 401, strange.issue("alice-strange", "/CN=alice"), []),
        ("alice, certified by somebody who is no authority", 401,
         with_chain(client.below("no-authority", authority=False).issue("alice-forged", "/CN=alice"),
                    Authority(client.folder, "", *client.paths("no-authority"))), []),
        ("alice who would also be bob", 401, client.issue("both", "/CN=bob/CN=alice"), []),
        ("a good token", 200, None, bearer(tokens["good"])),
        ("a good token with a bad certificate", 200,
         client.issue("alice-late", "/CN=alice", days=-1), bearer(tokens["good"])),
        ("a powerless token", 403, None, bearer(tokens["powerless"])),
        ("a revoked token", 401, None, bearer(tokens["revoked"])),
        ("an invented token", 401, None, bearer("invented")),
        ("an empty token", 401, None, [("Authorization", "Bearer ")]),
        ("a password", 401, None, [("Authorization", "Basic cm9vdDpyb290")]),
        ("nobody at all", 403, None, []),
        ("a master who would be somebody else", 403,
         client.issue("master-2", "/O=system:masters/CN=root"), [("Impersonate-User", "alice")]),
        ("the proxy for a master who would be in a group", 403, proxy,
         MASTERS + [("Impersonate-Group", "viewers")]),
    ]
