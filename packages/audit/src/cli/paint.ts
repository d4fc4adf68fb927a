const TONES = { bold: 1, red: 31, green: 32, yellow: 33, cyan: 36 } as const;

/** Colours a text for a terminal. */
export type Paint = (text: string, tone: keyof typeof TONES) => string;

/** @param isWanted - False gives texts back as they are. */
export function painter(isWanted: boolean): Paint {
  return (text, tone) => (isWanted ? `\u001b[${TONES[tone]}m${text}\u001b[0m` : text);
}
