"""Made-up pictures that are, or could be taken for, versions of each other; the same on every run of a seed."""

import io
from collections.abc import Callable, Sequence

import numpy as np
from PIL import Image, ImageDraw

from workprint.edits.compositions import WORDS, texture

Draw = Callable[[int, int], Image.Image]
"""Of the seed of a series, and of a picture in it."""

SIZE = (640, 480)


def text_page(_: int, seed: int) -> Image.Image:
    """Other words in the same font and layout."""
    random = np.random.default_rng(seed)
    page = Image.new("RGB", (620, 800), (255, 255, 255))
    draw = ImageDraw.Draw(page)
    draw.text((40, 30), " ".join(random.choice(WORDS, 4)), fill=(20, 20, 20), font_size=34)
    for line in range(28):
        draw.text((40, 90 + line * 24), " ".join(random.choice(WORDS, 10)), fill=(30, 30, 30), font_size=16)
    return page


def template(_: int, seed: int) -> Image.Image:
    """A head and shoulders in other colours, with another hat, other eyes and other buttons."""
    random = np.random.default_rng(seed)
    colours = [tuple(int(value) for value in random.integers(0, 256, 3)) for _ in range(6)]
    picture = Image.new("RGB", (480, 480), colours[0])
    draw = ImageDraw.Draw(picture)
    draw.ellipse((140, 60, 340, 280), fill=colours[1])
    draw.rectangle((100, 280, 380, 480), fill=colours[2])
    _hat(draw, int(random.integers(4)), colours[3])
    for x in (190, 270):
        r = int(random.integers(8, 20))
        draw.ellipse((x - r + 10, 150 - r, x + r + 10, 150 + r), fill=colours[4])
    draw.chord((190, 190, 290, 190 + int(random.integers(20, 70))), 0, 180, fill=colours[5])
    for _ in range(int(random.integers(2, 7))):
        x, y, side = (int(random.integers(*span)) for span in ((110, 350), (300, 450), (8, 40)))
        (draw.ellipse if random.random() < 0.5 else draw.rectangle)((x, y, x + side, y + side), fill=colours[5])
    return picture


def _hat(draw: ImageDraw.ImageDraw, kind: int, colour: tuple[int, ...]) -> None:
    if kind == 0:
        draw.pieslice((130, 30, 350, 200), 180, 360, fill=colour)
    elif kind == 1:
        draw.polygon([(120, 110), (240, 10), (360, 110)], fill=colour)
    elif kind == 2:
        draw.rectangle((130, 40, 350, 110), fill=colour)
    else:
        for x in range(140, 340, 25):
            draw.ellipse((x, 40, x + 40, 120), fill=colour)


def same_thing_elsewhere(series: int, seed: int) -> Image.Image:
    """The same small object in front of something else, at another place."""
    random = np.random.default_rng(seed)
    picture = texture(random, SIZE)
    thing = texture(np.random.default_rng(series), (200, 260)).resize((80, 104))
    picture.paste(thing, (int(random.integers(0, 520)), int(random.integers(0, 350))))
    return picture


def burst_frame(series: int, seed: int) -> Image.Image:
    """The same scene a moment later: the foreground has moved twice, the background a third of the way."""
    of_series, random = np.random.default_rng(series), np.random.default_rng(seed)
    back, front = texture(of_series, (704, 528)), texture(of_series, (200, 260))
    dx, dy = (int(step) for step in random.integers(-60, 61, 2))
    frame = back.crop((32 + dx // 3, 24 + dy // 3, 672 + dx // 3, 504 + dy // 3))
    frame.paste(front, (220 + 2 * dx, 110 + dy))
    return frame


def noise(_: int, seed: int) -> Image.Image:
    """Nothing but noise."""
    return Image.fromarray(np.random.default_rng(seed).integers(0, 256, (300, 400, 3), dtype=np.uint8))


def gradient(_: int, seed: int) -> Image.Image:
    """From one tone to another, in some direction."""
    down, across = np.random.default_rng(seed).integers(0, 128, 2)
    tones = np.add.outer(np.linspace(0, down, 300), np.linspace(0, across, 400))
    return Image.fromarray(tones.astype(np.uint8))


def flat(_: int, seed: int) -> Image.Image:
    """One colour."""
    return Image.new("RGB", (300, 300), tuple(int(tone) for tone in np.random.default_rng(seed).integers(0, 256, 3)))


_DRAW: dict[str, Draw] = {
    "text pages": text_page,
    "template": template,
    "same thing elsewhere": same_thing_elsewhere,
    "burst frames": burst_frame,
    "noise": noise,
    "gradient": gradient,
    "flat": flat,
}
DIFFERENT = ("text pages", "template")
SAME_SCENE = ("same thing elsewhere", "burst frames")
"""These share pixels: a match is no error of the method, but may be one for who asks."""
BLANK = ("noise", "gradient", "flat")


def made_up(kinds: Sequence[str], seed: int, count: int = 20) -> list[tuple[str, bytes]]:
    """So many pictures of each kind, as PNG, with their names; a series of four shares what it shares."""
    named = []
    for kind in kinds:
        for number in range(count):
            buffer = io.BytesIO()
            _DRAW[kind](seed + number % max(1, count // 6), seed * 1000 + number).save(buffer, "PNG")
            named.append((f"{kind} {number}.png", buffer.getvalue()))
    return named
