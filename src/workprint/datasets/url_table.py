"""Tables of URLs, as LAION and DataComp are shipped: words about media, and no media."""

from collections.abc import Iterator

from workprint.datasets.holding import DEFAULT_LIMITS
from workprint.datasets.kinds import is_parquet
from workprint.datasets.manifest import ManifestReader
from workprint.datasets.parquet import ParquetReader
from workprint.datasets.places import head_of
from workprint.datasets.remote import without_secrets
from workprint.errors import DatasetError, ItemError
from workprint.model import Limits, Shard
from workprint.protocols import Read


class UrlTableReader:
    """Reads a Parquet, CSV, TSV or JSON Lines table that names media by URL only: every row is `no_media`."""

    name = "url_table"

    def __init__(self, limits: Limits = DEFAULT_LIMITS) -> None:
        """Hands `limits` on."""
        self._parquet, self._manifest = ParquetReader(limits), ManifestReader(limits)

    def recognises(self, uri: str) -> bool:
        """See `DatasetReader.recognises`."""
        try:
            return self._reader(uri).holds_urls_only(uri)
        except (ItemError, OSError):
            return False

    def shards(self, uri: str) -> Iterator[Shard]:
        """See `DatasetReader.shards`."""
        reader = self._reader(uri)
        shards = reader.shards(uri)
        if not self.recognises(uri):
            raise DatasetError(f"{without_secrets(uri)} is no table of URLs; leave --reader out to have it recognised")
        yield from shards

    def read(self, shard: Shard) -> Iterator[Read]:
        """See `DatasetReader.read`."""
        return self._reader(shard.uri).read(shard)

    def _reader(self, uri: str) -> ParquetReader | ManifestReader:
        return self._parquet if is_parquet(head_of(uri)) else self._manifest
