"""The files of a report, written whole or not at all."""

import json
import os
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from visavis.adapters.evaluation.page import page
from visavis.model.evaluation import OutputExists


def require_new(folder: Path) -> None:
    """Find out before the work begins that its result has no place.

    :raises OutputExists: something lies there, or where its folder should be.
    """
    if folder.exists() and not (folder.is_dir() and not any(folder.iterdir())):
        raise OutputExists(f"There is something at {folder}.")
    if folder.parent.exists() and not folder.parent.is_dir():
        raise OutputExists(f"{folder.parent} is no folder.")


def require_new_file(path: Path) -> None:
    """Find out before the work begins that a report of one file has no place.

    :raises OutputExists: something lies there, or where its folder should be.
    """
    if path.exists() or path.is_symlink():
        raise OutputExists(f"There is something at {path}.")
    if not path.parent.is_dir():
        raise OutputExists(f"{path.parent} is no folder.")


def write_json(path: Path, report: Mapping[str, Any]) -> None:
    """Write a report of one file, whole or not at all.

    :raises OutputExists: something came to lie there. :raises OSError: the disk does not take it.
    """
    require_new_file(path)
    with tempfile.TemporaryDirectory(dir=path.parent, prefix=f".{path.name}.") as scratch:
        made = Path(scratch) / "report.json"
        with made.open("w", encoding="utf-8") as file:
            file.write(as_json(report))
            file.flush()
            os.fsync(file.fileno())
        try:
            os.link(made, path)  # in the place of nothing
        except FileExistsError:
            require_new_file(path)
            raise


def as_json(fields: Mapping[str, Any]) -> str:
    """The one spelling of a report, so that the same figures give the same bytes."""
    return json.dumps(fields, ensure_ascii=False, indent=2, sort_keys=True, allow_nan=False) + "\n"


def write_report(folder: Path, report: Mapping[str, Any], calibration: Mapping[str, Any] | None) -> None:
    """Write ``report.html``, ``report.json`` and ``calibration.json``, the last if there is one.

    :raises OutputExists: something came to lie there. :raises OSError: the disk does not take it.
    """
    require_new(folder)
    files = {"report.html": page(report), "report.json": as_json(report)}
    if calibration is not None:
        files["calibration.json"] = json.dumps(calibration, ensure_ascii=False, indent=2, allow_nan=False) + "\n"
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix=f".{folder.name}.") as scratch:
        made = Path(scratch) / "made"
        made.mkdir()
        for name, text in files.items():
            with (made / name).open("w", encoding="utf-8") as file:
                file.write(text)
                file.flush()
                os.fsync(file.fileno())
        try:
            made.rename(folder)  # in the place of an empty folder, or of none
        except OSError:
            require_new(folder)
            raise
