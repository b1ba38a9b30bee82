import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { constants, gzipSync } from "node:zlib";
import type { Plugin } from "vite";

/** Bytes below which packing is not worth a second file. */
const LEAST = 1024;

/** Writes a `.gz` beside what is built: packed once and well, and not again for each request. */
export function packed(): Plugin {
  return {
    name: "packed",
    apply: "build",
    writeBundle({ dir = "" }, files) {
      for (const name of Object.keys(files).filter((name) => /\.(js|mjs|wasm)$/.test(name))) {
        const content = readFileSync(join(dir, name));
        if (content.length >= LEAST) writeFileSync(join(dir, `${name}.gz`), gzipSync(content, { level: constants.Z_BEST_COMPRESSION }));
      }
    },
  };
}
