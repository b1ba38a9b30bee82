"""What a custodian is handed: their words and the same words as a QR code, on one page to print.

The page stands alone: it loads nothing, runs nothing, and can be opened on a machine without a network.
"""

from datetime import date

import segno

from visavis.flows.ceremony import HandedOut
from visavis.model.keys import Custody
from visavis.web.pages import templates
from visavis.web.texts import CATALOGUES, DEFAULT, words


def share_sheet(handed: HandedOut, *, custody: Custody, server: str, on: date, language: str = DEFAULT) -> bytes:
    """One custodian's page, as HTML in UTF-8.

    :param server: what the installation is called, for a custodian of several.
    :param language: of the sheet, one of ``CATALOGUES``; the words of a share are those of SLIP-39 in any.
    """
    # Capital letters and spaces have a denser form (ISO/IEC 18004, 7.3.4); which case words are in does not matter.
    code = segno.make(handed.words.upper(), micro=False, error="m")
    page = templates.get_template("share.html").render(
        custodian=handed.custodian,
        custody=custody,
        words=handed.words.split(),
        qr=code.svg_inline(border=4, omitsize=True),
        server=server,
        on=on.isoformat(),
        **words(CATALOGUES[language]),
    )
    return page.encode()
