"""What happens to a recording on its way into a dataset: codecs, noise, rooms, changes of speed, cuts, splices.

Every edit takes mono float32 samples with their rate and gives samples at the same rate, decided by a seed only.
Nothing but libraries is needed: PyAV for codecs, numpy, scipy, soxr and librosa for the rest.
"""

import io
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import cast

import av
import librosa
import numpy as np
import scipy  # its `signal` is slow to import, and is only when it is used
import soxr
from av.audio.stream import AudioStream
from numpy.typing import NDArray

Sound = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Scene:
    """What an edit may draw on besides the sound itself."""

    rate_hz: int
    seed: int
    babble: Sound
    """Several people talking at once, at the same rate."""
    music: Sound
    speech: Sound
    """One other person talking."""

    def draw(self) -> np.random.Generator:
        """Return the generator of this scene, always in the same state."""
        return np.random.default_rng(self.seed)

    def piece(self, source: Sound, size: int) -> Sound:
        """Return `size` samples of a source from a place that the seed decides, repeated where it is short."""
        start = int(self.draw().integers(0, source.size))
        return np.resize(np.roll(source, -start), size)


Edit = Callable[[Sound, Scene], Sound]


def coded(container: str, codec: str, bit_rate: int, rate_hz: int) -> Edit:
    """Return the edit that encodes with a lossy codec and decodes again."""

    def edit(sound: Sound, scene: Scene) -> Sound:
        coded_rate = rate_hz or scene.rate_hz
        data = _encoded(resampled(sound, scene.rate_hz, coded_rate), coded_rate, container, codec, bit_rate)
        decoded, decoded_rate = _decoded(data)
        return resampled(decoded, decoded_rate, scene.rate_hz)

    return edit


def _encoded(sound: Sound, rate_hz: int, container: str, codec: str, bit_rate: int) -> bytes:
    stream = io.BytesIO()
    with av.open(stream, "w", format=container) as output:
        track = cast(AudioStream, output.add_stream(codec, rate=rate_hz, layout="mono"))
        track.bit_rate = bit_rate
        whole = av.AudioFrame.from_ndarray(_clipped(sound)[None, :], format="flt", layout="mono")
        whole.sample_rate = rate_hz
        kind = (track.codec_context.codec.audio_formats or [av.AudioFormat("fltp")])[0]
        for frame in av.AudioResampler(kind, "mono", rate_hz).resample(whole):
            output.mux(track.encode(frame))
        output.mux(track.encode(None))
    return stream.getvalue()


def _decoded(data: bytes) -> tuple[Sound, int]:
    with av.open(io.BytesIO(data), "r") as source:
        track = source.streams.audio[0]
        resampler = av.AudioResampler("flt", "mono", track.rate)
        frames = [out.to_ndarray()[0] for frame in source.decode(track) for out in resampler.resample(frame)]
        return np.concatenate(frames).astype(np.float32), int(track.rate)


def resampled(sound: Sound, from_hz: float, to_hz: float) -> Sound:
    """Resample; the same rate gives the same samples."""
    return sound if from_hz == to_hz else soxr.resample(sound, from_hz, to_hz).astype(np.float32)


def _clipped(sound: Sound) -> Sound:
    return np.clip(sound, -1.0, 1.0).astype(np.float32)


def mu_law(sound: Sound, scene: Scene) -> Sound:
    """G.711 at 8 kHz."""
    narrow = _clipped(resampled(sound, scene.rate_hz, 8000))
    curved = np.sign(narrow) * np.log1p(255 * np.abs(narrow)) / np.log(256)
    steps = np.round(curved * 127) / 127
    wide = np.sign(steps) * np.expm1(np.abs(steps) * np.log(256)) / 255
    return resampled(wide.astype(np.float32), 8000, scene.rate_hz)


def telephone(sound: Sound, scene: Scene) -> Sound:
    """300 to 3,400 Hz."""
    band = scipy.signal.butter(6, (300, 3400), "bandpass", fs=scene.rate_hz, output="sos")
    return np.asarray(scipy.signal.sosfilt(band, sound), dtype=np.float32)


def gain(decibel: float, ceiling: float = 1.0) -> Edit:
    """Return the edit that makes a sound louder or quieter, clips it, and stores it in 16 bits."""

    def edit(sound: Sound, _scene: Scene) -> Sound:
        louder = np.clip(sound * 10 ** (decibel / 20), -ceiling, ceiling)
        return np.asarray(np.round(louder * 32767) / 32767, dtype=np.float32)

    return edit


def inverted(sound: Sound, _scene: Scene) -> Sound:
    """Polarity."""
    return -sound


def reversed_in_time(sound: Sound, _scene: Scene) -> Sound:
    """Backwards."""
    return np.ascontiguousarray(sound[::-1])


def compressed(ratio: float) -> Edit:
    """Return the edit of a compressor: above -35 dB the level rises `ratio` times slower; 10 ms envelope."""

    def edit(sound: Sound, scene: Scene) -> Sound:
        keep = np.exp(-1.0 / (0.01 * scene.rate_hz))
        envelope = np.sqrt(
            np.maximum(scipy.signal.lfilter([1 - keep], [1, -keep], sound.astype(np.float64) ** 2), 1e-12)
        )
        over = np.maximum(20 * np.log10(envelope) + 35.0, 0.0)
        return _normal(sound * 10 ** (-over * (1 - 1 / ratio) / 20))

    return edit


def _normal(sound: NDArray[np.floating]) -> Sound:
    peak = float(np.abs(sound).max())
    return np.asarray(0.7 * sound / peak if peak > 0 else sound, dtype=np.float32)


def equalised(decibel: float) -> Edit:
    """Return the edit that lifts everything above 1 kHz by `decibel` and lowers the rest by as much."""

    def edit(sound: Sound, scene: Scene) -> Sound:
        spectrum = np.fft.rfft(sound)
        octaves = np.log2(np.maximum(np.fft.rfftfreq(sound.size, 1 / scene.rate_hz), 20.0) / 1000.0)
        return _normal(np.fft.irfft(spectrum * 10 ** (decibel * np.tanh(octaves) / 20), sound.size))

    return edit


def denoised(sound: Sound, _scene: Scene) -> Sound:
    """Spectral subtraction of twice the tenth percentile of each band."""
    spectrum = librosa.stft(sound, n_fft=512, hop_length=128)
    level = np.abs(spectrum)
    floor = 2.0 * np.percentile(level, 10, axis=1, keepdims=True)
    return librosa.istft(spectrum * np.maximum(1 - floor / (level + 1e-9), 0.05), hop_length=128, length=sound.size)


def gated(sound: Sound, scene: Scene) -> Sound:
    """Everything 30 dB below the loudest 20 ms is silence."""
    size = int(0.02 * scene.rate_hz)
    level = np.sqrt(np.convolve(sound.astype(np.float64) ** 2, np.ones(size) / size, "same"))
    return np.where(level > level.max() * 10**-1.5, sound, 0).astype(np.float32)


def mixed(source: str, ratio_db: float) -> Edit:
    """Return the edit that adds noise, babble, music or speech at a ratio of the sound's power to that of the bed."""

    def edit(sound: Sound, scene: Scene) -> Sound:
        if source == "white":
            bed = scene.draw().standard_normal(sound.size).astype(np.float32)
        else:
            bed = scene.piece(getattr(scene, source), sound.size)
        level = np.sqrt(np.mean(sound**2) / max(float(np.mean(bed**2)), 1e-12)) * 10 ** (-ratio_db / 20)
        return _normal(sound + level * bed)

    return edit


def reverberant(decay_s: float) -> Edit:
    """Return the edit of a room: exponentially decaying noise after the direct sound, 60 dB down after `decay_s`."""

    def edit(sound: Sound, scene: Scene) -> Sound:
        steps = np.arange(int(decay_s * scene.rate_hz)) / scene.rate_hz
        room = scene.draw().standard_normal(steps.size) * 10 ** (-3 * steps / decay_s)
        room *= 1.0 / np.sqrt(np.sum(room**2))
        room[0] += 1.0
        return _normal(scipy.signal.fftconvolve(sound, room)[: sound.size])

    return edit


def speed(factor: float) -> Edit:
    """Return the edit that plays faster and higher (resampling)."""
    return lambda sound, scene: resampled(sound, scene.rate_hz * factor, scene.rate_hz)


def tempo(factor: float) -> Edit:
    """Return the edit that plays faster at the same pitch (phase vocoder)."""
    return lambda sound, _scene: librosa.effects.time_stretch(sound, rate=factor, n_fft=1024)


def pitch(semitones: float) -> Edit:
    """Return the edit that sounds higher at the same tempo (phase vocoder and resampling)."""
    return lambda sound, scene: librosa.effects.pitch_shift(sound, sr=scene.rate_hz, n_steps=semitones, n_fft=1024)


def overlapped(factor: float) -> Edit:
    """Return the edit that plays faster at the same pitch by overlapping pieces of the wave (WSOLA, as in sox)."""
    return lambda sound, scene: _overlapped(sound, factor, int(0.03 * scene.rate_hz))


def _overlapped(sound: Sound, factor: float, step: int) -> Sound:
    """Waveform-similarity overlap-add (Verhelst and Roelands 1993) with steps of `step` samples."""
    window = np.hanning(2 * step).astype(np.float32)
    out = np.zeros(int(sound.size / factor) + 4 * step, dtype=np.float32)
    padded = np.pad(sound, (step, 4 * step))
    place = step
    for number in range(int(sound.size / factor / step)):
        out[number * step : (number + 2) * step] += window * padded[place : place + 2 * step]
        natural = padded[place + step : place + 3 * step]
        goal = step + int((number + 1) * step * factor)
        low = max(0, goal - step // 2)
        around = padded[low : low + 3 * step]
        if natural.size < 2 * step or around.size < 3 * step:
            break
        place = low + int(np.argmax(np.correlate(around, natural, "valid")))
    return out[: int(sound.size / factor)]


def silence_cut(sound: Sound, _scene: Scene) -> Sound:
    """Pauses more than 30 dB below the loudest moment are cut out."""
    stretches = librosa.effects.split(sound, top_db=30, frame_length=1024, hop_length=256)
    return np.concatenate([sound[low:high] for low, high in stretches])


def spliced(sound: Sound, scene: Scene) -> Sound:
    """Two seconds of another person before and after."""
    other = scene.piece(scene.speech, 4 * scene.rate_hz) * np.float32(_level(sound) / _level(scene.speech))
    return np.concatenate((other[: other.size // 2], sound, other[other.size // 2 :])).astype(np.float32)


def _level(sound: Sound) -> float:
    return float(np.sqrt(np.mean(sound**2))) + 1e-9


def chain(*edits: Edit) -> Edit:
    """Return the edit that does several one after the other."""

    def edit(sound: Sound, scene: Scene) -> Sound:
        for one in edits:
            sound = one(sound, scene)
        return sound

    return edit


MP3_64, MP3_24 = coded("mp3", "libmp3lame", 64_000, 0), coded("mp3", "libmp3lame", 24_000, 16_000)
OPUS_24, OPUS_10 = coded("ogg", "libopus", 24_000, 48_000), coded("ogg", "libopus", 10_000, 48_000)
AAC_48, AAC_24 = coded("adts", "aac", 48_000, 0), coded("adts", "aac", 24_000, 16_000)

EDITS: Mapping[str, Edit] = {
    "none": lambda sound, _scene: sound,
    "mp3 64k": MP3_64,
    "mp3 24k": MP3_24,
    "opus 24k": OPUS_24,
    "opus 10k": OPUS_10,
    "aac 48k": AAC_48,
    "aac 24k": AAC_24,
    "mu-law": mu_law,
    "telephone": telephone,
    "quiet -20 dB": gain(-20),
    "quiet -40 dB": gain(-40),
    "clipped +12 dB": gain(12),
    "clipped +24 dB": gain(24),
    "compressed 4": compressed(4),
    "compressed 10": compressed(10),
    "equalised +9 dB": equalised(9),
    "equalised -9 dB": equalised(-9),
    "denoised": denoised,
    "gated": gated,
    **{
        f"{source} {ratio} dB": mixed(source, ratio)
        for source in ("white", "babble", "music")
        for ratio in (20, 10, 5, 0)
    },
    "reverb 0.3 s": reverberant(0.3),
    "reverb 0.8 s": reverberant(0.8),
    **{f"speed {factor}": speed(factor) for factor in (0.75, 0.8, 0.9, 0.95, 1.05, 1.1, 1.2, 1.25)},
    **{f"tempo {factor}": tempo(factor) for factor in (0.8, 0.9, 1.1, 1.25, 1.5)},
    **{f"wsola {factor}": overlapped(factor) for factor in (0.8, 0.9, 1.1, 1.25, 1.5)},
    **{f"pitch {semitones:+}": pitch(semitones) for semitones in (-4, -2, -1, 1, 2, 4)},
    "reversed": reversed_in_time,
    "inverted": inverted,
    "silence cut": silence_cut,
    "spliced": spliced,
    "speed 1.1, white 10 dB, mp3": chain(speed(1.1), mixed("white", 10), MP3_24),
    "speed 0.9, music 10 dB, opus": chain(speed(0.9), mixed("music", 10), OPUS_24),
    "telephone, babble 10 dB, mu-law": chain(telephone, mixed("babble", 10), mu_law),
    "pitch +2, compressed, aac": chain(pitch(2), compressed(4), AAC_24),
    "wsola 1.1, equalised, mp3": chain(overlapped(1.1), equalised(9), MP3_24),
    "denoised, silence cut, mp3": chain(denoised, silence_cut, MP3_24),
    "reversed, quiet, opus": chain(reversed_in_time, gain(-20), OPUS_24),
    "spliced, white 10 dB, mp3": chain(spliced, mixed("white", 10), MP3_24),
}


def made_up_scene(rate_hz: int, seed: int) -> Scene:
    """Return a scene of made-up beds: voices of noise in the shape of syllables, and a row of chords."""
    random = np.random.default_rng(seed)
    voices = [_made_up_voice(random, rate_hz) for _ in range(6)]
    return Scene(rate_hz, seed, np.mean(voices, axis=0, dtype=np.float32), _made_up_music(random, rate_hz), voices[0])


_MADE_UP_S = 20


def _made_up_voice(random: np.random.Generator, rate_hz: int) -> Sound:
    """Buzz with wandering pitch and formants, in syllables."""
    size = _MADE_UP_S * rate_hz
    pitch_hz = 120.0 * 2.0 ** np.interp(
        np.arange(size), np.arange(0, size, rate_hz // 6), random.normal(0, 0.2, -(-size // (rate_hz // 6)))
    )
    phase = np.cumsum(pitch_hz) / rate_hz
    buzz = sum(np.sin(2 * np.pi * n * phase) / n for n in range(1, 24))
    loudness = np.interp(
        np.arange(size), np.arange(0, size, rate_hz // 8), random.uniform(0, 1, -(-size // (rate_hz // 8))) ** 2
    )
    return _normal(buzz * loudness)


def _made_up_music(random: np.random.Generator, rate_hz: int) -> Sound:
    """A chord of three decaying tones every half second."""
    beat = np.arange(rate_hz // 2) / rate_hz
    chords = []
    for _ in range(2 * _MADE_UP_S):
        root_hz = 110.0 * 2.0 ** (random.integers(0, 24) / 12)
        chords.append(
            sum(np.sin(2 * np.pi * root_hz * ratio * beat) for ratio in (1, 1.25, 1.5, 2)) * np.exp(-3 * beat)
        )
    return _normal(np.concatenate(chords))
