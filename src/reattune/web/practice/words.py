"""What is said of scenarios, states and what moved in them, in the reader's language."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

KINDS = {
    "withdrawal": _("withdrawal"),
    "confrontation": _("confrontation"),
    "both": _("withdrawal and confrontation"),
}
INTENSITIES = {"micro": _("micro: slight, easily missed"), "major": _("major: open, hard to miss")}
SHORT = {"micro": _("micro"), "major": _("major")}
HARD = {
    "denial": _("the client says nothing is wrong"),
    "apology_bait": _("a quick apology is tempting"),
    "late_hour": _("late in the hour"),
    "cultural_slip": _("a cultural slip of yours"),
    "telehealth_lag": _("a lag by video"),
    "anger_bait": _("it is tempting to be angry back"),
    "activated": _("a client who is very stirred up"),
    "hopeless": _("a client without hope"),
    "ending": _("an ending"),
}
SETTINGS = {
    "in_person": _("in person"),
    "video": _("by video"),
    "phone": _("by phone"),
    "chat": _("by chat"),
}
OUTCOMES = {
    "": _("still going on"),
    "repaired": _("repaired"),
    "partly": _("repaired in part"),
    "held": _("held, with a quiet watch"),
    "unresolved": _("left unresolved"),
    "goodbye": _("a thoughtful goodbye"),
    "stopped": _("ended early"),
}
DRILLED = {"repaired": _("it landed"), "unresolved": _("not this time")}
PARTS = {"trust": _("Trust"), "arousal": _("Stirred up"), "engagement": _("Engagement")}
ABOUT = {
    "trust": _("how far the client trusts you"),
    "arousal": _("how worked up the client is; lower is calmer"),
    "engagement": _("how far the client is in the work"),
}
CHANGES = {
    "trust": (
        _("clearly less trust"),
        _("a little less trust"),
        _("trust as before"),
        _("a little more trust"),
        _("clearly more trust"),
    ),
    "arousal": (
        _("clearly calmer"),
        _("a little calmer"),
        _("as stirred up as before"),
        _("a little more stirred up"),
        _("clearly more stirred up"),
    ),
    "engagement": (
        _("clearly less engaged"),
        _("a little less engaged"),
        _("as engaged as before"),
        _("a little more engaged"),
        _("clearly more engaged"),
    ),
}
"""What a change is called, from clearly down to clearly up."""

LITTLE, CLEAR = 0.005, 0.05  # changes of a part from which they are told, and told as clear


def step_of(change: float) -> int:
    """Which of the five words a change takes, 2 for none."""
    size = 0 if abs(change) < LITTLE else 1 if abs(change) < CLEAR else 2
    return 2 + size if change > 0 else 2 - size
