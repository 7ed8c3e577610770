"""Everything Workprint raises on purpose, in one short tree.

Each error carries one sentence that says what was wrong, where, and what to do; the command line prints it as it
stands. `ItemError` and its children cost one item (a `Failure` line), the others end the run.
"""


class WorkprintError(Exception):
    """Root of all errors that a caller may want to catch."""


class UsageError(WorkprintError):
    """What was asked for cannot be asked for: a missing path, an option that contradicts another."""


class FormatError(WorkprintError):
    """A file of ours is not what it says: damaged, foreign, or not ours at all."""


class NewerFormatError(FormatError):
    """A file of ours was written by a newer Workprint than this one."""


class RecipeMismatch(WorkprintError):
    """Two fingerprints that were made in different ways were about to be compared."""


class StoreConflict(WorkprintError):
    """An output folder already holds something that must not be overwritten or continued."""


class EngineUnavailable(WorkprintError):
    """The engine asked for cannot run here, for example because its package is not installed."""


class DatasetError(WorkprintError):
    """The dataset as a whole cannot be read: nothing recognises it, or it is empty."""


class ItemError(WorkprintError):
    """One item could not be processed; becomes a `Failure` with the class's code and stage."""

    code = "unreadable"
    stage = "read"


class Unsupported(ItemError):
    """The bytes are of a kind that is out of scope (video, documents) or no media at all."""

    code = "unsupported"
    stage = "decode"


class Empty(ItemError):
    """There are no bytes."""

    code = "empty"
    stage = "decode"


class Missing(ItemError):
    """A row points at media that is not there."""

    code = "missing"


class NoMedia(ItemError):
    """A row that holds no media and names none that could be opened, only words about them: a URL, a caption."""

    code = "no_media"


class Undecodable(ItemError):
    """The bytes look like media but the decoder refuses them."""

    code = "undecodable"
    stage = "decode"


class Truncated(ItemError):
    """The bytes or the container end too early."""

    code = "truncated"
    stage = "decode"


class TooLarge(ItemError):
    """More pixels, seconds or bytes than the limits allow."""

    code = "too_large"
    stage = "decode"


class LowInformation(ItemError):
    """Flat, silent or a pure tone: it would match everything, so it may match nothing."""

    code = "low_information"
    stage = "fingerprint"


class TooShort(ItemError):
    """A recording shorter than anything that could be told from chance."""

    code = "too_short"
    stage = "fingerprint"


class UnsafePath(ItemError):
    """A name that leads out of its folder, or is no plain file."""

    code = "unsafe_path"


class WorkerLost(ItemError):
    """The process that worked on it died, and another one as well: a decoder that crashes, or memory that ran out."""

    code = "worker_lost"
    stage = "decode"


class TimedOut(ItemError):
    """It took longer than the limits allow."""

    code = "timed_out"
    stage = "decode"


class OutOfMemory(ItemError):
    """It needed more memory than a worker may use."""

    code = "out_of_memory"
    stage = "decode"
