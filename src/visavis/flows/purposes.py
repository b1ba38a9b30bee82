"""Reading purposes."""

from visavis.flows.ports import Transaction
from visavis.model.purpose import PurposeText


def newest_text(tx: Transaction, purpose_id: str) -> PurposeText:
    """The wording that people are asked under from now on."""
    return max(tx.purpose_texts.find(purpose_id=purpose_id), key=lambda text: text.version)
