"""The user's own calibration: how shipped probabilities and thresholds move, and its history.

One file, recalibration.json in the data folder, holds numbers and no words. It belongs to one
version of the weights and is left aside, with a note, when they change. Only the last of its
versions applies; the ones before it are what `undo` returns to.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from reattune.codebook import FAMILIES
from reattune.errors import InputError
from reattune.settings import data_folder
from reattune.thresholds import OperatingPoint, load_points
from reattune.types import Note

SCHEMA = "reattune.recalibration/1"


@dataclass(frozen=True, slots=True)
class Recalibration:
    """What was fitted to a user's judgements.

    `families` holds slope and intercept on the log odds of each family that was refitted, `decide`
    its thresholds by operating point, `ppv` the share of right flags by operating point on
    sessions held out of the fit; `weights` the hash of the sequence layer it belongs to.
    """

    model: str
    weights: str
    made: str
    sessions: int
    turns: int
    families: dict[str, tuple[float, float]]
    decide: dict[str, dict[str, float]]
    ppv: dict[str, dict[str, float]]

    @classmethod
    def from_dict(cls, row: dict[str, Any]) -> Recalibration:
        """The recalibration as stored; KeyError, TypeError or ValueError if it is not one."""
        families = {name: (float(a), float(b)) for name, (a, b) in row["families"].items()}
        if not set(families) <= set(FAMILIES):
            raise ValueError("unknown family")
        return cls(
            model=row["model"],
            weights=row["weights"],
            made=row["made"],
            sessions=int(row["sessions"]),
            turns=int(row["turns"]),
            families=families,
            decide={point: dict(row["decide"][point]) for point in load_points()},
            ppv={point: dict(row["ppv"][point]) for point in load_points()},
        )

    def point(self, shipped: OperatingPoint) -> OperatingPoint:
        """The operating point with this user's thresholds and measured shares of right flags."""
        measured = {f"precision_{name}": v for name, v in self.ppv[shipped.name].items()}
        return replace(
            shipped,
            decide=shipped.decide | self.decide[shipped.name],
            reliability=shipped.reliability | measured,
        )

    def note(self) -> Note:
        """What a reader of the analysis must know."""
        return Note(
            "recalibrated",
            f"Probabilities and thresholds of {_listed(self.families)} are fitted to {self.turns} "
            f"turns that this user judged ({self.made}). Error rates are the shipped ones where no "
            "other is given.",
        )


STALE = Note(
    "recalibration-stale",
    "Your own calibration was made for other weights and is left aside; run recalibrate again.",
)


def _listed(names: dict[str, Any]) -> str:
    *rest, last = names
    return f"{', '.join(rest)} and {last}" if rest else last


def store() -> Path:
    """The file that holds the user's calibrations."""
    return data_folder() / "recalibration.json"


def load_versions() -> list[Recalibration]:
    """Every version kept, oldest first; empty without a file; InputError if it is damaged."""
    try:
        data = json.loads(store().read_text("utf-8"))
        if data["schema"] != SCHEMA:
            raise ValueError(data["schema"])
        return [Recalibration.from_dict(row) for row in data["versions"]]
    except FileNotFoundError:
        return []
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise InputError(
            "recalibration-damaged",
            "The file of your own calibration cannot be read.",
            where=str(store()),
            remedy="Move it away to go on with the shipped calibration, or restore it.",
        ) from error


def dump_versions(versions: list[Recalibration]) -> str:
    """The text of the file for these versions."""
    return (
        json.dumps({"schema": SCHEMA, "versions": [asdict(v) for v in versions]}, indent=1) + "\n"
    )


def current(weights: str) -> tuple[Recalibration | None, tuple[Note, ...]]:
    """The calibration that applies to these weights, and what to tell the reader."""
    versions = load_versions()
    if not versions:
        return None, ()
    if versions[-1].weights != weights:
        return None, (STALE,)
    return versions[-1], (versions[-1].note(),)
