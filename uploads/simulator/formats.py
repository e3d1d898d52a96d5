"""The two formats of an answer: the suffix of the path names it, ``.json`` or ``.xml``."""

import json
import re
from collections.abc import Callable
from xml.sax.saxutils import escape

Document = object

_JSON = json.JSONEncoder(separators=(",", ":"))
#: Characters XML 1.0 cannot hold, not even escaped.
_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def to_json(document: Document) -> bytes:
    """``document`` as compact JSON with non-ASCII characters escaped."""
    return _JSON.encode(document).encode("ascii")


def to_xml(document: Document) -> bytes:
    """``document`` as XML.

    An object with one key has that key as its root, which gives the documented
    ``<Error><Message>…</Message><Code>…</Code></Error>`` (support article 5000722531). CustomerGauge shows no
    XML for anything else: more keys stand in ``<Response>``, and each entry of a list in ``<item>``.
    """
    if isinstance(document, dict) and len(document) == 1:
        text = _children(document)
    else:
        text = f"<Response>{_children(document)}</Response>"
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{text}\n'.encode()


def _children(value: Document) -> str:
    if isinstance(value, dict):
        return "".join(f"<{key}>{_children(item)}</{key}>" for key, item in value.items())
    if isinstance(value, list):
        return "".join(f"<item>{_children(item)}</item>" for item in value)
    return escape(_NOT_XML.sub("", str(value)))


#: Suffix: (content type, writer).
FORMATS: dict[str, tuple[str, Callable[[Document], bytes]]] = {
    "json": ("application/json; charset=utf-8", to_json),
    "xml": ("application/xml; charset=utf-8", to_xml),
}
