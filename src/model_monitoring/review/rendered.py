"""A rendered worker template: its part of a page, in a form that processes can pass on."""

from dataclasses import dataclass, field
from typing import Any

from .fields import Field


class TemplateError(ValueError):
    """A worker template can't be used; the message names the line, or the limit it reached."""


@dataclass(frozen=True)
class Rendered:
    """A template ready for the page.

    `submit` is the text of the template's own submit button, if it has one; the page draws the
    button itself.
    """

    html: str
    warnings: list[str]
    fields: list[Field]
    image_hosts: set[str] = field(default_factory=set)
    submit: str = ""

    def as_json(self) -> dict[str, Any]:
        """Return what `of_json` reads: the fields without their controls, which are in the HTML."""
        plain = [
            {name: value for name, value in vars(field).items() if name != "controls"}
            for field in self.fields
        ]
        return vars(self) | {"fields": plain, "image_hosts": sorted(self.image_hosts)}

    @classmethod
    def of_json(cls, found: dict[str, Any]) -> "Rendered":
        """Read what `as_json` returned."""
        fields = [Field(**each) for each in found["fields"]]
        return cls(**found | {"fields": fields, "image_hosts": set(found["image_hosts"])})
