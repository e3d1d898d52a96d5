"""An outsider checks a file of evidence with one small program and a published seal."""

import json
import subprocess
import sys
from base64 import b64encode
from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command

from tests.factories import make_submission
from uploads.audit import anchors, seal
from uploads.models import Action, AuditEvent, Cause, Submission

from .sealing import make_events

CHECKER = Path(__file__).parents[2] / "docs" / "check_audit.py"
Data = dict[str, Any]


@pytest.fixture
def result(agent: User) -> Submission:
    """A result with two events in seal 1 and one in seal 3; seals 2 and 4 are about other things."""
    submission = make_submission(agent)
    make_events(5)
    AuditEvent.objects.record(Action.SUBMITTED, submission, actor=agent, body={"comment": "canary words"})
    make_events(2)
    AuditEvent.objects.record(Action.VIEWED, submission, actor=agent)
    seal.seal_now()
    make_events(3)
    seal.seal_now()
    submission.delivery.cancel(Cause(agent, evidence="undone", body=b"\xff\x00"))
    seal.seal_now()
    make_events(3)
    seal.seal_now()
    return submission


@pytest.fixture
def published(result: Submission) -> list[str]:
    return list(anchors.lines())


def export(capsys: pytest.CaptureFixture[str], result: Submission, *options: str) -> Data:
    call_command("export_evidence", str(result.uuid), *options)
    data: Data = json.loads(capsys.readouterr().out)
    return data


def check(tmp_path: Path, evidence: Data | str, published: list[str]) -> tuple[int, str]:
    """The program as an outsider runs it: without this project, its packages and its environment."""
    (tmp_path / "evidence.json").write_text(evidence if isinstance(evidence, str) else json.dumps(evidence))
    (tmp_path / "seals.txt").write_text("".join(published))
    done = subprocess.run(
        [sys.executable, "-I", "-S", str(CHECKER), "evidence.json", "seals.txt"],
        cwd=tmp_path, env={}, capture_output=True, text=True,
    )  # fmt: skip
    assert "Traceback" not in done.stderr, done.stderr
    return done.returncode, done.stdout


def test_every_event_of_a_result_is_proven(
    result: Submission, published: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    evidence = export(capsys, result)
    assert "canary words" not in json.dumps(evidence)
    status, told = check(tmp_path, evidence, published)
    assert status == 0, told
    for line, action in zip(told.splitlines(), (Action.SUBMITTED, Action.VIEWED, Action.CANCELLED), strict=False):
        assert f" UTC, anna, {action}" in line
    assert "All is as it was sealed, and as it was published. Events checked: 3." in told


def test_the_content_is_proven_too_and_its_export_is_on_the_record(
    result: Submission, published: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    evidence = export(capsys, result, "--content")
    assert b64encode(b'{"comment":"canary words"}').decode() in json.dumps(evidence)
    status, told = check(tmp_path, evidence, published)
    assert (status, told.count("with content (")) == (0, 2)
    viewed = AuditEvent.objects.filter(action=Action.VIEWED).last()
    assert viewed
    assert viewed.actor_name == "manage.py export_evidence"
    assert export(capsys, result)["events_not_sealed_yet"] == 1
    assert "not in the file: 1." in check(tmp_path, export(capsys, result), published)[1]


def test_with_the_chain_any_later_seal_will_do(
    result: Submission, published: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    last = published[-1:]
    assert last[0].startswith("seal 4 ")
    status, told = check(tmp_path, export(capsys, result), last)
    assert (status, "seal 3 is not among the published ones" in told) == (2, True)
    status, told = check(tmp_path, export(capsys, result, "--chain"), last)
    assert status == 0, told


def rewrite(data: Data, name: str, value: str) -> None:
    event = json.loads(data["events"][0]["event"])
    event[name] = value
    data["events"][0]["event"] = json.dumps(event, sort_keys=True, separators=(",", ":"))


def other_time(data: Data) -> None:
    rewrite(data, "at", "2026-01-01 00:00:00.000000")


def other_person(data: Data) -> None:
    rewrite(data, "actor_name", "bram")


def other_content(data: Data) -> None:
    data["events"][0]["body"] = b64encode(b"{}").decode()


def other_salt(data: Data) -> None:
    data["events"][0]["salt"] = "00" * 32


def other_place(data: Data) -> None:
    data["events"][0]["index"] += 1


def impossible_place(data: Data) -> None:
    data["events"][0]["index"] = 10**6


def shorter_path(data: Data) -> None:
    data["events"][0]["path"].pop()


def longer_path(data: Data) -> None:
    data["events"][0]["path"].append("00" * 32)


def root_to_fit(data: Data) -> None:
    data["seals"][0]["merkle_root"] = "00" * 32


def seal_of_another_log(data: Data) -> None:
    data["seals"][-1]["at"] = "2026-01-01 00:00:00.000000"


@pytest.mark.parametrize(
    "tamper",
    [
        other_time, other_person, other_content, other_salt, other_place, impossible_place, shorter_path, longer_path,
        root_to_fit, seal_of_another_log,
    ],
)  # fmt: skip
def test_a_changed_file_is_found_out(
    result: Submission, published: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str],
    tamper: Callable[[Data], None],
) -> None:  # fmt: skip
    evidence = export(capsys, result, "--content", "--chain")
    tamper(evidence)
    status, told = check(tmp_path, evidence, published)
    assert (status, told.splitlines()[-1][:9]) == (1, "CHANGED: ")


def without_events(data: Data) -> None:
    data["events"] = []


def without_seals(data: Data) -> None:
    data["seals"] = []


def without_paths(data: Data) -> None:
    del data["events"][0]["path"]


def of_tomorrow(data: Data) -> None:
    data["format"] = "cgp-evidence-v2"


@pytest.mark.parametrize("damage", [without_events, without_seals, without_paths, of_tomorrow])
def test_an_incomplete_file_cannot_be_checked(
    result: Submission, published: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str],
    damage: Callable[[Data], None],
) -> None:  # fmt: skip
    evidence = export(capsys, result)
    damage(evidence)
    status, told = check(tmp_path, evidence, published)
    assert (status, told.splitlines()[-1][:12]) == (2, "NOT CHECKED:")


@pytest.mark.parametrize("text", ["", "no json", "[]", '{"format": "cgp-evidence-v1"}'])
def test_what_is_no_evidence_at_all_cannot_be_checked(published: list[str], tmp_path: Path, text: str) -> None:
    assert check(tmp_path, text, published)[0] == 2


def test_two_published_logs_are_a_finding(
    result: Submission, published: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    fork = [*published, f"seal 2 to 9 count 4 hash {'0' * 64}\n"]
    assert check(tmp_path, export(capsys, result), fork)[0] == 1
    assert check(tmp_path, export(capsys, result), [])[0] == 2


def test_a_result_that_does_not_exist_is_named(db: None) -> None:
    with pytest.raises(CommandError, match="copy the number from the address of its page"):
        call_command("export_evidence", str(uuid4()))
