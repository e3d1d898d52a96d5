"""Connections that fail: before, while and after the request is read."""

from collections.abc import Iterator

from ..script import Behaviour, Call, End, Point, Step, steps

PORT = "Unreachable, this page too"
CONNECTION = "The connection"


def _close_after_reply(call: Call) -> Iterator[Step]:
    yield call.answer.message()
    yield End.CLOSE


def _hundred_then_reply(call: Call) -> Iterator[Step]:
    yield b"HTTP/1.1 100 Continue\r\n\r\n"
    yield call.answer.message()


def _hundreds(_: Call) -> Iterator[Step]:
    while True:
        yield b"HTTP/1.1 100 Continue\r\n\r\n"
        yield 0.05


def _row(name: str, text: str, *played: Step, point: Point = Point.REQUEST) -> Behaviour:
    group = PORT if point in (Point.PORT, Point.ACCEPT) else CONNECTION
    return Behaviour(name, group, text, steps(*played), point is Point.REQUEST, point)


ROWS = (
    _row("refused", "Refuses every connection.", End.RESET, point=Point.PORT),
    _row("blackhole", "Leaves every connection attempt without an answer.", End.HOLD, point=Point.PORT),
    _row("reset-on-accept", "Resets the connection as soon as it stands.", End.RESET, point=Point.ACCEPT),
    _row("close-on-accept", "Closes the connection as soon as it stands.", End.CLOSE, point=Point.ACCEPT),
    _row("silence-on-accept", "Takes the connection, reads nothing, says nothing.", End.IGNORE, point=Point.ACCEPT),
    _row("reset-mid-body", "Reads half the body, then resets.", End.RESET, point=Point.BODY),
    _row("close-mid-body", "Reads half the body, then closes.", End.CLOSE, point=Point.BODY),
    _row("silence-mid-body", "Reads half the body, then does nothing more.", End.IGNORE, point=Point.BODY),
    _row("reset-after-body", "Reads the whole request, then resets.", End.RESET),
    _row("close-after-body", "Reads the whole request, then closes.", End.CLOSE),
    _row("silence", "Reads the whole request and never answers.", End.HOLD),
    _row("100-then-close", "Says 100 Continue, then closes.", b"HTTP/1.1 100 Continue\r\n\r\n", End.CLOSE),
    _row("100-then-silence", "Says 100 Continue, then nothing more.", b"HTTP/1.1 100 Continue\r\n\r\n", End.HOLD),
    Behaviour("100-then-reply", CONNECTION, "Says 100 Continue unasked, then answers.", _hundred_then_reply, True),
    Behaviour("100-flood", CONNECTION, "Says 100 Continue over and over.", _hundreds, True),
    Behaviour(
        "close-after-reply",
        CONNECTION,
        "Answers, then closes a connection it let the client believe would stay open.",
        _close_after_reply,
        True,
    ),
)
