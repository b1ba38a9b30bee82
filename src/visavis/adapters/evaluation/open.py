"""What somebody names on the command line, read as a data set."""

from pathlib import Path

from visavis.adapters.evaluation.folder import LabelledFiles, listed, read_folder
from visavis.adapters.evaluation.labels import with_groups
from visavis.adapters.evaluation.protocols import is_cfp, open_cfp, open_pairs_file
from visavis.model.evaluation import LabelsMalformed


def open_data_set(path: Path, *, photos: Path | None = None, labels: Path | None = None) -> LabelledFiles:
    """The data set at ``path``.

    1. A folder with CFP's lists, or with a folder ``Protocol`` that has them, is read by its splits.
    2. Any other folder has a folder for each person.
    3. A file has pairs: CSV by its name, LFW's form otherwise.

    :param photos: where the photos of a file of pairs lie; beside it if not given.
    :param labels: groups, for a folder per person.
    :raises EvaluationRefused: the leaf says what is wrong, and where.
    """
    # 1
    for lists, beside in ((path, path.parent), (path / "Protocol", path)):
        if is_cfp(lists):
            _without(labels)
            return open_cfp(lists, photos=photos or beside)
    # 2
    if path.is_dir():
        files, names, left = read_folder(path)
        listing = listed(names, left)
        if labels is not None:
            inside = [file.relative_to(path).as_posix() for file in files]
            listing = with_groups(listing, labels, names=names, files=inside)
        return LabelledFiles(files, listing)
    # 3
    _without(labels)
    return open_pairs_file(path, photos=photos or path.parent)


def _without(labels: Path | None) -> None:
    if labels is not None:
        raise LabelsMalformed(f"{labels.name}: groups are compared within a folder per person, and not by pairs.")
