"""The error codes of CustomerGauge API 4.1 (support articles 5000722531 and 5000722474)."""

from dataclasses import dataclass

#: Code: (HTTP status, message when the case has none of its own).
ERRORS: dict[int, tuple[int, str]] = {
    200000: (401, "Invalid API Key"),
    300000: (400, "More parameters than allowed"),
    300001: (400, "Invalid arguments"),
    300002: (404, "No such module"),
    300003: (405, "No such method"),
    300004: (400, "A required field was not supplied"),
    400000: (400, "Filter key does not exist"),
    400001: (400, "Date method is not supported"),
    400002: (400, "Record does not exist"),
    400003: (400, "Could not insert record"),
    400004: (400, "Wrong id"),
    400005: (400, "id not found"),
    400006: (400, "There is no mapping for the survey completed date"),
    400007: (400, "Survey completed date is required for responses"),
    400008: (400, "Survey completed date is not allowed for non-responses"),
    400009: (400, "Days can not be more than 365"),
    400010: (400, "Field CGNumber is required but seems to be empty"),
    400011: (400, "Workflow status does not exist"),
    400200: (400, "Workflow not found"),
}

#: The one documented error that comes without its ``Error`` wrapper (support article 5000722516).
UNWRAPPED = frozenset({400005})


@dataclass(frozen=True)
class ApiError(Exception):
    """A request the API refuses: ``code`` of `ERRORS`, and ``detail`` when the case has its own message."""

    code: int
    detail: str = ""

    @property
    def status(self) -> int:
        """The HTTP status that goes with the code."""
        return ERRORS[self.code][0]

    @property
    def document(self) -> dict[str, object]:
        """The body: ``{"Error": {"Message": …, "Code": …}}``, without the wrapper where it has none."""
        error: dict[str, object] = {"Message": self.detail or ERRORS[self.code][1], "Code": self.code}
        return error if self.code in UNWRAPPED else {"Error": error}
