"""Sign-in, administration, and the portal's own routes."""

from django.urls import include, path

from uploads.admin import site

handler400 = "cgportal.errors.bad_request"
handler404 = "cgportal.errors.not_found"
handler500 = "cgportal.errors.server_error"
urlpatterns = [
    path("accounts/", include("uploads.accounts")),
    path("admin/", site.urls),
    path("", include("uploads.urls")),
]
