/** Tables of objects and the faults that validation finds in them. */
import { describe, expect, it } from 'vitest';
import { changed, created } from './kinds.js';

/** What is created, and its causes as `field Reason: message`. */
export type Creation = [name: string, object: object, causes: string[]];

/** A change through an endpoint ('' for the object's own), and its causes. */
export type Change = [name: string, before: object, after: object, subresource: string, causes: string[]];

/** One test per creation. */
export function testCreations(title: string, creations: readonly Creation[]): void {
  describe(title, () => {
    it.each(creations)('%s', (_name, object, causes) => {
      expect(created(object)).toEqual(causes);
    });
  });
}

/** One test per change. */
export function testChanges(title: string, changes: readonly Change[]): void {
  describe(title, () => {
    it.each(changes)('%s', (_name, before, after, subresource, causes) => {
      expect(changed(before, after, subresource)).toEqual(causes);
    });
  });
}
