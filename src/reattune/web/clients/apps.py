"""The app's registration."""

from django.apps import AppConfig


class ClientsConfig(AppConfig):
    """Registers the app under the label "clients"."""

    name = "reattune.web.clients"
    label = "clients"
    default_auto_field = "django.db.models.BigAutoField"
