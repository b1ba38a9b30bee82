/** Faces, read out of what the network (YuNet) gives. Numbers in, numbers out: nothing here knows of a page. */

export interface Point {
  x: number;
  y: number;
}

/** A face in pixels of the picture that it was found in. Left and right are the person's own. */
export interface Face {
  left: number;
  top: number;
  width: number;
  height: number;
  rightEye: Point;
  leftEye: Point;
  nose: Point;
  rightMouth: Point;
  leftMouth: Point;
  /** 0 to 1. */
  score: number;
}

/** What the network gives for one of its strides, flat: a row for each cell. */
export interface Level {
  stride: number;
  /** (n): is it a face. */
  cls: Float32Array;
  /** (n): does the box fit. */
  obj: Float32Array;
  /** (n, 4): centre and size, in strides, the size as a logarithm. */
  bbox: Float32Array;
  /** (n, 10): five landmarks, in strides. */
  kps: Float32Array;
}

/** The score from which something is a face. */
const SURE = 0.6;
/** Overlap from which a box that is less sure says nothing of its own. */
const COVERED = 0.3;
/** Overlap from which two speak of the same face; their mean, weighted by score, is steadier than the best of them. */
const SAME = 0.5;

/**
 * The faces in a picture, best first.
 * @param columns width of the picture that the network saw, in pixels; a multiple of 32
 */
export function decoded(levels: readonly Level[], columns: number): Face[] {
  const found = levels.flatMap((level) => candidates(level, columns / level.stride));
  found.sort((one, other) => other.score - one.score);
  const kept: Face[] = [];
  for (const face of found) {
    if (kept.every((better) => overlap(better, face) <= COVERED)) kept.push(face);
  }
  return kept.map((best) => ({ ...mean(found.filter((face) => overlap(best, face) > SAME)), score: best.score }));
}

/** @param faces at least one */
function mean(faces: readonly Face[]): Omit<Face, "score"> {
  const all = faces.reduce((sum, { score }) => sum + score, 0);
  const of = (value: (face: Face) => number): number => faces.reduce((sum, face) => sum + (face.score / all) * value(face), 0);
  const point = (place: (face: Face) => Point): Point => ({ x: of((face) => place(face).x), y: of((face) => place(face).y) });
  return {
    left: of(({ left }) => left),
    top: of(({ top }) => top),
    width: of(({ width }) => width),
    height: of(({ height }) => height),
    rightEye: point(({ rightEye }) => rightEye),
    leftEye: point(({ leftEye }) => leftEye),
    nose: point(({ nose }) => nose),
    rightMouth: point(({ rightMouth }) => rightMouth),
    leftMouth: point(({ leftMouth }) => leftMouth),
  };
}

function candidates({ stride, cls, obj, bbox, kps }: Level, columns: number): Face[] {
  const found: Face[] = [];
  for (let cell = 0; cell < cls.length; cell++) {
    const score = Math.sqrt(unit(cls[cell]) * unit(obj[cell]));
    if (score < SURE) continue;
    const at = { x: cell % columns, y: Math.floor(cell / columns) };
    const box = bbox.subarray(4 * cell, 4 * cell + 4);
    const width = Math.exp(box[2] ?? NaN) * stride;
    const height = Math.exp(box[3] ?? NaN) * stride;
    const point = (n: number): Point => ({
      x: (at.x + (kps[10 * cell + 2 * n] ?? NaN)) * stride,
      y: (at.y + (kps[10 * cell + 2 * n + 1] ?? NaN)) * stride,
    });
    found.push({
      left: (at.x + (box[0] ?? NaN)) * stride - width / 2,
      top: (at.y + (box[1] ?? NaN)) * stride - height / 2,
      width,
      height,
      rightEye: point(0),
      leftEye: point(1),
      nose: point(2),
      rightMouth: point(3),
      leftMouth: point(4),
      score,
    });
  }
  return found.filter(isSound);
}

/** Whatever a network that is not ours says, a face has a place and a size. */
const isSound = (face: Face): boolean =>
  face.width > 0 &&
  face.height > 0 &&
  [face.left, face.top, face.width, face.height, ...points(face).flatMap(({ x, y }) => [x, y])].every(Number.isFinite);

const unit = (value: number | undefined): number => Math.min(1, Math.max(0, value ?? 0));

export const points = (face: Face): Point[] => [face.rightEye, face.leftEye, face.nose, face.rightMouth, face.leftMouth];

/** Intersection over union. */
export function overlap(one: Face, other: Face): number {
  const across = Math.min(one.left + one.width, other.left + other.width) - Math.max(one.left, other.left);
  const down = Math.min(one.top + one.height, other.top + other.height) - Math.max(one.top, other.top);
  const common = Math.max(0, across) * Math.max(0, down);
  return common / (one.width * one.height + other.width * other.height - common);
}

/** The same face in a picture `factor` times as large. */
export function enlarged(face: Face, factor: number): Face {
  const point = ({ x, y }: Point): Point => ({ x: x * factor, y: y * factor });
  return {
    left: face.left * factor,
    top: face.top * factor,
    width: face.width * factor,
    height: face.height * factor,
    rightEye: point(face.rightEye),
    leftEye: point(face.leftEye),
    nose: point(face.nose),
    rightMouth: point(face.rightMouth),
    leftMouth: point(face.leftMouth),
    score: face.score,
  };
}

/** How a head is held, in multiples of the distance between the eyes and in degrees. */
export interface Heading {
  /** How far the nose is beside the middle of eyes and mouth: 0 straight, positive where turned to the person's left. */
  turn: number;
  /** Degrees: positive where the head leans to the person's left shoulder. */
  lean: number;
}

export function heading(face: Face): Heading {
  const across = { x: face.leftEye.x - face.rightEye.x, y: face.leftEye.y - face.rightEye.y };
  const mouth = { x: face.leftMouth.x - face.rightMouth.x, y: face.leftMouth.y - face.rightMouth.y };
  const distance = Math.max(1e-6, Math.hypot(across.x, across.y), Math.hypot(mouth.x, mouth.y));
  const axis = Math.atan2(across.y, across.x);
  const middle = {
    x: (face.leftEye.x + face.rightEye.x + face.leftMouth.x + face.rightMouth.x) / 4,
    y: (face.leftEye.y + face.rightEye.y + face.leftMouth.y + face.rightMouth.y) / 4,
  };
  const beside = (face.nose.x - middle.x) * Math.cos(axis) + (face.nose.y - middle.y) * Math.sin(axis);
  return { turn: beside / distance, lean: (axis * 180) / Math.PI };
}
