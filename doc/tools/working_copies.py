"""Copies of the lessons to work in: `make lab` opens work/, which git ignores.

So running and saving a lesson changes nothing in git. What a copy was made from is noted in
work/.lessons.json: a copy that nobody has changed follows its lesson, any other is the reader's.
"""

import json
import shutil
import sys
from hashlib import sha256
from pathlib import Path

REPOSITORY = Path(__file__).parents[2]


def refresh(repository: Path = REPOSITORY) -> list[str]:
    """Copy the lessons and what they use; keep every copy that the reader has changed.

    Returns those copies of which the lesson has changed since, too, as paths below work/.
    """
    lessons, work = repository / "notebooks", repository / "work"
    record = work / ".lessons.json"
    made_from = json.loads(record.read_text()) if record.exists() else {}
    outdated = []
    for lesson in sorted(lessons.rglob("*")):
        path = lesson.relative_to(lessons)
        if lesson.is_dir() or any(part.startswith((".", "__")) for part in path.parts):
            continue
        name, copy, now = path.as_posix(), work / path, digest(lesson)
        there = digest(copy) if copy.exists() else None
        if there in (None, now, made_from.get(name)):
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(lesson, copy)
            made_from[name] = now
        elif now != made_from.get(name):
            outdated.append(name)
    record.write_text(json.dumps(made_from, indent=1) + "\n")
    return outdated


def digest(path: Path) -> str:
    """Return the SHA-256 of a file."""
    return sha256(path.read_bytes()).hexdigest()


if __name__ == "__main__":
    try:
        changed = refresh()
    except OSError as error:
        sys.exit(f"work/ can't be written: {error}. It holds your copies of the notebooks.")
    if changed:
        first = Path("work", changed[0])
        print(
            f"Your copies in work/ are kept, but these lessons have changed: {', '.join(changed)}."
            f" To take a new version beside yours: mv {first} {first.with_name('my_' + first.name)}"
            " && make lab"
        )
