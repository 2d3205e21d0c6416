"""Where settings come from, and how bad ones are told."""

import json
from types import SimpleNamespace

import pytest

from thebot_tracing.bootstrap import make_resource
from thebot_tracing.make_sampler import make_sampler
from thebot_tracing.settings import DEFAULT_PROPAGATORS, DEFAULT_SERVICE, INSTRUMENTATIONS, SettingsError, load_settings


def settings(environ=None, **django):
    return load_settings(environ or {}, SimpleNamespace(**django))


def left_out(found, path, method="GET"):
    return found.left_out(method, path, f"http://host:8000{path}")


def test_defaults():
    found = settings()
    assert (found.service_name, found.environment, found.sampler) == (DEFAULT_SERVICE, "development", "always_on")
    assert make_sampler(found).get_description() == "AlwaysOnSampler"


def test_the_stacks_environment_when_the_collector_decides():
    rules = {"default": 10, "errors": 100, "operations": [{"operation": "POST /api/auth/login", "percent": 100}]}
    found = settings({
        "OTEL_SERVICE_NAME": "thebot-platform",
        "OTEL_EXPORTER_OTLP_PROTOCOL": "http/protobuf",
        "OTEL_RESOURCE_ATTRIBUTES": "deployment.environment.name=production",
        "OTEL_TRACES_SAMPLER": "always_on",
        "TRACING_SAMPLING_RULES": json.dumps(rules, separators=(",", ":")),
    })  # fmt: skip
    assert make_sampler(found).get_description() == "AlwaysOnSampler"
    assert found.environment == "production"


def test_the_stacks_environment_when_the_application_decides():
    found = settings({
        "OTEL_TRACES_SAMPLER": "parentbased_jaeger_remote",
        "OTEL_TRACES_SAMPLER_ARG": "endpoint=http://jaeger:5778,pollingIntervalMs=30000,initialSamplingRate=0.1",
        "TRACING_SAMPLE_PERCENTAGE": "10",
        "TRACING_SAMPLING_RULES": '{"default":10,"errors":100,"operations":[]}',
    })  # fmt: skip
    assert "JaegerRemoteSampler{http://jaeger:5778, initially 10 %}" in make_sampler(found).get_description()


def test_a_percentage_alone_makes_the_application_decide():
    found = settings({"TRACING_SAMPLE_PERCENTAGE": "25"}, ENVIRONMENT="production")
    assert "EnvironmentBasedSampler{25 %}" in make_sampler(found).get_description()
    assert (
        make_sampler(settings({"TRACING_SAMPLE_PERCENTAGE": "25", "OTEL_TRACES_SAMPLER": "always_on"})).get_description()
        == "AlwaysOnSampler"
    )


def test_standard_variables_win_over_djangos_settings():
    own = {"SERVICE_NAME": "of-django", "ENVIRONMENT": "staging", "SERVICE_VERSION": "1"}
    found = settings({}, TRACING=own, ENVIRONMENT="production")
    assert (found.service_name, found.environment, found.service_version) == ("of-django", "staging", "1")
    environ = {
        "OTEL_SERVICE_NAME": "of-env",
        "OTEL_RESOURCE_ATTRIBUTES": "service.version=2,deployment.environment.name=production,team=a%20b",
    }
    found = settings(environ, TRACING=own)
    assert (found.service_name, found.environment, found.service_version) == ("of-env", "production", "2")


def test_the_resource_says_service_version_environment_and_instance(monkeypatch):
    monkeypatch.setenv("OTEL_RESOURCE_ATTRIBUTES", "team=a,deployment.environment.name=staging")
    attributes = make_resource(load_settings(django=SimpleNamespace(TRACING={"SERVICE_VERSION": "1.2"}))).attributes
    assert attributes["service.name"] == DEFAULT_SERVICE
    assert attributes["service.version"] == "1.2"
    assert attributes["deployment.environment.name"] == "staging"
    assert attributes["team"] == "a"
    assert attributes["service.instance.id"]


def test_all_errors_are_told_at_once_with_what_is_allowed():
    with pytest.raises(SettingsError) as caught:
        settings(
            {
                "TRACING_SAMPLE_PERCENTAGE": "ten",
                "TRACING_SAMPLING_RULES": "{",
                "OTEL_BSP_MAX_QUEUE_SIZE": "-1",
            },
            TRACING={"COLOUR": 1, "SERVICE_NAME": 5, "LEFT_OUT_PATHS": ["no slash"], "RECORD_CACHE_KEYS": "yes", "COMMANDS": "all"},
        )
    assert len(caught.value.errors) == 8
    for part in ("TRACING['COLOUR']: unknown", "found 'ten'", "found 'no slash'", "TRACING['COMMANDS']: found 'all'"):
        assert part in str(caught.value)


def test_a_sampler_that_is_not_installed_is_a_warning_and_a_wrong_argument_an_error(caplog):
    assert make_sampler(settings({"OTEL_TRACES_SAMPLER": "xray"})).get_description() == "AlwaysOnSampler"
    assert "OTEL_TRACES_SAMPLER: 'xray' is not installed; everything is kept; known are always_on" in caplog.text
    with pytest.raises(SettingsError, match="OTEL_TRACES_SAMPLER_ARG: found '2'"):
        make_sampler(settings({"OTEL_TRACES_SAMPLER": "traceidratio", "OTEL_TRACES_SAMPLER_ARG": "2"}))


@pytest.mark.parametrize(
    "path", ["/admin/", "/admin/users/3/change/", "/static/a.css", "/media/x/y.png", "/health/", "/health", "/healthz"]
)
def test_paths_left_out_by_default(path):
    assert left_out(settings(), path)


@pytest.mark.parametrize("path", ["/healthcare/", "/api/health-report/", "/administrator/", "/api/admin/x", "/"])
def test_paths_that_only_look_alike_are_recorded(path):
    assert not left_out(settings(), path)


def test_files_are_left_out_where_django_serves_them():
    found = settings(STATIC_URL="/assets/", MEDIA_URL="https://cdn.example/media/")
    assert left_out(found, "/assets/a.css")
    assert not left_out(found, "/static/a.css")
    assert not left_out(found, "/media/a.png")


def test_exclusions_follow_the_sampling_model():
    rules = '{"operations":[{"operation":"GET /admin/*","percent":100},{"operation":"GET /api/noise","percent":0}]}'
    found = settings({"TRACING_SAMPLING_RULES": rules})
    assert not left_out(found, "/admin/users")
    assert left_out(found, "/admin/users", "POST")
    assert left_out(found, "/admin/users/3/change/")
    assert left_out(found, "/api/noise/")
    assert not left_out(found, "/api/other")


def test_own_paths_and_the_standard_variable():
    assert left_out(settings(TRACING={"LEFT_OUT_PATHS": ["/ping"]}), "/ping")
    assert not left_out(settings(TRACING={"LEFT_OUT_PATHS": []}), "/admin/")
    found = settings({"OTEL_PYTHON_DJANGO_EXCLUDED_URLS": "client/.*/info,ping$"})
    assert left_out(found, "/client/7/info")
    assert not left_out(found, "/admin/")


@pytest.mark.parametrize("empty", ["", " "])
def test_an_empty_list_of_urls_is_none_given(empty):
    assert left_out(settings({"OTEL_PYTHON_DJANGO_EXCLUDED_URLS": empty}), "/admin/")
    found = settings({"OTEL_PYTHON_DJANGO_EXCLUDED_URLS": empty, "OTEL_PYTHON_EXCLUDED_URLS": "ping$"})
    assert left_out(found, "/ping")
    assert not left_out(found, "/admin/")


@pytest.mark.parametrize("signal", ["", "TRACES_", "METRICS_"])
@pytest.mark.parametrize("bad", ["collector:4318", "127.0.0.1:4318", "//collector:4318", "http://", "grpc://collector:4317", "http://a:b"])
def test_an_endpoint_that_nothing_could_be_sent_to_is_told(signal, bad):
    with pytest.raises(SettingsError, match=f"OTEL_EXPORTER_OTLP_{signal}ENDPOINT: found '{bad}'; allowed is http://host:port"):
        settings({f"OTEL_EXPORTER_OTLP_{signal}ENDPOINT": bad})


@pytest.mark.parametrize("good", ["", "http://collector:4318", "https://collector", "http://[::1]:4318/prefix"])
def test_endpoints_that_are_taken(good):
    settings({"OTEL_EXPORTER_OTLP_ENDPOINT": good})


def test_empty_propagators_are_none_given():
    assert settings({"OTEL_PROPAGATORS": ""}).propagators == DEFAULT_PROPAGATORS
    assert settings({"OTEL_PROPAGATORS": "none"}).propagators == ()
    assert settings({"OTEL_PROPAGATORS": "b3, baggage"}).propagators == ("b3", "baggage")


def test_instrumentations_are_switched_off_by_name():
    assert settings({"OTEL_PYTHON_DISABLED_INSTRUMENTATIONS": "redis, celery,"}).disabled_instrumentations == {"redis", "celery"}
    assert settings({"OTEL_PYTHON_DISABLED_INSTRUMENTATIONS": "*"}).disabled_instrumentations == set(INSTRUMENTATIONS)
    own = {"DISABLED_INSTRUMENTATIONS": ["redis"]}
    assert settings({"OTEL_PYTHON_DISABLED_INSTRUMENTATIONS": ""}, TRACING=own).disabled_instrumentations == {"redis"}
    assert settings({"OTEL_PYTHON_DISABLED_INSTRUMENTATIONS": "celery"}, TRACING=own).disabled_instrumentations == {"celery"}
    assert settings(TRACING={"DISABLED_INSTRUMENTATIONS": ("redis",)}).disabled_instrumentations == {"redis"}


@pytest.mark.parametrize("bad", [5, "redis", ["rediss"], [["redis"]], {"redis": True}, None])
def test_bad_names_of_instrumentations_are_told(bad):
    with pytest.raises(SettingsError, match=r"TRACING\['DISABLED_INSTRUMENTATIONS'\]: found .*; allowed is a list of django, psycopg2"):
        settings(TRACING={"DISABLED_INSTRUMENTATIONS": bad})


# What whole fleets set: (variable, value, part of the warning, attribute, its value).
@pytest.mark.parametrize(
    ("name", "value", "warning", "attribute", "expected"),
    [
        ("OTEL_PYTHON_DISABLED_INSTRUMENTATIONS", "sqlalchemy,urllib3", None, "disabled_instrumentations", frozenset()),
        ("OTEL_PYTHON_DISABLED_INSTRUMENTATIONS", "sqlalchemy, redis", None, "disabled_instrumentations", {"redis"}),
        ("OTEL_TRACES_EXPORTER", "console", "of traces nothing is sent", "export_traces", False),
        ("OTEL_TRACES_EXPORTER", "otlp,console", "of traces they go to the Collector only", "export_traces", True),
        ("OTEL_TRACES_EXPORTER", " OTLP ", None, "export_traces", True),
        ("OTEL_METRICS_EXPORTER", "prometheus", "of metrics nothing is sent", "export_metrics", False),
        ("OTEL_METRICS_EXPORTER", "prometheus", "of metrics nothing is sent", "export_traces", True),
        ("OTEL_LOGS_EXPORTER", "otlp", None, "export_logs", True),
        ("OTEL_LOGS_EXPORTER", "", None, "export_logs", False),
        ("OTEL_EXPORTER_OTLP_LOGS_TIMEOUT", "2500", None, "log_timeout", 2.5),
        ("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc", "http/protobuf: the endpoint must be the Collector's HTTP port", "export_traces", True),
        ("OTEL_EXPORTER_OTLP_METRICS_PROTOCOL", "http/json", "http/json is not served", "export_metrics", True),
        ("OTEL_PROPAGATORS", "tracecontext,ottrace", "ottrace is not installed", "propagators", ("tracecontext",)),
        ("OTEL_BSP_MAX_QUEUE_SIZE", "256", None, "batch_size", 256),
        ("OTEL_EXPORTER_OTLP_TIMEOUT", "5000", None, "export_timeout", 5),
        ("OTEL_EXPORTER_OTLP_TRACES_TIMEOUT", "2500", None, "export_timeout", 2.5),
        ("OTEL_EXPORTER_OTLP_METRICS_TIMEOUT", "2500", None, "metric_timeout", 2.5),
        ("OTEL_EXPORTER_OTLP_TIMEOUT", "10", "found 10, which is milliseconds", "export_timeout", 10),
    ],
)  # fmt: skip
def test_a_standard_variable_that_is_not_served_is_a_warning(name, value, warning, attribute, expected):
    found = settings({name: value})
    assert getattr(found, attribute) == expected
    assert [warning is not None and warning in text for text in found.warnings] == ([True] if warning else [])


def test_an_address_of_grpc_is_a_warning_where_grpc_is_wanted():
    found = settings({"OTEL_EXPORTER_OTLP_PROTOCOL": "grpc", "OTEL_EXPORTER_OTLP_ENDPOINT": "collector:4317"})
    assert (found.export_traces, found.export_metrics) == (False, False)
    assert any("'collector:4317'; allowed is http://host:port" in warning for warning in found.warnings)


def test_switched_off_nothing_stops_the_start():
    found = settings({"OTEL_SDK_DISABLED": "true", "OTEL_BSP_SCHEDULE_DELAY": "soon"}, TRACING={"COLOUR": 1})
    assert found.disabled


@pytest.mark.parametrize(("value", "expected"), [(True, True), (False, False), (["migrate"], {"migrate"}), ((), frozenset())])
def test_commands_that_have_a_span(value, expected):
    assert settings(TRACING={"COMMANDS": value}).commands == expected
