import type { KubeObject, Status } from '@k/apimachinery';

/**
 * What the handlers tell the audit log about one request. Each call is cheap when the level does not want the part;
 * a request at level None has no such object at all.
 */
export interface RequestAudit {
  /** The user that the caller acts as. */
  setImpersonatedUser?(
    user: { username: string; uid?: string; groups: string[]; extra?: Record<string, string[]> },
    /** The verb of a constrained mode that allowed it, `impersonate:user-info`; '' otherwise. */
    constraint: string,
  ): void;
  /** False when the level leaves out request bodies. */
  readonly wantsRequestObject?: boolean;
  /** The level is RequestResponse: answers have to be parsed for the log. */
  readonly wantsResponseObject: boolean;
  /** A patch as received, or what it says; logged as it is. */
  setRequestPatch(patch: Uint8Array | object): void;
  setRequestObject(object: KubeObject): void;
  setResponseObject(object: KubeObject): void;
  setResponseStatus(code: number): void;
  setResponseStatusObject(status: Status): void;
  addAnnotation(key: string, value: string): void;
}
