"""What is filled in to make packets and to talk about them. Turns count from 1 here."""

from __future__ import annotations

from typing import Any, ClassVar, cast

from django import forms
from django.utils.translation import gettext_lazy as _

from reattune.redact import CATEGORIES
from reattune.web.accounts.models import User
from reattune.web.reviews.models import Session
from reattune.web.sharing import hiding, packets
from reattune.web.sharing.models import Comment, Moment, Packet

NAMES = {
    "person": _("person"),
    "place": _("place"),
    "organization": _("organization"),
    "date": _("date"),
    "age": _("age"),
    "phone": _("phone"),
    "email": _("e-mail"),
    "address": _("address"),
    "account": _("number of an account or file"),
    "url": _("web address"),
}
"""What the categories of `reattune.redact` are called."""
assert set(NAMES) == set(CATEGORIES)


class RangeForm(forms.Form):
    """Which turns, the last one included."""

    first = forms.IntegerField(label=_("From turn"), min_value=1)
    last = forms.IntegerField(label=_("To turn"), min_value=1)

    def __init__(self, session: Session, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.session = session
        self.fields["last"].help_text = _(
            "%(most)d turns and %(characters)d characters at most; the session has %(all)d turns."
        ) % {
            "most": packets.MOST_TURNS,
            "characters": packets.MOST_CHARACTERS,
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
        elif fault := packets.fault_of(self.session, first - 1, last):
            self.add_error("last", fault)
        return data

    @property
    def span(self) -> tuple[int, int]:
        """The turns `[first, last)`, from 0."""
        return self.cleaned_data["first"] - 1, self.cleaned_data["last"]


class DraftField(forms.ModelChoiceField[Packet]):
    """One of the drafts."""

    def label_from_instance(self, obj: Packet) -> str:
        """How far it has come."""
        return _("the draft with %(n)d moments") % {"n": obj.moments.count()}


class ReadersField(forms.ModelMultipleChoiceField[User]):
    """Whom a packet is for."""

    def label_from_instance(self, obj: User) -> str:
        """Who somebody is and as what."""
        told = _("%(name)s, supervisor") if obj.is_supervisor else _("%(name)s, therapist")
        return told % {"name": obj}


class MomentForm(RangeForm):
    """Which turns, with which remark, into which packet; none chosen is a new one."""

    note = forms.CharField(
        label=_("A note to it"),
        max_length=500,
        required=False,
        widget=forms.Textarea({"rows": 2}),
        help_text=_("What you would say of this moment, if anything."),
    )
    packet = DraftField(
        label=_("Put it into"),
        queryset=Packet.objects.none(),
        required=False,
        empty_label=_("a new packet"),
    )

    def __init__(self, session: Session, *args: Any, **kwargs: Any) -> None:
        super().__init__(session, *args, **kwargs)
        chosen = self.fields["packet"]
        assert isinstance(chosen, forms.ModelChoiceField)
        chosen.queryset = session.client.packets.filter(confirmed_at=None)


class DraftForm(forms.ModelForm[Packet]):
    """The question, the notes, whom it is for, how long."""

    question = forms.CharField(
        label=_("Your question"),
        max_length=2000,
        widget=forms.Textarea({"rows": 3}),
        help_text=_("What you would like to look at together."),
    )
    readers = ReadersField(
        label=_("For whom"),
        queryset=User.objects.none(),
        widget=forms.CheckboxSelectMultiple,
    )
    days = forms.IntegerField(
        label=_("Open for so many days"), min_value=1, max_value=packets.MOST_DAYS
    )

    class Meta:
        model = Packet
        fields = ("question", "readers", "days", "with_course", "blind")
        labels: ClassVar = {
            "with_course": _("Add the course in short, by session numbers"),
            "blind": _("Everybody writes first, then reads what the others wrote"),
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        packet = self.instance
        chosen = cast(ReadersField, self.fields["readers"])
        chosen.queryset = packets.eligible(packet.client)
        self.initial["readers"] = list(packet.readers.values_list("user", flat=True))
        self.moments = packet.chosen()
        for moment in self.moments:
            self.fields[note_field(moment)] = forms.CharField(
                label=_("A note to it"),
                max_length=500,
                required=False,
                initial=moment.note,
                widget=forms.Textarea({"rows": 2}),
            )

    def clean_readers(self) -> Any:
        """A group, not a public."""
        chosen = self.cleaned_data["readers"]
        if len(chosen) > packets.MOST_READERS:
            told = _("%(most)d people at most.") % {"most": packets.MOST_READERS}
            raise forms.ValidationError(told)
        return chosen

    def keep(self) -> None:
        """Keep what of it can be kept, in the caller's transaction."""
        given = self.cleaned_data
        own = {name: given[name] for name in self.Meta.fields if name in given}
        readers = own.pop("readers", None)
        Packet.objects.filter(pk=self.instance.pk).update(**own)
        if readers is not None:
            packets.set_readers(self.instance, readers)
        for moment in self.moments:
            if note_field(moment) in given:
                Moment.objects.filter(pk=moment.pk).update(note=given[note_field(moment)])


def note_field(moment: Moment) -> str:
    """The name of a moment's note in the form."""
    return f"note_{moment.pk}"


class HideForm(forms.Form):
    """Words to hide, in one passage or everywhere."""

    words = forms.CharField(label=_("Words to hide"), max_length=hiding.MOST_WORDS)
    category = forms.ChoiceField(label=_("What they are"), choices=list(NAMES.items()))
    where = forms.IntegerField(required=False, min_value=0, widget=forms.HiddenInput)
    everywhere = forms.BooleanField(label=_("wherever they stand"), required=False, initial=True)


class CommentForm(forms.ModelForm[Comment]):
    """A comment. `read` says that its author saw it with names hidden."""

    read = forms.BooleanField(required=False, widget=forms.HiddenInput)

    class Meta:
        model = Comment
        fields = ("text",)
        labels: ClassVar = {"text": _("Your comment")}
        widgets: ClassVar = {"text": forms.Textarea({"rows": 3})}
