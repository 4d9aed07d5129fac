"""An answer that a form asks for, and what of it passes between processes."""

from dataclasses import dataclass, field


@dataclass
class Field:
    """One answer of a form.

    `wire` is the name that its controls have in the page, `key` the name that the template gave
    it. `controls` are lxml's elements; they stay in the process that renders.
    """

    key: str
    wire: str
    kind: str  # text, texts, number, radio or checkbox (options true or false), label, labels
    required: bool = False
    options: dict[str, str] = field(default_factory=dict)  # value sent -> value in the answer
    controls: list = field(default_factory=list, repr=False, compare=False)
