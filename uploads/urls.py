"""Every route of the portal, grouped by who walks it."""

from django.urls import path

from . import health
from .entry import results
from .entry import views as entry
from .history import views as history

urlpatterns = [
    path("", entry.home, name="home"),
    # agents
    path("submissions/", results.own, name="own"),
    path("submissions/new/", entry.new, name="new"),
    path("submissions/<uuid:uuid>/", results.submission, name="submission"),
    path("submissions/<uuid:uuid>/state/", results.state, name="state"),
    path("submissions/<uuid:uuid>/undo/", results.undo, name="undo"),
    # managers
    path("history/", history.listing, name="history"),
    path("history/<uuid:uuid>/", history.detail, name="history_detail"),
    path("history/<uuid:uuid>/decide/", history.decision, name="decide"),
    path("attention/", history.attention, name="attention"),
    # everything all right?
    path("health/", health.page, name="health"),
    path("health/pause/", health.pause, name="pause"),
    path("health/resume/", health.resume, name="resume"),
    path("healthz", health.live, name="live"),
    path("readyz", health.ready, name="ready"),
]
