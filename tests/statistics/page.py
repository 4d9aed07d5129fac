"""The page of statistics, doc/statistics.md: each script writes its own section."""

from pathlib import Path

PAGE = Path(__file__).resolve().parents[2] / "doc" / "statistics.md"


def write(name: str, text: str) -> None:
    """Put a section between its two marks; append it if the page doesn't have it yet."""
    start, end = f"<!-- {name} -->", f"<!-- /{name} -->"
    section = f"{start}\n{text.strip()}\n{end}\n"
    page = PAGE.read_text(encoding="utf-8")
    if start not in page:
        page = f"{page.rstrip()}\n\n{start}\n{end}\n"
    before, rest = page.split(start)
    after = rest.split(f"{end}\n")[1]
    PAGE.write_text(before + section + after, encoding="utf-8")
