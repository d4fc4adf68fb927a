import { randomInt } from 'node:crypto';

/** Characters of generated suffixes: no vowels and no look-alikes, as upstream. */
const ALPHABET = 'bcdfghjklmnpqrstvwxz2456789';
const SUFFIX_LENGTH = 5;
/** A base is cut so that the name fits a DNS label. */
const BASE_LENGTH_MAX = 63 - SUFFIX_LENGTH;

/** `base` and five random characters. */
export function generateName(base: string): string {
  let name = base.length > BASE_LENGTH_MAX ? base.slice(0, BASE_LENGTH_MAX) : base;
  for (let i = 0; i < SUFFIX_LENGTH; i++) name += ALPHABET[randomInt(ALPHABET.length)];
  return name;
}
