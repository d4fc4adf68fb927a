/**
 * Stands in for AWS KMS: checks the signature of every request (AWS Signature Version 4) and really encrypts, with
 * AES-256-GCM under material that it can rotate, the encryption context authenticated.
 */
import { createCipheriv, createDecipheriv, createHash, createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import { createServer, type IncomingMessage, type Server } from 'node:http';

export const ACCESS_KEY_ID = 'AKIDSTANDIN';
export const SECRET_ACCESS_KEY = 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY';
export const REGION = 'eu-central-1';
const ACCOUNT = '111122223333';

interface Key {
  arn: string;
  state: string;
  material: Buffer[];
  rotations: Date[];
}

interface Body {
  KeyId?: string;
  Plaintext?: string;
  CiphertextBlob?: string;
  EncryptionContext?: Record<string, string>;
}

class AwsError extends Error {
  readonly type: string;
  constructor(type: string, message = type) {
    super(message);
    this.type = type;
  }
}

const sha256 = (data: string | Buffer): string => createHash('sha256').update(data).digest('hex');
const hmac = (key: string | Buffer, data: string): Buffer => createHmac('sha256', key).update(data).digest();
const contextBytes = (context: Record<string, string> = {}): Buffer => Buffer.from(JSON.stringify(Object.entries(context).sort()));

/** A running stand-in. */
export class AwsKmsStandIn {
  readonly keys: Map<string, Key> = new Map();
  readonly aliases: Map<string, string> = new Map();
  /** Names of the actions that were called. */
  readonly calls: string[] = [];
  /** Actions that the caller has no permission for. */
  readonly denied: Set<string> = new Set();
  readonly #server: Server;

  constructor() {
    this.#server = createServer((request, response) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () => {
        let status = 200;
        let answer: object;
        try {
          answer = this.#answer(request, Buffer.concat(chunks));
        } catch (error) {
          status = 400;
          answer = { __type: error instanceof AwsError ? error.type : 'InternalFailure', message: (error as Error).message };
        }
        response.writeHead(status, { 'content-type': 'application/x-amz-json-1.1' });
        response.end(JSON.stringify(answer));
      });
    });
  }

  async start(): Promise<string> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
    return `http://127.0.0.1:${(this.#server.address() as { port: number }).port}`;
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  createKey(id: string): string {
    const arn = `arn:aws:kms:${REGION}:${ACCOUNT}:key/${id}`;
    this.keys.set(id, { arn, state: 'Enabled', material: [randomBytes(32)], rotations: [] });
    return arn;
  }

  rotate(id: string, at: Date): void {
    const key = this.keys.get(id) as Key;
    key.material.push(randomBytes(32));
    key.rotations.push(at);
  }

  #answer(request: IncomingMessage, body: Buffer): object {
    checkSignature(request, body);
    const action = String(request.headers['x-amz-target']).replace('TrentService.', '');
    this.calls.push(action);
    if (this.denied.has(action)) throw new AwsError('AccessDeniedException', `not authorized to perform kms:${action}`);
    const input = JSON.parse(body.toString('utf8')) as Body;
    switch (action) {
      case 'DescribeKey': {
        const key = this.#find(input.KeyId);
        return { KeyMetadata: { KeyId: key.arn.split('/')[1], Arn: key.arn, KeyState: key.state, KeyUsage: 'ENCRYPT_DECRYPT' } };
      }
      case 'ListKeyRotations': {
        const { rotations } = this.#find(input.KeyId);
        return {
          Rotations: rotations.map((date) => ({ RotationDate: date.getTime() / 1000, RotationType: 'ON_DEMAND' })),
          Truncated: false,
        };
      }
      case 'Encrypt':
        return this.#encrypt(input);
      case 'Decrypt':
        return this.#decrypt(input);
      default:
        throw new AwsError('UnknownOperationException');
    }
  }

  #find(id = ''): Key {
    const bare = this.aliases.get(id) ?? id.replace(/^arn:.*:key\//, '');
    const key = this.keys.get(bare);
    if (key === undefined) throw new AwsError('NotFoundException', `Key '${id}' does not exist`);
    return key;
  }

  #encrypt({ KeyId, Plaintext = '', EncryptionContext }: Body): object {
    const key = this.#find(KeyId);
    if (key.state !== 'Enabled') throw new AwsError('DisabledException', `${key.arn} is disabled.`);
    const generation = key.material.length - 1;
    const nonce = randomBytes(12);
    const cipher = createCipheriv('aes-256-gcm', key.material[generation] as Buffer, nonce);
    cipher.setAAD(contextBytes(EncryptionContext));
    const sealed = Buffer.concat([cipher.update(Buffer.from(Plaintext, 'base64')), cipher.final(), cipher.getAuthTag()]);
    const blob = Buffer.concat([Buffer.from([generation]), nonce, sealed]);
    return { CiphertextBlob: blob.toString('base64'), KeyId: key.arn, EncryptionAlgorithm: 'SYMMETRIC_DEFAULT' };
  }

  #decrypt({ KeyId, CiphertextBlob = '', EncryptionContext }: Body): object {
    const key = this.#find(KeyId);
    const blob = Buffer.from(CiphertextBlob, 'base64');
    try {
      const decipher = createDecipheriv('aes-256-gcm', key.material[blob[0] as number] as Buffer, blob.subarray(1, 13));
      decipher.setAAD(contextBytes(EncryptionContext));
      decipher.setAuthTag(blob.subarray(-16));
      const plain = Buffer.concat([decipher.update(blob.subarray(13, -16)), decipher.final()]);
      return { Plaintext: plain.toString('base64'), KeyId: key.arn, EncryptionAlgorithm: 'SYMMETRIC_DEFAULT' };
    } catch {
      throw new AwsError('InvalidCiphertextException');
    }
  }
}

/** AWS Signature Version 4, from the documentation of the algorithm. */
function checkSignature(request: IncomingMessage, body: Buffer): void {
  const match =
    /^AWS4-HMAC-SHA256 Credential=([^/]+)\/(\d{8})\/([^/]+)\/kms\/aws4_request, SignedHeaders=([^,]+), Signature=([0-9a-f]{64})$/.exec(
      request.headers.authorization ?? '',
    );
  if (match === null) throw new AwsError('MissingAuthenticationTokenException');
  const [, accessKey, day = '', region = '', signedHeaders = '', signature = ''] = match;
  if (accessKey !== ACCESS_KEY_ID || region !== REGION) throw new AwsError('UnrecognizedClientException');
  const time = String(request.headers['x-amz-date']);
  const names = signedHeaders.split(';');
  if (!names.includes('host') || !names.includes('x-amz-date') || !names.includes('x-amz-target') || !time.startsWith(day)) {
    throw new AwsError('IncompleteSignatureException');
  }
  const canonical = [
    request.method,
    request.url,
    '',
    ...names.map((name) => `${name}:${String(request.headers[name]).trim().replace(/ +/g, ' ')}`),
    '',
    signedHeaders,
    sha256(body),
  ].join('\n');
  const scope = `${day}/${region}/kms/aws4_request`;
  const key = ['kms', 'aws4_request'].reduce((last, part) => hmac(last, part), hmac(hmac(`AWS4${SECRET_ACCESS_KEY}`, day), region));
  const expected = hmac(key, ['AWS4-HMAC-SHA256', time, scope, sha256(canonical)].join('\n'));
  if (!timingSafeEqual(expected, Buffer.from(signature, 'hex'))) throw new AwsError('InvalidSignatureException');
}
