"""The control page: the state, what can be chosen, what arrived and what is stored. Plain HTML, no script."""

from collections.abc import Iterable, Mapping
from html import escape
from importlib.resources import files
from itertools import groupby

from .account import Record
from .behaviours import BEHAVIOURS
from .choices import Choice
from .ledger import Arrival
from .script import SCOPES, Behaviour, Point

ROWS = 25
#: How long the behaviours last that shut out this page too, so that nobody could end them, if no time is given.
SHUT_OUT_SECONDS = 30.0

_PAGE = files(__package__).joinpath("page.html").read_text("utf-8")


def render(
    url: str,
    latency: float,
    choices: list[Choice],
    arrivals: list[Arrival],
    records: Mapping[int, Record],
    problem: str = "",
) -> str:
    """The whole page; ``problem`` is a sentence about the form that was sent last."""
    return _PAGE.format(
        title="Misbehaving" if choices else "Behaving",
        url=escape(url),
        problem=f'<p class="problem" role="alert">{escape(problem)}</p>\n' if problem else "",
        state=_state(choices),
        scopes="".join(f'<option value="{key}">{escape(words)}</option>' for key, words in SCOPES.items()),
        groups=_groups({choice.behaviour.name for choice in choices}),
        arrivals=_arrivals(arrivals),
        records=_records(records),
        latency=latency,
        shut_out=SHUT_OUT_SECONDS,
    )


def _state(choices: list[Choice]) -> str:
    if not choices:
        return (
            '<section class="state well"><h2>Behaving well</h2><p>Every call is answered as documented.</p></section>'
        )
    rows = "".join(f"<li>{_chosen(choice)}</li>" for choice in choices)
    return (
        f'<section class="state ill"><div><h2>Misbehaving</h2><ul>{rows}</ul></div>'
        '<form method="post" action="/simulator/well"><button class="primary">Behave well</button></form></section>'
    )


def _chosen(choice: Choice) -> str:
    row = choice.behaviour
    limits = [SCOPES[choice.on]]
    if choice.count is not None:
        limits.append(f"{choice.count} more request{'s' * (choice.count != 1)}")
    if choice.seconds is not None:
        limits.append(f"{choice.seconds:.0f} more seconds")
    if row.point is Point.REQUEST and choice.on in ("any", "POST", "PUT"):
        limits.append("the record is stored" if row.stores else "the record is not stored")
    name, words = f"<strong><code>{escape(row.name)}</code></strong>", escape(", ".join(limits))
    return f"{name} {escape(row.text)} <span>{words}</span>"


def _groups(chosen: set[str]) -> str:
    parts = []
    for number, (group, rows) in enumerate(groupby(BEHAVIOURS.values(), key=lambda row: row.group)):
        listed = list(rows)
        is_open = " open" if number < 3 or any(row.name in chosen for row in listed) else ""
        parts.append(
            f"<details{is_open}><summary><h3>{escape(group)}</h3> <span>{len(listed)}</span></summary><ul>"
            f"{''.join(_behaviour(row, row.name in chosen) for row in listed)}</ul></details>"
        )
    return "\n".join(parts)


def _behaviour(row: Behaviour, is_chosen: bool) -> str:
    mark = ' class="chosen" aria-current="true"' if is_chosen else ""
    stores = ' <span class="tag">stores the record</span>' if _tells_storing(row) else ""
    note = f"b-{row.name}"
    return (
        f'<li{mark}><button name="name" value="{row.name}" aria-describedby="{note}">{row.name}</button>'
        f'<p id="{note}">{escape(row.text)}{stores}</p></li>'
    )


def _tells_storing(row: Behaviour) -> bool:
    return row.stores and row.on == "any" and row.name != "ok"


def _arrivals(arrivals: list[Arrival]) -> str:
    if not arrivals:
        return '<p class="none">Nothing has arrived yet.</p>'
    rows = "".join(map(_arrival, reversed(arrivals[-ROWS:])))
    return f'<p class="none">Newest first, times in UTC.</p><ol class="rows arrivals">{rows}</ol>'


def _arrival(arrival: Arrival) -> str:
    good = arrival.behaviour == "ok" and arrival.status == 200
    record = f"record {arrival.record}" if arrival.record else "nothing stored" * (arrival.method != "GET")
    path = arrival.path.partition("?")[0]
    return (
        f'<li><details><summary class="{"good" if good else "bad"}"><time>{arrival.at:%H:%M:%S}</time>'
        f"<span><b>{escape(arrival.method) or 'Connection'}</b> <code>{escape(path)}</code></span>"
        f"<span><b>{arrival.status or 'No status'}</b> <code>{escape(arrival.behaviour)}</code></span>"
        f"<span>{record}</span></summary>"
        f"{_pairs(arrival.pairs)}<h4>Answered</h4><pre>{escape(_readable(arrival.reply))}</pre></details></li>"
    )


def _records(records: Mapping[int, Record]) -> str:
    if not records:
        return '<p class="none">No record is stored.</p>'
    shown = list(records.values())[-ROWS:]
    total = f'<p class="none">{len(records)} in all, the newest {ROWS} here.</p>' if len(records) > len(shown) else ""
    return f'{total}<ol class="rows records">{"".join(map(_record, reversed(shown)))}</ol>'


def _record(record: Record) -> str:
    fields = record.fields
    who = fields.get("Email") or fields.get("CustomerNumber") or ""
    score = f"score {fields['NetPromoterScore']}" if "NetPromoterScore" in fields else ""
    changes = len(record.history) - 1
    changed = f"{changes} change{'s' * (changes != 1)}" if changes else ""
    return (
        f"<li><details><summary><b>{record.number}</b> <span>{escape(who)}</span>"
        f'<span>{changed}</span> <span class="score">{escape(score)}</span></summary>'
        f"{_pairs(record.pairs)}</details></li>"
    )


def _pairs(pairs: Iterable[tuple[str, str]]) -> str:
    rows = "".join(f"<div><dt>{escape(key)}</dt><dd>{escape(value)}</dd></div>" for key, value in pairs)
    return f"<dl>{rows}</dl>" if rows else ""


def _readable(reply: bytes) -> str:
    text = reply[:1500].decode("utf-8", "replace")
    return "".join(char if char.isprintable() or char == "\n" else "·" * (char != "\r") for char in text) or "nothing"
