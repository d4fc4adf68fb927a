import { TransformError } from '../../errors.js';
import { messageOf } from './context.js';

/** A value that cannot be read or written. */
export interface ValueFault {
  key: string;
  message: string;
  /** '' when no provider recognised the value. */
  provider: string;
  keyName: string;
}

/** Says which key of the store, which provider and which key failed. */
export function faultOf(key: string, error: unknown): ValueFault {
  const { provider, keyName } = error instanceof TransformError ? error : { provider: '', keyName: '' };
  return { key, message: messageOf(error), provider, keyName };
}

/** One line per fault. */
export function formatFaults(faults: readonly ValueFault[]): string {
  return faults
    .map(({ key, message, provider, keyName }) => {
      const where = provider === '' ? '' : ` (${provider}${keyName === '' ? '' : ` ${keyName}`})`;
      return `${key}${where}: ${message}\n`;
    })
    .join('');
}
