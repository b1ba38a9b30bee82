"""Rule S4: no attribute of a person is inferred or stored, nor a proxy of one."""

from dataclasses import fields
from pathlib import Path

import pytest
from support.surface import client_names, columns, commands, everything, options, words
from support.world import World

from visavis.adapters.sql import tables
from visavis.capture.landmarker import Landmarker
from visavis.embed.embedder import Embedder
from visavis.model import leaves_loaded
from visavis.model.face import Face
from visavis.model.mesh import Mesh
from visavis.model.quality import Component
from visavis.model.template import Template, UsualLength
from visavis.quality import measures
from visavis.quality.assess import MEASURES
from visavis.quality.measures import unified_quality_score

TRAITS = {
    "age", "ages", "birth", "birthday", "born", "gender", "sex", "male", "female", "race", "racial", "ethnic",
    "ethnicity", "nationality", "skin", "tone", "complexion", "emotion", "emotions", "mood", "expression", "smile",
    "smiling", "beauty", "attractive", "attractiveness", "beard", "moustache", "mustache", "glasses", "spectacles",
    "hat", "headscarf", "hijab", "turban", "covering", "hair", "makeup", "religion", "disability", "health", "weight",
    "bmi", "orientation", "personality", "attribute", "attributes", "trait", "traits", "demographic", "demographics",
}  # fmt: skip


def test_s4_no_field_parameter_column_command_or_setting_names_a_trait(world: World) -> None:
    assert not TRAITS & words(everything(world))


@pytest.mark.parametrize("names", [columns, client_names])
def test_s4_no_column_and_no_client_method_names_a_trait(names: object) -> None:
    assert callable(names)
    assert not TRAITS & words({str(name).lower() for name in names()})


def test_s4_no_command_names_a_trait() -> None:
    told = {path for path, _ in commands()} | {text.lower() for _, text in options()}
    told |= {(command.help or "").lower() for _, command in commands()}
    assert not TRAITS & words(told)


def test_s4_the_models_give_a_box_landmarks_and_a_vector_and_nothing_else() -> None:
    assert {field.name for field in fields(Face)} == {"left", "top", "width", "height", "landmarks", "score"}
    assert {field.name for field in fields(Template)} == {"vector", "model_id"}
    assert {name for name in vars(Embedder) if not name.startswith("_")} == {
        "model_id", "dimension", "usual_length", "embed",
    }  # fmt: skip
    assert {field.name for field in fields(UsualLength)} == {"middle", "width"}
    assert {name for name in vars(Landmarker) if not name.startswith("_")} == {"find"}
    assert {field.name for field in fields(Mesh)} == {"points", "presence"}


def test_s4_of_the_standards_components_of_quality_those_that_tell_of_a_person_are_left_out() -> None:
    """ISO/IEC 29794-5:2025 has both: whether a head is covered, and what a face expresses."""
    names = {component.value for component in Component}
    assert not {"no_head_coverings", "head_coverings", "expression_neutrality"} & names
    assert not TRAITS & words(names)
    files = {path.stem for path in Path(measures.__path__[0]).glob("*.py")} - {"__init__"}
    assert not TRAITS & words(files)
    assert {measure.component for measure in MEASURES} | {unified_quality_score.COMPONENT} == set(Component)
    assert len(files) == len(Component), "a component a file"


def test_s4_what_is_measured_of_a_picture_is_not_kept_and_not_told(world: World) -> None:
    told = words(everything(world)) | words(columns())
    assert not {"quality", *(component.value for component in Component)} & told


def test_s4_no_refusal_is_about_a_trait() -> None:
    for leaf in leaves_loaded():
        text = {leaf.code, leaf.mend.lower(), (leaf.__doc__ or "").lower()}
        assert not TRAITS & words(text), leaf.code


def test_s4_there_is_no_free_column_that_a_trait_could_be_put_into() -> None:
    """What the operator says about a person is their own name for them, sealed; there are no notes or labels."""
    assert {column.name for column in tables.subjects.columns} == {
        "id", "gallery_id", "state", "reference_tag", "sealed_personal", "public_key", "created_at",
    }  # fmt: skip
    assert not {"notes", "note", "label", "labels", "tags", "metadata", "custom", "extra"} & words(columns())


def test_s4_a_request_with_a_trait_is_refused(world: World) -> None:
    gallery = world.gallery()
    body = {"external_reference": "ann", "gender": "f"}
    refused = world.api("POST", f"/v1/galleries/{gallery}/without-face", json=body)
    assert (refused.status_code, refused.json()["code"]) == (422, "request_invalid")
