/**
 * What can go wrong when a photo is taken. One tree:
 *
 *     CaptureProblem
 *     ├── CameraProblem
 *     │   ├── InsecureContext   the page was not loaded over TLS
 *     │   ├── CameraRefused     the person or their settings said no
 *     │   ├── CameraMissing     there is none
 *     │   ├── CameraBusy        another program has it
 *     │   ├── CameraUnplugged   it went away meanwhile
 *     │   └── CameraBlack       it shows nothing: no light, or a cover
 *     ├── PhotoProblem
 *     │   ├── PhotoUnreadable   not a picture this browser opens
 *     │   ├── PhotoTooLarge     more bytes than the server takes
 *     │   ├── PhotoOfNobody     no face was found in it
 *     │   └── PhotoOfSeveral    more than one person is in it
 *     ├── UploadProblem
 *     │   ├── UploadLost        the server was not reached
 *     │   └── UploadStopped     the page stopped it
 *     ├── FilmInterrupted       frames are missing: the page was busy, or asleep
 *     └── GuidanceMissing       photos can be taken, without guidance
 *
 * What each says to a person is in the catalogues: `capture.problem.CODE` and `capture.problem.CODE.mend`.
 */

export const CODES = [
  "insecure_context",
  "camera_refused",
  "camera_missing",
  "camera_busy",
  "camera_unplugged",
  "camera_black",
  "photo_unreadable",
  "photo_too_large",
  "photo_of_nobody",
  "photo_of_several",
  "upload_lost",
  "upload_stopped",
  "film_interrupted",
  "guidance_missing",
] as const;

export type ProblemCode = (typeof CODES)[number];

export abstract class CaptureProblem extends Error {
  abstract readonly code: ProblemCode;

  /** @param cause what the browser said, for whoever looks into its console */
  constructor(cause?: unknown) {
    super("A photo could not be taken.", { cause });
  }

  override get name(): string {
    return this.code;
  }
}

export abstract class CameraProblem extends CaptureProblem {}
export abstract class PhotoProblem extends CaptureProblem {}
export abstract class UploadProblem extends CaptureProblem {}

export class InsecureContext extends CameraProblem {
  override readonly code = "insecure_context";
}
export class CameraRefused extends CameraProblem {
  override readonly code = "camera_refused";
}
export class CameraMissing extends CameraProblem {
  override readonly code = "camera_missing";
}
export class CameraBusy extends CameraProblem {
  override readonly code = "camera_busy";
}
export class CameraUnplugged extends CameraProblem {
  override readonly code = "camera_unplugged";
}
export class CameraBlack extends CameraProblem {
  override readonly code = "camera_black";
}
export class PhotoUnreadable extends PhotoProblem {
  override readonly code = "photo_unreadable";
}
export class PhotoTooLarge extends PhotoProblem {
  override readonly code = "photo_too_large";
}
export class PhotoOfNobody extends PhotoProblem {
  override readonly code = "photo_of_nobody";
}
export class PhotoOfSeveral extends PhotoProblem {
  override readonly code = "photo_of_several";
}
export class UploadLost extends UploadProblem {
  override readonly code = "upload_lost";
}
export class UploadStopped extends UploadProblem {
  override readonly code = "upload_stopped";
}
export class FilmInterrupted extends CaptureProblem {
  override readonly code = "film_interrupted";
}
export class GuidanceMissing extends CaptureProblem {
  override readonly code = "guidance_missing";
}

/** What `getUserMedia` refuses with (W3C Media Capture and Streams, 10.2.1), in our words. */
export function cameraProblem(error: unknown): CameraProblem {
  const name = error instanceof DOMException ? error.name : "";
  switch (name) {
    case "NotAllowedError":
    case "SecurityError":
      return new CameraRefused(error);
    case "NotReadableError":
    case "AbortError":
      return new CameraBusy(error);
    default:
      return new CameraMissing(error);
  }
}
