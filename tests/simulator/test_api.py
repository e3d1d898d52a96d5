"""The documented answers: each endpoint's success and errors, in JSON and XML."""

import pytest

from uploads.simulator import EXTENDED_STATUSES, Mapping, Simulator

from .peer import RESPONSE, SURVEY, call, connect, post, raw

XML = RESPONSE.replace(".json", ".xml")
WORKFLOW = "/v4.1/workflow.json"
REASONS = "/v4.1/reasons.json"


def code_of(reply: object) -> object:
    """The code of an error object, with or without its wrapper."""
    assert isinstance(reply, dict)
    return reply.get("Error", reply)["Code"]


def test_a_response_is_stored_and_numbered(sim: Simulator) -> None:
    reply = post(sim)
    assert (reply.status, reply.body) == (200, b'{"Data":{"number_customergauge":1}}')
    assert sim.records[1].fields == SURVEY
    assert list(sim.records[1].fields) == list(SURVEY)


def test_a_repeated_response_is_a_second_record(sim: Simulator) -> None:
    assert [post(sim).json, post(sim).json] == [{"Data": {"number_customergauge": n}} for n in (1, 2)]
    assert sim.records[1].pairs == sim.records[2].pairs


def test_xml_by_suffix(sim: Simulator) -> None:
    reply = call(sim, path=XML, pairs=SURVEY)
    assert reply.headers["Content-Type"] == "application/xml; charset=utf-8"
    assert reply.text.endswith("<Data><number_customergauge>1</number_customergauge></Data>\n")


def test_an_error_in_xml_has_the_documented_shape(sim: Simulator) -> None:
    reply = call(sim, path=XML, pairs=SURVEY, authorization="")
    assert reply.status == 401
    assert reply.text.endswith("<Error><Message>Invalid API Key</Message><Code>200000</Code></Error>\n")


def test_xml_drops_what_xml_cannot_hold_and_escapes_the_rest(sim: Simulator) -> None:
    post(sim, Comment="a\x00b <c> & d")
    reply = call(sim, "GET", XML)
    assert "<Comment>ab &lt;c&gt; &amp; d</Comment>" in reply.text


@pytest.mark.parametrize(
    ("changes", "status", "code"),
    [
        ({"Email": None}, 400, 400003),
        ({"Email": ""}, 400, 400003),
        ({"Email": "no at sign"}, 400, 400003),
        ({"Email": " lee@example.org"}, 400, 400003),
        ({"SurveyCompletedDate": None}, 400, 400007),
        ({"SurveyCompletedDate": "2018-01-01T13:59:12"}, 400, 400003),
        ({"SurveyCompletedDate": "2018-02-30 13:59:12"}, 400, 400003),
        ({"EmailSentDate": "2018-01-01"}, 400, 400003),
        ({"NetPromoterScore": "11"}, 400, 400003),
        ({"NetPromoterScore": "-1"}, 400, 400003),
        ({"NetPromoterScore": "ten"}, 400, 400003),
        ({"NetPromoterScore": "7\u0667"}, 400, 400003),
        ({"FollowUpRequired": "yes"}, 400, 400003),
        ({"ReasonCode": "10000;10020"}, 400, 400003),
        ({"WorkflowStatus": "DONE"}, 400, 400011),
        ({"WorkflowStatus": "42"}, 400, 400011),
        ({"netpromoterscore": "4"}, 400, 300000),
        ({"Segment": "x"}, 400, 300000),
    ],
)
def test_a_response_that_does_not_hold_is_refused(
    sim: Simulator, changes: dict[str, str | None], status: int, code: int
) -> None:
    reply = post(sim, **changes)
    assert (reply.status, code_of(reply.json)) == (status, code)
    assert sim.records == {}


@pytest.mark.parametrize(
    "changes",
    [
        {"NetPromoterScore": "0"},
        {"NetPromoterScore": "10"},
        {"NetPromoterScore": "7.5"},
        {"NetPromoterScore": None},
        {"Comment": ""},
        {"FollowUpRequired": "N"},
        {"ReasonCode": "10000"},
        {"OrderDate": "2017-02-01 21:00:00", "Country": "U.S.", "SMS_Telephone": "6072846202"},
        *({"WorkflowStatus": status} for status in ("OPEN", "IN-PROGRESS", "PROGRESS", "CLOSED", "CLOSE")),
    ],
)
def test_a_response_that_holds_is_stored(sim: Simulator, changes: dict[str, str | None]) -> None:
    assert post(sim, **changes).status == 200
    assert len(sim.records) == 1


def test_the_missing_e_mail_is_named_as_the_documentation_prints_it(sim: Simulator) -> None:
    error = {"Message": "Field email is required but seems to be empty.", "Code": 400003}
    assert post(sim, Email=None).json == {"Error": error}


def test_a_key_given_twice_is_refused(sim: Simulator) -> None:
    reply = call(sim, pairs=[*SURVEY.items(), ("Comment", "again")])
    assert (reply.status, code_of(reply.json)) == (400, 300001)


def test_a_body_that_is_no_form_is_refused(sim: Simulator) -> None:
    request = raw(body=b'{"Email":"a@b.example"}').replace(b"x-www-form-urlencoded", b"json")
    with connect(sim) as sock:
        sock.sendall(request)
        assert b'"Code":300001' in sock.recv(65_536)


def test_the_mapping_belongs_to_the_account() -> None:
    mapping = Mapping(completed="DateDone", required=("Email", "Shop"), others=("Shop",), statuses=EXTENDED_STATUSES)
    pairs = {"Email": "a@b.example", "DateDone": "2018-01-01 13:59:12", "Shop": "7", "WorkflowStatus": "42"}
    with Simulator(mapping=mapping) as sim:
        assert call(sim, pairs=pairs).status == 200
        assert code_of(call(sim, pairs=SURVEY).json) == 300000
        assert code_of(call(sim, pairs=pairs | {"Shop": ""}).json) == 300004


def test_an_account_without_a_completion_date_says_so() -> None:
    with Simulator(mapping=Mapping(completed="")) as sim:
        assert code_of(post(sim, SurveyCompletedDate=None).json) == 400006


def test_put_changes_only_what_is_sent_and_leaves_the_drivers(sim: Simulator) -> None:
    post(sim)
    reply = call(sim, "PUT", pairs={"id": "1", "NetPromoterScore": "10", "LastName": "Clameth"})
    assert (reply.status, reply.json) == (200, {"Data": {"id": 1}})
    assert sim.records[1].fields == SURVEY | {"NetPromoterScore": "10", "LastName": "Clameth"}
    assert [change.what for change in sim.records[1].history] == ["created", "updated"]


@pytest.mark.parametrize(
    ("pairs", "body"),
    [
        ({}, {"Error": {"Message": "Field CGNumber is required but seems to be empty", "Code": 400010}}),
        ({"id": "2"}, {"Message": "id not found", "Code": 400005}),
        ({"id": "1e0"}, {"Error": {"Message": "Wrong id", "Code": 400004}}),
        ({"id": "9" * 5000}, {"Message": "id not found", "Code": 400005}),
    ],
)
def test_put_of_a_wrong_id(sim: Simulator, pairs: dict[str, str], body: object) -> None:
    post(sim)
    reply = call(sim, "PUT", pairs=pairs)
    assert (reply.status, reply.json) == (400, body)


@pytest.mark.parametrize("pairs", [{"Email": ""}, {"NetPromoterScore": "12"}])
def test_put_checks_values_like_post(sim: Simulator, pairs: dict[str, str]) -> None:
    post(sim)
    assert code_of(call(sim, "PUT", pairs={"id": "1"} | pairs).json) == 400003
    assert sim.records[1].fields == SURVEY


def test_workflow_sets_the_status_of_a_case(sim: Simulator) -> None:
    post(sim)
    pairs = {"number_customergauge": "1", "status": "CLOSED", "comment": "called", "assigned_to": "a@b.example"}
    assert call(sim, path=WORKFLOW, pairs=pairs).json == {"Data": {"number_customergauge": 1}}
    assert sim.records[1].fields["WorkflowStatus"] == "CLOSED"
    assert dict(sim.records[1].history[-1].pairs)["comment"] == "called"


@pytest.mark.parametrize(
    ("pairs", "code"),
    [
        ({}, 300004),
        ({"number_customergauge": "5", "status": "OPEN"}, 400200),
        ({"number_customergauge": "1", "status": "DONE"}, 400011),
        ({"number_customergauge": "1", "assigned_to": "Lee"}, 300001),
        ({"number_customergauge": "1", "state": "OPEN"}, 300000),
    ],
)
def test_workflow_refuses(sim: Simulator, pairs: dict[str, str], code: int) -> None:
    post(sim)
    reply = call(sim, path=WORKFLOW, pairs=pairs)
    assert (reply.status, code_of(reply.json)) == (400, code)


def test_reasons_are_a_tree_of_two_levels_on_both_sides(sim: Simulator) -> None:
    rows = call(sim, "GET", REASONS).json["Data"]  # type: ignore[index]
    codes = [row["reason_code"] for row in rows]
    assert len(set(codes)) == len(codes) > 19
    assert {"10000", "10020"} <= set(codes)
    for good_bad in ("pos", "neg"):
        side = [row for row in rows if row["good_bad"] == good_bad]
        primaries = {row["category_main"] for row in side if row["level"] == "1"}
        assert primaries == {row["category_main"] for row in side if row["level"] == "2"}
    assert all(isinstance(value, str) for row in rows for value in row.values())


@pytest.mark.parametrize(("asked", "good_bad"), [("Promoter", "pos"), ("Detractor%26Neutral", "neg")])
def test_reasons_of_one_side(sim: Simulator, asked: str, good_bad: str) -> None:
    rows = call(sim, "GET", f"{REASONS}?show_for={asked}").json["Data"]  # type: ignore[index]
    assert {row["good_bad"] for row in rows} == {good_bad}


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", "/v4.1/reasons.json?show_for=Everybody", 400, 300001),
        ("GET", "/v4.1/reasons.json?side=pos", 400, 300000),
        ("DELETE", RESPONSE, 405, 300003),
        ("GET", WORKFLOW, 405, 300003),
        ("GET", "/v4.1/nothing.json", 404, 300002),
        ("GET", "/v4.1/transactions/response.csv", 404, 300002),
    ],
)
def test_what_the_api_does_not_have(sim: Simulator, method: str, path: str, status: int, code: int) -> None:
    reply = call(sim, method, path)
    assert (reply.status, code_of(reply.json)) == (status, code)


@pytest.mark.parametrize(
    ("authorization", "status"), [("api_key K", 200), ("api_key L", 401), ("K", 401), ("Basic K", 401), ("", 401)]
)
def test_only_the_one_key_is_accepted_if_one_is_set(authorization: str, status: int) -> None:
    with Simulator(api_key="K") as sim:
        assert call(sim, pairs=SURVEY, authorization=authorization).status == status


def test_a_format_that_is_not_offered_is_unknown() -> None:
    with Simulator(formats=("xml",)) as sim:
        assert call(sim, pairs=SURVEY).status == 404
        assert call(sim, path=XML, pairs=SURVEY).status == 200


def token(sim: Simulator, **changes: str) -> dict[str, object]:
    pairs = {"grant_type": "client_credentials", "client_id": "portal", "client_secret": "s"} | changes
    reply = call(sim, path="/oauth2/token", pairs=pairs)
    assert isinstance(reply.json, dict)
    return reply.json


def test_a_token_opens_the_api_until_it_is_revoked(sim: Simulator) -> None:
    issued = token(sim)
    assert (issued["token_type"], issued["expires_in"]) == ("Bearer", 3600)
    bearer = f"Bearer {issued['access_token']}"
    assert call(sim, pairs=SURVEY, authorization=bearer).status == 200
    sim.reset()
    assert call(sim, pairs=SURVEY, authorization=bearer).status == 401


def test_a_token_that_has_run_out_is_refused() -> None:
    with Simulator(token_life=0) as sim:
        bearer = f"Bearer {token(sim)['access_token']}"
        assert call(sim, pairs=SURVEY, authorization=bearer).status == 401


def test_a_token_nobody_issued_is_refused(sim: Simulator) -> None:
    assert call(sim, pairs=SURVEY, authorization="Bearer invented").status == 401


@pytest.mark.parametrize(
    ("changes", "error"),
    [({"grant_type": "password"}, "unsupported_grant_type"), ({"client_secret": ""}, "invalid_client")],
)
def test_the_token_endpoint_refuses(sim: Simulator, changes: dict[str, str], error: str) -> None:
    assert token(sim, **changes) == {"error": error}
