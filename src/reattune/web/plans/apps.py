"""The app's registration."""

from django.apps import AppConfig


class PlansConfig(AppConfig):
    """Registers the app under the label "plans"; words that were deleted leave the plans too."""

    name = "reattune.web.plans"
    label = "plans"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Listen for analyses that are deleted."""
        from django.db.models.signals import post_delete

        from reattune.web.plans.store import on_deletion
        from reattune.web.reviews.models import Analysis

        post_delete.connect(on_deletion, sender=Analysis, dispatch_uid="plans-forget-words")
