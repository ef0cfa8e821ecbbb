# SPDX-License-Identifier: MIT
"""swell-adapter's HTTPS port: who gets in, and with which certificate. The API server is a stand-in
(kube_fake.py), because these tests need Debian packages only; tests/e2e/adapter.py has the real
one."""
import base64
import hashlib
import http.client
import json
import os
import re
import shutil
import socket
import ssl
import tempfile
import threading
import unittest

from identities import MASTERS, PATH, Authority, Door, bearer, remote, table
from kube_fake import FakeKube
from program import DEADLINE_S, run, started, wait_until

CONFIG = """\
externalMetrics:
- name: queue_depth
  namespace: default
  source: {http: {url: "http://127.0.0.1:9/", valuePath: depth}}
"""
LET_IN = 503  # no source answers here: whoever is let in is told so


class AuthTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = folder.name
        self.client = Authority(self.folder, "client-ca")
        self.front = Authority(self.folder, "front-ca")

    def config_map(self, **more):
        def pem(authority):
            with open(authority.certificate, encoding="ascii") as file:
                return file.read()
        return {"client-ca-file": pem(self.client), "requestheader-client-ca-file": pem(self.front),
                "requestheader-allowed-names": '["front-proxy-client"]',
                "requestheader-username-headers": '["X-Remote-User"]',
                "requestheader-group-headers": '["X-Remote-Group"]',
                "requestheader-extra-headers-prefix": '["X-Remote-Extra-"]', **more}

    def api(self, config_map=True):
        api = FakeKube(self.client, readers={"alice", "viewers"},
                       tokens={"good": {"username": "alice"},
                               "powerless": {"username": "bob", "groups": ["x"]}})
        self.addCleanup(api.stop)
        if config_map:
            self.publish(api)
        return api

    def publish(self, api, **more):
        """Has the cluster name its authorities."""
        api.put("configmaps", {"metadata": {"name": "extension-apiserver-authentication",
                                            "namespace": "kube-system"},
                               "data": self.config_map(**more)})

    def adapter(self, api, *flags):
        config = os.path.join(self.folder, "config.yaml")
        with open(config, "w", encoding="ascii") as file:
            file.write(CONFIG)
        return started(self, "swell-adapter", "run", "--address=127.0.0.1", "--secure-port=0",
                       f"--config={config}", f"--kubeconfig={api.kubeconfig(self.folder)}", *flags)

    def ready(self, *flags):
        """(API server, adapter, its door) once everything is known."""
        api = self.api()
        p = self.adapter(api, *flags)
        p.wait_for_line("msg=ready")
        return api, p, Door(p.port)

    def proxy(self):
        return self.front.issue("proxy", "/CN=front-proxy-client")


class Identities(AuthTest):
    def test_nobody_is_in_who_should_not_be(self):
        _, p, door = self.ready("--log-level=debug")
        tokens = {"good": "good", "powerless": "powerless", "revoked": "was-good-once"}
        rows = table(self.client, self.front, tokens)
        self.assertGreaterEqual(len(rows), 20)
        for who, wanted, certificate, headers in rows:
            with self.subTest(who):
                status, got, body = door.ask(certificate=certificate, headers=headers)
                self.assertEqual(status, LET_IN if wanted == 200 else wanted, body)
                self.assertEqual(json.loads(body)["code"], status)
                self.assertNotIn("Retry-After", got)
        self.assertNotIn("was-good-once", "".join(p.lines))

    def test_a_refusal_says_what_to_allow_whom(self):
        _, _, door = self.ready()
        _, _, body = door.ask(headers=bearer("powerless"))
        self.assertEqual(json.loads(body)["message"],
                         'queue_depth.external.metrics.k8s.io is forbidden: User "bob" cannot list '
                         'resource "queue_depth" in API group "external.metrics.k8s.io" in the '
                         'namespace "default"')

    def test_probes_need_nobody_and_other_paths_a_review(self):
        _, _, door = self.ready("--authorization-always-allow-paths=/version,/other")
        for path, wanted in (("/healthz", 200), ("/livez", 200), ("/readyz", 200), ("/version", 200),
                             ("/metrics", 403), ("/", 403), ("/nowhere", 403), ("/healthz/x", 403)):
            self.assertEqual(door.ask(path)[0], wanted, path)

    def test_the_audit_id_of_a_request_is_in_its_answer_and_in_the_log(self):
        _, p, door = self.ready("--log-level=debug")
        for path, headers, wanted in (("/healthz", [], 200), ("/nowhere", [], 403),
                                      (PATH, bearer("unknown"), 401), (PATH, bearer("good"), LET_IN)):
            status, got, _ = door.ask(path, headers=[*headers, ("Audit-Id", f"audit-{wanted}")])
            self.assertEqual((status, got["Audit-Id"]), (wanted, f"audit-{wanted}"))
            self.assertIn(f"status={wanted}", p.wait_for_line(f"id=audit-{wanted}"))
        self.assertRegex(door.ask("/healthz")[1]["Audit-Id"], r"^[0-9a-f-]{36}$")

    def test_hundreds_of_groups_in_long_headers_are_taken(self):
        _, _, door = self.ready()
        groups = [f"group-{i}-{'x' * 180}" for i in range(300)] + ["viewers"]
        status, _, body = door.ask(certificate=self.proxy(), headers=remote("bob", *groups))
        self.assertEqual(status, LET_IN, body)


class Reviews(AuthTest):
    def test_a_decision_is_made_once_for_all_who_wait_and_remembered(self):
        api, p, door = self.ready("--probe-port=0")
        port = int(re.search(r"port=(\d+)", p.wait_for_line("msg=probes")).group(1))
        api.hold(True)
        answers = []

        def ask():
            answers.append(door.ask(headers=bearer("good"))[0])

        askers = [threading.Thread(target=ask) for _ in range(6)]
        for asker in askers:
            asker.start()

        def in_flight():
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=DEADLINE_S)
            connection.request("GET", "/metrics")
            text = connection.getresponse().read().decode()
            connection.close()
            return float(re.search(r"^http_requests_in_flight (\S+)$", text, re.MULTILINE).group(1))

        wait_until(lambda: in_flight() == 6 and api.count("TokenReview") == 1, "six who wait")
        self.assertEqual(door.ask("/healthz")[0], 200)  # nobody else waits for them
        api.hold(False)
        for asker in askers:
            asker.join()
        self.assertEqual(answers, [LET_IN] * 6)
        self.assertEqual((api.count("TokenReview"), api.count("SubjectAccessReview")), (1, 1))

    def test_without_the_api_server_what_is_known_holds_and_nobody_else_gets_in(self):
        api, _, door = self.ready()
        proxy = self.proxy()
        self.assertEqual(door.ask(certificate=proxy, headers=remote("alice"))[0], LET_IN)
        api.stop()
        self.assertEqual(door.ask(certificate=proxy, headers=remote("alice"))[0], LET_IN)
        self.assertEqual(door.ask(certificate=proxy, headers=MASTERS)[0], LET_IN)
        self.assertEqual(door.ask("/readyz")[0], 200)
        self.assertEqual(door.ask(certificate=proxy, headers=remote("carol"))[0], 500)
        self.assertEqual(door.ask(headers=bearer("good"))[0], 401)

    def test_ends_while_somebody_waits_for_a_decision(self):
        api, p, door = self.ready("--drain-timeout=100ms")
        api.hold(True)
        caught = []

        def ask():
            try:
                caught.append(door.ask(headers=bearer("good"))[0])
            except OSError as error:
                caught.append(error)

        asker = threading.Thread(target=ask)
        asker.start()
        wait_until(lambda: api.count("TokenReview"), "the review")
        self.assertEqual(p.stop(), 0)
        asker.join()
        self.assertNotEqual(caught, [LET_IN])


def ask_again(connection):
    """The status, on a connection that stays."""
    connection.request("GET", PATH, headers=dict(MASTERS))
    answer = connection.getresponse()
    answer.read()
    return answer.status


class Authorities(AuthTest):
    def test_before_they_are_known_it_is_not_ready_and_believes_no_header(self):
        api = self.api(config_map=False)
        p = self.adapter(api)
        door, proxy = Door(p.port), self.proxy()
        self.assertEqual(door.ask("/readyz")[0], 503)
        self.assertEqual(door.ask(certificate=proxy, headers=MASTERS)[0], 401)
        self.publish(api)
        p.wait_for_line("msg=ready")
        self.assertEqual(door.ask(certificate=proxy, headers=MASTERS)[0], LET_IN)
        self.assertEqual(door.ask("/readyz")[0], 200)

    def test_new_ones_count_at_once_and_bad_ones_never(self):
        api, p, door = self.ready()
        before = self.proxy()
        connection = door.connect(before)

        self.assertEqual(ask_again(connection), LET_IN)
        self.publish(api, **{"requestheader-allowed-names": "["})
        p.wait_for_line("authorities cannot be used")
        self.assertEqual(ask_again(connection), LET_IN)

        self.front = Authority(self.folder, "front-ca-2")
        after = self.front.issue("proxy-2", "/CN=front-proxy-client")
        self.assertEqual(door.ask(certificate=after, headers=MASTERS)[0], 401)
        self.publish(api)
        wait_until(lambda: door.ask(certificate=after, headers=MASTERS)[0] == LET_IN,
                   "the new authority")
        self.assertEqual(ask_again(connection), 401)  # also on a connection that was open before
        connection.close()

    def test_flags_take_the_place_of_what_the_cluster_says(self):
        own = Authority(self.folder, "own-ca")
        _, _, door = self.ready(f"--requestheader-client-ca-file={own.certificate}",
                                "--requestheader-allowed-names=one,two")
        self.assertEqual(door.ask(certificate=self.proxy(), headers=MASTERS)[0], 401)
        for name, wanted in (("two", LET_IN), ("three", 401)):
            self.assertEqual(door.ask(certificate=own.issue(name, f"/CN={name}"), headers=MASTERS)[0],
                             wanted)

    def test_files_of_flags_are_read_again_and_bad_ones_are_not_used(self):
        own = Authority(self.folder, "own-ca")
        file = os.path.join(self.folder, "mounted.crt")

        def mount(text):
            with open(file + ".new", "w", encoding="ascii") as new:
                new.write(text)
            os.rename(file + ".new", file)

        def pem(authority):
            with open(authority.certificate, encoding="ascii") as its:
                return its.read()

        mount(pem(self.front))
        _, p, door = self.ready(f"--requestheader-client-ca-file={file}",
                                "--authorization-always-allow-paths=/metrics")
        refused = 'swell_adapter_authorities_refused{from="requestheader-client-ca-file"} '
        before, after = self.proxy(), own.issue("own-proxy", "/CN=front-proxy-client")
        connection = door.connect(before)

        self.assertEqual(ask_again(connection), LET_IN)
        self.assertEqual(door.ask(certificate=after, headers=MASTERS)[0], 401)
        socket_before = connection.sock
        mount("-----BEGIN CERTIFICATE-----\nnonsense\n")
        p.wait_for_line("authorities cannot be used")
        self.assertEqual(ask_again(connection), LET_IN)
        self.assertIn(refused + "1", door.ask("/metrics")[2])
        mount(pem(own) + pem(self.front))
        wait_until(lambda: door.ask(certificate=after, headers=MASTERS)[0] == LET_IN, "the new file")
        self.assertEqual(ask_again(connection), LET_IN)
        self.assertIs(connection.sock, socket_before)
        self.assertIn(refused + "0", door.ask("/metrics")[2])
        connection.close()


def shown(port):
    """The server's certificate, DER."""
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    with context.wrap_socket(socket.create_connection(
            ("127.0.0.1", port), timeout=DEADLINE_S)) as secure:
        return secure.getpeercert(binary_form=True)


class Certificates(AuthTest):
    def files(self, name, where):
        for source, kind in zip(self.client.issue(name, "/CN=server", usage="serverAuth"),
                                ("crt", "key")):
            shutil.copy(source, f"{where}.new")
            os.rename(f"{where}.new", f"{where}.{kind}")

    def secret(self, api):
        return api.find("secrets", "swell-adapter-serving")

    def test_all_replicas_show_the_certificate_that_the_first_one_made(self):
        api, p, _ = self.ready()
        self.assertTrue(self.secret(api))
        other = self.adapter(api)
        other.wait_for_line("msg=ready")
        self.assertEqual(shown(p.port), shown(other.port))

    def test_one_that_was_made_for_another_service_is_replaced(self):
        api, p, _ = self.ready("--service-name=before")
        first = shown(p.port)
        other = self.adapter(api)
        other.wait_for_line("not for adapter.swell-system.svc")
        other.wait_for_line("msg=ready")
        self.assertNotEqual(shown(other.port), first)

    def test_its_authority_is_in_the_secret_and_vouches_for_the_services_name(self):
        api, p, _ = self.ready()
        data = self.secret(api)["data"]
        path = os.path.join(self.folder, "bundle.crt")
        with open(path, "wb") as file:
            file.write(base64.b64decode(data["ca.crt"]))
        context = ssl.create_default_context(cafile=path)
        with context.wrap_socket(socket.create_connection(("127.0.0.1", p.port), timeout=DEADLINE_S),
                                 server_hostname="adapter.swell-system.svc") as secure:
            self.assertIn(secure.version(), ("TLSv1.2", "TLSv1.3"))

    def test_files_are_read_again_and_open_connections_stay(self):
        where = os.path.join(self.folder, "tls")
        self.files("first", where)
        _, p, door = self.ready(f"--tls-cert-file={where}.crt", f"--tls-private-key-file={where}.key")
        first = shown(p.port)
        connection = door.connect()
        connection.request("GET", "/healthz")
        connection.getresponse().read()
        socket_before = connection.sock

        self.files("second", where)
        wait_until(lambda: shown(p.port) != first, "the second certificate")
        connection.request("GET", "/healthz")
        self.assertEqual(connection.getresponse().read(), b"ok")
        self.assertIs(connection.sock, socket_before)
        connection.close()

        second = hashlib.sha256(shown(p.port)).digest()
        with open(f"{where}.key", "w", encoding="ascii") as file:
            file.write("nonsense")
        p.wait_for_line("the new serving certificate is not used")
        self.assertEqual(hashlib.sha256(shown(p.port)).digest(), second)

    def test_a_folder_may_have_them_by_the_names_of_the_kubernetes_libraries(self):
        self.files("first", os.path.join(self.folder, "apiserver"))
        api, p, _ = self.ready(f"--cert-dir={self.folder}")
        with open(os.path.join(self.folder, "apiserver.crt"), encoding="ascii") as file:
            self.assertEqual(ssl.PEM_cert_to_DER_cert(file.read()), shown(p.port))
        self.assertIsNone(self.secret(api))

    def test_its_end_is_a_metric(self):
        _, p, _ = self.ready("--probe-port=0", "--serving-certificate-lifetime=100h")
        port = int(re.search(r"port=(\d+)", p.wait_for_line("msg=probes")).group(1))
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=DEADLINE_S)
        connection.request("GET", "/metrics")
        text = connection.getresponse().read().decode()
        connection.request("GET", PATH)
        self.assertEqual(connection.getresponse().status, 404)  # probes and metrics only
        connection.close()
        self.assertRegex(text, r"(?m)^swell_adapter_certificate_expiry_timestamp_seconds \d+")


class CommandLine(AuthTest):
    def refused(self, *flags, env=None):
        config = os.path.join(self.folder, "config.yaml")
        with open(config, "w", encoding="ascii") as file:
            file.write(CONFIG)
        code, out, err = run("swell-adapter", "run", "--address=127.0.0.1", f"--config={config}",
                             *flags, env=env)
        self.assertEqual((code, out, err.count("\n")), (2, "", 1), err)
        return err

    def test_refuses_what_cannot_be(self):
        kubeconfig = os.path.join(self.folder, "kubeconfig")
        with open(kubeconfig, "w", encoding="ascii") as file:
            json.dump({"current-context": "c", "clusters": [{"name": "k", "cluster": {
                "server": "https://localhost:1"}}], "users": [{"name": "u", "user": {
                    "exec": {"command": "aws"}}}], "contexts": [
                        {"name": "c", "context": {"cluster": "k", "user": "u"}}]}, file)
        here = os.path.join(self.folder, "none.crt")
        self.assertIn("this is no pod", self.refused(env={"KUBERNETES_SERVICE_HOST": ""}))
        self.assertIn("exec would run a program", self.refused(f"--kubeconfig={kubeconfig}"))
        self.assertIn("none.crt", self.refused(f"--kubeconfig={here}"))
        self.assertIn("--secure-port", self.refused("--port=0", "--secure-port=0"))
        self.assertIn("--secure-port", self.refused("--port=0", f"--tls-cert-file={here}"))

    def test_refuses_certificates_that_are_none(self):
        api = self.api()
        kubeconfig = f"--kubeconfig={api.kubeconfig(self.folder)}"
        certificate, key = self.client.issue("server", "/CN=server")
        _, other = self.client.issue("other", "/CN=other")
        for flags, sentence in (
                ([f"--tls-cert-file={certificate}"], "need each other"),
                ([f"--tls-private-key-file={key}"], "need each other"),
                ([f"--tls-cert-file={certificate}", f"--tls-private-key-file={other}"], "certificate"),
                ([f"--tls-cert-file={self.folder}/x", f"--tls-private-key-file={key}"], "/x"),
                ([f"--client-ca-file={key}"], "client-ca-file"),
                ([f"--requestheader-client-ca-file={self.folder}/y"], "/y")):
            self.assertIn(sentence, self.refused("--secure-port=0", kubeconfig, *flags))


if __name__ == "__main__":
    unittest.main()
