"""Many results at once: from a pasted list to submissions, each checked like the form and entered once."""

import csv
import io
import re
import uuid
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.files.uploadedfile import SimpleUploadedFile
from django.http import HttpResponse
from django.test import Client
from django.utils import timezone

from tests.factories import make_user
from tests.processes import hidden
from uploads.entry import batch_work
from uploads.entry.batch_work import carry_on
from uploads.models import (
    Action,
    AuditEvent,
    Batch,
    BatchRow,
    ColumnMapping,
    Delivery,
    Lane,
    ReasonCode,
    State,
    Submission,
    SurveyField,
)

from .conftest import Desk, errors_of, filled

MANY = "/submissions/many/"
TITLES = [
    "CustomerNumber",
    "E-mail",
    "First name",
    "Last name",
    "Score",
    "Comment",
    "Invitation sent",
    "Survey completed",
]


def ago(minutes: float) -> str:
    return (timezone.localtime() - timedelta(minutes=minutes)).strftime("%Y-%m-%d %H:%M")


def a_row(number: int = 1, **changes: str) -> list[str]:
    """A good row; each number is another customer."""
    cells = {
        "customer": f"{1000 + number}", "email": f"lee{number}@company.com",
        "first": "Lee", "last": f"Klameth {number}",
        "score": "9", "comment": "Quick", "sent": ago(90), "done": ago(60),
    }  # fmt: skip
    return list((cells | changes).values())


def listed(*rows: list[str], titles: list[str] = TITLES, separator: str = "\t") -> str:
    text = io.StringIO()
    csv.writer(text, delimiter=separator).writerows([titles, *rows])
    return text.getvalue()


class Lists(Desk):
    """An agent with lists of results."""

    def give(self, *rows: list[str], **given: Any) -> Batch:
        """Paste a list and go on to its columns."""
        answer = self.client.post(MANY, {"token": str(uuid.uuid4()), "pasted": listed(*rows, **given)})
        assert answer.status_code == 302, answer.content.decode()
        return Batch.objects.get(uuid=re.findall(r"[0-9a-f-]{36}", answer.headers["Location"])[0])

    def checked(self, *rows: list[str], **given: Any) -> Batch:
        """Paste a list, take the columns as they are proposed, and have it checked."""
        batch = self.give(*rows, **given)
        answer = self.take_columns(batch)
        assert answer.status_code == 302, answer.context["form"].errors
        assert not carry_on()
        batch.refresh_from_db()
        assert batch.status == Batch.Status.CHECKED
        return batch

    def take_columns(self, batch: Batch, **changes: str) -> HttpResponse:
        return self.client.post(page(batch, "columns/"), self.proposed(batch) | changes)

    def proposed(self, batch: Batch) -> dict[str, str]:
        """What the browser would send from the page of the columns as it opens."""
        form = self.client.get(page(batch, "columns/")).context["form"]
        sent = {name: str(form[name].value() or "") for name in form.fields}
        return {name: value for name, value in sent.items() if value not in ("", "False")}

    def save(self, batch: Batch, **reasons: str) -> HttpResponse:  # type: ignore[override]
        """Press the button, and let the worker do it."""
        answer = self.client.post(page(batch, "save/"), {f"because-{code}": said for code, said in reasons.items()})
        carry_on()
        batch.refresh_from_db()
        return answer


def page(batch: Batch, inner: str = "") -> str:
    return f"{MANY}{batch.uuid}/{inner}"


def states(batch: Batch) -> dict[int, str]:
    return dict(batch.rows.order_by("number").values_list("number", "state"))


@pytest.fixture(autouse=True)
def short_lists(db: None) -> None:
    """A result needs no more than a score."""
    SurveyField.objects.update(required=False)


@pytest.fixture
def lists(agent: User, signed_in: Callable[[User], Client]) -> Lists:
    return Lists(signed_in(agent))


# -- the whole way --------------------------------------------------------------------------------------------


def test_each_row_becomes_a_result_of_its_own_behind_what_agents_enter(lists: Lists, agent: User) -> None:
    batch = lists.checked(a_row(1), a_row(2, score="0", comment="Never again"), a_row(3))
    lists.save(batch)
    assert batch.status == Batch.Status.DONE
    saved = list(Submission.objects.order_by("pk"))
    assert [(row.score, row.customer_name, row.agent) for row in saved] == [
        (9, "Lee Klameth 1", agent),
        (0, "Lee Klameth 2", agent),
        (9, "Lee Klameth 3", agent),
    ]
    assert set(Delivery.objects.values_list("state", "priority")) == {(State.QUEUED, Lane.BULK)}
    events = AuditEvent.objects.filter(action=Action.SUBMITTED)
    assert {event.request_id for event in events} == {batch.request_id}
    assert [f'"from_list":"{batch}, row {row}"'.encode() in bytes(event.payload.body)
            for row, event in enumerate(events.order_by("pk"), 2)] == [True] * 3  # fmt: skip
    steps = [event.action for event in AuditEvent.objects.about(batch)]
    assert steps == [Action.BATCH_READ, Action.BATCH_SAVING, Action.BATCH_DONE]


def test_a_file_is_as_good_as_a_pasted_list(lists: Lists) -> None:
    data = listed(a_row(), separator=";").encode("utf-16")
    answer = lists.client.post(MANY, {"token": str(uuid.uuid4()), "file": SimpleUploadedFile("März\n.csv", data)})
    batch = Batch.objects.get()
    assert answer.headers["Location"] == page(batch)
    assert (batch.name, batch.rows.get().cells) == ("März.csv", a_row())


def test_the_same_form_posted_twice_is_one_list(lists: Lists, desk2: Desk) -> None:
    form = {"token": str(uuid.uuid4()), "pasted": listed(a_row())}
    first, second = (lists.client.post(MANY, form).headers["Location"] for _ in range(2))
    assert first == second
    assert desk2.client.post(MANY, form).headers["Location"] != first
    assert Batch.objects.count() == 2


def test_pressing_save_twice_and_working_twice_adds_nothing(lists: Lists) -> None:
    batch = lists.checked(a_row(1), a_row(2))
    for _ in range(2):
        assert lists.client.post(page(batch, "save/")).status_code == 302
    stale = Batch.objects.get()
    stale_rows = list(batch.rows.all())
    lists.save(batch)
    for row in stale_rows:  # a worker that was lost with these rows in hand, and the table as it was before
        BatchRow.objects.update_or_create(
            pk=row.pk, defaults={"batch": batch, "number": row.number, "cells": row.cells, "state": "chosen"}
        )
    Batch.objects.update(status=Batch.Status.SAVING, first=stale.first)
    carry_on()
    assert Submission.objects.count() == 2
    assert set(states(batch).values()) == {"saved"}


def test_a_second_worker_with_the_same_rows_in_hand_changes_nothing(
    lists: Lists, monkeypatch: pytest.MonkeyPatch
) -> None:
    batch = lists.checked(a_row(1), a_row(2))
    lists.client.post(page(batch, "save/"))
    judge = batch_work._again
    other = [False]

    def while_the_other_works(*given: Any) -> Any:
        judged = judge(*given)
        if not other[0]:
            other[0] = True
            carry_on()
        return judged

    monkeypatch.setattr(batch_work, "_again", while_the_other_works)
    carry_on()
    assert Submission.objects.count() == 2
    assert AuditEvent.objects.filter(action=Action.SUBMITTED).count() == 2
    assert Batch.objects.get().status == Batch.Status.DONE


# -- columns --------------------------------------------------------------------------------------------------


def test_columns_are_proposed_by_key_label_and_other_known_names_and_kept_for_the_next_list(lists: Lists) -> None:
    titles = ["nps", "EMAIL", "date_survey_response", "Shop"]
    batch = lists.give(["9", "a@b.co", ago(5), "Utrecht"], titles=titles)
    proposed = lists.proposed(batch)
    assert proposed == {
        "titled": "True", "dates": "iso", "column-0": "score", "column-1": "Email", "column-2": "completed_at",
    }  # fmt: skip
    lists.take_columns(batch, **{"column-3": "LastName"})
    turned = lists.give(["Utrecht", "9", "a@b.co", ago(5)], titles=["Shop", *titles[:3]])
    assert lists.proposed(turned) == {
        "titled": "True", "dates": "iso", "column-0": "LastName", "column-1": "score", "column-2": "Email",
        "column-3": "completed_at",
    }  # fmt: skip
    assert ColumnMapping.objects.count() == 1


def test_a_list_without_titles_loses_no_row(lists: Lists) -> None:
    batch = lists.give(["7", "c@d.co"], titles=["9", "a@b.co"])
    assert "titled" not in lists.proposed(batch)
    lists.take_columns(batch, **{"column-0": "score", "column-1": "Email"})
    carry_on()
    assert set(states(batch)) == {1, 2}
    lists.save(batch)
    assert list(Submission.objects.order_by("pk").values_list("score", flat=True)) == [9, 7]


@pytest.mark.parametrize(
    ("columns", "sentence"),
    [
        ({"column-0": ""}, "No column is said to hold “Score”, which every result must have."),
        ({"column-0": "Email"}, "Two columns are said to hold “E-mail”. Choose one of them."),
        ({"column-1": "SecretField"}, "This is not asked any more. Choose again."),
        ({"dates": "ymd"}, "Choose how dates are written."),
    ],
)
def test_columns_that_do_not_fit_are_named(lists: Lists, columns: dict[str, str], sentence: str) -> None:
    SurveyField.objects.filter(key="Email").update(label="E-mail")
    batch = lists.give(["9", "a@b.co"], titles=["Score", "E-mail"])
    answer = lists.take_columns(batch, **columns)
    assert answer.status_code == 422
    assert sentence in answer.content.decode()
    assert Batch.objects.get().status == Batch.Status.COLUMNS


@pytest.mark.parametrize(
    ("written", "way", "when"),
    [
        ("02/11/2026 13:59", "dmy", "2026-11-02 13:59:00"),
        ("2.11.2026 9:05", "dmy", "2026-11-02 09:05:00"),
        ("11/02/2026 1:59 PM", "mdy", "2026-11-02 13:59:00"),
        ("11/02/2026 12:05:09 am", "mdy", "2026-11-02 00:05:09"),
        ("2026-11-02T13:59", "iso", "2026-11-02 13:59:00"),
        ("2026-11-02 13:59", "dmy", "2026-11-02 13:59:00"),
        ("2026-11-02T12:59:00.123Z", "mdy", "2026-11-02 13:59:00"),
        ("2026-10-25T02:30:00+01:00", "iso", "2026-10-25 02:30:00"),
        ("2026-10-25 02:30 first", "iso", "2026-10-25 02:30:00"),
    ],
)
def test_dates_are_read_as_they_were_said_to_be_written(lists: Lists, written: str, way: str, when: str) -> None:
    batch = lists.give(["9", written], titles=["Score", "SurveyCompletedDate"])
    lists.take_columns(batch, dates=way)
    carry_on()
    lists.save(batch, long_ago="An old list", silent="x")
    done = Submission.objects.get().completed_at
    assert done
    assert timezone.localtime(done).strftime("%Y-%m-%d %H:%M:%S") == when


def test_the_way_dates_are_written_is_proposed_by_the_rows(lists: Lists) -> None:
    assert lists.proposed(lists.give(["9", "02/11/2026 13:59"], titles=["Score", "A"]))["dates"] == "dmy"
    assert lists.proposed(lists.give(["9", "11/22/2026 13:59"], titles=["Score", "B"]))["dates"] == "mdy"


def test_the_way_that_is_kept_is_not_proposed_for_rows_that_it_does_not_fit(lists: Lists) -> None:
    proposed = []
    for written in ("02/11/2026", "22/11/2026", "11/22/2026", "11/02/2026", "22/11/2026"):
        batch = lists.give(["9", f"{written} 13:59"], titles=["Score", "SurveyCompletedDate"])
        proposed.append(lists.proposed(batch)["dates"])
        lists.take_columns(batch)
    assert proposed == ["dmy", "dmy", "mdy", "mdy", "dmy"]


def test_endless_titles_and_names_are_cut_on_the_page_only(lists: Lists) -> None:
    batch = lists.give(["x" * 300_000, "11", '"'], titles=["LastName", "Score", '"' + "t" * 200_000])
    lists.take_columns(batch)
    carry_on()
    for inner in ("columns/", "", "?show=wrong"):
        assert len(lists.client.get(page(batch, inner)).content) < 30_000
    assert len(batch.rows.get().cells[0]) == 300_000


def test_choices_and_reasons_may_be_named_by_their_words(lists: Lists, reasons: dict[str, ReasonCode]) -> None:
    titles = ["Score", "Reasons", "Reason code", "Follow up", "Workflow status"]
    batch = lists.give(["9", "staff; 10040", "For the family", "yes", "open"], titles=titles)
    lists.take_columns(batch, **{"column-1": "reasons", "column-2": "reasons", "column-3": "contact"})
    carry_on()
    lists.save(batch, out_of_reach="They call us")
    saved = Submission.objects.get()
    assert [reason["code"] for reason in saved.reasons] == ["10030", "10040", "13000"]
    assert (saved.contact, saved.workflow_status) == ("Y", "OPEN")


def test_what_has_no_column_is_as_in_the_empty_form(lists: Lists, default_status: None) -> None:
    lists.save(lists.checked(["9"], titles=["Score"]))
    assert Submission.objects.get().workflow_status == "IN-PROGRESS"


# -- the same checks as the form ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("column", "name", "value"),
    [
        ("score", "score", "11"),
        ("score", "score", ""),
        ("email", "Email", "lee at company"),
        ("done", "completed_at", "2026-02-30 10:00"),
        ("done", "completed_at", "2031-01-01 10:00"),
        ("done", "completed_at", "soon"),
        ("sent", "sent_at", ago(1)),
        ("comment", "comment", "a\ufffeb"),
        ("comment", "comment", "x" * 4001),
        ("customer", "CustomerNumber", "1 143"),
        ("first", "FirstName", "a\tb"),
    ],
)
def test_a_row_is_refused_with_the_sentence_of_the_form(lists: Lists, column: str, name: str, value: str) -> None:
    batch = lists.checked(a_row(**{column: value}))
    answers = {"sent_at": ago(90), "completed_at": ago(60), name: value}
    form = errors_of(lists.client.post("/submissions/new/", lists.answers(**answers)))
    assert states(batch) == {2: "bad"}
    assert batch.rows.get().told == [sentence for sentences in form.values() for sentence in sentences]


def test_a_row_with_more_cells_than_columns_is_wrong(lists: Lists) -> None:
    batch = lists.checked(["9", "well", " and"], titles=["Score", "Comment"])
    assert batch.rows.get().told[0].startswith("This row has 3 cells, and there are 2 columns.")


def test_good_rows_go_and_bad_ones_stay(lists: Lists) -> None:
    batch = lists.checked(a_row(1), a_row(2, score="eleven"), a_row(3))
    lists.save(batch)
    assert states(batch) == {2: "saved", 3: "bad", 4: "saved"}
    assert batch.status == Batch.Status.CHECKED


def test_a_warning_waits_for_a_reason_and_the_reason_is_kept_for_each_row(lists: Lists) -> None:
    batch = lists.checked(a_row(1, score="2", comment=""), a_row(2), a_row(3, score="1", comment="", done=ago(60000),
                          sent=ago(70000)))  # fmt: skip
    assert states(batch) == {2: "warned", 3: "good", 4: "warned"}
    lists.save(batch, silent="They were in a hurry")
    assert states(batch) == {2: "saved", 3: "saved", 4: "warned"}
    event = AuditEvent.objects.get(action=Action.SUBMITTED, object_id=str(batch.rows.get(number=2).submission_id))
    body = bytes(event.payload.body).decode()
    assert '"overruled":"They were in a hurry"' in body
    assert "The score is 2, without a comment. Ask the customer why." in body
    assert lists.save(batch, silent="A hurry").status_code == 422
    lists.save(batch, silent="A hurry", long_ago="Found in a drawer")
    assert set(states(batch).values()) == {"saved"}


def test_equal_rows_and_rows_that_were_entered_come_first_and_wait(lists: Lists) -> None:
    lists.save(lists.checked(a_row(1, done=ago(500), sent=ago(600))))
    batch = lists.checked(a_row(1, done=ago(500), sent=ago(600)), a_row(2), a_row(3), a_row(2), a_row(2, score="3"))
    assert dict(batch.rows.values_list("number", "kinds")) == {2: "entered", 3: "", 4: "", 5: "in_list", 6: ""}
    groups = lists.client.get(page(batch)).context["groups"]
    assert [group.name for group, _ in groups] == ["entered", "in_list"]
    assert "This row says the same as row 3 of the list." in batch.rows.get(number=5).told
    lists.save(batch)
    assert states(batch) == {2: "warned", 3: "saved", 4: "saved", 5: "warned", 6: "saved"}
    lists.save(batch, in_list="They called twice")
    assert (states(batch)[5], Submission.objects.count()) == ("saved", 5)


def test_what_was_entered_between_the_check_and_the_saving_is_not_entered_twice(lists: Lists) -> None:
    batch = lists.checked(a_row(1))
    again = lists.checked(a_row(1))
    lists.save(batch)
    lists.save(again)
    assert (states(again), again.rows.get().kinds, Submission.objects.count()) == ({2: "warned"}, "entered", 1)


def test_what_is_not_offered_any_more_when_it_is_saved_comes_back(lists: Lists, reasons: dict[str, ReasonCode]) -> None:
    batch = lists.checked(["9", "13000"], titles=["Score", "Reasons"])
    reasons["family"].active = False
    reasons["family"].save()
    lists.save(batch)
    assert states(batch) == {2: "bad"}
    assert "not offered" in batch.rows.get().told[0]


# -- mending --------------------------------------------------------------------------------------------------


def test_a_wrong_row_is_mended_in_the_form_that_says_what_the_row_says(lists: Lists) -> None:
    batch = lists.checked(a_row(1, score="11", email="lee at company"), a_row(2, score="x"))
    opened = lists.client.get(page(batch, "rows/2/"))
    text = opened.content.decode()
    assert "Score: the row says “11”." in text
    assert filled(opened)["Email"] == "lee at company"
    answers = filled(opened) | {"Email": "lee@company.com"}
    still = lists.client.post(page(batch, "rows/2/"), answers)
    assert errors_of(still) == {"score": ["Score is missing. Choose a number from 0 to 10."]}
    answer = lists.client.post(page(batch, "rows/2/"), answers | {"score": "8", "next": "1"})
    assert answer.headers["Location"] == page(batch, "rows/3/")
    row = batch.rows.get(number=2)
    assert (row.state, row.cells, row.told) == ("saved", [], [])
    assert row.submission
    assert (row.submission.submit_token, row.submission.score) == (row.token, 8)
    again = lists.client.post(page(batch, "rows/2/"), answers | {"score": "8"})
    assert again.headers["Location"] == f"/submissions/{row.submission.uuid}/"
    assert Submission.objects.count() == 1


def test_a_row_under_the_token_of_another_form_is_not_saved(lists: Lists) -> None:
    batch = lists.checked(a_row(1, score="11"))
    answers = filled(lists.client.get(page(batch, "rows/2/"))) | {"score": "8"}
    answer = lists.client.post(page(batch, "rows/2/"), answers | {"submit_token": str(uuid.uuid4())})
    assert answer.status_code == 422
    assert not Submission.objects.exists()
    assert filled(answer)["submit_token"] == str(batch.rows.get().token)


def test_a_row_that_was_saved_through_its_draft_is_known_as_saved(lists: Lists) -> None:
    batch = lists.checked(a_row(1, score="11"))
    answers = filled(lists.client.get(page(batch, "rows/2/"))) | {"score": "8"}
    lists.client.post("/submissions/new/", answers)
    saved = Submission.objects.get()
    assert lists.client.get(page(batch, "rows/2/")).headers["Location"] == f"/submissions/{saved.uuid}/"
    batch.refresh_from_db()
    assert (states(batch), batch.status) == ({2: "saved"}, Batch.Status.DONE)


def test_wrong_rows_come_back_as_a_file_that_can_be_mended_and_read_in_again(lists: Lists) -> None:
    titles = ["Score", "Comment", "Phone"]
    SurveyField.objects.create(key="Phone", label="Phone", kind="phone", position=5)
    batch = lists.checked(["11", "=1+1", "+31 20 1234567"], ["9", "good", ""], ["x", "two\nlines", ""], titles=titles)
    file = lists.client.get(page(batch, "wrong.csv"))
    assert file.headers["Content-Disposition"].startswith("attachment;")
    rows = list(csv.reader(io.StringIO(file.content.decode("utf-8-sig"), newline="")))
    wrong = "Score must be a whole number from 0 to 10. Choose one of the eleven."
    assert rows == [
        ["What is wrong", *titles],
        [wrong, "11", "'=1+1", "'+31 20 1234567"],
        [wrong, "x", "two\nlines", ""],
    ]
    mended = file.content.decode("utf-8-sig").replace('"11"', '"10"').replace('"x"', '"10"')
    lists.client.post(MANY, {"token": str(uuid.uuid4()), "pasted": mended})
    second = Batch.objects.latest("pk")
    lists.take_columns(second)
    carry_on()
    lists.save(second)
    assert sorted(Submission.objects.values_list("comment", flat=True)) == ["=1+1", "two\nlines"]
    assert Submission.objects.get(comment="=1+1").customer[0]["value"] == "+31 20 1234567"


# -- what is kept, and for whom -------------------------------------------------------------------------------


def test_a_saved_row_gives_up_its_words_at_once_and_the_rest_when_the_list_is_finished(lists: Lists) -> None:
    batch = lists.checked(a_row(1), a_row(2, score="11"))
    lists.save(batch)
    assert batch.rows.get(number=2).cells == []
    lists.client.post(page(batch, "finish/"))
    batch.refresh_from_db()
    assert (batch.status, batch.left_out, batch.first, list(states(batch))) == (Batch.Status.DONE, 1, [], [2])
    assert "1 left out and forgotten" in lists.client.get(page(batch)).content.decode()


def test_a_list_that_nobody_touches_for_a_week_is_thrown_away_on_the_record(lists: Lists) -> None:
    kept, old, busy = lists.checked(a_row(1)), lists.checked(a_row(2)), lists.checked(a_row(3))
    week = timezone.now() - timedelta(days=7, minutes=1)
    Batch.objects.filter(pk__in=[old.pk, busy.pk]).update(changed_at=week)
    Batch.objects.filter(pk=busy.pk).update(status=Batch.Status.SAVING)
    assert Batch.objects.forget_old() == 1
    assert set(Batch.objects.all()) == {kept, busy}
    assert AuditEvent.objects.get(action=Action.BATCH_DISCARDED).object_name == str(old)


def test_nobody_else_sees_a_list(lists: Lists, manager: User, signed_in: Callable[[User], Client]) -> None:
    batch = lists.checked(a_row(1, score="11"))
    others = [signed_in(make_user("other", "agent")), signed_in(manager)]
    for client in others:
        for inner in ("", "columns/", "rows/2/", "wrong.csv"):
            assert client.get(page(batch, inner)).status_code == 404
        for inner in ("columns/", "rows/2/", "save/", "stop/", "finish/"):
            assert client.post(page(batch, inner)).status_code == 404
        assert "Pasted list" not in client.get(MANY).content.decode()


def test_a_form_that_the_back_button_brings_again_takes_another_list(lists: Lists) -> None:
    token = str(uuid.uuid4())
    for number in (1, 2):
        lists.client.post(MANY, {"token": token, "pasted": listed(a_row(number))})
    assert sorted(row.cells[0] for row in BatchRow.objects.all()) == ["1001", "1002"]


def test_what_was_pasted_survives_a_session_that_ended_and_the_sign_in_after_it(agent: User) -> None:
    client = Client(enforce_csrf_checks=True)
    pasted = {"token": str(uuid.uuid4()), "pasted": listed(a_row())}
    out = client.post(MANY, pasted, headers={"Origin": "http://testserver"})
    assert "You have been signed out. What you pasted is still here" in out.text
    key = {"csrfmiddlewaretoken": hidden(client.get("/accounts/login/").text, "csrfmiddlewaretoken")}
    client.post("/accounts/login/", {"login": agent.username, "password": "demo", **key})
    old = client.post(MANY, {**pasted, "csrfmiddlewaretoken": hidden(out.text, "csrfmiddlewaretoken")})
    for shown in (out, old):
        assert (shown.status_code, shown.context["pasted"]) == (403, pasted["pasted"])
    key = {"csrfmiddlewaretoken": hidden(old.text, "csrfmiddlewaretoken")}
    assert client.post(MANY, pasted | key).status_code == 302
    assert Batch.objects.get().agent == agent


def test_nobody_elses_page_can_have_a_list_shown(db: None) -> None:
    answer = Client().post(MANY, {"pasted": "Score\n9"}, headers={"Origin": "https://elsewhere.example"})
    assert answer.headers["Location"].startswith("/accounts/login/")


def test_what_was_typed_into_a_row_survives_a_session_that_ended(lists: Lists, agent: User) -> None:
    batch = lists.checked(a_row(1, score="11"))
    row = page(batch, "rows/2/")
    typed = filled(lists.client.get(row)) | {"comment": "Said at length"}
    lists.client.logout()
    out = lists.client.post(row, typed)
    assert out.headers["Location"].startswith(f"/accounts/login/?next={row}")
    lists.client.post("/accounts/login/", {"login": agent.username, "password": "demo"})
    assert filled(lists.client.get(row))["comment"] == "Said at length"


def test_what_was_typed_into_a_row_survives_a_key_that_is_too_old(lists: Lists, agent: User) -> None:
    batch = lists.checked(a_row(1, score="11"))
    typed = filled(lists.client.get(page(batch, "rows/2/"))) | {"comment": "Said at length"}
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(agent, backend="allauth.account.auth_backends.AuthenticationBackend")
    again = strict.post(page(batch, "rows/2/"), typed)
    assert again.status_code == 403
    assert filled(again)["comment"] == "Said at length"
    assert filled(again)["submit_token"] == str(batch.rows.get().token)


def test_a_list_needs_the_key_of_the_form(agent: User) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(agent, backend="allauth.account.auth_backends.AuthenticationBackend")
    assert client.post(MANY, {"pasted": listed(a_row())}).status_code == 403
    assert not Batch.objects.exists()


@pytest.mark.parametrize(
    ("given", "status", "sentence"),
    [
        ({}, 422, "Paste a list, or choose a file."),
        ({"pasted": "Score\n9", "file": b"Score\n9"}, 422, "Paste a list or choose a file, not both."),
        ({"pasted": "Score"}, 422, "There is no row in it"),
        ({"file": b"PK\x03\x04"}, 422, "This is a spreadsheet, not a text."),
        ({"file": b""}, 422, "There is no row in it"),
        ({"pasted": "x" * 2_700_000}, 413, "a file may have 5 MB, and a pasted text 2 MB"),
        ({"file": b"x" * 6_100_000}, 413, "a file may have 5 MB, and a pasted text 2 MB"),
        ({"file": b"x" * 5_100_000}, 422, "at most 5 MB are taken"),
    ],
)
def test_what_is_no_list_comes_back_with_a_sentence(
    lists: Lists, given: dict[str, Any], status: int, sentence: str
) -> None:
    sent = {name: SimpleUploadedFile("a.csv", value) if name == "file" else value for name, value in given.items()}
    answer = lists.client.post(MANY, {"token": str(uuid.uuid4()), **sent})
    assert answer.status_code == status
    assert sentence in answer.content.decode()
    assert not Batch.objects.exists()


# -- following and stopping -----------------------------------------------------------------------------------


def test_the_page_follows_the_worker_and_is_loaded_anew_at_the_end(
    lists: Lists, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(batch_work, "CHECKED_AT_ONCE", 2)
    batch = lists.give(*(a_row(number) for number in range(5)))
    lists.take_columns(batch)
    batch.refresh_from_db()
    htmx = {"HX-Request": "true"}
    first = lists.client.get(page(batch), headers=htmx)
    assert "0 of 5 rows looked at" in first.content.decode()
    seen = first.context["seen"]
    assert lists.client.get(f"{page(batch)}?seen={seen}", headers=htmx).status_code == 204
    assert batch_work.check(batch)
    assert "2 of 5 rows looked at" in lists.client.get(f"{page(batch)}?seen={seen}", headers=htmx).content.decode()
    carry_on()
    ended = lists.client.get(page(batch), headers=htmx)
    assert (ended.status_code, ended.headers["HX-Refresh"]) == (204, "true")
    assert "Save 5 rows" in lists.client.get(page(batch)).content.decode()


def test_stop_keeps_what_is_saved_and_the_rest_for_later(lists: Lists, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batch_work, "SAVED_AT_ONCE", 1)
    batch = lists.checked(a_row(1), a_row(2), a_row(3, score="1", comment=""))
    lists.client.post(page(batch, "save/"), {"because-silent": "A hurry"})
    batch.refresh_from_db()
    assert batch_work.save(batch)
    lists.client.post(page(batch, "stop/"))
    carry_on()
    assert states(batch) == {2: "saved", 3: "good", 4: "warned"}
    assert Submission.objects.count() == 1
    assert AuditEvent.objects.filter(action=Action.BATCH_STOPPED).count() == 1


def test_a_long_group_has_pages(lists: Lists) -> None:
    batch = lists.checked(*(a_row(number, score="x") for number in range(60)))
    assert "All 60" in lists.client.get(page(batch)).content.decode()
    first = lists.client.get(f"{page(batch)}?show=wrong")
    assert len(first.context["group"].rows) == 50
    rest = lists.client.get(f"{page(batch)}?show=wrong&after={first.context['last']}")
    assert len(rest.context["group"].rows) == 10
    assert lists.client.get(f"{page(batch)}?show=nonsense").status_code == 404


def test_a_list_of_many_turns_is_saved_whole(lists: Lists, monkeypatch: pytest.MonkeyPatch) -> None:
    batch = lists.checked(*(a_row(number) for number in range(130)))
    monkeypatch.setattr(batch_work, "TURN", 0.0)
    lists.client.post(page(batch, "save/"))
    turns = 1
    while carry_on():
        turns += 1
    assert turns > 130 // batch_work.SAVED_AT_ONCE
    assert (Batch.objects.get().status, Submission.objects.count()) == (Batch.Status.DONE, 130)


def test_what_a_worker_judged_by_columns_that_were_changed_meanwhile_is_judged_anew(lists: Lists) -> None:
    batch = lists.give(["9", "3"], titles=["Score", "Age"])
    lists.take_columns(batch)
    batch.refresh_from_db()
    carry_on()
    lists.take_columns(batch, **{"column-0": "", "column-1": "score"})
    assert batch_work.check(batch)
    assert states(batch) == {2: "new"}
    carry_on()
    lists.save(batch, silent="A hurry")
    assert Submission.objects.get().score == 3
