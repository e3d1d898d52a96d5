"""The order of the questions on the page: the order of a call."""

from typing import TYPE_CHECKING

from crispy_forms.helper import FormHelper
from crispy_forms.layout import HTML, Div, Field, Layout

from ..models import Role

if TYPE_CHECKING:
    from .form import EntryForm

PLAIN = "entry/fields/plain.html"
#: Where entries of the same customer are shown.
KNOWN_ALREADY = "{% include 'entry/_same_place.html' %}"
AFTER_CUSTOMER = (
    (Role.SCORE, "entry/fields/score.html"),
    (Role.REASONS, "entry/fields/reasons.html"),
    (Role.COMMENT, "entry/fields/comment.html"),
    (Role.CONTACT, "entry/fields/contact.html"),
)
PAIRS = (
    ((Role.SENT_AT, "entry/fields/moment.html"), (Role.COMPLETED_AT, "entry/fields/moment.html")),
    ((Role.WORKFLOW_STATUS, PLAIN),),
)


def order(form: "EntryForm") -> list[str]:
    """The names of the inputs as they follow one another on the page; whatever is not named here comes last."""
    asked = (*AFTER_CUSTOMER, *(pair for row in PAIRS for pair in row))
    return [*form.customer_names, *(role.value for role, _ in asked)]


def helper(form: "EntryForm") -> FormHelper:
    """Customer, score, reasons, comment, contact, dates, status; what is switched off leaves no gap."""

    def shown(pairs: tuple[tuple[Role, str], ...]) -> list[Field]:
        return [Field(role.value, template=template) for role, template in pairs if role in form.fields]

    made = FormHelper(form)
    made.form_tag = False
    made.disable_csrf = True
    made.form_show_errors = False  # the page has its own summary; each field template shows its own sentence
    customer = Div(*(Field(name, template=PLAIN) for name in form.customer_names), css_class="entry-row")
    rows = [Div(*shown(pairs), css_class="entry-row") for pairs in PAIRS]
    made.layout = Layout(customer, HTML(KNOWN_ALREADY), *shown(AFTER_CUSTOMER), *rows)
    return made
