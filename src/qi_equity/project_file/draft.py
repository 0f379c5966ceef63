"""A project as far as it can be read, so that one mistake does not hide another."""

from __future__ import annotations

from functools import cache
from typing import Any, get_args, get_origin

from pydantic import BaseModel, TypeAdapter, ValidationError

from qi_equity.project_file.tree import Path
from qi_equity.project_file.words import bare, fields, is_part


class Draft:
    """One part: its fields by name; None where a value is missing or cannot be read.

    >>> from qi_equity.project import Project
    >>> draft = Draft(Project, {"id": 7, "measures": ({"id": "pph"},)})
    >>> draft.id, draft.measures[0].id, draft.measures[0].at("id")
    (None, 'pph', ('measures', 0, 'id'))
    """

    def __init__(self, model: type[BaseModel], data: Any, path: Path = ()) -> None:
        self._path = path
        self._given = data if isinstance(data, dict) else {}
        self._model = model
        for key, field in fields(model).items():
            name = next(name for name, each in model.model_fields.items() if each is field)
            if key in self._given:
                value = self._read(name, field.annotation, self._given[key], (*path, key))
            else:
                value = None if field.is_required() else self._default(model, field)
            setattr(self, name, value)

    def _default(self, model: type[BaseModel], field: Any) -> Any:
        """A field's default, which may depend on the fields before it."""
        before = {name: self.__dict__.get(name) for name in model.model_fields}
        return field.get_default(call_default_factory=True, validated_data=before)

    def __getattr__(self, name: str) -> Any:  # only for the type checker: fields are set above
        raise AttributeError(name)

    def at(self, key: str) -> Path:
        """The path of one of this part's keys."""
        return (*self._path, key)

    def has(self, key: str) -> bool:
        """Whether the key stands in the file, readable or not."""
        return key in self._given

    def _read(self, name: str, annotation: Any, value: Any, path: Path) -> Any:
        kind = bare(annotation, value)
        if get_origin(kind) is tuple and is_part(part := bare(get_args(kind)[0])):
            if not isinstance(value, tuple):
                return None
            return tuple(Draft(part, item, (*path, i)) for i, item in enumerate(value))
        if is_part(kind):
            return Draft(kind, value, path) if isinstance(value, dict) else None
        try:
            kind = self._model.model_fields[name].rebuild_annotation()
            return _adapter(kind).validate_python(value)
        except ValidationError:
            return None


@cache
def _adapter(annotation: Any) -> TypeAdapter[Any]:
    """What reads a kind of value; keys of the same kind share it, for it takes long to make."""
    return TypeAdapter(annotation)
