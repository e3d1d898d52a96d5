"""The form follows the lists that administrators keep; reasons follow the score."""

import pytest

from uploads.models import Contact, Kind, ReasonCode, Role, Side, Submission, SurveyField, WorkflowStatus, patterns

from .conftest import NEW, Desk, Form, errors_of


def rename(field: str, /, **changes: object) -> None:
    SurveyField.objects.filter(key=field).update(**changes)


def test_a_renamed_key_renames_input_and_payload(desk: Desk) -> None:
    rename("LastName", key="Surname", label="Family name")
    assert 'name="Surname"' in desk.client.get(NEW).content.decode()
    desk.save(Surname="Klameth")
    submission = Submission.objects.get()
    assert ["Surname", "Klameth"] in submission.payload
    assert {
        "key": "Surname",
        "label": "Family name",
        "kind": "text",
        "value": "Klameth",
        "personal": True,
    } in submission.customer


@pytest.mark.parametrize(
    ("key", "name"),
    [("LastName", "LastName"), ("Comment", "comment"), ("EmailSentDate", "sent_at"),
     ("SurveyCompletedDate", "completed_at"),
     ("FollowUpRequired", "contact"), ("WorkflowStatus", "workflow_status"), ("ReasonCode", "reasons")],
)  # fmt: skip
def test_a_field_switched_off_leaves_form_and_payload(
    desk: Desk, reasons: dict[str, ReasonCode], key: str, name: str
) -> None:
    answers = desk.answers(reasons=["10020"])
    rename(key, active=False)
    assert f'name="{name}"' not in desk.client.get(NEW).content.decode()
    assert desk.client.post(NEW, answers).status_code == 302
    assert key not in dict(Submission.objects.get().payload)


def test_a_score_is_asked_even_when_its_key_is_switched_off(desk: Desk) -> None:
    rename("NetPromoterScore", active=False)
    assert list(errors_of(desk.save(score=""))) == ["score"]
    assert desk.save(score="3").status_code == 302
    assert "NetPromoterScore" not in dict(Submission.objects.get().payload)


def test_the_reference_is_sent_once_it_is_switched_on_and_never_asked(desk: Desk) -> None:
    rename("cgportal_ref", active=True)
    assert "cgportal_ref" not in desk.client.get(NEW).content.decode()
    desk.save(cgportal_ref="forged")
    submission = Submission.objects.get()
    assert dict(submission.payload)["cgportal_ref"] == submission.reference


def test_a_new_choice_is_asked_and_sent_in_its_place(desk: Desk) -> None:
    SurveyField.objects.create(
        key="Channel", label="Channel", kind=Kind.CHOICE, choices="Shop\nWeb", position=15, required=True
    )
    assert list(errors_of(desk.save())) == ["Channel"]
    desk.save(Channel="Web")
    assert [key for key, _ in Submission.objects.get().payload][:3] == ["CustomerNumber", "Channel", "Email"]


def test_empty_answers_are_not_sent_and_not_kept(desk: Desk) -> None:
    desk.save(CustomerNumber="", FirstName=" ", comment="", contact="", workflow_status="")
    submission = Submission.objects.get()
    assert [key for key, _ in submission.payload] == [
        "Email", "LastName", "NetPromoterScore", "EmailSentDate", "SurveyCompletedDate",
    ]  # fmt: skip
    assert [field["key"] for field in submission.customer] == ["Email", "LastName"]


def test_a_required_contact_cannot_stay_open(desk: Desk) -> None:
    rename("FollowUpRequired", required=True)
    assert "Not asked" not in desk.client.get(NEW).content.decode()
    assert list(errors_of(desk.save(contact=""))) == ["contact"]


def test_the_default_status_is_chosen_beforehand(desk: Desk, default_status: None) -> None:
    assert '<option value="IN-PROGRESS" selected>' in desk.client.get(NEW).content.decode()


def test_a_status_switched_off_meanwhile_is_refused(desk: Desk) -> None:
    answers = desk.answers(workflow_status="OPEN")
    WorkflowStatus.objects.filter(code="OPEN").update(active=False)
    assert list(errors_of(desk.client.post(NEW, answers))) == ["workflow_status"]


def test_the_pattern_of_a_field_must_match_the_whole_text(desk: Desk) -> None:
    rename("CustomerNumber", pattern="[A-Z][0-9]{4}", help="One letter, four digits.")
    assert desk.save(CustomerNumber="A1143").status_code == 302
    assert "One letter, four digits." in errors_of(desk.save(CustomerNumber="A11433"))["CustomerNumber"][0]


@pytest.mark.parametrize("pattern", ["(a+)+$", "(a|a)*b", "(", "(a?){60}a{60}", "([a-z]+)*[0-9]"])
def test_a_pattern_that_is_wrong_or_slow_stops_nobody(desk: Desk, pattern: str) -> None:
    rename("LastName", pattern=pattern)
    assert desk.save(LastName="a" * 127 + "!").status_code == 302


@pytest.mark.parametrize(
    "pattern", [r"[A-Z]{2}\d{3,5}", r"(?:NL|BE)-[0-9]+", r"\+?[0-9 ]+", r"(?P<x>a)[])(]+", r"a|b|\(c\)", ""]
)
def test_ordinary_patterns_are_usable(pattern: str) -> None:
    assert patterns.compile_safely(pattern).pattern == pattern


@pytest.mark.parametrize("pattern", ["(a+)+", "(a|b)*", "a*a*a*a*", "(a{1,50}){1,50}", "((a?){9}b?){9}"])
def test_patterns_with_too_many_ways_are_not(pattern: str) -> None:
    with pytest.raises(patterns.UnusablePattern, match="very long"):
        patterns.compile_safely(pattern)


# -- reasons ---------------------------------------------------------------------------------------------------


def test_reasons_are_kept_in_the_order_of_the_list_with_the_words_for_the_score(
    desk: Desk, reasons: dict[str, ReasonCode]
) -> None:
    desk.save(score="9", reasons=["13000", "10000", "13000"])
    submission = Submission.objects.get()
    assert submission.reasons == [
        {"code": "10000", "label": "Great service"},
        {"code": "13000", "label": "For the family"},
    ]
    assert dict(submission.payload)["ReasonCode"] == "10000,13000"


@pytest.mark.parametrize(
    ("score", "code", "fits"),
    [
        ("0", "10020", True), ("8", "10020", True), ("9", "10020", False), ("10", "10020", False),
        ("8", "13000", False), ("9", "13000", True), ("8", "10040", False), ("4", "10000", True), ("9",
        "10030", True),
    ],
)  # fmt: skip
def test_a_reason_must_fit_the_score(
    desk: Desk, reasons: dict[str, ReasonCode], score: str, code: str, fits: bool
) -> None:
    reply = desk.save(score=score, reasons=[code])
    if fits:
        assert reply.status_code == 302
    else:
        label = ReasonCode.objects.get(code=code).label
        assert errors_of(reply) == {
            "reasons": [f"Reasons hold “{label}”, not offered for the score {score}. Untick it or change the score."]
        }


def test_a_secondary_follows_the_side_of_its_primary(desk: Desk, reasons: dict[str, ReasonCode]) -> None:
    reasons["service"].side = Side.PROMOTER
    reasons["service"].save()
    assert list(errors_of(desk.save(score="4", reasons=["10030"]))) == ["reasons"]


@pytest.mark.parametrize(
    "code",
    [
        "99999",
        "0",
        "-1",
        "2147483648",
        "1 OR 1=1",
        "10000.0",
        "true",
        "__all__",
        "10000,10020",
        "\x00",
        "<b>",
        "😀",
        "٧",
    ],
)
def test_an_unknown_reason_is_refused_by_name(desk: Desk, reasons: dict[str, ReasonCode], code: str) -> None:
    sentence = errors_of(desk.save(reasons=["10000", code]))["reasons"][0]
    assert sentence.startswith("Reasons hold “")
    assert "\x00" not in sentence


@pytest.mark.parametrize("who", ["waiting", "service"])
def test_a_reason_switched_off_meanwhile_is_refused(desk: Desk, reasons: dict[str, ReasonCode], who: str) -> None:
    answers = desk.answers(reasons=["10020"])
    ReasonCode.objects.filter(pk=reasons[who].pk).update(active=False)
    assert "“10020”" in errors_of(desk.client.post(NEW, answers))["reasons"][0]


def test_hundreds_of_ids_are_refused_by_their_length(desk: Desk, reasons: dict[str, ReasonCode]) -> None:
    assert "too many" in errors_of(desk.save(reasons=[str(number) for number in range(10_000, 10_900)]))["reasons"][0]


def test_thousands_of_inputs_are_a_bad_request(desk: Desk) -> None:
    assert desk.save(reasons=[str(number) for number in range(3000)]).status_code == 400


def test_required_reasons_must_be_given(desk: Desk, reasons: dict[str, ReasonCode]) -> None:
    rename("ReasonCode", required=True)
    assert list(errors_of(desk.save())) == ["reasons"]
    assert desk.save(reasons=["10000"]).status_code == 302


def test_without_scripts_the_side_of_a_reason_is_named(desk: Desk, reasons: dict[str, ReasonCode]) -> None:
    assert "Promoters (9–10)" in desk.client.get(NEW).content.decode()


# -- the whole form ---------------------------------------------------------------------------------------------


def test_a_refused_form_keeps_everything_that_was_typed(desk: Desk, reasons: dict[str, ReasonCode]) -> None:
    page = desk.save(
        Email="lee@", score="9", reasons=["13000"], contact="N", workflow_status="CLOSED", comment="<b>Keep</b>"
    )
    html = page.content.decode()
    for kept in (
        'value="lee@"', 'value="1143"', 'value="Klameth"', 'value="9" checked', 'value="13000" checked',
        'value="N" checked', 'value="CLOSED" selected', "&lt;b&gt;Keep&lt;/b&gt;",
    ):  # fmt: skip
        assert kept in html
    assert "<b>Keep</b>" not in html


@pytest.mark.parametrize(
    ("wrong", "focus"),
    [({"Email": "lee@", "completed_at": ""}, "Email"), ({"score": ""}, "score"), ({"contact": "x"}, "contact")],
)
def test_the_first_answer_that_is_refused_gets_the_focus(desk: Desk, wrong: dict[str, str], focus: str) -> None:
    rename("Email", position=90)  # what counts is the order on the page
    assert Form(desk.save(**wrong).text).focus == focus


def test_an_error_is_tied_to_its_field_and_linked_from_the_summary(desk: Desk) -> None:
    html = desk.save(Email="lee@").content.decode()
    assert 'href="#id_Email"' in html
    assert 'aria-invalid="true"' in html
    assert 'aria-describedby="id_Email_error"' in html
    assert 'id="id_Email_error"' in html


@pytest.mark.parametrize(
    "name", ["score", "comment", "Email", "CustomerNumber", "sent_at", "contact", "workflow_status", "LastName"]
)
def test_a_single_answer_sent_twice_is_refused(desk: Desk, name: str) -> None:
    answers = desk.answers()
    assert list(errors_of(desk.client.post(NEW, answers | {name: [answers[name], answers[name]]}))) == [name]


def test_a_json_body_is_a_form_without_answers(desk: Desk) -> None:
    reply = desk.client.post(NEW, {"score": 7}, content_type="application/json")
    assert {"score", "Email", "sent_at"} <= set(errors_of(reply))


@pytest.mark.parametrize(
    "forged",
    ["id", "pk", "agent", "agent_id", "owner", "created_by", "state", "cg_id", "delivered_at",
     "is_superuser", "groups",
     "role", "version", "reference", "payload", "revision_of", "uuid", "_method", "score[]", "Email[]"],
)  # fmt: skip
def test_inputs_that_are_no_answers_change_nothing(desk: Desk, forged: str) -> None:
    assert desk.save(**{forged: "1"}).status_code == 302
    submission = Submission.objects.get()
    assert submission.agent_name == "Anna de Vries"
    assert (submission.delivery.state, submission.delivery.cg_id) == ("queued", "")
    assert forged not in dict(submission.payload)


def test_the_form_offers_every_role_but_the_reference(desk: Desk, reasons: dict[str, ReasonCode]) -> None:
    html = desk.client.get(NEW).content.decode()
    for role in set(Role.values) - {Role.REFERENCE, Role.CUSTOMER}:
        assert f'name="{role}"' in html
    assert [label for _, label in Contact.choices if str(label) not in html] == []


def test_the_page_has_no_inline_script_or_style(desk: Desk, reasons: dict[str, ReasonCode]) -> None:
    html = desk.save(Email="", score="").content.decode()
    assert "<script>" not in html
    assert " style=" not in html
    assert " onclick=" not in html


def test_long_labels_and_three_hundred_reasons_are_shown(desk: Desk) -> None:
    ReasonCode.objects.bulk_create(ReasonCode(code=str(20_000 + n), label="Very " * 20 + str(n)) for n in range(300))
    html = desk.client.get(NEW).content.decode()
    assert html.count('name="reasons"') == 300
    assert "data-filter" in html
