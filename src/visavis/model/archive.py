"""What can be wrong with an archive of what is held about somebody."""

from visavis.model.errors import IntegrityError, RequestRefused


class ArchiveUnreadable(RequestRefused):
    """The file is not an archive of what is held about somebody."""

    code = "archive_unreadable"
    mend = "Name the zip file as it was saved; unpacked and packed again it has other files in it."


class ArchiveWrong(IntegrityError):
    """An archive is not as it was signed, or not signed by the key it should be."""

    code = "archive_wrong"
    mend = "Do not rely on it. Ask for it again, and keep this one: it shows that somebody changed it."
