"""Edits that pictures go through on their way into a dataset, by name and strength. Pure functions of picture and
seed.

`EDITS` maps a name (`crop_0.25`, `jpeg_8`) to a function (picture RGB, generator) -> picture RGB; `render` applies one
and encodes the result. Randomness comes from the generator alone, so equal seeds give equal pictures.
"""

import io
import math
from collections.abc import Callable, Mapping
from functools import partial

import numpy as np
from PIL import Image, ImageEnhance, ImageFilter, ImageOps

from workprint.edits.compositions import (
    _scaled,
    border,
    collage,
    emoji,
    frame,
    grid,
    meme,
    pad_side,
    picture_on_top,
    screenshot,
    stripes,
    text,
    vignette,
)

Picture = Image.Image


Random = np.random.Generator


Edit = Callable[[Picture, Random], Picture]


def on_colour(picture: Picture, colour: tuple[int, int, int] = (255, 255, 255)) -> Picture:
    """Flatten alpha onto a colour."""
    if picture.mode in ("RGBA", "LA", "P"):
        rgba = picture.convert("RGBA")
        flat = Image.new("RGB", rgba.size, colour)
        flat.paste(rgba, mask=rgba.getchannel("A"))
        return flat
    return picture.convert("RGB")


def identity(picture: Picture, _: Random) -> Picture:
    """The picture itself."""
    return picture


def letterbox(picture: Picture, _: Random, side: int) -> Picture:
    """Fit into a square with black bars, as img2dataset's `border` mode does."""
    return ImageOps.pad(picture, (side, side), Image.Resampling.BICUBIC, color=(0, 0, 0))


def centre_crop(picture: Picture, _: Random, side: int) -> Picture:
    """Scale the shorter side to `side` and cut a square out of the middle, as img2dataset's `center_crop` does."""
    return ImageOps.fit(picture, (side, side), Image.Resampling.BICUBIC)


def thumbnail(picture: Picture, _: Random, side: int) -> Picture:
    """Longest side to `side` pixels."""
    small = picture.copy()
    small.thumbnail((side, side))
    return small


def jpeg(picture: Picture, _: Random, quality: int) -> Picture:
    """Through JPEG and back."""
    return _through(picture, "JPEG", quality=quality)


def webp(picture: Picture, _: Random, quality: int) -> Picture:
    """Through WebP and back."""
    return _through(picture, "WEBP", quality=quality)


def _through(picture: Picture, kind: str, **options: int) -> Picture:
    buffer = io.BytesIO()
    picture.save(buffer, kind, **options)
    return Image.open(buffer).convert("RGB")


def grey(picture: Picture, _: Random) -> Picture:
    """Luminance only."""
    return ImageOps.grayscale(picture).convert("RGB")


def sepia(picture: Picture, _: Random) -> Picture:
    """Brown tones."""
    return ImageOps.colorize(ImageOps.grayscale(picture), (40, 20, 0), (255, 240, 200))


def negative(picture: Picture, _: Random) -> Picture:
    """Inverted colours."""
    return ImageOps.invert(picture)


def brightness(picture: Picture, _: Random, factor: float) -> Picture:
    """Darker or lighter."""
    return ImageEnhance.Brightness(picture).enhance(factor)


def contrast(picture: Picture, _: Random, factor: float) -> Picture:
    """Flatter or harder."""
    return ImageEnhance.Contrast(picture).enhance(factor)


def saturation(picture: Picture, _: Random, factor: float) -> Picture:
    """Paler or gaudier."""
    return ImageEnhance.Color(picture).enhance(factor)


def gamma(picture: Picture, _: Random, exponent: float) -> Picture:
    """Another tone curve."""
    return picture.point([round(255 * (value / 255) ** exponent) for value in range(256)] * 3)


def hue(picture: Picture, _: Random, turn: float) -> Picture:
    """All hues turned by a part of the circle."""
    h, s, v = picture.convert("HSV").split()
    return Image.merge("HSV", (h.point(lambda value: int(value + 255 * turn) % 256), s, v)).convert("RGB")


def posterise(picture: Picture, _: Random, bits: int) -> Picture:
    """Few tones."""
    return ImageOps.posterize(picture, bits)


def blur(picture: Picture, _: Random, radius: float) -> Picture:
    """Gaussian; radius for a picture of 512 px."""
    return picture.filter(ImageFilter.GaussianBlur(radius * max(picture.size) / 512))


def sharpen(picture: Picture, _: Random, percent: int) -> Picture:
    """Unsharp mask."""
    return picture.filter(ImageFilter.UnsharpMask(2, percent, 0))


def noise(picture: Picture, random: Random, deviation: float) -> Picture:
    """Gaussian noise in every channel."""
    pixels = np.asarray(picture, np.float32)
    return Image.fromarray((pixels + random.normal(0, deviation, pixels.shape)).clip(0, 255).astype(np.uint8))


def pixelate(picture: Picture, _: Random, cells: int) -> Picture:
    """`cells` big pixels along the longest side."""
    factor = cells / max(picture.size)
    small = picture.resize(_scaled(picture, factor), Image.Resampling.BOX)
    return small.resize(picture.size, Image.Resampling.NEAREST)


def fade(picture: Picture, random: Random, opacity: float) -> Picture:
    """Blend into one colour."""
    colour = tuple(int(value) for value in random.integers(60, 256, 3))
    return Image.blend(Image.new("RGB", picture.size, colour), picture, opacity)


def mirror(picture: Picture, _: Random) -> Picture:
    """Left and right exchanged."""
    return ImageOps.mirror(picture)


def flip(picture: Picture, _: Random) -> Picture:
    """Top and bottom exchanged."""
    return ImageOps.flip(picture)


def rotate(picture: Picture, random: Random, degrees: float) -> Picture:
    """Rotated about the middle onto a larger canvas of one colour."""
    colour = (0, 0, 0) if random.random() < 0.5 else (255, 255, 255)
    return picture.rotate(degrees, Image.Resampling.BICUBIC, expand=True, fillcolor=colour)


def rotate_cut(picture: Picture, _: Random, degrees: float) -> Picture:
    """Rotated, and cut so that no corner shows."""
    turned = picture.rotate(degrees, Image.Resampling.BICUBIC)
    angle = abs(math.radians(degrees))
    shrink = 1 / (math.cos(angle) + math.sin(angle) * max(picture.size) / min(picture.size))
    return _cut(turned, 0.5 - shrink / 2, 0.5 - shrink / 2, shrink, shrink)


def _cut(picture: Picture, left: float, top: float, width: float, height: float) -> Picture:
    x, y = round(left * picture.width), round(top * picture.height)
    return picture.crop((x, y, x + max(1, round(width * picture.width)), y + max(1, round(height * picture.height))))


def crop(picture: Picture, random: Random, keep: float) -> Picture:
    """Keep a part of the area, anywhere, in the picture's own proportions."""
    side = math.sqrt(keep)
    left, top = random.random(2) * (1 - side)
    return _cut(picture, left, top, side, side)


def aspect(picture: Picture, _: Random, factor: float) -> Picture:
    """Stretched sideways."""
    return picture.resize((max(1, round(picture.width * factor)), picture.height), Image.Resampling.BICUBIC)


def skew(picture: Picture, _: Random, amount: float) -> Picture:
    """Sheared sideways."""
    width = round(picture.width + amount * picture.height)
    matrix = (1, amount, -amount * picture.height, 0, 1, 0)
    return picture.transform((width, picture.height), Image.Transform.AFFINE, matrix, Image.Resampling.BICUBIC)


def perspective(picture: Picture, random: Random, amount: float) -> Picture:
    """Seen from the side: every corner moves inwards by up to `amount` of a side."""
    w, h = picture.size
    dx, dy = random.random(4) * amount * w, random.random(4) * amount * h
    corners = [(dx[0], dy[0]), (w - dx[1], dy[1]), (w - dx[2], h - dy[2]), (dx[3], h - dy[3])]
    return picture.transform((w, h), Image.Transform.PERSPECTIVE, _homography(corners, w, h), Image.Resampling.BICUBIC)


def _homography(corners: list[tuple[float, float]], w: int, h: int) -> list[float]:
    """Coefficients that send the corners to those of the picture."""
    rows, values = [], []
    for (x, y), (u, v) in zip(corners, [(0, 0), (w, 0), (w, h), (0, h)], strict=True):
        rows += [[x, y, 1, 0, 0, 0, -u * x, -u * y], [0, 0, 0, x, y, 1, -v * x, -v * y]]
        values += [u, v]
    return list(np.linalg.solve(np.array(rows, float), np.array(values, float)))


def chain(picture: Picture, random: Random, edits: tuple[Edit, ...]) -> Picture:
    """Several edits, one after the other."""
    for edit in edits:
        picture = edit(picture, random)
    return picture


def _table() -> dict[str, Edit]:
    table: dict[str, Edit] = {"identity": identity, "grey": grey, "sepia": sepia, "negative": negative}
    table |= {"mirror": mirror, "flip": flip, "meme": meme, "vignette": vignette}
    strengths: list[tuple[Callable[..., Picture], str, list[float]]] = [
        (letterbox, "side", [256, 512]),
        (centre_crop, "side", [256, 512]),
        (thumbnail, "side", [200, 128, 96, 64]),
        (jpeg, "quality", [50, 20, 8]),
        (webp, "quality", [50, 10]),
        (brightness, "factor", [0.4, 0.6, 1.6]),
        (contrast, "factor", [0.4, 1.8]),
        (saturation, "factor", [0.2, 2.5]),
        (gamma, "exponent", [0.5, 2.0]),
        (hue, "turn", [0.33]),
        (posterise, "bits", [3, 2]),
        (blur, "radius", [1.5, 3, 5]),
        (sharpen, "percent", [200, 400]),
        (noise, "deviation", [10, 25, 45]),
        (pixelate, "cells", [128, 64]),
        (fade, "opacity", [0.5, 0.3]),
        (rotate, "degrees", [3, 15, 45, 90, 133, 180]),
        (rotate_cut, "degrees", [5, 20]),
        (crop, "keep", [0.8, 0.6, 0.4, 0.25]),
        (aspect, "factor", [0.7, 1.3, 1.5]),
        (skew, "amount", [0.15, 0.3]),
        (perspective, "amount", [0.1, 0.2, 0.3]),
        (border, "part", [0.05, 0.2]),
        (frame, "part", [0.1]),
        (pad_side, "part", [0.5, 1.0]),
        (text, "part", [0.2, 0.5]),
        (emoji, "count", [3, 8]),
        (stripes, "part", [0.15, 0.3, 0.5]),
        (picture_on_top, "part", [0.15, 0.4]),
        (screenshot, "width", [1000, 1280]),
    ]
    for function, name, values in strengths:
        for value in values:
            table[f"{function.__name__}_{value:g}"] = partial(function, **{name: value})
    for part in (0.1, 0.15, 0.25):
        table[f"collage_{part:g}"] = partial(collage, part=part, width=1200)
    table |= {"grid_2": partial(grid, count=2, width=800), "grid_3": partial(grid, count=3, width=1000)}
    return table | _chains()


def _chains() -> dict[str, Edit]:
    """Combinations of three."""
    of: dict[str, tuple[Edit, ...]] = {
        "crop_grey_jpeg": (partial(crop, keep=0.6), grey, partial(jpeg, quality=30)),
        "mirror_text_thumb": (mirror, partial(text, part=0.2), partial(thumbnail, side=200)),
        "rotate_blur_border": (partial(rotate, degrees=10), partial(blur, radius=1), partial(border, part=0.1)),
        "perspective_noise_jpeg": (
            partial(perspective, amount=0.15),
            partial(noise, deviation=12),
            partial(jpeg, quality=30),
        ),
        "crop_mirror_contrast": (partial(crop, keep=0.4), mirror, partial(contrast, factor=0.6)),
        "letterbox_negative_jpeg": (partial(letterbox, side=256), negative, partial(jpeg, quality=20)),
        "aspect_emoji_webp": (partial(aspect, factor=1.3), partial(emoji, count=4), partial(webp, quality=20)),
    }
    return {f"three_{name}": partial(chain, edits=edits) for name, edits in of.items()}


EDITS: Mapping[str, Edit] = _table()


def render(edit: Edit, picture: Picture, seed: int, kind: str = "JPEG") -> bytes:
    """Apply an edit and encode the outcome as a dataset would hold it."""
    edited = edit(picture, np.random.default_rng(seed))
    buffer = io.BytesIO()
    edited.save(buffer, kind, **({} if kind == "PNG" else {"quality": 85}))
    return buffer.getvalue()


def opened(data: bytes) -> Picture:
    """A picture from its bytes, as `render` takes it. The bytes are a creator's own."""
    return on_colour(Image.open(io.BytesIO(data)))
