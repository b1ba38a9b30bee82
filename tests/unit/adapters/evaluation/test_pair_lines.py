"""Files of pairs: what is read of them, and that every wrong line is named by file and number, and nobody by name."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from visavis.adapters.evaluation.pair_lines import Pair, read_cfp_list, read_cfp_split, read_csv, read_lfw
from visavis.model.evaluation import PairsMalformed

LFW = ["2\t1", "Ann_Ex\t1\t12", "Ann_Ex\t2\tBea_Why\t3", "Cec_Zed\t4\t5", "Cec_Zed\t4\tDee\t1", ""]
CSV = ["first,second,same,fold", "a/1.jpg,a/2.jpg,1,3", "a/1.jpg,b/1.jpg,0,3", "c/1.jpg,c/2.jpg,yes,7"]
LISTS = ({1: "../Data/Images/001/frontal/01.jpg", 2: "../Data/Images/002/frontal/01.jpg"}, {7: "p/7.jpg"})


def told(pairs: list[Pair]) -> list[tuple[str, str, bool, int, int]]:
    return [(pair.first, pair.second, pair.is_same, pair.fold, pair.line) for pair in pairs]


def test_lfw_pairs_are_read_fold_by_fold() -> None:
    assert told(read_lfw(LFW, file="pairs.txt")) == [
        ("Ann_Ex/Ann_Ex_0001", "Ann_Ex/Ann_Ex_0012", True, 0, 2),
        ("Ann_Ex/Ann_Ex_0002", "Bea_Why/Bea_Why_0003", False, 0, 3),
        ("Cec_Zed/Cec_Zed_0004", "Cec_Zed/Cec_Zed_0005", True, 1, 4),
        ("Cec_Zed/Cec_Zed_0004", "Dee/Dee_0001", False, 1, 5),
    ]


def test_a_list_without_folds_has_one() -> None:
    pairs = read_lfw(["1", "Ann 1 2", "Ann 1 Bea 2"], file="pairsDevTest.txt")
    assert [pair.fold for pair in pairs] == [0, 0]


def test_csv_folds_count_from_0_and_may_be_left_out() -> None:
    assert [(p.is_same, p.fold) for p in read_csv(CSV, file="x.csv")] == [(True, 0), (False, 0), (True, 1)]
    without = read_csv(["second,same,first", "b.jpg,true,a.jpg"], file="x.csv")
    assert told(without) == [("a.jpg", "b.jpg", True, 0, 2)]


def test_cfp_splits_name_photos_by_their_lists() -> None:
    lines = ["1 ../Data/Images/001/frontal/01.jpg", "2 ..\\Data\\Images\\002\\frontal\\01.jpg", ""]
    first = read_cfp_list(lines, file="F")
    assert first == LISTS[0]
    (pair,) = read_cfp_split(["2,7"], lists=(first, LISTS[1]), is_same=False, fold=3, file="Split/FP/04/diff.txt")
    assert told([pair]) == [(LISTS[0][2], "p/7.jpg", False, 3, 1)]


WRONG: list[tuple[Callable[[list[str]], Any], list[str], int]] = [
    (lambda lines: read_lfw(lines, file="f.x"), [], 1),
    (lambda lines: read_lfw(lines, file="f.x"), ["ten\t300"], 1),
    (lambda lines: read_lfw(lines, file="f.x"), ["1\t2\t3"], 1),
    (lambda lines: read_lfw(lines, file="f.x"), ["0"], 1),
    (lambda lines: read_lfw(lines, file="f.x"), LFW[:-2], 4),
    (lambda lines: read_lfw(lines, file="f.x"), [*LFW, "Ann_Ex\t1\t2"], 7),
    (lambda lines: read_lfw(lines, file="f.x"), [LFW[0], LFW[1], LFW[1], *LFW[3:]], 3),
    (lambda lines: read_lfw(lines, file="f.x"), [*LFW[:2], "Ann_Ex\t2\tBea_Why\t-3", *LFW[3:]], 3),
    (lambda lines: read_lfw(lines, file="f.x"), [*LFW[:2], "Ann_Ex\t2\tAnn_Ex\t3", *LFW[3:]], 3),
    (lambda lines: read_lfw(lines, file="f.x"), [LFW[0], "Ann_Ex\t1\t\u0661", *LFW[2:]], 2),
    (lambda lines: read_csv(lines, file="f.x"), [], 1),
    (lambda lines: read_csv(lines, file="f.x"), ["first,second", "a,b"], 1),
    (lambda lines: read_csv(lines, file="f.x"), CSV[:1], 1),
    (lambda lines: read_csv(lines, file="f.x"), [*CSV, "a/1.jpg,b.jpg,maybe,1"], 5),
    (lambda lines: read_csv(lines, file="f.x"), [*CSV, "a/1.jpg,,1,1"], 5),
    (lambda lines: read_csv(lines, file="f.x"), [*CSV, "a/1.jpg,b.jpg,1,1,more"], 5),
    (lambda lines: read_csv(lines, file="f.x"), [*CSV, "a/1.jpg,b.jpg,1"], 5),
    (lambda lines: read_csv(lines, file="f.x"), [*CSV, "a/1.jpg,a/1.jpg,1,1"], 5),
    (lambda lines: read_csv(lines, file="f.x"), [*CSV, 'a/1.jpg,"b"c,1,1'], 5),
    (lambda lines: read_cfp_list(lines, file="f.x"), ["1 a.jpg", "2"], 2),
    (lambda lines: read_cfp_list(lines, file="f.x"), ["1 a.jpg", "1 b.jpg"], 2),
    (lambda lines: read_cfp_list(lines, file="f.x"), ["Ann_Ex a.jpg"], 1),
    (lambda lines: read_cfp_split(lines, lists=LISTS, is_same=True, fold=0, file="f.x"), ["1,7", "1"], 2),
    (lambda lines: read_cfp_split(lines, lists=LISTS, is_same=True, fold=0, file="f.x"), ["1,8"], 1),
    (lambda lines: read_cfp_split(lines, lists=LISTS, is_same=True, fold=0, file="f.x"), ["1,Bea_Why"], 1),
]


@pytest.mark.parametrize(("read", "lines", "line"), WRONG)
def test_a_wrong_line_is_named_and_nobody_in_it(read: Callable[[list[str]], Any], lines: list[str], line: int) -> None:
    with pytest.raises(PairsMalformed, match=f"^f.x, line {line}: ") as refused:
        read(lines)
    for name in ("Ann", "Bea", "Cec", "Dee", "a/1", "b.jpg", "maybe"):
        assert name not in str(refused.value)


TEXTS = st.lists(st.text(st.characters(exclude_categories=["Cs"]), max_size=30), max_size=8)
ODD = st.lists(
    st.one_of(
        st.sampled_from([*LFW, *CSV, "1,7", "10\t300", '"', "1 x", "a\0b,c,1", "9" * 40, "\u0661 2 3"]),
        st.text(st.sampled_from('01aZ_,"\t \\/.\0\n\r-'), max_size=20),
    ),
    max_size=8,
)


@settings(deadline=None, max_examples=300)
@given(TEXTS | ODD)
def test_whatever_a_file_holds_it_is_read_or_refused_by_line(lines: list[str]) -> None:
    def split(lines: list[str]) -> list[Pair]:
        return read_cfp_split(lines, lists=LISTS, is_same=True, fold=0, file="f.x")

    for read in (
        lambda lines: read_lfw(lines, file="f.x"),
        lambda lines: read_csv(lines, file="f.x"),
        lambda lines: read_cfp_list(lines, file="f.x"),
        split,
    ):
        try:
            read(lines)
        except PairsMalformed as refused:
            line = re.match(r"f\.x, line (\d+): ", refused.detail)
            assert line
            assert 1 <= int(line[1]) <= max(1, len(lines) + sum(text.count("\n") + text.count("\r") for text in lines))
