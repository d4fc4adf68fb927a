/** What goes wrong in this package and the data that comes with it. */

/** The data of each code. */
export interface PodSecurityErrorData {
  /** A field of a pod has a type that the API does not know there. */
  POD_SECURITY_MALFORMED_POD: { field: string; expected: string; got: string };
}

/** A stable code of this package. */
export type PodSecurityErrorCode = keyof PodSecurityErrorData;

/** An error of this package: test it with {@link PodSecurityError.is}. */
export class PodSecurityError<Code extends PodSecurityErrorCode = PodSecurityErrorCode> extends Error {
  override readonly name = 'PodSecurityError';
  readonly code: Code;
  readonly data: PodSecurityErrorData[Code];

  constructor(code: Code, message: string, data: PodSecurityErrorData[Code]) {
    super(message);
    this.code = code;
    this.data = data;
  }

  /** Compares names and codes, so that it holds between two installed copies too. */
  static is<Code extends PodSecurityErrorCode>(error: unknown, code: Code): error is PodSecurityError<Code> {
    return error instanceof Error && error.name === 'PodSecurityError' && (error as Partial<PodSecurityError>).code === code;
  }
}

function typeOf(value: unknown): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'object') return 'an object';
  return typeof value === 'number' || typeof value === 'boolean' ? `the ${typeof value} ${value}` : `a ${typeof value}`;
}

/** The error for a value of the wrong type; strings are not shown, they may be long or private. */
export function malformedPod(field: string, expected: string, value: unknown): PodSecurityError<'POD_SECURITY_MALFORMED_POD'> {
  const got = typeOf(value);
  return new PodSecurityError('POD_SECURITY_MALFORMED_POD', `${field === '' ? 'pod' : field}: expected ${expected}, got ${got}`, {
    field,
    expected,
    got,
  });
}
