/** Connections that last as long as somebody likes: they end with the server. */
export class OpenStreams {
  readonly #ends = new Set<() => void>();

  /** @param shutdown - Ends all that are open then. */
  constructor(shutdown: AbortSignal) {
    shutdown.addEventListener('abort', () => {
      for (const end of this.#ends) end();
    });
  }

  /** @returns What forgets the stream, once it is over. */
  add(end: () => void): () => void {
    this.#ends.add(end);
    return () => this.#ends.delete(end);
  }
}
