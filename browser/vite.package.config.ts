import { cpSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { defineConfig, type Plugin } from "vite";

const OUT = "dist/visavis-capture";

/** Of our catalogues the package has what it says itself. */
const ownTexts: Plugin = {
  name: "own-texts",
  enforce: "pre",
  transform(code, id) {
    if (!/\/texts\/\w+\.json$/.test(id)) return null;
    const texts = Object.entries(JSON.parse(code) as Record<string, string>);
    return { code: JSON.stringify(Object.fromEntries(texts.filter(([key]) => key.startsWith("capture.")))), map: null };
  },
};

/** What makes it a package. The version is that of all that Visavis runs in browsers. */
const described: Plugin = {
  name: "described",
  closeBundle() {
    const { version, license } = JSON.parse(readFileSync("package.json", "utf8"));
    const description = {
      name: "visavis-capture",
      version,
      license,
      description: "<visavis-capture>: takes a photo of one person, who starts it, with guidance on their own device.",
      type: "module",
      exports: { ".": { types: "./types/package/index.d.ts", default: "./visavis-capture.js" } },
      types: "./types/package/index.d.ts",
      sideEffects: true,
    };
    writeFileSync(`${OUT}/package.json`, `${JSON.stringify(description, null, 2)}\n`);
    cpSync("README.md", `${OUT}/README.md`);
    cpSync("../LICENSE", `${OUT}/LICENSE`);
    rmSync(`${OUT}/.vite`, { recursive: true, force: true });
  },
};

export default defineConfig({
  base: "./",
  publicDir: false,
  plugins: [ownTexts, described],
  build: {
    target: "es2022",
    outDir: OUT,
    emptyOutDir: true,
    minify: false,
    modulePreload: false,
    assetsInlineLimit: 0,
    rollupOptions: {
      input: "package/index.ts",
      preserveEntrySignatures: "strict",
      output: {
        entryFileNames: "visavis-capture.js",
        chunkFileNames: "[name]-[hash].js",
        assetFileNames: "[name]-[hash][extname]",
      },
    },
  },
});
