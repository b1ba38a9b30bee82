import { readdirSync } from "node:fs";
import { defineConfig } from "vite";
import { packages } from "./vite.packages.ts";
import { packed } from "./vite.packed.ts";

const BASE = "/static/js/";
const OUT = "../src/visavis/web/static/js";

/** Every file of ours stays a file of its own, unminified: people can read what runs in their browser. */
const modules = readdirSync(new URL("src", import.meta.url), { recursive: true, encoding: "utf8" }).filter((name) =>
  /(?<!\.d)\.[jt]s$/.test(name),
);

export default defineConfig({
  base: BASE,
  publicDir: false,
  plugins: [packages(BASE), packed(OUT)],
  build: {
    target: "es2022",
    outDir: OUT,
    emptyOutDir: true,
    minify: false,
    modulePreload: false,
    manifest: "manifest.json",
    assetsInlineLimit: 0,
    rollupOptions: {
      input: Object.fromEntries(modules.map((name) => [name.replace(/\.[jt]s$/, ""), `src/${name}`])),
      preserveEntrySignatures: "strict",
      output: {
        preserveModules: true,
        preserveModulesRoot: "src",
        // What is not ours has its digest in its name, so that browsers keep it.
        entryFileNames: ({ name }) =>
          /^(node_modules|_virtual)\//.test(name) ? `vendor/${name.split("/").at(-1)}-[hash].js` : "[name].js",
        chunkFileNames: "vendor/[name]-[hash].js",
        assetFileNames: "vendor/[name]-[hash][extname]",
      },
    },
  },
});
