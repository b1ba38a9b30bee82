"""The words: frozen values, enumerations and one tree of errors; imports nothing of ours."""

import importlib
import pkgutil

from visavis.model.errors import VisavisError, leaves


def leaves_loaded() -> list[type[VisavisError]]:
    """Every concrete error there is, sorted by code, after loading the concepts they live beside."""
    for module in pkgutil.iter_modules(__path__):
        importlib.import_module(f"{__name__}.{module.name}")
    return leaves()
