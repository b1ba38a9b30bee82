"""Who carries files away: a database left open, a disk, a folder that nobody thought of."""

from contextlib import suppress
from pathlib import Path
from typing import Final

from visavis.drill.attack import KEYFILE, Attack, Got
from visavis.drill.people import GONE
from visavis.drill.scene import Scene
from visavis.drill.search import every_file
from visavis.drill.thief import guessed, key_tree, opened

_TEMPORARY: Final = (Path("/tmp"), Path("/var/tmp"), Path("/dev/shm"))  # noqa: S108 -- where programs leave things
_MOST_BYTES: Final = 16 * 1024 * 1024
_OLD: Final = frozenset({
    ".bak", ".old", ".orig", ".tmp", ".temp", ".save", ".swp", ".dump", ".sql", ".npy", ".npz", ".pkl", ".pickle",
    ".jpg", ".jpeg", ".png", ".webp", ".heic", ".csv", ".json", ".onnx", ".index", ".faiss",
})  # fmt: skip


def _database(scene: Scene) -> Got:
    early = scene.early.data_dir
    found = {*scene.searcher().files(early), *scene.searcher().files(scene.place.data_dir)}
    loot = guessed(scene.early.database)
    files = list(every_file(early))
    searched = (
        f"Searched every byte of {len(files)} files, write-ahead log included, from when everybody was enrolled and "
        f"from after a withdrawal, for {len(scene.searcher()):,} pieces of templates, names and photos."
    )
    return Got(
        did=(
            searched,
            "Tried keys that people guess on every sealed name, template and key.",
        ),
        usable=(*sorted(map(str, found)), *loot.told()),
        besides=_counted(scene),
    )


def _counted(scene: Scene) -> tuple[str, ...]:
    counted = {
        table: scene.early.sql(f"SELECT count(*) FROM {table}")[0][0]  # noqa: S608 -- our own words
        for table in ("subjects", "receipts", "decisions", "stations")
    }
    counts = ", ".join(f"{count} {table}" for table, count in counted.items())
    return (f"The purpose's text, and numbers: {counts}.",)


def _disk(scene: Scene) -> Got:
    stolen = scene.early.copied(scene.scratch("disk"))
    did = ["Took the data directory, the folder of the key file and the key store, from when everybody was enrolled."]
    root = None
    if stolen.key_file.exists():
        root = bytes.fromhex(stolen.key_file.read_text(encoding="ascii"))
        did.append("Opened the key store with the key file, and with it the subjects' keys.")
    else:
        did.append("Found no key file: the root is in the hands of custodians.")
    tree = None if root is None else key_tree(stolen.key_store, root)
    loot = guessed(stolen.database) if tree is None else opened(stolen.database, tree)
    found = scene.searcher().files(stolen.folder) if root is None else set()
    return Got(did=tuple(did), usable=(*loot.told(), *map(str, sorted(found))))


def _left_behind(scene: Scene) -> Got:
    place = scene.place
    searcher = scene.searcher(GONE)
    found = searcher.files(place.data_dir, place.key_store, place.log)
    with place.opened() as database:
        tables = [row[0] for row in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        cells = 0
        for table in tables:
            for row in database.execute(f'SELECT * FROM "{table}"'):  # noqa: S608 -- names that the database told
                for value in row:
                    cells += 1
                    raw = value if isinstance(value, bytes) else str(value).encode()
                    found |= searcher(raw, place=f"table {table}")
        subject_id = scene.people[GONE].subject_id
        kept = [
            f"a row of the person in {table}"
            for table in ("subjects", "subject_keys", "references", "receipts", "enrolments", "credentials")
            for column in ("id", "subject_id")
            if column in {row[1] for row in database.execute(f'PRAGMA table_info("{table}")')}
            if list(database.execute(f'SELECT 1 FROM "{table}" WHERE {column} = ?', (subject_id,)))  # noqa: S608 -- our own words
        ]
    early = scene.early.sql("SELECT wrapped FROM subject_keys WHERE id = ?", (subject_id,))[0][0]
    if any(early[-32:] in path.read_bytes() for path in every_file(place.data_dir)):
        kept.append("the person's wrapped key, in a page that was not overwritten")
    did = (
        f"Searched all files and {cells} cells of {len(tables)} tables for the photos, templates and name of somebody "
        "who withdrew a moment ago, and for their wrapped key in freed pages."
    )
    return Got(
        did=(did,),
        usable=(*map(str, sorted(found)), *kept),
    )


def _old_formats(scene: Scene) -> Got:
    place = scene.place
    strange = [
        str(path.relative_to(place.data_dir))
        for path in every_file(place.data_dir)
        if path.suffix.lower() in _OLD or path.name.startswith((".", "~")) or path.name.endswith("~")
    ]
    known = {"visavis.db", "visavis.db-wal", "visavis.db-shm", "lock"}
    others = [
        str(path.relative_to(place.data_dir))
        for path in every_file(place.data_dir)
        if path.name not in known and "log" not in path.relative_to(place.data_dir).parts
    ]
    return Got(
        did=("Looked for files of older formats, exports, backups, photos and indexes in the data directory.",),
        usable=tuple(f"the file {name}" for name in sorted({*strange, *others})),
    )


def _temporary(scene: Scene) -> Got:
    begun = scene.place.key_file.parent.stat().st_ctime
    spooled = scene.place.temporary
    found, searched = scene.searcher().files(spooled), len(list(every_file(spooled)))
    for top in _TEMPORARY:
        for path in (path for path in top.iterdir() if path.is_file() and not path.is_symlink()):
            with suppress(OSError):
                if path.stat().st_mtime >= begun and path.stat().st_size <= _MOST_BYTES:
                    found |= scene.searcher()(path.read_bytes(), place=str(path))
                    searched += 1
    return Got(
        did=(
            f"Searched {searched} files: all in the server's temporary folder, and what is new in the machine's.",
            "Looked which temporary files the server has open, deleted ones too.",
        ),
        usable=(*map(str, sorted(found)), *_open_files(scene)),
    )


def _open_files(scene: Scene) -> tuple[str, ...]:
    """Deleted or temporary files that the server holds open, if we may look."""
    held = []
    with_descriptors = Path(f"/proc/{scene.server.pid}/fd")
    try:
        targets = [path.readlink() for path in with_descriptors.iterdir()]
    except OSError:
        return ()
    for target in targets:
        is_temporary = any(target.is_relative_to(top) for top in (*_TEMPORARY, scene.place.temporary))
        is_ours = target.is_relative_to(scene.place.data_dir) or target == scene.place.log
        if (str(target).endswith(" (deleted)") or is_temporary) and not is_ours:
            held.append(f"an open temporary file, {target}")
    return tuple(held)


ATTACKS: Final = (
    Attack(
        name="stolen_database",
        title="The database was left open",
        case="Suprema BioStar 2, 2019: 27.8 million records in an open database",
        had="The data directory at two moments; no key file, no key store.",
        act=_database,
    ),
    Attack(
        name="stolen_disk",
        title="The device is gone, with everything on it",
        case="Perceptics and CBP, 2019: 184,000 faces from an unencrypted device",
        had="The data directory, the folder of the key file and the key store.",
        act=_disk,
        succeeds_in=KEYFILE,
    ),
    Attack(
        name="left_behind",
        title="What a withdrawal left behind",
        case="CompreFace PR 1321: photos stayed when their person was deleted",
        had="Everything in the data directory, after a withdrawal.",
        act=_left_behind,
    ),
    Attack(
        name="old_formats",
        title="An old store that nobody emptied",
        case="Tea, 2025: 72,000 images in a legacy store, kept though the policy said deleted",
        had="The data directory.",
        act=_old_formats,
    ),
    Attack(
        name="temporary_files",
        title="What lies about in temporary folders",
        case="Web frameworks that spool uploads to a temporary folder",
        had="Every temporary folder of the machine, and the list of the server's open files.",
        act=_temporary,
    ),
)
"""All who carry files away."""
