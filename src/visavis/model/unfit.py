"""Why a picture of one face is not good enough, one refusal for each thing that a person can do about it."""

from visavis.model.errors import FaceRefused


class TooDark(FaceRefused):
    """Too little light falls on the face."""

    code = "too_dark"
    mend = "Turn on a light, or turn to one, and try again."


class TooBright(FaceRefused):
    """The face is burnt out."""

    code = "too_bright"
    mend = "Step out of the glaring light, and try again."


class UnevenLight(FaceRefused):
    """One half of the face is in the dark."""

    code = "uneven_light"
    mend = "Turn to the light, so that it falls on both sides of your face."


class Blurred(FaceRefused):
    """The face is out of focus or has moved."""

    code = "blurred"
    mend = "Hold still, wipe the lens, and try again."


class TurnedAway(FaceRefused):
    """The head is turned to a side, up or down."""

    code = "turned_away"
    mend = "Look straight into the camera."


class HeadTilted(FaceRefused):
    """The head, or the camera, lies on its side."""

    code = "head_tilted"
    mend = "Hold your head, or the camera, upright."


class EyesClosed(FaceRefused):
    """An eye is shut."""

    code = "eyes_closed"
    mend = "Keep both eyes open."


class MouthOpen(FaceRefused):
    """The mouth is wide open."""

    code = "mouth_open"
    mend = "Close your mouth for the photo."


class EyesCovered(FaceRefused):
    """Something dark or coloured is before an eye."""

    code = "eyes_covered"
    mend = "Take off what hides your eyes, and push back what falls into them."


class FaceCovered(FaceRefused):
    """Something hides much of the face, or the mouth."""

    code = "face_covered"
    mend = "Take off what hides your mouth and cheeks, and hold nothing before your face."


class FaceNearBorder(FaceRefused):
    """There is no room beside the face."""

    code = "face_near_border"
    mend = "Move to the middle of the picture."


class PhotoCompressed(FaceRefused):
    """The photo was saved with so little quality that the face shows blocks."""

    code = "photo_compressed"
    mend = "Send the photo as the camera wrote it, or save it with a higher quality."


class NotNaturalColours(FaceRefused):
    """The picture has no colours, or ones that no light gives."""

    code = "not_natural_colours"
    mend = "Take a photo in colour and in ordinary light, without a filter."


class FaceUnclear(FaceRefused):
    """The face cannot be made out well enough to say what is wrong with the picture."""

    code = "face_unclear"
    mend = "Face the camera in even light, in colour and with nothing before your face."
