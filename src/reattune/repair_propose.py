"""What an analysis proposes for a rupture: words that look like a step, closure, another course.

Every proposal rests on turns or signals that it names, and asks in a sentence of guidance. Nothing
is decided here. The numbers are our own proposal and rest on no study.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from reattune import guidance
from reattune.codebook import code
from reattune.episodes import RECOVERED_WORDS
from reattune.features import USUAL_WORDS, words
from reattune.follow import Following
from reattune.repair import (
    RANK,
    STEPS,
    VERSION,
    Basis,
    Change,
    Occurrence,
    Proposal,
    Rupture,
    StepId,
    relapsed,
)
from reattune.repair_cases import last_answer
from reattune.repair_find import JOIN, akin, basis_of, open_in
from reattune.signals import PROMPT, REPAIRED, counts, form_of
from reattune.types import Analysis, Marker, Series, Signal

BEFORE = 3  # scores before the onset that are averaged: what was usual for this client
AS_BEFORE = 0.05  # of the scale; a score at most this much below is as before
QUIET = 2  # sessions without its strain after which one that was left standing is asked about
STUCK = 3  # sessions held without movement after which the plan asks whether to change course

Loose = dict[int, str]
"""By session the rupture that repair moves outside any strain are put to."""


def proposals(
    rupture: Rupture, following: Following, ruptures: Sequence[Rupture] = ()
) -> tuple[Proposal, ...]:
    """All that an analysis has to propose for one rupture, the same for the same records.

    `ruptures` are all of the course, this one included. A closed one gets none.
    """
    if rupture.closed:
        return ()
    ends = list(closing(rupture, following))
    over = min((p.session for p in ends if p.new == "repaired"), default=math.inf)
    found = [p for p in steps(rupture, following, ruptures or (rupture,)) if p.session <= over]
    found += ends
    found += [*watching(rupture, following), *denied(rupture, following)]
    found += stuck(rupture, following, found)
    return (*found, *again(rupture, ruptures))


# Words that look like a step


@dataclass(frozen=True, slots=True)
class Heard:
    """A repair move that looks like a step: where, and how far the step would have come."""

    session: int
    step: StepId
    new: str
    move: Marker
    inside: bool
    basis: Basis

    @property
    def order(self) -> tuple[int, bool, float]:
        """Further first, then within the strain, then the likelier."""
        return RANK[self.new], self.inside, self.move.probability


def steps(
    rupture: Rupture, following: Following, ruptures: Sequence[Rupture]
) -> Iterator[Proposal]:
    """For each step the moves that would bring it further than those before, one a session.

    After an episode that was left standing a step starts again from the beginning.
    """
    heard = list(heard_in(rupture, following, loose_owners(following, ruptures)))
    for step in STEPS:
        so_far, since = 0, rupture.session
        for session in sorted({h.session for h in heard if h.step == step}):
            here = [h for h in heard if h.step == step and h.session == session]
            best = max(here, key=lambda h: h.order)
            made = looks_like(best)
            if relapsed(rupture, since, session):
                so_far = 0
            if RANK[best.new] > so_far:
                yield made
                if rupture.answer(made.id) != "declined":
                    so_far, since = RANK[best.new], session


def looks_like(heard: Heard) -> Proposal:
    """That the words of a turn look like a step."""
    name = guidance.load().step(heard.step).name
    where = "" if heard.inside else " Outside any flagged strain: it may be ordinary talk."
    why = f"Turn {heard.move.turn + 1} looks like “{name}”: {LANDED[heard.new]}{where}"
    return Proposal(
        id=f"{heard.step}-s{heard.session}-t{heard.move.turn + 1}-{heard.new}",
        part=heard.step,
        new=heard.new,
        session=heard.session,
        asks="plan.prompt.looks_like",
        why=why,
        by=VERSION,
        date=heard.basis.date,
        rests_on=(heard.basis,),
    )


LANDED = {
    "landed": "the client's next turn is as long as usual and carries no sign of strain.",
    "tried": "how it landed, the next turn does not show.",
    "did_not_land": "the client's next turn objects, or says that nothing is wrong.",
}


def heard_in(rupture: Rupture, following: Following, loose: Loose) -> Iterator[Heard]:
    """The repair moves within its episodes, and in later sessions those outside any strain."""
    own = {(o.session, o.first): o for o in rupture.episodes}
    last = rupture.latest
    days = dict(following.held)
    for session, analysis in sorted(following.analyses.items()):
        if not rupture.session <= session <= last + JOIN or not open_in(rupture, session):
            continue
        strained = [e for e in analysis.episodes if counts(e)]
        inside = {
            m.turn for e in strained if (session, e.first) in own for m in e.moves if m.decided
        }
        taken = {m.turn for e in strained for m in e.moves}
        later = session > rupture.session or not rupture.episodes
        free = later and loose.get(session) == rupture.id
        for move in analysis.moves:
            number = code(move.code).step if move.decided and move.family == "repair" else None
            if number and (move.turn in inside or (free and move.turn not in taken)):
                basis = basis_of(analysis, move, session, days.get(session))
                new = landing(analysis, move)
                step = STEPS[number - 1]
                yield Heard(session, step, new, move, move.turn in inside, basis)


def loose_owners(following: Following, ruptures: Sequence[Rupture]) -> Loose:
    """The open rupture with the latest episode up to each session, of several the latest opened."""
    found: Loose = {}
    for session in following.analyses:
        fitting = [
            (max([r.session, *(o.session for o in r.episodes if o.session <= session)]), r.id)
            for r in ruptures
            if r.session <= session and open_in(r, session)
        ]
        if fitting:
            found[session] = max(fitting)[1]
    return found


def landing(analysis: Analysis, move: Marker) -> str:
    """How a move seems to have landed, by the client's next turn alone."""
    turns = analysis.session.turns
    after = (i for i in range(move.turn + 1, len(turns)) if turns[i].role == "client")
    reply = next((i for i in after if words(turns[i].text)), None)
    if reply is None:
        return "tried"
    marks = [m for m in analysis.markers if m.turn == reply and m.decided]
    if any(m.family == "confrontation" or m.code == "denial" for m in marks):
        return "did_not_land"
    usual = analysis.baseline.words if analysis.baseline else USUAL_WORDS
    long = len(words(turns[reply].text)) >= RECOVERED_WORDS * usual
    return "landed" if long and not marks else "tried"


# Recovery and closure


@dataclass(frozen=True, slots=True)
class Scores:
    """The client's own view of the alliance since a session: how it was, whether it is back.

    `since` is the first session from which on all scores are as before, None while they are not;
    `last` the latest score with its session; `usual` the mean before the onset, None without any.
    """

    usual: float | None
    last: tuple[int, float]
    since: int | None
    prompts: tuple[Signal, ...]


def closing(rupture: Rupture, following: Following) -> Iterator[Proposal]:
    """Closure where words and scores have recovered; a question where only the one has."""
    repaired = repaired_in_words(rupture)
    quiet = quiet_since(rupture, following)
    if repaired is None and quiet is None:
        return
    scores = scores_since(rupture, following, repaired or quiet or 0)
    if repaired is None:
        if scores is not None and scores.since is not None and quiet is not None:
            why = f"No strain of its kind since session {quiet}, and scores as before."
            yield _closing(rupture, following, "", max(quiet, scores.since), "ask_client", why)
        return
    said = f"Words: it looks repaired in session {repaired}."
    if scores is None:
        why = f"{said} No scores of the client since then."
        yield _closing(rupture, following, "repaired", repaired, "close_words", why)
    elif scores.since is not None:
        why = f"{said} Scores: as before since session {scores.since}."
        session = max(repaired, scores.since)
        asks = "close" if scores.usual is not None else "close_words"
        yield _closing(rupture, following, "repaired", session, asks, why)
    else:
        why = f"{said} {not_back(scores)}"
        yield _closing(rupture, following, "repaired_in_part", scores.last[0], "ask_client", why)


def _closing(
    rupture: Rupture, following: Following, new: str, session: int, asks: str, why: str
) -> Proposal:
    return Proposal(
        id=f"rupture-{new or 'ask'}-s{session}",
        part="",
        new=new,
        session=session,
        asks=f"plan.prompt.{asks}",
        why=why,
        by=VERSION,
        date=dict(following.held).get(session),
        rests_on=tuple(recoveries(rupture, following)),
    )


def repaired_in_words(rupture: Rupture) -> int | None:
    """The session of its last episodes, if all of them look repaired."""
    own = [o for o in rupture.episodes if o.session == rupture.latest]
    return rupture.latest if own and all(o.state == "repaired" for o in own) else None


def quiet_since(rupture: Rupture, following: Following) -> int | None:
    """The first of at least QUIET sessions whose words show no strain of its kind to the end."""
    after = [s for s in sorted(following.analyses) if s > rupture.latest]
    clear = [
        not any(counts(e) and akin(e.kind, rupture.kind) for e in following.analyses[s].episodes)
        for s in after
    ]
    return after[0] if len(after) >= QUIET and all(clear) else None


def scores_since(rupture: Rupture, following: Following, session: int) -> Scores | None:
    """The client's alliance scores from a session on against those before the onset."""
    alliance = following.alliance
    known = (
        [(p.session, p.value) for p in alliance.points if p.value is not None] if alliance else []
    )
    after = [(s, v) for s, v in known if s >= session]
    if alliance is None or not after:
        return None
    usual = usual_before(known, rupture.session)
    prompts = [s for s in following.signals if asks_for_a_word(s, alliance)]
    since: int | None = None
    for at, value in after:
        low = usual is not None and worse(alliance, value, usual)
        if low or any(s.session == at for s in prompts):
            since = None
        elif since is None:
            since = at
    here = tuple(s for s in prompts if s.session == after[-1][0])
    return Scores(usual, after[-1], since, here)


def usual_before(known: Sequence[tuple[int, float]], onset: int) -> float | None:
    """The mean of the last BEFORE scores before a session."""
    own = [value for session, value in known if session < onset][-BEFORE:]
    return sum(own) / len(own) if own else None


def worse(alliance: Series, value: float, usual: float) -> bool:
    """Whether a score is clearly worse than usual."""
    scale = alliance.scale
    room = AS_BEFORE * (scale.high - scale.low) if scale else 0.0
    good = scale is None or scale.higher_is_better
    return value < usual - room if good else value > usual + room


def asks_for_a_word(signal: Signal, alliance: Series) -> bool:
    """Whether a signal is an answer of the client at its cut in a form of the alliance."""
    return signal.rule == PROMPT and signal.source.partition(":")[0] == alliance.measure


def not_back(scores: Scores) -> str:
    """Why the scores do not speak for closure."""
    session, value = scores.last
    if scores.prompts:
        return f"Scores: in session {session} an answer of the client still asks for a word."
    return f"Scores: {value:g} in session {session}, {scores.usual:.3g} before the strain."


def recoveries(rupture: Rupture, following: Following) -> Iterator[Basis]:
    """The signals of recovery in words and scores since the onset."""
    for signal in following.signals:
        strand = signal.rule == REPAIRED or (
            following.alliance is not None
            and form_of(signal.source) == form_of(following.alliance.measure)
        )
        if signal.kind == "recovery" and strand and signal.session >= rupture.session:
            yield signal_basis(signal)


def signal_basis(signal: Signal) -> Basis:
    """A signal as something to rest on."""
    return Basis(
        session=signal.session,
        date=signal.date,
        signal=f"{signal.source}:{signal.rule}",
        why=signal.why,
    )


# Watching, standing still, coming again


def watching(rupture: Rupture, following: Following) -> Iterator[Proposal]:
    """Of a watch: a further sign, its reminder, or its end."""
    if rupture.state != "watched":
        return
    watch = guidance.load().branches["denial"].watch
    begun = rupture.rows("")[-1].session
    since = [number for number, _ in following.held if number > begun]
    signs = [o for o in rupture.episodes if o.session > begun]
    if watch is None or not since:
        return
    if signs:
        yield _watch(signs[0].session, f"watch-sign-s{signs[0].session}", "open", signs)
    elif len(since) >= watch.expires:
        yield _watch(since[watch.expires - 1], f"watch-over-s{begun}", "set_aside", ())
    elif len(since) >= watch.remind:
        yield _watch(since[watch.remind - 1], f"watch-remind-s{begun}", "", ())


def denied(rupture: Rupture, following: Following) -> Iterator[Proposal]:
    """A quiet watch, where the client left it at saying that nothing is wrong."""
    answer = last_answer(rupture, following)
    if rupture.state == "open" and answer.id == "denied":
        at, asks = rupture.latest, "branches.denial.do.note"
        yield Proposal(
            f"watch-s{at}", "", "watched", at, asks, answer.why, VERSION, None, answer.rests_on
        )


def _watch(session: int, id: str, new: str, signs: Sequence[Occurrence]) -> Proposal:
    asks = "expire" if new == "set_aside" else "attentive"
    why = {
        "open": f"A further episode of its kind in session {session}.",
        "set_aside": "The watch has run its sessions without a further sign.",
        "": "A session has passed since the watch began.",
    }[new]
    basis = tuple(basis for own in signs for basis in own.words[:1])
    asked = f"branches.denial.do.{asks}"
    return Proposal(id, "", new, session, asked, why, VERSION, None, basis)


def stuck(rupture: Rupture, following: Following, found: Sequence[Proposal]) -> Iterator[Proposal]:
    """Whether to change course, after STUCK sessions held without any movement."""
    if rupture.state != "open":
        return
    last = max([rupture.session, *moved(rupture), *(p.session for p in found if forward(p))])
    since = [number for number, _ in following.held if number > last]
    if len(since) >= STUCK:
        why = f"Nothing has moved since session {last}, {len(since)} sessions ago."
        asks, at = "plan.prompt.change_course", since[STUCK - 1]
        yield Proposal(f"course-s{last}", "", "", at, asks, why, VERSION)


def moved(rupture: Rupture) -> Iterator[int]:
    """The sessions in which a person noted something, or an episode looks repaired."""
    yield from (c.session for c in rupture.changes if c.by == "human" and not asked(rupture, c))
    yield from (o.session for o in rupture.episodes if o.state == "repaired")


def asked(rupture: Rupture, change: Change) -> bool:
    """Whether a row only answers a proposal."""
    return rupture.proposal(change.part) is not None


def forward(proposal: Proposal) -> bool:
    """Whether a proposal speaks of something that moved."""
    return proposal.new in ("tried", "landed", "repaired", "repaired_in_part")


def again(rupture: Rupture, ruptures: Sequence[Rupture]) -> Iterator[Proposal]:
    """That something like a rupture which was closed has come up again."""
    for other in ruptures:
        ended = other.closing
        if (
            ended is None
            or ended.new in ("set_aside", "joined")
            or not akin(other.kind, rupture.kind)
        ):
            continue
        if ended.session < rupture.session:
            why = f"A rupture of its kind was closed in session {ended.session}."
            asks = "plan.prompt.reopened"
            yield Proposal(f"again-{other.id}", "", "", rupture.session, asks, why, VERSION)
