"""The package builds, installs in a clean virtual environment, and its README works as written. Needs a package registry."""

import os
import re
import shutil
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest
from collector import Collector

PACKAGE = Path(__file__).resolve().parents[2]
README = (PACKAGE / "README.md").read_text()


def run(*command, **options):
    result = subprocess.run([str(part) for part in command], capture_output=True, text=True, check=False, timeout=400, **options)
    assert result.returncode == 0, f"{command}\n{result.stdout}\n{result.stderr}"
    return result.stdout


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    folder = tmp_path_factory.mktemp("dist")
    run(sys.executable, "-m", "build", "--no-isolation", "-o", folder, PACKAGE)
    return folder


@pytest.fixture(scope="module")
def clean(tmp_path_factory, built):
    """Python of a new environment that has the wheel and what it asks for, at the locked versions."""
    folder = tmp_path_factory.mktemp("clean")
    run(sys.executable, "-m", "venv", "--without-pip", folder)
    python = folder / "bin" / "python"
    pip = (sys.executable, "-m", "pip", "--python", python)
    hashes = (PACKAGE / "requirements" / "newest.txt").read_text()
    # Versions without hashes: constraints cannot hold them.
    pins = re.findall(r"^([a-z0-9._-]+)(?:\[[a-z]+\])?==(\S+)", hashes, re.MULTILINE)
    constraints = folder / "constraints.txt"
    constraints.write_text("\n".join(f"{name}=={version}" for name, version in pins))
    run(*pip, "install", "-q", "--retries", "5", "--no-compile", "-c", constraints, next(built.glob("*.whl")))
    run(*pip, "check")
    return python


def test_wheel_and_source_hold_the_typed_package_and_nothing_else(built):
    wheel = zipfile.ZipFile(next(built.glob("*.whl"))).namelist()
    assert "thebot_tracing/py.typed" in wheel
    assert all(name.startswith(("thebot_tracing/", "thebot_tracing-2.1.0.dist-info/")) for name in wheel)
    with tarfile.open(next(built.glob("*.tar.gz"))) as source:
        names = [name.split("/", 1)[1] for name in source.getnames()]
    assert {
        "README.md",
        "CHANGELOG.md",
        "pyproject.toml",
        "src/thebot_tracing/__init__.py",
        "tests/conftest.py",
        "example/manage.py",
    } <= set(names)
    assert not any(name.endswith((".sqlite3", ".pyc")) for name in names)


def test_the_tests_of_the_source_distribution_run(built, tmp_path):
    shutil.unpack_archive(next(built.glob("*.tar.gz")), tmp_path)
    (folder,) = tmp_path.iterdir()
    output = run(sys.executable, "-m", "pytest", "-q", "tests/unit/test_settings.py", "tests/unit/test_django.py", cwd=folder)
    assert "passed" in output
    # All of them can be imported.
    run(sys.executable, "-m", "pytest", "-q", "--collect-only", "tests", cwd=folder)


def test_the_readme_works_in_a_clean_environment(clean, tmp_path):
    settings = re.search(r"<!-- test: settings -->\n```python\n(.*?)```", README, re.DOTALL)[1]
    usage = re.search(r"## Using it\n\n```python\n(.*?)```", README, re.DOTALL)[1]
    (tmp_path / "settings.py").write_text(f"ROOT_URLCONF = 'urls'\nSECRET_KEY = 'x'\nALLOWED_HOSTS = ['*']\n{settings}")
    (tmp_path / "urls.py").write_text("urlpatterns = []\n")
    (tmp_path / "use.py").write_text(
        f"import django\ndjango.setup()\n{usage}\nfrom django.test import Client\n"
        "print(Client().get('/', headers={'X-Correlation-ID': 'test-123'})['X-Correlation-ID'])\n"
    )
    collector = Collector()
    env = {key: value for key, value in os.environ.items() if not key.startswith(("OTEL_", "TRACING_", "PYTHONPATH"))}
    env |= {"DJANGO_SETTINGS_MODULE": "settings", "OTEL_EXPORTER_OTLP_ENDPOINT": collector.endpoint}
    assert run(clean, "use.py", cwd=tmp_path, env=env).strip() == "test-123"
    assert len(collector.spans) == 2
    output = run(clean.with_name("thebot-tracing"), "check", cwd=tmp_path, env=env)
    assert "all is well" in output
    assert "celery        not installed" in output
    collector.stop()


def test_the_readme_names_every_setting(clean):
    from thebot_tracing import settings

    source = "".join(Path(settings.__file__).with_name(name).read_text() for name in ("settings.py", "standard.py"))
    names = set(re.findall(r'"((?:OTEL|TRACING)_[A-Z_]+[A-Z])"', source)) - {"OTEL_PYTHON_EXCLUDED_URLS"}
    assert len(names) > 10
    missing = [name for name in (*sorted(names), *sorted(settings._KEYS)) if name not in README]
    assert missing == []
