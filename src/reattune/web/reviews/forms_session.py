"""What can be said of a turn: a judgement, whether it was noticed, a note.

Turn numbers in forms count from 1, as on the page; cleaned they count from 0.
"""

from __future__ import annotations

from typing import Any, ClassVar

from django import forms
from django.http import QueryDict
from django.utils.translation import gettext_lazy as _

from reattune.web.reviews import models

SAY = "say"


class TurnField(forms.IntegerField):
    """A turn's number, from 1; cleaned from 0."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(min_value=1, max_value=1_000_000, **kwargs)

    def clean(self, value: Any) -> int | None:
        """The turn from 0, None for none."""
        number = super().clean(value)
        return None if number is None else number - 1


class JudgeForm(forms.Form):
    """A verdict on a code of a turn.

    A button says all of it in one value, `say="confirmed 41 minimal_response"`, so that the page
    needs one form for all its buttons.
    """

    verdict = forms.ChoiceField(choices=[(v, v) for v in models.Judgement.VERDICTS])
    turn = TurnField()
    code = forms.CharField(max_length=40)
    to = forms.CharField(max_length=40, required=False)
    intensity = forms.ChoiceField(
        choices=[("", ""), ("micro", "micro"), ("major", "major")], required=False
    )

    def clean(self) -> dict[str, Any]:
        """Only who relabels names another label."""
        cleaned: dict[str, Any] = self.cleaned_data
        if cleaned.get("verdict") != "relabeled":
            cleaned["to"] = ""
        return cleaned

    @classmethod
    def told(cls, post: QueryDict) -> JudgeForm:
        """The form as posted, by a button or field by field."""
        return cls(spoken(post, "verdict", "turn", "code"))


class NoticedForm(forms.Form):
    """Whether something was noticed at the time: `say="yes 41"`, or field by field."""

    yes = forms.ChoiceField(choices=[("yes", "yes"), ("no", "no")])
    turn = TurnField()

    @classmethod
    def told(cls, post: QueryDict) -> NoticedForm:
        """The form as posted."""
        return cls(spoken(post, "yes", "turn"))


class NoteForm(forms.ModelForm[models.Note]):
    """A note on a turn, or on the session as a whole."""

    turn = TurnField(required=False, widget=forms.HiddenInput)

    class Meta:
        model = models.Note
        fields = ("text",)
        labels: ClassVar = {"text": _("Your note")}
        widgets: ClassVar = {"text": forms.Textarea(attrs={"rows": 3})}

    def __init__(self, *args: Any, turns: int = 0, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.turns = turns

    def clean_turn(self) -> int | None:
        """A turn that the session has."""
        turn: int | None = self.cleaned_data["turn"]
        if turn is not None and turn >= self.turns:
            raise forms.ValidationError(_("The session has no such turn."))
        return turn


def spoken(post: QueryDict, *names: str) -> Any:
    """The fields that a button's value names in order, or the posted ones without such a value."""
    said = post.get(SAY, "").split(" ")
    if SAY not in post or len(said) != len(names):
        return post
    return dict(zip(names, said, strict=True))
