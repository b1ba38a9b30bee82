"""Reports on presentation attack detection, as a card or a file of their own tells them (TOML)."""

import tomllib
from datetime import date
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError, model_validator

from visavis.model.pad import BonaFide, Instruments, Level, PadReport, PadReportInvalid, Species, worst_first
from visavis.model.purpose import LivenessMode

_Words = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=500)]


class _Strict(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class _Counts(_Strict):
    presentations: int = Field(ge=1)
    errors: int = Field(ge=0)

    @model_validator(mode="after")
    def _no_more_than_there_were(self) -> Self:
        more = [name for name, value in self if isinstance(value, int) and value > self.presentations]
        if more:
            raise ValueError(f"{', '.join(more)}: more than the {self.presentations} presentations")
        return self


class SpeciesFields(_Counts):
    """One species of attack instrument; see ``visavis.model.pad.Species``."""

    name: _Words
    level: Level
    accepted: int | None = Field(default=None, ge=0)


class BonaFideFields(_Counts):
    """Living people; see ``visavis.model.pad.BonaFide``."""

    rejected: int | None = Field(default=None, ge=0)


class ReportFields(_Strict):
    """A report; see ``visavis.model.pad.PadReport``."""

    mode: Literal["active", "passive"]
    data: _Words
    measured_by: _Words
    measured_on: date
    standard: Literal["ISO/IEC 30107-3:2017", "ISO/IEC 30107-3:2023"]
    independent: bool
    instruments: Instruments
    species: tuple[SpeciesFields, ...] = Field(min_length=1)
    bona_fide: BonaFideFields

    @model_validator(mode="after")
    def _each_species_once(self) -> Self:
        names = [one.name for one in self.species]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise ValueError(f"species: {', '.join(twice)} is told twice")
        return self

    def report(self) -> PadReport:
        """The report, its species worst first."""
        return PadReport(
            mode=LivenessMode(self.mode),
            data=self.data,
            measured_by=self.measured_by,
            measured_on=self.measured_on,
            standard=self.standard,
            independent=self.independent,
            instruments=self.instruments,
            species=worst_first(
                tuple(Species(one.name, one.level, one.presentations, one.errors, one.accepted) for one in self.species)
            ),
            bona_fide=BonaFide(self.bona_fide.presentations, self.bona_fide.errors, self.bona_fide.rejected),
        )


class _File(_Strict):
    report: ReportFields


def read_active_report(path: Path) -> PadReport:
    """What others measured of the active mode: a TOML file with one ``[report]``.

    :raises PadReportInvalid: it cannot be read, a field is missing or wrong, or it is about another mode.
    """
    try:
        fields = _File.model_validate(tomllib.loads(path.read_text(encoding="utf-8"))).report
    except ValidationError as wrong:
        raise PadReportInvalid(f"{path}: {told(wrong)}.") from wrong
    except (OSError, ValueError) as wrong:
        raise PadReportInvalid(f"{path}: {wrong}.") from wrong
    if fields.mode != LivenessMode.ACTIVE.value:
        raise PadReportInvalid(f"{path}: mode is {fields.mode}, wanted active; of a passive model its card tells.")
    return fields.report()


def told(wrong: ValidationError) -> str:
    """Which fields are missing or wrong, and how."""
    return "; ".join(f"{'.'.join(str(part) for part in e['loc'])}: {e['msg']}" for e in wrong.errors())
