/** The camera: off until it is started, and let go as soon as nobody looks at the page. */

import { type CameraProblem, CameraUnplugged, InsecureContext, cameraProblem } from "./errors.js";

/** A face at arm's length is some 250 pixels wide in 720 lines; more than Full HD only costs time. */
const WANTED: MediaStreamConstraints = {
  audio: false,
  video: {
    facingMode: "user",
    width: { ideal: 1280, max: 3840 },
    height: { ideal: 720, max: 2160 },
    frameRate: { ideal: 30 },
  },
};

export class Camera {
  readonly #video: HTMLVideoElement;
  readonly #ended: (problem: CameraProblem | null) => void;
  #stream: MediaStream | null = null;
  /** Of several starts and stops the last one counts. */
  #turn = 0;

  /** @param ended told when the camera goes off without `stop`; with null where only the page went out of sight */
  constructor(video: HTMLVideoElement, ended: (problem: CameraProblem | null) => void) {
    this.#video = video;
    this.#ended = ended;
  }

  get isOn(): boolean {
    return this.#stream !== null;
  }

  /**
   * Show the person in the video element.
   * @returns false where it was stopped again before the browser gave the camera
   * @throws {CameraProblem} the leaf says why there is no picture
   */
  async start(): Promise<boolean> {
    this.stop();
    const turn = this.#turn;
    if (!isSecureContext || navigator.mediaDevices === undefined) throw new InsecureContext();
    let stream: MediaStream;
    try {
      stream = await opened();
    } catch (error) {
      throw cameraProblem(error);
    }
    if (turn !== this.#turn || document.hidden) {
      letGo(stream);
      return false;
    }
    this.#stream = stream;
    for (const track of stream.getTracks()) track.addEventListener("ended", this.#unplugged);
    document.addEventListener("visibilitychange", this.#hidden);
    this.#video.srcObject = stream;
    try {
      await this.#video.play();
    } catch (error) {
      if (turn !== this.#turn) return false;
      this.stop();
      throw cameraProblem(error);
    }
    return turn === this.#turn;
  }

  /** Let go of the camera; its light goes out. */
  stop(): void {
    this.#turn += 1;
    document.removeEventListener("visibilitychange", this.#hidden);
    if (this.#stream !== null) {
      for (const track of this.#stream.getTracks()) track.removeEventListener("ended", this.#unplugged);
      letGo(this.#stream);
    }
    this.#stream = null;
    this.#video.srcObject = null;
  }

  readonly #unplugged = (): void => {
    this.stop();
    this.#ended(new CameraUnplugged());
  };

  readonly #hidden = (): void => {
    if (!document.hidden) return;
    this.stop();
    this.#ended(null);
  };
}

/** A camera may have only modes larger than we ask for; any picture is better than none. */
async function opened(): Promise<MediaStream> {
  try {
    return await navigator.mediaDevices.getUserMedia(WANTED);
  } catch (error) {
    if (!(error instanceof DOMException) || error.name !== "OverconstrainedError") throw error;
    return navigator.mediaDevices.getUserMedia({ audio: false, video: true });
  }
}

function letGo(stream: MediaStream): void {
  for (const track of stream.getTracks()) track.stop();
}
