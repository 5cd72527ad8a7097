"""Made-up names for clients: trees, birds, plants and stones that are short and nobody's own."""

from __future__ import annotations

import random
import re
from collections.abc import Collection

NAMES = (
    "Acacia Agate Alder Almond Amber Anise Apple Ash Aspen Aster Avocet Azalea Bamboo Basalt Basil "
    "Beech Birch Bittern Borage Bracken Bramble Briar Bunting Cedar Chervil Chestnut Chicory "
    "Clover Coral Cork Cormorant Cowslip Crane Crocus Curlew Cypress Dipper Dogwood Dove Dunlin "
    "Eider Elder Elm Falcon Fennel Fern Finch Fir Flax Flint Foxglove Fulmar Gannet Garnet Ginkgo "
    "Goldcrest Gorse Grebe Harebell Hawthorn Hazel Heather Hemlock Heron Holly Hoopoe Hornbeam "
    "Ibis Iris Jackdaw Jade Jasper Juniper Kestrel Kingfisher Kite Knot Lapwing Larch Lark Laurel "
    "Lavender Lilac Linden Linnet Lovage Lupin Magpie Mallow Maple Marjoram Martin Merlin Mint "
    "Myrtle Nettle Nightjar Nuthatch Oak Oat Olive Onyx Opal Oriole Osprey Pear Pebble Petrel "
    "Pine Pipit Plover Plum Poplar Poppy Primrose Puffin Quail Quartz Quince Raven Redstart Reed "
    "Robin Rook Rowan Rue Rush Sage Sandpiper Sedge Shrike Siskin Snipe Sorrel Sparrow Spruce "
    "Starling Stork Sumac Swallow Swan Swift Sycamore Tamarisk Tansy Teal Tern Thistle Thrush "
    "Thyme Topaz Turnstone Verbena Vetch Wagtail Walnut Warbler Waxwing Willow Wren Yarrow Yew"
).split()
"""Left out: what is a usual first name by itself in most places, and what sounds like a verdict."""

LIKE_NAME = re.compile(r"[^\W\d_][^\W\d_'’-]*(?:['’-][^\W\d_]+)*")


def suggest(taken: Collection[str], chance: random.Random | None = None) -> str:
    """A made-up name that none of the therapist's clients bears; with a number once all are."""
    chance = chance or random.Random()
    used = {name.casefold() for name in taken}
    free = [name for name in NAMES if name.casefold() not in used]
    if free:
        return chance.choice(free)
    numbered = (f"{name} {n}" for n in range(2, 1000) for name in NAMES)
    return next(name for name in numbered if name.casefold() not in used)


def looks_real(name: str) -> bool:
    """Whether a name reads like somebody's first and last name: two or three capitalized words.

    A hint only: "Silver Birch" is none of ours and would be taken for one, "maria" would not.
    """
    words = name.split()
    if not 2 <= len(words) <= 3 or any(word.casefold() in _OURS for word in words):
        return False
    return all(LIKE_NAME.fullmatch(word) and word[0].isupper() for word in words)


_OURS = {name.casefold() for name in NAMES}
