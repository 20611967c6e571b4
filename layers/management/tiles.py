"""What the commands about tiles have in common."""

from argparse import ArgumentParser
from collections.abc import Sequence

from layers.catalog import Layer, layer_get, layers
from layers.text import text


def area_add(parser: ArgumentParser) -> None:
    """The options ``--collections``, ``--zooms`` and ``--bbox``."""
    chosen = text("lapisan; semua bila tidak disebut", "layers; all if none is named")
    parser.add_argument("--collections", metavar="LAYER", nargs="+", help=str(chosen))
    parser.add_argument("--zooms", metavar="FIRST-LAST", default="0-14", help="0-14")
    box = text(
        "barat,selatan,timur,utara; batas lapisan dalam wilayah portal bila tidak disebut",
        "the layers' extent within the portal's if it is not given",
    )
    parser.add_argument("--bbox", metavar="WEST,SOUTH,EAST,NORTH", help=str(box))


def layers_chosen(ids: Sequence[str] | None) -> Sequence[Layer]:
    """Those layers, in the catalogue's order; all without ids.

    Raises:
        NotFound: there is no such layer.
    """
    if ids is None:
        return layers()
    wanted = {layer_get(id).id for id in ids}
    return [layer for layer in layers() if layer.id in wanted]
