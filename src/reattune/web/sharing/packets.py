"""Making, confirming and ending packets; who may open one; who may read which comment."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from datetime import timedelta

from django.db import transaction
from django.db.models import Q, QuerySet
from django.http import Http404
from django.utils import timezone
from django.utils.translation import gettext as _

from reattune.errors import InputError
from reattune.redact import BY_HAND, Review
from reattune.web import gates
from reattune.web.accounts.models import User
from reattune.web.clients.models import Client
from reattune.web.reviews.models import Session
from reattune.web.sharing import hiding, signs
from reattune.web.sharing.hiding import Passage
from reattune.web.sharing.models import Comment, Line, Moment, Packet, Reader

MOST_MOMENTS = 8  # of one packet: about what an hour of supervision gets through
MOST_TURNS = 12  # of one moment: a strain, its answer and what is around them
MOST_CHARACTERS = 2000  # of one moment: between two and three minutes of talk
MOST_OF_A_SESSION = 40  # turns of one session in a packet: moments, never a session
MOST_READERS = 12  # people: a consultation group, not a public
DAYS, MOST_DAYS = 14, 90  # that a packet is open unless told, and at most


# Choosing


def start(client: Client, user: User) -> Packet:
    """A new draft without moments."""
    packet = Packet.objects.create(client=client, made_by=user, days=DAYS)
    gates.note(user, "packet.start", target=f"packet:{packet.pk}", client=client)
    return packet


def add(packet: Packet, session: Session, first: int, last: int, note: str = "") -> Moment:
    """Take the turns `[first, last)` of a session into a draft.

    InputError "packet-limits" for what is too much, or in the packet already, "packet-closed" where
    it is no draft.
    """
    with transaction.atomic():
        packet = locked(packet)
        session.refresh_from_db(fields=["number", "turn_count"])
        check_moment(packet, session, first, last)
        return Moment.objects.create(
            packet=packet, session=session, number=session.number, first=first, last=last, note=note
        )


def locked(packet: Packet) -> Packet:
    """The draft as it is now, held until the transaction ends. InputError if it is none."""
    packet.client.lock()
    found = Packet.objects.select_related("client").filter(pk=packet.pk).first()
    if found is None or not found.draft:
        what = _("This packet is confirmed; what it shows can no longer be changed.")
        raise InputError("packet-closed", what, remedy=_("End it and make another one."))
    return found


def check_moment(packet: Packet, session: Session, first: int, last: int) -> None:
    """InputError "packet-limits" if these turns are too much or in the packet already."""
    held = list(packet.moments.all())
    if len(held) >= MOST_MOMENTS:
        raise too_much(_("A packet holds %(most)d moments at most.") % {"most": MOST_MOMENTS})
    if fault := fault_of(session, first, last):
        raise too_much(fault)
    own = [one for one in held if one.session_id == session.pk]
    if any(first < one.last and one.first < last for one in own):
        raise too_much(_("Some of these turns are in the packet already."))
    turns = sum(one.size for one in own) + last - first
    if turns > MOST_OF_A_SESSION:
        what = _("These would be %(count)d turns of one session; %(most)d are the most.")
        raise too_much(what % {"count": turns, "most": MOST_OF_A_SESSION})


def fault_of(session: Session, first: int, last: int) -> str:
    """What is wrong with these turns as a moment, "" if nothing is."""
    if last - first > MOST_TURNS:
        what = _("These are %(count)d turns. Choose %(most)d at most: a moment, not a session.")
        return what % {"count": last - first, "most": MOST_TURNS}
    texts = session.turns.filter(number__gte=first, number__lt=last).values_list("text", flat=True)
    count = sum(map(len, texts))
    if count > MOST_CHARACTERS:
        what = _("These turns have %(count)d characters; a moment has %(most)d at most.")
        return what % {"count": count, "most": MOST_CHARACTERS}
    return ""


def too_much(what: str) -> InputError:
    """The error of what goes beyond the limits."""
    return InputError("packet-limits", what, remedy=_("Choose fewer turns, or fewer moments."))


def set_readers(packet: Packet, users: Iterable[User]) -> None:
    """Whom a draft is for."""
    packet.readers.all().delete()
    Reader.objects.bulk_create(Reader(packet=packet, user=user) for user in users)


# Confirming, opening, ending


def confirm(packet: Packet, user: User, version: str) -> Packet:
    """Keep the text as it was read and open the packet to its readers.

    `version` is that of the review that was read. InputError "no-consent", "packet-changed" where
    anything is other than it was read, "packet-limits", "packet-empty", "packet-closed".
    """
    with transaction.atomic():
        packet = locked(packet)
        if not packet.client.consents_to("supervision"):
            what = _("The client has not consented to supervision.")
            raise InputError("no-consent", what, remedy=_("Record the consent first."))
        found = hiding.passages(packet)
        review, changed = hiding.load(packet, found)
        if changed or not packet.review or hiding.version(packet) != version:
            raise changed_since()
        check(packet)
        keep_text(packet, review, found)
        gates.note(
            user, "packet.confirm", target=f"packet:{packet.pk}", client=packet.client,
            **counted(packet, review),
        )  # fmt: skip
    return packet


def changed_since() -> InputError:
    """The error of a text that is not the one that was read."""
    what = _("What is shown has changed since you read it.")
    return InputError("packet-changed", what, remedy=_("Read it again as it is now."))


def check(packet: Packet) -> None:
    """InputError if a draft is not all there, or goes beyond the limits by now."""
    moments = packet.chosen()
    readers = [reader.user for reader in packet.readers.select_related("user")]
    if not (moments and packet.question and readers):
        what = _("A packet needs a moment, a question and somebody to read it.")
        raise InputError("packet-empty", what, remedy=_("Fill in what is missing."))
    if not {user.pk for user in readers} <= {user.pk for user in eligible(packet.client)}:
        what = _("Somebody whom the packet is for can no longer read packets here.")
        raise InputError("packet-empty", what, remedy=_("Choose again whom it is for."))
    for moment in moments:
        if fault := fault_of(moment.session, moment.first, moment.last):
            raise too_much(fault)


def keep_text(packet: Packet, review: Review, found: list[Passage]) -> None:
    """Put the confirmed text in the place of what was typed and chosen."""
    texts = hiding.texts_of(found)
    shown = dict(zip((one.key for one in found), hiding.written(review, texts), strict=True))
    now = timezone.now()
    packet.question = shown["question"]
    packet.names = hiding.key_of(review, texts)
    packet.course = signs.course_of(packet.client) if packet.with_course else {}
    packet.review = {}
    packet.confirmed_at, packet.until = now, now + timedelta(days=packet.days)
    packet.save()
    for moment in packet.chosen():
        moment.note = shown.get(f"note {moment.pk}", "")
        moment.episodes = signs.episodes_of(moment)
        moment.save()
        Line.objects.bulk_create(lines_of(moment, review, found, shown))


def lines_of(
    moment: Moment, review: Review, found: list[Passage], shown: dict[str, str]
) -> list[Line]:
    """The lines of a moment, unsaved, with the flags that stand on them."""
    own = [(i, p.turn, p) for i, p in enumerate(found) if p.turn and p.moment == moment]
    flags = signs.markers_on(moment.session, [turn for _, turn, _ in own])
    rates = signs.rates_of(moment.session)
    made = []
    for i, turn, passage in own:
        hidden = hiding.hidden_in(review, i)
        marked = signs.quoted(passage.text, turn.number, flags[turn.number])
        made.append(
            Line(
                moment=moment,
                number=turn.number,
                role=turn.role,
                text=shown[passage.key],
                quoted=[hiding.moved(stretch, hidden) for stretch in marked],
                marks=[signs.mark_of(marker, rates) for marker in flags[turn.number]],
            )
        )
    return made


def counted(packet: Packet, review: Review) -> dict[str, int]:
    """What the audit says of a confirmed packet: numbers alone."""
    return {
        "moments": packet.moments.count(),
        "readers": packet.readers.count(),
        "days": packet.days,
        "hidden": len(review.hidden),
        "by_hand": sum(span.by == BY_HAND for span in review.hidden),
        "kept": len(review.rejected),
    }


def end(packet: Packet) -> None:
    """Close a packet at once; one that is closed stays as it is."""
    close(Packet.objects.filter(pk=packet.pk, ended_at=None).exclude(confirmed_at=None))


def close_all(client: Client) -> None:
    """Close every packet of a client at once: the consent to supervision is gone."""
    close(open_of(client))


def close(found: QuerySet[Packet]) -> None:
    """Close packets. Nobody comments any more, so what stands behind the placeholders goes."""
    found.update(ended_at=timezone.now(), names=[])


def open_of(client: Client) -> QuerySet[Packet]:
    """The packets of a client that are open."""
    return Packet.objects.filter(client=client, ended_at=None, until__gt=timezone.now())


def forget_analysis(client: Client) -> None:
    """Take out of a client's packets what was worked out from words: flags, episodes, course."""
    Line.objects.filter(moment__packet__client=client).update(marks=[], quoted=[])
    Moment.objects.filter(packet__client=client).update(episodes=[])
    Packet.objects.filter(client=client).update(course={})


def of_sessions(sessions: QuerySet[Session]) -> QuerySet[Packet]:
    """The packets that show anything of these sessions."""
    return Packet.objects.filter(
        pk__in=Moment.objects.filter(session__in=sessions).values("packet")
    )


# Whose it is


def eligible(client: Client) -> QuerySet[User]:
    """Whom a packet can be for: supervisors and therapists of the practice but the own one."""
    roles = Q(is_supervisor=True) | Q(is_therapist=True)
    found = User.objects.filter(roles, practice=client.practice_id, is_active=True)
    return found.exclude(pk=client.therapist_id).order_by("-is_supervisor", "name", "username")


def given_of(user: User, id: uuid.UUID, action: str) -> Packet:
    """A packet of a client of one's own; Http404 else. Audited as `action`."""
    packet = Packet.objects.filter(pk=id).first()
    if packet is None:
        raise Http404
    packet.client = gates.client_of(user, packet.client_id, action, packet=str(packet.pk))
    return packet


def given_by(user: User) -> QuerySet[Packet]:
    """The packets of one's own clients, the latest first."""
    found = Packet.objects.filter(client__in=gates.own_clients(user))
    return found.select_related("client").order_by("-created")


def open_to(user: User) -> QuerySet[Packet]:
    """The packets that somebody can open now, by the terms of `gates.packet_of`."""
    found = Packet.objects.filter(
        readers__user=user,
        ended_at=None,
        until__gt=timezone.now(),
        client__practice=user.practice_id,
        client__consents__purpose="supervision",
        client__consents__revoked_at=None,
    )
    return found.select_related("client__therapist").order_by("-confirmed_at")


def is_open(packet: Packet) -> bool:
    """Whether its readers can open it now."""
    return packet.open(timezone.now()) and packet.client.consents_to("supervision")


# Comments


def comments_for(packet: Packet, user: User) -> tuple[list[Comment], int]:
    """The comments that somebody may read, and how many wait behind their own."""
    every = list(packet.comments.select_related("author"))
    owner = user.pk == packet.client.therapist_id
    own = [one for one in every if one.author_id == user.pk]
    if owner or own or not packet.blind or packet.opened_at:
        return every, 0
    return [], len(every)


def open_comments(packet: Packet) -> None:
    """Let every reader of a blind round read all comments."""
    Packet.objects.filter(pk=packet.pk, opened_at=None).update(opened_at=timezone.now())
