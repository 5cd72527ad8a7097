"""What is filled in to mark, to rate, to invite, to settle, to take codings in.

Turns and segments count from 1 in forms; cleaned they count from 0.
"""

from __future__ import annotations

from typing import Any

from django import forms
from django.http import QueryDict
from django.utils.translation import gettext_lazy as _

from reattune.codebook import CODES, FAMILIES
from reattune.web.accounts.models import User
from reattune.web.coding.marks import LEAST, MOST
from reattune.web.coding.models import DETAILS, KINDS, LEVELS, PURPOSES, SOMETHING, Pairing
from reattune.web.coding.pairs import DAYS, MOST_DAYS, coders_for
from reattune.web.coding.segments import TURNS_EACH, has_times
from reattune.web.reviews.forms_session import TurnField, spoken
from reattune.web.reviews.models import Session

INTENSITIES = [("", ""), ("micro", _("micro")), ("major", _("major"))]
MARKS = [(id, id) for id in (SOMETHING, *FAMILIES, *CODES)]


class MarkForm(forms.Form):
    """A mark on a turn: `say="mark 41 withdrawal"` of a button, or field by field.

    `do` is "mark" or "back", or an intensity for a mark that stands.
    """

    do = forms.ChoiceField(choices=[(v, v) for v in ("mark", "back", "micro", "major")])
    turn = TurnField()
    code = forms.ChoiceField(choices=MARKS, required=False)
    intensity = forms.ChoiceField(choices=INTENSITIES, required=False)
    note = forms.CharField(max_length=500, required=False)

    @classmethod
    def told(cls, post: QueryDict) -> MarkForm:
        """The form as posted."""
        return cls(spoken(post, "do", "turn", "code"))

    def clean(self) -> dict[str, Any]:
        """Only taking back needs no label."""
        data: dict[str, Any] = self.cleaned_data
        if data.get("do") != "back" and not data.get("code"):
            self.add_error("code", _("Choose what you see."))
        return data


class RateForm(forms.Form):
    """The ratings of a segment; what is left open stays unrated."""

    segment = TurnField()

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for kind, name in KINDS:
            self.fields[kind] = forms.IntegerField(
                label=name, min_value=LEAST, max_value=MOST, required=False
            )

    @property
    def values(self) -> dict[str, int]:
        """The ratings that were given."""
        data = self.cleaned_data
        return {kind: data[kind] for kind, _name in KINDS if data[kind] is not None}


class InviteForm(forms.Form):
    """Whom, for what, which turns, how, how long."""

    coder = forms.ModelChoiceField(
        label=_("Second coder"), queryset=User.objects.none(), empty_label=None
    )
    purpose = forms.ChoiceField(
        label=_("What for"),
        choices=PURPOSES,
        help_text=_("The client must have consented to just this."),
    )
    first = forms.IntegerField(label=_("From turn"), min_value=1)
    last = forms.IntegerField(label=_("To turn"), min_value=1)
    level = forms.ChoiceField(
        label=_("How to code"), choices=LEVELS, widget=forms.RadioSelect, initial="turn"
    )
    detail = forms.ChoiceField(
        label=_("Labels, turn by turn"),
        choices=DETAILS,
        initial="families",
        help_text=_("Four families are enough to begin with; 26 codes take practice."),
    )
    turns_each = forms.IntegerField(
        label=_("Turns in a segment"), min_value=2, max_value=200, required=False
    )
    days = forms.IntegerField(
        label=_("Open for so many days"), min_value=1, max_value=MOST_DAYS, initial=DAYS
    )
    note = forms.CharField(
        label=_("Note to the coder"),
        max_length=1000,
        required=False,
        widget=forms.Textarea({"rows": 2}),
        help_text=_("Nothing about what you saw yourself: it would no longer be blind."),
    )

    def __init__(self, session: Session, user: User, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.session = session
        self.fields["first"].initial, self.fields["last"].initial = 1, session.turn_count
        chosen = self.fields["coder"]
        assert isinstance(chosen, forms.ModelChoiceField)
        chosen.queryset = coders_for(user)
        self.timed = has_times(list(session.turns.all()))
        if self.timed:
            del self.fields["turns_each"]
        else:
            self.fields["turns_each"].initial = TURNS_EACH
            text = _("This transcript has no times, so segments are of so many turns.")
            self.fields["turns_each"].help_text = text

    def clean(self) -> dict[str, Any]:
        """Turns that the session has, consented to, and not open to the same person already."""
        data: dict[str, Any] = self.cleaned_data
        first, last = data.get("first"), data.get("last")
        if first is not None and last is not None:
            if last > self.session.turn_count:
                self.add_error("last", _("The session has no such turn."))
            elif last < first:
                self.add_error("last", _("This is before the first turn."))
        purpose = data.get("purpose")
        if purpose and not self.session.client.consents_to(purpose):
            self.add_error("purpose", _("The client has not consented to this."))
        if not self.errors and self.clashes():
            self.add_error("coder", _("These turns are open to this person already."))
        return data

    def clashes(self) -> bool:
        """Whether the same person codes the same turns now."""
        told = self.cleaned_data
        same = Pairing.objects.filter(
            session=self.session, coder=told["coder"], first=told["first"] - 1, last=told["last"]
        )
        return any(one.open for one in same)

    @property
    def told(self) -> dict[str, Any]:
        """What the invitation is made from."""
        data = dict(self.cleaned_data)
        segments = data["level"] == "segment"
        return data | {
            "first": data["first"] - 1,
            "detail": "families" if segments else data["detail"],
            "turns_each": (data.get("turns_each") or TURNS_EACH)
            if segments and not self.timed
            else 0,
        }


class SettleForm(forms.Form):
    """What two settled on for a turn: labels or none, and why."""

    unit = TurnField()
    codes = forms.MultipleChoiceField(choices=MARKS, required=False)
    other = forms.ChoiceField(choices=[("", ""), *MARKS], required=False)
    intensity = forms.ChoiceField(choices=INTENSITIES, required=False)
    note = forms.CharField(max_length=1000, required=False)

    @property
    def said(self) -> dict[str, Any]:
        """The labels, in codebook order."""
        given = {*self.cleaned_data["codes"], self.cleaned_data["other"]}
        return {"codes": [id for id in (*CODES, *FAMILIES) if id in given]}


class SettleRatingsForm(RateForm):
    """What two settled on for a segment."""

    segment = None  # type: ignore[assignment]
    unit = TurnField()
    note = forms.CharField(max_length=1000, required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for kind, _name in KINDS:
            self.fields[kind].required = True

    @property
    def said(self) -> dict[str, int]:
        """The ratings."""
        return self.values


class TalkForm(forms.Form):
    """A moment on the list to discuss."""

    turn = TurnField()
    state = forms.ChoiceField(choices=[(v, v) for v in ("open", "talked", "off")])
    note = forms.CharField(max_length=1000, required=False)


class LabelForm(forms.Form):
    """A mark to take over as a label."""

    turn = TurnField()
    code = forms.ChoiceField(choices=[(id, id) for id in CODES])


class WordsForm(forms.Form):
    """What else to hide in words that leave, and that somebody read them through."""

    also = forms.CharField(
        label=_("Names and words to hide as well"),
        max_length=4000,
        required=False,
        widget=forms.Textarea({"rows": 4}),
        help_text=_("One a line: whatever below still points to somebody."),
    )
    kind = forms.ChoiceField(
        label=_("File"), choices=[("csv", "CSV"), ("jsonl", "JSON Lines")], initial="csv"
    )
    read = forms.BooleanField(label=_("I have read all of it, and nothing points to anybody."))

    @property
    def names(self) -> list[str]:
        """The names, a line each, checked or not."""
        typed = str(self.data.get("also", ""))[:4000]
        return [line.strip() for line in typed.splitlines() if line.strip()]

    @property
    def form(self) -> str:
        """The kind of file."""
        return "jsonl" if self.data.get("kind") == "jsonl" else "csv"


class FileForm(forms.Form):
    """A file of codings."""

    file = forms.FileField(
        label=_("File"),
        help_text=_("CSV, TSV, XLSX, JSON Lines or ELAN (.eaf), as the documentation describes."),
    )
