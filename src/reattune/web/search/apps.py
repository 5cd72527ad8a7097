"""The app's registration."""

from django.apps import AppConfig


class SearchConfig(AppConfig):
    """Registers the app under the label "search"."""

    name = "reattune.web.search"
    label = "search"
    default_auto_field = "django.db.models.BigAutoField"
