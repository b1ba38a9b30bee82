/** Finds faces on this device: the server's own network, on ONNX Runtime Web. Loaded only when a camera is on. */

import type { InferenceSession, Tensor } from "onnxruntime-web/wasm";

import { GuidanceMissing } from "./errors.js";
import { decoded, enlarged, type Face, type Level } from "./faces.js";
import type { Pixels } from "./light.js";

type Runtime = typeof import("onnxruntime-web/wasm");

const STRIDES = [8, 16, 32] as const;
const KINDS = ["cls", "obj", "bbox", "kps"] as const;
const MULTIPLE = 32;
/** Pixels of the longest side that the network sees: a face that is to be taken is plain at that. */
export const LONGEST = 320;

/** How large a picture is shown to the network. */
export function shownAt(width: number, height: number): { width: number; height: number } {
  const scale = Math.min(1, LONGEST / Math.max(width, height));
  return { width: Math.round(width * scale), height: Math.round(height * scale) };
}

export class Finder {
  readonly #runtime: Runtime;
  readonly #session: InferenceSession;

  private constructor(runtime: Runtime, session: InferenceSession) {
    this.#runtime = runtime;
    this.#session = session;
  }

  /**
   * @param address of the network, an ONNX file
   * @throws {GuidanceMissing} the network or what runs it did not load
   */
  static async load(address: string): Promise<Finder> {
    try {
      const [runtime, network] = await Promise.all([loadRuntime(), fetched(address)]);
      return new Finder(runtime, await runtime.InferenceSession.create(network, { executionProviders: ["wasm"] }));
    } catch (error) {
      throw new GuidanceMissing(error);
    }
  }

  /**
   * The faces in a picture, in its pixels, best first.
   * @param picture no side longer than `LONGEST`
   */
  async find(picture: Pixels): Promise<Face[]> {
    const columns = padded(picture.width);
    const rows = padded(picture.height);
    const input = new this.#runtime.Tensor("float32", planes(picture, columns, rows), [1, 3, rows, columns]);
    const given = await this.#session.run({ [this.#session.inputNames[0] ?? "input"]: input });
    const faces = decoded(STRIDES.map((stride) => level(given, stride)), columns);
    for (const tensor of [input, ...Object.values(given)]) tensor.dispose();
    return faces;
  }

  /** Give the memory back. */
  close(): void {
    void this.#session.release();
  }
}

/** The faces in a picture of any size, in its pixels. */
export async function foundIn(finder: Finder, canvas: HTMLCanvasElement): Promise<Face[]> {
  const shown = shownAt(canvas.width, canvas.height);
  const small = new OffscreenCanvas(shown.width, shown.height).getContext("2d");
  if (small === null) throw new GuidanceMissing();
  small.drawImage(canvas, 0, 0, shown.width, shown.height);
  const faces = await finder.find(small.getImageData(0, 0, shown.width, shown.height));
  return faces.map((face) => enlarged(face, canvas.width / shown.width));
}

const padded = (side: number): number => Math.ceil(side / MULTIPLE) * MULTIPLE;

/** Blue, green, red, 0 to 255, a plane each, on black. */
function planes({ data, width, height }: Pixels, columns: number, rows: number): Float32Array {
  const plane = columns * rows;
  const found = new Float32Array(3 * plane);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const from = 4 * (y * width + x);
      const to = y * columns + x;
      found[to] = data[from + 2] ?? 0;
      found[to + plane] = data[from + 1] ?? 0;
      found[to + 2 * plane] = data[from] ?? 0;
    }
  }
  return found;
}

function level(given: Readonly<Record<string, Tensor>>, stride: number): Level {
  const [cls, obj, bbox, kps] = KINDS.map((kind) => {
    const data = given[`${kind}_${stride}`]?.data;
    if (!(data instanceof Float32Array)) throw new GuidanceMissing(`no output ${kind}_${stride}`);
    return data;
  });
  if (cls === undefined || obj === undefined || bbox === undefined || kps === undefined) throw new GuidanceMissing();
  return { stride, cls, obj, bbox, kps };
}

async function fetched(address: string): Promise<Uint8Array> {
  const answer = await fetch(address, { credentials: "omit" });
  if (!answer.ok) throw new Error(`There is no network at ${address}.`);
  return new Uint8Array(await answer.arrayBuffer());
}

async function loadRuntime(): Promise<Runtime> {
  const [runtime, wasm] = await Promise.all([
    import("onnxruntime-web/wasm"),
    import("onnxruntime-web/ort-wasm-simd-threaded.wasm?url"),
  ]);
  // One thread: several need headers that break pages with anything foreign on them, and this takes milliseconds.
  Object.assign(runtime.env.wasm, { numThreads: 1, proxy: false, wasmPaths: { wasm: wasm.default } });
  runtime.env.logLevel = "error";
  return runtime;
}
