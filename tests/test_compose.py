"""compose.yaml and the image, read as data: what they name must exist, and they must stop and start politely."""

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from cgportal.container import PLACES
from uploads.delivery.loop import HOLD_RESULTS

ROOT = Path(__file__).parents[1]
TEXT = (ROOT / "compose.yaml").read_text()
COMPOSE: dict[str, Any] = yaml.safe_load(TEXT)
SERVICES: dict[str, Any] = COMPOSE["services"]
OURS = {name: service for name, service in SERVICES.items() if service["image"] == "cgportal"}
DOCKERFILE = (ROOT / "Dockerfile").read_text()


def example() -> dict[str, str]:
    lines = (ROOT / ".env.example").read_text().splitlines()
    return dict(line.split("=", 1) for line in lines if line and line[0] != "#")


def test_web_and_worker_run_twice_and_wait_for_the_migration() -> None:
    assert set(OURS) == {"migrate", "web", "worker"}
    for name in ("web", "worker"):
        assert OURS[name]["deploy"]["replicas"] == 2
        assert OURS[name]["depends_on"] == {"migrate": {"condition": "service_completed_successfully"}}
    assert OURS["migrate"]["depends_on"] == {"db": {"condition": "service_healthy"}}
    assert OURS["migrate"]["restart"] == "no"


def test_every_command_is_one_that_the_image_knows() -> None:
    commands = {line.split(":")[0] for line in (ROOT / "Procfile").read_text().splitlines()}
    assert [OURS[name]["command"] for name in sorted(commands)] == [[name] for name in sorted(commands)]
    told = subprocess.run(
        [sys.executable, "manage.py", *OURS["migrate"]["command"], "--help"], cwd=ROOT, capture_output=True, text=True,
        env=os.environ | {"DJANGO_SETTINGS_MODULE": "tests.settings"},
    )  # fmt: skip
    assert told.returncode == 0, told.stderr


def test_every_variable_is_explained_in_the_example() -> None:
    named = set(re.findall(r"\$\{(\w+)", TEXT)) | {name for service in OURS.values() for name in service["environment"]}
    assert named <= example().keys()
    assert named >= {"POSTGRES_PASSWORD", "PORTAL_URL", "DATABASE_URL"}


@pytest.mark.parametrize("name", ["migrate", "web", "worker"])
def test_ours_run_without_rights_and_write_to_their_volume_only(name: str) -> None:
    service = OURS[name]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert [volume.partition(":")[2] for volume in service["volumes"]] == [PLACES["VAR_DIR"]]
    assert re.search(r"^USER \d+$", DOCKERFILE, re.MULTILINE)


def test_a_stop_leaves_time_for_what_is_under_way() -> None:
    """What is held in memory while the database is away is held for a minute."""
    for name in ("web", "worker"):
        grace = re.fullmatch(r"(\d+)s", OURS[name]["stop_grace_period"])
        assert grace
        assert int(grace[1]) > HOLD_RESULTS


def test_everything_that_stays_up_is_watched() -> None:
    assert "healthcheck" in SERVICES["db"]
    assert re.search(
        r'^HEALTHCHECK .*CMD \["python", "-m", "cgportal.container", "healthy"\]$', DOCKERFILE, re.MULTILINE
    )
    assert all("healthcheck" not in OURS[name] for name in ("web", "worker"))  # the image brings it


def test_only_the_proxy_can_be_reached_from_outside() -> None:
    assert [name for name, service in SERVICES.items() if "ports" in service] == ["proxy"]
    assert "respond /metrics 404" in COMPOSE["configs"]["proxy"]["content"]


def test_every_volume_and_config_exists() -> None:
    mounted = {volume.split(":")[0] for service in SERVICES.values() for volume in service.get("volumes", [])}
    assert mounted == set(COMPOSE["volumes"])
    assert {config["source"] for config in SERVICES["proxy"]["configs"]} == set(COMPOSE["configs"])


@pytest.mark.parametrize("blank", ["", None])
def test_a_copied_example_leaves_the_places_of_the_image_as_they_are(tmp_path: Path, blank: str | None) -> None:
    """The example has lines like VAR_DIR= that say nothing; the image must not take them for an answer."""
    assert {name for name in PLACES if name in example()} == set(PLACES)
    script = (
        "import os, sys; from cgportal import container; container.WEB[:] = [sys.executable, '-c', 'import os;"
        'print(*(os.environ[n] for n in ("VAR_DIR", "STATIC_ROOT", "PORT")))\']; container.main([\'web\'])'
    )
    env = {name: value for name, value in os.environ.items() if name not in PLACES}
    env |= {} if blank is None else dict.fromkeys(PLACES, blank)
    told = subprocess.run([sys.executable, "-c", script], cwd=ROOT, env=env, capture_output=True, text=True)
    assert told.stdout.split() == list(PLACES.values()), told.stderr
