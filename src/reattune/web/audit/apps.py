"""The app's registration."""

from django.apps import AppConfig


class AuditConfig(AppConfig):
    """Registers the app under the label "audit"."""

    name = "reattune.web.audit"
    label = "audit"
    default_auto_field = "django.db.models.BigAutoField"
