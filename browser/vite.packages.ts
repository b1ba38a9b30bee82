import { readFileSync, writeFileSync } from "node:fs";
import { build, type Plugin } from "vite";

/** `jsqr`, `@cantoo/pdf-lib`, `onnxruntime-web/wasm`: the package is what stands before its own paths. */
const PACKAGE = /^(?:@[\w-]+\/)?[a-z][\w.-]*/;

/**
 * What is not ours becomes one file for each package, with its version in its name, so that browsers keep it. Ours stay
 * a file each: one build has no way to do both.
 */
export function packages(base: string): Plugin {
  const wanted = new Map<string, string>();
  return {
    name: "packages",
    apply: "build",
    enforce: "pre",
    resolveId(source, importer) {
      const [name] = PACKAGE.exec(source) ?? [];
      if (name === undefined || source.includes("?") || importer === undefined || importer.includes("node_modules")) return null;
      const { version } = JSON.parse(readFileSync(`node_modules/${name}/package.json`, "utf8")) as { version: string };
      const file = `vendor/${source.replace("@", "").replaceAll("/", "-")}-${version}.js`;
      wanted.set(source, file);
      return { id: `${base}${file}`, external: "absolute" };
    },
    async writeBundle({ dir = "" }, bundle) {
      const imports = Object.values(bundle).flatMap((one) => (one.type === "chunk" ? [[one.fileName, one.imports] as const] : []));
      tellManifest(`${dir}/manifest.json`, base, [...wanted.values()], new Map(imports));
      for (const [source, file] of wanted) {
        await build({
          configFile: false,
          base,
          publicDir: false,
          logLevel: "warn",
          build: {
            target: "es2022",
            outDir: dir,
            emptyOutDir: false,
            minify: false,
            modulePreload: false,
            assetsInlineLimit: 0,
            rollupOptions: {
              input: source,
              preserveEntrySignatures: "strict",
              output: { entryFileNames: file, assetFileNames: "vendor/[name]-[hash][extname]", codeSplitting: false },
            },
          },
        });
      }
    },
  };
}

interface Entry {
  file: string;
  imports?: string[];
}

/** What is imported from a package's file is not in the manifest that Vite wrote: a page would load it last. */
function tellManifest(path: string, base: string, files: readonly string[], imports: ReadonlyMap<string, readonly string[]>): void {
  const manifest = JSON.parse(readFileSync(path, "utf8")) as Record<string, Entry>;
  for (const entry of Object.values(manifest)) {
    const needed = files.filter((file) => imports.get(entry.file)?.includes(base + file));
    if (needed.length > 0) entry.imports = [...(entry.imports ?? []), ...needed];
  }
  for (const file of files) manifest[file] = { file };
  writeFileSync(path, JSON.stringify(manifest, null, 2));
}
