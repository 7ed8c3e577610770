"""What well-known public licences say of each use: their SPDX names and Creative Commons addresses, read with care.

The reading is conservative, and ours; `docs/formats/terms.md` gives the reasons. Only a dedication to the public
domain is taken for a permission. Every licence with a condition (attribution, share-alike, no commercial use, no
derivatives) is `constrained`, because a program cannot see whether the condition is met. No licence of a work speaks
for a voice: `voice_replica` is never named.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from workprint.model import Permission, Use

PREFIX_OF_OWN_TERMS = "LicenseRef-"
"""SPDX's beginning for terms that are on no list."""
_WORK_USES = (Use.DATA_MINING, Use.AI_INFERENCE, Use.AI_TRAINING, Use.AI_GENERATIVE_TRAINING)
_CC_PARTS = ("by", "by-sa", "by-nc", "by-nd", "by-nc-sa", "by-nc-nd")
_CC_VERSIONS = ("1.0", "2.0", "2.5", "3.0", "4.0")
_MAX_CHARACTERS = 300
_ADDRESS = re.compile(
    r"(?:https?://)?(?:www\.)?creativecommons\.org/"
    r"(?P<kind>licenses|publicdomain)/(?P<code>[a-z-]+)/(?P<version>\d\.\d)(?:/.*)?",
)


@dataclass(frozen=True, slots=True)
class Licence:
    """A public licence, and what it says of each use."""

    licence_id: str
    """SPDX's name, or `LicenseRef-…`."""
    url: str
    uses: Mapping[Use, Permission]
    """Uses it is silent on are not named."""


def licence_named(text: str) -> Licence | None:
    """The licence that an SPDX name, a Creative Commons address or a common way of writing one stands for.

    `CC-BY-4.0`, `cc by 4.0`, `https://creativecommons.org/licenses/by/3.0/de/deed.en`. Terms of one's own
    (`LicenseRef-…`) are a licence that says nothing of any use. None for what is not known.
    """
    wanted = " ".join(text.split())
    if len(wanted) > _MAX_CHARACTERS:
        return None
    if wanted.lower().startswith(PREFIX_OF_OWN_TERMS.lower()):
        own = wanted[len(PREFIX_OF_OWN_TERMS) :]
        return Licence(PREFIX_OF_OWN_TERMS + own, "", {}) if re.fullmatch(r"[A-Za-z0-9.-]+", own) else None
    return _BY_NAME.get(_from_address(wanted) or _plain(wanted))


def _from_address(text: str) -> str | None:
    found = _ADDRESS.fullmatch(text.lower().partition("#")[0].partition("?")[0])
    if found is None:
        return None
    if found["kind"] == "licenses":
        return f"cc-{found['code']}-{found['version']}"
    return {"zero": f"cc0-{found['version']}", "mark": f"pdm-{found['version']}"}.get(found["code"])


def _plain(text: str) -> str:
    name = re.sub(r"[\s_]+", "-", text.lower())
    name = re.sub(r"^creative-?commons-", "cc-", name)
    return re.sub(r"^cc-(?:zero|0)(?=-|$)", "cc0", name)


def _creative_commons() -> list[Licence]:
    made = []
    for part in _CC_PARTS:
        # many write no version; what it says of a use is the same in all
        made.append(Licence(f"{PREFIX_OF_OWN_TERMS}CC-{part.upper()}", "", _all(Permission.CONSTRAINED)))
        for version in _CC_VERSIONS:
            url = f"https://creativecommons.org/licenses/{part}/{version}/"
            made.append(Licence(f"CC-{part.upper()}-{version}", url, _all(Permission.CONSTRAINED)))
    return made


def _all(permission: Permission) -> dict[Use, Permission]:
    return dict.fromkeys(_WORK_USES, permission)


def _known() -> tuple[Licence, ...]:
    return (
        Licence("CC0-1.0", "https://creativecommons.org/publicdomain/zero/1.0/", _all(Permission.ALLOWED)),
        Licence("PDDL-1.0", "https://opendatacommons.org/licenses/pddl/1-0/", _all(Permission.ALLOWED)),
        # a mark says what someone believes of a work; it permits nothing
        Licence(f"{PREFIX_OF_OWN_TERMS}PDM-1.0", "https://creativecommons.org/publicdomain/mark/1.0/", {}),
        Licence("ODC-By-1.0", "https://opendatacommons.org/licenses/by/1-0/", _all(Permission.CONSTRAINED)),
        Licence("ODbL-1.0", "https://opendatacommons.org/licenses/odbl/1-0/", _all(Permission.CONSTRAINED)),
        *_creative_commons(),
    )


KNOWN = _known()
"""Every licence that is understood, in the order of the documents' table."""
_BY_NAME = {licence.licence_id.removeprefix(PREFIX_OF_OWN_TERMS).lower(): licence for licence in KNOWN} | {
    name: next(one for one in KNOWN if one.licence_id == licence_id)
    for name, licence_id in (
        ("cc0", "CC0-1.0"),
        ("cc0-universal", "CC0-1.0"),
        ("pdm", f"{PREFIX_OF_OWN_TERMS}PDM-1.0"),
        ("public-domain-mark-1.0", f"{PREFIX_OF_OWN_TERMS}PDM-1.0"),
    )
}
