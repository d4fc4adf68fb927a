import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { parseEncryptionConfiguration } from '../config/parse.js';
import type { EncryptionConfiguration } from '../config/types.js';
import { EncryptionTransformer, type EncryptionTransformerOptions } from '../encryption-transformer.js';
import { EncryptionConfigError } from '../errors.js';

/** A configuration file, read and built. */
export interface LoadedEncryption {
  transformer: EncryptionTransformer;
  configuration: EncryptionConfiguration;
  /** `sha256:<hex>` of the file's bytes. */
  hash: string;
}

/** The bytes of a configuration file and their hash. */
export interface ConfigurationFile {
  text: string;
  hash: string;
}

/** What Go says of the errors that a file can give. */
const GO_ERRORS: Readonly<Record<string, string>> = {
  ENOENT: 'no such file or directory',
  EACCES: 'permission denied',
  EISDIR: 'is a directory',
  ENOTDIR: 'not a directory',
};

/**
 * Reads a configuration file.
 *
 * @throws {EncryptionConfigError} in kube-apiserver's words when it cannot be read or is empty.
 */
export function readConfigurationFile(file: string): ConfigurationFile {
  const wrap = (text: string): string => `error while parsing file: error while loading file: ${text}`;
  let bytes: Buffer;
  try {
    bytes = readFileSync(file);
  } catch (error) {
    const { code = '', message } = error as NodeJS.ErrnoException;
    const reason = GO_ERRORS[code] === undefined ? message : `${code === 'EISDIR' ? 'read' : 'open'} ${file}: ${GO_ERRORS[code]}`;
    throw new EncryptionConfigError(wrap(`error reading encryption provider configuration file ${JSON.stringify(file)}: ${reason}`));
  }
  if (bytes.length === 0) throw new EncryptionConfigError(wrap(`encryption provider configuration file ${JSON.stringify(file)} is empty`));
  return { text: bytes.toString('utf8'), hash: `sha256:${createHash('sha256').update(bytes).digest('hex')}` };
}

/**
 * Parses, checks and builds what was read.
 *
 * @throws {EncryptionConfigError} in kube-apiserver's words.
 */
export async function buildEncryption(
  file: string,
  { text, hash }: ConfigurationFile,
  options: EncryptionTransformerOptions & { reload: boolean },
): Promise<LoadedEncryption> {
  let configuration: EncryptionConfiguration;
  try {
    configuration = parseEncryptionConfiguration(text, { file, reload: options.reload });
  } catch (error) {
    if (!(error instanceof EncryptionConfigError)) throw error;
    throw new EncryptionConfigError(`error while parsing file: ${error.message}`, error.problems);
  }
  return { transformer: await EncryptionTransformer.fromConfig(configuration, options), configuration, hash };
}

/** Reads, checks and builds a configuration file: what `--encryption-provider-config` does at the start. */
export function loadEncryptionConfiguration(
  file: string,
  options: EncryptionTransformerOptions & { reload?: boolean } = {},
): Promise<LoadedEncryption> {
  return buildEncryption(file, readConfigurationFile(file), { ...options, reload: options.reload ?? false });
}
