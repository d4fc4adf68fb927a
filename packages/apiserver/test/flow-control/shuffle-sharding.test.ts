import { describe, expect, it } from 'vitest';
import { Dealer, flowHash } from '../../src/flow-control/shuffle-sharding.js';

describe('the hash of a flow', () => {
  it('is the start of a SHA-256 of both names, so that all servers agree', () => {
    expect(flowHash('service-accounts', 'system:serviceaccount:default:a')).toBe(2014990045381161825n);
    expect(flowHash('global-default', 'alice')).toBe(17644606172554983095n);
    expect(flowHash('x', '')).toBe(15577321897059547156n);
  });
});

describe('a dealer', () => {
  it('deals the hand that a hash stands for', () => {
    const dealer = new Dealer(128, 6);
    expect(dealer.deal(0n)).toEqual([0, 1, 2, 3, 4, 5]);
    expect(dealer.deal(1n)).toEqual([1, 0, 2, 3, 4, 5]);
    expect(dealer.deal(128n * 127n - 1n)).toEqual([127, 126, 0, 1, 2, 3]);
    expect(dealer.deal(2014990045381161825n)).toEqual([97, 46, 30, 113, 47, 72]);
    expect(dealer.deal(17644606172554983095n)).toEqual([55, 62, 126, 125, 105, 1]);
    expect(new Dealer(16, 4).deal(2014990045381161825n)).toEqual([1, 15, 13, 6]);
    expect(new Dealer(1, 1).deal(2014990045381161825n)).toEqual([0]);
  });

  it('deals no hand more often than another', () => {
    const dealer = new Dealer(10, 3);
    const hands = new Set<string>();
    for (let hash = 0n; hash < 720n; hash++) {
      const hand = dealer.deal(hash);
      expect(new Set(hand).size).toBe(3);
      expect(hand.every((card) => card >= 0 && card < 10)).toBe(true);
      hands.add(hand.join());
    }
    expect(hands.size).toBe(720);
  });

  it('refuses sizes that no hand can be dealt with', () => {
    expect(() => new Dealer(4, 5)).toThrow(new RangeError(`"handSize" expected from 1 to the deck's 4 cards, got 5`));
    expect(() => new Dealer(4, 0)).toThrow(new RangeError(`"handSize" expected from 1 to the deck's 4 cards, got 0`));
    expect(() => new Dealer(512, 8)).toThrow(new RangeError('"handSize" 8 of 512 cards takes 72 bits of a hash, 60 at most'));
    expect(new Dealer(1024, 6).handSize).toBe(6);
  });
});
