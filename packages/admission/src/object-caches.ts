import type { AdmissionRequest, ObjectSource } from './interface.js';
import { forbiddenFor } from './response.js';

/** Milliseconds that a request waits for caches to be filled. */
const READY_MS_MAX = 10_000;

/** Holds requests back until the caches that a controller reads are filled; afterwards it costs nothing. */
export class ObjectCaches {
  readonly #objects: ObjectSource;
  readonly #resources: readonly (readonly [group: string, resource: string])[];
  #filling: Promise<void> | null = null;
  #filled = false;

  constructor(objects: ObjectSource, ...resources: (readonly [group: string, resource: string])[]) {
    this.#objects = objects;
    this.#resources = resources;
  }

  /**
   * Runs `action` as soon as the caches are filled: at once, except at the start of a server.
   *
   * @throws StatusError 403 when they are not after 10 s.
   */
  whenFilled<T>(request: AdmissionRequest, action: () => T | Promise<T>): T | Promise<T> {
    return this.#filled ? action() : this.#wait(request).then(action);
  }

  async #fill(): Promise<void> {
    try {
      await Promise.all(this.#resources.map(([group, resource]) => this.#objects.ready(group, resource)));
      this.#filled = true;
    } finally {
      // After a failure the next request tries again.
      this.#filling = null;
    }
  }

  async #wait(request: AdmissionRequest): Promise<void> {
    this.#filling ??= this.#fill();
    let timer: NodeJS.Timeout | undefined;
    try {
      await Promise.race([
        this.#filling,
        new Promise((_resolve, reject) => {
          timer = setTimeout(() => reject(forbiddenFor(request, 'not yet ready to handle request')), READY_MS_MAX);
        }),
      ]);
    } finally {
      clearTimeout(timer);
    }
  }
}
