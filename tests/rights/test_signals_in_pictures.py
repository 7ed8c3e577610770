"""Every signal a picture can carry, in every format that carries it; and nothing that is none."""

import io
import struct
import zlib

import pytest
from PIL import Image

from signal_samples import (
    ARTIST,
    ATTRIBUTE,
    NOTICE,
    PICTURES,
    PROHIBITED,
    SERIALISATIONS,
    exif,
    found,
    iim,
    jpeg_with,
    packet,
    picture,
    read,
    segment,
)
from workprint.model import Permission, Use

DENIED = {Use.AI_TRAINING: Permission.NOT_ALLOWED, Use.AI_GENERATIVE_TRAINING: Permission.NOT_ALLOWED}
PLUS = "xmp plus:DataMining"


@pytest.mark.parametrize("form", PICTURES)
@pytest.mark.parametrize("packet_", SERIALISATIONS.values(), ids=SERIALISATIONS.keys())
def test_a_reservation_is_read_from_every_format_however_it_is_written(form: str, packet_: str) -> None:
    """plus:DataMining as attribute, element and resource."""
    signal = found(picture(form, packet_.encode()))[PLUS]

    assert (signal.uses, signal.conformant, signal.raw_value) == (DENIED, True, PROHIBITED)


@pytest.mark.parametrize("form", [form for form in PICTURES if form != "GIF"])
def test_copyright_and_artist_are_read_from_exif(form: str) -> None:
    """A notice says nothing of a use; an artist is a holder."""
    signals = found(picture(form, has_exif=True))

    assert (signals["exif Copyright"].raw_value, signals["exif Copyright"].uses) == (NOTICE, {})
    assert signals["exif Artist"].holder == ARTIST


@pytest.mark.parametrize("form", PICTURES)
def test_a_picture_without_metadata_says_nothing(form: str) -> None:
    """No signal at all: neither yes nor no."""
    assert read(picture(form)) == ()


def test_a_picture_that_was_saved_again_has_lost_its_reservation() -> None:
    """That is what most datasets hold; the portfolio remembers."""
    stream = io.BytesIO()
    Image.open(io.BytesIO(picture("JPEG", ATTRIBUTE.encode(), has_exif=True))).resize((32, 24)).save(stream, "JPEG")

    assert read(stream.getvalue()) == ()


@pytest.mark.parametrize(
    ("value", "denies", "is_conformant"),
    [
        ("http://ns.useplus.org/ldf/vocab/DMI-PROHIBITED", True, True),
        ("http://ns.useplus.org/ldf/vocab/DMI-PROHIBITED-EXCEPTSEARCHENGINEINDEXING/", True, True),
        ("DMI-PROHIBITED-GENAIMLTRAINING", True, False),
        ("Prohibited for Generative AI/ML training", True, False),
        ("http://ns.useplus.org/ldf/vocab/DMI-UNSPECIFIED", False, True),
        ("http://ns.useplus.org/ldf/vocab/DMI-SOMETHING-NEW", False, False),
        ("no idea", False, False),
    ],
)
def test_values_that_tools_write_are_understood_and_told_from_proper_ones(
    value: str, denies: bool, is_conformant: bool
) -> None:
    """The bare key and the English label count, as what they are; an unknown value says nothing, and is shown."""
    signal = found(picture("JPEG", packet(attributes=f'plus:DataMining="{value}"').encode()))[PLUS]

    assert (Use.AI_GENERATIVE_TRAINING in signal.uses, signal.conformant) == (denies, is_conformant)


def test_a_constraint_is_no_flat_refusal_and_says_where_to_ask() -> None:
    """DMI-PROHIBITED-SEECONSTRAINT with a web statement."""
    key = "http://ns.useplus.org/ldf/vocab/DMI-PROHIBITED-SEECONSTRAINT"
    data = picture(
        "PNG", packet(attributes=f'plus:DataMining="{key}" xmpRights:WebStatement="https://a.example/l"').encode()
    )
    signal = found(data)[PLUS]

    assert signal.uses[Use.AI_GENERATIVE_TRAINING] is Permission.CONSTRAINED
    assert signal.policy_url == "https://a.example/l"


@pytest.mark.parametrize(
    "inner",
    [
        f"<foo:DataMining>{PROHIBITED}</foo:DataMining>",
        f"<xmpMM:Ingredients><rdf:Bag><rdf:li plus:DataMining='{PROHIBITED}'/></rdf:Bag></xmpMM:Ingredients>",
        "<dc:rights><rdf:Alt><rdf:li xml:lang='x-default'>Made without AI. No training was needed."
        "</rdf:li></rdf:Alt></dc:rights>",
    ],
    ids=["a foreign namespace", "another picture's", "words that only sound like it"],
)
def test_what_is_no_reservation_does_not_fire(inner: str) -> None:
    """A wrong reservation is a wrong finding."""
    assert not any(signal.uses for signal in read(picture("JPEG", packet(inner).encode())))


def test_everything_else_a_packet_says_of_rights_is_shown() -> None:
    """Notice, creator, owner, licence, terms and how it was made; two descriptions; lists and structures."""
    signals = found(
        picture(
            "WEBP",
            packet(
                "<dc:rights><rdf:Alt><rdf:li xml:lang='x-default'>© Ada</rdf:li></rdf:Alt></dc:rights>"
                "<dc:creator><rdf:Seq><rdf:li>Ada Lumen</rdf:li></rdf:Seq></dc:creator>"
                "<plus:Licensor><rdf:Seq><rdf:li rdf:parseType='Resource'><plus:LicensorURL>https://l.example"
                "</plus:LicensorURL></rdf:li></rdf:Seq></plus:Licensor>"
                "<cc:license rdf:resource='https://creativecommons.org/licenses/by/4.0/'/>"
                "</rdf:Description><rdf:Description rdf:about='' xmlns:tdm='http://www.w3.org/ns/tdmrep/' "
                "tdm:reservation='1' tdm:policy='https://p.example'>",
                "xmpRights:Marked='True' Iptc4xmpExt:DigitalSourceType='http://cv.iptc.org/newscodes/digitalsourcetype/"
                "trainedAlgorithmicMedia'",
            ).encode(),
        )
    )

    assert signals["xmp dc:creator"].holder == "Ada Lumen"
    assert signals["xmp dc:rights"].raw_value == "© Ada"
    assert signals["xmp cc:license"].policy_url == "https://creativecommons.org/licenses/by/4.0/"
    assert signals["xmp plus:LicensorURL"].policy_url == "https://l.example"
    assert signals["xmp xmpRights:Marked"].raw_value == "True"
    assert signals["xmp Iptc4xmpExt:DigitalSourceType"].raw_value.endswith("trainedAlgorithmicMedia")
    assert signals["xmp tdm:reservation"].uses[Use.DATA_MINING] is Permission.CONSTRAINED
    assert signals["xmp tdm:reservation"].policy_url == "https://p.example"


@pytest.mark.parametrize(
    ("words", "denied"),
    [
        ("© Ada Lumen. No AI training.", Use.AI_GENERATIVE_TRAINING),
        ("All rights reserved. Not for machine learning", Use.AI_TRAINING),
        ("This may not be used to train AI models", Use.AI_GENERATIVE_TRAINING),
        ("AI training is strictly prohibited", Use.AI_TRAINING),
        ("Text and data mining rights are reserved", Use.DATA_MINING),
        ("No voice cloning", Use.VOICE_REPLICA),
    ],
)
def test_plain_words_that_say_no_are_a_weak_signal(words: str, denied: Use) -> None:
    """No standard defines them, so they do not count as conformant."""
    signal = found(picture("JPEG", packet(attributes=f'xmpRights:UsageTerms="{words}"').encode()))[
        "xmp xmpRights:UsageTerms"
    ]

    assert (signal.uses[denied], signal.conformant) == (Permission.NOT_ALLOWED, False)


def test_iptc_records_are_read() -> None:
    """By-line, credit, notice and instructions of IPTC-IIM, in a JPEG."""
    records = iim({(2, 80): "Ada", (2, 116): "© Ada", (2, 40): "No AI training please", (2, 120): "A caption"})
    signals = found(jpeg_with(segment(0xED, b"Photoshop 3.0\0" + records)))

    assert signals["iim 2:80 By-line"].holder == "Ada"
    assert signals["iim 2:116 Copyright Notice"].raw_value == "© Ada"
    assert Use.AI_TRAINING in signals["iim 2:40 Special Instructions"].uses
    assert len(signals) == 3


def test_xmp_too_long_for_one_segment_is_put_together() -> None:
    """Extended XMP comes in parts, perhaps out of order."""
    whole = packet(f"<dc:title>{'x' * 70_000}</dc:title><plus:DataMining>{PROHIBITED}</plus:DataMining>").encode()
    head = b"http://ns.adobe.com/xmp/extension/\0" + b"A" * 32
    parts = [
        segment(0xE1, head + struct.pack(">II", len(whole), at) + whole[at : at + 40_000])
        for at in range(0, len(whole), 40_000)
    ]

    assert found(jpeg_with(*reversed(parts)))[PLUS].uses == DENIED


def test_imagemagicks_profiles_in_png_are_read() -> None:
    """Hexadecimal digits in a compressed text chunk."""
    records = iim({(2, 116): "© Ada"})
    text = f"\niptc\n{len(records):8d}\n{records.hex()}\n".encode()
    body = b"zTXtRaw profile type iptc\0\0" + zlib.compress(text)
    made = struct.pack(">I", len(body) - 4) + body + struct.pack(">I", zlib.crc32(body))
    data = picture("PNG")

    assert found(data[:33] + made + data[33:])["iim 2:116 Copyright Notice"].raw_value == "© Ada"


def test_exif_in_big_tiff_order_and_bigtiff_is_read() -> None:
    """Both byte orders; 64-bit offsets."""
    big = b"MM\0*\0\0\0\x08\0\x01\x82\x98\0\x02\0\0\0\x05\0\0\0\x1a\0\0\0\0Ada!\0"
    bigtiff = b"II+\0\x08\0\0\0" + struct.pack("<QQHHQ8sQ", 16, 1, 0x8298, 2, 5, b"Ada!\0\0\0\0", 0)

    assert found(jpeg_with(segment(0xE1, b"Exif\0\0" + big)))["exif Copyright"].raw_value == "Ada!"
    assert found(bigtiff)["exif Copyright"].raw_value == "Ada!"
    assert found(jpeg_with(segment(0xE1, exif())))["exif Copyright"].raw_value == NOTICE
