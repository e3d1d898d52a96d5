"""Sign-in, administration, and the portal's own routes."""

from django.urls import include, path

from uploads.admin import site

urlpatterns = [
    path("accounts/", include("allauth.account.urls")),
    path("admin/", site.urls),
    path("", include("uploads.urls")),
]
