"""Every route of the portal, grouped by who walks it."""

from django.urls import path

from . import health, metrics, outages, readiness
from .audit import views as audit
from .entry import autosave, calls, prefill, results, same
from .entry import views as entry
from .history import bulk, case_views, erase
from .history import views as history
from .history.export import export
from .history.trends import trends

urlpatterns = [
    path("", entry.home, name="home"),
    # agents
    path("submissions/", results.own, name="own"),
    path("submissions/new/", entry.new, name="new"),
    path("submissions/prefill/", prefill.prefill, name="prefill"),
    path("submissions/same/", same.same, name="same"),
    path("submissions/draft/", autosave.save_draft, name="save_draft"),
    path("submissions/draft/discard/", autosave.discard_draft, name="discard_draft"),
    path("calls/", calls.record_call, name="record_call"),
    path("calls/due/", calls.calls_due, name="calls_due"),
    path("calls/<uuid:uuid>/done/", calls.call_done, name="call_done"),
    path("submissions/<uuid:uuid>/", results.submission, name="submission"),
    path("submissions/<uuid:uuid>/state/", results.state, name="state"),
    path("submissions/<uuid:uuid>/undo/", results.undo, name="undo"),
    # managers
    path("history/", history.listing, name="history"),
    path("history/export/", export, name="export"),
    path("history/export.csv", export, {"kind": "csv"}, name="export_csv"),
    path("history/export.xlsx", export, {"kind": "xlsx"}, name="export_xlsx"),
    path("history/export.jsonl", export, {"kind": "jsonl"}, name="export_jsonl"),
    path("history/<uuid:uuid>/", history.detail, name="history_detail"),
    path("history/<uuid:uuid>/decide/", history.decision, name="decide"),
    path("history/<uuid:uuid>/correct/", entry.correct, name="correct"),
    path("history/<uuid:uuid>/case/", case_views.case, name="case"),
    path("history/case/<uuid:uuid>/decide/", case_views.case_decide, name="case_decide"),
    path("history/<uuid:uuid>/compare/", history.compare, name="compare"),
    path("erase/", erase.find, name="erase"),
    path("erase/confirm/", erase.confirm, name="erase_confirm"),
    path("erase/<int:pk>/", erase.certificate, name="erase_certificate"),
    path("trends/", trends, name="trends"),
    path("attention/", history.attention, name="attention"),
    path("attention/bulk/", bulk.listing, name="bulk_list"),
    path("attention/bulk/new/", bulk.new, name="bulk_new"),
    path("attention/bulk/<uuid:uuid>/", bulk.detail, name="bulk"),
    path("attention/bulk/<uuid:uuid>/stop/", bulk.stop, name="bulk_stop"),
    path("attention/bulk/<uuid:uuid>/approve/", bulk.approve, name="bulk_approve"),
    # everything all right?
    path("health/", health.page, name="health"),
    path("health/pause/", health.pause, name="pause"),
    path("health/resume/", health.resume, name="resume"),
    path("health/test/", health.test, name="test"),
    path("health/banner/", health.banner_now, name="banner"),
    path("health/outages/", outages.listing, name="outages"),
    path("health/outages/<int:pk>/", outages.detail, name="outage"),
    path("health/seals.txt", audit.download, name="seals"),
    path("healthz", readiness.live, name="live"),
    path("readyz", readiness.ready, name="ready"),
    path("metrics", metrics.scrape, name="metrics"),
]
