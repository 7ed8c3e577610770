"""Small synthesised sounds: babbling voices made of gliding harmonics and hiss, all from a seed."""

import numpy as np
from numpy.typing import NDArray

RATE_HZ = 8000


def voice(duration_s: float, seed: int) -> NDArray[np.float32]:
    """Return something like speech: syllables of gliding harmonics under moving formants, with hiss between them."""
    draw = np.random.default_rng(seed)
    parts: list[NDArray[np.float64]] = []
    while sum(part.size for part in parts) < duration_s * RATE_HZ:
        parts.append(_syllable(draw))
    sound = np.concatenate(parts)[: round(duration_s * RATE_HZ)]
    return (0.3 * sound / np.abs(sound).max()).astype(np.float32)


def _syllable(draw: np.random.Generator) -> NDArray[np.float64]:
    size = int(draw.uniform(0.08, 0.3) * RATE_HZ)
    steps = np.arange(size) / RATE_HZ
    pitch = draw.uniform(90, 220) * (1.0 + draw.uniform(-0.6, 0.6) * steps)
    phase = 2 * np.pi * np.cumsum(pitch) / RATE_HZ
    formants = draw.uniform([300, 900, 2200], [800, 2200, 3400])
    sound = 0.02 * draw.standard_normal(size)
    for harmonic in range(1, 30):
        level = np.exp(-(((harmonic * pitch[:, None] - formants) / 250.0) ** 2)).sum(axis=1)
        sound += level * np.sin(harmonic * phase) * (harmonic * pitch < 3900)
    return sound * np.hanning(size) * draw.uniform(0.3, 1.0)


def noise(duration_s: float, seed: int) -> NDArray[np.float32]:
    """Return white noise."""
    return (0.1 * np.random.default_rng(seed).standard_normal(round(duration_s * RATE_HZ))).astype(np.float32)


def tone(duration_s: float, hertz: float) -> NDArray[np.float32]:
    """Return a sine."""
    return (0.3 * np.sin(2 * np.pi * hertz * np.arange(round(duration_s * RATE_HZ)) / RATE_HZ)).astype(np.float32)
