"""The closed vocabularies: what a thing may be called."""

from __future__ import annotations

from enum import StrEnum


class Medium(StrEnum):
    """What kind of thing a fingerprint was made from."""

    IMAGE = "image"
    AUDIO = "audio"


class Relation(StrEnum):
    """How an item relates to a work."""

    IDENTICAL = "identical"
    """Same bytes, or same decoded pixels or samples."""
    NEAR_DUPLICATE = "near_duplicate"
    """The whole work, edited."""
    EXCERPT = "excerpt"
    """The item shows or plays a part of the work."""
    CONTAINS = "contains"
    """The work is a part of the item."""
    MENTION = "mention"
    """What the dataset says of the item names the creator or an address of theirs; the media were not compared."""
    RESERVED = "reserved"
    """The item itself carries a signal that denies the use; no portfolio is needed to see it."""

    @property
    def is_match(self) -> bool:
        """Whether media were compared and a work was found in them."""
        return self not in (Relation.MENTION, Relation.RESERVED)


class Use(StrEnum):
    """What a dataset is for; the vocabulary of the CAWG training and data mining assertion, and voice replicas."""

    DATA_MINING = "data_mining"
    AI_INFERENCE = "ai_inference"
    AI_TRAINING = "ai_training"
    AI_GENERATIVE_TRAINING = "ai_generative_training"
    VOICE_REPLICA = "voice_replica"


class Permission(StrEnum):
    """What a creator's terms say of one use."""

    ALLOWED = "allowed"
    NOT_ALLOWED = "not_allowed"
    CONSTRAINED = "constrained"


class Outcome(StrEnum):
    """What a match amounts to once the terms are read. Silence is `unknown`, never `permitted`."""

    PERMITTED = "permitted"
    CONDITIONAL = "conditional"
    UNKNOWN = "unknown"
    PROHIBITED = "prohibited"


class Level(StrEnum):
    """How serious a finding is, in the words of SARIF."""

    NOTE = "note"
    WARNING = "warning"
    ERROR = "error"

    @property
    def rank(self) -> int:
        """0 for the mildest."""
        return list(Level).index(self)


class Depth(StrEnum):
    """How much work goes into each image: its whole-picture hash only, or local features beside it."""

    FAST = "fast"
    THOROUGH = "thorough"


class Stage(StrEnum):
    """Where on its way an item failed."""

    READ = "read"
    DECODE = "decode"
    FINGERPRINT = "fingerprint"
