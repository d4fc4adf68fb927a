import type { AdmissionRequest } from '@k/admission';

/** What the handlers need of an admission chain. Both throw a StatusError to refuse. */
export interface AdmissionRunner {
  /** May change `request.object`. */
  runMutating(request: AdmissionRequest): Promise<void>;
  runValidating(request: AdmissionRequest): Promise<void>;
  /** Called when the server has stopped. */
  close?(): Promise<void>;
}
