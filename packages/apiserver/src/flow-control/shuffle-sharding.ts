/**
 * Shuffle sharding: every flow is dealt a hand of queues by its hash, so that a flow that floods its queues meets few others.
 */
import { createHash } from 'node:crypto';

/** More bits than this a deal must not use up: hands would come up unevenly. */
const HASH_BITS_MAX = 60;

/** The hash of a flow, 64 bits; the same on every server. */
export function flowHash(flowSchema: string, distinguisher: string): bigint {
  return createHash('sha256').update(`${flowSchema}\0${distinguisher}`).digest().readBigUInt64LE(0);
}

/** Deals hands of `handSize` from a deck of `deckSize` cards, numbered from 0. */
export class Dealer {
  readonly deckSize: number;
  readonly handSize: number;

  /** @throws {RangeError} for sizes that no hand can be dealt with. */
  constructor(deckSize: number, handSize: number) {
    if (deckSize < 1 || handSize < 1 || handSize > deckSize) {
      throw new RangeError(`"handSize" expected from 1 to the deck's ${deckSize} cards, got ${handSize}`);
    }
    const bits = Math.ceil(Math.log2(deckSize) * handSize);
    if (bits > HASH_BITS_MAX) {
      throw new RangeError(`"handSize" ${handSize} of ${deckSize} cards takes ${bits} bits of a hash, ${HASH_BITS_MAX} at most`);
    }
    this.deckSize = deckSize;
    this.handSize = handSize;
  }

  /** The hand of a hash: different cards, in the order they are dealt. */
  deal(hash: bigint): number[] {
    const hand: number[] = [];
    let rest = hash;
    for (let dealt = 0; dealt < this.handSize; dealt++) {
      const left = BigInt(this.deckSize - dealt);
      // The position among the cards that are left; those dealt before make it a card.
      let card = Number(rest % left);
      rest /= left;
      for (const taken of [...hand].sort((a, b) => a - b)) if (card >= taken) card++;
      hand.push(card);
    }
    return hand;
  }
}
