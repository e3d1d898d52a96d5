"""Every route of the portal, grouped by who walks it."""

from django.urls import path

from . import health, metrics, outages, readiness
from .audit import views as audit
from .entry import answers, autosave, batch_row, batch_start, batch_views, calls, prefill, results, same, zones
from .entry import views as entry
from .history import anonymise, audit_views, bulk, case_views, erase, export_files, listing, personal, questions
from .history import views as history
from .history.export import export
from .history.trends import trends

urlpatterns = [
    path("", entry.home, name="home"),
    # agents
    path("submissions/", results.own, name="own"),
    path("submissions/new/", entry.new, name="new"),
    path("submissions/zone/", zones.zone, name="zone"),
    path("submissions/many/", batch_start.new, name="batch_new"),
    path("submissions/many/<uuid:uuid>/", batch_views.batch, name="batch"),
    path("submissions/many/<uuid:uuid>/columns/", batch_start.columns, name="batch_columns"),
    path("submissions/many/<uuid:uuid>/save/", batch_views.save, name="batch_save"),
    path("submissions/many/<uuid:uuid>/stop/", batch_views.stop, name="batch_stop"),
    path("submissions/many/<uuid:uuid>/finish/", batch_views.finish, name="batch_finish"),
    path("submissions/many/<uuid:uuid>/wrong.csv", batch_views.wrong, name="batch_wrong"),
    path("submissions/many/<uuid:uuid>/rows/<int:number>/", batch_row.row, name="batch_row"),
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
    path("submissions/questions/", answers.waiting, name="questions_waiting"),
    path("submissions/questions/<uuid:uuid>/answer/", answers.answer, name="question_answer"),
    # managers
    path("history/", listing.listing, name="history"),
    path("history/views/", listing.save_view, name="save_view"),
    path("history/views/<int:pk>/remove/", listing.remove_view, name="remove_view"),
    path("history/names/", personal.show_names, name="show_names"),
    path("r/<slug:number>/", listing.by_number, name="by_number"),
    path("history/export/", export, name="export"),
    path("history/export.csv", export, {"kind": "csv"}, name="export_csv"),
    path("history/export.xlsx", export, {"kind": "xlsx"}, name="export_xlsx"),
    path("history/export.jsonl", export, {"kind": "jsonl"}, name="export_jsonl"),
    path("history/exports/", export_files.listing, name="exports"),
    path("history/exports/new/", export_files.ask, name="export_ask"),
    path("history/exports/<uuid:uuid>/", export_files.detail, name="export_file"),
    path("history/exports/<uuid:uuid>/file/", export_files.download, name="export_download"),
    path("history/exports/<uuid:uuid>/remove/", export_files.remove, name="export_remove"),
    path("history/<uuid:uuid>/", history.detail, name="history_detail"),
    path("history/<uuid:uuid>/show/", personal.show_result, name="show_result"),
    path("history/<uuid:uuid>/decide/", history.decision, name="decide"),
    path("history/<uuid:uuid>/correct/", entry.correct, name="correct"),
    path("history/<uuid:uuid>/case/", case_views.case, name="case"),
    path("history/case/<uuid:uuid>/decide/", case_views.case_decide, name="case_decide"),
    path("history/<uuid:uuid>/compare/", history.compare, name="compare"),
    path("history/<uuid:uuid>/ask/", questions.ask, name="question_ask"),
    path("history/questions/<uuid:uuid>/ask/", questions.ask_on, name="question_ask_on"),
    path("history/questions/<uuid:uuid>/close/", questions.close, name="question_close"),
    path("audit/", audit_views.listing, name="audit"),
    path("audit/<int:pk>/", audit_views.entry, name="audit_entry"),
    path("erase/", erase.find, name="erase"),
    path("erase/confirm/", erase.confirm, name="erase_confirm"),
    path("erase/<int:pk>/", erase.certificate, name="erase_certificate"),
    path("erase/anonymise/<int:pk>/decide/", anonymise.decide, name="anonymise_decide"),
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
    path("health/kept/", audit.kept, name="kept"),
    path("healthz", readiness.live, name="live"),
    path("readyz", readiness.ready, name="ready"),
    path("metrics", metrics.scrape, name="metrics"),
]
