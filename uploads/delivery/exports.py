"""Looking after the files of results that managers ask for: a side job that looks at their table."""

from ..background import Background
from ..models import ExportFile

_making = Background("make_exports")


def look_after() -> None:
    """Remove what has expired; have prepared what is due."""
    ExportFile.objects.tidy_up()
    if not _making.busy and ExportFile.objects.due().exists():
        _making.start()
