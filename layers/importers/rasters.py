"""The one way a file becomes a hazard raster: checked, rewritten as a Cloud-Optimised GeoTIFF, registered; and out."""

import os
import warnings
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import file_digest
from math import ceil, sqrt
from pathlib import Path

import numpy as np
import rasterio
import rasterio.shutil
from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from rasterio.enums import MaskFlags
from rasterio.errors import NotGeoreferencedWarning, RasterioError
from rasterio.io import DatasetReader
from rasterio.warp import transform_bounds
from rasterio.windows import Window
from tqdm import tqdm

from layers.catalog import layers, portal_bbox
from layers.errors import Problem
from layers.importers.peaks import peaks_write
from layers.models import Raster, RasterBand
from layers.scratch import scratch_folder
from layers.text import text

CELLS = 400_000_000
"""Cells of all bands together; what is larger is refused before a cell is read."""

BLOCK = 128
"""Rows and columns of a block, which is read for each point that is asked for."""

STEP = 16 * BLOCK
"""Rows and columns that are read at a time."""

RANGES = {"indeks": (0, 1), "m": (0, 1_000), "mmi": (0, 12), "km": (0, 1_000), "%g": (0, 1_000), "cm/s": (0, 10_000)}
"""What values of a unit can be: beyond it a file is of another unit, or a mark of nothing passes for a value."""


def raster_import(
    file: Path, raster: Raster, band: RasterBand, *, number: int | None = None, nodata: float | None = None
) -> Raster:
    """Read one band of a file that GDAL reads.

    Args:
        raster: what is known of it; the file adds CRS, shape and extent.
        band: what its values are; the file adds the statistics.
        number: which band of the file, from 1; may be left out where there is one.
        nodata: the value that means nothing is mapped, for files that do not say; NaN always does.

    Raises:
        Problem: the file cannot be used, or what is said of it is not sound; nothing was written.
    """
    if not file.is_file():
        raise Problem(text(f"Tidak ada berkas {file}.", f"There is no file {file}."))
    with dataset_open(file) as source:
        if number is None and source.count > 1:
            raise Problem(
                text(
                    f"{file.name} memuat {source.count} pita; sebutkan satu dengan --band.",
                    f"{file.name} has {source.count} bands; name one with --band.",
                )
            )
        if not 1 <= (number or 1) <= source.count:
            raise Problem(text(f"Tidak ada pita {number}.", f"There is no band {number}."))
        return raster_store(source, raster, {number or 1: band}, nodata=nodata)


@contextmanager
def dataset_open(file: Path) -> Iterator[DatasetReader]:
    """A file as GDAL reads it.

    Raises:
        Problem: GDAL does not.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", NotGeoreferencedWarning)  # refused below, with the reason
        try:
            with rasterio.open(file) as dataset:
                yield dataset
        except RasterioError as error:
            raise Problem(
                text(
                    f"{file.name} tidak terbaca sebagai raster: {error}", f"{file.name} is no readable raster: {error}"
                )
            ) from error


def _unreadable(name: str, error: RasterioError) -> Problem:
    cause = error.__cause__ or error
    return Problem(text(f"{name} tidak terbaca sebagai raster: {cause}", f"{name} reads as no raster: {cause}"))


def raster_store(
    source: DatasetReader, raster: Raster, bands: dict[int, RasterBand], *, nodata: float | None = None
) -> Raster:
    """Store bands of an open dataset, by number, in place of the raster of the same code.

    Raises:
        Problem: the dataset or what is said of it is not sound; nothing was written.
    """
    _source_check(source, bands, nodata)
    _said_check(raster, bands.values())
    folder = Path(settings.RASTERS_FOLDER)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with scratch_folder(folder, ".import-") as scratch:
            cog = scratch / "cog.tif"
            _cog_write(source, bands, nodata, raster.code, cog)
            with cog.open("rb") as written:
                raster.checksum = file_digest(written, "sha256").hexdigest()
            raster.file = f"{raster.code}-{raster.checksum[:16]}.tif"
            raster.crs = source.crs.to_string()
            raster.width, raster.height = source.width, source.height
            raster.bbox = list(_degrees(source))
            files = {cog: raster.path}
            if raster.square > 1:
                files[peaks := cog.with_name("peaks.tif")] = raster.peaks_path
                peaks_write(cog, raster.square, peaks)
            return _register(raster, list(bands.values()), files)
    except (OSError, RasterioError) as error:
        raise Problem(text(f"{folder} tidak dapat ditulis: {error}", f"{folder} cannot be written: {error}")) from error


def _source_check(source: DatasetReader, bands: dict[int, RasterBand], nodata: float | None) -> None:
    cells = source.width * source.height * len(bands)
    turn = source.transform
    for wrong, words in (
        (
            cells > CELLS,
            text(
                f"{source.width} × {source.height} sel; paling banyak {CELLS:,}. Potong dengan gdalwarp -te.",
                f"{source.width} × {source.height} cells; {CELLS:,} at most. Cut it with gdalwarp -te.",
            ),
        ),
        (
            source.crs is None or turn.is_identity,
            text(
                "Berkas tidak menyebutkan CRS atau letaknya. Beri dengan gdal_translate -a_srs … -a_ullr …",
                "The file says no CRS, or not where it lies. Give them with gdal_translate -a_srs … -a_ullr …",
            ),
        ),
        (
            turn.b or turn.d or turn.a <= 0 or turn.e >= 0,
            text(
                "Raster diputar; jadikan tegak ke utara dengan gdalwarp.", "It is rotated; turn north up with gdalwarp."
            ),
        ),
        (
            any(np.dtype(source.dtypes[number - 1]).kind not in "iuf" for number in bands),
            text("Nilai harus bilangan nyata.", "The values must be real numbers."),
        ),
        (
            nodata is None and any(MaskFlags.all_valid in source.mask_flag_enums[number - 1] for number in bands),
            text(
                "Berkas tidak menyebutkan nilai yang berarti tidak dipetakan. Beri dengan --nodata, mis. -9999 atau "
                "nan; bila semuanya dipetakan, yang tidak muncul di berkas.",
                "The file does not say which value means not mapped. Give it with --nodata, such as -9999 or nan; one "
                "that does not occur where all is mapped.",
            ),
        ),
    ):
        if wrong:
            raise Problem(words)
    try:
        west, south, east, north = _degrees(source)
        home = portal_bbox()
        near = west < home[2] and east > home[0] and south < home[3] and north > home[1]
    except RasterioError:
        near = False
    if not near:
        raise Problem(
            text(
                f"Raster terletak di tempat lain: {source.crs.to_string()[:80]}, {tuple(source.bounds)}.",
                f"The raster lies elsewhere: {source.crs.to_string()[:80]}, {tuple(source.bounds)}.",
            )
        )


def _degrees(source: DatasetReader) -> tuple[float, ...]:
    bounds: tuple[float, ...] = transform_bounds(source.crs, "EPSG:4326", *source.bounds)
    return bounds


def _said_check(raster: Raster, bands: Iterable[RasterBand]) -> None:
    measured = ("file", "checksum", "crs", "width", "height", "bbox", "updated_at")
    statistics = ("raster", "minimum", "mean", "maximum", "deviation", "mapped")
    try:
        raster.clean_fields(exclude=measured)
        raster.validate_constraints(exclude=measured)
        for number, band in enumerate(bands, 1):
            band.number = number
            band.full_clean(exclude=statistics)
    except ValidationError as error:
        told = (f"{name}: {' '.join(words)}" for name, words in error.message_dict.items())
        raise Problem("; ".join(told).replace("__all__: ", "")) from error
    if raster.code in {layer.id for layer in layers()}:
        raise Problem(text(f"{raster.code} adalah nama lapisan.", f"{raster.code} is the name of a layer."))


@dataclass
class _Statistics:
    """Of one band, gathered window by window."""

    cells: int
    count: int = 0
    minimum: float = np.inf
    maximum: float = -np.inf
    total: float = 0.0
    squares: float = 0.0

    def add(self, values: np.ndarray) -> None:
        known = values[~np.isnan(values)].astype(np.float64)
        if known.size:
            self.count += known.size
            self.minimum = min(self.minimum, float(known.min()))
            self.maximum = max(self.maximum, float(known.max()))
            self.total += float(known.sum())
            self.squares += float(np.square(known).sum())

    def tell(self, band: RasterBand) -> None:
        """Write them to the band.

        Raises:
            Problem: no cell has a value, or one has a value that the unit cannot have.
        """
        if not self.count:
            raise Problem(text("Tidak ada sel yang bernilai.", "No cell has a value."))
        low, high = RANGES[band.unit]
        if self.minimum < low or self.maximum > high:
            raise Problem(
                text(
                    f"{band.quantity}: nilai {self.minimum:g} sampai {self.maximum:g} tidak mungkin dalam satuan "
                    f"{band.unit} ({low} sampai {high}). Satuan lain, atau --nodata salah?",
                    f"{band.quantity}: values of {self.minimum:g} to {self.maximum:g} cannot be in {band.unit} "
                    f"({low} to {high}). Is it another unit, or --nodata wrong?",
                )
            )
        band.minimum, band.maximum, band.mean = self.minimum, self.maximum, self.total / self.count
        band.deviation = sqrt(max(self.squares / self.count - band.mean**2, 0))
        band.mapped = self.count / self.cells


def _cog_write(
    source: DatasetReader, bands: dict[int, RasterBand], nodata: float | None, title: str, cog: Path
) -> None:
    """Write the bands as 32-bit floats, NaN where nothing is mapped, and their statistics to ``bands``."""
    plain = cog.with_name("plain.tif")
    profile = {"driver": "GTiff", "width": source.width, "height": source.height, "count": len(bands)}
    profile |= {"dtype": "float32", "nodata": np.nan, "crs": source.crs, "transform": source.transform}
    profile |= {"tiled": True, "blockxsize": BLOCK, "blockysize": BLOCK, "bigtiff": "IF_SAFER"}
    statistics = [_Statistics(source.width * source.height) for _ in bands]
    with rasterio.open(plain, "w", **profile) as target:
        for window in _windows(source, title):
            for number, (index, known) in enumerate(zip(bands, statistics, strict=True), 1):
                values = _read(source, index, window, nodata)
                known.add(values)
                target.write(values, number, window=window)
        for number, band in enumerate(bands.values(), 1):
            target.set_band_description(number, band.quantity)
            target.set_band_unit(number, band.unit)
    for band, known in zip(bands.values(), statistics, strict=True):
        known.tell(band)
    rasterio.shutil.copy(
        plain,
        cog,
        driver="COG",
        compress="ZSTD",
        predictor="STANDARD",  # of floats, too: read in half the time of FLOATING_POINT, and most rasters are smaller
        blocksize=BLOCK,
        overview_resampling="AVERAGE",
        num_threads="ALL_CPUS",
        bigtiff="IF_SAFER",
    )


def _windows(source: DatasetReader, title: str) -> Iterator[Window]:
    columns, rows = ceil(source.width / STEP), ceil(source.height / STEP)
    whole = Window(0, 0, source.width, source.height)
    steps = ((column, row) for row in range(rows) for column in range(columns))
    for column, row in tqdm(steps, title, columns * rows, disable=None, leave=False):
        yield Window(column * STEP, row * STEP, STEP, STEP).intersection(whole)


def _read(source: DatasetReader, index: int, window: Window, nodata: float | None) -> np.ndarray:
    try:
        read = source.read(index, window=window, masked=True)
    except RasterioError as error:
        raise _unreadable(Path(source.name).name, error) from error
    values = np.ma.filled(read.astype(np.float64), np.nan)
    if nodata is not None:
        values[values == nodata] = np.nan
    values = values * source.scales[index - 1] + source.offsets[index - 1]
    values[~np.isfinite(values)] = np.nan
    found: np.ndarray = values.astype(np.float32)
    return found


def _register(raster: Raster, bands: list[RasterBand], files: Mapping[Path, Path]) -> Raster:
    """Put the files in their places and the raster in the database, or neither; no raster is ever without its files.

    Raises:
        Problem: another import of the code, which was new to both, came first.
    """
    with transaction.atomic():
        former = Raster.objects.select_for_update().filter(code=raster.code).first()
        if former:
            raster.pk, raster.created_at = former.pk, former.created_at
            former.bands.all().delete()
        try:
            raster.save()
        except IntegrityError as error:  # all else was checked before
            raise Problem(
                text(
                    f"{raster.code} baru saja dimuat oleh impor lain. Ulangi untuk menggantinya.",
                    f"{raster.code} was just brought in by another import. Run this again to replace it.",
                )
            ) from error
        for band in bands:
            band.raster = raster
        RasterBand.objects.bulk_create(bands)
        # by no other import: from here on they wait for the row of this code
        placed = [place for place in files.values() if not place.exists()]
        try:
            for file, place in files.items():
                os.replace(file, place)
        except BaseException:  # and of no later one: a commit that breaks off may have come to pass
            for place in placed:
                place.unlink(missing_ok=True)
            raise
    if former and former.file != raster.file:
        transaction.on_commit(lambda: _files_remove(former))
    return raster


def raster_remove(raster: Raster) -> None:
    """Take a raster and its bands out of the register, and when that is committed its files.

    A removal that came first, and files that are gone already, are no fault.

    Raises:
        Error: PostgreSQL refuses; the files stay.
        OSError: a file cannot be removed; the register has forgotten the raster all the same.
    """
    with transaction.atomic():
        # read again: an import of the code may have brought other files meanwhile
        known = Raster.objects.select_for_update().filter(pk=raster.pk).first()
        if known:
            known.delete()
            transaction.on_commit(lambda: _files_remove(known))


def _files_remove(raster: Raster) -> None:
    for path in (raster.peaks_path, raster.path):
        path.unlink(missing_ok=True)
