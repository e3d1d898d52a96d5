"""Every URL against every role. A URL that is not in the table fails the build."""

import re
import uuid
from collections.abc import Callable, Iterator

import pytest
from django.apps import apps
from django.contrib.auth.models import User
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, reverse

from tests.factories import make_submission, make_user
from uploads.models import CallScript, Delivery, ReasonCode, Submission, Thresholds

ROLES = ("anon", "nobody", "agent", "manager", "admin", "root")

# What a GET answers, by role: `in` = to sign-in, `→` = to another page. `own`, `foreign`, `absent` name the object.
# Sign-in pages of the library are listed so that a new one is noticed; what they do is theirs to test.
TABLE = """
                                          anon  nobody agent manager admin root
home                                      in    200    →     →       →     →
own                                       in    403    200   200     403   403
new                                       in    403    200   200     403   403
submission own                            in    403    200   404     403   403
submission foreign                        in    403    404   404     403   403
submission absent                         in    403    404   404     403   403
state own                                 in    403    286   404     403   403
state foreign                             in    403    404   404     403   403
state absent                              in    403    404   404     403   403
undo own                                  405   405    405   405     405   405
history                                   in    403    403   200     403   200
history_detail own                        in    403    403   200     403   200
show_result own                           405   405    405   405     405   405
show_names                                405   405    405   405     405   405
save_view                                 405   405    405   405     405   405
remove_view 1                             405   405    405   405     405   405
by_number own                             in    403    →     →       403   →
by_number foreign                         in    403    404   →       403   →
by_number absent                          in    403    404   404     403   404
history_detail absent                     in    403    403   404     403   404
decide own                                405   405    405   405     405   405
correct own                               in    403    403   →       403   403
correct absent                            in    403    403   404     403   403
case own                                  in    403    403   200     403   200
case absent                               in    403    403   404     403   404
case_decide absent                        405   405    405   405     405   405
compare own                               405   405    405   405     405   405
attention                                 in    403    403   200     403   200
health                                    in    403    403   200     200   200
pause                                     405   405    405   405     405   405
resume                                    405   405    405   405     405   405
seals                                     in    403    403   200     200   200
kept                                      in    403    403   200     200   200
live                                      200   200    200   200     200   200
ready                                     200   200    200   200     200   200
metrics                                   200   200    200   200     200   200
questions_waiting                         in    403    200   200     403   403
question_answer absent                    405   405    405   405     405   405
question_ask own                          405   405    405   405     405   405
question_ask_on absent                    405   405    405   405     405   405
question_close absent                     405   405    405   405     405   405
admin:index                               in    403    403   403     200   200
admin:login                               →     →      →     →       →     →
admin:logout                              in    403    403   403     →     →
admin:password_change                     in    403    403   403     →     →
admin:password_change_done                in    403    403   403     →     →
admin:autocomplete                        in    403    403   403     403   403
admin:jsi18n                              in    403    403   403     200   200
admin:view_on_site                        in    403    403   403     404   404
admin:app_list uploads                    in    403    403   403     200   200
admin:app_list auth                       in    403    403   403     404   200
admin:uploads_reasoncode_changelist       in    403    403   403     200   200
admin:uploads_reasoncode_add              in    403    403   403     200   200
admin:uploads_reasoncode_change 1         in    403    403   403     200   200
admin:uploads_reasoncode_history 1        in    403    403   403     200   200
admin:uploads_reasoncode_delete 1         in    403    403   403     403   403
admin:uploads_workflowstatus_changelist   in    403    403   403     200   200
admin:uploads_workflowstatus_add          in    403    403   403     200   200
admin:uploads_workflowstatus_change 1     in    403    403   403     200   200
admin:uploads_workflowstatus_history 1    in    403    403   403     200   200
admin:uploads_workflowstatus_delete 1     in    403    403   403     403   403
admin:uploads_surveyfield_changelist      in    403    403   403     200   200
admin:uploads_surveyfield_add             in    403    403   403     200   200
admin:uploads_surveyfield_change 1        in    403    403   403     200   200
admin:uploads_surveyfield_history 1       in    403    403   403     200   200
admin:uploads_surveyfield_delete 1        in    403    403   403     403   403
admin:auth_user_changelist                in    403    403   403     403   200
admin:auth_user_add                       in    403    403   403     403   200
admin:auth_user_change 1                  in    403    403   403     403   200
admin:auth_user_history 1                 in    403    403   403     403   200
admin:auth_user_delete 1                  in    403    403   403     403   403
admin:auth_user_password_change 1         in    403    403   403     403   200
account_login                             200   →      →     →       →     →
account_logout                            →     200    200   200     200   200
account_inactive                          200   200    200   200     200   200
account_signup                            200   →      →     →       →     →
account_reauthenticate                    in    200    200   200     200   200
account_change_password                   in    200    200   200     200   200
account_set_password                      →     →      →     →       →     →
account_reset_password                    200   200    200   200     200   200
account_reset_password_done               200   200    200   200     200   200
account_reset_password_from_key x         200   200    200   200     200   200
account_reset_password_from_key_done      200   200    200   200     200   200
own_sessions                              in    200    200   200     200   200
session_end 1                             405   405    405   405     405   405
sessions_end                              405   405    405   405     405   405
mfa_index                                 in    200    200   200     200   200
mfa_authenticate                          →     →      →     →       →     →
mfa_reauthenticate                        in    →      →     →       →     →
mfa_reauthenticate_webauthn               in    →      →     →       →     →
mfa_activate_totp                         in    →      →     →       →     →
mfa_deactivate_totp                       in    404    404   404     404   404
mfa_view_recovery_codes                   in    404    404   404     404   404
mfa_generate_recovery_codes               in    →      →     →       →     →
mfa_list_webauthn                         →     →      →     →       →     →
mfa_add_webauthn                          in    →      →     →       →     →
mfa_remove_webauthn 1                     in    →      →     →       →     →
mfa_login_webauthn                        →     →      →     →       →     →
sso_begin                                 405   405    405   405     405   405
sso_callback                              404   404    404   404     404   404
socialaccount_login_cancelled             →     →      →     →       →     →
socialaccount_login_error                 401   401    401   401     401   401
test                                      405   405    405   405     405   405
banner                                    204   200    200   200     200   200
outages                                   in    403    403   200     200   200
outage 1                                  in    403    403   404     404   404
bulk_list                                 in    403    403   200     403   200
bulk_new                                  in    403    403   422     403   422
bulk absent                               in    403    403   404     403   404
bulk_stop absent                          405   405    405   405     405   405
bulk_approve absent                       405   405    405   405     405   405
export                                    in    403    403   200     403   200
export_csv                                in    403    403   200     403   200
export_xlsx                               in    403    403   200     403   200
export_jsonl                              in    403    403   200     403   200
exports                                   in    403    403   200     403   200
export_ask                                405   405    405   405     405   405
export_file absent                        in    403    403   404     403   404
export_download absent                    in    403    403   404     403   404
export_remove absent                      405   405    405   405     405   405
audit                                     in    403    403   200     200   200
audit_entry 0                             in    403    403   404     404   404
trends                                    in    403    403   200     403   200
erase                                     in    403    403   200     403   403
erase_confirm                             405   405    405   405     405   405
erase_certificate 1                       in    403    403   404     403   403
anonymise_decide 1                        405   405    405   405     405   405
batch_new                                 in    403    200   200     403   403
zone                                      in    403    200   200     403   403
batch absent                              in    403    404   404     403   403
batch_columns absent                      in    403    404   404     403   403
batch_save absent                         405   405    405   405     405   405
batch_stop absent                         405   405    405   405     405   405
batch_finish absent                       405   405    405   405     405   405
batch_wrong absent                        in    403    404   404     403   403
batch_row 2                               in    403    404   404     403   403
prefill                                   405   405    405   405     405   405
same                                      405   405    405   405     405   405
save_draft                                405   405    405   405     405   405
discard_draft                             405   405    405   405     405   405
record_call                               405   405    405   405     405   405
call_done absent                          405   405    405   405     405   405
calls_due                                 204   204    200   200     204   204
admin:uploads_calloutcome_changelist      in    403    403   403     200   200
admin:uploads_calloutcome_add             in    403    403   403     200   200
admin:uploads_calloutcome_change 1        in    403    403   403     200   200
admin:uploads_calloutcome_history 1       in    403    403   403     200   200
admin:uploads_calloutcome_delete 1        in    403    403   403     403   403
admin:uploads_callscript_changelist       in    403    403   403     →     →
admin:uploads_callscript_add              in    403    403   403     403   403
admin:uploads_callscript_change 1         in    403    403   403     200   200
admin:uploads_callscript_history 1        in    403    403   403     200   200
admin:uploads_callscript_delete 1         in    403    403   403     403   403
admin:uploads_reasoncode_import           in    403    403   403     200   200
admin:uploads_reasoncode_review absent    in    403    403   403     404   404
admin:uploads_reasoncode_export_csv       in    403    403   403     200   200
admin:uploads_reasoncode_export_xlsx      in    403    403   403     200   200
admin:uploads_workflowstatus_import       in    403    403   403     200   200
admin:uploads_workflowstatus_review absent  in    403    403   403     404   404
admin:uploads_workflowstatus_export_csv   in    403    403   403     200   200
admin:uploads_workflowstatus_export_xlsx  in    403    403   403     200   200
admin:uploads_surveyfield_import          in    403    403   403     200   200
admin:uploads_surveyfield_review absent   in    403    403   403     404   404
admin:uploads_surveyfield_export_csv      in    403    403   403     200   200
admin:uploads_surveyfield_export_xlsx     in    403    403   403     200   200
admin:uploads_calloutcome_import          in    403    403   403     200   200
admin:uploads_calloutcome_review absent   in    403    403   403     404   404
admin:uploads_calloutcome_export_csv      in    403    403   403     200   200
admin:uploads_calloutcome_export_xlsx     in    403    403   403     200   200
admin:uploads_surveyfield_preview         in    403    403   403     200   200
admin:uploads_thresholds_changelist       in    403    403   403     →     →
admin:uploads_thresholds_add              in    403    403   403     403   403
admin:uploads_thresholds_change 1         in    403    403   403     200   200
admin:uploads_thresholds_history 1        in    403    403   403     200   200
admin:uploads_thresholds_delete 1         in    403    403   403     403   403
"""
ROWS = [re.split(r"\s{2,}", line.strip()) for line in TABLE.strip().splitlines()[1:]]
CELLS = [
    (row[0], role, expected) for row in ROWS for role, expected in zip(ROLES, " ".join(row[1:]).split(), strict=True)
]


def url_names(patterns: list[URLPattern | URLResolver], namespace: str = "") -> Iterator[str]:
    for pattern in patterns:
        if isinstance(pattern, URLPattern):
            if pattern.name:  # without a name: the admin's redirects from old addresses
                yield namespace + pattern.name
        else:
            inner = f"{pattern.namespace}:" if pattern.namespace else ""
            yield from url_names(pattern.url_patterns, namespace + inner)


def test_every_url_is_in_the_table() -> None:
    assert set(url_names(get_resolver().url_patterns)) == {row[0].split()[0] for row in ROWS}


@pytest.fixture
def cast(db: None) -> dict[str, User | None]:
    first = make_user("first")  # so that nobody of the cast is user 1
    ReasonCode.objects.create(pk=1, code="1", label="One")
    CallScript.objects.create(pk=1)
    Thresholds.objects.create(pk=1)
    return {
        "anon": None,
        "nobody": first,
        "agent": make_user("anna", "agent"),
        "manager": make_user("mia", "manager"),
        "admin": make_user("ada", "admin"),
        "root": User.objects.create_superuser("root", password="demo"),
    }


def address(page: str, cast: dict[str, User | None]) -> str:
    name, _, thing = page.partition(" ")
    if thing in {"own", "foreign", "absent"}:
        anna = cast["agent"]
        assert anna
        owner = anna if thing == "own" else make_user("bram", "agent")
        submission = make_submission(owner, "delivered")
        return reverse(name, args=[uuid.uuid4() if thing == "absent" else submission.uuid])
    arguments = {
        "admin:view_on_site": ["1", "1"],
        "admin:app_list": [thing],
        "outage": [thing],
        "audit_entry": [thing],
        "remove_view": [thing],
        "batch_row": [str(uuid.uuid4()), thing],
        "erase_certificate": [thing],
        "anonymise_decide": [thing],
        "session_end": [thing],
        "mfa_remove_webauthn": [thing],
        "account_reset_password_from_key": ["1", "abc-def"],
    }.get(name)
    if arguments is None and thing:
        kind = name.split("_")[1]
        model = User if kind == "user" else apps.get_model("uploads", kind)
        arguments = [str(model._default_manager.order_by("pk").first().pk)]
    return reverse(name, args=arguments or [])


def told(answer: object) -> str:
    status = answer.status_code  # type: ignore[attr-defined]
    if status == 302:
        return "in" if answer.headers["Location"].startswith("/accounts/login/?next=") else "→"  # type: ignore[attr-defined]
    return str(status)


@pytest.mark.parametrize(("page", "role", "expected"), CELLS)
def test_a_page_answers_by_role(
    cast: dict[str, User | None], signed_in: Callable[[User], Client], page: str, role: str, expected: str
) -> None:
    user = cast[role]
    client = signed_in(user) if user else Client()
    answer = client.get(address(page, cast))
    assert told(answer) == expected
    assert answer.headers["Content-Security-Policy"].count("'unsafe") == 0
    assert "style=" not in answer.getvalue().decode(errors="replace")


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("page", ["pause", "resume"])
def test_only_managers_and_admins_pause_and_resume(
    cast: dict[str, User | None], signed_in: Callable[[User], Client], page: str, role: str
) -> None:
    user = cast[role]
    client = signed_in(user) if user else Client()
    answer = client.post(reverse(page))
    if role in {"manager", "admin", "root"}:
        assert answer.headers["Location"] == "/health/"
    else:
        assert told(answer) == ("in" if role == "anon" else "403")


@pytest.mark.parametrize("role", ["anon", "nobody", "admin", "root"])
def test_who_may_not_enter_cannot_post_either(
    cast: dict[str, User | None], signed_in: Callable[[User], Client], role: str
) -> None:
    user = cast[role]
    client = signed_in(user) if user else Client()
    answer = client.post(reverse("new"), {"score": "9", "submit_token": str(uuid.uuid4())})
    assert told(answer) == ("in" if role == "anon" else "403")
    assert not Submission.objects.exists()
    assert not Delivery.objects.exists()


@pytest.mark.parametrize(
    ("role", "expected"),
    [("anon", "in"), ("nobody", "403"), ("agent", "→"), ("manager", "404"), ("admin", "403"), ("root", "403")],
)
def test_only_who_entered_a_result_undoes_it(
    cast: dict[str, User | None], signed_in: Callable[[User], Client], role: str, expected: str
) -> None:
    user, anna = cast[role], cast["agent"]
    assert anna
    submission = make_submission(anna)
    client = signed_in(user) if user else Client()
    assert told(client.post(reverse("undo", args=[submission.uuid]))) == expected
    assert Delivery.objects.get().state == ("cancelled" if role == "agent" else "queued")


def test_a_role_that_is_taken_away_ends_at_the_next_request(
    cast: dict[str, User | None], signed_in: Callable[[User], Client]
) -> None:
    anna = cast["agent"]
    assert anna
    client = signed_in(anna)
    assert client.get(reverse("new")).status_code == 200
    anna.groups.clear()
    assert client.get(reverse("new")).status_code == 403
    User.objects.filter(pk=anna.pk).update(is_active=False)
    assert told(client.get(reverse("new"))) == "in"


def test_a_fragment_asks_for_the_whole_page_when_the_session_is_over(db: None) -> None:
    answer = Client().get(reverse("own"), headers={"HX-Request": "true"})
    assert (answer.status_code, answer.headers["HX-Refresh"]) == (204, "true")
