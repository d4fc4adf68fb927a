/** A key service whose key lies in AWS KMS and never leaves it. */
import { createHash } from 'node:crypto';
import {
  DecryptCommand,
  DescribeKeyCommand,
  EncryptCommand,
  KMSClient,
  type KMSClientConfig,
  ListKeyRotationsCommand,
} from '@aws-sdk/client-kms';
import type { KeyService } from '../kms/key-service.js';

const STATUS_CACHE_MS = 30_000;
/** Annotation that keeps which key encrypted, for the day on which an alias points elsewhere. */
const KEY_ANNOTATION = 'key-arn.kms-plugin.local';

/** How {@link awsKeyService} works. */
export interface AwsKeyServiceOptions {
  /** Id, ARN or alias (`alias/cluster`) of a symmetric key. An alias that is pointed elsewhere is a rotation. */
  keyId: string;
  /** Region, endpoint and so on; credentials come from where the SDK finds them. Ignored with `client`. */
  config?: KMSClientConfig;
  /** A client to use; not closed by the service. */
  client?: KMSClient;
  /** Bound to every data key and shown in CloudTrail. Default none. */
  encryptionContext?: Readonly<Record<string, string>>;
  /** Milliseconds since the epoch. Default `Date.now`. */
  now?: () => number;
}

/** The key as it is now. */
interface CurrentKey {
  arn: string;
  keyId: string;
  healthz: string;
}

/**
 * A key in AWS KMS. Its rotations, by KMS itself or by an alias that is pointed elsewhere, change the key id, upon which
 * API servers encrypt anew; AWS keeps the older material for reading.
 *
 * Needs the permissions kms:DescribeKey, kms:Encrypt and kms:Decrypt, and kms:ListKeyRotations to notice rotations.
 */
export function awsKeyService(options: AwsKeyServiceOptions): KeyService {
  const { now = Date.now, encryptionContext } = options;
  const client = options.client ?? new KMSClient(options.config ?? {});
  const context = encryptionContext === undefined ? {} : { EncryptionContext: { ...encryptionContext } };
  let cached: { key: CurrentKey; atMs: number } | null = null;

  const lastRotation = async (arn: string): Promise<string> => {
    let latestMs = 0;
    let marker: string | undefined;
    try {
      do {
        const answer = await client.send(new ListKeyRotationsCommand({ KeyId: arn, ...(marker === undefined ? {} : { Marker: marker }) }));
        for (const { RotationDate } of answer.Rotations ?? []) latestMs = Math.max(latestMs, RotationDate?.getTime() ?? 0);
        marker = answer.Truncated === true ? answer.NextMarker : undefined;
      } while (marker !== undefined);
    } catch (error) {
      // Without this permission rotations go unnoticed, which harms nothing that is stored.
      if ((error as Error).name === 'AccessDeniedException' || (error as Error).name === 'UnsupportedOperationException') return '';
      throw error;
    }
    return latestMs === 0 ? '' : new Date(latestMs).toISOString();
  };

  const current = async (): Promise<CurrentKey> => {
    if (cached !== null && now() - cached.atMs < STATUS_CACHE_MS) return cached.key;
    const { KeyMetadata } = await client.send(new DescribeKeyCommand({ KeyId: options.keyId }));
    const arn = KeyMetadata?.Arn ?? '';
    if (KeyMetadata === undefined || arn === '') throw new Error('AWS KMS described a key without an ARN');
    const isUsable = KeyMetadata.KeyState === 'Enabled';
    const rotation = await lastRotation(arn);
    // The id is stored beside every value in clear: a hash keeps account and key out of it.
    const keyId = createHash('sha256').update(`${arn} ${rotation}`).digest('hex');
    const key = { arn, keyId, healthz: isUsable ? 'ok' : `the key's state is ${KeyMetadata.KeyState ?? 'unknown'}` };
    // A key that cannot be used is asked for again at once: it may have been enabled.
    cached = isUsable ? { key, atMs: now() } : null;
    return key;
  };

  return {
    async status() {
      const { keyId, healthz } = await current();
      return { version: 'v2', healthz, keyId };
    },
    async encrypt(plaintext) {
      const { arn, keyId } = await current();
      const { CiphertextBlob } = await client.send(new EncryptCommand({ KeyId: arn, Plaintext: plaintext, ...context }));
      if (CiphertextBlob === undefined) throw new Error('AWS KMS answered no ciphertext');
      return { ciphertext: CiphertextBlob, keyId, annotations: { [KEY_ANNOTATION]: Buffer.from(arn) } };
    },
    async decrypt({ ciphertext, annotations }) {
      const stored = annotations[KEY_ANNOTATION];
      const arn = stored === undefined ? (await current()).arn : Buffer.from(stored).toString('utf8');
      const { Plaintext } = await client.send(new DecryptCommand({ CiphertextBlob: ciphertext, KeyId: arn, ...context }));
      if (Plaintext === undefined) throw new Error('AWS KMS answered no plaintext');
      return Plaintext;
    },
    close() {
      if (options.client === undefined) client.destroy();
    },
  };
}
