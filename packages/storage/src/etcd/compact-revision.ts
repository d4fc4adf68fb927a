import { create } from '@bufbuild/protobuf';
import type { EtcdConnection } from './connection.js';
import { WatchRequestSchema } from './gen/etcd_pb.js';
import { encodeMessage } from './methods.js';

const TIMEOUT_MS = 2_000;
const NO_KEY = Buffer.from([0]);
const FROM_THE_START = encodeMessage(
  WatchRequestSchema,
  create(WatchRequestSchema, { requestUnion: { case: 'createRequest', value: { key: NO_KEY, startRevision: 1n } } }),
);

/**
 * The revision of etcd's last compaction. etcd tells it only to a watch that starts below it, so one is started.
 *
 * @throws Error when nothing was compacted, or no answer came within 2 s.
 */
export async function readCompactRevision(connection: EtcdConnection): Promise<number> {
  const stream = await connection.openWatchStream();
  let timer: NodeJS.Timeout | undefined;
  return new Promise<number>((resolve, reject) => {
    timer = setTimeout(() => reject(new Error('etcd names no compaction')), TIMEOUT_MS);
    stream.on('error', reject);
    stream.on('data', (response) => {
      if (response.compactRevision > 0n) resolve(Number(response.compactRevision));
    });
    stream.write(FROM_THE_START);
  }).finally(() => {
    clearTimeout(timer);
    stream.on('error', () => {});
    stream.cancel();
  });
}
