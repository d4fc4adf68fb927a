// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what has to be shown
const HIDDEN = /[\\\u0000-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/g;

/**
 * A text that clients chose, so that it cannot steer the terminal or look like another one: control characters, and those
 * that turn the direction of writing, come as `\u001b`.
 */
export function visible(text: string): string {
  return text.replace(HIDDEN, (char) => (char === '\\' ? '\\\\' : `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`));
}
