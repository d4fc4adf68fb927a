import type { TestProject } from 'vitest/node';
import { buildAside } from '../build-aside.js';

declare module 'vitest' {
  interface ProvidedContext {
    /** The server's command line as users run it. */
    main: string;
  }
}

/** Builds the server once for all tests, as it is published: what works from the sources alone would be no use. */
export default function setup(project: TestProject): () => void {
  const { main, remove } = buildAside();
  project.provide('main', main);
  return remove;
}
