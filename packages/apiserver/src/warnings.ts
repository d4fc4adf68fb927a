/** Characters of warning text that one answer may carry in full. */
const TEXT_CHARACTERS_MAX = 4096;
/** Characters of each warning once the texts together are too long. */
const TRUNCATED_CHARACTERS = 256;

/** Collects the `Warning: 299` headers of one answer: no text twice, and bounded in size as kube-apiserver bounds it. */
export class WarningRecorder {
  #texts: string[] = [];

  add(text: string): void {
    if (text !== '' && !this.#texts.includes(text)) this.#texts.push(text);
  }

  get texts(): readonly string[] {
    return this.#texts;
  }

  /** The header values; empty when nothing was recorded. */
  headers(): string[] {
    if (this.#texts.length === 0) return [];
    const total = this.#texts.reduce((sum, text) => sum + [...text].length, 0);
    if (total <= TEXT_CHARACTERS_MAX) return this.#texts.map(formatWarning);
    const out: string[] = [];
    let left = TEXT_CHARACTERS_MAX;
    for (const text of this.#texts) {
      const cut = [...text].slice(0, TRUNCATED_CHARACTERS);
      if (cut.length > left) break;
      left -= cut.length;
      out.push(formatWarning(cut.join('')));
    }
    return out;
  }
}

/** `299 - "text"` with quotes and backslashes escaped and control characters removed (RFC 7234 §5.5). */
function formatWarning(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what has to go
  const clean = text.replace(/[\u0000-\u001f\u007f]/g, ' ').replace(/[\\"]/g, '\\$&');
  // Header bytes are UTF-8 on the wire; Node writes header strings as Latin-1.
  return Buffer.from(`299 - "${clean}"`, 'utf8').toString('latin1');
}
