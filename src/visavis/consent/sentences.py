"""The sentences that people sign, in each language in which they can be signed.

They are part of the format: ``spec/consent-receipt.md`` lists them. A signature is for a sentence letter by letter, so
none is ever changed: a better wording would be another form of receipt.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Sentences:
    """What a record says by itself, and what is agreed to, in one language.

    ``language``: its primary tag (BCP 47). ``person``: whoever agrees for themselves. ``guardian``: in its place,
    whoever decides for a minor (rule S8). ``grant``: the holder of a document agrees to one check. ``template`` to
    ``look_alikes``: what is done with a face; whoever did not read ``measured`` is not measured, and only two who both
    read ``look_alikes`` are found (S2). ``withdrawal``: how it ends.
    """

    language: str
    person: str
    guardian: str
    grant: str
    template: str
    station: str
    enrolled_twice: str
    measured: str
    look_alikes: str
    withdrawal: str

    @property
    def methods(self) -> list[str]:
        """What is done with a face, in the order in which it is told."""
        return [self.template, self.station, self.enrolled_twice, self.measured, self.look_alikes]


ENGLISH: Final = Sentences(
    language="en",
    person="I have read the purpose. I agree to be recognised for it until its date or until I withdraw.",
    guardian=(
        "I am this person's guardian and decide for them. I have read the purpose. I agree that they are recognised "
        "for it until its date or until I withdraw."
    ),
    grant="I have read the purpose. I agree that my two pictures are compared once, now, and not kept.",
    template="A template is made of each photo; the photo is not kept.",
    station="Whoever asks to be recognised at a station is compared with the templates of this gallery.",
    enrolled_twice="When you agree it is compared once with the others, to notice somebody enrolled twice.",
    measured=(
        "At night the templates of this gallery are compared with each other, to measure how alike people are; only "
        "rates over all of them are kept."
    ),
    look_alikes=(
        "At night it is also noted which people of this gallery the machine could take for one another; both are "
        "then asked for a PIN or QR code beside the face, or a person looks."
    ),
    withdrawal="The page that this receipt opens, or a word to the controller.",
)

GERMAN: Final = Sentences(
    language="de",
    person=(
        "Ich habe den Zweck gelesen. Ich willige ein, dafür erkannt zu werden, bis zum genannten Datum oder bis ich "
        "widerrufe."
    ),
    guardian=(
        "Ich bin für diese Person sorgeberechtigt und entscheide für sie. Ich habe den Zweck gelesen. Ich willige "
        "ein, dass sie dafür erkannt wird, bis zum genannten Datum oder bis ich widerrufe."
    ),
    grant=(
        "Ich habe den Zweck gelesen. Ich willige ein, dass meine beiden Bilder einmal, jetzt, verglichen und nicht "
        "aufbewahrt werden."
    ),
    template="Aus jedem Foto wird ein Merkmalssatz berechnet; das Foto wird nicht aufbewahrt.",
    station="Wer an einer Station erkannt werden will, wird mit den Merkmalssätzen dieser Galerie verglichen.",
    enrolled_twice=(
        "Wenn Sie zustimmen, wird Ihr Merkmalssatz einmal mit den anderen verglichen, um zu bemerken, ob jemand "
        "doppelt aufgenommen ist."
    ),
    measured=(
        "Nachts werden die Merkmalssätze dieser Galerie miteinander verglichen, um zu messen, wie ähnlich Menschen "
        "sich sind; aufbewahrt werden nur Anteile über alle."
    ),
    look_alikes=(
        "Nachts wird auch vermerkt, welche Menschen dieser Galerie das Gerät miteinander verwechseln könnte; beide "
        "werden dann neben dem Gesicht um eine PIN oder einen QR-Code gebeten, oder ein Mensch sieht nach."
    ),
    withdrawal="Die Seite, die dieser Beleg öffnet, oder ein Wort an den Verantwortlichen.",
)

SENTENCES: Final[Mapping[str, Sentences]] = {one.language: one for one in (ENGLISH, GERMAN)}


def sentences_in(tag: str) -> Sentences:
    """Those of a language (BCP 47, its region does not matter), or English where there are none in it."""
    return SENTENCES.get(tag.split("-", 1)[0].lower(), ENGLISH)
