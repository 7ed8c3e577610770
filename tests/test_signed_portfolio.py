"""Signed portfolio indexes, and what becomes of them when they are changed."""

import zipfile
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from core_samples import contents, write_pictures
from workprint import api
from workprint.api.keys import trusted_ids
from workprint.errors import FormatError, UsageError
from workprint.model import Outcome, Standing, Use
from workprint.portfolio import Portfolio, write_portfolio
from workprint.signing import SigningKey

KEY = SigningKey(Ed25519PrivateKey.from_private_bytes(bytes(range(32))))
OTHER = SigningKey(Ed25519PrivateKey.from_private_bytes(bytes(32)))


@pytest.fixture
def signed(tmp_path: Path) -> Path:
    """A signed index of two works."""
    write_portfolio(tmp_path / "mine.workprint", contents(), KEY)
    return tmp_path / "mine.workprint"


def changed(path: Path, **entries: bytes | None) -> Path:
    """The same archive with other entries; None takes one away. `_` stands for `.`, so that names are keywords."""
    with zipfile.ZipFile(path) as archive:
        held = {name: archive.read(name) for name in archive.namelist()}
    held |= {name.replace("_", "."): data for name, data in entries.items()}  # type: ignore[misc]
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in held.items():
            if data is not None:
                archive.writestr(name, data)
    return path


def test_a_signature_names_its_key_and_changes_no_digest(signed: Path, tmp_path: Path) -> None:
    """Signed or not, it is the same portfolio; signing it again gives the same bytes."""
    write_portfolio(tmp_path / "plain.workprint", contents())
    write_portfolio(tmp_path / "again", contents(), KEY)

    assert Portfolio(signed).key_id == KEY.public.key_id
    assert Portfolio(tmp_path / "again").key_id == KEY.public.key_id
    assert Portfolio(tmp_path / "plain.workprint").key_id == ""
    assert Portfolio(signed).digest == Portfolio(tmp_path / "plain.workprint").digest


def test_a_changed_index_is_refused(signed: Path, tmp_path: Path) -> None:
    """Even where whoever changed it made its manifest agree."""
    with zipfile.ZipFile(signed) as archive:
        manifest, envelope = archive.read("manifest.json"), archive.read("signature.json")
    write_portfolio(tmp_path / "other.workprint", contents(1), OTHER)
    with zipfile.ZipFile(tmp_path / "other.workprint") as archive:
        foreign = archive.read("signature.json")

    for entries in (
        {"manifest_json": manifest.replace(b"1.2.3", b"1.2.4")},
        {"signature_json": foreign},
        {"signer_pem": OTHER.public.pem},
        {"signature_json": foreign, "signer_pem": OTHER.public.pem},
        {"signature_json": None},
        {"signer_pem": None},
        {"signature_json": envelope[:-40]},
        {"signer_pem": b"hello"},
    ):
        write_portfolio(signed, contents(), KEY)
        with pytest.raises(FormatError):
            Portfolio(changed(signed, **entries))


def test_without_its_signature_an_index_is_unsigned(signed: Path) -> None:
    """Which is why an unsigned index permits nothing."""
    assert Portfolio(changed(signed, signature_json=None, signer_pem=None)).key_id == ""


def test_what_is_trusted_is_an_id_a_key_or_an_index(signed: Path, tmp_path: Path) -> None:
    """Each is named by an id or a digest."""
    (tmp_path / "my.pub").write_bytes(KEY.public.pem)

    assert trusted_ids(["AB" * 32]) == {"ab" * 32}
    assert trusted_ids([str(tmp_path / "my.pub"), str(signed)]) == {KEY.public.key_id, Portfolio(signed).digest}
    with pytest.raises(UsageError, match="no key id"):
        trusted_ids(["someone"])
    (tmp_path / "text").write_text("hello")
    with pytest.raises(FormatError, match="no public key"):
        trusted_ids([str(tmp_path / "text")])


def test_only_a_signed_or_trusted_index_permits(tmp_path: Path) -> None:
    """From the creator's terms to the finding, with what vouches for them."""
    works = write_pictures(tmp_path / "works", range(2))
    (tmp_path / "terms.yaml").write_text(
        "uses: {data_mining: allowed}\nworks: [{path: picture-1.png, uses: {data_mining: not_allowed}}]\n"
    )
    plain, signed = tmp_path / "plain.workprint", tmp_path / "signed.workprint"
    api.index([works], plain, api.Labels("Nell", terms=tmp_path / "terms.yaml"), jobs=1)
    api.index([works], signed, api.Labels("Nell", terms=tmp_path / "terms.yaml", key=KEY), jobs=1)

    def outcomes(portfolio: Path, *trust: str) -> tuple[Standing, list[Outcome]]:
        asked = api.Settings(use=Use.DATA_MINING, jobs=1, trust=trust)
        results = api.match(tmp_path / "store", [portfolio], tmp_path / "out", asked)
        return results.manifest.portfolios[0].standing, [finding.verdict.outcome for finding in results.findings]

    api.fingerprint(str(works), tmp_path / "store", api.Settings(jobs=1))
    assert outcomes(plain) == (Standing.UNSIGNED, [Outcome.UNKNOWN, Outcome.PROHIBITED])
    assert outcomes(plain, str(plain)) == (Standing.TRUSTED, [Outcome.PERMITTED, Outcome.PROHIBITED])
    assert outcomes(signed) == (Standing.SIGNED, [Outcome.PERMITTED, Outcome.PROHIBITED])
    assert outcomes(signed, KEY.public.key_id) == (Standing.TRUSTED, [Outcome.PERMITTED, Outcome.PROHIBITED])
    assert "signed by" in dict(api.inspect(str(signed)))
    with pytest.raises(UsageError, match="is signed"):
        api.index([works], signed, api.Labels("Nell"), jobs=1)
