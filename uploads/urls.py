"""Every route of the portal, grouped by who walks it."""

from django.urls import path

from . import health
from .entry import views as entry
from .history import views as history

urlpatterns = [
    path("", entry.home, name="home"),
    # agents
    path("submissions/", entry.own, name="own"),
    path("submissions/new/", entry.new, name="new"),
    path("submissions/<uuid:uuid>/", entry.submission, name="submission"),
    path("submissions/<uuid:uuid>/state/", entry.state, name="state"),
    # managers
    path("history/", history.listing, name="history"),
    path("history/<uuid:uuid>/", history.detail, name="history_detail"),
    # everything all right?
    path("health/", health.page, name="health"),
    path("health/pause/", health.pause, name="pause"),
    path("health/resume/", health.resume, name="resume"),
    path("healthz", health.live, name="live"),
    path("readyz", health.ready, name="ready"),
]
