import { Writable } from 'node:stream';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CHUNK_BYTES, ChunkPool, JoinedBody, type PartedBody, sendParts } from '../../src/http/parted-body.js';
import { ListBody } from '../../src/rest/list-body.js';
import type { ResourceScope } from '../../src/server-context.js';

/** Of one to four bytes, and what JSON escapes. */
const LETTERS = fc.constantFrom('a', 'é', '€', '😀', '"', '\n');

/** What comes out of a body when it is asked for so many bytes at a time. */
function filled(body: PartedBody, pieceBytes: number): Buffer {
  const pieces: Buffer[] = [];
  for (;;) {
    const piece = Buffer.alloc(pieceBytes, '?');
    const size = body.fill(piece);
    pieces.push(piece.subarray(0, size));
    if (size < pieceBytes) return Buffer.concat(pieces);
  }
}

const scopeOf = (custom: boolean): ResourceScope =>
  ({ served: { definition: { kind: 'Thing', group: 'example.com', storageVersion: 'v1', custom } } }) as unknown as ResourceScope;

describe('bodies in parts', () => {
  it('joined buffers come out whole, whatever the pieces', () => {
    fc.assert(
      fc.property(
        fc.array(fc.string({ unit: LETTERS, maxLength: 20 }), { maxLength: 8 }),
        fc.integer({ min: 1, max: 50 }),
        (texts, pieceBytes) => {
          const body = new JoinedBody(texts.map((text) => Buffer.from(text)));
          expect(body.sizeBytes).toBe(Buffer.byteLength(texts.join('')));
          expect(filled(body, pieceBytes).toString()).toBe(texts.join(''));
        },
      ),
      { numRuns: 50 },
    );
  });

  it('a list is the text of its items behind one kind and version, whatever the pieces', () => {
    const item = fc.record({
      text: fc.string({ unit: LETTERS, maxLength: 60 }),
      // What this server stores, what another one may have stored.
      order: fc.constantFrom('ours', 'theirs', 'short'),
    });
    fc.assert(
      fc.property(fc.array(item, { maxLength: 8 }), fc.integer({ min: 1, max: 200 }), fc.boolean(), (items, pieceBytes, custom) => {
        const typeMeta = { kind: 'Thing', apiVersion: 'example.com/v1' };
        const stored = items.map(({ text, order }) =>
          JSON.stringify(order === 'ours' ? { ...typeMeta, data: text } : order === 'theirs' ? { data: text, ...typeMeta } : { a: 1 }),
        );
        const shown = items.map(({ text, order }, place) =>
          custom ? stored[place] : order === 'short' ? '{"a":1}' : JSON.stringify({ data: text }),
        );
        const objects = stored.map((json) => ({ json: Buffer.from(json) })) as unknown as ConstructorParameters<typeof ListBody>[1];
        const make = (): ListBody => new ListBody('{"items":[', objects, scopeOf(custom));
        const expected = `{"items":[${shown.join(',')}]}\n`;
        expect(make().sizeBytes).toBe(Buffer.byteLength(expected));
        expect(filled(make(), pieceBytes).toString()).toBe(expected);
        expect(filled(make(), 1 << 16).toString()).toBe(expected);
      }),
      { numRuns: 50 },
    );
  });

  it('waits for the client and uses its chunks again', async () => {
    const pool = new ChunkPool();
    const bytes = Buffer.from(Array.from({ length: 10 * CHUNK_BYTES + 17 }, (_, i) => i % 251));
    const received: Buffer[] = [];
    const memory = new Set<ArrayBufferLike>();
    let held = 0;
    let heldMax = 0;
    const out = new Writable({
      highWaterMark: 1,
      write(chunk: Buffer, _encoding, done) {
        memory.add(chunk.buffer);
        setImmediate(() => {
          // Read late: a chunk that is filled again too early would show here.
          received.push(Buffer.from(chunk));
          held--;
          done();
        });
      },
    });
    const body: PartedBody = new JoinedBody([bytes.subarray(0, 1000), bytes.subarray(1000)]);
    const counting: PartedBody = {
      sizeBytes: body.sizeBytes,
      fill(target) {
        heldMax = Math.max(heldMax, ++held);
        return body.fill(target);
      },
    };
    const finished = new Promise((resolve) => out.on('finish', resolve));
    sendParts(out, counting, pool);
    await finished;
    expect(Buffer.concat(received).equals(bytes)).toBe(true);
    expect(heldMax).toBe(2);
    expect(memory.size).toBe(2);
  });

  it('an empty body ends the stream', async () => {
    const out = new Writable({ write: (_chunk, _encoding, done) => done() });
    const finished = new Promise((resolve) => out.on('finish', resolve));
    sendParts(out, new JoinedBody([]), new ChunkPool());
    await finished;
  });
});
