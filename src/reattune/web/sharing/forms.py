"""What is filled in to share moments and to talk about them. Turns count from 1 here."""

from __future__ import annotations

from typing import Any, ClassVar

from django import forms
from django.utils.translation import gettext_lazy as _

from reattune.web.accounts.models import User
from reattune.web.reviews.models import Session
from reattune.web.sharing.models import Comment
from reattune.web.sharing.moments import DAYS, MOST_DAYS, MOST_TURNS, clash, supervisors


class RangeForm(forms.Form):
    """Which turns, the last one included."""

    first = forms.IntegerField(label=_("From turn"), min_value=1)
    last = forms.IntegerField(label=_("To turn"), min_value=1)

    def __init__(self, session: Session, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.session = session
        self.fields["last"].help_text = _("%(most)d turns at most; the session has %(all)d.") % {
            "most": MOST_TURNS,
            "all": session.turn_count,
        }

    def clean(self) -> dict[str, Any]:
        """A stretch of turns that the session has, and not too long."""
        data = self.cleaned_data
        first, last = data.get("first"), data.get("last")
        if first is None or last is None:
            return data
        if last > self.session.turn_count:
            self.add_error("last", _("The session has no such turn."))
        elif last < first:
            self.add_error("last", _("This is before the first turn."))
        elif last - first >= MOST_TURNS:
            text = _("These are %(count)d turns. Choose %(most)d at most: a moment, not a session.")
            self.add_error("last", text % {"count": last - first + 1, "most": MOST_TURNS})
        return data

    @property
    def span(self) -> tuple[int, int]:
        """The turns `[first, last)`, from 0."""
        return self.cleaned_data["first"] - 1, self.cleaned_data["last"]


class ShareForm(RangeForm):
    """Which turns, with whom, how long, and what is asked."""

    supervisor = forms.ModelChoiceField(
        label=_("Share with"), queryset=User.objects.none(), empty_label=None
    )
    days = forms.IntegerField(
        label=_("Open for so many days"), min_value=1, max_value=MOST_DAYS, initial=DAYS
    )
    question = forms.CharField(
        label=_("Your question"),
        max_length=2000,
        widget=forms.Textarea({"rows": 3}),
        help_text=_("What you would like to look at together."),
    )

    def __init__(self, session: Session, user: User, *args: Any, **kwargs: Any) -> None:
        super().__init__(session, *args, **kwargs)
        chosen = self.fields["supervisor"]
        assert isinstance(chosen, forms.ModelChoiceField)
        chosen.queryset = supervisors(user)

    def clean(self) -> dict[str, Any]:
        """Not what is open to the same person already."""
        data = super().clean()
        if self.errors:
            return data
        if clash(self.session, data["supervisor"], *self.span):
            self.add_error("supervisor", _("These turns are open to this person already."))
        return data


class CommentForm(forms.ModelForm[Comment]):
    """A comment."""

    class Meta:
        model = Comment
        fields = ("text",)
        labels: ClassVar = {"text": _("Your comment")}
        widgets: ClassVar = {"text": forms.Textarea({"rows": 3})}
