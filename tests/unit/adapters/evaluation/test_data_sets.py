"""Data sets as they lie on a disk: folders, pairs and labels, and what is refused of them."""

from pathlib import Path

import pytest

from visavis.adapters.evaluation.open import open_data_set
from visavis.model.evaluation import (
    DataSetEmpty,
    DataSetUnreadable,
    EvaluationRefused,
    LabelsMalformed,
    PairsMalformed,
    PairsPhotoMissing,
)

PRIVATE = "Ann_Ex"


def put(root: Path, *files: str) -> Path:
    for name in files:
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(name.encode())
    return root


def refused(kind: type[EvaluationRefused], place: Path, **more: Path) -> str:
    with pytest.raises(kind) as found:
        open_data_set(place, **more)
    assert PRIVATE not in str(found.value)
    assert found.value.mend
    return found.value.detail


def test_a_folder_per_person_is_read_in_the_order_of_names_with_folders_within(tmp_path: Path) -> None:
    put(tmp_path, "b/2.JPG", "b/1.jpg", "a/frontal/1.png", "a/notes.txt", "stray.jpg", ".git/x/y.jpg", "c/.hidden.jpg")
    data = open_data_set(tmp_path)
    assert data.listing.people.tolist() == [0, 1, 1]
    assert [data.read(photo) for photo in range(3)] == [b"a/frontal/1.png", b"b/1.jpg", b"b/2.JPG"]
    assert data.listing.not_photos == 2
    assert data.listing.pairs == ()


def test_a_folder_without_photos_of_people_is_empty(tmp_path: Path) -> None:
    refused(DataSetEmpty, put(tmp_path, "stray.jpg", "a/notes.txt"))


def test_a_photo_that_went_is_told_by_its_number(tmp_path: Path) -> None:
    data = open_data_set(put(tmp_path, f"{PRIVATE}/1.jpg", f"{PRIVATE}/2.jpg"))
    (tmp_path / PRIVATE / "2.jpg").unlink()
    with pytest.raises(DataSetUnreadable, match="Photo 2 of the set") as found:
        data.read(1)
    assert PRIVATE not in str(found.value)


def lfw(root: Path, *lines: str) -> Path:
    path = root / "pairs.txt"
    path.write_text("\n".join(["1", *lines]) + "\n")
    return path


def test_lfw_pairs_mean_photos_beside_them_or_where_it_is_said(tmp_path: Path) -> None:
    put(tmp_path / "photos", f"{PRIVATE}/{PRIVATE}_0001.jpg", f"{PRIVATE}/{PRIVATE}_0002.PNG".lower(), "b/b_0001.jpg")
    put(tmp_path / "photos", f"{PRIVATE}/{PRIVATE}_0002.png")
    path = lfw(tmp_path, f"{PRIVATE} 1 2", f"{PRIVATE} 2 b 1")
    listing = open_data_set(path, photos=tmp_path / "photos").listing
    (pairs,) = listing.pairs
    assert (pairs.first.tolist(), pairs.second.tolist()) == ([0, 1], [1, 2])
    assert pairs.is_same.tolist() == [True, False]
    assert listing.people.tolist() == [0, 0, 1]
    assert "line 2" in refused(PairsPhotoMissing, path)


@pytest.mark.parametrize("name", ["../outside", "..", "a\0b", "x" * 5000])
def test_no_line_leads_out_of_the_folder_of_photos(tmp_path: Path, name: str) -> None:
    put(tmp_path, "outside/outside_0001.jpg", "outside/outside_0002.jpg")
    put(tmp_path / "photos", "b/b_0001.jpg", "b/b_0002.jpg")
    path = lfw(tmp_path, "b 1 2", f"b 1 {name} 1")
    assert "line 3" in refused(PairsPhotoMissing, path, photos=tmp_path / "photos")


@pytest.mark.parametrize("name", ["../outside/a.jpg", "b/../../outside/a.jpg", "{}/outside/a.jpg"])
def test_no_path_leads_out_of_the_folder_of_photos(tmp_path: Path, name: str) -> None:
    put(tmp_path, "outside/a.jpg")
    put(tmp_path / "photos", "b/1.jpg")
    path = csv_pairs(tmp_path, f"b/1.jpg,{name.format(tmp_path)},0")
    assert "line 2" in refused(PairsPhotoMissing, path, photos=tmp_path / "photos")


def csv_pairs(root: Path, *lines: str) -> Path:
    path = root / "pairs.csv"
    path.write_text("\n".join(["first,second,same", *lines]) + "\n", encoding="utf-8-sig")
    return path


def test_photos_that_pairs_join_are_one_persons_and_those_of_one_folder_too(tmp_path: Path) -> None:
    put(tmp_path, "a/1.jpg", "a/2.jpg", "b/1.jpg", "c/1.jpg")
    path = csv_pairs(tmp_path, "a/1.jpg,b/1.jpg,0", "a/2.jpg,b/1.jpg,0", "b/1.jpg,c/1.jpg,1")
    people = open_data_set(path).listing.people
    assert people[0] == people[2], "two photos in one folder"
    assert people[1] == people[3], "one person in two folders"
    assert people[0] != people[1]


def test_in_a_flat_folder_only_pairs_say_who_is_one_person(tmp_path: Path) -> None:
    put(tmp_path, "1.jpg", "2.jpg", "3.jpg")
    people = open_data_set(csv_pairs(tmp_path, "1.jpg,2.jpg,1", "1.jpg,3.jpg,0")).listing.people
    assert people.tolist() == [0, 0, 1]


def test_pairs_that_contradict_each_other_are_refused_by_line(tmp_path: Path) -> None:
    put(tmp_path, "1.jpg", "2.jpg", "3.jpg")
    path = csv_pairs(tmp_path, "1.jpg,2.jpg,1", "2.jpg,3.jpg,1", "1.jpg,3.jpg,0")
    assert "pairs.csv, line 4" in refused(PairsMalformed, path)


def test_a_photo_named_in_two_ways_is_one_and_is_not_compared_with_itself(tmp_path: Path) -> None:
    put(tmp_path, "a/1.jpg", "a/2.jpg")
    listing = open_data_set(csv_pairs(tmp_path, "a/1.jpg,a/2.jpg,1", "a/../a/1.jpg,a/2.jpg,1")).listing
    assert listing.people.tolist() == [0, 0]
    assert "line 2" in refused(PairsMalformed, csv_pairs(tmp_path, "a/1.jpg,a/../a/1.jpg,1"))


def test_a_set_may_be_put_together_of_links_to_people(tmp_path: Path) -> None:
    put(tmp_path / "all", "a/1.jpg", "a/2.jpg", "b/1.jpg")
    (tmp_path / "all" / "a" / "round").symlink_to(tmp_path / "all" / "a", target_is_directory=True)
    (tmp_path / "some").mkdir()
    (tmp_path / "some" / "a").symlink_to(tmp_path / "all" / "a", target_is_directory=True)
    assert len(open_data_set(tmp_path / "some").listing.people) == 2
    path = csv_pairs(tmp_path, "a/1.jpg,a/2.jpg,1")
    assert len(open_data_set(path, photos=tmp_path / "some").listing.people) == 2


def cfp(root: Path) -> Path:
    photos = {
        letter: [f"../Data/Images/{person:03}/{kind}/{number:02}.jpg" for person in (1, 2) for number in (1, 2)]
        for letter, kind in (("F", "frontal"), ("P", "profile"))
    }
    for letter, paths in photos.items():
        put(root / "Protocol", *paths)
        lines = [f"{number} {path}" for number, path in enumerate(paths, start=1)]
        (root / "Protocol" / f"Pair_list_{letter}.txt").write_text("\n".join(lines))
    for part in ("FF", "FP"):
        for fold in ("01", "02"):
            folder = root / "Protocol" / "Split" / part / fold
            folder.mkdir(parents=True)
            (folder / "same.txt").write_text("1,2\n3,4\n")
            (folder / "diff.txt").write_text("1,3\n")
    return root


def test_cfp_is_read_by_its_splits_from_either_folder(tmp_path: Path) -> None:
    for place in (cfp(tmp_path), tmp_path / "Protocol"):
        listing = open_data_set(place).listing
        assert [pairs.name for pairs in listing.pairs] == ["FF", "FP"]
        assert [len(pairs.first) for pairs in listing.pairs] == [6, 6]
        assert listing.pairs[1].fold.tolist() == [0, 0, 0, 1, 1, 1]
        assert len(set(listing.people.tolist())) == 2, "a person's frontal and profile photos are that person's"
        assert len(listing.people) == 4 + 3


def test_a_wrong_cfp_split_is_told_with_its_folder(tmp_path: Path) -> None:
    root = cfp(tmp_path)
    (root / "Protocol" / "Split" / "FP" / "02" / "diff.txt").write_text("1,3\n1,99\n")
    assert "Split/FP/02/diff.txt, line 2" in refused(PairsMalformed, root)
    (root / "Protocol" / "Split" / "FP" / "02" / "diff.txt").unlink()
    assert "Split/FP/02/diff.txt: No such file" in refused(DataSetUnreadable, root)
    (root / "Protocol" / "Split" / "AF").mkdir()
    assert "Split/AF" in refused(PairsMalformed, root)


def test_text_that_is_none_is_told_with_its_line(tmp_path: Path) -> None:
    (tmp_path / "pairs.txt").write_bytes(b"1\nAnn_Ex 1 2\nAnn_Ex 1 \xff 2\n")
    assert "pairs.txt, line 3" in refused(DataSetUnreadable, tmp_path / "pairs.txt")


def labels(root: Path, *lines: str) -> Path:
    path = root / "labels.csv"
    path.write_text("\n".join(lines) + "\n")
    return path


def test_groups_come_by_person_or_by_file(tmp_path: Path) -> None:
    folder = put(tmp_path / "set", "a/1.jpg", "a/2.jpg", "b/1.jpg")
    listing = open_data_set(folder, labels=labels(tmp_path, "person,group", "b,new", "a,old", "z,old")).listing
    assert listing.groups == ("new", "old")
    assert listing.group is not None
    assert listing.group.tolist() == [1, 1, 0]
    by_file = open_data_set(folder, labels=labels(tmp_path, "file,group", "a/2.jpg,x", "", "a/2.jpg,x")).listing
    assert by_file.group is not None
    assert by_file.group.tolist() == [-1, 0, -1]


@pytest.mark.parametrize(
    ("lines", "line"),
    [
        (["name,group", "a,x"], 1),
        ([""], 1),
        (["person,group", "a"], 2),
        (["person,group", "a,"], 2),
        (["person,group", "a,x", "a,y"], 3),
        (["person,group", f"a,{'x' * 61}"], 2),
        (["person,group", f'{PRIVATE},"x"y'], 2),
        (["person,group", "nobody,x"], None),
    ],
)
def test_wrong_labels_are_told_with_their_line(tmp_path: Path, lines: list[str], line: int | None) -> None:
    folder = put(tmp_path / "set", "a/1.jpg")
    told = refused(LabelsMalformed, folder, labels=labels(tmp_path, *lines))
    assert f"labels.csv, line {line}: " in told if line else "no line is about" in told
