/** Adds up what a browser loads before the first view is there, as gzip; the build fails when that is too much. */
import { gzipSync } from "node:zlib";
import type { Plugin, Rollup } from "vite";

/** `modules` are what is loaded first, by their ends: with all that they import, but for what they import later. */
export function firstLoad(modules: readonly string[], atMost: number): Plugin {
  return {
    name: "first-load",
    apply: "build",
    writeBundle(_, bundle) {
      const chunks = Object.values(bundle).filter((each) => each.type === "chunk");
      const starts = modules.map((module) => holderOf(chunks, module));
      const sizes = [...reached(chunks, starts)].map((chunk) => gzipSync(chunk.code).length);
      const bytes = sizes.reduce((sum, size) => sum + size, 0);
      this.info(`first load: ${(bytes / 1000).toFixed(1)} kB of JavaScript as gzip; at most ${atMost / 1000} kB`);
      if (bytes > atMost) this.error(`The first load has ${bytes} bytes of JavaScript as gzip, more than ${atMost}.`);
    },
  };
}

function holderOf(chunks: readonly Rollup.OutputChunk[], module: string): Rollup.OutputChunk {
  const found = chunks.find((chunk) => chunk.moduleIds.some((id) => id.endsWith(module)));
  if (!found) throw new Error(`No chunk holds ${module}`);
  return found;
}

function reached(chunks: readonly Rollup.OutputChunk[], starts: Rollup.OutputChunk[]): Set<Rollup.OutputChunk> {
  const found = new Set<Rollup.OutputChunk>();
  const left = [...starts];
  for (let chunk = left.pop(); chunk !== undefined; chunk = left.pop()) {
    if (found.has(chunk)) continue;
    found.add(chunk);
    left.push(...chunks.filter((each) => chunk?.imports.includes(each.fileName)));
  }
  return found;
}
