"""Every signal a recording can carry, in every container that carries it."""

import pytest

from signal_samples import ATTRIBUTE, bext, chunk, found, frame, id3, info, m4a, mp3, read, sound, user_text, wav
from workprint.model import Permission, Use

RESERVED = {
    Use.DATA_MINING: Permission.NOT_ALLOWED,
    Use.AI_TRAINING: Permission.NOT_ALLOWED,
    Use.AI_GENERATIVE_TRAINING: Permission.NOT_ALLOWED,
}


@pytest.mark.parametrize(
    ("form", "subtype"), [("FLAC", "PCM_16"), ("OGG", "VORBIS"), ("OGG", "OPUS"), ("WAV", "PCM_16"), ("AIFF", "PCM_16")]
)
def test_notice_and_artist_are_read_as_libsndfile_writes_them(form: str, subtype: str) -> None:
    """FLAC, Vorbis, Opus, RIFF INFO and AIFF."""
    signals = read(sound(form, subtype, copyright="(c) Ben", artist="Ben Okoro"))

    assert "(c) Ben" in [signal.raw_value for signal in signals]
    assert "Ben Okoro" in [signal.holder for signal in signals]


def test_tags_of_mp4_are_read_as_ffmpeg_writes_them() -> None:
    """Copyright, artist, and a comment that says no."""
    signals = found(m4a(copyright="(c) Ben", artist="Ben Okoro", comment="No AI training"))

    assert signals["mp4 cprt"].raw_value == "(c) Ben"
    assert signals["mp4 ©ART"].holder == "Ben Okoro"
    assert Use.AI_TRAINING in signals["mp4 ©cmt"].uses


@pytest.mark.parametrize("version", [3, 4])
def test_id3_frames_are_read(version: int) -> None:
    """Notice, licence address, terms of use, owner, a reservation with its policy, and an XMP packet."""
    data = mp3(
        frame("TCOP", b"\0(c) Ben", version),
        frame("WCOP", b"https://ben.example/licence", version),
        frame("USER", b"\0engNot for AI training", version),
        frame("TOWN", b"\1" + "Ben Okoro".encode("utf-16"), version),
        user_text("TDM-Reservation", "1", version),
        user_text("TDM-POLICY", "https://ben.example/tdm", version),
        user_text("replaygain", "-3 dB", version),
        frame("PRIV", b"XMP\0" + ATTRIBUTE.encode(), version),
        version=version,
    )
    signals = found(data)

    assert signals["id3 TCOP"].raw_value == "(c) Ben"
    assert signals["id3 WCOP"].policy_url == "https://ben.example/licence"
    assert signals["id3 USER"].uses[Use.AI_GENERATIVE_TRAINING] is Permission.NOT_ALLOWED
    assert signals["id3 TOWN"].holder == "Ben Okoro"
    assert set(signals["id3 TXXX:TDM-Reservation"].uses.values()) == {Permission.CONSTRAINED}
    assert signals["id3 TXXX:TDM-Reservation"].policy_url == "https://ben.example/tdm"
    assert Use.AI_GENERATIVE_TRAINING in signals["xmp plus:DataMining"].uses
    assert len(signals) == 6


def test_a_reservation_without_a_policy_is_a_refusal() -> None:
    """And 0, or anything else, is none."""
    assert found(mp3(user_text("TDM_RESERVATION", "1")))["id3 TXXX:TDM_RESERVATION"].uses == RESERVED
    assert found(mp3(user_text("TDM_RESERVATION", "yes")))["id3 TXXX:TDM_RESERVATION"].uses == {}


def test_wav_chunks_are_read_wherever_they_stand() -> None:
    """INFO, bext, ID3 and XMP in one file, behind the sound."""
    signals = found(
        wav(
            info(ICOP="(c) Ben", IART="Ben", ICMT="voice take 3"),
            bext("Ben Okoro"),
            chunk(b"id3 ", id3(user_text("TDM-RESERVATION", "1"))),
            chunk(b"_PMX", ATTRIBUTE.encode()),
        )
    )

    assert signals["riff ICOP"].raw_value == "(c) Ben"
    assert signals["riff IART"].holder == "Ben"
    assert signals["bext Originator"].holder == "Ben Okoro"
    assert signals["id3 TXXX:TDM-RESERVATION"].uses == RESERVED
    assert Use.AI_TRAINING in signals["xmp plus:DataMining"].uses
    assert len(signals) == 5


@pytest.mark.parametrize(
    ("form", "subtype"), [("WAV", "PCM_16"), ("FLAC", "PCM_16"), ("OGG", "VORBIS"), ("MP3", "MPEG_LAYER_III")]
)
def test_a_recording_without_tags_says_nothing(form: str, subtype: str) -> None:
    """No signal at all."""
    assert read(sound(form, subtype)) == ()
