"""`python -m training.fit_redaction`: what the redaction's statistics rest on, from our own texts.

Writes three data files of `reattune.redaction`:

words.txt   Ordinary English words by how often our excerpts have them in lower case, and those of
            the encoder's vocabulary (BERT's, Apache-2.0) that are no names. Which of these are
            names is told by a logistic regression on the vocabulary's vectors, fit to the words
            that our lists of names and our excerpts settle.
slots.txt   Log-odds that a word between given neighbors names a person, a place or an organization:
            a logistic regression on the excerpts without their capitals and punctuation, where
            what is capitalized amid a sentence and stands in our lists is taken for a name.

letters.txt Log-odds that groups of letters come from a name: our lists against ordinary words.

Needs the packages of `reattune[train]`. The benchmark's texts are not among the excerpts.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path

import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_matrix
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import GroupKFold, cross_val_predict

from reattune.redaction.letters import groups
from reattune.redaction.lexicon import Lexicon, fold, load_lexicon
from reattune.redaction.slots import features

DATA = Path(__file__).parent / "data"
OUT = Path(__file__).parents[1] / "src" / "reattune" / "redaction"
WORD = re.compile(r"[^\W\d_]+(?:['’-][^\W\d_]+)*")
TIERS = (1, 3, 10, 100)
"""Least counts of the tiers 1 to 4; tier 0 holds words of the vocabulary alone."""

NAME_LIKE = 0.9
"""A word of the vocabulary is left out from this probability of being a name."""

# Ordinary words among those above NAME_LIKE, picked by hand.
PICKED = """
abbot academia academy accompaniment aires allied allies ally alpine ape aperture apex archangel
aristocratic armament armory arsenal artworks ascension assimilation autonomy avenge avengers azure
bane banjo bard baroness barons basalt bastion biodiversity bishops bliss bloc blockbuster blossom
bombers boycott bravo brigade canon canyon cape castles challenger chant chateau citadel clover coa
cobalt cobra cola commerce confederation conquest constable constitution convent correlated
cosmopolitan cosmos countess countryside cove coven creed cricketer cub cubs custer cypress dame
deco defiance demon dharma diaspora dio diva doom dolphin dominion dreamer dungeons eagles earls
eclectic elector elects elm emperor empire enigma enslaved eras evergreen exodus ferns fission
foothills forge fort forerunner friar gallantry gem gems genie gentry genus globalization globe
gnome goblin grange gunner hacker heir heiress hermitage heterosexual horde hydra imperial indie
indigo industries institute isle isles jubilee juniper junta kingdom lama lambda lieu lords lush
lyric lyrical lyricist magma maison majors mangrove manly mantle marge maroon martyr messiah
metropolis midlands mirage monarch monarchy moor moors mural muse museum musically mutants
nationalism nationalist nationalists nationalities nations neutron newt nirvana nobility nobles
nominated oaks oasis oboe opera orb ore outfielder outlaw outnumbered oriental ox palais panorama
papal papyrus paradise paramount parishes passions patriot peers pharaoh picket pinnacle platinum
plum pol ponder port portage prelude prestigious prodigy princes principality punk quartz quest
ranch rap ravens rebel rector redwood reef regal regent reggae regiments reign reigns reliance
repertoire rhapsody riches rouge rouse rudder rye sable sabre sac safari salle samba sapphire scala
serene serge shaggy shamrock shipbuilding shire showtime ska skaters skyline slash sloop sly snoop
socialism soloists sonata songwriter songwriting southeastern southward spartan spartans sphinx
spitfire stagecoach stampede steelers subcontinent suffrage sumo swami syndication talon tempest
tenor tequila terra territories thistle tomb torre transmitters trident truss tweed unanimous
undertaker underworld universal upland uptown usher utopia valiant vanguard vassal vigor viking
villas virtue volcanoes voyager waltz warlock wasps whaling wheeling whig wicket wight wolverine
wonderland woodland woodlands woodstock yard zenith zee
""".split()

# Given names that are words too, though our excerpts have them mostly as names.
WORDS_TOO = """
amber angel april ash august autumn basil bear buck bud candy carol charity chase chuck clay cliff
colt constance coral crystal dale dawn destiny dick dolly drake duke earl eve faith felicity fern
forest ginger glen grace grant harmony hazel heath heather hawk holly honor hope hunter iris ivy
jade jasmine jay jersey joy june lance lily mark mason max melody mercy miles misty nick olive
patience pearl penny pierce poppy prince prudence ray reed rob robin rod rose rosemary ruby rusty
sage sandy serenity sherry skip sky star sterling sue summer sunny tanner trinity victor violet
virtue wade ward warren will wolf woody
""".split()

SHARE = 2
"""A given name is no word where capitals outnumber it this many times to one."""

CLASSES = ("none", "person", "place", "organization")
LEAST = 4  # a feature must be seen this often
SMALLEST = 0.2  # weights nearer to 0 are left out


def texts() -> Iterator[list[str]]:
    """The turns of each excerpt."""
    for path in sorted(DATA.glob("*_dialogues.jsonl")):
        for line in path.read_text("utf-8").splitlines():
            yield [turn["text"] for turn in json.loads(line)["turns"]]


def cased(turns: list[str]) -> bool:
    """Whether capitals are written as usual: "I" is."""
    words = [word for text in turns for word in WORD.findall(text)]
    large = sum(word == "I" or word.startswith(("I'", "I’")) for word in words)
    small = sum(word == "i" or word in ("i'm", "im", "ive", "i've", "i'll") for word in words)
    return large > 0 and small <= 0.02 * large


def count_words() -> tuple[Counter[str], Counter[str]]:
    """How often each word, folded, stands in lower case and with a capital."""
    lower: Counter[str] = Counter()
    upper: Counter[str] = Counter()
    for turns in filter(cased, texts()):
        for text in turns:
            if text[:1].isupper() or text.startswith("["):
                for word in WORD.findall(text):
                    (lower if word.islower() else upper)[fold(word)] += 1
    return lower, upper


def make_words(lexicon: Lexicon) -> dict[int, list[str]]:
    """Words by tier."""
    lower, upper = count_words()
    tiers: dict[int, list[str]] = {tier: [] for tier in range(len(TIERS) + 1)}
    for word, count in lower.items():
        named = word in lexicon.given and count <= SHARE and upper[word] >= SHARE * count
        named = named and word not in WORDS_TOO
        contaminated = word in lexicon.kept and upper[word] > 10 * count
        if not named and not contaminated and len(word) > 1:
            tiers[sum(count >= least for least in TIERS)].append(word)
    tiers[0] = [word for word in of_vocabulary(lexicon, lower) if word not in lower]
    known = {word for words in tiers.values() for word in words}
    tiers[0] += [word for word in WORDS_TOO if word not in known]
    return {tier: sorted(set(words)) for tier, words in tiers.items()}


def of_vocabulary(lexicon: Lexicon, lower: Counter[str]) -> list[str]:
    """The words of the encoder's vocabulary that are no names."""
    rows = vectors()
    named = lexicon.given | lexicon.surnames | lexicon.one_word_places
    names = [w for w in rows if w in named and not lower[w] and w not in lexicon.kept]
    ordinary = [w for w in rows if lower[w] > 1 and w not in named]
    rest = [w for w in rows if not lower[w] and w not in lexicon.kept]
    x = np.stack([rows[word] for word in names + ordinary])
    y = np.r_[np.ones(len(names)), np.zeros(len(ordinary))]
    model = LogisticRegression(C=30, max_iter=2000, class_weight="balanced")
    held = cross_val_predict(model, x, y, cv=5, method="predict_proba")[:, 1]
    print(
        f"vocabulary: {len(names)} names, {len(ordinary)} words told apart by fivefold "
        f"cross-validation: {(held[y == 1] > 0.5).mean():.3f}, {(held[y == 0] < 0.5).mean():.3f}"
    )
    model.fit(x, y)
    name_like = dict(
        zip(rest, model.predict_proba(np.stack([rows[w] for w in rest]))[:, 1], strict=True)
    )
    name_like |= dict(zip(names, held[: len(names)], strict=True))
    limit = {True: 0.3, False: NAME_LIKE}
    return [w for w, p in name_like.items() if w in PICKED or p < limit[w in named]]


def vectors() -> dict[str, npt.NDArray[np.float32]]:
    """The whole words of the encoder's vocabulary with their vectors of length 1."""
    import onnx
    from onnx import numpy_helper

    weights = files("reattune").joinpath("weights")
    words = weights.joinpath("vocab.txt").read_text("utf-8").split("\n")
    model = onnx.load_from_string(weights.joinpath("encoder.onnx").read_bytes())
    arrays = {array.name: array for array in model.graph.initializer}
    name = "encoder.embeddings.word_embeddings.weight_"
    table = numpy_helper.to_array(arrays[name + "quantized"]).astype(np.float32)
    table -= float(numpy_helper.to_array(arrays[name + "zero_point"]))
    table /= np.linalg.norm(table, axis=1, keepdims=True) + 1e-6
    return {w: table[i] for i, w in enumerate(words) if w.isascii() and w.isalpha() and len(w) > 1}


def label_turn(text: str, lexicon: Lexicon) -> Iterator[tuple[str, str]]:
    """(folded word, class) of a turn written with capitals."""
    for match in WORD.finditer(text):
        before = text[: match.start()].rstrip(" \"“”'‘’(")
        opens = not before or before[-1] in ".?!…:;-—–]"
        word = fold(match[0])
        base = word.removesuffix("'s")
        sure = not opens or lexicon.tier(base) < 2
        if match[0][0].isupper() and sure and base not in lexicon.kept and word != "i":
            yield word, kind_of(base, lexicon)
        else:
            yield word, "none"


def kind_of(word: str, lexicon: Lexicon) -> str:
    """The class of a capitalized word by our lists; "unsure" is not learned from."""
    if word in lexicon.given:
        return "person"
    if word in lexicon.one_word_places:
        return "place"
    if word in lexicon.organizations:
        return "organization"
    return "person" if word in lexicon.surnames else "unsure"


def examples(lexicon: Lexicon) -> Iterator[tuple[list[str], str, int]]:
    """(features, class, excerpt) of the words that might be names."""
    for number, turns in enumerate(texts()):
        if not cased(turns):
            continue
        for text in turns:
            row = list(label_turn(text, lexicon))
            shown = ["<name>" if kind == "person" else word for word, kind in row]
            for i, (word, kind) in enumerate(row):
                candidate = kind != "none" or lexicon.tier(word) < 4 or word in lexicon.given
                if kind != "unsure" and candidate:
                    yield features(shown, i), kind, number


def make_slots(lexicon: Lexicon) -> dict[str, list[float]]:
    """Weights of each feature for CLASSES[1:], as log-odds against "none"."""
    rows, labels, groups = zip(*examples(lexicon), strict=True)
    counts = Counter(name for row in rows for name in set(row))
    names = sorted(name for name, count in counts.items() if count >= LEAST)
    column = {name: i for i, name in enumerate(names)}
    pairs = [(r, column[n]) for r, row in enumerate(rows) for n in set(row) if n in column]
    y = np.array([CLASSES.index(label) for label in labels])
    r, c = np.array(pairs).T
    x = csr_matrix((np.ones(len(pairs)), (r, c)), shape=(len(rows), len(names)))
    print("examples", Counter(labels), "features", len(names))
    model = LogisticRegression(C=1, max_iter=400)
    held = cross_val_predict(
        model, x, y, groups=np.array(groups), cv=GroupKFold(4), method="predict_proba"
    )
    for k, name in enumerate(CLASSES[1:], 1):
        print(name, f"area under ROC {roc_auc_score(y == k, held[:, k]):.3f}")
    model.fit(x, y)
    weights = model.coef_[1:] - model.coef_[0]
    bias = model.intercept_[1:] - model.intercept_[0]
    table = {"bias": [round(float(b), 2) for b in bias]}
    for name, i in column.items():
        if abs(weights[:, i]).max() >= SMALLEST:
            table[name] = [round(float(w), 2) for w in weights[:, i]]
    return table


def make_letters(lexicon: Lexicon) -> dict[str, float]:
    """Weights of each group of letters: the log-odds of a name."""
    named = lexicon.given | lexicon.surnames | lexicon.one_word_places
    names = sorted(w for w in named if w.isalpha() and len(w) > 2 and w not in lexicon.tiers)
    words = sorted(w for w in lexicon.tiers if w.isalpha() and len(w) > 2 and w not in named)
    counts = Counter(group for word in names + words for group in groups(word))
    column = {g: i for i, g in enumerate(sorted(g for g, n in counts.items() if n >= LEAST))}
    pairs = [(r, column[g]) for r, w in enumerate(names + words) for g in groups(w) if g in column]
    r, c = np.array(pairs).T
    x = csr_matrix((np.ones(len(pairs)), (r, c)), shape=(len(names) + len(words), len(column)))
    y = np.r_[np.ones(len(names)), np.zeros(len(words))]
    model = LogisticRegression(C=0.1, max_iter=400)
    held = cross_val_predict(model, x, y, cv=4, method="predict_proba")[:, 1]
    print(f"letters: area under ROC {roc_auc_score(y, held):.3f}")
    model.fit(x, y)
    table = {"bias": round(float(model.intercept_[0]), 2)}
    weights = {g: round(float(model.coef_[0, i]), 2) for g, i in column.items()}
    return table | {g: w for g, w in weights.items() if abs(w) >= SMALLEST}


def main() -> None:
    """Write both files."""
    lexicon = load_lexicon()
    lines = [
        "# Ordinary English words by tier (0 rare to 4 very common); see training/fit_redaction.py."
    ]
    tiers = make_words(lexicon)
    for tier, words in tiers.items():
        print("tier", tier, len(words))
        lines += [f"== {tier}", *(" ".join(words[i : i + 20]) for i in range(0, len(words), 20))]
    (OUT / "words.txt").write_text("\n".join(lines) + "\n", "utf-8")
    load_lexicon.cache_clear()
    table = make_slots(load_lexicon())
    lines = [
        "# feature, then log-odds of person, place, organization; see training/fit_redaction.py."
    ]
    lines += [" ".join([name, *(f"{w:g}" for w in ws)]) for name, ws in table.items()]
    (OUT / "slots.txt").write_text("\n".join(lines) + "\n", "utf-8")
    print(len(table), "weights")
    weights = make_letters(load_lexicon())
    lines = ["# letters, then log-odds of a name; see training/fit_redaction.py."]
    lines += [f"{group} {weight:g}" for group, weight in weights.items()]
    (OUT / "letters.txt").write_text("\n".join(lines) + "\n", "utf-8")
    print(len(weights), "weights")


if __name__ == "__main__":
    main()
