"""Exports by TLS: OTEL_EXPORTER_OTLP_CERTIFICATE, CLIENT_CERTIFICATE and CLIENT_KEY, renewed files, and files that are wrong."""

import logging
import shutil
import ssl
import subprocess

import pytest
from collector import Collector
from opentelemetry.sdk.resources import Resource

from thebot_tracing import logs
from thebot_tracing.metric_exporter import MetricExporter
from thebot_tracing.session import ExportSession
from thebot_tracing.settings import load_settings
from unit.test_check import check
from unit.test_export import deliver_to, eventually, make
from unit.test_metrics import measured


def openssl(*words):
    subprocess.run(["openssl", *map(str, words)], check=True, capture_output=True)


class Authority:
    """Signs certificates, which are files of a folder: NAME.crt and NAME.key."""

    def __init__(self, folder, name):
        self.folder, self.certificate, self.key = folder, folder / f"{name}.crt", folder / f"{name}.key"
        new = ("-newkey", "rsa:2048", "-nodes", "-keyout", self.key, "-out", self.certificate)
        openssl("req", "-x509", *new, "-days", 2, "-subj", "/CN=test")

    def issue(self, name):
        at = {end: self.folder / f"{name}.{end}" for end in ("crt", "key", "csr", "ext")}
        at["ext"].write_text("subjectAltName=DNS:localhost,IP:127.0.0.1\n")
        openssl("req", "-new", "-newkey", "rsa:2048", "-nodes", "-keyout", at["key"], "-out", at["csr"], "-subj", f"/CN={name}")
        signer = ("-CA", self.certificate, "-CAkey", self.key, "-CAcreateserial")
        openssl("x509", "-req", "-in", at["csr"], *signer, "-out", at["crt"], "-days", 2, "-extfile", at["ext"])
        return at["crt"], at["key"]


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """An authority, and certificates of it for a server and a client; and those of another one."""
    folder = tmp_path_factory.mktemp("tls")
    authority, other = Authority(folder, "authority"), Authority(folder, "other")
    return {
        "ca": authority.certificate,
        "other": other.certificate,
        "server": authority.issue("server"),
        "client": authority.issue("client"),
    }


@pytest.fixture
def collector(files):
    """A Collector that takes TLS, from clients with a certificate of the authority."""
    found = Collector(listening=False)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*files["server"])
    context.load_verify_locations(files["ca"])
    context.verify_mode = ssl.CERT_REQUIRED
    found.server.socket = context.wrap_socket(found.server.socket, server_side=True)
    found.server.handle_error = lambda *_: None
    found.endpoint = found.endpoint.replace("http://", "https://")
    found.listen()
    yield found
    found.stop()


@pytest.fixture
def environment(files, monkeypatch):
    certificate, key = files["client"]
    variables = {
        "OTEL_EXPORTER_OTLP_CERTIFICATE": str(files["ca"]),
        "OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE": str(certificate),
        "OTEL_EXPORTER_OTLP_CLIENT_KEY": str(key),
    }
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    return variables


def test_spans_metrics_and_logs_go_by_tls_with_the_client_s_certificate(collector, environment, monkeypatch):
    tracer, delivery = deliver_to(collector.endpoint)
    made = make(tracer, 1)
    assert delivery.force_flush(10_000)
    delivery.shutdown()
    exporter = MetricExporter(f"{collector.endpoint}/v1/metrics", session=ExportSession(), timeout=5)
    exporter.export(measured(good=1))
    exporter.shutdown()
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", collector.endpoint)
    log_delivery = logs.LogDelivery(Resource.get_empty(), timeout=5)
    log_delivery.provider.get_logger("shop").emit(body="paid")
    log_delivery.shutdown(10)
    assert collector.spans == made
    assert [path for path, _ in collector.authorizations] == ["/v1/traces", "/v1/metrics", "/v1/logs"]


def test_variables_of_traces_hold_before_the_general_ones(collector, environment, files, monkeypatch):
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_TRACES_CERTIFICATE", str(files["ca"]))
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_CERTIFICATE", str(files["other"]))
    tracer, delivery = deliver_to(collector.endpoint)
    made = make(tracer, 1)
    assert delivery.force_flush(10_000)
    delivery.shutdown()
    assert collector.spans == made


@pytest.mark.parametrize(("name", "wrong"), [("OTEL_EXPORTER_OTLP_CERTIFICATE", "other"), ("OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE", None)])
def test_a_server_of_another_authority_gets_nothing_and_a_client_without_a_certificate_sends_nothing(
    collector, environment, files, monkeypatch, name, wrong
):
    if wrong:
        monkeypatch.setenv(name, str(files[wrong]))
    else:
        monkeypatch.delenv(name)
    tracer, delivery = deliver_to(collector.endpoint)
    make(tracer, 1)
    assert not delivery.force_flush(1500)
    delivery.shutdown()
    assert collector.spans == []


def test_files_that_appear_later_are_used_and_the_application_goes_on_until_then(
    collector, environment, files, tmp_path, monkeypatch, caplog
):
    late = tmp_path / "ca.crt"
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_CERTIFICATE", str(late))
    tracer, delivery = deliver_to(collector.endpoint)
    with caplog.at_level(logging.WARNING, logger="thebot_tracing"):
        made = make(tracer, 1)
        eventually(lambda: any(str(late) in record.getMessage() for record in caplog.records))
    assert collector.spans == []
    shutil.copy(files["ca"], late)
    eventually(lambda: collector.spans == made)
    delivery.shutdown()


def test_wrong_files_are_one_warning_each_and_no_error(tmp_path):
    missing, empty = tmp_path / "missing.pem", tmp_path / "empty.pem"
    empty.write_text("")
    found = load_settings(
        {
            "OTEL_EXPORTER_OTLP_CERTIFICATE": str(missing),
            "OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE": str(empty),
            "OTEL_EXPORTER_OTLP_TRACES_CLIENT_KEY": str(tmp_path),
        },
        object(),
    )
    allowed = "allowed is a readable PEM file; nothing is sent by https without it"
    assert found.warnings == (
        f"OTEL_EXPORTER_OTLP_TRACES_CLIENT_KEY: found {str(tmp_path)!r}; {allowed}",
        f"OTEL_EXPORTER_OTLP_CERTIFICATE: found {str(missing)!r}; {allowed}",
        f"OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE: found {str(empty)!r}; {allowed}",
    )


def test_a_key_without_its_certificate_is_a_warning(files):
    found = load_settings({"OTEL_EXPORTER_OTLP_CLIENT_KEY": str(files["client"][1])}, object())
    assert found.warnings == ("OTEL_EXPORTER_OTLP_CLIENT_KEY: found a key without OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE; it is not used",)


def test_the_check_sends_by_tls_and_tells_what_is_wrong(collector, environment, files):
    code, output = check(OTEL_EXPORTER_OTLP_ENDPOINT=collector.endpoint, **environment)
    assert (code, len(collector.spans)) == (0, 1), output
    wrong = {**environment, "OTEL_EXPORTER_OTLP_CERTIFICATE": str(files["other"])}
    code, output = check(OTEL_EXPORTER_OTLP_ENDPOINT=collector.endpoint, **wrong)
    assert code == 1
    assert "certificate verify failed" in output
