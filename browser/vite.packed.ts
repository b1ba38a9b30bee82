import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { constants, gzipSync } from "node:zlib";
import type { Plugin } from "vite";

/** Bytes below which packing is not worth a second file. */
const LEAST = 1024;

/** Writes a `.gz` beside what is built: packed once and well, and not again for each request. */
export function packed(folder: string): Plugin {
  return {
    name: "packed",
    apply: "build",
    closeBundle() {
      for (const name of readdirSync(folder, { recursive: true, encoding: "utf8" })) {
        if (!/\.(js|mjs|wasm)$/.test(name)) continue;
        const content = readFileSync(join(folder, name));
        const level = constants.Z_BEST_COMPRESSION;
        if (content.length >= LEAST) writeFileSync(join(folder, `${name}.gz`), gzipSync(content, { level }));
      }
    },
  };
}
