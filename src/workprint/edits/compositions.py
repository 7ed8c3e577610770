"""Edits that put a picture into something larger, or something on top: frames, captions, screenshots, collages."""

import math

import numpy as np
from PIL import Image, ImageChops, ImageDraw, ImageOps

Picture = Image.Image
Random = np.random.Generator


def _scaled(picture: Picture, factor: float) -> tuple[int, int]:
    return max(1, round(picture.width * factor)), max(1, round(picture.height * factor))


WORDS = [
    "the",
    "quick",
    "brown",
    "fox",
    "jumps",
    "over",
    "a",
    "lazy",
    "dog",
    "while",
    "artists",
    "sign",
    "their",
    "names",
    "in",
    "small",
    "grey",
    "letters",
]


def border(picture: Picture, random: Random, part: float) -> Picture:
    """A border of one colour around it."""
    colour = tuple(int(value) for value in random.integers(0, 256, 3))
    return ImageOps.expand(picture, round(part * max(picture.size)), colour)


def frame(picture: Picture, random: Random, part: float) -> Picture:
    """A profiled frame: rings of changing tones."""
    rings = 8
    for ring in range(rings):
        tone = int(128 + 100 * math.sin(ring * 1.3 + random.random()))
        picture = ImageOps.expand(
            picture, max(1, round(part * max(picture.size) / rings)), (tone, tone * 3 // 4, tone // 2)
        )
    return picture


def pad_side(picture: Picture, random: Random, part: float) -> Picture:
    """Much white on one side."""
    canvas = Image.new("RGB", (round(picture.width * (1 + part)), picture.height), (255, 255, 255))
    canvas.paste(picture, (0 if random.random() < 0.5 else canvas.width - picture.width, 0))
    return canvas


def text(picture: Picture, random: Random, part: float) -> Picture:
    """Lines of text over it, covering a part of its height."""
    out = picture.copy()
    draw = ImageDraw.Draw(out)
    size = max(10, picture.height // 12)
    for line in range(max(1, round(part * picture.height / size))):
        words = " ".join(random.choice(WORDS, 6))
        at = (
            int(random.integers(0, max(1, picture.width // 4))),
            (line * size + int(random.integers(0, picture.height))) % picture.height,
        )
        draw.text(
            at, words, fill=(255, 255, 255), stroke_width=max(1, size // 12), stroke_fill=(0, 0, 0), font_size=size
        )
    return out


def emoji(picture: Picture, random: Random, count: int) -> Picture:
    """Round yellow faces on it."""
    out = picture.copy()
    draw = ImageDraw.Draw(out)
    for _ in range(count):
        r = min(picture.size) * random.uniform(0.07, 0.13)
        x, y = random.uniform(r, picture.width - r), random.uniform(r, picture.height - r)
        draw.ellipse((x - r, y - r, x + r, y + r), fill=(255, 210, 40), outline=(120, 80, 0), width=2)
        draw.ellipse((x - r * 0.5, y - r * 0.4, x - r * 0.2, y), fill=(50, 30, 0))
        draw.ellipse((x + r * 0.2, y - r * 0.4, x + r * 0.5, y), fill=(50, 30, 0))
        draw.arc((x - r * 0.6, y - r * 0.3, x + r * 0.6, y + r * 0.6), 20, 160, fill=(50, 30, 0), width=2)
    return out


def stripes(picture: Picture, random: Random, part: float) -> Picture:
    """Diagonal bars of one colour covering a part of it."""
    mask = Image.new("L", picture.size)
    draw = ImageDraw.Draw(mask)
    step = max(picture.size) / 4
    for k in range(-5, 9):
        draw.line(
            (k * step, 0, k * step + picture.height, picture.height), fill=255, width=max(1, round(step * part * 0.7))
        )
    colour = tuple(int(value) for value in random.integers(0, 256, 3))
    return Image.composite(Image.new("RGB", picture.size, colour), picture, mask)


def picture_on_top(picture: Picture, random: Random, part: float) -> Picture:
    """Another picture pasted over a part of the area."""
    side = math.sqrt(part)
    out = picture.copy()
    other = texture(random, (max(8, round(picture.width * side)), max(8, round(picture.height * side))))
    x, y = random.random(2) * (1 - side)
    out.paste(other, (round(x * picture.width), round(y * picture.height)))
    return out


def texture(random: Random, size: tuple[int, int]) -> Picture:
    """A made-up picture: coloured noise at several sizes, and shapes."""
    pixels = np.zeros((size[1], size[0], 3), np.float32)
    for cells in (3, 7, 17, 41):
        grain = Image.fromarray(random.integers(0, 256, (cells, cells, 3), dtype=np.uint8))
        pixels += np.asarray(grain.resize(size, Image.Resampling.BICUBIC), np.float32) / 4
    out = Image.fromarray(pixels.clip(0, 255).astype(np.uint8))
    draw = ImageDraw.Draw(out)
    for _ in range(12):
        x, y = random.random(2) * size
        w, h = random.uniform(0.05, 0.3, 2) * size
        colour = tuple(int(value) for value in random.integers(0, 256, 3))
        (draw.ellipse if random.random() < 0.5 else draw.rectangle)((x, y, x + w, y + h), fill=colour)
    return out


def screenshot(picture: Picture, random: Random, width: int) -> Picture:
    """A drawn web page of `width` px with the picture as one of its parts, at about a fifth of the area."""
    height = round(width * 0.625)
    page = Image.new("RGB", (width, height), (250, 250, 252))
    draw = ImageDraw.Draw(page)
    draw.rectangle((0, 0, width, height // 12), fill=(36, 41, 60))
    size = max(9, width // 80)
    for line in range(height // (size * 2)):
        y = height // 8 + line * size * 2
        draw.text((width // 50, y), " ".join(random.choice(WORDS, 5)), fill=(40, 40, 40), font_size=size)
        draw.text((width * 2 // 3, y), " ".join(random.choice(WORDS, 6)), fill=(20, 60, 160), font_size=size)
    box = (round(width * 0.38), round(height * 0.62))
    shown = ImageOps.contain(picture, box, Image.Resampling.BICUBIC)
    page.paste(shown, (round(width * 0.27), height // 6))
    return page


def collage(picture: Picture, random: Random, part: float, width: int) -> Picture:
    """Pictures side by side; the picture fills `part` of the area."""
    canvas = texture(random, (width, round(width * 0.75)))
    for _ in range(5):
        other = texture(random, (width // 3, width // 4))
        x, y = random.random(2) * (width * 0.7, width * 0.5)
        canvas.paste(other, (int(x), int(y)))
    factor = math.sqrt(part * canvas.width * canvas.height / (picture.width * picture.height))
    shown = picture.resize(_scaled(picture, factor), Image.Resampling.BICUBIC)
    room = max(0, canvas.width - shown.width), max(0, canvas.height - shown.height)
    x, y = random.random(2) * room
    canvas.paste(shown, (int(x), int(y)))
    return canvas


def grid(picture: Picture, random: Random, count: int, width: int) -> Picture:
    """A grid of `count` times `count` pictures, one of them this one."""
    side = width // count
    canvas = Image.new("RGB", (width, width), (255, 255, 255))
    mine = int(random.integers(count * count))
    for k in range(count * count):
        shown = ImageOps.fit(picture if k == mine else texture(random, (side, side)), (side - 4, side - 4))
        canvas.paste(shown, (k % count * side + 2, k // count * side + 2))
    return canvas


def meme(picture: Picture, random: Random) -> Picture:
    """White bars with big text above and below."""
    band = picture.height // 5
    canvas = Image.new("RGB", (picture.width, picture.height + 2 * band), (255, 255, 255))
    canvas.paste(picture, (0, band))
    draw = ImageDraw.Draw(canvas)
    for y in (band // 4, picture.height + band + band // 4):
        draw.text((8, y), " ".join(random.choice(WORDS, 4)), fill=(0, 0, 0), font_size=max(8, band // 2))
    return canvas


def vignette(picture: Picture, _: Random) -> Picture:
    """Dark corners."""
    shade = ImageChops.invert(Image.radial_gradient("L")).resize(picture.size)
    return ImageChops.multiply(picture, Image.merge("RGB", [shade.point(lambda v: min(255, v + 90))] * 3))


def cut_out(picture: Picture, random: Random) -> Picture:
    """A picture with alpha on a made-up background (not in `EDITS`: it needs the alpha)."""
    rgba = picture.convert("RGBA")
    background = texture(random, rgba.size)
    background.paste(rgba, mask=rgba.getchannel("A"))
    return background
