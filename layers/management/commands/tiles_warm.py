"""``manage.py tiles_warm``: have the server make tiles before people ask for them."""

from argparse import ArgumentParser
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPException
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from layers.catalog import Layer
from layers.errors import Problem
from layers.exports.tileset import Pyramid, progress
from layers.management.tiles import area_add, layers_chosen
from layers.query.tiles import Tile
from layers.text import text

BROWSER = {"Accept": "*/*", "Accept-Encoding": "gzip, deflate, br, zstd"}
"""What browsers send, for caches keep one answer for each."""

ATONCE = 4


class Command(BaseCommand):
    help = str(
        text(
            "Meminta petak vektor tiap lapisan dari peladen seperti halaman peta memintanya, agar tersimpan di nginx "
            "sebelum diminta orang. Jawaban berlaku selama lapisannya tidak berubah.",
            "Ask the server for the vector tiles of each layer as the map page asks for them, so that nginx has them "
            "before people ask. They hold while the layer is unchanged.",
        )
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        area_add(parser)
        where = text("alamat portal; PUBLIC_URL bila tidak disebut", "the portal's address; PUBLIC_URL if not given")
        parser.add_argument("--url", metavar="URL", default=settings.PUBLIC_URL, help=str(where))

    def handle(self, *, collections: list[str] | None, zooms: str, bbox: str | None, url: str, **_: Any) -> None:
        try:
            layers = layers_chosen(collections)
            tiles = list(Pyramid.parse(zooms, bbox, layers))
        except Problem as problem:
            raise CommandError(str(problem.detail)) from problem
        if not url.startswith(("http://", "https://")):
            raise CommandError(
                text(f"--url {url!r}: tulis alamat http(s).", f"--url {url!r}: give an http(s) address.")
            )
        addresses = [tile_address(url, layer, tile) for tile in tiles for layer in layers]
        if (answer := _ask(addresses[0])) not in ("200", "204") and not answer.startswith("HTTP"):
            raise CommandError(text(f"{url} tidak menjawab: {answer}", f"{url} does not answer: {answer}"))
        with ThreadPoolExecutor(ATONCE) as pool:
            answers = Counter(
                answer for answer, _ in zip(pool.map(_ask, addresses), progress(addresses, url), strict=True)
            )
        made, empty = answers.pop("200", 0), answers.pop("204", 0)
        failed = sum(answers.values())
        self.stdout.write(
            str(text(f"{made} dibuat, {empty} kosong, {failed} gagal", f"{made} made, {empty} empty, {failed} failed"))
        )
        if failed:
            told = ", ".join(f"{count} × {fault}" for fault, count in answers.most_common(3))
            raise CommandError(text(f"Ada yang gagal: {told}", f"Some failed: {told}"))


def tile_address(url: str, layer: Layer, tile: Tile) -> str:
    """As the map page writes it, letter by letter, for caches go by that."""
    return f"{url.rstrip('/')}/oapi/collections/{layer.id}/tiles/WebMercatorQuad/{tile.z}/{tile.y}/{tile.x}?labels=true"


def _ask(address: str) -> str:
    """The status, or what went wrong."""
    try:
        with urlopen(Request(address, headers=BROWSER), timeout=60) as answer:  # noqa: S310  (http and https only)
            answer.read()
            return str(answer.status)
    except HTTPError as error:
        return f"HTTP {error.code}"
    except (OSError, HTTPException) as error:
        return str(error)
