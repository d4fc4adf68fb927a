import { renameSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { build } from 'esbuild';

/** Bundles a source file into one that plain Node starts at once. */
export async function bundle(source: string, outfile: string): Promise<void> {
  await build({
    stdin: { contents: source, resolveDir: join(import.meta.dirname, '..'), loader: 'ts' },
    outdir: dirname(outfile),
    // What is imported only when it is needed stays apart: the AWS SDK is not there.
    splitting: true,
    outExtension: { '.js': '.mjs' },
    bundle: true,
    platform: 'node',
    format: 'esm',
    conditions: ['@k/source'],
    external: ['@aws-sdk/client-kms'],
    logLevel: 'error',
    // The package says that its files have no side effects; its command line is nothing else.
    ignoreAnnotations: true,
    banner: { js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);" },
  });
  renameSync(join(dirname(outfile), 'stdin.mjs'), outfile);
}
