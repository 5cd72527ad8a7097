"""The app's registration."""

from django.apps import AppConfig


class ApiConfig(AppConfig):
    """Registers the app under the label "api"."""

    name = "reattune.web.api"
    label = "api"
    default_auto_field = "django.db.models.BigAutoField"
