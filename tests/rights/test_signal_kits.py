"""The conformance kit, held against the readers that come with Workprint."""

from collections.abc import Iterable

from signal_samples import ATTRIBUTE, PICTURES, chunk, id3, mp3, picture, user_text, wav
from workprint.protocols import SignalReader
from workprint.rights.inside import EmbeddedSignals
from workprint.testing import SignalReaderKit


class TestEmbeddedSignals(SignalReaderKit):
    """What stands inside files."""

    def reader(self) -> SignalReader:
        """See the kit."""
        return EmbeddedSignals()

    def reserved(self) -> Iterable[bytes]:
        """Pictures of every format, and recordings."""
        yield from (picture(form, ATTRIBUTE.encode()) for form in PICTURES)
        yield mp3(user_text("TDM-RESERVATION", "1"))
        yield wav(chunk(b"id3 ", id3(user_text("TDM-RESERVATION", "1"))))
