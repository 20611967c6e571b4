"""The admin: every layer of the catalogue, with a map that asks no server but the portal."""

from collections.abc import Callable
from contextlib import suppress
from datetime import date, datetime, time
from functools import wraps
from math import log2
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.widgets import AdminSplitDateTime
from django.contrib.gis.admin import GISModelAdmin
from django.contrib.gis.db.models import GeometryField
from django.contrib.gis.forms import OSMWidget
from django.contrib.gis.gdal import GDALException
from django.contrib.gis.geos import GEOSGeometry
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import IntegrityError, models, transaction
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils.formats import localize
from django.utils.functional import lazy
from django.utils.html import format_html
from django.utils.text import capfirst, format_lazy
from django.utils.timezone import localtime

from layers.catalog import Layer, layers, portal_title
from layers.errors import Problem
from layers.models import Feature
from layers.models.fields import CodesField
from layers.models.geometry import SRID
from layers.query.history import Edit, State, deleted_fetch, histories_fetch, item_restore, value_read
from layers.query.journal import actor_set
from layers.query.values import id_parse
from layers.text import text

admin.site.site_title = lazy(portal_title, str)()
admin.site.site_header = format_lazy("{}: admin", admin.site.site_title)
admin.site.index_title = text("Data dan pengguna", "Data and users")

IDENTITY = ("code", "name")
PLACE = ("geom", "address", "area", "declared_area")
ORIGIN = ("source", "observed_at", "created_at", "updated_at")
EDITS = 50
"""Edits on a page of a feature's history, and features on a page of the deleted ones."""

DRAWING = text(
    "Klik untuk menggambar, klik ganda untuk menutup poligon. Geser titik untuk memindahkannya; Shift+klik menghapus "
    "sudut poligon.",
    "Click to draw, double-click to close a polygon. Drag a point to move it; Shift-click removes a polygon's corner.",
)


CHANGED_MEANWHILE = text(
    "Sementara halaman ini terbuka, fitur ini diubah dari tempat lain; lihat Riwayat. Tidak ada yang disimpan: "
    '<a href="{here}">buka lagi seperti keadaannya sekarang</a>, lalu ubah lagi.',
    "While this page was open, the feature was changed elsewhere; see its history. Nothing was stored: "
    '<a href="{here}">open it as it is now</a>, then make your change again.',
)


RENEWED = text(
    "{}: diisi dengan saat ini, sebab data berubah dan waktunya tidak. Ubahlah bila data itu lebih lama.",
    "{}: set to the present, for the data changed and its time did not. Change it if the data are older.",
)


class MapWidget(OSMWidget):
    """Django's map for drawing, over the outlines of the kecamatan instead of another server's tiles."""

    template_name = "layers/map_widget.html"
    map_srid = SRID

    class Media:
        extend = False
        css = {"all": ["vendor/ol/ol.css", "gis/css/ol3.css", "layers/admin.css"]}
        js = ["vendor/ol/dist/ol.js", "layers/map.js", "gis/js/OLMapWidget.js", "layers/admin.js"]

    def deserialize(self, value: str) -> GEOSGeometry | None:
        """Longitude, latitude, whatever CRS the text names: GDAL's transformation never ends on absurd coordinates."""
        try:
            geom: GEOSGeometry | None = super().deserialize(value)
        except GDALException:
            return None
        if geom:
            geom.srid = SRID
        return geom


class MomentWidget(AdminSplitDateTime):
    """Day and time of day. The last day of the calendar has no local time, and PostgreSQL's infinity is read as it."""

    def decompress(self, value: Any) -> tuple[date | None, time | None]:
        try:
            return super().decompress(value)
        except OverflowError:
            return value.date(), value.time()


class FeatureForm(forms.ModelForm):
    """A page sends all values as they were when it was opened: what others changed since would be undone."""

    opened = forms.CharField(widget=forms.HiddenInput, required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance.pk:
            self.initial["opened"] = self.instance.updated_at.isoformat()

    def clean(self) -> dict[str, Any] | None:
        """
        Raises:
            ValidationError: the feature has changed since the page was opened. Where it has not, it stays locked.
        """
        cleaned = super().clean()
        for field in self._meta.model._meta.local_concrete_fields:
            is_same = field.name in self.cleaned_data and field.name not in self.changed_data
            if self.instance.pk and is_same:  # a page has no microseconds, and its own order of what is ticked
                self.cleaned_data[field.name] = getattr(self.instance, field.name)
        given = {name: self.cleaned_data.get(name) for name in self.changed_data}
        self.renewed = self.instance.times_renewed(given) if self.instance.pk else {}
        self.cleaned_data |= self.renewed
        features = self._meta.model._default_manager
        changed_at = features.select_for_update().filter(pk=self.instance.pk).values_list("updated_at", flat=True)
        if self.instance.pk and [self.data.get("opened")] != [moment.isoformat() for moment in changed_at]:
            raise ValidationError(format_html(CHANGED_MEANWHILE, here=""))  # reloading would send the same again
        return cleaned


def twice[**P](view: Callable[P, HttpResponse]) -> Callable[P, HttpResponse]:
    """Answer anew where somebody stored the same code or feature in the same moment: now the form sees it."""

    @wraps(view)
    def answer(*args: P.args, **kwargs: P.kwargs) -> HttpResponse:
        try:
            return view(*args, **kwargs)
        except IntegrityError:
            return view(*args, **kwargs)

    return answer


class FeatureAdmin(GISModelAdmin):
    """The admin of one layer."""

    layer: Layer
    form = FeatureForm
    gis_widget = MapWidget  # type: ignore[assignment]  # the stubs name an instance; Django takes the class
    formfield_overrides = {
        models.URLField: {"assume_scheme": "https"},
        models.DateTimeField: {"form_class": forms.SplitDateTimeField, "widget": MomentWidget},
    }
    date_hierarchy = "observed_at"
    change_list_template = "admin/layers/change_list.html"
    list_per_page = 50
    show_full_result_count = False  # it would count the whole table once more

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        actor_set(request.user.get_username())
        super().save_model(request, obj, form, change)
        for name in form.renewed:
            label = capfirst(obj._meta.get_field(name).verbose_name)
            self.message_user(request, str(RENEWED).format(label), messages.INFO)

    @twice
    def changeform_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        return super().changeform_view(request, *args, **kwargs)

    @twice
    def history_view(self, request: HttpRequest, object_id: str, extra_context: Any = None) -> HttpResponse:
        """What the journal knows of a feature, deleted ones too; a POST with ``edit`` puts back what was before it."""
        id, offset = id_parse(object_id), id_parse(request.GET.get("offset", "0")) or 0
        if not self.has_view_or_change_permission(request):
            raise PermissionDenied
        if id is None:
            raise Http404
        feature = self.get_object(request, object_id)
        editable = self.has_change_permission(request) and (feature or self.has_add_permission(request))
        if request.method == "POST":
            if not editable:
                raise PermissionDenied
            edit, newest = (id_parse(request.POST.get(name, "")) for name in ("edit", "newest"))
            self._restore(request, id, edit or 0, newest)
            return HttpResponseRedirect(request.get_full_path())
        known = histories_fetch(self.layer, [id]).get(id, [])
        edits = known[offset : offset + EDITS + 1]
        if not edits and not feature:
            return super().history_view(request, object_id, extra_context)
        context = {
            **self.admin_site.each_context(request),
            "title": text(f"Riwayat: {feature or object_id}", f"History: {feature or object_id}"),
            "opts": self.opts,
            "feature": feature,
            "edits": [(edit, changes_told(self.model, edit)) for edit in edits[:EDITS]],
            "editable": editable,
            "newest": known[0].id if known else None,
            "older": offset + EDITS if len(edits) > EDITS else None,
        }
        return TemplateResponse(request, "admin/layers/object_history.html", context)

    def get_urls(self) -> list[Any]:
        name = f"{self.opts.app_label}_{self.opts.model_name}_deleted"
        return [path("deleted/", self.admin_site.admin_view(self.deleted_view), name=name), *super().get_urls()]

    def deleted_view(self, request: HttpRequest) -> HttpResponse:
        """The features that were deleted, each with the way to its history, where it can be had back."""
        if not self.has_view_or_change_permission(request):
            raise PermissionDenied
        offset = id_parse(request.GET.get("offset", "0")) or 0
        deleted = deleted_fetch(self.layer, EDITS + 1, offset)
        context = {
            **self.admin_site.each_context(request),
            "title": text(f"Dihapus: {self.opts.verbose_name_plural}", f"Deleted: {self.opts.verbose_name_plural}"),
            "opts": self.opts,
            "deleted": deleted[:EDITS],
            "older": offset + EDITS if len(deleted) > EDITS else None,
        }
        return TemplateResponse(request, "admin/layers/deleted.html", context)

    def _restore(self, request: HttpRequest, id: int, edit: int, newest: int | None) -> None:
        try:
            with transaction.atomic():
                actor_set(request.user.get_username())
                feature = item_restore(self.layer, id, edit, newest)
                words = text("Keadaan lama dikembalikan.", "The old state was put back.")
                self.log_change(request, feature, str(words))
        except (Problem, ValidationError) as error:
            told = error.detail if isinstance(error, Problem) else " ".join(error.messages)
            self.message_user(request, str(told), messages.ERROR)
        else:
            self.message_user(request, str(words), messages.SUCCESS)

    def response_delete(self, request: HttpRequest, obj_display: str, obj_id: Any) -> HttpResponse:
        self._way_back(request)
        return super().response_delete(request, obj_display, obj_id)

    def delete_model(self, request: HttpRequest, obj: Any) -> None:
        actor_set(request.user.get_username())
        super().delete_model(request, obj)

    @transaction.atomic  # unlike the two above, which Django's views call inside of a transaction
    def delete_queryset(self, request: HttpRequest, queryset: Any) -> None:
        actor_set(request.user.get_username())
        super().delete_queryset(request, queryset)
        self._way_back(request)

    def _way_back(self, request: HttpRequest) -> None:
        """Say where what was just deleted can be had back."""
        address = reverse(f"admin:{self.opts.app_label}_{self.opts.model_name}_deleted")
        words = text("Yang dihapus dapat dikembalikan", "What was deleted can be had back")
        self.message_user(request, format_html('<a href="{}">{}</a>', address, words), messages.INFO)

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        """What, where, source and time, and personal data apart; of a new feature nothing is computed yet."""
        hidden = [] if obj else self.readonly_fields
        names = [name for name in _names(self.model) if name not in hidden]
        personal = self.model.restricted
        what = [name for name in names if name not in (*IDENTITY, *PLACE, *ORIGIN, *personal)]
        opened = ["opened"] if obj else []
        sets = [
            (text("Keterangan", "Description"), [*IDENTITY, *what, *opened], []),
            (text("Lokasi", "Location"), _among(names, *PLACE), []),
            (text("Sumber dan waktu", "Source and time"), _among(names, *ORIGIN), []),
            (text("Data pribadi, tidak dipublikasikan", "Personal data, never published"), [*personal], ["collapse"]),
        ]
        return [(title, {"fields": fields, "classes": classes}) for title, fields, classes in sets if fields]

    def formfield_for_dbfield(self, db_field: models.Field, request: HttpRequest, **kwargs: Any) -> Any:
        """A list of codes is ticked, not typed; the map says how to draw on it."""
        if isinstance(db_field, GeometryField):
            kwargs["help_text"] = DRAWING
        if not isinstance(db_field, CodesField):
            return super().formfield_for_dbfield(db_field, request, **kwargs)
        return forms.MultipleChoiceField(
            choices=db_field.base_field.flatchoices,
            label=capfirst(db_field.verbose_name),
            help_text=db_field.help_text,
            required=False,
            widget=forms.CheckboxSelectMultiple,
        )


def changes_told(model: type[Feature], edit: Edit) -> list[tuple[Any, str, str]]:
    """Label, old and new value, in words, of what people set; what the database computes follows from it."""
    fields = [field for field in model._meta.local_concrete_fields if field.editable and not field.primary_key]
    told = [
        (field.verbose_name, _told(field, edit.old), _told(field, edit.new))
        for field in fields
        if field.column in edit.old or field.column in edit.new
    ]
    return [(capfirst(label), old, new) for label, old, new in told if old or new]


def _told(field: Any, state: State) -> str:
    try:
        value = value_read(field, state[field.column]) if state.get(field.column) not in (None, "") else None
    except ValidationError:  # what PostgreSQL knows and Python does not, such as infinity
        return str(state[field.column])
    if isinstance(field, GeometryField):
        return value.wkt if value else ""
    if isinstance(field, CodesField):
        labels = dict(field.base_field.flatchoices)
        return ", ".join(str(labels.get(code, code)) for code in value or [])
    if value is None:
        return ""
    if isinstance(value, datetime):
        with suppress(OverflowError):  # at the end of the calendar
            value = localtime(value)
    return str(localize(dict(field.flatchoices).get(value, value)))


def _options(layer: Layer) -> dict[str, Any]:
    """What the admin lists, searches and filters by follows from the fields of the layer's model."""
    names, fields = _names(layer.model), layer.model._meta.fields
    codes = [field.name for field in fields if field.choices]
    flags = [field.name for field in fields if isinstance(field, models.BooleanField)]
    return {
        "layer": layer,
        "list_display": [*IDENTITY, *codes, *_among(names, "area", "observed_at", "updated_at")],
        "list_filter": [*codes, *flags],
        "search_fields": [*IDENTITY, *_among(names, "area", "declared_area")],
        "readonly_fields": [field.name for field in fields if not field.editable],
        "gis_widget_kwargs": {"attrs": _view(layer)},
    }


def _view(layer: Layer) -> dict[str, float]:
    """Centre and zoom at which a map 600 pixels wide shows the layer's extent."""
    west, south, east, north = layer.bbox
    zoom = int(log2(600 / 256 * 360 / (east - west)))
    return {"default_lon": (west + east) / 2, "default_lat": (south + north) / 2, "default_zoom": zoom}


def _names(model: type[Feature]) -> list[str]:
    return [field.name for field in model._meta.fields if not field.primary_key]


def _among(names: list[str], *wanted: str) -> list[str]:
    return [name for name in wanted if name in names]


for layer in layers():
    admin.site.register(layer.model, FeatureAdmin, **_options(layer))
