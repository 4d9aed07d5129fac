"""An answer that a form asks for, and the part of it that is passed between processes."""

from dataclasses import dataclass, field


@dataclass
class Field:
    """One answer of a form.

    `wire` is the name of its controls in the page, `key` the name in the template. `controls` are
    lxml elements; they stay in the process that renders.
    """

    key: str
    wire: str
    kind: str  # text, texts, number, radio or checkbox (options true or false), label, labels
    required: bool = False
    options: dict[str, str] = field(default_factory=dict)  # value sent -> value in the answer
    controls: list = field(default_factory=list, repr=False, compare=False)
