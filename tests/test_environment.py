"""Nonsense in the environment is refused at start, with a sentence that names the variable and the remedy."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
GOOD = {
    "SECRET_KEY": "x" * 40,
    "CUSTOMERGAUGE_URL": "https://api.eu.customergauge.com",
    "CUSTOMERGAUGE_API_KEY": "abc",
    "DJANGO_SETTINGS_MODULE": "cgportal.settings",
}

SSO = {"OIDC_ISSUER": "https://id.example.com/realms/x", "OIDC_CLIENT_ID": "x", "OIDC_CLIENT_SECRET": "y"}


def start(tmp_path: Path, **variables: str) -> "subprocess.CompletedProcess[str]":
    env = {"PATH": os.environ["PATH"], "VAR_DIR": str(tmp_path)} | GOOD | variables
    return subprocess.run([sys.executable, "manage.py", "check"], cwd=ROOT, env=env, capture_output=True, text=True)


@pytest.mark.parametrize(
    ("variables", "sentence"),
    [
        ({"SECRET_KEY": ""}, "SECRET_KEY must be set to at least 32 random characters"),
        ({"DEBUG": "perhaps"}, "DEBUG is “perhaps”: write true or false"),
        ({"AUDIT_SEAL_KEY": "short"}, "AUDIT_SEAL_KEY must be at least 32 random characters, or empty"),
        ({"TIME_ZONE": "Mars/Olympus"}, "TIME_ZONE is “Mars/Olympus”: write a zone such as"),
        ({"CUSTOMERGAUGE_URL": "api.eu.customergauge.com"}, "CUSTOMERGAUGE_URL is “api.eu.customergauge.com”"),
        ({"CUSTOMERGAUGE_URL": "http://api.eu.customergauge.com"}, "customers' words travel over https only"),
        ({"CUSTOMERGAUGE_URL": "https://api.eu.customergauge.com/v4.1"}, "must be scheme and host only"),
        ({"CUSTOMERGAUGE_URL": "https://[::1"}, "CUSTOMERGAUGE_URL is not an address"),
        ({"CUSTOMERGAUGE_API_KEY": "two\nlines"}, "CUSTOMERGAUGE_API_KEY holds a space, a line break"),
        ({"CUSTOMERGAUGE_API_KEY": "schlüssel"}, "or a character outside ASCII"),
        ({"CUSTOMERGAUGE_FORMAT": "yaml"}, "CUSTOMERGAUGE_FORMAT is “yaml”: write one of json, xml"),
        ({"SUBMISSION_HOLD_SECONDS": "-1"}, "SUBMISSION_HOLD_SECONDS is “-1”: write a whole number from 0 to 3600"),
        ({"SUBMISSION_HOLD_SECONDS": "٣"}, "SUBMISSION_HOLD_SECONDS is “٣”"),
        ({"DATABASE_URL": "mysql://somewhere/db"}, "DATABASE_URL must begin with sqlite:/// or postgres://"),
        ({"QUEUE_URL": "amqp://x"}, "QUEUE_URL must begin with redis://"),
        ({"EMAIL_URL": "somewhere"}, "EMAIL_URL is not an address such as smtp+tls://"),
        ({"EMAIL_FROM": "portal"}, "EMAIL_FROM holds “portal”: write addresses such as"),
        ({"ALERT_RECIPIENTS": "ops@example.com, boss"}, "ALERT_RECIPIENTS holds “boss”"),
        ({"ALERT_SECONDS": "0"}, "ALERT_SECONDS is “0”: write a whole number from 1 to 3600"),
        ({"PORTAL_URL": "portal.example.com"}, "PORTAL_URL is “portal.example.com”: write an address such as"),
        ({"PORTAL_URL": "https://portal.example.com/app"}, "PORTAL_URL is “https://portal.example.com/app”"),
        ({"METRICS_TOKEN": "guess me not, please"}, "METRICS_TOKEN holds a space"),
        ({"METRICS_TOKEN": "short"}, "METRICS_TOKEN must be at least 16 random characters"),
        ({"VAR_DIR": "/proc/nowhere"}, "VAR_DIR is /proc/nowhere: it cannot be made"),
        ({"RETENTION_CALLS_DAYS": "a year"}, "RETENTION_CALLS_DAYS is “a year”: write a whole number from 0 to 36500"),
        ({"RETENTION_EXCHANGES_DAYS": "3"}, "RETENTION_EXCHANGES_DAYS is 3: write 0 (keep for ever), or 7 to 36500"),
        ({"RETENTION_CONTENTS_DAYS": "60"}, "RETENTION_CONTENTS_DAYS (60) is less than RETENTION_EXCHANGES_DAYS (730)"),
        (
            {"RETENTION_EXCHANGES_DAYS": "0", "RETENTION_CONTENTS_DAYS": "0"},
            "RETENTION_FACTS_DAYS (3650) is less than RETENTION_CONTENTS_DAYS (for ever)",
        ),
        ({"MFA_REQUIRED_ROLES": "manager, boss"}, "MFA_REQUIRED_ROLES holds “boss”: write some of agent, manager"),
        ({"MFA_KEY": "short"}, "MFA_KEY must be at least 32 random characters, or empty"),
        ({"OIDC_ISSUER": "http://id.example.com"}, "OIDC_ISSUER uses http"),
        ({"OIDC_ISSUER": "https://id.example.com", "OIDC_CLIENT_ID": "x"}, "OIDC_CLIENT_SECRET is not set"),
        (SSO, "OIDC_ROLES is not set: nobody would have a role"),
        (SSO | {"OIDC_ROLES": "agent=Callers,boss=Board"}, "OIDC_ROLES holds “boss=Board”: write a role and its group"),
        (SSO | {"OIDC_ROLES": "agent=A", "OIDC_LOCAL_SIGN_IN": "no"}, "write one of superusers, everyone"),
        ({"CUSTOMERGAUGE_API_KEY": ""}, "The credential for CustomerGauge is missing or ambiguous"),
        ({"CUSTOMERGAUGE_CLIENT_ID": "id"}, "The credential for CustomerGauge is missing or ambiguous"),
    ],
)
def test_nonsense_is_refused_with_a_sentence(tmp_path: Path, variables: dict[str, str], sentence: str) -> None:
    result = start(tmp_path, **variables)
    assert result.returncode != 0
    assert sentence in result.stderr


def test_good_variables_start(tmp_path: Path) -> None:
    result = start(tmp_path, SECRET_KEY="$dollars-are-no-references-0123456789", DEBUG="")
    assert result.returncode == 0, result.stderr


def test_the_example_starts_once_its_blanks_are_filled_in(tmp_path: Path) -> None:
    """Read as a person uses it: copied, with secret, target and key filled in, the other lines left as they are."""
    lines = [line for line in (ROOT / ".env.example").read_text().splitlines() if line and line[0] != "#"]
    example = dict(line.split("=", 1) for line in lines)
    result = start(tmp_path, **(example | GOOD | {"VAR_DIR": str(tmp_path)}))
    assert result.returncode == 0, result.stderr


def test_the_example_lists_every_variable_and_no_other() -> None:
    example = (ROOT / ".env.example").read_text()
    listed = {line.partition("=")[0] for line in example.splitlines() if line and not line.startswith("#")}
    code = "".join(path.read_text() for path in (ROOT / "cgportal").glob("*.py"))
    compose = (ROOT / "compose.yaml").read_text()
    assert {name for name in listed if f'"{name}"' not in code and f"${{{name}:" not in compose} == set()
