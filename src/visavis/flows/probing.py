"""From what was sent in a session to the template of the living person before the camera."""

from collections.abc import Callable

from visavis.flows.extract import Extractor
from visavis.flows.filming import Filming
from visavis.flows.ports import Clock, Store
from visavis.liveness.judge import judged
from visavis.liveness.manifest import checked
from visavis.model.calibration import Calibration
from visavis.model.challenge import Capture, ChallengeMissing, ChallengeUnasked
from visavis.model.purpose import LivenessMode, LivenessUnavailable
from visavis.model.station import Session
from visavis.model.template import Template

Sent = bytes | Capture
"""One photo, or the capture that answers a challenge."""

_SAME_PERSON_FMR = 1e-3
"""Of two people one could take the other's place in a film in this share: what is compared decides anew, and higher."""


def same_person_bar(calibration: Calibration) -> float:
    """The least cosine of two frames of one film."""
    return calibration.threshold_at(max(_SAME_PERSON_FMR, calibration.fmr_floor))


class Probing:
    """Looks at probes; see ``probe``.

    :param filming: None where nothing here looks at films. :param key_of: the public key of a signer, 32 bytes.
    """

    def __init__(
        self,
        *,
        store: Store,
        clock: Clock,
        extractor: Extractor,
        filming: Filming | None,
        calibration: Calibration,
        key_of: Callable[[str], bytes],
    ) -> None:
        self._store = store
        self._clock = clock
        self._extractor = extractor
        self._filming = filming
        self._same_person = same_person_bar(calibration)
        self._key_of = key_of

    def require(self, session: Session, sent: Sent) -> None:
        """Refuse what is not of the form that the purpose asks for, before the session is used up.

        :raises ChallengeMissing: a challenge has to be answered, and none was drawn, or one photo came.
        :raises ChallengeUnasked: a capture came where one photo is asked for.
        """
        if not self._mode(session).is_active:
            if isinstance(sent, Capture):
                raise ChallengeUnasked
        elif session.challenge is None or not isinstance(sent, Capture):
            raise ChallengeMissing

    def probe(self, sent: Sent, *, session: Session) -> Template:
        """The template of the one living person who was before the camera.

        1. One photo serves where the purpose asks for no more; it shows exactly one usable face, and no attack where
           the purpose asks that one is looked for.
        2. Else what the capture says of itself holds, and answers this session's challenge.
        3. Its frames show one person throughout.
        4. That person does what was asked, as a living head does.
        5. The frame that is compared is one of those, and the one that the judge chooses.

        :raises Refusal: the leaf says which.
        """
        # 1
        if not isinstance(sent, Capture):
            self.require(session, sent)
            return self._extractor.extract(sent, passive=self._mode(session) is LivenessMode.PASSIVE)
        # 2
        self.require(session, sent)
        signer = session.station_id or session.subject_id
        if session.challenge is None or signer is None:
            raise ChallengeMissing
        if self._filming is None:
            raise LivenessUnavailable
        manifest = checked(
            sent,
            challenge=session.challenge,
            session_id=session.id,
            signer=signer,
            public_key=self._key_of(signer),
            now=self._clock.now(),
        )
        # 3
        looks = self._filming.looks(sent.frames, manifest.at_ms)
        # 4
        still = judged(looks, steps=manifest.steps, same_person=self._same_person)
        # 5
        return self._extractor.extract(sent.frames[still])

    def _mode(self, session: Session) -> LivenessMode:
        with self._store.read() as tx:
            return tx.purposes.get(session.purpose_id).liveness
