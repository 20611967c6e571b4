"""XML from outside, parsed without what makes it dangerous."""

from typing import Any
from xml.etree.ElementTree import Element, ParseError, TreeBuilder, XMLParser

from layers.errors import Problem
from layers.text import text


class _Builder(TreeBuilder):
    def doctype(self, *_: Any) -> None:
        raise Problem(
            text("XML dengan DOCTYPE (entitas) tidak diterima.", "XML with a DOCTYPE (entities) is not accepted.")
        )


def xml_root(document: bytes) -> Element:
    """The root of a document.

    Raises:
        Problem: it is no XML, or has a document type, which is where entities come from.
    """
    parser = XMLParser(target=_Builder())  # noqa: S314  no document type gets in, so no entities do
    try:
        parser.feed(document)
        root: Element = parser.close()
    except (ParseError, LookupError, ValueError) as error:
        raise Problem(text(f"Ini bukan XML: {error}.", f"This is not XML: {error}.")) from error
    return root
